//! The document signers of mdocs that were revoked.

use rusqlite::{OptionalExtension, params};

use super::{SqliteRegister, time};
use crate::register::{Change, IssuerId, RegisterError, RevokedSigner, seconds};

/// What is damaged if a time can't be one.
const TIME: &str = "the time of a signer's revocation";

impl SqliteRegister {
    pub(super) fn revoke_signer_of(
        &mut self,
        root: IssuerId,
        signer: RevokedSigner,
    ) -> Result<Option<der::DateTime>, RegisterError> {
        let before = self.write(|transaction, number| {
            let before: Option<i64> = transaction
                .prepare_cached("SELECT revoked_at FROM revoked_signer WHERE root = ?1 AND serial = ?2")?
                .query_row(params![root.0, signer.serial], |row| row.get(0))
                .optional()?;
            if before.is_none() {
                transaction
                    .prepare_cached(
                        "INSERT INTO revoked_signer (root, serial, revoked_at, written) VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute(params![root.0, signer.serial, seconds(signer.at), number])?;
            }
            Ok(before)
        })?;
        match before {
            None => Ok(None),
            Some(before) => time(before).map(Some).ok_or_else(|| self.damaged(TIME)),
        }
    }

    pub(super) fn revoked_signers_of(&self, root: IssuerId, by: Change) -> Result<Vec<RevokedSigner>, RegisterError> {
        let read = || -> rusqlite::Result<Vec<([u8; 20], i64)>> {
            self.connection
                .prepare_cached(
                    "SELECT serial, revoked_at FROM revoked_signer WHERE root = ?1 AND written <= ?2 ORDER BY written",
                )?
                .query_map(params![root.0, by.0], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        let all = read().map_err(|error| self.refused(&error))?;
        let signer = |(serial, at)| Some(RevokedSigner { serial, at: time(at)? });
        let all: Option<_> = all.into_iter().map(signer).collect();
        all.ok_or_else(|| self.damaged(TIME))
    }
}
