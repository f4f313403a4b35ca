//! The writes that several methods of the register do: certificates are entered and revoked.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Transaction, params};

use super::revocation;
use crate::register::{CardId, Certificate, Hierarchy, IssuerId, Recorded, Revocation, Revoked, seconds};

pub(super) fn hierarchy_code(hierarchy: Hierarchy) -> i64 {
    match hierarchy {
        Hierarchy::Signature => 0,
        Hierarchy::Authentication => 1,
    }
}

/// Whether a pending operation is to enter a certificate with this serial number.
pub(super) fn is_intended(transaction: &Transaction<'_>, certificate: &Certificate) -> rusqlite::Result<bool> {
    transaction
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM intended WHERE key_id = ?1 AND serial = ?2)")?
        .query_row(params![certificate.issuer.0, certificate.serial], |row| row.get(0))
}

/// Whether any operation is pending.
fn any_intended(transaction: &Transaction<'_>) -> rusqlite::Result<bool> {
    transaction
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM intended)")?
        .query_row([], |row| row.get(0))
}

/// The rows that many certificates share, looked up once a batch.
#[derive(Default)]
pub(super) struct Shared {
    issuers: HashMap<IssuerId, i64>,
    points: HashMap<(i64, Vec<u8>), i64>,
    cards: HashMap<CardId, i64>,
    /// Whether any operation is pending.
    pending: Option<bool>,
}

impl Shared {
    fn issuer(&mut self, transaction: &Transaction<'_>, certificate: &Certificate) -> rusqlite::Result<i64> {
        if let Some(id) = self.issuers.get(&certificate.issuer) {
            return Ok(*id);
        }
        let id = transaction
            .prepare_cached(
                "INSERT INTO issuer (key_id, hierarchy) VALUES (?1, ?2)
                 ON CONFLICT (key_id) DO UPDATE SET hierarchy = hierarchy RETURNING id",
            )?
            .query_row(
                params![certificate.issuer.0, hierarchy_code(certificate.hierarchy)],
                |row| row.get(0),
            )?;
        self.issuers.insert(certificate.issuer, id);
        Ok(id)
    }

    fn is_pending(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<bool> {
        if let Some(pending) = self.pending {
            return Ok(pending);
        }
        let pending = any_intended(transaction)?;
        self.pending = Some(pending);
        Ok(pending)
    }

    fn point(
        &mut self,
        transaction: &Transaction<'_>,
        issuer: i64,
        certificate: &Certificate,
    ) -> rusqlite::Result<i64> {
        let key = (issuer, certificate.distribution_point.clone());
        if let Some(id) = self.points.get(&key) {
            return Ok(*id);
        }
        let id = transaction
            .prepare_cached(
                "INSERT INTO point (issuer, municipality, name) VALUES (?1, ?2, ?3)
                 ON CONFLICT (issuer, name) DO UPDATE SET municipality = municipality RETURNING id",
            )?
            .query_row(
                params![issuer, certificate.municipality, certificate.distribution_point],
                |row| row.get(0),
            )?;
        self.points.insert(key, id);
        Ok(id)
    }

    pub(super) fn card(
        &mut self,
        transaction: &Transaction<'_>,
        (card, name): &(CardId, String),
    ) -> rusqlite::Result<i64> {
        if let Some(id) = self.cards.get(card) {
            return Ok(*id);
        }
        let id = transaction
            .prepare_cached(
                "INSERT INTO card (digest, name) VALUES (?1, ?2)
                 ON CONFLICT (digest) DO UPDATE SET name = name RETURNING id",
            )?
            .query_row(params![card.0, name], |row| row.get(0))?;
        self.cards.insert(*card, id);
        Ok(id)
    }
}

pub(super) fn record(
    transaction: &Transaction<'_>,
    number: i64,
    shared: &mut Shared,
    certificate: &Certificate,
) -> rusqlite::Result<Recorded> {
    let issuer = shared.issuer(transaction, certificate)?;
    let there: Option<(i64, [u8; 32])> = transaction
        .prepare_cached("SELECT id, digest FROM certificate WHERE issuer = ?1 AND serial = ?2")?
        .query_row(params![issuer, certificate.serial], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let (id, recorded) = match there {
        Some((_, digest)) if digest != certificate.digest => return Ok(Recorded::SerialTaken),
        Some((id, _)) => (id, Recorded::Known),
        None if shared.is_pending(transaction)? && is_intended(transaction, certificate)? => {
            return Ok(Recorded::SerialTaken);
        }
        None => {
            let point = shared.point(transaction, issuer, certificate)?;
            let (not_before, not_after) = certificate.validity;
            transaction
                .prepare_cached(
                    "INSERT INTO certificate (issuer, serial, point, digest, not_before, not_after, recorded, replaces)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7,
                             (SELECT old.id FROM certificate old JOIN issuer ON issuer.id = old.issuer
                              WHERE issuer.key_id = ?8 AND old.serial = ?9))",
                )?
                .execute(params![
                    issuer,
                    certificate.serial,
                    point,
                    certificate.digest,
                    seconds(not_before),
                    seconds(not_after),
                    number,
                    certificate.replaces.map(|(issuer, _)| issuer.0),
                    certificate.replaces.map(|(_, serial)| serial),
                ])?;
            (transaction.last_insert_rowid(), Recorded::New)
        }
    };
    let card = shared.card(transaction, &certificate.card)?;
    transaction
        .prepare_cached("INSERT INTO on_card (certificate, card) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute([id, card])?;
    Ok(recorded)
}

/// Revokes a certificate, unless it is revoked; `None` if what stands there is damaged.
pub(super) fn revoke(
    transaction: &Transaction<'_>,
    number: i64,
    (issuer, serial): (IssuerId, u32),
    wanted: Revocation,
) -> rusqlite::Result<Option<Revoked>> {
    let row: Option<(i64, Option<i64>, Option<u8>)> = transaction
        .prepare_cached(
            "SELECT certificate.id, revoked_at, reason FROM certificate JOIN issuer ON issuer.id = issuer
             WHERE key_id = ?1 AND serial = ?2",
        )?
        .query_row(params![issuer.0, serial], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((id, at, reason)) = row else {
        return Ok(Some(Revoked::Unknown));
    };
    let Some(before) = revocation(at, reason) else {
        return Ok(None);
    };
    if let Some(before) = before {
        return Ok(Some(Revoked::Before(before)));
    }
    transaction
        .prepare_cached("UPDATE certificate SET revoked_at = ?2, reason = ?3, revoked = ?4 WHERE id = ?1")?
        .execute(params![id, seconds(wanted.at), wanted.reason.code(), number])?;
    Ok(Some(Revoked::Now))
}
