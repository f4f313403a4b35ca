//! `vmyna issue`: cards for people from files, for an invented person, or for a whole town, into one image.

pub(crate) mod args;
mod people;
#[cfg(feature = "authority")]
mod register;
mod watch;

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Instant;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use vmyna_apdu::ShowPath as _;
use vmyna_applets::image::{self, ImageError, ImageFile};
use vmyna_applets::issued::IssuedCard;
use vmyna_issuance::IssuanceError;
use vmyna_issuance::desk::Desk;
use vmyna_issuance::keys::{CardKeys, seed_for};
use vmyna_issuance::series::{Series, SeriesError};

use crate::application_files::ApplicationFiles;
use crate::failure::{Failure, image_failure, unless_closed};
use crate::seed::{fixed_time, now, random_seed, seed_of};
use crate::{advice, authorities, output};
use args::Issue;
use people::People;
#[cfg(feature = "authority")]
use register::Entering;
use watch::Progress;

/// When cards are issued under a seed without --issued: the same seed must give the same cards every day.
const TIME_UNDER_A_SEED: &str = "2026-11-01T01:00:00Z";

/// Runs the command.
pub(crate) fn run(arguments: &Issue) -> Result<(), Failure> {
    let seed = arguments.seed.map_or_else(random_seed, seed_of);
    let now = match arguments.issued {
        Some(time) => time.0,
        None if arguments.seed.is_some() => fixed_time(TIME_UNDER_A_SEED)?,
        None => now()?,
    };
    let authorities = authorities::open(arguments.ca.as_deref())?;
    let people = People::of(arguments, &seed, now, &authorities)?;
    // An output that can't be written is reported before keys are made.
    if arguments.output.to_str().is_none() {
        return Err(Failure::Usage(format!(
            "{} is no text in UTF-8, as which commands name a card: choose another name",
            arguments.output.shown()
        )));
    }
    let mut file = image::create(&arguments.output).map_err(image_failure)?;
    let applications = ApplicationFiles::read(&arguments.ap)?;
    let free_area = seed_for(&seed, "free area");
    let mut entering = Entering::begin(arguments)?;
    let progress = Progress::begin(people.how_many(), arguments.key_pool)?;
    let began = Instant::now();
    let mut series = Series::new(Desk::new(authorities), seed, None);
    if let Some(count) = arguments.key_pool {
        series.make_pool(count, &progress).map_err(|error| stopped(&error))?;
    }
    let mut notices = people.notices();
    let count = people.how_many();
    let mut shown = Vec::new();
    let result = series.issue(people, &progress, |card| {
        let mut generator = ChaCha20Rng::from_seed(*seed_for(&free_area, card.name.as_str()));
        let card = applications.on(card, &mut generator)?;
        entering.add(&card)?;
        add(&mut file, &card, &mut shown).map_err(image_failure)
    });
    progress.end();
    result.map_err(|error| match error {
        SeriesError::Card(name, error) => Failure::Failed(format!("{name}: {error}; nothing was written")),
        SeriesError::Issuance(error) => stopped(&error),
        SeriesError::Taker(failure) => failure,
        other => Failure::Failed(format!("{other}; nothing was written")),
    })?;
    // Before the image has its name: no card is out whose certificates the register lacks.
    notices.extend(entering.finish()?);
    file.finish().map_err(image_failure)?;
    unless_closed(report(arguments, count, &shown, &notices, began)).map_err(|failure| match failure {
        Failure::Output(error) => Failure::Failed(format!(
            "{} is issued, but the output can't be written: {error}",
            arguments.output.shown()
        )),
        failure => failure,
    })
}

/// Adds a card, and keeps the names of the first ones.
fn add(file: &mut ImageFile, card: &IssuedCard, shown: &mut Vec<String>) -> Result<(), ImageError> {
    const SHOWN: usize = 5;
    file.add(card)?;
    if shown.len() < SHOWN {
        shown.push(format!("{} ({})", card.summary.person.name, card.name));
    }
    Ok(())
}

fn report(
    arguments: &Issue,
    count: u64,
    shown: &[String],
    notices: &BTreeSet<String>,
    began: Instant,
) -> Result<(), Failure> {
    let mut out = output::text();
    let file = arguments.output.shown();
    let more = if count > shown.len() as u64 { ", …" } else { "" };
    let cards = if count == 1 {
        "a card"
    } else {
        &format!("{count} cards")
    };
    writeln!(
        out,
        "Issued {cards} into {file} in {:.1} s: {}{more}",
        began.elapsed().as_secs_f64(),
        shown.join(", ")
    )?;
    for notice in notices {
        writeln!(out, "  {notice}")?;
    }
    if let Some(pool) = arguments.key_pool {
        writeln!(
            out,
            "  The cards share {pool} {}: signatures don't distinguish two cards of a pool",
            if pool == 1 { "set of keys" } else { "sets of keys" }
        )?;
    }
    if arguments.seed.is_some() {
        writeln!(out, "  The keys come from a seed: anyone with the seed can make them")?;
    }
    let example = match count {
        1 => file.to_string(),
        _ => format!("{file}#NAME"),
    };
    writeln!(
        out,
        "Look at it with `vmyna show {example}`, use it with `vmyna serve --card {example}`"
    )?;
    Ok(())
}

fn stopped(error: &IssuanceError) -> Failure {
    match error {
        IssuanceError::Stopped => Failure::Interrupted("interrupted; nothing was written".to_owned()),
        error => Failure::Failed(format!("{error}{}; nothing was written", advice::for_issuance(error))),
    }
}

/// How many keys the cards of a run need.
fn keys_of(cards: u64, pool: Option<u32>) -> u64 {
    pool.map_or(cards, u64::from) * CardKeys::COUNT as u64
}

/// A build without the register enters nothing.
#[cfg(not(feature = "authority"))]
struct Entering;

#[cfg(not(feature = "authority"))]
impl Entering {
    fn begin(_: &Issue) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn add(&mut self, _: &IssuedCard) -> Result<(), Failure> {
        Ok(())
    }

    fn finish(self) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }
}
