//! `--expect`: which status words a script takes for right.

use std::str::FromStr;

use vmyna_apdu::StatusWord;

use crate::failure::Failure;

/// One pattern for all APDUs, or one for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expectation(Vec<Pattern>);

/// Four hexadecimal digits, of which some may be any.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    text: String,
    value: u16,
    mask: u16,
}

impl FromStr for Expectation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',')
            .map(|pattern| pattern.trim().parse())
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.to_ascii_uppercase();
        let digits: Option<Vec<_>> = text
            .chars()
            .map(|digit| match digit {
                'X' => Some((0, 0)),
                digit => digit.to_digit(16).map(|digit| (digit as u16, 0xF)),
            })
            .collect();
        match digits.as_deref() {
            Some(digits @ [_, _, _, _]) => {
                let number =
                    |part: fn(&(u16, u16)) -> u16| digits.iter().map(part).fold(0, |sum, digit| sum << 4 | digit);
                Ok(Self {
                    value: number(|digit| digit.0),
                    mask: number(|digit| digit.1),
                    text,
                })
            }
            _ => Err(format!(
                "{text:?} is no status word: four hexadecimal digits, X for any digit, like 63CX"
            )),
        }
    }
}

impl Expectation {
    /// Whether the answer to the `number`-th APDU (from 1) is right.
    pub(crate) fn check(&self, number: usize, status_word: StatusWord) -> Result<(), Failure> {
        let pattern = match &self.0[..] {
            [one] => one,
            each => match each.get(number - 1) {
                Some(pattern) => pattern,
                None => return self.check_count(number),
            },
        };
        if status_word.value() & pattern.mask == pattern.value {
            return Ok(());
        }
        let meaning = status_word.meaning();
        Err(Failure::Failed(format!(
            "APDU {number} was answered {status_word} ({meaning}), expected {}",
            pattern.text
        )))
    }

    /// Whether so many APDUs fit the list.
    pub(crate) fn check_count(&self, apdus: usize) -> Result<(), Failure> {
        match self.0.len() {
            _ if apdus == 0 => Err(Failure::Usage("a status word is expected, and no APDU came".to_owned())),
            1 => Ok(()),
            expected if expected == apdus => Ok(()),
            expected => Err(Failure::Usage(format!(
                "{expected} status words are expected of {apdus} APDUs"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(expectation: &str, number: usize, status_word: u16) -> bool {
        expectation
            .parse::<Expectation>()
            .unwrap()
            .check(number, StatusWord::new(status_word))
            .is_ok()
    }

    #[test]
    fn one_status_word_is_expected_of_all_and_a_list_of_each() {
        assert!(right("9000", 1, 0x9000) && right("9000", 7, 0x9000) && !right("9000", 7, 0x6982));
        assert!(right("9000,63c3", 2, 0x63C3) && !right("9000,63C3", 1, 0x63C3) && !right("9000,63C3", 3, 0x9000));
    }

    #[test]
    fn x_stands_for_any_digit() {
        assert!(right("63CX", 1, 0x63C0) && right("63CX", 1, 0x63CF) && !right("63CX", 1, 0x6300));
        assert!(right("xxxx", 1, 0x1234));
    }

    #[test]
    fn what_is_no_status_word_is_refused() {
        for text in ["", "900", "90000", "9O00", "9000,", "9000 6982"] {
            assert!(text.parse::<Expectation>().is_err(), "{text:?}");
        }
    }
}
