//! What the tests of other modules need of this one.

use super::*;

fn provider() -> Provider {
    let url = |name: &str| format!("http://localhost:1/{name}");
    Provider {
        issuer: url("main"),
        origin: "http://localhost:1".to_owned(),
        authorization: url("auth"),
        token: url("token"),
        userinfo: url("userinfo"),
        jwks: url("certs"),
        states_issuer: true,
    }
}

/// A log-in that was begun with this `state`.
pub(in crate::portal) fn begun(state: &str) -> Begun {
    Begun {
        state: state.to_owned(),
        nonce: "nonce".to_owned(),
        verifier: Zeroizing::new("verifier".to_owned()),
        provider: provider(),
        purpose: Purpose::LogIn,
        language: Language::Ja,
    }
}

/// A person who is logged in under this name.
pub(in crate::portal) fn logged_in(subject: &str) -> LoggedIn {
    LoggedIn {
        tokens: Tokens {
            access: Zeroizing::new("access".to_owned()),
            refresh: None,
            stated: Stated {
                subject: subject.to_owned(),
                acr: "aal3".to_owned(),
                auth_time: 0,
                issued: 0,
                expires: 0,
            },
            provider: provider(),
        },
        items: FourItems::default(),
    }
}

#[test]
fn an_answer_is_taken_from_the_issuer_only() {
    let code = |query: &str| {
        let callback = Callback::read(query).unwrap();
        callback.code(&provider()).map(str::to_owned)
    };
    let own = "iss=http%3A%2F%2Flocalhost%3A1%2Fmain";
    assert_eq!(code(&format!("state=a&code=b&{own}&session_state=c")).unwrap(), "b");
    for query in [
        "state=a&code=b".to_owned(),
        "state=a&code=b&iss=http://localhost:1/main/".to_owned(),
        "state=a&error=access_denied&iss=http://localhost:2/main".to_owned(),
    ] {
        assert!(matches!(code(&query), Err(RelyingPartyError::MixedUp)), "{query}");
    }
    assert!(matches!(
        code(&format!("state=a&{own}")),
        Err(RelyingPartyError::Form(_))
    ));
    assert!(matches!(
        code(&format!("state=a&code=&{own}")),
        Err(RelyingPartyError::Form(_))
    ));
    let refused = code(&format!(
        "state=a&error=access_denied&error_description=no&code=b&{own}"
    ));
    assert!(matches!(refused, Err(RelyingPartyError::Refused { code, .. }) if code == "access_denied"));
}

#[test]
fn an_answer_with_a_doubled_or_malformed_parameter_is_none() {
    for query in [
        "state=a&state=a",
        "code=a&code=b",
        "iss=a&iss=a",
        "state=%",
        "state=%ff",
    ] {
        assert!(Callback::read(query).is_none(), "{query}");
    }
    assert!(Callback::read(&format!("code={}", "x".repeat(2049))).is_none());
    assert_eq!(Callback::read("").unwrap().state(), "");
}

#[test]
fn a_refusal_shows_harmless_characters() {
    let RelyingPartyError::Refused { code, description } =
        json::refused("<b>access_denied\r\n", &format!("a\u{0}\nb{}", "x".repeat(400)))
    else {
        panic!("it is no refusal");
    };
    assert_eq!(code, "baccess_denied");
    assert!(description.starts_with("abx") && description.chars().count() == 300);
}

#[test]
fn errors_and_debug_output_show_no_secret() {
    let begun = begun("a-state");
    let shown = format!("{:?} {:?}", begun.provider, logged_in("subject").items);
    for secret in ["a-state", "verifier", "access"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
