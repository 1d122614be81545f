use std::collections::{HashMap, HashSet};

use contracts::Category;
use resvg::usvg;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::*;

/// Seeds like those of real events, which differ mostly in their last bits.
fn seed(n: u32) -> Uuid {
    Uuid::from_u128(0x0190_5a7b_3c00_7000_8000_0000_0000_0000 + u128::from(n))
}

fn series(per_category: u32) -> impl Iterator<Item = (Category, Uuid, String)> {
    Category::ALL.iter().flat_map(move |&category| {
        (0..per_category).map(seed).map(move |seed| (category, seed, cover_svg(category, seed)))
    })
}

/// Whoever has to change this hash redraws the poster of every event there is, in caches that keep them for a year.
#[test]
fn the_art_never_changes() {
    let mut hash = Sha256::new();
    for (_, _, svg) in series(20) {
        hash.update(svg);
    }
    let hash = u128::from_be_bytes(hash.finalize()[..16].try_into().unwrap());
    assert_eq!(format!("{hash:032x}"), "b7d4e5d86c3e3427d2856cbc00f1ef04");
}

#[test]
fn every_cover_is_small_and_inert() {
    for (category, seed, svg) in series(300) {
        assert!(svg.len() <= 6000, "{category} {seed}: {} bytes", svg.len());
        for banned in [
            "<script",
            "<text",
            "Gradient",
            "<filter",
            "mix-blend",
            "href",
            "<style",
            "<image",
            "http:",
            "https:",
            "NaN",
            "inf",
        ] {
            let body = svg.replace("http://www.w3.org/2000/svg", "");
            assert!(!body.contains(banned), "{category} {seed} contains {banned}");
        }
    }
}

#[test]
fn every_cover_is_valid_svg_of_the_same_size() {
    for (category, seed, svg) in series(60) {
        let tree = usvg::Tree::from_str(&svg, &usvg::Options::default());
        let tree = tree.unwrap_or_else(|error| panic!("{category} {seed}: {error}"));
        assert_eq!((tree.size().width(), tree.size().height()), (800.0, 1000.0));
        assert!(tree.root().has_children(), "{category} {seed} is empty");
    }
}

#[test]
fn every_composition_is_drawn() {
    for &category in Category::ALL {
        let compositions = grammar::compositions(category);
        assert!(compositions.len() >= 7, "{category}");
        let drawn: HashSet<usize> = (0..300).map(|n| Poster::new(category, seed(n)).composition as usize).collect();
        assert_eq!(drawn.len(), compositions.len(), "{category}");
    }
}

#[test]
fn neighbouring_events_have_different_covers() {
    let mut seen = HashMap::new();
    for (category, seed, svg) in series(300) {
        if let Some(twin) = seen.insert(without_ids(&svg), seed) {
            panic!("{category}: {seed} looks like {twin}");
        }
    }
}

#[test]
fn one_event_has_another_cover_in_another_category() {
    let covers: HashSet<String> =
        Category::ALL.iter().map(|&category| without_ids(&cover_svg(category, seed(1)))).collect();
    assert_eq!(covers.len(), Category::ALL.len());
}

#[test]
fn clip_ids_are_unique_within_a_document_of_several_sheets() {
    let poster = Poster::new(Category::Music, seed(3));
    let sheets: Vec<HashSet<String>> = (0..3).map(|copy| ids(&poster.draw(poster.printing, copy, ""))).collect();
    assert!(
        sheets[0].is_disjoint(&sheets[1]) && sheets[1].is_disjoint(&sheets[2]) && sheets[0].is_disjoint(&sheets[2])
    );
}

#[test]
fn every_crop_has_its_shape() {
    for (crop, width, size) in
        [(Crop::Portrait, 400, (400, 500)), (Crop::Square, 320, (320, 320)), (Crop::Landscape, 1200, (1200, 630))]
    {
        let png = cover_png(Category::Film, seed(9), crop, width).unwrap();
        assert_eq!(size_of_png(&png), size, "{crop:?}");
    }
}

#[test]
fn a_png_of_an_absurd_width_is_refused() {
    for width in [0, MAX_WIDTH + 1, u32::MAX] {
        let refused = cover_png(Category::Film, seed(9), Crop::Portrait, width);
        assert!(matches!(refused, Err(CoverError::Width(refused)) if refused == width));
    }
}

fn without_ids(svg: &str) -> String {
    ids(svg).into_iter().fold(svg.to_owned(), |svg, id| svg.replace(&id, ""))
}

fn ids(svg: &str) -> HashSet<String> {
    svg.split(r#"id=""#).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

/// Width and height from the header chunk, which is always the first.
fn size_of_png(png: &[u8]) -> (u32, u32) {
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}
