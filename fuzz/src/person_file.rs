//! The person file: any text is an order or a list of faults in the order of its lines, twice the same, and no fault or
//! remark says a secret of the file. What a certificate would have is in its character sets, with as many flags as
//! characters, and no text of an order has a character that can't be seen.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::Duration;

use der::DateTime;
use encoding_rs::EUC_JP;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use vmyna_issuance::person_file::{Defaults, PersonFile, read};

use crate::memory::peak_of;

/// Reading takes no more than this, and so much more for each byte.
const WORKING_MEMORY: usize = 256 * 1024;
const PER_BYTE: usize = 600;

/// One input: the text of a file.
pub fn run(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    // 2026-11-01T00:00:00Z
    let now = DateTime::from_unix_duration(Duration::from_secs(1_793_491_200)).expect("a time");
    let defaults = Defaults::new("card".parse().expect("a name"), now);
    // The program's own font is decompressed once, at its first use: that is no memory of this file.
    let _ = vmyna_issuance::font::glyph('見');
    let read = || read(text, &defaults, &mut ChaCha20Rng::from_seed([9; 32]));
    let (first, peak) = peak_of(read);
    assert!(
        peak <= WORKING_MEMORY + PER_BYTE * input.len(),
        "{peak} bytes for {}",
        input.len()
    );
    let said: Vec<String> = match &first {
        Ok(file) => {
            check(file);
            file.remarks.clone()
        }
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without saying why");
            let lines: Vec<usize> = faults.iter().map(|fault| fault.line.unwrap_or(usize::MAX)).collect();
            assert!(lines.is_sorted(), "faults out of order: {lines:?}");
            let last = text.lines().count() + 1;
            assert!(
                lines
                    .iter()
                    .all(|line| *line == usize::MAX || (1..=last).contains(line))
            );
            faults.iter().map(ToString::to_string).collect()
        }
    };
    for secret in secrets(text) {
        assert!(!said.iter().any(|said| said.contains(&secret)), "a secret is said");
    }
    let again = read_again(read());
    assert_eq!(again, read_again(first), "the same file gives something else");
}

/// What can be compared of a result.
fn read_again(result: Result<PersonFile, Vec<vmyna_issuance::person_file::PersonFileError>>) -> String {
    match result {
        Ok(file) => format!(
            "{:?} {:?} {:?}",
            file.invented,
            file.remarks,
            file.order.person.my_number.digits()
        ),
        Err(faults) => format!("{faults:?}"),
    }
}

fn check(file: &PersonFile) {
    let order = &file.order;
    assert!(order.check().is_ok(), "an order that can't be carried out");
    assert!(order.person.birth.first_day().is_none_or(|first| first <= order.expiry));
    for text in [&order.person.name, &order.person.address, &order.person.kana] {
        assert!(!text.chars().any(is_unseen), "a character that can't be seen: {text:?}");
    }
    if order.sign_certificate {
        let texts = order.certificate_text().expect("texts of a certificate");
        for carried in [&texts.name, &texts.address] {
            assert!(
                carried.text.chars().all(in_certificate),
                "not of the sets: {:?}",
                carried.text
            );
            assert_eq!(
                carried.flags().len(),
                carried.text.chars().count(),
                "not a flag a character"
            );
            assert!((1..=200).contains(&carried.flags().len()));
        }
        let kept = |(character, flag)| (flag == '0').then_some(character);
        let unflagged: String = texts
            .name
            .text
            .chars()
            .zip(texts.name.flags().chars())
            .filter_map(kept)
            .collect();
        assert!(
            is_within(&unflagged, &order.person.name),
            "an unflagged character is not the register's"
        );
    }
    assert!(
        file.photo
            .as_ref()
            .is_none_or(|path| !path.is_empty() && !path.contains('\0'))
    );
    assert!(!order.sign_certificate || !order.pins.sign.as_bytes().is_empty());
    let number: String = order
        .person
        .my_number
        .digits()
        .iter()
        .map(|digit| char::from(*digit))
        .collect();
    assert!(!format!("{order:?}").contains(&number), "Debug shows the My Number");
}

/// Whether the characters of one text are in another, in their order.
fn is_within(part: &str, whole: &str) -> bool {
    let mut rest = whole.chars();
    part.chars().all(|character| rest.any(|other| other == character))
}

/// Controls, zero-width and bidirectional characters, as the order's rule names them.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// JIS X 0208 and 0212 by the EUC-JP decoder, and ASCII; not 〓.
fn in_certificate(character: char) -> bool {
    static SETS: LazyLock<HashSet<char>> = LazyLock::new(|| {
        // Without the rows that one maker added to JIS X 0208.
        let rows = (0xA1..=0xA8_u8).chain(0xB0..=0xF4);
        let double = rows.flat_map(|row| (0xA1..=0xFE_u8).map(move |cell| vec![row, cell]));
        let triple = (0xA1..=0xFE_u8).flat_map(|row| (0xA1..=0xFE_u8).map(move |cell| vec![0x8F, row, cell]));
        let decoded = double.chain(triple).filter_map(|code| {
            let text = EUC_JP.decode_without_bom_handling_and_without_replacement(&code)?;
            text.chars().next()
        });
        decoded.collect()
    });
    character != '〓' && (matches!(character, ' '..='~') || SETS.contains(&character))
}

/// Values of the file that must not be said: long enough not to stand in a message by chance, and once in the file, so that
/// no other field may be the reason.
fn secrets(text: &str) -> Vec<String> {
    let Ok(table) = text.parse::<toml::Table>() else {
        return Vec::new();
    };
    let pins = table.get("pins").and_then(toml::Value::as_table);
    let top = ["my-number", "residence-code", "security-code"]
        .iter()
        .filter_map(|key| table.get(*key));
    let values = top.chain(pins.into_iter().flat_map(toml::Table::values));
    values
        .filter_map(|value| match value {
            toml::Value::String(text) => Some(text.clone()),
            toml::Value::Integer(number) => Some(number.to_string()),
            _ => None,
        })
        .filter(|value| value.len() >= 8 && value.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(|value| text.matches(value.as_str()).count() == 1)
        .collect()
}
