//! Theatre: curtains, spotlights, masks, the house.

use super::prelude::*;

pub(super) const ALL: &[Composition] = &[curtain, spots, masks, proscenium, house, swags, entrance];

/// Curtains drawn aside from a lit stage.
fn curtain(s: &mut Sheet, d: &mut Dice) {
    let folds = d.int(4, 6);
    let (gather, tie, flare) = (d.len(90.0, 170.0), d.len(520.0, 720.0), d.len(170.0, 280.0));
    let meet = d.pick(&[400.0, 400.0, 500.0, 300.0]);
    s.put(Ink::B, circle(d.len(330.0, 470.0), d.len(480.0, 700.0), d.len(190.0, 270.0)));
    s.put(Ink::Over, rect(0.0, 890.0, WIDTH, 110.0));
    let side = |s: &mut Sheet, reach: f64| {
        for i in 0..folds {
            let (k0, k1) = (f64::from(i) / f64::from(folds), f64::from(i + 1) / f64::from(folds));
            let fold = Pen::at(reach * k0, -10.0)
                .cubic((reach * k0, tie * 0.55), (gather * k0, tie * 0.6), gather * k0, tie)
                .to(flare * k0, 1010.0)
                .to(flare * k1, 1010.0)
                .to(gather * k1, tie)
                .cubic((gather * k1, tie * 0.6), (reach * k1, tie * 0.55), reach * k1, -10.0)
                .close();
            s.put(if i % 2 == 0 { Ink::A } else { Ink::Over }, fold);
        }
        s.put(Ink::B, rect(0.0, tie - 14.0, gather, 28.0));
    };
    side(s, meet);
    s.mirrored(|s| side(s, WIDTH - meet));
    if d.chance(50) {
        let count = d.pick(&[4, 5, 8]);
        let r = WIDTH / f64::from(count) / 2.0;
        let scallops: String = (0..count).map(|i| half(r * (f64::from(i) * 2.0 + 1.0), r * 0.6, r, 90.0)).collect();
        s.put(Ink::B, rect(0.0, 0.0, WIDTH, r * 0.6) + &scallops);
    }
}

/// Two beams cross on somebody.
fn spots(s: &mut Sheet, d: &mut Dice) {
    let floor = d.len(780.0, 880.0);
    let x = d.len(320.0, 480.0);
    let spread = d.len(170.0, 260.0);
    let cone = |from: f64, shift: f64| {
        poly(&[(from - 30.0, -20.0), (from + 30.0, -20.0), (x + shift + spread, floor), (x + shift - spread, floor)])
            + &ellipse(x + shift, floor, spread, spread * 0.28)
    };
    let shift = d.pick(&[0.0, 20.0, 50.0]);
    s.over(cone(d.len(-40.0, 160.0), -shift), cone(d.len(640.0, 840.0), shift));
    let figure = d.int(0, 2);
    let tall = d.len(230.0, 280.0);
    let head = tall * 0.17;
    match figure {
        0 => s.put(
            Ink::Ground,
            poly(&[(x, floor - tall + head), (x + tall * 0.3, floor + 20.0), (x - tall * 0.3, floor + 20.0)])
                + &circle(x, floor - tall, head),
        ),
        1 => s.put(
            Ink::Ground,
            arch(x - tall * 0.2, floor - tall + head * 1.3, tall * 0.4, tall - head * 1.3 + 20.0)
                + &circle(x, floor - tall, head),
        ),
        _ => {
            s.put(Ink::Ground, leaf((x, floor + 20.0), (x, floor - tall + head), 0.4) + &circle(x, floor - tall, head));
        }
    }
}

/// The laughing mask and the other one.
fn masks(s: &mut Sheet, d: &mut Dice) {
    let face = |w: f64| {
        Pen::at(-w, -w * 1.1).quad(0.0, -w * 0.8, w, -w * 1.1).to(w, 0.2 * w).arc(w, true, -w, 0.2 * w).close()
    };
    let (w1, w2) = (d.len(250.0, 310.0), d.len(250.0, 310.0));
    let (x1, y1, t1) = (d.len(220.0, 330.0), d.len(320.0, 420.0), d.len(-24.0, -4.0));
    let (x2, y2, t2) = (d.len(490.0, 580.0), d.len(620.0, 700.0), d.len(4.0, 24.0));
    s.over(Mark::from(face(w1)).at(x1, y1, t1), Mark::from(face(w2)).at(x2, y2, t2));
    let round_eyes = d.chance(40);
    for (w, x, y, t, laughs) in [(w1, x1, y1, t1, true), (w2, x2, y2, t2, false)] {
        let eye = |side: f64| {
            if round_eyes {
                circle(side * w * 0.42, -w * 0.3, w * 0.17)
            } else {
                half(side * w * 0.42, -w * 0.25, w * 0.24, if laughs { -90.0 } else { 90.0 })
            }
        };
        let mouth = if laughs { half(0.0, w * 0.25, w * 0.5, 90.0) } else { half(0.0, w * 0.68, w * 0.42, -90.0) };
        s.put(Ink::Ground, Mark::from(eye(-1.0) + &eye(1.0) + &mouth).at(x, y, t));
    }
}

/// Arch behind arch, and the moon.
fn proscenium(s: &mut Sheet, d: &mut Dice) {
    let count = d.int(3, 5);
    let inks = d.pick(&[
        [Ink::A, Ink::Over, Ink::B, Ink::Ground],
        [Ink::A, Ink::B, Ink::Over, Ink::Ground],
        [Ink::B, Ink::A, Ink::Ground, Ink::Over],
    ]);
    let (cx, shift) = (400.0, d.pick(&[-34.0, 0.0, 0.0, 34.0]));
    let thin = d.len(60.0, 90.0);
    for i in 0..count {
        let k = f64::from(i);
        let half_w = 370.0 - thin * k;
        s.put(inks[i as usize % 4], arch(cx - half_w + shift * k, 60.0 + thin * k * 1.1, half_w * 2.0, 1000.0));
    }
    let ink = inks[count as usize % 4];
    let x = cx + shift * f64::from(count - 1);
    match d.int(0, 2) {
        0 => s.put(ink, circle(x, 640.0, 100.0)),
        1 => s.put(ink, half(x, 1000.0, 150.0, -90.0)),
        _ => s.put(ink, poly(&[(x, 700.0), (x + 90.0, 1000.0), (x - 90.0, 1000.0)]) + &circle(x, 680.0, 50.0)),
    }
}

/// The house before the stage.
fn house(s: &mut Sheet, d: &mut Dice) {
    let r = d.pick(&[80.0, 100.0, 134.0]);
    let rows = 2u32;
    let first = HEIGHT - f64::from(rows) * r * 1.25;
    let (apex, spread) = (d.len(100.0, 700.0), d.len(240.0, 360.0));
    let beam = poly(&[(apex - 20.0, -20.0), (apex + 20.0, -20.0), (400.0 + spread, first), (400.0 - spread, first)]);
    let disc = circle(400.0, d.len(420.0, 520.0), d.len(150.0, 230.0));
    s.over(beam, disc);
    for row in 0..rows {
        let y = first + f64::from(row) * r * 1.25;
        let offset = if row % 2 == 0 { 0.0 } else { -r };
        let ink = [Ink::Over, Ink::A][row as usize];
        let heads: String = (0..8)
            .map(|i| r * 2.0 * f64::from(i) + r + offset)
            .filter(|x| *x < WIDTH + r)
            .map(|x| circle(x, y, r * 0.5) + &arch(x - r * 0.9, y + r * 0.62, r * 1.8, r * 3.0))
            .collect();
        s.put(ink, heads);
    }
}

/// A gathered curtain, still down.
fn swags(s: &mut Sheet, d: &mut Dice) {
    let columns = d.int(2, 4);
    let w = WIDTH / f64::from(columns);
    let r = w / 2.0;
    let rows = d.int(3, 5);
    let pitch = d.pick(&[0.55, 0.66, 0.8]) * w;
    let bottom = d.len(640.0, 860.0);
    let order = if d.chance(50) { [Ink::A, Ink::Over, Ink::B] } else { [Ink::A, Ink::B, Ink::Over] };
    let floor = if d.chance(60) { Some(d.len(60.0, 120.0)) } else { None };
    if let Some(h) = floor {
        s.put(Ink::Over, rect(0.0, HEIGHT - h, WIDTH, h));
        s.put(Ink::B, ellipse(400.0, HEIGHT - h, 300.0, h * 0.5));
    }
    for row in 0..rows {
        let y = bottom - r - f64::from(row) * pitch * 0.5;
        let scallops: String = (0..columns).map(|i| half(r + w * f64::from(i), y, r, 90.0)).collect();
        s.put(order[row as usize % 3], rect(0.0, -10.0, WIDTH, y + 11.0) + &scallops);
    }
}

/// The gap in the curtain.
fn entrance(s: &mut Sheet, d: &mut Dice) {
    let x = d.len(300.0, 500.0);
    let (top, low) = (d.len(0.0, 40.0), d.len(150.0, 230.0));
    let folds = d.pick(&[80.0, 100.0, 133.0]);
    s.put(Ink::A, rect(0.0, 0.0, WIDTH, HEIGHT));
    let stripes: String = (0..12).map(|i| rect(folds * f64::from(i), 0.0, folds * 0.5, HEIGHT)).collect();
    s.put(Ink::Over, stripes);
    let light = Pen::at(x - top, -10.0)
        .quad(x - top, 700.0, x - low, 1010.0)
        .to(x + low, 1010.0)
        .quad(x + top, 700.0, x + top, -10.0)
        .close();
    s.put(Ink::Ground, light.clone());
    s.inside(light, Ink::B, circle(x, 830.0, 260.0));
    let tall = d.len(230.0, 330.0);
    s.put(
        Ink::Over,
        circle(x, 940.0 - tall, tall * 0.2) + &arch(x - tall * 0.26, 940.0 - tall * 0.74, tall * 0.52, tall),
    );
}
