//! Music: waves, records, strings of sound.

use super::prelude::*;

pub(super) const ALL: &[Composition] = &[swell, record, levels, echoes, keys, quavers, speaker];

/// Broad waves roll over a disc.
fn swell(s: &mut Sheet, d: &mut Dice) {
    let count = d.int(4, 7);
    let pitch = HEIGHT / f64::from(count);
    let step = d.len(160.0, 400.0);
    // A wave steeper or thicker than this folds into shards.
    let height = (pitch * d.pick(&[0.25, 0.4, 0.6])).min(step * 0.3);
    let rows: String = (0..=count).map(|i| wave(-step, f64::from(i) * pitch, step, height, 8)).collect();
    let disc = circle(d.len(240.0, 560.0), d.len(260.0, 740.0), d.len(250.0, 390.0));
    s.over(disc, line(rows, (pitch * d.pick(&[0.36, 0.5])).min(step * 0.4)));
}

/// A record, too large for the sheet.
fn record(s: &mut Sheet, d: &mut Dice) {
    let (x, y) = (d.pick(&[400.0, 620.0, 760.0]), d.pick(&[420.0, 500.0, 760.0]));
    let r = d.len(440.0, 600.0);
    let label = r * d.pick(&[0.34, 0.42]);
    s.put(Ink::A, circle(x, y, r));
    let turn = d.len(0.0, 180.0);
    for side in [turn, turn + 180.0] {
        s.put(Ink::Over, sector(x, y, r, side, side + d.len(20.0, 50.0)));
    }
    let grooves = d.int(3, 6);
    for i in 1..=grooves {
        let at = label + (r - label) * f64::from(i) / f64::from(grooves + 1);
        s.put(Ink::Ground, line(circle(x, y, at), FINE));
    }
    s.put(Ink::B, circle(x, y, label));
    if d.chance(50) {
        s.put(Ink::Over, half(x, y, label, turn + 60.0));
    }
    s.put(Ink::Ground, circle(x, y, 26.0));
    if d.chance(60) {
        let (nx, ny) = polar(x, y, r * 0.72, 200.0);
        s.put(Ink::B, bar(nx - 40.0, -60.0, nx, ny, FIRM));
        s.put(Ink::B, bar(nx - 6.0, ny - 90.0, nx + 2.0, ny + 26.0, BOLD));
    }
}

/// Level meters standing in front of a disc.
fn levels(s: &mut Sheet, d: &mut Dice) {
    let count = d.pick(&[5, 7, 9]);
    let pitch = WIDTH / f64::from(count);
    let axis = d.pick(&[500.0, 500.0, 640.0, 1000.0]);
    let round = d.chance(60);
    let bars: String = (0..count)
        .map(|i| {
            let reach = d.len(70.0, if axis > 900.0 { 860.0 } else { 430.0 });
            let (x, w) = (pitch * (f64::from(i) + 0.16), pitch * 0.68);
            if round { pill(x, axis - reach, w, reach * 2.0) } else { rect(x, axis - reach, w, reach * 2.0) }
        })
        .collect();
    let disc = circle(d.len(200.0, 600.0), d.len(260.0, 620.0), d.len(200.0, 330.0));
    s.over(bars, disc);
}

/// Rings of sound from two sources.
fn echoes(s: &mut Sheet, d: &mut Dice) {
    let rings = |x: f64, y: f64, pitch: f64, count: u32| -> String {
        let first = circle(x, y, pitch * 0.5);
        (1..count).fold(first, |all, i| {
            let r = pitch * f64::from(i);
            all + &ring(x, y, r + pitch * 0.5, r)
        })
    };
    let pitch = d.pick(&[90.0, 120.0, 150.0]);
    let count = d.int(4, 6);
    let low = rings(d.len(-40.0, 200.0), d.len(800.0, 1040.0), pitch, count);
    let high = rings(d.len(560.0, 840.0), d.len(-20.0, 300.0), pitch, d.int(4, 6));
    s.over(low, high);
}

/// The keyboard, and one note struck.
fn keys(s: &mut Sheet, d: &mut Dice) {
    let (turn, first) = (d.pick(&[0.0, 0.0, -14.0, 14.0, 90.0]), d.int(0, 6));
    let disc = circle(d.len(180.0, 620.0), d.len(520.0, 760.0), d.len(210.0, 320.0));
    s.turned(turn, |s| {
        let pitch = 160.0;
        let mut raised = String::new();
        for i in 0..9 {
            let x = pitch * f64::from(i) - 320.0;
            s.put(Ink::A, rect(x - 5.0, -200.0, FINE, 1400.0));
            // Of seven white keys, the third and the last have no black one to their right.
            if !matches!((first + i) % 7, 2 | 6) {
                raised += &rect(x + pitch - 48.0, -300.0, 96.0, 880.0);
            }
        }
        s.over(raised, disc);
    });
}

/// Two notes under one beam.
fn quavers(s: &mut Sheet, d: &mut Dice) {
    let r = d.len(120.0, 170.0);
    let (left, right) = (d.len(150.0, 230.0), d.len(540.0, 640.0));
    let (low, lift) = (d.len(740.0, 860.0), d.len(30.0, 120.0));
    let top = d.len(90.0, 190.0);
    let stem = BOLD;
    let note = circle(left, low, r)
        + &circle(right, low - lift, r)
        + &rect(left + r - stem, top + lift, stem, low - top - lift)
        + &rect(right + r - stem, top, stem, low - lift - top)
        + &poly(&[
            (left + r - stem, top + lift),
            (right + r, top),
            (right + r, top + 150.0),
            (left + r - stem, top + lift + 150.0),
        ]);
    let answer: Mark = if d.chance(50) {
        circle(d.len(260.0, 560.0), d.len(300.0, 620.0), d.len(220.0, 320.0)).into()
    } else {
        let step = d.pick(&[200.0, 270.0]);
        let rows: String = (0..4).map(|i| wave(-60.0, 420.0 + 100.0 * f64::from(i), step, 40.0, 6)).collect();
        line(rows, 40.0)
    };
    s.over(note, answer);
}

/// A loudspeaker.
fn speaker(s: &mut Sheet, d: &mut Dice) {
    let (x, w) = (d.pick(&[120.0, 200.0, 300.0]), 560.0);
    let (cx, cy) = (x + w / 2.0, d.len(640.0, 720.0));
    let top = d.len(70.0, 130.0);
    let rays = d.chance(50);
    if rays {
        for i in 0..3 {
            s.put(Ink::B, line(circle(cx, cy, 330.0 + 110.0 * f64::from(i)), 40.0));
        }
    }
    let cabinet = rect(x, top, w, 1000.0);
    s.put(Ink::A, cabinet.clone());
    if rays {
        s.inside(
            cabinet,
            Ink::Over,
            line(circle(cx, cy, 330.0) + &circle(cx, cy, 440.0) + &circle(cx, cy, 550.0), 40.0),
        );
    }
    s.put(Ink::B, circle(cx, cy, 230.0));
    s.put(Ink::Over, circle(cx, cy, 160.0));
    s.put(Ink::Ground, circle(cx, cy, 70.0));
    let small = top + 170.0;
    if d.chance(50) {
        s.put(Ink::Ground, circle(cx, small, 100.0));
        s.put(Ink::Over, circle(cx, small, 46.0));
    } else {
        s.put(Ink::Ground, circle(cx - 120.0, small, 84.0) + &circle(cx + 120.0, small, 84.0));
        s.put(Ink::B, circle(cx - 120.0, small, 36.0) + &circle(cx + 120.0, small, 36.0));
    }
}
