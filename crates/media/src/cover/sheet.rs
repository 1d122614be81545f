//! The sheet of paper: collects marks in printing order and writes the SVG.

use std::fmt::Write as _;

use super::palette::Colours;
use super::shape::num;

/// Width of a sheet in its own units.
pub(super) const WIDTH: f64 = 800.0;
/// Height of a sheet in its own units.
pub(super) const HEIGHT: f64 = 1000.0;

/// The series knows three line weights, so that posters drawn by different grammars share a grain.
pub(super) const FINE: f64 = 10.0;
pub(super) const FIRM: f64 = 24.0;
pub(super) const BOLD: f64 = 56.0;

/// What a mark is printed with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Ground,
    A,
    B,
    Over,
}

/// A figure or a line, possibly moved to another place.
#[derive(Clone)]
pub(super) struct Mark {
    d: String,
    stroke: Option<f64>,
    round: bool,
    place: Option<(f64, f64, f64)>,
}

impl From<String> for Mark {
    fn from(d: String) -> Self {
        Self { d, stroke: None, round: false, place: None }
    }
}

/// A line of the given weight with square ends.
pub(super) fn line(d: String, weight: f64) -> Mark {
    Mark { stroke: Some(weight), ..Mark::from(d) }
}

/// A line of the given weight with round ends and joins.
pub(super) fn cord(d: String, weight: f64) -> Mark {
    Mark { round: true, ..line(d, weight) }
}

impl Mark {
    /// Moves the mark's origin to the point and turns it around there.
    pub(super) fn at(mut self, x: f64, y: f64, degrees: f64) -> Self {
        self.place = Some((x, y, degrees));
        self
    }

    fn write(&self, out: &mut String, colour: Option<&str>) {
        let _ = write!(out, r#"<path d="{}""#, self.d);
        if let Some((x, y, degrees)) = self.place {
            let _ = write!(out, r#" transform="translate({} {})"#, num(x), num(y));
            if degrees != 0.0 {
                let _ = write!(out, "rotate({})", num(degrees));
            }
            out.push('"');
        }
        match (colour, self.stroke) {
            (None, _) => {}
            (Some(colour), None) => {
                let _ = write!(out, r#" fill="{colour}""#);
            }
            (Some(colour), Some(weight)) => {
                let _ = write!(out, r#" fill="none" stroke="{colour}" stroke-width="{}""#, num(weight));
                if self.round {
                    out.push_str(r#" stroke-linecap="round" stroke-linejoin="round""#);
                }
            }
        }
        out.push_str("/>");
    }
}

/// A sheet being printed.
pub(super) struct Sheet {
    body: String,
    colours: Colours,
    /// Makes clip ids unique when several covers end up in one document.
    id: u32,
    clips: u32,
}

impl Sheet {
    pub(super) fn new(colours: Colours, id: u32) -> Self {
        Self { body: String::new(), colours, id, clips: 0 }
    }

    fn colour(&self, ink: Ink) -> &'static str {
        match ink {
            Ink::Ground => self.colours.ground,
            Ink::A => self.colours.a,
            Ink::B => self.colours.b,
            Ink::Over => self.colours.over,
        }
    }

    /// Prints a mark on top of what is there.
    pub(super) fn put(&mut self, ink: Ink, mark: impl Into<Mark>) {
        let colour = self.colour(ink);
        mark.into().write(&mut self.body, Some(colour));
    }

    /// Prints the part of a mark that lies within a figure.
    pub(super) fn inside(&mut self, figure: impl Into<Mark>, ink: Ink, mark: impl Into<Mark>) {
        let colour = self.colour(ink);
        let clip = format!("c{:x}-{}", self.id, self.clips);
        self.clips += 1;
        let _ = write!(self.body, r#"<clipPath id="{clip}">"#);
        figure.into().write(&mut self.body, None);
        let _ = write!(self.body, r#"</clipPath><g clip-path="url(#{clip})">"#);
        mark.into().write(&mut self.body, Some(colour));
        self.body.push_str("</g>");
    }

    /// Prints a figure in ink A, a mark in ink B, and the overprint where they meet.
    pub(super) fn over(&mut self, a: impl Into<Mark>, b: impl Into<Mark>) {
        let (a, b) = (a.into(), b.into());
        // B first: were it printed over A, its softened edge would show as a bright fringe around the overprint.
        self.put(Ink::B, b.clone());
        self.put(Ink::A, a.clone());
        self.inside(a, Ink::Over, b);
    }

    /// Prints what `draw` prints, turned around the middle of the sheet.
    pub(super) fn turned(&mut self, degrees: f64, draw: impl FnOnce(&mut Self)) {
        let _ = write!(self.body, r#"<g transform="rotate({} {} {})">"#, num(degrees), WIDTH / 2.0, HEIGHT / 2.0);
        draw(self);
        self.body.push_str("</g>");
    }

    /// Prints what `draw` prints, mirrored left to right.
    pub(super) fn mirrored(&mut self, draw: impl FnOnce(&mut Self)) {
        let _ = write!(self.body, r#"<g transform="matrix(-1 0 0 1 {WIDTH} 0)">"#);
        draw(self);
        self.body.push_str("</g>");
    }

    /// The finished sheet as an SVG element; `size` is its attributes for place and size.
    pub(super) fn finish(self, size: &str) -> String {
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {WIDTH} {HEIGHT}"><path d="M0 0h{WIDTH}v{HEIGHT}H0z" fill="{}"/>{}</svg>"#,
            self.colours.ground, self.body
        )
    }
}
