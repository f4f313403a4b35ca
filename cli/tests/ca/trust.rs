//! Programs that check certificates, with the trust settings of `docs/configurations.md`, ask the running server and read the
//! revocation lists: a certificate that is good, one that is revoked, one that the authority doesn't know, and one of another
//! authority. Must never skip a program that is missing.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Output;
use std::sync::LazyLock;

use tempfile::TempDir;
use vmyna_testkit::clients::{Way, proves};
use vmyna_testkit::configurations::configuration;
use vmyna_testkit::{LocalServer, require_program};

use crate::common::{Printed, openssl, python, starting, vmyna};

const PERSON: &str = "name = \"見本　花子\"\naddress = \"東京都千代田区見本町１\"\nbirth = \"1989-10-25\"\nsex = \"female\"\n\
                      municipality.code = \"13101\"\n";

/// The certificates of the folder: their authority's answers are `good`, `revoked` and `unknown`; `foreign` is of another one.
const CERTIFICATES: [(&str, &str); 4] = [
    ("good", "cards#one"),
    ("revoked", "cards#two"),
    ("unknown", "three.vmyna"),
    ("foreign", "specimen:hanako"),
];

/// A server that serves all tests of this program until it ends, and its folder: making authorities takes seconds.
static SERVICE: LazyLock<LocalServer> = LazyLock::new(|| {
    let server = LocalServer::start("Serving the authorities", |folder, port| {
        make(folder, port);
        let mut command = starting(require_program("sh", "dash"));
        command.args(["-c", "exec \"$0\" ca serve ca --fresh >&2", env!("CARGO_BIN_EXE_vmyna")]);
        command.current_dir(folder);
        command
    });
    server.unwrap()
});

/// Makes authorities whose certificates name this port, and the certificates.
fn make(folder: &Path, port: u16) {
    for old in ["ca", "before"] {
        let _ = fs::remove_dir_all(folder.join(old));
    }
    for old in ["cards", "three.vmyna"] {
        let _ = fs::remove_file(folder.join(old));
    }
    let run = |arguments: &[&str]| vmyna(arguments).current_dir(folder).output().unwrap().exits_with(0);
    for (name, given) in [("one", "花子"), ("two", "次郎"), ("three", "三郎")] {
        fs::write(folder.join(format!("{name}.toml")), PERSON.replace("花子", given)).unwrap();
    }
    run(&["ca", "init", "ca", "--url", &format!("http://localhost:{port}")]);
    // A copy of the authorities, of whose register the server knows nothing.
    let copy = starting("cp").args(["-r", "ca", "before"]).current_dir(folder).output();
    copy.unwrap().exits_with(0);
    let pool = ["--key-pool", "1"];
    run(&[
        &["issue", "one.toml", "two.toml", "--ca", "ca", "-o", "cards"][..],
        &pool,
    ]
    .concat());
    run(&[
        &["issue", "three.toml", "--ca", "before", "-o", "three.vmyna"][..],
        &pool,
    ]
    .concat());
    run(&["ca", "revoke", "ca", "--card", "cards#two", "--reason", "keyCompromise"]);
    for (name, card) in CERTIFICATES {
        fs::write(
            folder.join("der"),
            run(&["files", card, "jpki/000A", "--object"]).stdout,
        )
        .unwrap();
        let pem = format!("{name}.pem");
        openssl(folder, &["x509", "-inform", "DER", "-in", "der", "-out", &pem]);
    }
}

/// A folder with the certificates and the authorities' certificates, as the page has them.
struct Visitor(TempDir);

impl Visitor {
    fn new(programs: &[(&str, &str)]) -> Self {
        for (program, package) in programs {
            require_program(program, package);
        }
        let service = SERVICE.directory();
        let visitor = Self(tempfile::tempdir().unwrap());
        for (name, _) in CERTIFICATES {
            let file = format!("{name}.pem");
            fs::copy(service.join(&file), visitor.path().join(file)).unwrap();
        }
        for linked in ["ca", "cards"] {
            symlink(service.join(linked), visitor.path().join(linked)).unwrap();
        }
        visitor.run("export the authorities", "", &[]).exits_with(0);
        visitor
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs a block of the page with these certificates for `auth.pem`: all of them are in one file, or each by its name.
    fn run(&self, block: &str, wrapper: &str, certificates: &[&str]) -> Output {
        let mut script = configuration(block)
            .replace("specimen:hanako", "cards#one")
            .replace("specimen", "ca")
            .replace("47910", &SERVICE.port().to_string());
        if certificates.len() > 1 && script.contains("-- auth.pem\n") || script.contains("check.py") {
            let files: Vec<String> = certificates.iter().map(|name| format!("{name}.pem")).collect();
            script = script.replace("auth.pem", &files.join(" "));
        } else if !certificates.is_empty() {
            let all = certificates
                .iter()
                .map(|name| fs::read(self.path().join(format!("{name}.pem"))).unwrap());
            fs::write(self.path().join("auth.pem"), all.collect::<Vec<_>>().concat()).unwrap();
        }
        let vmyna = Path::new(env!("CARGO_BIN_EXE_vmyna")).parent().unwrap();
        let mut command = starting(require_program("sh", "dash"));
        command.args(["-e", "-c", &format!("{wrapper}{script}")]);
        command.env("PATH", format!("{}:{}", vmyna.display(), python::path()));
        command.current_dir(self.path()).output().unwrap()
    }

    /// What a block prints, and whether it succeeded.
    fn asks(&self, block: &str, certificate: &str) -> (bool, String) {
        let output = self.run(block, "", &[certificate]);
        (output.status.success(), output.out() + &output.err())
    }
}

#[test]
fn openssl_sees_what_is_good_revoked_unknown_and_of_others() {
    let _ocsp = proves("openssl.ocsp", Way::Services);
    let _list = proves("openssl.crl", Way::Services);
    let visitor = Visitor::new(&[("openssl", "openssl")]);
    for certificate in ["good", "revoked", "unknown"] {
        let (_, text) = visitor.asks("check a certificate with openssl", certificate);
        assert!(
            text.contains("auth.pem: OK") && text.contains("Response verify OK"),
            "{text}"
        );
        assert!(text.contains(&format!("auth.pem: {certificate}\n")), "{text}");
    }
    let (trusted, text) = visitor.asks("check a certificate with openssl", "foreign");
    assert!(!trusted && text.contains("error 20"), "{text}");
    let block = "check a certificate with openssl and a revocation list";
    let (good, text) = visitor.asks(block, "good");
    assert!(good && text.contains("auth.pem: OK"), "{text}");
    let (good, text) = visitor.asks(block, "revoked");
    assert!(!good && text.contains("error 23"), "{text}");
}

#[test]
fn gnutls_sees_what_is_good_revoked_unknown_and_of_others() {
    let _proof = proves("gnutls.ocsp", Way::Services);
    let visitor = Visitor::new(&[("ocsptool", "gnutls-bin")]);
    for certificate in ["good", "revoked", "unknown"] {
        let (_, text) = visitor.asks("check a certificate with GnuTLS", certificate);
        assert!(text.contains("Verifying OCSP Response: Success"), "{text}");
        assert!(text.contains(&format!("Certificate Status: {certificate}")), "{text}");
    }
    // Its own address is another port, where nothing listens.
    let (trusted, text) = visitor.asks("check a certificate with GnuTLS", "foreign");
    assert!(!trusted && !text.contains("Certificate Status"), "{text}");
}

#[test]
fn nss_sees_what_is_good_and_refuses_what_is_revoked_unknown_or_of_others() {
    let _ocsp = proves("nss.ocsp", Way::Services);
    let _list = proves("nss.crl", Way::Services);
    let visitor = Visitor::new(&[("vfychain", "libnss3-tools"), ("crlutil", "libnss3-tools")]);
    visitor.run("trust the authorities in NSS", "", &[]).exits_with(0);
    let block = "check a certificate with NSS";
    for (certificate, good) in [
        ("good", true),
        ("revoked", false),
        ("unknown", false),
        ("foreign", false),
    ] {
        let (succeeded, text) = visitor.asks(block, certificate);
        assert_eq!(
            (succeeded, text.contains("Chain is good!")),
            (good, good),
            "{certificate}: {text}"
        );
    }
    let block = "check a certificate with NSS and a revocation list";
    for (certificate, good) in [("good", true), ("revoked", false)] {
        let (succeeded, text) = visitor.asks(block, certificate);
        assert_eq!(succeeded, good, "{certificate}: {text}");
        assert!(good || text.contains("has been revoked"), "{text}");
    }
}

#[test]
fn java_sees_what_is_good_and_refuses_what_is_revoked_unknown_or_of_others() {
    let _ocsp = proves("java.ocsp", Way::Services);
    let _list = proves("java.crl", Way::Services);
    let visitor = Visitor::new(&[("java", "default-jdk-headless")]);
    fs::write(visitor.path().join("Check.java"), configuration("Check.java")).unwrap();
    let all = CERTIFICATES.map(|(name, _)| name);
    let text = visitor
        .run("check certificates with Java", "", &all)
        .exits_with(0)
        .out();
    let expected = "good.pem: valid\nrevoked.pem: REVOKED\nunknown.pem: UNDETERMINED_REVOCATION_STATUS\nforeign.pem: ";
    assert!(text.starts_with(expected) && !text.ends_with("valid\n"), "{text}");
    let block = "check certificates with Java and a revocation list";
    let text = visitor.run(block, "", &["good", "revoked"]).exits_with(0).out();
    assert_eq!(text, "good.pem: valid\nrevoked.pem: REVOKED\n");
}

#[test]
fn pyhanko_sees_what_is_good_and_refuses_what_is_revoked_unknown_or_of_others() {
    let _ocsp = proves("pyhanko.ocsp", Way::Services);
    let _list = proves("pyhanko.crl", Way::Services);
    let visitor = Visitor::new(&[]);
    fs::write(visitor.path().join("check.py"), configuration("check.py")).unwrap();
    let all = CERTIFICATES.map(|(name, _)| name);
    let text = visitor
        .run("check certificates with pyHanko", "", &all)
        .exits_with(0)
        .out();
    let expected = "good.pem: valid\nrevoked.pem: RevokedError\nunknown.pem: InsufficientRevinfoError\nforeign.pem: PathBuildingError\n";
    assert_eq!(text, expected);
    // The verifier asks at the same address and agrees.
    for (certificate, verdict) in [
        ("good", "valid"),
        ("revoked", "invalid"),
        ("unknown", "not verified"),
        ("foreign", "not verified"),
    ] {
        let file = format!("{certificate}.pem");
        let arguments = ["verify", &file, "--trust", "trust/auth-ca.pem"];
        let output = vmyna(arguments).current_dir(visitor.path()).output().unwrap();
        let printed = output.exits_with(i32::from(verdict != "valid")).out();
        assert_eq!(printed.lines().last(), Some(verdict), "{printed}");
    }
    let block = "check certificates with pyHanko and a revocation list";
    let text = visitor.run(block, "", &["good", "revoked"]).exits_with(0).out();
    assert_eq!(text, "good.pem: valid\nrevoked.pem: RevokedError\n");
}

/// The lines in brackets of `gpgsm --with-validation` for a certificate.
fn verdict(visitor: &Visitor, listing: &str, certificate: &str) -> String {
    let file = format!("{certificate}.pem");
    let print = openssl(
        visitor.path(),
        &["x509", "-in", &file, "-noout", "-fingerprint", "-sha1"],
    );
    let print = print.trim().rsplit('=').next().unwrap().to_owned();
    let mut entries = listing.split("\n\n").filter(|entry| entry.contains(&print));
    let entry = entries.next().unwrap_or_else(|| panic!("no {print} in {listing}"));
    let lines = entry.lines().filter_map(|line| line.trim().strip_prefix('['));
    lines.collect::<Vec<_>>().join(" ")
}

/// In a namespace of its own, where the system's folder of GnuPG is empty and nothing is left of it afterwards.
const OWN_ETC: &str = "exec unshare --map-root-user --mount sh -e -c '
    mkdir etc && mount --rbind /etc etc && mount -t tmpfs tmpfs /etc && ln -s \"$PWD\"/etc/* /etc/ && rm -f /etc/gnupg
    . \"$0\"' ./block
";

#[test]
fn gpgsm_sees_what_is_good_and_refuses_what_is_revoked_unknown_or_of_others() {
    let _ocsp = proves("gpgsm.ocsp", Way::Services);
    let _list = proves("gpgsm.crl", Way::Services);
    let programs = [("gpgsm", "gpgsm"), ("dirmngr", "dirmngr"), ("unshare", "util-linux")];
    let visitor = Visitor::new(&programs);
    visitor.run("trust the authorities in gpgsm", "", &[]).exits_with(0);
    let block = "check a certificate with gpgsm";
    // gpgsm imports no certificate whose issuer it has by name and not by key.
    let (imported, text) = visitor.asks(block, "foreign");
    assert!(!imported && text.contains("not imported: 1"), "{text}");
    let all = ["good", "revoked", "unknown"];
    let listing = visitor.run(block, "", &all).exits_with(0).out();
    for (certificate, expected) in [
        ("good", "certificate is good"),
        ("revoked", "has been revoked"),
        ("unknown", "status of the certificate is unknown"),
    ] {
        let verdict = verdict(&visitor, &listing, certificate);
        assert!(verdict.contains(expected), "{certificate}: {verdict}");
    }
    let block = "check a certificate with gpgsm and a revocation list";
    fs::write(
        visitor.path().join("block"),
        configuration(block).replace("specimen", "ca"),
    )
    .unwrap();
    let listing = visitor.run(block, OWN_ETC, &[]).exits_with(0).out();
    for (certificate, expected) in [("good", "certificate is good"), ("revoked", "has been revoked")] {
        let verdict = verdict(&visitor, &listing, certificate);
        assert!(verdict.contains(expected), "{certificate}: {verdict}");
    }
}
