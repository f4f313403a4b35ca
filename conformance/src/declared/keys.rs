//! The commands of keys and what they answer: signatures, keys that the card makes, and hosts.

use super::commands::{TEXT, commands};
use super::maker::{Maker, Set, again, parse, reach};
use super::{Algorithm, File};
use crate::hosts::Host;
use crate::vector::Step;

/// A signature that the key makes.
pub(super) fn signature(file: &File, algorithm: Algorithm, operation: &str) -> Result<Vec<Step>, String> {
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
pub(super) fn generated(
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

/// EXTERNAL AUTHENTICATE with a signature that no host has made, and with the host's.
pub(super) fn authenticate(
    maker: &Maker<'_>,
    file: &File,
    (algorithm, host): (Algorithm, Option<Host>),
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
            maker.answer("external-authenticate.challenge", "6985"),
            maker.answer("external-authenticate.wrong", "6300"),
        ),
        Err(refusal) => (refusal.clone(), refusal.clone()),
    };
    let mut steps = maker.command(file, "00 82 00", &signature, &none);
    steps.push("00 84 00 00 08".to_owned());
    steps.extend(maker.command(file, "00 82 00", &signature, &wrong));
    let mut steps = parse(&steps)?;
    if let (Some(host), Ok(())) = (host, verdict) {
        steps.extend(maker.authenticate(file, host)?);
        // A challenge serves once.
        steps.extend(parse(&maker.command(
            file,
            "00 82 00",
            &format!("[[{{host:{}}}]]", host.name()),
            &none,
        ))?);
    }
    Ok(steps)
}
