//! The applications of a card's free area as the conformance suite takes them: as data. The suite decides by itself what
//! follows from a condition. Nothing here may ask the card's own decision.

use vmyna_card_os::declaration::{
    Application, Body, Condition, File, KeyAlgorithm, Pin, PublicKey, SecureSession, find_pin,
};
use vmyna_card_os::rule::{self, Basis};
use vmyna_conformance::declared::{self, Algorithm, Declared, Kind};
use vmyna_conformance::hosts::Host;
use vmyna_conformance::vector::Certainty;
use zeroize::Zeroizing;

/// The declared form of these applications, which are among those of the card.
pub(crate) fn declared(applications: &[&Application], of_card: &[Application]) -> Vec<Declared> {
    applications
        .iter()
        .map(|application| one(application, of_card))
        .collect()
}

fn one(application: &Application, of_card: &[Application]) -> Declared {
    let (certainty, source) = basis(&application.basis);
    let parent = application
        .parent
        .and_then(|aid| of_card.iter().find(|one| one.aid == aid));
    Declared {
        name: application.name.to_string(),
        aid: application.aid.as_bytes().to_vec(),
        fci: application.select.fci.as_ref().map(|fci| fci.as_bytes().to_vec()),
        locked: application.select.locked,
        parent: parent.map(|parent| parent.name.to_string()),
        files: application.files.iter().map(|one| file(one, of_card)).collect(),
        default_key: application.default_key.map(|key| key.value()),
        session: match &application.secure_session {
            SecureSession::Offered { condition: on, .. } => Ok(condition(on)),
            SecureSession::Refused(rule) => Err(rule.refusal().status_word.value()),
        },
        answers: application
            .status_words
            .iter()
            .map(|(rule, answer)| (rule.id.to_owned(), answer.value()))
            .collect(),
        certainty,
        source,
    }
}

fn file(file: &File, of_card: &[Application]) -> declared::File {
    let (certainty, source) = basis(&file.basis);
    let access = file.access.iter();
    declared::File {
        id: file.id.value(),
        name: file.name.to_string(),
        kind: kind(file, of_card),
        secret: file.secret,
        access: access
            .map(|(operation, on)| (operation.to_string(), condition(on)))
            .collect(),
        certainty,
        source,
    }
}

fn kind(file: &File, of_card: &[Application]) -> Kind {
    match &file.body {
        Body::Transparent(content) => Kind::Transparent(Zeroizing::new(content.as_bytes().to_vec())),
        Body::Records(records) => {
            let bytes: Vec<_> = records
                .iter()
                .map(|record| Zeroizing::new(record.as_bytes().to_vec()))
                .collect();
            let room = file.record_room();
            Kind::Records(bytes, room.records.into(), room.length.into())
        }
        Body::Pin(of_file) => Kind::Pin(pin(of_file)),
        Body::SharedPin(owner) => match find_pin(of_card, *owner) {
            Some((_, of_owner)) => Kind::Pin(pin(of_owner)),
            // The check of the set refuses it.
            None => Kind::Reserved,
        },
        Body::PrivateKey(key) => match key.algorithm() {
            Some(of_key) => Kind::PrivateKey(algorithm(of_key)),
            // No declaration file has such a key.
            None => Kind::Reserved,
        },
        Body::HostKey(key) => match key.algorithm() {
            Some(of_key) => Kind::HostKey(algorithm(of_key), host_with(key.as_spki_der())),
            // The check of the declaration refuses it.
            None => Kind::Reserved,
        },
        Body::GeneratedKey(of_key) => Kind::GeneratedKey(algorithm(*of_key)),
        Body::CertificateKey(_) => Kind::CertificateKey,
        Body::Reserved => Kind::Reserved,
    }
}

const fn algorithm(of_key: KeyAlgorithm) -> Algorithm {
    match of_key {
        KeyAlgorithm::Rsa2048 => Algorithm::Rsa(256),
        KeyAlgorithm::Rsa3072 => Algorithm::Rsa(384),
        KeyAlgorithm::P256 => Algorithm::Curve(32),
        KeyAlgorithm::P384 => Algorithm::Curve(48),
    }
}

/// The suite's own host with this public key.
fn host_with(der: &[u8]) -> Option<Host> {
    let has = |host: &Host| host.public_key().is_ok_and(|key| key == der);
    Host::ALL.into_iter().find(has)
}

/// The application with hosts of the suite in place of its own, each with a key of the same kind. Only so can vectors
/// authenticate them, because the private keys of the declared hosts are not known.
pub(crate) fn with_hosts_of_suite(mut application: Application) -> Application {
    for file in &mut application.files {
        let Body::HostKey(key) = &file.body else { continue };
        let host = match key.algorithm() {
            Some(KeyAlgorithm::Rsa2048) => Host::Rsa2048,
            Some(KeyAlgorithm::P256) => Host::P256,
            Some(KeyAlgorithm::P384) => Host::P384,
            // The suite has no host of another kind.
            Some(KeyAlgorithm::Rsa3072) | None => continue,
        };
        if let Ok(key) = host.public_key() {
            file.body = Body::HostKey(PublicKey::from_spki_der(&key));
        }
    }
    application
}

fn pin(pin: &Pin) -> declared::Pin {
    declared::Pin {
        value: pin
            .value
            .as_ref()
            .map(|value| Zeroizing::new(value.as_bytes().to_vec())),
        tries: pin.max_tries,
        left: pin.tries_at_issue,
        length: (pin.format.min, pin.format.max),
    }
}

fn condition(of_file: &Condition) -> declared::Condition {
    let all = |parts: &[Condition]| parts.iter().map(condition).collect();
    match of_file {
        Condition::Always => declared::Condition::Always,
        Condition::Never => declared::Condition::Never,
        Condition::Unsuited => declared::Condition::Unsuited,
        Condition::Verified(pin) => declared::Condition::Verified(pin.value()),
        Condition::AnyOf(parts) => declared::Condition::AnyOf(all(parts)),
        Condition::AllOf(parts) => declared::Condition::AllOf(all(parts)),
    }
}

fn basis(basis: &Basis) -> (Certainty, String) {
    let certainty = match basis.certainty {
        rule::Certainty::Measured => Certainty::Measured,
        rule::Certainty::Documented => Certainty::Documented,
        rule::Certainty::Client => Certainty::Client,
        rule::Certainty::Assumed => Certainty::Assumed,
    };
    (certainty, basis.source.to_string())
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;
    use vmyna_apdu::{Aid, FileId, Reader};
    use vmyna_applets::specimen;
    use vmyna_card_os::declaration::{Access, CertificateKey, Format, Operation, ReferenceData};
    use vmyna_card_os::{Card, Parts};
    use vmyna_conformance::pins::Values;
    use vmyna_conformance::report::{Outcome, Report};
    use vmyna_conformance::run::{Permissions, Subject, examine, run};
    use vmyna_conformance::suite::Suite;
    use vmyna_reader_bridge::SoftwareReader;

    use super::*;

    fn basis() -> Basis {
        Basis::new(rule::Certainty::Assumed, "an invention of this test")
    }

    fn file_of(id: u16, name: &'static str, body: Body, access: Access) -> File {
        File::new(FileId::new(id), name, "", body, access, basis())
    }

    fn verified(id: u16) -> Condition {
        Condition::Verified(FileId::new(id))
    }

    /// An application with each kind of file that the card's own have.
    fn invention() -> Application {
        let digits = Pin::new(ReferenceData::new(b"7391"), Format::digits(4), 3);
        let to_try = Access::NONE.with(Operation::Verify, Condition::Always);
        let nested = Condition::AnyOf(vec![
            verified(0x11),
            Condition::AllOf(vec![verified(0x12), verified(0x20)]),
        ]);
        let key = specimen("hanako").input_assist.unwrap().authentication_key;
        let files = vec![
            file_of(
                1,
                "free",
                Body::Transparent(vec![0x54; 3].into()),
                Access::read(Condition::Always),
            ),
            file_of(
                2,
                "photo",
                Body::Transparent(vec![0xB7; 300].into()),
                Access::read(nested.clone()),
            )
            .secret(),
            file_of(
                3,
                "closed",
                Body::Transparent(vec![1].into()),
                Access::read(Condition::Never),
            ),
            file_of(
                0x2F10,
                "empty",
                Body::Transparent(Vec::new().into()),
                Access::read(Condition::Always),
            ),
            file_of(
                4,
                "journal",
                Body::Records(vec![vec![0xC1, 1, 7].into(), vec![0xC1, 0].into()]),
                Access::read(nested),
            ),
            file_of(
                0x11,
                "pin",
                Body::Pin(digits.clone()),
                to_try.clone().with(Operation::ChangeReferenceData, verified(0x11)),
            ),
            file_of(0x12, "code", Body::Pin(digits.clone()), to_try.clone()),
            file_of(
                0x20,
                "far",
                Body::Pin(digits),
                to_try.clone().with(Operation::ChangeKey, verified(0x12)),
            ),
            file_of(0x13, "unset", Body::Pin(Pin::unset(Format::digits(4), 5)), to_try),
            file_of(
                0x17,
                "sign",
                Body::PrivateKey(key),
                Access::NONE
                    .with(Operation::ComputeSignature, verified(0x11))
                    .with(Operation::InternalAuthenticate, Condition::Unsuited),
            ),
            file_of(
                0x1A,
                "authority",
                Body::CertificateKey(CertificateKey {
                    key_id: [7; 16],
                    modulus: vec![0xC5; 256],
                    exponent: vec![1, 0, 1],
                }),
                Access::NONE.with(Operation::VerifyCertificate, Condition::Always),
            ),
            file_of(0x1E, "unknown", Body::Reserved, Access::NONE),
        ];
        Application::new(
            Aid::new(&[0xF0, 0x54, 0x45, 0x53, 0x54, 1]).unwrap(),
            "invention",
            "発明AP",
            basis(),
        )
        .with_files(files)
        .with_default_key(FileId::new(0x17))
    }

    fn specimen(name: &str) -> vmyna_applets::issued::IssuedCard {
        specimen::find(name).unwrap().unwrap()
    }

    /// A card with its own applications and these, without power.
    fn card(free: &[Application]) -> Card {
        let issued = specimen("hanako");
        let all = [issued.applications(), free.to_vec()].concat();
        Card::new(Parts::new(
            all,
            issued.profile.atr,
            Box::new(ChaCha20Rng::seed_from_u64(1)),
        ))
        .unwrap()
    }

    /// The vectors that follow from `stated`, put to a card that has `real`.
    fn judge(stated: &[Application], real: &[Application]) -> Report {
        let of_card = [specimen("hanako").applications(), stated.to_vec()].concat();
        let suite = Suite::of_declared(&declared(&stated.iter().collect::<Vec<_>>(), &of_card), []).unwrap();
        let vectors: Vec<_> = suite.vectors.iter().collect();
        let mut make = |_: &str| {
            let mut reader = SoftwareReader::new("test");
            reader.put(Box::new(card(real)))?;
            Ok(Box::new(reader) as Box<dyn Reader>)
        };
        let mut subject = Subject::Anew(&mut make);
        let examination = examine(&mut subject).unwrap();
        let (values, all) = (Values::default(), Permissions::EVERYTHING);
        run(&vectors, &mut subject, "test", examination, &values, all, &mut |_| {})
    }

    fn failures(report: &Report) -> Vec<String> {
        let line = |vector: &vmyna_conformance::report::VectorReport| match &vector.outcome {
            Outcome::Failed { step, what } => format!("{} step {step}: {what}", vector.id),
            _ => vector.id.clone(),
        };
        report.failures().map(line).collect()
    }

    #[test]
    fn a_card_with_the_declared_application_passes_all_derived_vectors() {
        let report = judge(&[invention()], &[invention()]);
        assert_eq!(failures(&report), [""; 0]);
        assert_eq!(report.count().skipped, 0);
        println!("counted: derived vectors: {}", report.vectors.len());
        assert!(report.vectors.len() > 200, "{}", report.vectors.len());
    }

    fn of(application: &mut Application, id: u16) -> &mut File {
        application.files.iter_mut().find(|file| file.id.value() == id).unwrap()
    }

    fn open(application: &mut Application, id: u16, operation: Operation, condition: Condition) {
        let access = of(application, id).access.clone();
        of(application, id).access = access.with(operation, condition);
    }

    /// Cards that are not as declared: what is wrong, how, and a derived vector that finds it.
    type Broken = (&'static str, fn(&mut Application), &'static str);
    const BROKEN: &[Broken] = &[
        (
            "a PIN alone opens what needs two",
            |card| open(card, 2, Operation::Read, verified(0x12)),
            "invention.0002.read.code",
        ),
        (
            "nothing opens it",
            |card| open(card, 2, Operation::Read, Condition::Never),
            "invention.0002.read.code-and-far",
        ),
        (
            "a closed file is free",
            |card| open(card, 3, Operation::Read, Condition::Always),
            "invention.0003.read.none",
        ),
        (
            "a file has another byte",
            |card| of(card, 2).body = Body::Transparent(vec![0xB6; 300].into()),
            "invention.0002.read.pin",
        ),
        (
            "a record is missing",
            |card| of(card, 4).body = Body::Records(vec![vec![0xC1, 1, 7].into()]),
            "invention.0004.read.pin",
        ),
        (
            "a key signs for nobody in particular",
            |card| open(card, 0x17, Operation::ComputeSignature, Condition::Always),
            "invention.0017.compute-signature.none",
        ),
        (
            "a key is for another use",
            |card| open(card, 0x17, Operation::InternalAuthenticate, Condition::Always),
            "invention.0017.internal-authenticate.none",
        ),
        (
            "the default key is none",
            |card| card.default_key = None,
            "invention.default-key.pin",
        ),
        (
            "a PIN can be changed without it",
            |card| open(card, 0x11, Operation::ChangeReferenceData, Condition::Always),
            "invention.0011.change-reference-data.none",
        ),
        (
            "a PIN has one try more",
            |card| {
                let Body::Pin(pin) = &mut of(card, 0x12).body else {
                    unreachable!()
                };
                (pin.max_tries, pin.tries_at_issue) = (Some(4), 4);
            },
            "invention.0012.counter",
        ),
        (
            "a PIN never ends",
            |card| {
                let Body::Pin(pin) = &mut of(card, 0x12).body else {
                    unreachable!()
                };
                pin.max_tries = None;
            },
            "invention.0012.blocks",
        ),
        (
            "an unset PIN is set",
            |card| {
                of(card, 0x13).body = Body::Pin(Pin::new(ReferenceData::new(b"1234"), Format::digits(4), 5));
            },
            "invention.0013.unset",
        ),
        (
            "there is one more file",
            |card| {
                let more = file_of(9, "more", Body::Reserved, Access::NONE);
                card.files.push(more);
            },
            "invention.absent",
        ),
        (
            "an unknown file can be read",
            |card| {
                of(card, 0x1E).body = Body::Transparent(vec![1].into());
                open(card, 0x1E, Operation::Read, Condition::Always);
            },
            "invention.001e.others.none",
        ),
        (
            "a session can be opened",
            |card| {
                let key = specimen("hanako").input_assist.unwrap().session_key;
                card.secure_session = SecureSession::Offered {
                    key,
                    condition: Condition::Always,
                    basis: basis(),
                };
            },
            "invention.session.none",
        ),
    ];

    #[test]
    fn a_card_that_is_not_as_declared_fails_a_vector() {
        let mut missed = Vec::new();
        for (what, alter, expected) in BROKEN {
            let mut other = invention();
            alter(&mut other);
            let report = judge(&[invention()], &[other]);
            if !report.failures().any(|vector| vector.id == *expected) {
                missed.push(format!("{what}: not {expected} but {:?}", failures(&report)));
            }
        }
        println!(
            "counted: cards that are not as declared: {} of {} found",
            BROKEN.len() - missed.len(),
            BROKEN.len()
        );
        assert!(missed.is_empty(), "{}", missed.join("\n"));
    }

    #[test]
    fn no_report_shows_a_pin_or_a_secret_file() {
        let mut report = judge(&[invention()], &[invention()]);
        // The digits of a time may be those of a PIN.
        report.milliseconds = 0;
        report.vectors.iter_mut().for_each(|vector| vector.microseconds = 0);
        let text = report.to_json().unwrap();
        for hidden in ["37333931", "7391", "B7B7", "4848"] {
            assert!(!text.contains(hidden), "{hidden}");
        }
    }
}
