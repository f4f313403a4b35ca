//! What the vectors of an application have in common: its selection, its PINs, and the commands that name a file.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::{Declared, File, Kind};
use crate::hosts::Host;
use crate::pattern::hex;
use crate::vector::{Certainty, Effect, Expected, Step, Vector};

/// The most PINs of which every set is tried; of more, none, each alone, and all.
const EVERY_SET: usize = 4;

/// The operations that are instructions only where an application declares them.
const DECLARED_ONLY: [&str; 4] = ["update binary", "update record", "append record", "generate key pair"];

pub(super) struct Maker<'a> {
    pub(super) application: &'a Declared,
    /// The applications to select, in order: those above it, and itself.
    way: Vec<&'a str>,
}

/// A set of PINs that are verified, and hosts that are authenticated.
pub(super) struct Set<'a> {
    pins: Vec<&'a File>,
    /// A word for names of vectors.
    pub(super) word: String,
    pub(super) verified: BTreeSet<u16>,
}

impl Set<'_> {
    /// What is verified, for a sentence.
    pub(super) fn text(&self) -> String {
        let names: Vec<_> = self.pins.iter().map(|pin| pin.name.as_str()).collect();
        match &names[..] {
            [] => "with no PIN verified".to_owned(),
            names => format!("with {} verified and nothing else", names.join(" and ")),
        }
    }
}

impl<'a> Maker<'a> {
    pub(super) fn new(application: &'a Declared, all: &'a [Declared]) -> Result<Self, String> {
        let mut way = vec![application.name.as_str()];
        let mut above = application.parent.as_deref();
        while let Some(name) = above {
            if way.contains(&name) {
                return Err(format!("{}: it is below itself", application.name));
            }
            way.insert(0, name);
            // One that is not declared is the card's own, or its name is found to be none.
            above = all
                .iter()
                .find(|one| one.name == name)
                .and_then(|parent| parent.parent.as_deref());
        }
        Ok(Self { application, way })
    }

    /// SELECT of the application, and of those above it before.
    pub(super) fn select(&self) -> Vec<String> {
        let (last, above) = self.way.split_last().unwrap_or((&"", &[]));
        let mut steps: Vec<_> = above.iter().map(|name| format!("{{select:{name}}}")).collect();
        let answer = if self.application.locked { " => 6283" } else { "" };
        steps.push(format!("{{select:{last}}}{answer}"));
        steps
    }

    /// What a rule of the card answers here.
    pub(super) fn answer(&self, rule: &str, of_card: &str) -> String {
        let own = self.application.answers.get(rule);
        own.map_or_else(|| of_card.to_owned(), |own| format!("{own:04X}"))
    }

    /// Every set of the PINs that can be verified, or none, each and all where there are many.
    pub(super) fn sets(&self) -> Vec<Set<'a>> {
        let nothing = BTreeSet::new();
        let free = |file: &File, operation: &str| {
            let declared = file.access.iter().find(|(declared, _)| declared == operation);
            declared.is_some_and(|(_, condition)| condition.holds(&nothing))
        };
        let can = |file: &&File| match &file.kind {
            Kind::Pin(pin) => pin.can_be_verified() && free(file, "verify"),
            Kind::HostKey(_, Some(_)) => free(file, "external authenticate"),
            _ => false,
        };
        let pins: Vec<&File> = self.application.files.iter().filter(can).collect();
        let all = (1usize << pins.len()) - 1;
        let each = (0..pins.len()).map(|at| 1 << at);
        let chosen: BTreeSet<usize> = match pins.len() {
            0..=EVERY_SET => (0..=all).collect(),
            _ => [0, all].into_iter().chain(each).collect(),
        };
        let set = |bits: usize| {
            let chosen = pins.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
            let pins: Vec<&File> = chosen.map(|(_, pin)| *pin).collect();
            let words: Vec<_> = pins.iter().map(|pin| word(&pin.name)).collect();
            Set {
                word: match bits {
                    0 => "none".to_owned(),
                    _ if bits == all && pins.len() > 1 => "all".to_owned(),
                    _ => words.join("-and-"),
                },
                verified: pins.iter().map(|pin| pin.id).collect(),
                pins,
            }
        };
        chosen.into_iter().map(set).collect()
    }

    /// The steps by which these PINs become verified and these hosts authenticated.
    pub(super) fn verify(&self, set: &Set<'_>) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        for one in &set.pins {
            steps.extend(match one.kind {
                Kind::HostKey(_, Some(host)) => self.authenticate(one, host)?,
                _ => parse(&self.present(one, "pin", "9000"))?,
            });
        }
        Ok(steps)
    }

    /// A challenge, and the host's signature over it.
    pub(super) fn authenticate(&self, file: &File, host: Host) -> Result<Vec<Step>, String> {
        let mut challenge = Step::parse("00 84 00 00 08")?;
        if let Step::Send(send) = &mut challenge {
            send.expected.save = Some("challenge".to_owned());
        }
        let signature = format!("[[{{host:{}}}]]", host.name());
        let steps = parse(&self.command(file, "00 82 00", &signature, "9000"))?;
        Ok([vec![challenge], steps].concat())
    }

    /// VERIFY with a value: pin, wrong, longer.
    pub(super) fn present(&self, pin: &File, value: &str, answer: &str) -> Vec<String> {
        let value = format!("[{{{value}:{}@{}}}]", word(&pin.name), self.application.name);
        self.command(pin, "00 20 00", &value, answer)
    }

    /// A command with the key reference of a file in P2.
    pub(super) fn command(&self, file: &File, head: &str, tail: &str, answer: &str) -> Vec<String> {
        let (mut steps, reference) = reach(file);
        steps.push(format!("{head} {:02X} {tail} => {answer}", 0x80 | reference));
        steps
    }

    /// READ BINARY of the whole file.
    pub(super) fn read_binary(&self, file: &File, content: &[u8]) -> Result<Vec<Step>, String> {
        let (mut steps, reference) = reach(file);
        let p1 = if reference == 0 { 0 } else { 0x80 | reference };
        if content.is_empty() {
            let outside = self.answer("read-binary.outside", "6B00");
            steps.push(format!("00 B0 {p1:02X} 00 00 00 00 => {outside}"));
            return parse(&steps);
        }
        let mut steps = parse(&steps)?;
        steps.push(answered(&format!("00 B0 {p1:02X} 00 00 00 00"), content, file.secret)?);
        Ok(steps)
    }

    /// READ RECORD of one record.
    pub(super) fn read_record(&self, file: &File, number: usize, content: &[u8]) -> Result<Vec<Step>, String> {
        let (steps, reference) = reach(file);
        let command = format!("00 B2 {number:02X} {:02X} 00 00 00", reference << 3 | 4);
        let mut steps = parse(&steps)?;
        steps.push(answered(&command, content, file.secret)?);
        Ok(steps)
    }

    /// Whether the application has this operation at all. Without it, some instructions don't exist.
    pub(super) fn declares(&self, operation: &str) -> bool {
        let mut access = self.application.files.iter().flat_map(|file| &file.access);
        !DECLARED_ONLY.contains(&operation) || access.any(|(declared, _)| declared == operation)
    }

    /// Whether an operation is allowed, or the answer that refuses it.
    pub(super) fn verdict(&self, file: &File, operation: &str, set: &Set<'_>) -> Result<(), String> {
        if !self.declares(operation) {
            return Err(self.answer("instruction.unknown", "6D00"));
        }
        let declared = file.access.iter().find(|(declared, _)| declared == operation);
        match declared.map(|(_, condition)| condition) {
            Some(condition) if condition.holds(&set.verified) => Ok(()),
            Some(super::Condition::Unsuited) => Err(self.answer("access.unsuited", "6985")),
            _ => Err(self.answer("access.denied", "6982")),
        }
    }

    /// A vector about a file, or about the whole application. One that writes has that effect at least.
    pub(super) fn vector(
        &self,
        file: Option<&File>,
        rest: &str,
        requirement: String,
        effect: Effect,
        steps: Vec<Step>,
    ) -> Vector {
        let Declared {
            name,
            certainty,
            source,
            ..
        } = self.application;
        let (id, certainty, source): (_, Certainty, _) = match file {
            Some(file) => (format!("{name}.{:04x}.{rest}", file.id), file.certainty, &file.source),
            None => (format!("{name}.{rest}"), *certainty, source),
        };
        let writes = |step: &Step| matches!(step, Step::Send(send) if send.command.writes());
        let least = if steps.iter().any(writes) {
            Effect::Writes
        } else {
            Effect::Reads
        };
        Vector {
            id,
            requirement,
            source: source.clone(),
            certainty,
            proves: Vec::new(),
            applies: BTreeSet::new(),
            unless: BTreeSet::new(),
            effect: effect.max(least),
            spends: Vec::new(),
            steps,
        }
    }
}

/// SELECT EF where the file has no short identifier, and the short identifier or 0.
pub(super) fn reach(file: &File) -> (Vec<String>, u8) {
    match u8::try_from(file.id) {
        Ok(sfi @ 1..=30) => (Vec::new(), sfi),
        _ => (vec![format!("00 A4 02 0C 02 {:04X}", file.id)], 0),
    }
}

/// A command that is answered with exactly these data. Long and secret ones are compared by their digest.
pub(super) fn answered(command: &str, data: &[u8], secret: bool) -> Result<Step, String> {
    let mut step = Step::parse(command)?;
    if let Step::Send(send) = &mut step {
        send.expected = match secret || data.len() > 64 {
            true => Expected {
                length: Some(data.len().to_string()),
                check: vec![format!("sha256({})", hex(&Sha256::digest(data)))],
                ..Expected::default()
            },
            false => Expected {
                data: Some(hex(data)),
                ..Expected::default()
            },
        };
    }
    Ok(step)
}

pub(super) fn parse(steps: &[String]) -> Result<Vec<Step>, String> {
    steps.iter().map(|step| Step::parse(step)).collect()
}

/// A name as a word of a vector's name.
pub(super) fn word(name: &str) -> String {
    let kept = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    name.chars().map(kept).collect()
}

/// The same set of PINs after a loss of power.
pub(super) fn again(maker: &Maker<'_>, set: &Set<'_>) -> Result<Vec<Step>, String> {
    let steps = parse(&[vec!["cold reset".to_owned()], maker.select()].concat())?;
    Ok([steps, maker.verify(set)?].concat())
}
