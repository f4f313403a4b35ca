//! A font of the system with Japanese letters: found, checked to have them, and its letters drawn.
//!
//! Font files come from the system or from whoever runs the command. They are parsed without unsafe code of ours; what
//! they say about sizes is not believed beyond a limit.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ab_glyph_rasterizer::{Point, Rasterizer, point};
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlineGlyphCollection, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};

use super::canvas::{Canvas, Colour};
use crate::failure::Failure;

/// Files that are known to be good for this, best first, in small letters. Droid Sans Fallback is not among them: it has no
/// Roman letters and no digits.
const PREFERRED: [&str; 20] = [
    "notosanscjk-regular.ttc",
    "notosanscjkjp-regular.otf",
    "notosansjp-regular.otf",
    "notosansjp-regular.ttf",
    "notosansjp[wght].ttf",
    "sourcehansansjp-regular.otf",
    "sourcehansans-regular.ttc",
    "bizudgothic-regular.ttf",
    "ipaexg.ttf",
    "ipag.ttf",
    "ipagp.ttf",
    "takaogothic.ttf",
    "takaopgothic.ttf",
    "vl-gothic-regular.ttf",
    "vl-pgothic-regular.ttf",
    "mplus-1p-regular.ttf",
    "ヒラギノ角ゴシック w3.ttc",
    "hiraginosans-w3.ttc",
    "yugothr.ttc",
    "msgothic.ttc",
];

/// Letters that a font must have: of the labels, kana, kanji of names and addresses, and what stands in for a letter that
/// the font lacks.
const NEEDED: &str =
    "見本氏名住所生年月日性別有効期限発行個人番号証明書平成令和元東京都千代田区霞が関花子あいんアイン0129AZaz〓";

/// Stands in for a letter that the font lacks (geta mark).
const REPLACEMENT: char = '〓';

/// How deep folders of fonts are searched.
const DEPTH: u8 = 6;
/// The longest side of a letter, in dots, beyond which a font file is not believed.
const LARGEST: f32 = 4096.0;

/// A font file, and which font of it.
pub(super) struct Font {
    data: Vec<u8>,
    index: u32,
}

impl Font {
    /// The font of this file, or the best one of the system.
    ///
    /// # Errors
    /// [`Failure::Usage`] when the named file can't be read or lacks Japanese letters; [`Failure::Failed`] when the system
    /// has no font that has them, with what to install.
    pub(super) fn find(named: Option<&Path>) -> Result<Self, Failure> {
        if let Some(path) = named {
            let data = fs::read(path).map_err(|error| Failure::Usage(format!("--font {}: {error}", path.display())))?;
            return Self::with_letters(data)
                .map_err(|fault| Failure::Usage(format!("--font {}: {fault}; name another", path.display())));
        }
        let found = Self::best_of(&installed(&directories()))
            .or_else(|| Self::best_of(&fontconfig().into_iter().collect::<Vec<_>>()));
        found.ok_or_else(|| {
            Failure::Failed(
                "no font with Japanese letters was found: install one (Debian and Ubuntu: apt-get install fonts-noto-cjk, \
                 or the smaller fonts-ipafont-gothic) or name a font file with --font"
                    .to_owned(),
            )
        })
    }

    /// The first of these files that is a font with the letters needed.
    fn best_of(files: &[PathBuf]) -> Option<Self> {
        let mut files = files.iter();
        files.find_map(|file| Self::with_letters(fs::read(file).ok()?).ok())
    }

    /// The first font of a file that has the letters needed.
    fn with_letters(data: Vec<u8>) -> Result<Self, &'static str> {
        let mut fault = "not a TrueType or OpenType font";
        // A collection is never empty, and its fonts are numbered from 0.
        for index in 0.. {
            let Ok(font) = FontRef::from_index(&data, index) else {
                break;
            };
            let face = Face::of(font);
            if NEEDED.chars().all(|letter| face.draws(letter)) {
                return Ok(Self { data, index });
            }
            fault = "the font lacks Japanese letters";
        }
        Err(fault)
    }

    /// The letters.
    ///
    /// # Errors
    /// None in practice: the file was read once already.
    pub(super) fn face(&self) -> Result<Face<'_>, Failure> {
        let font = FontRef::from_index(&self.data, self.index);
        font.map(Face::of)
            .map_err(|error| Failure::Failed(format!("the font can't be read: {error}")))
    }
}

/// The letters of a font.
pub(super) struct Face<'a> {
    font: FontRef<'a>,
    letters: Charmap<'a>,
    outlines: OutlineGlyphCollection<'a>,
}

impl<'a> Face<'a> {
    fn of(font: FontRef<'a>) -> Self {
        let (letters, outlines) = (font.charmap(), font.outline_glyphs());
        Self {
            font,
            letters,
            outlines,
        }
    }

    /// Whether the font has the letter, and its outline.
    fn draws(&self, letter: char) -> bool {
        self.own(letter).is_some_and(|glyph| self.outlines.get(glyph).is_some())
    }

    /// The font's own glyph of a letter. Glyph 0 is the one for letters that it lacks.
    fn own(&self, letter: char) -> Option<GlyphId> {
        self.letters.map(letter).filter(|glyph| *glyph != GlyphId::NOTDEF)
    }

    /// Whether another sign is drawn in place of this letter.
    pub(super) fn lacks(&self, letter: char) -> bool {
        !letter.is_whitespace() && !is_selector(letter) && self.own(letter).is_none()
    }

    /// What is drawn for a letter; `None` for a blank and for what only chooses a form of the letter before.
    fn glyph(&self, letter: char) -> Option<GlyphId> {
        if letter.is_whitespace() || is_selector(letter) {
            return None;
        }
        self.own(letter).or_else(|| self.own(REPLACEMENT))
    }

    /// How far a letter of this size (dots of its em square) takes the next one along.
    pub(super) fn advance(&self, letter: char, size: f32) -> f32 {
        if is_selector(letter) {
            return 0.0;
        }
        let metrics = self.font.glyph_metrics(Size::new(size), LocationRef::default());
        let glyph = self.own(letter).or_else(|| self.glyph(letter));
        let missing = if letter.is_ascii() { size / 2.0 } else { size };
        let advance = glyph.and_then(|glyph| metrics.advance_width(glyph)).unwrap_or(missing);
        if advance.is_finite() {
            advance.clamp(0.0, LARGEST)
        } else {
            missing
        }
    }

    /// The width of a line of text.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|letter| self.advance(letter, size)).sum()
    }

    /// Draws a line of text from `(x, y)` on its base line, which rises by `slope` radians.
    pub(super) fn draw(&self, canvas: &mut Canvas, text: &str, (x, y): (f32, f32), size: f32, ink: &Ink) {
        let (sine, cosine) = ink.slope.sin_cos();
        let mut along = 0.0;
        for letter in text.chars() {
            if let Some(outline) = self.glyph(letter).and_then(|glyph| self.outlines.get(glyph)) {
                let mut pen = Pen::new(sine, cosine, (x + along * cosine, y - along * sine));
                let settings = DrawSettings::unhinted(Size::new(size), LocationRef::default());
                // A damaged outline leaves what was drawn of it.
                let _ = outline.draw(settings, &mut pen);
                pen.fill(canvas, ink);
            }
            along += self.advance(letter, size);
        }
    }
}

/// Variation selectors choose a form of the letter before them; fonts that have the form are few, the letter is drawn.
fn is_selector(letter: char) -> bool {
    matches!(letter, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' | '\u{180B}'..='\u{180D}')
}

/// How a text is drawn.
pub(super) struct Ink {
    pub(super) colour: Colour,
    /// 0 to 1.
    pub(super) opacity: f32,
    /// By how many radians the base line rises.
    pub(super) slope: f32,
}

impl Ink {
    pub(super) const fn new(colour: Colour) -> Self {
        Self {
            colour,
            opacity: 1.0,
            slope: 0.0,
        }
    }
}

/// Collects an outline, turned and put in its place.
struct Pen {
    sine: f32,
    cosine: f32,
    origin: (f32, f32),
    curves: Vec<[Point; 4]>,
    begin: Point,
    at: Point,
}

impl Pen {
    fn new(sine: f32, cosine: f32, origin: (f32, f32)) -> Self {
        let start = point(0.0, 0.0);
        Self {
            sine,
            cosine,
            origin,
            curves: Vec::new(),
            begin: start,
            at: start,
        }
    }

    /// A font counts upwards, a picture downwards.
    fn place(&self, x: f32, y: f32) -> Point {
        point(
            self.origin.0 + x * self.cosine - y * self.sine,
            self.origin.1 - x * self.sine - y * self.cosine,
        )
    }

    fn add(&mut self, first: Point, second: Point, end: Point) {
        self.curves.push([self.at, first, second, end]);
        self.at = end;
    }

    /// Fills the outline.
    fn fill(self, canvas: &mut Canvas, ink: &Ink) {
        let points = || self.curves.iter().flatten();
        if points().any(|point| !point.x.is_finite() || !point.y.is_finite()) {
            return;
        }
        let span = |of: fn(&Point) -> f32| {
            let least = points().map(of).fold(f32::INFINITY, f32::min).floor() - 1.0;
            let most = points().map(of).fold(f32::NEG_INFINITY, f32::max).ceil() + 1.0;
            (least, most - least)
        };
        let ((left, width), (top, height)) = (span(|point| point.x), span(|point| point.y));
        // Nothing to draw, or nothing to believe.
        if !(0.0..LARGEST).contains(&width) || !(0.0..LARGEST).contains(&height) || self.curves.is_empty() {
            return;
        }
        let mut coverage = Rasterizer::new(width as usize + 1, height as usize + 1);
        let inside = |at: Point| point(at.x - left, at.y - top);
        for [begin, first, second, end] in self.curves.iter().map(|curve| curve.map(inside)) {
            coverage.draw_cubic(begin, first, second, end);
        }
        coverage.for_each_pixel_2d(|x, y, covered| {
            if covered > 0.0 {
                let (x, y) = (left as i64 + i64::from(x), top as i64 + i64::from(y));
                canvas.blend(x, y, ink.colour, covered.min(1.0) * ink.opacity);
            }
        });
    }
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.at = self.place(x, y);
        self.begin = self.at;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let end = self.place(x, y);
        self.add(self.at, end, end);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let (middle, end) = (self.place(cx, cy), self.place(x, y));
        let towards = |from: Point| {
            point(
                from.x + (middle.x - from.x) * 2.0 / 3.0,
                from.y + (middle.y - from.y) * 2.0 / 3.0,
            )
        };
        self.add(towards(self.at), towards(end), end);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.add(self.place(cx0, cy0), self.place(cx1, cy1), self.place(x, y));
    }

    fn close(&mut self) {
        let begin = self.begin;
        self.add(self.at, begin, begin);
    }
}

/// Where systems and people keep fonts.
fn directories() -> Vec<PathBuf> {
    let mut directories: Vec<_> = [
        "/usr/local/share/fonts",
        "/usr/share/fonts",
        "/System/Library/Fonts",
        "/Library/Fonts",
        "/run/current-system/sw/share/X11/fonts",
    ]
    .map(PathBuf::from)
    .into();
    if let Some(home) = std::env::home_dir() {
        let own = [".local/share/fonts", ".fonts", "Library/Fonts"].map(|folder| home.join(folder));
        directories.splice(0..0, own);
    }
    directories
}

/// The preferred fonts in these folders, best first.
fn installed(directories: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    directories
        .iter()
        .for_each(|directory| collect(directory, DEPTH, &mut found));
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

/// Adds the preferred fonts below a folder, each with its place among them.
fn collect(directory: &Path, depth: u8, found: &mut Vec<(usize, PathBuf)>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if let Some(place) = PREFERRED.iter().position(|preferred| *preferred == name) {
            found.push((place, path));
        } else if depth > 0 && path.is_dir() {
            collect(&path, depth - 1, found);
        }
    }
}

/// What fontconfig takes for Japanese text, where there is fontconfig.
fn fontconfig() -> Option<PathBuf> {
    let mut command = Command::new("fc-match");
    command
        .args(["--format=%{file}", "sans-serif:lang=ja"])
        .stdin(Stdio::null());
    let output = command.output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    (!path.is_empty()).then(|| PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_are_taken_in_the_order_of_preference_wherever_they_lie() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["a", "b/c/d"].map(|name| folder.path().join(name));
        for folder in [&first, &second] {
            fs::create_dir_all(folder).unwrap();
        }
        for path in [
            first.join("ipag.ttf"),
            first.join("other.ttf"),
            second.join("NotoSansCJK-Regular.ttc"),
        ] {
            fs::write(path, "").unwrap();
        }
        std::os::unix::fs::symlink(folder.path(), second.join("loop")).unwrap();
        let found = installed(&[folder.path().join("missing"), folder.path().to_owned()]);
        assert_eq!(found[0], second.join("NotoSansCJK-Regular.ttc"));
        assert!(found.contains(&first.join("ipag.ttf")) && !found.contains(&first.join("other.ttf")));
    }

    #[test]
    fn a_file_that_is_no_font_is_passed_over_and_refused_when_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), b"ttcf\0\0\0\0").unwrap();
        assert!(Font::best_of(&[file.path().to_owned()]).is_none());
        let Err(Failure::Usage(message)) = Font::find(Some(file.path())) else {
            panic!("it was taken");
        };
        assert!(message.contains("not a TrueType or OpenType font"), "{message}");
    }

    #[test]
    fn a_letter_that_the_font_lacks_is_replaced_and_a_selector_takes_no_room() {
        let font = Font::find(None).unwrap_or_else(|failure| panic!("{failure}"));
        let face = font.face().unwrap();
        assert!(face.lacks('\u{10FFFD}') && !face.lacks('花') && !face.lacks('\u{3000}'));
        assert_eq!(face.glyph('\u{10FFFD}'), face.own(REPLACEMENT));
        assert_eq!(face.width("辻\u{E0100}", 40.0), face.width("辻", 40.0));
        assert!(face.advance('\u{3000}', 40.0) > 0.0);
    }

    #[test]
    fn a_letter_is_drawn_where_it_is_put_whichever_way_its_line_rises() {
        let font = Font::find(None).unwrap_or_else(|failure| panic!("{failure}"));
        let face = font.face().unwrap();
        for slope in [0.0, 0.5, -3.0] {
            let mut canvas = Canvas::new(200, 200, [255; 3]);
            let blank = canvas.png(0.0, 1).unwrap();
            let ink = Ink {
                slope,
                ..Ink::new([0; 3])
            };
            face.draw(&mut canvas, "国", (100.0, 100.0), 60.0, &ink);
            assert_ne!(canvas.png(0.0, 1).unwrap(), blank);
            // Letters beyond the picture do no harm.
            face.draw(&mut canvas, "国国国", (1e7, -1e7), 60.0, &ink);
            face.draw(&mut canvas, "国国国", (190.0, 10.0), 600.0, &ink);
        }
    }
}
