//! The declaration file, and a session with the card made from it.
//!
//! An input is the text of a file, up to a byte 00, and then steps. Any text is applications or faults in the order of their
//! lines, twice the same, and no fault says a PIN. What is made is a card. Its answers are held against a model that is made
//! of the declaration and knows only what was sent: nothing forbidden succeeds, nothing allowed is denied, what is read is
//! what was declared or written.

use std::collections::BTreeMap;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use vmyna_applets::free_area::FreeApplication;
use vmyna_applets::specimen;
use vmyna_card_os::declaration::{Application, Body, Condition, File, Operation};
use vmyna_card_os::state::MemoryStore;
use vmyna_card_os::{Card, Parts};
use vmyna_issuance::application_file::{ApplicationFile, ApplicationFileError};

use crate::card_session::Operands;
use crate::command_apdu::Shape;
use crate::memory::peak_of;
use crate::rig;

/// Reading takes no more than this, and so much more for each byte.
const WORKING_MEMORY: usize = 256 * 1024;
const PER_BYTE: usize = 1_200;
/// More steps than this tell nothing new.
const STEPS: usize = 60;

/// One input.
pub fn run(input: &[u8]) {
    let end = input.iter().position(|byte| *byte == 0).unwrap_or(input.len());
    let (text, steps) = input.split_at(end);
    let Ok(text) = str::from_utf8(text) else { return };
    let (read, peak) = peak_of(|| ApplicationFile::parse(text, None));
    assert!(
        peak <= WORKING_MEMORY + PER_BYTE * text.len(),
        "{peak} bytes for {}",
        text.len()
    );
    let again = ApplicationFile::parse(text, None);
    assert_eq!(
        format!("{read:?}"),
        format!("{again:?}"),
        "the same text gives something else"
    );
    let file = match read {
        Ok(file) => file,
        Err(faults) => return check(text, &faults),
    };
    // An RSA key takes longer than a million inputs.
    if text.contains("RSA") || text.contains("secure-session") {
        return;
    }
    let card = specimen::find("hanako")
        .expect("the specimens are whole")
        .expect("hanako is one");
    match file.make(&card, &mut ChaCha20Rng::from_seed([9; 32])) {
        Err(faults) => check(text, &faults),
        Ok(made) => {
            assert!(
                card.with_free_applications(made.clone()).is_ok(),
                "no card can have them"
            );
            session(&made, &mut Operands::new(steps.get(1..).unwrap_or_default()));
        }
    }
}

fn check(text: &str, faults: &[ApplicationFileError]) {
    assert!(!faults.is_empty(), "refused without saying why");
    let lines: Vec<usize> = faults.iter().filter_map(|fault| fault.line).collect();
    assert!(lines.is_sorted(), "faults out of order: {lines:?}");
    let last = text.lines().count() + 1;
    assert!(lines.iter().all(|line| (1..=last).contains(line)), "{lines:?}");
    for secret in secrets(text) {
        assert!(
            !faults.iter().any(|fault| fault.to_string().contains(&secret)),
            "a PIN is said"
        );
    }
}

/// Values of PINs: long enough not to be in a message by chance, and once in the file.
fn secrets(text: &str) -> Vec<String> {
    let Ok(table) = text.parse::<toml::Table>() else {
        return Vec::new();
    };
    let list = |table: &toml::Table, key: &str| -> Vec<toml::Table> {
        let items = table
            .get(key)
            .and_then(toml::Value::as_array)
            .cloned()
            .unwrap_or_default();
        items.into_iter().filter_map(|item| item.try_into().ok()).collect()
    };
    let pins = list(&table, "application")
        .iter()
        .flat_map(|one| list(one, "pin"))
        .collect::<Vec<_>>();
    let values = pins
        .iter()
        .filter_map(|pin| pin.get("value")?.as_str().map(str::to_owned));
    values
        .filter(|value| value.len() >= 8 && text.matches(value.as_str()).count() == 1)
        .collect()
}

/// A PIN or a file: its application's place and its identifier.
type Object = (usize, u16);

/// What the host knows.
struct Model<'a> {
    applications: Vec<&'a Application>,
    selected: Option<usize>,
    verified: Vec<u16>,
    /// Value, tries left, most tries.
    pins: BTreeMap<Object, (Option<Vec<u8>>, u8, u8)>,
    contents: BTreeMap<Object, Vec<u8>>,
    records: BTreeMap<Object, Vec<Vec<u8>>>,
}

impl<'a> Model<'a> {
    fn new(made: &'a [FreeApplication]) -> Self {
        let applications: Vec<&Application> = made.iter().map(FreeApplication::application).collect();
        let mut model = Self {
            applications,
            selected: None,
            verified: Vec::new(),
            pins: BTreeMap::new(),
            contents: BTreeMap::new(),
            records: BTreeMap::new(),
        };
        for (at, application) in model.applications.iter().enumerate() {
            for file in &application.files {
                let object = (at, file.id.value());
                match &file.body {
                    Body::Pin(pin) => {
                        let value = pin.value.as_ref().map(|value| value.as_bytes().to_vec());
                        let most = pin.max_tries.expect("a declared PIN has a limit");
                        model.pins.insert(object, (value, pin.tries_at_issue, most));
                    }
                    Body::Transparent(content) => {
                        model.contents.insert(object, content.as_bytes().to_vec());
                    }
                    Body::Records(records) => {
                        let records = records.iter().map(|record| record.as_bytes().to_vec()).collect();
                        model.records.insert(object, records);
                    }
                    _ => {}
                }
            }
        }
        model
    }

    /// The selected application and its file with this short identifier.
    fn file(&self, sfi: u8) -> Option<(Object, &'a File)> {
        let at = self.selected?;
        let files = &self.applications[at].files;
        let file = files.iter().find(|file| file.id.value() == u16::from(sfi))?;
        Some(((at, file.id.value()), file))
    }

    /// The PIN whose value and tries this one has. `None` for one of the card's own applications.
    fn owner(&self, object: Object, file: &File) -> Option<Object> {
        match &file.body {
            Body::Pin(_) => Some(object),
            Body::SharedPin(shared) => {
                let at = self.applications.iter().position(|one| one.aid == shared.aid)?;
                Some((at, shared.file.value()))
            }
            _ => None,
        }
    }

    fn allows(&self, file: &File, operation: Operation) -> bool {
        let condition = file.access.iter().find(|(declared, _)| *declared == operation);
        condition.is_some_and(|(_, condition)| self.holds(condition))
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Always => true,
            Condition::Never | Condition::Unsuited => false,
            Condition::Verified(id) => self.verified.contains(&id.value()),
            Condition::AnyOf(parts) => parts.iter().any(|part| self.holds(part)),
            Condition::AllOf(parts) => !parts.is_empty() && parts.iter().all(|part| self.holds(part)),
        }
    }

    /// Whether the selected application answers as the card does where a rule refuses.
    fn is_plain(&self) -> bool {
        self.selected
            .is_none_or(|at| self.applications[at].status_words.is_empty())
    }

    fn is_locked(&self) -> bool {
        self.selected.is_some_and(|at| self.applications[at].select.locked)
    }

    fn declares(&self, operation: Operation) -> bool {
        let files = self.selected.map(|at| &self.applications[at].files);
        files.is_some_and(|files| {
            files
                .iter()
                .any(|file| file.access.iter().any(|(declared, _)| declared == operation))
        })
    }
}

const DENIED: u16 = 0x6982;
const NOT_FOUND: u16 = 0x6A82;
const NO_INSTRUCTION: u16 = 0x6D00;

/// A session of the card with these applications.
fn session(made: &[FreeApplication], operands: &mut Operands<'_>) {
    let applications = rig::hanako()
        .into_iter()
        .chain(made.iter().map(|free| free.application().clone()));
    let rng = Box::new(ChaCha20Rng::from_seed([7; 32]));
    let parts = Parts::new(
        applications.collect::<Vec<_>>(),
        vmyna_applets::Profile::contact().atr,
        rng,
    );
    let mut card = Card::new(parts.with_store(Box::<MemoryStore>::default())).expect("it was checked");
    card.power_on();
    let mut model = Model::new(made);
    for _ in 0..STEPS {
        if operands.is_empty() {
            break;
        }
        step(&mut card, &mut model, operands);
    }
}

/// Sends a C-APDU, and checks what holds of every answer.
fn send(card: &mut Card, command: &[u8]) -> (Vec<u8>, u16) {
    let mut response = Vec::new();
    assert!(card.transmit(command, &mut response).is_ok());
    let (data, sw) = response.split_last_chunk::<2>().expect("a status word");
    let sw = u16::from_be_bytes(*sw);
    assert!(sw >> 8 != 0x61, "61xx: the card has no GET RESPONSE");
    assert!(
        !matches!(sw, 0x6F00 | 0x6581),
        "{sw:04X}: neither key nor store can fail here"
    );
    assert!(matches!(sw >> 12, 6 | 9), "{sw:04X} is no status word");
    assert!(data.is_empty() || matches!(sw, 0x9000 | 0x6283), "data with {sw:04X}");
    if let Some(shape) = Shape::of(command) {
        let room = shape.ne.map_or(0, |ne| ne as usize);
        assert!(data.len() <= room, "{} bytes where Le allows {room}", data.len());
    }
    (data.to_vec(), sw)
}

/// `header`, Lc and data.
fn with_data(header: [u8; 4], data: &[u8]) -> Vec<u8> {
    match data.len() {
        0 => header.to_vec(),
        length => [&header[..], &[length as u8], data].concat(),
    }
}

fn step(card: &mut Card, model: &mut Model<'_>, operands: &mut Operands<'_>) {
    match operands.byte() % 16 {
        0 | 1 => select(card, model, usize::from(operands.byte()) % model.applications.len()),
        2..=4 => verify(card, model, operands),
        5 | 6 => read(card, model, operands),
        7 | 8 => update(card, model, operands),
        9 => read_record(card, model, operands),
        10 | 11 => write_record(card, model, operands),
        12 => {
            assert!(card.reset().is_ok());
        }
        13 => {
            card.power_on();
            model.selected = None;
            model.verified.clear();
        }
        14 => use_key(card, model, operands),
        _ => {
            // Any bytes but those that change what the model knows; then from the beginning.
            let command: Vec<u8> = (0..operands.byte() % 32).map(|_| operands.byte()).collect();
            let changes = [0x20, 0x24, 0x32, 0x46, 0x82, 0xD6, 0xDC, 0xE2];
            if command.get(1).is_none_or(|ins| !changes.contains(ins)) {
                send(card, &command);
            }
            card.power_on();
            model.selected = None;
            model.verified.clear();
        }
    }
}

fn select(card: &mut Card, model: &mut Model<'_>, at: usize) {
    let application = model.applications[at];
    let (_, sw) = send(card, &with_data([0x00, 0xA4, 0x04, 0x0C], application.aid.as_bytes()));
    let here = model.selected.map(|at| model.applications[at]);
    let reachable = application
        .parent
        .is_none_or(|parent| here.is_some_and(|here| here.aid == parent || here.parent == Some(parent)));
    // A parent that is the card's own is never selected here.
    let expected = match (reachable, application.select.locked) {
        (false, _) => NOT_FOUND,
        (true, true) => 0x6283,
        (true, false) => 0x9000,
    };
    if application.status_words.is_empty() && model.is_plain() {
        assert_eq!(sw, expected, "SELECT {}", application.name);
    }
    if matches!(sw, 0x9000 | 0x6283) && model.selected != Some(at) {
        model.selected = Some(at);
        model.verified.clear();
    }
}

fn verify(card: &mut Card, model: &mut Model<'_>, operands: &mut Operands<'_>) {
    let pins = || -> Option<Vec<u8>> {
        let files = &model.applications[model.selected?].files;
        let is_pin = |file: &&File| matches!(file.body, Body::Pin(_) | Body::SharedPin(_)) && file.id.value() <= 30;
        Some(files.iter().filter(is_pin).map(|file| file.id.value() as u8).collect())
    };
    let Some(pins) = pins().filter(|pins| !pins.is_empty()) else {
        return;
    };
    let sfi = pins[usize::from(operands.byte()) % pins.len()];
    let Some((object, file)) = model.file(sfi) else { return };
    let Some(owner) = model.owner(object, file) else { return };
    let (value, tries, most) = model.pins[&owner].clone();
    let right = operands.byte() & 3 != 0;
    let presented = match (right, &value) {
        (true, Some(value)) => value.clone(),
        _ => vec![0xEE; 1 + usize::from(operands.byte() % 16)],
    };
    let right = value.as_ref() == Some(&presented);
    let (_, sw) = send(card, &with_data([0x00, 0x20, 0x00, 0x80 | sfi], &presented));
    let allowed = model.allows(file, Operation::Verify) && !model.is_locked();
    assert!(
        allowed || sw != 0x9000 && sw >> 4 != 0x63C,
        "VERIFY was not allowed: {sw:04X}"
    );
    if !allowed {
        return;
    }
    let expected = match tries {
        0 => 0x6984,
        _ if right => 0x9000,
        tries => 0x63C0 | u16::from(tries - 1),
    };
    if model.is_plain() {
        assert_eq!(sw, expected, "VERIFY with {tries} tries");
    }
    if tries > 0 {
        model.verified.retain(|verified| *verified != u16::from(sfi));
        if right {
            model.verified.push(u16::from(sfi));
        }
        let left = if right { most } else { tries - 1 };
        model.pins.insert(owner, (value, left, most));
    }
}

/// Asserts that a success was allowed and a denial was right; returns whether it succeeded.
fn judge(model: &Model<'_>, file: Option<&File>, operation: Operation, sw: u16) -> bool {
    let allowed = file.is_some_and(|file| model.allows(file, operation)) && !model.is_locked();
    if model.selected.is_some() {
        assert!(allowed || sw != 0x9000, "{operation} was not allowed");
        assert!(!allowed || sw != DENIED || !model.is_plain(), "{operation} was denied");
    }
    sw == 0x9000 && model.selected.is_some()
}

/// An instruction that the selected application does not declare is not there.
fn judge_there(model: &Model<'_>, operation: Operation, sw: u16) {
    if !model.declares(operation) && model.is_plain() && !model.is_locked() {
        assert_eq!(sw, NO_INSTRUCTION, "{operation} is not declared here");
    }
}

/// A short identifier, more often than not that of a file of the selected application.
fn sfi(model: &Model<'_>, operands: &mut Operands<'_>) -> u8 {
    let byte = operands.byte();
    let files = model.selected.map(|at| &model.applications[at].files);
    let known = files.filter(|files| byte < 0xE0 && !files.is_empty());
    let id = known.map(|files| files[usize::from(byte) % files.len()].id.value());
    match id.and_then(|id| u8::try_from(id).ok()) {
        Some(sfi @ 1..=30) => sfi,
        _ => 1 + byte % 30,
    }
}

fn read(card: &mut Card, model: &Model<'_>, operands: &mut Operands<'_>) {
    let (sfi, offset, le) = (sfi(model, operands), operands.byte() % 64, operands.byte());
    let (data, sw) = send(card, &[0x00, 0xB0, 0x80 | sfi, offset, le]);
    let file = model.file(sfi);
    if judge(model, file.map(|(_, file)| file), Operation::Read, sw) {
        let content = &model.contents[&file.expect("it was allowed").0];
        let most = if le == 0 { 256 } else { usize::from(le) };
        let rest = content.get(usize::from(offset)..).unwrap_or_default();
        assert_eq!(data, rest[..rest.len().min(most)], "READ BINARY");
    }
}

fn update(card: &mut Card, model: &mut Model<'_>, operands: &mut Operands<'_>) {
    let (sfi, offset) = (sfi(model, operands), operands.byte() % 64);
    let data: Vec<u8> = (0..1 + operands.byte() % 32).map(|_| operands.byte()).collect();
    let (_, sw) = send(card, &with_data([0x00, 0xD6, 0x80 | sfi, offset], &data));
    judge_there(model, Operation::UpdateBinary, sw);
    let file = model.file(sfi);
    if judge(model, file.map(|(_, file)| file), Operation::UpdateBinary, sw) {
        let object = file.expect("it was allowed").0;
        let content = model.contents.get_mut(&object).expect("a transparent file");
        let at = usize::from(offset);
        content[at..at + data.len()].copy_from_slice(&data);
    }
}

fn read_record(card: &mut Card, model: &Model<'_>, operands: &mut Operands<'_>) {
    let (sfi, number) = (sfi(model, operands), operands.byte() % 8);
    let (data, sw) = send(card, &[0x00, 0xB2, number, sfi << 3 | 4, 0]);
    let file = model.file(sfi);
    if judge(model, file.map(|(_, file)| file), Operation::Read, sw) {
        let records = &model.records[&file.expect("it was allowed").0];
        assert_eq!(
            Some(&data),
            records.get(usize::from(number).wrapping_sub(1)),
            "READ RECORD"
        );
    }
}

fn write_record(card: &mut Card, model: &mut Model<'_>, operands: &mut Operands<'_>) {
    let (kind, sfi, number) = (operands.byte(), sfi(model, operands), operands.byte() % 8);
    let data: Vec<u8> = (0..1 + operands.byte() % 32).map(|_| operands.byte()).collect();
    let (operation, header) = match kind & 1 {
        0 => (Operation::UpdateRecord, [0x00, 0xDC, number, sfi << 3 | 4]),
        _ => (Operation::AppendRecord, [0x00, 0xE2, 0x00, sfi << 3]),
    };
    let (_, sw) = send(card, &with_data(header, &data));
    judge_there(model, operation, sw);
    let file = model.file(sfi);
    if judge(model, file.map(|(_, file)| file), operation, sw) {
        let (object, file) = file.expect("it was allowed");
        let records = model.records.get_mut(&object).expect("a file of records");
        match operation {
            Operation::AppendRecord => records.push(data.clone()),
            _ => records[usize::from(number) - 1].clone_from(&data),
        }
        let room = file.room.expect("a file that takes records has room");
        assert!(
            records.len() <= room.records.into() && data.len() <= room.length.into(),
            "more than the room"
        );
    }
}

fn use_key(card: &mut Card, model: &Model<'_>, operands: &mut Operands<'_>) {
    let (kind, sfi) = (operands.byte() % 4, sfi(model, operands));
    let (operation, command) = match kind {
        0 => (Operation::GenerateKeyPair, vec![0x00, 0x46, 0x80, 0x80 | sfi, 0x00]),
        1 => (Operation::Read, vec![0x00, 0x46, 0x81, 0x80 | sfi, 0x00]),
        2 => (
            Operation::InternalAuthenticate,
            vec![0x00, 0x88, 0x00, 0x80 | sfi, 4, 1, 2, 3, 4, 0x00],
        ),
        _ => {
            let digest = [&[0x80, 0x2A, 0x10, 0x80 | sfi, 32][..], &[0x11; 32], &[0x00]].concat();
            (Operation::ComputeSignature, digest)
        }
    };
    let (data, sw) = send(card, &command);
    let file = model.file(sfi);
    let succeeded = judge(model, file.map(|(_, file)| file), operation, sw);
    assert!(!succeeded || !data.is_empty(), "{operation} returned nothing");
    if operation == Operation::GenerateKeyPair {
        judge_there(model, operation, sw);
    }
}
