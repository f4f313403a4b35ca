//! What `vmyna life` prints: what happened, a line a year, and where everything is.

use std::io::Write as _;
use std::time::Instant;

use vmyna::life::{Checked, Counts, Life as Playing};
use vmyna_apdu::ShowPath as _;
use vmyna_applets::calendar::day_in_japan;
use vmyna_issuance::DateTime;
use vmyna_issuance::story::Story;

use super::args::Life;
use crate::failure::Failure;
use crate::output;

/// A year that is over.
pub(super) struct Year {
    /// Its last moment.
    pub(super) end: DateTime,
    pub(super) counts: Counts,
    pub(super) checked: Option<Checked>,
}

fn day(at: DateTime) -> String {
    day_in_japan(at).map_or_else(|| at.to_string(), |day| day.to_string())
}

pub(super) fn print(
    arguments: &Life,
    story: &Story,
    life: &Playing,
    years: &[Year],
    (from, began): (usize, Instant),
) -> Result<(), Failure> {
    let mut out = output::text();
    let folder = arguments.output.shown();
    let done = life.done() - from;
    writeln!(
        out,
        "Played {done} of {} events in {:.1} s, {from} were played before",
        life.plan().steps.len(),
        began.elapsed().as_secs_f64(),
    )?;
    let mut all = Checked::default();
    for year in years {
        writeln!(out, "  until {}: {}", day(year.end), counts(&year.counts))?;
        if let Some(checked) = year.checked {
            writeln!(out, "    every service agrees: {}", comparisons(checked))?;
            all = all.and(checked);
        }
    }
    if story.town.is_none() {
        for step in &life.plan().steps[from..life.done()] {
            writeln!(out, "  {}", step.event)?;
        }
    }
    let next = match life.next() {
        Some(step) => format!("The next event is {}: the same command goes on from there", step.event),
        None => "The story is at its end".to_owned(),
    };
    let at = years.last().map_or(life.plan().begin, |year| year.end);
    let card = life
        .tokens()
        .first()
        .map_or_else(|| "NAME".to_owned(), |(name, _)| name.clone());
    writeln!(
        out,
        "{next}. In {folder}:\n  cards/NAME.vmyna, the second card of a person NAME-2.vmyna: `vmyna show {folder}/cards/{card}.vmyna`\n  \
         phones/NAME.vmyna: the phones\n  ca: the authorities with their register: `vmyna ca list {folder}/ca`,\n  \
         `vmyna ca serve {folder}/ca --now {at}`, `vmyna verify --ca {folder}/ca --at {at} …`"
    )?;
    writeln!(
        out,
        "PINs: sign password (署名用パスワード) ABC123, all others (暗証番号) 1234, unless the story gives others"
    )?;
    if life.plan().key_pool.is_some() {
        writeln!(
            out,
            "The cards share sets of keys: signatures don't distinguish two cards"
        )?;
    }
    Ok(())
}

/// What happened, in a line.
fn counts(counts: &Counts) -> String {
    let mut words = vec![format!("{} people", counts.people)];
    for (name, count) in &counts.events {
        words.push(format!("{count} {name}"));
    }
    words.push(format!("{} certificates issued", counts.issued));
    for (reason, count) in &counts.revoked {
        words.push(format!("{count} revoked ({reason})"));
    }
    words.push(format!("{} cards", counts.cards));
    words.push(format!("{} phones", counts.phones));
    words.join(", ")
}

/// What was compared, in a line.
fn comparisons(checked: Checked) -> String {
    format!(
        "{} register entries, {} OCSP answers, {} revocation lists with {} entries, {} certificates verified, {} cards and {} \
         phones asked by APDU, {} mdocs verified",
        checked.register,
        checked.ocsp,
        checked.lists,
        checked.entries,
        checked.verified,
        checked.cards,
        checked.phones,
        checked.mdocs
    )
}
