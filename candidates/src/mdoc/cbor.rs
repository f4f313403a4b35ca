//! CBOR that is malformed, or not in the form of ISO/IEC 18013-5. Nothing signed is changed.

use vmyna_apdu::{Text, text};

use super::phone::Phone;
use super::{GENUINE, MDOC, P05};
use crate::candidate::{Candidate, Candidates, Group};
use crate::{MakeError, Workshop};

/// The head of the outermost map of a genuine answer: three entries, `status`, `version`, `documents`.
const MAP_OF_3: u8 = 0xA3;
/// How deep the arrays of the deepest candidate are.
const DEPTH: usize = 10_000;

pub(super) fn add(all: &mut Candidates) {
    let mut malformed = |name, what: Text, change: fn(Vec<u8>) -> Result<Vec<u8>, MakeError>| {
        let make = move |workshop: &Workshop| {
            let phone = Phone::new(workshop)?;
            phone.subject_of(change(phone.answer()?.bytes()?)?)
        };
        all.add(Candidate::wrong(
            name,
            Group::Parsing,
            MDOC,
            (&P05, GENUINE),
            what,
            make,
        ));
    };
    malformed(
        "parsing.cbor-indefinite-length",
        text!(
            "the outermost map has an indefinite length",
            "最も外側のマップが不定長である"
        ),
        |genuine| {
            let rest = entries(&genuine)?;
            Ok([&[0xBF], rest, &[0xFF]].concat())
        },
    );
    malformed(
        "parsing.cbor-key-twice",
        text!(
            "the outermost map has the key status twice, with 10 and with 0",
            "最も外側のマップにキーstatusが二度あり、値は10と0である"
        ),
        |genuine| {
            let rest = entries(&genuine)?;
            Ok([&[MAP_OF_3 + 1][..], b"\x66status\x0A", rest].concat())
        },
    );
    malformed(
        "parsing.cbor-deep",
        text!(
            "the outermost map has one more key, with {DEPTH} arrays within each other",
            "最も外側のマップにキーが一つ加わり、その値は{DEPTH}重の配列である"
        ),
        |genuine| {
            let rest = entries(&genuine)?;
            let deep = [vec![0x81; DEPTH], vec![0xF6]].concat();
            Ok([&[MAP_OF_3 + 1][..], b"\x64deep", &deep, rest].concat())
        },
    );
    malformed(
        "parsing.cbor-huge-length",
        text!(
            "the outermost map has one more key, whose byte string states a length of 2^62 bytes",
            "最も外側のマップにキーが一つ加わり、その値のバイト列の長さは2^62バイトとされている"
        ),
        |genuine| {
            let rest = entries(&genuine)?;
            let huge = [&[0x5B][..], &(1_u64 << 62).to_be_bytes()].concat();
            Ok([&[MAP_OF_3 + 1][..], b"\x64huge", &huge, rest].concat())
        },
    );
    malformed(
        "parsing.cbor-many-entries",
        text!(
            "the outermost map states 2^32 - 1 entries and has three",
            "最も外側のマップの項目数は2^32 - 1とされているが、三つしかない"
        ),
        |genuine| Ok([&[0xBA, 0xFF, 0xFF, 0xFF, 0xFF], entries(&genuine)?].concat()),
    );
    malformed(
        "parsing.cbor-cut",
        text!("the last byte is missing", "最後の1バイトがない"),
        |mut genuine| {
            genuine.pop();
            Ok(genuine)
        },
    );
    malformed(
        "parsing.cbor-trailing",
        text!("a second data item follows", "後に別のデータ項目が続く"),
        |mut genuine| {
            genuine.push(0xF6);
            Ok(genuine)
        },
    );
    malformed(
        "parsing.cbor-not-a-map",
        text!("the answer is the number 0", "応答が数値0である"),
        |_| Ok(vec![0]),
    );
}

/// What is behind the head of the outermost map.
fn entries(genuine: &[u8]) -> Result<&[u8], MakeError> {
    let rest = genuine.strip_prefix(&[MAP_OF_3]);
    rest.ok_or(MakeError::Form("an answer has version, documents and status"))
}
