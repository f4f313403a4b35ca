//! Series: the same on one processor and on four, with keys of the cards' own and with a pool.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io::Cursor;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PublicKeyParts;
use vmyna_applets::image::ImageWriter;
use vmyna_card_os::declaration::PrivateKey;

use super::*;
use crate::order::{Pins, Tries};
use crate::person_file::{self, Defaults};
use crate::specimen;

const SEED: [u8; 32] = [7; 32];

/// Orders of one municipality, called `c0`, `c1` and so on.
fn orders(count: usize) -> Vec<Order> {
    static FIRST: LazyLock<Order> = LazyLock::new(|| {
        let defaults = Defaults::new("c".parse().unwrap(), "2026-11-01T01:00:00Z".parse().unwrap());
        let file = vmyna_test_vectors::specimens::HANAKO;
        let file = person_file::read(file, &defaults, &mut ChaCha20Rng::from_seed([0; 32]));
        Order {
            pins: Pins::default(),
            tries: Tries::default(),
            ..file.unwrap().order
        }
    });
    let order = |number: usize| Order {
        name: format!("c{number}").parse().unwrap(),
        ..FIRST.clone()
    };
    (0..count).map(order).collect()
}

fn series(seed: [u8; 32], first: Option<u64>) -> Series {
    let desk = Desk::new(specimen::authorities().unwrap());
    Series::new(desk, Zeroizing::new(seed), first)
}

fn pooled(keys: u32, first: Option<u64>) -> Series {
    let mut series = series(SEED, first);
    series.make_pool(keys, &()).unwrap();
    series
}

fn issue(series: Series, orders: Vec<Order>) -> Vec<IssuedCard> {
    let mut cards = Vec::new();
    let taken = series.issue(orders.into_iter().map(Ok), &(), |card| {
        cards.push(card);
        Ok::<_, Infallible>(())
    });
    taken.unwrap();
    cards
}

/// Everything the cards hold, in one string of bytes.
fn bytes(cards: &[IssuedCard]) -> Vec<u8> {
    let mut image = ImageWriter::new(Cursor::new(Vec::new())).unwrap();
    cards.iter().for_each(|card| image.add(card).unwrap());
    image.finish().unwrap().into_inner()
}

fn with_threads<T: Send>(count: usize, run: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap();
    pool.install(|| {
        assert_eq!(rayon::current_num_threads(), count);
        run()
    })
}

/// The moduli of the keys that a card holds.
fn moduli(card: &IssuedCard) -> Vec<Vec<u8>> {
    let modulus = |key: &PrivateKey| {
        let key = RsaPrivateKey::from_pkcs8_der(key.as_pkcs8_der()).unwrap();
        key.n().to_bytes_be()
    };
    let certified = card.jpki.sign.iter().chain(&card.jpki.auth).map(|own| &own.key);
    let others = [
        &card.input_assist.as_ref().unwrap().authentication_key,
        &card.input_assist.as_ref().unwrap().session_key,
        &card.face_info.as_ref().unwrap().authentication_key,
        &card.card_info.as_ref().unwrap().authentication_key,
    ];
    certified.chain(others).map(modulus).collect()
}

/// Stops when it is asked for the n-th time.
struct StopAt(usize, AtomicUsize);

impl Watch for StopAt {
    fn stop(&self) -> bool {
        self.1.fetch_add(1, Ordering::SeqCst) + 1 >= self.0
    }
}

#[test]
fn one_thread_and_four_give_the_same_cards_and_another_seed_gives_other_keys() {
    let run = |seed| issue(series(seed, Some(1)), orders(2));
    let first = with_threads(1, || run(SEED));
    assert!(bytes(&first) == bytes(&with_threads(4, || run(SEED))));
    let other = run([8; 32]);
    let keys = first.iter().chain(&other).flat_map(moduli);
    assert_eq!(
        keys.collect::<BTreeSet<_>>().len(),
        4 * 6,
        "each card has six keys that it keeps"
    );
    assert_eq!(first[0].jpki.token_serial, other[0].jpki.token_serial);
}

#[test]
fn one_thread_and_four_give_the_same_cards_from_a_pool() {
    let run = || bytes(&issue(pooled(2, Some(1)), orders(20)));
    assert!(with_threads(1, run) == with_threads(4, run));
}

#[test]
fn cards_come_out_in_the_order_of_their_orders() {
    let cards = issue(pooled(1, Some(1)), orders(20));
    let names: Vec<_> = cards.iter().map(|card| card.name.to_string()).collect();
    assert_eq!(names, (0..20).map(|number| format!("c{number}")).collect::<Vec<_>>());
}

#[test]
fn a_cards_own_keys_depend_on_the_seed_and_on_its_name_alone() {
    let both = issue(series(SEED, Some(1)), orders(2));
    let second = issue(series(SEED, Some(500)), orders(2).split_off(1));
    assert_eq!(moduli(&both[1]), moduli(&second[0]));
    assert_eq!(both[1].summary.key_pool, None);
}

#[test]
fn a_pool_is_shared_by_turns_and_the_summary_says_so() {
    let cards = issue(pooled(2, Some(1)), orders(5));
    let keys: Vec<_> = cards.iter().map(moduli).collect();
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 2, "sets of keys");
    assert_eq!(keys.iter().flatten().collect::<BTreeSet<_>>().len(), 2 * 6, "keys");
    assert!(keys[0] == keys[2] && keys[0] == keys[4] && keys[1] == keys[3]);
    assert!(cards.iter().all(|card| card.summary.key_pool == Some(2)));
}

/// More cards than are made at a time: the numbers go on, and the pool's turns with them.
#[test]
fn no_serial_number_comes_twice_in_a_series() {
    let count = CARDS_WITH_POOL + 2;
    let cards = issue(pooled(1, Some(41)), orders(count));
    assert_eq!(cards.len(), count);
    let different = |numbers: Vec<String>| assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), count);
    different(cards.iter().map(|card| card.jpki.token_serial.clone()).collect());
    different(
        cards
            .iter()
            .map(|card| card.card_info.as_ref().unwrap().serial.to_string())
            .collect(),
    );
    for (own, serials) in [
        ("sign", serial_numbers(&cards, |jpki| &jpki.sign)),
        ("auth", serial_numbers(&cards, |jpki| &jpki.auth)),
    ] {
        assert_eq!(serials.len(), count, "{own}");
    }
    let objects = |number| {
        cards
            .iter()
            .flat_map(move |card| card.card_data.iter().filter(move |(at, _)| *at == number))
    };
    // Image number; certificate of the card's key, which names it.
    for number in [0x0045, 0x7F21] {
        assert_eq!(objects(number).collect::<BTreeSet<_>>().len(), count, "{number:04X}");
    }
    let last = &cards[count - 1].jpki.token_serial;
    assert_eq!(*last, format!("9999{:012}", 41 + count - 1));
}

/// The different serial numbers of certificates.
fn serial_numbers(
    cards: &[IssuedCard],
    own: fn(&vmyna_applets::jpki::Contents) -> &Option<vmyna_applets::jpki::CertifiedKey>,
) -> BTreeSet<Vec<u8>> {
    use der::Decode;
    let serial = |card: &IssuedCard| {
        let der = &own(&card.jpki).as_ref().unwrap().certificate;
        let certificate = x509_cert::Certificate::from_der(der).unwrap();
        certificate.tbs_certificate.serial_number.as_bytes().to_vec()
    };
    cards.iter().map(serial).collect()
}

#[test]
fn behind_the_last_running_number_comes_the_first() {
    let cards = issue(pooled(1, Some(RUNNING_NUMBERS - 1)), orders(2));
    let serials = [0, 1].map(|at: usize| cards[at].jpki.token_serial.as_str());
    assert_eq!(serials, ["9999000999999999", "9999000000000000"]);
}

#[test]
fn without_a_running_number_it_comes_from_the_seed() {
    let first = |seed| series(seed, None).first;
    assert_eq!(first(SEED), first(SEED));
    assert_ne!(first(SEED), first([8; 32]));
    assert!(first(SEED) < RUNNING_NUMBERS);
}

#[test]
fn a_stop_ends_a_series_early_and_what_was_handed_over_is_its_beginning() {
    for threads in [1, 4] {
        with_threads(threads, || {
            let mut names = Vec::new();
            let stopped = pooled(1, Some(1)).issue(
                orders(40).into_iter().map(Ok),
                &StopAt(10, AtomicUsize::new(0)),
                |card| {
                    names.push(card.name.to_string());
                    Ok::<_, Infallible>(())
                },
            );
            assert!(
                matches!(stopped, Err(SeriesError::Issuance(IssuanceError::Stopped))),
                "{stopped:?}"
            );
            // Nine were allowed; on four processors not necessarily the first nine.
            assert!(names.len() <= 9, "{names:?}");
            let beginning: Vec<_> = (0..names.len()).map(|number| format!("c{number}")).collect();
            assert_eq!(names, beginning);
            assert!(threads > 1 || names.len() == 9, "{names:?}");
        });
    }
}

#[test]
fn a_stop_ends_the_making_of_keys() {
    let watch = StopAt(1, AtomicUsize::new(0));
    let stopped = with_threads(1, || series(SEED, Some(1)).make_pool(50, &watch));
    assert!(matches!(stopped, Err(IssuanceError::Stopped)));
    // With 350 keys it would have been asked as often.
    assert_eq!(watch.1.load(Ordering::SeqCst), 1);
}

#[test]
fn a_watch_is_told_of_each_key_and_each_card() {
    #[derive(Default)]
    struct Count(AtomicUsize, AtomicUsize);
    impl Watch for Count {
        fn key_made(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
        fn card_issued(&self) {
            self.1.fetch_add(1, Ordering::SeqCst);
        }
    }
    let count = Count::default();
    let issued = series(SEED, Some(1)).issue(orders(1).into_iter().map(Ok), &count, |_| Ok::<_, Infallible>(()));
    assert!(issued.is_ok());
    assert_eq!((count.0.into_inner(), count.1.into_inner()), (CardKeys::COUNT, 1));
}

#[test]
fn a_card_that_cannot_be_issued_is_named_and_those_before_it_are_handed_over() {
    let mut orders = orders(4);
    // Fourteen years old, with a signature certificate.
    orders[2].person.birth = vmyna_applets::calendar::Date::from_digits(b"20120101").unwrap().into();
    let mut names = Vec::new();
    let refused = pooled(1, Some(1)).issue(orders.into_iter().map(Ok), &(), |card| {
        names.push(card.name.to_string());
        Ok::<_, Infallible>(())
    });
    assert!(matches!(refused, Err(SeriesError::Card(name, IssuanceError::Input(_))) if name == "c2"));
    assert_eq!(names, ["c0", "c1"]);
}

#[test]
fn a_taker_that_fails_ends_the_series() {
    let mut taken = 0;
    let ended = pooled(1, Some(1)).issue(orders(4).into_iter().map(Ok), &(), |_| {
        taken += 1;
        if taken == 2 { Err("full") } else { Ok(()) }
    });
    assert!(matches!(ended, Err(SeriesError::Taker("full"))));
    assert_eq!(taken, 2);
}

#[test]
fn an_order_that_cannot_be_had_ends_the_series_behind_the_cards_before_it() {
    let mut orders: Vec<_> = orders(4).into_iter().map(Ok).collect();
    orders[2] = Err(IssuanceError::Input("no such order"));
    let mut names = Vec::new();
    let ended = pooled(1, Some(1)).issue(orders, &(), |card| {
        names.push(card.name.to_string());
        Ok::<_, Infallible>(())
    });
    assert!(matches!(
        ended,
        Err(SeriesError::Issuance(IssuanceError::Input("no such order")))
    ));
    assert_eq!(names, ["c0", "c1"]);
}
