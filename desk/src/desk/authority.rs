//! The authorities of the desk's cards, and what their register knows of them.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use vmyna::counter::{Offers, register};
use vmyna_apdu::{Text, text};
use vmyna_applets::DateTime;
use vmyna_applets::calendar::Date;
use vmyna_applets::issued::IssuedCard;
use vmyna_authority::counter::{self, CounterError, PhonePolicy, Standing, Visit, entries};
use vmyna_authority::phone;
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{
    CardId, Certificate, Hierarchy, Reason, Recorded, Register as _, RegisterError, Revocation, Withdrawal,
};
use vmyna_issuance::authorities::{Authorities, AuthoritiesError};
use vmyna_issuance::ca_folder::{self, CaFolderError};
use vmyna_issuance::characters::Substitutes;
use vmyna_issuance::desk::Desk as IssuingDesk;
use vmyna_issuance::specimen;

use super::time::{no_time, now, today};

/// The authorities in a folder, or the built-in ones, with their register.
pub(super) struct Authority {
    folder: Option<PathBuf>,
    /// Knows which certificates are theirs.
    desk: Mutex<IssuingDesk>,
    /// Opened when there is one.
    register: Mutex<Option<SqliteRegister>>,
}

/// Why the authorities can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// The folder of the authorities can't be used.
    #[error("{0}")]
    Folder(#[from] CaFolderError),
    /// The built-in authorities are damaged.
    #[error("{0}")]
    BuiltIn(#[from] AuthoritiesError),
}

/// What of a card the register is asked about.
#[derive(Clone, Debug)]
pub(super) struct Papers {
    id: CardId,
    /// Its certificates as they are now; `None` if one can't be read.
    certificates: Option<Vec<Certificate>>,
    /// Whether the desk's authorities issued them.
    ours: bool,
    expiry: Date,
}

/// What is known of a card.
pub(super) struct Known {
    standing: Standing,
    certificates: Vec<Certificate>,
}

/// What can be done with a card or a phone.
pub(super) struct Offered {
    /// What counter and kiosk can do.
    pub(super) of_card: Offers,
    /// Why a card can't be held to a phone, or why nothing can be taken off a phone.
    pub(super) phone: Option<CounterError>,
}

/// A state with its text, as the page shows it.
pub(super) struct State {
    pub(super) state: &'static str,
    pub(super) text: Text,
    /// Since when.
    pub(super) since: Option<DateTime>,
}

impl State {
    fn new(state: &'static str, text: Text) -> Self {
        Self {
            state,
            text,
            since: None,
        }
    }
}

impl Authority {
    pub(super) fn open(folder: Option<&Path>) -> Result<Self, AuthorityError> {
        Ok(Self {
            folder: folder.map(Path::to_owned),
            desk: Mutex::new(IssuingDesk::new(authorities(folder)?)),
            register: Mutex::default(),
        })
    }

    /// Their folder; `None` for the built-in ones.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The authorities, to issue with.
    pub(super) fn authorities(&self) -> Result<Authorities, AuthorityError> {
        authorities(self.folder())
    }

    /// What the register is to be asked about a card. `issued` is the card as it was issued, `now` as it is now.
    pub(super) fn papers<'c>(&self, issued: &'c IssuedCard, now: &'c IssuedCard) -> Papers {
        let of = |card: &'c IssuedCard| -> Vec<&'c [u8]> {
            let keys = [&card.jpki.sign, &card.jpki.auth].into_iter().flatten();
            keys.map(|key| &key.certificate[..]).collect()
        };
        let mut own = of(now);
        if own.is_empty() {
            // A phone whose certificates were taken off.
            own = of(issued);
        }
        if own.is_empty() {
            // A card without certificates has those of its authorities.
            own.push(&now.jpki.auth_ca_certificate);
        }
        let mut desk = self.desk();
        let id = CardId::of(issued);
        Papers {
            id,
            certificates: entries(now, id).ok(),
            ours: own.iter().all(|certificate| desk.issued(certificate).unwrap_or(false)),
            expiry: now.summary.expiry,
        }
    }

    /// What the register knows of a card; a text if it can't be asked.
    pub(super) fn known(&self, papers: &Papers) -> Result<Known, Text> {
        let Some(certificates) = &papers.certificates else {
            return Err(unreadable_certificate());
        };
        if !papers.ours {
            return Err(text!(
                "other authorities issued the card: their register is not here",
                "発行元が別の認証局のため、失効情報がここにない"
            ));
        }
        let known = |standing| Known {
            standing,
            certificates: certificates.clone(),
        };
        let mut place = self.register();
        if place.is_none() {
            let path = register::path(self.folder()).map_err(|error| error.text())?;
            if !path.exists() {
                // Nothing was ever revoked.
                return Ok(known(Standing::default()));
            }
            let opened = register::open_file(&path, &mut |_| {});
            *place = Some(opened.map_err(|error| unreadable(&error))?);
        }
        let Some(register) = place.as_ref() else {
            return Ok(known(Standing::default()));
        };
        let standing = Standing::of_certificates(register, papers.id, certificates);
        if standing.is_err() {
            // It may have been replaced.
            *place = None;
        }
        standing.map(known).map_err(|error| unreadable(&error))
    }

    /// What can be done with a card with these contents now, or why nothing can be done.
    pub(super) fn offers(
        &self,
        card: &IssuedCard,
        papers: &Papers,
        known: &Result<Known, Text>,
    ) -> Result<Offered, Text> {
        let visit = Visit {
            card,
            id: papers.id,
            standing: known.as_ref().map_err(Text::clone)?.standing,
            now: now().ok_or_else(no_time)?,
            substitutes: &Substitutes::default(),
            phones: PhonePolicy::default(),
        };
        let mut desk = self.desk();
        let phone = match card.phone() {
            None => phone::check_card(&mut desk, &visit),
            Some(_) => phone::remove(&mut desk, &visit).map(drop),
        };
        Ok(Offered {
            of_card: Offers::at(&mut desk, &visit),
            phone: phone.err(),
        })
    }

    /// Enters the certificates of a new card before it is out. Under the built-in authorities a card is issued without a register
    /// too: a counter enters its certificates later.
    pub(super) fn enter(&self, card: &IssuedCard) -> Result<(), Text> {
        let built_in = self.folder.is_none();
        if built_in && !register::is_kept() {
            return Ok(());
        }
        let mut opened = match register::open(self.folder(), &mut |_| {}) {
            Ok(opened) => opened,
            Err(_) if built_in => return Ok(()),
            Err(error) => {
                return Err(error.text());
            }
        };
        let certificates = Certificate::of_card(card).map_err(|_| unreadable_certificate())?;
        let recorded = opened.record(&certificates).map_err(|error| unreadable(&error))?;
        match recorded.contains(&Recorded::SerialTaken) {
            true => Err(text!(
                "another certificate has the serial number that was drawn: try again",
                "シリアル番号が使用済みだった。もう一度行う"
            )),
            false => Ok(()),
        }
    }

    fn desk(&self) -> MutexGuard<'_, IssuingDesk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn register(&self) -> MutexGuard<'_, Option<SqliteRegister>> {
        self.register.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn authorities(folder: Option<&Path>) -> Result<Authorities, AuthorityError> {
    Ok(match folder {
        Some(folder) => ca_folder::open(folder)?,
        None => specimen::authorities()?,
    })
}

fn unreadable(error: &RegisterError) -> Text {
    text!("the register can't be read: {error}", "失効情報を読めない: {error}")
}

fn unreadable_certificate() -> Text {
    text!("a certificate of the card can't be read", "カードの証明書を読めない")
}

/// The name of a kind of certificate.
pub(super) fn kind(hierarchy: Hierarchy) -> Text {
    let (en, ja) = (counter::kind(hierarchy), counter::kind_title(hierarchy));
    text!("{en} certificate", "{ja}")
}

/// Why a certificate was revoked.
pub(super) fn reason(reason: Reason) -> Text {
    let ja = reason.title();
    text!("{reason}", "{ja}")
}

/// The state of a certificate at this moment.
pub(super) fn of_certificate(certificate: &Certificate, revocation: Option<Revocation>) -> State {
    if let Some(revocation) = revocation {
        let Text { en, ja } = reason(revocation.reason);
        let (state, text) = match revocation.reason {
            Reason::CertificateHold => ("held", text!("on hold", "一時保留")),
            _ => ("revoked", text!("revoked ({en})", "失効（{ja}）")),
        };
        return State {
            since: Some(revocation.at),
            ..State::new(state, text)
        };
    }
    let (begin, end) = certificate.validity;
    match now() {
        Some(now) if now < begin => State::new("unknown", text!("not valid yet", "有効期間前")),
        Some(now) if now > end => State::new("expired", text!("expired", "期限切れ")),
        _ => State::new("good", text!("valid", "有効")),
    }
}

/// The state of a card at this moment.
pub(super) fn of_card(papers: &Papers, known: &Result<Known, Text>) -> State {
    let withdrawn = known.as_ref().ok().and_then(|known| known.standing.withdrawn);
    if let Some(Withdrawal { at, cause }) = withdrawn {
        let ja = cause.title();
        return State {
            since: Some(at),
            ..State::new("withdrawn", text!("withdrawn: {cause}", "廃止（{ja}）"))
        };
    }
    if today().is_some_and(|today| papers.expiry < today) {
        return State::new("expired", text!("expired", "期限切れ"));
    }
    match known {
        Ok(known) => of_certificates(known),
        Err(why) => State::new("unknown", why.clone()),
    }
}

/// The state of a card that is in use, from its certificates.
fn of_certificates(known: &Known) -> State {
    let states = known.certificates();
    let states = states.map(|(one, revocation)| (one.hierarchy, of_certificate(one, revocation)));
    let bad: Vec<_> = states.filter(|(_, state)| state.state != "good").collect();
    let (hierarchy, State { state, text, .. }) = match bad.as_slice() {
        [] => return State::new("good", text!("valid", "有効")),
        [first, ..] => first,
    };
    // All certificates in the same state: the card is.
    let is_all = bad.iter().filter(|(_, other)| other.state == *state).count() == known.certificates.len();
    let (Text { en, ja }, of) = (text, kind(*hierarchy));
    let text = match is_all {
        true => text.clone(),
        false => Text {
            en: format!("{}: {en}", of.en),
            ja: format!("{}: {ja}", of.ja),
        },
    };
    State::new(state, text)
}

impl Known {
    /// The certificates with their revocations.
    pub(super) fn certificates(&self) -> impl Iterator<Item = (&Certificate, Option<Revocation>)> {
        let all = self.certificates.iter();
        all.map(|one| (one, self.standing.revocation(one.hierarchy)))
    }
}

impl Papers {
    /// The certificates that the card has now; none if one can't be read.
    pub(super) fn certificates(&self) -> &[Certificate] {
        self.certificates.as_deref().unwrap_or_default()
    }
}
