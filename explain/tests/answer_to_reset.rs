//! Answers to reset and to select: values come back from the bytes that were made of them, any bytes are explained without a
//! panic, damage is named, and pyscard reads the same values from the answers of thousands of cards.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use vmyna_apdu::hex;
use vmyna_explain::atr::{self, Atr, AtrError, Convention, Group};
use vmyna_explain::ats::{self, Ats, AtsError};
use vmyna_explain::{Field, Language, Text};

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// The fields stand for all bytes, each once and in order, and have a text in each language.
#[track_caller]
fn assert_covers(fields: &[Field], length: usize) {
    let mut at = 0;
    for field in fields {
        assert_eq!(field.place.start, at, "{field:?}");
        assert!(field.place.end > at, "{field:?}");
        at = field.place.end;
        let Text { en, ja } = &field.meaning;
        assert!(!en.is_empty() && !ja.is_empty());
        assert!(en.is_ascii() || en.contains('·'), "{en}");
        assert!(
            !en.contains(|letter: char| letter.is_ascii_lowercase()) || !ja.is_ascii(),
            "{en} / {ja}"
        );
    }
    assert_eq!(at, length);
}

/// The bytes of an answer, by the standard's own order: TS, T0, the groups, the historical bytes, TCK.
fn atr_of(convention: Convention, groups: &[[Option<u8>; 3]], protocols: &[u8], historical: &[u8]) -> (Vec<u8>, Atr) {
    let follows = |at: usize| -> u8 {
        let present = groups[at].iter().zip([1, 2, 4]).filter(|(octet, _)| octet.is_some());
        let td = if at + 1 < groups.len() { 8 } else { 0 };
        present.map(|(_, bit)| bit).sum::<u8>() + td
    };
    let mut bytes = vec![if convention == Convention::Direct { 0x3B } else { 0x3F }];
    bytes.push(follows(0) << 4 | historical.len() as u8);
    let mut values = Vec::new();
    for (at, [ta, tb, tc]) in groups.iter().copied().enumerate() {
        let td = (at + 1 < groups.len()).then(|| follows(at + 1) << 4 | protocols[at]);
        bytes.extend([ta, tb, tc, td].into_iter().flatten());
        values.push(Group { ta, tb, tc, td });
    }
    bytes.extend(historical);
    let check = protocols[..groups.len() - 1].iter().any(|protocol| *protocol != 0);
    let check = check.then(|| bytes[1..].iter().fold(0, |sum, byte| sum ^ byte));
    bytes.extend(check);
    let atr = Atr {
        convention,
        groups: values,
        historical: historical.to_vec(),
        check,
    };
    (bytes, atr)
}

fn octet() -> impl Strategy<Value = Option<u8>> {
    proptest::option::of(any::<u8>())
}

proptest! {
    #[test]
    fn an_atr_made_of_values_is_explained_with_these_values(
        inverse in any::<bool>(),
        groups in proptest::collection::vec([octet(), octet(), octet()], 1..4),
        protocols in proptest::collection::vec(0_u8..16, 3),
        historical in proptest::collection::vec(any::<u8>(), 0..16),
    ) {
        let convention = if inverse { Convention::Inverse } else { Convention::Direct };
        let (bytes, values) = atr_of(convention, &groups, &protocols, &historical);
        let explained = atr::explain(&bytes);
        assert_covers(&explained.fields, bytes.len());
        prop_assert_eq!(explained.outcome, Ok(values));
        // Whatever is cut off is missed, and whatever is added is too much.
        for end in 0..bytes.len() {
            let cut = atr::explain(&bytes[..end]);
            prop_assert!(cut.outcome.is_err());
            prop_assert!(cut.fields.iter().all(|field| field.place.end <= end));
        }
        let longer = [&bytes[..], &[0]].concat();
        prop_assert_eq!(atr::explain(&longer).outcome, Err(AtrError::Rest(1)));
    }

    #[test]
    fn an_ats_made_of_values_is_explained_with_these_values(
        octets in [octet(), octet(), octet()],
        fsci in 0_u8..16,
        historical in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let [ta, tb, tc] = octets;
        let t0 = octets.iter().zip([0x10, 0x20, 0x40]).filter(|(octet, _)| octet.is_some()).map(|(_, bit)| bit).sum::<u8>() | fsci;
        let mut bytes = vec![0, t0];
        bytes.extend(octets.into_iter().flatten());
        bytes.extend(&historical);
        bytes[0] = bytes.len() as u8;
        let explained = ats::explain(&bytes);
        assert_covers(&explained.fields, bytes.len());
        prop_assert_eq!(explained.outcome, Ok(Ats { format: Some(t0), ta, tb, tc, historical }));
        let there = bytes.len() - 1;
        let short = AtsError::Short { there, stated: bytes[0] };
        prop_assert_eq!(ats::explain(&bytes[..there]).outcome, Err(short));
        bytes.push(0);
        prop_assert_eq!(ats::explain(&bytes).outcome, Err(AtsError::Rest(1)));
    }

    #[test]
    fn no_bytes_make_an_explanation_panic(any in proptest::collection::vec(any::<u8>(), 0..80)) {
        for first in [0x3B, 0x3F] {
            let bytes = [&[first][..], &any].concat();
            let explained = atr::explain(&bytes);
            if let Err(error) = explained.outcome {
                prop_assert!(!error.text().ja.is_ascii());
            }
            for field in explained.fields {
                let _ = field.line(&bytes, &(0..0), Language::Ja);
            }
        }
        for field in ats::explain(&any).fields {
            let _ = field.line(&any, &(0..0), Language::En);
        }
    }
}

/// The value of this field in both languages.
#[track_caller]
fn meaning<'a>(fields: &'a [Field], name: &str) -> &'a Text {
    let field = fields.iter().find(|field| field.name == name);
    &field.unwrap_or_else(|| panic!("no {name} in {fields:?}")).meaning
}

#[track_caller]
fn has(text: &Text, en: &str, ja: &str) {
    assert!(text.en.contains(en) && text.ja.contains(ja), "{text:?}");
}

#[test]
fn the_contact_atr_of_the_card_is_explained() {
    let explained = atr::explain(&bytes("3BE000FF8131FE4514"));
    let fields = &explained.fields;
    has(meaning(fields, "TS"), "direct convention", "正論理");
    has(
        meaning(fields, "T0"),
        "followed by TB1, TC1, TD1; 0 historical bytes",
        "この後にTB1, TC1, TD1",
    );
    has(
        meaning(fields, "TC1"),
        "N 255: guard time 12 etu with T=0, 11 etu with T=1",
        "ガードタイム",
    );
    has(
        meaning(fields, "TD1"),
        "offered first: T=1, blocks; followed by TD2",
        "第一のプロトコル: T=1",
    );
    has(meaning(fields, "TA3"), "IFSC 254", "IFSC 254");
    has(
        meaning(fields, "TB3"),
        "BWI 4, an answer begins within 11 etu + 15360 · 372 / f; CWI 5, 43 etu",
        "BWI 4",
    );
    has(meaning(fields, "TCK"), "right", "正しい");
    assert_eq!(explained.outcome.unwrap().protocols(), [1]);
}

#[test]
fn the_contactless_atr_of_the_card_is_explained_as_a_reader_makes_it() {
    let explained = atr::explain(&bytes("3B888001000005E0B381A1007F"));
    let fields = &explained.fields;
    assert!(explained.notes[0].en.contains("PC/SC part 3"), "{:?}", explained.notes);
    assert!(explained.notes[1].en.contains("type B"), "{:?}", explained.notes);
    has(
        meaning(fields, "T1-T4"),
        "application data, proprietary (ADC 0)",
        "アプリケーションデータ",
    );
    has(
        meaning(fields, "T5"),
        "from the card 106, 212, 424; to the card 106, 212, 424; the same both ways",
        "両方向とも",
    );
    has(
        meaning(fields, "T6"),
        "frames of at most 256 bytes; ISO/IEC 14443-4 supported",
        "最大256バイト",
    );
    has(
        meaning(fields, "T7"),
        "FWI 10, an answer begins within 309.314 ms; CID 1, NAD 0",
        "309.314 ms",
    );
    has(meaning(fields, "T8"), "MBLI 0", "MBLI 0");
    // A storage card.
    let explained = atr::explain(&bytes("3B8F8001804F0CA000000306030001000000006A"));
    has(meaning(&explained.fields, "T9"), "14443 type A, part 3", "Type A 第3部");
    has(
        meaning(&explained.fields, "T10-T11"),
        "MIFARE Standard 1K",
        "MIFARE Standard 1K",
    );
    assert!(explained.outcome.is_ok());
    // A card of type A with historical bytes of its own.
    let explained = atr::explain(&bytes("3B8880010031C173C8211064 41010790002A"));
    assert!(explained.outcome.is_err());
    let explained = atr::explain(&bytes("3B8580018073C821100E"));
    assert!(explained.notes[1].en.contains("type A"), "{:?}", explained.notes);
    has(meaning(&explained.fields, "T2-T5"), "capabilities", "カードの機能");
}

#[test]
fn a_country_code_a_specific_mode_and_t_15_are_explained() {
    let explained = atr::explain(&bytes("3B9F95801FC78031E073FE211B66D00177971600 28"));
    let fields = &explained.fields;
    has(
        meaning(fields, "TA1"),
        "Fi 512, Di 16: 32 clock cycles a bit; at most 5 MHz, which makes 156250 bit/s",
        "32クロック",
    );
    has(
        meaning(fields, "TA3"),
        "either state; supply: 5 V (A), 3 V (B), 1.8 V (C)",
        "どちらでも",
    );
    let explained = atr::explain(&bytes("3BDA11FF81B1FE551F0312392F0000000000000000D3"));
    assert!(!explained.fields.is_empty());
    let explained = ats::explain(&bytes("067577810280"));
    has(
        meaning(&explained.fields, "T0"),
        "FSCI 5, the card takes frames of at most 64 bytes; followed by TA1, TB1, TC1",
        "FSCI 5",
    );
    has(
        meaning(&explained.fields, "TB1"),
        "FWI 8, an answer begins within 77.329 ms; SFGI 1, 0.604 ms",
        "77.329 ms",
    );
    has(meaning(&explained.fields, "TC1"), "CID 1, NAD 0", "CID 1");
}

#[test]
fn damage_is_named_in_both_languages() {
    let table = [
        ("", AtrError::Missing("TS".to_owned()), "TS is missing"),
        ("03", AtrError::NoAtr(3), "begins with 3B or 3F, this with 03"),
        ("3B", AtrError::Missing("T0".to_owned()), "T0 is missing"),
        ("3BE000FF", AtrError::Missing("TD1".to_owned()), "TD1 is missing"),
        ("3B021453", AtrError::Rest(0), ""),
        (
            "3B0314",
            AtrError::Historical { there: 1, stated: 3 },
            "T0 states 3 historical bytes, there are 1",
        ),
        (
            "3BE000FF8131FE45",
            AtrError::NoCheck(0x14),
            "TCK is missing, it would be 14",
        ),
        (
            "3BE000FF8131FE4515",
            AtrError::WrongCheck { is: 0x15, right: 0x14 },
            "TCK is 15, the octets before it give 14",
        ),
        ("3BE000FF8131FE451400", AtrError::Rest(1), "1 too many"),
    ];
    for (text, expected, words) in table {
        let outcome = atr::explain(&bytes(text)).outcome;
        if words.is_empty() {
            // T=0 alone has no TCK.
            assert_eq!(outcome.unwrap().check, None);
            continue;
        }
        let error = outcome.unwrap_err();
        assert_eq!(error, expected, "{text}");
        assert!(
            error.text().en.contains(words) && !error.text().ja.is_ascii(),
            "{error}"
        );
    }
    let long = bytes(&format!("3BFF{}", "FF".repeat(60)));
    assert!(atr::explain(&long).outcome.is_err());
    for (text, expected) in [
        ("", AtsError::Empty),
        ("00", AtsError::NoLength),
        ("0675", AtsError::Short { there: 2, stated: 6 }),
        ("0275", AtsError::Missing("TA1")),
        ("0102", AtsError::Rest(1)),
    ] {
        let error = ats::explain(&bytes(text)).outcome.unwrap_err();
        assert_eq!(error, expected, "{text}");
        assert!(!error.text().ja.is_ascii() && !error.text().en.is_empty());
    }
    assert_eq!(ats::explain(&[1]).outcome.unwrap().format, None);
}

/// Prints what pyscard reads from each line: octets by name, historical bytes, TCK, and Fi and Di where TA1 names them.
const PYSCARD: &str = r"
import sys
from smartcard.ATR import ATR
for line in sys.argv[1:]:
    atr = ATR(list(bytes.fromhex(line)))
    told = []
    for at in range(len(atr.TA)):
        for letter, octets in (('A', atr.TA), ('B', atr.TB), ('C', atr.TC), ('D', atr.TD)):
            if octets[at] is not None:
                told.append('T%s%d=%02X' % (letter, at + 1, octets[at]))
    told.append('historical=' + bytes(atr.getHistoricalBytes()).hex().upper())
    told.append('TCK=%02X %s' % (atr.TCK, atr.checksumOK) if atr.hasChecksum else 'no TCK')
    if atr.FI is not None and 'RFU' not in (atr.getClockRateConversion(), atr.getBitRateFactor()):
        told.append('Fi %s, Di %s' % (atr.getClockRateConversion(), atr.getBitRateFactor()))
    print(' '.join(told))
";

/// The same of this crate's values.
fn as_pyscard(atr: &Atr, fields: &[Field]) -> String {
    let mut told = String::new();
    for (group, number) in atr.groups.iter().zip(1..) {
        for (letter, octet) in [('A', group.ta), ('B', group.tb), ('C', group.tc), ('D', group.td)] {
            if let Some(octet) = octet {
                write!(told, "T{letter}{number}={octet:02X} ").unwrap();
            }
        }
    }
    write!(told, "historical={} ", hex::encode(&atr.historical)).unwrap();
    match atr.check {
        Some(check) => write!(told, "TCK={check:02X} True").unwrap(),
        None => told += "no TCK",
    }
    if let Some(rates) = fields.iter().find(|field| field.name == "TA1") {
        // pyscard takes Di of code 7 for reserved, which it is no longer.
        if let Some((rates, _)) = rates.meaning.en.split_once(':')
            && rates.starts_with("Fi ")
            && !rates.ends_with("Di 64")
        {
            write!(told, " {rates}").unwrap();
        }
    }
    told
}

#[test]
fn pyscard_reads_the_same_from_the_answers_of_thousands_of_cards() {
    let list = Path::new("/usr/share/pcsc/smartcard_list.txt");
    let list = std::fs::read(list).expect("pcsc-tools has the list: apt-get install pcsc-tools");
    let list = String::from_utf8_lossy(&list);
    let own = [
        "3BE000FF8131FE4514",
        "3B888001000005E0B381A1007F",
        "3B8880010000 41E0B381A1003B",
        "3F6525002C09699000",
        "3B9F95801FC78031E073FE211B66D0017797160028",
    ];
    // A line of the list may be a pattern.
    let listed = list
        .lines()
        .filter(|line| line.starts_with("3B ") || line.starts_with("3F "));
    let mut whole = Vec::new();
    for line in own.into_iter().chain(listed) {
        let Ok(bytes) = hex::decode(line.trim()) else { continue };
        let explained = atr::explain(&bytes);
        // The list has damaged ones too, which pyscard does not see.
        if let Ok(atr) = explained.outcome {
            whole.push((hex::encode(&bytes), as_pyscard(&atr, &explained.fields)));
        }
    }
    assert!(whole.len() > 2000, "{}", whole.len());
    let output = Command::new("/usr/bin/python3")
        .args(["-c", PYSCARD])
        .args(whole.iter().map(|(atr, _)| atr))
        .output()
        .expect("apt-get install python3 python3-pyscard");
    assert!(output.status.success(), "apt-get install python3-pyscard");
    let output = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.lines().count(), whole.len());
    for ((atr, own), theirs) in whole.iter().zip(output.lines()) {
        assert_eq!(own, theirs, "{atr}");
    }
}
