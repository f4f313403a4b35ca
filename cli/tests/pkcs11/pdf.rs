//! pyHanko signs a PDF with the card's keys (PAdES); pyHanko itself, openssl and poppler verify.

use std::fmt::Write as _;
use std::fs;

use vmyna_testkit::client;
use vmyna_testkit::clients::{Way, proves};
use vmyna_testkit::configurations::configuration;

use crate::common::python::path;
use crate::common::{Printed, openssl, vmyna};
use crate::desk::Desk;

fn desk() -> Desk {
    let desk = Desk::new(Way::Service);
    desk.configure(&["pyhanko.yml"]);
    desk.write("letter.pdf", letter());
    desk
}

/// A PDF with one empty page.
fn letter() -> String {
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
    ];
    let mut pdf = "%PDF-1.7\n".to_owned();
    let mut table = "0000000000 65535 f \n".to_owned();
    for (number, object) in (1..).zip(objects) {
        writeln!(table, "{:010} 00000 n ", pdf.len()).unwrap();
        writeln!(pdf, "{number} 0 obj\n{object}\nendobj").unwrap();
    }
    let start = pdf.len();
    write!(
        pdf,
        "xref\n0 4\n{table}trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    )
    .unwrap();
    pdf
}

/// Runs a block of the page, with these replacements, and gives its exit status and what it prints.
fn run(desk: &Desk, block: &str, replacements: &[(&str, &str)]) -> (i32, String) {
    let script = replacements
        .iter()
        .fold(configuration(block), |text, (from, to)| text.replace(from, to));
    let output = desk.run(&script, &[("PATH", &path())]);
    (output.status.code().unwrap(), output.out() + &output.err())
}

/// The signature that a PDF has, and what it signs: the bytes before it and behind it.
fn signature(pdf: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let text: String = pdf.iter().copied().map(char::from).collect();
    let (_, range) = text.split_once("/ByteRange [").unwrap();
    let (range, _) = range.split_once(']').unwrap();
    let range: Vec<usize> = range.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let &[0, before, behind, length] = &*range else {
        panic!("{range:?}")
    };
    let signed = [&pdf[..before], &pdf[behind..behind + length]].concat();
    assert_eq!(behind + length, pdf.len());
    let hex = text[before..behind].trim_matches(['<', '>']).as_bytes();
    let digits = hex.chunks(2).map(|digits| std::str::from_utf8(digits).unwrap());
    let der = digits.map(|digits| u8::from_str_radix(digits, 16).unwrap());
    (der.collect(), signed)
}

/// The verdict of `vmyna verify` on the signature of a PDF over what it covers.
#[track_caller]
fn verdict(desk: &Desk, signed: &[u8], options: &[&str]) -> String {
    let (der, content) = signature(signed);
    desk.write("signature.der", der);
    desk.write("content", content);
    let arguments = [
        &["verify", "signature.der", "--data", "content", "--ca", "ca"][..],
        options,
    ];
    let output = vmyna(arguments.concat()).current_dir(desk.path()).output().unwrap();
    let printed = output.out();
    printed
        .lines()
        .last()
        .unwrap_or_else(|| panic!("{}", output.err()))
        .to_owned()
}

/// Openssl verifies the signature of a PDF over what it covers.
#[track_caller]
fn openssl_verifies(desk: &Desk, signed: &[u8], options: &[&str]) {
    let (der, content) = signature(signed);
    desk.write("signature.der", der);
    desk.write("content", content);
    let verify = [
        "cms",
        "-verify",
        "-cades",
        "-binary",
        "-inform",
        "DER",
        "-in",
        "signature.der",
    ];
    let of = ["-content", "content", "-out", "verified"];
    openssl(desk.path(), &[&verify[..], &of, options].concat());
}

#[test]
fn pyhanko_signs_with_the_signature_key_what_pyhanko_openssl_and_poppler_verify() {
    let _signs = proves("pyhanko.signs", Way::Service);
    let _revocation = proves("pyhanko.revocation", Way::Service);
    let desk = desk();
    let (status, printed) = run(&desk, "sign a PDF", &[]);
    assert_eq!(status, 0, "{printed}");
    let (status, printed) = run(&desk, "validate a PDF", &[]);
    assert_eq!(status, 0, "{printed}");
    for verdict in [
        "The signer's certificate is trusted.",
        "The signature covers the entire file.",
        "The signature is judged VALID.",
    ] {
        assert!(printed.contains(verdict), "{verdict} is missing in\n{printed}");
    }

    let signed = fs::read(desk.path().join("signed.pdf")).unwrap();
    openssl_verifies(&desk, &signed, &["-CAfile", "sign-ca.pem"]);
    assert_eq!(verdict(&desk, &signed, &[]), "valid");
    let poppler = client("pdfsig", "poppler-utils")
        .arg("signed.pdf")
        .current_dir(desk.path())
        .output();
    let poppler = poppler.unwrap().exits_with(0).out();
    for line in [
        "Signature Type: ETSI.CAdES.detached",
        "Signature Validation: Signature is Valid.",
        "Total document signed",
    ] {
        assert!(poppler.contains(line), "{line} is missing in\n{poppler}");
    }

    // Not without that option, not by the other authority, and not a changed page.
    let (status, printed) = run(&desk, "validate a PDF", &[("--no-revocation-check", "")]);
    assert!(
        status == 1 && printed.contains("no revocation information could be found"),
        "{status}: {printed}"
    );
    let (status, printed) = run(&desk, "validate a PDF", &[("context sign", "context auth")]);
    assert!(
        status == 1 && printed.contains("The signer's certificate is untrusted."),
        "{status}: {printed}"
    );
    // Instead of the register a file that is no revocation list.
    assert_eq!(verdict(&desk, &signed, &["--crl", "sign-ca.pem"]), "not verified");
    let mut changed = signed;
    let at = changed.windows(7).position(|bytes| bytes == b"200 200").unwrap();
    changed[at] = b'3';
    assert_eq!(verdict(&desk, &changed, &[]), "invalid");
    desk.write("signed.pdf", changed);
    let (status, printed) = run(&desk, "validate a PDF", &[]);
    assert!(
        status == 1 && printed.contains("The signature is judged INVALID."),
        "{status}: {printed}"
    );
}

#[test]
fn pyhanko_signs_with_the_authentication_key_and_judges_that_invalid() {
    let _signs = proves("pyhanko.auth", Way::Service);
    let _wrong = proves("pyhanko.wrong-pin", Way::Service);
    let desk = desk();
    let (status, printed) = run(&desk, "sign a PDF", &[("setup sign", "setup auth")]);
    assert_eq!(status, 0, "{printed}");
    let signed = fs::read(desk.path().join("signed.pdf")).unwrap();
    openssl_verifies(&desk, &signed, &["-CAfile", "auth-ca.pem", "-purpose", "sslclient"]);
    assert_eq!(verdict(&desk, &signed, &[]), "invalid");
    let (status, printed) = run(&desk, "validate a PDF", &[("context sign", "context auth")]);
    assert!(
        status == 1
            && printed.contains("The signature is cryptographically sound.")
            && printed.contains("non repudiation"),
        "{status}: {printed}"
    );
    // A wrong PIN for either.
    desk.write(
        "pyhanko.yml",
        configuration("pyhanko.yml")
            .replace("\"1234\"", "\"4321\"")
            .replace("ABC123", "ABC124"),
    );
    for setup in ["setup sign", "setup auth"] {
        let (status, printed) = run(&desk, "sign a PDF", &[("setup sign", setup)]);
        assert!(status == 1 && printed.contains("PinIncorrect"), "{status}: {printed}");
    }
    assert_eq!(desk.tries_left(), [2, 4]);
}
