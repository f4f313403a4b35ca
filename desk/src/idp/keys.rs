//! The provider's keys: one for ID tokens (ES256), which is renewed, and one for access tokens (RS256).

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use rand_core::OsRng;
use serde_json::Value;
use vmyna_files::Unfinished;

use crate::jose::{Algorithm, JoseError, Signer, VerifyingKey, jwks};

/// How long a replaced key stays in the set, in seconds: longer than any token that it has signed holds.
pub const KEPT: u64 = 3600;
/// The most bytes of the file.
const LONGEST: u64 = 16 * 1024;
const END: &str = "-----END PRIVATE KEY-----";

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The file can't be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The file holds something else.
    #[error("the file is not one of two private keys, P-256 and RSA, that this program has written")]
    Form,
    /// No key can be made.
    #[error(transparent)]
    Key(#[from] JoseError),
}

/// The keys in use.
pub struct KeyRing {
    id_token: Signer,
    access_token: Signer,
    /// Replaced keys, each with the time until which it is in the set.
    replaced: Vec<(VerifyingKey, u64)>,
    /// When the key for ID tokens was taken into use; 0 before the first use.
    since: u64,
    rotate_after: Option<u64>,
    file: Option<PathBuf>,
}

impl KeyRing {
    /// New keys for this process.
    ///
    /// # Errors
    /// [`KeysError::Key`].
    pub fn new() -> Result<Self, KeysError> {
        let id_token = Signer::generate(Algorithm::Es256, &mut OsRng)?;
        let access_token = Signer::generate(Algorithm::Rs256, &mut OsRng)?;
        Ok(Self {
            id_token,
            access_token,
            replaced: Vec::new(),
            since: 0,
            rotate_after: None,
            file: None,
        })
    }

    /// The keys of a file, which is made with new keys if it is not there, for its owner only.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn kept(file: &Path) -> Result<Self, KeysError> {
        let text = match vmyna_files::read(file, LONGEST) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let ring = Self {
                    file: Some(file.to_owned()),
                    ..Self::new()?
                };
                // Of two processes that make the file at once, one does; the other reads it.
                match unfinished(file, &ring.id_token, &ring.access_token)?.put_new(file) {
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                    made => return made.map(|()| ring).map_err(KeysError::from),
                }
                zeroize::Zeroizing::new(vmyna_files::read(file, LONGEST)?)
            }
            text => zeroize::Zeroizing::new(text?),
        };
        let text = str::from_utf8(&text).map_err(|_| KeysError::Form)?;
        let middle = text.find(END).map(|at| at + END.len()).ok_or(KeysError::Form)?;
        let (first, second) = text.split_at_checked(middle).ok_or(KeysError::Form)?;
        let key = |pem: &str, algorithm| {
            let key = Signer::from_pem(pem.trim_start()).map_err(|_| KeysError::Form)?;
            match key.algorithm() == algorithm {
                true => Ok(key),
                false => Err(KeysError::Form),
            }
        };
        Ok(Self {
            id_token: key(first, Algorithm::Es256)?,
            access_token: key(second, Algorithm::Rs256)?,
            replaced: Vec::new(),
            since: 0,
            rotate_after: None,
            file: Some(file.to_owned()),
        })
    }

    /// The same keys; the one for ID tokens is replaced after so many seconds.
    #[must_use]
    pub fn rotated_after(self, seconds: Option<u64>) -> Self {
        Self {
            rotate_after: seconds,
            ..self
        }
    }

    /// The key that signs ID tokens.
    pub(super) const fn id_token(&self) -> &Signer {
        &self.id_token
    }

    /// The key that signs access tokens.
    pub(super) const fn access_token(&self) -> &Signer {
        &self.access_token
    }

    /// The set that relying parties read: the new key, the replaced ones, and the one for access tokens.
    pub(super) fn set(&mut self, now: u64) -> Value {
        self.replaced.retain(|(_, until)| now < *until);
        let replaced = self.replaced.iter().map(|(key, _)| key);
        let own = [self.id_token.public(), self.access_token.public()];
        jwks(own.into_iter().chain(replaced))
    }

    /// Replaces the key for ID tokens if its time is over.
    ///
    /// # Errors
    /// The new key can't be made or written; the old one stays in use.
    pub(super) fn renew(&mut self, now: u64) -> Result<(), KeysError> {
        if self.since == 0 {
            self.since = now;
        }
        let age = now.saturating_sub(self.since);
        if self.rotate_after.is_none_or(|after| age < after) {
            return Ok(());
        }
        let new = Signer::generate(Algorithm::Es256, &mut OsRng)?;
        if let Some(file) = &self.file {
            unfinished(file, &new, &self.access_token)?.put(file)?;
        }
        let old = std::mem::replace(&mut self.id_token, new);
        self.replaced.push((old.public().clone(), now.saturating_add(KEPT)));
        self.since = now;
        Ok(())
    }
}

/// The content of the file, which has no name yet.
fn unfinished(file: &Path, id_token: &Signer, access_token: &Signer) -> Result<Unfinished, KeysError> {
    let mut unfinished = Unfinished::beside(file)?;
    for key in [id_token, access_token] {
        unfinished.write_all(key.to_pem()?.as_bytes())?;
    }
    Ok(unfinished)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn kids(ring: &mut KeyRing, now: u64) -> Vec<String> {
        ring.renew(now).unwrap();
        let set = ring.set(now);
        let keys = set["keys"].as_array().unwrap();
        keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_replaced_key_stays_in_the_set_until_its_tokens_have_expired() {
        let mut ring = KeyRing::new().unwrap().rotated_after(Some(100));
        let mut signing = |now| {
            ring.renew(now).unwrap();
            ring.id_token().kid().to_owned()
        };
        let first = signing(1000);
        assert_eq!(signing(1099), first);
        let second = signing(1100);
        assert_ne!(first, second);
        let set = kids(&mut ring, 1101);
        assert_eq!(set.len(), 3);
        assert!(set.contains(&first) && set.contains(&second));
        ring.rotate_after = None;
        assert!(!kids(&mut ring, 1100 + KEPT).contains(&first));
    }

    #[test]
    fn of_providers_that_make_the_file_at_once_all_have_the_same_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.pem");
        let start = std::sync::Barrier::new(4);
        let made: Vec<Vec<String>> = std::thread::scope(|scope| {
            let one = || {
                start.wait();
                kids(&mut KeyRing::kept(&path).unwrap(), 1)
            };
            let all: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(made.iter().all(|keys| *keys == made[0]), "{made:?}");
    }

    #[test]
    fn a_new_key_that_cannot_be_written_leaves_the_old_one_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/keys.pem");
        fs::create_dir(folder.path().join("a")).unwrap();
        let mut ring = KeyRing::kept(&path).unwrap().rotated_after(Some(100));
        let first = kids(&mut ring, 1000);
        fs::rename(folder.path().join("a"), folder.path().join("b")).unwrap();
        assert!(matches!(ring.renew(1100), Err(KeysError::Io(_))));
        assert_eq!(ring.id_token().kid(), first[0]);
        fs::rename(folder.path().join("b"), folder.path().join("a")).unwrap();
        assert_ne!(kids(&mut ring, 1101)[0], first[0]);
        assert_eq!(kids(&mut KeyRing::kept(&path).unwrap(), 1)[0], ring.id_token().kid());
    }

    #[test]
    fn keys_of_a_file_are_the_same_after_a_start_and_only_their_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.pem");
        let first = kids(&mut KeyRing::kept(&path).unwrap(), 1);
        assert_eq!(kids(&mut KeyRing::kept(&path).unwrap(), 1), first);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let mut ring = KeyRing::kept(&path).unwrap().rotated_after(Some(10));
        kids(&mut ring, 100);
        let renewed = kids(&mut ring, 110);
        assert_eq!(renewed.len(), 3);
        assert_eq!(kids(&mut KeyRing::kept(&path).unwrap(), 1), renewed[..2]);
        for text in ["", "-----BEGIN PRIVATE KEY-----", END, "x"] {
            fs::write(&path, text).unwrap();
            assert!(matches!(KeyRing::kept(&path), Err(KeysError::Form)), "{text}");
        }
    }
}
