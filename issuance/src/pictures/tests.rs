//! The pictures are read back with the decoder of the `png` crate; their structure is compared byte by byte.

use super::*;

/// Width, height and rows of a picture: `#` ink, `.` paper.
fn read(picture: &[u8]) -> (u32, u32, Vec<String>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(picture)).read_info().unwrap();
    assert_eq!(
        reader.output_color_type(),
        (png::ColorType::Grayscale, png::BitDepth::One)
    );
    let mut dots = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut dots).unwrap();
    let rows = dots
        .chunks(info.line_size)
        .map(|row| {
            (0..info.width as usize)
                .map(|at| if row[at / 8] >> (7 - at % 8) & 1 == 0 { '#' } else { '.' })
                .collect()
        })
        .collect();
    (info.width, info.height, rows)
}

fn draw(text: &str, width: u32) -> TextPicture {
    TextPicture::draw(text, width).unwrap()
}

#[test]
fn digits_are_drawn_from_the_left_end_in_black_on_white() {
    let (width, height, rows) = read(draw("17", 24).png.as_bytes());
    assert_eq!((width, height), (24, 12));
    let expected = [
        "........................",
        "..#...#####.............",
        "###.......#.............",
        "..#......#..............",
        "..#......#..............",
        "..#......#..............",
        "..#.....#...............",
        "..#.....#...............",
        "..#.....#...............",
        "..#.....#...............",
        "........................",
        "........................",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn a_picture_is_a_png_file_of_header_one_data_chunk_and_end() {
    for (text, width) in [
        ("見本　花子", NAME_WIDTH),
        ("東京都千代田区見本町一丁目２番３号", ADDRESS_WIDTH),
        ("2026", SECURITY_CODE_WIDTH),
        ("123456789018", MY_NUMBER_WIDTH),
        ("", NAME_WIDTH),
    ] {
        let picture = draw(text, width);
        let png = picture.png.as_bytes();
        assert_eq!(png[..16], *b"\x89PNG\r\n\x1a\n\0\0\0\x0DIHDR");
        assert_eq!(png[16..24], [width.to_be_bytes(), 12_u32.to_be_bytes()].concat());
        // 1 bit, greyscale, deflate, standard filters, not interlaced.
        assert_eq!(png[24..29], [1, 0, 0, 0, 0]);
        let data = u32::from_be_bytes(png[33..37].try_into().unwrap()) as usize;
        assert_eq!(png[37..41], *b"IDAT");
        // zlib with a window of 32 KiB and the level "highest compression".
        assert_eq!(png[41..43], [0x78, 0xDA]);
        assert_eq!(png[45 + data..], *b"\0\0\0\0IEND\xAE\x42\x60\x82");
        assert_eq!((picture.layout, picture.replaced.len()), (Layout::Plain, 0));
    }
}

#[test]
fn a_text_too_wide_is_first_written_half_width_then_squeezed_then_cut() {
    let of = |text: &str| {
        let picture = draw(text, 48);
        assert_eq!(read(picture.png.as_bytes()).0, 48);
        picture.layout
    };
    assert_eq!(of("東京都区"), Layout::Plain);
    assert_eq!(of("東京都１２"), Layout::HalfWidth);
    assert_eq!(of("東京都区１"), Layout::Squeezed);
    assert_eq!(of("東京都区見本町１"), Layout::Squeezed);
    assert_eq!(of("東京都区見本町１２"), Layout::Cut);
}

#[test]
fn full_width_digits_that_have_to_be_narrow_look_like_half_width_ones() {
    let (one, other) = (draw("東京　１２Ａ－", 72), draw("東京 12A-", 72));
    assert_eq!(one.layout, Layout::HalfWidth);
    assert_eq!(one.png, other.png);
    assert_ne!(draw("１", 72).png, draw("1", 72).png);
}

#[test]
fn a_text_that_is_cut_ends_in_an_ellipsis_inside_the_picture() {
    let rows = read(draw(&"一".repeat(200), 18).png.as_bytes()).2;
    // Two squeezed 一, each a bar of six dots, then three points of two dots, one above the other.
    assert!(rows[5].starts_with("############"), "{rows:?}");
    let ink = |from: usize, to: usize| rows.iter().map(|row| row[from..to].matches('#').count()).sum::<usize>();
    assert_eq!(ink(0, 12), 12);
    assert_eq!(ink(12, 18), 6, "{rows:?}");
}

#[test]
fn a_character_that_both_fonts_lack_is_drawn_as_geta_and_reported() {
    let picture = draw("𪚥橋　😀子", NAME_WIDTH);
    assert_eq!(picture.replaced, [0, 3]);
    assert_eq!(picture.png, draw("〓橋　〓子", NAME_WIDTH).png);
    assert!(draw("〓", NAME_WIDTH).replaced.is_empty());
}

#[test]
fn a_character_that_only_the_outlines_have_is_drawn_from_them() {
    let picture = draw("髙橋　𠮷子", NAME_WIDTH);
    assert_eq!((picture.layout, picture.replaced.len()), (Layout::Plain, 0));
    let rows = read(picture.png.as_bytes()).2;
    let columns =
        |rows: &[String], from: usize, to: usize| rows.iter().map(|row| row[from..to].to_owned()).collect::<Vec<_>>();
    // Its neighbours stay as they are.
    let neighbours = read(draw("　橋　　子", NAME_WIDTH).png.as_bytes()).2;
    for (from, to) in [(12, 36), (48, 216)] {
        assert_eq!(columns(&rows, from, to), columns(&neighbours, from, to));
    }
    // 髙, pinned: the picture of a seed's person must not change from one machine to the next.
    let expected = [
        "............",
        ".....##.....",
        ".##########.",
        "...######...",
        "...#....#...",
        "...##..##...",
        "..########..",
        ".##.#....##.",
        "..#.####.#..",
        "..#.#..#.#..",
        "..#.#...##..",
        ".........#..",
    ];
    assert_eq!(columns(&rows, 0, 12), expected);
}

#[test]
fn a_variation_selector_takes_no_room_and_is_reported() {
    let picture = draw("辻\u{E0100}子", NAME_WIDTH);
    assert_eq!((picture.replaced, picture.usual_forms), (vec![], vec![1]));
    assert_eq!(picture.png, draw("辻子", NAME_WIDTH).png);
    assert_eq!(draw("e\u{301}", NAME_WIDTH).png, draw("e", NAME_WIDTH).png);
}

#[test]
fn a_picture_too_narrow_for_a_character_or_too_wide_is_refused() {
    for width in [0, 11, 4097] {
        assert!(matches!(TextPicture::draw("一", width), Err(IssuanceError::Input(_))));
    }
    assert_eq!(draw("一一", 12).layout, Layout::Squeezed);
    assert_eq!(draw("一一一", 12).layout, Layout::Cut);
}

#[test]
fn a_pictures_debug_output_shows_no_dots() {
    let shown = format!("{:?}", draw("123456789018", MY_NUMBER_WIDTH));
    assert!(
        shown.contains("bytes") && !shown.contains("137") && !shown.contains("0x89"),
        "{shown}"
    );
}

/// The boxes and the markers up to the coded dots, as the test card's photo has them but for lengths.
#[test]
fn the_default_photo_has_the_size_and_coding_of_the_test_cards() {
    let photo = DEFAULT_PHOTO;
    assert!(photo.starts_with(b"\0\0\0\x0CjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 \0\0\0\x2Djp2h\0\0\0\x16ihdr"));
    let numbers = |at: usize| u32::from_be_bytes(photo[at..at + 4].try_into().unwrap());
    assert_eq!((numbers(48), numbers(52)), (472, 378));
    // One component of 8 bits, compression type 7, colour space known, no property rights; then greyscale (17).
    assert_eq!(photo[56..62], [0, 1, 7, 7, 0, 0]);
    assert_eq!(photo[62..77], *b"\0\0\0\x0Fcolr\x01\0\0\0\0\0\x11");
    assert_eq!(numbers(77) as usize, photo.len() - 77);
    assert_eq!(photo[81..91], *b"jp2c\xFF\x4F\xFF\x51\0\x29");
    // COD: no precincts, LRCP, one layer, no colour transform, 5 levels, code blocks 64 × 64, reversible wavelet.
    assert_eq!(photo[130..144], [0xFF, 0x52, 0, 12, 0, 0, 0, 1, 0, 5, 4, 4, 0, 1]);
    assert!(photo.ends_with(&[0xFF, 0xD9]));
    assert!((1_500..2_500).contains(&photo.len()), "{}", photo.len());
}
