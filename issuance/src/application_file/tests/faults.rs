//! What is wrong with a declaration: each kind of fault, with its line and field.

use std::fs;

use p256::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use proptest::prelude::*;

use super::made::self_signed;
use super::*;

/// Asserts that a declaration has exactly one fault, with this line and field, and with this in its message.
fn one(text: &str, folder: Option<&Path>, (line, field): (usize, &str), message: &str) {
    let faults = faults(text, folder);
    assert_eq!(faults.len(), 1, "{faults:#?}\n{text}");
    let place = match line {
        0 => String::new(),
        line => format!("line {line}, {field}: "),
    };
    let right = faults[0].starts_with(&place) && faults[0].contains(message);
    assert!(right, "{}\nis not\n{place}… {message}\n{text}", faults[0]);
}

#[test]
fn all_faults_are_reported_at_once_by_line() {
    let text = format!(
        "{HEAD}nmae = \"x\"\n{}",
        r#"[[application.pin]]
name = "pin"
ef = "6"
length = 4
tries = 16
value = "7391"
[[application.file]]
name = "data"
ef = "0001"
content = { hx = "00" }
read = "pin or pinn"
"#
    );
    let expected = [
        "line 7, application[1].nmae: unknown key; the nearest known one is `name`",
        "line 10, application[1].pin[1].ef: is a file identifier of four hexadecimal digits",
        "line 12, application[1].pin[1].tries: is a whole number from 1 to 15",
        "line 17, application[1].file[1].content: is a table with one of: hex, text,",
        "line 18, application[1].file[1].read: at character 8 of the condition: `pinn` is neither a PIN nor a host key",
    ];
    let faults = faults(&text, None);
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.starts_with(expected), "{fault}\nis not\n{expected}");
    }
}

#[test]
fn wrong_lines_of_an_application_are_refused() {
    for (lines, (line, field), message) in [
        ("nmae = \"x\"", (7, "nmae"), "the nearest known one is `name`"),
        ("1234 = \"x\"", (7, "?"), "unknown key, not shown"),
        ("name = \"x\"", (0, ""), "is not TOML"),
        (
            "certainty = \"sure\"",
            (7, "certainty"),
            "is one of: measured, documented, client, assumed",
        ),
        ("parent = \"other\"", (7, "parent"), "no application of this file"),
        ("parent = \"thing\"", (2, ""), "its own parent"),
        ("default-key = \"key\"", (7, "default-key"), "no private key"),
        ("default-key = 1", (7, "default-key"), "must be in quotes"),
        (
            "status-words = { \"acess.denied\" = \"6985\" }",
            (7, "status-words.acess.denied"),
            "the nearest one is `access.denied`",
        ),
        (
            "status-words = { \"access.denied\" = \"9000\" }",
            (7, "status-words.access.denied"),
            "6200 to 6FFF",
        ),
        (
            "status-words = { \"access.denied\" = \"6000\" }",
            (7, "status-words.access.denied"),
            "6200 to 6FFF",
        ),
        (
            "status-words = { \"access.denied\" = \"6100\" }",
            (7, "status-words.access.denied"),
            "6200 to 6FFF",
        ),
        (
            "status-words = { \"access.denied\" = \"6C05\" }",
            (7, "status-words.access.denied"),
            "6200 to 6FFF",
        ),
        (
            "status-words = { \"access.denied\" = \"6c05\" }",
            (7, "status-words.access.denied"),
            "6200 to 6FFF",
        ),
        ("status-words = {}", (7, "status-words"), "is empty"),
        ("select = { fci = \"6F0\" }", (7, "select.fci"), "hexadecimal"),
        ("select = { fci = \"\" }", (7, "select.fci"), "has 1 to 256 bytes"),
        ("select = { locked = 1 }", (7, "select.locked"), "true or false"),
        ("select = 1", (7, "select"), "is a table"),
        ("pin = []", (7, "pin"), "has 1 to 64 entries, not 0"),
        ("pin = 3", (7, "pin"), "is a list"),
        ("pin = [3]", (7, "pin[1]"), "is a table"),
        (
            "secure-session = { name = \"s\", origin = \"issue\", when = \"pin\" }",
            (7, "secure-session.when"),
            "`pin` is neither",
        ),
        (
            "secure-session = { name = \"s\", origin = \"card\", when = \"always\" }",
            (7, "secure-session.origin"),
            "is one of: issue",
        ),
    ] {
        let field = match field {
            "" => "application[1]".to_owned(),
            field => format!("application[1].{field}"),
        };
        one(&format!("{HEAD}{lines}\n"), None, (line, &field), message);
    }
}

#[test]
fn wrong_heads_are_refused() {
    for (from, to, (line, field), message) in [
        ("format = 1", "format = 2", (1, "format"), "is 1"),
        ("format = 1", "", (1, "format"), "is missing"),
        ("\"thing\"", "\"Thing\"", (3, "application[1].name"), "1 to 32 of a-z"),
        ("\"thing\"", "\"always\"", (3, "application[1].name"), "1 to 32 of a-z"),
        ("\"thing\"", "7", (3, "application[1].name"), "must be in quotes"),
        ("\"thing\"", "true", (3, "application[1].name"), "1 to 32 of a-z"),
        ("\"thing\"", "\"jpki\"", (2, "application[1]"), "jpki of its own"),
        ("title = \"試験AP\"", "", (2, "application[1].title"), "is missing"),
        ("\"試験AP\"", "\"a\\nb\"", (4, "application[1].title"), "on one line"),
        (
            "F0 54 45 53 54 01",
            "F0 54 45 5",
            (5, "application[1].aid"),
            "5 to 16 bytes",
        ),
        (
            "F0 54 45 53 54 01",
            "F0 54 45 54",
            (5, "application[1].aid"),
            "5 to 16 bytes",
        ),
        (
            "F0 54 45 53 54 01",
            "D392F000260100000001",
            (2, "application[1]"),
            "begins the other",
        ),
        (
            "F0 54 45 53 54 01",
            "D392F00026010000000101",
            (2, "application[1]"),
            "begins the other",
        ),
        (
            "F0 54 45 53 54 01",
            "D392F00026",
            (2, "application[1]"),
            "begins the other",
        ),
        (
            "source = \"an invention of this test\"",
            "",
            (2, "application[1].source"),
            "is missing",
        ),
    ] {
        let text = HEAD.replace(from, to);
        assert_ne!(text, HEAD, "{from}");
        one(&text, None, (line, field), message);
    }
    one("format = 1", None, (1, "application"), "is missing");
    one(
        "format = 1\napplication = []",
        None,
        (2, "application"),
        "has 1 to 20 entries, not 0",
    );
    let long = format!("{HEAD}#{}", " ".repeat(1 << 20));
    one(&long, None, (0, ""), "longer than 1 MiB");
}

#[test]
fn applications_of_one_file_that_cant_be_on_one_card_are_refused() {
    let two = |name: &str, aid: &str, more: &str| {
        let second = HEAD
            .replace("format = 1\n", "")
            .replace("thing", name)
            .replace("F0 54 45 53 54 01", aid);
        format!("{HEAD}{second}{more}")
    };
    one(
        &two("thing", "F0 54 45 53 54 02", ""),
        None,
        (8, "application[2].name"),
        "is the name of another application",
    );
    one(
        &two("other", "f05445535401", ""),
        None,
        (10, "application[2].aid"),
        "is the AID of another application",
    );
    one(
        &two("other", "F0 54 45 53 54 01 00", ""),
        None,
        (10, "application[2].aid"),
        "one begins the other",
    );
    one(
        &two("other", "F0 54 45 53 54", ""),
        None,
        (10, "application[2].aid"),
        "one begins the other",
    );
    let round = two("other", "F0 54 45 53 54 02", "parent = \"thing\"\n").replace(
        "source = \"an invention of this test\"\n[[",
        "source = \"an invention of this test\"\nparent = \"other\"\n[[",
    );
    let faults = faults(&round, None);
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(
        faults.iter().all(|fault| fault.contains("its own parent")),
        "{faults:?}"
    );
    let many: String = (0..21)
        .map(|number| {
            let head = HEAD
                .replace("format = 1\n", "")
                .replace("thing", &format!("thing{number}"));
            head.replace("54 01", &format!("54 {number:02}"))
        })
        .collect();
    one(
        &format!("format = 1\n{many}"),
        None,
        (2, "application"),
        "has 1 to 20 entries, not 21",
    );
}

#[test]
fn wrong_pins_are_refused_and_never_shown() {
    for (from, to, (line, field), message) in [
        ("value = \"7391\"", "", (8, ""), "exactly one of value and unset"),
        (
            "value = \"7391\"",
            "value = \"7391\"\nunset = true",
            (8, ""),
            "exactly one of value and unset",
        ),
        (
            "value = \"7391\"",
            "unset = false",
            (14, ".unset"),
            "is true, or is left out",
        ),
        ("\"7391\"", "7391", (14, ".value"), "is 1 to 16 ASCII characters"),
        ("\"7391\"", "\"73915\"", (14, ".value"), "4 digits"),
        ("\"7391\"", "\"739A\"", (14, ".value"), "4 digits"),
        ("\"7391\"", "{ hex = \"7391\" }", (14, ".value"), "4 digits"),
        (
            "\"7391\"",
            "{ text = \"7391\" }",
            (14, ".value"),
            "is a table with one of: hex",
        ),
        ("length = 4", "length = 17", (12, ".length"), "from 1 to 16"),
        ("length = 4", "length = [5, 4]", (12, ".length"), "the lesser first"),
        ("length = 4", "length = [4]", (12, ".length"), "two whole numbers"),
        ("length = 4", "length = \"4\"", (12, ".length"), "is a whole number"),
        ("length = 4", "", (8, ".length"), "is missing"),
        ("tries = 3", "tries = 0", (13, ".tries"), "from 1 to 15"),
        ("tries = 3", "tries = -3", (13, ".tries"), "from 1 to 15"),
        ("ef = \"0006\"", "ef = \"3F00\"", (11, ".ef"), "reserved"),
        ("name = \"pin\"", "name = \"never\"", (9, ".name"), "none of: and"),
        (
            "tries = 3",
            "tries = 3\ncharacters = \"letters\"",
            (14, ".characters"),
            "is one of: digits",
        ),
        ("tries = 3", "tries = 3\n7391 = 1", (14, ".?"), "not shown"),
        (
            "tries = 3",
            "tries = 3\nverify = \"pin\"",
            (8, ""),
            "the condition of verify can never hold",
        ),
        (
            "tries = 3",
            "tries = 3\nchange = \"7391\"",
            (14, ".change"),
            "at character 1 of the condition",
        ),
        (
            "tries = 3",
            "tries = 3\nverify = \"always and pin\"",
            (14, ".verify"),
            "stands alone",
        ),
        (
            "value = \"7391\"",
            "shared = \"jpki auth\"",
            (12, ".length"),
            "unknown key",
        ),
    ] {
        let text = format!("{HEAD}{}", PIN.replace(from, to));
        let field = format!("application[1].pin[1]{field}");
        if to.starts_with("shared") {
            // And one for `tries`.
            assert_eq!(faults(&text, None).len(), 2);
        } else {
            one(&text, None, (line, &field), message);
        }
        for fault in faults(&text, None) {
            assert!(!fault.contains("739"), "{fault}");
        }
    }
}

#[test]
fn wrong_shared_pins_are_refused() {
    for (shared, message) in [
        ("jpki pin", "jpki has no such PIN"),
        ("nobody auth", "neither in this file nor on the card"),
        ("thing pin2", "has no such PIN of its own"),
        ("thing shared", "has no such PIN of its own"),
    ] {
        let pin = format!("[[application.pin]]\nname = \"shared\"\nef = \"0007\"\nshared = \"{shared}\"\n");
        one(
            &format!("{HEAD}{PIN}{pin}"),
            None,
            (15, "application[1].pin[2]"),
            message,
        );
    }
    let pin = "[[application.pin]]\nname = \"shared\"\nef = \"0007\"\nshared = \"jpki\"\n";
    one(
        &format!("{HEAD}{PIN}{pin}"),
        None,
        (18, "application[1].pin[2].shared"),
        "a space between them",
    );
}

/// A declaration with the PIN and a file of these lines, of which the first is line 18.
fn file(lines: &str) -> String {
    format!("{HEAD}{PIN}[[application.file]]\nname = \"file\"\nef = \"0001\"\n{lines}\n")
}

#[test]
fn wrong_files_are_refused() {
    for (lines, (line, field), message) in [
        (
            "read = \"pin\"",
            (15, ""),
            "is a table with one of: content, records, internal",
        ),
        (
            "content = { hex = \"\" }\nrecords = []",
            (15, ""),
            "content and records: only one",
        ),
        ("internal = false", (18, ".internal"), "is true"),
        ("internal = true\nread = \"always\"", (19, ".read"), "unknown key"),
        (
            "content = { hex = \"\" }\nappend = \"always\"",
            (19, ".append"),
            "unknown key",
        ),
        ("content = \"00\"", (18, ".content"), "is a table"),
        ("content = { hex = \"0\" }", (18, ".content.hex"), "hexadecimal"),
        (
            "content = { hex = \"00\", text = \"a\" }",
            (18, ".content"),
            "hex and text: only one",
        ),
        (
            "content = { encoding = \"ascii\" }",
            (18, ".content"),
            "is a table with one of: hex",
        ),
        (
            "content = { text = \"a\", encoding = \"sjis\" }",
            (18, ".content.encoding"),
            "is one of: utf-8",
        ),
        (
            "content = { text = \"山1\", encoding = \"jis-x-0208\" }",
            (18, ".content.text"),
            "JIS X 0208 has no character U+0031, which is character 2",
        ),
        (
            "content = { hex = \"0102\" }\nsize = 1",
            (15, ""),
            "has 2 bytes, and the stated size is 1",
        ),
        (
            "content = { hex = \"01\" }\nsize = 32769",
            (19, ".size"),
            "from 1 to 32768",
        ),
        (
            "content = { concat = [{ random = 32768 }, { hex = \"00\" }] }",
            (18, ".content.concat"),
            "more than 32768 bytes",
        ),
        (
            "content = { tlv = { C1 = { random = 32768 } } }",
            (18, ".content.tlv"),
            "more than 32768 bytes",
        ),
        (
            "content = { tlv = { XY = { hex = \"\" } } }",
            (18, ".content.tlv.?"),
            "a key here is a tag",
        ),
        (
            "content = { tlv = { 1F = { hex = \"\" } } }",
            (18, ".content.tlv.?"),
            "a key here is a tag",
        ),
        (
            "content = { tlv = { C1 = { hex = \"\" }, c1 = { hex = \"\" } } }",
            (18, ".content.tlv.c1"),
            "is there twice",
        ),
        ("content = { tlv = {} }", (18, ".content.tlv"), "is empty"),
        (
            "content = { tlv = { C1 = [] } }",
            (18, ".content.tlv.C1"),
            "has 1 to 100 entries",
        ),
        (
            "content = { concat = [{ hx = \"\" }] }",
            (18, ".content.concat[1]"),
            "is a table with one of",
        ),
        ("content = { serial = 33 }", (18, ".content.serial"), "from 1 to 32"),
        (
            "content = { person = \"my-number\" }",
            (18, ".content.person"),
            "is one of: name",
        ),
        (
            "content = { person = \"name\", encoding = \"ascii\" }",
            (18, ".content.person"),
            "ASCII has no character",
        ),
        (
            "content = { date = \"birth\" }",
            (18, ".content.date"),
            "is one of: issued, expiry",
        ),
        ("content = { file = \"a\" }", (18, ".content.file"), "lies in no folder"),
        (
            "content = { public-key = \"pin\" }",
            (18, ".content.public-key"),
            "no private key",
        ),
        (
            "content = { hex = \"\" }\nread = \"file\"",
            (19, ".read"),
            "`file` is a file: a condition names PINs",
        ),
        (
            "content = { hex = \"\" }\nread = \"pin or\"",
            (19, ".read"),
            "at character 7",
        ),
        (
            "content = { hex = \"\" }\nread = \"\"",
            (19, ".read"),
            "always, never, unsuited, or names",
        ),
        (
            "content = { hex = \"\" }\nread = \"PIN\"",
            (19, ".read"),
            "at character 1",
        ),
        ("records = {}", (18, ".records"), "is a list"),
        ("records = [{ hex = \"\" }]", (18, ".records[1].hex"), "has 0 bytes"),
        (
            "records = [{ random = 255 }]",
            (18, ".records[1].random"),
            "has 255 bytes: a record has 1 to 254",
        ),
        (
            "records = [{ hex = \"01\" }, { hex = \"0102\" }]\nroom = { records = 9, length = 1 }",
            (18, ".records[2].hex"),
            "has 2 bytes: a record has 1 to 1 here",
        ),
        (
            "records = [{ hex = \"01\" }, { hex = \"02\" }]\nroom = { records = 1, length = 1 }",
            (19, ".room"),
            "room for 1 records, but 2",
        ),
        (
            "records = [{ hex = \"01\" }]\nroom = { records = 255, length = 1 }",
            (19, ".room.records"),
            "from 1 to 254",
        ),
        (
            "records = [{ hex = \"01\" }]\nappend = \"pin\"",
            (15, ""),
            "`append` without `room`",
        ),
        (
            "content = { hex = \"\" }\n[[application.file]]\nname = \"file\"\nef = \"0002\"\ninternal = true",
            (20, "file[2].name"),
            "is the name of something else",
        ),
        (
            "content = { hex = \"\" }\n[[application.file]]\nname = \"other\"\nef = \"0001\"\ninternal = true",
            (21, "file[2].ef"),
            "is the identifier of another file",
        ),
        (
            "content = { hex = \"\" }\n[[application.key]]\nname = \"k\"\nef = \"0002\"\nalgorithm = \"P-521\"\norigin = \"issue\"",
            (22, "key[1].algorithm"),
            "is one of: RSA-2048",
        ),
        (
            "content = { hex = \"\" }\n[[application.key]]\nname = \"k\"\nef = \"0002\"\nalgorithm = \"P-256\"\norigin = \"card\"",
            (19, "key[1]"),
            "without `generate`",
        ),
        (
            "content = { hex = \"\" }\n[[application.key]]\nname = \"k\"\nef = \"0002\"\nalgorithm = \"P-256\"\norigin = \"issue\"\nread = \"pin\"",
            (24, "key[1].read"),
            "for a key with origin \"card\"",
        ),
        (
            "content = { public-key = \"k\" }\n[[application.key]]\nname = \"k\"\nef = \"0002\"\nalgorithm = \"P-256\"\norigin = \"card\"\ngenerate = \"pin\"",
            (18, "file[1].content.public-key"),
            "a key that the card makes",
        ),
    ] {
        let field = match field {
            "" => "application[1].file[1]".to_owned(),
            field if field.starts_with('.') => format!("application[1].file[1]{field}"),
            field => format!("application[1].{field}"),
        };
        one(&file(lines), None, (line, &field), message);
    }
}

#[test]
fn wrong_files_of_the_folder_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let key = p256::SecretKey::random(&mut rng());
    let other = p256::SecretKey::random(&mut ChaCha20Rng::from_seed([9; 32]));
    write("key.pem", &key.to_pkcs8_pem(LineEnding::LF).unwrap());
    write("other.pem", &other.to_pkcs8_pem(LineEnding::LF).unwrap());
    write(
        "public.pem",
        &key.public_key().to_public_key_pem(LineEnding::LF).unwrap(),
    );
    write("ca.pem", &self_signed(&key, "CN=TEST,C=JP"));
    write("real.pem", &self_signed(&key, "CN=Authority,C=JP"));
    let certificate = |ca: &str, key: &str, subject: &str| {
        format!(
            "content = {{ certificate = {{ key = \"own\", authority = {{ certificate = \"{ca}\", key = \"{key}\" }}, \
             subject = \"{subject}\" }} }}"
        )
    };
    let at = ".content.certificate";
    for (lines, field, message) in [
        (
            "content = { file = \"none\" }".to_owned(),
            ".content.file".to_owned(),
            "can't be read",
        ),
        (
            "content = { file = \"../key.pem\" }".to_owned(),
            ".content.file".to_owned(),
            "`..`",
        ),
        (
            "content = { file = \"/etc/passwd\" }".to_owned(),
            ".content.file".to_owned(),
            "is the path of a file below",
        ),
        (
            "content = { signature = { file = \"ca.pem\", of = [\"0002\"] } }".to_owned(),
            ".content.signature.file".to_owned(),
            "no private key",
        ),
        (
            "content = { signature = { file = \"key.pem\", of = [\"0001\"] } }".to_owned(),
            ".content.signature".to_owned(),
            "in which the signature itself is",
        ),
        (
            "content = { signature = { file = \"key.pem\", of = [\"0006\"] } }".to_owned(),
            ".content.signature".to_owned(),
            "no transparent file",
        ),
        (
            "content = { signature = { file = \"key.pem\", of = [] } }".to_owned(),
            ".content.signature.of".to_owned(),
            "has 1 to",
        ),
        (
            certificate("real.pem", "key.pem", "CN=TEST"),
            format!("{at}.authority.certificate"),
            "lacks TEST",
        ),
        (
            certificate("ca.pem", "other.pem", "CN=TEST"),
            format!("{at}.authority.certificate"),
            "not the certificate of the authority's key",
        ),
        (
            certificate("key.pem", "key.pem", "CN=TEST"),
            format!("{at}.authority.certificate"),
            "is no certificate",
        ),
        (
            certificate("ca.pem", "ca.pem", "CN=TEST"),
            format!("{at}.authority.key"),
            "no private key",
        ),
        (
            certificate("ca.pem", "key.pem", "CN=Taro"),
            format!("{at}.subject"),
            "with TEST in it",
        ),
        (
            certificate("ca.pem", "key.pem", "TEST"),
            format!("{at}.subject"),
            "no distinguished name",
        ),
        (
            certificate("ca.pem", "key.pem", "CN=TEST,C=日本"),
            format!("{at}.subject"),
            "no distinguished name",
        ),
    ] {
        let own = "\n[[application.key]]\nname = \"own\"\nef = \"0010\"\nalgorithm = \"P-256\"\norigin = \"issue\"";
        let field = format!("application[1].file[1]{field}");
        one(&file(&(lines + own)), Some(folder.path()), (18, &field), message);
    }
    for (lines, (line, field), message) in [
        (
            "key]]\nname = \"k\"\nef = \"0010\"\nalgorithm = \"P-384\"\norigin = { file = \"key.pem\" }",
            (11, "key[1].algorithm"),
            "which is P-256",
        ),
        (
            "key]]\nname = \"k\"\nef = \"0010\"\nalgorithm = \"P-256\"\norigin = { file = \"public.pem\" }",
            (12, "key[1].origin.file"),
            "no private key",
        ),
        (
            "key]]\nname = \"k\"\nef = \"0010\"\nalgorithm = \"P-256\"\norigin = \"file\"",
            (12, "key[1].origin"),
            "is one of: issue, card",
        ),
        (
            "host-key]]\nname = \"k\"\nef = \"0010\"\nfile = \"key.pem\"",
            (11, "host-key[1].file"),
            "no public key",
        ),
    ] {
        let text = format!("{HEAD}\n[[application.{lines}\n");
        let faults = faults(&text, Some(folder.path()));
        assert!(faults.iter().all(|fault| !fault.contains("BEGIN")), "{faults:?}");
        one(
            &text,
            Some(folder.path()),
            (line, &format!("application[1].{field}")),
            message,
        );
    }
}

#[test]
fn conditions_that_need_each_other_can_never_hold() {
    let pin = |name: &str, ef: &str, verify: &str| {
        format!(
            "[[application.pin]]\nname = \"{name}\"\nef = \"{ef}\"\nlength = 4\ntries = 3\nvalue = \"1111\"\nverify = \"{verify}\"\n"
        )
    };
    let (a, b) = (pin("a", "0001", "b"), pin("b", "0002", "a"));
    let found = faults(&format!("{HEAD}{a}{b}"), None);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|fault| fault.contains("can never hold")), "{found:?}");
    let (never, free) = (pin("a", "0001", "never"), pin("b", "0002", "a or always-not"));
    let found = faults(&format!("{HEAD}{never}{free}"), None);
    assert!(found[0].contains("at character 6"), "{found:?}");
    // A way round is enough.
    made(
        &format!(
            "{HEAD}{never}{}{}",
            pin("b", "0002", "always"),
            pin("c", "0003", "a or b")
        ),
        None,
    );
}

#[test]
fn errors_of_toml_come_alone_with_line_and_column() {
    let text = format!("{HEAD}title = \n");
    let faults = ApplicationFile::parse(&text, None).unwrap_err();
    assert_eq!((faults[0].line, faults[0].field.as_str()), (Some(7), ""));
    assert!(faults[0].column.is_some(), "{faults:?}");
    let deep = format!("{HEAD}x = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(ApplicationFile::parse(&deep, None).is_err());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}|[a-z\\[\\]{}=\".\n 0-9]{0,200}") {
        let _ = ApplicationFile::parse(&text, None);
        let _ = ApplicationFile::parse(&format!("{HEAD}{text}"), None);
    }

    #[test]
    fn no_damaged_declaration_makes_it_panic_and_every_fault_has_a_line(at in 0usize..800, piece in "\\PC{0,8}|[\\[\\]{}=\",]{1,3}") {
        let mut text = file("content = { tlv = { C1 = [{ text = \"a\" }, { serial = 3 }] } }\nread = \"pin\"\nsize = 40");
        let mut at = at % text.len();
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let end = (at + piece.len()).min(text.len());
        let end = (end..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
        text.replace_range(at..end, &piece);
        if let Err(faults) = ApplicationFile::parse(&text, None) {
            prop_assert!(faults.iter().all(|fault| fault.line.is_some()), "{faults:?}\n{text}");
        }
    }
}
