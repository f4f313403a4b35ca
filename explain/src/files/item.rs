//! Files and data objects, found by identifier or name.

use vmyna_apdu::hex;
use vmyna_applets::pins::CardPin;
use vmyna_card_os::declaration::{Application, Body, DataObject, File};

use super::words;

/// A file, or a data object of GET DATA.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Item<'a> {
    /// A file.
    File(&'a File),
    /// A data object of GET DATA.
    Object(&'a DataObject),
}

/// The application with this name, title or AID.
#[must_use]
pub fn find_application<'a>(applications: &'a [Application], wanted: &str) -> Option<&'a Application> {
    let aid = hex::decode(wanted).unwrap_or_default();
    let is_wanted = |application: &&Application| {
        application.name.eq_ignore_ascii_case(wanted)
            || application.title == wanted
            || application.aid.as_bytes() == aid
    };
    applications.iter().find(is_wanted)
}

/// Whether the file is the PIN with this name or older name.
fn is_pin(application: &Application, file: &File, name: &str) -> bool {
    CardPin::of(application.aid, file.id)
        .is_some_and(|pin| pin.value_name() == name || CardPin::find(name) == Some(pin))
}

impl<'a> Item<'a> {
    /// The file or data object with this identifier (four hexadecimal digits), name, title or PIN name. An identifier is
    /// preferred to a name, and a file to a data object.
    #[must_use]
    pub fn find(application: &'a Application, wanted: &str) -> Option<Self> {
        let number = u16::from_str_radix(wanted, 16).ok().filter(|_| wanted.len() == 4);
        let (files, objects) = (&application.files, &application.data_objects);
        let same = |name: &str| !name.is_empty() && name.to_lowercase() == wanted.to_lowercase();
        let file = |is_wanted: &dyn Fn(&File) -> bool| files.iter().find(|file| is_wanted(file)).map(Item::File);
        let object = |is_wanted: &dyn Fn(&DataObject) -> bool| {
            let found = objects.iter().find(|object| is_wanted(object));
            found.map(Item::Object)
        };
        file(&|file| Some(file.id.value()) == number)
            .or_else(|| object(&|object| Some(object.tag) == number))
            .or_else(|| file(&|file| same(&file.name) || same(&file.title) || is_pin(application, file, wanted)))
            .or_else(|| object(&|object| same(&object.name) || same(&object.title)))
    }

    /// The identifier of the file, or the tag of the data object.
    #[must_use]
    pub fn id(self) -> u16 {
        match self {
            Item::File(file) => file.id.value(),
            Item::Object(object) => object.tag,
        }
    }

    /// The bytes that it holds, records one after the other. `None` for a PIN, a key or an internal file.
    #[must_use]
    pub fn bytes(self) -> Option<Vec<u8>> {
        match self {
            Item::Object(object) => Some(object.value.as_bytes().to_vec()),
            Item::File(file) => match &file.body {
                Body::Transparent(content) => Some(content.as_bytes().to_vec()),
                Body::Records(records) => Some(records.iter().flat_map(|record| record.as_bytes()).copied().collect()),
                _ => None,
            },
        }
    }

    /// The data object that it begins with, without what is behind it. `None` if it is no data object.
    #[must_use]
    pub fn object(self) -> Option<&'a [u8]> {
        match self {
            Item::Object(object) => Some(object.value.as_bytes()),
            Item::File(file) => file.object(),
        }
    }

    /// The kind of file in English, for a message: `transparent file`, `PIN`.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Item::File(file) => words::kind(&file.body),
            Item::Object(_) => "data object",
        }
    }
}

#[cfg(test)]
mod tests {
    use vmyna_applets::pins;

    use super::*;
    use crate::specimen::hanako;

    #[test]
    fn a_pin_is_found_by_its_name_and_its_older_names() {
        let applications = hanako().applications();
        for pin in pins::ALL {
            let application = applications
                .iter()
                .find(|application| application.aid == pin.aid)
                .unwrap();
            for name in pin
                .aliases
                .iter()
                .chain([&pin.name, &pin.value_name(), &pin.label, &pin.title])
            {
                let found = Item::find(application, name);
                assert!(
                    matches!(found, Some(Item::File(file)) if file.id == pin.file),
                    "{name}: {found:?}"
                );
            }
        }
    }
}
