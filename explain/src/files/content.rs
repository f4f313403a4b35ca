//! Decodes what a file holds, as far as its form is known. A PIN or a private key is described by its kind only.

use vmyna_apdu::{Language, hex, say};
use vmyna_card_os::declaration::{Application, Body, CertificateKey};

use super::item::Item;
use super::tree::Place;
use super::{certificate, meaning, record, tree, value, words};

/// What a file or data object of this application holds, in lines.
#[must_use]
pub fn content(application: &Application, item: Item<'_>, language: Language) -> Vec<String> {
    let place = |id: u16| Place {
        application: application.aid,
        id,
    };
    match item {
        Item::Object(object) => {
            let bytes = object.value.as_bytes();
            tree::lines(place(object.tag), bytes, language)
                .filter(|_| meaning::is_tree(application.aid, object.tag))
                .unwrap_or_else(|| {
                    vec![value::shown(
                        bytes,
                        meaning::of_object(application.aid, object.tag),
                        language,
                    )]
                })
        }
        Item::File(file) => match &file.body {
            Body::Transparent(content) => {
                let bytes = content.as_bytes();
                certificate::lines(bytes, language)
                    .or_else(|| record::of_jpki(application.aid, file.id, bytes, language))
                    .or_else(|| tree::lines(place(file.id.value()), bytes, language))
                    .unwrap_or_else(|| dump(bytes, language))
            }
            Body::Records(records) => record::records(application.aid, file.id, records, language),
            Body::Pin(pin) => {
                let format = words::pin_format(&pin.format, language);
                let tries = match pin.max_tries {
                    Some(max) => say!(
                        language,
                        "{max} wrong values in a row block it",
                        "連続{max}回の不一致で閉塞する"
                    ),
                    None => say!(language, "tries without limit", "試行回数に制限なし"),
                };
                vec![say!(
                    language,
                    "a PIN of {format}, {tries}; its value is not shown",
                    "{format}の暗証番号等。{tries}。値は表示しない"
                )]
            }
            Body::PrivateKey(key) => {
                let form = words::key_form(key, language);
                vec![say!(
                    language,
                    "a private key, {form}; it is not shown",
                    "秘密鍵、{form}。値は表示しない"
                )]
            }
            Body::SharedPin(_) => vec![say!(
                language,
                "its value and its tries are those of a PIN of another application",
                "値と残り試行回数は、ほかのAPのPINと共通"
            )],
            Body::GeneratedKey(algorithm) => vec![say!(
                language,
                "a private key, {algorithm}, that the card makes by GENERATE ASYMMETRIC KEY PAIR",
                "GENERATE ASYMMETRIC KEY PAIRでカードが生成する秘密鍵、{algorithm}"
            )],
            Body::HostKey(_) => vec![say!(
                language,
                "the public key of a host, which EXTERNAL AUTHENTICATE checks a signature with",
                "EXTERNAL AUTHENTICATEで署名を検証する、ホストの公開鍵"
            )],
            Body::CertificateKey(key) => certificate_key(key, language),
            Body::Reserved => vec![say!(
                language,
                "an internal file of unknown purpose, which can only be selected",
                "用途不明の内部ファイル: 選択のほかは何もできない"
            )],
        },
    }
}

fn certificate_key(key: &CertificateKey, language: Language) -> Vec<String> {
    let id = value::key_id(&key.key_id).unwrap_or_else(|| hex::encode(&key.key_id));
    let (bits, exponent) = (8 * key.modulus.len(), hex::encode(&key.exponent));
    let modulus = value::bytes(&key.modulus, language);
    vec![
        say!(language, "key id: {id}", "鍵ID: {id}"),
        say!(
            language,
            "RSA public key, {bits} bits, exponent {exponent}",
            "RSA公開鍵、{bits}ビット、公開指数{exponent}"
        ),
        say!(language, "modulus: {modulus}", "モジュラス: {modulus}"),
    ]
}

/// Bytes of unknown form: all of them, sixteen a line, with their ASCII characters.
fn dump(bytes: &[u8], language: Language) -> Vec<String> {
    if bytes.is_empty() || bytes.iter().all(|byte| *byte == 0xFF) {
        return vec![value::bytes(bytes, language)];
    }
    let row = |(at, row): (usize, &[u8])| {
        let digits: Vec<_> = row.iter().map(|byte| format!("{byte:02X}")).collect();
        let visible = |byte: &u8| {
            if byte.is_ascii_graphic() {
                char::from(*byte)
            } else {
                '.'
            }
        };
        let characters: String = row.iter().map(visible).collect();
        format!("{:04X}  {:<47}  {characters}", at * 16, digits.join(" "))
    };
    bytes.chunks(16).enumerate().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_unknown_form_are_all_shown() {
        let dumped = dump(b"0123456789abcdef\x1b[0", Language::En);
        assert_eq!(dumped.len(), 2);
        assert!(dumped[0].starts_with("0000  30 31") && dumped[0].ends_with("  0123456789abcdef"));
        assert!(dumped[1].starts_with("0010  1B 5B 30") && dumped[1].ends_with("  .[0"));
        assert_eq!(dump(&[0xFF; 16], Language::En), ["16 x FF"]);
        assert_eq!(dump(&[], Language::Ja), ["（空）"]);
    }
}
