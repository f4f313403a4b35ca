//! A small picture to draw on: rectangles, coverage of letters, a grey photo; and the PNG file of it.
//!
//! Everything outside the picture is cut off, so that no coordinates can make it panic.

use std::io;

use png::{BitDepth, ColorType, DeflateCompression, Encoder, Filter, PixelDimensions, Unit};

/// Red, green, blue.
pub(super) type Colour = [u8; 3];

/// A rectangle in dots, from the upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

impl Area {
    pub(super) const fn new(x: f32, y: f32, width: f32, height: f32) -> Self {
        Self { x, y, width, height }
    }

    /// The rectangle that is `by` smaller on every side.
    pub(super) const fn inside(self, by: f32) -> Self {
        Self::new(self.x + by, self.y + by, self.width - 2.0 * by, self.height - 2.0 * by)
    }

    /// Returns the part of the dot at `(x, y)` that is inside the rectangle with corners rounded by `radius`: 0 to 1.
    fn coverage(&self, x: usize, y: usize, radius: f32) -> f32 {
        // The distance of the dot's middle from the edge of the rounded box, negative inside.
        let half = (self.width / 2.0, self.height / 2.0);
        let across = (x as f32 + 0.5 - self.x - half.0).abs() - half.0 + radius;
        let down = (y as f32 + 0.5 - self.y - half.1).abs() - half.1 + radius;
        let (right, below) = (across.max(0.0), down.max(0.0));
        // Not `hypot`: its last digit differs between systems.
        let outside = (right * right + below * below).sqrt();
        let distance = outside + across.max(down).min(0.0) - radius;
        (0.5 - distance).clamp(0.0, 1.0)
    }
}

/// Dots of a greyscale picture, row by row.
pub(super) struct Grey<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) dots: &'a [u8],
}

/// The picture.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    dots: Vec<Colour>,
}

impl Canvas {
    /// A picture of one colour.
    pub(super) fn new(width: usize, height: usize, colour: Colour) -> Self {
        Self {
            width,
            height,
            dots: vec![colour; width * height],
        }
    }

    /// Mixes `colour` into a dot, with an `opacity` from 0 to 1.
    pub(super) fn blend(&mut self, x: i64, y: i64, colour: Colour, opacity: f32) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return;
        };
        if x >= self.width || y >= self.height {
            return;
        }
        let opacity = opacity.clamp(0.0, 1.0);
        for (below, above) in self.dots[y * self.width + x].iter_mut().zip(colour) {
            let mixed = f32::from(*below) * (1.0 - opacity) + f32::from(above) * opacity;
            *below = mixed.round() as u8;
        }
    }

    /// Draws a rectangle with rounded corners.
    pub(super) fn fill(&mut self, area: Area, radius: f32, colour: Colour) {
        let dots = |from: f32, length: f32, limit: usize| {
            let end = (from + length).ceil().clamp(0.0, limit as f32) as usize;
            (from.floor().clamp(0.0, limit as f32) as usize)..end
        };
        for y in dots(area.y, area.height, self.height) {
            for x in dots(area.x, area.width, self.width) {
                self.blend(x as i64, y as i64, colour, area.coverage(x, y, radius));
            }
        }
    }

    /// Draws a photo, scaled to fit into `area`, in its middle. Draws nothing if the photo has no dots.
    pub(super) fn photo(&mut self, photo: &Grey<'_>, area: Area) {
        if photo.width == 0 || photo.height == 0 || photo.dots.len() < photo.width * photo.height {
            return;
        }
        let scale = (area.width / photo.width as f32).min(area.height / photo.height as f32);
        let (width, height) = (photo.width as f32 * scale, photo.height as f32 * scale);
        let left = (area.x + (area.width - width) / 2.0).round() as i64;
        let top = (area.y + (area.height - height) / 2.0).round() as i64;
        let (columns, rows) = (width.floor() as usize, height.floor() as usize);
        // Each dot is the mean of the dots of the photo that it replaces.
        let span = |at: usize, count: usize, length: usize| {
            let begin = at * length / count;
            begin..((at + 1) * length / count).clamp(begin + 1, length)
        };
        for row in 0..rows {
            let lines = span(row, rows, photo.height);
            for column in 0..columns {
                let dots = span(column, columns, photo.width);
                let count = (lines.len() * dots.len()) as u32;
                let lines = lines.clone().map(|line| line * photo.width);
                let sum = lines.flat_map(|line| &photo.dots[line + dots.start..line + dots.end]);
                let grey = (sum.map(|dot| u32::from(*dot)).sum::<u32>() / count) as u8;
                self.blend(left + column as i64, top + row as i64, [grey; 3], 1.0);
            }
        }
    }

    /// Returns the PNG file. Its corners are rounded by `radius` and transparent; its header states the dots per metre.
    ///
    /// # Errors
    /// None in practice, because the file is written to memory.
    pub(super) fn png(&self, radius: f32, dots_per_metre: u32) -> io::Result<Vec<u8>> {
        let whole = Area::new(0.0, 0.0, self.width as f32, self.height as f32);
        let mut dots = Vec::with_capacity(4 * self.dots.len());
        for (at, [red, green, blue]) in self.dots.iter().enumerate() {
            let coverage = whole.coverage(at % self.width, at / self.width, radius);
            dots.extend([*red, *green, *blue, (coverage * 255.0).round() as u8]);
        }
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, self.width as u32, self.height as u32);
        encoder.set_color(ColorType::Rgba);
        encoder.set_depth(BitDepth::Eight);
        // Areas of one colour and equal letters compress best as they are: a fifth smaller than with filters.
        encoder.set_filter(Filter::NoFilter);
        encoder.set_deflate_compression(DeflateCompression::Level(9));
        encoder.set_pixel_dims(Some(PixelDimensions {
            xppu: dots_per_metre,
            yppu: dots_per_metre,
            unit: Unit::Meter,
        }));
        let mut writer = encoder.write_header().map_err(io::Error::other)?;
        writer.write_image_data(&dots).map_err(io::Error::other)?;
        writer.finish().map_err(io::Error::other)?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawing_outside_the_picture_is_cut_off() {
        let mut canvas = Canvas::new(4, 3, [255; 3]);
        canvas.fill(Area::new(-5.0, -5.0, 100.0, 7.0), 0.0, [0; 3]);
        canvas.blend(-1, 0, [9; 3], 1.0);
        canvas.blend(4, 0, [9; 3], 1.0);
        assert_eq!(canvas.dots[..8], [[0; 3]; 8]);
        assert_eq!(canvas.dots[8..], [[255; 3]; 4]);
    }

    #[test]
    fn a_photo_keeps_its_proportions_and_its_mean() {
        let mut canvas = Canvas::new(8, 4, [255; 3]);
        let photo = Grey {
            width: 4,
            height: 4,
            dots: &[0, 100, 0, 100, 100, 0, 100, 0, 0, 100, 0, 100, 100, 0, 100, 0],
        };
        canvas.photo(&photo, Area::new(0.0, 1.0, 8.0, 2.0));
        let row = |y: usize| canvas.dots[y * 8..][..8].iter().map(|dot| dot[0]).collect::<Vec<_>>();
        assert_eq!(row(0), [255; 8]);
        assert_eq!(row(1), [255, 255, 255, 50, 50, 255, 255, 255]);
        canvas.photo(
            &Grey {
                width: 9,
                height: 9,
                dots: &[],
            },
            Area::new(0.0, 0.0, 8.0, 4.0),
        );
    }

    #[test]
    fn the_corners_are_transparent_and_the_middle_is_opaque() {
        let file = Canvas::new(40, 30, [1, 2, 3]).png(10.0, 11_811).unwrap();
        let mut reader = png::Decoder::new(io::Cursor::new(file)).read_info().unwrap();
        let mut dots = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut dots).unwrap();
        assert_eq!(dots[..4], [1, 2, 3, 0]);
        assert_eq!(dots[4 * (15 * 40 + 20)..][..4], [1, 2, 3, 255]);
        assert_eq!(reader.info().pixel_dims.unwrap().xppu, 11_811);
    }
}
