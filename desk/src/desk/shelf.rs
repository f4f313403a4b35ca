//! The shelf: the cards of a desk by their numbers, and what is known of each at a glance.
//!
//! A card of an image that has one card is `3`; a card of a collection is `3.NAME`. A collection is never read as a whole: it is
//! searched by the names in its index.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vmyna::{CardSource, StatePlace};
use vmyna_applets::image::{Image, ImageError};
use vmyna_applets::issued::{CardName, IssuedCard};
use vmyna_applets::specimen;

use super::authority::Authority;
use super::folder::{CopyError, Folder};
use super::glance::{Glance, Glances, Stamp};

/// How many cards the page gets at a time.
pub(super) const AT_A_TIME: usize = 50;

/// The cards.
pub(super) struct Shelf {
    folder: Folder,
    authority: Arc<Authority>,
    held: Mutex<Vec<Held>>,
    /// How many numbers were given. None is given twice, so that an id never means another card later.
    numbers: AtomicUsize,
    glances: Glances,
}

/// An image, or a built-in card.
struct Held {
    number: usize,
    kind: Kind,
    /// Of the image's file when it was opened.
    mark: Option<Mark>,
}

/// What tells a file from another one that has taken its place: device, number, length, and when it was written.
type Mark = (u64, u64, u64, i64, i64);

fn mark(path: &Path) -> Option<Mark> {
    let there = path.metadata().ok()?;
    Some((there.dev(), there.ino(), there.len(), there.mtime(), there.mtime_nsec()))
}

enum Kind {
    /// A built-in card: its name as typed, and its copy.
    BuiltIn(String, One),
    /// A card of an image.
    Single(One),
    /// A card that was made here.
    Made(One),
    Collection(PathBuf, Arc<Image>),
}

/// One card of an image.
#[derive(Clone)]
struct One {
    path: PathBuf,
    image: Arc<Image>,
    name: CardName,
}

/// A card on the shelf.
#[derive(Clone)]
pub(super) struct ShelfCard {
    pub(super) id: String,
    /// How a person calls it.
    pub(super) shown: String,
    pub(super) built_in: bool,
    /// Whether the desk has made it.
    pub(super) made: bool,
    one: One,
}

impl ShelfCard {
    /// How it is opened.
    pub(super) fn source(&self) -> CardSource {
        CardSource::Image(self.one.path.clone(), Some(self.one.name.clone()))
    }

    /// Its name in its image.
    pub(super) fn name(&self) -> &CardName {
        &self.one.name
    }

    /// The image that it is in.
    pub(super) fn path(&self) -> &Path {
        &self.one.path
    }

    /// The card as it was issued.
    pub(super) fn issued(&self) -> Result<IssuedCard, vmyna::Error> {
        let card = self.one.image.card(&self.one.name);
        card.map_err(|error| vmyna::Error::Image {
            file: self.one.path.clone(),
            error,
        })
    }

    /// Where its state is.
    pub(super) fn place(&self) -> Result<StatePlace, vmyna::Error> {
        // It is there, or it would not be on the shelf.
        let identity = self.one.image.identity(&self.one.name).unwrap_or_default();
        StatePlace::of(&self.one.path, &self.one.name, identity)
    }

    /// Whether it can be used here: no other program has it in use, and its state can be read.
    pub(super) fn check_free(&self) -> Result<(), vmyna::Error> {
        self.place()?.inspect().map(|_| ())
    }

    /// The card as it is now, and the place of its state.
    pub(super) fn current(&self) -> Result<(IssuedCard, StatePlace), vmyna::Error> {
        let place = self.place()?;
        Ok((place.current(self.issued()?)?, place))
    }

    /// When its files were changed last.
    pub(super) fn stamp(&self) -> Stamp {
        let changed = |path: &Path| path.metadata().and_then(|there| there.modified()).ok();
        let state = self.place().ok();
        [changed(&self.one.path), state.and_then(|place| changed(place.path()))]
    }
}

/// Why a card can't be put on the shelf.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShelfError {
    /// There is no such card, or it can't be read.
    #[error("{0}")]
    Card(#[from] vmyna::Error),
    /// The image can't be read.
    #[error("{0}")]
    Image(#[from] ImageError),
    /// A built-in card can't be copied into the desk's folder.
    #[error("the built-in card can't be copied: {0}")]
    Copy(String),
}

impl From<CopyError> for ShelfError {
    fn from(error: CopyError) -> Self {
        Self::Copy(error.to_string())
    }
}

impl Shelf {
    /// The cards that were made in this folder.
    pub(super) fn new(folder: Folder, authority: &Arc<Authority>) -> Result<Self, ShelfError> {
        let made = folder.made().map_err(|error| ShelfError::Copy(error.to_string()))?;
        let shelf = Self {
            folder,
            authority: Arc::clone(authority),
            held: Mutex::default(),
            numbers: AtomicUsize::new(0),
            glances: Glances::default(),
        };
        for path in made {
            // A file there that is no image of one card is none of the desk's.
            if let Ok(one) = One::only(&path) {
                shelf.hold(Kind::Made(one));
            }
        }
        Ok(shelf)
    }

    pub(super) fn folder(&self) -> &Folder {
        &self.folder
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All cards, each as its image is now.
    fn lock_followed(&self) -> MutexGuard<'_, Vec<Held>> {
        let mut held = self.lock();
        held.iter_mut().for_each(Held::follow);
        held
    }

    fn hold(&self, kind: Kind) -> String {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        let mark = mark(kind.path());
        self.lock().push(Held { number, kind, mark });
        number.to_string()
    }

    /// Puts a card, or all cards of an image, on the shelf. A card that is there already stays the same.
    pub(super) fn add(&self, source: &CardSource) -> Result<(), ShelfError> {
        if self.find_source(source).is_some() || self.has_collection(source) {
            return Ok(());
        }
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let kind = match source {
            CardSource::Image(path, None) => {
                let path = absolute(path);
                let image = Image::open(&path)?;
                match image.count() {
                    1 => Kind::Single(One::of(path, image, None)?),
                    _ => Kind::Collection(path, Arc::new(image)),
                }
            }
            CardSource::Image(path, Some(name)) => {
                let path = absolute(path);
                let image = Image::open(&path)?;
                Kind::Single(One::of(path, image, Some(name))?)
            }
            built_in => {
                let copy = self.folder.copy_of(&built_in.issued()?)?;
                Kind::BuiltIn(built_in.to_string(), One::only(&copy)?)
            }
        };
        self.hold(kind);
        Ok(())
    }

    /// Puts a card on the shelf that was made in the folder; returns its id.
    pub(super) fn add_made(&self, image: &Path) -> Result<String, ShelfError> {
        Ok(self.hold(Kind::Made(One::only(image)?)))
    }

    /// Takes a card off the shelf that was made in the folder.
    pub(super) fn drop_made(&self, image: &Path) {
        let is_it = |held: &Held| matches!(&held.kind, Kind::Made(one) if one.path == image);
        self.lock().retain(|held| !is_it(held));
    }

    /// The card of this id.
    pub(super) fn find(&self, id: &str) -> Option<ShelfCard> {
        let (number, name) = match id.split_once('.') {
            Some((number, name)) => (number, Some(name)),
            None => (id, None),
        };
        let mut held = self.lock();
        let held = held.iter_mut().find(|held| held.number.to_string() == number)?;
        held.follow();
        match (&held.kind, name) {
            (Kind::Collection(path, image), Some(name)) => {
                let name: CardName = name.parse().ok()?;
                image.identity(&name)?;
                Some(of_collection(held.number, (path, image), name))
            }
            (Kind::Collection(..), None) | (_, Some(_)) => None,
            (_, None) => held.single(),
        }
    }

    /// The card that this source means, with the id under which it is on the shelf.
    pub(super) fn find_source(&self, source: &CardSource) -> Option<ShelfCard> {
        let held = self.lock_followed();
        held.iter().find_map(|held| match (&held.kind, source) {
            (Kind::BuiltIn(name, _), _) if *name == source.to_string() => held.single(),
            (Kind::BuiltIn(_, one) | Kind::Single(one) | Kind::Made(one), _) if one.is(source) => held.single(),
            (Kind::Collection(path, image), CardSource::Image(other, Some(name))) if is_same_path(path, other) => {
                image.identity(name)?;
                Some(of_collection(held.number, (path, image), name.clone()))
            }
            _ => None,
        })
    }

    /// Whether this source is a collection on the shelf.
    fn has_collection(&self, source: &CardSource) -> bool {
        let held = self.lock();
        held.iter().any(|held| match (&held.kind, source) {
            (Kind::Collection(path, _), CardSource::Image(other, None)) => is_same_path(path, other),
            _ => false,
        })
    }

    /// The cards whose name, source or cardholder has this text, from the one of this number on, at most [`AT_A_TIME`]; and how
    /// many there are. Of a collection only the names in its index are looked at.
    pub(super) fn search(&self, text: &str, from: usize) -> (Vec<ShelfCard>, usize) {
        let wanted = text.trim().to_lowercase();
        let mut found = Found {
            from,
            cards: Vec::new(),
            total: 0,
        };
        let held = self.lock_followed();
        for held in held.iter() {
            match &held.kind {
                Kind::Collection(path, image) => {
                    let whole = wanted.is_empty() || file_name(path).to_lowercase().contains(&wanted);
                    for name in image.names().filter(|name| whole || name.contains(&wanted)) {
                        let card = || Some(of_collection(held.number, (path, image), name.parse().ok()?));
                        found.add(card);
                    }
                }
                _ => {
                    let Some(card) = held.single() else { continue };
                    if wanted.is_empty() || self.mentions(&card, &wanted) {
                        found.add(|| Some(card));
                    }
                }
            }
        }
        (found.cards, found.total)
    }

    /// Whether a card has this text, in lower case.
    fn mentions(&self, card: &ShelfCard, wanted: &str) -> bool {
        let seen = |glance: Glance| [glance.name, glance.title.en, glance.title.ja];
        let texts = self.glance(card).map(seen).unwrap_or_default();
        let shown = [&card.shown].into_iter().chain(&texts);
        shown.into_iter().any(|text| text.to_lowercase().contains(wanted))
    }

    /// What a card is at a glance, as it is now; `None` if it can't be read.
    pub(super) fn glance(&self, card: &ShelfCard) -> Option<Glance> {
        let stamp = card.stamp();
        if let Some(glance) = self.glances.find(&card.id, &stamp) {
            return Some(glance);
        }
        let issued = card.issued().ok()?;
        let now = card.place().ok()?.current(issued.clone()).ok()?;
        let glance = Glance::of(&now, self.authority.papers(&issued, &now));
        self.glances.keep(card.id.clone(), stamp, glance.clone());
        Some(glance)
    }
}

/// The part of a search that the page gets.
struct Found {
    from: usize,
    cards: Vec<ShelfCard>,
    total: usize,
}

impl Found {
    fn add(&mut self, card: impl FnOnce() -> Option<ShelfCard>) {
        if self.total >= self.from && self.cards.len() < AT_A_TIME {
            self.cards.extend(card());
        }
        self.total += 1;
    }
}

impl Kind {
    fn path(&self) -> &Path {
        match self {
            Self::BuiltIn(_, one) | Self::Single(one) | Self::Made(one) => &one.path,
            Self::Collection(path, _) => path,
        }
    }
}

impl Held {
    /// Opens the image anew if another one is in its place, because that is what a reader gets. One that can't be opened, or
    /// lacks the card, changes nothing: what is wrong is said where the card is used.
    fn follow(&mut self) {
        let now = mark(self.kind.path());
        if now.is_none() || now == self.mark {
            return;
        }
        self.mark = now;
        match &mut self.kind {
            Kind::BuiltIn(_, one) | Kind::Single(one) | Kind::Made(one) => {
                let image = Image::open(&one.path).map_err(ShelfError::from);
                if let Ok(new) = image.and_then(|image| One::of(one.path.clone(), image, Some(&one.name))) {
                    *one = new;
                }
            }
            Kind::Collection(path, image) => {
                if let Ok(new) = Image::open(path) {
                    *image = Arc::new(new);
                }
            }
        }
    }

    /// The one card; `None` for a collection.
    fn single(&self) -> Option<ShelfCard> {
        let (shown, one) = match &self.kind {
            Kind::BuiltIn(name, one) => (name.clone(), one),
            Kind::Single(one) | Kind::Made(one) => (one.shown(), one),
            Kind::Collection(..) => return None,
        };
        Some(ShelfCard {
            id: self.number.to_string(),
            shown,
            built_in: matches!(self.kind, Kind::BuiltIn(..)),
            made: matches!(self.kind, Kind::Made(_)),
            one: one.clone(),
        })
    }
}

impl One {
    /// The card of this name, or the only one.
    fn of(path: PathBuf, image: Image, name: Option<&CardName>) -> Result<Self, ShelfError> {
        let first = image.names().next().and_then(|name| name.parse().ok());
        let name = match name {
            Some(name) => name.clone(),
            None => first.ok_or_else(|| vmyna::Error::SeveralCards {
                file: path.clone(),
                count: image.count(),
                names: Vec::new(),
            })?,
        };
        // Also whether it can be read.
        image.card(&name)?;
        Ok(Self {
            path,
            image: Arc::new(image),
            name,
        })
    }

    /// The card of an image that has one.
    fn only(path: &Path) -> Result<Self, ShelfError> {
        Self::of(path.to_owned(), Image::open(path)?, None)
    }

    /// Whether this source means the card. The name may be left out where there is one card only.
    fn is(&self, source: &CardSource) -> bool {
        let CardSource::Image(path, name) = source else {
            return false;
        };
        let same = name.as_ref().map_or(self.image.count() == 1, |name| *name == self.name);
        same && is_same_path(&self.path, path)
    }

    /// `FILE`, or `FILE#NAME` where the file has several cards.
    fn shown(&self) -> String {
        let file = file_name(&self.path);
        match self.image.count() {
            1 => file,
            _ => format!("{file}#{}", self.name),
        }
    }
}

fn of_collection(number: usize, (path, image): (&Path, &Arc<Image>), name: CardName) -> ShelfCard {
    let one = One {
        path: path.to_owned(),
        image: Arc::clone(image),
        name,
    };
    ShelfCard {
        id: format!("{number}.{}", one.name),
        shown: one.shown(),
        built_in: false,
        made: false,
        one,
    }
}

/// The name of the file without its folder: a folder's name concerns its owner only.
fn file_name(path: &Path) -> String {
    path.file_name().map_or(String::new(), |name| {
        vmyna_apdu::shown(&name.to_string_lossy()).to_string()
    })
}

fn is_same_path(one: &Path, other: &Path) -> bool {
    one == other
        || one
            .canonicalize()
            .ok()
            .is_some_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// All built-in cards: what is on the shelf if no card is named.
pub(super) fn specimens() -> Vec<CardSource> {
    let names = specimen::names().unwrap_or_default();
    names
        .into_iter()
        .map(|name| CardSource::Specimen(name.to_owned(), None))
        .collect()
}
