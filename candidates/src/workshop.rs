//! Where candidates are made: the authorities with all their keys, two cardholders, and the keys of a forger.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use der::DateTime;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use rsa::{RsaPrivateKey, RsaPublicKey};
use sha2::{Digest, Sha256};
use vmyna_applets::calendar::day_in_japan;
use vmyna_applets::cv::KeyId;
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::CardError;
use vmyna_issuance::IssuanceError;
use vmyna_issuance::authorities::{Authorities, AuthoritiesError, Files};
use vmyna_issuance::ca_folder::{self, CaFolderError};
use vmyna_issuance::desk::Desk;
use vmyna_issuance::invent::Inventor;
use vmyna_issuance::keys::{self, CardKeys, seed_for};
use vmyna_issuance::mdoc::MdocAuthority;
use vmyna_issuance::numbers::Numbers;
use vmyna_issuance::order::{CertificateText, Order};
use vmyna_issuance::x509::Authority;
use vmyna_issuance::x509::names::Hierarchy;
use vmyna_issuance::{municipalities, specimen};
use zeroize::Zeroizing;

use crate::time::days_from;

/// Why a candidate can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MakeError {
    /// Something can't be issued.
    #[error("{0}")]
    Issuance(#[from] IssuanceError),
    /// The authorities lack something.
    #[error("{0}")]
    Authorities(#[from] AuthoritiesError),
    /// No card can hold it.
    #[error("{0}")]
    Card(#[from] CardError),
    /// Something can't be encoded.
    #[error("{0}")]
    Asn1(#[from] der::Error),
    /// It has not the form that the maker of candidates expects.
    #[error("{0}")]
    Form(&'static str),
}

/// A cardholder. All are fictional, drawn from the seed, adults with both certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Person {
    /// The one whom nearly all candidates are about.
    A,
    /// Another one, of the same municipality, with another name, birth date and sex.
    B,
}

/// The authorities that candidates are issued under, with all their keys.
pub struct Anchors {
    /// The files of the set.
    pub files: Files,
    /// Taken up from them: what issues genuine cards.
    pub authorities: Authorities,
    /// The authority of mdocs.
    pub mdoc: MdocAuthority,
}

impl Anchors {
    /// The built-in ones. Their keys are public test keys.
    ///
    /// # Errors
    /// [`MakeError`], only if the built-in files are damaged.
    pub fn built_in() -> Result<Self, MakeError> {
        Ok(Self {
            files: specimen::files(),
            authorities: specimen::authorities()?,
            mdoc: specimen::mdoc()?,
        })
    }

    /// Those in a folder. Nothing is written there: a folder without an authority of mdocs gets one for this examination, the
    /// same each time.
    ///
    /// # Errors
    /// [`CaFolderError`]
    pub fn of_folder(folder: &Path) -> Result<Self, CaFolderError> {
        let (files, service) = ca_folder::files(folder)?;
        let authorities = ca_folder::open(folder)?;
        let mdoc = match ca_folder::mdoc_if_there(folder)? {
            Some(mdoc) => mdoc,
            None => {
                let all: Vec<u8> = files.values().flat_map(|bytes| bytes.iter().copied()).collect();
                let seed = Zeroizing::new(Sha256::digest(Zeroizing::new(all)).into());
                let begin = authorities.validity().0;
                MdocAuthority::establish(&seed, begin, &service).map_err(CaFolderError::Issuance)?
            }
        };
        Ok(Self {
            files,
            authorities,
            mdoc,
        })
    }
}

/// A cardholder with what a forger of this cardholder's card needs.
struct Cardholder {
    order: Order,
    numbers: Numbers,
    keys: CardKeys,
    card: IssuedCard,
}

/// The workshop. There is no `Debug`, because it holds the private keys of authorities, cardholders and forgers.
#[non_exhaustive]
pub struct Workshop {
    files: Files,
    mdoc: MdocAuthority,
    seed: Zeroizing<[u8; 32]>,
    now: DateTime,
    desk: Desk,
    data_roots: [(KeyId, RsaPublicKey); 2],
    a: Cardholder,
    b: Cardholder,
    keys: Mutex<BTreeMap<String, Arc<OnceLock<RsaPrivateKey>>>>,
    generations: [OnceLock<Generations>; 2],
}

/// Further generations of an authority, which have its name and keys of their own. They depend on the authority's key alone,
/// so that they are the same over runs.
pub struct Generations {
    /// One that begins a year before the authority of the cards, and is valid at the time of the examination.
    pub earlier: Authority,
    /// One that begins twelve years before, and has ended.
    pub ended: Authority,
}

/// People are drawn so often at most until two fit.
const MOST_DRAWS: usize = 10_000;

impl Workshop {
    /// Draws two cardholders from the seed and issues their cards. Cards were issued thirty days before `now`.
    ///
    /// # Errors
    /// [`MakeError`], for instance when the authorities can't issue at that time.
    pub fn new(anchors: Anchors, seed: [u8; 32], now: DateTime) -> Result<Self, MakeError> {
        let issued = days_from(now, -30)?;
        let (first, second) = draw(&seed, issued)?;
        let data_roots = anchors.authorities.data_roots().map(|(id, key)| (id, key.clone()));
        let mut desk = Desk::new(anchors.authorities);
        let labels = [format!("card/{}", first.name), format!("card/{}", second.name)];
        let sets = CardKeys::derive_sets(&seed, &labels, &|| Ok(()))?;
        let mut cardholder = |order: Order, keys: &CardKeys, running: u64| {
            let numbers = Numbers::of(running)?;
            desk.open_for([order.person.municipality.code])?;
            desk.prepare(&order)?;
            let card = desk.issue(&order, &numbers, keys, None)?;
            let keys = keys.clone();
            Ok::<_, MakeError>(Cardholder {
                order,
                numbers,
                keys,
                card,
            })
        };
        let [keys_of_a, keys_of_b] = &sets[..] else {
            return Err(MakeError::Form("a card has keys"));
        };
        let a = cardholder(first, keys_of_a, RUNNING)?;
        let b = cardholder(second, keys_of_b, RUNNING + 1)?;
        Ok(Self {
            files: anchors.files,
            mdoc: anchors.mdoc,
            seed: Zeroizing::new(seed),
            now,
            desk,
            data_roots,
            a,
            b,
            keys: Mutex::default(),
            generations: Default::default(),
        })
    }

    /// The time of the examination, UTC.
    #[must_use]
    pub const fn now(&self) -> DateTime {
        self.now
    }

    /// A seed of its own for each label.
    #[must_use]
    pub fn seed(&self, label: &str) -> Zeroizing<[u8; 32]> {
        seed_for(&self.seed, label)
    }

    /// Random numbers of their own for each label.
    #[must_use]
    pub fn rng(&self, label: &str) -> ChaCha20Rng {
        ChaCha20Rng::from_seed(*self.seed(label))
    }

    /// The desk that issues genuine cards; it is open for the municipality of both cardholders.
    #[must_use]
    pub const fn desk(&self) -> &Desk {
        &self.desk
    }

    /// The authority that has issued the certificates of both cards.
    ///
    /// # Errors
    /// [`MakeError::Form`] never in practice: the desk has what it has issued with.
    pub fn authority(&self, hierarchy: Hierarchy) -> Result<&Authority, MakeError> {
        let jpki = &self.a.card.jpki;
        let certificate = match hierarchy {
            Hierarchy::Signature => &jpki.sign_ca_certificate,
            Hierarchy::Authentication => &jpki.auth_ca_certificate,
        };
        let mut all = self.desk.certifying();
        all.find(|authority| authority.certificate() == certificate)
            .ok_or(MakeError::Form("the desk has the authority that it issues with"))
    }

    /// Further generations of that authority. The first time takes as long as two keys take.
    ///
    /// # Errors
    /// [`MakeError`]
    pub fn generations(&self, hierarchy: Hierarchy) -> Result<&Generations, MakeError> {
        let place = match hierarchy {
            Hierarchy::Signature => &self.generations[0],
            Hierarchy::Authentication => &self.generations[1],
        };
        if let Some(generations) = place.get() {
            return Ok(generations);
        }
        let own = self.authority(hierarchy)?;
        let name = own.certificate();
        let seed = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(own.key().sign_message(name)?)));
        let labels = ["earlier".to_owned(), "ended".to_owned()];
        let keys = keys::derive_all(&seed, &labels, &|| Ok(()))?;
        let begin = |years: u16| {
            let begin = own.begin();
            // Each year has a 28 February.
            let day = if begin.month() == 2 {
                begin.day().min(28)
            } else {
                begin.day()
            };
            DateTime::new(
                begin.year() - years,
                begin.month(),
                day,
                begin.hour(),
                begin.minutes(),
                begin.seconds(),
            )
        };
        let [earlier, ended] =
            <[RsaPrivateKey; 2]>::try_from(keys).map_err(|_| MakeError::Form("two keys are made"))?;
        let serial = |at: usize| 0x10_0000 | u32::from_be_bytes([0, 0, seed[at], seed[at + 1]]);
        let made = Generations {
            earlier: Authority::establish(hierarchy, earlier, serial(0), begin(1)?)?
                .with_service(own.service().clone()),
            ended: Authority::establish(hierarchy, ended, serial(2), begin(12)?)?.with_service(own.service().clone()),
        };
        Ok(place.get_or_init(|| made))
    }

    /// The keys above the municipalities' data-signing keys, with their names: that of texts, that of face data.
    #[must_use]
    pub const fn data_roots(&self) -> &[(KeyId, RsaPublicKey); 2] {
        &self.data_roots
    }

    /// The authority of mdocs.
    #[must_use]
    pub const fn mdoc(&self) -> &MdocAuthority {
        &self.mdoc
    }

    fn cardholder(&self, person: Person) -> &Cardholder {
        match person {
            Person::A => &self.a,
            Person::B => &self.b,
        }
    }

    /// The genuine card of a cardholder.
    #[must_use]
    pub fn card(&self, person: Person) -> &IssuedCard {
        &self.cardholder(person).card
    }

    /// What that card was ordered with: change a clone of it to issue another.
    #[must_use]
    pub fn order(&self, person: Person) -> &Order {
        &self.cardholder(person).order
    }

    /// The numbers of that card.
    #[must_use]
    pub fn numbers(&self, person: Person) -> &Numbers {
        &self.cardholder(person).numbers
    }

    /// The keys of that card.
    #[must_use]
    pub fn card_keys(&self, person: Person) -> &CardKeys {
        &self.cardholder(person).keys
    }

    /// A genuine card with that cardholder's keys and numbers from a changed order.
    ///
    /// # Errors
    /// [`MakeError`]
    pub fn issue(&self, person: Person, change: impl FnOnce(&mut Order)) -> Result<IssuedCard, MakeError> {
        let Cardholder {
            order, numbers, keys, ..
        } = self.cardholder(person);
        let mut order = order.clone();
        change(&mut order);
        Ok(self.desk.issue(&order, numbers, keys, None)?)
    }

    /// A private key of the genuine set, by the name of its folder, for instance `text-root` or `municipality-text`.
    ///
    /// # Errors
    /// [`MakeError`], when the set has none of this name.
    pub fn genuine_key(&self, name: &str) -> Result<RsaPrivateKey, MakeError> {
        let file = self.files.get(&format!("{name}/key.pem"));
        let pem = file.and_then(|pem| str::from_utf8(pem).ok());
        Ok(keys::from_pem(
            pem.ok_or(MakeError::Form("the set of authorities lacks a key"))?,
        )?)
    }

    /// A forger's key with this label, RSA-2048: the same each time it is asked for. The first time takes as long as a key
    /// takes.
    ///
    /// # Errors
    /// [`MakeError`]
    pub fn forged_key(&self, label: &str) -> Result<RsaPrivateKey, MakeError> {
        let place = {
            let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(keys.entry(label.to_owned()).or_default())
        };
        if let Some(key) = place.get() {
            return Ok(key.clone());
        }
        let key = keys::derive(&self.seed, &format!("forger/{label}"))?;
        Ok(place.get_or_init(|| key).clone())
    }
}

/// The running number of the first card: its serial numbers are those that no series of `vmyna issue` begins with.
const RUNNING: u64 = 700_000_000;

/// Two adults of one municipality with different names, birth dates and sexes. Their names and addresses have no character
/// that certificates lack.
fn draw(seed: &[u8; 32], issued: DateTime) -> Result<(Order, Order), MakeError> {
    let rng = |label| ChaCha20Rng::from_seed(*seed_for(seed, label));
    let mut first = Inventor::new(rng("person a"), issued);
    let a = find(&mut first, |order| fits(order, issued))?;
    let place = municipalities::entry(a.person.municipality.code).ok_or(MakeError::Form("a person lives somewhere"))?;
    let mut second = Inventor::new(rng("person b"), issued).in_places(&[place]);
    let (name, birth, sex) = (a.person.name.clone(), a.person.birth, a.person.sex);
    let mut b = find(&mut second, |order| {
        let person = &order.person;
        fits(order, issued) && person.name != name && person.birth != birth && person.sex != sex
    })?;
    let mut a = a;
    a.name = "a".parse().map_err(MakeError::Form)?;
    b.name = "b".parse().map_err(MakeError::Form)?;
    Ok((a, b))
}

fn find(inventor: &mut Inventor<ChaCha20Rng>, mut wanted: impl FnMut(&Order) -> bool) -> Result<Order, MakeError> {
    for _ in 0..MOST_DRAWS {
        let order = inventor.single()?;
        if wanted(&order) {
            return Ok(order);
        }
    }
    Err(MakeError::Form("of so many people none fits"))
}

/// Whether this is a Japanese adult under 70 with an ordinary name.
fn fits(order: &Order, issued: DateTime) -> bool {
    let person = &order.person;
    let Some(today) = day_in_japan(issued) else {
        return false;
    };
    let plain = |text: &CertificateText| text.name.text == person.name && text.address.text == person.address;
    (20..70).contains(&person.birth.age_on(today))
        && person.name.contains('\u{3000}')
        && !person.name.is_ascii()
        && order.certificate_text().is_ok_and(|text| plain(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_time_make_the_same_cards_and_another_seed_other_people() {
        let now = "2026-11-30T00:00:00Z".parse().unwrap();
        let make = |seed| Workshop::new(Anchors::built_in().unwrap(), [seed; 32], now).unwrap();
        let (first, again, other) = (make(1), make(1), make(2));
        for person in [Person::A, Person::B] {
            let certificate = |of: &Workshop| of.card(person).jpki.auth.as_ref().unwrap().certificate.clone();
            assert_eq!(certificate(&first), certificate(&again));
            assert_ne!(certificate(&first), certificate(&other));
        }
        let [a, b] = [Person::A, Person::B].map(|person| &first.order(person).person);
        assert_eq!(a.municipality.code, b.municipality.code);
        assert!(a.name != b.name && a.birth != b.birth && a.sex != b.sex);
    }
}
