//! A ticket as a picture that the entrance can read (QR code, ISO/IEC 18004).

use png::{BitDepth, ColorType, Encoder};
use qrcode::{Color, EcLevel, QrCode, types::QrError};

/// The white around the code, in modules: what a reader may rely on.
const QUIET: usize = 4;
/// The least width, in pixels: sharp on a screen that is held up, and in print.
const LEAST: usize = 600;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("the ticket does not fit into a code: {0}")]
    Code(#[from] QrError),
    #[error("the picture cannot be written: {0}")]
    Png(#[from] png::EncodingError),
}

/// The code as a square PNG, black on white. Error correction M mends 15 %: a scratch, a reflection.
pub fn picture(ticket: &str) -> Result<Vec<u8>, PictureError> {
    let code = QrCode::with_error_correction_level(ticket, EcLevel::M)?;
    let modules = code.width() + 2 * QUIET;
    let scale = LEAST.div_ceil(modules);
    let width = modules * scale;
    let inside = QUIET..QUIET + code.width();
    let is_dark = |x, y| inside.contains(&x) && inside.contains(&y) && code[(x - QUIET, y - QUIET)] == Color::Dark;
    // Eight pixels a byte.
    let mut pixels = Vec::with_capacity(width * width.div_ceil(8));
    for y in 0..modules {
        let mut line = vec![0xff_u8; width.div_ceil(8)];
        for x in (0..width).filter(|x| is_dark(x / scale, y)) {
            line[x / 8] &= !(0x80 >> (x % 8));
        }
        for _ in 0..scale {
            pixels.extend_from_slice(&line);
        }
    }
    let side = u32::try_from(width).unwrap_or(u32::MAX);
    let mut png = Vec::new();
    let mut encoder = Encoder::new(&mut png, side, side);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(png)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pixels in rows, as a reader sees them: whether they are dark.
    fn read(png: &[u8]) -> Vec<Vec<bool>> {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(frame.width, frame.height);
        pixels.chunks(frame.width as usize).map(|row| row.iter().map(|it| *it < 128).collect()).collect()
    }

    #[test]
    fn a_picture_is_the_code_sharp_and_with_white_around_it() {
        for ticket in [
            "x".to_owned(),
            "T1.01900000-0000-7000-8000-000000000001.".to_owned() + &"aB3-_".repeat(20),
            "ü".repeat(1000),
        ] {
            let code = QrCode::with_error_correction_level(&ticket, EcLevel::M).unwrap();
            let pixels = read(&picture(&ticket).unwrap());
            let modules = code.width() + 8;
            assert!(pixels.len() >= 600 && pixels.len().is_multiple_of(modules), "{} pixels", pixels.len());
            let scale = pixels.len() / modules;
            for (y, row) in pixels.iter().enumerate() {
                for (x, dark) in row.iter().enumerate() {
                    let (x, y) = (x / scale, y / scale);
                    let inside = (4..modules - 4).contains(&x) && (4..modules - 4).contains(&y);
                    assert_eq!(*dark, inside && code[(x - 4, y - 4)] == Color::Dark, "{x}, {y}");
                }
            }
        }
        assert!(picture(&"x".repeat(2332)).is_err());
    }
}
