//! The decoders of photos: any bytes are a picture of the size it says or an error, within bounds of memory. A panic in a
//! decoder is that library's fault and is caught by the crate as the product does, so it is no finding here.

use std::sync::Once;

use vmyna_photo::{PhotoError, read};

use crate::memory::peak_of;

/// Larger pictures are refused here before they are decoded: they cost seconds and find nothing new.
const MAX_DOTS: u64 = 1 << 20;
/// The most memory for such a picture: four channels of 32-bit numbers three times over, and the decoders' tables.
const MEMORY: usize = (MAX_DOTS as usize) * 4 * 4 * 3 + (32 << 20);

/// One input: a file.
pub fn run(input: &[u8]) {
    // libFuzzer's hook ends the process at every panic; an oracle's still does, where libFuzzer catches it.
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            if info
                .location()
                .is_some_and(|place| place.file().ends_with("src/photo.rs"))
            {
                eprintln!("{info}");
            }
        }));
    });
    if announced(input).is_some_and(|dots| dots > MAX_DOTS) {
        return;
    }
    let (picture, peak) = peak_of(|| read(input));
    assert!(peak <= MEMORY + 64 * input.len(), "{peak} bytes for {}", input.len());
    match picture {
        Ok(picture) => {
            assert_eq!(picture.grey.len(), picture.width as usize * picture.height as usize);
            assert!(!picture.grey.is_empty(), "a picture without dots");
        }
        Err(error) => {
            let said = error.to_string();
            assert!(!said.is_empty() && said.len() < 1000);
            assert!(!matches!(error, PhotoError::Encoder { .. }), "nothing was encoded");
        }
    }
}

/// The dots that the file's header announces, where it is one of the kinds.
fn announced(file: &[u8]) -> Option<u64> {
    let number = |at: usize, length: usize| {
        let bytes = file.get(at..at + length)?;
        Some(bytes.iter().fold(0, |number: u64, byte| number << 8 | u64::from(*byte)))
    };
    let find = |marker: &[u8]| file.windows(marker.len()).position(|at| at == marker);
    if file.starts_with(b"\x89PNG") {
        return number(16, 4)?.checked_mul(number(20, 4)?);
    }
    if file.starts_with(&[0xFF, 0xD8]) {
        // Any frame header: FF C0 to FF CF.
        let frames = file
            .windows(2)
            .enumerate()
            .filter(|(_, at)| at[0] == 0xFF && at[1] & 0xF0 == 0xC0);
        return frames
            .filter_map(|(at, _)| number(at + 5, 2)?.checked_mul(number(at + 7, 2)?))
            .max();
    }
    let size = find(&[0xFF, 0x4F, 0xFF, 0x51])?;
    number(size + 8, 4)?.checked_mul(number(size + 12, 4)?)
}
