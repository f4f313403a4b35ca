//! Photos of people that don't exist: plain figures, drawn from the seed.

use rand_core::RngCore;

use crate::workshop::{MakeError, Workshop};

/// The JP2 file of the figure with this label. Figures of different labels differ in tone, size and place.
pub(crate) fn figure(workshop: &Workshop, label: &str) -> Result<Vec<u8>, MakeError> {
    const WIDTH: u32 = vmyna_photo::WIDTH;
    const HEIGHT: u32 = vmyna_photo::HEIGHT;
    let mut rng = workshop.rng(&format!("photo/{label}"));
    let mut draw = |low: i64, range: u32| low + i64::from(rng.next_u32() % range);
    let (x, y) = (draw(150, 80), draw(150, 60));
    let (head, body) = (draw(60, 30), draw(110, 50));
    let (skin, cloth, back) = (draw(150, 60), draw(30, 60), draw(220, 30));
    let tone = |at: u32| {
        let (column, row) = (i64::from(at % WIDTH) - x, i64::from(at / WIDTH) - y);
        let chest = row - head - body;
        let tone = match () {
            () if column * column * 4 + row * row * 3 < head * head * 4 => skin,
            () if column * column + chest * chest < body * body => cloth,
            () => back,
        };
        u8::try_from(tone).unwrap_or_default()
    };
    let dots: Vec<u8> = (0..WIDTH * HEIGHT).map(tone).collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Grayscale);
    let failed = |_| MakeError::Form("a figure can be drawn");
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&dots).map_err(failed)?;
    writer.finish().map_err(failed)?;
    vmyna_photo::to_card(&file).map_err(|_| MakeError::Form("a figure is a photo of a card"))
}
