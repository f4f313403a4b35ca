//! The vectors of the access matrix, made of `test-vectors/access.toml`: each object and operation with no PIN verified, with
//! each one alone where the condition names PINs, and with all; what is absent; and each PIN's counter.
//!
//! That file was written by hand from published sources. Nothing here may learn a rule anywhere else.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::pattern::hex;
use crate::pins::{Application, Place};
use crate::vector::{Certainty, Effect, Property, Step, Vector};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Matrix {
    application: Vec<Rules>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    name: String,
    aid: String,
    #[serde(default)]
    loaded: bool,
    parent: Option<String>,
    #[serde(default)]
    token: Token,
    absent: Vec<String>,
    pins: Vec<PinRules>,
    #[serde(default)]
    unset: Vec<UnsetPin>,
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Token {
    #[default]
    Card,
    Phone,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnsetPin {
    ef: String,
    query: String,
    attempt: String,
    certainty: Certainty,
    source: String,
}

// What may be a new value of a PIN is not asked by these vectors.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PinRules {
    name: String,
    ef: String,
    tries: u8,
    #[serde(rename = "characters")]
    _characters: Option<String>,
    #[serde(rename = "length")]
    _length: Option<[usize; 2]>,
    #[serde(rename = "shared")]
    _shared: Option<String>,
    #[serde(default)]
    invented: bool,
    certainty: Certainty,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    object: String,
    operation: String,
    condition: String,
    refusal: Option<String>,
    records: Option<u8>,
    #[serde(default)]
    default: bool,
    certainty: Certainty,
    source: String,
}

/// The text that is signed. It states that it is a test.
const TEXT: &str = "vmyna conformance test, declares nothing";

/// The vectors of a matrix.
///
/// # Errors
/// A sentence that describes what is wrong with the file.
pub(crate) fn vectors(toml: &str) -> Result<Vec<Vector>, String> {
    let matrix: Matrix = toml::from_str(toml).map_err(|error| format!("access.toml: {error}"))?;
    let mut vectors = Vec::new();
    for rules in &matrix.application {
        let application =
            Application::find(&rules.name).ok_or_else(|| format!("access.toml: no application {}", rules.name))?;
        let aid = hex(application.aid());
        if aid != rules.aid {
            return Err(format!("access.toml: {} is {aid}", rules.name));
        }
        if rules.loaded != Property::of_loaded(application).is_some() {
            return Err(format!(
                "access.toml: whether {} is loaded is not as the suite has it",
                rules.name
            ));
        }
        let maker = Maker { rules, application };
        for row in rules.rows.iter().filter(|row| !maker.is_invented(row)) {
            maker.row(row, &mut vectors)?;
        }
        maker.absent(&mut vectors)?;
        for pin in maker.verifiable() {
            maker.counter(pin, &mut vectors)?;
        }
        for pin in &rules.unset {
            vectors.push(maker.unset(pin)?);
        }
    }
    Ok(vectors)
}

struct Maker<'a> {
    rules: &'a Rules,
    application: Application,
}

impl Maker<'_> {
    /// The section of the list of facts about this application's files.
    fn section(&self) -> &'static str {
        match self.application {
            Application::CardManager => "2",
            Application::Jpki => "3.1",
            Application::InputAssist => "3.2",
            Application::FaceInfo => "3.3",
            Application::CardInfo => "3.4",
            Application::ResidenceCode => "3.5",
            Application::DrivingLicence => "3.7",
            // No other application has rows in the table.
            _ => "3.8",
        }
    }

    /// The names of rows of facts that may speak of an object; those that there are count.
    fn facts(&self, object: &str) -> Vec<String> {
        if self.rules.token == Token::Phone {
            return vec!["7-access".to_owned()];
        }
        let word = object.replace(' ', "-").to_lowercase().replace("ef-", "");
        vec![
            format!("{}-{word}", self.section()),
            format!("3.6-{}-{word}", self.rules.name.replace('_', "-")),
        ]
    }

    /// The application in the names of vectors.
    fn word(&self) -> String {
        let name = self.rules.name.replace('_', "-");
        match self.rules.token {
            Token::Card => name,
            Token::Phone => format!("phone-{name}"),
        }
    }

    /// The application in a sentence.
    fn title(&self) -> String {
        match self.rules.token {
            Token::Card => self.rules.name.clone(),
            Token::Phone => format!("{} on a phone", self.rules.name),
        }
    }

    /// The properties with which a vector is not for the card: the others' vectors are not for a phone.
    fn unless(&self) -> BTreeSet<Property> {
        match self.rules.token {
            Token::Card => BTreeSet::from([Property::Phone]),
            Token::Phone => BTreeSet::new(),
        }
    }

    /// The steps that select the application.
    fn select(&self) -> Vec<String> {
        let names = self.rules.parent.iter().chain([&self.rules.name]);
        names.map(|name| format!("{{select:{name}}}")).collect()
    }

    /// The PINs that can be verified.
    fn verifiable(&self) -> Vec<&PinRules> {
        let can = |pin: &&PinRules| pin.tries > 0 && !pin.invented;
        self.rules.pins.iter().filter(can).collect()
    }

    /// Whether a row is about a PIN that real cards have in another way.
    fn is_invented(&self, row: &Row) -> bool {
        let of_row = |pin: &&PinRules| row.object.strip_prefix("EF ") == Some(&pin.ef);
        self.rules.pins.iter().find(of_row).is_some_and(|pin| pin.invented)
    }

    fn place(&self, pin: &PinRules) -> Result<Place, String> {
        let ef = u8::from_str_radix(&pin.ef, 16).ok();
        Place::all()
            .find(|place| place.application == self.application && Some(place.ef) == ef)
            .ok_or_else(|| format!("access.toml: {} {} is no PIN of the holder", self.rules.name, pin.ef))
    }

    fn row(&self, row: &Row, vectors: &mut Vec<Vector>) -> Result<(), String> {
        let pins = self.verifiable();
        let names: BTreeSet<&str> = row
            .condition
            .split(" or ")
            .flat_map(|part| part.split(" and "))
            .collect();
        let named = pins.iter().any(|pin| names.contains(pin.name.as_str()));
        // None, each alone where it matters, all together.
        let mut sets: Vec<Vec<&PinRules>> = vec![Vec::new()];
        if named {
            sets.extend(pins.iter().map(|pin| vec![*pin]));
        }
        if row.condition != "always" && pins.len() > usize::from(named) {
            sets.push(pins.clone());
        }
        if row.operation == "verify" {
            sets.truncate(1);
        }
        for set in sets {
            let allowed = allows(&row.condition, &set.iter().map(|pin| pin.name.as_str()).collect());
            let (steps, writes) = self.attempt(row, allowed, &set)?;
            let (verified, words) = match set.len() {
                0 => ("none".to_owned(), "with no PIN verified".to_owned()),
                1 => (
                    set[0].name.clone(),
                    format!("with {} verified and nothing else", self.place(set[0])?),
                ),
                _ => ("all".to_owned(), "with all PINs of the application verified".to_owned()),
            };
            let object = row.object.to_lowercase().replace(' ', "-").replace("ef-", "");
            let outcome = match (row.operation.as_str(), allowed) {
                ("verify", _) => "the tries left can be asked for".to_owned(),
                (_, true) => format!("{} is possible", row.operation),
                (_, false) => format!(
                    "{} is refused with {}",
                    row.operation,
                    row.refusal.as_deref().unwrap_or("6982")
                ),
            };
            let what = match row.object.as_str() {
                "session" => "secure session".to_owned(),
                object => object.to_owned(),
            };
            let mut proves = self.facts(&row.object);
            if row.operation == "set session key" && !self.rules.loaded && self.rules.token == Token::Card {
                proves.push("5.2-other-applications".to_owned());
            }
            vectors.push(Vector {
                id: format!(
                    "access.{}.{object}.{}.{verified}",
                    self.word(),
                    row.operation.replace(' ', "-")
                ),
                requirement: format!(
                    "{} {what}: {outcome} {words} (it needs: {}).",
                    self.title(),
                    row.condition
                ),
                source: row.source.clone(),
                certainty: row.certainty,
                proves,
                applies: self.applies(&row.object),
                unless: self.unless(),
                effect: if writes { Effect::Writes } else { Effect::Reads },
                spends: Vec::new(),
                steps,
            });
        }
        Ok(())
    }

    /// The steps of an attempt, and whether it may change something.
    fn attempt(&self, row: &Row, allowed: bool, verified: &[&PinRules]) -> Result<(Vec<Step>, bool), String> {
        let mut steps = self.select();
        for pin in verified {
            let place = self.place(pin)?;
            steps.push(format!("00 20 00 {:02X} [{{pin:{}}}]", 0x80 | place.ef, place.pin));
        }
        let refusal = row.refusal.as_deref().unwrap_or("6982");
        let answered = |command: String, data: &str| match allowed {
            true => format!("{command} => 9000 {data}").trim_end().to_owned(),
            false => format!("{command} => {refusal}"),
        };
        let mut push = |command: String, data: &str| steps.push(answered(command, data));
        let signature = "?".repeat(512);
        let id = row.object.strip_prefix("EF ");
        let number = id.and_then(|id| u16::from_str_radix(id, 16).ok()).unwrap_or_default();
        let sfi = u8::try_from(number).ok().filter(|sfi| (1..=30).contains(sfi));
        let named = 0x80 | sfi.unwrap_or_default();
        let by_identifier = match (id, sfi) {
            (Some(id), None) => Some(format!("00 A4 02 0C 02 {id}")),
            _ => None,
        };
        let writes = match row.operation.as_str() {
            "read" if id.is_none() => {
                let tag = row.object.strip_prefix("GET DATA ").unwrap_or_default();
                push(format!("00 CA {tag} 00 00 00"), "??*");
                false
            }
            "read" => {
                if let Some(select) = &by_identifier {
                    steps.push(select.clone());
                }
                let command = match row.records {
                    Some(_) => format!("00 B2 01 {:02X} 00", sfi.unwrap_or_default() << 3 | 4),
                    None => format!("00 B0 {named:02X} 00 00"),
                };
                steps.push(match allowed {
                    true => format!("{command} => 9000 ??*"),
                    false => format!("{command} => {refusal}"),
                });
                false
            }
            "verify" => {
                steps.push(format!("00 20 00 {named:02X} => 63CX"));
                false
            }
            operation @ ("change reference data" | "change key") => {
                let head = if operation == "change key" {
                    "80 32 00"
                } else {
                    "00 24 01"
                };
                let pin = self
                    .rules
                    .pins
                    .iter()
                    .find(|pin| Some(pin.ef.as_str()) == id && pin.tries > 0);
                let value = match pin {
                    Some(pin) => format!("{{pin:{}}}", self.place(pin)?.pin),
                    None => "31 32 33 34".to_owned(),
                };
                push(format!("{head} {named:02X} [{value}]"), "");
                true
            }
            "compute signature" => {
                push(format!("80 2A 00 {named:02X} [{{text:{TEXT}}}] 00"), &signature);
                if row.default {
                    push(format!("80 2A 00 00 [{{text:{TEXT}}}] 00"), &signature);
                }
                false
            }
            "internal authenticate" => {
                push(format!("00 88 00 {named:02X} [{{text:{TEXT}}}] 00"), &signature);
                false
            }
            "external authenticate" => {
                push(format!("00 82 00 {named:02X} [01 02 03 04 05 06 07 08]"), "");
                true
            }
            "update binary" => {
                steps.extend(by_identifier);
                let at = if sfi.is_some() { named } else { 0 };
                steps.push(answered(format!("00 D6 {at:02X} 00 [00]"), ""));
                true
            }
            "update record" | "append record" => {
                steps.extend(by_identifier);
                let file = sfi.unwrap_or_default() << 3;
                let head = match row.operation.as_str() {
                    "append record" => format!("00 E2 00 {file:02X}"),
                    _ => format!("00 DC 01 {:02X}", file | 4),
                };
                steps.push(answered(format!("{head} [00]"), ""));
                true
            }
            "generate key pair" => {
                steps.extend(by_identifier);
                steps.push(answered(format!("00 46 80 {named:02X} 00"), "7F 49 ??*"));
                true
            }
            "verify certificate" => {
                steps.push(format!("00 A4 02 0C 02 {}", id.unwrap_or_default()));
                steps.push(format!(
                    "{CERTIFICATE_BODY} => {}",
                    if allowed { "9000" } else { refusal }
                ));
                true
            }
            "set session key" => {
                if allowed {
                    let read = "00 B0 86 00 00 00 00".to_owned();
                    let mut parsed = steps
                        .iter()
                        .map(|step| Step::parse(step))
                        .collect::<Result<Vec<_>, _>>()?;
                    let mut key = Step::parse(&read)?;
                    if let Step::Send(send) = &mut key {
                        send.expected.save = Some("session-key".to_owned());
                    }
                    parsed.push(key);
                    parsed.push(Step::parse("80 AE 00 00 [[{session-key}]]")?);
                    return Ok((parsed, false));
                }
                steps.push(format!("80 AE 00 00 [[{{fill:256 01}}]] => {refusal}"));
                false
            }
            other => return Err(format!("access.toml: {other} is no operation")),
        };
        let steps = steps
            .iter()
            .map(|step| Step::parse(step))
            .collect::<Result<Vec<_>, _>>()?;
        Ok((steps, writes))
    }

    fn applies(&self, object: &str) -> BTreeSet<Property> {
        let mut properties = self.applies_to_cards(object);
        if self.rules.token == Token::Phone {
            properties.insert(Property::Phone);
        }
        properties
    }

    fn applies_to_cards(&self, object: &str) -> BTreeSet<Property> {
        if let Some(property) = Property::of_loaded(self.application) {
            return BTreeSet::from([property]);
        }
        let property = match (self.application, object) {
            (Application::CardManager, "GET DATA 7F21") => Property::CardCertificate,
            (Application::CardManager, "GET DATA 5F51") => Property::ContactAtrAtCardManager,
            (_, "GET DATA 5F51") => Property::ContactAtrInApplications,
            (Application::Jpki, "EF 0001" | "EF 001A") => Property::SignCertificate,
            (Application::Jpki, "EF 000A" | "EF 0017") => Property::AuthCertificate,
            _ => return BTreeSet::new(),
        };
        BTreeSet::from([property])
    }

    fn absent(&self, vectors: &mut Vec<Vector>) -> Result<(), String> {
        let is_phone = self.rules.token == Token::Phone;
        let measured = self.application == Application::CardManager && !is_phone;
        let source = match self.rules.loaded {
            _ if is_phone => "nothing is published of a phone; what a card lacks, and what belongs to a card alone",
            true => "its published specification lists what there is",
            false => "myna-card lists what there is; other clients list identifiers that no client has read",
        };
        let mut files = self.select();
        let mut objects = files.clone();
        for object in &self.rules.absent {
            match object.strip_prefix("EF ") {
                Some(id) => files.push(format!("00 A4 02 0C 02 {id} => 6A82")),
                None => objects.push(format!(
                    "00 CA {} 00 00 00 => 6A88",
                    object.trim_start_matches("GET DATA ")
                )),
            }
        }
        let name = &self.title();
        let kinds = [
            (
                "files",
                files,
                format!("{name} has no other files than the listed ones: SELECT EF of those it lacks answers 6A82."),
                "absent-files",
            ),
            (
                "objects",
                objects,
                format!("GET DATA finds in {name} none of the objects that lie elsewhere: 6A88."),
                "get-data-absent",
            ),
        ];
        for (kind, steps, requirement, fact) in kinds {
            if steps.len() <= self.select().len() {
                continue;
            }
            vectors.push(Vector {
                id: format!("access.{}.absent.{kind}", self.word()),
                requirement,
                source: source.to_owned(),
                certainty: if measured {
                    Certainty::Measured
                } else {
                    Certainty::Assumed
                },
                proves: match self.rules.loaded {
                    _ if is_phone => self.facts(""),
                    true => vec![format!("{}-{fact}", self.section())],
                    false => vec![format!("2-{fact}"), format!("{}-{fact}", self.section())],
                },
                applies: self.applies(""),
                unless: self.unless(),
                effect: Effect::Reads,
                spends: Vec::new(),
                steps: steps
                    .iter()
                    .map(|step| Step::parse(step))
                    .collect::<Result<Vec<_>, _>>()?,
            });
        }
        Ok(())
    }

    /// What a PIN that was left unset answers, on a card without PINs.
    fn unset(&self, pin: &UnsetPin) -> Result<Vector, String> {
        let named = self.rules.pins.iter().find(|rules| rules.ef == pin.ef);
        let named = named.ok_or_else(|| format!("access.toml: {} has no PIN {}", self.rules.name, pin.ef))?;
        let place = self.place(named)?;
        let reference = 0x80 | place.ef;
        let mut steps = vec![
            format!("{{select:{}}}", self.rules.name),
            format!("00 20 00 {reference:02X} => {}", pin.query),
        ];
        // Values that such a PIN could have, and one that a blank key might.
        for value in ["31323334", "30303030", "2A2A2A2A", "414243313233", "FFFFFFFF"] {
            steps.push(format!("00 20 00 {reference:02X} [{value}] => {}", pin.attempt));
        }
        steps.push(format!("00 20 00 {reference:02X} => {}", pin.query));
        for head in ["00 24 01", "80 32 00"] {
            steps.push(format!("{head} {reference:02X} [31323334] => 6982"));
        }
        Ok(Vector {
            id: format!("pin.{}.{}.unset", self.word(), named.name),
            requirement: format!(
                "On a card without PINs the {place} is unset: the query answers {}, any value {}, and nothing sets it.",
                pin.query, pin.attempt
            ),
            source: pin.source.clone(),
            certainty: pin.certainty,
            proves: vec!["4-unset".to_owned()],
            applies: self.applies("").into_iter().chain([Property::NoPins]).collect(),
            unless: self.unless(),
            effect: Effect::Writes,
            spends: Vec::new(),
            steps: steps
                .iter()
                .map(|step| Step::parse(step))
                .collect::<Result<Vec<_>, _>>()?,
        })
    }

    /// How many wrong values block a PIN, that a wrong one costs a try and the right one gives all back.
    fn counter(&self, pin: &PinRules, vectors: &mut Vec<Vector>) -> Result<(), String> {
        let place = self.place(pin)?;
        let (name, tries, named) = (place.pin, pin.tries, 0x80 | place.ef);
        let select = self.select();
        let verify = |value: &str, sw: String| format!("00 20 00 {named:02X} [{{{value}:{name}}}] => {sw}");
        let query = |left: u8| format!("00 20 00 {named:02X} => 63C{left:X}");
        let mut spend = select.clone();
        spend.extend([
            verify("pin", "9000".to_owned()),
            query(tries),
            verify("wrong", format!("63C{:X}", tries - 1)),
            query(tries - 1),
            verify("pin", "9000".to_owned()),
            query(tries),
        ]);
        let mut block = select.clone();
        block.push(verify("pin", "9000".to_owned()));
        block.extend((0..tries).rev().map(|left| verify("wrong", format!("63C{left:X}"))));
        let blocked = [
            query(0),
            verify("pin", "6984".to_owned()),
            verify("wrong", "6984".to_owned()),
            query(0),
        ];
        block.extend(blocked.clone());
        block.push("cold reset".to_owned());
        block.extend(select);
        block.extend(blocked);
        let facts = |more: &[&str]| {
            if self.rules.token == Token::Phone {
                return self.facts("");
            }
            let mut facts = vec![format!("4-{}", place.to_string().replace(['@', '_'], "-"))];
            facts.extend(more.iter().map(|fact| format!("4-{fact}")));
            facts
        };
        let on = match self.rules.token {
            Token::Card => "",
            Token::Phone => " of a phone",
        };
        let spent = (
            format!(
                "{place}{on} has {tries} tries: a wrong value costs one and answers 63C{:X}, the right one gives all back.",
                tries - 1
            ),
            facts(&["wrong", "success", "query"]),
        );
        let gone = (
            format!(
                "{tries} wrong values in a row block {place}{on}: 63C0, then 6984 even for the right one, also after a power cut."
            ),
            facts(&["exhausted", "blocked"]),
        );
        let kinds = [
            ("counter", spend, Effect::WrongPins, spent),
            ("blocks", block, Effect::Blocks, gone),
        ];
        for (kind, steps, effect, (requirement, proves)) in kinds {
            vectors.push(Vector {
                id: format!("pin.{}.{}.{kind}", self.word(), pin.name),
                requirement,
                source: pin.source.clone(),
                certainty: pin.certainty,
                proves,
                applies: self.applies(""),
                unless: self.unless(),
                effect,
                spends: vec![place],
                steps: steps
                    .iter()
                    .map(|step| Step::parse(step))
                    .collect::<Result<Vec<_>, _>>()?,
            });
        }
        Ok(())
    }
}

/// The first half of a terminal's certificate, as long as published ones are: `7F21`, the body in `5F4E`. Its key is no
/// key, so that a private half can't exist.
pub(crate) const CERTIFICATE_BODY: &str = "80 A2 06 C1 [[7F21 820233 5F4E 820129 {text:7000022}0805{text:001}00000000 \
     {text:7900001}0805{text:001}00000000 9003010001 91820100 {fill:256 C5}]]";

fn allows(condition: &str, verified: &BTreeSet<&str>) -> bool {
    match condition {
        "always" => true,
        "never" => false,
        any if any.contains(" or ") => any.split(" or ").any(|pin| verified.contains(pin)),
        all => all.split(" and ").all(|pin| verified.contains(pin)),
    }
}
