//! New cards: for a person of a form, or for an invented one. They are issued under the built-in authorities, and kept in the
//! desk's folder.

use std::path::Path;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rand_core::{OsRng, RngCore as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use vmyna_apdu::{Text, text};
use vmyna_applets::issued::IssuedCard;
use vmyna_issuance::IssuanceError;
use vmyna_issuance::desk::Desk as IssuingDesk;
use vmyna_issuance::invent::Inventor;
use vmyna_issuance::keys::seed_for;
use vmyna_issuance::order::Order;
use vmyna_issuance::person_file::{self, Defaults, PersonFileError};
use vmyna_issuance::series::{Series, SeriesError};
use zeroize::Zeroizing;

use super::Shared;
use super::answer::{Answer, Answered, FieldError, Refusal};
use super::asked::Asked;
use super::folder::{self, FreeName};
use super::time::{issue_time, no_time};

/// The most cards that the desk keeps.
const MOST: usize = 1000;

/// A card for an invented person; the same number gives the same person.
pub(super) fn invent(shared: &Shared, asked: &Asked<'_>) -> Answered {
    let seed = match asked.object()?.get("seed") {
        None | Some(Value::Null) => random(),
        Some(seed) => match seed.as_u64() {
            Some(number) => Zeroizing::new(Sha256::digest(number.to_be_bytes()).into()),
            None => return Err(Refusal::malformed(text!("a seed is a whole number", "シードは整数"))),
        },
    };
    let authorities = shared.authority.authorities().map_err(|error| failed(&error))?;
    let (begin, _) = authorities.validity();
    let now = issue_time().ok_or_else(|| Refusal::failed(no_time()))?.max(begin);
    let generator = ChaCha20Rng::from_seed(*seed_for(&seed, "person"));
    let order = Inventor::new(generator, now).single().map_err(|error| failed(&error))?;
    issue(shared, order, seed, "person")
}

/// A card for the person of a person file.
pub(super) fn person(shared: &Shared, asked: &Asked<'_>) -> Answered {
    let toml = Zeroizing::new(asked.text("toml")?);
    let now = issue_time().ok_or_else(|| Refusal::failed(no_time()))?;
    let name = "person".parse().map_err(|why: &str| Refusal::failed(Text::same(why)))?;
    let file = person_file::read(&toml, &Defaults::new(name, now), &mut OsRng);
    let file = file.map_err(|errors| {
        Refusal::form(
            text!("the person file has errors", "人物ファイルに誤りがある"),
            errors.iter().map(field_error).collect(),
        )
    })?;
    if file.photo.is_some() {
        let text = text!(
            "a photo is a file: `photo` is for person files beside one; leave it out here",
            "写真は別ファイルのため、ここではphotoを書かない"
        );
        let error = FieldError {
            field: Some("photo".to_owned()),
            line: None,
            text: text.clone(),
        };
        return Err(Refusal::form(text, vec![error]));
    }
    let wanted = file.order.name.to_string();
    issue(shared, file.order, random(), &wanted)
}

fn random() -> Zeroizing<[u8; 32]> {
    let mut seed = Zeroizing::new([0; 32]);
    OsRng.fill_bytes(&mut *seed);
    seed
}

fn issue(shared: &Shared, mut order: Order, seed: Zeroizing<[u8; 32]>, wanted: &str) -> Answered {
    let free = free_name(shared, wanted)?;
    order.name = free.name.clone();
    let path = &free.path;
    let authorities = shared.authority.authorities().map_err(|error| failed(&error))?;
    let series = Series::new(IssuingDesk::new(authorities), seed, None);
    let mut written = Ok(Ok(()));
    let issued = series.issue([Ok(order)], &(), |card: IssuedCard| {
        // Before the image has its name: the register has the certificates of every card that exists.
        written = shared.authority.enter(&card).map(|()| folder::write(path, &card));
        Ok::<(), IssuanceError>(())
    });
    issued.map_err(|error| match error {
        SeriesError::Card(_, error) | SeriesError::Issuance(error) | SeriesError::Taker(error) => failed(&error),
        other => failed(&other),
    })?;
    let written = written.map_err(Refusal::conflict)?;
    written.map_err(|error| cannot_keep(&error))?;
    let id = put_on_shelf(shared, path)?;
    shared.feeds.changed();
    Ok(Answer::json(&json!({ "id": id })))
}

/// A name for a new card that is to have this one, unless there are [`MOST`].
pub(super) fn free_name<'a>(shared: &'a Shared, wanted: &str) -> Result<FreeName<'a>, Refusal> {
    let folder = shared.shelf.folder();
    let kept = folder.made().map_err(|error| cannot_keep(&error))?;
    if kept.len() >= MOST {
        return Err(Refusal::conflict(text!(
            "the desk keeps at most {MOST} cards: discard one first",
            "机に置けるカードは{MOST}枚まで。先にどれかを廃棄する"
        )));
    }
    let free = folder.free_name(wanted);
    free.ok_or_else(|| Refusal::conflict(text!("no name is free for the card", "カードの名前が空いていない")))
}

/// Puts a card on the shelf that was made; returns its id.
pub(super) fn put_on_shelf(shared: &Shared, image: &Path) -> Result<String, Refusal> {
    let added = shared.shelf.add_made(image);
    added.map_err(|error| cannot_keep(&error))
}

/// Takes a card off the shelf and removes it with its state, if the desk has made it.
pub(super) fn discard(shared: &Shared, id: &str) -> Answered {
    let card = shared.card(id)?;
    if !card.made {
        return Err(Refusal::conflict(text!(
            "only cards that the desk has made are discarded",
            "廃棄できるのは机で作ったカードだけ"
        )));
    }
    let _turn = shared.moving();
    if shared.reader_of(id).is_some() {
        return Err(Refusal::conflict(text!(
            "the card is in a reader: take it out first",
            "カードがリーダーにある。先に抜く"
        )));
    }
    super::moves::take_back(shared, id)?;
    card.check_free().map_err(|error| Refusal::unusable(&error))?;
    let path = card.path();
    let removed = shared.shelf.folder().discard(path);
    removed
        .map_err(|error| Refusal::failed(text!("the card can't be removed: {error}", "カードを消せない: {error}")))?;
    shared.shelf.drop_made(path);
    shared.feeds.changed();
    Ok(Answer::done())
}

fn failed(error: &dyn std::error::Error) -> Refusal {
    Refusal::conflict(text!(
        "the card can't be issued: {error}",
        "カードを発行できない: {error}"
    ))
}

fn cannot_keep(error: &dyn std::error::Error) -> Refusal {
    Refusal::failed(text!(
        "the card can't be kept: {error}",
        "カードを保存できない: {error}"
    ))
}

fn field_error(error: &PersonFileError) -> FieldError {
    FieldError {
        field: Some(error.field.clone()).filter(|field| !field.is_empty()),
        line: error.line,
        text: error.message.clone(),
    }
}
