//! What a file holds, decoded as far as its form is known. Of a PIN or a private key only its kind is told.

use vmyna_card_os::application::Application;
use vmyna_card_os::file::Body;
use vmyna_card_os::key::CertificateKey;

use super::tree::Place;
use super::{Item, certificate, meaning, record, tree, value, words};
use crate::hex;

/// The contents in lines.
pub(super) fn lines(application: &Application, item: Item<'_>) -> Vec<String> {
    let place = |id: u16| Place {
        application: application.aid,
        id,
    };
    match item {
        Item::Object(object) => {
            let bytes = object.value.as_bytes();
            tree::lines(place(object.tag), bytes)
                .filter(|_| meaning::is_tree(application.aid, object.tag))
                .unwrap_or_else(|| vec![value::shown(bytes, meaning::of_object(application.aid, object.tag))])
        }
        Item::File(file) => match &file.body {
            Body::Transparent(content) => {
                let bytes = content.as_bytes();
                certificate::lines(bytes)
                    .or_else(|| record::of_jpki(application.aid, file.id, bytes))
                    .or_else(|| tree::lines(place(file.id.value()), bytes))
                    .unwrap_or_else(|| dump(bytes))
            }
            Body::Records(records) => record::records(application.aid, file.id, records),
            Body::Pin(pin) => {
                let tries = match pin.max_tries {
                    Some(max) => format!("{max} wrong values in a row block it (`vmyna pin` tells the tries left)"),
                    None => "tries without limit".to_owned(),
                };
                vec![format!("a PIN of {}, {tries}; its value is not shown", pin.format)]
            }
            Body::PrivateKey(key) => vec![format!("a private key, {}; it is not shown", words::key_form(key))],
            Body::CertificateKey(key) => certificate_key(key),
            Body::Reserved => {
                vec!["an internal file of unknown purpose: it can be selected and nothing else".to_owned()]
            }
        },
    }
}

fn certificate_key(key: &CertificateKey) -> Vec<String> {
    vec![
        format!(
            "key id: {}",
            value::key_id(&key.key_id).unwrap_or_else(|| hex::encode(&key.key_id))
        ),
        format!(
            "RSA public key, {} bits, exponent {}",
            8 * key.modulus.len(),
            hex::encode(&key.exponent)
        ),
        format!("modulus: {}", value::bytes(&key.modulus)),
    ]
}

/// Bytes of unknown form: all of them, sixteen a line, with the characters they may be.
fn dump(bytes: &[u8]) -> Vec<String> {
    if bytes.is_empty() || bytes.iter().all(|byte| *byte == 0xFF) {
        return vec![value::bytes(bytes)];
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
        let dumped = dump(b"0123456789abcdef\x1b[0");
        assert_eq!(dumped.len(), 2);
        assert!(dumped[0].starts_with("0000  30 31") && dumped[0].ends_with("  0123456789abcdef"));
        assert!(dumped[1].starts_with("0010  1B 5B 30") && dumped[1].ends_with("  .[0"));
        assert_eq!(dump(&[0xFF; 16]), ["16 x FF"]);
        assert_eq!(dump(&[]), ["empty"]);
    }
}
