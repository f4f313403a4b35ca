//! What can be typed about faults on purpose and latency.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use vmyna_reader_bridge::fault::{Fault, FaultError, Latency};

/// Faults and latency.
#[derive(Args, Clone, Default)]
pub(crate) struct FaultOptions {
    /// Let the card fail on purpose: KEY=VALUE,… as explained below, or a file of faults with a name that ends in .toml;
    /// repeat it for several
    #[arg(long, value_name = "FAULT|FILE.toml")]
    pub(crate) fault: Vec<FaultSource>,

    /// Let the card take its time: "card" for that of a contactless card, or so many milliseconds for each command; "none"
    /// against the `latency` table of a file of faults
    #[arg(long, value_name = "card|MS|none")]
    pub(crate) latency: Option<LatencyChoice>,
}

/// One fault, or a file of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FaultSource {
    Fault(Box<Fault>),
    File(PathBuf),
}

impl FromStr for FaultSource {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        if text.ends_with(".toml") {
            return Ok(Self::File(text.into()));
        }
        Ok(Self::Fault(Box::new(text.parse()?)))
    }
}

/// How long the card takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LatencyChoice {
    None,
    Card,
    Flat(Duration),
}

impl FromStr for LatencyChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            "card" => Ok(Self::Card),
            _ => match Latency::milliseconds(text) {
                Ok(time) => Ok(Self::Flat(time)),
                Err(what) => Err(format!("{what}, or \"card\", or \"none\"")),
            },
        }
    }
}

/// A command's help with that of the faults before its examples.
pub(crate) fn help(own: &str) -> String {
    match own.split_once("\nExamples:\n") {
        Some((text, examples)) => format!("{text}\n{HELP}\nExamples:\n{examples}"),
        None => format!("{own}\n\n{HELP}"),
    }
}

const HELP: &str = "\
Faults, what happens (one of these; delay= goes with any):
  sw=6581         this status word; the card does not see the command
  sw=61xx         the data waits for GET RESPONSE, piece=N bytes at a time, as with T=0
  sw=6Cxx         the data is given to the same command with the right Le
  mute            no answer; mute=until-reset: nor to anything before the next reset
  remove          the card is pulled out; remove=answered: just after its answer. back=MS puts
                  it back (run and serve; otherwise `vmyna reader insert`, or .insert of apdu)
  unplug          the reader is unplugged instead of an answer; back=MS plugs it in again
  probe           before the command another program selects and resets; not in a transaction
  other-reset     before the command the card is reset, in a transaction too
  transaction-lost      behind the command the transaction is over
  transaction-timeout   5 s (or =MS) without a command in a transaction: reset, as on Windows
  service-gone    all connections end; back=MS accepts new ones
                  (transaction-… and service-gone: run and serve --socket)
  garbled=FORM    one-byte, cut, bits, trailing or too-long; seed=N draws it another way
  delay=MS        the answer comes so many milliseconds later
  executed        with sw, mute, remove, unplug, service-gone: the card executes the command, its
                  answer is lost
Faults, when (all that are given must hold; the default is at every command):
  cla= ins= p1= p2=       at commands with these bytes, in hexadecimal
  data                    at commands with data: VERIFY without any is a question
  on=power-on, on=reset   not at commands; the first power-on is when the card is put in
  after=N                 when N commands of any kind have gone before
  nth=N                   at the Nth that matches, once
  every=N, times=N        at every Nth that matches; at most so often
Each card counts for itself, over resets and being pulled out. Faults that never fired are
reported at the end. docs/faults.md describes everything, and the form of the files.

Example of a fault, the second PIN is answered 6581:  --fault sw=6581,ins=20,data,nth=2
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_ends_in_toml_is_a_file_and_anything_else_a_fault() {
        let parse = |text: &str| text.parse::<FaultSource>();
        assert_eq!(
            parse("a=b/faults.toml"),
            Ok(FaultSource::File("a=b/faults.toml".into()))
        );
        assert!(matches!(parse("mute,ins=20"), Ok(FaultSource::Fault(_))));
        let told = parse("faults.txt").unwrap_err().to_string();
        assert!(told.contains("`faults.txt`"), "{told}");
    }

    #[test]
    fn a_latency_is_that_of_a_card_none_or_a_time() {
        let parse = |text: &str| text.parse::<LatencyChoice>();
        assert_eq!(parse("card"), Ok(LatencyChoice::Card));
        assert_eq!(parse("none"), Ok(LatencyChoice::None));
        assert_eq!(parse("1.5"), Ok(LatencyChoice::Flat(Duration::from_micros(1500))));
        assert!(parse("slow").unwrap_err().contains("\"card\""));
    }

    #[test]
    fn the_help_has_short_lines_and_a_fault_that_is_one() {
        assert!(
            HELP.lines()
                .all(|line| line.chars().count() <= 100 && !line.ends_with(' ')),
            "{HELP}"
        );
        let (_, example) = HELP.split_once("--fault ").unwrap();
        assert!(example.trim().parse::<Fault>().is_ok());
    }
}
