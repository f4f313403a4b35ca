//! Describes the form of a file as the declaration states it. [`crate::access`] describes its access conditions.

use vmyna_apdu::{Language, say};
use vmyna_card_os::declaration::{Body, Characters, File, Format, PrivateKey};

/// The kind of file, in English.
pub(crate) fn kind(body: &Body) -> &'static str {
    match body {
        Body::Transparent(_) => "transparent file",
        Body::Records(_) => "file of records",
        Body::Pin(_) => "PIN",
        Body::SharedPin(_) => "shared PIN",
        Body::PrivateKey(_) | Body::GeneratedKey(_) => "private key",
        Body::HostKey(_) => "key of a host",
        Body::CertificateKey(_) => "certificate verification key",
        Body::Reserved => "internal file",
    }
}

/// The kind and size of a file; where filler follows its object, the size of that too.
#[must_use]
pub fn form(file: &File, language: Language) -> String {
    match &file.body {
        Body::Transparent(content) => {
            let length = content.as_bytes().len();
            match file.object().map(<[u8]>::len) {
                Some(object) if object < length => say!(
                    language,
                    "transparent, {object} of {length} bytes",
                    "透過構造、{length}バイト中{object}"
                ),
                _ => say!(language, "transparent, {length} bytes", "透過構造、{length}バイト"),
            }
        }
        Body::Records(records) => {
            let length: usize = records.iter().map(|record| record.as_bytes().len()).sum();
            match records.len() {
                1 => say!(
                    language,
                    "1 record, {length} bytes",
                    "レコード構造、1件、{length}バイト"
                ),
                count => say!(
                    language,
                    "{count} records, {length} bytes",
                    "レコード構造、{count}件、{length}バイト"
                ),
            }
        }
        Body::Pin(pin) => {
            let format = pin_format(&pin.format, language);
            say!(language, "PIN, {format}", "暗証番号等、{format}")
        }
        Body::SharedPin(of) => {
            let (aid, file) = (of.aid, of.file);
            say!(language, "PIN {file} of {aid}", "{aid}のPIN {file}と共通")
        }
        Body::GeneratedKey(algorithm) => say!(
            language,
            "private key made on the card, {algorithm}",
            "カード内で生成する秘密鍵、{algorithm}"
        ),
        Body::HostKey(_) => say!(language, "public key of a host", "ホストの公開鍵"),
        Body::PrivateKey(key) => {
            let form = key_form(key, language);
            say!(language, "private key, {form}", "秘密鍵、{form}")
        }
        Body::CertificateKey(key) => {
            let bits = 8 * key.modulus.len();
            say!(language, "CV key, RSA-{bits}", "CV証明書検証鍵、RSA-{bits}")
        }
        Body::Reserved => say!(language, "internal", "内部ファイル"),
    }
}

/// The form of the values of a PIN.
pub(crate) fn pin_format(format: &Format, language: Language) -> String {
    let (min, max) = (format.min, format.max);
    let length = if min == max {
        min.to_string()
    } else {
        format!("{min}〜{max}")
    };
    let japanese = match format.characters {
        Characters::Digits => format!("数字{length}桁"),
        Characters::UpperCaseAndDigits => format!("英大文字と数字{length}文字"),
        Characters::Bytes => format!("{length}バイト"),
    };
    say!(language, "{format}", "{japanese}")
}

/// The kind of a private key.
pub(crate) fn key_form(key: &PrivateKey, language: Language) -> String {
    match key.algorithm() {
        Some(algorithm) => algorithm.to_string(),
        None => say!(language, "of another kind", "その他の種類"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_pin_is_described_in_both_languages() {
        let four = Format::digits(4);
        assert_eq!(pin_format(&four, Language::En), "4 digits");
        assert_eq!(pin_format(&four, Language::Ja), "数字4桁");
        let password = Format {
            characters: Characters::UpperCaseAndDigits,
            min: 6,
            max: 16,
        };
        assert_eq!(pin_format(&password, Language::Ja), "英大文字と数字6〜16文字");
    }
}
