//! Which of two faults a card reports when both are in one command: `test-vectors/order.toml`, and the vectors made of it.
//!
//! That file was written by hand from published sources. Nothing here may learn an order anywhere else.

use std::collections::BTreeSet;

use serde::Deserialize;
use vmyna_test_vectors::ORDER;

use crate::vector::{Certainty, Effect, Property, Step, Vector};

/// An instruction, what can be wrong with it, and the order in which a card looks at that.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Instruction {
    /// A word for the names of its vectors.
    pub name: String,
    /// The instruction in words.
    pub title: String,
    before: Vec<String>,
    cla: String,
    ins: String,
    p1: String,
    p2: String,
    data: String,
    le: String,
    /// The status word of the command as it stands.
    pub answer: String,
    /// What is wrong with the command as it stands, if anything is.
    #[serde(default)]
    pub fault: Option<String>,
    #[serde(default)]
    applies: BTreeSet<Property>,
    #[serde(default)]
    unless: BTreeSet<Property>,
    certainty: Certainty,
    source: String,
    /// What can be wrong.
    pub faults: Vec<Fault>,
    /// Which of two is reported.
    pub rows: Vec<Row>,
}

/// Something wrong with a command: other values for some of its fields.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "RawFault")]
#[non_exhaustive]
pub struct Fault {
    /// Its name.
    pub name: String,
    /// The status word that it alone is answered with.
    pub answer: String,
    fields: Fields,
}

// The fields of `Fields` again: serde can't flatten where unknown fields are refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFault {
    name: String,
    answer: String,
    before: Option<Vec<String>>,
    cla: Option<String>,
    ins: Option<String>,
    p1: Option<String>,
    p2: Option<String>,
    data: Option<String>,
    le: Option<String>,
}

impl From<RawFault> for Fault {
    fn from(raw: RawFault) -> Self {
        Self {
            name: raw.name,
            answer: raw.answer,
            fields: Fields {
                before: raw.before,
                cla: raw.cla,
                ins: raw.ins,
                p1: raw.p1,
                p2: raw.p2,
                data: raw.data,
                le: raw.le,
            },
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    before: Option<Vec<String>>,
    cla: Option<String>,
    ins: Option<String>,
    p1: Option<String>,
    p2: Option<String>,
    data: Option<String>,
    le: Option<String>,
}

/// One fault that is reported rather than others.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Row {
    /// The fault that is reported.
    pub first: String,
    /// Those that are not, each in a command of its own.
    pub then: Vec<String>,
    #[serde(default)]
    with: Fields,
    /// How certain this is.
    pub certainty: Certainty,
    /// Where it is known from.
    pub source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    instruction: Vec<Instruction>,
}

/// All instructions of the table.
///
/// # Errors
/// A sentence: a fault of the build, which the tests would have found.
pub fn instructions() -> Result<Vec<Instruction>, String> {
    parse(ORDER)
}

fn parse(toml: &str) -> Result<Vec<Instruction>, String> {
    let order: Order = toml::from_str(toml).map_err(|error| format!("order.toml: {error}"))?;
    Ok(order.instruction)
}

/// The vectors of the table: for each instruction one of its faults alone, and one for each row.
///
/// # Errors
/// A sentence that describes what is wrong with the file.
pub(crate) fn vectors(toml: &str) -> Result<Vec<Vector>, String> {
    let mut vectors = Vec::new();
    for instruction in parse(toml)? {
        vectors.push(instruction.alone()?);
        for row in &instruction.rows {
            vectors.push(instruction.row(row)?);
        }
    }
    Ok(vectors)
}

impl Instruction {
    /// The pairs of faults that one command can have, and of which the answer tells which is reported.
    #[must_use]
    pub fn pairs(&self) -> Vec<[&str; 2]> {
        let mut pairs = Vec::new();
        for (at, one) in self.faults.iter().enumerate() {
            let others = self.faults[at + 1..].iter();
            let apart = others.filter(|other| other.answer != one.answer && !other.fields.meets(&one.fields));
            pairs.extend(apart.map(|other| [one.name.as_str(), other.name.as_str()]));
            if let Some(own) = &self.fault
                && one.answer != self.answer
            {
                pairs.push([one.name.as_str(), own.as_str()]);
            }
        }
        pairs
    }

    /// The status word of a fault.
    #[must_use]
    pub fn answer_to(&self, name: &str) -> Option<&str> {
        if self.fault.as_deref() == Some(name) {
            return Some(&self.answer);
        }
        self.fault(name).map(|fault| fault.answer.as_str())
    }

    fn fault(&self, name: &str) -> Option<&Fault> {
        self.faults.iter().find(|fault| fault.name == name)
    }

    /// The steps that send the command with these fields replaced, from a cold reset on.
    fn steps(&self, fields: &[&Fields], answer: &str) -> Vec<String> {
        let field = |of: fn(&Fields) -> Option<&String>, own: &str| {
            let replaced = fields.iter().rev().find_map(|fields| of(fields));
            replaced.map_or_else(|| own.to_owned(), Clone::clone)
        };
        let before = fields.iter().rev().find_map(|fields| fields.before.as_ref());
        let command = [
            field(|fields| fields.cla.as_ref(), &self.cla),
            field(|fields| fields.ins.as_ref(), &self.ins),
            field(|fields| fields.p1.as_ref(), &self.p1),
            field(|fields| fields.p2.as_ref(), &self.p2),
            field(|fields| fields.data.as_ref(), &self.data),
            field(|fields| fields.le.as_ref(), &self.le),
        ];
        let mut steps = vec!["cold reset".to_owned()];
        steps.extend(before.unwrap_or(&self.before).iter().cloned());
        steps.push(format!("{} => {answer}", command.join(" ")));
        steps
    }

    /// Each fault alone.
    fn alone(&self) -> Result<Vector, String> {
        let mut steps = self.steps(&[], &self.answer);
        for fault in &self.faults {
            steps.extend(self.steps(&[&fault.fields], &fault.answer));
        }
        let answers: Vec<String> = self
            .faults
            .iter()
            .map(|fault| format!("{} {}", fault.name, fault.answer))
            .collect();
        let requirement = format!("{}, with one thing wrong: {}.", self.title, answers.join(", "));
        self.vector("alone", requirement, (self.certainty, &self.source), &steps)
    }

    fn row(&self, row: &Row) -> Result<Vector, String> {
        let unknown = |name: &str| format!("order.toml: {} has no fault \"{name}\"", self.name);
        let first = self.fault(&row.first).ok_or_else(|| unknown(&row.first))?;
        let mut steps = Vec::new();
        for then in &row.then {
            let none = Fields::default();
            let second = match self.fault(then) {
                Some(second) => &second.fields,
                None if self.fault.as_ref() == Some(then) => &none,
                None => return Err(unknown(then)),
            };
            steps.extend(self.steps(&[second, &first.fields, &row.with], &first.answer));
        }
        let (id, rest) = match &row.then[..] {
            [] => return Err(format!("order.toml: a row of {} names one fault only", self.name)),
            [one] => (format!("{}-before-{}", word(&row.first), word(one)), one.clone()),
            several => (format!("{}-before-others", word(&row.first)), several.join(", ")),
        };
        let requirement = format!(
            "{}: {} is reported ({}), whatever else is wrong: {rest}.",
            self.title, first.name, first.answer
        );
        self.vector(&id, requirement, (row.certainty, &row.source), &steps)
    }

    fn vector(
        &self,
        id: &str,
        requirement: String,
        (certainty, source): (Certainty, &str),
        steps: &[String],
    ) -> Result<Vector, String> {
        let steps = steps
            .iter()
            .map(|step| Step::parse(step))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|fault| format!("order.toml: {} {id}: {fault}", self.name))?;
        let writes = |step: &Step| matches!(step, Step::Send(send) if send.command.writes());
        // What a card of another generation makes of an instruction that is unknown here is not known.
        let unknown = self.faults.iter().any(|fault| fault.fields.ins.is_some());
        Ok(Vector {
            id: format!("order.{}.{id}", self.name),
            requirement,
            source: source.to_owned(),
            certainty,
            proves: vec!["11-order".to_owned()],
            applies: self.applies.clone(),
            unless: self.unless.clone(),
            effect: if unknown || steps.iter().any(writes) {
                Effect::Writes
            } else {
                Effect::Reads
            },
            spends: Vec::new(),
            steps,
        })
    }
}

impl Fields {
    /// Whether both need the same field.
    fn meets(&self, other: &Self) -> bool {
        let set = |fields: &Self| {
            [
                fields.before.is_some(),
                fields.cla.is_some(),
                fields.ins.is_some(),
                fields.p1.is_some(),
                fields.p2.is_some(),
                fields.data.is_some(),
                fields.le.is_some(),
            ]
        };
        set(self).into_iter().zip(set(other)).any(|(one, two)| one && two)
    }
}

/// A name as a word of a vector's id.
fn word(name: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || c == ' ' || c == '-';
    let word: String = name.chars().filter(|c| kept(*c)).collect();
    word.to_lowercase().replace(' ', "-")
}
