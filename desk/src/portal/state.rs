//! What the portal keeps between two starts: the key of its assertions, and the secret of its linkage codes.

use std::fs::DirBuilder;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rand_core::{OsRng, RngCore};
use vmyna_apdu::ShowPath as _;
use vmyna_files::Unfinished;
use zeroize::Zeroizing;

use super::{ADDRESS, CALLBACK, CLIENT_ID};
use crate::idp::{Client, Keys, Scope};
use crate::jose::{Algorithm, JoseError, Signer};

/// The usual folder of the state, below that for the state of programs.
pub const FOLDER: &str = "vmyna/portal";
/// The portal's name at a provider, in English and Japanese.
const NAME: (&str, &str) = ("Practice portal", "練習ポータル");
/// The file of the private key, PKCS#8 PEM.
const KEY: &str = "client-key.pem";
/// The file of the secret, 32 bytes.
const SECRET: &str = "linkage-secret";
/// The file of the public key as a set (JWKS).
const PUBLIC: &str = "client-jwks.json";
/// The file that registers the portal at an identity provider of this program.
const REGISTRATION: &str = "clients.toml";
/// The most bytes of one of them.
const LONGEST: u64 = 8 * 1024;

/// What was read or made. There is no `Debug`, because it is secret.
pub struct State {
    /// The key of the portal's assertions.
    pub signer: Signer,
    /// The secret of the linkage codes.
    pub linkage: Zeroizing<[u8; 32]>,
    /// The file with the public key, for the registration at a provider.
    pub public_key: PathBuf,
    folder: PathBuf,
}

/// Why there is no state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The system refused.
    #[error("{}: {error}", .path.shown())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file holds something else.
    #[error("{}: {what}", .path.shown())]
    Form {
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// No key can be made.
    #[error(transparent)]
    Key(#[from] JoseError),
}

impl State {
    /// Reads the state in a folder; what is missing is made, for its owner only.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let at = |path: &Path, error| StateError::Io {
            path: path.to_owned(),
            error,
        };
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(folder);
        made.map_err(|error| at(folder, error))?;
        let path = folder.join(KEY);
        let new = || {
            Ok(Zeroizing::new(
                Signer::generate(Algorithm::Es256, &mut OsRng)?
                    .to_pem()?
                    .as_bytes()
                    .to_vec(),
            ))
        };
        let pem = read_or_make(&path, new)?;
        let pem = str::from_utf8(&pem).ok().map(Signer::from_pem);
        let Some(Ok(signer)) = pem.filter(|read| read.as_ref().is_ok_and(|key| key.algorithm() == Algorithm::Es256))
        else {
            let what = "this is no private key of P-256, PKCS#8 PEM";
            return Err(StateError::Form { path, what });
        };
        let path = folder.join(SECRET);
        let new = || {
            let mut secret = Zeroizing::new(vec![0; 32]);
            OsRng.fill_bytes(&mut secret);
            Ok(secret)
        };
        let secret = read_or_make(&path, new)?;
        let Ok(linkage) = <[u8; 32]>::try_from(secret.as_slice()) else {
            let what = "the secret of the linkage codes has 32 bytes";
            return Err(StateError::Form { path, what });
        };
        let public_key = folder.join(PUBLIC);
        let set = crate::jose::jwks([signer.public()]);
        let written = vmyna_files::replace(&public_key, format!("{set:#}\n").as_bytes());
        written.map_err(|error| at(&public_key, error))?;
        Ok(Self {
            signer,
            linkage: Zeroizing::new(linkage),
            public_key,
            folder: folder.to_owned(),
        })
    }

    /// Writes the file that registers the portal at an identity provider of this program; its path.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn register(&self, redirect_uri: &str) -> Result<PathBuf, StateError> {
        let path = self.folder.join(REGISTRATION);
        let text = format!(
            "# The practice portal, for the registration at an identity provider. Written at each start of the portal.\n\
             [[client]]\n\
             id = \"{CLIENT_ID}\"\n\
             name = \"{}\"\n\
             name_ja = \"{}\"\n\
             redirect_uris = [\"{redirect_uri}\"]\n\
             scopes = [\"openid\", \"name\", \"address\", \"birthdate\", \"gender\", \"sign\"]\n\
             signing_alg = \"ES256\"\n\
             key_file = \"{PUBLIC}\"\n",
            NAME.0, NAME.1
        );
        let written = vmyna_files::replace(&path, text.as_bytes());
        written.map_err(|error| StateError::Io {
            path: path.clone(),
            error,
        })?;
        Ok(path)
    }
}

/// A portal at its usual address with its state in this folder, as a client of an identity provider of this program. Its
/// public key is read at each use, because the portal writes it when it starts, which may be later.
#[must_use]
pub fn usual_client(folder: &Path) -> Client {
    Client {
        id: CLIENT_ID.to_owned(),
        name: NAME.0.to_owned(),
        name_ja: NAME.1.to_owned(),
        redirect_uris: vec![format!("http://{ADDRESS}{CALLBACK}")],
        scopes: Scope::ALL.to_vec(),
        algorithm: Algorithm::Es256,
        keys: Keys::File(folder.join(PUBLIC)),
    }
}

type Secret = Zeroizing<Vec<u8>>;

/// Reads a file, or makes it; of two processes that make it at once, one does.
fn read_or_make(path: &Path, new: impl FnOnce() -> Result<Secret, StateError>) -> Result<Secret, StateError> {
    let at = |error| StateError::Io {
        path: path.to_owned(),
        error,
    };
    match vmyna_files::read(path, LONGEST) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        read => return read.map(Zeroizing::new).map_err(at),
    }
    let content = new()?;
    let mut file = Unfinished::beside(path).map_err(at)?;
    file.write_all(&content).map_err(at)?;
    match file.put_new(path) {
        Ok(()) => Ok(content),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            vmyna_files::read(path, LONGEST).map(Zeroizing::new).map_err(at)
        }
        Err(error) => Err(at(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn key_and_secret_are_made_once_for_their_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("a/b");
        let first = State::open(&folder).unwrap();
        let second = State::open(&folder).unwrap();
        assert_eq!(first.signer.kid(), second.signer.kid());
        assert_eq!(first.linkage, second.linkage);
        let mode = |name: &str| fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(KEY), mode(SECRET), mode("")), (0o600, 0o600, 0o700));
        let set = fs::read_to_string(&first.public_key).unwrap();
        assert!(set.contains(first.signer.kid()) && !set.contains("\"d\""), "{set}");
    }

    #[test]
    fn the_usual_client_is_the_one_that_the_portal_registers() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let file = state.register(&format!("http://{ADDRESS}{CALLBACK}")).unwrap();
        let read = crate::idp::Clients::parse(&fs::read_to_string(file).unwrap(), folder.path());
        assert_eq!(read, Ok(crate::idp::Clients::new(vec![usual_client(folder.path())])));
    }

    #[test]
    fn a_damaged_file_is_reported_and_left() {
        for (name, content) in [(KEY, "no key"), (SECRET, "31 bytes"), (KEY, "\u{0}")] {
            let folder = tempfile::tempdir().unwrap();
            State::open(folder.path()).unwrap();
            fs::write(folder.path().join(name), content).unwrap();
            assert!(matches!(State::open(folder.path()), Err(StateError::Form { .. })));
            assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), content);
        }
    }

    #[test]
    fn an_rsa_key_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let rsa = Signer::generate(Algorithm::Rs256, &mut OsRng).unwrap();
        fs::write(folder.path().join(KEY), rsa.to_pem().unwrap().as_bytes()).unwrap();
        assert!(matches!(State::open(folder.path()), Err(StateError::Form { .. })));
    }
}
