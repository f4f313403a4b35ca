//! All candidates in a folder, with a manifest: for programs that `vmyna exam` can't run.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use vmyna_candidates::{MadeFile, x509};

use super::placeholders::file_name;
use super::run::{self, Made, make};
use super::{Exam, ExamError, trust};

/// The version of the manifest. Names are added within a version, and never change or go.
const VERSION: u32 = 1;

/// The files that are read from a card.
const OF_CARD: [MadeFile; 18] = [
    MadeFile::Text(1),
    MadeFile::Text(2),
    MadeFile::Text(3),
    MadeFile::Text(4),
    MadeFile::Text(5),
    MadeFile::Text(6),
    MadeFile::Text(7),
    MadeFile::TextChallenge,
    MadeFile::TextAnswer,
    MadeFile::Face(1),
    MadeFile::Face(2),
    MadeFile::Face(3),
    MadeFile::Face(4),
    MadeFile::Face(5),
    MadeFile::FaceChallenge,
    MadeFile::FaceAnswer,
    MadeFile::Certificate,
    MadeFile::Signature,
];

/// Writes all candidates into a folder, each into a folder of its name, and `manifest.json`. Returns how many were written.
///
/// # Errors
/// [`ExamError`]
pub fn write(exam: &Exam, folder: &Path, progress: &dyn Fn(usize, usize)) -> Result<usize, ExamError> {
    trust::write_anchors(&folder.join(run::TRUST), &exam.workshop)?;
    let lists = x509::genuine_lists(&exam.workshop, exam.workshop.now()).map_err(ExamError::Make)?;
    trust::write_lists(&folder.join(run::LISTS), &lists)?;
    let chosen: Vec<_> = exam
        .candidates
        .iter()
        .filter(|candidate| exam.only.as_ref().is_none_or(|only| only.is_match(candidate.name)))
        .collect();
    let mut entries = Vec::new();
    let mut written = 0;
    for (index, candidate) in chosen.iter().enumerate() {
        progress(index, chosen.len());
        let mut entry = json!({
            "name": candidate.name,
            "group": candidate.group.name(),
            "check": candidate.check.map(|check| check.id),
            "expected": candidate.expected.name(),
            "what": candidate.what.en,
            "twin": candidate.twin,
        });
        match files_of(exam, candidate) {
            Ok(Made { files, subject, opens }) => {
                let own = folder.join("candidates").join(candidate.name);
                std::fs::create_dir_all(&own)?;
                for (file, bytes) in &files {
                    std::fs::write(own.join(file_name(*file)), bytes)?;
                }
                if let Some(lists) = &subject.lists {
                    trust::write_lists(&own.join(run::LISTS), lists)?;
                }
                let names: Vec<&str> = files.keys().map(|file| file_name(*file)).collect();
                let time = subject.time.unwrap_or(exam.workshop.now()).to_string();
                put(&mut entry, "files", json!(names));
                put(&mut entry, "time", json!(time));
                put(&mut entry, "lists", json!(subject.lists.is_some()));
                if !subject.given.is_empty() {
                    put(&mut entry, "given", json!(opens));
                }
                written += 1;
            }
            Err(reason) => put(&mut entry, "left_out", json!(reason.en)),
        }
        entries.push(entry);
    }
    let manifest = json!({
        "version": VERSION,
        "seed": exam.seed,
        "now": exam.workshop.now().to_string(),
        "trust": run::TRUST,
        "crls": run::LISTS,
        "candidates": entries,
    });
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| ExamError::System(error.into()))?;
    std::fs::write(folder.join("manifest.json"), text + "\n")?;
    Ok(written)
}

fn put(entry: &mut Value, name: &str, value: Value) {
    if let Some(entry) = entry.as_object_mut() {
        entry.insert(name.to_owned(), value);
    }
}

/// All files of a candidate: its own, or what a client reads from its card.
fn files_of(exam: &Exam, candidate: &vmyna_candidates::Candidate) -> Result<Made, vmyna_apdu::Text> {
    let mut made = make(exam, candidate, &BTreeSet::new()).or_else(|_| {
        let subject = candidate.make(&exam.workshop).map_err(|error| {
            let error = error.to_string();
            vmyna_apdu::text!("it can't be made: {error}", "作成できない（{error}）")
        })?;
        Ok::<Made, vmyna_apdu::Text>(Made {
            files: subject.files.clone(),
            opens: Default::default(),
            subject,
        })
    })?;
    if let Some(card) = &made.subject.card {
        let seed = exam.workshop.seed(&format!("run/{}", candidate.name));
        let challenge = [0x5A; 32];
        let wanted: Vec<MadeFile> = OF_CARD.into_iter().chain([MadeFile::Challenge]).collect();
        made.files
            .extend(super::deliver::read(card, *seed, &made.opens, &challenge, &wanted));
    }
    Ok(made)
}
