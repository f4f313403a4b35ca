//! Specimen cards by name: complete cards of fictional people, built in, that need no issuing.
//!
//! Their keys are PUBLIC TEST KEYS: any program can sign with them.

use std::sync::LazyLock;

use vmyna_test_vectors::specimens;

use crate::image::{Image, ImageError};
use crate::issued::{CardName, IssuedCard};

static IMAGE: LazyLock<Result<Image, SpecimenError>> =
    LazyLock::new(|| Image::from_bytes("the built-in specimens", specimens::IMAGE).map_err(SpecimenError::from));

/// The built-in image of specimens is damaged: a fault of the build, which the tests would have found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SpecimenError(String);

impl From<ImageError> for SpecimenError {
    fn from(error: ImageError) -> Self {
        Self(error.to_string())
    }
}

/// The names of the specimens, ascending.
///
/// # Errors
/// [`SpecimenError`].
pub fn names() -> Result<Vec<&'static str>, SpecimenError> {
    let image = IMAGE.as_ref().map_err(Clone::clone)?;
    Ok(image.names().collect())
}

/// The specimen of this name; `None` if there is none.
///
/// # Errors
/// [`SpecimenError`].
pub fn find(name: &str) -> Result<Option<IssuedCard>, SpecimenError> {
    let image = IMAGE.as_ref().map_err(Clone::clone)?;
    match name.parse::<CardName>() {
        Ok(card) if image.identity(&card).is_some() => Ok(Some(image.card(&card)?)),
        _ => Ok(None),
    }
}
