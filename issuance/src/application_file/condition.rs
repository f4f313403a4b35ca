//! Conditions as they are written: `pin or (code-a and code-b)`.
//!
//! `and` binds stronger than `or`. `always`, `never` and `unsuited` stand alone.

use super::table::RESERVED;

/// A condition with the names in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    Always,
    Never,
    Unsuited,
    /// A name, and at which character of the text it begins, from 1.
    Name(String, usize),
    Any(Vec<Expression>),
    All(Vec<Expression>),
}

/// What is wrong with a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ConditionError {
    /// At which character, from 1.
    pub(super) at: usize,
    pub(super) message: String,
}

impl ConditionError {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }
}

/// The deepest parentheses.
const DEEPEST: usize = 16;

/// Reads a condition.
pub(super) fn parse(text: &str) -> Result<Expression, ConditionError> {
    match text.trim() {
        "always" => return Ok(Expression::Always),
        "never" => return Ok(Expression::Never),
        "unsuited" => return Ok(Expression::Unsuited),
        _ => {}
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
        end: text.chars().count() + 1,
    };
    let expression = parser.any(0)?;
    match parser.peek() {
        (at, None) => {
            debug_assert_eq!(at, parser.end);
            Ok(expression)
        }
        (at, Some(Token::Close)) => Err(ConditionError::new(at, "`)` closes no parenthesis")),
        (at, Some(_)) => Err(ConditionError::new(at, "`and` or `or` must stand before this")),
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Name(String),
}

/// The tokens, each with the character at which it begins.
fn tokens(text: &str) -> Result<Vec<(usize, Token)>, ConditionError> {
    let mut tokens = Vec::new();
    let mut characters = (1..).zip(text.chars()).peekable();
    let letter = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    while let Some((at, character)) = characters.next() {
        let token = match character {
            ' ' => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            first if first.is_ascii_lowercase() => {
                let mut word = String::from(first);
                while let Some((_, next)) = characters.next_if(|(_, next)| letter(*next)) {
                    word.push(next);
                }
                match word.as_str() {
                    "and" => Token::And,
                    "or" => Token::Or,
                    reserved if RESERVED.contains(&reserved) => {
                        return Err(ConditionError::new(
                            at,
                            format!("`{reserved}` stands alone in a condition"),
                        ));
                    }
                    _ => Token::Name(word),
                }
            }
            _ => {
                return Err(ConditionError::new(
                    at,
                    "a name of a-z, 0-9 and -, `and`, `or`, `(` or `)` belongs here",
                ));
            }
        };
        tokens.push((at, token));
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    /// One more than the text has characters.
    end: usize,
}

impl Parser {
    fn peek(&self) -> (usize, Option<&Token>) {
        match self.tokens.get(self.next) {
            Some((at, token)) => (*at, Some(token)),
            None => (self.end, None),
        }
    }

    fn takes(&mut self, token: &Token) -> bool {
        let there = self.peek().1 == Some(token);
        self.next += usize::from(there);
        there
    }

    fn any(&mut self, depth: usize) -> Result<Expression, ConditionError> {
        let first = self.all(depth)?;
        let mut parts = vec![first];
        while self.takes(&Token::Or) {
            parts.push(self.all(depth)?);
        }
        Ok(joined(parts, Expression::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Expression, ConditionError> {
        let first = self.one(depth)?;
        let mut parts = vec![first];
        while self.takes(&Token::And) {
            parts.push(self.one(depth)?);
        }
        Ok(joined(parts, Expression::All))
    }

    fn one(&mut self, depth: usize) -> Result<Expression, ConditionError> {
        let (at, token) = self.peek();
        match token.cloned() {
            Some(Token::Name(name)) => {
                self.next += 1;
                Ok(Expression::Name(name, at))
            }
            Some(Token::Open) if depth == DEEPEST => Err(ConditionError::new(
                at,
                format!("parentheses are at most {DEEPEST} deep"),
            )),
            Some(Token::Open) => {
                self.next += 1;
                let inside = self.any(depth + 1)?;
                let (end, _) = self.peek();
                match self.takes(&Token::Close) {
                    true => Ok(inside),
                    false => Err(ConditionError::new(
                        end,
                        format!("`)` is missing for the `(` at character {at}"),
                    )),
                }
            }
            Some(Token::Close | Token::And | Token::Or) | None => Err(ConditionError::new(
                at,
                "the name of a PIN or of a host key is missing here",
            )),
        }
    }
}

fn joined(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            join(parts)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(name: &str, at: usize) -> Expression {
        Expression::Name(name.to_owned(), at)
    }

    #[test]
    fn and_binds_stronger_than_or_and_parentheses_stronger_than_both() {
        let (a, b, c) = (|at| name("a", at), |at| name("b", at), |at| name("c", at));
        for (text, expected) in [
            ("a", a(1)),
            ("((a))", a(3)),
            (
                "a or b and c",
                Expression::Any(vec![a(1), Expression::All(vec![b(6), c(12)])]),
            ),
            (
                "a and b or c",
                Expression::Any(vec![Expression::All(vec![a(1), b(7)]), c(12)]),
            ),
            (
                "(a or b) and c",
                Expression::All(vec![Expression::Any(vec![a(2), b(7)]), c(14)]),
            ),
            ("a or b or c", Expression::Any(vec![a(1), b(6), c(11)])),
            (" always ", Expression::Always),
            ("never", Expression::Never),
            ("unsuited", Expression::Unsuited),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_wrong_condition_is_refused_at_its_character() {
        for (text, at) in [
            ("", 1),
            ("   ", 4),
            ("a b", 3),
            ("a or", 5),
            ("or a", 1),
            ("a and or b", 7),
            ("(a", 3),
            ("a)", 2),
            ("()", 2),
            ("a or always", 6),
            ("never and a", 1),
            ("a or 1234", 6),
            ("A", 1),
            ("a or pin+b", 9),
        ] {
            assert_eq!(parse(text).map_err(|error| error.at), Err(at), "{text}");
        }
        assert!(parse(&format!("{}a{}", "(".repeat(16), ")".repeat(16))).is_ok());
        assert_eq!(
            parse(&format!("{}a{}", "(".repeat(17), ")".repeat(17))).unwrap_err().at,
            17
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_every_place_is_in_the_text(text in "[ab() 1ndor-]{0,40}|\\PC{0,20}") {
            if let Err(error) = parse(&text) {
                prop_assert!((1..=text.chars().count() + 1).contains(&error.at));
            }
        }
    }
}
