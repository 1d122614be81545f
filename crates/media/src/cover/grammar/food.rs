//! Food: pans, bowls and steam, fruit, the laid table.

use super::prelude::*;

pub(super) const ALL: &[Composition] = &[pan, steam, citrus, plate, fish, fruit, carafe];

/// An egg in a pan.
fn pan(s: &mut Sheet, d: &mut Dice) {
    let (x, y, r) = (d.len(340.0, 460.0), d.len(400.0, 560.0), d.len(320.0, 390.0));
    let angle = d.pick(&[50.0, 70.0, 90.0, 118.0, -60.0]);
    let end = polar(x, y, r + 700.0, angle);
    let start = polar(x, y, r * 0.9, angle);
    s.put(Ink::Over, bar(start.0, start.1, end.0, end.1, 96.0));
    s.put(Ink::A, circle(x, y, r));
    s.put(Ink::Over, circle(x, y, r * 0.86));
    let eggs = d.pick(&[1, 1, 2, 3]);
    let turn = d.len(0.0, 360.0);
    let mut whites = String::new();
    let mut yolks = String::new();
    for i in 0..eggs {
        let (ex, ey) =
            if eggs == 1 { (x, y) } else { polar(x, y, r * 0.4, turn + 360.0 / f64::from(eggs) * f64::from(i)) };
        let size = if eggs == 1 { r * 0.52 } else { r * 0.36 };
        whites += &circle(ex, ey, size);
        for k in 0..3 {
            let (bx, by) = polar(ex, ey, size * 0.55, turn + 120.0 * f64::from(k));
            whites += &circle(bx, by, size * d.pick(&[0.55, 0.66]));
        }
        yolks += &circle(ex, ey, size * 0.44);
    }
    s.put(Ink::Ground, whites);
    s.put(Ink::B, yolks);
}

/// A bowl, and what rises from it.
fn steam(s: &mut Sheet, d: &mut Dice) {
    let r = d.len(310.0, 400.0);
    let rim = d.len(520.0, 620.0);
    let bowl = half(400.0, rim, r, 90.0) + &rect(400.0 - r * 0.4, rim + r * 0.8, r * 0.8, r * 0.32);
    let count = d.int(3, 5);
    let pitch = r * 1.5 / f64::from(count);
    let (step, width) = (d.len(110.0, 180.0), d.len(20.0, 45.0));
    let deep = d.chance(50);
    let plumes: String = (0..count)
        .map(|i| {
            let x = 400.0 + pitch * (f64::from(i) - f64::from(count - 1) / 2.0);
            let rows = if deep { 6 } else { 4 };
            let y = if deep { rim + r * 0.5 - step * 6.0 } else { rim - 40.0 - step * 4.0 };
            plume(x, y.max(-200.0), step, if i % 2 == 0 { width } else { -width }, rows)
        })
        .collect();
    if d.chance(40) {
        s.put(Ink::B, rect(0.0, rim + r * 1.12, WIDTH, HEIGHT));
    }
    s.over(bowl, cord(plumes, pitch * 0.42));
    if !deep {
        s.put(Ink::Over, rect(400.0 - r, rim, r * 2.0, FIRM));
    } else if d.chance(60) {
        s.put(Ink::Over, bar(430.0, rim + 10.0, 830.0, 40.0, FIRM) + &bar(500.0, rim + 10.0, 880.0, 120.0, FIRM));
    }
}

/// Slices of citrus.
fn citrus(s: &mut Sheet, d: &mut Dice) {
    let slice = |s: &mut Sheet, x: f64, y: f64, r: f64, turn: f64, count: u32, whole: bool, inks: (Ink, Ink)| {
        s.put(inks.0, if whole { circle(x, y, r) } else { half(x, y, r, turn) });
        let (step, span, from) = if whole {
            (360.0 / f64::from(count), 360.0, turn)
        } else {
            (180.0 / f64::from(count), 180.0, turn - 90.0)
        };
        s.put(Ink::Ground, if whole { circle(x, y, r * 0.88) } else { half(x, y, r * 0.88, turn) });
        let gap = span / f64::from(count) * 0.11;
        let pieces: String = (0..count)
            .map(|i| {
                let at = from + step * f64::from(i);
                let (cx, cy) = polar(x, y, r * 0.07, at + step / 2.0);
                sector(cx, cy, r * 0.74, at + gap / 2.0, at + step - gap / 2.0)
            })
            .collect();
        s.put(inks.1, pieces);
    };
    let inks = if d.chance(50) { (Ink::A, Ink::B) } else { (Ink::B, Ink::A) };
    if d.chance(45) {
        let (x, y) = (d.pick(&[250.0, 400.0, 620.0]), d.pick(&[380.0, 500.0, 660.0]));
        slice(s, x, y, d.len(400.0, 520.0), d.len(0.0, 60.0), d.int(8, 10), true, inks);
        if d.chance(60) {
            slice(
                s,
                WIDTH - x * 0.6,
                if y < 500.0 { 860.0 } else { 150.0 },
                200.0,
                d.len(0.0, 60.0),
                8,
                true,
                (Ink::Over, inks.0),
            );
        }
    } else {
        let rows = d.int(2, 3);
        let r = 1000.0 / f64::from(rows) * 0.86;
        for i in 0..rows {
            let x = if i % 2 == 0 { d.len(260.0, 420.0) } else { d.len(420.0, 560.0) };
            let inks = [inks, (Ink::Over, inks.0), (inks.1, Ink::Over)][i as usize];
            slice(s, x, 40.0 + f64::from(i) * 1000.0 / f64::from(rows), r.min(390.0), 90.0, 5, false, inks);
        }
    }
}

/// The place laid for you.
fn plate(s: &mut Sheet, d: &mut Dice) {
    let (x, r) = (d.pick(&[400.0, 400.0, 520.0]), d.len(190.0, 225.0));
    let y = d.len(460.0, 540.0);
    s.put(Ink::A, circle(x, y, r));
    s.put(Ink::Ground, line(circle(x, y, r * 0.74), FINE));
    match d.int(0, 3) {
        0 => {
            s.put(Ink::B, circle(x, y, r * 0.5));
            s.put(Ink::Over, leaf((x, y - r * 0.1), (x + r * 0.45, y - r * 0.55), 0.5));
        }
        1 => s.put(Ink::B, half(x, y + r * 0.2, r * 0.55, -90.0)),
        2 => {
            let peas: String = (0..5)
                .map(|i| polar(x, y, r * 0.36, 72.0 * f64::from(i)))
                .map(|(px, py)| circle(px, py, r * 0.17))
                .collect();
            s.put(Ink::B, peas);
        }
        _ => s.put(Ink::B, leaf((x - r * 0.6, y + r * 0.2), (x + r * 0.6, y - r * 0.2), 0.55)),
    }
    let left = x - r - 110.0;
    let tines: String = (0..4).map(|i| rect(left - 68.0 + 40.0 * f64::from(i), y - 420.0, 18.0, 250.0)).collect();
    s.put(
        Ink::B,
        tines
            + &half(left, y - 180.0, 69.0, 90.0)
            + &rect(left - 69.0, y - 215.0, 138.0, 36.0)
            + &pill(left - 22.0, y - 150.0, 44.0, 620.0),
    );
    let right = x + r + 100.0;
    let blade = Pen::at(right - 40.0, y + 60.0)
        .to(right - 40.0, y - 380.0)
        .quad(right + 50.0, y - 340.0, right + 50.0, y - 120.0)
        .to(right + 50.0, y + 60.0)
        .close();
    s.put(Ink::Over, blade + &pill(right - 28.0, y + 40.0, BOLD, 430.0));
}

/// Fish, head to tail.
fn fish(s: &mut Sheet, d: &mut Dice) {
    let count = d.pick(&[1u32, 2, 3, 3]);
    let turn = if count == 1 { d.pick(&[-48.0, 48.0, -62.0]) } else { d.pick(&[0.0, 0.0, -12.0, 12.0]) };
    let stripes = d.chance(50);
    let (belly, marked, shift) = (d.percent(66, 90), d.int(3, 5), d.len(-70.0, 70.0));
    let pitch = HEIGHT / f64::from(count);
    s.turned(turn, |s| {
        for i in 0..count {
            let side = if i % 2 == 0 { 1.0 } else { -1.0 };
            let y = pitch * (f64::from(i) + 0.5);
            let reach = if count == 1 { 440.0 } else { 330.0 };
            let tall = if count == 1 { belly * 0.58 } else { (pitch * belly / (reach * 2.0)).min(0.54) };
            let (body, detail) = [(Ink::A, Ink::B), (Ink::B, Ink::Over), (Ink::Over, Ink::A)][i as usize];
            let nose = 400.0 + side * (reach + 20.0 + shift);
            let tail = 400.0 - side * (reach - 60.0 - shift);
            let h = reach * tall * 0.8;
            let back = leaf((nose, y), (tail, y), tall);
            s.put(
                body,
                poly(&[
                    (tail + side * 60.0, y),
                    (tail - side * 150.0, y - h),
                    (tail - side * 90.0, y),
                    (tail - side * 150.0, y + h),
                ]),
            );
            s.put(body, back.clone());
            let middle = if side > 0.0 { 180.0 } else { 0.0 };
            let marks: String = (0..marked)
                .map(|k| {
                    let at = tail + side * (130.0 + (reach * 1.24 - 60.0) / f64::from(marked) * f64::from(k));
                    if stripes {
                        rect(at - 25.0, y - 300.0, 50.0, 600.0)
                    } else {
                        arc(at, y, h * 1.3, middle - 80.0, middle + 80.0)
                    }
                })
                .collect();
            let shown = if stripes { Mark::from(marks) } else { line(marks, FIRM) };
            s.inside(back, detail, shown);
            s.put(Ink::Ground, circle(nose - side * 130.0, y - 18.0, 26.0));
        }
    });
}

/// Fruit, whole and halved.
fn fruit(s: &mut Sheet, d: &mut Dice) {
    let (columns, rows) = d.pick(&[(1u32, 1u32), (2, 2), (2, 3), (2, 3), (1, 2)]);
    let (w, h) = (WIDTH / f64::from(columns), HEIGHT / f64::from(rows));
    let size = w.min(h);
    let mut kinds = [0, 1, 2, 3, 0, 1];
    d.shuffle(&mut kinds);
    let checker = d.chance(60);
    for row in 0..rows {
        for column in 0..columns {
            let cell = row * columns + column;
            let (x, y) = (w * (f64::from(column) + 0.5), h * (f64::from(row) + 0.54));
            let odd = (row + column) % 2 == 1;
            if checker && odd {
                s.put(Ink::B, rect(w * f64::from(column), h * f64::from(row), w, h));
            }
            let (flesh, second) = if odd && checker {
                (Ink::A, Ink::Over)
            } else if odd {
                (Ink::B, Ink::A)
            } else {
                (Ink::A, Ink::B)
            };
            let r = size * if columns * rows == 1 { 0.46 } else { 0.36 };
            let stalk = cord(Pen::at(x, y - r * 0.8).quad(x, y - r * 1.15, x + r * 0.2, y - r * 1.25).open(), FIRM);
            match kinds[(cell % 6) as usize] {
                0 => {
                    s.put(flesh, circle(x, y, r));
                    s.put(Ink::Over, stalk);
                    s.put(Ink::Over, leaf((x + r * 0.04, y - r * 0.96), (x + r * 0.7, y - r * 1.2), 0.45));
                }
                1 => {
                    s.put(
                        flesh,
                        circle(x, y + r * 0.28, r * 0.74)
                            + &circle(x, y - r * 0.42, r * 0.46)
                            + &poly(&[
                                (x - r * 0.45, y - r * 0.5),
                                (x + r * 0.45, y - r * 0.5),
                                (x + r * 0.7, y + r * 0.1),
                                (x - r * 0.7, y + r * 0.1),
                            ]),
                    );
                    s.put(Ink::Ground, leaf((x, y + r * 0.62), (x, y - r * 0.1), 0.6));
                    s.put(second, leaf((x, y + r * 0.5), (x, y + r * 0.08), 0.6));
                    s.put(Ink::Over, stalk);
                }
                2 => {
                    s.put(flesh, circle(x, y, r));
                    s.put(Ink::Ground, circle(x, y, r * 0.82));
                    let seeds: String = (0..8)
                        .map(|i| {
                            (polar(x, y, r * 0.2, 45.0 * f64::from(i)), polar(x, y, r * 0.62, 45.0 * f64::from(i)))
                        })
                        .map(|(from, to)| leaf(from, to, 0.42))
                        .collect();
                    s.put(second, seeds);
                }
                _ => {
                    s.put(
                        Ink::Over,
                        cord(
                            Pen::at(x - r * 0.5, y + r * 0.4)
                                .quad(x - r * 0.3, y - r * 0.5, x + r * 0.3, y - r)
                                .quad(x + r * 0.4, y - r * 0.3, x + r * 0.5, y + r * 0.3)
                                .open(),
                            FIRM * 0.7,
                        ),
                    );
                    s.over(circle(x - r * 0.48, y + r * 0.42, r * 0.5), circle(x + r * 0.46, y + r * 0.36, r * 0.5));
                }
            }
        }
    }
}

/// A bottle and a glass.
fn carafe(s: &mut Sheet, d: &mut Dice) {
    let (x, w) = (d.len(240.0, 320.0), d.len(150.0, 180.0));
    let (shoulder, neck) = (d.len(430.0, 520.0), d.len(44.0, 60.0));
    let bottle = Pen::at(x - neck, -20.0)
        .to(x + neck, -20.0)
        .to(x + neck, shoulder - 240.0)
        .cubic((x + neck, shoulder - 110.0), (x + w, shoulder - 120.0), x + w, shoulder)
        .to(x + w, 960.0)
        .to(x - w, 960.0)
        .to(x - w, shoulder)
        .cubic((x - w, shoulder - 120.0), (x - neck, shoulder - 110.0), x - neck, shoulder - 240.0)
        .close();
    let (gx, r) = (x + d.len(240.0, 300.0), d.len(160.0, 210.0));
    let top = d.len(380.0, 500.0);
    let glass = rect(gx - r, top, r * 2.0, 40.0)
        + &half(gx, top + 39.0, r, 90.0)
        + &rect(gx - 14.0, top + r, 28.0, 960.0 - top - r)
        + &half(gx, 960.0, r * 0.62, -90.0);
    s.over(bottle.clone(), glass);
    if d.chance(60) {
        s.inside(bottle, Ink::Ground, rect(x - w * 0.62, 640.0, w * 1.24, 170.0));
    }
    s.put(Ink::Over, rect(0.0, 940.0, WIDTH, 60.0));
    if d.chance(50) {
        s.put(Ink::B, circle(700.0, 160.0, 90.0));
    }
}
