//! Data in two steps, as cards of T=0 give it (ISO/IEC 7816-3, 12.2.1): `61xx` and GET RESPONSE, `6Cxx` and the command again.
//!
//! The card has executed the command once. This module keeps its answer until it is fetched; any other command drops it.

use vmyna_apdu::{CommandApdu, StatusWord};
use zeroize::Zeroizing;

/// GET RESPONSE (ISO/IEC 7816-4, 11.7.1).
const GET_RESPONSE: u8 = 0xC0;

/// Whether a command fetches the data of the one before it.
pub(crate) fn is_get_response(command: &[u8]) -> bool {
    command.get(1) == Some(&GET_RESPONSE)
}

/// The kept answer, which may be secret.
pub(super) enum Kept {
    /// For GET RESPONSE.
    More {
        /// The data that was not fetched yet.
        data: Zeroizing<Vec<u8>>,
        /// The status word of the card, for the last piece.
        status_word: [u8; 2],
        /// The most that is announced at a time, 1 to 256.
        piece: usize,
    },
    /// For the same command with the right Le.
    Again {
        /// Header and data field.
        command: ([u8; 4], Zeroizing<Vec<u8>>),
        /// The whole answer, with at most 256 bytes of data.
        response: Zeroizing<Vec<u8>>,
    },
}

impl Kept {
    /// Keeps the data of an answer back for GET RESPONSE; `None` if there is none. The answer is `61xx` then.
    pub(super) fn more(response: &mut Vec<u8>, piece: usize) -> Option<Kept> {
        let (data, status_word) = response.split_last_chunk::<2>()?;
        if data.is_empty() {
            return None;
        }
        let kept = Kept::More {
            data: Zeroizing::new(data.to_vec()),
            status_word: *status_word,
            piece,
        };
        replace(response, StatusWord::more_data(announced(data.len().min(piece))));
        Some(kept)
    }

    /// Keeps an answer back for the command with the right Le; `None` if it has that, or where `6Cxx` can't be answered. The
    /// answer is `6Cxx` then.
    pub(super) fn again(command: &[u8], response: &mut Vec<u8>) -> Option<Kept> {
        let apdu = CommandApdu::parse(command).ok()?;
        let length = response.len().checked_sub(2)?;
        if !(1..=256).contains(&length) || u32::try_from(length).ok() == apdu.ne {
            return None;
        }
        let kept = Kept::Again {
            command: (header(&apdu), Zeroizing::new(apdu.data.to_vec())),
            response: Zeroizing::new(response.clone()),
        };
        replace(response, StatusWord::wrong_le(announced(length)));
        Some(kept)
    }

    /// The answer to `command` if it fetches kept data, and the data kept afterwards.
    pub(super) fn fetch(self, command: &[u8], response: &mut Vec<u8>) -> (bool, Option<Kept>) {
        let Ok(apdu) = CommandApdu::parse(command) else {
            return (false, None);
        };
        match self {
            Kept::More {
                data,
                status_word,
                piece,
            } => {
                if !is_get_response(command) || apdu.p1_p2() != 0 || !apdu.data.is_empty() {
                    return (false, None);
                }
                (true, give(data, status_word, piece, &apdu, response))
            }
            Kept::Again {
                command: (first, sent),
                response: answer,
            } => {
                let right = apdu.ne == u32::try_from(answer.len() - 2).ok();
                if first != header(&apdu) || *sent != apdu.data || !right {
                    return (false, None);
                }
                response.clone_from(&answer);
                (true, None)
            }
        }
    }
}

/// Answers GET RESPONSE: as many bytes as it asks for, of those that are announced; an Le of zeros asks for all of them.
fn give(
    mut data: Zeroizing<Vec<u8>>,
    status_word: [u8; 2],
    piece: usize,
    apdu: &CommandApdu<'_>,
    response: &mut Vec<u8>,
) -> Option<Kept> {
    let ready = data.len().min(piece);
    let all = if apdu.extended { 65_536 } else { 256 };
    let wanted = match apdu.ne {
        None => ready,
        Some(ne) if ne == all => ready,
        Some(ne) => ne as usize,
    };
    response.clear();
    if wanted > ready {
        response.extend(StatusWord::wrong_le(announced(ready)).to_bytes());
        return Some(Kept::More {
            data,
            status_word,
            piece,
        });
    }
    response.extend(data.drain(..wanted));
    if data.is_empty() {
        response.extend(status_word);
        return None;
    }
    response.extend(StatusWord::more_data(announced(data.len().min(piece))).to_bytes());
    Some(Kept::More {
        data,
        status_word,
        piece,
    })
}

fn header(apdu: &CommandApdu<'_>) -> [u8; 4] {
    [apdu.cla, apdu.ins, apdu.p1, apdu.p2]
}

/// A length of 1 to 256 as SW2.
fn announced(length: usize) -> u8 {
    (length % 256) as u8
}

fn replace(response: &mut Vec<u8>, status_word: StatusWord) {
    response.clear();
    response.extend(status_word.to_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(length: usize) -> Vec<u8> {
        let data = (0..length).map(|index| index as u8);
        data.chain([0x62, 0x82]).collect()
    }

    /// The data for a host that follows `61xx` with the Le in it.
    fn follow(length: usize, piece: usize) -> Vec<u8> {
        let mut response = answer(length);
        let mut kept = Kept::more(&mut response, piece);
        let mut fetched = Vec::new();
        while let Some(here) = kept {
            assert_eq!((response.len(), response[0]), (2, 0x61));
            let le = response[1];
            let served;
            (served, kept) = here.fetch(&[0, GET_RESPONSE, 0, 0, le], &mut response);
            assert!(served);
            let data = response.len() - 2;
            assert!(data == usize::from(le) || le == 0 && data == 256);
            fetched.extend(response.drain(..data));
        }
        [fetched, response].concat()
    }

    proptest! {
        #[test]
        fn a_host_that_follows_61xx_gets_the_data_and_the_cards_own_status_word(
            length in 0..2000_usize, piece in 1..=256_usize,
        ) {
            prop_assert_eq!(follow(length, piece), answer(length));
        }
    }

    #[test]
    fn get_response_is_given_less_if_it_wants_less_and_told_the_right_le_if_it_wants_more() {
        let mut response = answer(10);
        let kept = Kept::more(&mut response, 256).unwrap();
        assert_eq!(response, [0x61, 10]);
        let (served, kept) = kept.fetch(&[0, GET_RESPONSE, 0, 0, 11], &mut response);
        assert_eq!((served, &response[..]), (true, &[0x6C, 10][..]));
        let (served, kept) = kept.unwrap().fetch(&[0, GET_RESPONSE, 0, 0, 3], &mut response);
        assert_eq!((served, &response[..]), (true, &[0, 1, 2, 0x61, 7][..]));
        let (served, kept) = kept.unwrap().fetch(&[0, GET_RESPONSE, 0, 0], &mut response);
        assert_eq!((served, &response[..]), (true, &[3, 4, 5, 6, 7, 8, 9, 0x62, 0x82][..]));
        assert!(kept.is_none());
    }

    #[test]
    fn a_command_again_with_the_right_le_in_either_form_is_given_the_answer_and_any_other_forgets_it() {
        let first = [0, 0xB0, 0x81, 0, 0];
        for (command, served) in [
            (&[0, 0xB0, 0x81, 0, 10][..], true),
            (&[0, 0xB0, 0x81, 0, 0, 0, 10], true),
            (&[0, 0xB0, 0x81, 0, 9], false),
            (&first, false),
            (&[0, 0xB0, 0x82, 0, 10], false),
            (&[0, 0xB0, 0x81, 0, 1, 7, 10], false),
            (&[0, GET_RESPONSE, 0, 0, 10], false),
            (&[0], false),
        ] {
            let mut response = answer(10);
            let kept = Kept::again(&first, &mut response).unwrap();
            assert_eq!(response, [0x6C, 10]);
            let outcome = kept.fetch(command, &mut response);
            assert!(outcome.0 == served && outcome.1.is_none(), "{command:02X?}");
            assert!(!served || response == answer(10));
        }
    }

    #[test]
    fn where_le_is_right_or_nothing_can_be_said_of_it_the_answer_stays() {
        for (command, length) in [
            (&[0, 0xB0, 0, 0, 10][..], 10),
            (&[0, 0xB0, 0, 0, 0], 256),
            (&[0, 0xB0, 0, 0, 0], 0),
            (&[0, 0xB0, 0, 0, 0, 0, 0], 257),
            (&[0], 10),
        ] {
            let mut response = answer(length);
            assert!(Kept::again(command, &mut response).is_none());
            assert_eq!(response, answer(length));
        }
        let mut response = answer(0);
        assert!(Kept::more(&mut response, 256).is_none());
        assert_eq!(response, answer(0));
    }
}
