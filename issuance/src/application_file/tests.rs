//! Tests of the declaration file.

mod faults;
mod made;
mod random;

use std::path::Path;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use vmyna_applets::free_area::FreeApplication;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::specimen;

use super::*;

/// The beginning of a declaration with one application, of six lines.
const HEAD: &str = r#"format = 1
[[application]]
name = "thing"
title = "試験AP"
aid = "F0 54 45 53 54 01"
source = "an invention of this test"
"#;

/// A PIN with the name `pin`, of eight lines.
const PIN: &str = r#"
[[application.pin]]
name = "pin"
title = "暗証番号"
ef = "0006"
length = 4
tries = 3
value = "7391"
"#;

fn hanako() -> IssuedCard {
    specimen::find("hanako").unwrap().unwrap()
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([7; 32])
}

/// The faults of a declaration, in a line each.
fn faults(text: &str, folder: Option<&Path>) -> Vec<String> {
    let faults = match ApplicationFile::parse(text, folder) {
        Ok(file) => file.make(&hanako(), &mut rng()).expect_err("it is made"),
        Err(faults) => faults,
    };
    faults.iter().map(ToString::to_string).collect()
}

/// The applications of a right declaration.
fn made(text: &str, folder: Option<&Path>) -> Vec<FreeApplication> {
    let show =
        |faults: Vec<ApplicationFileError>| -> String { faults.iter().map(|fault| format!("{fault}\n")).collect() };
    let file = ApplicationFile::parse(text, folder).map_err(show);
    file.and_then(|file| file.make(&hanako(), &mut rng()).map_err(show))
        .unwrap_or_else(|faults| panic!("{faults}{text}"))
}
