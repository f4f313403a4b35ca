//! `vmyna`: a virtual My Number Card (個人番号カード) on the command line.

mod advice;
mod apdu;
mod args;
mod bench;
mod ca;
mod card_state;
mod conformance;
mod demo;
mod doctor;
mod explain;
mod failure;
mod fault;
mod files;
mod issue;
mod man;
mod output;
mod pin;
mod reader;
mod readers;
mod run;
mod save;
mod serve;
mod show;
mod signals;
mod terminal;
mod trace;
mod verbose;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Arguments, Command};
use failure::Failure;

/// The exit status of a program that SIGPIPE has ended, as shells give it.
const CLOSED: u8 = 128 + 13;

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    signals::survive_file_size_limit();
    // Their exit status says that all was as it should be, which nobody knows who did not come to the end.
    let judges = matches!(
        command,
        Command::Demo(_) | Command::Apdu(_) | Command::Doctor(_) | Command::Trace(_) | Command::Conformance(_)
    );
    let outcome = match command {
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
        Command::Man(arguments) => man::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has seen enough, as in `vmyna files CARD | head`.
        Err(failure) if failure.is_closed_output() => ExitCode::from(if judges { CLOSED } else { 0 }),
        Err(failure) => failure.report(),
    }
}

fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "vmyna", &mut script);
    io::stdout().write_all(&script)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts below the options of a command and of all commands in it.
    fn texts(command: &clap::Command) -> Vec<String> {
        let own = command.get_after_long_help().map(ToString::to_string);
        own.into_iter()
            .chain(command.get_subcommands().flat_map(texts))
            .collect()
    }

    #[test]
    fn no_line_of_help_that_is_broken_by_hand_is_broken_again_by_a_terminal_of_100_columns() {
        let texts = texts(&Arguments::command());
        assert!(texts.len() > 5);
        for line in texts.iter().flat_map(|text| text.lines()) {
            assert!(line.chars().count() <= 98, "{line}");
        }
    }
}
