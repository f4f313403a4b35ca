//! `vmyna`: a virtual My Number Card (個人番号カード) on the command line.

mod apdu;
mod args;
mod ca;
mod card;
mod card_state;
mod conformance;
mod demo;
mod doctor;
mod explain;
mod failure;
mod fault;
mod files;
mod held;
mod hex;
mod issue;
mod narrate;
mod pin;
mod reader;
mod readers;
mod run;
mod serve;
mod show;
mod state;
mod trace;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Arguments, Command};
use failure::Failure;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Apdu(arguments) => apdu::run(arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Run(arguments) => {
            return match run::run(arguments) {
                Ok(status) => ExitCode::from(status),
                Err(failure) => failure.report(),
            };
        }
        Command::Serve(arguments) => serve::run(arguments),
        Command::Show(arguments) => show::run(&arguments),
        Command::Pin(arguments) => pin::run(&arguments),
        Command::Files(arguments) => files::run(&arguments),
        Command::Issue(arguments) => issue::run(&arguments),
        Command::Card(arguments) => card_state::run(&arguments),
        Command::Ca(arguments) => ca::run(&arguments),
        Command::Reader(arguments) => reader::run(arguments),
        Command::Readers => readers::run(),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Trace(arguments) => trace::run(&arguments),
        Command::Conformance(arguments) => conformance::run(*arguments),
        Command::Completions { shell } => completions(shell),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "vmyna", &mut script);
    io::stdout().write_all(&script)?;
    Ok(())
}
