//! `vmyna verify` agrees with openssl: certificates, revocation lists, OCSP, signature values, signed data. And its options,
//! its report and its exit status.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use common::{Printed, opensc_module, vmyna};
use serde_json::Value;
use vmyna_testkit::{client, require_program};

/// A folder with authorities, and a cardholder whom openssl certifies with their keys: `sign.cer` and `auth.cer`, both for
/// `holder.key`.
struct Bench {
    folder: tempfile::TempDir,
}

const PROFILES: &str = "\
[sign]
keyUsage = critical, digitalSignature, nonRepudiation
subjectAltName = @names
certificatePolicies = critical, 1.2.392.200149.8.5.1.0.20
authorityKeyIdentifier = keyid:always
subjectKeyIdentifier = hash
[auth]
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
certificatePolicies = critical, 1.2.392.200149.8.5.1.0.30
authorityInfoAccess = OCSP;URI:http://127.0.0.1:1/
authorityKeyIdentifier = keyid:always
subjectKeyIdentifier = hash
[names]
otherName.1 = 1.2.392.200149.8.5.5.1;UTF8:MIHON HANAKO
otherName.2 = 1.2.392.200149.8.5.5.4;UTF8:419891025
otherName.3 = 1.2.392.200149.8.5.5.3;UTF8:2
otherName.4 = 1.2.392.200149.8.5.5.5;UTF8:CHIYODA
";

impl Bench {
    fn new() -> Self {
        let bench = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        bench.vmyna(&["ca", "init", "ca", "--seed", "1"]).exits_with(0);
        bench.vmyna(&["ca", "export", "ca", "-o", "trust"]).exits_with(0);
        fs::write(bench.path("profiles"), PROFILES).unwrap();
        fs::write(bench.path("data"), "a document\n").unwrap();
        bench.openssl("genrsa -out holder.key 2048");
        bench.openssl("req -new -key holder.key -subj /C=JP/CN=holder -out request");
        for kind in ["sign", "auth"] {
            bench.certify(kind, kind, &format!("{kind}.cer"), "-days 30");
            bench
                .vmyna(&["ca", "crl", "ca", "--kind", kind, "-o", &format!("{kind}.crl")])
                .exits_with(0);
        }
        bench
    }

    fn certify(&self, profile: &str, ca: &str, name: &str, validity: &str) {
        self.openssl(&format!(
            "x509 -req -in request -CA trust/{ca}-ca.pem -CAkey ca/{ca}-ca/key.pem -set_serial 0x123456 -sha256 \
             -extfile profiles -extensions {profile} -outform DER -out {name} {validity}"
        ));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn vmyna(&self, arguments: &[&str]) -> Output {
        let mut command = vmyna(arguments);
        command
            .current_dir(&self.folder)
            .env("VMYNA_REGISTER", self.path("built-in"));
        command.output().unwrap()
    }

    /// Runs openssl, which must succeed.
    #[track_caller]
    fn openssl(&self, arguments: &str) -> String {
        let output = self.ask_openssl(arguments);
        let printed = output.out() + &output.err();
        output.exits_with(0);
        printed
    }

    fn ask_openssl(&self, arguments: &str) -> Output {
        let mut openssl = client("openssl", "openssl");
        openssl
            .args(arguments.split_whitespace())
            .current_dir(&self.folder)
            .output()
            .unwrap()
    }

    /// The report as JSON and the exit status.
    #[track_caller]
    fn verify(&self, arguments: &str) -> (Value, i32) {
        let output = self.vmyna(
            &["verify", "--json"]
                .into_iter()
                .chain(arguments.split_whitespace())
                .collect::<Vec<_>>(),
        );
        let report = serde_json::from_str(&output.out()).unwrap_or_else(|_| panic!("{}", output.err()));
        (report, output.status.code().unwrap())
    }

    /// The verdict, which the exit status repeats.
    #[track_caller]
    fn verdict(&self, arguments: &str) -> String {
        let (report, status) = self.verify(arguments);
        let verdict = report["verdict"].as_str().unwrap().to_owned();
        assert_eq!(status, i32::from(verdict != "valid"), "{report:#}");
        assert_eq!(report["version"], 1);
        verdict
    }
}

/// The steps of a report that are not ok.
fn failed(report: &Value) -> Vec<(String, String)> {
    let reports = report["reports"].as_array().unwrap().iter();
    let steps = reports.flat_map(|report| report["steps"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    steps
        .map(|step| (text(&step["id"]), text(&step["verdict"])))
        .filter(|(_, verdict)| verdict != "ok" && verdict != "note")
        .collect()
}

#[test]
fn openssl_and_vmyna_agree_on_certificates() {
    let bench = Bench::new();
    for kind in ["sign", "auth"] {
        let verify = |more: &str| {
            let ours = bench.verdict(&format!("{kind}.cer --crl {kind}.crl {more}"));
            let (trust, time) = match more {
                "--ca ca" => (format!("trust/{kind}-ca.pem"), String::new()),
                "--trust trust/ca.pem --at 2032-01-01" => ("trust/ca.pem".to_owned(), "-attime 1956528000 ".to_owned()),
                _ => ("trust/other.pem".to_owned(), String::new()),
            };
            let theirs = bench.ask_openssl(&format!("verify -x509_strict {time}-CAfile {trust} {kind}.cer"));
            (ours, theirs.status.success())
        };
        bench.vmyna(&["ca", "init", "other", "--seed", "2"]);
        bench.vmyna(&["ca", "export", "other", "-o", "other-trust"]);
        fs::copy(bench.path("other-trust/ca.pem"), bench.path("trust/other.pem")).unwrap();
        assert_eq!(verify("--ca ca"), ("valid".to_owned(), true));
        // Ended; under another authority with the same names; under none.
        assert_eq!(
            verify("--trust trust/ca.pem --at 2032-01-01"),
            ("invalid".to_owned(), false)
        );
        assert_eq!(verify("--trust trust/other.pem"), ("not-verified".to_owned(), false));
        assert_eq!(bench.verdict(&format!("{kind}.cer --crl {kind}.crl")), "not-verified");
        assert_eq!(
            bench.verdict(&format!("{kind}.cer --ca other --crl {kind}.crl")),
            "not-verified"
        );
    }
    // The other authority's profile: openssl has no policy for it, and this program has.
    bench.certify("auth", "sign", "mixed.cer", "-days 30");
    let (report, status) = bench.verify("mixed.cer --ca ca --crl sign.crl");
    assert_eq!(
        (status, failed(&report)),
        (1, vec![("certificate.purpose".to_owned(), "invalid".to_owned())])
    );
}

#[test]
fn openssl_and_vmyna_agree_on_revocation() {
    let bench = Bench::new();
    bench
        .vmyna(&["issue", "--random", "--ca", "ca", "--seed", "5", "-o", "card"])
        .exits_with(0);
    let der = bench.vmyna(&["files", "card", "jpki/000A", "--object"]).exits_with(0);
    fs::write(bench.path("card.cer"), der.stdout).unwrap();
    let served = Served::start(&bench);
    let url = format!("http://127.0.0.1:{}/ocsp/auth-ca", served.port);
    let check = || {
        bench
            .vmyna(&["ca", "crl", "ca", "--kind", "auth", "-o", "auth.crl"])
            .exits_with(0);
        bench.openssl("crl -in auth.crl -inform DER -out auth.crl.pem");
        let openssl = "verify -crl_check -CAfile trust/auth-ca.pem -CRLfile auth.crl.pem card.cer";
        let by_list = bench.ask_openssl(openssl).status.success();
        let ask = format!("ocsp -CAfile trust/auth-ca.pem -issuer trust/auth-ca.pem -cert card.pem -url {url}");
        bench.openssl("x509 -in card.cer -inform DER -out card.pem");
        let by_ocsp = bench.openssl(&ask).contains("card.pem: good");
        let ours = ["", "--crl auth.crl", &format!("--ocsp {url}")]
            .map(|source| bench.verdict(&format!("card.cer --ca ca {source}")));
        (by_list, by_ocsp, ours)
    };
    assert_eq!(check(), (true, true, ["valid", "valid", "valid"].map(str::to_owned)));
    bench
        .vmyna(&["ca", "revoke", "ca", "--card", "card", "--reason", "certificateHold"])
        .exits_with(0);
    assert_eq!(
        check(),
        (false, false, ["invalid", "invalid", "invalid"].map(str::to_owned))
    );
    // Not of this authority; none there; not on this machine.
    assert_eq!(bench.verdict("auth.cer --ca ca"), "not-verified");
    for (url, reason) in [
        ("http://127.0.0.1:1/", "refused"),
        ("http://192.0.2.1/", "--online"),
        ("https://localhost/", "form"),
    ] {
        let (report, status) = bench.verify(&format!("card.cer --ca ca --ocsp {url}"));
        assert_eq!(
            (status, failed(&report)),
            (1, vec![("revocation.ocsp".to_owned(), "not-verified".to_owned())])
        );
        assert!(report.to_string().contains(reason), "{report:#}");
    }
    // The list of the other authority.
    assert_eq!(bench.verdict("card.cer --ca ca --crl sign.crl"), "not-verified");
}

/// A `vmyna ca serve`.
struct Served {
    child: Child,
    port: u16,
}

impl Served {
    fn start(bench: &Bench) -> Self {
        let mut command: Command = vmyna(["ca", "serve", "ca", "--fresh", "--quiet", "--listen", "127.0.0.1:0"]);
        let mut child = command
            .current_dir(&bench.folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line.trim().trim_end_matches('/').rsplit(':').next().unwrap();
        let port = port.parse().unwrap_or_else(|_| panic!("{line}"));
        Self { child, port }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn openssl_and_vmyna_agree_on_signature_values() {
    let bench = Bench::new();
    bench.openssl("dgst -sha256 -binary -out digest data");
    bench.openssl("dgst -sha1 -binary -out sha1 data");
    bench.openssl("dgst -sha512 -binary -out sha512 data");
    let hex = |name: &str| {
        fs::read(bench.path(name))
            .unwrap()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let pss = "-pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:32 -pkeyopt digest:sha256";
    for (options, input, form, verdict) in [
        ("-pkeyopt digest:sha256", "digest", "digest-info", "valid"),
        ("-pkeyopt digest:sha512", "sha512", "digest-info", "valid"),
        ("-pkeyopt digest:sha1", "sha1", "digest-info", "invalid"),
        ("", "digest", "bare", "valid"),
        (pss, "digest", "pss", "valid"),
    ] {
        bench.openssl(&format!(
            "pkeyutl -sign -inkey holder.key -in {input} -out value {options}"
        ));
        let checked = format!("value --certificate auth.cer --ca ca --crl auth.crl --form {form}");
        assert_eq!(bench.verdict(&format!("{checked} --data data")), verdict, "{options}");
        assert_eq!(
            bench.verdict(&format!("{checked} --digest {}", hex(input))),
            verdict,
            "{options}"
        );
        let other = if form == "bare" { "pss" } else { "bare" };
        assert_eq!(
            bench.verdict(&format!(
                "value --certificate auth.cer --data data --ca ca --crl auth.crl --form {other}"
            )),
            "invalid"
        );
        assert_eq!(bench.verdict(&format!("{checked} --data profiles")), "invalid");
    }
    bench.openssl("dgst -sha256 -sign holder.key -out value data");
    let checked = "value --certificate auth.cer --data data --ca ca --crl auth.crl";
    assert_eq!(bench.verdict(checked), "valid");
    assert_eq!(bench.verdict(&format!("{checked} --as raw --purpose auth")), "valid");
    assert_eq!(bench.verdict(&format!("{checked} --purpose sign")), "invalid");
    // Any 256 bytes are a signature value where one is asked for, also with the first bytes of a card's file.
    fs::write(bench.path("other"), [&[0xFF, 0x20], &[7; 254][..]].concat()).unwrap();
    let (report, _) = bench.verify(&checked.replacen("value", "other", 1));
    assert_eq!(report["reports"][0]["kind"], "raw-signature");
    // A value with one byte more is a signature value too, and refused.
    let value = fs::read(bench.path("value")).unwrap();
    fs::write(bench.path("value"), [&[0], &value[..]].concat()).unwrap();
    let (report, _) = bench.verify(checked);
    assert_eq!(failed(&report), [("signature.value".to_owned(), "invalid".to_owned())]);
}

#[test]
fn the_card_signs_with_opensc_and_vmyna_and_openssl_verify() {
    let bench = Bench::new();
    let tool = require_program("pkcs11-tool", "opensc");
    let module = opensc_module();
    let mut sign = vmyna(["run", "--"]);
    sign.arg(tool).arg("--module").arg(module);
    sign.args("--login --pin 1234 --sign --id 01 --mechanism SHA256-RSA-PKCS -i data -o value".split(' '));
    sign.current_dir(&bench.folder).output().unwrap().exits_with(0);
    let der = bench
        .vmyna(&["files", "specimen:hanako", "jpki/000A", "--object"])
        .exits_with(0);
    fs::write(bench.path("card.cer"), der.stdout).unwrap();
    bench.openssl("x509 -in card.cer -inform DER -pubkey -noout -out card.pub");
    bench.openssl("dgst -sha256 -verify card.pub -signature value data");
    let output = bench.vmyna(
        &"verify value --purpose auth --certificate card.cer --data data --ca specimen"
            .split(' ')
            .collect::<Vec<_>>(),
    );
    let printed = output.exits_with(0).out();
    assert!(
        printed.ends_with("\ntest authority, keys are public: valid\n"),
        "{printed}"
    );
    assert_eq!(
        bench.verdict("value --certificate card.cer --data data --ca ca"),
        "not-verified"
    );
    assert_eq!(
        bench.verdict("value --certificate card.cer --data profiles --ca specimen"),
        "invalid"
    );
}

#[test]
fn openssl_and_vmyna_agree_on_signed_data() {
    let bench = Bench::new();
    let sign = "cms -sign -binary -outform DER -signer sign.pem -inkey holder.key -in data";
    bench.openssl("x509 -in sign.cer -inform DER -out sign.pem");
    let theirs = |more: &str| {
        let verify = format!("cms -verify -binary -inform DER -in signed -out out -CAfile trust/sign-ca.pem {more}");
        bench.ask_openssl(&verify).status.success()
    };
    let ours = |more: &str| bench.verdict(&format!("signed --ca ca --crl sign.crl {more}"));
    for options in [
        "-nodetach",
        "-nodetach -cades",
        "-nodetach -noattr",
        "-nodetach -md sha512",
        "-nodetach -keyid",
        "-nodetach -nosmimecap",
    ] {
        bench.openssl(&format!("{sign} {options} -out signed"));
        assert_eq!((ours(""), theirs("")), ("valid".to_owned(), true), "{options}");
    }
    bench.openssl(&format!("{sign} -cades -out signed"));
    assert_eq!(
        (ours("--data data"), theirs("-content data")),
        ("valid".to_owned(), true)
    );
    assert_eq!(
        (ours("--data profiles"), theirs("-content profiles")),
        ("invalid".to_owned(), false)
    );
    assert_eq!(ours(""), "not-verified");
    bench.openssl("cms -cmsout -inform DER -in signed -outform PEM -out signed.pem");
    assert_eq!(bench.verdict("signed.pem --data data --ca ca --crl sign.crl"), "valid");
    // Without certificates inside.
    bench.openssl(&format!("{sign} -nodetach -nocerts -out signed"));
    assert_eq!(ours(""), "not-verified");
    assert_eq!(ours("--certificate sign.cer"), "valid");
    // By the certificate for authentication: openssl looks at no purpose of JPKI.
    bench.openssl("x509 -in auth.cer -inform DER -out auth.pem");
    bench.openssl(&format!("{sign} -nodetach -signer auth.pem -out signed").replace("-signer sign.pem ", ""));
    assert_eq!(bench.verdict("signed --ca ca --crl auth.crl"), "invalid");
    assert_eq!(bench.verdict("signed --ca ca --crl auth.crl --purpose auth"), "valid");
}

#[test]
fn files_of_a_card_are_verified_together_and_foreign_text_is_escaped() {
    let bench = Bench::new();
    bench
        .vmyna(&["issue", "--random", "--ca", "ca", "--seed", "5", "-o", "card"])
        .exits_with(0);
    let mut names = Vec::new();
    for (application, files) in [("input_assist", "12347"), ("face_info", "1245"), ("jpki", "1")] {
        for file in files.chars() {
            let name = format!("{application}-{file}");
            let raw = bench
                .vmyna(&["files", "card", &format!("{application}/000{file}"), "--raw"])
                .exits_with(0);
            fs::write(bench.path(&name), raw.stdout).unwrap();
            names.push(name);
        }
    }
    let all = names.join(" ");
    let (report, status) = bench.verify(&format!("{all} --ca ca"));
    assert_eq!((status, failed(&report)), (0, Vec::new()), "{report:#}");
    let kinds: Vec<&str> = report["reports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["certificate", "text-data", "face-data", "comparison"]);
    assert_eq!(report["public_keys"], false);
    // Without the authorities; under others, with CV keys of the same names; and with the text of another person.
    assert_eq!(bench.verdict(&all), "not-verified");
    assert_eq!(bench.verdict(&format!("{all} --ca specimen")), "invalid");
    let raw = bench
        .vmyna(&["files", "specimen:hanako", "input_assist/0002", "--raw"])
        .exits_with(0);
    fs::write(bench.path("input_assist-2"), raw.stdout).unwrap();
    let (report, status) = bench.verify(&format!("{all} --ca ca"));
    let failed = failed(&report);
    assert!(
        status == 1 && failed.iter().any(|(id, _)| id == "text.attributes"),
        "{failed:?}"
    );

    // A name of a file with a line that looks like a verdict.
    fs::write(bench.path("x\nvalid"), "no certificate").unwrap();
    let output = bench
        .vmyna(&[
            "verify",
            "x\nvalid",
            "--as",
            "certificate",
            "--ca",
            "ca",
            "--lang",
            "ja",
        ])
        .exits_with(1);
    let printed = output.out();
    assert!(
        printed.lines().all(|line| line != "valid") && printed.ends_with("\n無効\n"),
        "{printed}"
    );
}

#[test]
fn wrong_arguments_are_told_from_a_verdict() {
    let bench = Bench::new();
    fs::write(bench.path("letter.pdf"), "%PDF-1.7\n").unwrap();
    fs::write(bench.path("text"), "no signature").unwrap();
    for arguments in [
        "verify",
        "verify missing",
        "verify auth.cer --ca missing",
        "verify auth.cer --trust text",
        "verify auth.cer --crl missing",
        "verify auth.cer --digest 12",
        "verify auth.cer --as pdf",
        "verify letter.pdf",
        "verify text",
        "verify text --data data",
    ] {
        let output = bench.vmyna(&arguments.split(' ').collect::<Vec<_>>());
        assert_eq!(output.exits_with(2).out(), "", "{arguments}");
    }
}
