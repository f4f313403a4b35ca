//! What is wrong with a run, compared with the undisturbed one.

use serde::{Deserialize, Serialize};
use vmyna_apdu::{Text, text};

use super::crash;
use super::interruption::repeats_refused;
use crate::leaks::Secret;
use crate::program::{Ended, Outcome};
use crate::stage::{Seen, Signature};

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Problem {
    /// It did not end within the limit.
    Hang,
    /// A signal ended it, or it printed what a runtime prints at a crash.
    Crash,
    /// It reported success like the undisturbed run, but a signature that that one was given was missing or damaged.
    UnsignedSuccess,
    /// A PIN has fewer tries left than after the undisturbed run, or a value was sent again that the card had refused.
    TryConsumed,
    /// It has printed a value that it sent to VERIFY.
    PinInOutput,
    /// It ended within a transaction.
    LeftInTransaction,
}

impl Problem {
    /// Its name for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hang => "hang",
            Self::Crash => "crash",
            Self::UnsignedSuccess => "unsigned-success",
            Self::TryConsumed => "try-consumed",
            Self::PinInOutput => "pin-in-output",
            Self::LeftInTransaction => "left-in-transaction",
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn headline(self) -> Text {
        match self {
            Self::Hang => text!("hang", "終わらない"),
            Self::Crash => text!("crash", "クラッシュ"),
            Self::UnsignedSuccess => text!(
                "success is reported without the card's signature",
                "カードの署名がないのに成功と報告する"
            ),
            Self::TryConsumed => text!(
                "a try of a PIN is consumed without need",
                "PIN の試行回数を不必要に使う"
            ),
            Self::PinInOutput => text!("a PIN is in the output", "出力に PIN がある"),
            Self::LeftInTransaction => text!(
                "the program ends within a transaction",
                "トランザクションの中でプログラムが終わる"
            ),
        }
    }
}

/// The undisturbed run, as far as others are compared with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Reference {
    status: Option<i32>,
    signatures: usize,
    tries: Vec<Option<u8>>,
    signs: Vec<&'static str>,
    repeats: bool,
    left: usize,
    leaks: bool,
}

impl Reference {
    pub(super) fn of(outcome: &Outcome, seen: &Seen) -> Self {
        Self {
            status: match outcome.ended {
                Ended::Exited(status) => Some(status),
                _ => None,
            },
            signatures: signatures(seen),
            tries: seen.tries.iter().map(|tries| tries.after).collect(),
            signs: printed_signs(outcome),
            repeats: repeats_refused(&seen.exchanges),
            left: seen.left_in_transaction,
            leaks: leaks(outcome, seen),
        }
    }

    /// Whether success after an interruption can be judged: the undisturbed run reports it, and is given a signature.
    pub(super) const fn judges_success(&self) -> bool {
        matches!(self.status, Some(0)) && self.signatures > 0
    }
}

/// A problem with more about it.
pub(super) type Judged = (Problem, Text);

/// What is wrong with the undisturbed run itself.
pub(super) fn of_reference(outcome: &Outcome, seen: &Seen) -> Vec<Judged> {
    // Compared with a run in which nothing was wrong. A wrong PIN on purpose costs its try.
    let flawless = Reference {
        tries: seen.tries.iter().map(|_| None).collect(),
        signatures: 0,
        ..Reference::default()
    };
    judge(outcome, seen, &flawless)
}

/// What is wrong with a run.
pub(super) fn judge(outcome: &Outcome, seen: &Seen, reference: &Reference) -> Vec<Judged> {
    let mut found = Vec::new();
    let ended_itself = matches!(outcome.ended, Ended::Exited(_));
    match outcome.ended {
        Ended::TimedOut => found.push((
            Problem::Hang,
            text!("it had not ended at the limit", "制限時間までに終わらなかった"),
        )),
        Ended::Stopped(signal) => found.push((
            Problem::Hang,
            text!("it was stopped by signal {signal}", "シグナル{signal}で停止した"),
        )),
        Ended::Killed(signal) => found.push((
            Problem::Crash,
            text!("it was ended by signal {signal}", "シグナル{signal}で終了した"),
        )),
        Ended::Exited(_) | Ended::Interrupted => {
            let new = |sign: &&str| !reference.signs.contains(sign);
            if let Some(sign) = printed_signs(outcome).into_iter().find(new) {
                found.push((
                    Problem::Crash,
                    text!("it printed {sign}", "出力にクラッシュの跡がある: {sign}"),
                ));
            }
        }
    }
    if outcome.ended == Ended::Exited(0) && reference.judges_success() {
        let given = signatures(seen);
        if given < reference.signatures {
            found.push((Problem::UnsignedSuccess, missing(seen, given, reference.signatures)));
        }
    }
    found.extend(tries(seen, reference).map(|text| (Problem::TryConsumed, text)));
    if !reference.leaks && leaks(outcome, seen) {
        found.push((
            Problem::PinInOutput,
            text!("a value of VERIFY is in what it printed", "VERIFY の値が出力にある"),
        ));
    }
    if ended_itself && seen.left_in_transaction > reference.left {
        found.push((
            Problem::LeftInTransaction,
            text!(
                "its connection ended before SCardEndTransaction, and the reader had to reset the card",
                "SCardEndTransaction の前に接続が切れ、リーダーがカードをリセットした"
            ),
        ));
    }
    found
}

fn missing(seen: &Seen, given: usize, of: usize) -> Text {
    let damaged = seen
        .exchanges
        .iter()
        .any(|one| one.signature == Some(Signature::Damaged));
    match damaged {
        true => text!(
            "exit status 0, and a signature that it was given is damaged ({given} of {of} are whole)",
            "終了ステータスは0だが、受け取った署名が壊れている(完全なものは{of}個のうち{given}個)"
        ),
        false => text!(
            "exit status 0 with {given} of {of} signatures",
            "終了ステータスは0だが、署名は{of}個のうち{given}個"
        ),
    }
}

fn tries(seen: &Seen, reference: &Reference) -> Option<Text> {
    let lower = seen.tries.iter().zip(&reference.tries).find_map(|(tries, reference)| {
        let (after, usual) = (tries.after?, (*reference)?);
        (after < usual).then_some((tries.pin.file, after, usual))
    });
    if let Some((file, after, usual)) = lower {
        return Some(text!(
            "the PIN of EF {file} has {after} tries left, and {usual} after the undisturbed run",
            "EF {file} の PIN の残りは{after}回、中断のない実行の後は{usual}回"
        ));
    }
    (repeats_refused(&seen.exchanges) && !reference.repeats).then(|| {
        text!(
            "it sent a value to VERIFY again that the card had refused",
            "カードが拒否した値を VERIFY でもう一度送った"
        )
    })
}

fn signatures(seen: &Seen) -> usize {
    let whole = seen
        .exchanges
        .iter()
        .filter(|one| one.signature == Some(Signature::Whole));
    whole.count()
}

fn printed_signs(outcome: &Outcome) -> Vec<&'static str> {
    let mut signs = crash::signs(&outcome.stderr);
    signs.extend(crash::signs(&outcome.stdout));
    signs
}

/// Whether a value of VERIFY is in what the program has printed. One that is no text is not looked for.
fn leaks(outcome: &Outcome, seen: &Seen) -> bool {
    let secrets = seen
        .sent
        .iter()
        .filter_map(|value| Secret::new(str::from_utf8(value).ok()?));
    let printed = [&outcome.stdout, &outcome.stderr];
    secrets
        .into_iter()
        .any(|secret| printed.iter().any(|text| secret.find(text).is_some()))
}
