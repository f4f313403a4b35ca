//! A life: what happens to people on certain days, played on cards, phones and the register of authorities of their own.
//!
//! A [`Plan`] is made of a story ([`vmyna_issuance::story`]): every event is checked against those before it. [`Life`] plays
//! it in a folder through the operations of issuer and counter, at the days of the events and with numbers from the story's
//! seed, so that the same story gives the same cards, certificates and register. A process that is killed leaves at most one
//! event half done, and the next run of the same story finishes it.
//!
//! ```no_run
//! use vmyna::issuance::story;
//! use vmyna::life::{Life, Plan};
//!
//! let text = std::fs::read_to_string("story.toml")?;
//! let story = story::read(&text, None).map_err(|faults| faults[0].clone())?;
//! let plan = Plan::of(&story).map_err(|faults| faults[0].clone())?;
//! let mut life = Life::open("life".as_ref(), plan, &|| Ok(()))?;
//! while life.step()?.is_some() {}
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! [`PersonModel`] has what must be true of each person, computed from the events alone. This module must never read a clock,
//! draw from the system's random source for what it writes, or write what an operation would have written.

mod check;
mod counts;
mod error;
mod folder;
mod model;
mod plan;
mod planning;
mod play;
mod town;

pub use check::{Checked, Responders, Row, markdown};
pub use counts::Counts;
pub use error::{Disagreement, LifeError, StoryFault};
pub use folder::LifeFolder;
pub use model::{Held, Impossible, PersonModel, Phone, Token};
pub use plan::{Plan, Step};
pub use play::{Life, Played};
