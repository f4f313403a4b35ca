//! What must be true of a person after each event, computed from the events alone.
//!
//! This is the other opinion beside register, cards and services: it knows the rules of public descriptions and looks at
//! nothing that an operation has written. Before a story is played it finds the events that are impossible; afterwards
//! everything is compared with it. This module must never read a register or a card.

use std::fmt;

use vmyna_apdu::{Text, text};
use vmyna_applets::PhoneKind;
use vmyna_applets::calendar::{Date, day_in_japan};
use vmyna_applets::issued::CardName;
use vmyna_applets::person::{Municipality, Person};
use vmyna_authority::register::{Hierarchy, IssuerId, Reason, Revocation};
use vmyna_issuance::order::{Order, SIGNATURE_AGE};
use vmyna_issuance::story::What;
use vmyna_issuance::{DateTime, IssuanceError, validity};

/// On what a certificate is: which card or phone of the person, from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Token {
    /// A card.
    Card(u32),
    /// A phone.
    Phone(u32),
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Card(1) => f.write_str("card"),
            Self::Card(number) => write!(f, "card {number}"),
            Self::Phone(1) => f.write_str("phone"),
            Self::Phone(number) => write!(f, "phone {number}"),
        }
    }
}

/// A certificate that a person has or had.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Held {
    /// On what.
    pub token: Token,
    /// Of which hierarchy.
    pub hierarchy: Hierarchy,
    /// Its beginning and end, UTC.
    pub validity: (DateTime, DateTime),
    /// The municipality whose revocation list covers it.
    pub municipality: Municipality,
    /// Since when and why it is revoked.
    pub revocation: Option<Revocation>,
    /// Its issuer and serial number, once it was read from its token.
    pub identity: Option<(IssuerId, u32)>,
}

impl Held {
    /// Whether it is accepted at a time.
    #[must_use]
    pub fn is_good(&self, at: DateTime) -> bool {
        self.revocation.is_none() && self.validity.0 <= at && at <= self.validity.1
    }
}

/// A phone with certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Phone {
    /// Its kind.
    pub kind: PhoneKind,
    /// Which phone of the person, from 1 on.
    pub number: u32,
    /// Where its certificates are in [`PersonModel::certificates`]: sign, auth.
    pub certificates: [usize; 2],
    /// Whether the person has it in use.
    pub in_use: bool,
    /// The person as the mdoc of an iPhone states it, and when it was issued.
    pub mdoc: Option<(Person, DateTime)>,
}

/// Why something can't happen.
pub type Impossible = Text;

/// A person, as the events so far have it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PersonModel {
    /// The name of the cards.
    pub name: CardName,
    /// The person now.
    pub person: Person,
    /// How many cards there were; 0 before the first is issued.
    pub cards: u32,
    /// The last day of the card.
    pub expiry: Date,
    /// When the person died.
    pub died: Option<DateTime>,
    /// Whether the card is lost.
    pub is_lost: bool,
    /// All certificates, in the order of their issue.
    pub certificates: Vec<Held>,
    /// Where the card's certificates are in the list: sign, auth.
    pub on_card: [Option<usize>; 2],
    /// All phones.
    pub phones: Vec<Phone>,
}

const fn place(hierarchy: Hierarchy) -> usize {
    match hierarchy {
        Hierarchy::Signature => 0,
        Hierarchy::Authentication => 1,
    }
}

pub(super) const BOTH: [Hierarchy; 2] = [Hierarchy::Signature, Hierarchy::Authentication];

fn dates(error: IssuanceError) -> Impossible {
    text!("{error}", "日付の計算ができません（{error}）")
}

impl PersonModel {
    /// A person without a card.
    #[must_use]
    pub fn new(order: &Order) -> Self {
        Self {
            name: order.name.clone(),
            person: order.person.clone(),
            cards: 0,
            expiry: order.expiry,
            died: None,
            is_lost: false,
            certificates: Vec::new(),
            on_card: [None, None],
            phones: Vec::new(),
        }
    }

    /// The certificate of this kind on the card.
    #[must_use]
    pub fn card_certificate(&self, hierarchy: Hierarchy) -> Option<&Held> {
        self.certificates.get(self.on_card[place(hierarchy)]?)
    }

    /// The phone that is in use.
    #[must_use]
    pub fn phone(&self) -> Option<&Phone> {
        self.phones.iter().rfind(|phone| phone.in_use)
    }

    /// The certificates on the card and on the phone in use, each of which a program can meet.
    pub fn current(&self) -> impl Iterator<Item = &Held> {
        let card = self.on_card.iter().flatten();
        let phone = self.phone().into_iter().flat_map(|phone| &phone.certificates);
        card.chain(phone).filter_map(|at| self.certificates.get(*at))
    }

    /// The first card is issued.
    ///
    /// # Errors
    /// Why it can't be.
    pub fn issue(&mut self, order: &Order) -> Result<(), Impossible> {
        if self.cards > 0 {
            return Err(text!("the person has a card already", "すでにカードがあります"));
        }
        self.add_card(order)
    }

    /// Does what an event does. Nothing is changed by one that can't happen.
    ///
    /// # Errors
    /// Why it can't happen.
    pub fn apply(&mut self, what: &What, at: DateTime) -> Result<(), Impossible> {
        if *what == What::Checked {
            return Ok(());
        }
        if self.cards == 0 {
            return Err(text!("the person has no card yet", "まだカードがありません"));
        }
        if let Some(died) = self.died.and_then(day_in_japan) {
            return Err(text!("the person died on {died}", "{died}に亡くなっています"));
        }
        match what {
            What::Born => Err(text!("the person has a card already", "すでにカードがあります")),
            What::Fifteen => self.fifteen(at),
            What::MovedOut => {
                self.has_card()?;
                self.revoke_attributes(at);
                Ok(())
            }
            What::Moved { address, municipality } => {
                let same_place = municipality.as_ref().is_none_or(|new| *new == self.person.municipality);
                if same_place && *address == self.person.address {
                    return Err(text!("the person lives there already", "すでにその住所です"));
                }
                let mut person = self.person.clone();
                person.address.clone_from(address);
                if let Some(new) = municipality {
                    person.municipality = new.clone();
                }
                self.change(person, at)
            }
            What::Married { name, kana } => {
                if *name == self.person.name && *kana == self.person.kana {
                    return Err(text!("the person has that name already", "すでにその氏名です"));
                }
                let mut person = self.person.clone();
                person.name.clone_from(name);
                person.kana.clone_from(kana);
                self.change(person, at)
            }
            What::Renewed => {
                self.has_card()?;
                match self.needs_new_card(at)? {
                    true => self.new_card(at),
                    false => self.renew(at),
                }
            }
            What::Lost => {
                self.has_card()?;
                if self.current_on_card().next().is_none() {
                    return Err(text!("the card has no certificates", "カードに電子証明書がありません"));
                }
                self.is_lost = true;
                self.revoke_card(&BOTH, Reason::CertificateHold, at);
                Ok(())
            }
            What::Found => {
                if !self.is_lost {
                    return Err(text!("the card is not lost", "カードは紛失していません"));
                }
                self.lasts(at)?;
                self.is_lost = false;
                self.renew(at)
            }
            What::Replaced => self.new_card(at),
            What::Phone(kind) => self.phone_added(*kind, at),
            What::PhoneLost => self.phone_gone(Reason::CertificateHold, at),
            What::PhoneRemoved => self.phone_gone(Reason::CessationOfOperation, at),
            What::Died => {
                self.revoke_card(&BOTH, Reason::CessationOfOperation, at);
                self.revoke_phone(&BOTH, Reason::CessationOfOperation, at);
                self.died = Some(at);
                Ok(())
            }
            _ => Err(text!("nothing is known of this", "この出来事は扱えません")),
        }
    }

    /// Whether the card is replaced when it is renewed: in its last three months, and after its end.
    ///
    /// # Errors
    /// Dates outside the calendar.
    pub fn needs_new_card(&self, at: DateTime) -> Result<bool, Impossible> {
        let end = validity::end_of_day(self.expiry).map_err(dates)?;
        let from = validity::renewable_from(end).map_err(dates)?;
        Ok(today(at)? >= from)
    }

    /// The day on which something of the card ends: the earlier one of its certificates and itself.
    #[must_use]
    pub fn ends(&self) -> Date {
        let ends = self.current_on_card().filter_map(|held| day_in_japan(held.validity.1));
        ends.fold(self.expiry, Date::min)
    }

    fn current_on_card(&self) -> impl Iterator<Item = &Held> {
        self.on_card
            .iter()
            .flatten()
            .filter_map(|at| self.certificates.get(*at))
    }

    fn has_card(&self) -> Result<(), Impossible> {
        match self.is_lost {
            true => Err(text!(
                "the card is lost: found or replaced comes first",
                "カードを紛失しています。先にfoundかreplacedが必要です"
            )),
            false => Ok(()),
        }
    }

    fn lasts(&self, at: DateTime) -> Result<(), Impossible> {
        let expiry = self.expiry;
        match today(at)? <= expiry {
            true => Ok(()),
            false => Err(text!(
                "the card ended on {expiry}: renewed comes first",
                "カードの有効期限{expiry}が過ぎています。先にrenewedが必要です"
            )),
        }
    }

    fn fifteen(&mut self, at: DateTime) -> Result<(), Impossible> {
        self.has_card()?;
        self.lasts(at)?;
        let age = self.person.birth.age_on(today(at)?);
        if age < SIGNATURE_AGE {
            return Err(text!(
                "the person is {age} years old, and a sign certificate is issued from {SIGNATURE_AGE} on",
                "{age}歳です。署名用電子証明書は{SIGNATURE_AGE}歳から発行できます"
            ));
        }
        if self.on_card[0].is_some() {
            return Err(text!(
                "the card has a sign certificate",
                "カードに署名用電子証明書があります"
            ));
        }
        self.certify_card(Hierarchy::Signature, at, None)
    }

    /// One of the four attributes changes.
    fn change(&mut self, person: Person, at: DateTime) -> Result<(), Impossible> {
        self.has_card()?;
        self.lasts(at)?;
        let before = std::mem::replace(&mut self.person, person);
        self.revoke_attributes(at);
        if self.on_card[0].is_some()
            && let Err(why) = self.certify_card(Hierarchy::Signature, at, None)
        {
            self.person = before;
            return Err(why);
        }
        Ok(())
    }

    /// The card's certificates that can be renewed now, each with the end that the new one is reckoned from; `None` for one
    /// that is revoked or has ended, which is replaced.
    ///
    /// # Errors
    /// None can be renewed yet.
    pub fn renewable(&self, at: DateTime) -> Result<Vec<(Hierarchy, Option<DateTime>)>, Impossible> {
        let day = today(at)?;
        let (mut olds, mut earliest) = (Vec::new(), None);
        for hierarchy in BOTH {
            let Some(held) = self.card_certificate(hierarchy) else {
                continue;
            };
            let end = held.validity.1;
            let old = (held.revocation.is_none() && at <= end).then_some(end);
            let from = old.map(validity::renewable_from).transpose().map_err(dates)?;
            match from.filter(|from| day < *from) {
                Some(from) => earliest = Some(earliest.map_or(from, |other: Date| other.min(from))),
                None => olds.push((hierarchy, old)),
            }
        }
        match earliest {
            Some(from) if olds.is_empty() => Err(text!(
                "the certificates can be renewed from {from} on, three months before their end",
                "電子証明書は有効期限の3か月前の{from}から更新できます"
            )),
            _ => Ok(olds),
        }
    }

    fn renew(&mut self, at: DateTime) -> Result<(), Impossible> {
        for (hierarchy, old) in self.renewable(at)? {
            self.revoke_card(&[hierarchy], Reason::Superseded, at);
            self.certify_card(hierarchy, at, old)?;
        }
        Ok(())
    }

    fn new_card(&mut self, at: DateTime) -> Result<(), Impossible> {
        /// The two certificates of a card begin one after the other.
        const BETWEEN: std::time::Duration = std::time::Duration::from_secs(15);
        let issued = at.unix_duration().saturating_sub(BETWEEN);
        let issued = DateTime::from_unix_duration(issued).map_err(|error| dates(error.into()))?;
        let expiry = validity::card_expiry(issued, self.person.birth).map_err(dates)?;
        let end = |begin| validity::certificate_end(begin, self.person.birth, expiry).map_err(dates);
        let (auth, sign) = ((issued, end(issued)?), (at, end(at)?));
        let signs = self.person.birth.age_on(today(issued)?) >= SIGNATURE_AGE;
        self.revoke_card(&BOTH, Reason::Superseded, at);
        self.cards += 1;
        self.expiry = expiry;
        self.is_lost = false;
        self.on_card = [None, None];
        let token = Token::Card(self.cards);
        if signs {
            self.on_card[0] = Some(self.add(token, Hierarchy::Signature, sign));
        }
        self.on_card[1] = Some(self.add(token, Hierarchy::Authentication, auth));
        Ok(())
    }

    fn add_card(&mut self, order: &Order) -> Result<(), Impossible> {
        let validity = order.certificate_validity().map_err(dates)?;
        self.cards += 1;
        self.expiry = order.expiry;
        let token = Token::Card(self.cards);
        if order.sign_certificate {
            self.on_card[0] = Some(self.add(token, Hierarchy::Signature, validity.sign));
        }
        if order.auth_certificate {
            self.on_card[1] = Some(self.add(token, Hierarchy::Authentication, validity.auth));
        }
        Ok(())
    }

    /// A new certificate on the card, in place of one that ends at `old`.
    fn certify_card(&mut self, hierarchy: Hierarchy, at: DateTime, old: Option<DateTime>) -> Result<(), Impossible> {
        let birth = self.person.birth;
        let end = match old {
            Some(old) => validity::renewed_certificate_end((at, old), birth, self.expiry),
            None => validity::certificate_end(at, birth, self.expiry),
        };
        let token = Token::Card(self.cards);
        let new = self.add(token, hierarchy, (at, end.map_err(dates)?));
        self.on_card[place(hierarchy)] = Some(new);
        Ok(())
    }

    fn add(&mut self, token: Token, hierarchy: Hierarchy, validity: (DateTime, DateTime)) -> usize {
        self.certificates.push(Held {
            token,
            hierarchy,
            validity,
            municipality: self.person.municipality.clone(),
            revocation: None,
            identity: None,
        });
        self.certificates.len() - 1
    }

    /// A change of the four attributes, or the notice of it: the sign certificates state them.
    fn revoke_attributes(&mut self, at: DateTime) {
        self.revoke_card(&[Hierarchy::Signature], Reason::AffiliationChanged, at);
        self.revoke_phone(&[Hierarchy::Signature], Reason::AffiliationChanged, at);
    }

    /// Revokes what the card has of these kinds; the phone's follow (`assumed`).
    fn revoke_card(&mut self, kinds: &[Hierarchy], reason: Reason, at: DateTime) {
        for hierarchy in kinds {
            let held = self.on_card[place(*hierarchy)].and_then(|at| self.certificates.get_mut(at));
            if let Some(held) = held {
                held.revocation.get_or_insert(Revocation { at, reason });
                self.revoke_phone(&[*hierarchy], reason, at);
            }
        }
    }

    fn revoke_phone(&mut self, kinds: &[Hierarchy], reason: Reason, at: DateTime) {
        let Some(phone) = self.phone() else { return };
        let there = phone.certificates;
        for hierarchy in kinds {
            let held = self.certificates.get_mut(there[place(*hierarchy)]);
            if let Some(held) = held.filter(|held| held.revocation.is_none()) {
                held.revocation = Some(Revocation { at, reason });
            }
        }
    }

    fn phone_added(&mut self, kind: PhoneKind, at: DateTime) -> Result<(), Impossible> {
        self.has_card()?;
        self.lasts(at)?;
        let sign = self.card_certificate(Hierarchy::Signature);
        if !sign.is_some_and(|held| held.is_good(at)) {
            return Err(text!(
                "the card has no valid sign certificate, with which the application is signed",
                "申請に署名するための、有効な署名用電子証明書がカードにありません"
            ));
        }
        // They end as a card's would, and never after one that is valid on the card.
        let own = validity::certificate_end(at, self.person.birth, self.expiry).map_err(dates)?;
        let on_card = self.current_on_card().filter(|held| held.is_good(at));
        let end = on_card.fold(own, |end, held| end.min(held.validity.1));
        // One phone a person: a second one revokes the first's.
        self.revoke_phone(&BOTH, Reason::Superseded, at);
        if let Some(old) = self.phones.iter_mut().find(|phone| phone.in_use) {
            old.in_use = false;
        }
        let number = u32::try_from(self.phones.len()).unwrap_or(u32::MAX) + 1;
        let token = Token::Phone(number);
        let certificates = BOTH.map(|hierarchy| self.add(token, hierarchy, (at, end)));
        self.phones.push(Phone {
            kind,
            number,
            certificates,
            in_use: true,
            mdoc: (kind == PhoneKind::Iphone).then(|| (self.person.clone(), at)),
        });
        Ok(())
    }

    fn phone_gone(&mut self, reason: Reason, at: DateTime) -> Result<(), Impossible> {
        if self.phone().is_none() {
            return Err(text!(
                "the person has no phone with certificates",
                "電子証明書の入ったスマートフォンがありません"
            ));
        }
        self.revoke_phone(&BOTH, reason, at);
        if let Some(phone) = self.phones.iter_mut().find(|phone| phone.in_use) {
            phone.in_use = false;
        }
        Ok(())
    }
}

fn today(at: DateTime) -> Result<Date, Impossible> {
    day_in_japan(at).ok_or_else(|| text!("the day lies outside the calendar", "暦の範囲外の日付です"))
}
