//! What a program concluded, and what that means for a candidate.

use std::path::PathBuf;

use vmyna_apdu::{Text, text};
use vmyna_candidates::{Expected, Role};

use super::pattern::Pattern;
use super::settings::{Reported, Stream};
use crate::explore::crash;
use crate::program::{Ended, Outcome};

/// What the program did with a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Got {
    /// It accepted.
    Accepted,
    /// It refused.
    Refused,
    /// It crashed: how.
    Crashed(Text),
    /// It had not ended at the limit.
    Hung,
    /// It ended in another way: which.
    Unclear(Text),
}

impl Got {
    /// Its name for machines.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Crashed(_) => "crashed",
            Self::Hung => "hung",
            Self::Unclear(_) => "unclear",
        }
    }

    /// It for people.
    #[must_use]
    pub fn words(&self) -> Text {
        match self {
            Self::Accepted => text!("accepted", "受理した"),
            Self::Refused => text!("refused", "拒否した"),
            Self::Crashed(how) => {
                let (en, ja) = (&how.en, &how.ja);
                text!("crashed: {en}", "異常終了した（{ja}）")
            }
            Self::Hung => text!("did not end", "終了しなかった"),
            Self::Unclear(how) => {
                let (en, ja) = (&how.en, &how.ja);
                text!("reported no verdict: {en}", "判定を報告しなかった（{ja}）")
            }
        }
    }
}

/// The conclusion about the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It did what it must do.
    Passed,
    /// It accepted what is wrong.
    AcceptedWrong,
    /// It refused what is right.
    RefusedRight,
    /// It crashed.
    Crashed,
    /// It did not end.
    Hung,
    /// It did something that it must not do, or left something out.
    DutyBroken,
    /// It did not inform its user.
    Silent,
    /// It refused the wrong one, and the right one of the same shape as well: the check is not shown.
    Stumbled,
    /// The program refuses everything that is right: its anchors may be fixed.
    NotExaminable,
    /// Nothing is concluded.
    NotJudged,
}

impl Verdict {
    /// Its name for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::AcceptedWrong => "accepted-wrong",
            Self::RefusedRight => "refused-right",
            Self::Crashed => "crashed",
            Self::Hung => "hung",
            Self::DutyBroken => "duty-broken",
            Self::Silent => "silent",
            Self::Stumbled => "stumbled",
            Self::NotExaminable => "not-examinable",
            Self::NotJudged => "not-judged",
        }
    }
}

/// What the program concluded in a run that has ended by itself or was ended.
pub(super) fn got(outcome: &Outcome, reported: &Reported<'_>, file: Option<&[u8]>, stack_trace_is_crash: bool) -> Got {
    let code = match outcome.ended {
        Ended::Exited(code) => code,
        Ended::Killed(signal) => return Got::Crashed(text!("signal {signal}", "シグナル{signal}")),
        Ended::TimedOut => return Got::Hung,
        Ended::Stopped(_) => {
            return Got::Unclear(text!("it reads the terminal", "端末から読もうとした"));
        }
        Ended::Interrupted => return Got::Unclear(text!("it was interrupted", "中断された")),
    };
    let printed = [&outcome.stdout[..], b"\n", &outcome.stderr[..]].concat();
    /// The exit status of a panic in Rust.
    const PANIC: i32 = 101;
    let signs = crash::signs(&printed);
    if !signs.is_empty() && (stack_trace_is_crash || code == PANIC) {
        let signs = signs.join(", ");
        return Got::Crashed(text!("exit status {code}, {signs}", "終了ステータス{code}、{signs}"));
    }
    match reported {
        Reported::ExitStatus(status) => {
            if status.accepted.contains(&code) {
                Got::Accepted
            } else if status.refused.as_ref().is_none_or(|refused| refused.contains(&code)) {
                Got::Refused
            } else {
                Got::Unclear(text!("exit status {code}", "終了ステータス{code}"))
            }
        }
        Reported::Output(output) => {
            let text = match output.stream {
                Stream::Stdout => &outcome.stdout,
                Stream::Stderr => &outcome.stderr,
                Stream::Both => &printed,
            };
            matched(text, &output.accepted, output.refused.as_ref())
        }
        Reported::File(patterns) => match file {
            Some(text) => matched(text, &patterns.accepted, patterns.refused.as_ref()),
            None => Got::Refused,
        },
    }
}

/// What these patterns find.
pub(super) fn matched(text: &[u8], accepted: &Pattern, refused: Option<&Pattern>) -> Got {
    match (
        accepted.0.is_match(text),
        refused.map(|refused| refused.0.is_match(text)),
    ) {
        (true, None | Some(false)) => Got::Accepted,
        (false, None | Some(true)) => Got::Refused,
        (true, Some(true)) => Got::Unclear(text!("both patterns match", "両方のパターンに一致した")),
        (false, Some(false)) => Got::Unclear(text!("no pattern matches", "どのパターンにも一致しなかった")),
    }
}

/// Where the result of a file is, as a candidate's folder has it.
pub(super) fn file_of(files: &[(PathBuf, Vec<u8>)], path: &str) -> Option<Vec<u8>> {
    let known = files.iter().find(|(name, _)| name.as_os_str() == path);
    known.map(|(_, bytes)| bytes.clone()).or_else(|| {
        /// The result of a check is short.
        const LONGEST: u64 = 16 << 20;
        vmyna_files::read(path.as_ref(), LONGEST).ok()
    })
}

/// What a verdict of the program means, with what it did with the right one of the same shape. `informed`: whether it has
/// informed its user; `None` if there is no pattern for that.
pub(super) fn judge(
    (role, expected): (Role, Expected),
    got: &Got,
    twin: Option<&Got>,
    informed: Option<bool>,
) -> Verdict {
    match got {
        Got::Crashed(_) => return Verdict::Crashed,
        Got::Hung => return Verdict::Hung,
        _ => {}
    }
    let stumbled = twin.is_some_and(|twin| *twin != Got::Accepted) && role == Role::Wrong;
    match (expected, got) {
        (_, Got::Unclear(_)) if expected != Expected::Watched && expected != Expected::Either => Verdict::NotJudged,
        (Expected::Accept, Got::Accepted) | (Expected::Either | Expected::Watched, _) => Verdict::Passed,
        (Expected::Accept, _) if stumbled => Verdict::Stumbled,
        (Expected::Accept, _) => Verdict::RefusedRight,
        (Expected::Refuse, Got::Accepted) => Verdict::AcceptedWrong,
        (Expected::Refuse, _) if stumbled => Verdict::Stumbled,
        (Expected::Refuse, _) => Verdict::Passed,
        (Expected::Notice, Got::Refused) if !stumbled => Verdict::Passed,
        (Expected::Notice, _) => match informed {
            Some(true) => Verdict::Passed,
            Some(false) if *got == Got::Accepted => Verdict::Silent,
            _ => Verdict::NotJudged,
        },
        _ => Verdict::NotJudged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Expected::{Accept, Either, Notice, Refuse, Watched};

    #[test]
    fn a_refusal_counts_only_if_the_right_one_of_its_shape_is_accepted() {
        let (accepted, refused) = (&Got::Accepted, &Got::Refused);
        let unclear = &Got::Unclear(text!("x", "x"));
        let crashed = &Got::Crashed(text!("x", "x"));
        for (role, expected, got, twin, informed, verdict) in [
            (Role::Wrong, Refuse, refused, Some(accepted), None, Verdict::Passed),
            (Role::Wrong, Refuse, refused, Some(refused), None, Verdict::Stumbled),
            (
                Role::Wrong,
                Refuse,
                accepted,
                Some(refused),
                None,
                Verdict::AcceptedWrong,
            ),
            (Role::Wrong, Refuse, refused, None, None, Verdict::Passed),
            (Role::Wrong, Refuse, crashed, Some(accepted), None, Verdict::Crashed),
            (Role::Wrong, Refuse, &Got::Hung, Some(accepted), None, Verdict::Hung),
            (Role::Wrong, Refuse, unclear, Some(accepted), None, Verdict::NotJudged),
            (Role::Twin, Accept, refused, None, None, Verdict::RefusedRight),
            (Role::Good, Accept, accepted, None, None, Verdict::Passed),
            (
                Role::Wrong,
                Accept,
                refused,
                Some(accepted),
                None,
                Verdict::RefusedRight,
            ),
            (Role::Wrong, Accept, refused, Some(refused), None, Verdict::Stumbled),
            (Role::Wrong, Either, unclear, None, None, Verdict::Passed),
            (Role::Wrong, Watched, refused, None, None, Verdict::Passed),
            (Role::Wrong, Notice, accepted, None, Some(true), Verdict::Passed),
            (Role::Wrong, Notice, accepted, None, Some(false), Verdict::Silent),
            (Role::Wrong, Notice, accepted, None, None, Verdict::NotJudged),
            (Role::Wrong, Notice, refused, None, Some(false), Verdict::Passed),
        ] {
            let judged = judge((role, expected), got, twin, informed);
            assert_eq!(judged, verdict, "{expected:?} {got:?} {twin:?} {informed:?}");
        }
    }
}
