//! What declarations say, in words for people.

use vmyna_card_os::access::{Access, Condition};
use vmyna_card_os::application::Application;
use vmyna_card_os::file::Body;
use vmyna_card_os::key::PrivateKey;
use vmyna_card_os::rule::Certainty;

/// What kind of file it is.
pub(super) fn kind(body: &Body) -> &'static str {
    match body {
        Body::Transparent(_) => "transparent file",
        Body::Records(_) => "file of records",
        Body::Pin(_) => "PIN",
        Body::PrivateKey(_) => "private key",
        Body::CertificateKey(_) => "key to check certificates with",
        Body::Reserved => "internal file",
    }
}

/// Kind and size.
pub(super) fn form(body: &Body) -> String {
    match body {
        Body::Transparent(content) => format!("transparent, {} bytes", content.as_bytes().len()),
        Body::Records(records) => match &records[..] {
            [record] => format!("1 record, {} bytes", record.as_bytes().len()),
            records => {
                let bytes: usize = records.iter().map(|record| record.as_bytes().len()).sum();
                format!("{} records, {bytes} bytes", records.len())
            }
        },
        Body::Pin(pin) => format!("PIN, {}", pin.format),
        Body::PrivateKey(key) => format!("private key, {}", key_form(key)),
        Body::CertificateKey(key) => format!("CV key, RSA-{}", 8 * key.modulus.len()),
        Body::Reserved => "internal".to_owned(),
    }
}

/// The kind of a private key. Nothing but the length of its modulus is looked at.
pub(super) fn key_form(key: &PrivateKey) -> String {
    use rsa::RsaPrivateKey;
    use rsa::pkcs8::DecodePrivateKey;
    use rsa::traits::PublicKeyParts;
    match RsaPrivateKey::from_pkcs8_der(key.as_pkcs8_der()) {
        Ok(key) => format!("RSA-{}", 8 * key.size()),
        Err(_) => "not RSA".to_owned(),
    }
}

/// Every operation with its condition, e.g. `read: after auth PIN (0018)`.
pub(super) fn access(application: &Application, access: &Access) -> String {
    let phrases: Vec<_> = access
        .iter()
        .map(|(operation, when)| format!("{operation}: {}", condition(application, when)))
        .collect();
    if phrases.is_empty() {
        return "nothing can be done with it".to_owned();
    }
    phrases.join("; ")
}

/// A condition, with the PINs by their names.
pub(super) fn condition(application: &Application, when: &Condition) -> String {
    match when {
        Condition::Always => "free".to_owned(),
        Condition::Never => "never".to_owned(),
        Condition::Unsuited => "never, the key is not for this".to_owned(),
        when => format!("after {}", pins(application, when)),
    }
}

fn pins(application: &Application, when: &Condition) -> String {
    let list = |conditions: &[Condition], word: &str| {
        let inner = |condition: &Condition| match condition {
            Condition::AnyOf(_) | Condition::AllOf(_) => format!("({})", pins(application, condition)),
            condition => pins(application, condition),
        };
        conditions.iter().map(inner).collect::<Vec<_>>().join(word)
    };
    match when {
        Condition::Verified(pin) => {
            let name = application.file(*pin).map_or("PIN", |file| file.name.as_ref());
            format!("{name} ({pin})")
        }
        Condition::AnyOf(conditions) => list(conditions, " or "),
        Condition::AllOf(conditions) => list(conditions, " and "),
        Condition::Always => "nothing".to_owned(),
        Condition::Never | Condition::Unsuited => "something that never happens".to_owned(),
    }
}

/// How certain something is, with the source for those who ask.
pub(super) fn basis(basis: &vmyna_card_os::rule::Basis, why: bool) -> String {
    let certainty: Certainty = basis.certainty;
    if why {
        format!("[{certainty}: {}]", basis.source)
    } else {
        format!("[{certainty}]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::hanako;
    use vmyna_card_os::file::FileId;

    #[test]
    fn conditions_name_the_pins_they_ask_for() {
        let applications = hanako().applications();
        let application = &applications[2];
        let verified = |id| Condition::Verified(FileId::new(id));
        let nested = Condition::AllOf(vec![
            verified(0x0011),
            Condition::AnyOf(vec![verified(0x0014), verified(0x0015)]),
        ]);
        assert_eq!(
            condition(application, &nested),
            "after input-assist PIN (0011) and (verification code A (0014) or verification code B (0015))"
        );
        assert_eq!(condition(application, &Condition::Always), "free");
        assert_eq!(access(application, &Access::NONE), "nothing can be done with it");
    }
}
