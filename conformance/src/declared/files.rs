//! The vectors of one file: each operation with each set of PINs, what the file is not for, and a PIN's counter.

use zeroize::Zeroizing;

use super::maker::{Maker, Set, parse, reach};
use super::{Algorithm, File, Kind, Pin};
use crate::access::CERTIFICATE_BODY;
use crate::pattern::hex;
use crate::vector::{Effect, Step, Vector};

/// Every operation on a file, by the words of `access.toml`.
const OPERATIONS: [&str; 12] = [
    "read",
    "verify",
    "change reference data",
    "change key",
    "compute signature",
    "internal authenticate",
    "external authenticate",
    "verify certificate",
    "update binary",
    "update record",
    "append record",
    "generate key pair",
];

/// The text that is signed. It states that it is a test.
const TEXT: &str = "{text:vmyna conformance test, declares nothing}";

pub(super) fn vectors(maker: &Maker<'_>, file: &File, vectors: &mut Vec<Vector>) -> Result<(), String> {
    for set in maker.sets() {
        for operation in fitting(&file.kind) {
            vectors.push(one(maker, file, operation, &set)?);
        }
        vectors.push(unfit(maker, file, &set)?);
    }
    if let Kind::Pin(pin) = &file.kind
        && !maker.application.locked
    {
        self::pin(maker, file, pin, vectors)?;
    }
    Ok(())
}

/// The operations that a kind of file is for.
fn fitting(kind: &Kind) -> &'static [&'static str] {
    match kind {
        Kind::Transparent(_) => &["read", "update binary"],
        Kind::Records(..) => &["read", "update record", "append record"],
        Kind::Pin(_) => &["verify", "change reference data", "change key"],
        Kind::PrivateKey(_) => &["compute signature", "internal authenticate"],
        Kind::GeneratedKey(_) => &[
            "compute signature",
            "internal authenticate",
            "read",
            "generate key pair",
        ],
        Kind::HostKey(_) => &["external authenticate"],
        Kind::CertificateKey => &["verify certificate"],
        Kind::Reserved => &[],
    }
}

/// One operation with one set of PINs.
fn one(maker: &Maker<'_>, file: &File, operation: &str, set: &Set<'_>) -> Result<Vector, String> {
    let verdict = maker.verdict(file, operation, set);
    let mut steps = parse(&[maker.select(), maker.verify(set)].concat())?;
    steps.extend(match (&file.kind, operation) {
        (Kind::Transparent(content), "read") => match &verdict {
            Ok(()) => maker.read_binary(file, content)?,
            Err(refusal) => commands(maker, file, operation, refusal)?,
        },
        (Kind::Transparent(content), _) => update(maker, file, content, set, &verdict)?,
        (Kind::Records(records, ..), "read") => match &verdict {
            Ok(()) => read_records(maker, file, records)?,
            Err(refusal) => commands(maker, file, operation, refusal)?,
        },
        (Kind::Records(records, most, longest), _) => {
            let room = (*most, *longest);
            write_record(maker, file, (records, room), operation, (set, &verdict))?
        }
        (Kind::Pin(pin), "verify") => {
            let left = pin.tries.map_or("6300".to_owned(), |_| format!("63C{:X}", pin.left));
            parse(&maker.command(
                file,
                "00 20 00",
                "",
                verdict.as_ref().map_or_else(|refusal| refusal, |()| &left),
            ))?
        }
        (Kind::Pin(pin), _) => change(maker, file, pin, operation, &verdict)?,
        (Kind::PrivateKey(algorithm), _) if verdict.is_ok() => signature(file, *algorithm, operation)?,
        (Kind::GeneratedKey(algorithm), _) => generated(maker, file, *algorithm, operation, (set, &verdict))?,
        (Kind::HostKey(algorithm), _) => authenticate(maker, file, *algorithm, &verdict)?,
        _ => commands(
            maker,
            file,
            operation,
            verdict.as_ref().err().map_or("9000", String::as_str),
        )?,
    });
    let outcome = match (operation, &verdict) {
        ("verify", Ok(())) => "the tries left can be asked for".to_owned(),
        (_, Ok(())) => format!("{operation} is possible"),
        (_, Err(refusal)) => format!("{operation} is refused with {refusal}"),
    };
    let requirement = format!("EF {:04X} ({}): {outcome} {}.", file.id, file.name, set.text());
    let effect = match operation {
        "read" if !matches!(file.kind, Kind::GeneratedKey(_)) => Effect::Reads,
        "verify" => Effect::Reads,
        "compute signature" | "internal authenticate" if matches!(file.kind, Kind::PrivateKey(_)) => Effect::Reads,
        _ => Effect::Writes,
    };
    let rest = format!("{}.{}", operation.replace(' ', "-"), set.word);
    Ok(maker.vector(Some(file), &rest, requirement, effect, steps))
}

/// Every operation that the file is not for.
fn unfit(maker: &Maker<'_>, file: &File, set: &Set<'_>) -> Result<Vector, String> {
    let mut steps = parse(&[maker.select(), maker.verify(set)].concat())?;
    for operation in OPERATIONS {
        if fitting(&file.kind).contains(&operation) {
            continue;
        }
        let internal = !matches!(file.kind, Kind::Transparent(_) | Kind::Records(..));
        let answer = match operation {
            _ if !maker.declares(operation) => "6D00".to_owned(),
            "read" if internal => maker.answer("reference.internal-file", "6981"),
            "external authenticate" => maker.answer("access.denied", "6982"),
            _ => maker.answer("reference.wrong-kind", "6981"),
        };
        steps.extend(commands(maker, file, operation, &answer)?);
    }
    let requirement = format!(
        "EF {:04X} ({}) is for no other operation, {}.",
        file.id,
        file.name,
        set.text()
    );
    let rest = format!("others.{}", set.word);
    Ok(maker.vector(Some(file), &rest, requirement, Effect::Writes, steps))
}

/// The commands of an operation, all with this answer.
fn commands(maker: &Maker<'_>, file: &File, operation: &str, answer: &str) -> Result<Vec<Step>, String> {
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
        _ => maker.command(file, "00 46 80", "00", answer),
    };
    parse(&steps)
}

/// The same set of PINs after a loss of power.
fn again(maker: &Maker<'_>, set: &Set<'_>) -> Result<Vec<Step>, String> {
    parse(&[vec!["cold reset".to_owned()], maker.select(), maker.verify(set)].concat())
}

/// UPDATE BINARY, and what the file is then, also after a loss of power.
fn update(
    maker: &Maker<'_>,
    file: &File,
    content: &[u8],
    set: &Set<'_>,
    verdict: &Result<(), String>,
) -> Result<Vec<Step>, String> {
    let (mut steps, reference) = reach(file);
    let p1 = if reference == 0 { 0 } else { 0x80 | reference };
    let mut now = Zeroizing::new(content.to_vec());
    // The command is shown: it must not be made of what is secret.
    let other = |byte: &u8| if file.secret { 0x5A } else { byte ^ 0xFF };
    let written: Vec<u8> = now.iter().take(4).map(other).collect();
    let data = if written.is_empty() {
        "00".to_owned()
    } else {
        hex(&written)
    };
    let answer = match verdict {
        Err(refusal) => refusal.clone(),
        Ok(()) if written.is_empty() => maker.answer("update-binary.outside", "6B00"),
        Ok(()) => {
            now.iter_mut().zip(&written).for_each(|(byte, new)| *byte = *new);
            "9000".to_owned()
        }
    };
    steps.push(format!("00 D6 {p1:02X} 00 [{data}] => {answer}"));
    let mut steps = parse(&steps)?;
    if maker.verdict(file, "read", set).is_ok() {
        steps.extend(maker.read_binary(file, &now)?);
        steps.extend(again(maker, set)?);
        steps.extend(maker.read_binary(file, &now)?);
    }
    Ok(steps)
}

fn read_records(maker: &Maker<'_>, file: &File, records: &[Zeroizing<Vec<u8>>]) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    for (number, record) in (1..).zip(records) {
        steps.extend(maker.read_record(file, number, record)?);
    }
    let (select, reference) = reach(file);
    let behind = records.len() + 1;
    let absent = maker.answer("read-record.not-found", "6A83");
    let last = format!("00 B2 {behind:02X} {:02X} 00 => {absent}", reference << 3 | 4);
    steps.extend(parse(&[select, vec![last]].concat())?);
    Ok(steps)
}

/// UPDATE RECORD or APPEND RECORD, and what the records are then, also after a loss of power.
fn write_record(
    maker: &Maker<'_>,
    file: &File,
    (records, (most, longest)): (&[Zeroizing<Vec<u8>>], (usize, usize)),
    operation: &str,
    (set, verdict): (&Set<'_>, &Result<(), String>),
) -> Result<Vec<Step>, String> {
    let (select, reference) = reach(file);
    let mut now = records.to_vec();
    let append = operation == "append record";
    let new = match records.first() {
        Some(first) if !append && !file.secret => first.iter().map(|byte| byte ^ 0xFF).collect(),
        _ => vec![0xA5; longest.clamp(1, 8)],
    };
    let answer = match verdict {
        Err(refusal) => refusal.clone(),
        Ok(()) if append && records.len() >= most => maker.answer("append-record.full", "6A84"),
        Ok(()) if append => {
            now.push(Zeroizing::new(new.clone()));
            "9000".to_owned()
        }
        Ok(()) => match now.first_mut() {
            Some(first) => {
                *first = Zeroizing::new(new.clone());
                "9000".to_owned()
            }
            None => maker.answer("read-record.not-found", "6A83"),
        },
    };
    let head = match append {
        true => format!("00 E2 00 {:02X}", reference << 3),
        false => format!("00 DC 01 {:02X}", reference << 3 | 4),
    };
    let mut steps = parse(&[select, vec![format!("{head} [{}] => {answer}", hex(&new))]].concat())?;
    if maker.verdict(file, "read", set).is_ok() {
        steps.extend(read_records(maker, file, &now)?);
        steps.extend(again(maker, set)?);
        steps.extend(read_records(maker, file, &now)?);
    }
    Ok(steps)
}

/// A change of a PIN to the value that it has: what lasts of it is that the value is still right.
fn change(
    maker: &Maker<'_>,
    file: &File,
    pin: &Pin,
    operation: &str,
    verdict: &Result<(), String>,
) -> Result<Vec<Step>, String> {
    let head = if operation == "change key" {
        "80 32 00"
    } else {
        "00 24 01"
    };
    let value = match pin.value {
        Some(_) => format!(
            "[{{pin:{}@{}}}]",
            super::maker::word(&file.name),
            maker.application.name
        ),
        None => "[31 32 33 34]".to_owned(),
    };
    let answer = verdict.as_ref().map_or_else(String::as_str, |()| "9000");
    let mut steps = maker.command(file, head, &value, answer);
    if pin.can_be_verified() && verdict.is_ok() {
        steps.extend(maker.present(file, "pin", "9000"));
        steps.push("cold reset".to_owned());
        steps.extend(maker.select());
        steps.extend(maker.present(file, "pin", "9000"));
    }
    parse(&steps)
}

/// A signature that the key makes.
fn signature(file: &File, algorithm: Algorithm, operation: &str) -> Result<Vec<Step>, String> {
    let (select, reference) = reach(file);
    let mut steps = parse(&select)?;
    steps.extend(signed(algorithm, operation, 0x80 | reference)?);
    Ok(steps)
}

/// A signature by the key that P2 means.
pub(super) fn signed(algorithm: Algorithm, operation: &str, p2: u8) -> Result<Vec<Step>, String> {
    // A signature of more than 256 bytes needs lengths in two bytes.
    let of_text = |head: &str, size: usize| match size {
        ..=256 => format!("{head} {p2:02X} [{TEXT}] 00"),
        _ => format!("{head} {p2:02X} [[{TEXT}]] 00 00"),
    };
    let forms = match (operation, algorithm) {
        ("compute signature", Algorithm::Rsa(size)) => vec![(of_text("80 2A 00", size), size.to_string())],
        ("compute signature", Algorithm::Curve(size)) => vec![
            (format!("80 2A 10 {p2:02X} [{{fill:{size} 5A}}] 00"), der(size)),
            (
                format!("80 2A 11 {p2:02X} [{{fill:{size} 5A}}] 00"),
                (2 * size).to_string(),
            ),
        ],
        (_, Algorithm::Rsa(size)) => vec![(of_text("00 88 00", size), size.to_string())],
        (_, Algorithm::Curve(size)) => vec![(of_text("00 88 00", size), der(size))],
    };
    let mut steps = Vec::new();
    for (command, length) in forms {
        let mut step = Step::parse(&command)?;
        if let Step::Send(send) = &mut step {
            send.expected.length = Some(length);
        }
        steps.push(step);
    }
    Ok(steps)
}

/// The lengths that an ECDSA signature in DER can have.
fn der(size: usize) -> String {
    format!("8..{}", 2 * size + 8)
}

/// An operation on a key that the card makes: as issued there is none; one that was made outlasts power.
fn generated(
    maker: &Maker<'_>,
    file: &File,
    algorithm: Algorithm,
    operation: &str,
    (set, verdict): (&Set<'_>, &Result<(), String>),
) -> Result<Vec<Step>, String> {
    let refusal = match verdict {
        Err(refusal) => Some(refusal.clone()),
        Ok(()) if operation == "generate key pair" => None,
        Ok(()) => Some(maker.answer("key.absent", "6A88")),
    };
    let mut steps = match &refusal {
        Some(refusal) => commands(maker, file, operation, refusal)?,
        None => Vec::new(),
    };
    if maker.verdict(file, "generate key pair", set).is_err() || verdict.is_err() {
        return Ok(steps);
    }
    let (select, reference) = reach(file);
    let reference = 0x80 | reference;
    let public = |p1: u8, step: &str| -> Result<Vec<Step>, String> {
        let mut made = Step::parse(&format!("00 46 {p1:02X} {reference:02X} 00 00 00"))?;
        if let Step::Send(send) = &mut made {
            send.expected.tlv = Some(match algorithm {
                Algorithm::Rsa(size) => format!("7F49{{81:{size} 82}}"),
                Algorithm::Curve(size) => format!("7F49{{86:{}}}", 2 * size + 1),
            });
            match step {
                "" => send.expected.save = Some("public-key".to_owned()),
                check => send.expected.check = vec![check.to_owned()],
            }
        }
        Ok([parse(&select)?, vec![made]].concat())
    };
    steps.extend(public(0x80, "")?);
    let mut follow = match operation {
        "compute signature" | "internal authenticate" => signature(file, algorithm, operation)?,
        _ if maker.verdict(file, "read", set).is_ok() => public(0x81, "same(public-key)")?,
        _ => Vec::new(),
    };
    steps.extend(follow.iter().cloned());
    steps.extend(again(maker, set)?);
    steps.append(&mut follow);
    Ok(steps)
}

/// EXTERNAL AUTHENTICATE with a signature that no host has made.
fn authenticate(
    maker: &Maker<'_>,
    file: &File,
    algorithm: Algorithm,
    verdict: &Result<(), String>,
) -> Result<Vec<Step>, String> {
    let length = match algorithm {
        Algorithm::Rsa(size) => size,
        Algorithm::Curve(size) => 2 * size + 6,
    };
    let signature = match length {
        256.. => format!("[[{{fill:{length} 01}}]]"),
        _ => format!("[{{fill:{length} 01}}]"),
    };
    let (none, wrong) = match verdict {
        Ok(()) => (
            maker.answer("external-authenticate.no-challenge", "6985"),
            maker.answer("external-authenticate.wrong", "6300"),
        ),
        Err(refusal) => (refusal.clone(), refusal.clone()),
    };
    let mut steps = maker.command(file, "00 82 00", &signature, &none);
    steps.push("00 84 00 00 08".to_owned());
    steps.extend(maker.command(file, "00 82 00", &signature, &wrong));
    parse(&steps)
}

/// The counter of a PIN, the lengths of its values, and what it answers unset.
fn pin(maker: &Maker<'_>, file: &File, pin: &Pin, vectors: &mut Vec<Vector>) -> Result<(), String> {
    let query = |left: u8| match pin.tries {
        None => "6300".to_owned(),
        Some(_) => format!("63C{left:X}"),
    };
    let ask = |left: u8| maker.command(file, "00 20 00", "", &query(left));
    let blocked = maker.answer("verify.blocked", "6984");
    let name = &file.name;
    let mut push = |rest: &str, requirement: String, effect: Effect, steps: Vec<String>| -> Result<(), String> {
        let steps = parse(&[maker.select(), steps].concat())?;
        vectors.push(maker.vector(Some(file), rest, requirement, effect, steps));
        Ok(())
    };
    if maker.verdict(file, "verify", &maker.sets().swap_remove(0)).is_err() {
        return Ok(());
    }
    let Some(value) = &pin.value else {
        let unset = maker.answer("verify.unset", "6984");
        let attempt = maker.command(file, "00 20 00", "[31 32 33 34]", &unset);
        let requirement = format!("PIN {name} is unset: no value is right.");
        return push("unset", requirement, Effect::Writes, [ask(0), attempt, ask(0)].concat());
    };
    if !pin.can_be_verified() {
        let right = maker.present(file, "pin", &blocked);
        let requirement = format!("PIN {name} is issued blocked: the right value answers {blocked}.");
        return push("blocked", requirement, Effect::Reads, [ask(0), right, ask(0)].concat());
    }
    let tries = pin.tries.unwrap_or_default();
    let right = || maker.present(file, "pin", "9000");
    let wrong = |left: u8| maker.present(file, "wrong", &query(left));
    let fewer = pin.left.saturating_sub(1);
    if pin.tries.is_none() || pin.left > 1 {
        let steps = [ask(pin.left), wrong(fewer), ask(fewer), right(), ask(tries)].concat();
        let requirement = format!(
            "A wrong value of PIN {name} answers {}, the right one gives all tries back.",
            query(fewer)
        );
        push("counter", requirement, Effect::WrongPins, steps)?;
    }
    // A value of more bytes than any PIN has is none; of another length than this one has, a wrong one.
    let too_long = maker.command(file, "00 20 00", "[{fill:17 31}]", "6700");
    let other = (1..=16).find(|length| *length != value.len() && (*length < pin.length.0 || *length > pin.length.1));
    let mut steps = [too_long, ask(pin.left)].concat();
    if let Some(other) = other {
        steps.extend(maker.command(file, "00 20 00", &format!("[{{fill:{other} 31}}]"), &query(fewer)));
        steps.extend(ask(fewer));
    }
    let requirement = format!("17 bytes are no value of PIN {name} and cost no try; another length is a wrong value.");
    push("lengths", requirement, Effect::Writes, steps)?;
    if pin.tries.is_some() {
        let mut steps: Vec<String> = (0..pin.left).rev().flat_map(wrong).collect();
        let gone = || {
            [
                ask(0),
                maker.present(file, "pin", &blocked),
                maker.present(file, "wrong", &blocked),
            ]
            .concat()
        };
        steps.extend(gone());
        steps.push("cold reset".to_owned());
        steps.extend(maker.select());
        steps.extend(gone());
        let requirement = format!(
            "{} wrong values in a row block PIN {name}, also after a power cut.",
            pin.left
        );
        push("blocks", requirement, Effect::Blocks, steps)?;
    }
    Ok(())
}
