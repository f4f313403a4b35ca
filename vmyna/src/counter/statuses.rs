//! What the registers of several authorities know of cards and their certificates.

use std::path::PathBuf;

use vmyna_applets::issued::IssuedCard;
use vmyna_authority::counter::CardReport;
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{CardId, Register};
use vmyna_issuance::DateTime;

use super::error::{OpenError, RegisterAccessError};
use super::register::{is_kept, open_if_there, record_specimens};
use crate::source::CardSource;

/// Registers that are asked for the states of many cards. A register is opened when it is first needed and exists, and stays
/// open; what other processes write later is seen.
pub struct Statuses {
    /// The folders of the authorities, `None` for the built-in ones, each with its register once that is open.
    authorities: Vec<(Option<PathBuf>, Option<SqliteRegister>)>,
    /// The built-in cards are known without a register, and none is revoked there.
    specimens: Option<SqliteRegister>,
}

impl Statuses {
    /// Asks the registers of these folders of authorities, in this order; `None` for the built-in ones.
    #[must_use]
    pub fn new(authorities: impl IntoIterator<Item = Option<PathBuf>>) -> Self {
        Self {
            authorities: authorities.into_iter().map(|folder| (folder, None)).collect(),
            specimens: None,
        }
    }

    /// The state of a card and its certificates at a moment, UTC.
    ///
    /// # Errors
    /// [`OpenError`]: the card or a register can't be read.
    pub fn of(&mut self, card: &CardSource, now: DateTime) -> Result<CardReport, OpenError> {
        let (issued, place) = card.find()?;
        let id = CardId::of(&issued);
        let current = match place {
            Some(place) => place.current(issued)?,
            None => issued,
        };
        Ok(self.of_contents(&current, id, now)?)
    }

    /// The state of a card with these contents. `id` is that of the card as it was issued.
    ///
    /// # Errors
    /// [`RegisterAccessError`]: a register can't be read.
    pub fn of_contents(
        &mut self,
        card: &IssuedCard,
        id: CardId,
        now: DateTime,
    ) -> Result<CardReport, RegisterAccessError> {
        self.open()?;
        let opened = self.authorities.iter().filter_map(|(_, register)| register.as_ref());
        let all = opened.chain(&self.specimens).map(|register| register as &dyn Register);
        Ok(CardReport::of(&all.collect::<Vec<_>>(), card, id, now)?)
    }

    fn open(&mut self) -> Result<(), RegisterAccessError> {
        for (folder, register) in &mut self.authorities {
            if register.is_none() && (folder.is_some() || is_kept()) {
                // The report states that an operation is pending.
                *register = open_if_there(folder.as_deref(), &mut |_| {})?;
            }
            if folder.is_none() && self.specimens.is_none() {
                let mut specimens = SqliteRegister::in_memory()?;
                record_specimens(&mut specimens)?;
                self.specimens = Some(specimens);
            }
        }
        Ok(())
    }
}
