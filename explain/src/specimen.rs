//! The specimen card that the tests of this crate use.

use vmyna_applets::issued::IssuedCard;

/// Hanako's card, as issued.
pub(crate) fn hanako() -> IssuedCard {
    vmyna_applets::specimen::find("hanako").unwrap().unwrap()
}
