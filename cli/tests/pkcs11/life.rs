//! The life of a fictional person: her card, the counter and the authorities' server, as programs of others see them at each
//! step. What must fail fails.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use vmyna_testkit::{LocalServer, client, require_program};

use crate::common::{PATIENCE, Printed, python, starting, vmyna};
use crate::desk::{Desk, require_openssl_engine};
use crate::tls::{TLS_1_2, nginx, openssl_asks, visit_at};

/// The person and her surroundings.
struct Life {
    desk: Desk,
    responder: LocalServer,
    door: LocalServer,
    /// The card that she has now.
    card: &'static str,
    auth_pin: &'static str,
}

/// What the programs report of a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Good,
    Revoked,
}

impl Life {
    /// She was issued a card four years and nine months ago, and its certificates end in two months, on her fifth birthday
    /// since. A month ago the authorities began a second generation.
    fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let responder = LocalServer::start("Serving the authorities", |_, port| {
            issue(folder.path(), port);
            let mut command = starting(require_program("sh", "dash"));
            let serve = "exec \"$0\" ca serve ca --refresh 1 --listen localhost:$1 >&2";
            command.args(["-c", serve, env!("CARGO_BIN_EXE_vmyna"), &port.to_string()]);
            command.current_dir(folder.path());
            command
        });
        let desk = Desk::with_card(folder, "card.vmyna");
        let path = |name: &str| desk.path().join(name);
        for authority in ["auth-ca", "sign-ca"] {
            let year = &begin()[..4];
            let earlier = fs::read(path(&format!("trust/{authority}-{year}.pem"))).unwrap();
            let present = fs::read(path(&format!("trust/{authority}.pem"))).unwrap();
            fs::write(path(&format!("{authority}-1.pem")), &earlier).unwrap();
            fs::write(path(&format!("{authority}-2.pem")), &present).unwrap();
            fs::write(path(&format!("{authority}.pem")), [earlier, present].concat()).unwrap();
        }
        desk.configure(&["Check.java", "check.py"]);
        let responder = responder.unwrap();
        let door = format!(
            "ssl_ocsp leaf; ssl_ocsp_responder http://127.0.0.1:{}/ocsp/auth-ca;",
            responder.port()
        );
        let door = nginx(&desk, &door);
        Self {
            desk,
            responder,
            door,
            card: "card.vmyna",
            auth_pin: "1234",
        }
    }

    fn run(&self, arguments: &[&str], status: i32) -> String {
        let output = vmyna(arguments).current_dir(self.desk.path()).output().unwrap();
        let output = output.exits_with(status);
        output.out() + &output.err()
    }

    /// An operation at the counter with her card.
    #[track_caller]
    fn counter(&self, operation: &[&str], status: i32) -> String {
        self.run(&[&["counter", self.card, "--ca", "ca"][..], operation].concat(), status)
    }

    /// Lets OpenSC read a certificate from her card into a file: 1 is for authentication, 2 for signatures.
    fn read(&self, certificate: u8, file: &str) {
        let id = certificate.to_string();
        let pin = match certificate {
            1 => "",
            _ => "--verify-pin --auth-id 02 --pin ABC123",
        };
        let script = format!("pkcs15-tool {pin} --read-certificate {id} --output {file}");
        self.desk.run(&script, &[]).exits_with(0);
    }

    /// Whether nginx, which asks the authorities, lets her in with this certificate and the key on her card.
    fn logs_in(&self, certificate: &str) -> bool {
        let script = openssl_asks(TLS_1_2).replace("pin-value=1234", &format!("pin-value={}", self.auth_pin));
        let (told, log) = visit_at(&self.desk, &self.door, &script, certificate);
        let is_let_in = told.contains("TLSv1.2 SUCCESS");
        assert!(!is_let_in || !told.contains(" 400 "), "{told}\n{log}");
        is_let_in
    }

    /// Whether a signature by her card's signature key is that of this certificate.
    fn signs(&self, certificate: &str) -> bool {
        self.desk.write("text", "転居しました\n");
        let sign = "pkcs11-tool --module \"$MODULE\" --token-label 'JPKI (Digital Signature PIN)' --login --pin ABC123 --sign \
            --id 02 --mechanism SHA256-RSA-PKCS --input-file text --output-file text.signature";
        self.desk.run(sign, &[]).exits_with(0);
        let arguments = [
            "verify",
            "text.signature",
            "--data",
            "text",
            "--certificate",
            certificate,
            "--ca",
            "ca",
        ];
        let output = vmyna(arguments).current_dir(self.desk.path()).output().unwrap();
        output.status.success()
    }

    /// openssl and GnuTLS report this of a certificate, at the latest with the server's next look at its register.
    #[track_caller]
    fn is(&self, kind: &str, certificate: &str, status: Status) {
        let word = match status {
            Status::Good => "good",
            Status::Revoked => "revoked",
        };
        let ca = format!("{kind}-ca-{}.pem", generation(certificate));
        let url = format!("http://localhost:{}/ocsp/{kind}-ca", self.responder.port());
        let asks = |program: &str, package: &str, arguments: &[&str]| {
            let mut command = client(program, package);
            let output = command.args(arguments).current_dir(self.desk.path()).output().unwrap();
            output.exits_with(0).out()
        };
        let began = Instant::now();
        loop {
            let arguments = [
                "ocsp",
                "-CAfile",
                &ca,
                "-issuer",
                &ca,
                "-cert",
                certificate,
                "-url",
                &url,
            ];
            let told = asks("openssl", "openssl", &arguments);
            if told.contains(&format!("{certificate}: {word}\n")) {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "{certificate} is not {word}: {told}");
            std::thread::sleep(Duration::from_millis(100));
        }
        let at = format!("--ask={url}");
        let options = ["--load-cert", certificate, "--load-issuer", &ca, "--load-trust", &ca];
        let told = asks("ocsptool", "gnutls-bin", &[&[&*at][..], &options].concat());
        assert!(told.contains(&format!("Certificate Status: {word}")), "{told}");
    }

    /// Java and pyHanko accept a certificate if it is good, and refuse it as revoked otherwise. So does `vmyna verify`.
    #[track_caller]
    fn is_judged(&self, kind: &str, certificate: &str, status: Status) {
        let url = format!("http://localhost:{}/ocsp/{kind}-ca", self.responder.port());
        let generation = generation(certificate);
        let (ca, list) = (format!("{kind}-ca-{generation}.pem"), format!("{kind}.crl"));
        let write = [
            "ca",
            "crl",
            "ca",
            "--kind",
            kind,
            "--generation",
            generation,
            "-o",
            &list,
        ];
        self.run(&write, 0);
        let shell = |script: &str| {
            let mut command = starting(require_program("sh", "dash"));
            command.args(["-e", "-c", script]).env("PATH", python::path());
            command
                .current_dir(self.desk.path())
                .output()
                .unwrap()
                .exits_with(0)
                .out()
        };
        require_program("java", "default-jdk-headless");
        let java = shell(&format!("java Check.java {ca} ocsp {url} -- {certificate}"));
        let pyhanko = shell(&format!("python check.py {ca} {list} {certificate}"));
        let arguments = ["verify", certificate, "--trust", &ca, "--ocsp", &url];
        let verify = vmyna(arguments).current_dir(self.desk.path()).output().unwrap().out();
        fs::remove_file(self.desk.path().join(list)).unwrap();
        let expected = match status {
            Status::Good => ["valid", "valid", "valid"],
            Status::Revoked => ["REVOKED", "RevokedError", "invalid"],
        };
        assert_eq!(java, format!("{certificate}: {}\n", expected[0]));
        assert_eq!(pyhanko, format!("{certificate}: {}\n", expected[1]));
        assert_eq!(verify.lines().last(), Some(expected[2]), "{verify}");
    }
}

/// The generation of the authorities that issued a certificate: her first ones are of the first.
fn generation(certificate: &str) -> &'static str {
    match certificate.ends_with("-1.pem") {
        true => "1",
        false => "2",
    }
}

/// The day on which the first generation began.
fn begin() -> String {
    day("5 years ago")
}

/// Makes authorities whose certificates name this port, and her card, `card.vmyna`.
fn issue(folder: &Path, port: u16) {
    for old in ["ca", "trust"] {
        let _ = fs::remove_dir_all(folder.join(old));
    }
    let _ = fs::remove_file(folder.join("card.vmyna"));
    let run = |arguments: &[&str]| vmyna(arguments).current_dir(folder).output().unwrap().exits_with(0);
    let url = format!("http://localhost:{port}");
    run(&["ca", "init", "ca", "--begin", &begin(), "--url", &url]);
    let birth = day("2 months").replacen(|_: char| true, "", 4);
    let person = format!(
        "name = \"見本　花子\"\naddress = \"東京都千代田区見本町１\"\nbirth = 1989{birth}\nsex = \"female\"\n\
         municipality.code = \"13101\"\npins.auth = \"1234\"\npins.sign = \"ABC123\"\n"
    );
    fs::write(folder.join("hanako.toml"), person).unwrap();
    let issued = day("4 years ago 9 months ago");
    run(&[
        "issue",
        "hanako.toml",
        "--ca",
        "ca",
        "--issued",
        &issued,
        "-o",
        "card.vmyna",
    ]);
    run(&["ca", "rollover", "ca", "--begin", &day("1 month ago")]);
    run(&["ca", "export", "ca", "-o", "trust"]);
}

/// The 28th, which every month has, of the month that lies so far from this one: YYYY-MM-DD.
fn day(far: &str) -> String {
    let month = ["-u", "+%Y-%m-28", "-d", far];
    let output = client("date", "coreutils").args(month).output().unwrap().exits_with(0);
    output.out().trim().to_owned()
}

#[test]
fn every_program_sees_each_step_of_a_life() {
    use Status::{Good, Revoked};
    for (program, package) in [("pkcs15-tool", "opensc"), ("pkcs11-tool", "opensc")] {
        require_program(program, package);
    }
    require_openssl_engine();

    // She has a card.
    let mut life = Life::begin();
    life.read(1, "auth-1.pem");
    life.read(2, "sign-1.pem");
    for (kind, certificate) in [("auth", "auth-1.pem"), ("sign", "sign-1.pem")] {
        life.is(kind, certificate, Good);
        life.is_judged(kind, certificate, Good);
    }
    assert!(life.logs_in("auth-1.pem") && life.signs("sign-1.pem"));

    // She moves: the certificate with the old address is revoked before there is one with the new one.
    life.counter(&["move-out"], 0);
    life.is("sign", "sign-1.pem", Revoked);
    life.is_judged("sign", "sign-1.pem", Revoked);
    life.is("auth", "auth-1.pem", Good);
    assert!(life.logs_in("auth-1.pem") && !life.signs("sign-1.pem"));
    let address = "大阪府大阪市北区見本町１";
    life.counter(&["move-in", "--municipality", "271276", "--address", address], 0);
    life.read(2, "sign-2.pem");
    life.is("sign", "sign-2.pem", Good);
    life.is_judged("sign", "sign-2.pem", Good);
    assert!(life.run(&["show", "card.vmyna"], 0).contains(address));
    assert!(life.logs_in("auth-1.pem") && life.signs("sign-2.pem") && !life.signs("sign-1.pem"));

    // She renews the authentication certificate, which ends in two months. The sign certificate is new.
    life.counter(&["renew", "--kind", "auth"], 0);
    life.read(1, "auth-2.pem");
    life.is("auth", "auth-1.pem", Revoked);
    life.is_judged("auth", "auth-1.pem", Revoked);
    life.is("auth", "auth-2.pem", Good);
    assert!(life.logs_in("auth-2.pem") && !life.logs_in("auth-1.pem"));
    for kind in ["auth", "sign"] {
        let early = life.counter(&["renew", "--kind", kind], 1);
        assert!(early.contains("three months"), "{early}");
    }

    // She forgets the PIN, and the counter gives her another one.
    life.auth_pin = "9999";
    for left in [2, 1, 0] {
        assert!(!life.logs_in("auth-2.pem"));
        assert_eq!(life.desk.tries_left()[0], left);
    }
    life.auth_pin = "1234";
    assert!(!life.logs_in("auth-2.pem"), "the PIN is blocked");
    life.counter(&["reset-pin", "auth=4649"], 0);
    life.auth_pin = "4649";
    assert!(life.logs_in("auth-2.pem"));

    // She loses the card, and gets another one.
    life.counter(&["lost"], 0);
    for (kind, certificate) in [("auth", "auth-2.pem"), ("sign", "sign-2.pem")] {
        life.is(kind, certificate, Revoked);
        life.is_judged(kind, certificate, Revoked);
    }
    assert!(!life.logs_in("auth-2.pem") && !life.signs("sign-2.pem"));
    life.counter(
        &[
            "reissue",
            "-o",
            "second.vmyna",
            "--pin",
            "auth=5678",
            "--pin",
            "sign=ABC123",
        ],
        0,
    );
    assert!(!life.logs_in("auth-2.pem"), "the lost card stays lost");
    let again = life.counter(&["renew"], 1);
    assert!(again.contains("withdrawn") || again.contains("out of use"), "{again}");
    life.card = "second.vmyna";
    life.desk.insert("second.vmyna");
    life.auth_pin = "5678";
    life.read(1, "auth-3.pem");
    life.read(2, "sign-3.pem");
    assert!(life.logs_in("auth-3.pem") && life.signs("sign-3.pem"));
    life.is("auth", "auth-2.pem", Revoked);

    // She dies.
    life.counter(&["death"], 0);
    for (kind, certificate) in [("auth", "auth-3.pem"), ("sign", "sign-3.pem")] {
        life.is(kind, certificate, Revoked);
        life.is_judged(kind, certificate, Revoked);
    }
    assert!(!life.logs_in("auth-3.pem") && !life.signs("sign-3.pem"));
    for operation in [&["renew"][..], &["reissue", "-o", "third.vmyna"], &["sign-certificate"]] {
        life.counter(operation, 1);
    }
    assert!(!life.desk.path().join("third.vmyna").exists());
}
