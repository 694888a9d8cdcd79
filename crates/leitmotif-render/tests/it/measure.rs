//! Measuring sound, independently of the code that makes it.

use leitmotif_render::Audio;
use std::f64::consts::TAU;

pub const RATE: f64 = 44_100.0;

/// Both channels added.
pub fn mono(audio: &Audio) -> Vec<f64> {
    audio.left.iter().zip(&audio.right).map(|(l, r)| f64::from(l + r) / 2.0).collect()
}

/// The part from `from` to `to` seconds, as far as it exists.
pub fn window(sound: &[f64], from: f64, to: f64) -> &[f64] {
    let at = |seconds: f64| ((seconds * RATE) as usize).min(sound.len());
    &sound[at(from)..at(to)]
}

pub fn rms(sound: &[f64]) -> f64 {
    (sound.iter().map(|v| v * v).sum::<f64>() / sound.len().max(1) as f64).sqrt().max(1e-9)
}

/// The mean, in parts of the root mean square.
pub fn offset(sound: &[f64]) -> f64 {
    sound.iter().sum::<f64>() / sound.len().max(1) as f64 / rms(sound)
}

/// The power spectrum of the windowed sound at `hertz`.
fn power_at(sound: &[f64], hertz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    let n = sound.len() as f64;
    let (step_sin, step_cos) = (TAU * hertz / RATE).sin_cos();
    let (mut sin, mut cos) = (0.0, 1.0);
    for (k, value) in sound.iter().enumerate() {
        let hann = 0.5 - 0.5 * (TAU * k as f64 / n).cos();
        re += value * hann * cos;
        im += value * hann * sin;
        (sin, cos) = (sin * step_cos + cos * step_sin, cos * step_cos - sin * step_sin);
    }
    re * re + im * im
}

/// The centre of gravity of the power spectrum, from the sound's own slope: the root mean square
/// frequency is the ratio of the derivative's size to the sound's.
pub fn centroid(sound: &[f64]) -> f64 {
    let slope: f64 = sound.windows(2).map(|p| (p[1] - p[0]).powi(2)).sum();
    let size: f64 = sound.iter().map(|v| v * v).sum::<f64>().max(1e-12);
    2.0 * RATE / TAU * (0.5 * (slope / size).sqrt()).min(1.0).asin()
}

/// How far the sound's pitch is from a key, in cents: where the power of its first partials is
/// highest, searched within half a semitone.
pub fn cents_off(sound: &[f64], key: u8) -> f64 {
    let f0 = 440.0 * 2f64.powf((f64::from(key) - 69.0) / 12.0);
    let power = |cents: f64| -> f64 {
        let f = f0 * 2f64.powf(cents / 1200.0);
        (1..=2).map(|n| power_at(sound, f * f64::from(n))).sum()
    };
    let coarse = (-25..=25).map(|c| f64::from(c) * 2.0).max_by(|a, b| power(*a).total_cmp(&power(*b))).unwrap_or(0.0);
    let (a, b, c) = (power(coarse - 2.0), power(coarse), power(coarse + 2.0));
    coarse + if a - 2.0 * b + c < 0.0 { (a - c) / (a - 2.0 * b + c) } else { 0.0 }
}
