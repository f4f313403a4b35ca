//! The verifier against forged inputs. Each has one thing wrong, and a twin with the same change that is signed properly and
//! accepted. The identifiers (A13, S01, T05 and so on) number the checks that a careful program makes with this card.

mod cards;
mod certificates;
mod faces;
mod lists;
mod mdoc;
mod responders;
mod rig;
mod signatures;
mod signed;

use proptest::prelude::*;

use self::rig::settings;
use super::card_files::{CardFile, card_files};
use super::compare::Claims;
use super::input::recognise;
use super::report::Verdict;

proptest! {
    #[test]
    fn any_bytes_are_refused_and_never_valid(bytes in proptest::collection::vec(any::<u8>(), 0..400), head in 0..6_usize) {
        let heads: [&[u8]; 6] = [&[], &[0x30, 0x82, 0x01, 0x00], &[0xFF, 0x20], &[0xFF, 0x30], &[0x7F, 0x21], &[0xFF, 0x10]];
        let bytes = [heads[head], &bytes].concat();
        let _ = recognise(bytes.clone());
        let settings = settings();
        let mut claims = Claims::default();
        let report = super::certificate(&bytes, "file", &settings, &mut claims);
        prop_assert!(report.verdict() > Verdict::Note);
        for report in super::signed_data::signed_data(&bytes, Some(b"data"), &[], "file", &settings, &mut claims) {
            prop_assert!(report.verdict() > Verdict::Note);
        }
        let file = CardFile { name: "file".to_owned(), bytes };
        for report in card_files(&[file], &settings, &mut claims) {
            prop_assert!(report.verdict() > Verdict::Note);
        }
    }
}
