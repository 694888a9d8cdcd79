//! The standard drum kit, keys 35 to 81, one computed stroke for each.
//!
//! A stroke is up to three things at once: a membrane or body (sines, whose pitch may fall), a
//! rattle (filtered noise), and metal (a cluster of square waves, as in early drum machines).

use super::tone::{Noise, RATE, Tone};

/// One stroke.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stroke {
    /// Sines: hertz at the end, times that at the start, amplitude, seconds to fall by 60 dB.
    body: &'static [(f64, f64, f64, f64)],
    /// Noise: band from, to (hertz), amplitude, seconds to fall by 60 dB.
    rattle: &'static [(f64, f64, f64, f64)],
    /// Metal: lowest frequency, high-pass (hertz), amplitude, seconds to fall by 60 dB.
    metal: Option<(f64, f64, f64, f64)>,
    /// Repetitions, and seconds between them (claps, guiro, whistle).
    repeats: (usize, f64),
    /// Loudness against the snare, in decibels.
    pub level: f64,
    /// Place from left (-500) to right (500).
    pub pan: i16,
    /// Strokes of one class silence each other; 0 for none.
    pub class: i16,
}

const QUIET: Stroke = Stroke { body: &[], rattle: &[], metal: None, repeats: (1, 0.0), level: 0.0, pan: 0, class: 0 };

const fn tom(body: &'static [(f64, f64, f64, f64)], pan: i16) -> Stroke {
    Stroke { body, rattle: &[(150.0, 1800.0, 0.25, 0.08)], level: 0.5, pan, ..QUIET }
}

const fn cymbal(low: f64, pass: f64, seconds: f64, level: f64, pan: i16) -> Stroke {
    Stroke { metal: Some((low, pass, 0.8, seconds)), rattle: &[(2500.0, 9_000.0, 0.8, 1.4)], level, pan, ..QUIET }
}

const fn hat(seconds: f64, level: f64) -> Stroke {
    Stroke { metal: Some((540.0, 5200.0, 1.0, seconds)), level, pan: 150, class: 1, ..QUIET }
}

/// The stroke of a key, 35 to 81.
pub(crate) fn stroke(key: u8) -> Stroke {
    match key {
        35 => Stroke { body: &[(44.0, 3.2, 1.0, 0.45)], rattle: &[(30.0, 1200.0, 0.12, 0.02)], level: 3.0, ..QUIET },
        36 => Stroke { body: &[(52.0, 4.0, 1.0, 0.32)], rattle: &[(60.0, 2600.0, 0.22, 0.02)], level: 3.0, ..QUIET },
        37 => Stroke {
            body: &[(1700.0, 1.0, 0.8, 0.05), (470.0, 1.0, 0.5, 0.05)],
            rattle: &[(1500.0, 6000.0, 0.4, 0.03)],
            level: -2.0,
            ..QUIET
        },
        38 => Stroke {
            body: &[(185.0, 1.5, 0.7, 0.16), (330.0, 1.2, 0.4, 0.12)],
            rattle: &[(900.0, 7500.0, 0.55, 0.24)],
            level: 1.5,
            ..QUIET
        },
        39 => Stroke { rattle: &[(900.0, 3500.0, 1.0, 0.14)], repeats: (3, 0.011), level: -1.0, ..QUIET },
        40 => Stroke { body: &[(220.0, 1.4, 0.6, 0.12)], rattle: &[(1200.0, 9000.0, 0.7, 0.2)], level: 1.5, ..QUIET },
        41 => tom(&[(72.0, 1.6, 1.0, 0.6), (115.0, 1.5, 0.3, 0.3)], 250),
        43 => tom(&[(88.0, 1.6, 1.0, 0.55), (140.0, 1.5, 0.3, 0.3)], 180),
        45 => tom(&[(108.0, 1.6, 1.0, 0.5), (172.0, 1.5, 0.3, 0.28)], 80),
        47 => tom(&[(130.0, 1.6, 1.0, 0.46), (207.0, 1.5, 0.3, 0.26)], 0),
        48 => tom(&[(155.0, 1.6, 1.0, 0.42), (246.0, 1.5, 0.3, 0.24)], -80),
        50 => tom(&[(185.0, 1.6, 1.0, 0.38), (294.0, 1.5, 0.3, 0.22)], -180),
        42 => hat(0.09, -3.5),
        44 => hat(0.06, -5.0),
        46 => hat(0.75, -5.0),
        49 => cymbal(310.0, 1800.0, 2.4, -2.0, -200),
        57 => cymbal(345.0, 2000.0, 2.2, -2.0, 220),
        52 => cymbal(260.0, 1200.0, 1.8, -2.5, 150),
        55 => cymbal(400.0, 2600.0, 1.0, -3.0, -100),
        51 => Stroke {
            metal: Some((420.0, 2600.0, 0.9, 1.6)),
            body: &[(3400.0, 1.0, 0.12, 0.25)],
            level: -6.0,
            pan: -220,
            ..QUIET
        },
        59 => Stroke {
            metal: Some((460.0, 2800.0, 0.9, 1.4)),
            body: &[(3700.0, 1.0, 0.12, 0.25)],
            level: -6.0,
            pan: 200,
            ..QUIET
        },
        53 => Stroke {
            body: &[(950.0, 1.0, 0.5, 0.9), (2430.0, 1.0, 0.5, 0.7), (3950.0, 1.0, 0.4, 0.5)],
            metal: Some((420.0, 5000.0, 0.3, 0.9)),
            level: -5.0,
            pan: -220,
            ..QUIET
        },
        54 => Stroke {
            metal: Some((1400.0, 6500.0, 0.8, 0.2)),
            rattle: &[(6000.0, 14_000.0, 0.5, 0.16)],
            repeats: (2, 0.022),
            level: -5.0,
            pan: 100,
            ..QUIET
        },
        56 => Stroke {
            body: &[(545.0, 1.0, 0.8, 0.3), (815.0, 1.0, 0.8, 0.3), (1640.0, 1.0, 0.3, 0.2)],
            level: -4.0,
            pan: 120,
            ..QUIET
        },
        58 => Stroke { rattle: &[(1800.0, 5000.0, 1.0, 0.06)], repeats: (14, 0.032), level: -6.0, ..QUIET },
        60 => Stroke {
            body: &[(390.0, 1.25, 1.0, 0.18)],
            rattle: &[(400.0, 4000.0, 0.2, 0.02)],
            level: -2.0,
            pan: -150,
            ..QUIET
        },
        61 => Stroke {
            body: &[(280.0, 1.25, 1.0, 0.24)],
            rattle: &[(300.0, 3000.0, 0.2, 0.02)],
            level: -2.0,
            pan: -150,
            ..QUIET
        },
        62 => Stroke {
            body: &[(330.0, 1.1, 1.0, 0.08)],
            rattle: &[(400.0, 4000.0, 0.35, 0.03)],
            level: -2.0,
            pan: 150,
            ..QUIET
        },
        63 => Stroke {
            body: &[(310.0, 1.15, 1.0, 0.3)],
            rattle: &[(300.0, 3000.0, 0.15, 0.02)],
            level: -2.0,
            pan: 150,
            ..QUIET
        },
        64 => Stroke {
            body: &[(200.0, 1.15, 1.0, 0.34)],
            rattle: &[(200.0, 2500.0, 0.15, 0.02)],
            level: -1.0,
            pan: 150,
            ..QUIET
        },
        65 => Stroke {
            body: &[(420.0, 1.1, 1.0, 0.3), (780.0, 1.0, 0.5, 0.24), (1210.0, 1.0, 0.3, 0.2)],
            rattle: &[(800.0, 6000.0, 0.3, 0.05)],
            level: -3.0,
            pan: -180,
            ..QUIET
        },
        66 => Stroke {
            body: &[(300.0, 1.1, 1.0, 0.36), (560.0, 1.0, 0.5, 0.28), (880.0, 1.0, 0.3, 0.22)],
            rattle: &[(600.0, 5000.0, 0.3, 0.05)],
            level: -3.0,
            pan: -180,
            ..QUIET
        },
        67 => Stroke {
            body: &[(930.0, 1.0, 1.0, 0.4), (1430.0, 1.0, 0.6, 0.35), (3180.0, 1.0, 0.3, 0.2)],
            level: -7.0,
            pan: 200,
            ..QUIET
        },
        68 => Stroke {
            body: &[(680.0, 1.0, 1.0, 0.45), (1040.0, 1.0, 0.6, 0.4), (2330.0, 1.0, 0.3, 0.2)],
            level: -7.0,
            pan: 200,
            ..QUIET
        },
        69 => Stroke { rattle: &[(5000.0, 13_000.0, 1.0, 0.09)], repeats: (2, 0.03), level: -8.0, pan: -150, ..QUIET },
        70 => Stroke { rattle: &[(6500.0, 14_000.0, 1.0, 0.05)], level: -9.0, pan: -150, ..QUIET },
        71 => Stroke {
            body: &[(2350.0, 1.02, 1.0, 0.3)],
            rattle: &[(2000.0, 5000.0, 0.3, 0.25)],
            repeats: (3, 0.03),
            level: -9.0,
            class: 2,
            ..QUIET
        },
        72 => Stroke {
            body: &[(2350.0, 1.02, 1.0, 0.6)],
            rattle: &[(2000.0, 5000.0, 0.3, 0.5)],
            repeats: (9, 0.035),
            level: -9.0,
            class: 2,
            ..QUIET
        },
        73 => Stroke { rattle: &[(2200.0, 7000.0, 1.0, 0.03)], repeats: (5, 0.018), level: -6.0, class: 3, ..QUIET },
        74 => Stroke { rattle: &[(2200.0, 7000.0, 1.0, 0.04)], repeats: (18, 0.022), level: -7.0, class: 3, ..QUIET },
        75 => Stroke { body: &[(2480.0, 1.0, 1.0, 0.07)], level: -6.0, pan: 120, ..QUIET },
        76 => Stroke { body: &[(1150.0, 1.0, 1.0, 0.08), (2750.0, 1.0, 0.3, 0.04)], level: -5.0, pan: 160, ..QUIET },
        77 => Stroke { body: &[(780.0, 1.0, 1.0, 0.1), (1900.0, 1.0, 0.3, 0.05)], level: -5.0, pan: 160, ..QUIET },
        78 => Stroke {
            body: &[(620.0, 0.7, 1.0, 0.14)],
            rattle: &[(500.0, 3000.0, 0.15, 0.1)],
            level: -5.0,
            class: 4,
            ..QUIET
        },
        79 => Stroke {
            body: &[(420.0, 1.5, 1.0, 0.25)],
            rattle: &[(500.0, 3000.0, 0.15, 0.15)],
            level: -5.0,
            class: 4,
            ..QUIET
        },
        80 => Stroke {
            body: &[(4150.0, 1.0, 1.0, 0.1), (6800.0, 1.0, 0.5, 0.08)],
            level: -10.0,
            pan: -200,
            class: 5,
            ..QUIET
        },
        81 => Stroke {
            body: &[(4150.0, 1.0, 1.0, 1.3), (6800.0, 1.0, 0.5, 0.9), (9800.0, 1.0, 0.25, 0.6)],
            level: -10.0,
            pan: -200,
            class: 5,
            ..QUIET
        },
        _ => Stroke { rattle: &[(500.0, 5000.0, 1.0, 0.08)], level: -6.0, ..QUIET },
    }
}

/// Frequencies of the metal cluster against its lowest: no two in a simple ratio.
const CLUSTER: [f64; 6] = [1.0, 1.342, 1.2312, 1.6532, 1.9523, 2.1523];

/// Computes a stroke.
pub(crate) fn tone(stroke: &Stroke, seed: u64) -> Tone {
    let body = stroke.body.iter().map(|part| part.3);
    let parts = body.chain(stroke.rattle.iter().map(|part| part.3)).chain(stroke.metal.map(|part| part.3));
    let longest = parts.fold(0.02, f64::max) * 1.35 + stroke.repeats.0 as f64 * stroke.repeats.1;
    let mut data = vec![0.0f64; (longest * RATE) as usize + 256];
    let mut noise = Noise::new(seed);
    for repeat in 0..stroke.repeats.0 {
        let start = (repeat as f64 * stroke.repeats.1 * RATE) as usize;
        let out = &mut data[start..];
        for &part in stroke.body {
            add_body(out, part);
        }
        for &part in stroke.rattle {
            add_noise(out, part, &mut noise);
        }
        if let Some(part) = stroke.metal {
            add_metal(out, part, &mut noise);
        }
    }
    // Both ends at rest: no click, and no step back to silence.
    let ramp = 220;
    let length = data.len();
    for k in 0..ramp {
        let part = k as f64 / ramp as f64;
        data[length - 1 - k] *= part;
        if k < 22 {
            data[k] *= k as f64 / 22.0;
        }
    }
    remove_offset(&mut data);
    Tone { data: data.into_iter().map(|value| value as f32).collect(), rate: RATE, span: None }
}

fn fall(seconds: f64) -> f64 {
    10f64.powf(-3.0 / (seconds * RATE))
}

fn add_body(out: &mut [f64], (hertz, bend, level, seconds): (f64, f64, f64, f64)) {
    let (mut turn, mut now, fall) = (0.0f64, level, fall(seconds));
    for (k, value) in out.iter_mut().enumerate() {
        // The pitch falls to its end within some 30 ms, as a slack skin's does.
        let bent = 1.0 + (bend - 1.0) * (-(k as f64) / (0.028 * RATE)).exp();
        turn += hertz * bent / RATE;
        *value += now * (std::f64::consts::TAU * turn).sin();
        now *= fall;
    }
}

/// A two-pole low-pass and high-pass in a row.
struct Band {
    low: [f64; 2],
    high: [f64; 2],
    up: f64,
    down: f64,
}

impl Band {
    fn new(from: f64, to: f64) -> Self {
        let pole = |hertz: f64| 1.0 - (-std::f64::consts::TAU * hertz / RATE).exp();
        Self { low: [0.0; 2], high: [0.0; 2], up: pole(to), down: pole(from) }
    }

    fn filter(&mut self, input: f64) -> f64 {
        let mut value = input;
        for low in &mut self.low {
            *low += self.up * (value - *low);
            value = *low;
        }
        for high in &mut self.high {
            *high += self.down * (value - *high);
            value -= *high;
        }
        value
    }
}

fn add_noise(out: &mut [f64], (from, to, level, seconds): (f64, f64, f64, f64), noise: &mut Noise) {
    let (mut band, mut now, fall) = (Band::new(from, to), level, fall(seconds));
    for value in out.iter_mut() {
        *value += 1.8 * now * band.filter(noise.white());
        now *= fall;
    }
}

fn add_metal(out: &mut [f64], (low, pass, level, seconds): (f64, f64, f64, f64), noise: &mut Noise) {
    let (mut band, mut now, fall) = (Band::new(pass, 9_000.0), level, fall(seconds));
    let mut turns: [f64; CLUSTER.len()] = std::array::from_fn(|_| noise.unit());
    for value in out.iter_mut() {
        let mut sum = 0.0;
        for (turn, ratio) in turns.iter_mut().zip(CLUSTER) {
            *turn = (*turn + low * ratio / RATE).fract();
            sum += if *turn < 0.5 { 1.0 } else { -1.0 };
        }
        *value += now * band.filter(sum / 4.0 + 0.5 * noise.white());
        now *= fall;
    }
}

/// Takes away what is left of a mean, in proportion to the envelope's reach.
fn remove_offset(data: &mut [f64]) {
    let weight: f64 = data.iter().map(|value| value.abs()).sum();
    let mean: f64 = data.iter().sum();
    if weight > 0.0 {
        let part = mean / weight;
        for value in data.iter_mut() {
            *value -= part * value.abs();
        }
    }
}
