//! The phones of the register, each linked to the card of its person.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use vmyna_applets::PhoneKind;

use super::writes::Shared;
use super::{SqliteRegister, withdrawal};
use crate::register::{CardId, IssuerId, Phone, PhoneLink, RegisterError};

/// What is damaged if a kind has another number.
pub(super) const KIND: &str = "a kind of phone";

/// The number of a kind in the register; `None` for one that it doesn't know.
const fn kind_code(kind: PhoneKind) -> Option<i64> {
    match kind {
        PhoneKind::Iphone => Some(1),
        PhoneKind::Android => Some(2),
        _ => None,
    }
}

/// The kind of a number.
pub(super) fn kind_of_code(code: i64) -> Option<PhoneKind> {
    PhoneKind::ALL.into_iter().find(|kind| kind_code(*kind) == Some(code))
}

/// A link; `None` if its kind is damaged.
fn link(row: &Row<'_>) -> rusqlite::Result<Option<PhoneLink>> {
    let (phone, card) = ((CardId(row.get(0)?), row.get(1)?), (CardId(row.get(2)?), row.get(3)?));
    Ok(kind_of_code(row.get(4)?).map(|kind| PhoneLink { phone, card, kind }))
}

const PHONES: &str =
    "SELECT own.digest, own.name, linked.digest, linked.name, phone.kind, withdrawn.at, withdrawn.cause
    FROM phone JOIN card own ON own.id = phone.phone JOIN card linked ON linked.id = phone.card
    LEFT JOIN withdrawn ON withdrawn.card = phone.phone";

/// A phone; `None` if it is damaged.
fn phone(row: &Row<'_>) -> rusqlite::Result<Option<Phone>> {
    let ended: (Option<i64>, Option<u8>) = (row.get(5)?, row.get(6)?);
    let link = link(row)?;
    Ok(link
        .zip(withdrawal(ended.0.zip(ended.1)))
        .map(|(link, withdrawn)| Phone { link, withdrawn }))
}

impl SqliteRegister {
    pub(super) fn phones_of(&self, card: CardId) -> Result<Vec<Phone>, RegisterError> {
        let read = || -> rusqlite::Result<Option<Vec<Phone>>> {
            self.connection
                .prepare_cached(&format!("{PHONES} WHERE linked.digest = ?1 ORDER BY phone.phone"))?
                .query_map([card.0], phone)?
                .collect()
        };
        let all = read().map_err(|error| self.refused(&error))?;
        all.ok_or_else(|| self.damaged(KIND))
    }

    pub(super) fn auth_behind_phone(&self, issuer: IssuerId, serial: u32) -> Result<Option<[u8; 32]>, RegisterError> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT newest.digest FROM certificate own JOIN issuer ON issuer.id = own.issuer
                 JOIN on_card ON on_card.certificate = own.id JOIN phone ON phone.phone = on_card.card
                 JOIN on_card held ON held.card = phone.card JOIN certificate newest ON newest.id = held.certificate
                 JOIN issuer auth ON auth.id = newest.issuer AND auth.hierarchy = 1
                 WHERE issuer.key_id = ?1 AND own.serial = ?2 ORDER BY newest.id DESC LIMIT 1",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![issuer.0, serial], |row| row.get(0))
                    .optional()
            });
        found.map_err(|error| self.refused(&error))
    }

    pub(super) fn phone_of(&self, id: CardId) -> Result<Option<Phone>, RegisterError> {
        let row = self
            .connection
            .prepare_cached(&format!("{PHONES} WHERE own.digest = ?1"))
            .and_then(|mut statement| statement.query_row([id.0], phone).optional());
        match row.map_err(|error| self.refused(&error))? {
            None => Ok(None),
            Some(phone) => phone.map(Some).ok_or_else(|| self.damaged(KIND)),
        }
    }
}

/// Keeps a phone that is entered when the operation is finished.
pub(super) fn keep_phone(transaction: &Transaction<'_>, intent: i64, link: &PhoneLink) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO intended_phone (intent, phone, phone_name, card, card_name, kind)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            intent,
            link.phone.0.0,
            link.phone.1,
            link.card.0.0,
            link.card.1,
            kind_code(link.kind),
        ])?;
    Ok(())
}

/// The phones of an intent; `None` if a kind is damaged.
pub(super) fn intended_phones(connection: &Connection, intent: i64) -> rusqlite::Result<Option<Vec<PhoneLink>>> {
    connection
        .prepare_cached("SELECT phone, phone_name, card, card_name, kind FROM intended_phone WHERE intent = ?1")?
        .query_map([intent], link)?
        .collect()
}

/// Enters a phone, or links it to another card.
pub(super) fn enter(transaction: &Transaction<'_>, shared: &mut Shared, link: &PhoneLink) -> rusqlite::Result<()> {
    let phone = shared.card(transaction, &link.phone)?;
    let card = shared.card(transaction, &link.card)?;
    transaction
        .prepare_cached(
            "INSERT INTO phone (phone, card, kind) VALUES (?1, ?2, ?3)
             ON CONFLICT (phone) DO UPDATE SET card = ?2",
        )?
        .execute(params![phone, card, kind_code(link.kind)])?;
    Ok(())
}
