//! `--auto-response`: the commands by which a driver of T=0 gets the data that a card announces with `61xx` or `6Cxx`
//! (ISO/IEC 7816-3, 12.2.1; ISO/IEC 7816-4, 5.3.4).

use vmyna_apdu::{CommandApdu, ResponseApdu};
use zeroize::Zeroizing;

/// The most commands that follow one APDU: enough for the longest answer in pieces of 64 bytes.
pub(super) const MOST_ROUNDS: usize = 1024;

/// The most bytes of data of one answer (ISO/IEC 7816-4, 5.1).
const MOST_DATA: usize = 65_536;

const GET_RESPONSE: u8 = 0xC0;

/// The reason why the data of an answer are not fetched any further.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AutoResponseError {
    /// The card announces data for ever.
    #[error("the card still announces data after {MOST_ROUNDS} further commands")]
    Rounds,
    /// The pieces are longer than an answer can be.
    #[error("the pieces of the answer have more than {MOST_DATA} bytes")]
    TooLong,
}

/// The pieces of the answer to one APDU.
pub(super) struct Pieces {
    /// The command that was sent last.
    command: Zeroizing<Vec<u8>>,
    data: Zeroizing<Vec<u8>>,
    rounds: usize,
}

impl Pieces {
    /// For the answer to this command.
    pub(super) fn of(command: &[u8]) -> Self {
        Self {
            command: Zeroizing::new(command.to_vec()),
            data: Zeroizing::default(),
            rounds: 0,
        }
    }

    /// The command that must follow this answer; `None` if the answer is the last. `response` is then the whole answer: the
    /// data of all pieces and the last status word.
    ///
    /// # Errors
    /// [`AutoResponseError`]
    pub(super) fn next(&mut self, response: &mut Vec<u8>) -> Result<Option<Zeroizing<Vec<u8>>>, AutoResponseError> {
        let next = ResponseApdu::parse(response).and_then(|answer| self.follow_up(&answer));
        let Some(next) = next else {
            let data = response.len().saturating_sub(2);
            self.keep(&response[..data])?;
            response.splice(..data, self.data.drain(..));
            return Ok(None);
        };
        if self.rounds == MOST_ROUNDS {
            return Err(AutoResponseError::Rounds);
        }
        self.rounds += 1;
        self.keep(&response[..response.len() - 2])?;
        self.command.clone_from(&next);
        Ok(Some(next))
    }

    fn keep(&mut self, data: &[u8]) -> Result<(), AutoResponseError> {
        if self.data.len() + data.len() > MOST_DATA {
            return Err(AutoResponseError::TooLong);
        }
        self.data.extend(data);
        Ok(())
    }

    fn follow_up(&self, answer: &ResponseApdu<'_>) -> Option<Zeroizing<Vec<u8>>> {
        let sent = CommandApdu::parse(&self.command).ok()?;
        let length = |xx: u8| if xx == 0 { 256 } else { u32::from(xx) };
        let next = match (answer.status_word.bytes_ready(), answer.status_word.right_le()) {
            (Some(ready), _) => CommandApdu {
                cla: channel(sent.cla),
                ins: GET_RESPONSE,
                p1: 0,
                p2: 0,
                data: &[],
                ne: Some(length(ready)),
                extended: false,
            },
            (_, Some(right)) => CommandApdu {
                ne: Some(length(right)),
                ..sent
            },
            _ => return None,
        };
        next.to_bytes().ok().map(Zeroizing::new)
    }
}

/// The interindustry class on the logical channel of a command, without secure messaging and chaining.
fn channel(cla: u8) -> u8 {
    match cla {
        0x40..=0x7F => 0x40 | cla & 0x0F,
        0x00..=0x1F | 0x80..=0x9F => cla & 0x03,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The commands that are sent for these answers, one after the other, and the whole answer.
    fn talk(command: &[u8], answers: &[&[u8]]) -> (Vec<Vec<u8>>, Vec<u8>) {
        let mut pieces = Pieces::of(command);
        let mut sent = Vec::new();
        for answer in answers {
            let mut response = answer.to_vec();
            match pieces.next(&mut response).unwrap() {
                Some(next) => sent.push(next.to_vec()),
                None => return (sent, response),
            }
        }
        panic!("no answer is the last");
    }

    #[test]
    fn data_that_are_announced_are_fetched_and_joined() {
        let (sent, whole) = talk(
            &[0x80, 0x2A, 0x00, 0x80, 0x02, 1, 2, 0x00],
            &[&[0x61, 0x03], &[1, 2, 3, 0x61, 0x00], &[4, 0x62, 0x82]],
        );
        assert_eq!(sent, [[0x00, 0xC0, 0, 0, 3], [0x00, 0xC0, 0, 0, 0]]);
        assert_eq!(whole, [1, 2, 3, 4, 0x62, 0x82]);
    }

    #[test]
    fn a_command_with_the_wrong_le_is_repeated_with_its_data_and_in_its_form() {
        let table: [(&[u8], u8, &[u8]); 5] = [
            (&[0, 0xB0, 0, 0, 0], 5, &[0, 0xB0, 0, 0, 5]),
            (&[0, 0xB0, 0, 0, 5], 0, &[0, 0xB0, 0, 0, 0]),
            (&[0, 0xB0, 0, 0, 0, 0, 0], 5, &[0, 0xB0, 0, 0, 0, 0, 5]),
            (&[0, 0x88, 0, 0, 1, 9], 8, &[0, 0x88, 0, 0, 1, 9, 8]),
            (
                &[0, 0x88, 0, 0, 0, 0, 1, 9, 0, 0],
                0,
                &[0, 0x88, 0, 0, 0, 0, 1, 9, 1, 0],
            ),
        ];
        for (command, right, repeated) in table {
            let (sent, whole) = talk(command, &[&[0x6C, right], &[7, 0x90, 0x00]]);
            assert_eq!(sent, [repeated]);
            assert_eq!(whole, [7, 0x90, 0x00]);
        }
        // GET RESPONSE with a wrong Le too.
        let (sent, _) = talk(&[0, 0xB0, 0, 0], &[&[0x61, 9], &[0x6C, 4], &[0x90, 0x00]]);
        assert_eq!(sent, [[0, 0xC0, 0, 0, 9], [0, 0xC0, 0, 0, 4]]);
    }

    #[test]
    fn the_channel_is_kept_and_secure_messaging_and_chaining_are_not() {
        for (cla, expected) in [
            (0x00, 0),
            (0x83, 3),
            (0x0D, 1),
            (0x12, 2),
            (0x41, 0x41),
            (0x7F, 0x4F),
            (0xFF, 0),
        ] {
            assert_eq!(channel(cla), expected, "{cla:02X}");
        }
    }

    #[test]
    fn a_card_that_announces_data_for_ever_is_left_after_the_limit() {
        let mut pieces = Pieces::of(&[0, 0xB0, 0, 0, 0]);
        for round in 0..=MOST_ROUNDS {
            let next = pieces.next(&mut vec![0x61, 0x01]);
            assert_eq!(next.is_ok(), round < MOST_ROUNDS, "{round}");
        }
        let mut pieces = Pieces::of(&[0, 0xB0, 0, 0, 0]);
        let mut piece = vec![0; MOST_DATA / 2 + 1];
        piece.extend([0x61, 0x01]);
        pieces.next(&mut piece.clone()).unwrap();
        assert_eq!(pieces.next(&mut piece), Err(AutoResponseError::TooLong));
    }

    #[test]
    fn other_answers_are_left_as_they_are() {
        for answer in [&[0x90, 0x00][..], &[0x63, 0xC3], &[1, 0x67, 0x00], &[0x90], &[]] {
            let (sent, whole) = talk(&[0, 0xB0, 0, 0, 0], &[answer]);
            assert_eq!((sent.len(), whole.as_slice()), (0, answer));
        }
    }
}
