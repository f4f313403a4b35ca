//! Addresses that do not exist, in municipalities that do: no town (町・大字) of these names is in the list of post codes.
//! This module must never write an address that a letter could reach.

use rsa::rand_core::CryptoRngCore;

use super::draw::{below, chance, one_of};
use crate::municipalities::Entry;

/// Words for specimen, fiction, imagination, illusion and the like, made town names.
pub(super) const TOWNS: [&str; 14] = [
    "見本町",
    "架空町",
    "仮想台",
    "空想台",
    "例示町",
    "標本台",
    "模擬が丘",
    "雛型町",
    "幻が丘",
    "夢想台",
    "想定町",
    "作例町",
    "凡例町",
    "虚構台",
];
/// The same for the old villages (大字) of towns and villages.
pub(super) const VILLAGES: [&str; 6] = ["大字見本", "大字架空", "大字仮想", "大字例示", "大字標本", "大字虚構"];

const HOUSES: [&str; 6] = [
    "見本ハイツ",
    "架空荘",
    "コーポ仮想",
    "例示マンション",
    "標本ビル",
    "メゾン幻",
];

/// A block number (丁目) is part of the town's name and hence in kanji.
const BLOCKS: [&str; 6] = ["一丁目", "二丁目", "三丁目", "四丁目", "五丁目", "六丁目"];

/// An address in `municipality`, from the prefecture on, digits full width.
pub(super) fn draw(rng: &mut impl CryptoRngCore, municipality: &Entry) -> String {
    let mut address = municipality.address();
    if municipality.title().ends_with(['町', '村']) {
        address.push_str(one_of(rng, &VILLAGES));
        number(&mut address, 1 + below(rng, 1999));
        address.push_str("番地");
        if chance(rng, 40) {
            number(&mut address, 1 + below(rng, 9));
        }
        return address;
    }
    address.push_str(one_of(rng, &TOWNS));
    if chance(rng, 70) {
        address.push_str(one_of(rng, &BLOCKS));
        number(&mut address, 1 + below(rng, 40));
        address.push('番');
        number(&mut address, 1 + below(rng, 30));
        address.push('号');
    } else {
        number(&mut address, 1 + below(rng, 2999));
        address.push_str("番地");
        if chance(rng, 50) {
            address.push('の');
            number(&mut address, 1 + below(rng, 9));
        }
    }
    if chance(rng, 30) {
        address.push('　');
        address.push_str(one_of(rng, &HOUSES));
        let (floor, room) = (1 + below(rng, 9), 1 + below(rng, 12));
        number(&mut address, floor * 100 + room);
        address.push('号');
    }
    address
}

/// Appends a number in full-width digits.
fn number(text: &mut String, number: u64) {
    const DIGITS: [char; 10] = ['０', '１', '２', '３', '４', '５', '６', '７', '８', '９'];
    if number >= 10 {
        self::number(text, number / 10);
    }
    text.push(DIGITS[(number % 10) as usize]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_in_full_width_digits() {
        let mut text = String::new();
        number(&mut text, 0);
        number(&mut text, 1203);
        assert_eq!(text, "０１２０３");
    }
}
