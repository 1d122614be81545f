//! Cover art: a deterministic poster for every event that has no picture of its own.
//!
//! A poster is two flat inks on warm paper. `dice` turns category and seed into a sequence of choices, `palette` holds the
//! inks, `shape` and `sheet` draw, and `grammar` knows what a concert or a market looks like. The output is plain SVG:
//! filled and stroked paths and clip paths, no text, gradients, filters, blending or references outside the document, so a
//! browser and the rasteriser show the same thing.

mod dice;
mod grammar;
mod palette;
mod png;
mod shape;
mod sheet;

#[cfg(test)]
mod tests;

use contracts::Category;
use uuid::Uuid;

pub use png::{CoverError, Crop, MAX_WIDTH, cover_png};

use dice::Dice;
use palette::{Palette, Printing};
use sheet::Sheet;

/// One poster, decided but not yet drawn.
struct Poster {
    palette: &'static Palette,
    printing: Printing,
    composition: grammar::Composition,
    mirrored: bool,
    /// The dice after these choices: every drawing of the poster starts from here.
    art: u64,
}

impl Poster {
    fn new(category: Category, seed: Uuid) -> Self {
        let mut dice = Dice::new(category.as_str(), seed);
        let palette = Palette::draw(&mut dice);
        let printing = Printing::draw(&mut dice, grammar::night(category));
        let composition = dice.pick(grammar::compositions(category));
        let mirrored = dice.chance(50);
        Self { palette, printing, composition, mirrored, art: dice.state() }
    }

    /// The poster as an SVG element. `copy` tells several drawings in one document apart.
    fn draw(&self, printing: Printing, copy: u32, size: &str) -> String {
        let mut dice = Dice::resume(self.art);
        let id = dice.id().wrapping_add(copy);
        let mut sheet = Sheet::new(self.palette.colours(printing), id);
        if self.mirrored {
            sheet.mirrored(|sheet| (self.composition)(sheet, &mut dice));
        } else {
            (self.composition)(&mut sheet, &mut dice);
        }
        sheet.finish(size)
    }
}

/// The poster of an event as an SVG document of 800 × 1000 units and at most 6 kB. The same category and seed give the same
/// bytes for ever.
pub fn cover_svg(category: Category, seed: Uuid) -> String {
    let poster = Poster::new(category, seed);
    poster.draw(poster.printing, 0, r#"width="800" height="1000""#)
}
