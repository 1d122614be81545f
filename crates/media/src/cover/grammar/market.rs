//! Market: awnings, crates, parasols, baskets.

use super::prelude::*;

pub(super) const ALL: &[Composition] = &[awning, crates, stalls, parasols, basket, bunting, tote];

fn produce(kind: u32, x: f64, y: f64, r: f64) -> String {
    match kind {
        0 => circle(x, y, r),
        1 => leaf((x - r, y + r * 0.5), (x + r, y - r * 0.5), 0.5),
        2 => half(x, y + r * 0.4, r, -90.0),
        3 => circle(x, y + r * 0.25, r * 0.72) + &circle(x, y - r * 0.5, r * 0.45),
        _ => ring(x, y, r, r * 0.4),
    }
}

/// The awning, and what it shades.
fn awning(s: &mut Sheet, d: &mut Dice) {
    let count = d.pick(&[4, 5, 6, 8]);
    let w = WIDTH / f64::from(count);
    let edge = d.len(300.0, 470.0);
    let spread = d.pick(&[0.0, 0.0, 0.3]);
    let rest = if d.chance(50) { Ink::B } else { Ink::Ground };
    let shelf = d.len(800.0, 880.0);
    let kind = d.pick(&[0, 0, 2, 3]);
    let r = d.pick(&[62.0, 80.0, 100.0]);
    for row in 0..2u32 {
        let y = shelf - r - f64::from(row) * r * 1.72;
        let many: String = (0..7)
            .map(|i| r * 2.0 * f64::from(i) + if row == 0 { r } else { 0.0 })
            .filter(|x| *x < WIDTH + r)
            .map(|x| produce(kind, x, y, r * 0.95))
            .collect();
        s.put(if row == 0 { Ink::B } else { Ink::A }, many);
    }
    s.put(Ink::Over, rect(0.0, shelf - FIRM, WIDTH, HEIGHT));
    for i in 0..count {
        let (x0, x1) = (w * f64::from(i), w * f64::from(i + 1));
        let squeeze = |x: f64| 400.0 + (x - 400.0) * (1.0 - spread);
        let stripe = poly(&[(squeeze(x0), -10.0), (squeeze(x1), -10.0), (x1, edge), (x0, edge)])
            + &half(w * (f64::from(i) + 0.5), edge - 0.5, w / 2.0, 90.0);
        s.put(if i % 2 == 0 { Ink::A } else { rest }, stripe);
    }
}

/// Crates of produce from above.
fn crates(s: &mut Sheet, d: &mut Dice) {
    let (columns, rows) = d.pick(&[(1u32, 2u32), (2, 2), (2, 3)]);
    let gap = 30.0;
    let (w, h) = ((WIDTH + gap) / f64::from(columns), (HEIGHT + gap) / f64::from(rows));
    let mut inks = [
        (Ink::A, Ink::B),
        (Ink::Over, Ink::B),
        (Ink::B, Ink::Over),
        (Ink::A, Ink::Ground),
        (Ink::Over, Ink::A),
        (Ink::B, Ink::A),
    ];
    d.shuffle(&mut inks);
    let mut kinds = [0, 1, 2, 3, 4, 0];
    d.shuffle(&mut kinds);
    for cell in 0..columns * rows {
        let (x, y) = (w * f64::from(cell % columns), h * f64::from(cell / columns));
        let (wood, goods) = inks[(cell % 6) as usize];
        let frame = rect(x, y, w - gap, h - gap);
        s.put(wood, frame.clone());
        let nx: f64 = if columns == 1 { 4.0 } else { d.pick(&[2.0, 3.0]) };
        let ny = (nx * (h - gap) / (w - gap)).round().max(1.0);
        let r = ((w - gap) / nx).min((h - gap) / ny) * 0.42;
        let mut all = String::new();
        let mut row = 0.0;
        while row < ny {
            let mut column = 0.0;
            while column < nx {
                all += &produce(
                    kinds[(cell % 6) as usize],
                    x + (w - gap) * (column + 0.5) / nx,
                    y + (h - gap) * (row + 0.5) / ny,
                    r,
                );
                column += 1.0;
            }
            row += 1.0;
        }
        s.inside(frame, goods, all);
    }
}

/// Stalls in their rows.
fn stalls(s: &mut Sheet, d: &mut Dice) {
    let rows = d.int(2, 3);
    let h = HEIGHT / f64::from(rows);
    let w = d.len(440.0, 620.0);
    let (left_of, roof_h, sill) = (d.len(-120.0, 0.0), d.percent(30, 42), d.percent(24, 36));
    for row in 0..rows {
        let base = h * f64::from(row + 1);
        let shift = if row % 2 == 0 { 0.0 } else { -w / 2.0 } + left_of;
        for i in 0..4 {
            let x = shift + w * f64::from(i);
            if x > WIDTH {
                break;
            }
            let (roof, body) = if (i + row) % 2 == 0 { (Ink::A, Ink::B) } else { (Ink::B, Ink::A) };
            let (left, right, top) = (x + 24.0, x + w - 24.0, base - h * 0.88);
            let eave = top + h * roof_h;
            s.put(body, rect(left + 30.0, base - h * sill, right - left - 60.0, h * sill));
            s.put(Ink::Over, rect(left + 30.0, eave, 14.0, base - eave) + &rect(right - 44.0, eave, 14.0, base - eave));
            let peak = f64::midpoint(left, right);
            s.put(roof, poly(&[(peak - w * 0.2, top), (peak + w * 0.2, top), (right, eave), (left, eave)]));
            let stripe = (right - left) / 5.0;
            let narrow = w * 0.4 / 5.0;
            let stripes: String = [1.0, 3.0]
                .into_iter()
                .map(|k| {
                    poly(&[
                        (peak - w * 0.2 + narrow * k, top),
                        (peak - w * 0.2 + narrow * (k + 1.0), top),
                        (left + stripe * (k + 1.0), eave),
                        (left + stripe * k, eave),
                    ])
                })
                .collect();
            s.put(Ink::Ground, stripes);
            let scallops: String =
                (0..5).map(|k| half(left + stripe * (f64::from(k) + 0.5), eave - 0.5, stripe / 2.0, 90.0)).collect();
            s.put(roof, scallops);
            let r = h * 0.075;
            let goods: String =
                [-1.0, 0.0, 1.0].into_iter().map(|k| half(peak + k * r * 2.4, base - h * sill, r, -90.0)).collect();
            s.put(Ink::Over, goods);
        }
    }
}

/// Parasols from above.
fn parasols(s: &mut Sheet, d: &mut Dice) {
    let sides = d.pick(&[8, 10, 12]);
    let step = 360.0 / f64::from(sides);
    let canopy = |x: f64, y: f64, r: f64, turn: f64, odd: u32| -> String {
        (0..sides)
            .filter(|i| i % 2 == odd)
            .map(|i| sector(x, y, r, turn + step * f64::from(i), turn + step * f64::from(i + 1)))
            .collect()
    };
    let (r1, r2, r3) = (d.len(330.0, 420.0), d.len(280.0, 380.0), d.len(180.0, 260.0));
    let (x1, y1) = (d.len(160.0, 320.0), d.len(220.0, 380.0));
    let (x2, y2) = (d.len(500.0, 660.0), d.len(640.0, 780.0));
    let (t1, t2) = (d.len(0.0, 45.0), d.len(0.0, 45.0));
    s.put(Ink::Over, canopy(d.len(640.0, 780.0), d.len(60.0, 180.0), r3, t2, 0));
    s.put(Ink::B, canopy(d.len(20.0, 140.0), d.len(860.0, 960.0), r3, t1, 0));
    s.over(canopy(x1, y1, r1, t1, 0), canopy(x2, y2, r2, t2, 0));
    s.put(Ink::A, ring(x1, y1, r1, r1 - 14.0));
    s.put(Ink::B, ring(x2, y2, r2, r2 - 14.0));
    s.put(Ink::Over, circle(x1, y1, 22.0) + &circle(x2, y2, 22.0));
}

/// A full basket.
fn basket(s: &mut Sheet, d: &mut Dice) {
    let rim = d.len(540.0, 640.0);
    let (x, w) = (400.0, d.len(330.0, 420.0));
    s.put(Ink::Over, line(arc(x, rim, w - 40.0, 180.0, 360.0), 44.0));
    let angle = d.pick(&[-20.0, 20.0]);
    s.put(Ink::B, Mark::from(pill(-60.0, -420.0, 120.0, 700.0)).at(x + angle * 7.0, rim, angle));
    s.put(
        Ink::Ground,
        line(
            segment(-40.0, -330.0, 40.0, -290.0)
                + &segment(-40.0, -230.0, 40.0, -190.0)
                + &segment(-40.0, -130.0, 40.0, -90.0),
            FINE * 1.4,
        )
        .at(x + angle * 7.0, rim, angle),
    );
    let r = w * 0.33;
    let mut fruit_inks = [Ink::A, Ink::B, Ink::Over];
    d.shuffle(&mut fruit_inks);
    for (i, ink) in (0u32..).zip(fruit_inks) {
        let fx = x - w * 0.58 + w * 0.58 * f64::from(i);
        s.put(ink, circle(fx, rim - r * d.pick(&[0.1, 0.4, 0.6]), r));
    }
    let leafy = x + if angle > 0.0 { -w * 0.5 } else { w * 0.5 };
    for spread in [-28.0, 0.0, 28.0] {
        let tip = polar(leafy, rim, 330.0, -90.0 + spread);
        s.put(Ink::A, leaf((leafy, rim), tip, 0.34));
    }
    let body = poly(&[(x - w, rim), (x + w, rim), (x + w * 0.76, 1010.0), (x - w * 0.76, 1010.0)]);
    s.put(Ink::A, body.clone());
    let size = d.pick(&[70.0, 100.0]);
    let mut weave = String::new();
    for row in 0..6 {
        for column in 0..12 {
            if (row + column) % 2 == 0 {
                weave += &rect(-20.0 + size * f64::from(column), rim + size * f64::from(row), size, size);
            }
        }
    }
    s.inside(body, Ink::Over, weave);
    s.put(Ink::B, rect(x - w - 14.0, rim - 14.0, w * 2.0 + 28.0, 46.0));
}

/// Bunting over the street.
fn bunting(s: &mut Sheet, d: &mut Dice) {
    let rows = d.int(3, 4);
    let pitch = HEIGHT / f64::from(rows);
    let count = d.pick(&[4, 5, 6]);
    let w = WIDTH / f64::from(count);
    let sag = d.len(50.0, 110.0);
    let disc = circle(d.len(220.0, 580.0), d.len(300.0, 700.0), d.len(230.0, 320.0));
    let round = d.chance(40);
    let mut flags = String::new();
    let mut cords = String::new();
    for row in 0..rows {
        let y = pitch * f64::from(row) + 30.0;
        let drop = |x: f64| y + sag * (1.0 - ((x - 400.0) / 400.0).powi(2));
        cords += &Pen::at(-10.0, y).quad(400.0, y + sag * 2.0, 810.0, y).open();
        for i in 0..count {
            let (a, b) = (w * (f64::from(i) + 0.1), w * (f64::from(i) + 0.9));
            let tip = (f64::midpoint(a, b), drop(f64::midpoint(a, b)) + pitch * 0.56);
            flags += &if round {
                poly(&[(a, drop(a)), (b, drop(b)), (b, tip.1 - w * 0.4), (a, tip.1 - w * 0.4)])
                    + &half(tip.0, tip.1 - w * 0.401, w * 0.4, 90.0)
            } else {
                poly(&[(a, drop(a)), (b, drop(b)), tip])
            };
        }
    }
    s.over(disc, flags);
    s.put(Ink::Over, line(cords, FINE));
}

/// A tote, carried home.
fn tote(s: &mut Sheet, d: &mut Dice) {
    let (x, w, top) = (d.len(340.0, 460.0), d.len(270.0, 330.0), d.len(430.0, 520.0));
    s.put(Ink::Over, line(arch(x - w * 0.5, top - 330.0, w, 500.0), 40.0));
    for (i, spread) in (0u32..).zip([-34.0, -14.0, 8.0, 30.0]) {
        let tip = polar(x, top + 60.0, d.len(380.0, 500.0), -90.0 + spread);
        s.put(if i % 2 == 0 { Ink::B } else { Ink::Over }, leaf((x + spread * 2.0, top + 80.0), tip, 0.3));
    }
    let bag = poly(&[(x - w, top), (x + w, top), (x + w + 40.0, 1010.0), (x - w - 40.0, 1010.0)]);
    s.put(Ink::A, bag.clone());
    match d.int(0, 2) {
        0 => {
            s.inside(bag, Ink::B, circle(x, top + 270.0, 180.0));
            s.put(Ink::Over, leaf((x, top + 100.0), (x + 130.0, top + 40.0), 0.5));
        }
        1 => {
            let stripes: String = (0..5).map(|i| rect(0.0, top + 70.0 + 110.0 * f64::from(i), WIDTH, BOLD)).collect();
            s.inside(bag, Ink::B, stripes);
        }
        _ => {
            s.inside(bag.clone(), Ink::B, half(x, top + 190.0, 190.0, 90.0));
            s.inside(bag, Ink::Ground, line(half(x, top + 190.0, 140.0, 90.0), FINE));
        }
    }
    s.put(
        Ink::Over,
        line(
            segment(x - w * 0.5, top, x - w * 0.5, top + 130.0) + &segment(x + w * 0.5, top, x + w * 0.5, top + 130.0),
            40.0,
        ),
    );
}
