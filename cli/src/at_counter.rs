//! An issued card at the counter or the kiosk: how it is opened there, and the report of what was done.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use serde::Serialize;
use vmyna::counter::{Changed, Counter, Done, Opening, PhonePolicy, Step};
use vmyna_apdu::ShowPath as _;
use vmyna_applets::pins::CardPin;
use vmyna_authority::counter::kind;

use crate::counter_failures::{self, open_failure};
use crate::failure::Failure;
use crate::options::at_counter::AtCounter;
use crate::options::authority::Authority;
use crate::{output, seed};

/// How the counter is opened for this card.
///
/// # Errors
/// The clock of this machine is wrong, and no time is given.
pub(crate) fn opening(at: &AtCounter) -> Result<Opening<'_>, Failure> {
    let now = at.now.map_or_else(seed::clock, |time| Ok(time.0))?;
    let mut opening = Opening::new(&at.card, now);
    opening.authorities = at.ca.as_ref().and_then(Authority::folder);
    Ok(opening)
}

/// Opens the register and locks the card.
///
/// # Errors
/// The card keeps no state; authorities, register or state can't be used; another counter has the card.
pub(crate) fn open(at: &AtCounter, new_image: Option<&Path>, phones: PhonePolicy) -> Result<Counter, Failure> {
    let mut opening = opening(at)?;
    opening.new_image = new_image;
    opening.phones = phones;
    Counter::open(&opening, &mut counter_failures::report).map_err(|error| open_failure(&at.card, error))
}

/// What was done, as JSON.
#[derive(Serialize)]
struct Report<'a> {
    card: String,
    name: &'a str,
    time: String,
    done: Vec<StepReport>,
    /// The register that was written.
    register: Option<String>,
    /// The card's state that was written.
    state: Option<String>,
    /// The process that changed the card, which has it in use.
    process: Option<u32>,
    /// The image that was written.
    image: Option<String>,
    /// The PINs that a phone has because none were chosen, by their names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pins: Option<BTreeMap<&'static str, &'a str>>,
}

/// One thing that was done.
#[derive(Default, Serialize)]
struct StepReport {
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl From<&Step> for StepReport {
    fn from(step: &Step) -> Self {
        let of = |what| Self {
            what,
            ..Self::default()
        };
        let certificate = |what, hierarchy, serial: u32| Self {
            kind: Some(kind(hierarchy)),
            serial: Some(format!("{serial:06X}")),
            ..of(what)
        };
        let text = |what, text: &str| Self {
            text: Some(text.to_owned()),
            ..of(what)
        };
        match step {
            Step::Revoked(hierarchy, serial, reason) => Self {
                reason: Some(reason.name()),
                ..certificate("revoked", *hierarchy, *serial)
            },
            Step::WasRevoked(hierarchy, before) => Self {
                kind: Some(kind(*hierarchy)),
                reason: Some(before.reason.name()),
                time: Some(before.at.to_string()),
                ..of("was-revoked")
            },
            Step::Issued(hierarchy, serial, end) => Self {
                time: Some(end.to_string()),
                ..certificate("issued", *hierarchy, *serial)
            },
            Step::Removed(hierarchy) => Self {
                kind: Some(kind(*hierarchy)),
                ..of("removed")
            },
            Step::Pin(name) => text("pin-reset", name),
            Step::Tries(name) => text("tries-restored", name),
            Step::Unset(name) => text("pin-unset", name),
            Step::Files => of("files-signed"),
            Step::Printed(line) => text("printed", line),
            Step::Erased(line) => text("erased", line),
            Step::Withdrawn(cause) => text("withdrawn", &cause.to_string()),
            Step::NewCard(expiry) => text("new-card", &expiry.to_string()),
            Step::PhoneRevoked(hierarchy, serial, reason) => Self {
                reason: Some(reason.name()),
                ..certificate("phone-revoked", *hierarchy, *serial)
            },
            Step::PhoneFollowed(hierarchy, serial, reason) => Self {
                reason: Some(reason.name()),
                ..certificate("phone-revoked-with-card", *hierarchy, *serial)
            },
            Step::PhoneWasRevoked(hierarchy, before) => Self {
                kind: Some(kind(*hierarchy)),
                reason: Some(before.reason.name()),
                time: Some(before.at.to_string()),
                ..of("phone-was-revoked")
            },
            Step::PhoneStays(hierarchy, serial) => certificate("phone-stays", *hierarchy, *serial),
            Step::PhoneIssued(hierarchy, serial, end) => Self {
                time: Some(end.to_string()),
                ..certificate("phone-issued", *hierarchy, *serial)
            },
            Step::PhoneRemoved(hierarchy) => Self {
                kind: Some(kind(*hierarchy)),
                ..of("phone-removed")
            },
            Step::Document(end) => Self {
                time: Some(end.to_string()),
                ..of("mdoc-issued")
            },
            Step::DocumentRemoved => of("mdoc-removed"),
            other => text("other", &other.to_string()),
        }
    }
}

/// Reports what was done, and where.
pub(crate) fn report(counter: &Counter, done: &Done, json: bool) -> Result<(), Failure> {
    report_with_pins(counter, done, json, None)
}

/// Reports what was done and where, with the PINs that a phone has because none were chosen.
pub(crate) fn report_with_pins(
    counter: &Counter,
    done: &Done,
    json: bool,
    pins: Option<&[(CardPin, &str)]>,
) -> Result<(), Failure> {
    let register = done.register.as_ref().map(|path| path.shown().to_string());
    let (mut state, mut process, mut image) = (None, None, None);
    match &done.card {
        Some(Changed::State(path)) => state = Some(path.shown().to_string()),
        Some(Changed::Process(id)) => process = Some(*id),
        Some(Changed::Image(path)) => image = Some(path.shown().to_string()),
        _ => {}
    }
    if json {
        output::json(&Report {
            card: counter.source().to_string(),
            name: counter.issued().name.as_str(),
            time: counter.now().to_string(),
            done: done.steps.iter().map(StepReport::from).collect(),
            register,
            state,
            process,
            image,
            pins: pins.map(|pins| pins.iter().map(|(pin, value)| (pin.name, *value)).collect()),
        })?;
        return Ok(());
    }
    let mut out = output::text();
    writeln!(out, "{}, at {}:", counter.source(), counter.now())?;
    for step in &done.steps {
        writeln!(out, "  {step}")?;
    }
    if done.steps.is_empty() {
        writeln!(out, "  nothing to do")?;
    }
    if let Some(register) = register {
        writeln!(out, "In the register: {register}")?;
    }
    if let Some(state) = state {
        writeln!(out, "On the card: {state}")?;
    }
    if let Some(process) = process {
        writeln!(
            out,
            "On the card: by process {process}, which is using it; it lost power for a moment: programs connected to it must \
             connect, select and verify again"
        )?;
    }
    if let Some(image) = image {
        let is_phone = done.steps.iter().any(|step| matches!(step, Step::PhoneIssued(..)));
        writeln!(out, "The {}: {image}", if is_phone { "phone" } else { "new card" })?;
    }
    for (pin, value) in pins.unwrap_or_default() {
        writeln!(out, "The phone's {} ({}): {value}", pin.label, pin.title)?;
    }
    out.flush()?;
    Ok(())
}
