//! The commands that write files, and what the files are afterwards, also after a loss of power.

use zeroize::Zeroizing;

use super::File;
use super::maker::{Maker, Set, again, parse, reach};
use crate::pattern::hex;
use crate::vector::Step;

/// UPDATE BINARY, and what the file is then, also after a loss of power.
pub(super) fn update(
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
    if verdict.is_ok() {
        // From the end of the file on, and over it: nothing is written.
        let outside = maker.answer("update-binary.outside", "6B00");
        let over = maker.answer("update-binary.over-end", "6700");
        let end = now.len();
        steps.push(format!("00 A4 02 0C 02 {:04X}", file.id));
        if end < 0x8000 {
            steps.push(format!("00 D6 {end:04X} [00] => {outside}"));
        }
        if let Some(last) = end.checked_sub(1) {
            steps.push(format!("00 D6 {last:04X} [00 00] => {over}"));
        }
    }
    let mut steps = parse(&steps)?;
    if maker.verdict(file, "read", set).is_ok() {
        steps.extend(maker.read_binary(file, &now)?);
        steps.extend(again(maker, set)?);
        steps.extend(maker.read_binary(file, &now)?);
    }
    Ok(steps)
}

pub(super) fn read_records(
    maker: &Maker<'_>,
    file: &File,
    records: &[Zeroizing<Vec<u8>>],
) -> Result<Vec<Step>, String> {
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
pub(super) fn write_record(
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
    let mut commands = vec![format!("{head} [{}] => {answer}", hex(&new))];
    if verdict.is_ok() && (1..255).contains(&longest) {
        // A record that is too long is not written, nor in place of one that is not there.
        let length = maker.answer("update-record.length", "6700");
        let answer = match append {
            true if now.len() >= most => maker.answer("append-record.full", "6A84"),
            false if now.is_empty() => maker.answer("read-record.not-found", "6A83"),
            _ => length,
        };
        commands.push(format!("{head} [{{fill:{} 00}}] => {answer}", longest + 1));
        if !append {
            let absent = maker.answer("read-record.not-found", "6A83");
            let behind = now.len() + 1;
            commands.push(format!(
                "00 DC {behind:02X} {:02X} [00] => {absent}",
                reference << 3 | 4
            ));
        }
    }
    let mut steps = parse(&[select, commands].concat())?;
    if maker.verdict(file, "read", set).is_ok() {
        steps.extend(read_records(maker, file, &now)?);
        steps.extend(again(maker, set)?);
        steps.extend(read_records(maker, file, &now)?);
    }
    Ok(steps)
}
