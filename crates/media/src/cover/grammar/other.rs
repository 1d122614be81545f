//! Everything else: bursts, steps, doors, tickets.

use super::prelude::*;

pub(super) const ALL: &[Composition] = &[burst, stairs, door, tickets, sliced, chevrons, confetti];

/// A burst.
fn burst(s: &mut Sheet, d: &mut Dice) {
    let points = d.pick(&[8, 10, 12, 16]);
    let (x, y, r) = (d.len(300.0, 500.0), d.len(400.0, 600.0), d.len(380.0, 500.0));
    let shape = star(x, y, r, r * d.pick(&[0.5, 0.66, 0.78]), points, d.len(0.0, 40.0));
    let other = if d.chance(50) {
        circle(x + d.len(-220.0, 220.0), y + d.len(-260.0, 260.0), r * 0.62)
    } else {
        star(x + d.len(-120.0, 120.0), y + d.len(-160.0, 160.0), r * 0.7, r * 0.36, points, d.len(0.0, 40.0))
    };
    s.over(shape, other);
    if d.chance(50) {
        s.put(Ink::Ground, circle(x, y, 60.0));
    }
}

/// Steps, and a ball at the top of them.
fn stairs(s: &mut Sheet, d: &mut Dice) {
    let count = d.int(4, 6);
    let (w, h) = (WIDTH / f64::from(count), 620.0 / f64::from(count));
    let top = 380.0;
    let mut pen = Pen::at(0.0, 1010.0);
    for i in 0..count {
        let y = 1000.0 - h * f64::from(i + 1);
        pen = pen.to(w * f64::from(i), y).to(w * f64::from(i + 1), y);
    }
    let steps = pen.to(WIDTH, 1010.0).close();
    s.over(steps, circle(d.len(120.0, 300.0), d.len(660.0, 820.0), d.len(170.0, 240.0)));
    let r = w * d.pick(&[0.45, 0.6]);
    let on = d.int(count - 2, count - 1);
    s.put(Ink::Over, circle(w * (f64::from(on) + 0.5), top + h * f64::from(count - 1 - on) - r, r));
}

/// A door ajar.
fn door(s: &mut Sheet, d: &mut Dice) {
    let (x, w) = (d.len(200.0, 360.0), d.len(240.0, 300.0));
    let (top, floor) = (d.len(120.0, 200.0), d.len(680.0, 740.0));
    let round = d.chance(50);
    let opening = if round { arch(x, top, w, floor - top) } else { rect(x, top, w, floor - top) };
    s.put(Ink::A, rect(0.0, 0.0, WIDTH, floor));
    let spread = d.len(120.0, 300.0);
    let light = poly(&[(x, floor), (x + w, floor), (x + w + spread, 1010.0), (x - spread * 0.4, 1010.0)]);
    s.put(Ink::B, opening.clone() + &light);
    if round {
        s.inside(opening, Ink::Over, circle(x + w * 0.9, top + w * 0.8, w * 0.42));
    } else {
        s.put(Ink::Over, poly(&[(x, top), (x + w * 0.42, top + 90.0), (x + w * 0.42, floor + 110.0), (x, floor)]));
        s.put(Ink::Ground, circle(x + w * 0.34, f64::midpoint(top, floor) + 60.0, 14.0));
    }
    if d.chance(40) {
        s.put(Ink::Over, rect(0.0, floor - 7.0, x, 14.0) + &rect(x + w, floor - 7.0, WIDTH, 14.0));
    }
}

/// Two tickets.
fn tickets(s: &mut Sheet, d: &mut Dice) {
    let (w, h) = (d.len(280.0, 330.0), d.len(170.0, 210.0));
    let notch = h * 0.3;
    let ticket = || {
        Pen::at(-w, -h)
            .to(w, -h)
            .to(w, -notch)
            .arc(notch, false, w, notch)
            .to(w, h)
            .to(-w, h)
            .to(-w, notch)
            .arc(notch, false, -w, -notch)
            .close()
    };
    let (t1, t2) = (d.len(-50.0, -10.0), d.len(10.0, 60.0));
    let (x1, y1, x2, y2) = (d.len(280.0, 400.0), d.len(300.0, 380.0), d.len(400.0, 520.0), d.len(600.0, 700.0));
    s.over(Mark::from(ticket()).at(x1, y1, t1), Mark::from(ticket()).at(x2, y2, t2));
    for (x, y, t) in [(x1, y1, t1), (x2, y2, t2)] {
        let dots: String = (0..6).map(|i| circle(w * 0.5, -h + h * 2.0 * (f64::from(i) + 0.5) / 6.0, 12.0)).collect();
        s.put(Ink::Ground, Mark::from(dots).at(x, y, t));
    }
    s.put(
        Ink::Ground,
        Mark::from(star(-w * 0.25, -h * 0.36, h * 0.4, h * 0.17, d.pick(&[5, 8]), -90.0)).at(x1, y1, t1),
    );
}

/// A disc cut into slices that have slipped.
fn sliced(s: &mut Sheet, d: &mut Dice) {
    let count = d.int(4, 7);
    let r = d.len(340.0, 420.0);
    let h = 2.0 * r / f64::from(count);
    let turn = d.pick(&[0.0, 90.0, 30.0, -45.0]);
    s.turned(turn, |s| {
        for i in 0..count {
            let y = 500.0 - r + h * f64::from(i);
            let slip = d.len(-150.0, 150.0);
            let ink = [Ink::A, Ink::B, Ink::A, Ink::Over][(i % 4) as usize];
            s.inside(rect(-300.0, y, 1400.0, h), ink, circle(400.0 + slip, 500.0, r));
        }
    });
}

/// Chevrons, this way.
fn chevrons(s: &mut Sheet, d: &mut Dice) {
    let count = d.int(3, 5);
    let turn = d.pick(&[0.0, 90.0, 180.0, -45.0]);
    let pitch = 1300.0 / f64::from(count);
    let thick = pitch * 0.5;
    let disc = circle(d.len(220.0, 580.0), d.len(300.0, 700.0), d.len(230.0, 330.0));
    let rise = d.pick(&[260.0, 400.0]);
    let arrows: String = (0..count)
        .map(|i| {
            let y = -100.0 + pitch * f64::from(i);
            poly(&[
                (-200.0, y + rise),
                (400.0, y),
                (1000.0, y + rise),
                (1000.0, y + rise + thick),
                (400.0, y + thick),
                (-200.0, y + rise + thick),
            ])
        })
        .collect();
    s.turned(turn, |s| s.over(arrows, disc));
}

/// A few large pieces of confetti.
fn confetti(s: &mut Sheet, d: &mut Dice) {
    let mut spots = [(170.0, 190.0), (610.0, 130.0), (420.0, 480.0), (120.0, 720.0), (690.0, 780.0), (370.0, 930.0)];
    d.shuffle(&mut spots);
    let mut kinds = [0, 1, 2, 3, 4, 5];
    d.shuffle(&mut kinds);
    let (mut a, mut b) = (String::new(), String::new());
    for (i, ((x, y), kind)) in spots.into_iter().zip(kinds).enumerate() {
        let (x, y, r) = (x + d.len(-50.0, 50.0), y + d.len(-50.0, 50.0), d.len(150.0, 230.0));
        let turn = d.pick(&[0.0, 30.0, 45.0, 90.0, 150.0, 210.0]);
        let (end_x, end_y) = polar(x, y, r * 1.3, turn);
        let piece = match kind {
            0 => circle(x, y, r * 0.8),
            1 => half(x, y, r, turn),
            2 => star(x, y, r, r * 0.5, 3, turn),
            3 => ring(x, y, r * 0.9, r * 0.5),
            4 => bar(x * 2.0 - end_x, y * 2.0 - end_y, end_x, end_y, 96.0),
            _ => sector(x, y, r * 1.3, turn, turn + 90.0),
        };
        match i {
            0..=2 => a += &piece,
            3 | 4 => b += &piece,
            _ => s.put(Ink::Over, piece),
        }
    }
    s.over(a, b);
}
