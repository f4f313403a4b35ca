//! The certificates on a phone: the token that a program finds where it expects a card.
//!
//! What is known of it is that of [`vmyna_applets::jpki`]; the rest is `assumed`.

use vmyna_apdu::text;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::jpki::{self, CertifiedKey};
use vmyna_applets::{PhoneKind, Profile};
use vmyna_issuance::keys::KeyPair;
use vmyna_issuance::order::Pins;
use vmyna_issuance::x509::names::Hierarchy;
use x509_cert::ext::pkix::CertificatePolicies;

use crate::candidate::{Candidate, Candidates, Group, Part, checks};
use crate::subject::{ForgedCard, Subject};
use crate::workshop::{MakeError, Person, Workshop};
use crate::x509;

checks! {
    P18: must("handle the token of a phone", "スマートフォンのトークンを扱う"),
        why("its certificate for authentication can't be read before the PIN, and it has no texts and no face", "利用者証明用電子証明書は暗証番号の後でなければ読めず、券面の情報もない"),
        Documented, "jpki/myna issue 6; myna-card and jsapdu know the labels JPKIAPGPSETOKEN and JPKIAPIOSTOKEN";
}

const PHONE: &[Part] = &[Part::Phone];

/// Adds them.
pub(crate) fn add(all: &mut Candidates) {
    for (name, kind, what) in [
        (
            "phone.android",
            PhoneKind::Android,
            text!(
                "the token of an Android phone (assumed)",
                "Androidのスマートフォンのトークン（推定）"
            ),
        ),
        (
            "phone.iphone",
            PhoneKind::Iphone,
            text!("the token of an iPhone (assumed)", "iPhoneのトークン（推定）"),
        ),
    ] {
        let make = move |workshop: &Workshop| Ok(Subject::card(ForgedCard::new(token(workshop, kind)?)));
        all.add(Candidate::right(name, Group::Mdoc, PHONE, what, make).of(&P18));
    }
}

/// The token of the first cardholder's phone.
fn token(workshop: &Workshop, kind: PhoneKind) -> Result<IssuedCard, MakeError> {
    let card = workshop.card(Person::A);
    let profile = Profile::phone(kind);
    let certified = |hierarchy: Hierarchy, label: &str| {
        let key = KeyPair::new(&workshop.forged_key(label)?)?;
        let policy = hierarchy.policy(profile.token);
        let fields = x509::changed(workshop, (Person::A, hierarchy), |fields| {
            x509::set_serial(fields, x509::serial(workshop, label));
            x509::set_key(fields, &key.public)?;
            let stated: Option<(bool, CertificatePolicies)> = fields.get()?;
            let (_, mut policies) = stated.ok_or(MakeError::Form("a certificate states a policy"))?;
            policies.0.iter_mut().for_each(|one| one.policy_identifier = policy);
            x509::replace(fields, x509::POLICIES, &policies)
        })?;
        Ok::<_, MakeError>(CertifiedKey {
            certificate: x509::certify(fields, workshop.authority(hierarchy)?)?,
            key: key.private,
        })
    };
    let pins = Pins::default();
    let contents = jpki::Contents {
        sign: Some(certified(Hierarchy::Signature, "phone for signatures")?),
        sign_ca_certificate: card.jpki.sign_ca_certificate.clone(),
        sign_pin: pins.sign.into(),
        auth: Some(certified(Hierarchy::Authentication, "phone for authentication")?),
        auth_ca_certificate: card.jpki.auth_ca_certificate.clone(),
        auth_pin: pins.auth.into(),
        token_serial: card.jpki.token_serial.clone(),
        terminal_ca: card.jpki.terminal_ca.clone(),
    };
    let (name, summary) = (card.name.clone(), card.summary.clone());
    Ok(IssuedCard::of_phone(name, profile, summary, contents, None))
}

#[cfg(test)]
mod tests {
    use vmyna_applets::jpki::ef;
    use vmyna_authority::verifier::compare::Claims;
    use vmyna_authority::verifier::report::Verdict;
    use vmyna_authority::verifier::revocation::{List, Sources};
    use vmyna_authority::verifier::trust::Trust;
    use vmyna_authority::verifier::{Settings, certificate};

    use super::*;
    use crate::workshop::Anchors;

    #[test]
    fn a_phone_has_good_certificates_and_keeps_one_behind_the_pin() {
        let now = "2026-12-01T03:04:05Z".parse().unwrap();
        let workshop = Workshop::new(Anchors::built_in().unwrap(), [5; 32], now).unwrap();
        let mut trust = Trust::default();
        for (_, authority) in x509::authorities(&workshop).unwrap() {
            trust.certificate(authority.certificate(), true).unwrap();
        }
        let lists = x509::genuine_lists(&workshop, now).unwrap().into_iter();
        let settings = Settings {
            trust,
            at: now,
            clock: now,
            purpose: None,
            form: None,
            revocation: Sources {
                lists: lists.map(|(name, der)| List { name, der }).collect(),
                ..Sources::default()
            },
            nonce: [0; 32],
        };
        for kind in [PhoneKind::Android, PhoneKind::Iphone] {
            let phone = token(&workshop, kind).unwrap();
            for key in [&phone.jpki.sign, &phone.jpki.auth] {
                let der = &key.as_ref().unwrap().certificate;
                let report = certificate(der, "file", &settings, &mut Claims::default());
                assert_eq!(report.verdict(), Verdict::Ok, "{:#?}", report.steps);
            }
            let mut card = ForgedCard::new(phone).fresh([0; 32]).unwrap();
            card.power_on(&mut Vec::new()).unwrap();
            let mut answer = |command: &[u8]| {
                let mut response = Vec::new();
                card.transmit(command, &mut response).unwrap();
                response
            };
            let aid = jpki::AID;
            let select = [&[0x00, 0xA4, 0x04, 0x0C, 0x0A][..], aid.as_bytes()].concat();
            assert_eq!(answer(&select), [0x90, 0x00]);
            let [high, low] = ef::AUTH_CERTIFICATE.value().to_be_bytes();
            assert_eq!(answer(&[0x00, 0xA4, 0x02, 0x0C, 0x02, high, low]), [0x90, 0x00]);
            assert_eq!(answer(&[0x00, 0xB0, 0x00, 0x00, 0x04]), [0x69, 0x82]);
        }
    }
}
