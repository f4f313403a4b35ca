//! Answers and ATRs as a bad contact or a broken reader leaves them. Random numbers come from the generator of the caller.

use std::fmt;
use std::str::FromStr;

use rand_core::RngCore;

/// The most bits that are inverted, and bytes that are added to the allowed length of an answer.
const MOST: u32 = 16;

/// How an answer is damaged. An ATR is damaged likewise; it has no status word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// Only the first byte arrives. It has no status word, so PC/SC programs get no answer at all.
    OneByte,
    /// The second half of the data is missing, the status word is there; of an answer without data only SW1 arrives.
    Cut,
    /// 1 to 16 bits of the data are turned over; of an answer without data, of the status word.
    Bits,
    /// 1 to 16 bytes follow the status word, of which a program takes the last two for it.
    Trailing,
    /// The data is 1 to 16 bytes longer than the command allowed, before an unchanged status word.
    TooLong,
}

impl Form {
    /// All, with their names.
    pub const ALL: [(&'static str, Form); 5] = [
        ("one-byte", Form::OneByte),
        ("cut", Form::Cut),
        ("bits", Form::Bits),
        ("trailing", Form::Trailing),
        ("too-long", Form::TooLong),
    ];

    /// Damages an answer with a status word of `tail` bytes at its end, to a command that allowed `limit` bytes of data.
    pub(super) fn damage(self, answer: &mut Vec<u8>, tail: usize, limit: usize, rng: &mut dyn RngCore) {
        let data = answer.len().saturating_sub(tail);
        let mut draw = |range: u32| (rng.next_u32() % range) as usize;
        match self {
            Form::OneByte => answer.truncate(1),
            Form::Cut if data == 0 => answer.truncate(1),
            Form::Cut => drop(answer.drain(data / 2..data)),
            Form::Bits => {
                let region = if data == 0 { answer.len() } else { data };
                let bits = (1 + draw(MOST)).min(region * 8);
                let mut turned = Vec::with_capacity(bits);
                while turned.len() < bits {
                    let bit = draw(u32::try_from(region * 8).unwrap_or(u32::MAX));
                    if !turned.contains(&bit) {
                        turned.push(bit);
                        answer[bit / 8] ^= 1 << (bit % 8);
                    }
                }
            }
            Form::Trailing => {
                let count = 1 + draw(MOST);
                answer.extend((0..count).map(|_| draw(256) as u8));
            }
            Form::TooLong => {
                let count = limit.saturating_sub(data) + 1 + draw(MOST);
                let filling: Vec<u8> = (0..count).map(|_| draw(256) as u8).collect();
                answer.splice(data..data, filling);
            }
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Form::ALL.iter().find(|(_, form)| form == self).map(|(name, _)| *name);
        f.write_str(name.unwrap_or_default())
    }
}

impl FromStr for Form {
    type Err = ();

    fn from_str(text: &str) -> Result<Form, ()> {
        Form::ALL
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, form)| *form)
            .ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;

    fn damaged(form: Form, answer: &[u8], tail: usize, limit: usize, seed: u64) -> Vec<u8> {
        let mut answer = answer.to_vec();
        form.damage(&mut answer, tail, limit, &mut ChaCha8Rng::seed_from_u64(seed));
        answer
    }

    proptest! {
        #[test]
        fn every_form_damages_every_answer_as_it_says_and_the_same_way_each_time(
            data in prop::collection::vec(any::<u8>(), 0..300),
            extra in 0..300_usize,
            seed in any::<u64>(),
        ) {
            let limit = data.len() + extra;
            let answer = [&data[..], &[0x90, 0x00]].concat();
            for (name, form) in Form::ALL {
                let bad = damaged(form, &answer, 2, limit, seed);
                prop_assert_eq!(&bad, &damaged(form, &answer, 2, limit, seed));
                prop_assert_ne!(&bad, &answer, "{}", name);
                let kept = data.len() / 2;
                match form {
                    Form::OneByte => prop_assert_eq!(&bad[..], &answer[..1]),
                    Form::Cut if data.is_empty() => prop_assert_eq!(&bad[..], &[0x90]),
                    Form::Cut => prop_assert_eq!(&bad[..], &[&data[..kept], &[0x90, 0x00]].concat()),
                    Form::Bits => {
                        let differing: u32 = bad.iter().zip(&answer).map(|(one, other)| (one ^ other).count_ones()).sum();
                        prop_assert!(bad.len() == answer.len() && (1..=MOST).contains(&differing));
                        prop_assert!(data.is_empty() || bad.ends_with(&[0x90, 0x00]));
                    }
                    Form::Trailing => {
                        prop_assert!(bad.starts_with(&answer));
                        prop_assert!((1..=16).contains(&(bad.len() - answer.len())));
                    }
                    Form::TooLong => {
                        prop_assert!(bad.starts_with(&data) && bad.ends_with(&[0x90, 0x00]));
                        prop_assert!((1..=16).contains(&(bad.len() - 2 - limit)));
                    }
                }
            }
        }
    }

    /// An answer of no bytes, as a card without a status word gives it, has nothing to cut or to turn over.
    #[test]
    fn the_smallest_answers_are_damaged_too() {
        const LIMIT: usize = 33;
        for answer in [&[][..], &[0x3B], &[0x3B, 0x00]] {
            for tail in [0, 2] {
                let data = answer.len().saturating_sub(tail);
                for (name, form) in Form::ALL {
                    let bad = damaged(form, answer, tail, LIMIT, 1);
                    let most = MOST as usize;
                    let (least, most) = match form {
                        Form::OneByte => (answer.len().min(1), 1),
                        Form::Cut if data == 0 => (answer.len().min(1), 1),
                        Form::Cut => (answer.len() - data.div_ceil(2), answer.len() - data.div_ceil(2)),
                        Form::Bits => (answer.len(), answer.len()),
                        Form::Trailing => (answer.len() + 1, answer.len() + most),
                        Form::TooLong => (answer.len() - data + LIMIT + 1, answer.len() - data + LIMIT + most),
                    };
                    let case = format!("{name} of {answer:02X?} with {tail} bytes of status word: {bad:02X?}");
                    assert!((least..=most).contains(&bad.len()), "{case}");
                    // One byte of an answer of one byte is all of it.
                    let changes = match form {
                        Form::OneByte => answer.len() > 1,
                        Form::Cut => data > 0 || answer.len() > 1,
                        Form::Bits => !answer.is_empty(),
                        Form::Trailing | Form::TooLong => true,
                    };
                    assert_eq!(bad != answer, changes, "{case}");
                }
            }
        }
    }
}
