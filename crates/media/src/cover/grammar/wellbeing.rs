//! Wellbeing: breath, balance, stillness.

use super::prelude::*;

pub(super) const ALL: &[Composition] = &[breath, lotus, stones, seated, phases, ripples, horizon];

/// Arcs that widen like a breath.
fn breath(s: &mut Sheet, d: &mut Dice) {
    let count = d.int(4, 6);
    let (x, y) = (d.pick(&[400.0, 400.0, 240.0, 560.0]), d.pick(&[1000.0, 860.0, 700.0]));
    let pitch = d.len(80.0, 110.0);
    let first = d.len(80.0, 140.0);
    let arcs: String = (0..count)
        .map(|i| {
            let r = first + pitch * f64::from(i);
            band(x, y, r + pitch * 0.5, r, 180.0, 360.0)
        })
        .collect();
    let low = if d.chance(50) {
        let cx = WIDTH - x;
        (0..count)
            .map(|i| first + pitch * f64::from(i))
            .map(|r| band(cx, 1000.0 - y, r + pitch * 0.5, r, 0.0, 180.0))
            .collect()
    } else {
        circle(x, y - first - pitch * f64::from(count) * 0.5, d.len(150.0, 230.0))
    };
    s.over(arcs, low);
    s.put(Ink::Over, half(x, y, first * 0.6, -90.0));
    if y < 900.0 {
        s.put(Ink::Over, rect(0.0, y, WIDTH, FINE));
    }
}

/// A lotus opens.
fn lotus(s: &mut Sheet, d: &mut Dice) {
    let (x, y) = (400.0, d.len(740.0, 860.0));
    let long = d.len(520.0, 640.0);
    let fat = d.pick(&[0.4, 0.48]);
    let pairs = d.int(2, 3);
    let gap = 78.0 / f64::from(pairs);
    if d.chance(50) {
        s.put(Ink::B, circle(x, y - long * 0.62, long * 0.5));
    }
    for i in (1..=pairs).rev() {
        let at = gap * f64::from(i);
        let reach = long * (1.0 - 0.07 * f64::from(i));
        let (left, right) = (polar(x, y, reach, -90.0 - at), polar(x, y, reach, -90.0 + at));
        s.over(leaf((x, y), left, fat), leaf((x, y), right, fat));
    }
    s.put(Ink::Over, leaf((x, y), (x, y - long), fat));
    s.put(Ink::Ground, leaf((x, y - long * 0.14), (x, y - long * 0.5), fat));
    for i in 0..3 {
        let w = 640.0 - 150.0 * f64::from(i);
        s.put(Ink::A, pill(x - w / 2.0, y + 20.0 + 46.0 * f64::from(i), w, 20.0));
    }
}

/// Stones, balanced.
fn stones(s: &mut Sheet, d: &mut Dice) {
    let count = d.int(3, 5);
    let x = d.len(340.0, 460.0);
    let mut y = d.len(880.0, 940.0);
    s.put(Ink::B, circle(x + d.len(-150.0, 150.0), d.len(260.0, 440.0), d.len(210.0, 310.0)));
    s.put(Ink::Over, rect(0.0, y, WIDTH, HEIGHT - y));
    let mut inks = [Ink::A, Ink::Over, Ink::A, Ink::Over, Ink::A];
    if d.chance(50) {
        inks.rotate_left(1);
    }
    let mut w = d.len(270.0, 340.0);
    for i in 0..count {
        let h = w * d.pick(&[0.34, 0.42, 0.5]);
        let shift = if i == 0 { 0.0 } else { d.len(-40.0, 40.0) };
        s.put(inks[i as usize], ellipse(x + shift, y - h, w, h));
        y -= h * 1.92;
        w *= d.pick(&[0.66, 0.76, 0.84]);
    }
}

/// Somebody sits.
fn seated(s: &mut Sheet, d: &mut Dice) {
    let base = d.len(840.0, 900.0);
    let (x, w) = (400.0, d.len(250.0, 310.0));
    let head = base - w * 2.1;
    let rings = d.int(2, 4);
    if d.chance(65) {
        for i in (0..rings).rev() {
            let r = w * (0.62 + 0.36 * f64::from(i));
            s.put(Ink::B, line(circle(x, head + 30.0, r), w * 0.15));
        }
    } else {
        s.put(Ink::B, circle(x, head + w * 0.3, w * 1.15));
    }
    let body = Pen::at(x - w * 0.5, base - w * 0.3)
        .cubic((x - w * 0.5, base - w * 1.0), (x - w * 0.8, base - w * 1.5), x, base - w * 1.55)
        .cubic((x + w * 0.8, base - w * 1.5), (x + w * 0.5, base - w * 1.0), x + w * 0.5, base - w * 0.3)
        .close();
    s.put(Ink::A, body + &circle(x, head, w * 0.36));
    s.put(
        Ink::Over,
        leaf((x - w * 1.2, base - w * 0.12), (x + w * 0.7, base - w * 0.12), 0.24)
            + &leaf((x - w * 0.7, base - w * 0.12), (x + w * 1.2, base - w * 0.12), 0.24),
    );
    for side in [-1.0, 1.0] {
        s.put(
            Ink::A,
            cord(
                Pen::at(x + side * w * 0.46, base - w * 1.24)
                    .quad(x + side * w * 0.86, base - w * 0.8, x + side * w * 0.84, base - w * 0.28)
                    .open(),
                w * 0.16,
            ),
        );
    }
    s.put(Ink::A, rect(0.0, base + 26.0, WIDTH, FINE));
}

/// A disc waxes and wanes.
fn phases(s: &mut Sheet, d: &mut Dice) {
    let count = d.pick(&[1, 2, 3]);
    let pitch = HEIGHT / f64::from(count);
    let r = (pitch * d.percent(34, 46)).min(380.0);
    let x = d.len(330.0, 470.0);
    let spread = d.percent(55, 100);
    let across = d.chance(50);
    for i in 0..count {
        let y = pitch * (f64::from(i) + 0.5);
        let k = (f64::from(i) - f64::from(count - 1) / 2.0) * spread
            + match count {
                1 => d.pick(&[-0.7, 0.5, 0.8]),
                2 => 0.0,
                _ => d.pick(&[-0.2, 0.2]),
            };
        let shift = r * k;
        let (dx, dy) = if across || count > 1 { (shift, 0.0) } else { (0.0, shift) };
        s.over(circle(x - dx / 2.0, y - dy / 2.0, r), circle(x + dx / 2.0, y + dy / 2.0, r));
    }
}

/// A drop, and what it does to the pond.
fn ripples(s: &mut Sheet, d: &mut Dice) {
    let (x, y) = (d.len(280.0, 520.0), d.len(600.0, 720.0));
    let count = d.int(4, 6);
    let flat = d.pick(&[0.28, 0.36, 0.46]);
    let order = d.pick(&[[Ink::A, Ink::Ground], [Ink::A, Ink::B], [Ink::B, Ink::Over]]);
    for i in (0..count).rev() {
        let r = 110.0 + 130.0 * f64::from(i);
        s.put(order[(i % 2) as usize], ellipse(x, y, r, r * flat));
    }
    s.put(Ink::Over, ellipse(x, y, 60.0, 60.0 * flat));
    let (top, r) = (d.len(60.0, 120.0), d.len(80.0, 110.0));
    let cy = top + r * 2.2;
    let (left, right) = (polar(x, cy, r, 205.0), polar(x, cy, r, -25.0));
    s.put(Ink::Over, circle(x, cy, r) + &poly(&[(x, top), right, left]));
}

/// The sun on the sea, breathing in lines.
fn horizon(s: &mut Sheet, d: &mut Dice) {
    let y = d.len(480.0, 580.0);
    let (x, r) = (d.pick(&[400.0, 400.0, 300.0, 520.0]), d.len(240.0, 340.0));
    let halo = d.int(0, 2);
    for i in 0..halo {
        s.put(Ink::B, line(arc(x, y, r + 70.0 + 80.0 * f64::from(i), 180.0, 360.0), FIRM));
    }
    s.put(Ink::A, half(x, y, r, -90.0));
    let count = d.int(5, 7);
    let pitch = (1000.0 - y) / f64::from(count);
    for i in 0..count {
        let k = f64::from(i);
        let w = if d.chance(50) { 900.0 } else { r * 2.0 * (1.0 - k / f64::from(count) * 0.6) };
        let h = pitch * (0.3 + 0.4 * k / f64::from(count));
        s.put(if i % 2 == 0 { Ink::Over } else { Ink::B }, pill(x - w / 2.0, y + pitch * (k + 0.3), w, h));
    }
}
