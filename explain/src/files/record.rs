//! Decodes files that are not made of data objects: records, and two files of the JPKI application with a fixed layout.

use vmyna_apdu::{Aid, FileId, Language, say};
use vmyna_applets::{card_info, jpki, residence_code};
use vmyna_card_os::declaration::Content;

use super::meaning::Form;
use super::value;

/// The lines of a file of records. Each record is a simple-TLV object: tag, length in one byte (or `FF` and two), value.
pub(crate) fn records(application: Aid, id: FileId, records: &[Content], language: Language) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, record) in records.iter().enumerate() {
        let number = at + 1;
        match simple_tlv(record.as_bytes()) {
            Some((tag, contents)) => {
                let length = contents.len();
                lines.push(say!(
                    language,
                    "record {number}: tag {tag:02X}, {length} bytes",
                    "レコード{number}: タグ{tag:02X}、{length}バイト"
                ));
                lines.extend(
                    fields(application, id, contents, language)
                        .into_iter()
                        .map(|line| format!("  {line}")),
                );
            }
            None => {
                let bytes = value::bytes(record.as_bytes(), language);
                lines.push(say!(language, "record {number}: {bytes}", "レコード{number}: {bytes}"));
            }
        }
    }
    if lines.is_empty() {
        lines.push(say!(language, "no records", "レコードなし"));
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

fn fields(application: Aid, id: FileId, contents: &[u8], language: Language) -> Vec<String> {
    let shown = |value, form| value::shown(value, form, language);
    if application == card_info::AID && id == card_info::ef::CARD_INFO && contents.len() == 28 {
        let serial = shown(&contents[..15], Form::Text);
        let municipality = shown(&contents[15..20], Form::Text);
        let expiry = shown(&contents[20..], Form::Date);
        return vec![
            say!(language, "serial number 製造番号: {serial}", "製造番号: {serial}"),
            say!(
                language,
                "municipality code: {municipality}",
                "全国地方公共団体コード: {municipality}"
            ),
            say!(language, "expiry 有効期限: {expiry}", "有効期限: {expiry}"),
        ];
    }
    if application == residence_code::AID && id == residence_code::ef::RESIDENCE_CODE {
        let code = shown(contents, Form::Text);
        return vec![say!(
            language,
            "residence code 住民票コード: {code}",
            "住民票コード: {code}"
        )];
    }
    match value::key_id(contents) {
        Some(id) => vec![say!(language, "key id: {id}", "鍵ID: {id}")],
        None => vec![shown(contents, Form::Any)],
    }
}

/// The lines of a transparent file of the JPKI application that is not a certificate; `None` for another file.
pub(crate) fn of_jpki(application: Aid, id: FileId, file: &[u8], language: Language) -> Option<Vec<String>> {
    if application != jpki::AID {
        return None;
    }
    match id {
        jpki::ef::TOKEN_INFO => token_information(file, language),
        jpki::ef::AVAILABILITY => availability(file, language),
        _ => None,
    }
}

/// PKCS#11's `CK_TOKEN_INFO`, 160 bytes.
fn token_information(file: &[u8], language: Language) -> Option<Vec<String>> {
    if file.len() != 160 {
        return None;
    }
    let text = |(en, ja): (&str, &str), begin: usize, length: usize| {
        let padded = &file[begin..begin + length];
        let value = value::shown(padded.trim_ascii_end(), Form::Text, language);
        say!(language, "{en}: {value}", "{ja}: {value}")
    };
    let number = |at: usize| {
        let bytes = file[at..].first_chunk().copied().unwrap_or_default();
        match u32::from_be_bytes(bytes) {
            u32::MAX => say!(language, "unavailable", "不明"),
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
    let set = set.join(", ");
    let [most, open, most_rw, open_rw] = [100, 104, 108, 112].map(number);
    let [longest, shortest] = [116, 120].map(number);
    let [public, public_free, private, private_free] = [124, 128, 132, 136].map(number);
    Some(vec![
        text(("label", "ラベル"), 0, 32),
        text(("manufacturer", "製造者"), 32, 32),
        text(("model", "型式"), 64, 16),
        text(("serial number", "シリアル番号"), 80, 16),
        say!(language, "flags: {flags:08X} ({set})", "フラグ: {flags:08X}（{set}）"),
        say!(
            language,
            "sessions: at most {most}, open {open}",
            "セッション: 最大{most}、使用中{open}"
        ),
        say!(
            language,
            "read-write sessions: at most {most_rw}, open {open_rw}",
            "読み書きセッション: 最大{most_rw}、使用中{open_rw}"
        ),
        say!(
            language,
            "PIN length: {shortest} to {longest}",
            "PINの長さ: {shortest}〜{longest}"
        ),
        say!(
            language,
            "public memory: total {public}, free {public_free}",
            "公開メモリ: 全体{public}、空き{public_free}"
        ),
        say!(
            language,
            "private memory: total {private}, free {private_free}",
            "秘密メモリ: 全体{private}、空き{private_free}"
        ),
        text(("hardware version", "ハードウェアバージョン"), 140, 2),
        text(("firmware version", "ファームウェアバージョン"), 142, 2),
        text(("clock", "時刻"), 144, 16),
    ])
}

/// One byte for each certificate, and one of unknown meaning.
fn availability(file: &[u8], language: Language) -> Option<Vec<String>> {
    let [sign, auth, unknown] = file else { return None };
    let there = |byte: &u8| match byte {
        0x8F => say!(language, "8F (on the card)", "8F（あり）"),
        0 => say!(language, "00 (not on the card)", "00（なし）"),
        byte => say!(language, "{byte:02X} (unknown)", "{byte:02X}（不明）"),
    };
    let line = |(en, ja): (&str, &str), byte: &u8| {
        let state = there(byte);
        say!(language, "{en} {ja}: {state}", "{ja}: {state}")
    };
    Some(vec![
        line(jpki::names::SIGN_CERTIFICATE, sign),
        line(jpki::names::AUTH_CERTIFICATE, auth),
        say!(language, "unknown: {unknown:02X}", "用途不明: {unknown:02X}"),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_either_form_of_length_or_is_shown_as_bytes() {
        let long = [&[7, 0xFF, 1, 0][..], &[b'x'; 256]].concat();
        assert_eq!(simple_tlv(&long).unwrap().1.len(), 256);
        let shown = records(
            Aid::new(&[1]).unwrap(),
            FileId::new(1),
            &[vec![1, 5, 0].into(), vec![2, 1, b'A'].into()],
            Language::En,
        );
        assert_eq!(shown, ["record 1: 010500", "record 2: tag 02, 1 bytes", "  \"A\""]);
        assert_eq!(
            records(Aid::new(&[1]).unwrap(), FileId::new(1), &[], Language::En),
            ["no records"]
        );
    }
}
