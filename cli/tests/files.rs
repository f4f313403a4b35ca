//! `vmyna files` as a person or a script uses it; what it writes is read by openssl.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;

use common::{Printed, openssl, run_with_input, starting, vmyna};
use vmyna_testkit::require_program;

const HANAKO: &str = "specimen:hanako";

fn shown(path: &str) -> String {
    vmyna(["files", HANAKO, path]).output().unwrap().exits_with(0).out()
}

/// What a card answers to the last of these APDUs, without its status word `9000`.
fn read(apdus: &[&str]) -> String {
    let output = vmyna(["apdu", "--plain"])
        .args(apdus)
        .output()
        .unwrap()
        .exits_with(0)
        .out();
    output.lines().last().unwrap().strip_suffix("9000").unwrap().to_owned()
}

fn raw(path: &str) -> Vec<u8> {
    vmyna(["files", HANAKO, path, "--raw"])
        .output()
        .unwrap()
        .exits_with(0)
        .stdout
}

/// The data object alone.
fn object(path: &str) -> Vec<u8> {
    vmyna(["files", HANAKO, path, "--object"])
        .output()
        .unwrap()
        .exits_with(0)
        .stdout
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[test]
fn the_list_names_every_application_and_file_and_shows_no_contents() {
    let list = vmyna(["files", HANAKO]).output().unwrap().exits_with(0).out();
    for expected in [
        "jpki  AID D392F000260100000001  公的個人認証AP",
        "0001  SFI 1",
        "sign certificate  署名用電子証明書",
        "read needs sign password (001B)",
        "read needs input-assist PIN (0011) or verification code A (0014)",
        "7F21  GET DATA",
        "0021  no SFI",
        "private key, RSA-2048",
    ] {
        assert!(list.contains(expected), "{expected} is missing in\n{list}");
    }
    for content in ["123456789018", "12345678903", "花子", "19891025", "2036"] {
        assert!(!list.contains(content), "{content} is shown in\n{list}");
    }
    assert!(!list.contains("myna-card"), "sources are for --why");
    let why = vmyna(["files", HANAKO, "--why"]).output().unwrap().exits_with(0).out();
    assert!(why.contains("[measured: OpenSC issue 3169"), "{why}");
}

#[test]
fn openssl_reads_the_bytes_of_every_certificate_and_says_the_same_about_it() {
    let folder = tempfile::tempdir().unwrap();
    for ef in ["0001", "0002", "000A", "000B"] {
        let path = format!("jpki/{ef}");
        fs::write(folder.path().join("certificate.der"), raw(&path)).unwrap();
        let text = shown(&path);
        let print = |arguments: &[&str]| {
            let all = [
                &["x509", "-inform", "DER", "-in", "certificate.der", "-noout"],
                arguments,
            ]
            .concat();
            openssl(folder.path(), &all).trim().to_owned()
        };
        let serial = print(&["-serial"]).replace("serial=", "serial number: ");
        assert!(text.contains(&serial), "{serial} is missing in\n{text}");
        let fingerprint = print(&["-fingerprint", "-sha256"]).replace(':', "");
        let fingerprint = fingerprint.split_once('=').unwrap().1;
        assert!(text.contains(fingerprint), "{fingerprint} is missing in\n{text}");
        let subject = print(&["-subject", "-nameopt", "RFC2253"]).replace("subject=", "subject: ");
        assert!(text.contains(&subject), "{subject} is missing in\n{text}");
        let end = print(&["-enddate", "-dateopt", "iso_8601"]);
        let end = end.strip_prefix("notAfter=").unwrap().replace(' ', "T");
        assert!(
            text.contains(&format!("valid until: {end}")),
            "{end} is missing in\n{text}"
        );
    }
}

#[test]
fn raw_bytes_are_those_that_the_card_gives() {
    let jpki = "00A4040C0AD392F000260100000001";
    assert_eq!(hexadecimal(&raw("jpki/000A")), read(&[jpki, "00B08A00000000"]));
    assert_eq!(
        hexadecimal(&raw("jpki/certificate availability")),
        read(&[jpki, "00B08800000000"])
    );
    let common = "00A4040C0AD3921000310001010100";
    assert_eq!(hexadecimal(&raw("共通カードAP/0001")), read(&[common, "00B2010C00"]));
    assert_eq!(hexadecimal(&raw("A0000001510000/7f21")), read(&["00CA7F21000000"]));
}

#[test]
fn files_of_the_holder_are_decoded_to_what_they_say() {
    for (path, expected) in [
        (
            "input_assist/0001",
            &["FF10 My Number 個人番号 [12]: \"123456789018\"", "filler: 2 x FF"][..],
        ),
        (
            "input_assist/基本4情報",
            &[
                "DF22 name 氏名 [15]: \"見本　花子\"",
                "19891025 (1989-10-25)",
                "2 (female)",
            ],
        ),
        (
            "face_info/card face",
            &["PNG 216 x 12, 1 bit", "JPEG 2000 378 x 472", "20361025 (2036-10-25)"],
        ),
        ("face_info/0005", &["DF41 My Number 個人番号", "PNG 72 x 12"]),
        ("input_assist/0004", &["issuer: 7000033/001", "90 exponent [3]: 010001"]),
        ("card_manager/7F21", &["5F20 subject 16", "issuer: 7131010/002"]),
        ("card_manager/00F2", &["20361025 (2036-10-25)"]),
        ("card_info/0001", &["\"999900000000001\"", "\"13101\""]),
        ("residence_code/0021", &["residence code 住民票コード: \"12345678903\""]),
        ("jpki/0006", &["JPKIAPICCTOKEN2", "LOGIN_REQUIRED"]),
        ("jpki/0001", &["name 氏名: 見本　花子", "419891025", "nonRepudiation"]),
        (
            "jpki/000A",
            &["extKeyUsage: clientAuth", "OCSP http://localhost:47910/ocsp/auth-ca"],
        ),
        ("jpki/0009", &["16 x FF"]),
    ] {
        let text = shown(path);
        for expected in expected {
            assert!(text.contains(expected), "{path}: {expected} is missing in\n{text}");
        }
    }
}

#[test]
fn everything_is_told_in_japanese_when_asked() {
    let run = |arguments: &[&str]| {
        let mut command = vmyna(["files", HANAKO, "--lang", "ja"]);
        command.args(arguments).output().unwrap().exits_with(0).out()
    };
    let list = run(&["--why"]);
    for expected in [
        "透過構造、160バイト",
        "署名用電子証明書  sign certificate",
        "読み出しには署名用パスワード（001B）の照合が必要  ［実測: OpenSC issue 3169",
        "照合に条件はない。参照データの変更には利用者証明用暗証番号（0018）の照合が必要  ［文書による: ",
        "暗証番号等、英大文字と数字6〜16文字",
        "セキュアセッション: セッション鍵の設定には券面事項入力補助用暗証番号（0011）の照合が必要",
        "能動認証用秘密鍵",
    ] {
        assert!(list.contains(expected), "{expected} is missing in\n{list}");
    }
    let list = run(&[]);
    for english in [" needs ", " is free", "bytes", "measured"] {
        assert!(!list.contains(english), "{english} is left in\n{list}");
    }
    for (path, expected, english) in [
        (
            "input_assist/0002",
            &["DF22 氏名 [15]: \"見本　花子\"", "2（女性）"][..],
            "birth date",
        ),
        (
            "jpki/署名用電子証明書",
            &["有効期間の終了: ", "keyUsage（クリティカル）", "氏名: 見本　花子"],
            "valid",
        ),
        (
            "jpki/0006",
            &["ラベル: \"JPKIAPICCTOKEN2", "PINの長さ: 6〜16"],
            "sessions",
        ),
        (
            "jpki/0018",
            &["数字4桁の暗証番号等。連続3回の不一致で閉塞する"],
            "not shown",
        ),
        ("card_info/0001", &["製造番号: \"999900000000001\""], "serial"),
        ("card_manager/中間認証局のCV証明書", &["発行者: "], "issuer"),
    ] {
        let text = run(&[path]);
        for expected in expected {
            assert!(text.contains(expected), "{path}: {expected} is missing in\n{text}");
        }
        assert!(!text.contains(english), "{path}: {english} is left in\n{text}");
    }
}

/// The text is what `files` shows of one file.
#[test]
fn a_file_and_the_object_in_it_have_sizes_of_their_own() {
    let list = vmyna(["files", HANAKO, "jpki"]).output().unwrap().exits_with(0).out();
    for (line, size) in [
        ("  0001", "1754 of 3808 bytes"),
        ("  0002", "1318 of 1900 bytes"),
        ("  000A", "1590 of 3808 bytes"),
        ("  000B", "1333 of 1900 bytes"),
        ("  0006", "160 bytes"),
    ] {
        let found = list.lines().find(|found| found.starts_with(line)).unwrap();
        assert!(found.contains(size), "{found}");
    }
    for (path, size, length) in [
        ("jpki/000A", 3808, 1590),
        ("jpki/0002", 1900, 1318),
        ("input_assist/0001", 17, 15),
        ("input_assist/0003", 336, 336),
        ("card_manager/7F21", 575, 575),
    ] {
        let (raw, object) = (raw(path), object(path));
        assert_eq!((raw.len(), object.len()), (size, length), "{path}");
        assert!(raw.starts_with(&object), "{path}");
    }
    let none = vmyna(["files", HANAKO, "jpki/0006", "--object"]).output().unwrap();
    assert!(none.exits_with(2).err().contains("no data object"));
    let why = vmyna(["files", HANAKO, "jpki", "--why"])
        .output()
        .unwrap()
        .exits_with(0)
        .out();
    for line in [
        "size: 3808 bytes, its object 1754  [measured: 3,808 bytes on one card, read by jpki-image-signer",
        "size: 1900 bytes, its object 1333  [assumed: as EF 0002",
        "size: 160 bytes, no data object  [measured: ",
    ] {
        assert!(why.contains(line), "{line} is missing in\n{why}");
    }
    assert!(shown("jpki/000A").contains("filler: 2218 x 00"));
    // What the reader reads to the end is what is written.
    assert_eq!(raw("jpki/000A")[1590..], [0; 2218]);
}

#[test]
fn the_values_of_pins_and_private_keys_are_never_shown_or_written() {
    for (path, value) in [
        ("jpki/0018", "1234"),
        ("jpki/001B", "ABC123"),
        ("input_assist/0014", "123456789018"),
        ("input_assist/0015", "01102520362026"),
        ("jpki/0017", "PRIVATE"),
    ] {
        let text = shown(path);
        assert!(text.contains("not shown") && !text.contains(value), "{path}: {text}");
        let output = vmyna(["files", HANAKO, path, "--raw"]).output().unwrap().exits_with(2);
        assert!(
            output.stdout.is_empty() && output.err().contains("never shown"),
            "{}",
            output.err()
        );
    }
}

#[test]
fn what_is_not_there_is_answered_with_what_is() {
    for (path, expected) in [
        ("jpkl", "D392F000260100000001"),
        ("jpkl/0001", "input_assist"),
        ("jpki/00FF", "000A  auth certificate"),
    ] {
        let output = vmyna(["files", HANAKO, path]).output().unwrap().exits_with(2);
        assert!(
            output.err().contains(expected) && output.out().is_empty(),
            "{}",
            output.err()
        );
    }
    vmyna(["files", HANAKO, "jpki", "--raw"])
        .output()
        .unwrap()
        .exits_with(2);
    vmyna(["files", HANAKO, "--raw"]).output().unwrap().exits_with(2);
}

#[test]
fn bytes_are_not_written_to_a_terminal() {
    let mut command = starting(require_program("script", "bsdutils"));
    let vmyna = format!("{} files {HANAKO} jpki/000A --raw", env!("CARGO_BIN_EXE_vmyna"));
    command.args(["--quiet", "--return", "--command", &vmyna, "/dev/null"]);
    let output = run_with_input(&mut command, b"").exits_with(2).out();
    assert!(output.contains("redirect") && !output.contains("JPKI-TEST"), "{output}");
}

#[test]
fn a_reader_that_has_seen_enough_is_not_an_error_but_no_verdict_either() {
    for (arguments, status) in [
        ("files specimen:hanako", "0"),
        ("files specimen:hanako jpki/0001 --raw", "0"),
        ("show specimen:hanako --json", "0"),
        ("pin specimen:hanako", "0"),
        ("explain 9000", "0"),
        ("completions bash", "0"),
        // What comes behind was not tried: these say whether all is well.
        ("apdu --expect 9000 00A4040C0AD392F000260100000001", "141"),
        ("demo", "141"),
    ] {
        // The reader is gone before anything is written.
        let script = format!(
            "{{ sleep 0.2; {} {arguments}; }} | true; printf '%s' \"${{PIPESTATUS[0]}}\"",
            env!("CARGO_BIN_EXE_vmyna")
        );
        let output = starting(require_program("bash", "bash"))
            .args(["-c", &script])
            .output()
            .unwrap();
        assert_eq!(output.err(), "", "{arguments}");
        assert_eq!(output.out(), status, "{arguments}");
    }
}
