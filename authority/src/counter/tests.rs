//! What each operation changes of a card, and what it refuses. Hanako's card is issued by the built-in authorities on
//! 2026-11-01, she is born on 1989-10-25: her certificates end with 2031-10-25 (Japan), her card with 2036-10-25.

use std::process::Command;

use der::{Decode, Encode};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use vmyna_applets::card_os::declaration::ReferenceData;
use vmyna_applets::cv::CvCertificate;
use vmyna_applets::person::{Municipality, MunicipalityCode};
use vmyna_applets::{pins, specimen};
use vmyna_issuance::{face_data, municipalities, text_data};
use x509_cert::Certificate as X509;

use super::*;
use crate::register::Withdrawal;

fn hanako() -> IssuedCard {
    specimen::find("hanako").unwrap().unwrap()
}

fn desk() -> Desk {
    Desk::new(vmyna_issuance::specimen::authorities().unwrap())
}

fn date(text: &str) -> DateTime {
    text.parse().unwrap()
}

const DAY: &str = "2027-04-01T03:00:00Z";

fn at(card: &IssuedCard, now: &str, standing: Standing, operation: &Operation) -> Result<Outcome, CounterError> {
    let visit = Visit {
        card,
        id: CardId::of(&hanako()),
        standing,
        now: date(now),
        substitutes: &Substitutes::default(),
        phones: PhonePolicy::default(),
    };
    operate(&mut desk(), &visit, operation, &mut ChaCha20Rng::from_seed([5; 32]))
}

fn does(card: &IssuedCard, operation: &Operation) -> Outcome {
    at(card, DAY, Standing::default(), operation).unwrap()
}

fn refuses(card: &IssuedCard, now: &str, operation: &Operation) -> String {
    at(card, now, Standing::default(), operation).unwrap_err().to_string()
}

fn osaka() -> Municipality {
    municipalities::find(MunicipalityCode::from_digits(*b"27127").unwrap()).unwrap()
}

fn move_in() -> Operation {
    Operation::MoveIn("大阪府大阪市北区見本町１".to_owned(), Some(osaka()))
}

fn certificate(key: &Option<vmyna_applets::jpki::CertifiedKey>) -> X509 {
    X509::from_der(&key.as_ref().unwrap().certificate).unwrap()
}

/// The serial number of a certificate on a card.
fn serial(key: &Option<vmyna_applets::jpki::CertifiedKey>) -> u32 {
    crate::register::serial(certificate(key).tbs_certificate.serial_number.as_bytes()).unwrap()
}

fn value(text: &str) -> ReferenceData {
    ReferenceData::new(text.as_bytes())
}

/// Lets openssl verify a certificate under its authority, both as they are on the card.
fn openssl_verifies(card: &IssuedCard) {
    vmyna_testkit::require_program("openssl", "openssl");
    let folder = tempfile::tempdir().unwrap();
    let jpki = &card.jpki;
    for (name, key, authority) in [
        ("sign", &jpki.sign, &jpki.sign_ca_certificate),
        ("auth", &jpki.auth, &jpki.auth_ca_certificate),
    ] {
        let Some(key) = key else { continue };
        let path = |end: &str| folder.path().join(format!("{name}.{end}"));
        std::fs::write(path("cer"), &key.certificate).unwrap();
        std::fs::write(path("ca"), authority).unwrap();
        std::fs::write(path("key"), key.key.as_pkcs8_der()).unwrap();
        let openssl = |arguments: &[&str]| {
            let output = Command::new("openssl")
                .args(arguments)
                .current_dir(&folder)
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{arguments:?}: {text}");
            text
        };
        let (ca, cer, private) = (format!("{name}.ca"), format!("{name}.cer"), format!("{name}.key"));
        openssl(&["x509", "-in", &ca, "-out", "ca.pem"]);
        openssl(&["x509", "-in", &cer, "-out", "leaf.pem"]);
        let time = certificate(&Some(key.clone()))
            .tbs_certificate
            .validity
            .not_before
            .to_unix_duration();
        let time = (time.as_secs() + 60).to_string();
        let verified = openssl(&["verify", "-attime", &time, "-CAfile", "ca.pem", "leaf.pem"]);
        assert!(verified.contains("OK"), "{verified}");
        let public = openssl(&["pkey", "-inform", "DER", "-in", &private, "-pubout"]);
        assert_eq!(public, openssl(&["x509", "-in", "leaf.pem", "-noout", "-pubkey"]));
    }
}

/// What a verifier checks of the signed files: the CV certificates under the roots of the specimens, and the signatures.
fn files_verify(card: &IssuedCard, municipality: &str) {
    use vmyna_applets::card_os::tlv::Tlv;
    use vmyna_applets::rsa::{Pkcs1v15Sign, RsaPublicKey};
    fn object(file: &[u8], tag: u16) -> (Vec<u8>, Vec<u8>) {
        let (outer, _) = Tlv::read(file).unwrap();
        let all = Tlv::read_all(outer.value).unwrap();
        let end = all.iter().position(|one| one.tag == tag).unwrap();
        let mut before = Vec::new();
        for one in &all[..end] {
            one.write(&mut before).unwrap();
        }
        (before, all[end].value.to_vec())
    }
    fn verify(key: &RsaPublicKey, message: &[u8], signature: &[u8]) {
        use sha2::Digest;
        let digest = sha2::Sha256::digest(message);
        key.verify(Pkcs1v15Sign::new::<sha2::Sha256>(), &digest, signature)
            .unwrap();
    }
    for (file, signature, certificate) in [
        (
            &card.input_assist.as_ref().unwrap().data.integrity,
            0xDF33,
            &card.input_assist.as_ref().unwrap().data.certificate,
        ),
        (
            &card.input_assist.as_ref().unwrap().data.signed_key,
            0xDF52,
            &card.input_assist.as_ref().unwrap().data.certificate,
        ),
        (
            &card.face_info.as_ref().unwrap().data.age_record,
            0xDF13,
            &card.face_info.as_ref().unwrap().data.certificate,
        ),
        (
            &card.face_info.as_ref().unwrap().data.my_number_picture,
            0xDF43,
            &card.face_info.as_ref().unwrap().data.certificate,
        ),
    ] {
        let certificate = CvCertificate::from_file(certificate.as_bytes()).unwrap();
        let id = certificate.subject();
        let id = String::from_utf8_lossy(&id.as_bytes()[..7]).into_owned();
        assert!(id.contains(municipality), "{id}");
        let (message, signature) = object(file.as_bytes(), signature);
        verify(&certificate.public_key().unwrap(), &message, &signature);
    }
}

#[test]
fn moving_out_revokes_the_sign_certificate_and_changes_nothing_on_the_card() {
    let card = hanako();
    let outcome = does(&card, &Operation::MoveOut);
    assert_eq!(outcome.revoke.len(), 1);
    let (_, number, reason) = outcome.revoke[0];
    assert_eq!((number, reason), (serial(&card.jpki.sign), Reason::AffiliationChanged));
    assert!(outcome.card.is_none() && outcome.enter.is_empty() && outcome.pins.is_empty());
}

#[test]
fn moving_in_signs_files_and_certificate_for_the_new_address_and_keeps_the_auth_certificate() {
    let card = hanako();
    let outcome = does(&card, &move_in());
    let new = outcome.card.unwrap();
    assert_eq!(
        text_data::name_and_address(&new).unwrap()[1],
        "大阪府大阪市北区見本町１"
    );
    files_verify(&new, "27127");
    openssl_verifies(&new);
    assert_eq!(outcome.revoke[0].2, Reason::AffiliationChanged);
    assert_eq!((outcome.revoke.len(), outcome.enter.len()), (1, 1));
    assert_eq!(outcome.enter[0].replaces.unwrap().1, serial(&card.jpki.sign));
    assert_eq!(outcome.enter[0].municipality, "27127");
    assert_eq!(
        new.jpki.auth.as_ref().unwrap().certificate,
        card.jpki.auth.as_ref().unwrap().certificate
    );
    let printed: Vec<_> = new.summary.printed().collect();
    assert_eq!(printed, ["令和9年4月1日 大阪府大阪市北区見本町１"]);
    let text = vmyna_issuance::x509::certified_text(&new.jpki.sign.as_ref().unwrap().certificate);
    let text = text.unwrap().unwrap();
    assert_eq!(text.address.text, "大阪府大阪市北区見本町１");
    assert_eq!(text.name.text, card.summary.person.name);
    // What the operation is not about stays byte for byte.
    assert_eq!(new.card_data, card.card_data);
    assert_eq!(face_data::photo(&new).unwrap(), face_data::photo(&card).unwrap());
    // After the moving-out notice the old certificate is revoked already: that stays.
    let revoked = Revocation {
        at: date(DAY),
        reason: Reason::AffiliationChanged,
    };
    let standing = Standing {
        sign: Some(revoked),
        ..Standing::default()
    };
    let outcome = at(&card, DAY, standing, &move_in()).unwrap();
    assert!(outcome.revoke.is_empty());
    assert!(outcome.done.contains(&Done::WasRevoked(Hierarchy::Signature, revoked)));
}

#[test]
fn a_new_name_is_in_certificate_files_and_remarks() {
    let card = hanako();
    let outcome = does(
        &card,
        &Operation::Rename("髙山　花子".to_owned(), "タカヤマ　ハナコ".to_owned()),
    );
    let new = outcome.card.unwrap();
    assert_eq!(text_data::name_and_address(&new).unwrap()[0], "髙山　花子");
    let text = vmyna_issuance::x509::certified_text(&new.jpki.sign.as_ref().unwrap().certificate);
    assert_eq!(text.unwrap().unwrap().name.text, "高山　花子");
    assert_eq!(new.summary.printed().collect::<Vec<_>>(), ["令和9年4月1日 髙山　花子"]);
    files_verify(&new, "13101");
    let same = Operation::Rename(card.summary.person.name.clone(), card.summary.person.kana.clone());
    assert!(refuses(&card, DAY, &same).contains("this name already"));
}

#[test]
fn a_name_that_no_certificate_carries_needs_a_substitute() {
    let card = hanako();
    let rename = Operation::Rename("𩸽　花子".to_owned(), "ホッケ".to_owned());
    assert!(refuses(&card, DAY, &rename).contains('𩸽'));
    let mut substitutes = Substitutes::default();
    substitutes.insert("𩸽", "タ").unwrap();
    let visit = Visit {
        card: &card,
        id: CardId::of(&card),
        standing: Standing::default(),
        now: date(DAY),
        substitutes: &substitutes,
        phones: PhonePolicy::default(),
    };
    let outcome = operate(&mut desk(), &visit, &rename, &mut ChaCha20Rng::from_seed([5; 32])).unwrap();
    let renamed = outcome.card.unwrap();
    // A later operation that keeps the name keeps the substitute.
    let outcome = at(&renamed, "2027-05-01T00:00:00Z", Standing::default(), &move_in()).unwrap();
    let text = vmyna_issuance::x509::certified_text(&outcome.card.unwrap().jpki.sign.unwrap().certificate);
    let name = text.unwrap().unwrap().name;
    assert_eq!((name.text.as_str(), name.flags().as_str()), ("タ　花子", "1000"));
}

#[test]
fn certificates_are_renewed_from_three_months_before_their_end_to_the_sixth_birthday() {
    let card = hanako();
    let renew = Operation::Renew(Which::All);
    let end = certificate(&card.jpki.auth)
        .tbs_certificate
        .validity
        .not_after
        .to_date_time();
    assert_eq!(end, date("2031-10-25T14:59:59Z"));
    let early = refuses(&card, "2031-07-24T14:59:59Z", &renew);
    assert!(early.contains("from 2031-07-25"), "{early}");
    let outcome = at(&card, "2031-07-24T15:00:00Z", Standing::default(), &renew).unwrap();
    let new = outcome.card.unwrap();
    openssl_verifies(&new);
    let ends: Vec<_> = outcome.enter.iter().map(|one| one.validity.1.to_string()).collect();
    assert_eq!(ends, ["2036-10-25T14:59:59Z", "2036-10-25T14:59:59Z"]);
    assert!(
        outcome
            .revoke
            .iter()
            .all(|(_, _, reason)| *reason == Reason::Superseded)
    );
    assert_eq!(outcome.revoke.len(), 2);
    for (old, new) in [(&card.jpki.sign, &new.jpki.sign), (&card.jpki.auth, &new.jpki.auth)] {
        assert!(serial(old) != serial(new) && old.as_ref().unwrap().certificate != new.as_ref().unwrap().certificate);
    }
    // The name in the auth certificate stays, as does its length.
    let subject = |card: &IssuedCard| certificate(&card.jpki.auth).tbs_certificate.subject.to_der().unwrap();
    assert_eq!(subject(&new), subject(&card));
    let one = Operation::Renew(Which::Only(Hierarchy::Authentication));
    let outcome = at(&card, "2031-08-01T00:00:00Z", Standing::default(), &one).unwrap();
    assert_eq!((outcome.revoke.len(), outcome.enter.len()), (1, 1));
    // One that was revoked is replaced at any time, to the fifth birthday.
    let revoked = Revocation {
        at: date(DAY),
        reason: Reason::CertificateHold,
    };
    let standing = Standing {
        auth: Some(revoked),
        ..Standing::default()
    };
    let outcome = at(&card, DAY, standing, &one).unwrap();
    assert_eq!(outcome.enter[0].validity.1, date("2031-10-25T14:59:59Z"));
    assert!(outcome.revoke.is_empty());
}

#[test]
fn the_dead_and_their_cards_are_not_served_again() {
    let card = hanako();
    let outcome = does(&card, &Operation::Death);
    assert_eq!(outcome.withdraw, Some(Cause::Death));
    assert!(
        outcome
            .revoke
            .iter()
            .all(|(_, _, reason)| *reason == Reason::CessationOfOperation)
    );
    assert_eq!(outcome.revoke.len(), 2);
    let standing = Standing {
        withdrawn: Some(Withdrawal {
            at: date(DAY),
            cause: Cause::Death,
        }),
        ..Standing::default()
    };
    let dead = at(&card, "2031-08-01T00:00:00Z", standing, &Operation::Renew(Which::All));
    assert!(dead.unwrap_err().to_string().contains("the cardholder died"));
}

#[test]
fn a_lost_card_is_on_hold_and_another_one_replaces_it() {
    let card = hanako();
    let outcome = does(&card, &Operation::Lost);
    assert!(outcome.withdraw.is_none() && outcome.revoke.len() == 2);
    assert!(
        outcome
            .revoke
            .iter()
            .all(|(_, _, reason)| *reason == Reason::CertificateHold)
    );
    let pins = vec![(pins::AUTH, value("4649"))];
    let outcome = does(&card, &Operation::Reissue(pins));
    let new = outcome.new_card.unwrap();
    assert_ne!(new.summary.security_code, card.summary.security_code);
    assert_eq!((&new.name, &new.summary.person), (&card.name, &card.summary.person));
    assert_eq!(new.jpki.auth_pin.value.as_ref().unwrap().as_bytes(), b"4649");
    assert_ne!(
        new.card_info.as_ref().unwrap().serial.to_string(),
        card.card_info.as_ref().unwrap().serial.to_string()
    );
    assert_eq!(face_data::photo(&new).unwrap(), face_data::photo(&card).unwrap());
    openssl_verifies(&new);
    files_verify(&new, "13101");
    assert_eq!(outcome.withdraw, Some(Cause::Replaced));
    assert!(
        outcome
            .revoke
            .iter()
            .all(|(_, _, reason)| *reason == Reason::Superseded)
    );
    assert!(
        outcome
            .enter
            .iter()
            .all(|one| one.card.0 == CardId::of(&new) && one.replaces.is_some())
    );
}

#[test]
fn a_card_without_pins_signs_nothing_and_goes_back() {
    let card = hanako();
    let outcome = does(&card, &Operation::WithoutPins);
    let bare = outcome.card.unwrap();
    assert!(bare.jpki.sign.is_none() && bare.jpki.auth.is_some());
    assert_eq!(bare.summary.printed().collect::<Vec<_>>(), ["顔認証"]);
    assert_eq!((outcome.pins.len(), outcome.revoke.len()), (5, 1));
    assert!(bare.jpki.auth_pin.value.is_none() && bare.card_info.as_ref().unwrap().pin.value.is_none());
    for refused in [
        Operation::WithoutPins,
        Operation::SignCertificate(None),
        Operation::ResetPins(vec![(pins::AUTH, Some(value("4649")))]),
    ] {
        assert!(refuses(&bare, DAY, &refused).contains("no PINs"));
    }
    let missing = Operation::WithPins(vec![(pins::AUTH, value("4649"))]);
    assert!(refuses(&bare, DAY, &missing).contains("sign password needs a new value"));
    let all = [
        (pins::AUTH, "4649"),
        (pins::SIGN, "PASS12"),
        (pins::INPUT_ASSIST, "4649"),
        (pins::RESIDENCE, "4649"),
    ];
    let all = all.map(|(pin, text)| (pin, value(text))).to_vec();
    let outcome = does(&bare, &Operation::WithPins(all.clone()));
    let back = outcome.card.unwrap();
    assert!(back.summary.printed().next().is_none() && back.jpki.sign.is_some());
    assert_eq!(
        back.card_info.as_ref().unwrap().pin.value.as_ref().unwrap().as_bytes(),
        b"4649"
    );
    openssl_verifies(&back);
    assert!(refuses(&card, DAY, &Operation::WithPins(all)).contains("has PINs"));
}

#[test]
fn a_pin_is_reset_by_the_rules_of_the_terminal() {
    let card = hanako();
    let reset = |pin, text: &str| Operation::ResetPins(vec![(pin, Some(value(text)))]);
    let outcome = does(&card, &reset(pins::SIGN, "PASS12"));
    assert!(outcome.card.is_none() && outcome.revoke.is_empty() && outcome.pins.len() == 1);
    // The terminal keeps the PINs of two applications equal.
    for pin in [pins::RESIDENCE, pins::COMMON] {
        assert_eq!(does(&card, &reset(pin, "4649")).pins.len(), 2);
    }
    let code = card.summary.security_code.as_str();
    for (pin, text, why) in [
        (pins::SIGN, "abc123", "lower-case"),
        (pins::SIGN, "ABCDEF", "one letter and one digit"),
        (pins::AUTH, "12345", "four digits"),
        (pins::AUTH, "1989", "year of birth"),
        (pins::AUTH, code, "security code"),
        (pins::CODE_A, "123456789018", "issued with"),
    ] {
        let refused = refuses(&card, DAY, &reset(pin, text));
        assert!(refused.contains(why) && !refused.contains(text), "{refused}");
    }
    let outcome = does(&card, &Operation::ResetPins(vec![(pins::CODE_B, None)]));
    assert_eq!(outcome.done, [Done::Tries("verification code B")]);
    assert!(refuses(&card, DAY, &Operation::ResetPins(vec![(pins::AUTH, None)])).contains("new value"));
}

#[test]
fn a_sign_certificate_is_issued_at_fifteen() {
    let mut card = hanako();
    assert!(refuses(&card, DAY, &Operation::SignCertificate(None)).contains("has a sign certificate"));
    card.jpki.sign = None;
    card.summary.person.birth = vmyna_applets::birth::BirthDate::new(2012, 4, 2).unwrap();
    let issue = Operation::SignCertificate(Some(value("PASS12")));
    assert!(refuses(&card, DAY, &issue).contains("14 years old"));
    let outcome = at(&card, "2027-04-02T03:00:00Z", Standing::default(), &issue).unwrap();
    openssl_verifies(outcome.card.as_ref().unwrap());
    assert!(outcome.revoke.is_empty() && outcome.enter[0].replaces.is_none() && outcome.pins.len() == 1);
    assert!(
        refuses(
            &card,
            DAY,
            &Operation::Revoke(Which::Only(Hierarchy::Signature), Reason::KeyCompromise)
        )
        .contains("no sign")
    );
}

#[test]
fn the_reading_of_the_name_is_printed_once() {
    let card = hanako();
    let outcome = does(&card, &Operation::Furigana(Some("ミホン　ハナコ".to_owned())));
    let new = outcome.card.unwrap();
    assert_eq!(new.summary.printed().collect::<Vec<_>>(), ["振り仮名 ミホン　ハナコ"]);
    assert!(refuses(&new, DAY, &Operation::Furigana(None)).contains("already"));
    assert!(outcome.revoke.is_empty() && outcome.enter.is_empty());
    assert!(refuses(&card, DAY, &Operation::Furigana(Some("花子".to_owned()))).contains("no kana"));
}

#[test]
fn a_foreign_card_and_a_clock_before_the_issue_are_refused() {
    let card = hanako();
    for early in ["2026-10-31T00:00:00Z", "2026-11-01T00:59:59Z"] {
        assert!(refuses(&card, early, &Operation::Lost).contains("it is earlier now"));
    }
    let own = vmyna_issuance::authorities::establish(&[9; 32], date("2024-11-01T01:00:00Z"), &|| Ok(())).unwrap();
    let mut foreign = Desk::new(vmyna_issuance::authorities::Authorities::take_up(&own).unwrap());
    let visit = Visit {
        card: &card,
        id: CardId::of(&card),
        standing: Standing::default(),
        now: date(DAY),
        substitutes: &Substitutes::default(),
        phones: PhonePolicy::default(),
    };
    let refused = operate(
        &mut foreign,
        &visit,
        &Operation::Death,
        &mut ChaCha20Rng::from_seed([5; 32]),
    );
    assert!(matches!(refused, Err(CounterError::OtherAuthority)));
    let ended = refuses(&card, "2036-10-26T00:00:00Z", &Operation::Renew(Which::All));
    assert!(ended.contains("ended on 2036-10-25"), "{ended}");
}
