//! Prints a contact sheet of covers, to judge the series by eye:
//! `cargo run -p media --example contact_sheet -- OUT.png [COLUMNS ROWS WIDTH [CATEGORY|all [FIRST]]]`.
//! With 1 column and 1 row it prints the link preview of that one event instead.

#![expect(clippy::cast_precision_loss, reason = "pixels of one picture")]

use std::{fs, process::ExitCode, str::FromStr};

use contracts::Category;
use media::cover::{Crop, cover_png, cover_svg};
use resvg::{tiny_skia, usvg};
use uuid::Uuid;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match print(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn print(arguments: &[String]) -> Result<(), String> {
    let out = arguments.first().ok_or("where to?")?;
    let number = |index: usize, default: u32| {
        arguments.get(index).map_or(Ok(default), |text| text.parse().map_err(|_| format!("not a number: {text}")))
    };
    let (columns, rows, width) = (number(1, 25)?, number(2, 12)?, number(3, 96)?);
    let only = match arguments.get(4).map(String::as_str) {
        None | Some("all") => None,
        Some(name) => Some(Category::from_str(name).map_err(|error| error.to_string())?),
    };
    let first = number(5, 0)?;
    let seed_of =
        |index: u32| Uuid::from_u128(u128::from(first + index).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835));
    if columns * rows == 1 {
        let png = cover_png(only.unwrap_or(Category::Music), seed_of(0), Crop::Landscape, width);
        return fs::write(out, png.map_err(|error| error.to_string())?).map_err(|error| error.to_string());
    }
    let (height, gap) = (width * 5 / 4, width / 12);
    let (w, h) = (columns * (width + gap) + gap, rows * (height + gap) + gap);
    let mut sheet = tiny_skia::Pixmap::new(w, h).ok_or("too large")?;
    // Half on the light page, half on the dark one.
    sheet.fill(tiny_skia::Color::from_rgba8(250, 246, 238, 255));
    if let Some(dark) = tiny_skia::Rect::from_xywh(0.0, (h / 2) as f32, w as f32, h as f32) {
        let mut paint = tiny_skia::Paint::default();
        paint.set_color_rgba8(16, 20, 30, 255);
        sheet.fill_rect(dark, &paint, tiny_skia::Transform::identity(), None);
    }
    for index in 0..columns * rows {
        let category = only.unwrap_or(Category::ALL[(index as usize * 5) % Category::ALL.len()]);
        let seed = seed_of(index);
        let tree = usvg::Tree::from_str(&cover_svg(category, seed), &usvg::Options::default())
            .map_err(|error| error.to_string())?;
        let mut poster = tiny_skia::Pixmap::new(width, height).ok_or("too small")?;
        let scale = width as f32 / tree.size().width();
        resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut poster.as_mut());
        let (x, y) = (gap + index % columns * (width + gap), gap + index / columns * (height + gap));
        sheet.draw_pixmap(
            x.cast_signed(),
            y.cast_signed(),
            poster.as_ref(),
            &tiny_skia::PixmapPaint::default(),
            tiny_skia::Transform::identity(),
            None,
        );
    }
    fs::write(out, sheet.encode_png().map_err(|error| error.to_string())?).map_err(|error| error.to_string())
}
