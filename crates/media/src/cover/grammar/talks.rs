//! Talks: speech, microphones, heads, pages.

use super::prelude::*;

pub(super) const ALL: &[Composition] = &[dialogue, thread, microphone, heads, megaphone, pages, nested];

fn bubble(x: f64, y: f64, w: f64, h: f64, round: f64, tail: f64) -> String {
    let tip = if tail > 0.0 { x + w - 40.0 } else { x + 40.0 };
    let inner = tip - tail.signum() * (w * 0.3).min(150.0);
    let base = y + h - round.min(h * 0.3);
    round_rect(x, y, w, h, round)
        + &if tail > 0.0 {
            poly(&[(inner, base), (tip, base), (tip, y + h + tail.abs())])
        } else {
            poly(&[(tip, base), (inner, base), (tip, y + h + tail.abs())])
        }
}

/// Two voices overlap.
fn dialogue(s: &mut Sheet, d: &mut Dice) {
    let (w1, h1) = (d.len(480.0, 600.0), d.len(340.0, 430.0));
    let (w2, h2) = (d.len(460.0, 600.0), d.len(340.0, 430.0));
    let r1 = d.pick(&[0.5, 0.5, 0.12]) * h1;
    let r2 = d.pick(&[0.5, 0.12, 0.25]) * h2;
    let first = bubble(d.len(-60.0, 80.0), d.len(100.0, 180.0), w1, h1, r1, -130.0);
    let second = bubble(WIDTH - w2 - d.len(-60.0, 60.0), d.len(370.0, 440.0), w2, h2, r2, 130.0);
    s.over(first, second);
}

/// A conversation, cropped.
fn thread(s: &mut Sheet, d: &mut Dice) {
    let count = d.int(3, 5);
    let pitch = HEIGHT / f64::from(count);
    let h = pitch * 0.68;
    let soft = d.pick(&[0.5, 0.2]);
    let spoken = d.int(0, count - 1);
    for i in 0..count {
        let w = d.len(380.0, 660.0);
        let right = i % 2 == 1;
        let x = if right { WIDTH - w + d.len(0.0, 60.0) } else { -d.len(0.0, 60.0) };
        let y = pitch * f64::from(i) + pitch * 0.08;
        let ink = [Ink::A, Ink::B, Ink::Over, Ink::B, Ink::A][i as usize];
        s.put(ink, bubble(x, y, w, h, h * soft, if right { pitch * 0.2 } else { -pitch * 0.2 }));
        let (cx, cy) = (if right { WIDTH - w / 2.0 } else { w / 2.0 }, y + h / 2.0);
        if i == spoken {
            let r = h * 0.11;
            s.put(Ink::Ground, circle(cx - r * 3.6, cy, r) + &circle(cx, cy, r) + &circle(cx + r * 3.6, cy, r));
        } else if d.chance(50) {
            s.put(
                Ink::Ground,
                pill(cx - w * 0.25, cy - 38.0, w * 0.5, FIRM) + &pill(cx - w * 0.25, cy + 14.0, w * 0.32, FIRM),
            );
        }
    }
}

/// A microphone.
fn microphone(s: &mut Sheet, d: &mut Dice) {
    let (x, w) = (d.pick(&[400.0, 320.0, 500.0]), d.len(260.0, 360.0));
    let (top, h) = (d.len(60.0, 150.0), d.len(480.0, 600.0));
    let turn = d.pick(&[0.0, -18.0, 18.0, 30.0]);
    let rings = d.chance(60);
    if rings {
        for i in 0..3 {
            s.put(Ink::B, line(circle(400.0, 400.0, 300.0 + 130.0 * f64::from(i)), 44.0));
        }
    } else {
        s.put(Ink::B, circle(d.len(220.0, 580.0), d.len(300.0, 460.0), 320.0));
    }
    s.turned(turn, |s| {
        let r = w / 2.0 + 60.0;
        let holder = Pen::at(x - r, top + h * 0.55)
            .to(x - r, top + h - w / 2.0)
            .arc(r, false, x + r, top + h - w / 2.0)
            .to(x + r, top + h * 0.55)
            .open();
        s.put(Ink::Over, line(holder, 36.0));
        s.put(Ink::Over, rect(x - 22.0, top + h + 20.0, 44.0, 700.0));
        let head = pill(x - w / 2.0, top, w, h);
        s.put(Ink::A, head.clone());
        let count = d.int(4, 6);
        let slots: String = (0..count)
            .map(|i| segment(x - w, top + w * 0.28 + 46.0 * f64::from(i), x + w, top + w * 0.28 + 46.0 * f64::from(i)))
            .collect();
        s.inside(head.clone(), Ink::Ground, line(slots, 14.0));
        s.inside(head, Ink::Over, rect(x - w, top + h * 0.62, w * 2.0, 60.0));
    });
}

/// Two heads, talking.
fn heads(s: &mut Sheet, d: &mut Dice) {
    let r = d.len(200.0, 240.0);
    let (y1, y2) = (d.len(290.0, 380.0), d.len(420.0, 540.0));
    let (left, right) = (d.len(80.0, 150.0), d.len(650.0, 720.0));
    let head = |x: f64, y: f64, side: f64| {
        let neck = x - side * r * 0.3 - r * 0.42;
        let nose = [
            (x + side * r * 0.8, y - r * 0.3),
            (x + side * r * 1.26, y + r * 0.16),
            (x + side * r * 0.8, y + r * 0.24),
        ];
        circle(x, y, r) + &poly(&nose) + &rect(neck, y + r * 0.4, r * 0.84, 1000.0)
    };
    s.over(head(left, y1, 1.0), head(right, y2, -1.0));
    let hair = d.int(0, 2);
    for (x, y, side) in [(left, y1, 1.0), (right, y2, -1.0)] {
        let lip = d.len(20.0, 60.0);
        let mouth = [
            (x + side * r * 0.46, y + r * 0.5),
            (x + side * r * 1.1, y + r * 0.5 - lip),
            (x + side * r * 1.1, y + r * 0.5 + lip),
        ];
        s.put(Ink::Ground, poly(&mouth));
        let back = if side > 0.0 { 225.0 } else { -45.0 };
        match hair {
            0 => s.put(Ink::Over, half(x, y, r + 6.0, back)),
            1 => s.put(Ink::Over, circle(x - side * r * 0.72, y - r * 0.78, r * 0.44)),
            _ => {}
        }
        s.put(Ink::Ground, circle(x + side * r * 0.46, y - r * 0.22, 26.0));
    }
    if d.chance(50) {
        s.put(Ink::Over, half(left - r * 0.3, 1000.0, r * 1.1, -90.0));
    }
}

/// Said aloud.
fn megaphone(s: &mut Sheet, d: &mut Dice) {
    let y = d.len(460.0, 620.0);
    let turn = d.pick(&[-24.0, -12.0, 0.0, 14.0]);
    let bell = d.len(200.0, 290.0);
    let x = d.len(330.0, 440.0);
    s.turned(turn, |s| {
        let cone = poly(&[(-60.0, y - 80.0), (x, y - bell), (x, y + bell), (-60.0, y + 80.0)]);
        let waves: String = (0..4)
            .map(|i| band(x - 260.0, y, 480.0 + 130.0 * f64::from(i), 415.0 + 130.0 * f64::from(i), -42.0, 42.0))
            .collect();
        s.put(Ink::Over, poly(&[(90.0, y + 60.0), (220.0, y + 60.0), (270.0, y + 420.0), (140.0, y + 420.0)]));
        s.put(Ink::B, waves);
        s.put(Ink::A, cone);
        s.put(Ink::Over, ellipse(x, y, 60.0, bell));
        s.put(Ink::Ground, ellipse(x, y, 24.0, bell * 0.4));
    });
}

/// A book fans open.
fn pages(s: &mut Sheet, d: &mut Dice) {
    let count = d.pick(&[5u32, 7, 9, 11]);
    let (x, y) = (d.pick(&[400.0, 400.0, 120.0, 680.0]), d.pick(&[900.0, 800.0, 980.0]));
    let (from, to) = (180.0, 360.0);
    let step = (to - from) / f64::from(count);
    let long = d.len(600.0, 780.0);
    let uneven = d.chance(50);
    let order = d.pick(&[[Ink::A, Ink::B, Ink::Over], [Ink::B, Ink::A, Ink::Over], [Ink::B, Ink::Over, Ink::A]]);
    for i in 0..count {
        let r = long * if uneven && i % 2 == 1 { 0.8 } else { 1.0 };
        let at = from + step * f64::from(i);
        s.put(order[i as usize % 3], sector(x, y, r, at, at + step));
    }
    s.put(Ink::Over, half(x, y, 120.0, -90.0));
    s.put(Ink::Over, rect(0.0, y, WIDTH, FIRM));
}

/// A bubble within a bubble within a bubble.
fn nested(s: &mut Sheet, d: &mut Dice) {
    let (x, y) = (d.len(300.0, 500.0), d.len(380.0, 480.0));
    let order = d.pick(&[
        [Ink::A, Ink::Ground, Ink::B, Ink::Over],
        [Ink::B, Ink::A, Ink::Ground, Ink::Over],
        [Ink::A, Ink::B, Ink::Over, Ink::Ground],
    ]);
    let side = d.pick(&[-1.0, 1.0]);
    let square = d.chance(40);
    for (i, ink) in (0u32..).zip(order) {
        let r = 460.0 - 118.0 * f64::from(i);
        let body = if square { round_rect(x - r, y - r * 0.8, r * 2.0, r * 1.6, r * 0.3) } else { circle(x, y, r) };
        let tip = (x + side * r * 0.86, y + r * 1.16);
        let tail =
            if side > 0.0 { poly(&[(x, y), (x + r * 0.9, y), tip]) } else { poly(&[(x, y), tip, (x - r * 0.9, y)]) };
        s.put(ink, body + &tail);
    }
}
