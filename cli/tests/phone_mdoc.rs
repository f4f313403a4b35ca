//! The mdoc of a phone from its issuing to its verifying: `vmyna phone show`, `request` and `present`, `vmyna verify`, the
//! revocation of its signer, and the certificates against OpenSSL.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::sync::LazyLock;
use std::time::SystemTime;

use common::{Printed, openssl, run_with_input, shown, starting, typed_at, vmyna};
use rand_core::OsRng;
use serde_json::Value;
use vmyna_applets::issued::{IssuedCard, MobileDocument};
use vmyna_applets::{PhoneKind, Profile, image, specimen};
use vmyna_authority::register::whole_seconds;
use vmyna_issuance::mdoc::MdocAuthority;
use vmyna_issuance::{ca_folder, mdoc};
use vmyna_testkit::configurations::blocks;
use vmyna_testkit::require_program;

/// Everything in one folder: authorities of its own and phones.
struct Bench {
    folder: tempfile::TempDir,
}

/// Where the authorities of the folder `ca` say that they are.
static PORT: LazyLock<u16> = LazyLock::new(|| {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().port()
});

/// Authorities, which take seconds to make.
static AUTHORITIES: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://127.0.0.1:{}", *PORT);
    let made = vmyna(["ca", "init", "ca", "--seed", "1", "--url", &url])
        .current_dir(&folder)
        .output();
    made.unwrap().exits_with(0);
    folder
});

fn hanako() -> IssuedCard {
    specimen::find("hanako").unwrap().unwrap()
}

/// The token of a phone with the certificates of the built-in card, which stand here for its own.
fn token(kind: PhoneKind, mdoc: Option<MobileDocument>) -> IssuedCard {
    let card = hanako();
    let name = "phone".parse().unwrap();
    IssuedCard::of_phone(name, Profile::phone(kind), card.summary, card.jpki, mdoc)
}

fn issued(authority: &MdocAuthority) -> MobileDocument {
    let now = whole_seconds(SystemTime::now()).unwrap();
    let signer = authority.signer(now, 0).unwrap();
    let key = mdoc::device_key(&mut OsRng).unwrap();
    mdoc::issue(&signer, &hanako(), &key, now, &mut OsRng).unwrap()
}

impl Bench {
    /// A bench with the phone `phone.vmyna` of the built-in authorities.
    fn new() -> Self {
        let bench = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let mdoc = issued(&vmyna_issuance::specimen::mdoc().unwrap());
        bench.write("phone.vmyna", &token(PhoneKind::Iphone, Some(mdoc)));
        bench
    }

    /// A bench with authorities in the folder `ca`, and the phone of theirs.
    fn with_authorities() -> Self {
        let bench = Self::new();
        let ca = bench.path("ca");
        copy(&AUTHORITIES.path().join("ca"), &ca);
        let authority = ca_folder::mdoc_if_there(&ca).unwrap().unwrap();
        fs::remove_file(bench.path("phone.vmyna")).unwrap();
        bench.write("phone.vmyna", &token(PhoneKind::Iphone, Some(issued(&authority))));
        bench.run("ca list ca", 0);
        bench
    }

    fn write(&self, name: &str, token: &IssuedCard) {
        let mut file = image::create(&self.path(name)).unwrap();
        file.add(token).unwrap();
        file.finish().unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    #[track_caller]
    fn run(&self, arguments: &str, status: i32) -> Output {
        let mut command = vmyna(arguments.split_whitespace());
        command.current_dir(&self.folder);
        run_with_input(&mut command, b"").exits_with(status)
    }

    /// Asks for elements, and lets the phone answer to all.
    #[track_caller]
    fn answer(&self, elements: &str) {
        self.run(
            &format!("phone request --element {elements} -o request --transcript transcript"),
            0,
        );
        self.run(
            "phone present phone.vmyna --request request --transcript transcript --consent all -o response",
            0,
        );
    }

    /// The report on the answer.
    #[track_caller]
    fn verify(&self, options: &str, status: i32) -> Value {
        let output = self.run(
            &format!("verify response --json --transcript transcript {options}"),
            status,
        );
        serde_json::from_str(&output.out()).unwrap()
    }
}

/// `vmyna ca serve` at the address in the certificates.
struct Server(Child);

impl Server {
    fn start(bench: &Bench) -> Self {
        let mut command = vmyna(["ca", "serve", "ca", "--fresh", "--quiet"]);
        let mut child = command
            .current_dir(&bench.folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(line.starts_with("Serving"), "{line}");
        Self(child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}

/// The steps that decide against an answer.
fn against(report: &Value) -> Vec<(&str, &str)> {
    let steps = report["reports"][0]["steps"].as_array().unwrap().iter();
    let texts = steps.map(|step| (step["id"].as_str().unwrap(), step["verdict"].as_str().unwrap()));
    texts.filter(|(_, verdict)| !["ok", "note"].contains(verdict)).collect()
}

#[test]
fn a_phone_shows_what_is_in_its_mdoc() {
    let bench = Bench::new();
    let card = hanako();
    let number = String::from_utf8_lossy(card.summary.person.my_number.digits()).into_owned();
    let shown = bench.run("phone show phone.vmyna", 0).out();
    for line in [
        "phone (iPhone)",
        "sign certificate: ",
        "  name (full_name_unicode): 見本　花子",
        &format!("  My Number (individual_number_unicode): {number}"),
        "  at least 20 years old (age_over_20): yes",
        "  birth date (birth_date): 1989-10-25",
        "  signed by: C=JP,O=vmyna TEST: issuer of virtual cards for testing only,CN=vmyna TEST mdoc signer",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    let japanese = bench.run("phone show phone.vmyna --lang ja", 0).out();
    for line in [
        "カード代替電磁的記録（mdoc）: org.iso.23220.1.jp.mnc",
        "  氏名 (full_name_unicode): 見本　花子",
        ": 有効",
    ] {
        assert!(japanese.contains(line), "{line}\n{japanese}");
    }
    let json: Value =
        serde_json::from_str(&bench.run("phone show phone.vmyna --json --portrait photo.jp2", 0).out()).unwrap();
    assert_eq!(json["kind"], "iphone");
    assert_eq!(json["mdoc"]["state"], "valid");
    let element = |name: &str| {
        let elements = json["mdoc"]["elements"].as_array().unwrap();
        elements.iter().find(|one| one["identifier"] == name).unwrap()["value"].clone()
    };
    assert_eq!(element("sex"), 2);
    assert_eq!(element("age_over_20"), true);
    let photo = vmyna_issuance::face_data::photo(&card).unwrap();
    assert_eq!(element("portrait")["bytes"], photo.len());
    assert_eq!(fs::read(bench.path("photo.jp2")).unwrap(), photo);
}

#[test]
fn a_phone_answers_a_reader_with_what_its_owner_consents_to() {
    let bench = Bench::new();
    bench.run(
        "phone request --element full_name_unicode,kana -o request --transcript transcript",
        2,
    );
    bench.run(
        "phone request --element full_name_unicode,age_over_20,portrait,age_over_18 -o request --transcript transcript",
        0,
    );
    let present = "phone present phone.vmyna --request request --transcript transcript";
    let said = bench
        .run(&format!("{present} --consent age_over_20,portrait -o response"), 0)
        .err();
    for line in [
        "the reader is not named",
        "released: age_over_20, portrait",
        "withheld: full_name_unicode",
        "not in the mdoc: age_over_18",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    let report = bench.verify("--request request --ca specimen", 0);
    assert_eq!(report["verdict"], "valid");
    assert_eq!(report["public_keys"], true);
    let facts = report["reports"][0]["facts"].as_object().unwrap();
    assert_eq!(facts["age_over_20"], "true");
    assert!(facts.len() == 2 && facts["portrait"].as_str().unwrap().contains("SHA-256"));
    // Without -o the answer is the output alone.
    let answer = bench.run(&format!("{present} --consent all"), 0);
    fs::write(bench.path("response"), &answer.stdout).unwrap();
    let printed = bench
        .run("verify response --transcript transcript --ca specimen --lang ja", 0)
        .out();
    for line in ["提示されたmdoc", "device.authentication", "氏名: 見本　花子", "有効"] {
        assert!(printed.contains(line), "{line}\n{printed}");
    }
}

#[test]
fn a_my_number_is_answered_and_stands_in_no_report() {
    let bench = Bench::new();
    bench.answer("all");
    let card = hanako();
    let number = String::from_utf8_lossy(card.summary.person.my_number.digits()).into_owned();
    let response = fs::read(bench.path("response")).unwrap();
    assert!(response.windows(12).any(|window| window == number.as_bytes()));
    let report = bench.verify("--request request --ca specimen", 0).to_string();
    assert!(
        report.contains("elements.my-number") && !report.contains(&number),
        "{report}"
    );
}

#[test]
fn the_owner_of_a_phone_is_asked_on_the_terminal() {
    let bench = Bench::new();
    bench.run(
        "phone request --retain --element full_name_unicode,age_over_20 -o request --transcript transcript",
        0,
    );
    let script = format!(
        "cd {} && {} phone present phone.vmyna --request request --transcript transcript -o response",
        bench.folder.path().display(),
        env!("CARGO_BIN_EXE_vmyna")
    );
    let shown = typed_at(
        &script,
        &[
            ("Release at least 20 years old (age_over_20)?", b"yes\n"),
            ("Release name (full_name_unicode)?", b"no\n"),
        ],
    );
    assert!(shown.contains("The reader will keep it"), "{shown}");
    assert!(
        shown.contains("released: age_over_20\n") && shown.contains("withheld: full_name_unicode"),
        "{shown}"
    );
    bench.verify("--request request --ca specimen", 0);
}

/// CBOR in the shortest form: what a reader writes that signs its request.
mod cbor {
    fn head(major: u8, number: usize) -> Vec<u8> {
        let major = major << 5;
        match number {
            0..24 => vec![major | number as u8],
            24..256 => vec![major | 24, number as u8],
            _ => [&[major | 25], &(number as u16).to_be_bytes()[..]].concat(),
        }
    }

    pub(super) fn text(text: &str) -> Vec<u8> {
        [&head(3, text.len()), text.as_bytes()].concat()
    }

    pub(super) fn bytes(bytes: &[u8]) -> Vec<u8> {
        [&head(2, bytes.len()), bytes].concat()
    }

    pub(super) fn array(items: &[Vec<u8>]) -> Vec<u8> {
        [head(4, items.len()), items.concat()].concat()
    }

    pub(super) fn map(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
        let all: Vec<u8> = entries
            .iter()
            .flat_map(|(key, value)| [&key[..], value].concat())
            .collect();
        [head(5, entries.len()), all].concat()
    }

    /// Tag 24 around a byte string.
    pub(super) fn embedded(content: &[u8]) -> Vec<u8> {
        [&[0xD8, 0x18], &bytes(content)[..]].concat()
    }
}

/// r and s of an ECDSA signature in DER, 32 bytes each.
fn raw_signature(der: &[u8]) -> Vec<u8> {
    let first = usize::from(der[3]);
    let (r, s) = (&der[4..4 + first], &der[6 + first..]);
    let padded = |number: &[u8]| {
        let number = &number[number.len().saturating_sub(32)..];
        [vec![0; 32 - number.len()], number.to_vec()].concat()
    };
    [padded(r), padded(s)].concat()
}

#[test]
fn a_reader_that_has_signed_is_named_and_a_wrong_signature_gets_no_answer() {
    const MDOC: &str = "org.iso.23220.1.jp.mnc";
    let bench = Bench::new();
    bench.run(
        "phone request --element full_name_unicode -o unsigned --transcript transcript",
        0,
    );
    let folder = bench.folder.path();
    openssl(
        folder,
        &[
            "ecparam",
            "-name",
            "prime256v1",
            "-genkey",
            "-noout",
            "-out",
            "reader.pem",
        ],
    );
    let subject = "/C=JP/CN=TEST reader";
    openssl(
        folder,
        &[
            "req",
            "-x509",
            "-key",
            "reader.pem",
            "-subj",
            subject,
            "-outform",
            "DER",
            "-out",
            "reader.cer",
        ],
    );
    let present = "phone present phone.vmyna --request request --transcript transcript --consent all -o response";
    // A reader has signed another part of the request: it need not be the one that asks for this mdoc.
    let other = signed_request(&bench, "org.iso.18013.5.1.mDL");
    let unsigned = cbor::map(&[(cbor::text("itemsRequest"), cbor::embedded(&items(MDOC)))]);
    fs::write(bench.path("request"), whole_request(&[other.clone(), unsigned])).unwrap();
    let said = bench.run(present, 0).err();
    assert!(
        said.contains("the reader is not named") && !said.contains("TEST reader"),
        "{said}"
    );
    fs::remove_file(bench.path("response")).unwrap();
    let signed = signed_request(&bench, MDOC);
    fs::write(bench.path("request"), whole_request(&[other, signed.clone(), signed])).unwrap();
    let said = bench.run(present, 0).err();
    assert_eq!(said.matches("the reader: CN=TEST reader,C=JP").count(), 1, "{said}");
    fs::remove_file(bench.path("response")).unwrap();
    fs::write(bench.path("request"), whole_request(&[signed_request(&bench, MDOC)])).unwrap();
    let said = bench.run(present, 0).err();
    assert!(said.contains("the reader: CN=TEST reader,C=JP"), "{said}");
    // What a reader writes begins no line of its own.
    assert!(said.contains("other\\nwithheld: full_name_unicode"), "{said}");
    assert_eq!(said.matches("\nwithheld: ").count(), 1, "{said}");
    bench.verify("--request request --ca specimen", 0);
    fs::remove_file(bench.path("response")).unwrap();
    bench.run(
        "phone request --element full_name_unicode -o unsigned --transcript transcript",
        0,
    );
    let said = bench.run(present, 1).err();
    assert!(said.contains("the signature of the reader is wrong"), "{said}");
    assert!(!bench.path("response").exists());
}

/// A request for the name, and for an element whose name looks like two lines.
fn items(doc_type: &str) -> Vec<u8> {
    let element = cbor::map(&[
        (cbor::text("full_name_unicode"), vec![0xF4]),
        (cbor::text("other\nwithheld: full_name_unicode"), vec![0xF4]),
    ]);
    cbor::map(&[
        (cbor::text("docType"), cbor::text(doc_type)),
        (
            cbor::text("nameSpaces"),
            cbor::map(&[(cbor::text("org.iso.23220.1.jp"), element)]),
        ),
    ])
}

fn whole_request(parts: &[Vec<u8>]) -> Vec<u8> {
    cbor::map(&[
        (cbor::text("version"), cbor::text("1.0")),
        (cbor::text("docRequests"), cbor::array(parts)),
    ])
}

/// A part of a request that `reader.pem` of the bench has signed, by openssl.
fn signed_request(bench: &Bench, doc_type: &str) -> Vec<u8> {
    let folder = bench.folder.path();
    let items = items(doc_type);
    let transcript = fs::read(bench.path("transcript")).unwrap();
    let authentication = cbor::array(&[cbor::text("ReaderAuthentication"), transcript, cbor::embedded(&items)]);
    let algorithm = cbor::bytes(&[0xA1, 0x01, 0x26]);
    let signed = cbor::array(&[
        cbor::text("Signature1"),
        algorithm.clone(),
        cbor::bytes(b""),
        cbor::bytes(&cbor::embedded(&authentication)),
    ]);
    fs::write(bench.path("signed"), signed).unwrap();
    openssl(
        folder,
        &["dgst", "-sha256", "-sign", "reader.pem", "-out", "signature", "signed"],
    );
    let signature = raw_signature(&fs::read(bench.path("signature")).unwrap());
    let certificate = cbor::bytes(&fs::read(bench.path("reader.cer")).unwrap());
    let auth = cbor::array(&[
        algorithm,
        cbor::map(&[(vec![0x18, 33], certificate)]),
        vec![0xF6],
        cbor::bytes(&signature),
    ]);
    cbor::map(&[
        (cbor::text("readerAuth"), auth),
        (cbor::text("itemsRequest"), cbor::embedded(&items)),
    ])
}

#[test]
fn what_is_no_phone_with_an_mdoc_answers_nothing_and_says_why() {
    let bench = Bench::new();
    bench.write("android.vmyna", &token(PhoneKind::Android, None));
    bench.write("removed.vmyna", &token(PhoneKind::Iphone, None));
    bench.run(
        "phone request --element full_name_unicode -o request --transcript transcript",
        0,
    );
    let asked = "--request request --transcript transcript -o response";
    for (phone, more, status, words) in [
        ("specimen:hanako", "--consent all", 2, "is a card, not a phone"),
        ("android.vmyna", "--consent all", 1, "an Android phone has no mdoc"),
        ("removed.vmyna", "--consent all", 1, "the mdoc was taken off"),
        ("phone.vmyna", "", 2, "give --consent"),
        ("phone.vmyna", "--consent sex", 2, "does not ask for sex"),
    ] {
        let said = bench
            .run(&format!("phone present {phone} {asked} {more}"), status)
            .err();
        assert!(said.contains(words), "{words}\n{said}");
        assert!(!bench.path("response").exists(), "{words}");
    }
    let said = bench
        .run(
            "phone present phone.vmyna --request transcript --transcript transcript --consent all -o response",
            1,
        )
        .err();
    assert!(said.contains("transcript: "), "{said}");
    assert!(bench.run("phone show android.vmyna", 0).out().contains("mdoc: none"));
    bench.run("phone show removed.vmyna --portrait photo", 1);
    assert!(!bench.path("photo").exists());
}

#[test]
fn damaged_foreign_late_and_other_answers_are_refused() {
    let bench = Bench::with_authorities();
    bench.answer("full_name_unicode,sex");
    bench.verify("--request request --ca ca", 0);
    assert_eq!(bench.verify("--ca ca", 0)["verdict"], "valid");
    // Another authority, of the same names.
    let report = bench.verify("--ca specimen", 1);
    assert_eq!(
        against(&report),
        [("signer.chain", "not-verified"), ("signer.revocation", "not-verified")]
    );
    // Late.
    let report = bench.verify("--ca ca --at 2040-01-01T00:00:00Z", 1);
    assert!(against(&report).contains(&("object.validity", "invalid")), "{report:#}");
    // Without a transcript, and with another one.
    assert!(bench.run("verify response --ca ca", 2).err().contains("--transcript"));
    fs::rename(bench.path("transcript"), bench.path("before")).unwrap();
    bench.run("phone request --element sex -o less --transcript transcript", 0);
    let report = bench.verify("--ca ca --request less", 1);
    assert_eq!(
        against(&report),
        [("device.authentication", "invalid"), ("request.elements", "invalid")]
    );
    fs::rename(bench.path("before"), bench.path("transcript")).unwrap();
    // Cut and changed.
    let response = fs::read(bench.path("response")).unwrap();
    for changed in [
        &response[..response.len() - 1],
        &response[..40],
        &[],
        &[&response[..], &[0]].concat(),
    ] {
        fs::write(bench.path("response"), changed).unwrap();
        assert_eq!(against(&bench.verify("--ca ca", 1)), [("response.form", "invalid")]);
    }
    let mut changed = response.clone();
    let name = response
        .windows(6)
        .position(|window| window == "花子".as_bytes())
        .unwrap();
    changed[name + 5] ^= 1;
    fs::write(bench.path("response"), &changed).unwrap();
    assert_eq!(against(&bench.verify("--ca ca", 1)), [("elements.digests", "invalid")]);
    // Longer than any answer: refused without being read.
    fs::File::create(bench.path("response"))
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    bench.run("verify response --transcript transcript --ca ca", 2);
}

#[test]
fn a_revoked_signer_is_seen_in_register_list_and_on_the_server() {
    let bench = Bench::with_authorities();
    bench.answer("age_over_20");
    bench.run("ca export ca -o trust", 0);
    let server = Server::start(&bench);
    let check = |status: i32| {
        bench.run("ca crl ca --mdoc --pem -o list.pem", 0);
        for source in [
            "--ca ca",
            "--ca ca --crl list.pem",
            "--trust trust/mdoc-root.cer",
            "--trust trust/mdoc-roots.pem",
        ] {
            let report = bench.verify(source, status);
            if status != 0 {
                assert_eq!(against(&report), [("signer.revocation", "invalid")], "{source}");
            }
        }
    };
    check(0);
    let text = openssl(
        bench.folder.path(),
        &[
            "crl",
            "-in",
            "list.pem",
            "-noout",
            "-text",
            "-CAfile",
            "trust/mdoc-roots.pem",
        ],
    );
    assert!(
        text.contains("No Revoked Certificates") && text.contains("ecdsa-with-SHA384"),
        "{text}"
    );
    let said = bench.run("ca revoke ca --mdoc-signer", 0).out();
    assert!(said.contains("Revoked the document signer of mdocs"), "{said}");
    check(1);
    drop(server);
    // Nothing answers there any more, so nothing is known.
    let report = bench.verify("--trust trust/mdoc-root.cer", 1);
    assert_eq!(against(&report), [("signer.revocation", "not-verified")]);
}

#[test]
fn a_phone_is_added_answers_is_refreshed_after_a_revocation_and_emptied() {
    let bench = Bench::new();
    fs::remove_file(bench.path("phone.vmyna")).unwrap();
    let run = |arguments: &str, status: i32| {
        let mut command = vmyna(arguments.split_whitespace());
        command
            .current_dir(&bench.folder)
            .env("VMYNA_REGISTER", bench.path("register"));
        run_with_input(&mut command, b"").exits_with(status)
    };
    let verdict = |status: i32| {
        let verify = "verify response --json --transcript transcript --request request --ca specimen";
        let report: Value = serde_json::from_str(&run(verify, status).out()).unwrap();
        let against: Vec<String> = against(&report).iter().map(|(id, _)| (*id).to_owned()).collect();
        against
    };
    run("phone add specimen:hanako -o phone.vmyna --pin sign=ABC123 --seed 1", 0);
    assert!(
        run("phone show phone.vmyna", 0)
            .out()
            .contains("  name (full_name_unicode): 見本　花子")
    );
    bench.answer("full_name_unicode,portrait");
    assert_eq!(verdict(0), Vec::<String>::new());
    run("ca revoke specimen --mdoc-signer", 0);
    assert_eq!(verdict(1), ["signer.revocation"]);
    run("phone refresh phone.vmyna --card specimen:hanako", 0);
    bench.answer("full_name_unicode,portrait");
    assert_eq!(verdict(0), Vec::<String>::new());
    run("phone remove phone.vmyna", 0);
    assert!(run("phone show phone.vmyna", 0).out().contains("mdoc: none"));
    let said = run(
        "phone present phone.vmyna --request request --transcript transcript --consent all -o other",
        1,
    )
    .err();
    assert!(said.contains("was taken off"), "{said}");
}

#[test]
fn the_pages_have_the_same_commands_and_those_print_what_the_page_shows() {
    let [english, japanese] = ["phone.md", "phone.ja.md"].map(blocks);
    assert_eq!(english, japanese);
    assert_eq!(shown("phone.md"), shown("phone.ja.md"));
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(env!("CARGO_BIN_EXE_vmyna"), bin.join("vmyna")).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let about_mdoc = english.iter().skip_while(|block| block.name != "a phone with an mdoc");
    let script: String = about_mdoc.map(|block| block.text.as_str()).collect();
    assert!(script.lines().count() > 8, "{script}");
    let output = starting(require_program("sh", "dash"))
        .args(["-e", "-c", &script])
        .env("PATH", path)
        .env("VMYNA_REGISTER", folder.path().join("register"))
        .current_dir(&folder)
        .output()
        .unwrap()
        .exits_with(0);
    let printed = output.out() + &output.err();
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/phone.md")).unwrap();
    let (_, mdoc) = page.split_once("\n## The mdoc\n").unwrap();
    let lines: Vec<String> = shown("phone.md")
        .into_iter()
        .filter(|line| mdoc.contains(line.as_str()))
        .collect();
    assert!(lines.len() >= 5, "{lines:?}");
    for line in lines {
        assert!(printed.contains(&line), "{line:?} is not printed:\n{printed}");
    }
}
