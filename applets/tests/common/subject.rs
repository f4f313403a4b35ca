//! What the tests that follow `test-vectors/access.toml` are about: a card, or the token of a phone.

use std::cell::Cell;
use std::sync::LazyLock;

use vmyna_applets::issued::IssuedCard;
use vmyna_applets::{PhoneKind, Profile};
use vmyna_card_os::declaration::Application;
use vmyna_testkit::access::{self, Rules};

use super::{LOADED, specimen};

/// A subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Hanako's card with the published applications in its free area.
    Card,
    /// The token of a phone of hers.
    Phone(PhoneKind),
}

thread_local! {
    static NOW: Cell<Subject> = const { Cell::new(Subject::Card) };
}

/// The subject of this thread.
pub(crate) fn now() -> Subject {
    NOW.get()
}

/// Does this with each subject in turn.
pub(crate) fn each(mut act: impl FnMut(Subject)) {
    for subject in Subject::ALL {
        subject.choose();
        act(subject);
    }
}

/// The token of a phone with the certificates and PINs of Hanako's card.
pub(crate) fn phone(kind: PhoneKind) -> IssuedCard {
    let card = specimen("hanako");
    IssuedCard::of_phone(card.name, Profile::phone(kind), card.summary, card.jpki, None)
}

static IPHONE: LazyLock<Vec<Application>> = LazyLock::new(|| phone(PhoneKind::Iphone).applications());
static ANDROID: LazyLock<Vec<Application>> = LazyLock::new(|| phone(PhoneKind::Android).applications());

impl Subject {
    pub(crate) const PHONES: [Self; 2] = [Self::Phone(PhoneKind::Iphone), Self::Phone(PhoneKind::Android)];
    const ALL: [Self; 3] = [Self::Card, Self::PHONES[0], Self::PHONES[1]];

    /// Makes it the subject of this thread.
    pub(crate) fn choose(self) {
        NOW.set(self);
    }

    /// What it declares.
    pub(crate) fn applications(self) -> &'static [Application] {
        match self {
            Self::Card => &LOADED,
            Self::Phone(PhoneKind::Android) => &ANDROID,
            Self::Phone(_) => &IPHONE,
        }
    }

    /// The table's rules for it, in the order of its applications.
    pub(crate) fn rules(self) -> &'static [Rules] {
        match self {
            Self::Card => access::with_loaded(),
            Self::Phone(_) => access::of_phone(),
        }
    }
}
