//! Reads PNG files of every colour type and depth, interlaced or not.
//!
//! Colour profiles and gamma are ignored: a photo is taken to be sRGB. This module must never allocate by an unchecked size.

use std::io::Cursor;

use png::{ColorType, Decoder, DecodingError, Transformations};

use crate::fit::Orientation;
use crate::kind::Kind;
use crate::{MAX_DOTS, PhotoError, Picture, check_size, exif, luma, on_white};

/// Returns the picture in this PNG file, and its orientation.
pub(crate) fn read(file: &[u8]) -> Result<(Picture, Orientation), PhotoError> {
    let mut decoder = Decoder::new(Cursor::new(file));
    // Palettes and low depths become 8-bit colours, `tRNS` an alpha channel, 16 bits their upper 8.
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    let header = decoder.read_header_info().map_err(damaged)?;
    let (width, height, interlaced) = (header.width, header.height, header.interlaced);
    check_size(width, height, MAX_DOTS)?;

    let mut reader = decoder.read_info().map_err(damaged)?;
    let (color, _) = reader.output_color_type();
    let mut grey = Vec::with_capacity(width as usize * height as usize);
    if interlaced {
        let size = reader.output_buffer_size().ok_or(PhotoError::TooLarge {
            width,
            height,
            max_dots: MAX_DOTS,
        })?;
        let mut dots = vec![0; size];
        reader.next_frame(&mut dots).map_err(damaged)?;
        add_grey(&mut grey, color, &dots);
    } else {
        while let Some(row) = reader.next_row().map_err(damaged)? {
            add_grey(&mut grey, color, row.data());
        }
    }
    reader.finish().map_err(damaged)?;
    if grey.len() != width as usize * height as usize {
        return Err(PhotoError::Damaged {
            kind: Kind::Png.name(),
            why: "rows are missing".to_owned(),
        });
    }
    let orientation = reader
        .info()
        .exif_metadata
        .as_deref()
        .map_or(Orientation::UPRIGHT, exif::orientation);
    Ok((Picture { width, height, grey }, orientation))
}

/// Adds these dots, which have 8 bits a channel. (Palettes have been expanded to RGB.)
fn add_grey(grey: &mut Vec<u8>, color: ColorType, dots: &[u8]) {
    match color {
        ColorType::Grayscale | ColorType::Indexed => grey.extend_from_slice(dots),
        ColorType::GrayscaleAlpha => grey.extend(dots.as_chunks().0.iter().map(|&[dot, alpha]| on_white(dot, alpha))),
        ColorType::Rgb => grey.extend(
            dots.as_chunks()
                .0
                .iter()
                .map(|&[red, green, blue]| luma(red, green, blue)),
        ),
        ColorType::Rgba => {
            let dots = dots.as_chunks().0.iter();
            grey.extend(dots.map(|&[red, green, blue, alpha]| on_white(luma(red, green, blue), alpha)));
        }
    }
}

fn damaged(error: DecodingError) -> PhotoError {
    PhotoError::Damaged {
        kind: Kind::Png.name(),
        why: error.to_string(),
    }
}
