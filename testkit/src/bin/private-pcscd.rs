//! Runs a command with a PC/SC service of its own: `private-pcscd [--readers N] [--print] -- COMMAND [ARGUMENT…]`.
//!
//! The command finds `PCSCLITE_CSOCK_NAME` and `VMYNA_VPCD_PORTS` (port,port,…) in its environment. Its exit status is
//! passed through (128 + signal when a signal ended it, as shells do). INT, TERM and HUP are passed on to the command;
//! the daemon is always stopped. Must never leave a pcscd behind.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, Stdio};
use vmyna_testkit::PrivatePcscd;

const USAGE: &str = "usage: private-pcscd [--readers N] [--print] -- COMMAND [ARGUMENT...]
  --readers N   number of vpcd readers, 0 to 8 (default 1)
  --print       print the environment of the command, as `export NAME=value` lines, to standard error";

struct Order {
    readers: usize,
    print: bool,
    command: Vec<OsString>,
}

fn main() -> ExitCode {
    let order = match parse(std::env::args_os().skip(1)) {
        Ok(order) => order,
        Err(problem) => {
            eprintln!("private-pcscd: {problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&order) {
        Ok(status) => ExitCode::from(status),
        Err(problem) => {
            eprintln!("private-pcscd: {problem}");
            ExitCode::from(125)
        }
    }
}

fn parse(mut arguments: impl Iterator<Item = OsString>) -> Result<Order, String> {
    let mut order = Order {
        readers: 1,
        print: false,
        command: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--readers") => {
                let number = arguments.next().and_then(|text| text.to_str()?.parse().ok());
                order.readers = number.ok_or("--readers wants a number")?;
            }
            Some("--print") => order.print = true,
            Some("--") => {
                order.command = arguments.by_ref().collect();
            }
            _ => return Err(format!("unknown argument {}", argument.display())),
        }
    }
    if order.command.is_empty() {
        Err("no command given after `--`".to_owned())
    } else {
        Ok(order)
    }
}

fn run(order: &Order) -> Result<u8, String> {
    // Before anything is started: from here on none of these signals can end this process halfway.
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(|error| error.to_string())?;
    let pcscd = PrivatePcscd::start(order.readers)?;
    if order.print {
        for (name, value) in pcscd.environment() {
            eprintln!("export {name}={}", value.display());
        }
    }
    let (program, arguments) = order.command.split_first().ok_or("no command")?;
    let mut child = Command::new(program)
        .args(arguments)
        .envs(pcscd.environment())
        .spawn()
        .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
    let id = child.id().to_string();
    let handle = signals.handle();
    let forwarder = std::thread::spawn(move || {
        for signal in signals.forever() {
            let _ = Command::new("sh")
                .args(["-c", r#"kill -"$1" "$2""#, "sh", &signal.to_string(), &id])
                // The command may have ended by the same Ctrl-C already.
                .stderr(Stdio::null())
                .status();
        }
    });
    let status = child.wait().map_err(|error| error.to_string())?;
    handle.close();
    let _ = forwarder.join();
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(125);
    Ok(u8::try_from(code).unwrap_or(125))
}
