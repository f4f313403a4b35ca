//! The authorities that a command names, and their register.

use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{IssuerId, Register};
use vmyna_authority::revocation_list::issuer_id;
use vmyna_issuance::mdoc::MdocAuthority;
use vmyna_issuance::x509;
use vmyna_issuance::x509::names::Hierarchy;
use vmyna_issuance::{ca_folder, specimen as built_in};

use super::args::Authority;
use crate::failure::{Failure, ca_failure};
use crate::output::say;
use crate::registers::{failure, open, record_specimens};
use crate::seed::random_seed;

/// An authority with its key's identifier.
pub(super) type Identified = (IssuerId, x509::Authority);

/// Authorities and the register of what they issued.
pub(super) struct Opened {
    /// Those that certify cardholders' keys, of every generation, the newest last.
    pub(super) certifying: Vec<Identified>,
    pub(super) register: SqliteRegister,
}

impl Opened {
    /// Opens the authorities, then their register: a folder that holds no authorities gets no register. The built-in register
    /// has the built-in cards, and the built-in authorities are of every generation that it has certificates of.
    pub(super) fn of(authority: &Authority) -> Result<Self, Failure> {
        match authority {
            Authority::Folder(folder) => Ok(Self {
                certifying: certifying(authority)?,
                register: open(Some(folder))?,
            }),
            Authority::Specimen => {
                let mut register = open(None)?;
                record_specimens(&mut register)?;
                Ok(Self {
                    certifying: of_all_times(&register)?,
                    register,
                })
            }
        }
    }

    /// The number of a key's generation among those of its hierarchy, from 1 on; `None` if it is none of these authorities'.
    pub(super) fn generation(&self, issuer: IssuerId) -> Option<usize> {
        let (_, authority) = self.certifying.iter().find(|(id, _)| *id == issuer)?;
        let mut all = self.of_hierarchy(authority.hierarchy());
        all.position(|(id, _)| *id == issuer).map(|at| at + 1)
    }

    /// Those of one hierarchy, the newest last.
    pub(super) fn of_hierarchy(&self, hierarchy: Hierarchy) -> impl DoubleEndedIterator<Item = &Identified> {
        let all = self.certifying.iter();
        all.filter(move |(_, authority)| authority.hierarchy() == hierarchy)
    }
}

/// The authorities alone, for what needs no register: the built-in ones then are of the generations at hand if theirs can't be
/// opened.
pub(super) fn certifying(authority: &Authority) -> Result<Vec<Identified>, Failure> {
    match authority {
        Authority::Folder(folder) => identified(ca_folder::open_certifying(folder).map_err(ca_failure)?),
        Authority::Specimen => {
            Opened::of(authority).map_or_else(|_| without_register(), |opened| Ok(opened.certifying))
        }
    }
}

/// The built-in authorities without a register: of the generations at hand.
pub(super) fn without_register() -> Result<Vec<Identified>, Failure> {
    identified(built_in::certifying().map_err(|error| Failure::Failed(error.to_string()))?)
}

/// Their authority of mdocs. A folder that was made before there were mdocs gets one.
pub(super) fn mdoc(authority: &Authority) -> Result<MdocAuthority, Failure> {
    match authority {
        Authority::Folder(folder) => ca_folder::mdoc(folder, &random_seed()).map_err(ca_failure),
        Authority::Specimen => built_in::mdoc().map_err(|error| Failure::Failed(error.to_string())),
    }
}

/// Their authority of mdocs, for a command that also works without one: then the reason is reported, with what is left out. A
/// folder that was made before there were mdocs may be one that can't be written.
pub(super) fn mdoc_or_report(authority: &Authority, left_out: &str) -> Option<MdocAuthority> {
    mdoc(authority)
        .map_err(|failure| say(&format!("vmyna: {failure}: {left_out}")))
        .ok()
}

/// Refuses to work at a time before the authorities begin, as with a clock that is wrong.
pub(super) fn check_clock(
    certifying: &[Identified],
    now: x509_cert::der::DateTime,
    remedy: &str,
) -> Result<(), Failure> {
    match certifying.first() {
        Some((_, first)) if now < first.begin() => Err(Failure::Failed(format!(
            "it is {now}, and these authorities begin at {}: check the clock of this machine{remedy}",
            first.begin()
        ))),
        _ => Ok(()),
    }
}

fn identified(all: Vec<x509::Authority>) -> Result<Vec<Identified>, Failure> {
    let with_id = |authority| Ok((issuer_id(&authority)?, authority));
    let all: Result<_, vmyna_issuance::IssuanceError> = all.into_iter().map(with_id).collect();
    all.map_err(|error| Failure::Failed(error.to_string()))
}

/// The built-in authorities: the generations at hand, and those that were made for cards of other times.
fn of_all_times(register: &dyn Register) -> Result<Vec<Identified>, Failure> {
    let known = |all: &[Identified], issuer| all.iter().any(|(id, _)| *id == issuer);
    let mut all = without_register()?;
    for (issuer, begin) in register.issuers().map_err(|error| failure(&error))? {
        if !known(&all, issuer) {
            let made = built_in::certifying_at(begin).map_err(|error| Failure::Failed(error.to_string()))?;
            let made = identified(made)?;
            all.extend(made.into_iter().filter(|(id, _)| !known(&all, *id)).collect::<Vec<_>>());
        }
        if !known(&all, issuer) {
            say(&format!(
                "vmyna: the register has certificates of the key {issuer}, which is none of the built-in authorities"
            ));
        }
    }
    all.sort_by_key(|(_, authority)| authority.begin());
    Ok(all)
}
