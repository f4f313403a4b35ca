//! 共通カードAP and 住基AP: what the card says of itself, the key of INTERNAL AUTHENTICATE, and the two PINs that are kept
//! equal and are two.

use myna_card::ap::common::{self, CommonAp};
use myna_card::ap::jpki::SignatureScheme;
use myna_card::ap::juki::{self, JukiAp};
use myna_card::card::Retries;
use myna_card::data::KeyId;
use myna_card::tlv::simple;
use myna_card::{Card, Error, Pin, Result};
use vmyna_client_tests::{SoftwareCard, specimen};

use super::{card, public_half_of, refused, residence_pin};

#[test]
fn the_card_says_its_serial_number_its_municipality_and_its_expiry() {
    let info = CommonAp::select(&mut card()).unwrap().read_card_info().unwrap();
    assert_eq!(info.serial, specimen().card_info.as_ref().unwrap().serial.to_string());
    assert_eq!(info.municipality_code, "13101");
    assert_eq!(info.prefecture_code(), "13");
    assert_eq!(info.expiry.to_string(), "2036-10-25");
}

#[test]
fn the_record_has_the_published_form_and_there_is_no_second_one() {
    let mut card = card();
    let mut common = CommonAp::select(&mut card).unwrap();
    let record = common.read_record(common::ef::CARD_INFO, 1).unwrap();
    assert_eq!(record, b"\x01\x1C9999000000000011310120361025");
    assert_eq!(common.card().read_records_from(1).unwrap(), record);
    assert_eq!(refused(common.read_record(common::ef::CARD_INFO, 2)), 0x6A83);
    assert_eq!(refused(common.card().read_binary_chunk(0, 256)), 0x6981);
}

#[test]
fn both_applications_name_the_same_key_in_their_file_0002() {
    let mut card = card();
    let first = CommonAp::select(&mut card)
        .unwrap()
        .read_record(common::ef::KEY_REFERENCE, 1)
        .unwrap();
    let second = JukiAp::select(&mut card)
        .unwrap()
        .read_record(juki::ef::KEY_REFERENCE, 1)
        .unwrap();
    assert_eq!(first, second);
    let id = KeyId::parse(simple::parse(&first).unwrap().value).unwrap();
    assert!(id.number().starts_with('7'), "{id}");
}

#[test]
fn the_key_of_internal_authenticate_signs_any_challenge_without_a_credential_and_always_the_same() {
    let key = public_half_of(&specimen().card_info.as_ref().unwrap().authentication_key);
    let mut card = card();
    let mut common = CommonAp::select(&mut card).unwrap();
    for length in [1, 16, 32, 255] {
        let challenge = vec![0x5A; length];
        let [first, second] = [(); 2].map(|()| common.internal_authenticate(&challenge).unwrap());
        assert_eq!(first, second);
        SignatureScheme::Sha256DigestInfo
            .verify(&key, &challenge, &first)
            .unwrap();
    }
}

/// The PIN of one of the two applications, with what the client calls on it.
#[derive(Clone, Copy)]
struct Kind {
    verify: fn(&mut Card<SoftwareCard>, &Pin) -> Result<()>,
    retries: fn(&mut Card<SoftwareCard>) -> Result<Retries>,
    change: fn(&mut Card<SoftwareCard>, &Pin, &Pin) -> Result<()>,
}

const KINDS: [Kind; 2] = [
    Kind {
        verify: |card, pin| CommonAp::select(card)?.verify_pin(pin),
        retries: |card| CommonAp::select(card)?.pin_retries(),
        change: |card, old, new| CommonAp::select(card)?.change_pin(old, new),
    },
    Kind {
        verify: |card, pin| JukiAp::select(card)?.verify_pin(pin),
        retries: |card| JukiAp::select(card)?.pin_retries(),
        change: |card, old, new| JukiAp::select(card)?.change_pin(old, new),
    },
];

fn other() -> Pin {
    Pin::numeric("5678").unwrap()
}

#[test]
fn the_two_pins_have_counters_of_their_own() {
    for [one, another] in [KINDS, [KINDS[1], KINDS[0]]] {
        let mut card = card();
        for left in [2, 1] {
            let wrong = (one.verify)(&mut card, &other());
            assert!(
                matches!(wrong, Err(Error::PinIncorrect { retries: Some(n) }) if n == left),
                "{wrong:?}"
            );
        }
        assert!(matches!((one.verify)(&mut card, &other()), Err(Error::PinBlocked)));
        assert_eq!((one.retries)(&mut card).unwrap(), Retries::Blocked);
        assert!(matches!(
            (one.verify)(&mut card, &residence_pin()),
            Err(Error::PinBlocked)
        ));
        assert_eq!((another.retries)(&mut card).unwrap(), Retries::Remaining(3));
        (another.verify)(&mut card, &residence_pin()).unwrap();
    }
}

#[test]
fn change_key_changes_one_of_the_two_pins_and_survives_loss_of_power() {
    for [one, another] in [KINDS, [KINDS[1], KINDS[0]]] {
        let mut card = card();
        (one.change)(&mut card, &residence_pin(), &other()).unwrap();
        card.transport().power_cycle();
        assert!(matches!(
            (one.verify)(&mut card, &residence_pin()),
            Err(Error::PinIncorrect { retries: Some(2) })
        ));
        (one.verify)(&mut card, &other()).unwrap();
        (another.verify)(&mut card, &residence_pin()).unwrap();
        let ill_formed = Pin::new("56A8").unwrap();
        assert_eq!(refused((one.change)(&mut card, &other(), &ill_formed)), 0x6A80);
        (one.verify)(&mut card, &other()).unwrap();
    }
}

#[test]
fn change_reference_data_is_not_the_way_to_change_either_pin_and_nothing_is_before_verify() {
    let selects: [fn(&mut Card<SoftwareCard>); 2] = [
        |card| assert!(CommonAp::select(card).is_ok()),
        |card| assert!(JukiAp::select(card).is_ok()),
    ];
    for select in selects {
        let mut card = card();
        select(&mut card);
        card.select_ef(common::ef::PIN).unwrap();
        assert_eq!(refused(card.change_key(&other())), 0x6982);
        card.verify(&residence_pin()).unwrap();
        assert_eq!(refused(card.change_reference_data(&other())), 0x6982);
        card.verify(&residence_pin()).unwrap();
    }
}
