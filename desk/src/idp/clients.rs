//! The registered relying parties, and the file that registers them.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;
use vmyna_apdu::{Language, ShowPath as _};
use vmyna_issuance::characters;

use super::scope::Scope;
use super::uri;
use crate::jose::{Algorithm, VerifyingKey, json, parse_jwks};

/// The most bytes of a registration file or a key file.
pub const LONGEST_FILE: u64 = 256 * 1024;
/// The most relying parties of a file.
const MOST_CLIENTS: usize = 100;
/// The most redirect URIs of a relying party.
const MOST_URIS: usize = 20;

/// The public keys of a relying party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// These.
    Set(Vec<VerifyingKey>),
    /// Those in a file, which is read each time, because the relying party may make it later or change it.
    File(PathBuf),
}

/// A relying party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its identifier: 1 to 255 letters and digits (`documented`).
    pub id: String,
    /// The name for people in English.
    pub name: String,
    /// The name for people in Japanese.
    pub name_ja: String,
    /// Where answers may go, byte for byte.
    pub redirect_uris: Vec<String>,
    /// What it may ask for.
    pub scopes: Vec<Scope>,
    /// The one algorithm of its assertions.
    pub algorithm: Algorithm,
    /// Its keys.
    pub keys: Keys,
}

impl Client {
    /// The name for people.
    #[must_use]
    pub fn title(&self, language: Language) -> &str {
        match language {
            Language::En => &self.name,
            Language::Ja => &self.name_ja,
        }
    }

    /// The key for an assertion whose header names `kid`; `None` if no key fits or the file can't be read. A key without an
    /// identifier of its own is used whatever the header names, if it is the only one.
    pub(super) fn key(&self, kid: Option<&str>) -> Option<VerifyingKey> {
        let set = match &self.keys {
            Keys::Set(set) => set.clone(),
            Keys::File(path) => read_keys(path).ok()?,
        };
        let mut fitting = set.into_iter().filter(|key| key.algorithm() == self.algorithm);
        match kid {
            None => fitting.next().filter(|_| fitting.next().is_none()),
            Some(kid) => {
                let fitting: Vec<_> = fitting.collect();
                let named = fitting.iter().find(|key| key.kid() == kid);
                let unnamed = || match fitting.as_slice() {
                    [only] if only.kid() == only.thumbprint() => Some(only),
                    _ => None,
                };
                named.or_else(unnamed).cloned()
            }
        }
    }
}

/// All registered relying parties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clients(Vec<Client>);

/// What is wrong with a registration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationError {
    /// The line, from 1 on.
    pub line: usize,
    /// The field, like `client[0].redirect_uris`; empty for an error of the syntax.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for RegistrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.is_empty() {
            true => write!(f, "line {}: {}", self.line, self.message),
            false => write!(f, "line {}: {}: {}", self.line, self.field, self.message),
        }
    }
}

impl std::error::Error for RegistrationError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    client: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    name: Spanned<String>,
    name_ja: Option<Spanned<String>>,
    redirect_uris: Spanned<Vec<Spanned<String>>>,
    scopes: Option<Spanned<Vec<String>>>,
    signing_alg: Spanned<String>,
    jwks: Option<Spanned<toml::Table>>,
    key_file: Option<Spanned<PathBuf>>,
}

impl Clients {
    /// These relying parties.
    #[must_use]
    pub const fn new(clients: Vec<Client>) -> Self {
        Self(clients)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Client> {
        self.0.iter()
    }

    /// The one with this identifier.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Client> {
        self.0.iter().find(|client| client.id == id)
    }

    /// Reads the text of a registration file. Names of key files are relative to `folder`; a key file is read once, so that
    /// its faults are found.
    ///
    /// # Errors
    /// All faults of the file, in its order.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Vec<RegistrationError>> {
        let line = |at: usize| text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        let file: File = toml::from_str(text).map_err(|error| {
            vec![RegistrationError {
                line: line(error.span().map_or(0, |span| span.start)),
                field: String::new(),
                message: error.message().to_owned(),
            }]
        })?;
        let mut reading = Reading {
            line: &line,
            folder,
            field: String::new(),
            errors: Vec::new(),
        };
        if file.client.is_empty() || file.client.len() > MOST_CLIENTS {
            reading.fault(
                0,
                "client",
                format!("a file registers 1 to {MOST_CLIENTS} relying parties"),
            );
        }
        let mut clients: Vec<Client> = Vec::new();
        for (number, entry) in file.client.into_iter().enumerate() {
            reading.field = format!("client[{number}].");
            let span = entry.span();
            let Some(client) = reading.client(entry.into_inner(), span.start) else {
                continue;
            };
            if clients.iter().any(|other| other.id == client.id) {
                reading.fault(span.start, "id", "there is another relying party of this identifier");
            }
            clients.push(client);
        }
        match reading.errors.is_empty() {
            true => Ok(Self(clients)),
            false => Err(reading.errors),
        }
    }
}

/// The reading of a file.
struct Reading<'r> {
    line: &'r dyn Fn(usize) -> usize,
    folder: &'r Path,
    /// The entry that is read, like `client[0].`.
    field: String,
    errors: Vec<RegistrationError>,
}

impl Reading<'_> {
    fn fault(&mut self, at: usize, field: &str, message: impl Into<String>) {
        self.errors.push(RegistrationError {
            line: (self.line)(at),
            field: format!("{}{field}", self.field),
            message: message.into(),
        });
    }

    fn client(&mut self, entry: Entry, at: usize) -> Option<Client> {
        let faults = self.errors.len();
        let is_id = |id: &str| (1..=255).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_id(entry.id.get_ref()) {
            self.fault(
                entry.id.span().start,
                "id",
                "an identifier is 1 to 255 letters and digits",
            );
        }
        let name = self.name("name", &entry.name);
        let name_ja = entry.name_ja.as_ref().map(|name| self.name("name_ja", name));
        let redirect_uris = self.redirect_uris(&entry.redirect_uris);
        let scopes = self.scopes(entry.scopes.as_ref());
        let algorithm = Algorithm::find(entry.signing_alg.get_ref());
        if algorithm.is_none() {
            self.fault(
                entry.signing_alg.span().start,
                "signing_alg",
                "the algorithm is RS256 or ES256",
            );
        }
        let keys = self.keys(&entry, at, algorithm);
        let (Some(algorithm), Some(keys)) = (algorithm, keys) else {
            return None;
        };
        (self.errors.len() == faults).then(|| Client {
            id: entry.id.into_inner(),
            name_ja: name_ja.unwrap_or_else(|| name.clone()),
            name,
            redirect_uris,
            scopes,
            algorithm,
            keys,
        })
    }

    fn name(&mut self, field: &str, name: &Spanned<String>) -> String {
        let (at, text) = (name.span().start, name.get_ref());
        if text.trim().is_empty() || text.chars().count() > 100 {
            self.fault(at, field, "a name has 1 to 100 characters");
        }
        // A person decides by the name, so it must be what it looks like.
        if let Err(bad) = characters::check(text) {
            self.fault(at, field, bad.to_string());
        }
        text.clone()
    }

    fn redirect_uris(&mut self, uris: &Spanned<Vec<Spanned<String>>>) -> Vec<String> {
        if uris.get_ref().is_empty() || uris.get_ref().len() > MOST_URIS {
            let message = format!("a relying party has 1 to {MOST_URIS} redirect URIs");
            self.fault(uris.span().start, "redirect_uris", message);
        }
        for (number, one) in uris.get_ref().iter().enumerate() {
            if let Err(rule) = uri::check_redirect(one.get_ref()) {
                self.fault(one.span().start, &format!("redirect_uris[{number}]"), rule);
            }
        }
        uris.get_ref().iter().map(|uri| uri.get_ref().clone()).collect()
    }

    fn scopes(&mut self, scopes: Option<&Spanned<Vec<String>>>) -> Vec<Scope> {
        let Some(names) = scopes else {
            return Scope::ALL.to_vec();
        };
        let scopes = Scope::list(&names.get_ref().join(" ")).filter(|scopes| scopes.contains(&Scope::Openid));
        if scopes.is_none() {
            let all = Scope::text(&Scope::ALL);
            self.fault(names.span().start, "scopes", format!("openid, and others of: {all}"));
        }
        scopes.unwrap_or_default()
    }

    fn keys(&mut self, entry: &Entry, at: usize, algorithm: Option<Algorithm>) -> Option<Keys> {
        let (field, at, read) = match (&entry.jwks, &entry.key_file) {
            (Some(jwks), None) => {
                let set = serde_json::to_value(jwks.get_ref()).map_err(|error| error.to_string());
                let set = set.and_then(|set| keys_of(&set));
                ("jwks", jwks.span().start, set.map(|set| (Keys::Set(set.clone()), set)))
            }
            (None, Some(path)) => {
                let file = self.folder.join(path.get_ref());
                let set = read_keys(&file);
                ("key_file", path.span().start, set.map(|set| (Keys::File(file), set)))
            }
            _ => {
                self.fault(at, "jwks", "either jwks or key_file holds the public key");
                return None;
            }
        };
        match read {
            Err(message) => self.fault(at, field, message),
            Ok((_, set)) if algorithm.is_some_and(|one| set.iter().all(|key| key.algorithm() != one)) => {
                self.fault(at, field, "there is no key for signing_alg");
            }
            Ok((keys, _)) => return Some(keys),
        }
        None
    }
}

fn keys_of(set: &Value) -> Result<Vec<VerifyingKey>, String> {
    let parsed = match set.get("keys") {
        Some(_) => parse_jwks(set),
        None => VerifyingKey::from_jwk(set).map(|key| vec![key]),
    };
    parsed
        .ok()
        .filter(|keys| !keys.is_empty())
        .ok_or_else(|| "this is no set of public keys (JWKS) with one for RS256 or ES256".to_owned())
}

/// The keys in a file: a PEM public key, a JWK or a set of them.
fn read_keys(path: &Path) -> Result<Vec<VerifyingKey>, String> {
    let text = vmyna_files::read_text(path, LONGEST_FILE).map_err(|error| format!("{}: {error}", path.shown()))?;
    if text.trim_start().starts_with("-----BEGIN") {
        let key = VerifyingKey::from_pem(&text);
        return key
            .map(|key| vec![key])
            .map_err(|_| format!("{}: this is no public key of RSA or P-256, PEM", path.shown()));
    }
    let set = json::object(text.as_bytes()).map(Value::Object);
    let set = set.ok_or_else(|| format!("{}: this is neither PEM nor a JSON object", path.shown()))?;
    keys_of(&set).map_err(|message| format!("{}: {message}", path.shown()))
}
