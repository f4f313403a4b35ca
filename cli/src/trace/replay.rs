//! `vmyna trace replay`: sends the commands of a trace to a card, and reports the first answer that differs.
//!
//! Must never send a PIN in the place of another, nor take a masked byte for a real one.

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vmyna::{Bench, Slot};
use vmyna_apdu::{Aid, CommandApdu, FileId, Icc, ResponseApdu, StatusWord, hex};
use vmyna_applets::pins::{self, CardPin};
use vmyna_card_os::command::{Instruction, Offered, Reference};
use vmyna_card_os::declaration::{Application, Body, File};
use vmyna_card_os::{Event, Observer};
use vmyna_explain::{Narrator, secured};
use vmyna_reader_bridge::trace::{Message, Octets, What};
use zeroize::Zeroizing;

use super::args::TraceReplay;
use crate::failure::Failure;
use crate::options::given_pin::GivenPin;
use crate::output;
use crate::trace_file::compare::by_shape;
use crate::trace_file::load::{choose, load, readers};

/// Runs the command.
pub(super) fn run(arguments: &TraceReplay) -> Result<(), Failure> {
    let recording = load(&arguments.file)?;
    let reader = choose(arguments.reader.as_deref(), &readers(&recording))?.clone();
    let source = arguments.applications.on(&arguments.card)?;
    let issued = source.issued()?;
    let applications = issued.applications();
    let pins = Pins::new(&arguments.pin, &applications)?;
    let position = Position::default();
    let observer = position.observer(&applications);
    let card = source.as_issued(&issued, Some(observer))?;
    let card = Bench::new().connect(card, Slot::new("replay"));
    let mut replay = Replay {
        card,
        powered: false,
        pins,
        position,
        narrator: Narrator::new().of_applications(applications.clone().into()),
        applications,
        alike: 0,
        by_shape: 0,
        masked: 0,
    };
    let messages: Vec<_> = recording
        .messages
        .iter()
        .filter(|numbered| numbered.message.reader == reader)
        .collect();
    let mut rest = messages.as_slice();
    while let Some((first, behind)) = rest.split_first() {
        // A command goes with its answer.
        let answer = behind.first().map(|numbered| &numbered.message);
        let consumed = replay.step(first.number, &first.message, answer)?;
        rest = &rest[consumed..];
    }
    writeln!(
        output::text(),
        "{} answers and answers to reset of {} are alike: {} by length and status word, as they are random or secured, {} \
         masked",
        replay.alike,
        arguments.card,
        replay.by_shape,
        replay.masked
    )?;
    Ok(())
}

/// A conversation on its way.
struct Replay {
    card: Box<dyn Icc + Send>,
    powered: bool,
    pins: Pins,
    position: Position,
    applications: Vec<Application>,
    narrator: Narrator,
    alike: u64,
    by_shape: u64,
    masked: u64,
}

impl Replay {
    /// Replays a message; gives how many messages that were: a command goes with its answer.
    fn step(&mut self, number: u64, message: &Message, answer: Option<&Message>) -> Result<usize, Failure> {
        let mut atr = Vec::new();
        match &message.what {
            What::PowerOn(recorded) => {
                let outcome = self.card.power_on(&mut atr);
                self.powered = true;
                self.narrator.powered();
                self.compare_atr(number, recorded, outcome.is_ok().then_some(&atr))?;
            }
            What::Reset(recorded) => {
                self.power()?;
                let outcome = self.card.reset(&mut atr);
                self.compare_atr(number, recorded, outcome.is_ok().then_some(&atr))?;
            }
            What::PowerOff => {
                let _ = self.card.power_off();
                self.powered = false;
            }
            What::Command(command) => {
                let recorded = match answer.map(|answer| &answer.what) {
                    Some(What::Response(recorded)) => Some(recorded),
                    Some(What::Unanswered) => None,
                    // The trace ends before the answer, or the answer was lost: there is nothing to compare.
                    _ => return Ok(1),
                };
                self.exchange(number, command, recorded)?;
                return Ok(2);
            }
            What::Response(_) | What::Unanswered => {}
        }
        Ok(1)
    }

    /// A trace may begin in the middle.
    fn power(&mut self) -> Result<(), Failure> {
        if !self.powered {
            let unpowered = |error| Failure::Failed(format!("the card can't be powered: {error}"));
            self.card.power_on(&mut Vec::new()).map_err(unpowered)?;
            self.powered = true;
        }
        Ok(())
    }

    fn compare_atr(&mut self, number: u64, recorded: &[u8], given: Option<&Vec<u8>>) -> Result<(), Failure> {
        // A log of another program may not state the ATR.
        if recorded.is_empty() && given.is_some() {
            return Ok(());
        }
        match given {
            Some(given) if given == recorded => {
                self.alike += 1;
                Ok(())
            }
            given => Err(Failure::Failed(format!(
                "message {number}: the trace has the ATR {}, the card gives {}",
                hex::encode(recorded),
                given.map_or_else(|| "none".to_owned(), |given| hex::encode(given))
            ))),
        }
    }

    fn exchange(&mut self, number: u64, command: &Octets, recorded: Option<&Octets>) -> Result<(), Failure> {
        self.power()?;
        let done = recorded
            .and_then(|recorded| ResponseApdu::parse(recorded.as_bytes()))
            .is_some_and(|response| response.status_word.is_success());
        let sent = self.unmasked(number, command, done)?;
        let mut response = Vec::new();
        let outcome = self.card.transmit(&sent, &mut response);
        let given = outcome.is_ok().then_some(response.as_slice());
        self.compare(number + 1, command.as_bytes(), recorded, given)?;
        self.narrator.follow(command.as_bytes(), &response);
        self.alike += 1;
        Ok(())
    }

    /// The command with what was masked in it. A PIN that was refused is sent as its mask, which no PIN is.
    fn unmasked(&mut self, number: u64, command: &Octets, done: bool) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let mut bytes = Zeroizing::new(command.as_bytes().to_vec());
        let masked = command.masked();
        if masked.is_empty() {
            return Ok(bytes);
        }
        let apdu = CommandApdu::parse(&bytes).ok();
        if apdu.as_ref().is_some_and(|apdu| secured(apdu.cla)) {
            return Err(Failure::Failed(format!(
                "message {number}: what is masked here went under secure messaging, and only a trace made with \
                 --show-secrets can be replayed from here on"
            )));
        }
        let instruction = apdu.and_then(|apdu| Instruction::decode(&apdu, Offered::Everything).ok());
        let changes_file = matches!(
            instruction,
            Some(Instruction::UpdateBinary(_) | Instruction::UpdateRecord(_) | Instruction::AppendRecord(_))
        );
        // What the card refused is refused again, whatever it was to write.
        if changes_file && done {
            return Err(Failure::Failed(format!(
                "message {number}: the new content of a secret file is masked here, and only a trace made with --show-secrets \
                 can be replayed from here on"
            )));
        }
        let (reference, changes) = match instruction {
            Some(Instruction::Verify(verify)) if done => (verify.file, false),
            Some(Instruction::ChangePin(change)) if done => (change.file, true),
            _ => return Ok(bytes),
        };
        let place = *self.position.lock();
        let id = match reference {
            Reference::Sfi(id) => Some(id),
            Reference::CurrentEf => place.file,
        };
        let application = self
            .applications
            .iter()
            .find(|known| Some(known.aid) == place.application);
        let pin = application.and_then(|application| Some((application, application.file(id?)?)));
        let Some((application, file)) = pin else {
            return Err(Failure::Failed(format!(
                "message {number}: the trace presents a PIN where the card has none"
            )));
        };
        let value = self.pins.value(number, application, file, changes)?;
        if value.len() != masked.len() {
            return Err(Failure::Usage(format!(
                "message {number}: the PIN of {} bytes in the trace ({}) is given with {} bytes",
                masked.len(),
                file.name,
                value.len()
            )));
        }
        bytes[masked].copy_from_slice(&value);
        Ok(bytes)
    }

    fn compare(
        &mut self,
        number: u64,
        command: &[u8],
        recorded: Option<&Octets>,
        given: Option<&[u8]>,
    ) -> Result<(), Failure> {
        let different = |what: String| {
            let meaning = self.narrator.meaning(command);
            Err(Failure::Failed(format!("message {number}: {what}; to {meaning}")))
        };
        let (recorded, given) = match (recorded, given) {
            (None, None) => return Ok(()),
            (None, Some(_)) => return different("the trace has no answer, the card gives one".to_owned()),
            (Some(_), None) => return different("the card does not answer".to_owned()),
            (Some(recorded), Some(given)) => (recorded, given),
        };
        let split = |bytes| {
            ResponseApdu::parse(bytes).map_or((&[][..], StatusWord::UNKNOWN_FAILURE), |r| (r.data, r.status_word))
        };
        let (recorded_data, recorded_sw) = split(recorded.as_bytes());
        let (data, status_word) = split(given);
        if recorded_sw != status_word {
            return different(format!(
                "the trace has {recorded_sw}, the card answers {status_word} ({})",
                status_word.meaning()
            ));
        }
        if recorded_data.len() != data.len() {
            return different(format!(
                "the trace has {} bytes of data, the card answers {}",
                recorded_data.len(),
                data.len()
            ));
        }
        if by_shape(command) {
            self.by_shape += 1;
            return Ok(());
        }
        let masked = recorded.masked();
        let mut both = (0..).zip(recorded_data.iter().zip(data));
        if let Some((at, _)) = both.find(|(at, (recorded, given))| !masked.contains(at) && recorded != given) {
            return different(format!("the data differ at offset {at}"));
        }
        self.masked += u64::from(!masked.is_empty());
        Ok(())
    }
}

/// The current application and EF of the card, as reported by its events.
#[derive(Clone, Default)]
struct Position(Arc<Mutex<Place>>);

#[derive(Clone, Copy, Default)]
struct Place {
    application: Option<Aid>,
    file: Option<FileId>,
}

impl Position {
    fn lock(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn observer(&self, applications: &[Application]) -> Box<dyn Observer + Send> {
        let position = self.clone();
        let first = applications.first().map(|application| application.aid);
        Box::new(move |event: &Event<'_>| {
            let mut place = position.lock();
            match event {
                Event::PowerOn => (place.application, place.file) = (first, None),
                Event::Reset => place.file = None,
                Event::Selected { application, .. } => {
                    (place.application, place.file) = (Some(application.aid), None);
                }
                Event::CurrentFile { file, .. } => place.file = Some(file.id),
                _ => {}
            }
        })
    }
}

/// A PIN with its name, in lower case.
struct NamedPin {
    name: String,
    value: Zeroizing<String>,
}

/// The PINs that were given, and which of a PIN's values is the present one.
struct Pins {
    given: Vec<NamedPin>,
    /// How often each PIN has been changed.
    changes: Vec<(Aid, FileId, usize)>,
}

impl Pins {
    /// # Errors
    /// A name that is none of a PIN of these applications.
    fn new(given: &[GivenPin], applications: &[Application]) -> Result<Self, Failure> {
        let named = |pin: &GivenPin| {
            let (name, value) = pin.parts()?;
            let name = name.to_lowercase();
            Ok(NamedPin { name, value })
        };
        let given: Vec<NamedPin> = given.iter().map(named).collect::<Result<_, Failure>>()?;
        for pin in &given {
            if !pin_files(applications).any(|(application, file)| is_called(application, file, &pin.name)) {
                return Err(Failure::Usage(format!(
                    "the card has no PIN called {:?}; there are {}",
                    pin.name,
                    pins::value_names().join(", ")
                )));
            }
        }
        Ok(Self {
            given,
            changes: Vec::new(),
        })
    }

    /// The present value, or with `changes` the next one, which is the present one from then on.
    fn value(
        &mut self,
        number: u64,
        application: &Application,
        file: &File,
        changes: bool,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let known = self
            .changes
            .iter()
            .position(|(aid, id, _)| (*aid, *id) == (application.aid, file.id));
        let at = known.unwrap_or_else(|| {
            self.changes.push((application.aid, file.id, 0));
            self.changes.len() - 1
        });
        self.changes[at].2 += usize::from(changes);
        let mut values = self.given.iter().filter(|pin| is_called(application, file, &pin.name));
        values
            .nth(self.changes[at].2)
            .map(|pin| Zeroizing::new(pin.value.as_bytes().to_vec()))
            .ok_or_else(|| {
                let what = if changes { "new value" } else { "value" };
                let further = if self.changes[at].2 > 0 { "a further " } else { "" };
                Failure::Usage(format!(
                    "message {number}: the {what} of {} {} ({}) is masked in the trace: give it by {further}--pin \
                     {}=VALUE",
                    application.name,
                    file.id,
                    file.name,
                    option_name(application, file)
                ))
            })
    }
}

fn pin_files(applications: &[Application]) -> impl Iterator<Item = (&Application, &File)> {
    applications.iter().flat_map(|application| {
        let files = application.files.iter();
        files
            .filter(|file| matches!(file.body, Body::Pin(_) | Body::SharedPin(_)))
            .map(move |file| (application, file))
    })
}

/// Whether a PIN is called so: `jpki/001B`, `jpki/sign`, `sign`, or by an older name; `employee/pin` in the free area.
/// `code-a` is 照合番号A in either application.
fn is_called(application: &Application, file: &File, name: &str) -> bool {
    let own = match name.split_once('/') {
        Some((prefix, own)) if prefix.eq_ignore_ascii_case(&application.name) => own,
        Some(_) => return false,
        None => name,
    };
    let by_identifier = own.len() < name.len() && own.eq_ignore_ascii_case(&file.id.to_string());
    let by_name = || {
        CardPin::of(application.aid, file.id)
            .is_some_and(|pin| pin.value_name() == own || CardPin::find(own) == Some(pin))
    };
    // Names in the free area are those of their application.
    let by_file = own.len() < name.len() && own.eq_ignore_ascii_case(&file.name);
    by_identifier || by_file || by_name()
}

/// The name by which `--pin` gives this PIN.
fn option_name(application: &Application, file: &File) -> String {
    match CardPin::of(application.aid, file.id) {
        Some(pin) => pin.value_name().to_owned(),
        None => format!("{}/{}", application.name, file.id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::hanako;

    #[test]
    fn a_pin_is_called_by_its_name_its_older_names_and_its_file() {
        let applications = hanako().applications();
        for (application, file) in pin_files(&applications) {
            let ap = &application.name;
            assert!(is_called(application, file, &format!("{ap}/{}", file.id)));
            assert!(is_called(application, file, &option_name(application, file)));
            let Some(pin) = CardPin::of(application.aid, file.id) else {
                continue;
            };
            for name in pin.aliases.iter().chain([&pin.name, &pin.value_name()]) {
                assert!(is_called(application, file, name), "{name}");
                assert!(is_called(application, file, &format!("{ap}/{name}")), "{ap}/{name}");
                assert!(!is_called(application, file, &format!("other/{name}")), "other/{name}");
            }
        }
        let (application, file) = pin_files(&applications).next().unwrap();
        for other in ["sign", "0018", "code-a@face_info", ""] {
            assert!(!is_called(application, file, other), "{other}");
        }
    }
}
