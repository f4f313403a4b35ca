//! The token of the link: it opens the desk as long as the process lives.

use std::fmt;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::secret;

/// 256 random bits. `Debug` does not show them.
pub(super) struct Token(Zeroizing<String>);

impl Token {
    pub(super) fn random() -> Self {
        Self(Zeroizing::new(secret::random()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request carries it, once, as `Authorization: Bearer TOKEN`.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return false;
        };
        let given = value.as_bytes().strip_prefix(b"Bearer ");
        given.is_some_and(|given| given.ct_eq(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_once_opens_and_nothing_shows_it() {
        let token = Token::random();
        assert_eq!(token.as_str().len(), 43);
        assert_ne!(token.as_str(), Token::random().as_str());
        assert!(!format!("{token:?}").contains(token.as_str()));
        let headers = |values: &[String]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, value.parse().unwrap());
            }
            headers
        };
        let own = format!("Bearer {}", token.as_str());
        assert!(token.is_in(&headers(std::slice::from_ref(&own))));
        for wrong in [
            vec![],
            vec![own.clone(), own.clone()],
            vec![token.as_str().to_owned()],
            vec![own[..own.len() - 1].to_owned()],
            vec![format!("{own}A")],
            vec![own.replace("Bearer", "bearer")],
            vec!["Bearer ".to_owned()],
        ] {
            assert!(!token.is_in(&headers(&wrong)), "{}", wrong.len());
        }
    }
}
