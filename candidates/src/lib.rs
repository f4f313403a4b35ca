//! What a verifier is examined with: cards, signatures, certificates and mdocs that are right, or wrong in exactly one
//! respect.
//!
//! A [`Check`] is what a careful program does, with the reason and the source. A [`Candidate`] examines one: it is a
//! [`Subject`] with one change, and the right *twin* of the same shape is another candidate. Without the twin a refusal shows
//! only that a program stumbled over the shape.
//!
//! Everything is made by a [`Workshop`] from authorities, a seed and a time: the same three give the same candidates.
//!
//! | Module | Candidates about |
//! |---|---|
//! | [`good`] | genuine cards of every generation, person and profile |
//! | [`login`] | log-in with the authentication certificate, and revocation |
//! | [`signatures`] | signatures of documents, and the certificate for them |
//! | [`mdoc`] | answers of phones with an mdoc |
//! | [`ocsp`] | – answers about a certificate's status |
//! | [`x509`] | – certificates and revocation lists with changed fields |
//! | [`face`] | face data of the face-info application |
//! | [`my_number`] | the My Number |
//! | [`parsing`] | rare and broken forms that a parser meets |
//! | [`phone`] | the certificates on a phone |
//! | [`pins`] | PIN handling of clients |
//! | [`text`] | texts of the input-assist application |
//!
//! All people are fictional, and all names of authorities are vmyna's own: a candidate is wrong in one respect and must never
//! be taken for a real card, certificate or mdoc. This crate must never start a program, read a clock or fetch randomness.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod candidate;
pub mod face;
mod forge;
pub mod good;
mod leaf;
pub mod login;
pub mod mdoc;
pub mod my_number;
pub mod ocsp;
pub mod parsing;
pub mod phone;
pub mod pins;
pub mod signatures;
mod subject;
pub mod text;
mod time;
mod workshop;
pub mod x509;

pub use candidate::{Candidate, Candidates, Check, Claim, Duty, Expected, Group, Part, Role, Use, Words};
pub use subject::{AnswerChallenge, Behaviour, ForgedCard, MadeFile, Misuse, Subject};
pub use workshop::{Anchors, Generations, MakeError, Person, Workshop};

/// All candidates, in the order of their groups.
#[must_use]
pub fn all() -> Candidates {
    let mut all = Candidates::default();
    good::add(&mut all);
    login::add(&mut all);
    signatures::add(&mut all);
    mdoc::add(&mut all);
    text::add(&mut all);
    face::add(&mut all);
    my_number::add(&mut all);
    pins::add(&mut all);
    parsing::add(&mut all);
    phone::add(&mut all);
    all
}
