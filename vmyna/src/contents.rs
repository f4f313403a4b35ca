//! What a card holds now, by the record in its state.

use vmyna_applets::image::RecordError;
use vmyna_applets::issued::{CardName, IssuedCard};
use vmyna_card_os::declaration::{DeclarationError, check};

/// Why the record in a card's state can't be the card.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentsError {
    /// The record is no card.
    #[error("{0}")]
    Record(#[from] RecordError),
    /// The record is one of a card with another name.
    #[error("the record in the state of the card {0} is one of the card {1}")]
    OtherCard(CardName, CardName),
    /// The card's declarations contradict each other.
    #[error("{0}")]
    Declaration(#[from] DeclarationError),
}

/// The card `name` of this record, with declarations that a card can have.
pub(crate) fn of_record(name: &CardName, record: &[u8]) -> Result<IssuedCard, ContentsError> {
    let card = IssuedCard::from_record(record)?;
    if card.name != *name {
        return Err(ContentsError::OtherCard(name.clone(), card.name));
    }
    check(&card.applications())?;
    Ok(card)
}

/// The issued card with the contents of this record. Its chip stays: generation, ATR and interface are those of the issued
/// card.
pub(crate) fn with_record(issued: &IssuedCard, record: &[u8]) -> Result<IssuedCard, ContentsError> {
    Ok(of_record(&issued.name, record)?.with_profile(issued.profile.clone()))
}
