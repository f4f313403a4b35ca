//! python-pkcs11 with the card's tokens.

use vmyna_testkit::clients::{Way, proves};

use crate::common::Printed;
use crate::common::python::path;
use crate::desk::Desk;

#[test]
fn python_pkcs11_lists_and_signs_with_either_key() {
    let _lists = proves("python-pkcs11.lists", Way::Service);
    let _signs = proves("python-pkcs11.signs", Way::Service);
    let desk = Desk::new(Way::Service);
    desk.configure(&["sign.py"]);
    desk.write("text", "いただきます\n");
    let printed = desk.run("python sign.py", &[("PATH", &path())]).exits_with(0).out();
    for object in [
        "JPKI (User Authentication PIN): key User Authentication Key",
        "JPKI (User Authentication PIN): certificate User Authentication Certificate",
        "JPKI (User Authentication PIN): certificate Digital Signature Certificate CA",
        "JPKI (Digital Signature PIN): key Digital Signature Key",
        "JPKI (Digital Signature PIN): certificate Digital Signature Certificate",
    ] {
        assert!(
            printed.lines().any(|line| line == object),
            "{object} is missing in\n{printed}"
        );
    }
    for (certificate, key) in [
        ("auth.pem", "User-Authentication-Key"),
        ("sign.pem", "Digital-Signature-Key"),
    ] {
        for number in 0..2 {
            desk.is_signed(certificate, &format!("{key}-{number}.signature"));
        }
    }
    assert_eq!(desk.tries_left(), [3, 5]);
}

#[test]
fn a_wrong_pin_costs_python_pkcs11_one_try_at_the_log_in_and_at_the_signature() {
    let _proof = proves("python-pkcs11.wrong-pin", Way::Service);
    for (right, wrong, tries_left) in [
        ("\"1234\"", "\"4321\"", [2, 5]),
        ("{\"pin\": pin}", "{\"pin\": \"ABC124\"}", [3, 4]),
    ] {
        let desk = Desk::new(Way::Service);
        let script = vmyna_testkit::configurations::configuration("sign.py");
        assert!(script.contains(right), "{script}");
        desk.write("wrong.py", script.replace(right, wrong));
        desk.write("text", "いただきます\n");
        let printed = desk.run("python wrong.py", &[("PATH", &path())]).exits_with(1).err();
        assert!(printed.contains("PinIncorrect"), "{printed}");
        assert_eq!(desk.tries_left(), tries_left);
    }
}
