//! Tech: grids, nodes, traces, pixels.

use super::prelude::*;

pub(super) const ALL: &[Composition] = &[traces, sprite, halftone, cubes, chip, tiles, network];

/// Traces on a board.
fn traces(s: &mut Sheet, d: &mut Dice) {
    let count = d.int(5, 7);
    let pitch = 120.0;
    let turn = d.pick(&[0.0, 0.0, 90.0, 180.0]);
    let weight = d.pick(&[FIRM, 36.0, 44.0]);
    let disc = circle(d.len(240.0, 560.0), d.len(300.0, 700.0), d.len(230.0, 340.0));
    let mut lines = String::new();
    let mut pads = String::new();
    let bend = d.len(120.0, 300.0);
    let jog = d.pick(&[-1.0, 1.0]) * pitch * d.pick(&[1.0, 2.0]);
    for i in 0..count {
        let x = pitch * (f64::from(i) - 0.2);
        let y1 = bend + 60.0 * f64::from(i);
        let end = d.len(640.0, 900.0);
        lines += &Pen::at(x, -200.0).to(x, y1).to(x + jog, y1 + jog.abs()).to(x + jog, end).open();
        pads += &circle(x + jog, end, 46.0);
    }
    s.turned(turn, |s| {
        s.over(disc, line(lines, weight));
        s.put(Ink::Over, pads);
    });
}

/// A creature of few pixels and its ghost.
fn sprite(s: &mut Sheet, d: &mut Dice) {
    let size = d.pick(&[80.0, 100.0]);
    let columns = if size > 90.0 { 3 } else { 4 };
    let rows = if size > 90.0 { 8 } else { 9 };
    let mut cells = vec![vec![false; columns]; rows];
    for (y, row) in cells.iter_mut().enumerate() {
        for (x, cell) in row.iter_mut().enumerate() {
            // Denser towards the axis, so that it holds together as a body.
            let outward = u32::try_from(x).unwrap_or(0);
            *cell = d.chance(80 - outward * 12) || y == 2 || (y > 1 && y + 2 < rows && x == 0);
        }
    }
    let middle = 400.0;
    let top = (HEIGHT - size * f64::from(u32::try_from(rows).unwrap_or(0))) / 2.0;
    let mut body = String::new();
    for (y, row) in (0u32..).zip(&cells) {
        let mut x = 0;
        while x < columns {
            let start = x;
            while x < columns && row[x] {
                x += 1;
            }
            if x > start {
                let (from, to) = (
                    size * f64::from(u32::try_from(start).unwrap_or(0)),
                    size * f64::from(u32::try_from(x).unwrap_or(0)),
                );
                let at = top + size * f64::from(y);
                if start == 0 {
                    body += &rect(middle - to, at, to * 2.0, size);
                } else {
                    body += &rect(middle + from, at, to - from, size);
                    body += &rect(middle - to, at, to - from, size);
                }
            }
            x += 1;
        }
    }
    let (dx, dy) = (d.pick(&[-0.5, 0.5]) * size, d.pick(&[-0.5, 0.5, 0.0]) * size);
    s.over(body.clone(), Mark::from(body).at(dx, dy, 0.0));
    let eye = top + size * 2.0;
    s.put(Ink::Ground, rect(middle - size * 1.5, eye, size, size) + &rect(middle + size * 0.5, eye, size, size));
}

/// A field of dots that swells around a point.
fn halftone(s: &mut Sheet, d: &mut Dice) {
    let (columns, rows) = (6, 7);
    let (w, h) = (WIDTH / f64::from(columns), HEIGHT / f64::from(rows));
    let (px, py) = (d.len(100.0, 700.0), d.len(150.0, 850.0));
    let reverse = d.chance(40);
    let mut dots = String::new();
    for row in 0..rows {
        for column in 0..columns {
            let (x, y) = (w * (f64::from(column) + 0.5), h * (f64::from(row) + 0.5));
            let far = ((x - px).hypot(y - py) / 760.0).min(1.0);
            let r = 14.0 + 52.0 * if reverse { far } else { 1.0 - far };
            dots += &circle(x, y, r.round());
        }
    }
    let form = match d.int(0, 2) {
        0 => circle(d.len(200.0, 600.0), d.len(300.0, 700.0), d.len(260.0, 360.0)),
        1 => rect(0.0, d.pick(&[0.0, 500.0, 285.7]), WIDTH, 500.0),
        _ => poly(&[(0.0, 0.0), (WIDTH, HEIGHT), (0.0, HEIGHT)]),
    };
    s.over(form, dots);
}

/// Blocks of unequal height.
fn cubes(s: &mut Sheet, d: &mut Dice) {
    let e = d.pick(&[160.0, 200.0, 240.0]);
    let (dx, dy) = (e * 0.866, e * 0.5);
    let mut inks = [Ink::B, Ink::A, Ink::Over];
    if d.chance(50) {
        inks.swap(0, 1);
    }
    let floor = 1000.0 - d.len(60.0, 200.0);
    let heights = d.pick(&[[2, 4, 3], [4, 2, 3], [3, 4, 2], [1, 2, 4], [4, 3, 1], [3, 1, 2]]);
    let shift = d.pick(&[-dx, 0.0, dx]);
    for (column, height) in (0u32..).zip(heights) {
        let x = 400.0 + shift + (f64::from(column) - 1.0) * dx * 2.0;
        let y = floor;
        let top = y - e * f64::from(height);
        s.put(inks[1], poly(&[(x - dx, top - dy), (x, top), (x, y), (x - dx, y - dy)]));
        s.put(inks[2], poly(&[(x + dx, top - dy), (x, top), (x, y), (x + dx, y - dy)]));
        s.put(inks[0], poly(&[(x, top - dy * 2.0), (x + dx, top - dy), (x, top), (x - dx, top - dy)]));
    }
}

/// A chip.
fn chip(s: &mut Sheet, d: &mut Dice) {
    let turn = d.pick(&[0.0, 45.0, 45.0, 15.0]);
    let size = d.len(430.0, 560.0);
    let (x, y) =
        (400.0 - size / 2.0 + d.pick(&[-120.0, 0.0, 120.0]), 500.0 - size / 2.0 + d.pick(&[-140.0, 0.0, 140.0]));
    let pins = d.int(4, 6);
    let pitch = size / f64::from(pins);
    let long = d.chance(60);
    let round = d.chance(50);
    s.turned(turn, |s| {
        let reach = if long { 900.0 } else { 110.0 };
        let mut legs = String::new();
        for i in 0..pins {
            let at = pitch * (f64::from(i) + 0.5);
            legs += &segment(x - reach, y + at, x + size + reach, y + at);
            legs += &segment(x + at, y - reach, x + at, y + size + reach);
        }
        s.put(Ink::B, line(legs, pitch * 0.42));
        s.put(Ink::A, round_rect(x, y, size, size, 40.0));
        let inset = size * 0.2;
        let core = size - inset * 2.0;
        if round {
            s.put(Ink::Ground, circle(x + size / 2.0, y + size / 2.0, core / 2.0));
            s.put(Ink::Over, half(x + size / 2.0, y + size / 2.0, core / 2.0, 45.0));
        } else {
            s.put(Ink::Over, rect(x + inset, y + inset, core, core));
            s.put(Ink::Ground, rect(x + inset, y + inset, core / 2.0, core / 2.0));
            s.put(Ink::B, rect(x + inset + core / 2.0, y + inset + core / 2.0, core / 2.0, core / 2.0));
        }
    });
}

/// Tiles whose arcs run on into each other.
fn tiles(s: &mut Sheet, d: &mut Dice) {
    let size = d.pick(&[200.0, 200.0, 400.0, 266.7]);
    let (columns, rows) = (
        if size > 300.0 {
            2
        } else if size > 250.0 {
            3
        } else {
            4
        },
        if size > 300.0 {
            3
        } else if size > 250.0 {
            4
        } else {
            5
        },
    );
    let top = (HEIGHT - size * f64::from(rows)) / 2.0;
    let mut lines = String::new();
    for row in 0..rows {
        for column in 0..columns {
            let (x, y, r) = (size * f64::from(column), top + size * f64::from(row), size / 2.0);
            lines += &if d.chance(50) {
                arc(x, y, r, 0.0, 90.0) + &arc(x + size, y + size, r, 180.0, 270.0)
            } else {
                arc(x + size, y, r, 90.0, 180.0) + &arc(x, y + size, r, 270.0, 360.0)
            };
        }
    }
    let disc = circle(
        size * f64::from(d.int(1, columns - 1)),
        top + size * f64::from(d.int(1, rows - 1)),
        d.pick(&[1.0, 1.5]) * size.min(270.0),
    );
    s.over(disc, line(lines, size * d.pick(&[0.2, 0.32])));
}

/// Nodes and what joins them.
fn network(s: &mut Sheet, d: &mut Dice) {
    let mut spots = [
        (120.0, 160.0),
        (440.0, 90.0),
        (700.0, 260.0),
        (260.0, 440.0),
        (580.0, 540.0),
        (90.0, 740.0),
        (400.0, 840.0),
        (720.0, 880.0),
    ];
    for spot in &mut spots {
        spot.0 += d.len(-50.0, 50.0);
        spot.1 += d.len(-50.0, 50.0);
    }
    let edges = [(0, 3), (1, 3), (1, 2), (2, 4), (3, 4), (3, 5), (4, 6), (4, 7), (5, 6), (6, 7)];
    let weight = d.pick(&[FINE, FIRM, FIRM]);
    let bars: String = edges
        .iter()
        .filter(|_| d.chance(84))
        .map(|&(a, b)| segment(spots[a].0, spots[a].1, spots[b].0, spots[b].1))
        .collect();
    let hub = d.pick(&[3, 4]);
    s.over(circle(spots[hub].0, spots[hub].1, d.len(200.0, 300.0)), line(bars, weight));
    for (i, &(x, y)) in spots.iter().enumerate() {
        let r = d.pick(&[44.0, 60.0, 84.0]);
        s.put(if i == hub { Ink::Ground } else { d.pick(&[Ink::B, Ink::Over, Ink::Over]) }, circle(x, y, r));
    }
}
