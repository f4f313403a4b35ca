//! A municipality by its code, with names for one that is not in the table.

use std::str::FromStr;

use clap::Args;
use vmyna_applets::person::{Municipality, MunicipalityCode};
use vmyna_issuance::municipalities::{self, CodeError};

use crate::failure::Failure;

/// 全国地方公共団体コード, five digits, or six with the check digit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code(MunicipalityCode);

impl FromStr for Code {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        municipalities::read_code(text).map(Self).map_err(|error| match error {
            CodeError::Form => {
                "a code has five digits, or six with its check digit, the first two a prefecture (01 to 47)"
            }
            CodeError::CheckDigit(_) => "the code has a wrong check digit",
        })
    }
}

/// The municipality to which a cardholder moves.
#[derive(Args)]
pub(crate) struct MunicipalityOptions {
    /// The code of the new municipality (全国地方公共団体コード), e.g. 27127; without it the cardholder moves within the
    /// municipality
    #[arg(long, value_name = "CODE")]
    municipality: Option<Code>,

    /// Its name in Roman letters, e.g. "Kita-ku", if vmyna doesn't know the code
    #[arg(long, value_name = "NAME", requires = "municipality")]
    municipality_name: Option<String>,

    /// Its name in Japanese, e.g. 北区, if vmyna doesn't know the code
    #[arg(long, value_name = "NAME", requires = "municipality")]
    municipality_title: Option<String>,
}

impl MunicipalityOptions {
    /// The municipality, if one is given.
    ///
    /// # Errors
    /// [`Failure::Usage`]: names are needed, or none that a certificate can carry.
    pub(crate) fn municipality(&self) -> Result<Option<Municipality>, Failure> {
        let Some(Code(code)) = self.municipality else {
            return Ok(None);
        };
        let known = municipalities::find(code);
        let named = |given: &Option<String>, known: Option<String>| {
            given.clone().or(known).ok_or_else(|| {
                Failure::Usage(format!(
                    "vmyna doesn't know the municipality {code}: give --municipality-name and --municipality-title"
                ))
            })
        };
        let name = named(&self.municipality_name, known.as_ref().map(|known| known.name.clone()))?;
        let title = named(
            &self.municipality_title,
            known.as_ref().map(|known| known.title.clone()),
        )?;
        let roman = |byte: u8| byte.is_ascii_alphabetic() || b" -'.".contains(&byte);
        if name.is_empty() || name.len() > 40 || !name.bytes().all(roman) {
            return Err(Failure::Usage(
                "--municipality-name is written in Roman letters, e.g. \"Kita-ku\", with at most 40".to_owned(),
            ));
        }
        Ok(Some(Municipality {
            code,
            prefecture: municipalities::prefecture(code).1.to_owned(),
            name,
            title,
        }))
    }
}
