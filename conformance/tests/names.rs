//! The suite states the names of applications and PINs by itself, because it must not depend on the product. This test
//! compares them with the product's declarations.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use common::{specimen, with_free_area};
use vmyna_applets::Profile;
use vmyna_applets::pins::{self, CardPin};
use vmyna_card_os::declaration::Body;
use vmyna_conformance::pins::{Application, Pin, Place};

#[test]
fn applications_have_the_names_and_aids_of_the_declarations() {
    let declared = specimen("hanako", Profile::contact()).applications();
    assert_eq!(declared.len(), Application::ALL.len());
    for declared in &declared {
        let application = Application::find(&declared.name).unwrap();
        assert_eq!(application.aid(), declared.aid.as_bytes());
    }
}

#[test]
fn applications_in_the_free_area_have_the_names_and_aids_of_those_that_ship() {
    let declared = with_free_area("hanako", Profile::contact()).applications();
    for application in Application::LOADED {
        let named = declared.iter().find(|declared| *declared.name == *application.name());
        assert_eq!(
            named.unwrap().aid.as_bytes(),
            application.aid(),
            "{}",
            application.name()
        );
    }
}

#[test]
fn pins_have_the_names_places_and_forms_of_the_declarations() {
    let declared = specimen("hanako", Profile::contact()).applications();
    let everywhere = Place::all().filter(|place| !Application::LOADED.contains(&place.application));
    assert_eq!(everywhere.count(), pins::ALL.len());
    for CardPin {
        name, title, aid, file, ..
    } in pins::ALL
    {
        let place: Place = name.parse().unwrap();
        assert_eq!((place.to_string().as_str(), u16::from(place.ef)), (name, file.value()));
        assert_eq!(place.application.aid(), aid.as_bytes());
        assert!(place.pin.title().ja.contains(title), "{name}: {}", place.pin.title().ja);

        let application = declared.iter().find(|application| application.aid == aid).unwrap();
        let Body::Pin(pin) = &application.file(file).unwrap().body else {
            unreachable!("{name} is no PIN")
        };
        for length in 1..=17 {
            for character in ["1", "A", "a", "-"] {
                let value = character.repeat(length);
                assert_eq!(
                    place.pin.allows(&value),
                    pin.format.allows(value.as_bytes()),
                    "{name}: {value}"
                );
            }
        }
    }
    let names = Pin::ALL.iter().filter(|pin| **pin != Pin::Licence);
    let names: Vec<_> = names.map(|pin| pin.name()).collect();
    assert!(names.iter().all(|name| pins::value_names().contains(name)) && names.len() == pins::value_names().len());
}
