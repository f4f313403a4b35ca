//! What a run says to a person. Never a PIN, never what the card answered.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};

use vmyna_conformance::report::{Count, Outcome, Reason, Report, VectorReport};
use vmyna_conformance::run::Examination;
use vmyna_conformance::vector::{Vector, pin_names};

use crate::failure::Failure;
use crate::hex;

/// Says which card it is, before anything but reads and queries has been sent.
pub(super) fn introduce(place: &str, examination: &Examination, vectors: usize) {
    // Nothing can be done about a closed standard error.
    let _ = writeln!(
        io::stderr(),
        "{vectors} vectors for the card with ATR {} in {place}",
        hex::encode(&examination.atr)
    );
}

/// The vector under way, on a terminal.
pub(super) struct Progress {
    of: usize,
    done: usize,
    shown: bool,
}

impl Progress {
    pub(super) fn new(of: usize) -> Self {
        Self {
            of,
            done: 0,
            shown: io::stderr().is_terminal(),
        }
    }

    pub(super) fn tell(&mut self, vector: &VectorReport) {
        self.done += 1;
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1B[K{} of {}: {}", self.done, self.of, vector.id);
        }
    }

    pub(super) fn end(&self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1B[K");
        }
    }
}

/// All vectors with what they need.
pub(super) fn list(vectors: &[&Vector]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for vector in vectors {
        let pins: Vec<_> = pin_names(&vector.presents())
            .into_iter()
            .map(|pin| pin.name())
            .collect();
        let pins = if pins.is_empty() {
            String::new()
        } else {
            format!("; PINs: {}", pins.join(", "))
        };
        writeln!(
            out,
            "{}\n    {}\n    {}: {}; {}{pins}",
            vector.id, vector.requirement, vector.certainty, vector.source, vector.effect
        )?;
    }
    out.flush()?;
    Ok(())
}

/// Groups, failures, what was left out and why, the sum.
pub(super) fn summary(report: &Report) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let mut groups: BTreeMap<&str, Count> = BTreeMap::new();
    for vector in &report.vectors {
        let count = groups
            .entry(vector.id.split('.').next().unwrap_or_default())
            .or_default();
        match vector.outcome {
            Outcome::Passed => count.passed += 1,
            Outcome::Failed { .. } => count.failed += 1,
            Outcome::Skipped { .. } => count.skipped += 1,
        }
    }
    for (group, count) in groups {
        let mut line = format!("{group:<14}{:>5} passed", count.passed);
        if count.failed > 0 {
            line += &format!("{:>5} FAILED", count.failed);
        }
        if count.skipped > 0 {
            line += &format!("{:>5} left out", count.skipped);
        }
        writeln!(out, "{line}")?;
    }
    for vector in report.failures() {
        if let Outcome::Failed { step, what } = &vector.outcome {
            writeln!(out, "\nFAILED {}", vector.id)?;
            writeln!(out, "  {}", vector.requirement)?;
            writeln!(out, "  {}: {}", vector.certainty, vector.source)?;
            writeln!(out, "  step {step}: {what}")?;
        }
    }
    left_out(&mut out, report)?;
    let count = report.count();
    writeln!(
        out,
        "\n{} passed, {} failed, {} left out, in {:.1} s",
        count.passed,
        count.failed,
        count.skipped,
        report.milliseconds as f64 / 1e3
    )?;
    out.flush()?;
    Ok(())
}

fn left_out(out: &mut impl Write, report: &Report) -> Result<(), Failure> {
    let mut reasons: BTreeMap<&Reason, usize> = BTreeMap::new();
    for vector in &report.vectors {
        if let Outcome::Skipped { why } = &vector.outcome {
            *reasons.entry(why).or_default() += 1;
        }
    }
    if !reasons.is_empty() {
        writeln!(out, "\nLeft out:")?;
    }
    for (reason, count) in reasons {
        let remedy = match reason {
            Reason::PinUnknown(pin) => format!(" (--pin {pin}=…)"),
            Reason::WrongPins => " (--allow-wrong-pins)".to_owned(),
            Reason::Writes => " (--disposable, for a card that is nobody's)".to_owned(),
            Reason::NotThisCard | Reason::TooFewTries(_) => String::new(),
        };
        writeln!(out, "{count:>5} {reason}{remedy}")?;
    }
    Ok(())
}
