//! Files for the report of an examination.

use std::path::PathBuf;

use clap::Args;
use vmyna_examiner::report::{Report, html, json, junit};

use crate::failure::Failure;
use crate::save;

/// Where the report is written beside the terminal.
#[derive(Args)]
pub(crate) struct Reports {
    /// Write the report as JSON to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Write the report as JUnit XML, which CI systems read, to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Write the report as an HTML page in English and Japanese to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl Reports {
    /// Whether the files can be written, before the work begins.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let all = [&self.json, &self.junit, &self.html];
        all.into_iter().flatten().try_for_each(|path| save::can_replace(path))
    }

    /// Writes them.
    pub(crate) fn write(&self, report: &Report) -> Result<(), Failure> {
        if let Some(path) = &self.json {
            save::replace(path, format!("{:#}\n", json(report)).as_bytes())?;
        }
        if let Some(path) = &self.junit {
            save::replace(path, junit(report).as_bytes())?;
        }
        if let Some(path) = &self.html {
            save::replace(path, html(report).as_bytes())?;
        }
        Ok(())
    }
}
