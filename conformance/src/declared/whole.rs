//! The vectors of the application as a whole: SELECT, what it lacks, and how long a verified PIN counts.

use super::keys::signed;
use super::maker::{Maker, Set, answered, parse, reach};
use super::{File, Kind};
use crate::vector::{Effect, Step, Vector};

pub(super) fn vectors(maker: &Maker<'_>, vectors: &mut Vec<Vector>) -> Result<(), String> {
    vectors.push(select(maker)?);
    if maker.application.parent.is_some() {
        vectors.push(below(maker)?);
    }
    if maker.application.locked {
        vectors.push(locked(maker)?);
        return Ok(());
    }
    vectors.push(absent(maker)?);
    vectors.push(instructions(maker)?);
    vectors.push(forms(maker)?);
    for set in maker.sets() {
        vectors.push(session(maker, &set)?);
        vectors.push(default_key(maker, &set)?);
    }
    vectors.extend(lifetime(maker)?);
    Ok(())
}

fn select(maker: &Maker<'_>) -> Result<Vector, String> {
    let application = maker.application;
    let mut steps = parse(&maker.select())?;
    let information = application.fci.clone().unwrap_or_else(|| {
        let name = [&[0x84, application.aid.len() as u8], &application.aid[..]].concat();
        [&[0x6F, name.len() as u8], &name[..]].concat()
    });
    // Selected again, it answers with its control information.
    if !application.locked {
        let command = format!("00 A4 04 00 [{{aid:{}}}] 00", application.name);
        steps.push(answered(&command, &information, false)?);
        for file in &application.files {
            steps.push(Step::parse(&format!("00 A4 02 0C 02 {:04X}", file.id))?);
        }
    }
    let requirement = format!(
        "SELECT finds {} by its AID, and SELECT EF each of its files.",
        application.name
    );
    Ok(maker.vector(None, "select", requirement, Effect::Reads, steps))
}

/// In a locked application nothing is possible but to select another one.
fn locked(maker: &Maker<'_>) -> Result<Vector, String> {
    let answer = maker.answer("application.locked", "6985");
    let mut steps = maker.select();
    for file in &maker.application.files {
        steps.push(format!("00 A4 02 0C 02 {:04X} => {answer}", file.id));
        let (_, reference) = reach(file);
        if reference > 0 {
            steps.push(format!("00 B0 {:02X} 00 00 => {answer}", 0x80 | reference));
            steps.push(format!("00 20 00 {:02X} => {answer}", 0x80 | reference));
        }
    }
    steps.push(format!("00 84 00 00 08 => {answer}"));
    steps.push("{select:jpki}".to_owned());
    let requirement = format!(
        "SELECT of {} answers 6283, and nothing in it is possible.",
        maker.application.name
    );
    Ok(maker.vector(None, "locked", requirement, Effect::Reads, parse(&steps)?))
}

/// An application below another one is not found without it.
fn below(maker: &Maker<'_>) -> Result<Vector, String> {
    let name = &maker.application.name;
    // The answer is that of the application that is selected.
    let alone = format!("{{select:{name}}} => 6A82");
    let mut steps = vec![alone.clone(), "{select:jpki}".to_owned(), alone.clone()];
    steps.extend(maker.select());
    steps.extend(["{select:jpki}".to_owned(), alone]);
    let requirement = format!("{name} is selected below its parent only.");
    Ok(maker.vector(None, "below", requirement, Effect::Reads, parse(&steps)?))
}

fn absent(maker: &Maker<'_>) -> Result<Vector, String> {
    let none = maker.answer("reference.no-such-file", "6A82");
    let mut steps = maker.select();
    let known = |id: u16| maker.application.files.iter().any(|file| file.id == id);
    for id in (1u16..=30).chain([0x2F10, 0x7FFF]).filter(|id| !known(*id)) {
        steps.push(format!("00 A4 02 0C 02 {id:04X} => {none}"));
        if let Ok(sfi @ 1..=30) = u8::try_from(id) {
            steps.push(format!("00 B0 {:02X} 00 00 => {none}", 0x80 | sfi));
            steps.push(format!("00 20 00 {:02X} => {none}", 0x80 | sfi));
        }
    }
    steps.push(format!(
        "00 CA 00 42 00 00 00 => {}",
        maker.answer("get-data.absent", "6A88")
    ));
    let requirement = format!("{} has no other files, and no data objects.", maker.application.name);
    Ok(maker.vector(None, "absent", requirement, Effect::Reads, parse(&steps)?))
}

/// Instructions that exist only where an application declares them.
fn instructions(maker: &Maker<'_>) -> Result<Vector, String> {
    let commands = [
        ("update binary", "00 D6 00 00 [00]"),
        ("update record", "00 DC 01 04 [00]"),
        ("append record", "00 E2 00 00 [00]"),
        ("generate key pair", "00 46 80 80 00"),
    ];
    let unknown = maker.answer("instruction.unknown", "6D00");
    let mut steps = maker.select();
    for (operation, command) in commands {
        let answer = match maker.declares(operation) {
            true => maker.answer("reference.no-current-ef", "6986"),
            false => unknown.clone(),
        };
        steps.push(format!("{command} => {answer}"));
    }
    steps.push(format!("00 FE 00 00 => {unknown}"));
    let requirement =
        "An instruction of writing that the application does not declare does not exist: 6D00.".to_owned();
    Ok(maker.vector(None, "instructions", requirement, Effect::Writes, parse(&steps)?))
}

/// Commands without a current EF, and with lengths that they don't take.
fn forms(maker: &Maker<'_>) -> Result<Vector, String> {
    let none = maker.answer("reference.no-current-ef", "6986");
    let mut steps = maker.select();
    for command in ["00 B0 00 00 00", "00 B2 01 04 00", "00 20 00 80"] {
        steps.push(format!("{command} => {none}"));
    }
    let length = maker.answer("apdu.wrong-length", "6700");
    for file in &maker.application.files {
        let (select, reference) = reach(file);
        let p1 = if reference == 0 { 0 } else { 0x80 | reference };
        steps.extend(select);
        steps.push(format!("00 B0 {p1:02X} 00 => {length}"));
        if maker.declares("update binary") && matches!(file.kind, Kind::Transparent(_)) {
            steps.push(format!("00 D6 {p1:02X} 00 => {length}"));
        }
    }
    let requirement =
        "Without a current EF a command answers 6986, and with a length that it does not take 6700.".to_owned();
    Ok(maker.vector(None, "forms", requirement, Effect::Writes, parse(&steps)?))
}

/// SET SESSION KEY. An encrypted key that is as great as the modulus of any key is no key: where a session can be opened,
/// it is refused for that.
fn session(maker: &Maker<'_>, set: &Set<'_>) -> Result<Vector, String> {
    let answer = match &maker.application.session {
        Err(answer) => format!("{answer:04X}"),
        Ok(condition) if condition.holds(&set.verified) => maker.answer("session-key.range", "6F00"),
        Ok(_) => maker.answer("access.denied", "6982"),
    };
    let mut steps = parse(&maker.select())?;
    steps.extend(maker.verify(set)?);
    steps.push(Step::parse(&format!("80 AE 00 00 [[{{fill:256 FF}}]] => {answer}"))?);
    let requirement = format!("SET SESSION KEY answers {answer} {}.", set.text());
    let id = format!("session.{}", set.word);
    Ok(maker.vector(None, &id, requirement, Effect::Reads, steps))
}

/// COMPUTE DIGITAL SIGNATURE without a key reference.
fn default_key(maker: &Maker<'_>, set: &Set<'_>) -> Result<Vector, String> {
    let named = |file: &&File| Some(file.id) == maker.application.default_key;
    let key = maker.application.files.iter().find(named);
    let mut steps = parse(&maker.select())?;
    steps.extend(maker.verify(set)?);
    steps.extend(
        match key.map(|key| (key, maker.verdict(key, "compute signature", set))) {
            None => parse(&[format!(
                "80 2A 00 00 [00] 00 => {}",
                maker.answer("sign.no-default-key", "6A88")
            )])?,
            Some((_, Err(refusal))) => parse(&[format!("80 2A 00 00 [00] 00 => {refusal}")])?,
            Some((key, Ok(()))) => match key.kind {
                Kind::PrivateKey(algorithm) => signed(algorithm, "compute signature", 0)?,
                // A key that the card makes is not there yet.
                _ => parse(&[format!("80 2A 00 00 [00] 00 => {}", maker.answer("key.absent", "6A88"))])?,
            },
        },
    );
    let requirement = match key {
        None => "COMPUTE DIGITAL SIGNATURE with P2=00 finds no key.".to_owned(),
        Some(key) => format!(
            "COMPUTE DIGITAL SIGNATURE with P2=00 means {}, {}.",
            key.name,
            set.text()
        ),
    };
    let id = format!("default-key.{}", set.word);
    Ok(maker.vector(None, &id, requirement, Effect::Reads, steps))
}

/// How long verified PINs count: SELECT of the same application and a warm reset keep them, another one and a cold reset
/// end them. Shown by something that only they allow.
fn lifetime(maker: &Maker<'_>) -> Result<Vec<Vector>, String> {
    let sets = maker.sets();
    let (Some(none), Some(all)) = (sets.first(), sets.last()) else {
        return Ok(Vec::new());
    };
    let readable = |kind: &Kind| matches!(kind, Kind::Transparent(content) if !content.is_empty());
    let mut files = maker.application.files.iter().filter(|file| readable(&file.kind));
    let probe = files.find_map(|file| {
        let refusal = maker.verdict(file, "read", none).err()?;
        maker.verdict(file, "read", all).ok().map(|()| (file, refusal))
    });
    let Some((file, refusal)) = probe else {
        return Ok(Vec::new());
    };
    let verified = || -> Result<Vec<Step>, String> { Ok([parse(&maker.select())?, maker.verify(all)?].concat()) };
    let read = |answer: &str| {
        let (mut steps, reference) = reach(file);
        let p1 = if reference == 0 { 0 } else { 0x80 | reference };
        steps.push(format!("00 B0 {p1:02X} 00 01 => {answer}"));
        parse(&steps)
    };
    let kept = "SELECT of the same application and a warm reset keep the verified PINs.";
    let ended = "SELECT of another application and a loss of power end the verified PINs.";
    let same = format!("{{select:{}}}", maker.application.name);
    let mut keep = verified()?;
    for between in [same, "warm reset".to_owned()] {
        keep.push(Step::parse(&between)?);
        keep.extend(read("9000")?);
    }
    let mut end = Vec::new();
    for between in ["{select:jpki}", "cold reset"] {
        end.extend([verified()?, read("9000")?].concat());
        end.push(Step::parse(between)?);
        end.extend([parse(&maker.select())?, read(&refusal)?].concat());
    }
    let vector = |rest: &str, text: &str, steps| maker.vector(None, rest, text.to_owned(), Effect::Reads, steps);
    Ok(vec![
        vector("lifetime.kept", kept, keep),
        vector("lifetime.ended", ended, end),
    ])
}
