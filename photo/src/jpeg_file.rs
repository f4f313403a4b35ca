//! Reads JPEG files: baseline and progressive, grey, YCbCr, RGB, CMYK and YCCK.
//!
//! This module must never allocate by an unchecked size. It must never accept half a file, although the decoder does and
//! fills the missing part with grey.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use crate::fit::Orientation;
use crate::kind::Kind;
use crate::{MAX_DOTS, PhotoError, Picture, check_size, exif, luma};

/// Returns the picture in this JPEG file, and its orientation.
pub(crate) fn read(file: &[u8]) -> Result<(Picture, Orientation), PhotoError> {
    if !ends(file) {
        return Err(damaged("it ends in the middle of the picture"));
    }
    // The largest values of a JPEG file, so that `check_size` below is what refuses a size.
    let side = usize::from(u16::MAX);
    let options = DecoderOptions::new_safe().set_max_width(side).set_max_height(side);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    decoder.decode_headers().map_err(|error| refused(&error))?;
    let info = decoder.info().ok_or_else(|| damaged("it has no frame header"))?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    check_size(width, height, MAX_DOTS)?;

    // Y of YCbCr is the luma of BT.601. Other colour spaces are read as RGB.
    let grey = matches!(decoder.input_colorspace(), Some(ColorSpace::YCbCr | ColorSpace::Luma));
    let space = if grey { ColorSpace::Luma } else { ColorSpace::RGB };
    decoder.set_options(decoder.options().jpeg_set_out_colorspace(space));
    let mut dots = decoder.decode().map_err(|error| refused(&error))?;
    if !grey {
        dots = dots
            .as_chunks()
            .0
            .iter()
            .map(|&[red, green, blue]| luma(red, green, blue))
            .collect();
    }
    if dots.len() != width as usize * height as usize {
        return Err(damaged("dots are missing"));
    }
    let orientation = decoder
        .exif()
        .map_or(Orientation::UPRIGHT, |data| exif::orientation(data));
    Ok((
        Picture {
            width,
            height,
            grey: dots,
        },
        orientation,
    ))
}

/// Returns whether the file reaches its end of image (EOI). Segments are skipped by their length, because a thumbnail in
/// Exif data has an EOI of its own. Bytes after the EOI are not part of the picture.
fn ends(file: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[mark, code]) = file.get(at..).and_then(<[u8]>::first_chunk) {
        match (mark, code) {
            (0xFF, 0xD9) => return true,
            // A fill byte.
            (0xFF, 0xFF) => at += 1,
            // A stuffed zero, restarts and other markers without length: part of the scan.
            (0xFF, 0x00..=0x01 | 0xD0..=0xD8) => at += 2,
            (0xFF, _) => match file.get(at + 2..).and_then(<[u8]>::first_chunk) {
                Some(&length) => at += 2 + usize::from(u16::from_be_bytes(length)),
                None => return false,
            },
            // Coded data of a scan, or bytes that a camera left between segments.
            _ => at += 1,
        }
    }
    false
}

fn refused(error: &DecodeErrors) -> PhotoError {
    match error {
        DecodeErrors::Unsupported(_) => PhotoError::NotHandled {
            kind: Kind::Jpeg.name(),
            what: "a rare coding",
        },
        other => damaged(&other.to_string()),
    }
}

fn damaged(why: &str) -> PhotoError {
    PhotoError::Damaged {
        kind: Kind::Jpeg.name(),
        why: why.to_owned(),
    }
}
