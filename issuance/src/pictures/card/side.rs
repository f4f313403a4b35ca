//! One side of a card while it is drawn: paper, fields, photo and the marks of a specimen. All coordinates are dots.

use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::tlv::Tlv;

use super::canvas::{Area, Canvas, Colour, Grey};
use super::letters::{self, Ink};
use super::remark::{CardPictureError, Remark};
use super::typeset::Block;

/// The width of a picture in dots: 85.60 mm.
pub const WIDTH: usize = 1011;
/// The height of a picture in dots: 53.98 mm.
pub const HEIGHT: usize = 638;
/// 300 dots per inch.
const DOTS_PER_METRE: u32 = 11_811;
/// 3.18 mm.
const CORNER: f32 = 37.5;

const PAPER: Colour = [0xF6, 0xF4, 0xEE];
const BAR: Colour = [0x33, 0x3F, 0x55];
const ACCENT: Colour = [0xE0, 0x9F, 0x3E];
const TEXT: Colour = [0x1E, 0x24, 0x2E];
const LABEL: Colour = [0x6B, 0x72, 0x80];
const LINE: Colour = [0xC9, 0xC6, 0xBC];
const STAMP: Colour = [0xC4, 0x45, 0x36];
const WHITE: Colour = [0xFF, 0xFF, 0xFF];

pub(super) const MARGIN: f32 = 40.0;
/// The size of most values.
pub(super) const VALUE: f32 = 33.0;

/// One side while it is drawn.
pub(super) struct Side {
    canvas: Canvas,
    /// How many letters the font lacks.
    lacking: usize,
    /// Why there is no photo.
    photo: Option<Remark>,
    cut: Vec<Remark>,
}

impl Side {
    /// Paper, with the bar at the top.
    pub(super) fn new() -> Self {
        let mut side = Self {
            canvas: Canvas::new(WIDTH, HEIGHT, PAPER),
            lacking: 0,
            photo: None,
            cut: Vec::new(),
        };
        let width = WIDTH as f32;
        side.canvas.fill(Area::new(0.0, 0.0, width, 76.0), 0.0, BAR);
        side.canvas.fill(Area::new(0.0, 76.0, width, 5.0), 0.0, ACCENT);
        side.text("vmyna", Area::new(MARGIN, 14.0, 150.0, 52.0), 43.0, WHITE);
        side.text("試験用の仮想カード", Area::new(200.0, 13.0, 400.0, 30.0), 25.0, WHITE);
        side.text(
            "virtual card for tests",
            Area::new(200.0, 43.0, 400.0, 22.0),
            18.0,
            LINE,
        );
        side.text_to_right(
            "見本 SPECIMEN",
            width - MARGIN,
            Area::new(0.0, 18.0, 330.0, 46.0),
            38.0,
            ACCENT,
        );
        side
    }

    /// Draws a label in two languages, and the value below it.
    pub(super) fn field(&mut self, (name, english): (&'static str, &'static str), value: &str, area: Area, size: f32) {
        let label = Area::new(area.x, area.y, area.width, 21.0);
        self.text(&format!("{name}  {english}"), label, 17.0, LABEL);
        let below = Area::new(area.x, area.y + 22.0, area.width, area.height - 22.0);
        if self.text(value, below, size, TEXT).cut {
            self.cut.push(Remark::Cut(english));
        }
    }

    fn text(&mut self, text: &str, area: Area, size: f32, colour: Colour) -> Block {
        self.lacking += text.chars().filter(|letter| letters::lacks(*letter)).count();
        Block::draw(&mut self.canvas, text, area, size, &Ink::new(colour))
    }

    /// Draws a text with its right end at `right`, in one line. `area` must be wide enough.
    fn text_to_right(&mut self, text: &str, right: f32, area: Area, size: f32, colour: Colour) {
        let block = Block::fit(text, (area.width, area.height), size);
        let width = block
            .lines
            .iter()
            .map(|line| letters::width(line, block.size))
            .fold(0.0, f32::max);
        self.text(
            text,
            Area::new(right - width - 1.0, area.y, width + 1.0, area.height),
            block.size,
            colour,
        );
    }

    /// Draws the mark 見本 across the whole side.
    pub(super) fn stamp(&mut self) {
        const STAMPED: &str = "見本 SPECIMEN";
        let size = 130.0_f32.min(130.0 * 860.0 / letters::width(STAMPED, 130.0).max(1.0));
        let length = letters::width(STAMPED, size);
        // The middle of the letters is the middle of the area below the bar.
        let (middle_x, middle_y) = (WIDTH as f32 / 2.0, (HEIGHT as f32 + 76.0) / 2.0 - 10.0);
        let (along, up) = (length / 2.0, size * 0.36);
        // A slope of 5 in 12: a unit vector in exact numbers.
        let (cosine, sine) = (12.0 / 13.0, 5.0 / 13.0);
        let begin = (
            middle_x - along * cosine + up * sine,
            middle_y + along * sine + up * cosine,
        );
        let ink = Ink {
            opacity: 0.17,
            direction: (cosine, sine),
            ..Ink::new(STAMP)
        };
        letters::draw(&mut self.canvas, STAMPED, begin, size, &ink);
    }

    /// Draws the photo in a frame, or words in its place.
    pub(super) fn photo(&mut self, card: &IssuedCard, area: Area) {
        self.canvas.fill(area, 8.0, LINE);
        self.canvas.fill(area.inside(2.0), 6.0, WHITE);
        if card.summary.without_photo {
            return self.no_photo(area);
        }
        let face = card.face_info.as_ref();
        let decoded = face
            .and_then(|face| photo_of(face.data.card_face.as_bytes()))
            .ok_or(Remark::NoPhoto)
            .and_then(|jp2| vmyna_photo::decode(jp2).map_err(Remark::Photo));
        match decoded {
            Ok(picture) => {
                let photo = Grey {
                    width: picture.width as usize,
                    height: picture.height as usize,
                    dots: &picture.grey,
                };
                self.canvas.photo(&photo, area.inside(4.0));
            }
            Err(remark) => {
                self.photo = Some(remark);
                self.no_photo(area);
            }
        }
    }

    fn no_photo(&mut self, area: Area) {
        let words = Area::new(area.x + 20.0, area.y + 140.0, area.width - 40.0, 50.0);
        self.text("写真なし no photo", words, 28.0, LABEL);
    }

    /// Draws a frame at the place of the chip.
    pub(super) fn chip(&mut self, area: Area) {
        self.canvas.fill(area, 18.0, LABEL);
        self.canvas.fill(area.inside(3.0), 15.0, PAPER);
        let words = Area::new(area.x, area.y + area.height + 6.0, area.width, 22.0);
        self.text("ICチップ  IC chip", words, 17.0, LABEL);
        let middle = Area::new(area.x + 54.0, area.y + 36.0, area.width - 60.0, 82.0);
        self.text("IC", middle, 70.0, LABEL);
    }

    /// Draws the notice that this is not an identity document, and the card's name.
    pub(super) fn foot(&mut self, card: &IssuedCard) {
        self.canvas
            .fill(Area::new(MARGIN, 544.0, WIDTH as f32 - 2.0 * MARGIN, 2.0), 0.0, LINE);
        let japanese = "架空の人物のカードです。身分証明書ではなく、J-LISや市区町村が発行したものでもありません。";
        self.text(
            japanese,
            Area::new(MARGIN, 553.0, WIDTH as f32 - 2.0 * MARGIN, 26.0),
            21.0,
            TEXT,
        );
        let english = "Fictional person. Not an identity document; not issued by J-LIS or any municipality.";
        self.text(english, Area::new(MARGIN, 582.0, 700.0, 24.0), 18.0, LABEL);
        let name = format!("{}", card.name);
        self.text_to_right(
            &name,
            WIDTH as f32 - MARGIN,
            Area::new(0.0, 582.0, 220.0, 24.0),
            18.0,
            LABEL,
        );
    }

    /// Returns the PNG file, and remarks on what is not drawn as it is: on the photo, then on the texts.
    pub(super) fn finish(self) -> Result<(Vec<u8>, Vec<Remark>), CardPictureError> {
        let lacking = Some(self.lacking).filter(|lacking| *lacking > 0);
        let remarks = self
            .photo
            .into_iter()
            .chain(lacking.map(Remark::Lacking))
            .chain(self.cut);
        let png = self.canvas.png(CORNER, DOTS_PER_METRE).map_err(CardPictureError::Png)?;
        Ok((png, remarks.collect()))
    }
}

/// Returns the photo in EF 0002 of the face-info application (DF27), a JP2 file.
fn photo_of(card_face: &[u8]) -> Option<&[u8]> {
    let (file, _) = Tlv::read(card_face).ok()?;
    let objects = Tlv::read_all(file.value).ok()?;
    objects
        .into_iter()
        .find(|object| object.tag == 0xDF27)
        .map(|object| object.value)
}
