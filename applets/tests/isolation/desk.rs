//! The specimen card in a reader, and the question which rights it grants at this moment. Asking changes no right.

use std::collections::BTreeSet;

use vmyna_apdu::Reader;
use vmyna_card_os::key::default_engine;
use vmyna_reader_bridge::SoftwareReader;

use crate::attempt::{CERTIFICATE_BODY, SESSION_KEY, with_value};
use crate::common::{bytes, card, subject};
use crate::rules::{Judge, Rules, named, operations};

/// What a card lets a host do, as "object: operation"; also the two things that a session holds besides PINs.
pub(crate) type Rights = BTreeSet<String>;

/// An open secure session.
pub(crate) const SESSION: &str = "a secure session is open";
/// A terminal's certificate that waits for its signature.
pub(crate) const TERMINAL: &str = "a terminal's certificate has begun";

pub(crate) struct Desk {
    pub(crate) reader: SoftwareReader,
}

impl Desk {
    /// The card as issued, in the reader.
    pub(crate) fn new() -> Self {
        let mut reader = SoftwareReader::new("desk");
        reader
            .put(Box::new(card(subject::now().applications(), default_engine())))
            .unwrap();
        Self { reader }
    }

    pub(crate) fn send(&mut self, command: &str) -> (Vec<u8>, u16) {
        let mut response = Vec::new();
        self.reader.transmit(&bytes(command), &mut response).unwrap();
        let sw = response.split_off(response.len() - 2);
        (response, u16::from_be_bytes([sw[0], sw[1]]))
    }

    pub(crate) fn sw(&mut self, command: &str) -> u16 {
        self.send(command).1
    }

    pub(crate) fn must(&mut self, command: &str) {
        let sw = self.sw(command);
        assert_eq!(sw, 0x9000, "{command} answers {sw:04X}");
    }

    /// Selects an application: at once where it is in reach, else below the one above it.
    pub(crate) fn select(&mut self, rules: &Rules) {
        let command = format!("00A4040C {:02X} {}", rules.aid.len() / 2, rules.aid);
        if let (Some(parent), 0x6A82) = (&rules.parent, self.sw(&command)) {
            self.select(named(parent));
            self.must(&command);
            return;
        }
        self.must(&command);
    }

    /// Gains in the selected application all that these PINs give, and what needs none. Leaves no EF selected.
    pub(crate) fn gain(&mut self, rules: &Rules, pins: &BTreeSet<&str>) -> Rights {
        for name in pins {
            let pin = rules.pins.iter().find(|pin| pin.name == *name).unwrap();
            self.must(&format!("00A4020C 02 {}", pin.ef));
            self.must(&with_value("00200080", rules.values(pin).0));
        }
        let mut rights = expected(rules, pins);
        if rules.allows("session", "set session key", pins) {
            self.must(&SESSION_KEY);
            rights.insert(SESSION.into());
        }
        let authority = rules.rows.iter().find(|row| row.operation == "verify certificate");
        if let Some(ef) = authority.and_then(|row| row.object.strip_prefix("EF ")) {
            self.must(&format!("00A4020C 02 {ef}"));
            self.must(&CERTIFICATE_BODY);
            rights.insert(TERMINAL.into());
        }
        // The same application again: leaves no EF selected and takes nothing away.
        self.select(rules);
        rights
    }

    /// Every right that the selected application grants now, found by trying it. A PIN is "changed" to the value it has.
    /// Only [`TERMINAL`] is used up by the question.
    pub(crate) fn rights(&mut self, rules: &Rules) -> Rights {
        let mut rights = Rights::new();
        if self.sw("0CB00000 00") == 0x6987 {
            rights.insert(SESSION.into());
        }
        for object in rules.objects() {
            for operation in operations(object) {
                if rules.row(object, operation).is_none() {
                    continue;
                }
                // The signature of a terminal's certificate is refused in another way where its body has come.
                if *operation == "verify certificate" {
                    self.must(&format!("00A4020C 02 {}", &object[3..]));
                    if self.sw(&format!("80A200C1 000105 {}", "00".repeat(261))) != 0x6985 {
                        rights.insert(TERMINAL.into());
                    }
                }
                if self.try_out(rules, object, operation) {
                    rights.insert(right(object, operation));
                }
            }
        }
        rights
    }

    fn try_out(&mut self, rules: &Rules, object: &str, operation: &str) -> bool {
        if let Some(tag) = object.strip_prefix("GET DATA ") {
            return self.sw(&format!("00CA{tag} 000000")) == 0x9000;
        }
        if operation == "set session key" {
            // As great as the modulus is no encrypted key: allowed, it is refused for that.
            return self.sw(&format!("80AE0000 000100 {}", "FF".repeat(256))) == 0x6F00;
        }
        let ef = object.strip_prefix("EF ").unwrap();
        self.must(&format!("00A4020C 02 {ef}"));
        let pin = rules.pin(ef);
        let value = pin
            .filter(|pin| pin.tries > 0)
            .map_or("1234", |pin| rules.values(pin).0);
        match operation {
            "read" if rules.row(object, operation).unwrap().records.is_some() => self.sw("00B20104 00") == 0x9000,
            "read" => self.sw("00B00000 00") == 0x9000,
            "verify" => self.sw("00200080") == 0x63C0 | u16::from(pin.unwrap().tries),
            "change reference data" => self.sw(&with_value("00240180", value)) == 0x9000,
            "change key" => self.sw(&with_value("80320080", value)) == 0x9000,
            "compute signature" => self.sw("802A0080 03 313233 00") == 0x9000,
            "internal authenticate" => self.sw("00880080 03 313233 00") == 0x9000,
            "external authenticate" => self.sw("00820080 08 0102030405060708") == 0x9000,
            // Zeros are no certificate: allowed, they are refused for their form.
            "verify certificate" => self.sw(&format!("80A206C1 000133 {}", "00".repeat(307))) == 0x6A80,
            _ => panic!("{operation} is no operation"),
        }
    }
}

fn right(object: &str, operation: &str) -> String {
    format!("{object}: {operation}")
}

/// The rights that the table gives to whoever has verified these PINs.
pub(crate) fn expected(rules: &Rules, pins: &BTreeSet<&str>) -> Rights {
    let allowed = rules
        .rows
        .iter()
        .filter(|row| rules.allows(&row.object, &row.operation, pins));
    allowed.map(|row| right(&row.object, &row.operation)).collect()
}
