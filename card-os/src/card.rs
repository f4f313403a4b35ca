//! The card: power, reset, and the way of a command from bytes to bytes.

use core::fmt;
use std::collections::BTreeSet;

use rand_core::CryptoRngCore;

use crate::command::{Context, Event, Observer, carry_out};
use crate::declaration::{Application, DeclarationError, ObjectId, check, find_pin};
use crate::key::{Engine, KeyRing, default_engine};
use crate::names::Names;
use crate::rule::{self, Refusal};
use crate::state::{Applied, Change, MemoryStore, Persistent, Session, Store, StoreError};
use vmyna_apdu::{Aid, FileId, StatusWord};

/// What a card is made of: its declaration, and what comes from outside.
#[non_exhaustive]
pub struct Parts {
    /// The applications; the first one is selected at power-up.
    pub applications: Vec<Application>,
    /// The answer to reset.
    pub atr: Vec<u8>,
    /// Where the state is kept.
    pub store: Box<dyn Store + Send>,
    /// What computes with private keys.
    pub engine: Box<dyn Engine + Send>,
    /// The card's random numbers.
    pub rng: Box<dyn CryptoRngCore + Send>,
}

impl Parts {
    /// A card of these applications, with this answer to reset and this source of random numbers. Its state is in memory,
    /// and its engine is the [default](default_engine).
    pub fn new(
        applications: impl Into<Vec<Application>>,
        atr: impl Into<Vec<u8>>,
        rng: Box<dyn CryptoRngCore + Send>,
    ) -> Self {
        Self {
            applications: applications.into(),
            atr: atr.into(),
            store: Box::<MemoryStore>::default(),
            engine: default_engine(),
            rng,
        }
    }

    /// The parts with this store for the state.
    #[must_use]
    pub fn with_store(self, store: Box<dyn Store + Send>) -> Self {
        Self { store, ..self }
    }

    /// The parts with this engine for private keys.
    #[must_use]
    pub fn with_engine(self, engine: Box<dyn Engine + Send>) -> Self {
        Self { engine, ..self }
    }
}

/// A virtual card.
///
/// It is driven by one reader at a time, with what a reader can do: [`power_on`](Self::power_on), [`reset`](Self::reset),
/// [`power_off`](Self::power_off) and [`transmit`](Self::transmit).
pub struct Card {
    applications: Vec<Application>,
    names: Names,
    atr: Vec<u8>,
    persistent: Persistent,
    keys: KeyRing,
    rng: Box<dyn CryptoRngCore + Send>,
    observer: Option<Box<dyn Observer + Send>>,
    /// `None` without power.
    session: Option<Session>,
}

/// The card has no power and can't answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the card has no power")]
pub struct NoPower;

/// Why parts make no card.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    /// The declarations contradict each other.
    #[error(transparent)]
    Declaration(DeclarationError),
    /// The store could not load the state.
    #[error(transparent)]
    Store(StoreError),
}

impl Card {
    /// Makes a card. It has no power yet.
    ///
    /// # Errors
    /// The declarations contradict each other, or the store can't load the state.
    pub fn new(parts: Parts) -> Result<Self, CardError> {
        check(&parts.applications).map_err(CardError::Declaration)?;
        Ok(Self {
            names: Names::of(&parts.applications),
            applications: parts.applications,
            atr: parts.atr,
            persistent: Persistent::open(parts.store).map_err(CardError::Store)?,
            keys: KeyRing::new(parts.engine),
            rng: parts.rng,
            observer: None,
            session: None,
        })
    }

    /// Reports events to `observer` from now on, in place of an earlier observer.
    pub fn observe(&mut self, observer: Box<dyn Observer + Send>) {
        self.observer = Some(observer);
    }

    /// The applications, as declared.
    pub fn applications(&self) -> &[Application] {
        &self.applications
    }

    /// Tries left of a PIN; `None` where there is no such PIN, or it has no limit.
    pub fn tries_left(&self, aid: Aid, file: FileId) -> Option<u8> {
        let (object, pin) = find_pin(&self.applications, ObjectId { aid, file })?;
        pin.max_tries.map(|_| self.persistent.tries_left(object, pin))
    }

    /// Whether a PIN has another value than the card's record has, or than it was issued with where there is none.
    pub fn pin_changed(&self, aid: Aid, file: FileId) -> bool {
        let object = ObjectId { aid, file };
        let object = find_pin(&self.applications, object).map_or(object, |(object, _)| object);
        self.persistent.state().has_value(object)
    }

    /// The record that replaces the issued card's contents; `None` if they are as issued.
    pub fn record(&self) -> Option<&[u8]> {
        self.persistent.state().record()
    }

    /// The number of the last operation that replaced something.
    pub fn operation(&self) -> Option<[u8; 16]> {
        self.persistent.state().operation()
    }

    /// The files that commands have changed: with another content than the declared one, or with a key made on the card.
    pub fn changed_contents(&self) -> BTreeSet<ObjectId> {
        self.persistent.state().changed_contents()
    }

    /// Drops the state, which no command can do. The card keeps its declarations, and is without power afterwards. After a
    /// replacement of its contents a card needs [`Card::reset_to`] to be as issued.
    ///
    /// # Errors
    /// From the store. The card then keeps its power and its security status.
    pub fn reset_state(&mut self) -> Result<(), StoreError> {
        self.persistent.reset()?;
        self.power_off();
        self.keys.forget();
        Ok(())
    }

    /// Drops the state, which no command can do, and declares these applications, those of the card as issued. The card is
    /// without power afterwards.
    ///
    /// # Errors
    /// The declarations contradict each other, or the store fails. The card then keeps its power and its security status.
    pub fn reset_to(&mut self, issued: Vec<Application>) -> Result<(), CardError> {
        self.declare_after(Some(issued), Persistent::reset)
    }

    /// Commits a change that no command can make. `applications` are the declarations of the card with that change, if they
    /// differ. The card is without power afterwards. The operation that the card took in last changes nothing.
    ///
    /// # Errors
    /// The declarations contradict each other, or the store fails. The card then keeps its power and its security status.
    pub fn change(&mut self, change: &Change, applications: Option<Vec<Application>>) -> Result<(), CardError> {
        self.declare_after(applications, |persistent| persistent.commit(change))
    }

    fn declare_after(
        &mut self,
        applications: Option<Vec<Application>>,
        commit: impl FnOnce(&mut Persistent) -> Result<(), StoreError>,
    ) -> Result<(), CardError> {
        let applications = applications.map(|new| check(&new).map(|()| new));
        let applications = applications.transpose().map_err(CardError::Declaration)?;
        commit(&mut self.persistent).map_err(CardError::Store)?;
        self.power_off();
        self.keys.forget();
        if let Some(new) = applications {
            self.names = Names::of(&new);
            self.applications = new;
        }
        Ok(())
    }

    /// Gives back the store; the card is gone.
    pub fn into_store(self) -> Box<dyn Store + Send> {
        self.persistent.into_store()
    }

    /// Powers the card. A powered card loses its power first: a cold reset. Returns the ATR.
    pub fn power_on(&mut self) -> &[u8] {
        if self.session.is_some() {
            self.power_off();
        }
        let (session, rule) = Session::begin();
        self.session = Some(session);
        self.emit(&Event::PowerOn);
        self.emit(&Event::Rule(rule));
        &self.atr
    }

    /// A warm reset: the selected application and its security status survive. Returns the ATR.
    ///
    /// # Errors
    /// [`NoPower`].
    pub fn reset(&mut self) -> Result<&[u8], NoPower> {
        let applied = self.session.as_mut().ok_or(NoPower)?.warm_reset();
        self.emit(&Event::Reset);
        self.emit_rules(applied);
        Ok(&self.atr)
    }

    /// Takes the power away, which ends the session. A card without power is left as it is.
    pub fn power_off(&mut self) {
        if let Some(session) = self.session.take() {
            self.emit(&Event::PowerOff);
            self.emit_rules(session.end());
        }
    }

    /// Carries out a C-APDU. After any bytes, `response` is an R-APDU of 2 to 65,538 bytes.
    ///
    /// # Errors
    /// [`NoPower`]; `response` is empty then.
    pub fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), NoPower> {
        response.clear();
        let session = self.session.as_mut().ok_or(NoPower)?;
        let mut context = Context {
            applications: &self.applications,
            names: &self.names,
            session,
            persistent: &mut self.persistent,
            keys: &mut self.keys,
            rng: &mut *self.rng,
            observer: self.observer.as_deref_mut(),
            response,
        };
        let outcome = carry_out(command, &mut context);
        let (status_word, rule) = match outcome {
            Ok(()) => (StatusWord::SUCCESS, None),
            Err(Refusal { status_word, rule }) => {
                context.response.clear();
                let own = context
                    .application()
                    .status_words
                    .iter()
                    .find(|(own, _)| own.id == rule.id);
                context.apply_all([own.map(|_| &rule::OWN_STATUS_WORD)]);
                (own.map_or(status_word, |(_, own)| *own), Some(rule))
            }
        };
        let length = context.response.len();
        context.emit(&Event::Answer {
            length,
            status_word,
            rule,
        });
        response.extend(status_word.to_bytes());
        Ok(())
    }

    fn emit_rules(&mut self, applied: Applied) {
        for rule in applied.into_iter().flatten() {
            self.emit(&Event::Rule(rule));
        }
    }

    fn emit(&mut self, event: &Event<'_>) {
        if let Some(observer) = &mut self.observer {
            observer.event(event);
        }
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.applications.iter().map(|application| &application.name).collect();
        f.debug_struct("Card")
            .field("applications", &names)
            .field("powered", &self.session.is_some())
            .finish()
    }
}
