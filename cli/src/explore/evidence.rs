//! What a finding leaves in the folder of `--out`.

use std::fmt::Write as _;
use std::path::Path;

use vmyna_examiner::explore::Finding;
use vmyna_examiner::program::Outcome;
use vmyna_examiner::stage::Exchange;

use crate::failure::Failure;
use crate::save;

/// Writes the program's output as it is, and its commands with masked PINs.
pub(super) fn write(
    folder: &Path,
    finding: &Finding,
    outcome: &Outcome,
    exchanges: &[Exchange],
) -> Result<(), Failure> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-@".contains(letter);
    let name = finding.name().replace(|letter| !plain(letter), "-");
    let file = |end: &str| folder.join(format!("{name}.{}.{end}", finding.problem.name()));
    save::replace(&file("stdout"), &outcome.stdout)?;
    save::replace(&file("stderr"), &outcome.stderr)?;
    let mut lines = String::new();
    for (index, exchange) in exchanges.iter().enumerate() {
        let answer = match exchange.status_word {
            Some(status_word) => format!("{} bytes, {status_word}", exchange.length),
            None => "no answer".to_owned(),
        };
        // Writing to a `String` can't fail.
        let _ = writeln!(lines, "{index}: {} -> {answer}", exchange.command);
    }
    save::replace(&file("apdus"), lines.as_bytes())
}
