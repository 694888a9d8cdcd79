//! What each chord is expected to sound like, and what it costs to begin one.
//!
//! All values are in nats. The weights were fitted by hand, one after another, to half of two sets
//! of folk tunes and songs with chord symbols, each with the chords played and with the melody
//! alone; `examples/chord_accuracy.rs` measures them.

use super::grid::Place;
use super::sound::Sound;
use super::{Chord, ChordQuality, OCTAVE};
use std::sync::LazyLock;

/// The states of the hidden chain: each quality on each root, and no chord.
pub(super) const STATES: usize = NO_CHORD + 1;
/// The state of no chord.
pub(super) const NO_CHORD: usize = ChordQuality::ALL.len() * 12;

/// How likely a note outside a chord is beside one of the chord's notes.
const OUTSIDE: f32 = 0.08;
/// What much sounds of a pitch class counts less than proportionally: weights to this power.
const COMPRESSION: f32 = 0.5;
/// The evidence of a cell with many voices; one with [`HALF_VOICES`] has half of it.
const EVIDENCE: f32 = 1.2;
/// See [`EVIDENCE`].
const HALF_VOICES: f32 = 7.0;
/// How much more a cell at the beginning of a beat counts.
const ON_BEAT: f32 = 1.6;
/// What the lowest note speaks for a chord whose root it is, and against one that lacks it.
const BASS: f32 = 0.5;
/// Below this pitch (middle C) a note is a bass even when it sounds alone.
const BASS_BELOW: u8 = 60;
/// From so many voices on the lowest is a bass.
pub(super) const BASS_VOICES: f32 = 1.5;
/// How much the pitch classes of the whole piece speak for chords made of them.
const CONTEXT: f32 = 0.5;
/// Added to the share of each pitch class in the piece, so that an absent one is not impossible.
const CONTEXT_FLOOR: f32 = 0.005;
/// The cost of beginning a stretch without a chord, of each sounding cell in it, and the gain of
/// each silent cell: a silent bar has no chord, a shorter rest belongs to the chord before.
const NO_CHORD_COST: f32 = 3.0;
const NO_CHORD_SOUNDING: f32 = 0.1;
const NO_CHORD_SILENT: f32 = 0.7;

/// The cost of a change by where it happens.
pub(super) fn change_cost(place: Place) -> f32 {
    match place {
        Place::Bar => 0.1,
        Place::Beat => 0.6,
        Place::WithinBeat => 1.0,
    }
}

/// How much rarer a quality is than major.
fn quality_cost(quality: ChordQuality) -> f32 {
    match quality {
        ChordQuality::Major => 0.0,
        ChordQuality::Minor => 0.3,
        ChordQuality::Dominant7 => 0.1,
        ChordQuality::Minor7 | ChordQuality::Major7 => 0.7,
        ChordQuality::Power => 1.0,
        ChordQuality::Diminished => 0.8,
        ChordQuality::Sixth | ChordQuality::MinorSixth => 1.5,
        _ => 1.2,
    }
}

/// A value of each state.
pub(super) type States = [f32; STATES];

struct Templates {
    /// Of each pitch class, its log-probability in each state.
    notes: [States; 12],
    /// Of each pitch class, what it speaks for each state as the lowest.
    bass: [States; 12],
    /// Of each pitch class, its share of each chord's notes.
    shares: [States; 12],
}

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| {
    let mut templates =
        Templates { notes: [[0.0; STATES]; 12], bass: [[0.0; STATES]; 12], shares: [[0.0; STATES]; 12] };
    for class in 0..12 {
        for state in 0..NO_CHORD {
            let chord = chord(state);
            let tones = chord.quality.intervals().len() as f32;
            let within = chord.contains(class as u8);
            let likely = if within { 1.0 } else { OUTSIDE };
            templates.notes[class][state] = (likely / (tones + OUTSIDE * (12.0 - tones))).ln();
            templates.shares[class][state] = if within { 1.0 / tones } else { 0.0 };
            templates.bass[class][state] = match within {
                true if usize::from(chord.root) == class => BASS,
                true => 0.0,
                false => -BASS,
            };
        }
        templates.notes[class][NO_CHORD] = (1.0f32 / 12.0).ln();
        templates.bass[class][NO_CHORD] = BASS / 2.0;
    }
    templates
});

/// The chord of a state below [`NO_CHORD`]. Of states that are equally likely the first counts.
pub(super) fn chord(state: usize) -> Chord {
    Chord::new((state % 12) as u8, ChordQuality::ALL[state / 12 % ChordQuality::ALL.len()])
}

/// What it costs to begin each state, wherever in the piece that plays `sounds`: less the more the
/// whole piece has of the chord's notes.
pub(super) fn entry_costs(sounds: &[Sound]) -> States {
    let mut totals = [0.0f64; 12];
    for sound in sounds {
        totals.iter_mut().zip(sound.weights).for_each(|(total, weight)| *total += f64::from(weight));
    }
    let all: f64 = totals.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let mut costs = std::array::from_fn(|state| match state {
        NO_CHORD => NO_CHORD_COST,
        _ => quality_cost(chord(state).quality),
    });
    for (shares, total) in TEMPLATES.shares.iter().zip(totals) {
        // Beside a piece in which all pitch classes are alike.
        let gain = CONTEXT * (12.0 * ((total / all) as f32 + CONTEXT_FLOOR)).ln();
        add(&mut costs, -gain, shares);
    }
    costs
}

/// Adds to `scores` what a cell's sound speaks for each state.
pub(super) fn add_evidence(scores: &mut States, sound: &Sound, place: Place) {
    let weights = sound.weights.map(|weight| weight.max(0.0).powf(COMPRESSION));
    let all: f32 = weights.iter().sum();
    if all <= 0.0 {
        scores[NO_CHORD] += NO_CHORD_SILENT;
        return;
    }
    let beat = if place == Place::WithinBeat { 1.0 } else { ON_BEAT };
    let evidence = EVIDENCE * beat * sound.voices / (sound.voices + HALF_VOICES);
    for (weight, notes) in weights.into_iter().zip(&TEMPLATES.notes) {
        if weight > 0.0 {
            add(scores, evidence * weight / all, notes);
        }
    }
    if let Some(lowest) = sound.lowest
        && (lowest < BASS_BELOW || sound.voices >= BASS_VOICES)
    {
        add(scores, evidence, &TEMPLATES.bass[usize::from(lowest % OCTAVE)]);
    }
    scores[NO_CHORD] -= NO_CHORD_SOUNDING;
}

/// Adds `factor` times `row`.
fn add(scores: &mut States, factor: f32, row: &States) {
    for (score, value) in scores.iter_mut().zip(row) {
        *score += factor * value;
    }
}
