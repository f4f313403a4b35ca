//! The register in a file of SQLite.
//!
//! Issuer, counter and server use it at once. A write takes the write lock before it reads, because a reader that becomes a
//! writer is refused at once, whatever the patience. A write waits for others at most [`PATIENCE`]. A transaction is on
//! stable storage when it is committed (`synchronous = FULL`).

mod operations;
mod phones;
mod signers;
mod writes;

use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use der::DateTime;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};

use super::{
    Beginning, Begun, CardId, CardStatus, Cause, Certificate, Change, DistributionPoint, Entry, Hierarchy, Intent,
    IssuerId, OperationId, Phone, Reason, Recorded, Register, RegisterError, RegisterErrorKind, Revocation, Revoked,
    RevokedCertificate, RevokedSigner, Withdrawal,
};
use writes::{Shared, record, revoke};

/// How long a write waits while other programs write.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// More than the register has statements, so that each is prepared once.
const STATEMENTS: usize = 64;

/// "VMYR": what marks the file as a register of this program.
const APPLICATION: i64 = 0x564D_5952;
/// What each version adds to the one before. An earlier version becomes the newest one when it is opened.
const SCHEMAS: [&str; 3] = [
    include_str!("schema.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
];
/// The newest version.
const VERSION: i64 = SCHEMAS.len() as i64;

/// A register in a file. Only its owner can read it.
pub struct SqliteRegister {
    path: PathBuf,
    connection: Connection,
}

impl SqliteRegister {
    /// Opens the register in this file, which is made if it is not there.
    ///
    /// # Errors
    /// [`RegisterError`] when it can't be made or opened, is no register, or a later version made it.
    pub fn open_or_make(path: &Path) -> Result<Self, RegisterError> {
        // Opening a pipe would wait for its other end.
        if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            return Err(RegisterError::new(path, RegisterErrorKind::NoRegister));
        }
        // SQLite would make it readable for everyone that the umask allows.
        let mut file = fs::OpenOptions::new();
        file.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
        file.open(path)
            .map_err(|error| RegisterError::new(path, RegisterErrorKind::Io(error)))?;
        Self::open(path)
    }

    /// Opens the register in this file, which must be there.
    ///
    /// # Errors
    /// [`RegisterError`] when it can't be opened, is no register, or a later version made it.
    pub fn open(path: &Path) -> Result<Self, RegisterError> {
        let metadata = fs::metadata(path).map_err(|error| RegisterError::new(path, RegisterErrorKind::Io(error)))?;
        if !metadata.is_file() {
            return Err(RegisterError::new(path, RegisterErrorKind::NoRegister));
        }
        let refused = |error: rusqlite::Error| RegisterError::new(path, kind(&error));
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(refused)?;
        connection.busy_timeout(PATIENCE).map_err(refused)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        set_up(path, &mut connection)?;
        Ok(Self {
            path: path.to_owned(),
            connection,
        })
    }

    /// A register that lasts as long as this value, for programs that can write nowhere.
    ///
    /// # Errors
    /// [`RegisterError`] without memory.
    pub fn in_memory() -> Result<Self, RegisterError> {
        let path = Path::new(":memory:");
        let refused = |error: rusqlite::Error| RegisterError::new(path, kind(&error));
        let connection = Connection::open_in_memory().map_err(refused)?;
        SCHEMAS
            .iter()
            .try_for_each(|schema| connection.execute_batch(schema))
            .map_err(refused)?;
        Ok(Self {
            path: path.to_owned(),
            connection,
        })
    }

    fn refused(&self, error: &rusqlite::Error) -> RegisterError {
        RegisterError::new(&self.path, kind(error))
    }

    fn damaged(&self, what: &'static str) -> RegisterError {
        RegisterError::new(&self.path, RegisterErrorKind::Damaged(what))
    }

    /// Runs a write: the lock first, then `write` with the write's number, then the commit.
    fn write<T>(
        &mut self,
        write: impl FnOnce(&Transaction<'_>, i64) -> rusqlite::Result<T>,
    ) -> Result<T, RegisterError> {
        let done = self.write_if(|transaction, number| write(transaction, number).map(Ok::<T, Infallible>))?;
        Ok(done.unwrap_or_else(|never| match never {}))
    }

    /// Runs a write that `write` can call off: then nothing is written.
    fn write_if<T, E>(
        &mut self,
        write: impl FnOnce(&Transaction<'_>, i64) -> rusqlite::Result<Result<T, E>>,
    ) -> Result<Result<T, E>, RegisterError> {
        let path = &self.path;
        let refused = |error: rusqlite::Error| RegisterError::new(path, kind(&error));
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(refused)?;
        let number = transaction
            .prepare_cached("UPDATE last_write SET number = number + 1 RETURNING number")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .map_err(refused)?;
        let result = write(&transaction, number).map_err(refused)?;
        if result.is_ok() {
            transaction.commit().map_err(refused)?;
        }
        Ok(result)
    }
}

/// Makes the tables in an empty file, and refuses what is no register of this version.
fn set_up(path: &Path, connection: &mut Connection) -> Result<(), RegisterError> {
    let refused = |error: rusqlite::Error| RegisterError::new(path, kind(&error));
    let marks = |connection: &Connection| -> rusqlite::Result<(i64, i64)> {
        let application = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        Ok((
            application,
            connection.pragma_query_value(None, "user_version", |row| row.get(0))?,
        ))
    };
    let (application, version) = marks(connection).map_err(refused)?;
    if (application, version) == (0, 0) {
        // Another program's database stays as it is: also the change of its journal mode would be written to it. A register's
        // tables and marks are committed at once, so marks that are read after its tables are there.
        let tables = count_tables(connection).map_err(refused)?;
        if tables != 0 && marks(connection).map_err(refused)? == (0, 0) {
            return Err(RegisterError::new(path, RegisterErrorKind::NoRegister));
        }
        let mode: String = connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
            .map_err(refused)?;
        if mode != "wal" {
            return Err(RegisterError::new(
                path,
                RegisterErrorKind::Database(format!(
                    "the file system can't hold a write-ahead log (journal mode {mode})"
                )),
            ));
        }
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(refused)?;
        // Another process may have made them while this one waited for the lock.
        if marks(&transaction).map_err(refused)? == (0, 0) {
            if count_tables(&transaction).map_err(refused)? != 0 {
                return Err(RegisterError::new(path, RegisterErrorKind::NoRegister));
            }
            transaction
                .pragma_update(None, "application_id", APPLICATION)
                .map_err(refused)?;
            upgrade(&transaction, 0).map_err(refused)?;
            transaction.commit().map_err(refused)?;
        }
    } else if application != APPLICATION {
        return Err(RegisterError::new(path, RegisterErrorKind::NoRegister));
    } else if (1..VERSION).contains(&version) {
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(refused)?;
        // Another process may have done it while this one waited for the lock.
        let (_, version) = marks(&transaction).map_err(refused)?;
        if version < VERSION {
            upgrade(&transaction, version).map_err(refused)?;
            transaction.commit().map_err(refused)?;
        }
    } else if version != VERSION {
        return Err(RegisterError::new(path, RegisterErrorKind::Newer(version, VERSION)));
    }
    connection.pragma_update(None, "synchronous", "FULL").map_err(refused)?;
    // Intents have private keys and PINs, which go with them.
    connection.pragma_update(None, "secure_delete", true).map_err(refused)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(refused)
}

/// Makes what the versions after this one add. Version 0 is a file without tables.
fn upgrade(transaction: &Transaction<'_>, version: i64) -> rusqlite::Result<()> {
    let done = usize::try_from(version).unwrap_or_default();
    SCHEMAS
        .iter()
        .skip(done)
        .try_for_each(|schema| transaction.execute_batch(schema))?;
    transaction.pragma_update(None, "user_version", VERSION)
}

fn count_tables(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
}

fn kind(error: &rusqlite::Error) -> RegisterErrorKind {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => RegisterErrorKind::Busy(PATIENCE.as_secs()),
        Some(ErrorCode::NotADatabase) => RegisterErrorKind::NoRegister,
        Some(ErrorCode::DatabaseCorrupt) => RegisterErrorKind::Damaged("its pages"),
        Some(ErrorCode::DiskFull) => RegisterErrorKind::Full,
        _ => RegisterErrorKind::Database(error.to_string()),
    }
}

/// A time as it stands in the register.
fn time(seconds: i64) -> Option<DateTime> {
    let seconds = u64::try_from(seconds).ok()?;
    DateTime::from_unix_duration(Duration::from_secs(seconds)).ok()
}

/// When and why, as they stand in the register; the outer `None` means that they are damaged.
fn revocation(at: Option<i64>, reason: Option<u8>) -> Option<Option<Revocation>> {
    match (at, reason) {
        (None, None) => Some(None),
        (Some(at), Some(reason)) => Some(Some(Revocation {
            at: time(at)?,
            reason: Reason::of_code(reason)?,
        })),
        _ => None,
    }
}

/// A withdrawal as it stands in the register; the outer `None` means that it is damaged.
fn withdrawal(row: Option<(i64, u8)>) -> Option<Option<Withdrawal>> {
    match row {
        None => Some(None),
        Some((at, cause)) => Some(Some(Withdrawal {
            at: time(at)?,
            cause: Cause::of_code(cause)?,
        })),
    }
}

const DATES: &str = "a time or a reason";

impl Register for SqliteRegister {
    fn record(&mut self, certificates: &[Certificate]) -> Result<Vec<Recorded>, RegisterError> {
        self.write(|transaction, number| {
            let mut shared = Shared::default();
            certificates
                .iter()
                .map(|certificate| record(transaction, number, &mut shared, certificate))
                .collect()
        })
    }

    fn revoke(&mut self, issuer: IssuerId, serial: u32, wanted: Revocation) -> Result<Revoked, RegisterError> {
        let outcome = self.write(|transaction, number| revoke(transaction, number, (issuer, serial), wanted))?;
        outcome.ok_or_else(|| self.damaged(DATES))
    }

    fn now(&self) -> Result<Change, RegisterError> {
        self.connection
            .prepare_cached("SELECT number FROM last_write")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .map(Change)
            .map_err(|error| self.refused(&error))
    }

    fn status(&self, issuer: IssuerId, serial: u32, by: Change) -> Result<Option<Option<Revocation>>, RegisterError> {
        let row: Option<(Option<i64>, Option<u8>, Option<i64>)> = self
            .connection
            .prepare_cached(
                "SELECT revoked_at, reason, revoked FROM certificate
                 WHERE issuer = (SELECT id FROM issuer WHERE key_id = ?1) AND serial = ?2 AND recorded <= ?3",
            )
            .and_then(|mut statement| {
                let row = statement.query_row(params![issuer.0, serial, by.0], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                });
                row.optional()
            })
            .map_err(|error| self.refused(&error))?;
        match row {
            None => Ok(None),
            Some((_, _, Some(number))) if number > by.0 => Ok(Some(None)),
            Some((at, reason, _)) => revocation(at, reason).map(Some).ok_or_else(|| self.damaged(DATES)),
        }
    }

    fn revoked(
        &self,
        issuer: IssuerId,
        point: Option<&DistributionPoint>,
        by: Change,
        each: &mut dyn FnMut(RevokedCertificate),
    ) -> Result<(), RegisterError> {
        let sql = match point {
            Some(_) => REVOKED_AT_POINT,
            None => REVOKED,
        };
        let mut read = || -> rusqlite::Result<bool> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = match point {
                Some(point) => statement.query(params![issuer.0, by.0, point.name])?,
                None => statement.query(params![issuer.0, by.0])?,
            };
            while let Some(row) = rows.next()? {
                let Some(Some(revocation)) = revocation(row.get(1)?, row.get(2)?) else {
                    return Ok(false);
                };
                each(RevokedCertificate {
                    serial: row.get(0)?,
                    revocation,
                });
            }
            Ok(true)
        };
        match read().map_err(|error| self.refused(&error))? {
            true => Ok(()),
            false => Err(self.damaged(DATES)),
        }
    }

    fn issuers(&self) -> Result<Vec<(IssuerId, DateTime)>, RegisterError> {
        let read = || -> rusqlite::Result<Vec<([u8; 20], i64)>> {
            self.connection
                .prepare_cached(
                    "SELECT key_id, (SELECT not_before FROM certificate WHERE issuer = issuer.id LIMIT 1) AS begin FROM issuer
                     WHERE begin IS NOT NULL ORDER BY id",
                )?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        let all = read().map_err(|error| self.refused(&error))?;
        let with_time = |(key, begin)| Some((IssuerId(key), time(begin)?));
        let all: Option<_> = all.into_iter().map(with_time).collect();
        all.ok_or_else(|| self.damaged(DATES))
    }

    fn points(&self, issuer: IssuerId) -> Result<Vec<DistributionPoint>, RegisterError> {
        let read = || -> rusqlite::Result<Vec<DistributionPoint>> {
            self.connection
                .prepare_cached(
                    "SELECT municipality, name FROM point WHERE issuer = (SELECT id FROM issuer WHERE key_id = ?1)
                     ORDER BY municipality, name",
                )?
                .query_map([issuer.0], |row| {
                    Ok(DistributionPoint {
                        municipality: row.get(0)?,
                        name: row.get(1)?,
                    })
                })?
                .collect()
        };
        read().map_err(|error| self.refused(&error))
    }

    fn entry(&self, issuer: IssuerId, serial: u32) -> Result<Option<Entry>, RegisterError> {
        let id: Option<i64> = self
            .connection
            .prepare_cached(
                "SELECT id FROM certificate WHERE issuer = (SELECT id FROM issuer WHERE key_id = ?1) AND serial = ?2",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![issuer.0, serial], |row| row.get(0))
                    .optional()
            })
            .map_err(|error| self.refused(&error))?;
        id.map(|id| self.entry_of(id)).transpose()
    }

    fn entries(&self, card: Option<CardId>, each: &mut dyn FnMut(Entry) -> bool) -> Result<(), RegisterError> {
        // By pages, so that a reader that takes its time holds up no checkpoint.
        const PAGE: usize = 1024;
        let mut last = 0_i64;
        loop {
            let read = || -> rusqlite::Result<Vec<i64>> {
                let sql = match card {
                    Some(_) => {
                        "SELECT certificate FROM on_card WHERE card = (SELECT id FROM card WHERE digest = ?2)
                         AND certificate > ?1 ORDER BY certificate LIMIT 1024"
                    }
                    None => "SELECT id FROM certificate WHERE id > ?1 AND ?2 IS NULL ORDER BY id LIMIT 1024",
                };
                let card = card.map(|card| card.0);
                let mut statement = self.connection.prepare_cached(sql)?;
                statement.query_map(params![last, card], |row| row.get(0))?.collect()
            };
            let page = read().map_err(|error| self.refused(&error))?;
            for id in &page {
                if !each(self.entry_of(*id)?) {
                    return Ok(());
                }
                last = *id;
            }
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    fn card_status(&self, card: CardId) -> Result<CardStatus, RegisterError> {
        self.status_of(card)
    }

    fn phones(&self, card: CardId) -> Result<Vec<Phone>, RegisterError> {
        self.phones_of(card)
    }

    fn phone(&self, phone: CardId) -> Result<Option<Phone>, RegisterError> {
        self.phone_of(phone)
    }

    fn auth_of_linked_card(&self, issuer: IssuerId, serial: u32) -> Result<Option<[u8; 32]>, RegisterError> {
        self.auth_behind_phone(issuer, serial)
    }

    fn begin(&mut self, beginning: &Beginning<'_>) -> Result<Begun, RegisterError> {
        self.begin_operation(beginning)
    }

    fn intents(&self) -> Result<Vec<Intent>, RegisterError> {
        self.pending_intents()
    }

    fn finish(&mut self, operation: OperationId) -> Result<bool, RegisterError> {
        self.finish_operation(operation)
    }

    fn give_code(&mut self, card: &(CardId, String), digest: [u8; 32], until: DateTime) -> Result<(), RegisterError> {
        self.keep_code(card, digest, until)
    }

    fn revoke_signer(&mut self, root: IssuerId, signer: RevokedSigner) -> Result<Option<DateTime>, RegisterError> {
        self.revoke_signer_of(root, signer)
    }

    fn revoked_signers(&self, root: IssuerId, by: Change) -> Result<Vec<RevokedSigner>, RegisterError> {
        self.revoked_signers_of(root, by)
    }

    fn has_code(&self, card: CardId, digest: [u8; 32], now: DateTime) -> Result<bool, RegisterError> {
        self.code_is_good(card, digest, now)
    }
}

const REVOKED: &str = "SELECT serial, revoked_at, reason FROM certificate
    WHERE issuer = (SELECT id FROM issuer WHERE key_id = ?1) AND revoked IS NOT NULL AND revoked <= ?2 ORDER BY serial";
const REVOKED_AT_POINT: &str = "SELECT serial, revoked_at, reason FROM certificate
    WHERE issuer = (SELECT id FROM issuer WHERE key_id = ?1) AND revoked IS NOT NULL AND revoked <= ?2
      AND point = (SELECT point.id FROM point JOIN issuer ON issuer.id = point.issuer
                   WHERE key_id = ?1 AND point.name = ?3)
    ORDER BY serial";

impl SqliteRegister {
    fn entry_of(&self, id: i64) -> Result<Entry, RegisterError> {
        type Row = (
            [u8; 20],
            i64,
            u32,
            String,
            (i64, i64),
            (Option<i64>, Option<u8>),
            Option<(IssuerId, u32)>,
        );
        let pair = |key: Option<[u8; 20]>, serial: Option<u32>| Some((IssuerId(key?), serial?));
        /// The name of a card, and if it is a phone its kind and the name of its card.
        type OnCard = (String, Option<(i64, String)>);
        type All = (Row, Vec<OnCard>, Option<(IssuerId, u32)>);
        let read = || -> rusqlite::Result<All> {
            let row = self
                .connection
                .prepare_cached(
                    "SELECT issuer.key_id, issuer.hierarchy, this.serial, point.municipality, this.not_before,
                            this.not_after, this.revoked_at, this.reason, former_issuer.key_id, former.serial
                     FROM certificate this
                     JOIN issuer ON issuer.id = this.issuer
                     JOIN point ON point.id = this.point
                     LEFT JOIN certificate former ON former.id = this.replaces
                     LEFT JOIN issuer former_issuer ON former_issuer.id = former.issuer
                     WHERE this.id = ?1",
                )?
                .query_row([id], |row| {
                    Ok((
                        row.get(0)?,
                        row.get(1)?,
                        row.get(2)?,
                        row.get(3)?,
                        (row.get(4)?, row.get(5)?),
                        (row.get(6)?, row.get(7)?),
                        pair(row.get(8)?, row.get(9)?),
                    ))
                })?;
            let cards = self
                .connection
                .prepare_cached(
                    "SELECT card.name, phone.kind, linked.name FROM card JOIN on_card ON on_card.card = card.id
                     LEFT JOIN phone ON phone.phone = card.id
                     LEFT JOIN card linked ON linked.id = phone.card
                     WHERE certificate = ?1 ORDER BY card.id",
                )?
                .query_map([id], |row| {
                    let phone: (Option<i64>, Option<String>) = (row.get(1)?, row.get(2)?);
                    Ok((row.get(0)?, phone.0.zip(phone.1)))
                })?
                .collect::<rusqlite::Result<Vec<OnCard>>>()?;
            // Of several, the one that was issued last.
            let partner = self
                .connection
                .prepare_cached(
                    "SELECT issuer.key_id, other.serial FROM on_card mine
                     JOIN on_card theirs ON theirs.card = mine.card AND theirs.certificate <> mine.certificate
                     JOIN certificate other ON other.id = theirs.certificate
                     JOIN certificate this ON this.id = mine.certificate
                     JOIN issuer ON issuer.id = other.issuer
                     JOIN issuer own ON own.id = this.issuer
                     WHERE mine.certificate = ?1 AND issuer.hierarchy <> own.hierarchy ORDER BY other.id DESC LIMIT 1",
                )?
                .query_row([id], |row| Ok((IssuerId(row.get(0)?), row.get(1)?)))
                .optional()?;
            Ok((row, cards, partner))
        };
        let (row, cards, partner) = read().map_err(|error| self.refused(&error))?;
        let (issuer, hierarchy, serial, municipality, (not_before, not_after), (at, reason), replaces) = row;
        let dates = || self.damaged(DATES);
        let phone = cards.iter().find_map(|(_, phone)| phone.as_ref());
        let phone = phone.map(|(kind, card)| phones::kind_of_code(*kind).map(|kind| (kind, card.clone())));
        let phone = match phone {
            Some(None) => return Err(self.damaged(phones::KIND)),
            Some(phone) => phone,
            None => None,
        };
        Ok(Entry {
            issuer: IssuerId(issuer),
            hierarchy: if hierarchy == 0 {
                Hierarchy::Signature
            } else {
                Hierarchy::Authentication
            },
            serial,
            municipality,
            validity: (time(not_before).ok_or_else(dates)?, time(not_after).ok_or_else(dates)?),
            revocation: revocation(at, reason).ok_or_else(dates)?,
            cards: cards.into_iter().map(|(name, _)| name).collect(),
            partner,
            replaces,
            phone,
        })
    }
}

#[cfg(test)]
mod operations_tests;
#[cfg(test)]
mod tests;
