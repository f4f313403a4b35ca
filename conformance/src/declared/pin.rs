//! The vectors of a PIN: changes, its counter, the lengths of its values, and what it answers unset.

use super::maker::{Maker, parse, word};
use super::{File, Pin};
use crate::vector::{Effect, Step, Vector};

/// A change of a PIN to the value that it has: what lasts of it is that the value is still right.
pub(super) fn change(
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
        Some(_) => format!("[{{pin:{}@{}}}]", word(&file.name), maker.application.name),
        None if (pin.length.0..=pin.length.1).contains(&4) => "[31 32 33 34]".to_owned(),
        None => format!("[{{fill:{} 31}}]", pin.length.0),
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

/// So many tries left as a status word.
fn counted(pin: &Pin, left: u8) -> String {
    match pin.tries {
        None => "6300".to_owned(),
        Some(_) => format!("63C{left:X}"),
    }
}

/// What the query answers with so many tries left.
pub(super) fn left(maker: &Maker<'_>, pin: &Pin, left: u8) -> String {
    let rule = if pin.value.is_some() {
        "verify.query"
    } else {
        "verify.query-unset"
    };
    maker.answer(rule, &counted(pin, left))
}

/// The counter of a PIN, the lengths of its values, and what it answers unset.
pub(super) fn vectors(maker: &Maker<'_>, file: &File, pin: &Pin, vectors: &mut Vec<Vector>) -> Result<(), String> {
    let ask = |left: u8| maker.command(file, "00 20 00", "", &self::left(maker, pin, left));
    let refused = |left: u8| maker.answer("verify.wrong", &counted(pin, left));
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
    let wrong = |left: u8| maker.present(file, "wrong", &refused(left));
    let fewer = pin.left.saturating_sub(1);
    if pin.tries.is_none() || pin.left > 1 {
        let steps = [ask(pin.left), wrong(fewer), ask(fewer), right(), ask(tries)].concat();
        let requirement = format!(
            "A wrong value of PIN {name} answers {}, the right one gives all tries back.",
            refused(fewer)
        );
        push("counter", requirement, Effect::WrongPins, steps)?;
    }
    // A value of more bytes than any PIN has is none; of another length than this one has, a wrong one.
    let too_long = maker.command(
        file,
        "00 20 00",
        "[{fill:17 31}]",
        &maker.answer("verify.too-long", "6700"),
    );
    let other = (1..=16).find(|length| *length != value.len() && (*length < pin.length.0 || *length > pin.length.1));
    let mut steps = [too_long, ask(pin.left)].concat();
    if let Some(other) = other {
        steps.extend(maker.command(file, "00 20 00", &format!("[{{fill:{other} 31}}]"), &refused(fewer)));
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
