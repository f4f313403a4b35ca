//! Specimen cards as subjects of the suite.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test program uses its own part of this module"
)]

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use std::path::Path;

use vmyna_apdu::{Icc, Reader, ReaderError};
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::{PhoneKind, PinAtIssue, Profile, specimen};
use vmyna_card_os::declaration::{Application, Body};
use vmyna_card_os::state::{MemoryStore, Store};
use vmyna_card_os::{Card, Parts};
use vmyna_conformance::pins::{self, Place, Values};
use vmyna_conformance::report::{Outcome, Report};
use vmyna_conformance::run::{Make, Permissions, Subject, examine, run};
use vmyna_conformance::suite::Suite;
use vmyna_issuance::application_file::ApplicationFile;
use vmyna_reader_bridge::{ContactlessReader, SoftwareReader};

pub const EVERYTHING: Permissions = Permissions::EVERYTHING;

/// A specimen as a card of this profile.
pub fn specimen(name: &str, profile: Profile) -> IssuedCard {
    specimen::find(name).unwrap().unwrap().with_profile(profile)
}

/// The token of a phone with the certificates and PINs of a specimen.
pub fn phone(name: &str, kind: PhoneKind) -> IssuedCard {
    let card = specimen::find(name).unwrap().unwrap();
    IssuedCard::of_phone(card.name, Profile::phone(kind), card.summary, card.jpki, None)
}

/// A specimen with these applications in its free area: the suite's own, and the published ones that ship.
pub fn with_free_area(name: &str, profile: Profile) -> IssuedCard {
    let card = specimen(name, profile);
    let mut free = Vec::new();
    for path in [
        "../test-vectors/conformance/application.ap.toml",
        "../applications/driving-licence/driving-licence.ap.toml",
        "../applications/residence/residence.ap.toml",
    ] {
        let file = ApplicationFile::read(Path::new(path)).unwrap();
        free.extend(file.make(&card, &mut ChaCha20Rng::seed_from_u64(1)).unwrap());
    }
    card.with_free_applications(free).unwrap()
}

/// A specimen as a card without PINs (顔認証マイナンバーカード): the PINs unset, no certificate to sign.
pub fn without_pins(name: &str, profile: Profile) -> IssuedCard {
    let mut issued = specimen(name, profile);
    issued.jpki.auth_pin = PinAtIssue::unset();
    issued.jpki.sign_pin = PinAtIssue::unset();
    issued.jpki.sign = None;
    issued.input_assist.as_mut().unwrap().pin = PinAtIssue::unset();
    issued.residence_code.as_mut().unwrap().pin = PinAtIssue::unset();
    issued.card_info.as_mut().unwrap().pin = PinAtIssue::unset();
    issued
}

/// A card without power, its state in this store.
pub fn card(applications: &[Application], atr: &[u8], store: Box<dyn Store + Send>) -> Card {
    Card::new(Parts::new(applications, atr, Box::new(ChaCha20Rng::from_entropy())).with_store(store)).unwrap()
}

/// The values of a card's PINs.
pub fn values(applications: &[Application]) -> Values {
    let mut values = Values::default();
    for place in Place::all() {
        let mut has = applications.iter();
        // An application in the free area may be lacking, and a phone has one with PINs.
        let Some(application) = has.find(|one| one.aid.as_bytes() == place.application.aid()) else {
            assert!(pins::Application::LOADED.contains(&place.application) || applications.len() == 2);
            continue;
        };
        let file = application
            .files
            .iter()
            .find(|file| file.id.value() == u16::from(place.ef))
            .unwrap();
        let Body::Pin(pin) = &file.body else {
            panic!("{place} is no PIN")
        };
        // A PIN that was left unset has none.
        let Some(value) = &pin.value else { continue };
        let value = String::from_utf8(value.as_bytes().to_vec()).unwrap();
        values.insert(place.pin, value.into()).unwrap();
    }
    values
}

/// Puts a card into a software reader, behind a contactless one where its profile has that.
pub fn reader(card: impl Icc + Send + 'static, profile: &Profile) -> Result<Box<dyn Reader>, ReaderError> {
    use vmyna_applets::Interface;
    let icc: Box<dyn Icc + Send> = match profile.interface {
        Interface::Contact => Box::new(card),
        Interface::Contactless(type_b) => Box::new(ContactlessReader::new(
            card,
            type_b,
            Box::new(ChaCha20Rng::from_entropy()),
        )),
    };
    let mut reader = SoftwareReader::new("software reader");
    reader.put(icc)?;
    Ok(Box::new(reader))
}

/// The whole suite, or what `words` choose, over a card that is made anew for each vector.
pub fn run_anew(words: &[&str], values: &Values, make: &mut Make<'_>) -> Report {
    let suite = Suite::built_in().unwrap();
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let vectors = suite.select(&words).unwrap();
    let mut subject = Subject::Anew(make);
    let examination = examine(&mut subject).unwrap();
    run(
        &vectors,
        &mut subject,
        "test",
        examination,
        values,
        EVERYTHING,
        &mut |_| {},
    )
}

/// The whole suite over an issued card.
pub fn run_issued(issued: &IssuedCard) -> Report {
    let applications = issued.applications();
    let values = values(&applications);
    run_anew(&[], &values, &mut |_| {
        reader(
            card(&applications, &issued.profile.atr, Box::<MemoryStore>::default()),
            &issued.profile,
        )
    })
}

/// Failures as lines.
pub fn failures(report: &Report) -> String {
    let line = |vector: &vmyna_conformance::report::VectorReport| match &vector.outcome {
        Outcome::Failed { step, what } => format!("{} step {step}: {what}\n", vector.id),
        _ => String::new(),
    };
    report.failures().map(line).collect()
}
