//! What a verification found: steps with verdict and reason.

use std::borrow::Cow;

use vmyna_apdu::Text;

/// The verdict of a step, the gravest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The check was made and holds.
    Ok,
    /// A fact that decides nothing, for example a check that the input does not allow.
    Note,
    /// The check could not be made, so nothing is known: an unknown authority, no or old revocation data.
    NotVerified,
    /// The check was made and does not hold.
    Invalid,
}

impl Verdict {
    /// The stable name of the verdict in a machine-readable report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::NotVerified => "not-verified",
            Self::Invalid => "invalid",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The stable name of the check, such as `certificate.key-usage`.
    pub id: &'static str,
    /// Whether it holds.
    pub verdict: Verdict,
    /// Why. It can hold text of the file that was verified: escape it before a terminal shows it.
    pub reason: Text,
}

/// A value that the verified file states, such as the cardholder's name. It can hold any characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The stable name of the value.
    pub id: Cow<'static, str>,
    /// Its title for people.
    pub title: Text,
    /// The value.
    pub value: String,
}

/// What was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// An X.509 certificate.
    Certificate,
    /// A signature value alone.
    RawSignature,
    /// Signed data (RFC 5652).
    SignedData,
    /// Files of the input-assist application.
    TextData,
    /// Files of the face-info application.
    FaceData,
    /// A presented mdoc (カード代替電磁的記録).
    Mdoc,
    /// Things that were given together, compared with each other.
    Comparison,
    /// A file of none of these forms.
    Unknown,
}

impl Kind {
    /// The stable name in a machine-readable report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::RawSignature => "raw-signature",
            Self::SignedData => "signed-data",
            Self::TextData => "text-data",
            Self::FaceData => "face-data",
            Self::Mdoc => "mdoc",
            Self::Comparison => "comparison",
            Self::Unknown => "unknown",
        }
    }

    /// The name for people.
    #[must_use]
    pub fn title(self) -> Text {
        let (en, ja) = match self {
            Self::Certificate => ("certificate", "証明書"),
            Self::RawSignature => ("signature value", "署名値"),
            Self::SignedData => ("CMS signed data", "CMS署名データ"),
            Self::TextData => ("text data of the card", "券面事項入力補助APのデータ"),
            Self::FaceData => ("face data of the card", "券面事項確認APのデータ"),
            Self::Mdoc => ("presented mdoc", "提示されたmdoc（カード代替電磁的記録）"),
            Self::Comparison => ("comparison", "相互の照合"),
            Self::Unknown => ("unknown form", "不明な形式"),
        };
        fixed(en, ja)
    }
}

/// The report on one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What it is.
    pub kind: Kind,
    /// The files that it was read from.
    pub files: Vec<String>,
    /// The checks, in the order in which they were made.
    pub steps: Vec<Step>,
    /// What it states. A value is proved only if the verdict is [`Verdict::Ok`].
    pub facts: Vec<Fact>,
    /// Whether the private keys of a used authority are public.
    pub public_keys: bool,
}

impl Report {
    /// An empty report.
    #[must_use]
    pub const fn new(kind: Kind, files: Vec<String>) -> Self {
        Self {
            kind,
            files,
            steps: Vec::new(),
            facts: Vec::new(),
            public_keys: false,
        }
    }

    /// The verdict on the whole: the gravest of the steps. A note decides nothing, and without a check that holds nothing is
    /// verified.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let gravest = self.steps.iter().map(|step| step.verdict).max();
        let any = self.steps.iter().any(|step| step.verdict == Verdict::Ok);
        match gravest {
            Some(verdict) if verdict >= Verdict::NotVerified => verdict,
            _ if any => Verdict::Ok,
            _ => Verdict::NotVerified,
        }
    }

    pub(super) fn step(&mut self, id: &'static str, verdict: Verdict, reason: Text) {
        self.steps.push(Step { id, verdict, reason });
    }

    pub(super) fn ok(&mut self, id: &'static str, reason: Text) {
        self.step(id, Verdict::Ok, reason);
    }

    pub(super) fn note(&mut self, id: &'static str, reason: Text) {
        self.step(id, Verdict::Note, reason);
    }

    pub(super) fn not_verified(&mut self, id: &'static str, reason: Text) {
        self.step(id, Verdict::NotVerified, reason);
    }

    pub(super) fn invalid(&mut self, id: &'static str, reason: Text) {
        self.step(id, Verdict::Invalid, reason);
    }

    /// A check with one reason for each outcome.
    pub(super) fn check(&mut self, id: &'static str, holds: bool, ok: Text, invalid: Text) {
        match holds {
            true => self.ok(id, ok),
            false => self.invalid(id, invalid),
        }
    }

    /// States a value. Two files may state the same one.
    pub(super) fn fact(&mut self, id: impl Into<Cow<'static, str>>, title: Text, value: impl Into<String>) {
        let (id, value) = (id.into(), value.into());
        let fact = Fact { id, title, value };
        if !self.facts.contains(&fact) {
            self.facts.push(fact);
        }
    }
}

/// A text without variables.
pub(super) fn fixed(en: &str, ja: &str) -> Text {
    Text {
        en: en.to_owned(),
        ja: ja.to_owned(),
    }
}
