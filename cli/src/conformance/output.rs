//! What is said of a card and of vectors before they run. It must never contain a PIN or an answer of the card.

use std::io::Write;

use vmyna_apdu::hex;
use vmyna_conformance::run::Examination;
use vmyna_conformance::vector::{Vector, pin_names};

use crate::failure::Failure;
use crate::options::language::{Language, say};
use crate::output::say as report;
use crate::vectors::outcome::certainty;

/// Names the card, after reads and queries only.
pub(super) fn introduce(place: &str, examination: &Examination, vectors: usize, language: Language) {
    let atr = hex::encode(&examination.atr);
    let text = say!(
        language,
        "{vectors} vectors for the card with ATR {atr} in {place}",
        "{place}のカード（ATR {atr}）に{vectors}件のベクタ"
    );
    report(&text);
}

/// All vectors with what they need.
pub(super) fn list(vectors: &[&Vector], language: Language) -> Result<(), Failure> {
    let mut out = crate::output::text();
    for vector in vectors {
        let pins: Vec<_> = pin_names(&vector.presents())
            .into_iter()
            .map(|pin| pin.name())
            .collect();
        let pins = if pins.is_empty() {
            String::new()
        } else {
            let pins = pins.join(", ");
            say!(language, "; PINs: {pins}", "。PIN: {pins}")
        };
        let Vector {
            id,
            requirement,
            source,
            ..
        } = vector;
        let (certainty, effect) = (certainty(vector.certainty, language), vector.effect.text());
        let effect = effect.say(language);
        let text = say!(
            language,
            "{certainty}: {source}; {effect}{pins}",
            "{certainty}: {source}。{effect}{pins}"
        );
        writeln!(out, "{id}\n    {requirement}\n    {text}")?;
    }
    out.flush()?;
    Ok(())
}
