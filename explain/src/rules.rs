//! The rules of the card in both languages. `vmyna_card_os::rule` states the English, this module the Japanese. A test compares
//! the two lists.

use vmyna_apdu::{Text, text};
use vmyna_card_os::rule::Rule;

use crate::access;

/// A rule with its certainty and source. The source is not translated.
#[must_use]
pub fn describe(rule: &Rule) -> Text {
    let Rule {
        id,
        text: english,
        certainty,
        source,
        ..
    } = rule;
    let certain = access::certainty(*certainty);
    let japanese = japanese(id).unwrap_or(english);
    text!(
        "rule {id} [{certainty}]: {english} ({source})",
        "規則 {id}［{certain}］: {japanese}（{source}）"
    )
}

/// A rule without its certainty and source.
#[must_use]
pub fn text(rule: &Rule) -> Text {
    Text {
        en: rule.text.to_owned(),
        ja: japanese(rule.id).unwrap_or(rule.text).to_owned(),
    }
}

/// The Japanese text of the rule with this id.
fn japanese(id: &str) -> Option<&'static str> {
    rules().find(|(known, _)| *known == id).map(|(_, text)| text)
}

/// One rule a line, in the order of `rule::ALL`: its id, a tab, its text.
const RULES: &str = include_str!("rules.ja.tsv");

fn rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    RULES.lines().filter_map(|line| line.split_once('\t'))
}

#[cfg(test)]
mod tests {
    use vmyna_card_os::rule;

    use super::*;

    #[test]
    fn every_rule_has_a_japanese_text_and_every_text_a_rule() {
        let english: Vec<_> = rule::ALL.iter().map(|rule| rule.id).collect();
        let known: Vec<_> = rules().map(|(id, _)| id).collect();
        assert_eq!(known, english);
        assert_eq!(RULES.lines().count(), known.len(), "a line without a tab");
        for (id, text) in rules() {
            let japanese = text
                .chars()
                .any(|character| ('\u{3040}'..'\u{A000}').contains(&character));
            assert!(japanese, "{id} is not in Japanese");
        }
    }
}
