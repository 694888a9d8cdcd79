//! What a program sounds like, in a few numbers: a source and the envelopes around it.

use super::sf2::{Generator, generator as g};
use super::tone::{Knock, Partial, RATE, Tone, decaying, steady};

/// What vibrates.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A string, plucked or struck at `position` (a part of its length).
    Plucked {
        position: f64,
        /// Decibels the partials fall by each octave.
        tilt: f64,
        /// Stiffness: how far partials lie above multiples.
        stiffness: f64,
        /// Decibels a second that each further partial decays faster, at middle C.
        damping: f64,
        knock: Knock,
    },
    /// Bars, bells, tines, membranes: partials named one by one.
    Struck { partials: &'static [Partial], knock: Knock },
    /// Anything that is kept sounding.
    Held(Held),
}

/// A sustained spectrum.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    /// Decibels the partials fall by each octave.
    pub tilt: f64,
    /// How much weaker even partials are: 0 not at all, 1 absent (a clarinet, a square wave).
    pub hollow: f64,
    /// Above this, in hertz, the spectrum falls by 12 dB more each octave.
    pub corner: f64,
    /// Resonances: centre in hertz, width in hertz, gain in decibels.
    pub formants: &'static [(f64, f64, f64)],
    /// Width of each partial in cents: 0 for one player, 20 to 60 for many.
    pub cents: f64,
    /// Loudness of the breath or bow noise, relative to the tone.
    pub breath: f64,
    /// Amplitudes of single partials, instead of `tilt` and `hollow` (organ stops).
    pub stops: &'static [(usize, f64)],
}

impl Held {
    /// One player, partials falling by `tilt` decibels an octave up to `corner` hertz.
    pub const fn new(tilt: f64, corner: f64) -> Self {
        Self { tilt, hollow: 0.0, corner, formants: &[], cents: 0.0, breath: 0.0, stops: &[] }
    }

    pub const fn hollow(self, hollow: f64) -> Self {
        Self { hollow, ..self }
    }

    pub const fn formants(self, formants: &'static [(f64, f64, f64)]) -> Self {
        Self { formants, ..self }
    }

    pub const fn section(self, cents: f64) -> Self {
        Self { cents, ..self }
    }

    pub const fn breath(self, breath: f64) -> Self {
        Self { breath, ..self }
    }

    pub const fn stops(self, stops: &'static [(usize, f64)]) -> Self {
        Self { stops, ..self }
    }

    fn colour(&self, frequency: f64) -> f64 {
        let fall = 1.0 / (1.0 + (frequency / self.corner).powi(4)).sqrt();
        let bell = |&(centre, width, gain): &(f64, f64, f64)| gain / (1.0 + ((frequency - centre) / width).powi(2));
        fall * decibels(self.formants.iter().map(bell).sum())
    }

    fn level(&self, n: usize, frequency: f64) -> f64 {
        let own = if self.stops.is_empty() {
            let even = if n.is_multiple_of(2) { 1.0 - self.hollow } else { 1.0 };
            even * decibels(-self.tilt * (n as f64).log2())
        } else {
            self.stops.iter().find(|stop| stop.0 == n).map_or(0.0, |stop| stop.1)
        };
        own * self.colour(frequency)
    }
}

/// A program.
#[derive(Debug, Clone)]
pub(crate) struct Timbre {
    pub source: Source,
    /// Seconds until full.
    pub attack: f64,
    /// Seconds until 80 dB down, at middle C; 0 for a sound that is held.
    pub decay: f64,
    /// Seconds until 80 dB down after the key is let go.
    pub release: f64,
    /// Low-pass filter: hertz at rest, and cents it opens by at the attack, falling back in
    /// seconds.
    pub filter: Option<(f64, i16, f64)>,
    /// Vibrato: hertz, cents, seconds until it begins.
    pub vibrato: Option<(f64, i16, f64)>,
    /// Tremolo: hertz, decibels.
    pub tremolo: Option<(f64, f64)>,
    /// Loudness against the others, in decibels.
    pub level: f64,
    /// Parts of the sound that go to reverb and chorus, in tenths of a percent.
    pub sends: (i16, i16),
    /// A second copy, transposed by so many semitones (fifths, octaves) and so loud.
    pub also: Option<(f64, f64)>,
}

impl Timbre {
    pub const fn held(held: Held, attack: f64, release: f64) -> Self {
        Self::new(Source::Held(held), attack, 0.0, release)
    }

    pub const fn new(source: Source, attack: f64, decay: f64, release: f64) -> Self {
        Self {
            source,
            attack,
            decay,
            release,
            filter: None,
            vibrato: None,
            tremolo: None,
            level: 0.0,
            sends: (180, 0),
            also: None,
        }
    }

    pub const fn filter(mut self, hertz: f64, cents: i16, seconds: f64) -> Self {
        self.filter = Some((hertz, cents, seconds));
        self
    }

    pub const fn vibrato(mut self, hertz: f64, cents: i16, delay: f64) -> Self {
        self.vibrato = Some((hertz, cents, delay));
        self
    }

    pub const fn tremolo(mut self, hertz: f64, decibels: f64) -> Self {
        self.tremolo = Some((hertz, decibels));
        self
    }

    pub const fn level(mut self, decibels: f64) -> Self {
        self.level = decibels;
        self
    }

    pub const fn sends(mut self, reverb: i16, chorus: i16) -> Self {
        self.sends = (reverb, chorus);
        self
    }

    pub const fn also(mut self, semitones: f64, level: f64) -> Self {
        self.also = Some((semitones, level));
        self
    }

    pub const fn decay(mut self, seconds: f64) -> Self {
        self.decay = seconds;
        self
    }

    /// The sound at `f0` hertz.
    pub fn tone(&self, f0: f64, seed: u64) -> Tone {
        match &self.source {
            Source::Plucked { position, tilt, stiffness, damping, knock } => {
                let scale = (f0 / 261.6).sqrt();
                let partials: Vec<Partial> = (1..=60)
                    .map(|n| {
                        let x = n as f64;
                        let comb = (std::f64::consts::PI * x * position).sin().abs().max(0.02);
                        Partial {
                            ratio: x * (1.0 + stiffness * x * x).sqrt(),
                            level: comb * decibels(-tilt * x.log2()),
                            decay: damping * scale * (x - 1.0),
                        }
                    })
                    .collect();
                decaying(f0, &partials, Some(*knock), seed)
            }
            Source::Struck { partials, knock } => decaying(f0, partials, Some(*knock), seed),
            Source::Held(held) => {
                let length = if held.cents > 0.0 { 32_768 } else { 8_192 };
                let echo = self.also.map(|(semitones, level)| (2f64.powf(semitones / 12.0), level));
                let spectrum = |n: usize, frequency: f64| {
                    let x = n as f64;
                    let own = held.level(n, frequency);
                    let other = echo.map_or(0.0, |(ratio, level)| {
                        let m = x / ratio;
                        if (m - m.round()).abs() < 0.02 && m >= 0.98 {
                            level * held.level(m.round() as usize, frequency)
                        } else {
                            0.0
                        }
                    });
                    own + other
                };
                let breath = |frequency: f64| {
                    let air = 1.0 / (1.0 + (frequency / (held.corner * 0.8)).powi(2));
                    held.breath * 0.02 * air * (frequency / (frequency + 0.5 * f0))
                };
                steady(f0, length, held.cents, spectrum, breath, seed)
            }
        }
    }

    /// The generators that every zone of the program shares.
    pub fn generators(&self) -> Vec<Generator> {
        let mut list: Vec<Generator> = Vec::new();
        if let Some((hertz, cents, delay)) = self.vibrato {
            list.push((g::PITCH_FROM_VIBRATO, cents));
            list.push((g::VIBRATO_DELAY, timecents(delay)));
            list.push((g::VIBRATO_FREQUENCY, cents_above_8(hertz)));
        }
        if let Some((hertz, cents, seconds)) = self.filter {
            list.push((g::CUTOFF, cents_above_8(hertz)));
            if cents != 0 {
                list.push((g::CUTOFF_FROM_ENVELOPE, cents));
                list.push((g::MOD_ATTACK, timecents(self.attack)));
                list.push((g::MOD_DECAY, timecents(seconds)));
                list.push((g::MOD_SUSTAIN, 700));
            }
        }
        if let Some((hertz, decibels)) = self.tremolo {
            list.push((g::VOLUME_FROM_LFO, (decibels * 10.0) as i16));
            list.push((g::LFO_FREQUENCY, cents_above_8(hertz)));
        }
        list.push((g::REVERB, self.sends.0));
        list.push((g::CHORUS, self.sends.1));
        list.push((g::ATTACK, timecents(self.attack)));
        if self.decay > 0.0 {
            list.push((g::HOLD, timecents(0.005)));
            list.push((g::DECAY, timecents(self.decay)));
            list.push((g::SUSTAIN, 1000));
            // Higher strings are shorter: half the decay every two octaves.
            list.push((g::KEY_TO_DECAY, 50));
        }
        list.push((g::RELEASE, timecents(self.release)));
        list
    }
}

/// Scales a tone to the loudness all programs share, `decibels` above it, without exceeding full
/// scale.
pub(crate) fn level(tone: &mut Tone, decibels_above: f64) {
    /// Root mean square of every sound after the weighting, full scale being 1.
    const LOUDNESS: f64 = 0.075;
    let heard = (0.35 * RATE) as usize;
    // The ear is dull at low frequencies: a one-pole high-pass at 150 Hz stands for it.
    let pole = (-std::f64::consts::TAU * 150.0 / RATE).exp();
    let (mut low, mut sum) = (0.0, 0.0);
    let heard = heard.min(tone.data.len());
    for &value in &tone.data[..heard] {
        low = pole * low + (1.0 - pole) * f64::from(value);
        sum += (f64::from(value) - 0.75 * low).powi(2);
    }
    let rms = (sum / heard.max(1) as f64).sqrt();
    let peak = tone.data.iter().fold(0.0f32, |peak, value| peak.max(value.abs()));
    if rms <= 0.0 || peak <= 0.0 {
        return;
    }
    let gain = (LOUDNESS * decibels(decibels_above) / rms).min(0.98 / f64::from(peak));
    for value in &mut tone.data {
        *value = (f64::from(*value) * gain) as f32;
    }
}

pub(crate) fn decibels(level: f64) -> f64 {
    10f64.powf(level / 20.0)
}

/// SoundFont's logarithmic seconds.
pub(crate) fn timecents(seconds: f64) -> i16 {
    (1200.0 * seconds.max(0.001).log2()).round() as i16
}

/// SoundFont's logarithmic frequencies: cents above 8.176 Hz.
pub(crate) fn cents_above_8(hertz: f64) -> i16 {
    (1200.0 * (hertz / 8.176).log2()).round() as i16
}
