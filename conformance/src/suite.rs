//! All vectors: the built-in files, those of the access matrix and of the order of checks; and the choice among them.
//!
//! Reading them checks them: a vector that does more than it declares is refused here, before any card is used.

use std::collections::BTreeSet;

use vmyna_test_vectors::{ACCESS, ORDER, conformance};

use crate::declared::{self, Declared};
use crate::rows::{self, Section};
use crate::template::Names;
use crate::vector::{Certainty, Step, Vector, VectorFile};
use crate::{access, check, order, pattern};

/// The longest file of vectors, in bytes: 1 MiB.
pub const LONGEST_FILE: u64 = 1 << 20;

/// A set of vectors and the facts they prove.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Suite {
    /// The vectors, each with a name of its own.
    pub vectors: Vec<Vector>,
    /// The list of facts.
    pub sections: Vec<Section>,
}

/// A fault in the vectors themselves.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SuiteError(pub String);

impl Suite {
    /// The built-in suite.
    ///
    /// # Errors
    /// [`SuiteError`]: a fault of the build, which the tests would have found.
    pub fn built_in() -> Result<Self, SuiteError> {
        let sections = rows::sections(conformance::ROWS).map_err(SuiteError)?;
        let known: BTreeSet<&str> = sections
            .iter()
            .flat_map(|section| &section.rows)
            .map(|row| row.id.as_str())
            .collect();
        let mut vectors = Vec::new();
        for (name, text) in conformance::FILES {
            let mut file = parse(name, text)?;
            for vector in &mut file {
                vector.leave_out_phones();
                if let Some(row) = vector.proves.iter().find(|row| !known.contains(row.as_str())) {
                    return Err(SuiteError(format!("{name}: {}: there is no row {row}", vector.id)));
                }
            }
            vectors.extend(file);
        }
        let own = Names::default();
        let mut of_matrix = access::vectors(ACCESS).map_err(SuiteError)?;
        for vector in &mut of_matrix {
            vector.proves.retain(|row| known.contains(row.as_str()));
            verify(vector, &own).map_err(|fault| SuiteError(format!("access.toml: {}: {fault}", vector.id)))?;
        }
        vectors.extend(of_matrix);
        let mut of_order = order::vectors(ORDER).map_err(SuiteError)?;
        for vector in &mut of_order {
            vector.leave_out_phones();
            verify(vector, &own).map_err(|fault| SuiteError(format!("order.toml: {}: {fault}", vector.id)))?;
        }
        vectors.extend(of_order);
        Self::of(vectors, sections)
    }

    /// The vectors that follow from declarations, and those of an author: (name of the file, TOML).
    ///
    /// # Errors
    /// [`SuiteError`], with the file's name and the vector's.
    pub fn of_declared(
        applications: &[Declared],
        authors: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SuiteError> {
        let names = declared::names(applications);
        let mut vectors = declared::vectors(applications).map_err(SuiteError)?;
        for vector in &mut vectors {
            verify(vector, &names).map_err(|fault| SuiteError(format!("{}: {fault}", vector.id)))?;
        }
        for (name, toml) in authors {
            vectors.extend(parse_with(&name, &toml, &names)?);
        }
        Self::of(vectors, Vec::new())
    }

    fn of(vectors: Vec<Vector>, sections: Vec<Section>) -> Result<Self, SuiteError> {
        let mut names = BTreeSet::new();
        if let Some(vector) = vectors.iter().find(|vector| !names.insert(vector.id.as_str())) {
            return Err(SuiteError(format!("two vectors are called {}", vector.id)));
        }
        Ok(Self { vectors, sections })
    }

    /// The vectors that any of these words chooses: a vector's name or the beginning of one up to a point (`select`,
    /// `access.jpki`), or a certainty (`assumed`). Without words all.
    ///
    /// # Errors
    /// A sentence, when a word chooses nothing.
    pub fn select(&self, words: &[String]) -> Result<Vec<&Vector>, String> {
        let chosen = |vector: &Vector, word: &str| {
            let rest = vector.id.strip_prefix(word);
            vector.certainty.to_string() == word || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if let Some(word) = words
            .iter()
            .find(|word| !self.vectors.iter().any(|vector| chosen(vector, word)))
        {
            let groups: BTreeSet<_> = self.vectors.iter().map(Vector::group).collect();
            let groups: Vec<_> = groups.into_iter().collect();
            return Err(format!(
                "\"{word}\" chooses no vector; there are the groups {}, and the certainties measured, documented, client, \
                 assumed",
                groups.join(", ")
            ));
        }
        let any = |vector: &&Vector| words.is_empty() || words.iter().any(|word| chosen(vector, word));
        Ok(self.vectors.iter().filter(any).collect())
    }

    /// How many vectors have each certainty.
    #[must_use]
    pub fn count(&self, certainty: Certainty) -> usize {
        self.vectors
            .iter()
            .filter(|vector| vector.certainty == certainty)
            .count()
    }
}

/// The vectors of a file in TOML.
///
/// # Errors
/// [`SuiteError`], with the file's name and the vector's.
pub fn parse(name: &str, toml: &str) -> Result<Vec<Vector>, SuiteError> {
    parse_with(name, toml, &Names::default())
}

/// The vectors of a file in TOML that also uses these names.
fn parse_with(name: &str, toml: &str, names: &Names) -> Result<Vec<Vector>, SuiteError> {
    let mut file: VectorFile = toml::from_str(toml).map_err(|error| SuiteError(format!("{name}: {error}")))?;
    for vector in &mut file.vector {
        verify(vector, names).map_err(|fault| SuiteError(format!("{name}: {}: {fault}", vector.id)))?;
    }
    Ok(file.vector)
}

/// Resolves the names of a vector and checks it.
fn verify(vector: &mut Vector, names: &Names) -> Result<(), String> {
    vector.resolve(names)?;
    vector.check()?;
    for step in &vector.steps {
        let expected = match step {
            Step::Send(send) => &send.expected,
            Step::Atr(expected) => expected,
            _ => continue,
        };
        for text in &expected.check {
            check::Check::parse(text)?;
        }
        if let Some(length) = &expected.length {
            // What is wrong with the pattern itself shows with any length.
            if let Err(fault) = pattern::length_fits(length, 0)
                && fault.en.contains("is no length")
            {
                return Err(fault.en);
            }
        }
    }
    Ok(())
}
