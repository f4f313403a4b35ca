//! A process that was killed after the first step of holding a built-in card to a phone.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::specimen;
use vmyna_authority::register::{Beginning, Begun, CardId};

use super::*;
use crate::counter::side::CardChange;

const OPERATION: OperationId = OperationId([1; 16]);

struct Killed {
    home: TempDir,
    register: SqliteRegister,
    path: PathBuf,
    card: IssuedCard,
}

impl Killed {
    /// The image that was to be written, in a folder of its own.
    fn image(&self) -> PathBuf {
        self.home.path().join("phones/phone")
    }

    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("register.sqlite");
        let register = SqliteRegister::open_or_make(&path).unwrap();
        let card = specimen::find("hanako").unwrap().unwrap();
        let mut killed = Self {
            home,
            register,
            path,
            card,
        };
        fs::create_dir(killed.home.path().join("phones")).unwrap();
        let id = CardId::of(&killed.card);
        let place = StatePlace::beside(&killed.image(), &killed.card.name, id.0);
        let mut side = Side::new(place.clone(), killed.path.clone(), lock(&place).unwrap());
        side.mark(OPERATION).unwrap();
        drop(side);
        let named = (id, killed.card.name.to_string());
        let intent = Intent {
            operation: OPERATION,
            card: named.clone(),
            place: place.to_text(),
            change: CardChange::NewImage(killed.image(), killed.card.to_record().unwrap()).to_bytes(),
            certificates: Vec::new(),
            phones: Vec::new(),
        };
        let beginning = Beginning {
            operation: OPERATION,
            card: named,
            after: None,
            revoke: &[],
            withdraw: None,
            end_phones: &[],
            code: None,
            intent: Some(&intent),
        };
        assert!(matches!(killed.register.begin(&beginning).unwrap(), Begun::Done(_)));
        killed
    }

    /// Finishes what is left: what is reported.
    fn finish(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        finish_of_register(&mut self.register, &self.path, &mut |pending| {
            said.push(pending.to_string())
        });
        said
    }

    fn is_pending(&self) -> bool {
        self.register
            .card_status(CardId::of(&self.card))
            .unwrap()
            .pending
            .is_some()
    }
}

#[test]
fn the_image_is_written_and_the_folder_of_the_mark_goes() {
    let mut killed = Killed::new();
    assert_eq!(killed.finish(), [""; 0]);
    assert!(killed.image().is_file() && !killed.is_pending());
    assert!(!killed.image().with_extension("state").exists());
}

#[test]
fn a_mark_that_was_removed_hinders_no_image() {
    let mut killed = Killed::new();
    fs::remove_dir_all(killed.image().with_extension("state")).unwrap();
    assert_eq!(killed.finish(), [""; 0]);
    assert!(killed.image().is_file() && !killed.is_pending());
    assert!(!killed.image().with_extension("state").exists());
}

#[test]
fn a_folder_that_was_removed_ends_the_operation_without_its_image() {
    let mut killed = Killed::new();
    fs::remove_dir_all(killed.home.path().join("phones")).unwrap();
    let said = killed.finish();
    assert!(
        said.len() == 1 && said[0].contains("and is ended") && said[0].contains("the image is lost"),
        "{said:?}"
    );
    assert!(!killed.is_pending() && !killed.image().exists());
    assert_eq!(killed.finish(), [""; 0]);
}
