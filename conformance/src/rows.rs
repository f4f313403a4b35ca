//! The list of published facts about the card, row by row, that the vectors are to prove: `test-vectors/conformance/rows.toml`.
//! The numbers are those of the sections in which the facts were collected.

use serde::Deserialize;

/// One published fact, or a group that is proved together.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Row {
    /// Its name: the section, a hyphen, a word.
    pub id: String,
    /// The fact.
    pub says: String,
    /// Why no vector proves it, where APDUs can't or the expected answer is not known.
    #[serde(default)]
    pub unproved: Option<String>,
}

/// Part of the file that begins a section.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Section {
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Its rows.
    pub rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowFile {
    section: Vec<Section>,
}

/// All sections of the list.
///
/// # Errors
/// A sentence that describes what is wrong with the file.
pub(crate) fn sections(toml: &str) -> Result<Vec<Section>, String> {
    let file: RowFile = toml::from_str(toml).map_err(|error| format!("rows.toml: {error}"))?;
    Ok(file.section)
}
