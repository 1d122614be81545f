//! One visual grammar per category. A grammar is a handful of compositions; a composition draws one poster from the dice.
//! Ink A carries the main mass, ink B the answer to it, and the sheet overprints them where they meet.
#![expect(
    clippy::many_single_char_names,
    clippy::similar_names,
    reason = "x, y, w, h, r are the terms of plane geometry, and tail and tall are both needed"
)]

mod art;
mod community;
mod family;
mod film;
mod food;
mod market;
mod music;
mod other;
mod outdoors;
mod sport;
mod talks;
mod tech;
mod theatre;
mod wellbeing;

use contracts::Category;

use super::dice::Dice;
use super::sheet::Sheet;

/// Draws one poster.
pub(super) type Composition = fn(&mut Sheet, &mut Dice);

/// What a grammar file needs.
mod prelude {
    pub(super) use super::super::dice::Dice;
    pub(super) use super::super::shape::{
        Pen, arc, arch, band, bar, circle, ellipse, half, hole, leaf, pill, plume, polar, poly, rect, ring, round_rect,
        sector, segment, star, wave,
    };
    pub(super) use super::super::sheet::{BOLD, FINE, FIRM, HEIGHT, Ink, Mark, Sheet, WIDTH, cord, line};
    pub(super) use super::Composition;
}

pub(super) const fn compositions(category: Category) -> &'static [Composition] {
    match category {
        Category::Music => music::ALL,
        Category::Sport => sport::ALL,
        Category::Art => art::ALL,
        Category::Theatre => theatre::ALL,
        Category::Food => food::ALL,
        Category::Tech => tech::ALL,
        Category::Talks => talks::ALL,
        Category::Family => family::ALL,
        Category::Market => market::ALL,
        Category::Outdoors => outdoors::ALL,
        Category::Community => community::ALL,
        Category::Film => film::ALL,
        Category::Wellbeing => wellbeing::ALL,
        Category::Other => other::ALL,
    }
}

/// Of a hundred posters of the category, how many are printed on the night ground.
pub(super) const fn night(category: Category) -> u32 {
    match category {
        Category::Film | Category::Theatre => 35,
        Category::Music => 25,
        Category::Tech | Category::Talks | Category::Art => 8,
        _ => 0,
    }
}
