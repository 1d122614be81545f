//! Art: frames, cut-outs, primary forms, the eye.

use super::prelude::*;

pub(super) const ALL: &[Composition] = &[frames, primaries, cutouts, gaze, plinth, stroke, hang];

/// Frames within frames.
fn frames(s: &mut Sheet, d: &mut Dice) {
    let count = d.int(4, 6);
    let (fx, fy) = (d.pick(&[0.2, 0.3, 0.5, 0.62, 0.8]), d.pick(&[0.2, 0.35, 0.5, 0.66, 0.85]));
    let inks = d.pick(&[
        [Ink::A, Ink::Ground, Ink::B, Ink::Over],
        [Ink::A, Ink::B, Ink::Ground, Ink::Over],
        [Ink::B, Ink::Over, Ink::A, Ink::Ground],
    ]);
    let shrink = 0.9 / f64::from(count);
    let mut inner = (0.0, 0.0, WIDTH, HEIGHT);
    for i in 0..count {
        let k = 1.0 - shrink * f64::from(i) - 0.08;
        let (w, h) = (WIDTH * k, HEIGHT * k);
        inner = ((WIDTH - w) * fx, (HEIGHT - h) * fy, w, h);
        s.put(inks[i as usize % 4], rect(inner.0, inner.1, w, h));
    }
    let ink = inks[count as usize % 4];
    let (x, y, w, h) = inner;
    match d.int(0, 2) {
        0 => s.put(ink, half(x + w / 2.0, y + h, w * 0.36, -90.0)),
        1 => s.put(ink, circle(x + w / 2.0, y + h / 2.0, w * 0.3)),
        _ => s.put(ink, poly(&[(x, y + h), (x + w, y + h), (x + w, y)])),
    }
}

/// Circle, square, triangle.
fn primaries(s: &mut Sheet, d: &mut Dice) {
    let square = rect(d.len(-60.0, 160.0), d.len(-40.0, 260.0), 520.0, 520.0);
    let r = d.len(250.0, 330.0);
    let disc = circle(d.len(440.0, 600.0), d.len(460.0, 620.0), r);
    let mark = if d.chance(50) { (square, disc) } else { (disc, square) };
    let base = d.len(860.0, 1040.0);
    let tip = d.len(120.0, 680.0);
    s.put(Ink::Over, poly(&[(tip, base - 380.0), (tip + 400.0, 1010.0), (tip - 400.0, 1010.0)]));
    s.over(mark.0, mark.1);
    let y = d.len(80.0, 160.0);
    if d.chance(50) {
        s.put(Ink::Over, circle(WIDTH - y, y, 44.0));
    }
}

/// Scissored leaves on coloured papers.
fn cutouts(s: &mut Sheet, d: &mut Dice) {
    let (columns, rows) = d.pick(&[(1u32, 1u32), (2, 2), (1, 2)]);
    let (w, h) = (WIDTH / f64::from(columns), HEIGHT / f64::from(rows));
    let mut sheets = [(Ink::A, Ink::Ground), (Ink::B, Ink::Over), (Ink::Ground, Ink::A), (Ink::Over, Ink::B)];
    d.shuffle(&mut sheets);
    for row in 0..rows {
        for column in 0..columns {
            let (paper, leaf_ink) = sheets[((row * 2 + column) % 4) as usize];
            let (x, y) = (f64::from(column) * w, f64::from(row) * h);
            s.put(paper, rect(x, y, w, h));
            let (cx, reach) = (x + w / 2.0, h * 0.42);
            let spread = (w * 0.43).min(h * 0.4);
            let pairs = d.int(3, 4);
            let mut plant = leaf((cx, y + h / 2.0 + reach), (cx, y + h / 2.0 - reach), 0.16);
            for i in 0..pairs {
                let at = y + h / 2.0 + reach * (0.72 - 1.35 * f64::from(i) / f64::from(pairs));
                let k = spread * (1.0 - 0.16 * f64::from(i));
                for side in [-1.0, 1.0] {
                    let lift = reach * d.pick(&[0.24, 0.34]);
                    let (from, to) = ((cx, at), (cx + side * k, at - lift));
                    plant += &leaf(from, to, d.pick(&[0.42, 0.54]));
                }
            }
            s.put(leaf_ink, plant);
        }
    }
}

/// An eye, looking.
fn gaze(s: &mut Sheet, d: &mut Dice) {
    let count = d.pick(&[1, 1, 2, 3]);
    let pitch = HEIGHT / f64::from(count);
    for i in 0..count {
        let y = pitch * (f64::from(i) + 0.5);
        let fullness = if count == 1 { d.pick(&[0.6, 0.75]) } else { 0.8 * pitch / 800.0 };
        let (left, right) = if count == 1 { (-60.0, 860.0) } else { (20.0, 780.0) };
        let lid = leaf((left, y), (right, y), fullness);
        let r = (right - left) * fullness * 0.5 * d.pick(&[0.7, 0.9, 1.15]);
        let x = d.len(330.0, 470.0);
        if count == 1 && d.chance(60) {
            let lashes: String = (0..7)
                .map(|i| {
                    let angle = -150.0 + 20.0 * f64::from(i);
                    let (a, b) = (polar(400.0, y + 120.0, 330.0, angle), polar(400.0, y + 120.0, 560.0, angle));
                    segment(a.0, a.1, b.0, b.1)
                })
                .collect();
            s.put(Ink::B, line(lashes, FIRM));
        }
        s.put(Ink::A, lid.clone());
        s.inside(lid.clone(), Ink::B, circle(x, y, r));
        s.inside(lid.clone(), Ink::Over, circle(x, y, r * 0.6));
        s.inside(lid, Ink::Ground, circle(x + r * 0.22, y - r * 0.22, r * 0.17));
    }
}

/// A sculpture on its plinth.
fn plinth(s: &mut Sheet, d: &mut Dice) {
    let top = d.len(700.0, 800.0);
    let x = d.pick(&[330.0, 400.0, 470.0]);
    if d.chance(50) {
        s.put(Ink::B, circle(x + d.pick(&[-160.0, 160.0]), d.len(260.0, 420.0), d.len(220.0, 320.0)));
    }
    s.put(Ink::Over, rect(0.0, 920.0, WIDTH, 80.0));
    s.put(Ink::A, rect(x - 190.0, top, 380.0, HEIGHT - top));
    s.put(Ink::Over, rect(x + 60.0, top, 130.0, HEIGHT - top));
    let mut y = top;
    let mut inks = [Ink::A, Ink::Over, Ink::B];
    d.shuffle(&mut inks);
    let mut forms = [0, 1, 2, 3, 4];
    d.shuffle(&mut forms);
    for (form, ink) in forms.into_iter().zip(inks) {
        let r = d.len(90.0, 150.0);
        match form {
            0 => {
                s.put(ink, circle(x, y - r, r));
                y -= r * 2.0;
            }
            1 => {
                s.put(ink, half(x, y, r * 1.2, -90.0));
                y -= r * 1.2;
            }
            2 => {
                let h = r * 1.7;
                s.put(ink, arch(x - r, y - h, r * 2.0, h));
                s.put(if ink == Ink::B { Ink::Over } else { Ink::B }, arch(x - r * 0.4, y - h * 0.6, r * 0.8, h * 0.6));
                y -= h;
            }
            3 => {
                s.put(ink, poly(&[(x, y - r * 2.0), (x + r, y - r), (x, y), (x - r, y - r)]));
                y -= r * 2.0;
            }
            _ => {
                s.put(ink, half(x, y - r * 1.2, r * 1.2, 90.0));
                y -= r * 1.2;
            }
        }
    }
}

/// One long brush stroke.
fn stroke(s: &mut Sheet, d: &mut Dice) {
    let count = d.int(3, 5);
    let pitch = 860.0 / f64::from(count);
    let weight = pitch * d.pick(&[0.55, 0.66, 0.78]);
    let edge = d.len(120.0, 200.0);
    let mut pen = Pen::at(-120.0, 110.0);
    for i in 0..count {
        let y = 110.0 + pitch * f64::from(i);
        let (end, clockwise) = if i % 2 == 0 { (WIDTH - edge, true) } else { (edge, false) };
        pen = pen.to(end, y);
        if i + 1 < count {
            pen = pen.arc(pitch / 2.0, clockwise, end, y + pitch);
        } else {
            pen = pen.to(if i % 2 == 0 { 1000.0 } else { -200.0 }, y);
        }
    }
    let form = if d.chance(60) {
        circle(d.len(280.0, 520.0), d.len(360.0, 640.0), d.len(240.0, 340.0))
    } else {
        rect(d.len(120.0, 260.0), d.len(140.0, 260.0), 420.0, d.len(480.0, 620.0))
    };
    let path = line(pen.open(), weight);
    s.turned(d.pick(&[0.0, 0.0, 90.0, -20.0]), |s| s.over(form, path));
}

/// Pictures on a wall.
fn hang(s: &mut Sheet, d: &mut Dice) {
    let layout = d.pick(&[
        [
            (60.0, 70.0, 420.0, 520.0),
            (540.0, 70.0, 420.0, 300.0),
            (540.0, 430.0, 420.0, 700.0),
            (-160.0, 650.0, 640.0, 500.0),
        ],
        [
            (-120.0, 80.0, 380.0, 380.0),
            (320.0, 80.0, 420.0, 580.0),
            (-60.0, 520.0, 320.0, 560.0),
            (320.0, 720.0, 640.0, 400.0),
        ],
        [
            (80.0, -120.0, 640.0, 400.0),
            (80.0, 340.0, 290.0, 360.0),
            (430.0, 340.0, 480.0, 360.0),
            (80.0, 760.0, 640.0, 400.0),
        ],
    ]);
    for (i, (x, y, w, h)) in layout.into_iter().enumerate() {
        let (frame, picture, motif) = [
            (Ink::A, Ink::Ground, Ink::B),
            (Ink::Over, Ink::B, Ink::A),
            (Ink::B, Ink::Ground, Ink::Over),
            (Ink::A, Ink::B, Ink::Over),
        ][i];
        let m = 30.0;
        s.put(frame, rect(x, y, w, h));
        let inner = rect(x + m, y + m, w - 2.0 * m, h - 2.0 * m);
        s.put(picture, inner.clone());
        let (cx, cy, r) = (x + w / 2.0, y + h / 2.0, w.min(h) * 0.34);
        let shape = match d.int(0, 4) {
            0 => circle(cx, cy, r),
            1 => half(cx, y + h - m, r * 1.1, -90.0),
            2 => poly(&[(x, y + h), (cx, y + h * 0.3), (x + w, y + h)]),
            3 => rect(x, cy, w, h),
            _ => leaf((cx, cy + r * 1.2), (cx, cy - r * 1.2), 0.5),
        };
        s.inside(inner, motif, shape);
    }
}
