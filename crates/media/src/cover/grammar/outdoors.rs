//! Outdoors: hills, sun, trees, water.

use super::prelude::*;

pub(super) const ALL: &[Composition] = &[hills, peaks, forest, river, camp, foliage, contours, sail];

/// Hills and the sun.
fn hills(s: &mut Sheet, d: &mut Dice) {
    let (x, y, r) = (d.len(180.0, 620.0), d.len(260.0, 420.0), d.len(160.0, 290.0));
    let ridge = |y: f64, step: f64, height: f64, phase: f64| wave(-phase, y, step, height, 6) + "V1010H-900z";
    let far = ridge(d.len(430.0, 520.0), d.len(400.0, 620.0), d.len(50.0, 120.0), d.len(0.0, 600.0));
    s.over(circle(x, y, r), far);
    let near = d.int(1, 2);
    for i in 0..near {
        let y = 660.0 + 170.0 * f64::from(i) + d.len(-40.0, 20.0);
        s.put(
            if i == 0 { Ink::A } else { Ink::Over },
            ridge(y, d.len(360.0, 640.0), d.len(40.0, 100.0), d.len(0.0, 600.0)),
        );
    }
    if d.chance(45) {
        let rows: String = (0..4).map(|i| wave(-300.0, 880.0 + 44.0 * f64::from(i), 500.0, 30.0, 4)).collect();
        s.put(Ink::Ground, line(rows, FINE));
    }
}

/// Two summits.
fn peaks(s: &mut Sheet, d: &mut Dice) {
    let (x1, y1) = (d.len(180.0, 360.0), d.len(220.0, 380.0));
    let (x2, y2) = (d.len(480.0, 660.0), d.len(340.0, 520.0));
    let slope = d.pick(&[0.62, 0.75, 0.9]);
    let mountain = |x: f64, y: f64| {
        let reach = (1010.0 - y) * slope;
        poly(&[(x, y), (x + reach, 1010.0), (x - reach, 1010.0)])
    };
    let sun = d.len(100.0, 190.0);
    s.put(
        if d.chance(50) { Ink::B } else { Ink::Over },
        circle(if x1 < 280.0 { 610.0 } else { 190.0 }, d.len(150.0, 230.0), sun),
    );
    let (first, second) = (mountain(x1, y1), mountain(x2, y2));
    s.over(first.clone(), second.clone());
    for (x, y, mountain, snow) in [(x1, y1, first, Ink::B), (x2, y2, second, Ink::A)] {
        let h = d.len(90.0, 140.0);
        let w = h * slope;
        s.inside(
            mountain,
            snow,
            poly(&[
                (x, y - 12.0),
                (x + w + 10.0, y + h),
                (x + w * 0.4, y + h * 0.72),
                (x, y + h * 1.05),
                (x - w * 0.4, y + h * 0.72),
                (x - w - 10.0, y + h),
            ]),
        );
    }
    if d.chance(40) {
        s.put(Ink::Over, rect(0.0, 900.0, WIDTH, 100.0));
    }
}

/// Trees.
fn forest(s: &mut Sheet, d: &mut Dice) {
    match d.int(0, 2) {
        0 => {
            let count = d.int(4, 6);
            let pitch = 800.0 / f64::from(count);
            let trunks: String = (0..count)
                .map(|i| {
                    let (x, w) = (pitch * (f64::from(i) + 0.5) + d.len(-20.0, 20.0), d.len(36.0, 96.0));
                    let lean = d.len(-30.0, 30.0);
                    poly(&[
                        (x - w / 2.0, -10.0),
                        (x + w / 2.0, -10.0),
                        (x + w * 0.66 + lean, 1010.0),
                        (x - w * 0.66 + lean, 1010.0),
                    ])
                })
                .collect();
            s.over(trunks, circle(d.len(220.0, 580.0), d.len(340.0, 620.0), d.len(200.0, 310.0)));
            s.put(Ink::Over, wave(-100.0, 930.0, 400.0, 30.0, 4) + "V1010H-100z");
        }
        1 => {
            let order = [Ink::B, Ink::A, Ink::Over];
            for (i, ink) in (0u32..).zip(order) {
                let x = 140.0 + 260.0 * f64::from(i) + d.len(-40.0, 40.0);
                let top = d.len(60.0, 360.0);
                let w = d.len(150.0, 230.0);
                let h = d.len(240.0, 300.0);
                s.put(Ink::Over, rect(x - 20.0, 700.0, 40.0, 310.0));
                for level in 0..3 {
                    let y = top + h * 0.6 * f64::from(level);
                    let spread = w * (0.66 + 0.17 * f64::from(level));
                    s.put(ink, poly(&[(x, y), (x + spread, y + h), (x - spread, y + h)]));
                }
            }
            s.put(Ink::A, rect(0.0, 930.0, WIDTH, 80.0));
        }
        _ => {
            let ground = d.len(830.0, 900.0);
            let (x1, y1, r1) = (d.len(180.0, 300.0), d.len(320.0, 420.0), d.len(230.0, 290.0));
            let (x2, y2, r2) = (d.len(500.0, 640.0), d.len(420.0, 520.0), d.len(190.0, 250.0));
            s.over(circle(x1, y1, r1), circle(x2, y2, r2));
            let branch = |x: f64, y: f64, r: f64| {
                segment(x, y - r * 0.3, x, ground)
                    + &segment(x, y + r * 0.45, x + r * 0.4, y + r * 0.05)
                    + &segment(x, y + r * 0.2, x - r * 0.36, y - r * 0.16)
            };
            s.put(Ink::Ground, line(branch(x1, y1, r1) + &branch(x2, y2, r2), FIRM));
            s.put(Ink::Over, line(segment(x1, y1 + r1, x1, ground) + &segment(x2, y2 + r2, x2, ground), FIRM));
            s.put(Ink::Over, rect(0.0, ground, WIDTH, HEIGHT));
        }
    }
}

/// A river comes down to us.
fn river(s: &mut Sheet, d: &mut Dice) {
    let horizon = d.len(300.0, 420.0);
    let (x, sun) = (d.len(240.0, 560.0), d.len(130.0, 220.0));
    s.put(Ink::B, circle(x, horizon - sun * d.pick(&[0.1, 0.6]), sun));
    s.put(Ink::A, rect(0.0, horizon, WIDTH, HEIGHT));
    let side = d.pick(&[-1.0, 1.0]);
    let water = Pen::at(x - 8.0, horizon)
        .cubic(
            (x + side * 150.0, horizon + 90.0),
            (x + side * 330.0, horizon + 130.0),
            x + side * 120.0,
            horizon + 240.0,
        )
        .cubic((x - side * 160.0, horizon + 370.0), (x - side * 300.0, 800.0), x - 260.0, 1010.0)
        .to(x + 330.0, 1010.0)
        .cubic(
            (x - side * 120.0 + 230.0, 820.0),
            (x - side * 60.0 + 120.0, horizon + 400.0),
            x + side * 190.0 + 50.0,
            horizon + 260.0,
        )
        .cubic((x + side * 420.0, horizon + 110.0), (x + side * 180.0, horizon + 60.0), x + 8.0, horizon)
        .close();
    s.put(if d.chance(50) { Ink::Ground } else { Ink::B }, water);
    for i in 0..d.int(2, 4) {
        let at = if i % 2 == 0 { d.len(20.0, 140.0) } else { d.len(660.0, 780.0) };
        let y = d.len(horizon + 20.0, horizon + 200.0);
        let h = d.len(150.0, 260.0);
        s.put(
            Ink::Over,
            leaf((at, y + h * 0.5), (at, y - h * 0.5), 0.42) + &rect(at - 6.0, y + h * 0.3, 12.0, h * 0.45),
        );
    }
}

/// A tent at night.
fn camp(s: &mut Sheet, d: &mut Dice) {
    let (x, base) = (d.len(320.0, 480.0), d.len(780.0, 860.0));
    let (w, h) = (d.len(300.0, 380.0), d.len(380.0, 480.0));
    let (mx, my, r) = (d.pick(&[180.0, 610.0]), d.len(160.0, 240.0), d.len(90.0, 130.0));
    s.put(Ink::B, circle(mx, my, r));
    if d.chance(50) {
        s.put(Ink::Ground, circle(mx + r * 0.45, my - r * 0.2, r * 0.85));
    }
    let mut stars = String::new();
    for i in 0..5 {
        stars += &star(90.0 + 155.0 * f64::from(i) + d.len(-40.0, 40.0), d.len(60.0, 420.0), 22.0, 7.0, 4, 0.0);
    }
    s.put(Ink::B, stars);
    s.put(Ink::Over, wave(-200.0, base - 40.0, 500.0, 50.0, 4) + "V1010H-200z");
    s.put(Ink::A, poly(&[(x, base - h), (x + w, base), (x - w, base)]));
    s.put(Ink::B, poly(&[(x, base - h), (x + w, base), (x + w * 0.3, base)]));
    s.put(Ink::Ground, poly(&[(x, base - h * 0.74), (x + w * 0.16, base), (x - w * 0.42, base)]));
    s.put(Ink::A, line(segment(x, base - h - 60.0, x, base - h + 40.0), 14.0));
}

/// One large leaf, or a sprig.
fn foliage(s: &mut Sheet, d: &mut Dice) {
    let turn = d.len(-35.0, 40.0);
    if d.chance(50) {
        s.turned(turn, |s| {
            let full = d.percent(46, 74);
            let whole = leaf((400.0, 1000.0), (400.0, -60.0), full);
            s.put(Ink::A, whole.clone());
            s.inside(whole.clone(), Ink::B, rect(400.0, -200.0, 600.0, 1400.0));
            let veins: String = (0..6)
                .map(|i| {
                    let y = 900.0 - 140.0 * f64::from(i);
                    segment(400.0, y, 0.0, y - 330.0) + &segment(400.0, y, 800.0, y - 330.0)
                })
                .collect();
            s.inside(whole, Ink::Ground, line(veins, FINE));
            s.put(Ink::Over, rect(388.0, -20.0, FIRM, 1400.0));
        });
    } else {
        let pairs = d.int(3, 4);
        let fat = d.percent(38, 58);
        if d.chance(50) {
            s.put(Ink::B, circle(d.len(200.0, 600.0), d.len(220.0, 400.0), d.len(170.0, 240.0)));
        }
        s.turned(turn * 0.6, |s| {
            s.put(Ink::Over, rect(393.0, 160.0, 14.0, 1200.0));
            for i in 0..pairs {
                let y = 960.0 - 640.0 * f64::from(i) / f64::from(pairs);
                let reach = 380.0 - 30.0 * f64::from(i);
                s.put(Ink::A, leaf((400.0, y), (400.0 - reach * 0.86, y - reach * 0.5), fat));
                s.put(
                    if i % 2 == 0 { Ink::Over } else { Ink::B },
                    leaf((400.0, y - 60.0), (400.0 + reach * 0.86, y - 60.0 - reach * 0.5), fat),
                );
            }
            s.put(Ink::A, leaf((400.0, 320.0), (400.0, -20.0), fat));
        });
    }
}

/// Contour lines of a hill.
fn contours(s: &mut Sheet, d: &mut Dice) {
    let (x, y) = (d.len(300.0, 500.0), d.len(400.0, 600.0));
    let wobble: Vec<f64> = (0..8).map(|_| 0.78 + f64::from(d.int(0, 44)) / 100.0).collect();
    let blob = |r: f64, k: f64| {
        let corner = |i: u32| polar(x, y, r * (1.0 + (wobble[(i % 8) as usize] - 1.0) * k), 45.0 * f64::from(i));
        let middle = |a: (f64, f64), b: (f64, f64)| (f64::midpoint(a.0, b.0), f64::midpoint(a.1, b.1));
        let start = middle(corner(7), corner(0));
        let mut pen = Pen::at(start.0, start.1);
        for i in 0..8 {
            let (c, to) = (corner(i), middle(corner(i), corner(i + 1)));
            pen = pen.quad(c.0, c.1, to.0, to.1);
        }
        pen.close()
    };
    let count = d.int(4, 6);
    let order = d.pick(&[
        [Ink::A, Ink::Ground, Ink::B, Ink::Over],
        [Ink::B, Ink::A, Ink::Over, Ink::Ground],
        [Ink::A, Ink::Ground, Ink::A, Ink::B],
    ]);
    for i in 0..count {
        let r = 660.0 * (1.0 - f64::from(i) / f64::from(count + 1));
        s.put(order[i as usize % 4], blob(r, 1.0 + 0.3 * f64::from(i)));
    }
    if d.chance(50) {
        let path = Pen::at(60.0, 1040.0).quad(120.0, 700.0, x - 60.0, y + 120.0).quad(x + 60.0, y - 40.0, x, y).open();
        s.put(Ink::Over, line(path, 14.0));
        s.put(Ink::Over, circle(x, y, 30.0));
    }
}

/// A boat on the lake.
fn sail(s: &mut Sheet, d: &mut Dice) {
    let (x, water) = (d.len(340.0, 460.0), d.len(660.0, 760.0));
    let h = d.len(440.0, 560.0);
    let sun = circle(x + d.pick(&[-150.0, 150.0]), d.len(260.0, 420.0), d.len(180.0, 260.0));
    let sails = poly(&[(x + 12.0, water - h), (x + h * 0.52, water - 90.0), (x + 12.0, water - 90.0)])
        + &poly(&[(x - 12.0, water - h * 0.86), (x - 12.0, water - 90.0), (x - h * 0.34, water - 90.0)]);
    s.over(sun, sails);
    s.put(
        Ink::Over,
        Pen::at(x - 210.0, water - 66.0)
            .to(x + 250.0, water - 66.0)
            .quad(x + 200.0, water + 50.0, x + 60.0, water + 50.0)
            .to(x - 90.0, water + 50.0)
            .quad(x - 180.0, water + 40.0, x - 210.0, water - 66.0)
            .close(),
    );
    let step = d.pick(&[100.0, 160.0, 200.0]);
    for i in 0..4 {
        let y = water + 40.0 + 84.0 * f64::from(i);
        s.put(
            if i % 2 == 0 { Ink::A } else { Ink::Over },
            wave(-step * f64::from(i % 2) - 100.0, y, step, 16.0, 12) + "V1010H-400z",
        );
    }
}
