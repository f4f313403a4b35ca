//! What a verification found: named steps with verdict and reason, and the elements.

use ciborium::Value;
use vmyna_apdu::Text;

/// The verdict of a step, the gravest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The check was made and holds.
    Passed,
    /// A fact that decides nothing.
    Note,
    /// The check could not be made, so nothing is known: an unknown root, no revocation list, a MAC without the reader's key.
    NotDone,
    /// The check was made and does not hold.
    Failed,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The stable name of the check, such as `signer.chain`.
    pub id: &'static str,
    /// Whether it holds.
    pub verdict: Verdict,
    /// Why. It can hold text of the response: escape it before a terminal shows it.
    pub reason: Text,
}

/// An element whose digest the issuer has signed.
///
/// `Debug` does not show its value.
#[derive(Clone, PartialEq)]
pub struct Element {
    /// The document type.
    pub doc_type: String,
    /// The namespace.
    pub namespace: String,
    /// The identifier within the namespace.
    pub identifier: String,
    /// The value. [`crate::element::value_text`] writes it for people.
    pub value: Value,
}

impl std::fmt::Debug for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Element({} {})", self.namespace, self.identifier)
    }
}

/// The report on one response.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The checks, in the order in which they were made.
    pub steps: Vec<Step>,
    /// The elements whose digests are right and that were asked for. They are proved only if the verdict is
    /// [`Verdict::Passed`].
    pub elements: Vec<Element>,
}

impl Report {
    /// The verdict on the whole: the gravest of the steps. A note decides nothing, and without a check that holds nothing is
    /// verified.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let gravest = self.steps.iter().map(|step| step.verdict).max();
        let any = self.steps.iter().any(|step| step.verdict == Verdict::Passed);
        match gravest {
            Some(verdict) if verdict >= Verdict::NotDone => verdict,
            _ if any => Verdict::Passed,
            _ => Verdict::NotDone,
        }
    }

    /// The first step of this name.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// The value of the first element of this name among [`Report::elements`].
    #[must_use]
    pub fn value(&self, namespace: &str, identifier: &str) -> Option<&Value> {
        let mut elements = self.elements.iter();
        let found = elements.find(|one| one.namespace == namespace && one.identifier == identifier);
        found.map(|one| &one.value)
    }

    pub(super) fn add(&mut self, id: &'static str, verdict: Verdict, reason: Text) {
        self.steps.push(Step { id, verdict, reason });
    }

    pub(super) fn passed(&mut self, id: &'static str, reason: Text) {
        self.add(id, Verdict::Passed, reason);
    }

    pub(super) fn note(&mut self, id: &'static str, reason: Text) {
        self.add(id, Verdict::Note, reason);
    }

    pub(super) fn not_done(&mut self, id: &'static str, reason: Text) {
        self.add(id, Verdict::NotDone, reason);
    }

    pub(super) fn failed(&mut self, id: &'static str, reason: Text) {
        self.add(id, Verdict::Failed, reason);
    }

    /// A check that has found what is wrong, or nothing.
    pub(super) fn check(&mut self, id: &'static str, right: Text, wrong: Vec<Text>) {
        match wrong.is_empty() {
            true => self.passed(id, right),
            false => self.failed(id, joined(&wrong)),
        }
    }
}

/// Several reasons in one.
pub(super) fn joined(texts: &[Text]) -> Text {
    let join = |parts: Vec<&str>, between: &str| parts.join(between);
    Text {
        en: join(texts.iter().map(|text| text.en.as_str()).collect(), "; "),
        ja: join(texts.iter().map(|text| text.ja.as_str()).collect(), "。"),
    }
}
