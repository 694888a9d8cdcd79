//! What a song is, whatever its name, key, tempo, clock, track order and instruments.
//!
//! Two fingerprints are taken of the notes alone. The *exact* one is a hash of all onsets and
//! pitches after what may differ is divided out: pitches count from the lowest, onsets from the
//! first and in units of their greatest common divisor, and parts are merged. The *near* one is a
//! MinHash sketch (Broder 1997) of the bag of shingles: runs of [`SHINGLE_NOTES`] successive notes
//! of the merged parts, each as its intervals and the ratio of its inter-onset times. The share of
//! equal values of two sketches estimates the Jaccard similarity of the bags with a standard error
//! of at most `0.5 / sqrt(128)` = 0.044. Repeated shingles count as often as they occur, so that
//! two songs made of the same loop are not the same if one is longer.
//!
//! Drums are left out where there are enough pitched notes. A piece of drums alone is fingerprinted
//! by what is struck, on a grid fine enough to distinguish two performances of one pattern.

use leitmotif_hash::{STEP, mix32, number};
use leitmotif_score::Score;

/// Successive notes in a shingle.
pub const SHINGLE_NOTES: usize = 4;
/// Successive strokes in a shingle of drums.
pub const SHINGLE_STROKES: usize = 4;
/// Values in a sketch.
pub const SKETCH_VALUES: usize = 128;
/// With fewer pitched notes than this, drums count too.
pub const MIN_PITCHED_NOTES: usize = 32;
/// Notes that begin within this fraction of a quarter of each other are a chord.
const FRAMES_PER_QUARTER: u64 = 24;
/// Steps an octave of the ratio of two inter-onset times.
const RATIO_STEPS: f64 = 2.0;
/// Fewer shingles than this are too few to compare.
const MIN_SHINGLES: usize = 12;

/// Both fingerprints of a song.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// Equal for songs that have the same notes up to key, tempo, clock, tracks and instruments.
    pub exact: [u8; 16],
    /// The MinHash sketch; empty for songs too short to compare.
    pub sketch: Vec<u32>,
}

impl Fingerprint {
    /// The fingerprints of a score with at least one note.
    pub fn of(score: &Score) -> Self {
        let pitched = merged(score, false);
        let drums = merged(score, true);
        let exact = exact(&pitched, &drums);
        let ticks = score.resolution.ticks_per_quarter();
        let hashes = if pitched.len() >= MIN_PITCHED_NOTES || drums.is_empty() {
            melodic_shingles(&frames(&pitched, ticks))
        } else {
            drum_shingles(&frames(&drums, ticks), &frames(&pitched, ticks))
        };
        let sketch = if hashes.len() < MIN_SHINGLES { Vec::new() } else { sketch(hashes) };
        Self { exact, sketch }
    }

    /// How alike two songs are: 1 if they have the same notes, else the estimated share of their
    /// shingles that they have in common, 0 to 1.
    pub fn similarity(&self, other: &Self) -> f64 {
        if self.exact == other.exact {
            return 1.0;
        }
        if self.sketch.is_empty() || other.sketch.is_empty() {
            return 0.0;
        }
        let equal = self.sketch.iter().zip(&other.sketch).filter(|(a, b)| a == b).count();
        equal as f64 / SKETCH_VALUES as f64
    }

    /// The exact fingerprint, hexadecimal.
    pub fn name(&self) -> String {
        self.exact.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// All `(onset, pitch)` of drums, or of everything else, in order and each once.
fn merged(score: &Score, is_drums: bool) -> Vec<(u64, u8)> {
    let parts = score.parts.iter().filter(|part| part.instrument.is_drums() == is_drums);
    let mut notes: Vec<(u64, u8)> = parts.flat_map(|part| &part.notes).map(|note| (note.onset.0, note.pitch)).collect();
    notes.sort_unstable();
    notes.dedup();
    notes
}

fn exact(pitched: &[(u64, u8)], drums: &[(u64, u8)]) -> [u8; 16] {
    let first = pitched.first().into_iter().chain(drums.first()).map(|note| note.0).min().unwrap_or(0);
    let lowest = pitched.iter().map(|note| note.1).min().unwrap_or(0);
    let unit = pitched.iter().chain(drums).fold(0, |unit, note| greatest_common_divisor(note.0 - first, unit)).max(1);
    let mut bytes = Vec::with_capacity((pitched.len() + drums.len()) * 9 + 1);
    for (onset, pitch) in pitched {
        bytes.extend_from_slice(&((onset - first) / unit).to_le_bytes());
        bytes.push(pitch - lowest);
    }
    bytes.push(u8::MAX);
    for (onset, pitch) in drums {
        bytes.extend_from_slice(&((onset - first) / unit).to_le_bytes());
        bytes.push(*pitch);
    }
    let mut hash = [0; 16];
    hash.copy_from_slice(&blake3::hash(&bytes).as_bytes()[..16]);
    hash
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The notes with their onsets in steps of a grid, in order and each once.
fn frames(notes: &[(u64, u8)], ticks_per_quarter: u64) -> Vec<(u64, u8)> {
    let half_frames = 2 * FRAMES_PER_QUARTER;
    let step = |onset: u64| match onset.checked_mul(half_frames).and_then(|it| it.checked_add(ticks_per_quarter)) {
        Some(ticks) => ticks / (2 * ticks_per_quarter),
        None => {
            let (half_frames, quarter) = (u128::from(half_frames), u128::from(ticks_per_quarter));
            ((u128::from(onset) * half_frames + quarter) / (2 * quarter)) as u64
        }
    };
    let mut frames: Vec<(u64, u8)> = notes.iter().map(|note| (step(note.0), note.1)).collect();
    frames.sort_unstable();
    frames.dedup();
    frames
}

/// Each run of notes as its intervals and, between them, where time passes and how much relative to
/// the last time.
fn melodic_shingles(notes: &[(u64, u8)]) -> Vec<u64> {
    let shingle = |run: &[(u64, u8)]| {
        let mut hash = Mixer::new(1);
        let mut last_step = 0;
        for pair in run.windows(2) {
            let step = pair[1].0 - pair[0].0;
            hash.add(u64::from(pair[1].1.wrapping_sub(pair[0].1)));
            hash.add(u64::from(step > 0));
            if step > 0 && last_step > 0 {
                hash.add((RATIO_STEPS * (step as f64 / last_step as f64).log2()).round() as i64 as u64);
            }
            if step > 0 {
                last_step = step;
            }
        }
        hash.value()
    };
    notes.windows(SHINGLE_NOTES).map(shingle).collect()
}

/// Runs of strokes with their steps of the grid; the few pitched notes that there are count among
/// them.
fn drum_shingles(drums: &[(u64, u8)], pitched: &[(u64, u8)]) -> Vec<u64> {
    let mut strokes: Vec<(u64, u8)> =
        drums.iter().copied().chain(pitched.iter().map(|note| (note.0, note.1 | 0x80))).collect();
    strokes.sort_unstable();
    let shingle = |run: &[(u64, u8)]| {
        let mut hash = Mixer::new(2);
        hash.add(u64::from(run[0].1));
        for pair in run.windows(2) {
            hash.add(pair[1].0 - pair[0].0);
            hash.add(u64::from(pair[1].1));
        }
        hash.value()
    };
    strokes.windows(SHINGLE_STROKES).map(shingle).collect()
}

/// The MinHash sketch of a bag: the n-th occurrence of a shingle is an element of its own.
fn sketch(mut hashes: Vec<u64>) -> Vec<u32> {
    hashes.sort_unstable();
    let (mut last, mut occurrence) = (None, 0_u64);
    for hash in &mut hashes {
        occurrence = if last == Some(*hash) { occurrence + 1 } else { 1 };
        last = Some(*hash);
        *hash = number(*hash ^ occurrence.wrapping_mul(0xA076_1D64_78BD_642F), 0);
    }
    let mut sketch = [u32::MAX; SKETCH_VALUES];
    least_values(&hashes, &mut sketch);
    sketch.to_vec()
}

/// The least value of each of the sketch's hashes over all elements: most of a fingerprint's time,
/// so it runs in the widest integer vectors that the machine has (the values are the same).
fn least_values(elements: &[u64], sketch: &mut [u32; SKETCH_VALUES]) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f")]
        fn avx512(elements: &[u64], sketch: &mut [u32; SKETCH_VALUES]) {
            least_values_of(elements, sketch);
        }
        #[target_feature(enable = "avx2")]
        fn avx2(elements: &[u64], sketch: &mut [u32; SKETCH_VALUES]) {
            least_values_of(elements, sketch);
        }
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the machine has these instructions.
            return unsafe { avx512(elements, sketch) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the machine has these instructions.
            return unsafe { avx2(elements, sketch) };
        }
    }
    least_values_of(elements, sketch);
}

/// [`least_values`], compiled for whatever calls it.
#[inline(always)]
fn least_values_of(elements: &[u64], sketch: &mut [u32; SKETCH_VALUES]) {
    for &element in elements {
        let (low, high) = (element as u32, (element >> 32) as u32 | 1);
        // Two halves of one hash make a family of hashes (Kirsch and Mitzenmacher 2006), mixed once
        // more.
        for (index, least) in sketch.iter_mut().enumerate() {
            let value = low.wrapping_add(high.wrapping_mul(index as u32));
            *least = (*least).min(mix32(value));
        }
    }
}

/// A small hash of a few numbers.
struct Mixer(u64);

impl Mixer {
    fn new(purpose: u64) -> Self {
        Self(number(purpose, 0))
    }

    fn add(&mut self, value: u64) {
        self.0 = number(self.0 ^ value.wrapping_mul(STEP), 0);
    }

    fn value(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use leitmotif_score::{Instrument, Note, Part, Resolution, Ticks};

    fn part(instrument: Instrument, notes: &[(u64, u8)]) -> Part {
        let note = |(onset, pitch): &(u64, u8)| Note {
            onset: Ticks(*onset),
            pitch: *pitch,
            duration: Ticks(60),
            velocity: 80,
        };
        Part { name: String::new(), instrument, notes: notes.iter().map(note).collect() }
    }

    /// A tune without an end to its variety, over a bass, with drums.
    fn song(seed: u64) -> Score {
        let mut state = seed;
        let mut draw = |below: u64| {
            state = number(state, 0);
            state % below
        };
        let mut onset = 480;
        let tune: Vec<(u64, u8)> = (0..240)
            .map(|_| {
                onset += [120, 240, 240, 480][draw(4) as usize];
                (onset, 60 + draw(14) as u8)
            })
            .collect();
        let bass: Vec<(u64, u8)> = (1..80).map(|beat| (beat * 480, 36 + draw(10) as u8)).collect();
        let drums: Vec<(u64, u8)> = (1..160).map(|half| (half * 240, [36, 42, 38, 42][half as usize % 4])).collect();
        let parts = vec![
            part(Instrument::Program(73), &tune),
            part(Instrument::Program(33), &bass),
            part(Instrument::Drums(0), &drums),
        ];
        Score { parts, ..Score::default() }
    }

    #[test]
    fn key_clock_tracks_and_instruments_do_not_count() {
        let original = Fingerprint::of(&song(1));
        let mut changed = song(1);
        changed.transpose(5);
        changed.scale_tempo(1.3);
        changed.parts.reverse();
        changed.parts[2].instrument = Instrument::Program(0);
        changed.parts[1].instrument = Instrument::Program(0);
        assert_eq!(Fingerprint::of(&changed).exact, original.exact);
        changed.merge_parts_by_instrument();
        assert_eq!(Fingerprint::of(&changed).exact, original.exact);
        changed.resolution = Resolution::DEFAULT;
        for note in changed.parts.iter_mut().flat_map(|part| &mut part.notes) {
            note.onset = Ticks(note.onset.0 * 2 + 77);
        }
        assert_eq!(Fingerprint::of(&changed).similarity(&original), 1.0);
    }

    #[test]
    fn small_edits_leave_songs_alike_and_different_songs_are_not() {
        for seed in 0..40 {
            let original = Fingerprint::of(&song(seed));
            let mut edited = song(seed);
            let mut state = seed;
            for part in &mut edited.parts {
                part.notes.retain(|_| {
                    state = number(state, 0);
                    state % 20 > 0
                });
            }
            let similarity = original.similarity(&Fingerprint::of(&edited));
            assert!((0.55..0.95).contains(&similarity), "seed {seed}: {similarity}");
            assert!(original.similarity(&Fingerprint::of(&song(seed + 100))) < 0.2);
        }
    }

    #[test]
    fn a_loop_played_longer_is_another_song() {
        let loops = |times: u64| {
            let notes: Vec<_> =
                (0..times * 8).map(|step| (step * 240, [60, 62, 64, 67, 69, 67, 64, 62][step as usize % 8])).collect();
            Fingerprint::of(&Score { parts: vec![part(Instrument::Program(0), &notes)], ..Score::default() })
        };
        let similarity = loops(10).similarity(&loops(40));
        assert!((0.1..0.4).contains(&similarity), "a quarter is common: {similarity}");
    }

    #[test]
    fn drums_alone_are_distinguished_by_their_timing() {
        let performance = |seed: u64, shift: u64| {
            let mut state = seed;
            let mut human = |step: u64| {
                state = number(state, 0);
                step * 120 + 20 + state % 60 + shift
            };
            let notes: Vec<_> = (0..300).map(|step| (human(step), [36, 42, 38, 42][step as usize % 4])).collect();
            Score { parts: vec![part(Instrument::Drums(0), &notes)], ..Score::default() }
        };
        let played = |seed: u64, shift: u64| Fingerprint::of(&performance(seed, shift));
        assert_eq!(played(1, 0).similarity(&played(1, 480)), 1.0);
        assert!(played(1, 0).similarity(&played(2, 0)) < 0.3, "two performances of one pattern");
        let off_grid = played(1, 0).similarity(&played(1, 7));
        assert!(off_grid > 0.5, "the same, moved by a third of a step: {off_grid}");
        let mut thinned = performance(1, 0);
        let mut index = 0;
        thinned.parts[0].notes.retain(|_| {
            index += 1;
            index % 20 != 9
        });
        let thinned = Fingerprint::of(&thinned).similarity(&played(1, 0));
        assert!(thinned > 0.55, "one stroke of twenty left out: {thinned}");
    }

    #[test]
    fn one_note_and_the_last_tick_are_fine() {
        let one = Score { parts: vec![part(Instrument::Program(0), &[(u64::MAX, 127)])], ..Score::default() };
        assert!(Fingerprint::of(&one).sketch.is_empty());
    }

    #[test]
    fn every_instruction_set_makes_the_same_sketch() {
        for count in [0, 1, 500] {
            let elements: Vec<u64> = (0..count).map(|value| number(value, 0)).collect();
            let [mut plain, mut wide] = [[u32::MAX; SKETCH_VALUES]; 2];
            least_values_of(&elements, &mut plain);
            least_values(&elements, &mut wide);
            assert_eq!(plain, wide);
        }
    }
}
