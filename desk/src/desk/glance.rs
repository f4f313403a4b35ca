//! Cards at a glance: what the shelf shows of each, kept until the files of the card change.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use vmyna_apdu::{Text, text};
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::{Interface, PhoneKind};

use super::authority::Papers;
use super::time::today;

/// The most cards whose glances are kept.
const GLANCES: usize = 1000;

/// When the files of a card were changed last.
pub(super) type Stamp = [Option<SystemTime>; 2];

/// What is seen of a card without a closer look.
#[derive(Clone, Debug)]
pub(super) struct Glance {
    /// The cardholder's name.
    pub(super) name: String,
    /// What kind of card it is.
    pub(super) title: Text,
    /// Which phone it is, if it is no card.
    pub(super) phone: Option<PhoneKind>,
    /// What the register is asked about.
    pub(super) papers: Papers,
}

impl Glance {
    /// The card as it is now.
    pub(super) fn of(card: &IssuedCard, papers: Papers) -> Self {
        let person = &card.summary.person;
        let age = today().map(|day| person.birth.age_on(day));
        let phone = card.phone();
        let kind = match age {
            _ if phone.is_some() => of_phone(phone),
            _ if card.jpki.auth_pin.value.is_none() => text!("a card without PINs", "顔認証マイナンバーカード"),
            Some(age) if age < vmyna_issuance::order::SIGNATURE_AGE => text!("a child's card", "子どものカード"),
            _ => text!("an adult's card", "大人のカード"),
        };
        let place = &person.municipality;
        let way = match card.profile.interface {
            // A phone is held to a contactless reader, always.
            Interface::Contactless(_) if phone.is_some() => text!("", ""),
            Interface::Contact => text!("", ""),
            Interface::Contactless(_) => text!(", contactless", "、非接触"),
        };
        Self {
            name: person.name.clone(),
            title: Text {
                en: format!("{}, {}{}", kind.en, place.name, way.en),
                ja: format!("{}、{}{}", kind.ja, place.title, way.ja),
            },
            phone,
            papers,
        }
    }
}

/// What a phone is on the shelf.
fn of_phone(kind: Option<PhoneKind>) -> Text {
    let (en, ja) = match kind {
        Some(PhoneKind::Iphone) => ("an iPhone", "iPhone"),
        Some(PhoneKind::Android) => ("an Android phone", "Androidスマートフォン"),
        _ => ("a phone", "スマートフォン"),
    };
    text!("{en}, held to a contactless reader", "{ja}（非接触リーダーにかざす）")
}

/// The glances that were needed last, by the ids of their cards.
#[derive(Default)]
pub(super) struct Glances(Mutex<HashMap<String, (Stamp, Glance)>>);

impl Glances {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Stamp, Glance)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The glance of a card whose files have not changed since.
    pub(super) fn find(&self, id: &str, stamp: &Stamp) -> Option<Glance> {
        let kept = self.lock();
        let (_, glance) = kept.get(id).filter(|(before, _)| before == stamp)?;
        Some(glance.clone())
    }

    pub(super) fn keep(&self, id: String, stamp: Stamp, glance: Glance) {
        let mut kept = self.lock();
        if kept.len() >= GLANCES {
            kept.clear();
        }
        kept.insert(id, (stamp, glance));
    }
}
