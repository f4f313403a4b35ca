//! How far an exploration has come, on a terminal.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use vmyna_apdu::{Text, text};

use crate::options::language::Language;
use crate::output::{StatusLine, say};

/// How often the line changes.
const INTERVAL: Duration = Duration::from_millis(200);

/// The line at the end of the terminal.
pub(super) struct Progress {
    line: StatusLine,
    language: Language,
    state: Mutex<State>,
}

struct State {
    began: Instant,
    shown: Option<Instant>,
    /// Runs that were known at the beginning.
    first: Option<usize>,
}

impl Progress {
    pub(super) fn begin(language: Language) -> Self {
        Self {
            line: StatusLine::new(),
            language,
            state: Mutex::new(State {
                began: Instant::now(),
                shown: None,
                first: None,
            }),
        }
    }

    /// The undisturbed runs have ended.
    pub(super) fn begun(&self, commands: usize, repeats: bool) {
        let text = match repeats {
            true => text!(
                "undisturbed: {commands} commands, the same in both runs",
                "中断なし: コマンド{commands}個、2回とも同じ"
            ),
            false => text!(
                "undisturbed: {commands} commands, not the same in both runs",
                "中断なし: コマンド{commands}個、2回で異なる"
            ),
        };
        if self.line.is_terminal() {
            say(text.say(self.language));
        }
        self.state.lock().unwrap_or_else(PoisonError::into_inner).began = Instant::now();
    }

    pub(super) fn show(&self, done: usize, planned: usize, findings: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let first = *state.first.get_or_insert(done);
        if state.shown.is_some_and(|shown| shown.elapsed() < INTERVAL) {
            return;
        }
        state.shown = Some(Instant::now());
        let left = left(
            state.began.elapsed(),
            done - first.min(done),
            planned.saturating_sub(done),
        );
        let word = if findings == 1 { "finding" } else { "findings" };
        let estimate = left.map_or_else(
            || Text::same(""),
            |left| {
                let seconds = left.as_secs();
                text!(", about {seconds} s left", "、残り約{seconds}秒")
            },
        );
        let (en, ja) = (estimate.en, estimate.ja);
        let line = text!(
            "{done} of {planned} runs, {findings} {word}{en}",
            "実行{done}/{planned}、指摘{findings}件{ja}"
        );
        self.line.show(line.say(self.language));
    }

    /// Clears the line.
    pub(super) fn clear(&self) {
        self.line.clear();
    }
}

/// An estimate of the time left; `None` before there is a run to judge by.
fn left(elapsed: Duration, done: usize, left: usize) -> Option<Duration> {
    let done = u32::try_from(done).ok().filter(|done| *done > 0)?;
    Some(elapsed / done * u32::try_from(left).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_the_runs_so_far() {
        assert_eq!(left(Duration::from_secs(10), 0, 5), None);
        assert_eq!(left(Duration::from_secs(10), 5, 20), Some(Duration::from_secs(40)));
    }
}
