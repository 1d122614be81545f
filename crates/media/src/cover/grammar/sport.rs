//! Sport: tracks, courts, balls, wheels.

use super::prelude::*;

pub(super) const ALL: &[Composition] = &[oval, court, ball, straight, bounce, wheels, finish];

/// The bend of a running track.
fn oval(s: &mut Sheet, d: &mut Dice) {
    let (cx, cy) = (d.pick(&[400.0, 180.0, 640.0]), d.len(520.0, 700.0));
    let (lanes, pitch) = (d.int(4, 6), d.len(70.0, 95.0));
    let inner = d.len(90.0, 180.0);
    let turn = d.pick(&[0.0, 0.0, 180.0, 24.0, -24.0]);
    let colours = if d.chance(50) { (Ink::B, Ink::Over) } else { (Ink::Over, Ink::B) };
    let outer = inner + pitch * f64::from(lanes);
    let leading = d.int(0, lanes - 1);
    s.turned(turn, |s| {
        let lane = |r: f64| arch(cx - r, cy - r, r * 2.0, r + 900.0);
        s.put(Ink::A, lane(outer));
        s.put(Ink::Ground, lane(inner));
        for i in 1..lanes {
            s.put(Ink::Ground, line(lane(inner + pitch * f64::from(i)), FINE));
        }
        for (i, ink) in [(leading, colours.0), ((leading + 2) % lanes, colours.1)] {
            let r = inner + pitch * (f64::from(i) + 0.5);
            let (x, y) = polar(cx, cy, r, if i == leading { -48.0 } else { -118.0 });
            s.put(ink, circle(x, y, pitch * 0.44));
        }
        s.put(Ink::B, half(cx, cy + 20.0, inner * 0.62, -90.0));
    });
}

/// A court from above, its lines, and the ball.
fn court(s: &mut Sheet, d: &mut Dice) {
    let turn = d.pick(&[-32.0, -18.0, 18.0, 32.0, 58.0]);
    let (w, h) = (d.len(480.0, 600.0), d.len(820.0, 1000.0));
    let (x, y) = (d.len(60.0, 240.0), d.len(-140.0, 120.0));
    let circle_r = d.len(80.0, 130.0);
    let boxed = d.chance(50);
    s.turned(turn, |s| {
        s.put(Ink::A, rect(x, y, w, h));
        let (cx, mid) = (x + w / 2.0, y + h / 2.0);
        let inset = 40.0;
        let mut lines =
            rect(x + inset, y + inset, w - 2.0 * inset, h - 2.0 * inset) + &segment(x + inset, mid, x + w - inset, mid);
        if boxed {
            lines += &circle(cx, mid, circle_r);
            lines += &rect(cx - 130.0, y + inset, 260.0, 150.0);
            lines += &rect(cx - 130.0, y + h - inset - 150.0, 260.0, 150.0);
        } else {
            lines += &rect(x + inset + 60.0, y + h * 0.27, w - 2.0 * inset - 120.0, h * 0.46);
            lines += &segment(cx, y + h * 0.27, cx, y + h * 0.73);
        }
        s.put(Ink::Ground, line(lines, 14.0));
    });
    let (bx, by, r) = (d.len(200.0, 600.0), d.len(260.0, 740.0), d.len(80.0, 150.0));
    s.put(Ink::Over, circle(bx + r * 0.5, by + r * 0.7, r));
    s.put(Ink::B, circle(bx, by, r));
}

/// One ball and its shadow.
fn ball(s: &mut Sheet, d: &mut Dice) {
    let (x, y, r) = (d.len(280.0, 520.0), d.len(340.0, 500.0), d.len(300.0, 400.0));
    s.over(circle(x + d.len(-160.0, 160.0), y + r * d.pick(&[0.7, 0.9, 1.1]), r), circle(x, y, r));
    let turn = d.len(-40.0, 40.0);
    let seams = match d.int(0, 2) {
        0 => {
            let side = r * 0.95;
            let (left, right) = (polar(0.0, 0.0, side * 1.3, 180.0), polar(0.0, 0.0, side * 1.3, 0.0));
            segment(-r, 0.0, r, 0.0)
                + &segment(0.0, -r, 0.0, r)
                + &circle(left.0, left.1, side * 0.82)
                + &circle(right.0, right.1, side * 0.82)
        }
        1 => circle(-r * 1.15, -r * 0.2, r * 0.95) + &circle(r * 1.15, r * 0.2, r * 0.95),
        _ => (0..3).map(|i| circle(r * (0.9 - 0.42 * f64::from(i)), r * 1.1, r * 1.25)).collect(),
    };
    s.inside(circle(x, y, r), Ink::Ground, line(seams, FIRM).at(x, y, turn));
}

/// Lanes running to the horizon.
fn straight(s: &mut Sheet, d: &mut Dice) {
    let (vx, vy) = (d.len(160.0, 640.0), d.len(240.0, 420.0));
    let count = d.int(4, 6);
    let pitch = 2400.0 / f64::from(count * 2);
    let lanes: String = (0..count)
        .map(|i| {
            let x = -800.0 + pitch * 2.0 * f64::from(i) + pitch * 0.5;
            poly(&[(vx, vy), (x + pitch, 1000.0), (x, 1000.0)])
        })
        .collect();
    let r = d.len(150.0, 250.0);
    let low = d.chance(50);
    let disc =
        circle(if low { d.len(200.0, 600.0) } else { vx }, if low { d.len(640.0, 780.0) } else { vy - r * 0.2 }, r);
    s.over(lanes, disc);
    if d.chance(40) {
        s.put(Ink::Over, rect(0.0, vy - 12.0, WIDTH, FIRM));
    }
}

/// A ball bounces towards us.
fn bounce(s: &mut Sheet, d: &mut Dice) {
    let floor = d.len(760.0, 860.0);
    s.put(Ink::A, rect(0.0, floor, WIDTH, HEIGHT - floor));
    let mut x = d.len(-60.0, 40.0);
    let mut r = d.len(26.0, 40.0);
    let grow = d.pick(&[1.7, 1.9, 2.2]);
    let mut reach = d.len(150.0, 190.0);
    let mut path = String::new();
    let mut balls = String::new();
    let mut last = (0.0, 0.0, 0.0);
    for _ in 0..3 {
        let peak = floor - r - reach * 1.7;
        path += &Pen::at(x, floor - r).quad(x + reach / 2.0, peak * 2.0 - floor + r, x + reach, floor - r).open();
        balls += &circle(x, floor - r, r);
        last = (x + reach * 1.1, peak.max(330.0), (r * grow * 1.2).min(210.0));
        x += reach;
        r *= grow;
        reach *= 1.5;
    }
    s.put(Ink::B, line(path, FINE));
    s.put(Ink::Over, balls);
    s.put(Ink::B, circle(last.0, last.1, last.2));
    let seams = circle(-last.2 * 1.15, 0.0, last.2 * 0.95) + &circle(last.2 * 1.15, 0.0, last.2 * 0.95);
    s.inside(circle(last.0, last.1, last.2), Ink::Over, line(seams, FINE * 1.6).at(last.0, last.1, d.len(0.0, 90.0)));
}

/// Two wheels.
fn wheels(s: &mut Sheet, d: &mut Dice) {
    let r = d.len(300.0, 400.0);
    let (x, y) = (d.len(120.0, 300.0), d.len(620.0, 760.0));
    let (x2, y2) = (d.len(600.0, 760.0), d.len(200.0, 360.0));
    let spokes = d.pick(&[8, 12, 16]);
    let wheel = |s: &mut Sheet, ink: Ink, x: f64, y: f64| {
        let rays: String = (0..spokes)
            .map(|i| {
                let (ex, ey) = polar(x, y, r, 360.0 / f64::from(spokes) * f64::from(i) + 7.0);
                segment(x, y, ex, ey)
            })
            .collect();
        s.put(ink, line(rays, FINE));
    };
    wheel(s, Ink::A, x, y);
    wheel(s, Ink::B, x2, y2);
    s.over(ring(x, y, r, r - 70.0), ring(x2, y2, r, r - 70.0));
    s.put(Ink::Over, circle(x, y, BOLD));
    s.put(Ink::Over, circle(x2, y2, BOLD));
    if d.chance(50) {
        s.put(Ink::Over, bar(x, y, x2, y2, FIRM));
    }
}

/// The chequered flag.
fn finish(s: &mut Sheet, d: &mut Dice) {
    let size = d.pick(&[100.0, 133.0, 160.0, 200.0]);
    let turn = d.pick(&[-16.0, 12.0, 20.0, -24.0]);
    let rows = if size < 140.0 { d.int(5, 6) } else { d.int(3, 4) };
    let disc = circle(d.len(220.0, 580.0), d.len(560.0, 760.0), d.len(200.0, 300.0));
    s.turned(turn, |s| {
        let mut squares = String::new();
        for row in 0..rows {
            for column in 0..10 {
                if (row + column) % 2 == 0 {
                    squares += &rect(f64::from(column) * size - 300.0, f64::from(row) * size - 60.0, size, size);
                }
            }
        }
        s.over(squares, disc);
    });
}
