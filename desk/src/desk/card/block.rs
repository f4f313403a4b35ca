//! Blocks a PIN as a stranger with the card would: by presenting wrong values until the card answers that it is blocked.

use rand_core::{CryptoRngCore, OsRng};
use vmyna::pcsc::NotSent;
use vmyna::reader_bridge::SoftwareReader;
use vmyna_apdu::instruction::code;
use vmyna_apdu::{Reader as _, StatusWord, Text, text};
use vmyna_card_os::declaration::{Characters, Format, ObjectId, ReferenceData};
use zeroize::Zeroizing;

use super::pins;
use crate::desk::Shared;
use crate::desk::answer::{Answer, Answered, Refusal};
use crate::desk::moves::{not_sent, take_back};

/// More values than any PIN has tries, even if one is right by chance and gives them back.
const MOST: usize = 64;

/// Sends a command to the card; the status word of its answer.
type Send<'a> = dyn FnMut(&[u8]) -> Result<StatusWord, Refusal> + 'a;

/// Blocks the PIN of this id.
pub(in crate::desk) fn block(shared: &Shared, id: &str, pin: &str) -> Answered {
    let card = shared.card(id)?;
    let (now, place) = card.current().map_err(|error| Refusal::unusable(&error))?;
    let applications = now.applications();
    let pins = pins::on_card(&applications);
    let pin = pins.iter().find(|one| one.id == pin);
    let pin = pin.ok_or_else(|| Refusal::not_found(text!("the card has no such PIN", "カードにその暗証番号はない")))?;
    if pin.pin.max_tries.is_none() {
        return Err(Refusal::conflict(text!(
            "this PIN has tries without limit",
            "この暗証番号の試行回数には制限がない"
        )));
    }
    let _turn = shared.moving();
    match shared.reader_of(id) {
        Some(reader) => {
            let hand = shared.hand();
            // Its SELECT between two commands would let the wrong values reach another PIN.
            if hand.views().iter().any(|view| view.name == reader && view.programs > 0) {
                return Err(Refusal::conflict(in_use()));
            }
            let mut send = |command: &[u8]| match hand.transmit(&reader, command) {
                Ok(response) => Ok(status_word(&response)),
                Err(why) => Err(not_sent(why)),
            };
            present(pin.place, pin.pin.format, &mut send)?;
        }
        None => {
            take_back(shared, id)?;
            // What can't be done now is seen in the card's standing.
            let _ = vmyna::counter::finish_of_card(&card.source());
            let open = card.source().open(None).map_err(|error| Refusal::unusable(&error))?;
            let reader = vmyna::Bench::new().reader_with(open, vmyna::Slot::new("desk"));
            let mut reader: SoftwareReader = reader.map_err(|error| Refusal::unusable(&error))?;
            let mut send = |command: &[u8]| {
                let mut response = Vec::new();
                match reader.transmit(command, &mut response) {
                    Ok(()) => Ok(status_word(&response)),
                    Err(_) => Err(not_sent(NotSent::NoAnswer)),
                }
            };
            present(pin.place, pin.pin.format, &mut send)?;
        }
    }
    let left = place.tries().map_err(|error| Refusal::unusable(&error))?;
    shared.feeds.changed();
    match left.left_of(pin.object, pin.pin) {
        Some(0) => Ok(Answer::json(&serde_json::json!({
            "done": [crate::desk::words::both(&text!("the PIN is blocked", "暗証番号をロックした"))]
        }))),
        _ => Err(Refusal::conflict(not_blocked())),
    }
}

fn in_use() -> Text {
    text!(
        "a program is connected to the reader: end it, or take the card out first",
        "プログラムがリーダーに接続している。プログラムを終えるか、先にカードを抜く"
    )
}

fn not_blocked() -> Text {
    text!("the card did not block the PIN", "カードが暗証番号をロックしなかった")
}

fn status_word(response: &[u8]) -> StatusWord {
    match *response {
        [.., first, second] => StatusWord::new(u16::from_be_bytes([first, second])),
        _ => StatusWord::UNKNOWN_FAILURE,
    }
}

/// Presents wrong values until the card answers that the PIN is blocked, or refuses otherwise.
fn present(place: ObjectId, format: Format, send: &mut Send<'_>) -> Result<(), Refusal> {
    let aid = place.aid.as_bytes();
    let length = u8::try_from(aid.len()).unwrap_or_default();
    send(&[&[0x00, code::SELECT, 0x04, 0x0C, length][..], aid].concat())?;
    let sfi = place.file.sfi();
    if sfi.is_none() {
        let [high, low] = place.file.value().to_be_bytes();
        send(&[0x00, code::SELECT, 0x02, 0x0C, 0x02, high, low])?;
    }
    for _ in 0..MOST {
        let value = random(format, &mut OsRng);
        let length = u8::try_from(value.len()).unwrap_or_default();
        let p2 = 0x80 | sfi.unwrap_or_default();
        let command = Zeroizing::new([&[0x00, code::VERIFY, 0x00, p2, length][..], &value].concat());
        let sw = send(&command)?;
        // One value in ten thousand is right, and gives all tries back.
        if !sw.is_success() && sw.tries().is_none_or(|left| left == 0) {
            break;
        }
    }
    Ok(())
}

/// A value of this form.
fn random(format: Format, rng: &mut dyn CryptoRngCore) -> Zeroizing<Vec<u8>> {
    let characters: &[u8] = match format.characters {
        Characters::UpperCaseAndDigits => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        _ => b"0123456789",
    };
    let length = format.min.clamp(1, ReferenceData::MAX);
    let mut value = Zeroizing::new(vec![0; length]);
    rng.fill_bytes(&mut value);
    for byte in value.iter_mut() {
        let index = usize::from(*byte) % characters.len();
        *byte = characters.get(index).copied().unwrap_or(b'0');
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_the_form_of_the_pin() {
        for format in [
            Format::digits(4),
            Format::digits(14),
            Format {
                characters: Characters::UpperCaseAndDigits,
                min: 6,
                max: 16,
            },
            Format {
                characters: Characters::Bytes,
                min: 0,
                max: 40,
            },
        ] {
            assert!(format.allows(&random(format, &mut OsRng)), "{format}");
        }
    }
}
