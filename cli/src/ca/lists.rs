//! `vmyna ca list`, `revoke`, `crl` and `export`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use serde::Serialize;
use vmyna_apdu::{ShowPath as _, hex};
use vmyna_applets::PhoneKind;
use vmyna_authority::counter::kind as kind_of;
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{CardId, Certificate, Entry, IssuerId, Register, Revocation, Revoked};
use vmyna_authority::revocation_list::{self, Scope};
use vmyna_issuance::x509::names::Hierarchy;
use x509_cert::der::DateTime;
use x509_cert::der::pem::{LineEnding, encode_string};

use super::args::{Authority, Crl, Export, List, Revoke};
use super::authorities::{self, Identified, Opened, check_clock};
use crate::failure::Failure;
use crate::seed::clock;
use crate::{output, registers, save};

/// A certificate as `list --json` prints it.
#[derive(Serialize)]
struct Row {
    kind: &'static str,
    authority: String,
    /// `None` for a key of other authorities, in a folder that was put together.
    generation: Option<usize>,
    serial: String,
    municipality: String,
    not_before: String,
    not_after: String,
    status: &'static str,
    revoked_at: Option<String>,
    reason: Option<&'static str>,
    cards: Vec<String>,
    /// The kind of phone that it is on, if it is on one, and the card that the phone is linked to.
    phone: Option<&'static str>,
    phone_of: Option<String>,
    partner: Option<String>,
    replaces: Option<String>,
}

impl Row {
    fn new(entry: Entry, generation: Option<usize>) -> Self {
        let serial = |(_, serial): (IssuerId, u32)| format!("{serial:06X}");
        let (phone, phone_of) = entry.phone.unzip();
        Self {
            kind: kind_of(entry.hierarchy),
            authority: entry.issuer.to_string(),
            generation,
            serial: format!("{:06X}", entry.serial),
            municipality: entry.municipality,
            not_before: entry.validity.0.to_string(),
            not_after: entry.validity.1.to_string(),
            status: if entry.revocation.is_some() { "revoked" } else { "good" },
            revoked_at: entry.revocation.map(|revocation| revocation.at.to_string()),
            reason: entry.revocation.map(|revocation| revocation.reason.name()),
            cards: entry.cards,
            phone: phone.map(PhoneKind::name),
            phone_of,
            partner: entry.partner.map(serial),
            replaces: entry.replaces.map(serial),
        }
    }
}

pub(super) fn list(arguments: &List) -> Result<(), Failure> {
    let opened = Opened::of(&arguments.authority)?;
    let several = opened.of_hierarchy(Hierarchy::Signature).count() > 1;
    let card = match &arguments.card {
        Some(source) => Some(CardId::of(&source.issued()?)),
        None => None,
    };
    let mut out = output::text();
    let mut written = Ok(());
    let mut counted = (0_u64, 0_u64);
    let mut print = |entry: Entry| {
        counted.0 += 1;
        counted.1 += u64::from(entry.revocation.is_some());
        if arguments.revoked && entry.revocation.is_none() {
            return true;
        }
        let generation = opened.generation(entry.issuer);
        let row = Row::new(entry, generation);
        written = match arguments.json {
            true => output::json_line(&row).and_then(|row| writeln!(out, "{row}")),
            false => {
                let status = match (&row.revoked_at, row.reason) {
                    (Some(at), Some(reason)) => format!("revoked {at} {reason}"),
                    _ => "good".to_owned(),
                };
                writeln!(
                    out,
                    "{:<4}{}  {:>8}  {}  until {}  {status}  {}{}",
                    row.kind,
                    match (several, row.generation) {
                        (true, Some(number)) => format!(" {number:>2}"),
                        (true, None) => "  ?".to_owned(),
                        (false, _) => String::new(),
                    },
                    row.serial,
                    row.municipality,
                    row.not_after,
                    row.cards.join(", "),
                    match (row.phone.and_then(PhoneKind::find), &row.phone_of) {
                        (Some(kind), Some(card)) => format!(" ({} of {card})", kind.title()),
                        _ => String::new(),
                    }
                )
            }
        };
        written.is_ok()
    };
    let failed = |error| registers::failure(&error);
    opened.register.entries(card, &mut print).map_err(failed)?;
    // The certificates on the person's phones are not on the card.
    let phones = card.map_or(Ok(Vec::new()), |card| opened.register.phones(card));
    for phone in phones.map_err(failed)? {
        let id = phone.link.phone.0;
        opened.register.entries(Some(id), &mut print).map_err(failed)?;
    }
    written?;
    if !arguments.json {
        writeln!(out, "{} certificates, {} of them revoked", counted.0, counted.1)?;
    }
    out.flush()?;
    Ok(())
}

pub(super) fn revoke(arguments: &Revoke) -> Result<(), Failure> {
    let mut opened = Opened::of(&arguments.authority)?;
    let at = match arguments.at {
        Some(time) => time.0,
        None => clock()?,
    };
    // Without a reason it is the signer of mdocs.
    let Some(reason) = arguments.reason else {
        return revoke_signer(&arguments.authority, &mut opened.register, at);
    };
    let wanted = |hierarchy: Hierarchy| arguments.kind.is_none_or(|kind| kind.hierarchy() == hierarchy);
    let mut found: Vec<(Hierarchy, IssuerId, u32)> = Vec::new();
    if let Some(source) = &arguments.card {
        let (card, _) = source.current()?;
        let all = Certificate::of_card(&card).map_err(|error| Failure::Failed(format!("{source}: {error}")))?;
        found.extend(
            all.into_iter()
                .filter(|one| wanted(one.hierarchy))
                .map(|one| (one.hierarchy, one.issuer, one.serial)),
        );
        if found.is_empty() {
            return Err(Failure::Failed(format!("{source} has no certificate of this kind")));
        }
    }
    if let Some(serial) = arguments.serial {
        for (issuer, authority) in &opened.certifying {
            let there = opened.register.entry(*issuer, serial);
            if there.map_err(|error| registers::failure(&error))?.is_some() && wanted(authority.hierarchy()) {
                found.push((authority.hierarchy(), *issuer, serial));
            }
        }
        match found.len() {
            0 => {
                return Err(Failure::Failed(format!(
                    "the register holds no certificate with the serial number {serial:06X}"
                )));
            }
            1 => {}
            _ => {
                return Err(Failure::Usage(format!(
                    "several certificates have the serial number {serial:06X}: --kind sign or --kind auth chooses one, --card \
                     those of a card"
                )));
            }
        }
    }
    for (hierarchy, issuer, serial) in &found {
        let entry = opened.register.entry(*issuer, *serial);
        if let Some(entry) = entry.map_err(|error| registers::failure(&error))?
            && at < entry.validity.0
        {
            return Err(Failure::Usage(format!(
                "the {} certificate {serial:06X} begins at {}, after {at}: check the clock of this machine, or give a later --at",
                kind_of(*hierarchy),
                entry.validity.0
            )));
        }
    }
    let mut out = output::text();
    for (hierarchy, issuer, serial) in found {
        let revoked = opened.register.revoke(issuer, serial, Revocation { at, reason });
        let kind = kind_of(hierarchy);
        match revoked.map_err(|error| registers::failure(&error))? {
            Revoked::Now => writeln!(out, "Revoked the {kind} certificate {serial:06X} ({reason}) at {at}")?,
            Revoked::Before(before) => writeln!(
                out,
                "The {kind} certificate {serial:06X} was revoked at {} ({}): that stays",
                before.at, before.reason
            )?,
            Revoked::Unknown => {
                return Err(Failure::Failed(format!(
                    "the register holds no {kind} certificate {serial:06X}: other authorities issued this card, or it was \
                     issued before there was a register"
                )));
            }
        }
    }
    out.flush()?;
    Ok(())
}

fn revoke_signer(authority: &Authority, register: &mut SqliteRegister, at: DateTime) -> Result<(), Failure> {
    let mdoc = authorities::mdoc(authority)?;
    let signer = vmyna_authority::mdoc::revoke_signer(&mdoc, register, at).map_err(|error| failed(&error))?;
    let serial = hex::encode(&signer.serial);
    let mut out = output::text();
    writeln!(
        out,
        "Revoked the document signer of mdocs {serial} at {at}: mdocs that it signed are invalid, and another one signs now"
    )?;
    out.flush()?;
    Ok(())
}

fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::Failed(error.to_string())
}

pub(super) fn crl(arguments: &Crl) -> Result<(), Failure> {
    let opened = Opened::of(&arguments.authority)?;
    let now = clock()?;
    check_clock(&opened.certifying, now, "")?;
    let list = match arguments.kind {
        Some(kind) => {
            let all: Vec<&Identified> = opened.of_hierarchy(kind.hierarchy()).collect();
            write_list(chosen(&all, arguments.generation)?, &opened.register, arguments)?
        }
        None => {
            let roots = authorities::mdoc(&arguments.authority)?
                .roots(now)
                .map_err(|error| failed(&error))?;
            let root = chosen(&roots, arguments.generation)?;
            let id = revocation_list::root_id(root).map_err(|error| failed(&error))?;
            let by = opened.register.now().map_err(|error| registers::failure(&error))?;
            let revoked = opened.register.revoked_signers(id, by);
            let revoked = revoked.map_err(|error| registers::failure(&error))?;
            revocation_list::of_mdoc_root(root, &revoked, now).map_err(|error| failed(&error))?
        }
    };
    let bytes = match arguments.pem {
        true => encode_string("X509 CRL", LineEnding::LF, &list)
            .map_err(|error| Failure::Failed(error.to_string()))?
            .into_bytes(),
        false => list,
    };
    save::replace(&arguments.output, &bytes)
}

/// The generation of that number, or the newest.
fn chosen<T>(all: &[T], generation: Option<usize>) -> Result<&T, Failure> {
    let found = match generation {
        Some(number) => number.checked_sub(1).and_then(|at| all.get(at)),
        None => all.last(),
    };
    let many = all.len();
    found.ok_or_else(|| {
        Failure::Usage(format!(
            "--generation: these authorities have the generations 1 to {many}"
        ))
    })
}

fn write_list(
    (issuer, authority): &Identified,
    register: &SqliteRegister,
    arguments: &Crl,
) -> Result<Vec<u8>, Failure> {
    let scope = match &arguments.municipality {
        _ if arguments.authorities => Scope::Authorities,
        None => Scope::Complete,
        Some(code) => {
            let points = register.points(*issuer).map_err(|error| registers::failure(&error))?;
            let point = points.into_iter().find(|point| point.municipality == *code);
            Scope::Municipality(point.ok_or_else(|| {
                Failure::Usage(format!(
                    "no certificate of this authority is of the municipality {code}"
                ))
            })?)
        }
    };
    let by = register.now().map_err(|error| registers::failure(&error))?;
    revocation_list::make(authority, register, &scope, by, clock()?).map_err(|error| failed(&error))
}

pub(super) fn export(arguments: &Export) -> Result<(), Failure> {
    let opened = authorities::certifying(&arguments.authority)?;
    save::folder(&arguments.output)?;
    let mut exported = Exported::default();
    // Earlier generations have the same name: the name of the file has the year of their beginning.
    for (at, (_, authority)) in opened.iter().enumerate() {
        let kind = kind_of(authority.hierarchy());
        let mut later = opened[at + 1..].iter();
        let earlier = later.any(|(_, later)| later.hierarchy() == authority.hierarchy());
        let year = earlier.then(|| authority.begin().year());
        exported.certificate(&arguments.output, &format!("{kind}-ca"), year, authority.certificate())?;
    }
    exported.bundle(&arguments.output, "ca.pem")?;
    if let Some(mdoc) = authorities::mdoc_or_report(&arguments.authority, "the roots of mdocs are not written") {
        let roots = mdoc.roots(clock()?).map_err(|error| failed(&error))?;
        for (at, root) in roots.iter().enumerate() {
            let year = (at + 1 < roots.len()).then(|| root.begin().year());
            exported.certificate(&arguments.output, "mdoc-root", year, root.certificate())?;
        }
        exported.bundle(&arguments.output, "mdoc-roots.pem")?;
    }
    let folder = arguments.output.shown();
    writeln!(
        output::text(),
        "Wrote sign-ca (署名用認証局) and auth-ca (利用者証明用認証局) to {folder}, each as .pem and .cer (DER), those of\n\
         earlier generations with a year in the name, and all in {folder}/ca.pem; likewise mdoc-root, the root of mdocs\n\
         (カード代替電磁的記録), and {folder}/mdoc-roots.pem. They are for tests: let only test programs trust them"
    )?;
    Ok(())
}

/// Certificates that are written to a folder.
#[derive(Default)]
struct Exported {
    names: BTreeSet<String>,
    bundle: String,
}

impl Exported {
    /// Writes one, PEM and DER.
    fn certificate(&mut self, folder: &Path, name: &str, year: Option<u16>, der: &[u8]) -> Result<(), Failure> {
        let pem = encode_string("CERTIFICATE", LineEnding::LF, der).map_err(|error| failed(&error))?;
        let mut name = match year {
            Some(year) => format!("{name}-{year}"),
            None => name.to_owned(),
        };
        // Two generations of one year.
        let plain = name.clone();
        let mut number = 1;
        while !self.names.insert(name.clone()) {
            number += 1;
            name = format!("{plain}-{number}");
        }
        save::replace(&folder.join(format!("{name}.cer")), der)?;
        save::replace(&folder.join(format!("{name}.pem")), pem.as_bytes())?;
        self.bundle += &pem;
        Ok(())
    }

    /// Writes all since the bundle before.
    fn bundle(&mut self, folder: &Path, name: &str) -> Result<(), Failure> {
        save::replace(&folder.join(name), std::mem::take(&mut self.bundle).as_bytes())
    }
}
