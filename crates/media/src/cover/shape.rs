//! Plane geometry as SVG path data. Lengths are sheet units (a sheet is 800 × 1000), y grows downwards, angles are degrees
//! clockwise from east. Closed figures run clockwise, so a figure run the other way (`hole`) cuts through them.
#![expect(
    clippy::many_single_char_names,
    clippy::similar_names,
    reason = "x, y, w, h, r are the terms of plane geometry"
)]

use std::fmt::Write as _;

/// A number as short as SVG allows; a tenth of a unit is below what a screen shows.
pub(super) fn num(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    // `-0` would be valid, but is noise.
    if rounded == 0.0 { "0".to_owned() } else { format!("{rounded}") }
}

/// Builds path data segment by segment.
pub(super) struct Pen(String);

impl Pen {
    pub(super) fn at(x: f64, y: f64) -> Self {
        Self(String::new()).step("M", &[x, y])
    }

    fn step(mut self, command: &str, numbers: &[f64]) -> Self {
        self.0.push_str(command);
        for (index, number) in numbers.iter().enumerate() {
            let text = num(*number);
            if index > 0 && !text.starts_with('-') {
                self.0.push(' ');
            }
            self.0.push_str(&text);
        }
        self
    }

    pub(super) fn to(self, x: f64, y: f64) -> Self {
        self.step("L", &[x, y])
    }

    pub(super) fn quad(self, cx: f64, cy: f64, x: f64, y: f64) -> Self {
        self.step("Q", &[cx, cy, x, y])
    }

    pub(super) fn cubic(self, c1: (f64, f64), c2: (f64, f64), x: f64, y: f64) -> Self {
        self.step("C", &[c1.0, c1.1, c2.0, c2.1, x, y])
    }

    /// The shorter circular arc to the point, clockwise when `clockwise`.
    pub(super) fn arc(self, r: f64, clockwise: bool, x: f64, y: f64) -> Self {
        self.step("A", &[r, r, 0.0, 0.0, f64::from(u8::from(clockwise)), x, y])
    }

    pub(super) fn close(mut self) -> String {
        self.0.push('z');
        self.0
    }

    pub(super) fn open(self) -> String {
        self.0
    }
}

pub(super) fn polar(x: f64, y: f64, r: f64, degrees: f64) -> (f64, f64) {
    let (sin, cos) = degrees.to_radians().sin_cos();
    (x + r * cos, y + r * sin)
}

fn round_trip(x: f64, y: f64, rx: f64, ry: f64, clockwise: bool) -> String {
    let (left, sweep) = (num(x - rx), u8::from(clockwise));
    let (rx_text, ry_text, width) = (num(rx), num(ry), num(2.0 * rx));
    format!("M{left} {}a{rx_text} {ry_text} 0 0 {sweep} {width} 0a{rx_text} {ry_text} 0 0 {sweep}-{width} 0z", num(y))
}

pub(super) fn circle(x: f64, y: f64, r: f64) -> String {
    round_trip(x, y, r, r, true)
}

pub(super) fn hole(x: f64, y: f64, r: f64) -> String {
    round_trip(x, y, r, r, false)
}

pub(super) fn ellipse(x: f64, y: f64, rx: f64, ry: f64) -> String {
    round_trip(x, y, rx, ry, true)
}

pub(super) fn ring(x: f64, y: f64, outer: f64, inner: f64) -> String {
    circle(x, y, outer) + &hole(x, y, inner)
}

/// A polygon, run clockwise whichever way its corners are given, so that figures that share a path unite.
pub(super) fn poly(points: &[(f64, f64)]) -> String {
    let next = points.iter().cycle().skip(1);
    let area: f64 = points.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum();
    if area < 0.0 {
        let turned: Vec<_> = points.iter().rev().copied().collect();
        return outline(&turned);
    }
    outline(points)
}

fn outline(points: &[(f64, f64)]) -> String {
    let mut pen = Pen::at(points[0].0, points[0].1);
    for &(x, y) in &points[1..] {
        pen = pen.to(x, y);
    }
    pen.close()
}

pub(super) fn rect(x: f64, y: f64, w: f64, h: f64) -> String {
    format!("M{} {}h{}v{}h{}z", num(x), num(y), num(w), num(h), num(-w))
}

/// A rectangle with all corners rounded; `r` of half the shorter side gives a pill.
pub(super) fn round_rect(x: f64, y: f64, w: f64, h: f64, r: f64) -> String {
    Pen::at(x + r, y)
        .to(x + w - r, y)
        .arc(r, true, x + w, y + r)
        .to(x + w, y + h - r)
        .arc(r, true, x + w - r, y + h)
        .to(x + r, y + h)
        .arc(r, true, x, y + h - r)
        .to(x, y + r)
        .arc(r, true, x + r, y)
        .close()
}

pub(super) fn pill(x: f64, y: f64, w: f64, h: f64) -> String {
    round_rect(x, y, w, h, w.min(h) / 2.0)
}

/// A doorway: `h` high in all, its top a half circle as wide as the door.
pub(super) fn arch(x: f64, y: f64, w: f64, h: f64) -> String {
    let r = w / 2.0;
    Pen::at(x, y + h).to(x, y + r).arc(r, true, x + w, y + r).to(x + w, y + h).close()
}

/// A slice of a disc from one angle to another, at most 180°.
pub(super) fn sector(x: f64, y: f64, r: f64, from: f64, to: f64) -> String {
    let (start, end) = (polar(x, y, r, from), polar(x, y, r, to));
    Pen::at(x, y).to(start.0, start.1).arc(r, true, end.0, end.1).close()
}

/// Half a disc; `facing` is where its round side points.
pub(super) fn half(x: f64, y: f64, r: f64, facing: f64) -> String {
    let (start, end) = (polar(x, y, r, facing - 90.0), polar(x, y, r, facing + 90.0));
    Pen::at(start.0, start.1).arc(r, true, end.0, end.1).close()
}

/// A piece of a ring, at most 180°.
pub(super) fn band(x: f64, y: f64, outer: f64, inner: f64, from: f64, to: f64) -> String {
    let (a, b) = (polar(x, y, outer, from), polar(x, y, outer, to));
    let (c, d) = (polar(x, y, inner, to), polar(x, y, inner, from));
    Pen::at(a.0, a.1).arc(outer, true, b.0, b.1).to(c.0, c.1).arc(inner, false, d.0, d.1).close()
}

/// An arc as a line, at most 180°.
pub(super) fn arc(x: f64, y: f64, r: f64, from: f64, to: f64) -> String {
    let (a, b) = (polar(x, y, r, from), polar(x, y, r, to));
    Pen::at(a.0, a.1).arc(r, true, b.0, b.1).open()
}

/// Two arcs between two points: a leaf, an eye, a fish. `fullness` is its width over its length, up to 1 (a circle).
pub(super) fn leaf(from: (f64, f64), to: (f64, f64), fullness: f64) -> String {
    let chord = (to.0 - from.0).hypot(to.1 - from.1);
    let sagitta = chord * fullness / 2.0;
    let r = (chord * chord / 4.0 + sagitta * sagitta) / (2.0 * sagitta);
    Pen::at(from.0, from.1).arc(r, true, to.0, to.1).arc(r, true, from.0, from.1).close()
}

pub(super) fn segment(x1: f64, y1: f64, x2: f64, y2: f64) -> String {
    Pen::at(x1, y1).to(x2, y2).open()
}

/// A straight bar of width `w` as a figure (a stroke cannot be overprinted onto, a figure can).
pub(super) fn bar(x1: f64, y1: f64, x2: f64, y2: f64, w: f64) -> String {
    let length = (x2 - x1).hypot(y2 - y1);
    let (dx, dy) = ((y1 - y2) / length * w / 2.0, (x2 - x1) / length * w / 2.0);
    poly(&[(x1 - dx, y1 - dy), (x2 - dx, y2 - dy), (x2 + dx, y2 + dy), (x1 + dx, y1 + dy)])
}

/// A horizontal wave line of `count` half waves, each `step` long, whose crests reach `height` from the axis.
pub(super) fn wave(x: f64, y: f64, step: f64, height: f64, count: u32) -> String {
    let mut d = format!("M{} {}q{} {} {} 0", num(x), num(y), num(step / 2.0), num(-2.0 * height), num(step));
    for _ in 1..count {
        let _ = write!(d, "t{} 0", num(step));
    }
    d
}

/// The same, running downwards.
pub(super) fn plume(x: f64, y: f64, step: f64, width: f64, count: u32) -> String {
    let mut d = format!("M{} {}q{} {} 0 {}", num(x), num(y), num(2.0 * width), num(step / 2.0), num(step));
    for _ in 1..count {
        let _ = write!(d, "t0 {}", num(step));
    }
    d
}

pub(super) fn star(x: f64, y: f64, outer: f64, inner: f64, points: u32, turn: f64) -> String {
    let step = 180.0 / f64::from(points);
    let corners: Vec<_> = (0..points * 2)
        .map(|i| polar(x, y, if i % 2 == 0 { outer } else { inner }, turn + step * f64::from(i)))
        .collect();
    poly(&corners)
}
