//! A provider with its relying parties, cards and authority.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, SystemTime};

use rand_core::{OsRng, RngCore};
use serde_json::Value;
use sha2::{Digest, Sha256};
use vmyna::CardSource;
use vmyna_applets::issued::{IssuedCard, MobileDocument};
use vmyna_applets::{PhoneKind, Profile, image};
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{Certificate, Register, whole_seconds};
use vmyna_authority::revocation_list::of_mdoc_root;
use vmyna_authority::verifier::compare::Claims as Compared;
use vmyna_authority::verifier::report::Report;
use vmyna_authority::verifier::revocation::Sources;
use vmyna_authority::verifier::trust::Trust;
use vmyna_authority::verifier::{self, Settings as Verification};
use vmyna_desk::http::{HttpServer, Limits};
use vmyna_desk::idp::{
    Authority, CardSignature, Clients, KeyRing, PresentedDocument, Settings, TIME_LIMIT, linked, router,
};
use vmyna_desk::jose::{Algorithm, Claims, Signer, base64url, jwks, sign};
use vmyna_issuance::mdoc::{Root, device_key, issue};

use crate::http::{Reply, form, send};

/// The realm's path.
pub(crate) const REALM: &str = "/api/realms/main";
/// The redirect URI of every relying party here.
pub(crate) const REDIRECT: &str = "http://127.0.0.1:3000/callback";
/// All four items.
pub(crate) const ITEMS: &str = "openid name address birthdate gender";

/// The keys of a relying party with ES256, and of one with RS256.
pub(crate) static SHOP: LazyLock<Signer> = LazyLock::new(|| signer(Algorithm::Es256, "shop-1"));
pub(crate) static BANK: LazyLock<Signer> = LazyLock::new(|| signer(Algorithm::Rs256, "bank-1"));

fn signer(algorithm: Algorithm, kid: &str) -> Signer {
    Signer::generate(algorithm, &mut OsRng).unwrap().with_kid(kid).unwrap()
}

/// The provider's keys are made once for all tests, because an RSA key takes long.
fn keys() -> KeyRing {
    static FILE: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        KeyRing::kept(&folder.path().join("keys.pem")).unwrap();
        folder
    });
    // A copy, because a provider that renews its keys writes them.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("keys.pem");
    std::fs::copy(FILE.path().join("keys.pem"), &copy).unwrap();
    let keys = KeyRing::kept(&copy).unwrap();
    // The folder stays for the life of the process: a key may be renewed later.
    std::mem::forget(folder);
    keys
}

/// The authority of the specimens, with a register in a file.
struct Specimens {
    register: PathBuf,
    trust: Trust,
    /// The elements of an mdoc that were asked for last.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Authority for Specimens {
    fn linked(&self, certificate: &[u8]) -> Option<[u8; 32]> {
        linked(&SqliteRegister::open(&self.register).unwrap(), certificate).unwrap()
    }

    fn verify_document(&self, presented: &PresentedDocument) -> vmyna_mdoc::Report {
        let now = whole_seconds(SystemTime::now()).unwrap();
        let wanted = presented.request.doc_requests().iter().flat_map(|one| one.wanted());
        let wanted = wanted.map(|one| one.identifier.clone());
        *self.asked.lock().unwrap() = wanted.collect();
        let roots = vmyna_issuance::specimen::mdoc().unwrap().roots(now).unwrap();
        let anchors: Vec<&[u8]> = roots.iter().map(Root::certificate).collect();
        let lists = roots.iter().map(|root| of_mdoc_root(root, &[], now).unwrap());
        let lists: Vec<_> = lists.collect();
        let options = vmyna_mdoc::Options {
            request: Some(&presented.request),
            lists: &lists,
            ..vmyna_mdoc::Options::default()
        };
        vmyna_mdoc::verify(&presented.response, &presented.transcript, &anchors, now, &options)
    }

    fn verify(&self, signature: &CardSignature<'_>) -> Report {
        let register = SqliteRegister::open(&self.register).unwrap();
        let now = whole_seconds(SystemTime::now()).unwrap();
        let mut nonce = [0; 32];
        OsRng.fill_bytes(&mut nonce);
        let settings = Verification {
            trust: self.trust.clone(),
            at: now,
            clock: now,
            purpose: Some(signature.purpose),
            form: Some(signature.form),
            revocation: Sources {
                registers: vec![&register],
                ..Sources::default()
            },
            nonce,
        };
        let (value, certificate) = (signature.value, signature.certificate);
        let message = &signature.message;
        verifier::signature(
            value,
            message,
            certificate,
            Vec::new(),
            &settings,
            &mut Compared::default(),
        )
    }
}

/// What a test can change of a provider.
pub(crate) struct Options {
    pub(crate) cards: Vec<CardSource>,
    pub(crate) rotate_after: Option<u64>,
    pub(crate) limits: Limits,
    /// Keys of the relying party `shop` in a file in place of the registration.
    pub(crate) key_file: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        let cards = ["hanako", "expired", "child", "no-pin", "foreign"];
        Self {
            cards: cards.map(|name| format!("specimen:{name}").parse().unwrap()).into(),
            rotate_after: None,
            limits: Limits::default(),
            key_file: None,
        }
    }
}

/// A provider that runs.
pub(crate) struct Rig {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Arc<AtomicU64>,
    pub(crate) register: PathBuf,
    /// The elements of an mdoc that were asked for last.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    log: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
    folder: tempfile::TempDir,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let register = folder.path().join("register.sqlite");
        let mut made = SqliteRegister::open_or_make(&register).unwrap();
        for name in vmyna_applets::specimen::names().unwrap() {
            let card = vmyna_applets::specimen::find(name).unwrap().unwrap();
            made.record(&Certificate::of_card(&card).unwrap()).unwrap();
        }
        let mut trust = Trust::default();
        for authority in vmyna_issuance::specimen::certifying().unwrap() {
            trust.certificate(authority.certificate(), true).unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let clock = Arc::new(AtomicU64::new(vmyna_desk::idp::machine_clock()));
        let log = Arc::<Mutex<Vec<String>>>::default();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (time, lines) = (Arc::clone(&clock), Arc::clone(&log));
        let settings = Settings {
            clients: Clients::parse(&registration(options.key_file.as_deref()), folder.path()).unwrap(),
            cards: options.cards,
            authority: Box::new(Specimens {
                register: register.clone(),
                trust,
                asked: Arc::clone(&asked),
            }),
            keys: keys().rotated_after(options.rotate_after),
            clock: Box::new(move || time.load(Ordering::SeqCst)),
            time_limit: TIME_LIMIT,
            log: Box::new(move |line| lines.lock().unwrap().push(line.to_owned())),
        };
        let server = HttpServer {
            listeners: vec![listener],
            hosts: Vec::new(),
            limits: options.limits,
        };
        let stop = Arc::<AtomicBool>::default();
        let end = Arc::clone(&stop);
        let serve = move || server.run(router(settings), &end).unwrap();
        Self {
            address,
            clock,
            register,
            asked,
            log,
            stop,
            server: Some(Builder::new().spawn(serve).unwrap()),
            folder,
        }
    }

    /// An issued copy of Hanako's card, which keeps its state.
    pub(crate) fn issued() -> (tempfile::TempDir, CardSource) {
        Self::kept(&CardSource::hanako().issued().unwrap())
    }

    /// An image of this card.
    pub(crate) fn kept(card: &IssuedCard) -> (tempfile::TempDir, CardSource) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("card.vmyna");
        let mut file = image::create(&path).unwrap();
        file.add(card).unwrap();
        file.finish().unwrap();
        (folder, CardSource::Image(path, None))
    }

    /// A phone with the certificates of Hanako's card, and without an mdoc.
    pub(crate) fn phone(kind: PhoneKind) -> (tempfile::TempDir, CardSource) {
        Self::phone_with(kind, None)
    }

    pub(crate) fn phone_with(kind: PhoneKind, mdoc: Option<MobileDocument>) -> (tempfile::TempDir, CardSource) {
        let card = CardSource::hanako().issued().unwrap();
        let phone = IssuedCard::of_phone(card.name, Profile::phone(kind), card.summary, card.jpki, mdoc);
        Self::kept(&phone)
    }

    /// The mdoc of Hanako's card that the authority of the specimens issued so many days ago.
    pub(crate) fn mdoc(days: u64) -> MobileDocument {
        let now = whole_seconds(SystemTime::now() - Duration::from_secs(days * 86_400)).unwrap();
        let signer = vmyna_issuance::specimen::mdoc().unwrap().signer(now, 0).unwrap();
        let key = device_key(&mut OsRng).unwrap();
        issue(&signer, &CardSource::hanako().issued().unwrap(), &key, now, &mut OsRng).unwrap()
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The issuer, asked for as `localhost`.
    pub(crate) fn issuer(&self) -> String {
        format!("http://localhost:{}{REALM}", self.address.port())
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://localhost:{}", self.address.port())
    }

    pub(crate) fn endpoint(name: &str) -> String {
        format!("{REALM}/protocol/openid-connect/{name}")
    }

    /// Lets so many seconds go by.
    pub(crate) fn wait(&self, seconds: u64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.load(Ordering::SeqCst)
    }

    /// What was logged.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        send(self.address, &format!("GET {path}"), &[], b"")
    }

    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        send(self.address, &format!("GET {path}"), headers, b"")
    }

    /// Posts a form as a program does.
    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], pairs: &[(String, String)]) -> Reply {
        let typed = headers.iter().any(|(name, _)| *name == "Content-Type");
        let form_type = ("Content-Type", "application/x-www-form-urlencoded");
        let mut all: Vec<_> = (!typed).then_some(form_type).into_iter().collect();
        all.extend(headers);
        send(self.address, &format!("POST {path}"), &all, form(pairs).as_bytes())
    }

    /// Begins a log-in as a browser does.
    pub(crate) fn authorize(&self, request: &Request) -> Reply {
        self.get(&format!("{}?{}", Self::endpoint("auth"), form(&request.pairs)))
    }

    /// Answers a page as a browser does.
    pub(crate) fn submit(&self, page: &Reply, pairs: &[(&str, &str)]) -> Reply {
        let token = transaction(page);
        let mut all = owned(&[("transaction", &token)]);
        all.extend(owned(pairs));
        let origin = self.origin();
        let reply = self.post("/api/realms/main/login", &[("Origin", &origin)], &all);
        // The page that answers a form with a PIN is at an address of its own.
        match reply.header("location") {
            Some(page) if page.starts_with("/api/realms/main/login?page=") => self.get(page),
            _ => reply,
        }
    }

    /// A log-in with the card of this number to its end.
    pub(crate) fn log_in(&self, request: &Request, card: usize) -> Reply {
        let page = self.authorize(request);
        let page = self.submit(&page, &[("action", "choose"), ("card", &card.to_string())]);
        let pins = [
            ("auth_pin", "1234"),
            ("input_assist_pin", "1234"),
            ("sign_password", "ABC123"),
        ];
        self.submit(&page, &[&[("action", "prove")], &pins[..]].concat())
    }

    /// A code for the relying party `shop`.
    pub(crate) fn code(&self, request: &Request) -> String {
        self.log_in(request, 0).parameter("code").unwrap()
    }

    /// Exchanges a code; `change` changes the form.
    pub(crate) fn exchange(&self, request: &Request, code: &str, change: impl FnOnce(&mut Pairs)) -> Reply {
        let mut pairs = Pairs(owned(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", &request.verifier),
        ]));
        pairs.authenticated(&self.issuer(), request.signer(), &request.client, self.now());
        change(&mut pairs);
        self.post(&Self::endpoint("token"), &[], &pairs.0)
    }

    /// The tokens of a log-in with Hanako's card.
    pub(crate) fn tokens(&self, request: &Request) -> Value {
        let code = self.code(request);
        let reply = self.exchange(request, &code, |_| ());
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// Exchanges a refresh token.
    pub(crate) fn refresh(&self, request: &Request, token: &str, change: impl FnOnce(&mut Pairs)) -> Reply {
        let mut pairs = Pairs(owned(&[("grant_type", "refresh_token"), ("refresh_token", token)]));
        pairs.authenticated(&self.issuer(), request.signer(), &request.client, self.now());
        change(&mut pairs);
        self.post(&Self::endpoint("token"), &[], &pairs.0)
    }

    /// Userinfo for a token.
    pub(crate) fn userinfo(&self, token: &str) -> Reply {
        let authorization = format!("Bearer {token}");
        self.get_with(&Self::endpoint("userinfo"), &[("Authorization", &authorization)])
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let ended = self.server.take().map(JoinHandle::join);
        assert!(matches!(ended, Some(Ok(()))) || std::thread::panicking());
    }
}

/// The registration of the relying parties.
fn registration(key_file: Option<&std::path::Path>) -> String {
    let mut text = String::new();
    for (id, algorithm, signer, scopes) in [
        (
            "shop",
            "ES256",
            &*SHOP,
            r#"["openid", "name", "address", "birthdate", "gender", "sign"]"#,
        ),
        ("bank", "RS256", &*BANK, r#"["openid", "name"]"#),
    ] {
        let set = toml::Table::try_from(jwks([signer.public()])).unwrap();
        let key = match key_file.filter(|_| id == "shop") {
            Some(file) => format!("key_file = {file:?}"),
            None => format!("jwks = {}", toml::Value::Table(set)),
        };
        writeln!(
            text,
            "[[client]]\nid = \"{id}\"\nname = \"The {id}\"\nname_ja = \"見本の{id}\"\nredirect_uris = [\"{REDIRECT}\", \
             \"https://rp.example/cb?a=b\"]\nscopes = {scopes}\nsigning_alg = \"{algorithm}\"\n{key}\n"
        )
        .unwrap();
    }
    text
}

/// The one-time token of a page.
pub(crate) fn transaction(page: &Reply) -> String {
    assert_eq!(page.status, 200, "{page:?}");
    let (_, rest) = page
        .body
        .split_once(r#"name="transaction" value=""#)
        .unwrap_or_else(|| panic!("{page:?}"));
    rest.split_once('"').unwrap().0.to_owned()
}

pub(crate) fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    pairs.collect()
}

/// The parameters of a request.
#[derive(Clone)]
pub(crate) struct Pairs(pub(crate) Vec<(String, String)>);

impl Pairs {
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.0.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(other, _)| other != name);
    }

    /// Adds an assertion of the relying party.
    pub(crate) fn authenticated(&mut self, audience: &str, signer: &Signer, client: &str, now: u64) {
        let token = sign(signer, "JWT", &assertion(audience, client, now)).unwrap();
        self.set(
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        );
        self.set("client_assertion", &token);
    }
}

/// The claims of an assertion that is accepted.
pub(crate) fn assertion(audience: &str, client: &str, now: u64) -> Claims {
    Claims::new([
        ("iss", client.into()),
        ("sub", client.into()),
        ("aud", audience.into()),
        ("exp", (now + 60).into()),
        ("iat", now.into()),
        ("jti", random().into()),
    ])
}

pub(crate) fn random() -> String {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    base64url::encode(&bytes)
}

/// An authorization request that is accepted.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) client: String,
    pub(crate) verifier: String,
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) pairs: Vec<(String, String)>,
}

impl Request {
    /// Of the relying party `shop`.
    pub(crate) fn new(scope: &str) -> Self {
        Self::of("shop", scope)
    }

    pub(crate) fn of(client: &str, scope: &str) -> Self {
        let (verifier, state, nonce) = (random(), random(), random());
        let challenge = base64url::encode(&Sha256::digest(&verifier));
        let pairs = owned(&[
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", REDIRECT),
            ("scope", scope),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        Self {
            client: client.to_owned(),
            verifier,
            state,
            nonce,
            pairs,
        }
    }

    pub(crate) fn signer(&self) -> &'static Signer {
        match &*self.client {
            "bank" => &BANK,
            _ => &SHOP,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.pairs.retain(|(other, _)| other != name);
        self.also(name, value)
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.pairs.retain(|(other, _)| other != name);
        self
    }

    pub(crate) fn also(mut self, name: &str, value: &str) -> Self {
        self.pairs.push((name.to_owned(), value.to_owned()));
        self
    }
}
