//! Fills outlines: computes the part of each dot that is inside. All numbers are integers, so that every machine computes
//! the same.

use super::Point;

/// The side of a dot, in units of a picture.
pub const DOT: i64 = 256;
/// The lines on which the inside of an outline is measured, for each row of dots.
const LINES: i64 = 16;
/// The distance of these lines.
const STEP: i64 = DOT / LINES;
/// The longest side of a mask, in dots. A larger outline is not filled.
const LARGEST: i64 = 4096;

/// The dots that a glyph covers, row by row: from 0 for none of a dot to 255 for all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mask {
    /// The column of the leftmost dots.
    pub left: i64,
    /// The row of the topmost dots.
    pub top: i64,
    /// The dots of a row; 0 for a mask without dots.
    pub width: usize,
    /// All dots.
    pub dots: Vec<u8>,
}

impl Mask {
    /// Passes over the dots of which at least a part is covered: column, row, and how much.
    pub fn covered(&self) -> impl Iterator<Item = (i64, i64, u8)> {
        let rows = (self.top..).zip(self.dots.chunks(self.width.max(1)));
        let dots = rows.flat_map(|(y, row)| (self.left..).zip(row).map(move |(x, dot)| (x, y, *dot)));
        dots.filter(|(.., dot)| *dot > 0)
    }
}

/// Fills closed contours of cubic curves. `place` maps their points to the picture. Contours inside others that turn the
/// other way are holes.
pub(super) fn fill(curves: &[[Point; 4]], place: impl Fn(Point) -> Point) -> Mask {
    let curves: Vec<_> = curves.iter().map(|curve| curve.map(&place)).collect();
    let span = |of: fn(&Point) -> i64| {
        let numbers = || curves.iter().flatten().map(of);
        let first = numbers().min().unwrap_or(0).div_euclid(DOT);
        (first, numbers().max().unwrap_or(0).div_euclid(DOT) + 1 - first)
    };
    let ((left, width), (top, height)) = (span(|point| point.0), span(|point| point.1));
    if curves.is_empty() || width > LARGEST || height > LARGEST {
        return Mask::default();
    }
    let (width, height) = (width as usize, height as usize);
    let mut raster = Raster {
        // An edge in the last column changes what is right of it.
        row: width + 1,
        cells: vec![0; (width + 1) * height],
    };
    for curve in curves {
        raster.curve(curve.map(|(x, y)| (x - left * DOT, y - top * DOT)));
    }
    Mask {
        left,
        top,
        width,
        dots: raster.dots(),
    }
}

/// Collects edges. A cell holds by how much the sum of a dot's lines differs from that of the dot to its left.
struct Raster {
    row: usize,
    cells: Vec<i64>,
}

impl Raster {
    /// Adds a curve as a chain of edges, the more the longer it is. A line is one edge.
    fn curve(&mut self, [begin, first, second, end]: [Point; 4]) {
        let length = |from: Point, to: Point| (from.0 - to.0).abs() + (from.1 - to.1).abs();
        let bend = length(begin, first) + length(second, end);
        let count = (bend > 0).then(|| 2 + (bend + length(first, second)) / (2 * DOT));
        let count = count.unwrap_or(1).min(32);
        let mut from = begin;
        for at in 1..=count {
            let rest = count - at;
            let mix = |of: fn(Point) -> i64| {
                let sum = rest * rest * rest * of(begin)
                    + 3 * rest * rest * at * of(first)
                    + 3 * rest * at * at * of(second)
                    + at * at * at * of(end);
                sum / (count * count * count)
            };
            let to = (mix(|point| point.0), mix(|point| point.1));
            self.edge(from, to);
            from = to;
        }
    }

    /// Adds an edge: on each line that it crosses, all that is right of it comes inside, or leaves if the edge rises.
    fn edge(&mut self, from: Point, to: Point) {
        let (sign, upper, lower) = if from.1 < to.1 { (1, from, to) } else { (-1, to, from) };
        // Lines lie in the middle of their steps.
        let first = |y: i64| (y + STEP / 2 - 1) / STEP;
        for line in first(upper.1)..first(lower.1) {
            let down = line * STEP + STEP / 2 - upper.1;
            let x = upper.0 + (lower.0 - upper.0) * down / (lower.1 - upper.1);
            let cell = (line / LINES) as usize * self.row + (x / DOT) as usize;
            self.cells[cell] += sign * (DOT - x % DOT);
            self.cells[cell + 1] += sign * (x % DOT);
        }
    }

    /// Sums the cells up to dots.
    fn dots(&self) -> Vec<u8> {
        let rows = self.cells.chunks(self.row).flat_map(|row| {
            row[..self.row - 1].iter().scan(0, |sum: &mut i64, cell| {
                *sum += cell;
                Some((sum.abs() * 255 / (DOT * LINES)).min(255) as u8)
            })
        });
        rows.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A closed polygon, in dots.
    fn polygon(corners: &[Point]) -> Vec<[Point; 4]> {
        let next = corners.iter().cycle().skip(1);
        let scaled = |(x, y): &Point| (x * DOT, y * DOT);
        let edges = corners.iter().zip(next).map(|(from, to)| (scaled(from), scaled(to)));
        edges.map(|(from, to)| [from, from, to, to]).collect()
    }

    fn filled(curves: &[[Point; 4]], scale: i64) -> Mask {
        fill(curves, |(x, y)| (x / scale, y / scale))
    }

    #[test]
    fn a_square_covers_its_dots_and_parts_of_those_it_cuts() {
        let square = polygon(&[(2, 3), (2, 9), (8, 9), (8, 3)]);
        let whole = filled(&square, 1);
        assert!(
            whole
                .covered()
                .all(|(x, y, dot)| (2..8).contains(&x) && (3..9).contains(&y) && dot == 255)
        );
        assert_eq!(whole.covered().count(), 36);
        // 1 to 4 by 1.5 to 4.5.
        let half = filled(&square, 2);
        let column: Vec<_> = half.covered().filter(|(x, ..)| *x == 1).collect();
        assert_eq!(column, [(1, 1, 127), (1, 2, 255), (1, 3, 255), (1, 4, 127)]);
    }

    #[test]
    fn a_contour_that_turns_the_other_way_is_a_hole() {
        let mut ring = polygon(&[(0, 0), (0, 6), (6, 6), (6, 0)]);
        ring.extend(polygon(&[(2, 2), (4, 2), (4, 4), (2, 4)]));
        assert_eq!(filled(&ring, 1).covered().count(), 32);
    }

    #[test]
    fn a_circle_of_four_curves_covers_its_area() {
        // The usual approximation of a quarter of a circle: 0.5523 of its radius.
        let (r, c) = (20 * DOT, 20 * DOT * 5523 / 10_000);
        let quarters = [(1, 0), (0, 1), (-1, 0), (0, -1)];
        let circle: Vec<_> = (0..4)
            .map(|at| {
                let ((ax, ay), (bx, by)) = (quarters[at], quarters[(at + 1) % 4]);
                [
                    (ax * r, ay * r),
                    (ax * r + bx * c, ay * r + by * c),
                    (bx * r + ax * c, by * r + ay * c),
                    (bx * r, by * r),
                ]
            })
            .collect();
        let mask = filled(&circle, 1);
        let area: u64 = mask.dots.iter().map(|dot| u64::from(*dot)).sum();
        // 400 π dots.
        assert!((area / 255).abs_diff(1257) < 8, "{}", area / 255);
        assert_eq!((mask.left, mask.top), (-20, -20));
    }

    #[test]
    fn an_outline_without_curves_or_beyond_all_measure_has_no_dots() {
        assert_eq!(filled(&[], 1), Mask::default());
        let large = polygon(&[(0, 0), (0, 5000), (1, 5000)]);
        assert_eq!(filled(&large, 1).covered().count(), 0);
        assert!(filled(&large, 5).covered().count() > 0);
    }
}
