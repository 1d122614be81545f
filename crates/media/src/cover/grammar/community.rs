//! Community: quilts, hands, circles of people, houses.

use super::prelude::*;

pub(super) const ALL: &[Composition] = &[quilt, round_table, hands, crowd, links, houses, patch];

/// A pieced quilt with one turning block.
fn quilt(s: &mut Sheet, d: &mut Dice) {
    let size = d.pick(&[200.0, 200.0, 266.7]);
    let (columns, rows) = if size > 250.0 { (3u32, 4u32) } else { (4, 5) };
    let top = (HEIGHT - size * f64::from(rows)) / 2.0;
    let kinds = [d.int(0, 4), d.int(0, 4)];
    let (shift, small, slim) = (d.int(0, 3), d.percent(24, 40), d.percent(38, 62));
    let mut orders = [[Ink::A, Ink::B], [Ink::Over, Ink::Ground], [Ink::B, Ink::Over], [Ink::Ground, Ink::A]];
    d.shuffle(&mut orders);
    for row in 0..rows {
        for column in 0..columns {
            let (x, y) = (size * f64::from(column), top + size * f64::from(row));
            let cell = row + column;
            let [cloth, piece] = orders[((cell + row / 2) % 4) as usize];
            let turn = ((row % 2) * 2 + column % 2 + shift) % 4;
            s.put(cloth, rect(x, y, size, size));
            let corners = [(x, y), (x + size, y), (x + size, y + size), (x, y + size)];
            let corner = corners[turn as usize];
            let figure = match kinds[(cell % 2) as usize] {
                0 => {
                    poly(&[corners[turn as usize], corners[(turn as usize + 1) % 4], corners[(turn as usize + 3) % 4]])
                }
                1 => sector(corner.0, corner.1, size, f64::from(turn) * 90.0, f64::from(turn) * 90.0 + 90.0),
                2 => circle(x + size / 2.0, y + size / 2.0, size * small),
                3 => leaf(corners[turn as usize], corners[(turn as usize + 2) % 4], slim),
                _ => poly(&[
                    (x + size / 2.0, y),
                    (x + size, y + size / 2.0),
                    (x + size / 2.0, y + size),
                    (x, y + size / 2.0),
                ]),
            };
            s.put(piece, figure);
        }
    }
}

/// People around one thing, from above.
fn round_table(s: &mut Sheet, d: &mut Dice) {
    let count = d.pick(&[6, 7, 8, 9]);
    let (x, y) = (d.pick(&[400.0, 400.0, 560.0]), d.pick(&[500.0, 500.0, 640.0]));
    let r = d.len(330.0, 400.0);
    let size = r * std::f64::consts::PI / f64::from(count) * 0.86;
    let turn = d.len(0.0, 45.0);
    s.put(Ink::A, circle(x, y, r * 0.66));
    if d.chance(50) {
        s.put(Ink::Ground, circle(x, y, r * 0.4));
        s.put(Ink::B, circle(x, y, r * 0.22));
    } else {
        s.put(Ink::B, star(x, y, r * 0.5, r * 0.3, count, turn));
    }
    for i in 0..count {
        let at = turn + 360.0 / f64::from(count) * f64::from(i);
        let (px, py) = polar(x, y, r, at);
        s.put(if i % 2 == 0 { Ink::B } else { Ink::Over }, half(px, py, size * 1.15, at + 180.0));
        let (hx, hy) = polar(x, y, r + size * 0.24, at);
        s.put(if i % 2 == 0 { Ink::Over } else { Ink::A }, circle(hx, hy, size * 0.52));
    }
}

fn hand(w: f64, reach: [f64; 4], thumb: f64) -> String {
    let finger = w / 4.0;
    let mut all = rect(-w * 0.32, w * 0.6, w * 0.64, 1400.0) + &round_rect(-w / 2.0, -w * 0.1, w, w * 1.05, w * 0.26);
    for (i, length) in (0u32..).zip(reach) {
        all += &pill(-w / 2.0 + finger * f64::from(i) + finger * 0.06, -w * length, finger * 0.88, w * (length + 0.5));
    }
    all + &bar(thumb * w * 0.3, w * 0.6, thumb * w * 0.82, 0.0, finger * 0.92)
        + &circle(thumb * w * 0.82, 0.0, finger * 0.46)
}

/// Hands up.
fn hands(s: &mut Sheet, d: &mut Dice) {
    let count = d.int(1, 3);
    let fingers = [0.78, 1.0, 0.94, 0.7];
    match count {
        1 => {
            let w = d.len(360.0, 420.0);
            s.put(Ink::B, circle(d.len(280.0, 520.0), d.len(360.0, 480.0), d.len(300.0, 360.0)));
            let lean = d.pick(&[-10.0, 0.0, 10.0]);
            s.put(Ink::A, Mark::from(hand(w, fingers, d.pick(&[-1.0, 1.0]))).at(400.0, 500.0, lean));
            s.put(Ink::Over, Mark::from(rect(-w * 0.42, w * 1.1, w * 0.84, 1400.0)).at(400.0, 500.0, lean));
        }
        2 => {
            let w = d.len(260.0, 310.0);
            let left = Mark::from(hand(w, fingers, 1.0)).at(
                d.len(220.0, 270.0),
                d.len(420.0, 520.0),
                d.pick(&[0.0, 8.0, 14.0]),
            );
            let mut flipped = fingers;
            flipped.reverse();
            let right = Mark::from(hand(w, flipped, -1.0)).at(
                d.len(530.0, 580.0),
                d.len(480.0, 620.0),
                d.pick(&[0.0, -8.0, -14.0]),
            );
            s.over(left, right);
        }
        _ => {
            let w = d.len(190.0, 220.0);
            let mut inks = [Ink::A, Ink::B, Ink::Over];
            d.shuffle(&mut inks);
            for (i, ink) in (0u32..).zip(inks) {
                let lean = (f64::from(i) - 1.0) * d.pick(&[4.0, 9.0]);
                s.put(
                    ink,
                    Mark::from(hand(w, fingers, if i == 2 { -1.0 } else { 1.0 })).at(
                        150.0 + 250.0 * f64::from(i),
                        d.len(330.0, 640.0),
                        lean,
                    ),
                );
            }
        }
    }
}

/// Neighbours, shoulder to shoulder.
fn crowd(s: &mut Sheet, d: &mut Dice) {
    let rows = d.int(2, 3);
    let r = if rows == 2 { d.len(190.0, 230.0) } else { d.len(140.0, 165.0) };
    for row in 0..rows {
        let y = HEIGHT - r * 1.35 * f64::from(rows - 1 - row) - r * 0.1;
        let offset = if row % 2 == 0 { -r * 0.1 } else { -r };
        // A face never has the ink of the coats it stands before.
        let (coat, face) = [(Ink::A, Ink::Over), (Ink::Over, Ink::B), (Ink::B, Ink::A)][row as usize];
        for i in 0..5 {
            let x = offset + r + r * 1.9 * f64::from(i);
            if x > WIDTH + r {
                break;
            }
            s.put(coat, half(x, y, r, -90.0) + &rect(x - r, y - 1.0, r * 2.0, r * 1.5));
            s.put(face, circle(x, y - r * 1.12, r * 0.44));
        }
    }
    if d.chance(50) {
        s.put(Ink::B, circle(d.len(160.0, 640.0), d.len(110.0, 170.0), d.len(80.0, 120.0)));
    }
}

/// Rings that hold each other.
fn links(s: &mut Sheet, d: &mut Dice) {
    let weight = d.pick(&[60.0, 84.0, 110.0]);
    let count = d.pick(&[2, 3, 4]);
    let r = d.len(240.0, 300.0);
    let spread = r * d.pick(&[0.66, 0.8]);
    let turn = d.len(0.0, 90.0);
    let (mut a, mut b) = (String::new(), String::new());
    for i in 0..count {
        let (x, y) = polar(400.0, 500.0, spread, turn + 360.0 / f64::from(count) * f64::from(i));
        let it = ring(x, y, r, r - weight);
        if i % 2 == 0 {
            a += &it;
        } else {
            b += &it;
        }
    }
    s.over(a, b);
}

/// A street of houses.
fn houses(s: &mut Sheet, d: &mut Dice) {
    let count = d.int(2, 4);
    let w = WIDTH / f64::from(count);
    if d.chance(60) {
        s.put(Ink::B, circle(d.len(160.0, 640.0), d.len(140.0, 260.0), d.len(110.0, 180.0)));
    }
    let mut inks = [(Ink::A, Ink::Ground), (Ink::Over, Ink::B), (Ink::B, Ink::Over), (Ink::A, Ink::B)];
    d.shuffle(&mut inks);
    for i in 0..count {
        let (wall, window) = inks[i as usize];
        let (x, eave) = (w * f64::from(i), d.len(380.0, 560.0));
        let roof = match d.int(0, 2) {
            0 => poly(&[(x, eave), (x + w / 2.0, eave - w * 0.5), (x + w, eave)]),
            1 => half(x + w / 2.0, eave + 0.5, w / 2.0, -90.0),
            _ => poly(&[(x, eave - w * 0.4), (x + w, eave), (x, eave)]),
        };
        s.put(wall, roof + &rect(x, eave, w, HEIGHT));
        let pane = w * 0.22;
        let mut panes = String::new();
        let tall = d.chance(50);
        for floor in 0..3 {
            let y = eave + w * 0.14 + pane * 1.9 * f64::from(floor);
            if y > 900.0 {
                break;
            }
            for side in [0.28, 0.72] {
                let left = x + w * side - pane / 2.0;
                panes += &if tall { arch(left, y, pane, pane * 1.4) } else { rect(left, y, pane, pane) };
            }
        }
        s.put(window, panes);
    }
}

/// Discs shared between neighbours: each patch lends half of itself.
fn patch(s: &mut Sheet, d: &mut Dice) {
    let r = d.len(145.0, 270.0);
    let (left, top) = (d.len(-100.0, 0.0), d.len(-100.0, 0.0));
    let dotted = d.chance(50);
    let dot = r * d.percent(14, 26);
    let (mut a, mut b, mut dots) = (String::new(), String::new(), String::new());
    let mut y = top;
    let mut row = 0;
    while y < HEIGHT + r {
        let mut x = if row % 2 == 0 { left } else { left + r };
        while x < WIDTH + r {
            if row % 2 == 0 {
                a += &circle(x, y, r);
            } else {
                b += &circle(x, y, r);
            }
            dots += &circle(x + r, y, dot);
            x += r * 2.0;
        }
        y += r;
        row += 1;
    }
    s.over(a, b);
    if dotted {
        s.put(Ink::Over, dots);
    }
}
