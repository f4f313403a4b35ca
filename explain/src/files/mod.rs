//! The applications and files of a card: lists of them, and what one file holds.
//!
//! The contents of a file are decoded whatever its access conditions are. Of a PIN or a private key only its kind is
//! described, never its value. Control characters in a file's content are escaped.

mod certificate;
mod content;
mod item;
mod list;
mod meaning;
mod record;
mod tree;
mod value;
mod words;

pub use content::content;
pub use item::{Item, find_application};
pub use list::List;
pub use words::form;
