//! Texts of a card as they are shown.

use encoding_rs::EUC_JP;
use vmyna_apdu::shown;

/// A text in JIS X 0208, two bytes a character; characters that are none become `〓`, as on a face.
#[must_use]
pub fn jis_x_0208(bytes: &[u8]) -> String {
    // EUC-JP has the same rows and cells with the upper bit set.
    let euc: Vec<u8> = bytes.iter().map(|byte| byte | 0x80).collect();
    let (text, _) = EUC_JP.decode_without_bom_handling(&euc);
    shown(&text.replace('\u{FFFD}', "〓")).to_string()
}

/// A text in JIS X 0201 or UTF-8, escaped for a terminal.
#[must_use]
pub fn plain(bytes: &[u8]) -> String {
    shown(&String::from_utf8_lossy(bytes)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kanji_are_decoded_and_controls_are_escaped() {
        assert_eq!(jis_x_0208(&[0x4D, 0x25, 0x4E, 0x49]), "優良");
        assert_eq!(plain(b"1\x1B[2J"), "1\\u{1b}[2J");
    }
}
