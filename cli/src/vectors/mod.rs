//! Running vectors with a virtual card, and the files and the exit status that come of it.

pub(crate) mod declared;
pub(crate) mod outcome;
pub(crate) mod virtual_card;

use std::collections::BTreeSet;
use std::path::Path;

use vmyna_apdu::ShowPath as _;
use vmyna_conformance::junit;
use vmyna_conformance::report::Report;

use crate::failure::Failure;
use crate::options::language::{Language, say};
use crate::save;

/// The files that a report is written to.
pub(crate) struct Files<'a> {
    pub(crate) junit: Option<&'a Path>,
    pub(crate) json: Vec<&'a Path>,
}

impl Files<'_> {
    fn all(&self) -> impl Iterator<Item = &Path> {
        self.junit.into_iter().chain(self.json.iter().copied())
    }

    /// Makes sure before the card is touched that each can be written, and that none is named twice.
    pub(crate) fn check(&self, other: Option<&Path>) -> Result<(), Failure> {
        let mut files = BTreeSet::new();
        if let Some(path) = self.all().chain(other).find(|path| !files.insert(*path)) {
            let path = path.shown();
            return Err(Failure::Usage(format!(
                "{path} is to hold two things: give each a file of its own"
            )));
        }
        self.all().try_for_each(save::can_replace)
    }

    /// Writes each whole or not at all: a recording of a real card can't be made again. One that can't be written keeps no
    /// other one from being.
    fn write(&self, report: &Report) -> Result<(), Failure> {
        let json = || {
            report
                .to_json()
                .map_err(|error| Failure::Failed(format!("the report can't be written: {error}")))
        };
        let write = |path: &Path, text: String| save::replace(path, (text + "\n").as_bytes());
        let mut outcomes = Vec::new();
        if let Some(path) = self.junit {
            outcomes.push(write(path, junit::to_xml(report)));
        }
        for path in &self.json {
            outcomes.push(json().and_then(|text| write(path, text)));
        }
        outcomes.into_iter().collect()
    }
}

/// Writes the report to its files and for people. Fails if a vector did.
pub(crate) fn conclude(report: &Report, files: &Files<'_>, language: Language) -> Result<(), Failure> {
    let kept = files.write(report);
    crate::failure::unless_closed(outcome::summary(report, language))?;
    kept?;
    if let Some(why) = &report.ended {
        let why = why.say(language);
        return Err(Failure::Failed(say!(
            language,
            "the run ended before its end: {why}",
            "途中で終了した: {why}"
        )));
    }
    match report.count().failed {
        0 => Ok(()),
        failed => {
            let all = report.vectors.len();
            Err(Failure::Failed(say!(
                language,
                "{failed} of {all} vectors failed",
                "{all}件中{failed}件のベクタが不合格"
            )))
        }
    }
}
