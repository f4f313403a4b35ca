//! Placeholders in arguments and in `exam.toml`: `{pin}`, `{cms}`, `{trust}`.

use std::fmt;

use vmyna_candidates::MadeFile;

/// What stands for a value of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placeholder {
    /// What opens a card, by its name: `pin`, `sign-password`, `code-a`, `code-b`, `birth-date`.
    Opens(&'static str),
    /// The path of a file of the candidate.
    File(MadeFile),
    /// The folder of the anchors.
    Trust,
    /// The folder of the revocation lists.
    Lists,
    /// The private folder of the run.
    Folder,
    /// The time of the check.
    Time,
    /// The session of a service, which the service has named with its challenge.
    Session,
}

/// The names of what opens a card.
pub(super) const OPENS: [&str; 5] = ["pin", "sign-password", "code-a", "code-b", "birth-date"];

/// The files by their names.
const FILES: [(&str, MadeFile); 26] = [
    ("cms", MadeFile::Cms),
    ("content", MadeFile::Content),
    ("pdf", MadeFile::Pdf),
    ("xml", MadeFile::Xml),
    ("certificate", MadeFile::Certificate),
    ("challenge", MadeFile::Challenge),
    ("signature", MadeFile::Signature),
    ("mdoc", MadeFile::Mdoc),
    ("transcript", MadeFile::Transcript),
    ("request", MadeFile::Request),
    ("text-0001", MadeFile::Text(1)),
    ("text-0002", MadeFile::Text(2)),
    ("text-0003", MadeFile::Text(3)),
    ("text-0004", MadeFile::Text(4)),
    ("text-0005", MadeFile::Text(5)),
    ("text-0006", MadeFile::Text(6)),
    ("text-0007", MadeFile::Text(7)),
    ("text-challenge", MadeFile::TextChallenge),
    ("text-answer", MadeFile::TextAnswer),
    ("face-0001", MadeFile::Face(1)),
    ("face-0002", MadeFile::Face(2)),
    ("face-0003", MadeFile::Face(3)),
    ("face-0004", MadeFile::Face(4)),
    ("face-0005", MadeFile::Face(5)),
    ("face-challenge", MadeFile::FaceChallenge),
    ("face-answer", MadeFile::FaceAnswer),
];

/// The name of a file: that of its placeholder.
#[must_use]
pub fn file_name(file: MadeFile) -> &'static str {
    FILES
        .iter()
        .find(|(_, other)| *other == file)
        .map_or("file", |(name, _)| name)
}

impl Placeholder {
    fn find(name: &str) -> Option<Self> {
        let opens = OPENS.into_iter().find(|known| *known == name).map(Self::Opens);
        let file = || {
            FILES
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, file)| Self::File(*file))
        };
        opens.or_else(file).or(match name {
            "trust" => Some(Self::Trust),
            "crls" => Some(Self::Lists),
            "folder" => Some(Self::Folder),
            "time" => Some(Self::Time),
            "session" => Some(Self::Session),
            _ => None,
        })
    }
}

/// There is no placeholder of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPlaceholder(pub String);

impl fmt::Display for UnknownPlaceholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        write!(
            f,
            "there is no placeholder {{{}}}; there are {}, {}, trust, crls, folder, time, session",
            self.0,
            OPENS.join(", "),
            files.join(", ")
        )
    }
}

impl std::error::Error for UnknownPlaceholder {}

/// A text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(Placeholder),
}

impl Template {
    /// Reads a text. A placeholder is a word of small letters, digits and hyphens in braces; other braces are text.
    ///
    /// # Errors
    /// [`UnknownPlaceholder`]
    pub fn parse(text: &str) -> Result<Self, UnknownPlaceholder> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            plain.push_str(before);
            let letter = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
            match behind.split_once('}') {
                Some((name, after)) if !name.is_empty() && name.chars().all(letter) => {
                    let value = Placeholder::find(name).ok_or_else(|| UnknownPlaceholder(name.to_owned()))?;
                    if !plain.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    }
                    pieces.push(Piece::Value(value));
                    rest = after;
                }
                _ => {
                    plain.push('{');
                    rest = behind;
                }
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// The placeholders in it.
    pub fn placeholders(&self) -> impl Iterator<Item = Placeholder> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Value(placeholder) => Some(*placeholder),
            Piece::Text(_) => None,
        })
    }

    /// The text with its values.
    pub fn fill(&self, value: &dyn Fn(Placeholder) -> String) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Value(placeholder) => value(*placeholder),
        };
        self.0.iter().map(piece).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_and_other_braces_stay() {
        let template = Template::parse("--pin={pin} {\"a\": {}} {Cms} {text-0002}{").unwrap();
        let named = |placeholder| format!("<{placeholder:?}>");
        assert_eq!(
            template.fill(&named),
            "--pin=<Opens(\"pin\")> {\"a\": {}} {Cms} <File(Text(2))>{"
        );
        assert_eq!(template.placeholders().count(), 2);
        let unknown = Template::parse("{pim}").unwrap_err().to_string();
        assert!(
            unknown.starts_with("there is no placeholder {pim}; there are pin, "),
            "{unknown}"
        );
    }
}
