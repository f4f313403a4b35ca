//! `vmyna`: a virtual My Number Card (個人番号カード) on the command line. This file is the table of commands.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod advice;
mod ap;
mod apdu;
mod application_files;
#[cfg(feature = "authority")]
mod at_counter;
mod authorities;
mod bench;
mod ca;
mod card;
mod certificate_fields;
mod completions;
mod conformance;
#[cfg(feature = "authority")]
mod counter;
#[cfg(feature = "authority")]
mod counter_failures;
mod demo;
#[cfg(feature = "desk")]
mod desk;
mod doctor;
#[cfg(feature = "authority")]
mod exam;
mod explain;
mod explore;
mod failure;
mod faults;
mod files;
#[cfg(feature = "desk")]
mod idp;
mod issue;
#[cfg(feature = "authority")]
mod kiosk;
#[cfg(feature = "authority")]
mod life;
#[cfg(feature = "authority")]
mod listen;
mod man;
#[cfg(feature = "desk")]
mod native_host;
mod options;
mod output;
mod pcsc;
#[cfg(feature = "authority")]
mod phone;
mod pin;
#[cfg(feature = "desk")]
mod portal;
mod reader;
mod readers;
#[cfg(feature = "authority")]
mod registers;
mod run;
mod save;
mod seed;
mod serve;
mod service;
mod settle;
mod shell;
mod show;
mod signals;
mod terminal;
mod threads;
mod trace;
mod trace_file;
mod trusted;
mod vectors;
mod verbose;
mod verify;
mod vpcd;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// A virtual My Number Card (個人番号カード) for tests.
///
/// It behaves like the chip of the card: programs see it in a PC/SC reader, people drive it with APDUs. Its people are
/// fictional, its certificates are worth nothing, and it protects nothing: it is a test tool.
#[derive(Parser)]
#[command(name = "vmyna", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Take a guided tour: select, read, be refused, verify, sign; every APDU is shown and explained
    Demo(demo::args::Demo),
    /// Send APDUs to a virtual card, or to a card in a PC/SC reader
    #[command(after_long_help = options::faults::help(apdu::args::HELP))]
    Apdu(apdu::args::Apdu),
    /// Explain APDUs: each field, the card's answer, and the rule that decided
    #[command(after_long_help = explain::args::HELP)]
    Explain(explain::args::Explain),
    /// Run a PC/SC program with a virtual card in a reader that only it sees: no pcscd, no root
    #[command(after_long_help = options::faults::help(run::args::HELP))]
    Run(run::args::Run),
    /// Run a program with every interruption at every command: card pulled out, no answer, 6581; judge what it does
    #[command(after_long_help = explore::args::HELP)]
    Explore(Box<explore::args::Explore>),
    /// Put a virtual card into pcscd's virtual reader (vpcd) or into a reader of its own until Ctrl-C
    #[command(after_long_help = options::faults::help(serve::args::HELP))]
    Serve(serve::args::Serve),
    /// Issue cards for people from files, for an invented person, or for a whole town
    #[command(after_long_help = issue::args::HELP)]
    Issue(issue::args::Issue),
    /// Write, check and describe applications for the free area (空き領域) of a card, from declaration files
    #[command(after_long_help = ap::args::HELP)]
    Ap(ap::args::Ap),
    /// Make certificate authorities of your own to issue cards with, revoke what they issued, answer OCSP requests
    Ca(ca::args::Ca),
    /// Verify certificates, signatures, signed data and a card's files, step by step, with authorities that you name
    #[command(after_long_help = verify::args::HELP)]
    Verify(Box<verify::args::Verify>),
    /// Examine a program that verifies: run it with cards and files that are right, or wrong in one respect
    #[cfg(feature = "authority")]
    #[command(after_long_help = exam::args::HELP)]
    Exam(Box<exam::args::Exam>),
    /// Serve a portal to practise with: log-in with a card, who asked for data, a signed application; in the browser
    #[cfg(feature = "desk")]
    #[command(after_long_help = portal::args::HELP)]
    Portal(portal::args::Portal),
    /// Serve an identity provider: web sites under development let people log in and sign with a virtual card
    #[cfg(feature = "desk")]
    #[command(after_long_help = idp::args::HELP)]
    Idp(Box<idp::args::Idp>),
    /// Do with an issued card what a municipality's counter (窓口) does: PINs, renewal, moving, loss, a new card
    #[cfg(feature = "authority")]
    #[command(after_long_help = counter::args::HELP)]
    Counter(Box<counter::args::Counter>),
    /// Reset the sign password of an issued card at the kiosk of a store, with the auth PIN and a one-time code
    #[cfg(feature = "authority")]
    #[command(after_long_help = kiosk::args::HELP)]
    Kiosk(kiosk::args::Kiosk),
    /// Hold a card to a phone: certificates of its own (スマホ用電子証明書) and an mdoc; show them, answer readers
    #[cfg(feature = "authority")]
    #[command(after_long_help = phone::args::HELP)]
    Phone(phone::args::Phone),
    /// Play what happens to people on certain days, on cards, phones and authorities of their own, or a town for years
    #[cfg(feature = "authority")]
    #[command(after_long_help = life::args::HELP)]
    Life(life::args::Life),
    /// Answer web pages through a browser extension, by native messaging, with a virtual card; install that
    #[cfg(feature = "desk")]
    #[command(after_long_help = native_host::args::HELP)]
    NativeHost(native_host::args::NativeHost),
    /// Show the state of an issued card, go back to the card as issued, install applications
    #[command(after_long_help = card::args::HELP)]
    Card(card::args::Card),
    /// Show a card as it is now, or as it was issued: holder, numbers, certificates; as text, JSON or pictures
    #[command(after_long_help = show::args::HELP)]
    Show(show::args::Show),
    /// List a card's PINs and the tries left of each
    Pin(pin::args::Pin),
    /// List a card's files, show what one holds, or write its bytes
    #[command(after_long_help = files::args::HELP)]
    Files(files::args::Files),
    /// Put cards into the readers of `vmyna run` and `vmyna serve`, and take them out, while programs run
    Reader(reader::args::Reader),
    /// Open a desk in the browser: cards, readers, PINs, and every APDU explained as it happens
    #[cfg(feature = "desk")]
    #[command(after_long_help = desk::args::HELP)]
    Desk(desk::args::Desk),
    /// List the PC/SC readers and what is in them
    Readers,
    /// Check the PC/SC set-up of the machine, and show the command that repairs it
    #[command(after_long_help = doctor::HELP)]
    Doctor(doctor::Doctor),
    /// Show a trace that --trace has written, or replay it against a card
    Trace(trace::args::Trace),
    /// Run test vectors with a virtual card, a card in a reader, or a card that speaks vpcd's protocol
    #[command(after_long_help = conformance::args::HELP)]
    Conformance(Box<conformance::args::Conformance>),
    /// Print a completion script for a shell
    Completions(completions::Completions),
    /// Write manual pages, one a command
    Man(man::Man),
}

/// The exit status of a program that SIGPIPE has ended, as shells give it.
const CLOSED: u8 = 128 + 13;

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    signals::survive_file_size_limit();
    // These commands report a verdict by exit status, so a closed pipe must not count as success. `exam` counts a closed
    // output itself.
    let judges = matches!(
        command,
        Command::Demo(_)
            | Command::Ap(_)
            | Command::Apdu(_)
            | Command::Doctor(_)
            | Command::Trace(_)
            | Command::Conformance(_)
            | Command::Verify(_)
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
        Command::Explore(arguments) => {
            return match explore::run(&arguments) {
                Ok(status) => ExitCode::from(status),
                Err(failure) => failure.report(),
            };
        }
        Command::Serve(arguments) => serve::run(arguments),
        Command::Show(arguments) => show::run(&arguments),
        Command::Pin(arguments) => pin::run(&arguments),
        Command::Files(arguments) => files::run(&arguments),
        Command::Issue(arguments) => issue::run(&arguments),
        Command::Card(arguments) => card::run(&arguments),
        Command::Ap(arguments) => ap::run(&arguments),
        Command::Ca(arguments) => ca::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        #[cfg(feature = "authority")]
        Command::Exam(arguments) => exam::run(&arguments),
        #[cfg(feature = "desk")]
        Command::Portal(arguments) => portal::run(arguments),
        #[cfg(feature = "desk")]
        Command::Idp(arguments) => idp::run(*arguments),
        #[cfg(feature = "authority")]
        Command::Counter(arguments) => counter::run(&arguments),
        #[cfg(feature = "authority")]
        Command::Kiosk(arguments) => kiosk::run(&arguments),
        #[cfg(feature = "authority")]
        Command::Phone(arguments) => phone::run(&arguments),
        #[cfg(feature = "authority")]
        Command::Life(arguments) => life::run(&arguments),
        #[cfg(feature = "desk")]
        Command::Desk(arguments) => desk::run(arguments),
        #[cfg(feature = "desk")]
        Command::NativeHost(arguments) => native_host::run(arguments),
        Command::Reader(arguments) => reader::run(arguments),
        Command::Readers => readers::run(),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Trace(arguments) => trace::run(&arguments),
        Command::Conformance(arguments) => conformance::run(*arguments),
        Command::Completions(arguments) => completions::run(&arguments, Arguments::command()),
        Command::Man(arguments) => man::run(&arguments, Arguments::command()),
    };
    match outcome {
        // The work is done, and the trace that was asked for is not there.
        Ok(()) if trace_file::ended_early() => ExitCode::FAILURE,
        Ok(()) => ExitCode::SUCCESS,
        // The reader of the output has seen enough, as in `vmyna files CARD | head`.
        Err(failure) if failure.is_closed_output() => ExitCode::from(if judges { CLOSED } else { 0 }),
        Err(failure) => failure.report(),
    }
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
