//! Steps from standard input and from the prompt.

use std::io::{self, BufRead, Read, Write};

use rustyline::error::ReadlineError;
use rustyline::{Config, DefaultEditor};
use vmyna_apdu::mask::secret_range;

use super::Session;
use super::step::{self, Step};
use crate::failure::Failure;
use crate::output::{self, say};

/// The longest line that is read, in bytes: some eight times what the longest APDU takes, so that memory stays bounded and
/// an APDU that is too long is still reported with its length.
const MAX_LINE: u64 = 1 << 20;

const HELP: &str = "\
An APDU in hexadecimal, e.g. 00A4040C0AD392F000260100000001, or one of:
  .reset        warm reset            .remove  take the card out
  .power-cycle  power off and on      .insert  put it back in
  .help         this                  .quit    end (also Ctrl-D)";

/// Carries out the lines of standard input, one by one as they come.
pub(super) fn standard_input(session: &mut Session) -> Result<(), Failure> {
    let mut input = io::stdin().lock();
    let fault = |number: usize, problem: String| Failure::Usage(format!("standard input, line {number}: {problem}"));
    for number in 1.. {
        let mut line = Vec::new();
        input
            .by_ref()
            .take(MAX_LINE)
            .read_until(b'\n', &mut line)
            .map_err(|error| Failure::Failed(format!("standard input can't be read: {error}")))?;
        if line.is_empty() {
            break;
        }
        if line.len() as u64 == MAX_LINE && line.last() != Some(&b'\n') {
            return Err(fault(
                number,
                format!("longer than {MAX_LINE} characters, which no APDU is"),
            ));
        }
        let line = String::from_utf8(line).map_err(|_| fault(number, "not text in UTF-8".to_owned()))?;
        // Some editors begin a file with a byte order mark.
        let line = line.strip_prefix('\u{FEFF}').filter(|_| number == 1).unwrap_or(&line);
        if let Some(step) = step::parse(line).map_err(|problem| fault(number, problem))? {
            session.carry_out(step)?;
        }
    }
    Ok(())
}

/// Carries out the lines that are typed, until the end of input. After an error the conversation continues.
pub(super) fn prompt(session: &mut Session) -> Result<(), Failure> {
    let terminal = |error: ReadlineError| Failure::Failed(format!("the terminal can't be used: {error}"));
    let mut editor = DefaultEditor::with_config(Config::builder().auto_add_history(false).build()).map_err(terminal)?;
    if !session.plain {
        let atr = session.reader.atr().map(vmyna_apdu::hex::encode).unwrap_or_default();
        writeln!(output::text(), "{}: ATR {atr}. .help for help.", session.reader.name())?;
    }
    loop {
        let line = match editor.readline("apdu> ") {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(terminal(error)),
        };
        // What is pasted may be several lines.
        for line in line.lines() {
            match respond(session, &mut editor, line)? {
                Next::Line => {}
                Next::Prompt => break,
                Next::End => return Ok(()),
            }
        }
    }
}

/// The next action after a line of the prompt.
enum Next {
    /// The next line of what was pasted.
    Line,
    /// The prompt: something was wrong, and what was pasted behind it may depend on it.
    Prompt,
    /// Nothing.
    End,
}

/// Carries out one line of the prompt.
fn respond(session: &mut Session, editor: &mut DefaultEditor, line: &str) -> Result<Next, Failure> {
    match line.trim() {
        ".help" => {
            writeln!(output::text(), "{HELP}")?;
            return Ok(Next::Line);
        }
        ".quit" => return Ok(Next::End),
        _ => {}
    }
    let step = match step::parse(line) {
        Ok(Some(step)) => step,
        Ok(None) => return Ok(Next::Line),
        Err(problem) => {
            say(&problem);
            return Ok(Next::Prompt);
        }
    };
    // The history lives as long as the prompt and never holds a PIN.
    let secret = matches!(&step, Step::Apdu(command) if !secret_range(command).is_empty());
    if !secret {
        let _ = editor.add_history_entry(line.trim());
    }
    match session.carry_out(step) {
        Err(Failure::Output(error)) => Err(error.into()),
        Err(failure) => {
            say(&failure.to_string());
            Ok(Next::Prompt)
        }
        Ok(()) => Ok(Next::Line),
    }
}
