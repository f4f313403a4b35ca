use vmyna_issuance::x509::ServiceUrl;

use super::*;
use crate::register::sqlite::SqliteRegister;

fn time(text: &str) -> DateTime {
    text.parse().unwrap()
}

fn rig() -> (MdocAuthority, SqliteRegister) {
    let authority = MdocAuthority::establish(&[7; 32], time("2024-11-01T01:00:00Z"), &ServiceUrl::default());
    (authority.unwrap(), SqliteRegister::in_memory().unwrap())
}

#[test]
fn a_revoked_signer_is_replaced_and_stays_revoked() {
    let (authority, mut register) = rig();
    let at = time("2026-12-01T00:00:00Z");
    let first = signer(&authority, &register, at).unwrap();
    let before = register.now().unwrap();
    assert_eq!(
        revoke_signer(&authority, &mut register, at).unwrap().serial,
        first.serial
    );
    let second = signer(&authority, &register, at).unwrap();
    assert_ne!(second.serial, first.serial);
    // Not for earlier times either: the key is lost.
    let earlier = time("2026-11-20T00:00:00Z");
    assert_eq!(signer(&authority, &register, earlier).unwrap().serial, second.serial);
    // The signers of other periods stay.
    let last_year = time("2025-12-01T00:00:00Z");
    assert_eq!(
        signer(&authority, &register, last_year).unwrap().serial,
        authority.signer(last_year, 0).unwrap().serial
    );

    let root = root_id(&authority.root(at).unwrap()).unwrap();
    let serial = first.serial;
    let again = RevokedSigner {
        serial,
        at: time("2026-12-02T00:00:00Z"),
    };
    assert_eq!(register.revoke_signer(root, again).unwrap(), Some(at));
    let revoked = register.revoked_signers(root, register.now().unwrap()).unwrap();
    assert_eq!(revoked, [RevokedSigner { serial, at }]);
    assert_eq!(register.revoked_signers(root, before).unwrap(), []);
    let other = root_id(&authority.root(time("2028-12-01T00:00:00Z")).unwrap()).unwrap();
    assert_eq!(register.revoked_signers(other, register.now().unwrap()).unwrap(), []);
}

#[test]
fn two_roots_are_valid_after_a_new_one_has_begun() {
    let (authority, register) = rig();
    let lists = |at: &str| lists(&authority, &register, time(at)).unwrap().len();
    assert_eq!(lists("2026-12-01T00:00:00Z"), 1);
    assert_eq!(lists("2028-12-01T00:00:00Z"), 2);
    // Roots of before the set began.
    assert_eq!(lists("2017-12-01T00:00:00Z"), 2);
    assert_eq!(lists("2024-12-01T00:00:00Z"), 2);
}
