//! What a browser states about a request: the language of its user, and where the answer goes.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use vmyna_apdu::Language;

/// Whether a browser goes to the address, as far as it states that. Otherwise the answer becomes a part of another page,
/// such as a picture: a page of another site can ask for thousands of them.
#[must_use]
pub fn is_visit(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-dest").is_none_or(|to| to == "document")
}

/// The language that a browser prefers, of those that pages have; English if it prefers none of them.
#[must_use]
pub fn accepted(headers: &HeaderMap) -> Language {
    let tags = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    tags.and_then(language).unwrap_or_default()
}

/// The first language of a list of tags that pages have.
#[must_use]
pub fn language(tags: &str) -> Option<Language> {
    let known = |tag: &str| match tag.split(['-', ';']).next() {
        Some(tag) if tag.eq_ignore_ascii_case("ja") => Some(Language::Ja),
        Some(tag) if tag.eq_ignore_ascii_case("en") => Some(Language::En),
        _ => None,
    };
    tags.split([' ', ',']).find_map(known)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_language_that_pages_have_is_taken() {
        for (tags, expected) in [
            ("ja-JP,en;q=0.5", Some(Language::Ja)),
            ("fr, EN-GB;q=0.8, ja", Some(Language::En)),
            ("fr ja", Some(Language::Ja)),
            ("jav,eng", None),
            ("", None),
        ] {
            assert_eq!(language(tags), expected, "{tags}");
        }
        assert_eq!(accepted(&HeaderMap::new()), Language::En);
    }

    #[test]
    fn a_part_of_another_page_is_no_visit() {
        let of = |to: &str| {
            is_visit(&HeaderMap::from_iter([(
                "sec-fetch-dest".parse().unwrap(),
                to.parse().unwrap(),
            )]))
        };
        assert!(is_visit(&HeaderMap::new()) && of("document"));
        assert!(!of("image") && !of("iframe") && !of("empty"));
    }

    proptest! {
        #[test]
        fn a_language_is_found_in_any_text_without_a_panic(tags in "\\PC{0,60}") {
            let _ = language(&tags);
        }
    }
}
