//! What one argument or one line asks for: an APDU or a directive.

use vmyna_apdu::{CommandApdu, hex};

use crate::failure::Failure;
use crate::options::language::{Language, say};

/// One thing to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send this.
    Apdu(Vec<u8>),
    /// Do this with the reader.
    Directive(Directive),
}

/// What a reader can do besides sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    Reset,
    PowerCycle,
    Remove,
    Insert,
}

impl Directive {
    const ALL: [(&'static str, Self); 4] = [
        (".reset", Self::Reset),
        (".power-cycle", Self::PowerCycle),
        (".remove", Self::Remove),
        (".insert", Self::Insert),
    ];

    /// What was done, for people.
    pub(super) fn text(self, language: Language) -> String {
        match self {
            Self::Reset => say!(language, "warm reset", "ウォームリセット"),
            Self::PowerCycle => say!(language, "power off and on", "電源再投入"),
            Self::Remove => say!(language, "card taken out", "カード取り出し"),
            Self::Insert => say!(language, "card put in", "カード挿入"),
        }
    }
}

/// The step that a line asks for; `None` for an empty one or a comment.
///
/// # Errors
/// The error as a sentence. It never repeats the line, which may contain a PIN.
pub(super) fn parse(line: &str) -> Result<Option<Step>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    if line.starts_with('.') {
        let known = Directive::ALL.iter().find(|(name, _)| *name == line);
        let names = || Directive::ALL.map(|(name, _)| name).join(", ");
        return match known {
            Some((_, directive)) => Ok(Some(Step::Directive(*directive))),
            None => Err(format!("there is no directive {line:?}; there are: {}", names())),
        };
    }
    let command = hex::decode(line).map_err(|error| error.to_string())?;
    if command.len() > CommandApdu::MAX_LENGTH {
        return Err(format!(
            "a C-APDU has at most {} bytes, this has {}",
            CommandApdu::MAX_LENGTH,
            command.len()
        ));
    }
    Ok(Some(Step::Apdu(command)))
}

/// The steps that the arguments ask for.
pub(super) fn parse_arguments(arguments: &[String]) -> Result<Vec<Step>, Failure> {
    let steps = (1..)
        .zip(arguments)
        .filter_map(|(number, argument)| match parse(argument) {
            Ok(step) => step.map(Ok),
            Err(problem) => Some(Err(Failure::Usage(format!(
                "argument {number}: {problem}; nothing was sent"
            )))),
        });
    let steps: Vec<_> = steps.collect::<Result<_, _>>()?;
    if steps.is_empty() && !arguments.is_empty() {
        return Err(Failure::Usage(
            "the arguments hold neither an APDU nor a directive".to_owned(),
        ));
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_apdus_directives_or_nothing() {
        assert_eq!(parse("  ").unwrap(), None);
        assert_eq!(parse("# select").unwrap(), None);
        assert_eq!(parse("00 20 00 80").unwrap(), Some(Step::Apdu(vec![0, 0x20, 0, 0x80])));
        for (name, directive) in Directive::ALL {
            assert_eq!(parse(name).unwrap(), Some(Step::Directive(directive)));
        }
    }

    #[test]
    fn a_fault_is_told_without_repeating_what_may_be_a_pin() {
        for line in ["0020008004313233", "00200080043132333G", ".eject"] {
            let told = parse(&format!("{line}0")).unwrap_err();
            assert!(!told.contains("31323"), "{told}");
        }
        assert!(
            parse(&"00".repeat(300_000))
                .unwrap_err()
                .contains("at most 65544 bytes, this has 300000")
        );
    }

    #[test]
    fn one_fault_among_the_arguments_sends_nothing() {
        let arguments = ["00200080".to_owned(), "0".to_owned()];
        assert!(matches!(parse_arguments(&arguments), Err(Failure::Usage(told)) if told.starts_with("argument 2: ")));
    }
}
