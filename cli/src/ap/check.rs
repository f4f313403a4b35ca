//! `vmyna ap check`: the faults of declaration files.

use std::io::Write as _;
use std::path::Path;

use serde::Serialize;
use vmyna_apdu::ShowPath as _;
use vmyna_applets::free_area::FreeApplication;
use vmyna_applets::issued::IssuedCard;
use vmyna_issuance::application_file::{ApplicationFile, ApplicationFileError, ReadError};

use super::args::Check;
use super::{card, generator};
use crate::failure::Failure;
use crate::output;

/// The version of the JSON report. Names are added within a version, and never change or go.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Report {
    version: u32,
    /// Whether no file has a fault.
    right: bool,
    files: Vec<FileReport>,
}

#[derive(Serialize)]
struct FileReport {
    file: String,
    applications: Vec<ApplicationReport>,
    faults: Vec<FaultReport>,
}

#[derive(Serialize)]
struct ApplicationReport {
    name: String,
    title: String,
    aid: String,
}

#[derive(Serialize)]
struct FaultReport {
    /// null for a fault of the whole file.
    line: Option<usize>,
    /// null but for a fault of TOML itself.
    column: Option<usize>,
    /// Empty for a fault of TOML itself.
    field: String,
    message: String,
    /// The fault with its place, for people.
    #[serde(skip)]
    text: String,
}

/// Runs the command. A fault is its verdict, not an error of its own.
pub(super) fn run(arguments: &Check) -> Result<(), Failure> {
    let card = card()?;
    let files: Vec<FileReport> = arguments.files.iter().map(|path| report(path, &card)).collect();
    let faults: usize = files.iter().map(|file| file.faults.len()).sum();
    if arguments.json {
        output::json(&Report {
            version: VERSION,
            right: faults == 0,
            files,
        })?;
    } else {
        write(&files)?;
    }
    match faults {
        0 => Ok(()),
        1 => Err(Failure::Failed("1 fault".to_owned())),
        faults => Err(Failure::Failed(format!("{faults} faults"))),
    }
}

fn write(files: &[FileReport]) -> Result<(), Failure> {
    let mut out = output::text();
    for FileReport {
        file,
        applications,
        faults,
    } in files
    {
        for fault in faults {
            writeln!(out, "{file}: {}", fault.text)?;
        }
        for ApplicationReport { name, title, aid } in applications {
            writeln!(out, "{file}: {name}  AID {aid}  {title}: no fault")?;
        }
    }
    Ok(out.flush()?)
}

fn report(path: &Path, card: &IssuedCard) -> FileReport {
    let (applications, faults) = match ApplicationFile::read(path) {
        Ok(file) => match file.make(card, &mut generator()) {
            Ok(applications) => (applications, Vec::new()),
            Err(faults) => (Vec::new(), faults),
        },
        Err(ReadError::Faults(faults)) => (Vec::new(), faults),
        Err(error) => {
            let fault = FaultReport {
                line: None,
                column: None,
                field: String::new(),
                message: error.to_string(),
                text: error.to_string(),
            };
            return FileReport {
                file: path.shown().to_string(),
                applications: Vec::new(),
                faults: vec![fault],
            };
        }
    };
    FileReport {
        file: path.shown().to_string(),
        applications: applications.iter().map(application).collect(),
        faults: faults.into_iter().map(fault).collect(),
    }
}

fn application(free: &FreeApplication) -> ApplicationReport {
    let application = free.application();
    ApplicationReport {
        name: application.name.to_string(),
        title: application.title.to_string(),
        aid: application.aid.to_string(),
    }
}

fn fault(fault: ApplicationFileError) -> FaultReport {
    FaultReport {
        text: fault.to_string(),
        line: fault.line,
        column: fault.column,
        field: fault.field,
        message: fault.message.en,
    }
}
