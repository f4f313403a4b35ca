//! What is in files that are no data objects: records, and the JPKI application's two fixed layouts.

use vmyna_applets::{card_info, jpki, residence_code};
use vmyna_card_os::Aid;
use vmyna_card_os::file::{Content, FileId};

use super::meaning::Form;
use super::value;

/// The lines of a file of records. Each is a simple-TLV object: tag, length in one byte (or `FF` and two), value.
pub(super) fn records(application: Aid, id: FileId, records: &[Content]) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, record) in records.iter().enumerate() {
        let number = at + 1;
        match simple_tlv(record.as_bytes()) {
            Some((tag, contents)) => {
                lines.push(format!("record {number}: tag {tag:02X}, {} bytes", contents.len()));
                lines.extend(
                    fields(application, id, contents)
                        .into_iter()
                        .map(|line| format!("  {line}")),
                );
            }
            None => lines.push(format!("record {number}: {}", value::bytes(record.as_bytes()))),
        }
    }
    if lines.is_empty() {
        lines.push("no records".to_owned());
    }
    lines
}

fn simple_tlv(record: &[u8]) -> Option<(u8, &[u8])> {
    let (length, contents) = match record {
        [_, 0xFF, high, low, contents @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), contents),
        [_, length, contents @ ..] => (usize::from(*length), contents),
        _ => return None,
    };
    (contents.len() == length).then_some((record[0], contents))
}

fn fields(application: Aid, id: FileId, contents: &[u8]) -> Vec<String> {
    if application == card_info::AID && id == card_info::ef::CARD_INFO && contents.len() == 28 {
        return vec![
            format!("serial number 製造番号: {}", value::shown(&contents[..15], Form::Text)),
            format!("municipality code: {}", value::shown(&contents[15..20], Form::Text)),
            format!("expiry 有効期限: {}", value::shown(&contents[20..], Form::Date)),
        ];
    }
    if application == residence_code::AID && id == residence_code::ef::RESIDENCE_CODE {
        return vec![format!(
            "residence code 住民票コード: {}",
            value::shown(contents, Form::Text)
        )];
    }
    match value::key_id(contents) {
        Some(id) => vec![format!("key id: {id}")],
        None => vec![value::shown(contents, Form::Any)],
    }
}

/// The lines of a transparent file of the JPKI application that is no certificate; `None` for another file.
pub(super) fn of_jpki(application: Aid, id: FileId, file: &[u8]) -> Option<Vec<String>> {
    if application != jpki::AID {
        return None;
    }
    match id {
        jpki::ef::TOKEN_INFO => token_information(file),
        jpki::ef::AVAILABILITY => availability(file),
        _ => None,
    }
}

/// PKCS#11's `CK_TOKEN_INFO`, 160 bytes.
fn token_information(file: &[u8]) -> Option<Vec<String>> {
    if file.len() != 160 {
        return None;
    }
    let text = |name: &str, begin: usize, length: usize| {
        let padded = &file[begin..begin + length];
        format!("{name}: {}", value::shown(padded.trim_ascii_end(), Form::Text))
    };
    let number = |at: usize| {
        let bytes = file[at..].first_chunk().copied().unwrap_or_default();
        match u32::from_be_bytes(bytes) {
            u32::MAX => "unavailable".to_owned(),
            number => number.to_string(),
        }
    };
    let flags = u32::from_be_bytes(file[96..].first_chunk().copied().unwrap_or_default());
    // PKCS#11 2.40, 3.2: CKF_ constants of a token.
    let names = [
        (0x0001, "RNG"),
        (0x0004, "LOGIN_REQUIRED"),
        (0x0008, "USER_PIN_INITIALIZED"),
        (0x0400, "TOKEN_INITIALIZED"),
    ];
    let set: Vec<_> = names
        .iter()
        .filter(|(bit, _)| flags & bit != 0)
        .map(|(_, name)| *name)
        .collect();
    Some(vec![
        text("label", 0, 32),
        text("manufacturer", 32, 32),
        text("model", 64, 16),
        text("serial number", 80, 16),
        format!("flags: {flags:08X} ({})", set.join(", ")),
        format!("sessions: at most {}, open {}", number(100), number(104)),
        format!("read-write sessions: at most {}, open {}", number(108), number(112)),
        format!("PIN length: {} to {}", number(120), number(116)),
        format!("public memory: total {}, free {}", number(124), number(128)),
        format!("private memory: total {}, free {}", number(132), number(136)),
        text("hardware version", 140, 2),
        text("firmware version", 142, 2),
        text("clock", 144, 16),
    ])
}

/// One byte a certificate, and one of unknown meaning.
fn availability(file: &[u8]) -> Option<Vec<String>> {
    let [sign, auth, unknown] = file else { return None };
    let there = |byte: &u8| match byte {
        0x8F => "8F (on the card)".to_owned(),
        0 => "00 (not on the card)".to_owned(),
        byte => format!("{byte:02X} (unknown)"),
    };
    Some(vec![
        format!("sign certificate 署名用電子証明書: {}", there(sign)),
        format!("auth certificate 利用者証明用電子証明書: {}", there(auth)),
        format!("unknown: {unknown:02X}"),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_with_both_forms_of_length_and_shown_as_bytes_when_it_is_none() {
        let long = [&[7, 0xFF, 1, 0][..], &[b'x'; 256]].concat();
        assert_eq!(simple_tlv(&long).unwrap().1.len(), 256);
        let shown = records(
            Aid::new(&[1]).unwrap(),
            FileId::new(1),
            &[vec![1, 5, 0].into(), vec![2, 1, b'A'].into()],
        );
        assert_eq!(shown, ["record 1: 010500", "record 2: tag 02, 1 bytes", "  \"A\""]);
        assert_eq!(records(Aid::new(&[1]).unwrap(), FileId::new(1), &[]), ["no records"]);
    }
}
