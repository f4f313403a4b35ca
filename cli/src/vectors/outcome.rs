//! The output of vectors that run, for people. It must never contain a PIN or an answer of the card.

use std::collections::BTreeMap;
use std::io::Write;

use vmyna_card_os::rule;
use vmyna_conformance::report::{Count, Note, Outcome, Reason, Report, VectorReport};
use vmyna_conformance::vector::Certainty;
use vmyna_explain::access;

use crate::failure::Failure;
use crate::options::language::{Language, say};
use crate::output::StatusLine;

/// The vector under way, on a terminal.
pub(crate) struct Progress {
    of: usize,
    done: usize,
    line: StatusLine,
}

impl Progress {
    pub(crate) fn new(of: usize) -> Self {
        Self {
            of,
            done: 0,
            line: StatusLine::new(),
        }
    }

    pub(crate) fn show(&mut self, vector: &VectorReport) {
        self.done += 1;
        self.line.show(&format!("{} of {}: {}", self.done, self.of, vector.id));
    }

    pub(crate) fn end(&self) {
        self.line.clear();
    }
}

/// Groups, failures, what was left out and why, the sum.
pub(super) fn summary(report: &Report, language: Language) -> Result<(), Failure> {
    let mut out = crate::output::text();
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
        let Count {
            passed,
            failed,
            skipped,
        } = count;
        let mut line = say!(language, "{group:<14}{passed:>5} passed", "{group:<14}{passed:>5} 合格");
        if failed > 0 {
            line += &say!(language, "{failed:>5} FAILED", "{failed:>5} 不合格");
        }
        if skipped > 0 {
            line += &say!(language, "{skipped:>5} left out", "{skipped:>5} 省略");
        }
        writeln!(out, "{line}")?;
    }
    for vector in report.failures() {
        if let Outcome::Failed { step, what } = &vector.outcome {
            let (id, what) = (&vector.id, what.say(language));
            writeln!(out, "\n{}", say!(language, "FAILED {id}", "不合格 {id}"))?;
            writeln!(out, "  {}", vector.requirement)?;
            writeln!(out, "  {}: {}", certainty(vector.certainty, language), vector.source)?;
            writeln!(out, "  {}", say!(language, "step {step}: {what}", "手順{step}: {what}"))?;
        }
    }
    left_out(&mut out, report, language)?;
    let Count {
        passed,
        failed,
        skipped,
    } = report.count();
    let seconds = report.milliseconds as f64 / 1e3;
    let text = say!(
        language,
        "{passed} passed, {failed} failed, {skipped} left out, in {seconds:.1} s",
        "合格{passed}、不合格{failed}、省略{skipped}、{seconds:.1}秒"
    );
    writeln!(out, "\n{text}")?;
    for Note { en, ja } in &report.notes {
        writeln!(out, "\n{}", say!(language, "{en}", "{ja}"))?;
    }
    out.flush()?;
    Ok(())
}

fn left_out(out: &mut impl Write, report: &Report, language: Language) -> Result<(), Failure> {
    let mut reasons: BTreeMap<&Reason, usize> = BTreeMap::new();
    for vector in &report.vectors {
        if let Outcome::Skipped { why } = &vector.outcome {
            *reasons.entry(why).or_default() += 1;
        }
    }
    if !reasons.is_empty() {
        writeln!(out, "\n{}", say!(language, "Left out:", "省略したもの:"))?;
    }
    for (reason, count) in reasons {
        let remedy = match reason {
            Reason::PinUnknown(pin) => say!(language, " (--pin {pin}=…)", "（--pin {pin}=…）"),
            Reason::WrongPins => say!(language, " (--allow-wrong-pins)", "（--allow-wrong-pins）"),
            Reason::Writes => say!(
                language,
                " (--disposable, never for a real card)",
                "（--disposable、誰のものでもないカードに限る）"
            ),
            _ => String::new(),
        };
        writeln!(out, "{count:>5} {}{remedy}", reason.text().say(language))?;
    }
    Ok(())
}

/// A certainty in the words of `explain`.
pub(crate) fn certainty(of_vector: Certainty, language: Language) -> String {
    let certainty = match of_vector {
        Certainty::Measured => rule::Certainty::Measured,
        Certainty::Documented => rule::Certainty::Documented,
        Certainty::Client => rule::Certainty::Client,
        Certainty::Assumed => rule::Certainty::Assumed,
    };
    let japanese = access::certainty(certainty);
    say!(language, "{certainty}", "{japanese}")
}
