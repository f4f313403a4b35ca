//! The arguments of `vmyna ca`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::seed::Time;

/// Certificate authorities.
#[derive(Args)]
pub(crate) struct Ca {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make the authorities that issue cards, in a new folder that only you can read
    Init(Init),
}

#[derive(Args)]
pub(super) struct Init {
    /// The folder to make
    #[arg(value_name = "DIR")]
    pub(super) folder: PathBuf,

    /// Make the same authorities for the same number; they begin on 2024-11-01 unless --begin is given
    #[arg(long, value_name = "NUMBER")]
    pub(super) seed: Option<u64>,

    /// When their certificates begin (UTC): cards issued before are not valid under them. Now, if not given
    #[arg(long, value_name = "TIME")]
    pub(super) begin: Option<Time>,
}
