//! The vectors of one file: each operation with each set of PINs, what the file is not for, and a PIN's counter.

use super::commands::commands;
use super::keys::{authenticate, generated, signature};
use super::maker::{Maker, Set, parse};
use super::pin::{self, change};
use super::writes::{read_records, update, write_record};
use super::{File, Kind};
use crate::vector::{Effect, Vector};

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

pub(super) fn vectors(maker: &Maker<'_>, file: &File, vectors: &mut Vec<Vector>) -> Result<(), String> {
    for set in maker.sets() {
        for operation in fitting(&file.kind) {
            vectors.push(one(maker, file, operation, &set)?);
        }
        vectors.push(unfit(maker, file, &set)?);
    }
    if let Kind::Pin(pin) = &file.kind {
        pin::vectors(maker, file, pin, vectors)?;
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
        Kind::HostKey(..) => &["external authenticate"],
        Kind::CertificateKey => &["verify certificate"],
        Kind::Reserved => &[],
    }
}

/// One operation with one set of PINs.
fn one(maker: &Maker<'_>, file: &File, operation: &str, set: &Set<'_>) -> Result<Vector, String> {
    let verdict = maker.verdict(file, operation, set);
    let mut steps = parse(&maker.select())?;
    steps.extend(maker.verify(set)?);
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
            let left = pin::left(maker, pin, pin.left);
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
        (Kind::HostKey(algorithm, host), _) => authenticate(maker, file, (*algorithm, *host), &verdict)?,
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
    let mut steps = parse(&maker.select())?;
    steps.extend(maker.verify(set)?);
    for operation in OPERATIONS {
        if fitting(&file.kind).contains(&operation) {
            continue;
        }
        let internal = !matches!(file.kind, Kind::Transparent(_) | Kind::Records(..));
        let answer = match operation {
            _ if !maker.declares(operation) => maker.answer("instruction.unknown", "6D00"),
            "read" | "update binary" | "update record" | "append record" if internal => {
                maker.answer("reference.internal-file", "6981")
            }
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
