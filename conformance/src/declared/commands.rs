//! The commands of every operation, also of those that a file is not for.

use super::maker::{Maker, parse, reach};
use super::{File, Kind};
use crate::access::CERTIFICATE_BODY;
use crate::vector::Step;

/// The text that is signed. It states that it is a test.
pub(super) const TEXT: &str = "{text:vmyna conformance test, declares nothing}";

/// The commands of an operation, all with this answer.
pub(super) fn commands(maker: &Maker<'_>, file: &File, operation: &str, answer: &str) -> Result<Vec<Step>, String> {
    let (select, reference) = reach(file);
    let records = matches!(file.kind, Kind::Records(..));
    let p1 = if reference == 0 { 0 } else { 0x80 | reference };
    let record = reference << 3;
    let written = |command: String| [select.clone(), vec![format!("{command} => {answer}")]].concat();
    let steps = match operation {
        // Of a key that the card makes, the public half.
        "read" if matches!(file.kind, Kind::GeneratedKey(_)) => maker.command(file, "00 46 81", "00", answer),
        "read" if records => written(format!("00 B2 01 {:02X} 00", record | 4)),
        "read" => written(format!("00 B0 {p1:02X} 00 00")),
        "verify" => maker.command(file, "00 20 00", "", answer),
        "change reference data" => maker.command(file, "00 24 01", "[31 32 33 34]", answer),
        "change key" => maker.command(file, "80 32 00", "[31 32 33 34]", answer),
        "compute signature" => maker.command(file, "80 2A 00", &format!("[{TEXT}] 00"), answer),
        "internal authenticate" => maker.command(file, "00 88 00", &format!("[{TEXT}] 00"), answer),
        "external authenticate" => maker.command(file, "00 82 00", "[01 02 03 04 05 06 07 08]", answer),
        "verify certificate" => vec![
            format!("00 A4 02 0C 02 {:04X}", file.id),
            format!("{CERTIFICATE_BODY} => {answer}"),
        ],
        "update binary" => written(format!("00 D6 {p1:02X} 00 [00]")),
        "update record" => written(format!("00 DC 01 {:02X} [00]", record | 4)),
        "append record" => written(format!("00 E2 00 {record:02X} [00]")),
        "generate key pair" => maker.command(file, "00 46 80", "00", answer),
        _ => return Err(format!("no command is known for the operation {operation}")),
    };
    parse(&steps)
}
