//! The two PINs: queried, right, wrong, blocked and changed by the client.

use myna_card::ap::jpki::{JpkiAp, SignatureScheme, ef};
use myna_card::card::Retries;
use myna_card::{Command, Error, Pin, Result, ShortEfId};

use super::{Jpki, auth_pin, card, refused, sign_pin, status_of};

/// One of the two PINs, with what the client calls on it.
#[derive(Clone, Copy)]
struct Kind {
    tries: u8,
    file: u16,
    right: fn() -> Pin,
    other: &'static str,
    ill_formed: &'static str,
    verify: fn(&mut Jpki<'_>, &Pin) -> Result<()>,
    retries: fn(&mut Jpki<'_>) -> Result<Retries>,
    change: fn(&mut Jpki<'_>, &Pin, &Pin) -> Result<()>,
    sign: fn(&mut Jpki<'_>) -> Result<Vec<u8>>,
}

const KINDS: [Kind; 2] = [
    Kind {
        tries: 3,
        file: ef::AUTH_PIN,
        right: auth_pin,
        other: "5678",
        ill_formed: "56789",
        verify: |jpki, pin| jpki.verify_auth_pin(pin),
        retries: |jpki| jpki.auth_pin_retries(),
        change: |jpki, old, new| jpki.change_auth_pin(old, new),
        sign: |jpki| jpki.sign_with_auth_key(SignatureScheme::Sha256DigestInfo, b"text"),
    },
    Kind {
        tries: 5,
        file: ef::SIGN_PIN,
        right: sign_pin,
        other: "XYZ789XYZ789XYZ7",
        ill_formed: "xyz789",
        verify: |jpki, pin| jpki.verify_sign_pin(pin),
        retries: |jpki| jpki.sign_pin_retries(),
        change: |jpki, old, new| jpki.change_sign_pin(old, new),
        sign: |jpki| jpki.sign_with_sign_key(SignatureScheme::Sha256DigestInfo, b"text"),
    },
];

impl Kind {
    fn other(&self) -> Pin {
        Pin::new(self.other).unwrap()
    }

    #[track_caller]
    fn has(&self, jpki: &mut Jpki<'_>, tries: u8) {
        assert_eq!((self.retries)(jpki).unwrap(), Retries::Remaining(tries));
    }
}

/// The PIN is wrong, and `left` tries are left.
#[track_caller]
fn is_wrong(result: Result<()>, left: u8) {
    assert!(
        matches!(result, Err(Error::PinIncorrect { retries: Some(n) }) if n == left),
        "{result:?} instead of {left} tries left"
    );
}

/// Tries wrong values until none is left.
fn block(jpki: &mut Jpki<'_>, kind: &Kind) {
    for left in (1..kind.tries).rev() {
        is_wrong((kind.verify)(jpki, &kind.other()), left);
    }
    let last = (kind.verify)(jpki, &kind.other());
    assert!(matches!(last, Err(Error::PinBlocked)), "{last:?}");
}

#[test]
fn the_query_gives_the_tries_left_in_every_state_and_takes_none() {
    for kind in KINDS {
        let mut card = card();
        let mut jpki = JpkiAp::select(&mut card).unwrap();
        for _ in 0..10 {
            kind.has(&mut jpki, kind.tries);
        }
        is_wrong((kind.verify)(&mut jpki, &kind.other()), kind.tries - 1);
        kind.has(&mut jpki, kind.tries - 1);
        (kind.verify)(&mut jpki, &(kind.right)()).unwrap();
        kind.has(&mut jpki, kind.tries);
        // After the query the right is still there.
        (kind.sign)(&mut jpki).unwrap();
    }
}

#[test]
fn the_short_identifier_names_the_pin_without_select() {
    for kind in KINDS {
        let mut card = card();
        JpkiAp::select(&mut card).unwrap();
        let sfi = ShortEfId::from_ef_id(kind.file).unwrap();
        is_wrong(card.verify_sfi(sfi, &kind.other()), kind.tries - 1);
        assert_eq!(card.pin_retries_sfi(sfi).unwrap(), Retries::Remaining(kind.tries - 1));
        card.verify_sfi(sfi, &(kind.right)()).unwrap();
        assert_eq!(card.pin_retries_sfi(sfi).unwrap(), Retries::Remaining(kind.tries));
    }
}

#[test]
fn each_pin_opens_its_own_key_and_not_the_other() {
    for (kind, other) in [(KINDS[0], KINDS[1]), (KINDS[1], KINDS[0])] {
        let mut card = card();
        let mut jpki = JpkiAp::select(&mut card).unwrap();
        assert_eq!(refused((kind.sign)(&mut jpki)), 0x6982);
        (kind.verify)(&mut jpki, &(kind.right)()).unwrap();
        for _ in 0..3 {
            (kind.sign)(&mut jpki).unwrap();
        }
        assert_eq!(refused((other.sign)(&mut jpki)), 0x6982);
    }
}

#[test]
fn without_tries_the_pin_is_blocked_for_the_right_value_too_and_stays_so_without_power() {
    for (kind, other) in [(KINDS[0], KINDS[1]), (KINDS[1], KINDS[0])] {
        let mut card = card();
        block(&mut JpkiAp::select(&mut card).unwrap(), &kind);
        for _ in 0..2 {
            let mut jpki = JpkiAp::select(&mut card).unwrap();
            assert_eq!((kind.retries)(&mut jpki).unwrap(), Retries::Blocked);
            let right = (kind.verify)(&mut jpki, &(kind.right)());
            assert!(matches!(right, Err(Error::PinBlocked)), "{right:?}");
            assert_eq!(refused((kind.sign)(&mut jpki)), 0x6982);
            other.has(&mut jpki, other.tries);
            card.transport().power_cycle();
        }
    }
}

#[test]
fn the_blocking_try_answers_63c0_and_every_later_one_6984() {
    let mut card = card();
    JpkiAp::select(&mut card).unwrap();
    card.select_ef(ef::AUTH_PIN).unwrap();
    let wrong = Command::with_data(0x00, 0x20, 0x00, 0x80, b"0000");
    let answers = [(); 5].map(|()| status_of(&mut card, &wrong));
    assert_eq!(answers, [0x63C2, 0x63C1, 0x63C0, 0x6984, 0x6984]);
}

#[test]
fn a_wrong_value_ends_the_right_that_the_right_value_gave() {
    for kind in KINDS {
        let mut card = card();
        let mut jpki = JpkiAp::select(&mut card).unwrap();
        (kind.verify)(&mut jpki, &(kind.right)()).unwrap();
        is_wrong((kind.verify)(&mut jpki, &kind.other()), kind.tries - 1);
        assert_eq!(refused((kind.sign)(&mut jpki)), 0x6982);
    }
}

#[test]
fn the_right_survives_a_warm_reset_and_ends_with_the_power() {
    for kind in KINDS {
        let mut card = card();
        let mut jpki = JpkiAp::select(&mut card).unwrap();
        (kind.verify)(&mut jpki, &(kind.right)()).unwrap();
        jpki.card().transport().warm_reset();
        (kind.sign)(&mut jpki).unwrap();
        jpki.card().transport().power_cycle();
        let mut jpki = JpkiAp::select(&mut card).unwrap();
        assert_eq!(refused((kind.sign)(&mut jpki)), 0x6982);
    }
}

#[test]
fn a_changed_pin_replaces_the_old_one_and_survives_loss_of_power() {
    for kind in KINDS {
        let mut card = card();
        let mut jpki = JpkiAp::select(&mut card).unwrap();
        (kind.change)(&mut jpki, &(kind.right)(), &kind.other()).unwrap();
        jpki.card().transport().power_cycle();
        let mut jpki = JpkiAp::select(&mut card).unwrap();
        is_wrong((kind.verify)(&mut jpki, &(kind.right)()), kind.tries - 1);
        (kind.verify)(&mut jpki, &kind.other()).unwrap();
        (kind.sign)(&mut jpki).unwrap();
        (kind.change)(&mut jpki, &kind.other(), &(kind.right)()).unwrap();
        (kind.verify)(&mut jpki, &(kind.right)()).unwrap();
    }
}

#[test]
fn a_change_with_a_wrong_old_value_costs_a_try_and_changes_nothing() {
    for kind in KINDS {
        let mut card = card();
        let mut jpki = JpkiAp::select(&mut card).unwrap();
        is_wrong((kind.change)(&mut jpki, &kind.other(), &kind.other()), kind.tries - 1);
        (kind.verify)(&mut jpki, &(kind.right)()).unwrap();
    }
}

#[test]
fn a_new_pin_of_a_form_that_the_pin_cant_have_is_refused_and_the_old_one_stays() {
    for kind in KINDS {
        let mut card = card();
        let mut jpki = JpkiAp::select(&mut card).unwrap();
        let ill_formed = Pin::new(kind.ill_formed).unwrap();
        assert_eq!(refused((kind.change)(&mut jpki, &(kind.right)(), &ill_formed)), 0x6A80);
        (kind.verify)(&mut jpki, &(kind.right)()).unwrap();
        kind.has(&mut jpki, kind.tries);
    }
}

#[test]
fn a_pin_cant_be_changed_before_it_was_verified() {
    for kind in KINDS {
        let mut card = card();
        let mut jpki = JpkiAp::select(&mut card).unwrap();
        jpki.card().select_ef(kind.file).unwrap();
        assert_eq!(refused(jpki.card().change_reference_data(&kind.other())), 0x6982);
        (kind.verify)(&mut jpki, &(kind.right)()).unwrap();
    }
}

/// The client has the form of JICSAP too, for other applications of the card.
#[test]
fn change_key_is_not_the_way_to_change_a_pin_of_this_application() {
    for kind in KINDS {
        let mut card = card();
        let mut jpki = JpkiAp::select(&mut card).unwrap();
        (kind.verify)(&mut jpki, &(kind.right)()).unwrap();
        assert_eq!(refused(jpki.card().change_key(&kind.other())), 0x6982);
        (kind.verify)(&mut jpki, &(kind.right)()).unwrap();
    }
}
