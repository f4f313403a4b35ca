//! Before a card is used: what an interrupted operation on it has left is done first.

use vmyna::CardSource;

/// Does what is left of an operation on this card, if an interrupted process has left any. What can't be done is reported.
#[cfg(feature = "authority")]
pub(crate) fn settle(card: &CardSource) {
    crate::pending::finish_of_card(card);
}

/// A build without the register does nothing, and reports what is left.
#[cfg(not(feature = "authority"))]
pub(crate) fn settle(card: &CardSource) {
    use vmyna::{FoundMark, PendingMark};

    if let Ok((_, Some(place))) = card.find()
        && let Ok(FoundMark::Left(mut mark)) = PendingMark::find(&place)
        && mark.text().is_ok_and(|text| !text.is_empty())
    {
        crate::output::say(&format!(
            "vmyna: an operation on the card {card} was interrupted and is still pending; this program was built without the \
             register of certificates"
        ));
    }
}
