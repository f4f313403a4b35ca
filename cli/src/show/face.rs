//! Draws the two sides of a card. The design is this project's own, copies nothing of the real card's artwork, and marks
//! each side as a specimen (見本).
//!
//! Size: ID-1, 85.60 × 53.98 mm (ISO/IEC 7810), at 300 dots per inch. All coordinates are dots.

use vmyna_applets::calendar;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::person::Sex;
use vmyna_card_os::tlv::Tlv;

use super::canvas::{Area, Canvas, Colour, Grey};
use super::font::{self, Ink};
use super::japanese::{in_era, in_gregorian_years};
use super::summary::{Certificates, Summary};
use super::typeset::Block;

/// 85.60 mm.
pub(super) const WIDTH: usize = 1011;
/// 53.98 mm.
pub(super) const HEIGHT: usize = 638;
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

const MARGIN: f32 = 40.0;
/// The size of most values.
const VALUE: f32 = 33.0;

/// Both sides, as PNG files.
pub(super) struct CardPicture {
    pub(super) front: Vec<u8>,
    pub(super) back: Vec<u8>,
    /// A sentence for each text or photo that is not drawn as it is. The sentences don't quote the texts.
    pub(super) remarks: Vec<String>,
}

impl CardPicture {
    /// Draws a card.
    ///
    /// # Errors
    /// None in practice. The error is a sentence.
    pub(super) fn draw(card: &IssuedCard, summary: &Summary) -> Result<Self, String> {
        let mut remarks = Vec::new();
        let mut front = Side::new();
        front.front(card, summary, &mut remarks)?;
        let mut back = Side::new();
        back.back(card, summary);
        for side in [&front, &back] {
            if side.replaced > 0 {
                remarks.push(format!(
                    "the font lacks {} letters: 〓 is drawn for them",
                    side.replaced
                ));
            }
            remarks.extend(
                side.cut
                    .iter()
                    .map(|what| format!("{what} is too long for the picture and was cut")),
            );
        }
        // A remark on both sides is reported once.
        let all = std::mem::take(&mut remarks);
        for remark in all {
            if !remarks.contains(&remark) {
                remarks.push(remark);
            }
        }
        Ok(Self {
            front: front.png()?,
            back: back.png()?,
            remarks,
        })
    }
}

/// One side while it is drawn.
struct Side {
    canvas: Canvas,
    replaced: usize,
    cut: Vec<&'static str>,
}

impl Side {
    /// Paper, with the bar at the top.
    fn new() -> Self {
        let mut side = Self {
            canvas: Canvas::new(WIDTH, HEIGHT, PAPER),
            replaced: 0,
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

    fn front(&mut self, card: &IssuedCard, summary: &Summary, remarks: &mut Vec<String>) -> Result<(), String> {
        let person = &card.summary.person;
        self.photo(card, Area::new(703.0, 106.0, 268.0, 335.0), remarks);
        self.stamp();
        let wide = 620.0;
        self.field(
            ("氏名", "Name"),
            &person.name,
            Area::new(MARGIN, 98.0, wide, 82.0),
            46.0,
        );
        // The remarks field takes a part of the address' place.
        let (address, remarks_field) = match summary.printed.is_empty() {
            true => (114.0, None),
            false => (66.0, Some(summary.printed.join("　"))),
        };
        self.field(
            ("住所", "Address"),
            &person.address,
            Area::new(MARGIN, 188.0, wide, address),
            VALUE,
        );
        if let Some(text) = remarks_field {
            self.field(("追記欄", "Remarks"), &text, Area::new(MARGIN, 256.0, wide, 50.0), 24.0);
        }
        let birth = format!("{} ({})", in_era(person.birth).unwrap_or_default(), person.birth);
        self.field(
            ("生年月日", "Date of birth"),
            &birth,
            Area::new(MARGIN, 312.0, 455.0, 66.0),
            VALUE,
        );
        self.field(
            ("性別", "Sex"),
            sex(person.sex),
            Area::new(530.0, 312.0, 150.0, 66.0),
            VALUE,
        );
        let expiry = format!("{}まで", in_gregorian_years(card.summary.expiry));
        self.field(
            ("有効期限", "Card valid until"),
            &expiry,
            Area::new(MARGIN, 388.0, 300.0, 66.0),
            VALUE,
        );
        self.field(
            ("電子証明書の有効期限", "Certificates until"),
            &certificates_until(&summary.certificates),
            Area::new(365.0, 388.0, 315.0, 66.0),
            VALUE,
        );
        self.field(
            ("発行者", "Issued by"),
            &format!("{}長", person.municipality.title),
            Area::new(MARGIN, 464.0, 300.0, 66.0),
            VALUE,
        );
        let issued = calendar::day_in_japan(card.summary.issued).ok_or("the card is issued after the year 9999")?;
        self.field(
            ("発行日", "Issued on"),
            &in_gregorian_years(issued),
            Area::new(365.0, 464.0, 315.0, 66.0),
            VALUE,
        );
        self.field(
            ("セキュリティコード", "Security code"),
            card.summary.security_code.as_str(),
            Area::new(703.0, 464.0, 268.0, 66.0),
            VALUE,
        );
        self.foot(card);
        Ok(())
    }

    fn back(&mut self, card: &IssuedCard, summary: &Summary) {
        let person = &card.summary.person;
        self.chip(Area::new(760.0, 130.0, 180.0, 150.0));
        self.stamp();
        let number: Vec<_> = summary
            .holder
            .my_number
            .as_bytes()
            .chunks(4)
            .map(String::from_utf8_lossy)
            .collect();
        self.field(
            ("個人番号", "My Number"),
            &number.join(" "),
            Area::new(MARGIN, 106.0, 640.0, 112.0),
            72.0,
        );
        self.field(
            ("氏名", "Name"),
            &person.name,
            Area::new(MARGIN, 246.0, 640.0, 84.0),
            44.0,
        );
        let birth = format!("{} ({})", in_era(person.birth).unwrap_or_default(), person.birth);
        self.field(
            ("生年月日", "Date of birth"),
            &birth,
            Area::new(MARGIN, 350.0, 640.0, 70.0),
            36.0,
        );
        self.field(
            ("製造番号", "Serial number"),
            &summary.serials.card,
            Area::new(MARGIN, 440.0, 640.0, 66.0),
            VALUE,
        );
        self.foot(card);
    }

    /// Draws a label in two languages, and the value below it.
    fn field(&mut self, (name, english): (&'static str, &'static str), value: &str, area: Area, size: f32) {
        let label = Area::new(area.x, area.y, area.width, 21.0);
        self.text(&format!("{name}  {english}"), label, 17.0, LABEL);
        let below = Area::new(area.x, area.y + 22.0, area.width, area.height - 22.0);
        if self.text(value, below, size, TEXT).cut {
            self.cut.push(english);
        }
    }

    fn text(&mut self, text: &str, area: Area, size: f32, colour: Colour) -> Block {
        self.replaced += text.chars().filter(|letter| font::lacks(*letter)).count();
        Block::draw(&mut self.canvas, text, area, size, &Ink::new(colour))
    }

    /// Draws a text with its right end at `right`, in one line. `area` must be wide enough.
    fn text_to_right(&mut self, text: &str, right: f32, area: Area, size: f32, colour: Colour) {
        let block = Block::fit(text, (area.width, area.height), size);
        let width = block
            .lines
            .iter()
            .map(|line| font::width(line, block.size))
            .fold(0.0, f32::max);
        self.text(
            text,
            Area::new(right - width - 1.0, area.y, width + 1.0, area.height),
            block.size,
            colour,
        );
    }

    /// Draws the mark 見本 across the whole side.
    fn stamp(&mut self) {
        const STAMPED: &str = "見本 SPECIMEN";
        let size = 130.0_f32.min(130.0 * 860.0 / font::width(STAMPED, 130.0).max(1.0));
        let length = font::width(STAMPED, size);
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
        font::draw(&mut self.canvas, STAMPED, begin, size, &ink);
    }

    fn photo(&mut self, card: &IssuedCard, area: Area, remarks: &mut Vec<String>) {
        self.canvas.fill(area, 8.0, LINE);
        self.canvas.fill(area.inside(2.0), 6.0, WHITE);
        if card.summary.without_photo {
            let words = Area::new(area.x + 20.0, area.y + 140.0, area.width - 40.0, 50.0);
            self.text("写真なし no photo", words, 28.0, LABEL);
            return;
        }
        let decoded = photo_of(card.face_info.data.card_face.as_bytes())
            .ok_or_else(|| "the card's face data has no photo".to_owned())
            .and_then(|jp2| vmyna_photo::decode(jp2).map_err(|error| error.to_string()));
        match decoded {
            Ok(picture) => {
                let photo = Grey {
                    width: picture.width as usize,
                    height: picture.height as usize,
                    dots: &picture.grey,
                };
                self.canvas.photo(&photo, area.inside(4.0));
            }
            Err(fault) => {
                remarks.push(format!("the photo is not drawn: {fault}"));
                let words = Area::new(area.x + 20.0, area.y + 140.0, area.width - 40.0, 50.0);
                self.text("写真なし no photo", words, 28.0, LABEL);
            }
        }
    }

    /// Draws a frame at the place of the chip.
    fn chip(&mut self, area: Area) {
        self.canvas.fill(area, 18.0, LABEL);
        self.canvas.fill(area.inside(3.0), 15.0, PAPER);
        let words = Area::new(area.x, area.y + area.height + 6.0, area.width, 22.0);
        self.text("ICチップ  IC chip", words, 17.0, LABEL);
        let middle = Area::new(area.x + 54.0, area.y + 36.0, area.width - 60.0, 82.0);
        self.text("IC", middle, 70.0, LABEL);
    }

    /// Draws the notice that this is not an identity document, and the card's name.
    fn foot(&mut self, card: &IssuedCard) {
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

    fn png(&self) -> Result<Vec<u8>, String> {
        self.canvas
            .png(CORNER, DOTS_PER_METRE)
            .map_err(|error| error.to_string())
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

fn sex(sex: Sex) -> &'static str {
    match sex {
        Sex::Male => "男 M",
        Sex::Female => "女 F",
        Sex::Other => "その他 X",
        Sex::Unknown => "不明 —",
    }
}

/// Returns the last days of the two certificates, or one day if both are the same.
fn certificates_until(certificates: &Certificates) -> String {
    let day = |certificate: &Option<super::summary::CertificateSummary>| {
        let digits = certificate.as_ref()?.last_day.replace('-', "");
        vmyna_applets::calendar::Date::from_digits(digits.as_bytes()).map(in_gregorian_years)
    };
    match (day(&certificates.sign), day(&certificates.auth)) {
        (None, None) => "なし none".to_owned(),
        (Some(sign), Some(auth)) if sign == auth => format!("{sign}まで"),
        (Some(sign), Some(auth)) => format!("署名 {sign}\n認証 {auth}"),
        (Some(sign), None) => format!("署名のみ {sign}"),
        (None, Some(auth)) => format!("認証のみ {auth}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::hanako;
    use std::time::SystemTime;

    fn drawn(card: &IssuedCard) -> CardPicture {
        let summary = Summary::of(card, SystemTime::now()).unwrap();
        CardPicture::draw(card, &summary).unwrap()
    }

    #[test]
    fn the_specimen_is_drawn_with_its_photo_and_without_remarks() {
        let picture = drawn(&hanako());
        assert_eq!(picture.remarks, [""; 0]);
        assert_ne!(picture.front, picture.back);
    }

    #[test]
    fn a_change_of_the_card_changes_the_picture() {
        let plain = drawn(&hanako());
        let mut card = hanako();
        card.summary.person.sex = Sex::Unknown;
        assert_ne!(drawn(&card).front, plain.front);
        let mut card = hanako();
        card.jpki.sign = None;
        assert_ne!(drawn(&card).front, plain.front);
        card.jpki.auth = None;
        card.summary.person.name = "別名　太郎".to_owned();
        assert_ne!(drawn(&card).back, plain.back);
    }

    #[test]
    fn the_remarks_field_is_drawn_where_the_card_has_one() {
        let mut card = hanako();
        let plain = drawn(&card);
        card.summary
            .remarks
            .push(vmyna_applets::issued::Summary::printed_line("旧氏［見本］"));
        let remarked = drawn(&card);
        assert!(remarked.remarks.is_empty() && remarked.front != plain.front && remarked.back == plain.back);
        // A remark that is not printed changes nothing.
        let mut card = hanako();
        card.summary.remarks.push("the name is drawn half width".to_owned());
        assert_eq!(drawn(&card).front, plain.front);
    }

    #[test]
    fn the_longest_texts_of_a_card_are_drawn_whole() {
        let mut card = hanako();
        card.summary.person.address = "東京都千代田区霞が関".repeat(20);
        card.summary.person.name = "長い氏名　".repeat(20);
        card.summary.person.municipality.title = "南アルプス市かすみがうら市つくばみらい市".to_owned();
        assert_eq!(drawn(&card).remarks, [""; 0]);
    }

    #[test]
    fn a_remark_on_a_text_does_not_quote_it() {
        let mut card = hanako();
        card.summary.person.name = "名\u{10FFFD}".repeat(500);
        card.face_info.data.card_face = vec![0xFF, 0x20, 0].into();
        let remarks = drawn(&card).remarks;
        for expected in [
            "the font lacks 500 letters",
            "Name is too long",
            "the photo is not drawn",
        ] {
            assert!(remarks.iter().any(|remark| remark.contains(expected)), "{remarks:?}");
        }
        assert!(!remarks.concat().contains('名'), "{remarks:?}");
    }

    #[test]
    fn certificates_that_end_on_different_days_show_both() {
        let mut certificates = Summary::of(&hanako(), SystemTime::now()).unwrap().certificates;
        assert_eq!(certificates_until(&certificates), "2031年10月25日まで");
        certificates.sign.as_mut().unwrap().last_day = "2030-01-02".to_owned();
        assert_eq!(
            certificates_until(&certificates),
            "署名 2030年1月2日\n認証 2031年10月25日"
        );
        certificates.sign = None;
        assert_eq!(certificates_until(&certificates), "認証のみ 2031年10月25日");
        certificates.auth = None;
        assert_eq!(certificates_until(&certificates), "なし none");
    }
}
