//! Issues the built-in specimen cards anew: `cargo run --example make-specimens -- [--issued TIME] [--out FOLDER]`.
//!
//! FOLDER is `test-vectors/specimens` of this repository unless given; the person files lie in its `people/`. The result
//! depends on them and on TIME only, two years before which the authorities begin: UTC, like `2026-11-01T01:00:00Z`. All
//! keys are public test keys; the people are fictional.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use der::DateTime;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use vmyna_applets::image;
use vmyna_issuance::authorities::establish_generation;
use vmyna_issuance::ca_folder;
use vmyna_issuance::desk::Desk;
use vmyna_issuance::order::Order;
use vmyna_issuance::person_file::{self, Defaults};
use vmyna_issuance::series::Series;
use vmyna_issuance::specimen::SEED;
use vmyna_test_vectors::specimens::PEOPLE;
use zeroize::Zeroizing;

/// When cards are issued whose person file does not say it: a week after Hanako's birthday, so that her certificates last almost five years.
const DEFAULT_ISSUED: &str = "2026-11-01T01:00:00Z";
const DEFAULT_FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../test-vectors/specimens");

/// Authorities begin before the cards, so that the cards of a town can be of different ages.
const AUTHORITIES_BEFORE: Duration = Duration::from_secs(2 * 365 * 24 * 60 * 60);

/// The running number of the first specimen's card.
const FIRST: u64 = 1;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut folder, mut issued) = (PathBuf::from(DEFAULT_FOLDER), DEFAULT_ISSUED.to_owned());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{argument} needs a value"))?;
        match argument.as_str() {
            "--issued" => issued = value,
            "--out" => folder = PathBuf::from(value),
            _ => return Err(format!("{argument} is not known; there are --issued TIME and --out FOLDER").into()),
        }
    }
    let issued: DateTime = issued
        .parse()
        .map_err(|_| "TIME is UTC and looks like 2026-11-01T01:00:00Z")?;
    let orders: Result<Vec<Order>, _> = PEOPLE.iter().map(|(name, _)| order(&folder, name, issued)).collect();
    let orders = orders?;

    let (ca, collection) = (folder.join("ca"), folder.join("specimens.vmyna"));
    // Both are made from what is left: person files, seed and time.
    if ca.exists() {
        fs::remove_dir_all(&ca)?;
    }
    if collection.exists() {
        fs::remove_file(&collection)?;
    }
    let begin = DateTime::from_unix_duration(issued.unix_duration() - AUTHORITIES_BEFORE)?;
    ca_folder::init(&ca, &SEED, begin, None, &|| Ok(()))?;
    let authorities = ca_folder::open(&ca)?.with_seed(Zeroizing::new(SEED));
    // A card that is older than the authorities, or younger, is of another generation of them.
    let (own_begin, own_end) = authorities.validity();
    for order in &orders {
        let (from, to) = order.certificate_validity()?.both();
        if own_begin <= from && to <= own_end {
            continue;
        }
        for (path, bytes) in establish_generation(&SEED, (own_begin, from), &|| Ok(()))? {
            let path = ca.join(path);
            fs::create_dir_all(path.parent().ok_or("a file lies in a folder")?)?;
            fs::write(path, &bytes)?;
        }
    }
    let desk = Desk::new(authorities);
    let mut file = image::create(&collection)?;
    let series = Series::new(desk, Zeroizing::new(SEED), Some(FIRST));
    let issued = series.issue(orders.into_iter().map(Ok), &(), |card| file.add(&card));
    issued.map_err(|error| format!("{error:?}"))?;
    Ok(file.finish()?)
}

fn order(folder: &std::path::Path, name: &str, issued: DateTime) -> Result<Order, Box<dyn Error>> {
    let path = folder.join("people").join(name).with_extension("toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let defaults = Defaults::new(name.parse()?, issued);
    // Nothing is invented: the files give every number.
    let file = person_file::read(&text, &defaults, &mut ChaCha20Rng::from_seed(SEED));
    let file = file.map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        format!("{}: {}", path.display(), faults.join("; "))
    })?;
    if !file.invented.is_empty() {
        return Err(format!("{}: {} must be given", path.display(), file.invented.join(", ")).into());
    }
    Ok(file.order)
}
