//! Applications that are put into the free area (空き領域) of an issued card, or taken out of it: an operation that replaces
//! the card's record in its state. This module must never change anything else of the card.

use std::collections::BTreeSet;

use rand_core::{OsRng, RngCore};
use vmyna_apdu::{Aid, ShowPath as _};
use vmyna_applets::free_area::FreeApplication;
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::state::Replacement;

use crate::contents::ContentsError;
use crate::error::Error;
use crate::state::{Replaced, StatePlace};

impl StatePlace {
    /// Puts applications into the free area of the card, behind those that are there, all of them or none. Their PINs, files
    /// and keys are as declared. If another process has the card in use, that process does it and continues with the card as
    /// it is then. `issued` is the card as it was issued.
    ///
    /// A counter changes the card's record too: a caller that may meet one holds the [`PendingMark`](crate::PendingMark).
    ///
    /// # Errors
    /// [`Error::FreeArea`]: the card can't have them; [`Error::Contents`]: it is too long with them; and as
    /// [`Self::replace`].
    pub fn install(&self, issued: IssuedCard, applications: Vec<FreeApplication>) -> Result<Replaced, Error> {
        let now = self.current(issued)?;
        // A state may have something of an application that was removed together with the card's record.
        let dropped = applications.iter().map(|free| free.application().aid).collect();
        let all = [&now.free[..], &applications].concat();
        self.replace_free_area(now, all, dropped)
    }

    /// Takes applications out of the free area of the card, all of these or none, with their PINs, files and keys. The rest is
    /// as with [`Self::install`].
    ///
    /// # Errors
    /// [`Error::NoSuchApplication`]; [`Error::FreeArea`]: another application needs one of them; and as [`Self::replace`].
    pub fn uninstall(&self, issued: IssuedCard, aids: &[Aid]) -> Result<Replaced, Error> {
        let now = self.current(issued)?;
        let aid_of = |free: &FreeApplication| free.application().aid;
        if let Some(absent) = aids
            .iter()
            .find(|aid| !now.free.iter().any(|free| aid_of(free) == **aid))
        {
            return Err(Error::NoSuchApplication(now.name.to_string(), *absent));
        }
        let left = now.free.iter().filter(|free| !aids.contains(&aid_of(free)));
        let left = left.cloned().collect();
        self.replace_free_area(now, left, aids.iter().copied().collect())
    }

    fn replace_free_area(
        &self,
        now: IssuedCard,
        free: Vec<FreeApplication>,
        dropped: BTreeSet<Aid>,
    ) -> Result<Replaced, Error> {
        let name = now.name.to_string();
        let card = now.with_free_applications(free);
        let card = card.map_err(|error| Error::FreeArea { card: name, error })?;
        let record = card.to_record().map_err(|error| {
            let place = self.path().shown().to_string();
            Error::Contents(place, ContentsError::Record(error))
        })?;
        let mut number = [0; 16];
        OsRng.fill_bytes(&mut number);
        let mut replacement = Replacement::new(number);
        replacement.record = Some(record);
        replacement.dropped = dropped;
        self.replace(&replacement)
    }
}
