//! `exam.toml`: what a program claims to check, what it is given, and how it reports its verdict.
//!
//! Every field can be missing, and an unknown one is an error, because a misspelt one would be ignored in silence. Texts in
//! the file can hold placeholders; secrets have no place in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use vmyna_candidates::Part;

use super::form::Form;
use super::pattern::Pattern;

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Settings {
    /// What the program claims to check or to handle. Without it: all that its arguments deliver, except revocation.
    pub claims: Option<BTreeSet<Claimed>>,
    /// How many signatures of the card a run asks for.
    pub signatures: Option<usize>,
    /// How it is run.
    pub program: Program,
    /// What it is given beside its arguments.
    pub give: Give,
    /// The exit status reports the verdict. That is so as well if no table states another way.
    pub exit_status: Option<ExitStatus>,
    /// What it prints reports the verdict.
    pub output: Option<Output>,
    /// A file that it writes reports the verdict.
    pub file: Option<File>,
    /// What is recognised in its output beside the verdict.
    pub patterns: Patterns,
    /// For a service: the request about each part, and how its answer reports the verdict.
    pub http: BTreeMap<Claimed, Form>,
}

/// A part by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claimed(pub Part);

/// How it is run.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Program {
    /// It hangs if it takes more seconds.
    pub limit: Option<u64>,
    /// It takes the time from `$VMYNA_EXAM_TIME`. A candidate of another time is not judged otherwise.
    pub time: bool,
    /// It runs in the private folder of the run, which is its home too.
    pub private_folder: bool,
    /// A stack trace of a programming language in its output is a crash, whatever the verdict.
    pub stack_trace_is_crash: bool,
}

/// What it is given beside its arguments. All texts can hold placeholders.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Give {
    /// Variables.
    pub environment: BTreeMap<String, String>,
    /// Lines on standard input, at once.
    pub lines: Vec<String>,
    /// Lines on standard input, each once when the program asks for it.
    pub prompts: Vec<Prompt>,
}

/// A line that the program asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Prompt {
    /// What it prints when it asks.
    pub pattern: Pattern,
    /// What it is given.
    pub line: String,
}

/// The exit status reports the verdict.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct ExitStatus {
    /// Accepted.
    pub accepted: Vec<i32>,
    /// Refused; without it every other one.
    pub refused: Option<Vec<i32>>,
}

impl Default for ExitStatus {
    fn default() -> Self {
        Self {
            accepted: vec![0],
            refused: None,
        }
    }
}

/// Where a pattern is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// Either.
    #[default]
    Both,
}

/// What it prints reports the verdict.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Output {
    /// Where.
    #[serde(default)]
    pub stream: Stream,
    /// Accepted.
    pub accepted: Pattern,
    /// Refused; without it all that is not accepted.
    pub refused: Option<Pattern>,
}

/// A file that it writes reports the verdict.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct File {
    /// Its path, best in `{folder}`.
    pub path: String,
    /// Accepted.
    pub accepted: Pattern,
    /// Refused; without it all that is not accepted. No file at all refuses.
    pub refused: Option<Pattern>,
}

/// What is recognised in the output beside the verdict.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Patterns {
    /// The number of tries left, as the group `tries`.
    pub tries: Option<Pattern>,
    /// The user is informed of something, as when a card is of an unknown generation.
    pub notice: Option<Pattern>,
}

impl<'de> Deserialize<'de> for Claimed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let found = Part::ALL.into_iter().find(|part| part.name() == text);
        found.map(Self).ok_or_else(|| {
            let names = Part::ALL.map(Part::name).join(", ");
            D::Error::custom(format!("there is no such part; parts are {names}"))
        })
    }
}

/// An error of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettingsError {
    /// The line, from 1, if the error is at one.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for SettingsError {}

/// How the verdict is reported.
#[derive(Clone, Debug)]
pub enum Reported<'s> {
    /// By the exit status.
    ExitStatus(&'s ExitStatus),
    /// By what it prints.
    Output(&'s Output),
    /// By a file that it writes.
    File(&'s File),
}

/// How the verdict is reported if the file states nothing.
static BY_EXIT_STATUS: std::sync::LazyLock<ExitStatus> = std::sync::LazyLock::new(ExitStatus::default);

impl Settings {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`SettingsError`]: the first error of the file.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let settings: Self = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            SettingsError {
                line: before.map(|before| before.matches('\n').count() + 1),
                message: error.message().to_owned(),
            }
        })?;
        let at = |name: &str| {
            let line = text.lines().position(|line| line.trim_start().starts_with(name));
            line.map(|line| line + 1)
        };
        let ways = [
            settings.exit_status.is_some().then_some("[exit-status]"),
            settings.output.is_some().then_some("[output]"),
            settings.file.is_some().then_some("[file]"),
        ];
        let ways: Vec<&str> = ways.into_iter().flatten().collect();
        if let [_, second, ..] = &*ways {
            return Err(SettingsError {
                line: at(second),
                message: format!("{} report the verdict: only one of them can", ways.join(" and ")),
            });
        }
        if !settings.give.lines.is_empty() && !settings.give.prompts.is_empty() {
            return Err(SettingsError {
                line: at("prompts"),
                message: "lines are given at once or when the program asks: write `lines` or `prompts`".to_owned(),
            });
        }
        let has_group = |pattern: &Pattern| pattern.0.capture_names().flatten().any(|name| name == TRIES);
        if settings
            .patterns
            .tries
            .as_ref()
            .is_some_and(|pattern| !has_group(pattern))
        {
            return Err(SettingsError {
                line: at("tries"),
                message: "the number of tries is the group `tries`: (?<tries>\\d+) tries left".to_owned(),
            });
        }
        Ok(settings)
    }

    /// How the verdict is reported.
    #[must_use]
    pub fn reported(&self) -> Reported<'_> {
        match (&self.exit_status, &self.output, &self.file) {
            (_, Some(output), _) => Reported::Output(output),
            (_, _, Some(file)) => Reported::File(file),
            (Some(status), ..) => Reported::ExitStatus(status),
            _ => Reported::ExitStatus(&BY_EXIT_STATUS),
        }
    }

    /// All texts of the file that can hold placeholders.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let give = &self.give;
        let prompts = give.prompts.iter().map(|prompt| &prompt.line);
        let file = self.file.iter().map(|file| &file.path);
        let all = give.environment.values().chain(&give.lines).chain(prompts).chain(file);
        all.map(String::as_str)
    }
}

/// The group of the pattern for tries.
pub(super) const TRIES: &str = "tries";

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Settings::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_file_can_state_everything_or_nothing() {
        let empty = Settings::parse("").unwrap();
        assert!(empty.claims.is_none() && matches!(empty.reported(), Reported::ExitStatus(_)));
        let text = r#"
            claims = ["text", "log-in"]
            signatures = 1
            [program]
            limit = 5
            time = true
            private-folder = true
            stack-trace-is-crash = true
            [give]
            environment = { CARD_PIN = "{pin}" }
            prompts = [{ pattern = 'PIN: $', line = "{pin}" }]
            [output]
            stream = "stdout"
            accepted = '^valid$'
            [patterns]
            tries = '(?<tries>\d) left'
            notice = 'warning'
        "#;
        let settings = Settings::parse(text).unwrap();
        assert_eq!(settings.claims.as_ref().unwrap().len(), 2);
        assert!(matches!(settings.reported(), Reported::Output(output) if output.stream == Stream::Stdout));
        assert_eq!(settings.texts().collect::<Vec<_>>(), ["{pin}", "{pin}"]);
    }

    #[test]
    fn an_error_has_its_line() {
        for (text, line, part) in [
            ("\nclaim = []\n", "line 2: ", "unknown field `claim`"),
            ("claims = [\"texts\"]", "line 1: ", "parts are text, face, my-number"),
            (
                "[output]\naccepted = '('",
                "line 2: ",
                "is no regular expression: unclosed group",
            ),
            ("[program]\nlimit = -1", "line 2: ", "-1"),
            ("[program]\ntime = 1", "line 2: ", "expected a boolean"),
            ("[output]\nstream = 'stdout'", "line 1: ", "missing field `accepted`"),
            (
                "[output]\naccepted = 'a'\n[exit-status]\n",
                "line 1: ",
                "only one of them can",
            ),
            (
                "[give]\nlines = ['a']\nprompts = [{pattern='a', line='b'}]",
                "line 3: ",
                "`lines` or `prompts`",
            ),
            ("[patterns]\ntries = 'x'", "line 2: ", "(?<tries>"),
            ("a = ", "line 1: ", ""),
        ] {
            let error = error(text);
            assert!(error.starts_with(line) && error.contains(part), "{text}: {error}");
        }
    }
}
