//! `vmyna card install`, `remove` and `list`: the applications in the free area (空き領域) of a card.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use rand_core::OsRng;
use vmyna::{CardSource, Replaced, StatePlace};
use vmyna_apdu::{Aid, ShowPath as _, hex, shown};
use vmyna_applets::free_area::FreeApplication;
use vmyna_applets::issued::IssuedCard;

use crate::application_files::ApplicationFiles;
use crate::failure::Failure;
use crate::output;
use crate::settle::{lock, settle};

/// Refuses a phone: its token has no free area.
fn refuse_phone(card: &CardSource, issued: &IssuedCard) -> Result<(), Failure> {
    match issued.phone() {
        None => Ok(()),
        Some(kind) => Err(Failure::Usage(format!(
            "{card} is the token of a phone ({}), which has no free area (空き領域): name a card",
            kind.title()
        ))),
    }
}

/// Puts the applications of files into the free area, all or none.
pub(super) fn install(
    card: &CardSource,
    (issued, place): (IssuedCard, StatePlace),
    files: &[PathBuf],
) -> Result<(), Failure> {
    refuse_phone(card, &issued)?;
    // Everything that is typed is understood before the card is locked.
    let files = ApplicationFiles::read(files)?;
    let _lock = lock(card, &place)?;
    let now = place.current(issued.clone())?;
    let before = now.free.len();
    let applications: Vec<FreeApplication> = files.on(now, &mut OsRng)?.free.into_iter().skip(before).collect();
    let names = names(&applications);
    let done = place.install(issued, applications)?;
    report(card, &format!("installed {names}"), &done)
}

/// Takes applications out of the free area, all or none.
pub(super) fn remove(
    card: &CardSource,
    (issued, place): (IssuedCard, StatePlace),
    wanted: &[String],
) -> Result<(), Failure> {
    refuse_phone(card, &issued)?;
    let _lock = lock(card, &place)?;
    let now = place.current(issued.clone())?;
    let mut aids = BTreeSet::new();
    for wanted in wanted {
        aids.insert(find(&now.free, wanted)?.application().aid);
    }
    let aids: Vec<Aid> = aids.into_iter().collect();
    let removed: Vec<FreeApplication> = now
        .free
        .into_iter()
        .filter(|free| aids.contains(&free.application().aid))
        .collect();
    let done = place.uninstall(issued, &aids)?;
    report(card, &format!("removed {}", names(&removed)), &done)
}

/// The application with this name or AID.
fn find<'a>(free: &'a [FreeApplication], wanted: &str) -> Result<&'a FreeApplication, Failure> {
    let aid = hex::decode(wanted).ok().and_then(|bytes| Aid::new(&bytes));
    let by_name = free.iter().find(|free| free.application().name == wanted);
    let found = by_name.or_else(|| free.iter().find(|free| Some(free.application().aid) == aid));
    found.ok_or_else(|| {
        let there = match free.is_empty() {
            true => "it has none".to_owned(),
            false => format!("it has {}", names(free)),
        };
        let wanted = shown(wanted);
        Failure::Usage(format!(
            "the card has no application {wanted} in its free area; {there}"
        ))
    })
}

/// `employee (F0…), licence (A0…)`
fn names(free: &[FreeApplication]) -> String {
    let names = free.iter().map(|free| {
        let application = free.application();
        format!("{} ({})", application.name, application.aid)
    });
    names.collect::<Vec<_>>().join(", ")
}

fn report(card: &CardSource, done: &str, replaced: &Replaced) -> Result<(), Failure> {
    let place = match replaced {
        Replaced::ByOwner(owner) => format!(
            "process {} has the card in use and did it; it lost power for a moment: programs connected to it must connect, \
             select and verify again",
            owner.pid
        ),
        Replaced::InState(path) => format!("the change is in {}", path.shown()),
        _ => "it was done already".to_owned(),
    };
    Ok(writeln!(output::text(), "{card}: {done}; {place}")?)
}

/// Lists the free area.
pub(super) fn list(card: &CardSource) -> Result<(), Failure> {
    settle(card);
    let issued = card.issued()?;
    refuse_phone(card, &issued)?;
    let (now, _) = card.current()?;
    let mut out = output::text();
    if now.free.is_empty() {
        writeln!(out, "{card}: the free area is empty")?;
    }
    let width = |of: fn(&FreeApplication) -> usize| now.free.iter().map(of).max().unwrap_or(0);
    let name = width(|free| free.application().name.len());
    let aid = width(|free| 2 * free.application().aid.as_bytes().len());
    for free in &now.free {
        // One with the same AID and other contents was installed in place of the issued one.
        let origin = match issued.free.contains(free) {
            true => "issued",
            false => "installed",
        };
        let application = free.application();
        let title = &application.title;
        writeln!(
            out,
            "{:name$}  {:aid$}  {origin:9}  {title}",
            application.name,
            application.aid.to_string()
        )?;
    }
    for free in issued.free.iter().filter(|free| !now.free.contains(free)) {
        let application = free.application();
        let was = "issued with the card, and removed since";
        writeln!(out, "{} ({}) was {was}", application.name, application.aid)?;
    }
    Ok(out.flush()?)
}
