//! The arguments of `vmyna life`.

use std::path::PathBuf;

use clap::Args;

use super::day::Day;
use crate::options::language::{self, Language};

/// A story.
#[derive(Args)]
pub(crate) struct Life {
    /// The story: people and what happens to them
    #[arg(value_name = "STORY")]
    pub(super) story: PathBuf,

    /// The folder in which it is played; one that was played in before goes on from there
    #[arg(long, short, value_name = "DIR")]
    pub(super) output: PathBuf,

    /// Stop after the last event of this day in Japan, e.g. 2028-03-31
    #[arg(long, value_name = "DATE")]
    pub(super) until: Option<Day>,

    /// Draw everything from this number instead of the story's own seed
    #[arg(long, value_name = "NUMBER")]
    pub(super) seed: Option<u64>,

    /// After each year, and at the end, ask every service about every person, and fail if one doesn't agree
    #[arg(long)]
    pub(super) check: bool,

    /// Write what each service answers after each event to this file, as a table in Markdown
    #[arg(long, value_name = "FILE")]
    pub(super) table: Option<PathBuf>,

    /// The language of the table
    #[arg(long, value_name = "LANG", value_parser = language::parser(), default_value = "en", requires = "table")]
    pub(super) lang: Language,
}

/// The help after the options.
pub(crate) const HELP: &str = "\
The folder has authorities of its own with their register (DIR/ca), the cards (DIR/cards) and the
phones (DIR/phones). The same story and seed give the same cards, certificates and register. A run
that is killed is gone on with by the same command.

A story, with all its keys in docs/lives.md:
  version = 1
  begin = 2026-11-02
  [people.taro]
  invented = true
  [[events]]
  on = 2027-04-01
  who = \"taro\"
  what = \"lost\"

What happens is one of: born, 15, moved, married, renewed, lost, found, replaced, phone,
phone-lost, phone-removed, died, checked.

Examples:
  vmyna life examples/lives/marriage.toml -o life
  vmyna life examples/lives/marriage.toml -o life --until 2027-05-31
  vmyna show life/cards/hanako.vmyna
  vmyna ca serve life/ca --now 2027-06-01";
