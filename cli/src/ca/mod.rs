//! `vmyna ca`: certificate authorities of the user's own.

pub(crate) mod args;
#[cfg(feature = "authority")]
mod authorities;
#[cfg(feature = "authority")]
mod lists;
#[cfg(feature = "authority")]
mod serve;

use std::io::Write;
use std::sync::atomic::Ordering;

use vmyna_apdu::ShowPath as _;
use vmyna_issuance::IssuanceError;
use vmyna_issuance::ca_folder;
use vmyna_issuance::validity::{authority_end, next_generation};

use crate::failure::{Failure, ca_failure, unless_closed};
use crate::output;
use crate::seed::{fixed_time, now, random_seed, seed_of};
use crate::signals;
use args::{Ca, Command, Init, Rollover};

/// When authorities begin under a seed without --begin: two years before the cards, like the built-in ones.
const BEGIN_UNDER_A_SEED: &str = "2024-11-01T01:00:00Z";

/// Runs the command.
pub(crate) fn run(arguments: &Ca) -> Result<(), Failure> {
    match &arguments.command {
        Command::Init(arguments) => init(arguments),
        Command::Rollover(arguments) => rollover(arguments),
        #[cfg(feature = "authority")]
        Command::List(arguments) => lists::list(arguments),
        #[cfg(feature = "authority")]
        Command::Revoke(arguments) => lists::revoke(arguments),
        #[cfg(feature = "authority")]
        Command::Crl(arguments) => lists::crl(arguments),
        #[cfg(feature = "authority")]
        Command::Export(arguments) => lists::export(arguments),
        #[cfg(feature = "authority")]
        Command::Serve(arguments) => serve::serve(arguments),
    }
}

/// Ends the making of keys when a signal has come.
fn until_ended() -> Result<impl Fn() -> Result<(), IssuanceError> + Sync, Failure> {
    let stop = signals::end_flag()?;
    Ok(move || match stop.load(Ordering::Relaxed) {
        true => Err(IssuanceError::Stopped),
        false => Ok(()),
    })
}

fn rollover(arguments: &Rollover) -> Result<(), Failure> {
    let folder = &arguments.folder;
    let seed = arguments.seed.map_or_else(random_seed, seed_of);
    let begin = match arguments.begin {
        Some(time) => time.0,
        None if arguments.seed.is_some() => {
            let all = ca_folder::open_certifying(folder).map_err(ca_failure)?;
            let newest = all.last().map_or_else(now, |newest| Ok(newest.begin()))?;
            next_generation(newest).map_err(|error| Failure::Usage(error.to_string()))?
        }
        None => now()?,
    };
    let number = ca_folder::rollover(folder, &seed, begin, &until_ended()?).map_err(ca_failure)?;
    let end = authority_end(begin).map_err(|error| Failure::Failed(error.to_string()))?;
    let folder = folder.shown();
    let written = writeln!(
        output::text(),
        "Made generation {number} of the authorities in {folder}, valid from {begin} to {end}: cards that are issued from then\n\
         on have its certificates, and earlier cards stay valid. Programs must trust its certificates too: `vmyna ca export\n\
         {folder} -o FOLDER` writes all. A running `vmyna ca serve` answers for it after a restart"
    );
    unless_closed(written.map_err(Failure::from))
}

fn init(arguments: &Init) -> Result<(), Failure> {
    let seed = arguments.seed.map_or_else(random_seed, seed_of);
    let begin = match arguments.begin {
        Some(time) => time.0,
        None if arguments.seed.is_some() => fixed_time(BEGIN_UNDER_A_SEED)?,
        None => now()?,
    };
    let made = until_ended()?;
    ca_folder::init(&arguments.folder, &seed, begin, arguments.url.as_ref(), &made).map_err(ca_failure)?;
    let folder = arguments.folder.shown();
    let secrecy = match arguments.seed {
        Some(_) => format!("The keys in {folder} come from a seed: anyone with the seed can make them"),
        None => format!("The keys in {folder} are secret"),
    };
    let written = writeln!(
        output::text(),
        "Made certificate authorities in {folder}: for signatures (署名用) {folder}/sign-ca/certificate.der, for\n\
         authentication (利用者証明用) {folder}/auth-ca/certificate.der, for mdocs (カード代替電磁的記録)\n\
         {folder}/mdoc-root/certificate.der, and those behind the card's own files.\n\
         {secrecy}. Issue cards with `vmyna issue --ca {folder} …`"
    );
    unless_closed(written.map_err(Failure::from))
}
