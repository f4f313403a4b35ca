//! The four items (基本4情報) as the provider states them.

use std::fmt;

use serde_json::Value;
use vmyna_authority::http_client::Method;

use super::json::{self, Object};
use super::{Provider, RelyingPartyError};

/// The most characters of an item.
const LONGEST: usize = 1000;

/// What the provider states of a person; what the person did not agree to is missing. `Debug` shows no value.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FourItems {
    /// 氏名.
    pub name: Option<String>,
    /// 住所.
    pub address: Option<String>,
    /// 生年月日, YYYY-MM-DD, as it was sent.
    pub birthdate: Option<String>,
    /// 性別, as it was sent.
    pub gender: Option<String>,
}

impl fmt::Debug for FourItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FourItems").finish_non_exhaustive()
    }
}

/// Asks the userinfo endpoint; its `sub` must be that of the ID token (OpenID Connect Core 1.0, 5.3.2).
pub(super) fn ask(provider: &Provider, access: &str, subject: &str) -> Result<FourItems, RelyingPartyError> {
    let bearer = zeroize::Zeroizing::new(format!("Bearer {access}"));
    let headers = [("Authorization", &**bearer), ("Accept", "application/json")];
    let answer = json::ask("userinfo", Method::Get, &provider.userinfo, &headers, b"")?;
    read(&json::object("userinfo", &answer)?, subject)
}

fn read(object: &Object, subject: &str) -> Result<FourItems, RelyingPartyError> {
    if json::text(object, "sub") != Some(subject) {
        return Err(RelyingPartyError::OtherPerson);
    }
    let item = |value: Option<&Value>| match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= LONGEST => Ok(Some(text.clone())),
        Some(_) => Err(RelyingPartyError::Form("userinfo")),
    };
    // The standard has an object for the address, with the whole of it in `formatted`.
    let address = match object.get("address") {
        Some(Value::Object(parts)) => item(parts.get("formatted"))?,
        other => item(other)?,
    };
    Ok(FourItems {
        name: item(object.get("name"))?,
        address,
        birthdate: item(object.get("birthdate"))?,
        gender: item(object.get("gender"))?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(value: Value) -> Result<FourItems, RelyingPartyError> {
        read(value.as_object().unwrap(), "a")
    }

    #[test]
    fn the_items_of_the_same_person_are_read() {
        let read =
            of(json!({"sub": "a", "name": "見本　花子", "address": {"formatted": "見本町"}, "gender": null})).unwrap();
        assert_eq!(read.name.as_deref(), Some("見本　花子"));
        assert_eq!(read.address.as_deref(), Some("見本町"));
        assert_eq!((read.birthdate, read.gender), (None, None));
        assert_eq!(
            of(json!({"sub": "a", "address": "見本町"})).unwrap().address.as_deref(),
            Some("見本町")
        );
    }

    #[test]
    fn the_items_of_another_person_are_refused() {
        for value in [
            json!({"sub": "b", "name": "x"}),
            json!({"name": "x"}),
            json!({"sub": 1}),
        ] {
            assert!(matches!(of(value), Err(RelyingPartyError::OtherPerson)));
        }
    }

    #[test]
    fn items_of_another_form_are_refused() {
        for value in [
            json!({"sub": "a", "name": 1}),
            json!({"sub": "a", "gender": "x".repeat(1001)}),
        ] {
            assert!(matches!(of(value), Err(RelyingPartyError::Form("userinfo"))));
        }
    }
}
