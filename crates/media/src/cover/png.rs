//! Posters as pixels, for the places that take no SVG: link previews, mail, tickets.

use contracts::Category;
use resvg::{tiny_skia, usvg};
use uuid::Uuid;

use super::Poster;
use super::palette::WALL;
use super::sheet::{HEIGHT, WIDTH};

/// The widest picture that is rendered, in pixels: a bound on memory (4 bytes a pixel), far above what any screen asks for.
pub const MAX_WIDTH: u32 = 2400;

/// What part of the poster is shown, and on what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crop {
    /// The whole poster, 4:5.
    Portrait,
    /// The middle of the poster, 1:1.
    Square,
    /// 1200:630 for link previews (Open Graph): the poster pasted on a wall between two sister printings, so that a service
    /// that crops the middle still shows it whole.
    Landscape,
}

impl Crop {
    /// Height over width.
    const fn ratio(self) -> (u32, u32) {
        match self {
            Self::Portrait => (5, 4),
            Self::Square => (1, 1),
            Self::Landscape => (630, 1200),
        }
    }
}

/// Why a poster could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum CoverError {
    /// The width is 0 or above [`MAX_WIDTH`].
    #[error("a cover is 1 to {MAX_WIDTH} pixels wide, not {0}")]
    Width(u32),
    /// The drawing is not valid SVG; a grammar is at fault.
    #[error("the cover's SVG could not be read")]
    Svg(#[from] usvg::Error),
    /// The pixels could not be written as PNG.
    #[error("the cover could not be written as PNG: {0}")]
    Png(String),
}

/// The poster of an event as a PNG, `width` pixels wide and as high as the crop asks. This is tens of milliseconds of
/// computation: keep it off threads that serve others.
pub fn cover_png(category: Category, seed: Uuid, crop: Crop, width: u32) -> Result<Vec<u8>, CoverError> {
    if width == 0 || width > MAX_WIDTH {
        return Err(CoverError::Width(width));
    }
    let (over, under) = crop.ratio();
    let height = (width * over).div_ceil(under);
    let tree = usvg::Tree::from_str(&document(category, seed, crop), &usvg::Options::default())?;
    let mut pixels = tiny_skia::Pixmap::new(width, height).ok_or(CoverError::Width(width))?;
    let size = tree.size();
    #[expect(clippy::cast_precision_loss, reason = "at most a few thousand pixels")]
    let scale = tiny_skia::Transform::from_scale(width as f32 / size.width(), height as f32 / size.height());
    resvg::render(&tree, scale, &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| CoverError::Png(error.to_string()))
}

fn document(category: Category, seed: Uuid, crop: Crop) -> String {
    let poster = Poster::new(category, seed);
    match crop {
        Crop::Portrait => poster.draw(poster.printing, 0, r#"width="800" height="1000""#),
        Crop::Square => {
            let inner = poster.draw(
                poster.printing,
                0,
                &format!(r#"y="{}" width="800" height="1000""#, (WIDTH - HEIGHT) / 2.0),
            );
            format!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" width="800" height="800" viewBox="0 0 800 800">{inner}</svg>"#
            )
        }
        Crop::Landscape => {
            let [left, right] = poster.printing.sisters();
            let sheets: String = [(left, 0, -100), (poster.printing, 1, 376), (right, 2, 852)]
                .into_iter()
                .map(|(printing, copy, x)| {
                    poster.draw(printing, copy, &format!(r#"x="{x}" y="35" width="448" height="560""#))
                })
                .collect();
            format!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="630" viewBox="0 0 1200 630"><path d="M0 0h1200v630H0z" fill="{WALL}"/>{sheets}</svg>"#
            )
        }
    }
}
