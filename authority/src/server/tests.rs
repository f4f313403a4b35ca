//! The server as openssl and GnuTLS see it.

mod harm;
mod mdoc;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use der::Encode;
use tempfile::TempDir;
use vmyna_applets::jpki::CertifiedKey;
use vmyna_applets::specimen;
use vmyna_issuance::specimen as authorities;
use vmyna_issuance::x509::names::Hierarchy;
use vmyna_testkit::client;

use super::*;
use crate::register::sqlite::SqliteRegister;
use crate::register::{Certificate, IssuerId, Reason, Recorded, Revocation, Revoked};

/// A server for the specimens' authorities, with what clients need in a folder.
struct Rig {
    folder: TempDir,
    register: SqliteRegister,
    port: u16,
    stop: Arc<AtomicBool>,
    log: Arc<Mutex<Vec<Event>>>,
    thread: Option<JoinHandle<Result<(), ServerError>>>,
}

/// What a test changes of the server.
struct Setting {
    refresh: Duration,
    limits: Limits,
    faults: Faults,
    clock: Clock,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            refresh: Duration::ZERO,
            limits: Limits::default(),
            faults: Faults::default(),
            clock: Clock::Machine,
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.store(true, std::sync::atomic::Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(matches!(ended, Ok(Ok(()))) || thread::panicking(), "the server failed");
        }
    }
}

fn key(name: &str, hierarchy: Hierarchy) -> CertifiedKey {
    let card = specimen::find(name).unwrap().unwrap();
    match hierarchy {
        Hierarchy::Signature => card.jpki.sign.unwrap(),
        Hierarchy::Authentication => card.jpki.auth.unwrap(),
    }
}

fn registered(name: &str, hierarchy: Hierarchy) -> Certificate {
    let card = specimen::find(name).unwrap().unwrap();
    let both = Certificate::of_card(&card).unwrap();
    both.into_iter().find(|one| one.hierarchy == hierarchy).unwrap()
}

const BOTH: [Hierarchy; 2] = [Hierarchy::Signature, Hierarchy::Authentication];

impl Rig {
    fn start(setting: Setting) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("register.sqlite");
        let mut register = SqliteRegister::open_or_make(&path).unwrap();
        let hanako = BOTH.map(|hierarchy| registered("hanako", hierarchy));
        assert_eq!(register.record(&hanako).unwrap(), [Recorded::New; 2]);
        for name in ["hanako", "foreign"] {
            for hierarchy in BOTH {
                write_pem(
                    folder.path(),
                    &format!("{name}-{}", of(hierarchy)),
                    "CERTIFICATE",
                    &key(name, hierarchy).certificate,
                );
            }
        }
        let authorities = authorities::certifying().unwrap();
        // The newest of each comes last.
        for authority in &authorities {
            write_pem(
                folder.path(),
                &format!("{}-ca", of(authority.hierarchy())),
                "CERTIFICATE",
                authority.certificate(),
            );
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::<Mutex<Vec<Event>>>::default();
        let (noted, stop) = (Arc::clone(&log), Arc::<AtomicBool>::default());
        let server = Server {
            authorities,
            mdoc: Some(self::authorities::mdoc().unwrap()),
            register: Box::new(move || Ok(Box::new(SqliteRegister::open(&path)?))),
            listeners: vec![listener],
            hosts: vec!["authority.test".to_owned()],
            clock: setting.clock,
            refresh: setting.refresh,
            limits: setting.limits,
            faults: setting.faults,
            log: Box::new(move |event| noted.lock().unwrap().push(event.clone())),
        };
        let ended = Arc::clone(&stop);
        let thread = thread::spawn(move || server.run(&ended));
        Self {
            folder,
            register,
            port,
            stop,
            log,
            thread: Some(thread),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn revoke(&mut self, name: &str, hierarchy: Hierarchy, reason: Reason) -> (IssuerId, u32) {
        let certificate = registered(name, hierarchy);
        let at = "2026-11-20T03:04:05Z".parse().unwrap();
        let revoked = self
            .register
            .revoke(certificate.issuer, certificate.serial, Revocation { at, reason });
        assert_eq!(revoked.unwrap(), Revoked::Now);
        (certificate.issuer, certificate.serial)
    }

    /// What `openssl ocsp` prints of a certificate. It ends with 0 also when the certificate is revoked.
    fn openssl(&self, name: &str, hierarchy: Hierarchy, options: &[&str]) -> String {
        let of = of(hierarchy);
        let ca = self.path(&format!("{of}-ca.pem"));
        let mut openssl = client("openssl", "openssl");
        openssl
            .args(["ocsp", "-CAfile"])
            .arg(&ca)
            .arg("-issuer")
            .arg(&ca)
            .args(options);
        openssl.arg("-cert").arg(self.path(&format!("{name}-{of}.pem")));
        openssl
            .arg("-url")
            .arg(format!("http://127.0.0.1:{}/ocsp/{of}-ca", self.port));
        printed(&mut openssl)
    }

    fn get(&self, path: &str) -> (u16, Vec<u8>) {
        self.http(&format!(
            "GET {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n",
            self.port
        ))
    }

    /// Sends bytes and reads the answer: its status and body.
    fn http(&self, request: &str) -> (u16, Vec<u8>) {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        read_answer(&mut stream)
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    fn verify(&self, certificate: &str, ca: &str, lists: &[&str], options: &[&str]) -> String {
        let mut openssl = client("openssl", "openssl");
        openssl.args(["verify", "-CAfile"]).arg(self.path(ca)).args(options);
        for list in lists {
            let (status, der) = self.get(&format!("/crl/{list}"));
            assert_eq!(status, 200, "{list}");
            let file = list.replace('/', "-");
            write_pem(self.folder.path(), &file, "X509 CRL", &der);
            openssl.arg("-CRLfile").arg(self.path(&format!("{file}.pem")));
        }
        openssl.arg(self.path(certificate));
        printed(&mut openssl)
    }
}

fn of(hierarchy: Hierarchy) -> &'static str {
    match hierarchy {
        Hierarchy::Signature => "sign",
        Hierarchy::Authentication => "auth",
    }
}

fn write_pem(folder: &Path, name: &str, label: &str, der: &[u8]) {
    let pem = der::pem::encode_string(label, der::pem::LineEnding::LF, der).unwrap();
    std::fs::write(folder.join(format!("{name}.pem")), pem).unwrap();
}

/// What a program prints on both outputs.
fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

fn read_answer(stream: &mut TcpStream) -> (u16, Vec<u8>) {
    let mut bytes = Vec::new();
    // A connection that was cut off may be reset.
    let _ = stream.read_to_end(&mut bytes);
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return (0, bytes);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or(0), bytes[end + 4..].to_vec())
}

#[test]
fn openssl_and_gnutls_see_good_revoked_and_unknown_of_both_hierarchies() {
    let mut rig = Rig::start(Setting::default());
    for hierarchy in BOTH {
        for options in [&[][..], &["-sha256"], &["-no_nonce"], &["-no_nonce", "-sha256"]] {
            let text = rig.openssl("hanako", hierarchy, options);
            assert!(
                text.contains("Response verify OK") && text.contains("hanako-"),
                "{text}"
            );
            assert!(text.contains(": good"), "{text}");
            assert!(!text.contains("WARNING"), "{text}");
            let text = rig.openssl("foreign", hierarchy, options);
            assert!(
                text.contains("Response verify OK") && text.contains(": unknown"),
                "{text}"
            );
        }
    }
    rig.revoke("hanako", Hierarchy::Authentication, Reason::KeyCompromise);
    for options in [&[][..], &["-no_nonce"]] {
        let text = rig.openssl("hanako", Hierarchy::Authentication, options);
        assert!(
            text.contains(": revoked") && text.contains("Reason: keyCompromise"),
            "{text}"
        );
        assert!(text.contains("Revocation Time: Nov 20 03:04:05 2026 GMT"), "{text}");
        assert!(text.contains("Response verify OK"), "{text}");
        let text = rig.openssl("hanako", Hierarchy::Signature, options);
        assert!(text.contains(": good"), "{text}");
    }
    let ask = |of: &str| {
        let mut ocsptool = client("ocsptool", "gnutls-bin");
        ocsptool
            .arg(format!("--ask=http://localhost:{}/ocsp/{of}-ca", rig.port))
            .arg("--nonce");
        ocsptool.arg("--load-cert").arg(rig.path(&format!("hanako-{of}.pem")));
        for option in ["--load-issuer", "--load-trust"] {
            ocsptool.arg(option).arg(rig.path(&format!("{of}-ca.pem")));
        }
        printed(&mut ocsptool)
    };
    let (auth, sign) = (ask("auth"), ask("sign"));
    assert!(
        auth.contains("Certificate Status: revoked") && auth.contains("Verifying OCSP Response: Success"),
        "{auth}"
    );
    assert!(
        sign.contains("Certificate Status: good") && sign.contains("Verifying OCSP Response: Success"),
        "{sign}"
    );
}

#[test]
fn every_reason_reaches_the_client_as_it_is() {
    for reason in Reason::ALL {
        let mut rig = Rig::start(Setting::default());
        rig.revoke("hanako", Hierarchy::Signature, reason);
        let text = rig.openssl("hanako", Hierarchy::Signature, &[]);
        let expected = format!("Reason: {}", reason.name());
        // A reason that says nothing is left out.
        assert_eq!(text.contains("Reason: "), reason != Reason::Unspecified, "{text}");
        assert!(reason == Reason::Unspecified || text.contains(&expected), "{text}");
        let (_, list) = rig.get("/crl/sign-ca.crl");
        write_pem(rig.folder.path(), "list", "X509 CRL", &list);
        let mut openssl = client("openssl", "openssl");
        openssl
            .args(["crl", "-noout", "-text", "-in"])
            .arg(rig.path("list.pem"));
        let text = printed(&mut openssl);
        assert!(text.contains("Revocation Date: Nov 20 03:04:05 2026 GMT"), "{text}");
        assert_eq!(
            text.contains("CRL Reason Code"),
            reason != Reason::Unspecified,
            "{text}"
        );
    }
}

#[test]
fn between_two_looks_at_the_register_answers_stay_as_they_were_but_what_is_new_is_found() {
    let mut rig = Rig::start(Setting {
        refresh: REFRESH,
        ..Setting::default()
    });
    let good = rig.openssl("hanako", Hierarchy::Signature, &[]);
    assert!(good.contains(": good"), "{good}");
    rig.revoke("hanako", Hierarchy::Signature, Reason::AffiliationChanged);
    let text = rig.openssl("hanako", Hierarchy::Signature, &[]);
    let times = |text: &str| {
        let lines = text.lines().filter(|line| line.contains("Update"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(text.contains(": good"), "{text}");
    assert_eq!(times(&text), times(&good));
    // A certificate that was issued after the last look: the register is looked at for it, and shows all it holds.
    let foreign = registered("foreign", Hierarchy::Signature);
    rig.register.record(&[foreign]).unwrap();
    let text = rig.openssl("foreign", Hierarchy::Signature, &[]);
    assert!(text.contains(": good"), "{text}");
    let text = rig.openssl("hanako", Hierarchy::Signature, &[]);
    assert!(text.contains(": revoked"), "{text}");
}

#[test]
fn the_same_request_has_the_same_answer_until_the_register_changes_and_a_nonce_has_its_own() {
    let mut rig = Rig::start(Setting::default());
    let ask = |rig: &Rig, options: &[&str]| {
        let answer = rig.path("answer.der");
        let mut options = options.to_vec();
        options.extend(["-respout", answer.to_str().unwrap()]);
        rig.openssl("hanako", Hierarchy::Signature, &options);
        std::fs::read(answer).unwrap()
    };
    let first = ask(&rig, &["-no_nonce"]);
    assert_eq!(ask(&rig, &["-no_nonce"]), first);
    assert_ne!(ask(&rig, &[]), ask(&rig, &[]));
    rig.revoke("hanako", Hierarchy::Signature, Reason::Superseded);
    assert_ne!(ask(&rig, &["-no_nonce"]), first);
}

#[test]
fn openssl_and_gnutls_take_the_lists_that_they_can_take() {
    let mut rig = Rig::start(Setting::default());
    let foreign = registered("foreign", Hierarchy::Signature);
    let hanako = registered("hanako", Hierarchy::Signature);
    rig.register.record(std::slice::from_ref(&foreign)).unwrap();
    let own = format!("sign-ca/{}.crl", hanako.municipality);
    let valid = |text: &str| assert!(text.ends_with(": OK\n"), "{text}");
    valid(&rig.verify("hanako-sign.pem", "sign-ca.pem", &["sign-ca.crl"], &["-crl_check"]));
    valid(&rig.verify("hanako-sign.pem", "sign-ca.pem", &[&own], &["-crl_check"]));
    let all = ["sign-ca/authorities.crl", &own];
    valid(&rig.verify("hanako-sign.pem", "sign-ca.pem", &all, &["-crl_check_all"]));
    // By the key's own name, as a client must ask that has a certificate of an older key.
    let by_key = format!("{}.crl", hanako.issuer);
    valid(&rig.verify("hanako-sign.pem", "sign-ca.pem", &[&by_key], &["-crl_check"]));
    rig.revoke("hanako", Hierarchy::Signature, Reason::AffiliationChanged);
    for list in ["sign-ca.crl", &own] {
        let text = rig.verify("hanako-sign.pem", "sign-ca.pem", &[list], &["-crl_check"]);
        assert!(text.contains("error 23") && text.contains("revoked"), "{text}");
    }
    valid(&rig.verify("foreign-sign.pem", "sign-ca.pem", &["sign-ca.crl"], &["-crl_check"]));
    if foreign.municipality != hanako.municipality {
        let text = rig.verify("foreign-sign.pem", "sign-ca.pem", &[&own], &["-crl_check"]);
        assert!(text.contains("error 44"), "{text}");
    }
    let mut certtool = client("certtool", "gnutls-bin");
    certtool
        .arg("--verify")
        .arg("--infile")
        .arg(rig.path("hanako-sign.pem"));
    certtool.arg("--load-ca-certificate").arg(rig.path("sign-ca.pem"));
    certtool.arg("--load-crl").arg(rig.path("sign-ca.crl.pem"));
    let text = printed(&mut certtool);
    assert!(text.contains("revoked"), "{text}");
    for (path, status) in [
        ("/crl/sign-ca/99999.crl", 404),
        ("/crl/other.crl", 404),
        ("/crl/sign-ca", 404),
        ("/crl/sign-ca/../../etc/passwd", 404),
        ("/ca/sign-ca.cer", 200),
        ("/ca/auth-ca.pem", 200),
        ("/ca/sign-ca/key.pem", 404),
        ("/cps.txt", 200),
        ("/", 200),
    ] {
        assert_eq!(rig.get(path).0, status, "{path}");
    }
    let (_, pem) = rig.get("/ca/sign-ca.pem");
    assert_eq!(pem, std::fs::read(rig.path("sign-ca.pem")).unwrap());
}

/// A request for one certificate, as openssl writes it.
fn request(rig: &Rig) -> Vec<u8> {
    let (file, ca) = (rig.path("request.der"), rig.path("sign-ca.pem"));
    let mut openssl = client("openssl", "openssl");
    openssl.args(["ocsp", "-no_nonce", "-issuer"]).arg(ca);
    openssl
        .arg("-cert")
        .arg(rig.path("hanako-sign.pem"))
        .arg("-reqout")
        .arg(&file);
    assert!(openssl.output().unwrap().status.success());
    std::fs::read(file).unwrap()
}

#[test]
fn a_request_in_the_path_is_read_as_clients_write_it() {
    let rig = Rig::start(Setting::default());
    let request = request(&rig);
    let padded = <base64ct::Base64 as base64ct::Encoding>::encode_string(&request);
    let bare = padded.trim_end_matches('=').to_owned();
    let escaped = padded.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
    let answers: Vec<_> = [&padded, &bare, &escaped, &format!("/{padded}")]
        .map(|text| rig.get(&format!("/ocsp/sign-ca/{text}")))
        .into();
    assert_eq!(answers[0].0, 200);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(rig.get("/ocsp/sign-ca/!!!!").0, 400);
    assert_eq!(rig.get("/ocsp/sign-ca").0, 400);
    assert_eq!(rig.get(&format!("/ocsp/other-ca/{bare}")).0, 404);
}

/// The status of an answer that is not signed.
fn error_of(answer: &[u8]) -> Option<u8> {
    match answer {
        [0x30, 0x03, 0x0A, 0x01, status] => Some(*status),
        _ => None,
    }
}

#[test]
fn a_request_that_is_none_or_asks_too_much_is_refused_in_the_protocol() {
    let rig = Rig::start(Setting::default());
    let post = |body: &[u8]| {
        let mut stream = rig.connect();
        let head = format!(
            "POST /ocsp/sign-ca HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        read_answer(&mut stream)
    };
    let request = request(&rig);
    for cut in [0, 1, 7, request.len() - 1] {
        let (status, answer) = post(&request[..cut]);
        assert_eq!((status, error_of(&answer)), (200, Some(1)), "cut to {cut}");
    }
    let trailing = [&request[..], &[0]].concat();
    assert_eq!(error_of(&post(&trailing).1), Some(1));
    // As many as are allowed, and one more.
    let one = <x509_ocsp::OcspRequest as der::Decode>::from_der(&request).unwrap();
    for (count, refused) in [
        (crate::ocsp::MOST_CERTIFICATES, None),
        (crate::ocsp::MOST_CERTIFICATES + 1, Some(1)),
    ] {
        let mut many = one.clone();
        many.tbs_request.request_list = vec![one.tbs_request.request_list[0].clone(); count];
        assert_eq!(error_of(&post(&many.to_der().unwrap()).1), refused, "{count}");
    }
    // Certificates of two keys: no responder can sign for both.
    let mut mixed = one.clone();
    let mut other = one.tbs_request.request_list[0].clone();
    other.req_cert.issuer_key_hash = der::asn1::OctetString::new([7; 20]).unwrap();
    mixed.tbs_request.request_list.push(other);
    assert_eq!(error_of(&post(&mixed.to_der().unwrap()).1), Some(6));
    assert_eq!(post(&vec![0; 16 * 1024 + 1]).0, 413);
}

#[test]
fn each_fault_is_one_that_openssl_sees() {
    let fault = |faults: Faults| {
        let rig = Rig::start(Setting {
            faults,
            ..Setting::default()
        });
        rig.openssl("hanako", Hierarchy::Signature, &[])
    };
    let none = Faults::default();
    let text = fault(Faults {
        try_later: true,
        ..none
    });
    assert!(text.contains("trylater"), "{text}");
    let text = fault(Faults {
        wrong_signer: true,
        ..none
    });
    assert!(text.contains("Response Verify Failure"), "{text}");
    let text = fault(Faults { stale: true, ..none });
    assert!(
        text.contains("Status times invalid") || text.contains("status expired"),
        "{text}"
    );
    let began = Instant::now();
    let slow = Duration::from_millis(700);
    let text = fault(Faults { slow, ..none });
    assert!(text.contains(": good") && began.elapsed() >= slow, "{text}");
}

#[test]
fn another_day_is_another_day_in_the_answer_too() {
    let rig = Rig::start(Setting {
        clock: Clock::From("2030-02-03T04:05:06Z".parse().unwrap(), Instant::now()),
        ..Setting::default()
    });
    let text = rig.openssl("hanako", Hierarchy::Signature, &[]);
    assert!(text.contains("This Update: Feb  3 04:05:0"), "{text}");
    assert!(text.contains("Next Update: Feb  3 04:06:0"), "{text}");
    // The responder's certificate is valid then, and by the clock of today it is not.
    let text = rig.openssl("hanako", Hierarchy::Signature, &["-attime", "1896321930"]);
    assert!(text.contains("Response verify OK"), "{text}");
    let text = rig.openssl("hanako", Hierarchy::Signature, &[]);
    assert!(text.contains("Response Verify Failure"), "{text}");
}
