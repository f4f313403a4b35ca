//! The body of the request `replace`: what an operation replaces in a card.
//!
//! ```text
//! operation NUMBER              32 hexadecimal digits
//! drop AID                      for each application that was installed or removed
//! pin AID FILE recorded         for each PIN that becomes as in the card's record
//! pin AID FILE TRIES VALUE      for each PIN that gets a value, in hexadecimal, and so many tries
//!                               an empty line
//! ...                           the bytes of the record; none if the contents stay
//! ```

use vmyna_apdu::{Aid, FileId, hex};
use vmyna_card_os::declaration::{ObjectId, ReferenceData};
use vmyna_card_os::state::{PinReplacement, Replacement};
use zeroize::Zeroizing;

/// The longest body, in bytes: the longest record, and more lines than a card has PINs.
pub(crate) const LONGEST: usize = Replacement::LONGEST_RECORD + 16 * 1024;

/// The body of a request for this replacement.
pub(crate) fn encode(replacement: &Replacement) -> Zeroizing<Vec<u8>> {
    let record = replacement.record.as_ref().map_or(&[][..], |record| &record[..]);
    // With its full capacity from the start, because a buffer that grows leaves copies in memory.
    let mut body = Zeroizing::new(Vec::with_capacity(
        record.len() + 64 + 64 * replacement.dropped.len() + 128 * replacement.pins.len(),
    ));
    let mut line = |line: Zeroizing<String>| body.extend(line.as_bytes());
    line(format!("operation {}\n", hex::encode(&replacement.operation)).into());
    for aid in &replacement.dropped {
        line(format!("drop {aid}\n").into());
    }
    for (ObjectId { aid, file }, pin) in &replacement.pins {
        line(Zeroizing::new(match pin {
            PinReplacement::Value(value, tries) => {
                let value = Zeroizing::new(hex::encode(value.as_bytes()));
                format!("pin {aid} {file} {tries} {}\n", *value)
            }
            _ => format!("pin {aid} {file} {RECORDED}\n"),
        }));
    }
    body.extend(b"\n");
    body.extend(record);
    body
}

const RECORDED: &str = "recorded";

/// The replacement of a request's body; `None` if the body has no known form.
pub(crate) fn decode(body: &[u8]) -> Option<Replacement> {
    let end = body.windows(2).position(|two| two == b"\n\n")?;
    let (lines, record) = body.split_at_checked(end + 2)?;
    let mut lines = str::from_utf8(lines).ok()?.lines();
    let operation = hex::decode(lines.next()?.strip_prefix("operation ")?).ok()?;
    let mut replacement = Replacement::new(operation.try_into().ok()?);
    for line in lines.take_while(|line| !line.is_empty()) {
        if let Some(aid) = line.strip_prefix("drop ") {
            replacement.dropped.insert(self::aid(aid)?);
            continue;
        }
        let (object, pin) = pin(line)?;
        replacement.pins.insert(object, pin);
    }
    replacement.record = (!record.is_empty()).then(|| Zeroizing::new(record.to_vec()));
    Some(replacement)
}

fn pin(line: &str) -> Option<(ObjectId, PinReplacement)> {
    let (object, rest) = object(line.strip_prefix("pin ")?)?;
    let pin = match rest.split_once(' ') {
        None => (rest == RECORDED).then_some(PinReplacement::AsRecorded)?,
        Some((tries, value)) => {
            let value = Zeroizing::new(hex::decode(value).ok()?);
            PinReplacement::Value(ReferenceData::new(&value), tries.parse().ok()?)
        }
    };
    Some((object, pin))
}

/// The PIN that a line begins with, and the rest of the line.
pub(crate) fn object(line: &str) -> Option<(ObjectId, &str)> {
    let (aid, rest) = line.split_once(' ')?;
    let (file, rest) = rest.split_once(' ')?;
    let aid = self::aid(aid)?;
    let file = FileId::new(u16::from_str_radix(file, 16).ok()?);
    Some((ObjectId { aid, file }, rest))
}

/// An AID in hexadecimal digits, which have nothing between them.
fn aid(digits: &str) -> Option<Aid> {
    let only_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    only_digits.then(|| Aid::new(&hex::decode(digits).ok()?)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_survives_the_way_and_no_other_body_is_one() {
        let object = |file| ObjectId {
            aid: Aid::new(&[0xD3, 0x92]).unwrap(),
            file: FileId::new(file),
        };
        for record in [None, Some(Zeroizing::new(b"\n\nrecord\n\n".to_vec()))] {
            let mut replacement = Replacement::new([7; 16]);
            replacement.pins.insert(object(0x18), PinReplacement::AsRecorded);
            let value = PinReplacement::Value(ReferenceData::new(b"1234"), 3);
            replacement.pins.insert(object(0x1B), value);
            replacement.dropped = [b"\xF0one", b"\xF0two"].map(|aid| Aid::new(aid).unwrap()).into();
            replacement.record = record.clone();
            let body = encode(&replacement);
            let read = decode(&body).unwrap();
            assert_eq!((read.operation, &read.record), ([7; 16], &record));
            assert_eq!(read.dropped, replacement.dropped);
            assert!(matches!(read.pins[&object(0x18)], PinReplacement::AsRecorded));
            match &read.pins[&object(0x1B)] {
                PinReplacement::Value(value, 3) => assert_eq!(value.as_bytes(), b"1234"),
                other => panic!("{other:?}"),
            }
            for short in 0..body.len() - record.map_or(0, |record| record.len()) {
                assert!(decode(&body[..short]).is_none(), "{short} bytes");
            }
        }
        let operation = format!("operation {}\n", "07".repeat(16));
        for pin in [
            "pin D392 0018 unset",
            "pin D392 recorded",
            "pin 0018 recorded",
            "pin D392 0018 256 31",
            "pin D392 0018 3 3",
            "tries D392 0018 3",
            "drop",
            "drop 0",
            "drop D392 0018",
        ] {
            assert!(decode(format!("{operation}{pin}\n\n").as_bytes()).is_none(), "{pin}");
        }
        assert!(decode(format!("{operation}\n").as_bytes()).is_some());
    }
}
