//! Writes DER as text, so that a test can state a certificate's structure in a few lines.
//!
//! `{…}` holds the contents of a constructed value or of an octet string that is DER itself; object identifiers stand for
//! themselves; strings and times are `TAG:text`, other short values `TAG:hex`, long ones `TAG#length`. A name is
//! `[C/13=JP, O/0C=…]`: attribute, string type, text. Tags are hexadecimal.

use der::asn1::ObjectIdentifier;

/// The certificate's parts, one a line; the extensions too stand one a line.
pub(super) fn of_certificate(der: &[u8]) -> Vec<String> {
    let [(_, certificate)] = values(der).unwrap()[..] else {
        panic!("one value")
    };
    let outer = values(certificate).unwrap();
    let mut lines = Vec::new();
    for (tag, value) in values(outer[0].1).unwrap() {
        if tag == 0xA3 {
            let extensions = values(value).unwrap()[0].1;
            lines.extend(
                values(extensions)
                    .unwrap()
                    .into_iter()
                    .map(|(tag, value)| of_value(tag, value)),
            );
        } else {
            lines.push(of_value(tag, value));
        }
    }
    lines.extend(outer[1..].iter().map(|(tag, value)| of_value(*tag, value)));
    lines
}

fn of_value(tag: u8, value: &[u8]) -> String {
    let text = || String::from_utf8(value.to_vec()).unwrap();
    match tag {
        0x06 => ObjectIdentifier::from_bytes(value).unwrap().to_string(),
        0x0C | 0x13 | 0x16 | 0x17 | 0x18 | 0x86 => format!("{tag:02X}:{}", text()),
        _ if tag & 0x20 != 0 => {
            let inner = values(value).unwrap();
            if inner.iter().all(|(tag, _)| *tag == 0x31) {
                of_name(&inner)
            } else {
                of_inner(tag, &inner)
            }
        }
        0x04 if values(value).is_some_and(|inner| !inner.is_empty()) => of_inner(tag, &values(value).unwrap()),
        _ if value.len() > 4 => format!("{tag:02X}#{}", value.len()),
        _ => format!(
            "{tag:02X}:{}",
            value.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        ),
    }
}

fn of_inner(tag: u8, inner: &[(u8, &[u8])]) -> String {
    let parts: Vec<String> = inner.iter().map(|(tag, value)| of_value(*tag, value)).collect();
    format!("{tag:02X}{{{}}}", parts.join(" "))
}

fn of_name(relative: &[(u8, &[u8])]) -> String {
    let attributes = relative.iter().map(|(_, set)| {
        let pair = values(values(set).unwrap()[0].1).unwrap();
        let attribute = match of_value(pair[0].0, pair[0].1).as_str() {
            "2.5.4.3" => "CN",
            "2.5.4.6" => "C",
            "2.5.4.7" => "L",
            "2.5.4.10" => "O",
            "2.5.4.11" => "OU",
            other => panic!("attribute {other}"),
        };
        format!(
            "{attribute}/{:02X}={}",
            pair[1].0,
            String::from_utf8(pair[1].1.to_vec()).unwrap()
        )
    });
    format!("[{}]", attributes.collect::<Vec<_>>().join(", "))
}

/// Splits into (tag, value), or `None` when the bytes are not a sequence of DER values.
fn values(mut der: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut found = Vec::new();
    while let [tag, first, rest @ ..] = der {
        let (length, rest) = match first {
            0x00..=0x7F => (usize::from(*first), rest),
            0x81 if *rest.first()? >= 0x80 => (usize::from(rest[0]), &rest[1..]),
            0x82 if *rest.first()? != 0 => (usize::from(rest[0]) << 8 | usize::from(*rest.get(1)?), &rest[2..]),
            _ => return None,
        };
        let (value, after) = rest.split_at_checked(length)?;
        found.push((*tag, value));
        der = after;
    }
    der.is_empty().then_some(found)
}
