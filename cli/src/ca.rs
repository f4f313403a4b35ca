//! `vmyna ca`: certificate authorities of one's own.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use rand_core::{OsRng, RngCore};
use vmyna_applets::ca_folder;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::issue::{Time, now, seed_of};

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

    /// Make the same authorities for the same number
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
        None => now()?,
    };
    ca_folder::init(&arguments.folder, &seed, begin).map_err(|error| Failure::Failed(error.to_string()))?;
    let folder = arguments.folder.display();
    writeln!(
        io::stdout(),
        "Made certificate authorities in {folder}: for signatures (署名用) {folder}/sign-ca/certificate.der, for\n\
         authentication (利用者証明用) {folder}/auth-ca/certificate.der, and those behind the card's own files.\n\
         The keys in {folder} are secret. Issue cards with `vmyna issue --ca {folder} …`"
    )?;
    Ok(())
}
