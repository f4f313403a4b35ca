//! The phone that a command names, and what a reader does without one.

use vmyna::CardSource;
use vmyna_applets::PhoneKind;
use vmyna_applets::issued::IssuedCard;
use vmyna_mdoc::{NAMESPACE, NAMESPACE_JP, element};

use crate::failure::Failure;
use crate::settle::settle;

/// A phone as it is now.
pub(super) struct Phone {
    pub(super) card: IssuedCard,
    pub(super) kind: PhoneKind,
}

/// The phone of this name.
///
/// # Errors
/// [`Failure`] for a card.
pub(super) fn find(source: &CardSource) -> Result<Phone, Failure> {
    settle(source);
    let (card, _) = source.current()?;
    match card.phone() {
        Some(kind) => Ok(Phone { card, kind }),
        None => Err(Failure::Usage(format!(
            "{source} is a card, not a phone: `vmyna show` shows a card, and `vmyna phone add` makes a phone with it"
        ))),
    }
}

/// The namespace of an element that the document type has.
pub(super) fn namespace(identifier: &str) -> Option<&'static str> {
    let known = |namespace: &&str| element::kind(namespace, identifier).is_some();
    [NAMESPACE_JP, NAMESPACE].into_iter().find(known)
}

/// The names of all elements that are public.
pub(super) fn elements() -> impl Iterator<Item = &'static str> {
    let known = element::ELEMENTS.iter().map(|element| element.identifier);
    known.chain(["age_over_20"])
}
