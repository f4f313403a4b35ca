use vmyna_applets::specimen;

use super::*;
use crate::register::sqlite::SqliteRegister;
use crate::register::{Beginning, Cause};

const NOW: &str = "2027-04-01T03:00:00Z";

fn hanako() -> IssuedCard {
    specimen::find("hanako").unwrap().unwrap()
}

/// A register with Hanako's certificates.
fn register() -> SqliteRegister {
    let mut register = SqliteRegister::in_memory().unwrap();
    register.record(&Certificate::of_card(&hanako()).unwrap()).unwrap();
    register
}

fn report(registers: &[&dyn Register], now: &str) -> CardReport {
    CardReport::of(registers, &hanako(), CardId::of(&hanako()), now.parse().unwrap()).unwrap()
}

fn revoke(register: &mut SqliteRegister, hierarchy: Hierarchy, reason: Reason) {
    let all = entries(&hanako(), CardId::of(&hanako())).unwrap();
    let one = all.iter().find(|one| one.hierarchy == hierarchy).unwrap();
    let at = "2027-01-01T00:00:00Z".parse().unwrap();
    register
        .revoke(one.issuer, one.serial, Revocation { at, reason })
        .unwrap();
}

#[test]
fn a_card_is_good_between_its_first_day_and_the_end_of_its_certificates() {
    let register = register();
    for (now, card, certificate) in [
        ("2026-10-01T00:00:00Z", CardState::Good, CertificateState::NotYetValid),
        (NOW, CardState::Good, CertificateState::Good),
        ("2031-10-25T14:59:59Z", CardState::Good, CertificateState::Good),
        (
            "2031-10-25T15:00:00Z",
            CardState::CertificateExpired,
            CertificateState::Expired,
        ),
        ("2036-10-25T15:00:00Z", CardState::Expired, CertificateState::Expired),
    ] {
        let report = report(&[&register], now);
        assert_eq!(report.state, card, "{now}");
        let states: Vec<_> = report.certificates.iter().map(|one| one.state).collect();
        assert_eq!(states, [certificate; 2], "{now}");
    }
}

#[test]
fn what_no_register_holds_is_unknown_and_the_first_that_does_counts() {
    let empty = SqliteRegister::in_memory().unwrap();
    for registers in [&[][..], &[&empty as &dyn Register]] {
        let report = report(registers, NOW);
        assert_eq!(report.state, CardState::Unknown);
        assert!(
            report
                .certificates
                .iter()
                .all(|one| one.state == CertificateState::Unknown)
        );
    }
    let (mut first, second) = (register(), register());
    revoke(&mut first, Hierarchy::Signature, Reason::KeyCompromise);
    assert_eq!(report(&[&empty, &first, &second], NOW).state, CardState::Revoked);
    assert_eq!(report(&[&second, &first], NOW).state, CardState::Good);
}

#[test]
fn a_revoked_certificate_stays_revoked_after_its_end_and_a_hold_is_named() {
    let mut register = register();
    revoke(&mut register, Hierarchy::Signature, Reason::AffiliationChanged);
    let after = report(&[&register], "2032-01-01T00:00:00Z");
    assert_eq!(after.state, CardState::Revoked);
    assert!(matches!(after.certificates[0].state, CertificateState::Revoked(_)));
    assert_eq!(after.certificates[1].state, CertificateState::Expired);
    revoke(&mut register, Hierarchy::Authentication, Reason::CertificateHold);
    let held = report(&[&register], NOW);
    assert_eq!(held.state, CardState::Held);
    let text = held.certificates[1].state.text();
    assert_eq!(text.en, "on hold since 2027-01-01T00:00:00Z");
    assert!(text.ja.contains("一時保留"), "{text:?}");
}

#[test]
fn a_card_out_of_use_is_that_before_all_else() {
    let mut register = register();
    let at = "2027-01-01T00:00:00Z".parse().unwrap();
    let beginning = Beginning {
        operation: OperationId([1; 16]),
        card: (CardId::of(&hanako()), "hanako".to_owned()),
        after: None,
        revoke: &[],
        withdraw: Some(Withdrawal {
            at,
            cause: Cause::Death,
        }),
        code: None,
        intent: None,
    };
    register.begin(&beginning).unwrap();
    let report = report(&[&register], "2040-01-01T00:00:00Z");
    assert!(matches!(report.state, CardState::Withdrawn(withdrawal) if withdrawal.cause == Cause::Death));
    assert_eq!(report.pending, None);
}
