//! Specimen cards by name: complete cards of fictional people, built in, that need no issuing; and the authorities that
//! issued them.
//!
//! Their keys are PUBLIC TEST KEYS: anybody can sign with them. `examples/make-specimens.rs` makes the embedded files from
//! the person files beside them.

use std::sync::LazyLock;

use zeroize::Zeroizing;

use crate::image::{Image, ImageError};
use crate::issuance::authorities::{Authorities, Files};
use crate::issued::{CardName, IssuedCard};

/// The bytes of a committed file.
macro_rules! bytes {
    ($($path:literal),*) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../test-vectors/specimens/",
            $($path),*
        ))
    };
}

static IMAGE: LazyLock<Result<Image, Damaged>> =
    LazyLock::new(|| Image::from_bytes("the built-in specimens", bytes!("specimens.vmyna")).map_err(Damaged::from));

/// The specimens or their authorities are damaged: a fault of the build, which the tests would have found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged(String);

impl std::fmt::Display for Damaged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}; make the built-in specimens anew with `make specimens` and rebuild",
            self.0
        )
    }
}

impl std::error::Error for Damaged {}

impl From<ImageError> for Damaged {
    fn from(error: ImageError) -> Self {
        Self(error.to_string())
    }
}

/// The names of the specimens, ascending.
///
/// # Errors
/// [`Damaged`].
pub fn names() -> Result<Vec<&'static str>, Damaged> {
    let image = IMAGE.as_ref().map_err(Clone::clone)?;
    Ok(image.names().collect())
}

/// The specimen of this name; `None` if there is none.
///
/// # Errors
/// [`Damaged`].
pub fn find(name: &str) -> Result<Option<IssuedCard>, Damaged> {
    let image = IMAGE.as_ref().map_err(Clone::clone)?;
    match name.parse::<CardName>() {
        Ok(card) if image.identity(&card).is_some() => Ok(Some(image.card(&card)?)),
        _ => Ok(None),
    }
}

/// The authorities that issued the specimens: for cards of people of one's own choice, without authorities of one's own.
/// Their keys are public.
///
/// # Errors
/// [`Damaged`].
pub fn authorities() -> Result<Authorities, Damaged> {
    macro_rules! files {
        ($($path:literal),* $(,)?) => {
            [$(($path, bytes!("ca/", $path).as_slice())),*]
        };
    }
    let files = files![
        "sign-ca/key.pem",
        "sign-ca/certificate.der",
        "auth-ca/key.pem",
        "auth-ca/certificate.der",
        "cv-root/key.pem",
        "text-root/key.pem",
        "face-root/key.pem",
        "terminal-ca/key.pem",
        "municipality-cv/key.pem",
        "municipality-text/key.pem",
        "municipality-face/key.pem",
    ];
    let files: Files = files
        .into_iter()
        .map(|(path, bytes)| (path.to_owned(), Zeroizing::new(bytes.to_vec())))
        .collect();
    Authorities::take_up(&files).map_err(|fault| {
        let why = fault
            .error
            .map_or_else(|| "it is missing".to_owned(), |error| error.to_string());
        Damaged(format!("the built-in authorities' {}: {why}", fault.path))
    })
}

#[cfg(test)]
mod tests;
