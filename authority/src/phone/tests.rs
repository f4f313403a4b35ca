//! Hanako's card at a phone. It is issued by the built-in authorities on 2026-11-01, and its certificates end with 2031-10-25
//! (Japan).

use std::process::Command;
use std::sync::LazyLock;

use der::{DateTime, Decode as _};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use vmyna_applets::card_os::Card;
use vmyna_applets::card_os::state::MemoryStore;
use vmyna_applets::specimen;
use vmyna_issuance::characters::Substitutes;
use x509_cert::Certificate as X509;

use super::application::Received;
use super::issue::{check_application, name_of_phone};
use super::*;
use crate::counter::{PhonePolicy, Standing};
use crate::register::sqlite::SqliteRegister;
use crate::register::{CardId, Revocation, Withdrawal};
use crate::register::{Certificate, Register as _};

const DAY: &str = "2027-04-01T03:00:00Z";

/// Keys for the phones of all tests.
static KEYS: LazyLock<PhoneKeys> = LazyLock::new(|| PhoneKeys::new(&desk(), &mut rng()).unwrap());

fn specimen_card(name: &str) -> IssuedCard {
    specimen::find(name).unwrap().unwrap()
}

fn hanako() -> IssuedCard {
    specimen_card("hanako")
}

fn desk() -> Desk {
    Desk::new(vmyna_issuance::specimen::authorities().unwrap())
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([7; 32])
}

fn date(text: &str) -> DateTime {
    text.parse().unwrap()
}

fn icc(card: &IssuedCard) -> Card {
    card.card(Box::<MemoryStore>::default(), Box::new(rng())).unwrap()
}

/// An application as a phone makes it, at this time, by this card.
fn application(by: &IssuedCard, kind: PhoneKind, at: &str) -> Vec<u8> {
    let (sign, auth) = (KEYS.sign.public.clone(), KEYS.auth.public.clone());
    let application = Application::new(kind, date(at), sign, auth);
    let message = application.to_be_signed().unwrap();
    let by = hold(&mut icc(by), b"ABC123", &mut || Ok(message.clone())).unwrap();
    application.signed(&by).unwrap()
}

/// A register with the certificates of this card.
fn register(card: &IssuedCard) -> SqliteRegister {
    let mut register = SqliteRegister::in_memory().unwrap();
    register.record(&Certificate::of_card(card).unwrap()).unwrap();
    register
}

/// What the authority does with an application.
fn answered(
    card: &IssuedCard,
    register: &SqliteRegister,
    standing: Standing,
    now: &str,
    application: &[u8],
) -> Result<Outcome, PhoneError> {
    let visit = Visit {
        card,
        id: CardId::of(card),
        standing,
        now: date(now),
        substitutes: &Substitutes::default(),
        phones: PhonePolicy::default(),
    };
    let chosen = PhonePins::default();
    let signer = vmyna_issuance::specimen::mdoc().unwrap();
    let signer = crate::mdoc::signer(&signer, register, visit.now).unwrap();
    let equipment = Equipment {
        keys: &KEYS,
        pins: &chosen,
        signer: Some(&signer),
    };
    issue(&mut desk(), register, &visit, application, equipment, &mut rng())
}

fn phone(kind: PhoneKind) -> (IssuedCard, Outcome) {
    let card = hanako();
    let application = application(&card, kind, DAY);
    let outcome = answered(&card, &register(&card), Standing::default(), DAY, &application).unwrap();
    (outcome.new_card.clone().unwrap(), outcome)
}

/// What openssl prints of a certificate under its authority.
fn openssl(certificate: &[u8], authority: &[u8]) -> String {
    vmyna_testkit::require_program("openssl", "openssl");
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).current_dir(&folder).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    for (name, der) in [("leaf", certificate), ("ca", authority)] {
        std::fs::write(folder.path().join(name), der).unwrap();
        run(&["x509", "-in", name, "-out", &format!("{name}.pem")]);
    }
    // 2027-05-01
    let verified = run(&[
        "verify",
        "-x509_strict",
        "-attime",
        "1809129600",
        "-CAfile",
        "ca.pem",
        "leaf.pem",
    ]);
    verified + &run(&["x509", "-in", "leaf.pem", "-noout", "-text"])
}

#[test]
fn a_phone_has_certificates_of_its_own_under_the_authorities_of_the_card() {
    let card = hanako();
    for kind in PhoneKind::ALL {
        let (phone, outcome) = phone(kind);
        assert_eq!((phone.phone(), phone.name.as_str()), (Some(kind), "hanako-phone"));
        let jpki = &phone.jpki;
        assert_eq!(jpki.sign_ca_certificate, card.jpki.sign_ca_certificate);
        assert_eq!(jpki.auth_ca_certificate, card.jpki.auth_ca_certificate);
        let sign = openssl(&jpki.sign.as_ref().unwrap().certificate, &jpki.sign_ca_certificate);
        let auth = openssl(&jpki.auth.as_ref().unwrap().certificate, &jpki.auth_ca_certificate);
        for (text, policy) in [(&sign, "0.40"), (&auth, "0.30")] {
            assert!(text.contains("leaf.pem: OK"), "{text}");
            assert!(
                text.contains(&format!("Policy: 1.2.392.200149.8.5.1.{policy}\n")),
                "{text}"
            );
            assert!(text.contains("Public-Key: (2048 bit)"), "{text}");
            assert!(text.contains("Not After : Oct 25 14:59:59 2031 GMT"), "{text}");
        }
        assert!(sign.contains("Non Repudiation") && auth.contains("TLS Web Client Authentication"));
        assert_eq!(outcome.enter.len(), 2);
        assert_eq!(phone.mdoc.is_some(), kind == PhoneKind::Iphone);
        assert!(outcome.enter.iter().all(|entry| entry.card.0 == CardId::of(&phone)));
        assert!(outcome.revoke.is_empty() && outcome.withdraw.is_none());
        let pins = [&jpki.auth_pin, &jpki.sign_pin].map(|pin| pin.value.as_ref().unwrap().as_bytes());
        assert_eq!(pins, [&b"1234"[..], b"ABC123"]);
        // The same four attributes as the card's.
        let text = |card: &IssuedCard| {
            let certificate = &card.jpki.sign.as_ref().unwrap().certificate;
            vmyna_issuance::x509::certified_text(certificate).unwrap().unwrap()
        };
        assert_eq!(text(&phone), text(&card));
        let record = phone.to_record().unwrap();
        assert_eq!(IssuedCard::from_record(&record).unwrap().phone(), Some(kind));
    }
}

#[test]
fn a_phone_never_lasts_longer_than_the_certificates_of_the_card() {
    let card = hanako();
    let day = "2031-10-01T00:00:00Z";
    let application = application(&card, PhoneKind::Iphone, day);
    let outcome = answered(&card, &register(&card), Standing::default(), day, &application).unwrap();
    let end = date("2031-10-25T14:59:59Z");
    assert!(outcome.enter.iter().all(|entry| entry.validity == (date(day), end)));
}

#[test]
fn no_changed_application_is_accepted() {
    let card = hanako();
    let register = register(&card);
    let good = application(&card, PhoneKind::Iphone, DAY);
    let mut desk = desk();
    let visit = Visit {
        card: &card,
        id: CardId::of(&card),
        standing: Standing::default(),
        now: date(DAY),
        substitutes: &Substitutes::default(),
        phones: PhonePolicy::default(),
    };
    let mut accepts = |bytes: &[u8]| {
        let received = Received::read(bytes);
        received.is_ok_and(|received| check_application(&mut desk, &register, &visit, &received).is_ok())
    };
    assert!(accepts(&good));
    let changed = (0..good.len()).step_by(3).map(|at| (at, 1 << (at % 8)));
    for (at, bit) in changed {
        let mut bytes = good.clone();
        bytes[at] ^= bit;
        assert!(!accepts(&bytes), "byte {at}");
    }
    for end in [0, 1, good.len() / 2, good.len() - 1] {
        assert!(!accepts(&good[..end]), "{end} bytes");
    }
    assert!(!accepts(&[&good[..], &[0]].concat()));
}

#[test]
fn an_application_that_is_old_early_or_of_another_card_is_refused() {
    let card = hanako();
    let refused = |now: &str, application: &[u8]| {
        let outcome = answered(&card, &register(&card), Standing::default(), now, application);
        outcome.unwrap_err().to_string()
    };
    let at = |at| application(&card, PhoneKind::Iphone, at);
    for (made, now) in [(DAY, "2027-04-01T04:00:01Z"), ("2027-04-01T03:00:01Z", DAY)] {
        let text = refused(now, &at(made));
        assert!(text.contains("it was made at"), "{text}");
    }
    answered(
        &card,
        &register(&card),
        Standing::default(),
        "2027-04-01T04:00:00Z",
        &at(DAY),
    )
    .unwrap();
    // Signed by another card of the same authorities, which the register knows as well.
    let other = specimen_card("heisei");
    let mut both = register(&card);
    both.record(&Certificate::of_card(&other).unwrap()).unwrap();
    let application = application(&other, PhoneKind::Iphone, DAY);
    let text = answered(&card, &both, Standing::default(), DAY, &application).unwrap_err();
    assert!(text.to_string().contains("another card has signed it"), "{text}");
    // A register without the certificate.
    let empty = SqliteRegister::in_memory().unwrap();
    let text = answered(&card, &empty, Standing::default(), DAY, &at(DAY)).unwrap_err();
    assert!(matches!(text, PhoneError::Application(_)), "{text}");
}

#[test]
fn a_card_that_may_not_sign_gets_no_phone() {
    let at = date("2027-01-01T00:00:00Z");
    let revoked = Standing {
        sign: Some(Revocation {
            at,
            reason: Reason::CertificateHold,
        }),
        ..Standing::default()
    };
    let withdrawn = Standing {
        withdrawn: Some(Withdrawal {
            at,
            cause: Cause::Death,
        }),
        ..Standing::default()
    };
    let none = Standing::default();
    let (phone, _) = phone(PhoneKind::Iphone);
    for (card, standing, now, expected) in [
        (hanako(), revoked, DAY, "the sign certificate was revoked at"),
        (hanako(), withdrawn, DAY, "the cardholder died"),
        (hanako(), none, "2031-10-25T15:00:00Z", "the sign certificate ended"),
        (hanako(), none, "2040-01-01T00:00:00Z", "the card ended on 2036-10-25"),
        (hanako(), none, "2020-01-01T00:00:00Z", "it is earlier now"),
        (specimen_card("child"), none, DAY, "the card has no sign certificate"),
        (specimen_card("no-pin"), none, DAY, "the card has no sign certificate"),
        (phone, none, DAY, "this is a phone and no card"),
    ] {
        let visit = Visit {
            card: &card,
            id: CardId::of(&card),
            standing,
            now: date(now),
            substitutes: &Substitutes::default(),
            phones: PhonePolicy::default(),
        };
        let refused = check_card(&mut desk(), &visit).unwrap_err();
        assert!(refused.to_string().contains(expected), "{refused}");
        assert!(!refused.text().ja.is_ascii());
    }
}

#[test]
fn a_register_that_knows_better_than_the_counter_refuses_the_application() {
    let card = hanako();
    let mut register = register(&card);
    let entry = &Certificate::of_card(&card).unwrap()[0];
    let revocation = Revocation {
        at: date("2027-01-01T00:00:00Z"),
        reason: Reason::KeyCompromise,
    };
    register.revoke(entry.issuer, entry.serial, revocation).unwrap();
    let application = application(&card, PhoneKind::Iphone, DAY);
    let refused = answered(&card, &register, Standing::default(), DAY, &application).unwrap_err();
    assert!(refused.to_string().contains("revoked since"), "{refused}");
}

#[test]
fn a_wrong_password_costs_a_try_and_asks_for_no_keys() {
    let mut icc = icc(&hanako());
    let mut never = || -> Result<Vec<u8>, PhoneError> { panic!("the password was wrong") };
    for left in [4, 3, 2, 1, 0] {
        let wrong = hold(&mut icc, b"ABC124", &mut never);
        assert!(matches!(wrong, Err(PhoneError::WrongPassword(tries)) if tries == left));
    }
    assert!(matches!(
        hold(&mut icc, b"ABC123", &mut never),
        Err(PhoneError::Blocked)
    ));
    let mut child = specimen_card("child")
        .card(Box::<MemoryStore>::default(), Box::new(rng()))
        .unwrap();
    assert!(hold(&mut child, b"ABC123", &mut never).is_err());
}

#[test]
fn pins_of_a_phone_follow_the_rules_of_the_counter() {
    let card = hanako();
    let value = |text: &str| Some(ReferenceData::new(text.as_bytes()));
    for (auth, sign, expected) in [
        (value("1989"), None, "year of birth"),
        (value("12345"), None, "four digits"),
        (None, value("abc123"), "lower-case"),
        (None, value("ABCDEF"), "one letter and one digit"),
    ] {
        let refused = check_pins(&card, &PhonePins { auth, sign }).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
    let chosen = PhonePins {
        auth: value("4649"),
        sign: value("PASS12"),
    };
    check_pins(&card, &chosen).unwrap();
    assert!(chosen.unchosen().is_empty());
    let unchosen = PhonePins {
        auth: None,
        ..chosen.clone()
    };
    let unchosen = unchosen.unchosen();
    assert!(matches!(&unchosen[..], [(pin, value)] if pin.name == pins::AUTH.name && value.as_bytes() == b"1234"));
    assert!(!format!("{chosen:?}").contains("4649"));
}

#[test]
fn what_is_removed_is_off_the_phone_and_revoked() {
    let (phone, _) = phone(PhoneKind::Android);
    let removed = |phone: &IssuedCard, standing| {
        let visit = Visit {
            card: phone,
            id: CardId::of(phone),
            standing,
            now: date("2027-05-01T00:00:00Z"),
            substitutes: &Substitutes::default(),
            phones: PhonePolicy::default(),
        };
        remove(&mut desk(), &visit)
    };
    let outcome = removed(&phone, Standing::default()).unwrap();
    let serial = |der: &[u8]| X509::from_der(der).unwrap().tbs_certificate.serial_number;
    let own = [&phone.jpki.sign, &phone.jpki.auth].map(|key| serial(&key.as_ref().unwrap().certificate));
    let revoked: Vec<_> = outcome
        .revoke
        .iter()
        .map(|(_, number, reason)| (x509_cert::serial_number::SerialNumber::from(*number), *reason))
        .collect();
    assert_eq!(revoked, own.map(|own| (own, Reason::CessationOfOperation)));
    let bare = outcome.card.unwrap();
    assert!(bare.jpki.sign.is_none() && bare.jpki.auth.is_none() && bare.mdoc.is_none());
    assert_eq!((outcome.withdraw, outcome.pins.len()), (Some(Cause::Removed), 2));
    let withdrawn = |cause| Standing {
        withdrawn: Some(Withdrawal { at: date(DAY), cause }),
        ..Standing::default()
    };
    // Another phone has replaced it: what is on it still goes.
    let outcome = removed(&phone, withdrawn(Cause::OtherPhone)).unwrap();
    assert!(outcome.card.is_some() && outcome.withdraw.is_none());
    let again = removed(&bare, withdrawn(Cause::Removed));
    assert!(matches!(again, Err(CounterError::Withdrawn(_))));
    assert!(matches!(
        removed(&hanako(), Standing::default()),
        Err(CounterError::NoPhone)
    ));
}

#[test]
fn a_new_mdoc_has_the_data_of_now_and_the_key_of_the_device() {
    let authority = vmyna_issuance::specimen::mdoc().unwrap();
    let now = date("2028-02-01T00:00:00Z");
    let signer = crate::mdoc::signer(&authority, &SqliteRegister::in_memory().unwrap(), now).unwrap();
    let refreshed_by = |phone: &IssuedCard, standing: Standing, card: &IssuedCard| {
        let visit = Visit {
            card: phone,
            id: CardId::of(phone),
            standing,
            now,
            substitutes: &Substitutes::default(),
            phones: PhonePolicy::default(),
        };
        refresh(&mut desk(), &visit, card, &signer, &mut rng())
    };
    let refreshed = |phone: &IssuedCard, card: &IssuedCard| refreshed_by(phone, Standing::default(), card);
    let (iphone, _) = phone(PhoneKind::Iphone);
    let mut card = hanako();
    card.summary.person.address = "東京都千代田区見本町９".to_owned();
    let outcome = refreshed(&iphone, &card).unwrap();
    let new = outcome.card.unwrap();
    assert!(outcome.revoke.is_empty() && outcome.enter.is_empty() && outcome.withdraw.is_none());
    let [before, after] = [&iphone, &new].map(|phone| phone.mdoc.clone().unwrap());
    assert_eq!(before.device_key.as_pkcs8_der(), after.device_key.as_pkcs8_der());
    let has_address = |document: &MobileDocument| {
        let address = card.summary.person.address.as_bytes();
        document
            .issuer_signed
            .windows(address.len())
            .any(|part| part == address)
    };
    assert!(!has_address(&before) && has_address(&after));
    assert_eq!(CardId::of(&new), CardId::of(&iphone));
    let revocation = |reason| Some(Revocation { at: date(DAY), reason });
    let auth = Standing {
        auth: revocation(Reason::KeyCompromise),
        ..Standing::default()
    };
    let refused = refreshed_by(&iphone, auth, &card);
    assert!(matches!(
        refused,
        Err(CounterError::Revoked(Hierarchy::Authentication, _))
    ));
    let sign = |reason| Standing {
        sign: revocation(reason),
        ..Standing::default()
    };
    let refused = refreshed_by(&iphone, sign(Reason::CertificateHold), &card);
    assert!(matches!(refused, Err(CounterError::Revoked(Hierarchy::Signature, _))));
    assert!(refreshed_by(&iphone, sign(Reason::AffiliationChanged), &card).is_ok());
    let mut ended = card.clone();
    ended.summary.expiry = vmyna_applets::calendar::Date::new(2028, 1, 31).unwrap();
    assert!(matches!(refreshed(&iphone, &ended), Err(CounterError::Ended(_))));
    let (android, _) = phone(PhoneKind::Android);
    assert!(matches!(refreshed(&android, &card), Err(CounterError::NoDocument)));
    assert!(matches!(refreshed(&card, &card), Err(CounterError::NoPhone)));
}

#[test]
fn the_name_of_a_phone_is_a_name() {
    let name = |card: &str| name_of_phone(&card.parse().unwrap()).unwrap();
    assert_eq!(name("hanako").as_str(), "hanako-phone");
    let long = "a".repeat(64);
    assert_eq!(name(&long).as_str(), format!("{}-phone", "a".repeat(58)));
}

#[test]
fn a_key_that_did_not_apply_gets_no_certificate() {
    let card = hanako();
    let other = Application::new(
        PhoneKind::Iphone,
        date(DAY),
        KEYS.auth.public.clone(),
        KEYS.sign.public.clone(),
    );
    let message = other.to_be_signed().unwrap();
    let by = hold(&mut icc(&card), b"ABC123", &mut || Ok(message.clone())).unwrap();
    let swapped = other.signed(&by).unwrap();
    let refused = answered(&card, &register(&card), Standing::default(), DAY, &swapped);
    assert!(matches!(refused, Err(PhoneError::Issuance(_))));
    let same = Application::new(
        PhoneKind::Iphone,
        date(DAY),
        KEYS.sign.public.clone(),
        KEYS.sign.public.clone(),
    );
    let message = same.to_be_signed().unwrap();
    let by = hold(&mut icc(&card), b"ABC123", &mut || Ok(message.clone())).unwrap();
    let refused = answered(
        &card,
        &register(&card),
        Standing::default(),
        DAY,
        &same.signed(&by).unwrap(),
    );
    assert!(refused.unwrap_err().to_string().contains("its two keys are one"));
}
