//! Checks, and the candidates that examine them.

use std::fmt;
use std::sync::{Arc, OnceLock};

use vmyna_apdu::{Aid, Text};
use vmyna_card_os::rule::Basis;

use crate::subject::Subject;
use crate::workshop::{MakeError, Workshop};

/// A part of the system that a program checks or handles, as `exam.toml` claims it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The texts of the input-assist application.
    Text,
    /// The face-info application.
    Face,
    /// The My Number.
    MyNumber,
    /// Log-in with the authentication certificate.
    LogIn,
    /// The cardholder's certificate for signatures.
    SignCertificate,
    /// Signatures that the card has made: signed data, PDF, XML.
    Signatures,
    /// The program has a PIN verified and lets the card sign.
    Pins,
    /// A phone's token.
    Phone,
    /// The mdoc of a phone.
    Mdoc,
    /// Revocation, beside the part that it concerns: a revoked certificate is refused, by whatever source.
    Revocation,
    /// Revocation by the lists in the folder that the program is given, beside the part that it concerns.
    RevocationLists,
    /// Revocation by the responder (OCSP) whose address is in the certificate, beside the part that it concerns.
    RevocationOcsp,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Text,
        Self::Face,
        Self::MyNumber,
        Self::LogIn,
        Self::SignCertificate,
        Self::Signatures,
        Self::Pins,
        Self::Phone,
        Self::Mdoc,
        Self::Revocation,
        Self::RevocationLists,
        Self::RevocationOcsp,
    ];

    /// Its name in `exam.toml`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Face => "face",
            Self::MyNumber => "my-number",
            Self::LogIn => "log-in",
            Self::SignCertificate => "sign-certificate",
            Self::Signatures => "signatures",
            Self::Pins => "pins",
            Self::Phone => "phone",
            Self::Mdoc => "mdoc",
            Self::Revocation => "revocation",
            Self::RevocationLists => "revocation-lists",
            Self::RevocationOcsp => "revocation-ocsp",
        }
    }
}

/// The group of a candidate in reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Group {
    /// Genuine cards, which a program must accept before anything else is examined.
    Good,
    /// Text data.
    Text,
    /// Face.
    Face,
    /// My Number.
    MyNumber,
    /// Log-in.
    LogIn,
    /// Signatures.
    Signatures,
    /// PIN handling.
    Pins,
    /// Parsing.
    Parsing,
    /// Phone and mdoc.
    Mdoc,
}

impl Group {
    /// Its name in reports for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Text => "text",
            Self::Face => "face",
            Self::MyNumber => "my-number",
            Self::LogIn => "log-in",
            Self::Signatures => "signatures",
            Self::Pins => "pins",
            Self::Parsing => "parsing",
            Self::Mdoc => "mdoc",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text of a `static`, in each language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// In English.
    pub en: &'static str,
    /// In Japanese.
    pub ja: &'static str,
}

impl Words {
    /// As a [`Text`].
    #[must_use]
    pub fn text(self) -> Text {
        Text {
            en: self.en.to_owned(),
            ja: self.ja.to_owned(),
        }
    }
}

/// What a careful program does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its stable identifier, a letter and two digits, with a small letter behind where one rule is several checks: `T01`,
    /// `F07b`. Letters: T text, F face, N My Number, A log-in, S signatures, C PIN handling, P parsing, M mdoc, G genuine.
    pub id: &'static str,
    /// What the program must do, as an imperative: "compare the digest of the texts with the texts".
    pub must: Words,
    /// Why it matters.
    pub why: Words,
    /// How certain that is, and where it is known from.
    pub basis: Basis,
}

/// The checks of a group: a `static` for each, named as its identifier, and `CHECKS` with all of them. Each row is the
/// identifier, what the program must do and why in both languages, the [`Certainty`](vmyna_card_os::rule::Certainty) and the
/// source.
macro_rules! checks {
    ($($id:ident: must($must:literal, $must_ja:literal), why($why:literal, $why_ja:literal), $certainty:ident, $source:literal;)*) => {
        $(#[doc = $must]
        #[allow(non_upper_case_globals, reason = "named as the check: F07b")]
        pub static $id: $crate::Check = $crate::Check {
            id: stringify!($id),
            must: $crate::Words { en: $must, ja: $must_ja },
            why: $crate::Words { en: $why, ja: $why_ja },
            basis: vmyna_card_os::rule::Basis::new(vmyna_card_os::rule::Certainty::$certainty, $source),
        };)*

        /// All of this group, in their order.
        pub static CHECKS: &[&$crate::Check] = &[$(&$id),*];
    };
}
pub(crate) use checks;

/// What a right program does with a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expected {
    /// It accepts.
    Accept,
    /// It refuses.
    Refuse,
    /// Either, but a refusal is never a failure: the verdict of a program decides nothing. What it does is reported.
    Either,
    /// It informs its user, whether it accepts or refuses. A finding only if `exam.toml` has a pattern for notices.
    Notice,
    /// Acceptance decides nothing; the duties are judged from the trace, the output and the files of the run.
    Watched,
}

impl Expected {
    /// Its name in reports for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Refuse => "refuse",
            Self::Either => "either",
            Self::Notice => "notice",
            Self::Watched => "watched",
        }
    }
}

/// What a program must not do in a run, judged from its commands, its output and its files.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Duty {
    /// No `80 2A` that signs without a VERIFY in this run.
    NoSignatureWithoutVerify,
    /// No VERIFY with a value at all.
    NoVerify,
    /// At most so many VERIFYs with a value.
    AtMostVerifies(usize),
    /// At most so many VERIFYs with a value of the PIN with this identifier in the application with this AID. Not judged of a
    /// program that does not verify it with a genuine card.
    AtMostVerifiesOf(Aid, u16, usize),
    /// No more VERIFYs with a value of this PIN than lines that the program has asked for. Not judged of a program that does
    /// not verify it with a genuine card.
    NoVerifyUnasked(Aid, u16),
    /// Behind the last connection of the program the card signs for no other one.
    LeavesNoSession,
    /// As many signatures as `exam.toml` states.
    SignsAsOftenAsAsked,
    /// The number of tries left is shown, by the pattern of `exam.toml`.
    ShowsTries(u8),
    /// No PIN of the card in its output or its files, plain, hexadecimal or base64.
    NoPinInOutput,
    /// No My Number there either, also in full-width digits.
    NoMyNumberInOutput,
    /// No READ of the files with these identifiers in the application with this AID.
    NoRead(Aid, &'static [u16]),
}

/// What a program must have done in the run for its verdict to count: a check of something that it never uses is not held
/// against it. Seen in the trace of the card; of files that it is given, whether the file was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Use {
    /// It has read from the file with this identifier in the application with this AID.
    Read(Aid, u16),
    /// It has verified the PIN with this identifier in the application with this AID.
    Verify(Aid, u16),
    /// It has opened a secure session (`80 AE`).
    SecureSession,
    /// It has asked for a signature of the key with this identifier in the application with this AID.
    Sign(Aid, u16),
    /// It has asked the JPKI application for a signature.
    Signs,
}

/// Whether a candidate is right or wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A genuine one without relation to a check.
    Good,
    /// The right one of the same shape as a wrong one.
    Twin,
    /// Wrong in one respect, or tempting in one.
    Wrong,
}

/// Which parts a program must claim for a candidate to be held against it: all of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim(pub &'static [Part]);

type Make = Arc<dyn Fn(&Workshop) -> Result<Subject, MakeError> + Send + Sync>;

/// One of them. `Debug` shows the name.
#[derive(Clone)]
#[non_exhaustive]
pub struct Candidate {
    /// Its stable name: `text.address-replaced`; that of its twin by convention `text.address-replaced.twin`.
    pub name: &'static str,
    /// The group in reports.
    pub group: Group,
    /// The check that it examines, if it is wrong; that of its first wrong one, if it is a twin.
    pub check: Option<&'static Check>,
    /// Right or wrong.
    pub role: Role,
    /// What a right program does with it.
    pub expected: Expected,
    /// The parts that it is about.
    pub claim: Claim,
    /// What it is: for a wrong one what is wrong with it, in one sentence.
    pub what: Text,
    /// The name of its right twin, which is a candidate of its own; several wrong ones can have the same.
    pub twin: Option<&'static str>,
    /// Checks with which this one falls together: a program that lacks one of them is found by the same candidates.
    pub also: &'static [&'static str],
    /// What is judged beside the verdict.
    pub duties: Vec<Duty>,
    /// All that a program must have done for the candidate to be held against it.
    pub uses: &'static [Use],
    /// The candidate is not held against a program that claims one of these.
    pub unless: &'static [Part],
    make: Make,
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Candidate({})", self.name)
    }
}

impl Candidate {
    /// A right one.
    pub fn right(
        name: &'static str,
        group: Group,
        claim: &'static [Part],
        what: Text,
        make: impl Fn(&Workshop) -> Result<Subject, MakeError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            group,
            check: None,
            role: if group == Group::Good { Role::Good } else { Role::Twin },
            expected: Expected::Accept,
            claim: Claim(claim),
            what,
            twin: None,
            also: &[],
            duties: Vec::new(),
            uses: &[],
            unless: &[],
            make: Arc::new(make),
        }
    }

    /// A wrong one, to be refused, with the name of its twin.
    pub fn wrong(
        name: &'static str,
        group: Group,
        claim: &'static [Part],
        (check, twin): (&'static Check, &'static str),
        what: Text,
        make: impl Fn(&Workshop) -> Result<Subject, MakeError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            check: Some(check),
            role: Role::Wrong,
            expected: Expected::Refuse,
            twin: Some(twin),
            ..Self::right(name, group, claim, what, make)
        }
    }

    /// The candidate with another expectation.
    #[must_use]
    pub fn expecting(self, expected: Expected) -> Self {
        Self { expected, ..self }
    }

    /// The candidate of this check, for a right one.
    #[must_use]
    pub fn of(self, check: &'static Check) -> Self {
        Self {
            check: Some(check),
            ..self
        }
    }

    /// The candidate with checks that fall together with its own.
    #[must_use]
    pub fn with_also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    /// The candidate with duties.
    #[must_use]
    pub fn with_duties(self, duties: Vec<Duty>) -> Self {
        Self { duties, ..self }
    }

    /// The candidate that counts only if the program has done all of this.
    #[must_use]
    pub fn if_used(self, uses: &'static [Use]) -> Self {
        Self { uses, ..self }
    }

    /// The candidate that does not count if the program claims one of these parts.
    #[must_use]
    pub fn unless(self, unless: &'static [Part]) -> Self {
        Self { unless, ..self }
    }

    /// Makes it. The same workshop gives the same subject.
    ///
    /// # Errors
    /// [`MakeError`]
    pub fn make(&self, workshop: &Workshop) -> Result<Subject, MakeError> {
        (self.make)(workshop)
    }
}

/// Candidates in their order, each name once.
#[derive(Clone, Debug, Default)]
pub struct Candidates(Vec<Candidate>);

impl Candidates {
    /// Adds one.
    pub fn add(&mut self, candidate: Candidate) {
        debug_assert!(self.find(candidate.name).is_none(), "twice: {}", candidate.name);
        self.0.push(candidate);
    }

    /// Those there are.
    pub fn iter(&self) -> std::slice::Iter<'_, Candidate> {
        self.0.iter()
    }

    /// The same ones, each of which is made at most once: for several examinations with one and the same workshop.
    #[must_use]
    pub fn kept(self) -> Self {
        let kept = self.0.into_iter().map(|candidate| {
            let (make, place) = (candidate.make, OnceLock::new());
            let once = move |workshop: &Workshop| {
                if let Some(made) = place.get() {
                    return Ok(Subject::clone(made));
                }
                let made = make(workshop)?;
                Ok(place.get_or_init(|| made).clone())
            };
            Candidate {
                make: Arc::new(once),
                ..candidate
            }
        });
        Self(kept.collect())
    }

    /// The one of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Candidate> {
        self.0.iter().find(|candidate| candidate.name == name)
    }
}
