//! The people to issue cards for: orders from person files, or invented ones, one after the other.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use vmyna_apdu::ShowPath as _;
use vmyna_applets::issued::CardName;
use vmyna_issuance::IssuanceError;
use vmyna_issuance::authorities::Authorities;
use vmyna_issuance::invent::Inventor;
use vmyna_issuance::keys::seed_for;
use vmyna_issuance::order::Order;
use vmyna_issuance::person_file::{self, Defaults, PersonFile};
use x509_cert::der::DateTime;

use super::args::Issue;
use crate::advice;
use crate::failure::Failure;

/// The orders of a run.
pub(super) struct People {
    orders: Box<dyn Iterator<Item = Result<Order, IssuanceError>>>,
    count: u64,
    notices: BTreeSet<String>,
}

impl People {
    /// `now` is when cards are issued by default, but not before the certificates of the authorities begin.
    pub(super) fn of(
        arguments: &Issue,
        seed: &[u8; 32],
        now: DateTime,
        authorities: &Authorities,
    ) -> Result<Self, Failure> {
        let (begin, _) = authorities.validity();
        let generator = |label: &str| ChaCha20Rng::from_seed(*seed_for(seed, label));
        let (profile, file_sizes) = (arguments.profile.clone(), arguments.file_sizes.unwrap_or_default());
        let atr = arguments.atr.clone();
        let as_wanted = move |order: Result<Order, IssuanceError>| {
            let order = order?.with_file_sizes(file_sizes);
            let profile = profile.clone().unwrap_or_else(|| order.profile.clone());
            let profile = match &atr {
                Some(atr) => profile.with_own_atr(atr),
                None => profile,
            };
            Ok(order.with_profile(profile))
        };
        let default_pins = || BTreeSet::from([DEFAULT_PINS.to_owned()]);
        if let Some(count) = arguments.people {
            let town = Inventor::new(generator("people"), now.max(begin)).not_before(begin);
            return Ok(Self {
                orders: Box::new(town.take(usize::try_from(count).unwrap_or(usize::MAX)).map(as_wanted)),
                count,
                notices: default_pins(),
            });
        }
        if arguments.random {
            let person = Inventor::new(generator("person"), now.max(begin)).single();
            return Ok(Self {
                orders: Box::new(std::iter::once(person).map(as_wanted)),
                count: 1,
                notices: default_pins(),
            });
        }
        let mut orders: Vec<Order> = Vec::new();
        let mut notices = BTreeSet::new();
        for path in &arguments.person {
            let profile = arguments.profile.clone().unwrap_or_default();
            let issued = match arguments.issued {
                Some(stated) => stated.0,
                None => now.max(begin),
            };
            let defaults = Defaults::new(card_name(path)?, issued)
                .with_profile(profile)
                .with_file_sizes(arguments.file_sizes.unwrap_or_default())
                .with_atr(arguments.atr.clone());
            let mut generator = generator(&format!("person/{}", defaults.name));
            let file = read(path, &defaults, &mut generator)?;
            let order = with_photo(path, &file)?;
            if orders.iter().any(|other| other.name == order.name) {
                return Err(Failure::Usage(format!(
                    "{}: two cards would be called {}; card-name in the person file gives another name",
                    path.shown(),
                    order.name
                )));
            }
            notices.extend(notices_of(&file));
            notices.extend(outside(path, &order, authorities)?);
            orders.push(order);
        }
        Ok(Self {
            count: orders.len() as u64,
            orders: Box::new(orders.into_iter().map(Ok)),
            notices,
        })
    }

    pub(super) const fn how_many(&self) -> u64 {
        self.count
    }

    /// Notices about the people, each once.
    pub(super) fn notices(&self) -> BTreeSet<String> {
        self.notices.clone()
    }
}

impl Iterator for People {
    type Item = Result<Order, IssuanceError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.orders.next()
    }
}

/// The warning about certificates that are valid when the authorities are not. Only dates of the person file's own make such;
/// without them the card is refused.
fn outside(path: &Path, order: &Order, authorities: &Authorities) -> Result<Option<String>, Failure> {
    let refuse = |error: IssuanceError| Failure::Usage(format!("{}: {error}", path.shown()));
    if !order.has_certificates() {
        return Ok(None);
    }
    let (from, to) = order.certificate_validity().map_err(refuse)?.both();
    if authorities.covers(from, to) {
        return Ok(None);
    }
    let (begin, end) = authorities.validity();
    match order.certificate_dates.any() {
        true => Ok(Some(format!(
            "{}: its certificates are valid from {from} to {to}, and no authority is all that time; those of now from {begin} \
             to {end}",
            order.name
        ))),
        false => Err(Failure::Usage(advice::outside_authorities(
            path,
            (from, to),
            (begin, end),
        ))),
    }
}

const DEFAULT_PINS: &str = "PINs: sign password (署名用パスワード) ABC123; all others (暗証番号) 1234";

/// The name of a card by default: the file's name without its ending.
fn card_name(path: &Path) -> Result<CardName, Failure> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_.".contains(letter);
    let name: String = stem
        .chars()
        .map(|letter| if allowed(letter) { letter } else { '-' })
        .collect();
    let name = name.trim_start_matches(['-', '_', '.']);
    // A name in Japanese letters leaves nothing.
    let name = if name.is_empty() { "card" } else { name };
    name.get(..name.len().min(64))
        .unwrap_or("card")
        .parse()
        .map_err(|rule| Failure::Usage(format!("{}: {rule}", path.shown())))
}

fn read(path: &Path, defaults: &Defaults, generator: &mut ChaCha20Rng) -> Result<PersonFile, Failure> {
    /// More than any person needs.
    const LONGEST: u64 = 1 << 20;
    let refuse = |why: &dyn std::fmt::Display| Failure::Usage(format!("{}: {why}", path.shown()));
    let text = read_file(path, LONGEST, "a person file has at most 1 MiB").map_err(|error| refuse(&error))?;
    let text = String::from_utf8(text).map_err(|_| refuse(&"a person file is text in UTF-8"))?;
    person_file::read(&text, defaults, generator).map_err(|faults| {
        let faults: Vec<String> = faults
            .iter()
            .map(|fault| format!("{}: {fault}", path.shown()))
            .collect();
        Failure::Usage(faults.join("\n"))
    })
}

/// A file's bytes. Nothing but an ordinary file is opened: a pipe would let us wait, and a device may have no end.
fn read_file(path: &Path, longest: u64, too_long: &str) -> Result<Vec<u8>, String> {
    vmyna_files::read(path, longest).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => too_long.to_owned(),
        io::ErrorKind::InvalidInput => "this is no file but a pipe or a device: save it to a file first".to_owned(),
        _ => error.to_string(),
    })
}

/// The order with the photo that the file names.
fn with_photo(person: &Path, file: &PersonFile) -> Result<Order, Failure> {
    let mut order = file.order.clone();
    if let Some(photo) = &file.photo {
        let path: PathBuf = person.parent().unwrap_or(Path::new("")).join(photo);
        let refuse =
            |why: &dyn std::fmt::Display| Failure::Usage(format!("{}: photo: {}: {why}", person.shown(), path.shown()));
        /// More than any camera writes.
        const LONGEST: u64 = 256 << 20;
        let bytes = read_file(&path, LONGEST, "a photo's file has at most 256 MiB").map_err(|error| refuse(&error))?;
        order.photo = vmyna_photo::to_card(&bytes).map_err(|error| refuse(&error))?.into();
    }
    Ok(order)
}

fn notices_of(file: &PersonFile) -> Vec<String> {
    let order = &file.order;
    let mut notices: Vec<String> = Vec::new();
    for pin in &file.default_pins {
        let value = String::from_utf8_lossy(pin.of(&order.pins).as_bytes()).into_owned();
        notices.push(format!(
            "{}: PIN {} is {value}, as the file gives none",
            order.name,
            pin.key()
        ));
    }
    if !file.invented.is_empty() {
        notices.push(format!("{}: invented {}", order.name, file.invented.join(", ")));
    }
    notices.extend(file.remarks.iter().map(|remark| format!("{}: {remark}", order.name)));
    notices
}
