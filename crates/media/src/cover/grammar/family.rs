//! Family: kites, blocks, balloons, birds.

use super::prelude::*;

pub(super) const ALL: &[Composition] = &[kite, blocks, balloons, pinwheel, birds, stacker, whale];

fn one_kite(s: &mut Sheet, x: f64, y: f64, size: f64, turn: f64, inks: [Ink; 4]) {
    let (top, side, low) = ((0.0, -size), size * 0.68, (0.0, size * 1.3));
    let parts = [
        [top, (side, 0.0), (0.0, 0.0)],
        [(side, 0.0), low, (0.0, 0.0)],
        [low, (-side, 0.0), (0.0, 0.0)],
        [(-side, 0.0), top, (0.0, 0.0)],
    ];
    for (corners, ink) in parts.into_iter().zip(inks) {
        s.put(ink, Mark::from(poly(&corners)).at(x, y, turn));
    }
}

fn tail(s: &mut Sheet, x: f64, y: f64, size: f64, turn: f64, ink: Ink) {
    let step = size * 0.5;
    s.put(ink, line(plume(0.0, size * 1.3, step, size * 0.12, 4), FINE).at(x, y, turn));
    let bows: String = (1..4)
        .map(|i| {
            let (cy, w) = (size * 1.3 + step * f64::from(i), size * 0.16);
            poly(&[(0.0, cy), (w, cy - w * 0.7), (w, cy + w * 0.7)])
                + &poly(&[(0.0, cy), (-w, cy + w * 0.7), (-w, cy - w * 0.7)])
        })
        .collect();
    s.put(ink, Mark::from(bows).at(x, y, turn));
}

/// Kites.
fn kite(s: &mut Sheet, d: &mut Dice) {
    let turn = d.pick(&[18.0, 28.0, 38.0]);
    let mut inks = [Ink::A, Ink::B, Ink::Over, Ink::B];
    if d.chance(50) {
        inks = [Ink::B, Ink::A, Ink::B, Ink::Over];
    }
    if d.chance(55) {
        let (x, y, size) = (d.len(420.0, 520.0), d.len(330.0, 420.0), d.len(300.0, 370.0));
        if d.chance(50) {
            s.put(Ink::B, circle(d.len(120.0, 240.0), d.len(120.0, 260.0), d.len(90.0, 160.0)));
        }
        tail(s, x, y, size, turn, Ink::Over);
        one_kite(s, x, y, size, turn, inks);
    } else {
        for (x, y, size) in [(540.0, 230.0, 190.0), (180.0, 400.0, 150.0), (580.0, 700.0, 130.0)] {
            let turn = turn + d.len(-16.0, 16.0);
            tail(s, x, y, size, turn, Ink::Over);
            inks.rotate_left(1);
            one_kite(s, x, y, size, turn, inks);
        }
        s.put(Ink::A, half(d.len(200.0, 600.0), 1160.0, 330.0, -90.0));
    }
}

/// Building blocks.
fn blocks(s: &mut Sheet, d: &mut Dice) {
    let columns = d.pick(&[3, 4]);
    let size = WIDTH / f64::from(columns);
    let rows = if columns == 3 { 4 } else { 5 };
    let mut inks = [Ink::A, Ink::B, Ink::Over];
    d.shuffle(&mut inks);
    let skew = d.int(1, 2);
    for column in 0..columns {
        let height = d.int(rows / 2, rows);
        for level in 0..height {
            let (x, y) = (size * f64::from(column), HEIGHT - size * f64::from(level + 1));
            let ink = inks[((column + level * skew) % 3) as usize];
            let top = level + 1 == height;
            let shape = match d.int(0, if top { 6 } else { 3 }) {
                0 | 1 => rect(x, y, size, size),
                2 => rect(x, y, size, size) + &hole(x + size / 2.0, y + size / 2.0, size * 0.28),
                3 => {
                    s.put(ink, rect(x, y, size, size));
                    s.put(Ink::Ground, half(x + size / 2.0, y + size, size * 0.34, -90.0));
                    continue;
                }
                4 => poly(&[(x, y + size), (x + size / 2.0, y), (x + size, y + size)]),
                5 => half(x + size / 2.0, y + size, size / 2.0, -90.0),
                _ => circle(x + size / 2.0, y + size / 2.0, size / 2.0),
            };
            s.put(ink, shape);
        }
    }
}

/// Balloons.
fn balloons(s: &mut Sheet, d: &mut Dice) {
    let knot = (d.len(340.0, 460.0), 1040.0);
    let (r1, r2) = (d.len(210.0, 270.0), d.len(190.0, 250.0));
    let (x1, y1) = (d.len(190.0, 290.0), d.len(260.0, 360.0));
    let (x2, y2) = (d.len(490.0, 600.0), d.len(380.0, 500.0));
    let third = d.chance(60);
    let (x3, y3, r3) = (d.len(480.0, 640.0), d.len(60.0, 160.0), d.len(130.0, 180.0));
    let mut strings = segment(x1, y1 + r1 * 1.15, knot.0, knot.1) + &segment(x2, y2 + r2 * 1.15, knot.0, knot.1);
    if third {
        strings += &segment(x3, y3 + r3, knot.0, knot.1);
    }
    s.put(Ink::Over, line(strings, FINE));
    let balloon = |x: f64, y: f64, r: f64| {
        ellipse(x, y, r, r * 1.15)
            + &poly(&[(x, y + r * 1.1), (x + 34.0, y + r * 1.15 + 44.0), (x - 34.0, y + r * 1.15 + 44.0)])
    };
    if third {
        s.put(Ink::Over, balloon(x3, y3, r3));
    }
    s.over(balloon(x1, y1, r1), balloon(x2, y2, r2));
    if d.chance(50) {
        s.put(Ink::Ground, cord(arc(x1, y1, r1 * 0.7, 180.0, 245.0), FIRM));
    }
}

/// A pinwheel.
fn pinwheel(s: &mut Sheet, d: &mut Dice) {
    let count = d.pick(&[4, 4, 6, 8]);
    let (x, y, r) = (d.len(330.0, 470.0), d.len(360.0, 460.0), d.len(380.0, 480.0));
    let turn = d.len(0.0, 60.0);
    let round = d.chance(50);
    s.put(Ink::Over, bar(x, y, x + d.len(-60.0, 60.0), 1040.0, 36.0));
    let step = 360.0 / f64::from(count);
    for i in 0..count {
        let at = turn + step * f64::from(i);
        let (tip, side) = (polar(x, y, r, at), polar(x, y, r * 0.72, at + step * 0.62));
        let ink = if i % 2 == 0 { Ink::A } else { Ink::B };
        if round {
            let middle = polar(x, y, r / 2.0, at);
            s.put(ink, half(middle.0, middle.1, r / 2.0, at + 90.0));
        } else {
            s.put(ink, poly(&[(x, y), tip, side]));
            let fold = polar(x, y, r * 0.36, at + step * 0.62);
            s.put(Ink::Over, poly(&[(x, y), fold, polar(tip.0, tip.1, r * 0.5, at + 180.0 - 8.0)]));
        }
    }
    s.put(Ink::Ground, circle(x, y, 40.0));
}

/// A bird and a small one.
fn birds(s: &mut Sheet, d: &mut Dice) {
    let ground = d.len(840.0, 920.0);
    let bird = |s: &mut Sheet, x: f64, feet: f64, r: f64, side: f64, body: Ink, wing: Ink| {
        let y = feet - r * 1.35;
        s.put(
            Ink::Over,
            line(
                segment(x - r * 0.2, y + r * 0.5, x - r * 0.2, feet)
                    + &segment(x + r * 0.2, y + r * 0.5, x + r * 0.2, feet),
                (r * 0.07).max(FINE),
            ),
        );
        s.put(
            body,
            half(x, y, r, 90.0)
                + &circle(x + side * r * 0.58, y - r * 0.2, r * 0.42)
                + &poly(&[(x - side * r, y), (x - side * r * 1.45, y - r * 0.45), (x - side * r * 0.5, y + r * 0.2)]),
        );
        let (bx, by) = (x + side * r * 0.96, y - r * 0.32);
        s.put(Ink::Over, poly(&[(bx, by), (bx + side * r * 0.42, by + r * 0.14), (bx, by + r * 0.26)]));
        s.put(wing, half(x - side * r * 0.2, y + r * 0.08, r * 0.56, 90.0));
        s.put(Ink::Ground, circle(x + side * r * 0.66, y - r * 0.28, r * 0.07));
    };
    if d.chance(50) {
        s.put(Ink::B, circle(d.len(140.0, 660.0), d.len(120.0, 260.0), d.len(100.0, 190.0)));
    }
    s.put(Ink::A, rect(0.0, ground, WIDTH, HEIGHT));
    let small = d.int(1, 2);
    let r = d.len(240.0, 310.0);
    bird(s, d.len(330.0, 420.0), ground, r, 1.0, Ink::A, Ink::B);
    for i in 0..small {
        bird(
            s,
            640.0 - 470.0 * f64::from(i),
            ground,
            r * 0.3,
            if d.chance(50) { 1.0 } else { -1.0 },
            Ink::B,
            Ink::Over,
        );
    }
}

/// Rings on a peg.
fn stacker(s: &mut Sheet, d: &mut Dice) {
    let count = d.int(3, 6);
    let h = 780.0 / f64::from(count);
    let x = d.pick(&[400.0, 400.0, 180.0, 640.0]);
    let widest = d.len(620.0, 980.0);
    let square = d.chance(35);
    let order = d.pick(&[[Ink::A, Ink::B, Ink::Over], [Ink::B, Ink::A, Ink::Over], [Ink::A, Ink::Over, Ink::B]]);
    let tilt = d.pick(&[0.0, 0.0, 14.0, -14.0]);
    for i in 0..count {
        let w = widest * (1.0 - 0.72 * f64::from(i) / f64::from(count));
        let shift = tilt * f64::from(i);
        let (left, top) = (x - w / 2.0 + shift, HEIGHT - h * f64::from(i + 1));
        s.put(
            order[i as usize % 3],
            if square { round_rect(left, top, w, h, h * 0.16) } else { pill(left, top, w, h) },
        );
    }
    let r = d.len(90.0, 110.0);
    s.put(order[count as usize % 3], circle(x + tilt * f64::from(count), HEIGHT - h * f64::from(count) - r, r));
}

/// A whale.
fn whale(s: &mut Sheet, d: &mut Dice) {
    let sea = d.len(560.0, 680.0);
    let (x, r) = (d.len(320.0, 400.0), d.len(270.0, 330.0));
    let body = half(x, sea - r * 0.2, r, 90.0)
        + &half(x - r * 0.5, sea - r * 0.2, r * 0.5, -90.0)
        + &poly(&[
            (x + r * 0.4, sea + r * 0.2),
            (x + r, sea - r * 0.2),
            (x + r * 1.3, sea - r * 0.8),
            (x + r * 1.42, sea - r * 0.3),
        ])
        + &leaf((x + r * 1.32, sea - r * 0.66), (x + r * 0.86, sea - r * 1.14), 0.45)
        + &leaf((x + r * 1.32, sea - r * 0.66), (x + r * 1.86, sea - r * 0.98), 0.45);
    let step = d.pick(&[100.0, 133.4, 200.0]);
    let crest = sea + r * 0.28;
    let water = wave(-step * 2.0, crest, step, 26.0, 16) + "V1010H-400z";
    for side in [-1.0, 1.0] {
        let cx = x - r * 0.5;
        s.put(
            Ink::B,
            cord(
                Pen::at(cx, sea - r * 0.8)
                    .quad(cx, sea - r * 1.5, cx + side * 110.0, sea - r * 1.5)
                    .quad(cx + side * 170.0, sea - r * 1.5, cx + side * 180.0, sea - r * 1.2)
                    .open(),
                30.0,
            ),
        );
    }
    s.over(body, water);
    s.put(Ink::Ground, circle(x - r * 0.62, sea - r * 0.16, 22.0));
}
