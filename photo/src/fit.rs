//! Turns a picture upright, crops it around its centre and scales it to a given size.
//!
//! Scaling is by the Catmull-Rom cubic, widened by the scale when the picture shrinks, so that each dot is an average of
//! all dots that it replaces. At scale 1 the picture stays as it is. Only additions and multiplications in a fixed order are
//! used. This module must never depend on the machine's mathematics library, so that the same file gives the same photo.

use crate::Picture;

/// The direction of the rows and columns in a file, with respect to the upright picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Orientation {
    /// Rows of the file are columns of the upright picture.
    transposed: bool,
    /// The file's first column is at the far end.
    columns_reversed: bool,
    /// The file's first row is at the far end.
    rows_reversed: bool,
}

impl Orientation {
    /// The file's first row is the top, its first column the left side.
    pub(crate) const UPRIGHT: Self = Self {
        transposed: false,
        columns_reversed: false,
        rows_reversed: false,
    };

    /// Returns the orientation for Exif's values 1 to 8.
    pub(crate) fn from_exif(value: u16) -> Option<Self> {
        let (transposed, columns_reversed, rows_reversed) = match value {
            1 => (false, false, false),
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, false, true),
            7 => (true, true, true),
            8 => (true, true, false),
            _ => return None,
        };
        Some(Self {
            transposed,
            columns_reversed,
            rows_reversed,
        })
    }

    /// Returns the size of the upright picture for the size in the file.
    pub(crate) fn upright_size(self, width: u32, height: u32) -> (u32, u32) {
        if self.transposed {
            (height, width)
        } else {
            (width, height)
        }
    }

    /// Returns the upright picture.
    fn turn(self, picture: &Picture) -> Picture {
        let (width, height) = self.upright_size(picture.width, picture.height);
        let mut grey = Vec::with_capacity(picture.grey.len());
        for y in 0..height {
            for x in 0..width {
                let (mut column, mut row) = if self.transposed { (y, x) } else { (x, y) };
                if self.columns_reversed {
                    column = picture.width - 1 - column;
                }
                if self.rows_reversed {
                    row = picture.height - 1 - row;
                }
                grey.push(picture.grey[(row * picture.width + column) as usize]);
            }
        }
        Picture { width, height, grey }
    }
}

/// Returns the largest part of the shape `width`:`height` around the picture's centre, upright and scaled to this size.
pub(crate) fn to_size(picture: &Picture, orientation: Orientation, width: u32, height: u32) -> Picture {
    // The picture is scaled before it is turned, because turning is cheaper when it is small.
    let (width, height) = orientation.upright_size(width, height);
    let (columns, rows) = crop(picture, width, height);
    let columns = taps(columns, picture.width, width);
    let rows = taps(rows, picture.height, height);

    let mut narrow = vec![0.0; width as usize * picture.height as usize];
    let source = picture.grey.chunks_exact(picture.width as usize);
    for (from, to) in source.zip(narrow.chunks_exact_mut(width as usize)) {
        for (dot, taps) in to.iter_mut().zip(&columns) {
            let weighed = from[taps.first..].iter().zip(&taps.weights);
            *dot = weighed.map(|(&grey, weight)| f32::from(grey) * weight).sum();
        }
    }
    let mut grey = Vec::with_capacity(width as usize * height as usize);
    let mut sums = vec![0.0_f32; width as usize];
    for taps in &rows {
        sums.fill(0.0);
        let lines = narrow.chunks_exact(width as usize).skip(taps.first);
        for (line, weight) in lines.zip(&taps.weights) {
            for (sum, value) in sums.iter_mut().zip(line) {
                *sum += value * weight;
            }
        }
        // The cubic overshoots at edges; the cast saturates.
        grey.extend(sums.iter().map(|&sum| (sum + 0.5) as u8));
    }
    orientation.turn(&Picture { width, height, grey })
}

/// The start and the length of a crop along one side, in dots.
#[derive(Clone, Copy)]
struct Span {
    start: f64,
    length: f64,
}

/// Returns the columns and rows of the largest part of the shape `width`:`height` around the centre.
fn crop(picture: &Picture, width: u32, height: u32) -> (Span, Span) {
    let (all_columns, all_rows) = (f64::from(picture.width), f64::from(picture.height));
    let (width, height) = (f64::from(width), f64::from(height));
    let columns = all_columns.min(all_rows * width / height);
    let rows = all_rows.min(all_columns * height / width);
    let centred = |all: f64, length: f64| Span {
        start: (all - length) / 2.0,
        length,
    };
    (centred(all_columns, columns), centred(all_rows, rows))
}

/// The dots from which one scaled dot is computed.
struct Taps {
    /// The first of them.
    first: usize,
    /// Their weights, which add up to 1.
    weights: Vec<f32>,
}

/// Returns the taps of each of the `to` dots to which `span` is scaled, out of `from` dots. Dots outside the picture are
/// left out. Dots outside the crop, but in the picture, are used.
fn taps(span: Span, from: u32, to: u32) -> Vec<Taps> {
    let scale = span.length / f64::from(to);
    let stretch = scale.max(1.0);
    let last = f64::from(from - 1);
    let one = |dot: u32| {
        let centre = span.start + (f64::from(dot) + 0.5) * scale - 0.5;
        let first = (centre - 2.0 * stretch).ceil().clamp(0.0, last) as usize;
        let end = (centre + 2.0 * stretch).floor().clamp(0.0, last) as usize;
        let weights: Vec<f64> = (first..=end).map(|at| cubic((at as f64 - centre) / stretch)).collect();
        let sum: f64 = weights.iter().sum();
        Taps {
            first,
            weights: weights.iter().map(|weight| (weight / sum) as f32).collect(),
        }
    };
    (0..to).map(one).collect()
}

/// The Catmull-Rom cubic (Keys' with a = -1/2), zero from 2 on.
fn cubic(distance: f64) -> f64 {
    let x = distance.abs();
    if x < 1.0 {
        (1.5 * x - 2.5) * x * x + 1.0
    } else if x < 2.0 {
        ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32, dot: impl Fn(u32, u32) -> u8) -> Picture {
        let grey = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .map(|(x, y)| dot(x, y))
            .collect();
        Picture { width, height, grey }
    }

    #[test]
    fn a_picture_of_the_size_asked_for_stays_as_it_is() {
        let same = picture(31, 17, |x, y| (x * 7 + y * 11) as u8);
        assert_eq!(to_size(&same, Orientation::UPRIGHT, 31, 17), same);
    }

    #[test]
    fn one_grey_stays_that_grey_at_every_scale() {
        for (width, height) in [(1, 1), (10, 9), (97, 300), (4000, 30)] {
            let scaled = to_size(&picture(width, height, |_, _| 201), Orientation::UPRIGHT, 37, 47);
            assert_eq!(scaled, picture(37, 47, |_, _| 201), "{width}x{height}");
        }
    }

    #[test]
    fn shrinking_averages_all_the_dots() {
        let checks = picture(400, 400, |x, y| if (x + y) % 2 == 0 { 0 } else { 255 });
        let scaled = to_size(&checks, Orientation::UPRIGHT, 20, 20);
        assert!(
            scaled.grey.iter().all(|dot| (120..=135).contains(dot)),
            "{:?}",
            scaled.grey
        );
    }

    #[test]
    fn the_crop_is_around_the_centre_and_keeps_the_shape() {
        // A wide picture loses its sides, a high one its top and bottom.
        let wide = picture(300, 100, |x, _| if (100..200).contains(&x) { 200 } else { 0 });
        let high = picture(100, 300, |_, y| if (100..200).contains(&y) { 200 } else { 0 });
        for cropped in [wide, high].map(|picture| to_size(&picture, Orientation::UPRIGHT, 50, 50)) {
            let middle = picture(44, 44, |x, y| cropped.grey[((y + 3) * 50 + x + 3) as usize]);
            assert_eq!(middle, picture(44, 44, |_, _| 200));
        }
        // A circle stays one.
        let circle = picture(640, 480, |x, y| {
            if (x as i32 - 320).pow(2) + (y as i32 - 240).pow(2) < 10000 {
                0
            } else {
                255
            }
        });
        let scaled = to_size(&circle, Orientation::UPRIGHT, 189, 236);
        let across = (0..189).filter(|x| scaled.grey[118 * 189 + x] < 128).count();
        let down = (0..236).filter(|y| scaled.grey[y * 189 + 94] < 128).count();
        assert!(
            across.abs_diff(down) <= 1 && across.abs_diff(98) <= 1,
            "{across} {down}"
        );
    }

    #[test]
    fn every_exif_orientation_gives_the_upright_picture() {
        // A 2 × 3 picture and how a file of each orientation stores it: row 0 and column 0 by Exif's table.
        let upright = Picture {
            width: 2,
            height: 3,
            grey: vec![1, 2, 3, 4, 5, 6],
        };
        let stored: [(u32, u32, [u8; 6]); 8] = [
            (2, 3, [1, 2, 3, 4, 5, 6]), // row 0 top, column 0 left
            (2, 3, [2, 1, 4, 3, 6, 5]), // top, right
            (2, 3, [6, 5, 4, 3, 2, 1]), // bottom, right
            (2, 3, [5, 6, 3, 4, 1, 2]), // bottom, left
            (3, 2, [1, 3, 5, 2, 4, 6]), // left, top
            (3, 2, [2, 4, 6, 1, 3, 5]), // right, top
            (3, 2, [6, 4, 2, 5, 3, 1]), // right, bottom
            (3, 2, [5, 3, 1, 6, 4, 2]), // left, bottom
        ];
        for (value, (width, height, dots)) in (1..).zip(stored) {
            let file = Picture {
                width,
                height,
                grey: dots.to_vec(),
            };
            let orientation = Orientation::from_exif(value).unwrap();
            assert_eq!(to_size(&file, orientation, 2, 3).grey, upright.grey, "{value}");
        }
        assert_eq!(Orientation::from_exif(0), None);
        assert_eq!(Orientation::from_exif(9), None);
    }
}
