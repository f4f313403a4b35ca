//! Answers of a card to READ BINARY and SELECT that are rare (P04, P15, P17).

use vmyna_apdu::{Icc, IccError, text};
use vmyna_applets::{free_area::FreeApplication, input_assist, residence_code};
use vmyna_card_os::declaration::{Access, Application, Body, Condition, File};
use vmyna_card_os::rule::{Basis, Certainty};

use super::{ANY, GENUINE, P04, P07, P15, P17, TEXT, genuine, subject};
use crate::candidate::{Candidate, Candidates, Group};
use crate::forge::chip::{Command, Handler, READ_BINARY, SELECT, layer, refuse};
use crate::subject::{ForgedCard, Subject};
use crate::workshop::{MakeError, Workshop};

/// The genuine card behind a layer.
fn behind(workshop: &Workshop, handler: fn() -> Handler) -> Result<Subject, MakeError> {
    Ok(Subject::card(
        ForgedCard::new(genuine(workshop).clone()).with(layer(handler)),
    ))
}

fn is_read(command: &Command<'_>) -> bool {
    command.is(READ_BINARY) && !command.is_secured()
}

/// At most so many bytes of an answer to READ BINARY.
fn at_most(
    ne: u32,
    card: &mut (dyn Icc + Send),
    command: &Command<'_>,
    response: &mut Vec<u8>,
) -> Result<(), IccError> {
    match command.apdu.and_then(|apdu| apdu.ne) {
        Some(asked) if is_read(command) => command.pass_with(asked.min(ne), card, response),
        _ => command.pass(card, response),
    }
}

/// Adds them.
pub(super) fn add(all: &mut Candidates) {
    answers(all);
    status_words(all);
    applications(all);
}

/// P04, and of P07 the answer that never ends.
fn answers(all: &mut Candidates) {
    let rows: [(_, fn() -> Handler, _, _); 6] = [
        (
            "parsing.first-answer-of-one-byte",
            || {
                Box::new(|card, command, response| match command.apdu.map(|apdu| apdu.p1_p2()) {
                    Some(0) => at_most(1, card, command, response),
                    _ => command.pass(card, response),
                })
            },
            "the first READ BINARY of a file is answered with one byte, and 9000",
            "各ファイルの最初のREAD BINARYの応答が1バイトで、9000が付く",
        ),
        (
            "parsing.short-answers",
            || Box::new(|card, command, response| at_most(64, card, command, response)),
            "each READ BINARY is answered with at most 64 bytes, and 9000",
            "READ BINARYの応答が毎回64バイト以下で、9000が付く",
        ),
        (
            "parsing.answers-of-255-bytes",
            || Box::new(|card, command, response| at_most(255, card, command, response)),
            "each READ BINARY is answered with at most 255 bytes, and 9000",
            "READ BINARYの応答が毎回255バイト以下で、9000が付く",
        ),
        (
            "parsing.wrong-length",
            || {
                Box::new(|card, command, response| {
                    command.pass(card, response)?;
                    let asked = command.apdu.and_then(|apdu| apdu.ne);
                    let given = response.len().saturating_sub(2);
                    let short = u8::try_from(given).ok().filter(|given| *given > 0);
                    match (asked, short) {
                        (Some(asked), Some(given)) if is_read(command) && asked > u32::from(given) => {
                            refuse(response, [0x6C, given])
                        }
                        _ => Ok(()),
                    }
                })
            },
            "a READ BINARY that asks for more bytes than there are is answered with 6Cxx",
            "残りより多くを求めるREAD BINARYに6Cxxを返す",
        ),
        (
            "parsing.more-data",
            || {
                let mut rest: Vec<u8> = Vec::new();
                Box::new(move |card, command, response| {
                    if command.is(0xC0) {
                        let asked = command.apdu.and_then(|apdu| apdu.ne).unwrap_or(256);
                        let length = rest.len().min(usize::try_from(asked).unwrap_or(256));
                        response.clear();
                        response.extend(rest.drain(..length));
                    } else {
                        command.pass(card, response)?;
                        let whole = is_read(command) && response.len() > 2 && response.ends_with(&[0x90, 0x00]);
                        if !whole {
                            return Ok(());
                        }
                        response.truncate(response.len() - 2);
                        rest = std::mem::take(response);
                    }
                    match rest.len() {
                        0 => response.extend([0x90, 0x00]),
                        more => response.extend([0x61, u8::try_from(more).unwrap_or(0)]),
                    }
                    Ok(())
                })
            },
            "the data of READ BINARY are given by GET RESPONSE, after 61xx",
            "READ BINARYのデータは61xxの後、GET RESPONSEで渡される",
        ),
        (
            "parsing.empty-at-end",
            || {
                Box::new(|card, command, response| {
                    command.pass(card, response)?;
                    match is_read(command) && response == &[0x6B, 0x00] {
                        true => refuse(response, [0x90, 0x00]),
                        false => Ok(()),
                    }
                })
            },
            "a READ BINARY behind the end of a file is answered with 9000 and no data",
            "ファイルの終わりより後のREAD BINARYに、データなしの9000を返す",
        ),
    ];
    for (name, handler, en, ja) in rows {
        all.add(
            Candidate::right(name, Group::Parsing, ANY, text!("{en}", "{ja}"), move |workshop| {
                behind(workshop, handler)
            })
            .of(&P04),
        );
    }
    all.add(Candidate::wrong(
        "parsing.reads-give-nothing",
        Group::Parsing,
        TEXT,
        (&P07, GENUINE),
        text!(
            "every READ BINARY is answered with 9000 and no data",
            "すべてのREAD BINARYに、データなしの9000を返す"
        ),
        |workshop| {
            behind(workshop, || {
                Box::new(|card, command, response| match is_read(command) {
                    true => refuse(response, [0x90, 0x00]),
                    false => command.pass(card, response),
                })
            })
        },
    ));
}

/// P15.
fn status_words(all: &mut Candidates) {
    let rows: [(_, _, fn() -> Handler, _, _); 3] = [
        (
            "parsing.attributes-not-found",
            TEXT,
            || {
                Box::new(|card, command, response| {
                    let attributes = command
                        .apdu
                        .is_some_and(|apdu| apdu.ins == SELECT && apdu.p1 == 0x02 && apdu.data == [0x00, 0x02]);
                    let by_short_identifier = command
                        .apdu
                        .is_some_and(|apdu| apdu.ins == READ_BINARY && apdu.p1 == 0x82);
                    match command.is_in(input_assist::AID) && (attributes || by_short_identifier) {
                        true => refuse(response, [0x6A, 0x82]),
                        false => command.pass(card, response),
                    }
                })
            },
            "EF 0002 of the texts is not found: 6A82",
            "テキストのEF 0002が見つからない（6A82）",
        ),
        (
            "parsing.every-command-fails",
            ANY,
            || Box::new(|_, _, response| refuse(response, [0x6F, 0x00])),
            "every command is answered with 6F00",
            "すべてのコマンドに6F00を返す",
        ),
        (
            "parsing.unknown-status-word",
            TEXT,
            || {
                Box::new(|card, command, response| match is_read(command) {
                    true => refuse(response, [0x66, 0xF1]),
                    false => command.pass(card, response),
                })
            },
            "every READ BINARY is answered with 66F1",
            "すべてのREAD BINARYに66F1を返す",
        ),
    ];
    for (name, claim, handler, en, ja) in rows {
        all.add(Candidate::wrong(
            name,
            Group::Parsing,
            claim,
            (&P15, GENUINE),
            text!("{en}", "{ja}"),
            move |workshop| behind(workshop, handler),
        ));
    }
}

/// P17.
fn applications(all: &mut Candidates) {
    all.add(
        Candidate::right(
            "parsing.application-in-free-area",
            Group::Parsing,
            ANY,
            text!(
                "a card with an application of a municipality in its free area",
                "空き領域に市区町村のAPがあるカード"
            ),
            |workshop| {
                let invention = || Basis::new(Certainty::Assumed, "an invention of vmyna");
                let aid = vmyna_apdu::Aid::new(&[0xF0, 0x54, 0x45, 0x53, 0x54, 0x01]);
                let aid = aid.ok_or(MakeError::Form("an application has a name"))?;
                let file = File::new(
                    vmyna_apdu::FileId::new(0x0001),
                    "library card",
                    "図書館カード",
                    Body::Transparent(b"TEST 0000000001".to_vec().into()),
                    Access::read(Condition::Always),
                    invention(),
                );
                let application = Application::new(aid, "library", "図書館AP", invention()).with_files(vec![file]);
                let refused = |_| MakeError::Form("a card can have an application in its free area");
                let free = FreeApplication::new(application).map_err(refused)?;
                let card = genuine(workshop)
                    .clone()
                    .with_free_applications(vec![free])
                    .map_err(refused)?;
                Ok(subject(card))
            },
        )
        .of(&P17),
    );
    all.add(
        Candidate::right(
            "parsing.locked-application",
            Group::Parsing,
            ANY,
            text!(
                "the residence-code application is locked: SELECT answers 6283",
                "住基APがロックされ、SELECTに6283を返す"
            ),
            |workshop| {
                behind(workshop, || {
                    Box::new(|card, command, response| {
                        command.pass(card, response)?;
                        let selects = command
                            .apdu
                            .is_some_and(|apdu| apdu.ins == SELECT && residence_code::AID.matches(apdu.data));
                        match selects && response.ends_with(&[0x90, 0x00]) {
                            true => refuse(response, [0x62, 0x83]),
                            false => Ok(()),
                        }
                    })
                })
            },
        )
        .of(&P17),
    );
}
