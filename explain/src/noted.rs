//! What a virtual card decided about a command, kept without words: cheap where the card works, and put into words elsewhere
//! and later.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vmyna_apdu::{Aid, FileId, Text};
use vmyna_card_os::declaration::{Access, Application, Operation, decide};
use vmyna_card_os::rule::{Basis, Certainty, Rule};
use vmyna_card_os::{Event, Observer};

use crate::{access, reasons, rules};

/// One reason of a card, without words.
#[derive(Clone, Debug)]
pub struct Noted(What);

#[derive(Clone, Debug)]
enum What {
    Selected {
        aid: Aid,
        again: bool,
    },
    Access {
        aid: Aid,
        object: Object,
        operation: Operation,
        verified: Box<[FileId]>,
    },
    SecurityStatus {
        aid: Aid,
        pin: FileId,
        verified: bool,
    },
    Rule(&'static Rule),
    /// One that comes rarely, in words.
    Said(Text),
}

/// The object of a decision.
#[derive(Clone, Copy, Debug)]
enum Object {
    File(FileId),
    /// A data object by its tag.
    Data(u16),
}

/// A reason in words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reason {
    /// What was decided, without its certainty and source.
    pub text: Text,
    /// The rule that decided, if one of the card's rules did, like `access.denied`.
    pub rule: Option<&'static str>,
    /// How certain it is that the real card does the same; `None` for a fact that needs no source.
    pub certainty: Option<Certainty>,
    /// Where it is known from. It is not translated.
    pub source: Option<String>,
}

impl Noted {
    /// The reason in an event; `None` for an event without one.
    #[must_use]
    pub fn of(event: &Event<'_>) -> Option<Self> {
        Some(Self(match event {
            Event::Selected { application, again } => What::Selected {
                aid: application.aid,
                again: *again,
            },
            Event::Access {
                application,
                object: (Some(id), name),
                verdict,
                ..
            } => What::Access {
                aid: application.aid,
                // A data object's tag may be a file's identifier as well; the name distinguishes them.
                object: match application.file(FileId::new(*id)).filter(|file| file.name == *name) {
                    Some(file) => Object::File(file.id),
                    None => Object::Data(*id),
                },
                operation: verdict.operation,
                verified: verdict.verified.into(),
            },
            Event::SecurityStatus {
                application,
                pin,
                verified,
            } => What::SecurityStatus {
                aid: application.aid,
                pin: *pin,
                verified: *verified,
            },
            Event::Rule(rule) | Event::Answer { rule: Some(rule), .. } => What::Rule(rule),
            other => What::Said(reasons::reason(other)?),
        }))
    }

    /// The name of the file or data object about which access was decided, for a card with these applications. It is what a
    /// command to the current EF is about.
    #[must_use]
    pub fn object(&self, applications: &[Application]) -> Option<Text> {
        let What::Access { aid, object, .. } = &self.0 else {
            return None;
        };
        let application = applications.iter().find(|one| one.aid == *aid)?;
        let (id, name, ..) = find(application, *object)?;
        Some(Text {
            en: name.to_owned(),
            ja: access::title_of(application, Some(id), name).to_owned(),
        })
    }

    /// The reason in words, for a card with these applications. `None` if they are not the card's.
    #[must_use]
    pub fn say(&self, applications: &[Application]) -> Option<Reason> {
        let application = |aid: &Aid| applications.iter().find(|one| one.aid == *aid);
        match &self.0 {
            What::Selected { aid, again } => plain(&Event::Selected {
                application: application(aid)?,
                again: *again,
            }),
            What::SecurityStatus { aid, pin, verified } => plain(&Event::SecurityStatus {
                application: application(aid)?,
                pin: *pin,
                verified: *verified,
            }),
            What::Access {
                aid,
                object,
                operation,
                verified,
            } => {
                let application = application(aid)?;
                let (id, name, declared, basis) = find(application, *object)?;
                let verdict = decide(declared, *operation, verified);
                let text = reasons::access(application, (Some(id), name), &verdict);
                Some(based(text, None, basis.certainty, &basis.source))
            }
            What::Rule(rule) => {
                let text = rules::text(rule);
                Some(based(text, Some(rule.id), rule.certainty, rule.source))
            }
            What::Said(text) => Some(Reason {
                text: text.clone(),
                rule: None,
                certainty: None,
                source: None,
            }),
        }
    }
}

fn plain(event: &Event<'_>) -> Option<Reason> {
    let text = reasons::reason(event)?;
    Noted(What::Said(text)).say(&[])
}

fn based(text: Text, rule: Option<&'static str>, certainty: Certainty, source: &str) -> Reason {
    Reason {
        text,
        rule,
        certainty: Some(certainty),
        source: Some(source.to_owned()),
    }
}

/// Identifier, name, access conditions and basis of an object.
fn find(application: &Application, object: Object) -> Option<(u16, &str, &Access, &Basis)> {
    match object {
        Object::File(id) => {
            let file = application.file(id)?;
            Some((id.value(), &file.name, &file.access, &file.basis))
        }
        Object::Data(tag) => {
            let object = application.data_objects.iter().find(|object| object.tag == tag)?;
            Some((tag, &object.name, &object.access, &object.basis))
        }
    }
}

/// The reasons that a virtual card has given for its last command. A clone shares them.
#[derive(Clone, Debug, Default)]
pub struct NotedReasons(Arc<Mutex<Vec<Noted>>>);

impl NotedReasons {
    /// An observer for a card. Each command forgets the reasons of the one before, so that there are never many.
    #[must_use]
    pub fn observer(&self) -> Box<dyn Observer + Send> {
        let noted = self.clone();
        Box::new(move |event: &Event<'_>| {
            if let Event::Command { .. } = event {
                noted.lock().clear();
            } else if let Some(one) = Noted::of(event) {
                noted.lock().push(one);
            }
        })
    }

    /// Takes the reasons out, in the order in which the card gave them.
    #[must_use]
    pub fn take(&self) -> Vec<Noted> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Noted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reasons;
    use crate::specimen::hanako;
    use rand_core::OsRng;
    use vmyna_apdu::hex;
    use vmyna_card_os::state::MemoryStore;

    /// What both kinds of observers say of the same commands: the words later are those at once, with the certainty and source
    /// that those have in them.
    #[test]
    fn a_reason_in_words_later_is_the_one_in_words_at_once() {
        let issued = hanako();
        let mut card = issued.card(Box::<MemoryStore>::default(), Box::new(OsRng)).unwrap();
        let (at_once, later) = (Reasons::default(), NotedReasons::default());
        let mut observers = [at_once.observer(), later.observer()];
        card.observe(Box::new(move |event: &Event<'_>| {
            observers.iter_mut().for_each(|observer| observer.event(event));
        }));
        card.power_on();
        let applications = issued.applications();
        let (mut seen, mut based) = (0, 0);
        for command in [
            "00A4040C0AD392F000260100000001",
            "00A4040C0AD392F000260100000001",
            "00B0810000",
            "00B08A0000",
            "0020009804 30303030",
            "0020009804 31323334",
            "802A009733 3031300D060960864801650304020105000420 5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A 00",
            "00A4",
            "00C1000010",
            "00A4040C0AD392F000260100000003",
            "80CA5F5100",
            "00CA5F5100",
        ] {
            let _ = at_once.take();
            let command = hex::decode(command).unwrap();
            card.transmit(&command, &mut Vec::new()).unwrap();
            let (said, noted) = (at_once.take(), later.take());
            assert_eq!(said.len(), noted.len(), "{command:02X?}");
            for (said, noted) in said.iter().zip(noted) {
                let reason = noted.say(&applications).unwrap();
                seen += 1;
                let Some(certainty) = reason.certainty else {
                    assert_eq!(reason.text, *said);
                    continue;
                };
                based += 1;
                let source = reason.source.unwrap();
                for part in [&reason.text.en, &certainty.to_string(), &source] {
                    assert!(said.en.contains(part), "{part} in {}", said.en);
                }
                for part in [&reason.text.ja, access::certainty(certainty), &source] {
                    assert!(said.ja.contains(part), "{part} in {}", said.ja);
                }
                if let Some(rule) = reason.rule {
                    assert!(said.en.contains(rule), "{rule} in {}", said.en);
                }
            }
        }
        assert!(seen > 20 && based > 10 && based < seen, "{seen} {based}");
    }

    #[test]
    fn a_decision_names_the_file_that_a_command_to_the_current_ef_is_about() {
        let issued = hanako();
        let mut card = issued.card(Box::<MemoryStore>::default(), Box::new(OsRng)).unwrap();
        let later = NotedReasons::default();
        card.observe(later.observer());
        card.power_on();
        let applications = issued.applications();
        let mut named = Vec::new();
        for command in ["00A4040C0AD392F000260100000001", "00A4020C020018", "00200080"] {
            card.transmit(&hex::decode(command).unwrap(), &mut Vec::new()).unwrap();
            let noted = later.take();
            named.extend(noted.iter().filter_map(|one| one.object(&applications)));
        }
        assert_eq!(named.len(), 1);
        assert_eq!((&*named[0].en, &*named[0].ja), ("auth PIN", "利用者証明用暗証番号"));
    }

    #[test]
    fn reasons_of_an_earlier_command_are_forgotten() {
        let issued = hanako();
        let mut card = issued.card(Box::<MemoryStore>::default(), Box::new(OsRng)).unwrap();
        let later = NotedReasons::default();
        card.observe(later.observer());
        card.power_on();
        for _ in 0..100 {
            card.transmit(&[0x00, 0xC1, 0x00, 0x00], &mut Vec::new()).unwrap();
        }
        assert_eq!(later.take().len(), 1);
        // Of another card nothing is known.
        card.transmit(&[0x00, 0xA4, 0x04, 0x0C, 0x01, 0xD3], &mut Vec::new())
            .unwrap();
        let noted = later.take();
        assert!(!noted.is_empty() && noted.iter().any(|one| one.say(&[]).is_none()));
    }
}
