//! `employee-enrol`: the desk where an employee card is given its key and its entry.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use vmyna_apdu::say;
use vmyna_host_programs::employee::{AID, ENTRY, KEY, NAME, authenticate, key_file};
use vmyna_host_programs::signature::{generated_key, private_key};
use vmyna_host_programs::{Common, HostError, key_reference, main as run, print, read, replace};

/// The card makes its key: P1 of GENERATE ASYMMETRIC KEY PAIR.
const MAKE: u8 = 0x80;

/// Enrol an employee card: the card makes a key for P-256, this program keeps the public key and writes number and name to
/// the card. A key that was there before is replaced. The card is an invention of this project
#[derive(Parser)]
#[command(
    version,
    after_help = "\
Example:
  mkdir keys
  vmyna run --ap applications/employee/employee.ap.toml -- sh -c '
      employee-enrol --terminal-key applications/employee/TEST-terminal-key.pem \\
          --keys keys --number E-0001 --name \"MIHON HANAKO\" &&
      employee-door --terminal-key applications/employee/TEST-terminal-key.pem --keys keys'"
)]
struct Arguments {
    /// The private key of this terminal, PEM
    #[arg(long, value_name = "FILE")]
    terminal_key: PathBuf,

    /// The folder in which the public keys of employees are kept
    #[arg(long, value_name = "FOLDER")]
    keys: PathBuf,

    /// The employee's number: 1 to 16 letters, digits and hyphens
    #[arg(long)]
    number: String,

    /// The employee's name, at most 64 bytes of UTF-8
    #[arg(long)]
    name: String,

    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    run(|arguments: Arguments| {
        let file = key_file(&arguments.keys, arguments.number.as_bytes())?;
        if arguments.name.len() > 64 {
            return Err(HostError::Other("--name: more than 64 bytes".to_owned()));
        }
        let terminal = private_key("the terminal's key", &read(&arguments.terminal_key)?)?;
        let mut card = arguments.common.card()?;
        card.select(NAME, AID)?;
        authenticate(&mut card, &terminal)?;
        let answer = card.command(
            "GENERATE ASYMMETRIC KEY PAIR",
            &[0x00, 0x46, MAKE, key_reference(KEY), 0x00],
        )?;
        let key = generated_key(&answer)?;
        let mut entry = Vec::new();
        for (tag, value) in [(0xC1, &arguments.number), (0xC2, &arguments.name)] {
            entry.extend([tag, value.len() as u8]);
            entry.extend(value.as_bytes());
        }
        let mut update = vec![0x00, 0xD6, key_reference(ENTRY), 0x00, entry.len() as u8];
        update.extend(entry);
        card.command("UPDATE BINARY of the employee's entry", &update)?;
        replace(
            &file,
            &key.public_key_to_pem().map_err(HostError::crypto("the public key"))?,
        )?;
        let (number, kept) = (&arguments.number, vmyna_apdu::ShowPath::shown(&*file));
        print(&say!(
            arguments.common.lang,
            "enrolled {number}; its public key is in {kept}",
            "{number} を登録しました。公開鍵: {kept}"
        ))
    })
}
