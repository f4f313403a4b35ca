//! The table of [`super`]: one row a municipality, ascending by code, in `table.tsv`.
//!
//! Codes and Japanese names are those of the ministry's public list of codes (総務省 全国地方公共団体コード) and, for the wards of
//! designated cities, of the post codes' list (日本郵便 郵便番号データ). The Roman names follow from the official readings, in
//! Hepburn spelling without marks for long vowels, as in the one pair that a published test certificate shows.

use std::sync::LazyLock;

use vmyna_applets::person::MunicipalityCode;

use super::Entry;

/// 都道府県 in the order of their codes, 01 to 47: in Japanese, and in Roman letters as certificates write them.
pub(super) const PREFECTURES: [(&str, &str); 47] = [
    ("北海道", "Hokkaido"),
    ("青森県", "Aomori-ken"),
    ("岩手県", "Iwate-ken"),
    ("宮城県", "Miyagi-ken"),
    ("秋田県", "Akita-ken"),
    ("山形県", "Yamagata-ken"),
    ("福島県", "Fukushima-ken"),
    ("茨城県", "Ibaraki-ken"),
    ("栃木県", "Tochigi-ken"),
    ("群馬県", "Gunma-ken"),
    ("埼玉県", "Saitama-ken"),
    ("千葉県", "Chiba-ken"),
    ("東京都", "Tokyo-to"),
    ("神奈川県", "Kanagawa-ken"),
    ("新潟県", "Niigata-ken"),
    ("富山県", "Toyama-ken"),
    ("石川県", "Ishikawa-ken"),
    ("福井県", "Fukui-ken"),
    ("山梨県", "Yamanashi-ken"),
    ("長野県", "Nagano-ken"),
    ("岐阜県", "Gifu-ken"),
    ("静岡県", "Shizuoka-ken"),
    ("愛知県", "Aichi-ken"),
    ("三重県", "Mie-ken"),
    ("滋賀県", "Shiga-ken"),
    ("京都府", "Kyoto-fu"),
    ("大阪府", "Osaka-fu"),
    ("兵庫県", "Hyogo-ken"),
    ("奈良県", "Nara-ken"),
    ("和歌山県", "Wakayama-ken"),
    ("鳥取県", "Tottori-ken"),
    ("島根県", "Shimane-ken"),
    ("岡山県", "Okayama-ken"),
    ("広島県", "Hiroshima-ken"),
    ("山口県", "Yamaguchi-ken"),
    ("徳島県", "Tokushima-ken"),
    ("香川県", "Kagawa-ken"),
    ("愛媛県", "Ehime-ken"),
    ("高知県", "Kochi-ken"),
    ("福岡県", "Fukuoka-ken"),
    ("佐賀県", "Saga-ken"),
    ("長崎県", "Nagasaki-ken"),
    ("熊本県", "Kumamoto-ken"),
    ("大分県", "Oita-ken"),
    ("宮崎県", "Miyazaki-ken"),
    ("鹿児島県", "Kagoshima-ken"),
    ("沖縄県", "Okinawa-ken"),
];

/// One municipality a line: code, district (郡) or nothing, title, Roman name, thousands of residents (0 for a designated
/// city: its wards count), with tabs between them.
pub(super) const LINES: &str = include_str!("table.tsv");

/// The municipalities of [`LINES`].
pub(super) static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| LINES.lines().filter_map(row).collect());

fn row(line: &'static str) -> Option<Entry> {
    let mut fields = line.split('\t');
    Some(Entry {
        code: MunicipalityCode::from_digits(fields.next()?.as_bytes().try_into().ok()?)?,
        district: fields.next()?,
        title: fields.next()?,
        name: fields.next()?,
        residents: fields.next()?.parse().ok()?,
    })
}
