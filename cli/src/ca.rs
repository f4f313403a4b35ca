//! `vmyna ca`: certificate authorities of one's own.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use clap::{Args, Subcommand};
use rand_core::{OsRng, RngCore};
use vmyna_issuance::IssuanceError;
use vmyna_issuance::ca_folder;
use zeroize::Zeroizing;

use crate::failure::{Failure, ca_failure, unless_closed};
use crate::issue::{Time, fixed_time, now, seed_of};
use crate::signals;

/// When authorities begin under a seed if nothing else is said: two years before the cards do, as the built-in ones.
const BEGIN_UNDER_A_SEED: &str = "2024-11-01T01:00:00Z";

/// Certificate authorities.
#[derive(Args)]
pub(crate) struct Ca {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the authorities that issue cards, in a new folder that only you can read
    Init(Init),
}

#[derive(Args)]
struct Init {
    /// The folder to make
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// Make the same authorities for the same number; they begin on 2024-11-01 unless said otherwise
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// When their certificates begin (UTC): cards issued before are not valid under them. Now, if not given
    #[arg(long, value_name = "TIME")]
    begin: Option<Time>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Ca) -> Result<(), Failure> {
    match &arguments.command {
        Command::Init(arguments) => init(arguments),
    }
}

fn init(arguments: &Init) -> Result<(), Failure> {
    let seed = match arguments.seed {
        Some(number) => seed_of(number),
        None => {
            let mut seed = Zeroizing::new([0; 32]);
            OsRng.fill_bytes(&mut *seed);
            seed
        }
    };
    let begin = match arguments.begin {
        Some(time) => time.0,
        None if arguments.seed.is_some() => fixed_time(BEGIN_UNDER_A_SEED)?,
        None => now()?,
    };
    let stop = signals::end_flag()?;
    let made = || match stop.load(Ordering::Relaxed) {
        true => Err(IssuanceError::Stopped),
        false => Ok(()),
    };
    ca_folder::init(&arguments.folder, &seed, begin, &made).map_err(ca_failure)?;
    let folder = arguments.folder.display();
    let secrecy = match arguments.seed {
        Some(_) => format!("The keys in {folder} come from a seed: whoever knows it can make them"),
        None => format!("The keys in {folder} are secret"),
    };
    let said = writeln!(
        io::stdout(),
        "Made certificate authorities in {folder}: for signatures (署名用) {folder}/sign-ca/certificate.der, for\n\
         authentication (利用者証明用) {folder}/auth-ca/certificate.der, and those behind the card's own files.\n\
         {secrecy}. Issue cards with `vmyna issue --ca {folder} …`"
    );
    unless_closed(said.map_err(Failure::from))
}
