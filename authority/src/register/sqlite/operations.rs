//! Operations over the register and a card ([`crate::register::operation`]).

use rusqlite::{OptionalExtension, Row, Transaction, params};
use zeroize::Zeroizing;

use super::phones::{enter, intended_phones, keep_phone};
use super::writes::{Shared, hierarchy_code, is_intended, record, revoke};
use super::{SqliteRegister, time, withdrawal};
use crate::register::{
    Beginning, Begun, CardId, CardStatus, Certificate, Hierarchy, Intent, IssuerId, OperationId, RegisterError,
    Revoked, seconds,
};

fn withdrawn(transaction: &rusqlite::Connection, card: CardId) -> rusqlite::Result<Option<(i64, u8)>> {
    transaction
        .prepare_cached("SELECT at, cause FROM withdrawn WHERE card = (SELECT id FROM card WHERE digest = ?1)")?
        .query_row([card.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

fn last(connection: &rusqlite::Connection, card: CardId) -> rusqlite::Result<Option<OperationId>> {
    connection
        .prepare_cached("SELECT operation FROM last_operation WHERE card = (SELECT id FROM card WHERE digest = ?1)")?
        .query_row([card.0], |row| Ok(OperationId(row.get(0)?)))
        .optional()
}

fn pending(connection: &rusqlite::Connection, card: CardId) -> rusqlite::Result<Option<OperationId>> {
    connection
        .prepare_cached("SELECT operation FROM intent WHERE card = (SELECT id FROM card WHERE digest = ?1)")?
        .query_row([card.0], |row| Ok(OperationId(row.get(0)?)))
        .optional()
}

/// What forbids the operation: `None` if nothing does.
fn obstacle(
    transaction: &Transaction<'_>,
    beginning: &Beginning<'_>,
) -> rusqlite::Result<Option<Result<Begun, &'static str>>> {
    let (card, _) = beginning.card;
    if let Some(other) = pending(transaction, card)? {
        return Ok(Some(Ok(Begun::Pending(other))));
    }
    match withdrawal(withdrawn(transaction, card)?) {
        None => return Ok(Some(Err(super::DATES))),
        Some(Some(withdrawal)) => return Ok(Some(Ok(Begun::Withdrawn(withdrawal)))),
        Some(None) => {}
    }
    if last(transaction, card)? != beginning.after {
        return Ok(Some(Ok(Begun::Overtaken)));
    }
    for certificate in beginning.intent.iter().flat_map(|intent| &intent.certificates) {
        let taken: bool = transaction
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM certificate WHERE serial = ?2
                                AND issuer = (SELECT id FROM issuer WHERE key_id = ?1))",
            )?
            .query_row(params![certificate.issuer.0, certificate.serial], |row| row.get(0))?;
        if taken || is_intended(transaction, certificate)? {
            return Ok(Some(Ok(Begun::SerialTaken(certificate.serial))));
        }
    }
    if let Some((digest, now)) = beginning.code {
        let used = transaction
            .prepare_cached(
                "DELETE FROM code WHERE card = (SELECT id FROM card WHERE digest = ?1) AND digest = ?2 AND until >= ?3",
            )?
            .execute(params![card.0, digest, seconds(now)])?;
        if used == 0 {
            return Ok(Some(Ok(Begun::NoCode)));
        }
    }
    Ok(None)
}

impl SqliteRegister {
    pub(super) fn status_of(&self, card: CardId) -> Result<CardStatus, RegisterError> {
        let read = || -> rusqlite::Result<_> {
            Ok((
                withdrawn(&self.connection, card)?,
                last(&self.connection, card)?,
                pending(&self.connection, card)?,
            ))
        };
        let (withdrawn, last, pending) = read().map_err(|error| self.refused(&error))?;
        let pending = match pending {
            Some(operation) => self.intent(operation)?,
            None => None,
        };
        Ok(CardStatus {
            withdrawn: withdrawal(withdrawn).ok_or_else(|| self.damaged(super::DATES))?,
            last,
            pending,
        })
    }

    /// An error of the outer kind rolls back.
    pub(super) fn begin_operation(&mut self, beginning: &Beginning<'_>) -> Result<Begun, RegisterError> {
        let outcome = self.write_if(|transaction, number| {
            if let Some(obstacle) = obstacle(transaction, beginning)? {
                return Ok(Err(obstacle));
            }
            let mut revoked = Vec::new();
            for (issuer, serial, revocation) in beginning.revoke {
                match revoke(transaction, number, (*issuer, *serial), *revocation)? {
                    Some(Revoked::Unknown) => return Ok(Err(Ok(Begun::Unknown(*serial)))),
                    Some(outcome) => revoked.push(outcome),
                    None => return Ok(Err(Err(super::DATES))),
                }
            }
            let mut shared = Shared::default();
            let card = shared.card(transaction, &beginning.card)?;
            if let Some(withdrawal) = beginning.withdraw {
                transaction
                    .prepare_cached("INSERT INTO withdrawn (card, at, cause, written) VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![card, seconds(withdrawal.at), withdrawal.cause.code(), number])?;
            }
            for (phone, withdrawal) in beginning.end_phones {
                transaction
                    .prepare_cached(
                        "INSERT INTO withdrawn (card, at, cause, written)
                         SELECT id, ?2, ?3, ?4 FROM card WHERE digest = ?1 ON CONFLICT DO NOTHING",
                    )?
                    .execute(params![
                        phone.0,
                        seconds(withdrawal.at),
                        withdrawal.cause.code(),
                        number
                    ])?;
            }
            transaction
                .prepare_cached(
                    "INSERT INTO last_operation (card, operation) VALUES (?1, ?2)
                     ON CONFLICT (card) DO UPDATE SET operation = ?2",
                )?
                .execute(params![card, beginning.operation.0])?;
            if let Some(intent) = beginning.intent {
                keep(transaction, card, intent)?;
            }
            Ok(Ok(revoked))
        })?;
        match outcome {
            Ok(revoked) => Ok(Begun::Done(revoked)),
            Err(Ok(obstacle)) => Ok(obstacle),
            Err(Err(what)) => Err(self.damaged(what)),
        }
    }

    pub(super) fn pending_intents(&self) -> Result<Vec<Intent>, RegisterError> {
        let read = || -> rusqlite::Result<Vec<OperationId>> {
            self.connection
                .prepare_cached("SELECT operation FROM intent ORDER BY id")?
                .query_map([], |row| Ok(OperationId(row.get(0)?)))?
                .collect()
        };
        let all = read().map_err(|error| self.refused(&error))?;
        let mut intents = Vec::new();
        for operation in all {
            intents.extend(self.intent(operation)?);
        }
        Ok(intents)
    }

    fn intent(&self, operation: OperationId) -> Result<Option<Intent>, RegisterError> {
        type Kept = (i64, [u8; 32], String, String, Vec<u8>);
        let kept = || -> rusqlite::Result<Option<Kept>> {
            self.connection
                .prepare_cached(
                    "SELECT intent.id, card.digest, card.name, place, change FROM intent JOIN card ON card.id = intent.card
                     WHERE operation = ?1",
                )?
                .query_row([operation.0], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
                })
                .optional()
        };
        let Some((id, card, name, place, change)) = kept().map_err(|error| self.refused(&error))? else {
            return Ok(None);
        };
        let change = Zeroizing::new(change);
        let certificates = intended(&self.connection, id).map_err(|error| self.refused(&error))?;
        let phones = intended_phones(&self.connection, id).map_err(|error| self.refused(&error))?;
        Ok(Some(Intent {
            operation,
            card: (CardId(card), name),
            place,
            change,
            certificates: certificates.ok_or_else(|| self.damaged(super::DATES))?,
            phones: phones.ok_or_else(|| self.damaged(super::phones::KIND))?,
        }))
    }

    pub(super) fn finish_operation(&mut self, operation: OperationId) -> Result<bool, RegisterError> {
        let outcome = self.write_if(|transaction, number| {
            let id: Option<i64> = transaction
                .prepare_cached("SELECT id FROM intent WHERE operation = ?1")?
                .query_row([operation.0], |row| row.get(0))
                .optional()?;
            let Some(id) = id else { return Ok(Err(None)) };
            let Some(certificates) = intended(transaction, id)? else {
                return Ok(Err(Some(super::DATES)));
            };
            let Some(phones) = intended_phones(transaction, id)? else {
                return Ok(Err(Some(super::phones::KIND)));
            };
            // Before they are entered, so that they are not refused as those of a pending operation.
            transaction
                .prepare_cached("DELETE FROM intent WHERE id = ?1")?
                .execute([id])?;
            let mut shared = Shared::default();
            for certificate in &certificates {
                record(transaction, number, &mut shared, certificate)?;
            }
            for phone in &phones {
                enter(transaction, &mut shared, phone)?;
            }
            Ok(Ok(()))
        })?;
        match outcome {
            Ok(()) => Ok(true),
            Err(None) => Ok(false),
            Err(Some(what)) => Err(self.damaged(what)),
        }
    }

    pub(super) fn keep_code(
        &mut self,
        card: &(CardId, String),
        digest: [u8; 32],
        until: der::DateTime,
    ) -> Result<(), RegisterError> {
        self.write(|transaction, _| {
            let card = Shared::default().card(transaction, card)?;
            transaction
                .prepare_cached(
                    "INSERT INTO code (card, digest, until) VALUES (?1, ?2, ?3)
                     ON CONFLICT (card) DO UPDATE SET digest = ?2, until = ?3",
                )?
                .execute(params![card, digest, seconds(until)])?;
            Ok(())
        })
    }

    pub(super) fn code_is_good(
        &self,
        card: CardId,
        digest: [u8; 32],
        now: der::DateTime,
    ) -> Result<bool, RegisterError> {
        self.connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM code WHERE card = (SELECT id FROM card WHERE digest = ?1)
                                AND digest = ?2 AND until >= ?3)",
            )
            .and_then(|mut statement| statement.query_row(params![card.0, digest, seconds(now)], |row| row.get(0)))
            .map_err(|error| self.refused(&error))
    }
}

fn keep(transaction: &Transaction<'_>, card: i64, intent: &Intent) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("INSERT INTO intent (operation, card, place, change) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![intent.operation.0, card, intent.place, *intent.change])?;
    let id = transaction.last_insert_rowid();
    for certificate in &intent.certificates {
        let (not_before, not_after) = certificate.validity;
        transaction
            .prepare_cached(
                "INSERT INTO intended (intent, key_id, hierarchy, serial, digest, municipality, point, not_before,
                                       not_after, card, card_name, replaces_key_id, replaces_serial)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute(params![
                id,
                certificate.issuer.0,
                hierarchy_code(certificate.hierarchy),
                certificate.serial,
                certificate.digest,
                certificate.municipality,
                certificate.distribution_point,
                seconds(not_before),
                seconds(not_after),
                certificate.card.0.0,
                certificate.card.1,
                certificate.replaces.map(|(issuer, _)| issuer.0),
                certificate.replaces.map(|(_, serial)| serial),
            ])?;
    }
    intent
        .phones
        .iter()
        .try_for_each(|phone| keep_phone(transaction, id, phone))
}

/// The certificates of an intent; `None` if a time is damaged.
fn intended(connection: &rusqlite::Connection, intent: i64) -> rusqlite::Result<Option<Vec<Certificate>>> {
    let certificate = |row: &Row<'_>| -> rusqlite::Result<Option<Certificate>> {
        let (not_before, not_after) = (time(row.get(6)?), time(row.get(7)?));
        let replaces: (Option<[u8; 20]>, Option<u32>) = (row.get(10)?, row.get(11)?);
        let hierarchy: i64 = row.get(1)?;
        let (Some(not_before), Some(not_after)) = (not_before, not_after) else {
            return Ok(None);
        };
        Ok(Some(Certificate {
            issuer: IssuerId(row.get(0)?),
            hierarchy: match hierarchy {
                0 => Hierarchy::Signature,
                _ => Hierarchy::Authentication,
            },
            serial: row.get(2)?,
            digest: row.get(3)?,
            municipality: row.get(4)?,
            distribution_point: row.get(5)?,
            validity: (not_before, not_after),
            card: (CardId(row.get(8)?), row.get(9)?),
            replaces: replaces.0.map(IssuerId).zip(replaces.1),
        }))
    };
    connection
        .prepare_cached(
            "SELECT key_id, hierarchy, serial, digest, municipality, point, not_before, not_after, card, card_name,
                    replaces_key_id, replaces_serial
             FROM intended WHERE intent = ?1 ORDER BY id",
        )?
        .query_map([intent], certificate)?
        .collect()
}
