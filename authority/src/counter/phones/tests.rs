//! Every operation with every policy and every state of the phone, against a table written by hand.

use std::sync::LazyLock;

use der::DateTime;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::{PhoneKind, pins, specimen};
use vmyna_issuance::characters::Substitutes;
use vmyna_issuance::desk::Desk;
use vmyna_issuance::keys::CardKeys;

use super::*;
use crate::counter::{Operation, OperationKind, Outcome, PhoneStanding, Standing, Visit, operate};
use crate::register::{CardId, IssuerId, Revocation};

use Hierarchy::{Authentication as Auth, Signature as Sign};
use Reason::{AffiliationChanged, CertificateHold, CessationOfOperation, KeyCompromise, Superseded};

/// Keys for all new certificates and cards.
static POOL: LazyLock<Vec<CardKeys>> =
    LazyLock::new(|| CardKeys::derive_sets(&[3; 32], &["pool".to_owned()], &|| Ok(())).unwrap());

const ISSUER: IssuerId = IssuerId([7; 20]);

fn date(text: &str) -> DateTime {
    text.parse().unwrap()
}

const fn serial(hierarchy: Hierarchy) -> u32 {
    match hierarchy {
        Sign => 0xAA,
        Auth => 0xBB,
    }
}

/// A phone of which these certificates are revoked.
fn phone(revoked: &[Hierarchy]) -> PhoneStanding {
    let before = Revocation {
        at: date("2027-01-01T00:00:00Z"),
        reason: KeyCompromise,
    };
    let certificate = |hierarchy| {
        Some(PhoneCertificate {
            issuer: ISSUER,
            serial: serial(hierarchy),
            validity: (date("2026-12-01T00:00:00Z"), date("2031-10-25T14:59:59Z")),
            revocation: revoked.contains(&hierarchy).then_some(before),
        })
    };
    PhoneStanding {
        id: CardId([9; 32]),
        kind: PhoneKind::Android,
        sign: certificate(Sign),
        auth: certificate(Auth),
    }
}

fn desk() -> Desk {
    Desk::new(vmyna_issuance::specimen::authorities().unwrap()).with_key_pool(POOL.clone())
}

fn does(
    desk: &mut Desk,
    card: &IssuedCard,
    phone: Option<PhoneStanding>,
    phones: PhonePolicy,
    operation: &Operation,
) -> Result<Outcome, CounterError> {
    let visit = Visit {
        card,
        id: CardId::of(card),
        standing: Standing {
            phone,
            ..Standing::default()
        },
        // In the three months in which certificates can be renewed.
        now: date("2031-08-01T03:00:00Z"),
        substitutes: &Substitutes::default(),
        phones,
    };
    operate(desk, &visit, operation, &mut ChaCha20Rng::from_seed([5; 32]))
}

/// The certificates of the phone that an operation revokes when both are good, by the policies `WithCard` and `Stay`.
type Expected = [&'static [(Hierarchy, Reason)]; 2];

fn table() -> Vec<(Operation, Expected)> {
    let kana = || "ベツメイ　ハナコ".to_owned();
    let both = [
        [(Sign, Superseded), (Auth, Superseded)],
        [(Sign, KeyCompromise), (Auth, KeyCompromise)],
        [(Sign, CertificateHold), (Auth, CertificateHold)],
        [(Sign, CessationOfOperation), (Auth, CessationOfOperation)],
    ];
    // A table of constants lives as long as the test.
    let [superseded, compromised, held, ended] = both.map(|pair| &*Box::leak(Box::new(pair)));
    const CHANGED: &[(Hierarchy, Reason)] = &[(Sign, AffiliationChanged)];
    vec![
        (Operation::ResetPins(vec![(pins::CODE_A, None)]), [&[], &[]]),
        (Operation::Renew(Which::All), [superseded, &[]]),
        (Operation::Renew(Which::Only(Auth)), [&[(Auth, Superseded)], &[]]),
        (Operation::Hold(Which::All), [held, &[]]),
        (Operation::Hold(Which::Only(Sign)), [&[(Sign, CertificateHold)], &[]]),
        (Operation::Lost, [held, &[]]),
        (Operation::Revoke(Which::All, KeyCompromise), [compromised, &[]]),
        (
            Operation::Revoke(Which::Only(Sign), AffiliationChanged),
            [CHANGED, CHANGED],
        ),
        (
            Operation::Revoke(Which::Only(Auth), AffiliationChanged),
            [&[(Auth, AffiliationChanged)], &[]],
        ),
        (Operation::MoveOut, [CHANGED, CHANGED]),
        (
            Operation::MoveIn("東京都千代田区見本町９".to_owned(), None),
            [CHANGED, CHANGED],
        ),
        (Operation::Rename("別名　花子".to_owned(), kana()), [CHANGED, CHANGED]),
        (Operation::Furigana(Some(kana())), [&[], &[]]),
        (Operation::WithoutPins, [&[(Sign, CessationOfOperation)], &[]]),
        (Operation::Reissue(Vec::new()), [superseded, &[]]),
        (Operation::Death, [ended, ended]),
        (Operation::PhoneLost, [held, held]),
    ]
}

#[test]
fn an_operation_revokes_of_the_phone_what_the_policy_has() {
    let card = specimen::find("hanako").unwrap().unwrap();
    let mut desk = desk();
    for (operation, expected) in table() {
        let without = does(&mut desk, &card, None, PhonePolicy::WithCard, &operation);
        for (policy, expected) in PhonePolicy::ALL.into_iter().zip(expected) {
            for revoked in [&[][..], &[Sign], &[Auth], &[Sign, Auth]] {
                let case = format!("{operation:?} {policy:?}, revoked before: {revoked:?}");
                let outcome = does(&mut desk, &card, Some(phone(revoked)), policy, &operation).unwrap();
                let (of_phone, of_card): (Vec<_>, Vec<_>) = outcome
                    .revoke
                    .iter()
                    .copied()
                    .partition(|(issuer, ..)| *issuer == ISSUER);
                let expected = expected.iter().filter(|(hierarchy, _)| !revoked.contains(hierarchy));
                let expected: Vec<_> = expected
                    .map(|(hierarchy, reason)| (ISSUER, serial(*hierarchy), *reason))
                    .collect();
                assert_eq!(of_phone, expected, "{case}");
                // Each is reported, and the card itself is served as without a phone.
                let reported = outcome
                    .done
                    .iter()
                    .filter(|step| matches!(step, Done::PhoneRevoked(..) | Done::PhoneFollowed(..)));
                assert_eq!(reported.count(), of_phone.len(), "{case}");
                match &without {
                    Ok(without) => {
                        assert_eq!(of_card, without.revoke, "{case}");
                        assert_eq!(outcome.enter, without.enter, "{case}");
                        assert_eq!(outcome.withdraw, without.withdraw, "{case}");
                    }
                    Err(error) => {
                        assert_eq!(operation.kind(), OperationKind::PhoneLost);
                        assert!(matches!(error, CounterError::NoPhoneOfPerson));
                    }
                }
            }
        }
    }
}

#[test]
fn a_change_of_attributes_reaches_the_phone_also_by_a_card_without_a_sign_certificate() {
    let mut card = specimen::find("hanako").unwrap().unwrap();
    card.jpki.sign = None;
    let moves = Operation::MoveIn("東京都千代田区見本町９".to_owned(), None);
    let mut desk = desk();
    for operation in [Operation::MoveOut, moves] {
        let outcome = does(&mut desk, &card, Some(phone(&[])), PhonePolicy::Stay, &operation).unwrap();
        assert_eq!(outcome.revoke, [(ISSUER, serial(Sign), AffiliationChanged)]);
    }
}

#[test]
fn what_stays_and_what_was_revoked_is_reported() {
    let card = specimen::find("hanako").unwrap().unwrap();
    let mut desk = desk();
    let outcome = does(
        &mut desk,
        &card,
        Some(phone(&[Sign])),
        PhonePolicy::Stay,
        &Operation::Lost,
    )
    .unwrap();
    assert!(outcome.done.contains(&Done::PhoneStays(Auth, serial(Auth))));
    assert!(
        !outcome
            .done
            .iter()
            .any(|step| matches!(step, Done::PhoneStays(Sign, _)))
    );
    let outcome = does(
        &mut desk,
        &card,
        Some(phone(&[Sign])),
        PhonePolicy::WithCard,
        &Operation::Lost,
    )
    .unwrap();
    assert!(
        outcome
            .done
            .iter()
            .any(|step| matches!(step, Done::PhoneWasRevoked(Sign, _)))
    );
    for step in &outcome.done {
        assert!(!step.text().ja.is_ascii());
    }
}

#[test]
fn a_policy_is_found_by_its_name() {
    for policy in PhonePolicy::ALL {
        assert_eq!(PhonePolicy::find(policy.name()), Some(policy));
    }
    assert_eq!(PhonePolicy::find("go"), None);
}
