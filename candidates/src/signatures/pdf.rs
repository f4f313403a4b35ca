//! Signed PDF documents (PAdES, ETSI EN 319 142-1: SubFilter ETSI.CAdES.detached).

use rand_core::RngCore;
use sha2::{Digest, Sha256};
use vmyna_apdu::text;

use super::pdf_file::{Pdf, Place, Writing};
use super::signed_data::{DATA, Signer, signed_data};
use super::{S01b, S15, S16a, S16b, S17, S18, S19a, S19b, S20, S21b, right, sign, wrong};
use crate::candidate::{Candidates, Expected};
use crate::subject::{MadeFile, Subject};
use crate::workshop::{MakeError, Person, Workshop};

/// The right one of most.
const SIGNED: &str = "pdf.signed";
/// The right one with two signatures.
const TWO: &str = "pdf.two-signatures";
/// The right one with an update before its signature.
const UPDATED: &str = "pdf.updated-and-signed";

/// Entries of a signature dictionary.
const ENTRIES: &str = "/Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached ";

/// Objects.
const PAGE: u32 = 3;
const CONTENT: u32 = 4;
const FIELDS: [u32; 2] = [5, 6];
const SIGNATURES: [u32; 2] = [7, 8];
const ANNOTATION: u32 = 9;

/// The text of the page, with numbers of this seed and label; always of the same length.
fn page_text(workshop: &Workshop, label: &str) -> String {
    let mut rng = workshop.rng(label);
    let (order, sum) = (rng.next_u32() % 1_000_000, rng.next_u32() % 10_000_000);
    format!("BT /F1 12 Tf 20 100 Td (Order {order:06}, sum {sum:07} JPY) Tj ET")
}

/// A document that is being written, with the workshop.
struct Desk<'w> {
    workshop: &'w Workshop,
    pdf: Pdf,
    /// Where the content of the page begins.
    content: usize,
}

impl<'w> Desk<'w> {
    /// A document with two fields for signatures, of which so many have their signature in this revision.
    fn new(workshop: &'w Workshop, signed: usize) -> Self {
        let mut pdf = Pdf::new();
        pdf.object(
            1,
            "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R 6 0 R] /SigFlags 3 >> >>",
        );
        pdf.object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
        pdf.object(PAGE, &page(""));
        let mut desk = Self {
            workshop,
            pdf,
            content: 0,
        };
        for index in 0..FIELDS.len() {
            desk.field(index, index < signed);
        }
        desk.content("signed page");
        desk
    }

    fn content(&mut self, label: &str) {
        self.content = self.pdf.length();
        let text = page_text(self.workshop, label);
        self.pdf.stream(CONTENT, &text);
    }

    /// A field, with its signature or empty.
    fn field(&mut self, index: usize, signed: bool) {
        let value = match signed {
            true => format!("/V {} 0 R ", SIGNATURES[index]),
            false => String::new(),
        };
        let name = index + 1;
        let field = format!(
            "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Signature{name}) {value}/Rect [0 0 0 0] /F 132 /P 3 0 R >>"
        );
        self.pdf.object(FIELDS[index], &field);
    }

    fn place(&mut self, index: usize) -> Place {
        self.place_as(index, ENTRIES, Writing::Hexadecimal)
    }

    fn place_as(&mut self, index: usize, entries: &str, writing: Writing) -> Place {
        self.pdf.signature(SIGNATURES[index], entries, writing)
    }

    fn end(&mut self) {
        self.pdf.end();
    }

    /// Puts the signed data of a cardholder over this content into its place.
    fn fill(&mut self, person: Person, place: &Place, content: &[u8]) -> Result<(), MakeError> {
        let cms = cms(self.workshop, person, content)?;
        self.pdf.fill(place, &cms)
    }

    /// Signs all but the signature itself.
    fn sign(&mut self, person: Person, place: &Place) -> Result<(), MakeError> {
        let covered = self.pdf.cover(place, 0, &place.contents)?;
        self.fill(person, place, &covered)
    }

    /// Signs other bytes than those of the document.
    fn sign_other(&mut self, person: Person, place: &Place) -> Result<(), MakeError> {
        self.pdf.cover(place, 0, &place.contents)?;
        let other = page_text(self.workshop, "another document");
        self.fill(person, place, other.as_bytes())
    }

    fn finish(self) -> Subject {
        Subject::files([(MadeFile::Pdf, self.pdf.finish())])
    }
}

fn cms(workshop: &Workshop, person: Person, content: &[u8]) -> Result<Vec<u8>, MakeError> {
    let (certificate, key) = sign(workshop, person)?;
    let signer = Signer::new(&certificate, key, content);
    signed_data(DATA, &[&certificate], &[signer.signed()?])
}

/// The page with these further annotations.
fn page(annotations: &str) -> String {
    format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R /Annots [5 0 R 6 0 R{annotations}] \
         /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
    )
}

/// A document with one signature, made by `sign`, which also writes the byte range.
fn one(
    sign: impl Fn(&mut Desk<'_>, &Place) -> Result<(), MakeError> + Send + Sync + 'static,
) -> impl Fn(&Workshop) -> Result<Subject, MakeError> + Send + Sync + 'static {
    move |workshop| {
        let mut desk = Desk::new(workshop, 1);
        let place = desk.place(0);
        desk.end();
        sign(&mut desk, &place)?;
        Ok(desk.finish())
    }
}

/// A document that A has signed and then B, where B's signature has this form. One of the two signatures can be wrong.
fn two(workshop: &Workshop, (entries, writing): (&str, Writing), wrong: Option<Person>) -> Result<Subject, MakeError> {
    let mut desk = Desk::new(workshop, 1);
    let sign = |desk: &mut Desk<'_>, person, place: &Place| match wrong == Some(person) {
        true => desk.sign_other(person, place),
        false => desk.sign(person, place),
    };
    let place = desk.place(0);
    desk.end();
    sign(&mut desk, Person::A, &place)?;
    desk.field(1, true);
    let place = desk.place_as(1, entries, writing);
    desk.end();
    sign(&mut desk, Person::B, &place)?;
    Ok(desk.finish())
}

/// Adds them.
pub(super) fn add(all: &mut Candidates) {
    all.add(right(
        SIGNED,
        text!("a signed PDF", "署名付きPDF"),
        one(|desk, place| desk.sign(Person::A, place)),
    ));
    all.add(wrong(
        "pdf.content-changed",
        (&S01b, SIGNED),
        text!(
            "the page was changed within the signed bytes",
            "署名対象のバイト列の中でページを変更"
        ),
        one(|desk, place| {
            desk.sign(Person::A, place)?;
            let old = page_text(desk.workshop, "signed page");
            let new = page_text(desk.workshop, "forged page");
            desk.pdf.replace(old.as_bytes(), new.as_bytes())
        }),
    ));
    ranges(all);
    revisions(all);
    second_signatures(all);
    parts(all);
}

/// What the byte range covers.
fn ranges(all: &mut Candidates) {
    all.add(wrong(
        "pdf.gap-widened",
        (&S16a, SIGNED),
        text!(
            "the gap of the byte range has the page's content in it, which is so not signed",
            "ByteRangeの隙間にページの内容があり、署名の対象外"
        ),
        |workshop| {
            let mut desk = Desk::new(workshop, 1);
            // The content of the page is immediately before the signature.
            let place = desk.place(0);
            desk.end();
            let gap = desk.content..place.contents.end;
            let covered = desk.pdf.cover(&place, 0, &gap)?;
            desk.fill(Person::A, &place, &covered)?;
            Ok(desk.finish())
        },
    ));
    all.add(wrong(
        "pdf.range-starts-late",
        (&S16b, SIGNED),
        text!(
            "the byte range does not start at the beginning of the file",
            "ByteRangeがファイルの先頭から始まらない"
        ),
        one(|desk, place| {
            let covered = desk.pdf.cover(place, 15, &place.contents)?;
            desk.fill(Person::A, place, &covered)
        }),
    ));
}

/// Updates before and after the signature.
fn revisions(all: &mut Candidates) {
    all.add(right(
        UPDATED,
        text!("a PDF that was updated and then signed", "更新の後に署名したPDF"),
        |workshop| {
            let mut desk = Desk::new(workshop, 0);
            desk.end();
            desk.content("forged page");
            desk.field(0, true);
            let place = desk.place(0);
            desk.end();
            desk.sign(Person::A, &place)?;
            Ok(desk.finish())
        },
    ));
    all.add(wrong(
        "pdf.updated-after",
        (&S15, UPDATED),
        text!(
            "an update behind the signature replaces the page's content",
            "署名後の増分更新がページの内容を差し替える"
        ),
        one(|desk, place| {
            desk.sign(Person::A, place)?;
            desk.content("forged page");
            desk.end();
            Ok(())
        }),
    ));
    all.add(
        wrong(
            "pdf.annotation-after",
            (&S20, TWO),
            text!(
                "an update behind the signature covers the page with an annotation",
                "署名後の増分更新が注釈でページを覆う"
            ),
            one(|desk, place| {
                desk.sign(Person::A, place)?;
                desk.pdf.object(PAGE, &page(" 9 0 R"));
                desk.pdf.object(
                    ANNOTATION,
                    "<< /Type /Annot /Subtype /FreeText /Rect [10 80 290 130] /F 4 /P 3 0 R /C [1 1 1] \
                     /DA (/Helv 12 Tf 0 g) /Contents (Order 000000, sum 0000000 JPY) >>",
                );
                desk.end();
                Ok(())
            }),
        )
        .with_also(&["S15"])
        .expecting(Expected::Notice),
    );
}

/// Two signatures.
fn second_signatures(all: &mut Candidates) {
    const ORDINARY: (&str, Writing) = (ENTRIES, Writing::Hexadecimal);
    all.add(right(
        TWO,
        text!("a PDF with two signatures, one after the other", "署名が順に2つあるPDF"),
        |workshop| two(workshop, ORDINARY, None),
    ));
    all.add(
        wrong(
            "pdf.second-signature-wrong",
            (&S17, TWO),
            text!(
                "the second signature is over other bytes",
                "2つ目の署名が別のバイト列のもの"
            ),
            |workshop| two(workshop, ORDINARY, Some(Person::B)),
        )
        .with_also(&["S01b"]),
    );
    all.add(
        wrong(
            "pdf.first-signature-wrong",
            (&S17, TWO),
            text!(
                "the first signature is over other bytes",
                "1つ目の署名が別のバイト列のもの"
            ),
            |workshop| two(workshop, ORDINARY, Some(Person::A)),
        )
        .with_also(&["S01b"]),
    );
    let forms = [
        (
            ["pdf.literal-string", "pdf.literal-string-wrong"],
            ORDINARY.0,
            Writing::Literal,
            text!(
                "the value of the second signature is a literal string",
                "2つ目の署名の値がリテラル文字列"
            ),
        ),
        (
            ["pdf.without-space", "pdf.without-space-wrong"],
            "/Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached",
            Writing::Hexadecimal,
            text!(
                "the second signature is written without spaces",
                "2つ目の署名が空白なしで書かれている"
            ),
        ),
        (
            ["pdf.without-type", "pdf.without-type-wrong"],
            "/Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached ",
            Writing::Hexadecimal,
            text!(
                "the second signature does not state its type",
                "2つ目の署名に種別の記載がない"
            ),
        ),
    ];
    for ([good, bad], entries, writing, what) in forms {
        let (en, ja) = (&what.en, &what.ja);
        let wrong_what = text!("{en}, and is over other bytes", "{ja}。かつ別のバイト列の署名");
        // ISO 32000-1, table 252: beside a byte range the value is a hexadecimal string, so a refusal of another one is right.
        let expected = match writing {
            Writing::Literal => Expected::Either,
            _ => Expected::Accept,
        };
        let make = move |workshop: &Workshop| two(workshop, (entries, writing), None);
        all.add(right(good, what, make).expecting(expected));
        let make = move |workshop: &Workshop| two(workshop, (entries, writing), Some(Person::B));
        all.add(wrong(bad, (&S18, good), wrong_what, make).with_also(&["S01b"]));
    }
}

/// Parts of a signature that are missing or make no sense. The signed data covers all but its own place, as if the byte range
/// had that form.
fn parts(all: &mut Candidates) {
    let ranges = [
        (
            "pdf.range-of-three",
            text!("the byte range has three numbers", "ByteRangeの数値が3つ"),
            "0 {first} {second}",
        ),
        (
            "pdf.range-negative",
            text!("the byte range has a negative number", "ByteRangeに負の数がある"),
            "0 {first} {second} -1",
        ),
        (
            "pdf.ranges-overlap",
            text!(
                "the two parts of the byte range overlap",
                "ByteRangeの2つの部分が重なる"
            ),
            "0 {first} {before} {rest}",
        ),
    ];
    for (name, what, form) in ranges {
        all.add(wrong(
            name,
            (&S19b, SIGNED),
            what,
            one(move |desk, place| {
                let gap = &place.contents;
                let numbers = [
                    ("{first}", gap.start),
                    ("{second}", gap.end),
                    ("{before}", gap.start - 100),
                    ("{rest}", desk.pdf.length() - gap.end + 100),
                ];
                let range = numbers.iter().fold(form.to_owned(), |text, (name, number)| {
                    text.replace(name, &number.to_string())
                });
                desk.pdf.write_range(place, &range)?;
                let covered = desk.pdf.without(gap);
                desk.fill(Person::A, place, &covered)
            }),
        ));
    }
    all.add(wrong(
        "pdf.range-absent",
        (&S19b, SIGNED),
        text!("the signature has no byte range", "署名にByteRangeがない"),
        one(|desk, place| {
            desk.pdf.replace(b"/ByteRange", b"/ByteCount")?;
            let covered = desk.pdf.without(&place.contents);
            desk.fill(Person::A, place, &covered)
        }),
    ));
    all.add(wrong(
        "pdf.contents-null",
        (&S19a, SIGNED),
        text!("the value of the signature is null", "署名の値がnull"),
        |workshop| {
            let mut desk = Desk::new(workshop, 1);
            let place = desk.place_as(0, ENTRIES, Writing::Null);
            desk.end();
            desk.pdf.cover(&place, 0, &place.contents)?;
            Ok(desk.finish())
        },
    ));
    all.add(wrong(
        "pdf.bytes-behind",
        (&S21b, SIGNED),
        text!(
            "bytes other than 00 follow the signed data in the signature's place",
            "署名の値の中で、署名データの後に00以外のバイトが続く"
        ),
        one(|desk, place| {
            let covered = desk.pdf.cover(place, 0, &place.contents)?;
            let cms = cms(desk.workshop, Person::A, &covered)?;
            desk.pdf.fill(place, &[&cms[..], &Sha256::digest(&cms)].concat())
        }),
    ));
}
