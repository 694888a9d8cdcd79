//! The two engines behind every pitched sound, and the noise both use.
//!
//! [`decaying`]: partials that die away, each at its own pace, and then stand still in a loop;
//! whatever is left to decay there is the envelope's. [`steady`]: a spectrum, one period of which
//! (at the resolution of its transform) is the whole loop, after Paul Nasca's PADsynth. In both,
//! every partial makes a whole number of turns in the loop, so that no loop can click and no loop
//! detunes.

use super::fft::inverse_real;

/// Samples a second of computed sounds.
pub(crate) const RATE: f64 = 44_100.0;
/// No partial is computed above this: transposed up by half an octave it must stay below half of
/// [`RATE`].
pub(crate) const HIGHEST_PARTIAL: f64 = 14_500.0;

/// A computed sound.
#[derive(Debug, Clone)]
pub(crate) struct Tone {
    pub data: Vec<f32>,
    /// Samples a second at which it has the requested pitch.
    pub rate: f64,
    /// Where it loops.
    pub span: Option<(usize, usize)>,
}

/// One partial of a decaying sound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Partial {
    /// Its frequency, in fundamentals.
    pub ratio: f64,
    /// Its amplitude at the start.
    pub level: f64,
    /// How fast it decays, in decibels a second, beyond what the envelope does to all.
    pub decay: f64,
}

/// A burst of noise at the start: the hammer, the pick, the key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Knock {
    /// Its amplitude, against 1 for all partials together.
    pub level: f64,
    /// Seconds until it has fallen by 60 dB.
    pub length: f64,
    /// Where it is filtered off, in hertz.
    pub cutoff: f64,
}

/// A deterministic source of noise (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// Uniform from 0 to 1.
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform from -1 to 1.
    pub fn white(&mut self) -> f64 {
        self.unit() * 2.0 - 1.0
    }
}

/// Length of the loop of a decaying sound whose fundamental is `f0`: enough turns to place
/// inharmonic partials.
fn decay_loop(f0: f64) -> usize {
    if f0 < 120.0 { 16_384 } else { 8_192 }
}

/// Seconds before a decaying sound stands still.
const DECAY_SECONDS: f64 = 0.55;

/// A struck or plucked sound with fundamental `f0` hertz.
pub(crate) fn decaying(f0: f64, partials: &[Partial], knock: Option<Knock>, seed: u64) -> Tone {
    let span = decay_loop(f0);
    let turns = (f0 * span as f64 / RATE).round().max(1.0);
    let head = (DECAY_SECONDS * RATE) as usize;
    let mut data = vec![0.0f64; head + span];
    let mut noise = Noise::new(seed);
    for partial in partials {
        // Whole turns in the loop; partials closer than a bin would otherwise fall together and
        // cancel.
        let bin = (partial.ratio * turns).round().max(1.0);
        let frequency = bin / span as f64;
        if frequency * RATE > HIGHEST_PARTIAL {
            continue;
        }
        let phase = noise.unit() * std::f64::consts::TAU;
        let radius = 10f64.powf(-partial.decay.max(0.0) / 20.0 / RATE);
        let (fading, still) = data.split_at_mut(head);
        // A partial that has fallen by 100 dB is inaudible.
        let heard = if partial.decay > 0.0 { (100.0 / partial.decay * RATE) as usize } else { head };
        let fading = &mut fading[..heard.min(head)];
        if partial.level < 1e-4 {
            continue;
        }
        add_partial(fading, frequency, phase, partial.level, radius);
        let left = partial.level * radius.powi(head as i32);
        if left > 1e-5 {
            let turned = (head as f64 * frequency).fract() * std::f64::consts::TAU;
            add_partial(still, frequency, phase + turned, left, 1.0);
        }
    }
    // A struck string does not start at full height: a millisecond spares the click.
    let ramp = (0.001 * RATE) as usize;
    for (k, value) in data.iter_mut().take(ramp).enumerate() {
        *value *= k as f64 / ramp as f64;
    }
    if let Some(knock) = knock {
        let total: f64 = partials.iter().map(|p| p.level * p.level).sum::<f64>().sqrt();
        add_knock(&mut data[..head], knock, total, &mut noise);
    }
    let data = data.into_iter().map(|value| value as f32).collect();
    Tone { data, rate: RATE * f0 / (turns * RATE / span as f64), span: Some((head, head + span)) }
}

/// Adds `level * radius^n * sin(2 pi frequency n + phase)`, eight samples at a time: the recurrence
/// `y[n] = 2 r cos(w) y[n-1] - r^2 y[n-2]`, strided, so that lanes do not wait for each other.
fn add_partial(data: &mut [f64], frequency: f64, phase: f64, level: f64, radius: f64) {
    const LANES: usize = 8;
    let turn = std::f64::consts::TAU * frequency;
    let at = |n: f64| level * radius.powf(n) * (turn * n + phase).sin();
    let mut before: [f64; LANES] = std::array::from_fn(|lane| at(lane as f64 - LANES as f64));
    let mut now: [f64; LANES] = std::array::from_fn(|lane| at(lane as f64));
    let stride = radius.powi(LANES as i32);
    let (a, b) = (2.0 * stride * (turn * LANES as f64).cos(), stride * stride);
    for block in data.chunks_mut(LANES) {
        for (value, lane) in block.iter_mut().zip(&now) {
            *value += lane;
        }
        for (now, before) in now.iter_mut().zip(&mut before) {
            (*now, *before) = (a * *now - b * *before, *now);
        }
    }
}

fn add_knock(data: &mut [f64], knock: Knock, total: f64, noise: &mut Noise) {
    let length = ((knock.length * RATE) as usize).min(data.len());
    let smooth = 1.0 - (-std::f64::consts::TAU * knock.cutoff / RATE).exp();
    let fall = 10f64.powf(-3.0 / (knock.length * RATE));
    let (mut low, mut lower, mut level) = (0.0, 0.0, knock.level * total);
    for (k, value) in data.iter_mut().take(length).enumerate() {
        low += smooth * (noise.white() - low);
        lower += 0.02 * (low - lower);
        let rise = (k as f64 / 40.0).min(1.0);
        *value += (low - lower) * level * rise;
        level *= fall;
    }
}

/// A sustained sound with fundamental `f0` hertz: `spectrum(n, frequency)` is the n-th partial's
/// amplitude (n from 1), spread over `cents` around it (a section of players rather than one),
/// `breath(frequency)` the amplitude of the noise a hertz wide there; `length` samples long, a
/// power of two.
pub(crate) fn steady(
    f0: f64,
    length: usize,
    cents: f64,
    spectrum: impl Fn(usize, f64) -> f64,
    breath: impl Fn(f64) -> f64,
    seed: u64,
) -> Tone {
    let mut noise = Noise::new(seed);
    let turns = (f0 * length as f64 / RATE).round().max(1.0);
    let hertz = RATE / length as f64;
    let mut amplitude = vec![0.0f64; length / 2];
    let mut n = 1;
    while (n as f64) * turns * hertz < HIGHEST_PARTIAL {
        let centre = n as f64 * turns;
        let level = spectrum(n, centre * hertz);
        let width = (2f64.powf(cents / 1200.0) - 1.0) * centre * 0.5;
        spread(&mut amplitude, centre, level, width);
        n += 1;
    }
    for (bin, value) in amplitude.iter_mut().enumerate().skip(1) {
        let frequency = bin as f64 * hertz;
        if frequency < HIGHEST_PARTIAL {
            let extra = breath(frequency) * hertz.sqrt();
            *value = value.hypot(extra);
        }
    }
    let bins: Vec<(f64, f64)> = amplitude
        .iter()
        .map(|&level| {
            let phase = noise.unit() * std::f64::consts::TAU;
            (level * phase.cos(), level * phase.sin())
        })
        .collect();
    let data = inverse_real(&bins).into_iter().map(|value| value as f32).collect();
    Tone { data, rate: RATE * f0 / (turns * hertz), span: Some((0, length)) }
}

/// Spreads a partial over a bell `width` bins wide, keeping its power.
fn spread(amplitude: &mut [f64], centre: f64, level: f64, width: f64) {
    if width < 0.6 {
        if let Some(bin) = amplitude.get_mut(centre.round() as usize) {
            *bin += level;
        }
        return;
    }
    let reach = (3.0 * width).ceil();
    let (from, to) = ((centre - reach).max(1.0) as usize, (centre + reach) as usize);
    let bell = |bin: usize| (-0.5 * ((bin as f64 - centre) / width).powi(2)).exp();
    let power: f64 = (from..=to).map(|bin| bell(bin).powi(2)).sum();
    for bin in from..=to.min(amplitude.len() - 1) {
        amplitude[bin] += level * bell(bin) / power.sqrt();
    }
}
