//! Photos that are missing, of another form, or that cost too much (P14 and P16).

use vmyna_apdu::text;
use vmyna_issuance::pictures::DEFAULT_PHOTO;

use super::{FACE, GENUINE, P14, P16, genuine, municipality, subject};
use crate::candidate::{Candidate, Candidates, Expected, Group};
use crate::forge::face::{Faces, NAME, PHOTO};
use crate::subject::Subject;
use crate::workshop::{MakeError, Person, Workshop};

/// Adds them.
pub(super) fn add(all: &mut Candidates) {
    forms(all);
    costs(all);
}

/// The card with changed face data, which the municipality has signed so.
fn signed_face(
    workshop: &Workshop,
    change: impl FnOnce(&mut Faces) -> Result<(), MakeError>,
) -> Result<Subject, MakeError> {
    let mut faces = Faces::of(genuine(workshop))?;
    change(&mut faces)?;
    faces.sign(&municipality(workshop, "municipality-face")?)?;
    Ok(subject(faces.put(genuine(workshop))?))
}

/// P14.
fn forms(all: &mut Candidates) {
    type Make = fn(&Workshop) -> Result<Subject, MakeError>;
    let rows: [(_, Make, _, _, _); 3] = [
        (
            "parsing.photo-empty",
            |workshop| {
                Ok(subject(
                    workshop.issue(Person::A, |order| order.photo = Vec::new().into())?,
                ))
            },
            Expected::Notice,
            "the photo is empty, as on a card without photo (assumed)",
            "顔写真のオブジェクトが空（写真のないカードの推定形式）",
        ),
        (
            "parsing.photo-absent",
            |workshop| signed_face(workshop, |faces| faces.face.remove(PHOTO).map(drop)),
            Expected::Notice,
            "the object of the photo is absent, and its digest that of nothing (assumed)",
            "顔写真のオブジェクトがなく、ハッシュ値は空のもの（推定形式）",
        ),
        (
            "parsing.photo-codestream",
            |workshop| {
                let photo = DEFAULT_PHOTO.get(codestream()?..).unwrap_or_default();
                Ok(subject(
                    workshop.issue(Person::A, |order| order.photo = photo.to_vec().into())?,
                ))
            },
            Expected::Either,
            "the photo is a JPEG 2000 codestream without JP2 file (assumed)",
            "顔写真がJP2ファイルでなくJPEG 2000コードストリーム（推定形式）",
        ),
    ];
    for (name, make, expected, en, ja) in rows {
        all.add(
            Candidate::wrong(name, Group::Parsing, FACE, (&P14, GENUINE), text!("{en}", "{ja}"), make)
                .expecting(expected),
        );
    }
}

/// Where the codestream begins in the default photo.
fn codestream() -> Result<usize, MakeError> {
    const BEGIN: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
    let found = DEFAULT_PHOTO.windows(4).position(|window| window == BEGIN);
    found.ok_or(MakeError::Form("a JP2 file has a codestream"))
}

/// Replaces bytes at this place.
fn put(file: &mut [u8], at: usize, bytes: &[u8]) -> Result<(), MakeError> {
    let place = file.get_mut(at..at + bytes.len());
    place
        .ok_or(MakeError::Form("a picture has a header"))?
        .copy_from_slice(bytes);
    Ok(())
}

/// The default photo that states another size of the picture, with tiles of this size (ISO/IEC 15444-1, A.5.1 and I.5.3.1).
fn resized(size: u32, tile: u32) -> Result<Vec<u8>, MakeError> {
    /// Height and width in the image header box.
    const IMAGE_HEADER: usize = 0x30;
    let mut file = DEFAULT_PHOTO.to_vec();
    let start = codestream()?;
    let (size, tile) = (size.to_be_bytes(), tile.to_be_bytes());
    put(&mut file, IMAGE_HEADER, &[size, size].concat())?;
    put(&mut file, start + 8, &[size, size].concat())?;
    put(&mut file, start + 24, &[tile, tile].concat())?;
    Ok(file)
}

/// The default photo with so many components of 8 bits.
fn with_components(count: u16) -> Result<Vec<u8>, MakeError> {
    /// The number of components in the image header box.
    const IMAGE_HEADER: usize = 0x38;
    let mut file = DEFAULT_PHOTO.to_vec();
    let start = codestream()?;
    put(&mut file, IMAGE_HEADER, &count.to_be_bytes())?;
    put(&mut file, start + 4, &(38 + 3 * count).to_be_bytes())?;
    put(&mut file, start + 40, &count.to_be_bytes())?;
    let more = [0x07, 0x01, 0x01].repeat(usize::from(count) - 1);
    file.splice(start + 45..start + 45, more);
    Ok(file)
}

/// The default photo with a box of length 0 in its long form, before the codestream's box.
fn endless() -> Result<Vec<u8>, MakeError> {
    let mut file = DEFAULT_PHOTO.to_vec();
    let at = codestream()? - 8;
    let empty = [&[0, 0, 0, 1][..], b"free", &[0; 8]].concat();
    file.splice(at..at, empty);
    Ok(file)
}

/// A black PNG picture of 8,192 by 8,192 dots: 8 MiB in some 8 kB.
fn bomb() -> Result<Vec<u8>, MakeError> {
    const SIDE: u32 = 8192;
    let failed = |_| MakeError::Form("a picture can be drawn");
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, SIDE, SIDE);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer
        .write_image_data(&vec![0; (SIDE * SIDE / 8) as usize])
        .map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}

/// P16.
fn costs(all: &mut Candidates) {
    type Picture = fn() -> Result<Vec<u8>, MakeError>;
    let rows: [(_, Picture, _, _, _); 5] = [
        (
            "parsing.photo-of-60000-dots",
            || resized(60_000, 60_000),
            PHOTO,
            "the photo states 60,000 by 60,000 dots",
            "顔写真が60,000×60,000画素を名乗る",
        ),
        (
            "parsing.photo-of-tiny-tiles",
            || resized(60_000, 1),
            PHOTO,
            "the photo states 60,000 by 60,000 tiles of one dot",
            "顔写真が1画素のタイル60,000×60,000枚を名乗る",
        ),
        (
            "parsing.photo-of-many-components",
            || with_components(8_000),
            PHOTO,
            "the photo states 8,000 components",
            "顔写真が8,000コンポーネントを名乗る",
        ),
        (
            "parsing.photo-with-empty-box",
            endless,
            PHOTO,
            "the photo has a box of length 0, at which a careless reader never ends",
            "顔写真に長さ0のボックスがあり、不注意な読み手は終わらない",
        ),
        (
            "parsing.name-picture-bomb",
            bomb,
            NAME,
            "the picture of the name is a PNG of 8,192 by 8,192 dots in some 8 kB",
            "氏名の画像が約8kBで8,192×8,192画素のPNG",
        ),
    ];
    for (name, picture, tag, en, ja) in rows {
        all.add(
            Candidate::wrong(
                name,
                Group::Parsing,
                FACE,
                (&P16, GENUINE),
                text!(
                    "{en}; the municipality has signed it so",
                    "{ja}。市区町村の鍵で署名されている"
                ),
                move |workshop| signed_face(workshop, |faces| faces.face.set(tag, picture()?)),
            )
            .expecting(Expected::Either),
        );
    }
}
