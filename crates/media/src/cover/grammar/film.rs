//! Film: reels, strips, the cone of light.

use super::prelude::*;

pub(super) const ALL: &[Composition] = &[cone, reels, strip, leader, seats, iris, moonrise];

/// Light from the projector.
fn cone(s: &mut Sheet, d: &mut Dice) {
    let (x, y) = (d.len(640.0, 720.0), d.len(120.0, 220.0));
    let (top, low) = (d.len(330.0, 420.0), d.len(820.0, 900.0));
    let right = d.len(500.0, 580.0);
    let beam = poly(&[(x, y), (60.0, top + 50.0), (60.0, low - 40.0), (right - 60.0, low - 40.0)]);
    s.over(rect(-20.0, top, right + 20.0, low - top), beam);
    s.put(
        Ink::Over,
        circle(x - 66.0, y - 104.0, 84.0)
            + &circle(x + 96.0, y - 84.0, 66.0)
            + &round_rect(x - 70.0, y - 60.0, 260.0, 150.0, 24.0),
    );
    s.put(Ink::Ground, circle(x - 66.0, y - 104.0, 26.0) + &circle(x + 96.0, y - 84.0, 20.0));
    if d.chance(70) {
        let r = d.pick(&[60.0, 90.0]);
        let heads: String = (0..7)
            .map(|i| r + r * 2.3 * f64::from(i))
            .filter(|at| *at < WIDTH + r)
            .map(|at| circle(at, 1000.0, r))
            .collect();
        s.put(Ink::Over, heads);
    }
}

fn reel(x: f64, y: f64, r: f64, holes: u32, turn: f64) -> String {
    let mut all = circle(x, y, r) + &hole(x, y, r * 0.09);
    for i in 0..holes {
        let (hx, hy) = polar(x, y, r * 0.58, turn + 360.0 / f64::from(holes) * f64::from(i));
        all += &hole(hx, hy, r * if holes > 5 { 0.2 } else { 0.25 });
    }
    all
}

/// Two reels.
fn reels(s: &mut Sheet, d: &mut Dice) {
    let (r1, r2) = (d.len(340.0, 440.0), d.len(230.0, 320.0));
    let (x1, y1) = (d.len(220.0, 400.0), d.len(300.0, 400.0));
    let (x2, y2) = (d.len(520.0, 680.0), d.len(720.0, 860.0));
    if d.chance(50) {
        s.put(Ink::Over, bar(x1 - r1 + 12.0, y1, x1 - r1 + 12.0, 1100.0, FIRM));
        s.put(Ink::Over, bar(x2 + r2 - 12.0, y2, x2 + r2 - 12.0, -100.0, FIRM));
    }
    s.over(reel(x1, y1, r1, d.pick(&[3, 5, 6]), d.len(0.0, 60.0)), reel(x2, y2, r2, d.pick(&[3, 5]), d.len(0.0, 60.0)));
}

/// A strip of film, its frames telling something.
fn strip(s: &mut Sheet, d: &mut Dice) {
    let turn = d.pick(&[0.0, -16.0, 16.0, 24.0, 90.0]);
    let w = d.len(440.0, 560.0);
    let x = 400.0 - w / 2.0 + d.pick(&[-80.0, 0.0, 80.0]);
    let pitch = d.pick(&[260.0, 320.0, 400.0]);
    let scene = d.int(0, 2);
    let behind = if d.chance(40) { Some((d.len(100.0, 700.0), d.len(200.0, 800.0))) } else { None };
    if let Some((bx, by)) = behind {
        s.put(Ink::B, circle(bx, by, 330.0));
    }
    s.turned(turn, |s| {
        s.put(Ink::A, rect(x, -300.0, w, 1600.0));
        let margin = 78.0;
        let mut perforations = String::new();
        let mut y = -280.0;
        while y < 1300.0 {
            perforations += &rect(x + 20.0, y, 36.0, 46.0);
            perforations += &rect(x + w - 56.0, y, 36.0, 46.0);
            y += 100.0;
        }
        s.put(Ink::Ground, perforations);
        let mut k = 0.0;
        while k < 6.0 {
            let top = -240.0 + pitch * k;
            if top > 1150.0 {
                break;
            }
            let (fw, fh) = (w - margin * 2.0, pitch - 36.0);
            let frame = rect(x + margin, top, fw, fh);
            s.put(Ink::B, frame.clone());
            let (cx, cy) = (x + w / 2.0, top + fh * (0.95 - 0.17 * k));
            match scene {
                0 => s.inside(frame, Ink::Over, circle(cx, cy, fh * 0.3)),
                1 => s.inside(
                    frame,
                    Ink::Over,
                    poly(&[(x, top + fh), (x + w * (0.2 + 0.12 * k), top + fh * 0.3), (x + w, top + fh)]),
                ),
                _ => s.inside(frame, Ink::Over, half(cx, top + fh, fh * (0.2 + 0.11 * k), -90.0)),
            }
            k += 1.0;
        }
    });
}

/// The leader counts down.
fn leader(s: &mut Sheet, d: &mut Dice) {
    let (x, y) = (d.pick(&[400.0, 400.0, 300.0]), d.pick(&[500.0, 440.0, 600.0]));
    let (r, sweep) = (d.len(280.0, 350.0), d.len(40.0, 320.0));
    let wide = 900.0;
    if sweep > 180.0 {
        s.put(Ink::A, sector(x, y, wide, -90.0, 90.0));
        s.put(Ink::A, sector(x, y, wide, 89.8, sweep - 90.0));
    } else {
        s.put(Ink::A, sector(x, y, wide, -90.0, sweep - 90.0));
    }
    s.put(Ink::Over, line(segment(x, -10.0, x, 1010.0) + &segment(-10.0, y, 810.0, y), FINE));
    s.put(Ink::B, ring(x, y, r, r - 44.0));
    s.put(Ink::B, ring(x, y, r * 0.72, r * 0.72 - FIRM));
    let inner = r * 0.4;
    match d.int(0, 1) {
        0 => s.put(
            Ink::Over,
            poly(&[(x - inner * 0.5, y - inner * 0.8), (x + inner * 0.9, y), (x - inner * 0.5, y + inner * 0.8)]),
        ),
        _ => s.put(Ink::Over, star(x, y, inner, inner * 0.42, 5, -90.0)),
    }
}

/// Before the screen.
fn seats(s: &mut Sheet, d: &mut Dice) {
    let low = d.len(430.0, 520.0);
    let screen = rect(60.0, 60.0, 680.0, low - 60.0);
    s.put(Ink::B, screen.clone());
    match d.int(0, 3) {
        0 => s.inside(screen, Ink::A, circle(d.len(260.0, 540.0), low, d.len(190.0, 260.0))),
        1 => s.inside(screen, Ink::A, poly(&[(0.0, low), (d.len(200.0, 400.0), 160.0), (800.0, low + 60.0)])),
        2 => s.inside(screen, Ink::A, leaf((100.0, 300.0), (700.0, 300.0), 0.5) + &hole(400.0, 300.0, 100.0)),
        _ => {
            s.inside(screen.clone(), Ink::A, circle(300.0, 300.0, 170.0));
            s.inside(screen, Ink::Over, circle(500.0, 300.0, 170.0));
        }
    }
    let count = d.pick(&[3, 4, 5]);
    let w = WIDTH / f64::from(count);
    for row in 0..3 {
        let y = low + 90.0 + 160.0 * f64::from(row);
        let shift = if row % 2 == 0 { 0.0 } else { -w / 2.0 };
        let backs: String =
            (0..=count).map(|i| round_rect(shift + w * f64::from(i) + 12.0, y, w - 24.0, 400.0, w * 0.22)).collect();
        s.put(if row % 2 == 0 { Ink::A } else { Ink::Over }, backs);
    }
    let taken = f64::from(d.int(0, count - 1));
    s.put(Ink::B, circle(w * taken + w / 2.0, low + 70.0, w * 0.2));
}

/// The aperture.
fn iris(s: &mut Sheet, d: &mut Dice) {
    let blades = d.pick(&[6, 7, 8]);
    let (x, y) = (d.pick(&[400.0, 320.0, 500.0]), d.pick(&[500.0, 400.0, 620.0]));
    let open = d.len(110.0, 230.0);
    let turn = d.len(0.0, 45.0);
    let step = 360.0 / f64::from(blades);
    let order = if blades % 2 == 0 && d.chance(60) { [Ink::A, Ink::Over] } else { [Ink::A, Ink::A] };
    let far = d.pick(&[1300.0, 1300.0, 460.0]);
    if far > 500.0 {
        s.put(Ink::A, rect(0.0, 0.0, WIDTH, HEIGHT));
    } else {
        s.put(Ink::A, circle(x, y, far));
    }
    let disc = circle(x, y, far);
    for i in 0..blades {
        let at = turn + step * f64::from(i);
        let (inner, next) = (polar(x, y, open, at), polar(x, y, open, at + step));
        let lead = (next.0 - inner.0, next.1 - inner.1);
        let k = 1400.0 / lead.0.hypot(lead.1);
        let edge = (next.0 + lead.0 * k, next.1 + lead.1 * k);
        if order[1] == Ink::Over && i % 2 == 1 {
            let previous = polar(x, y, open, at + step * 2.0);
            let turn_lead = (previous.0 - next.0, previous.1 - next.1);
            let far_edge = (previous.0 + turn_lead.0 * k, previous.1 + turn_lead.1 * k);
            s.inside(disc.clone(), Ink::Over, poly(&[next, edge, far_edge, previous]));
        } else {
            s.inside(disc.clone(), Ink::Ground, line(segment(inner.0, inner.1, edge.0, edge.1), FINE));
        }
    }
    let corners: Vec<_> = (0..blades).map(|i| polar(x, y, open, turn + step * f64::from(i))).collect();
    s.put(Ink::B, poly(&corners));
    if d.chance(50) {
        s.put(Ink::Over, circle(x, y, open * 0.4));
    }
}

/// A frame of some old film: a moon, a ladder of light.
fn moonrise(s: &mut Sheet, d: &mut Dice) {
    let (x, y, r) = (d.len(280.0, 520.0), d.len(280.0, 380.0), d.len(210.0, 280.0));
    let bar_h = d.len(70.0, 110.0);
    s.put(Ink::B, circle(x, y, r));
    if d.chance(50) {
        s.put(Ink::Ground, circle(x + r * 0.4, y - r * 0.15, r * 0.82));
    } else {
        s.put(Ink::Over, circle(x - r * 0.3, y - r * 0.2, r * 0.16) + &circle(x + r * 0.34, y + r * 0.3, r * 0.24));
    }
    let horizon = d.len(600.0, 680.0);
    s.put(Ink::A, rect(0.0, horizon, WIDTH, HEIGHT));
    let mut width = r * 1.7;
    let mut at = horizon + 30.0;
    while at < 900.0 {
        s.put(Ink::B, pill(x - width / 2.0, at, width, FIRM));
        width *= 0.78;
        at += 58.0;
    }
    s.put(Ink::Over, rect(0.0, 0.0, WIDTH, bar_h) + &rect(0.0, HEIGHT - bar_h, WIDTH, bar_h));
    let holes: String = (0..8)
        .map(|i| {
            let left = 28.0 + 100.0 * f64::from(i);
            rect(left, bar_h * 0.25, 44.0, bar_h * 0.5) + &rect(left, HEIGHT - bar_h * 0.75, 44.0, bar_h * 0.5)
        })
        .collect();
    s.put(Ink::Ground, holes);
}
