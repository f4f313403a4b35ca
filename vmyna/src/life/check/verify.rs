//! What a verifier finds about the certificates that a person's card and phone have now.

use std::collections::BTreeSet;

use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::verifier::compare::Claims;
use vmyna_authority::verifier::report::{Report, Verdict};
use vmyna_authority::verifier::revocation::Sources;
use vmyna_authority::verifier::{self, Settings};

use super::super::error::LifeError;
use super::super::model::{Held, PersonModel};
use super::super::play::serial;
use super::lists::OfMunicipalities;
use super::{Scene, words_of};

/// The steps that must find the certificate invalid.
fn expected(scene: &Scene<'_>, held: &Held) -> BTreeSet<&'static str> {
    let mut steps = BTreeSet::new();
    if held.revocation.is_some() {
        steps.extend(["revocation.register", "revocation.crl"]);
    }
    if !(held.validity.0..=held.validity.1).contains(&scene.at) {
        steps.insert("certificate.validity");
    }
    let issuer = held.identity.map(|(issuer, _)| issuer);
    let authority = scene.authorities.iter().find(|(id, _)| Some(*id) == issuer);
    if authority.is_some_and(|(_, authority)| authority.end() < scene.at) {
        steps.insert("issuer.validity");
    }
    steps
}

/// Verifies certificates that a person's tokens gave, and compares the findings. Returns how many there were.
pub(super) fn check(
    scene: &Scene<'_>,
    person: &PersonModel,
    certificates: &[(&Held, Vec<u8>)],
    register: &SqliteRegister,
    lists: &OfMunicipalities,
) -> Result<usize, LifeError> {
    let mut settings = settings(scene, register);
    for (held, der) in certificates {
        let list = held
            .identity
            .and_then(|(issuer, _)| lists.get(&(issuer, held.municipality.code.to_string())));
        settings.revocation.lists = list.cloned().into_iter().collect();
        let report = verifier::certificate(der, "certificate", &settings, &mut Claims::default());
        compare(scene, person, held, &report)?;
    }
    Ok(certificates.len())
}

/// A verifier who trusts the story's authorities and asks their register.
pub(super) fn settings<'r>(scene: &Scene<'_>, register: &'r SqliteRegister) -> Settings<'r> {
    Settings {
        trust: scene.trust.clone(),
        at: scene.at,
        clock: scene.at,
        purpose: None,
        form: None,
        revocation: Sources {
            registers: vec![register],
            ..Sources::default()
        },
        nonce: [0; 32],
    }
}

fn compare(scene: &Scene<'_>, person: &PersonModel, held: &Held, report: &Report) -> Result<(), LifeError> {
    let service = || format!("the verifier about {} ({})", serial(held.identity), words_of(held));
    let of = |verdict| report.steps.iter().filter(move |step| step.verdict == verdict);
    if let Some(step) = of(Verdict::NotVerified).next() {
        let shown = ("verified".to_owned(), format!("{}: {}", step.id, step.reason));
        return Err(scene.disagreement(&person.name, service(), shown));
    }
    let invalid: BTreeSet<&str> = of(Verdict::Invalid).map(|step| step.id).collect();
    let expected = expected(scene, held);
    if invalid == expected {
        return Ok(());
    }
    let words = |steps: &BTreeSet<&str>| match steps.is_empty() {
        true => "valid".to_owned(),
        false => format!("invalid by {steps:?}"),
    };
    Err(scene.disagreement(&person.name, service(), (words(&expected), words(&invalid))))
}
