//! What each chord is expected to sound like, and what it costs to begin one.
//!
//! All values are in nats. The weights were fitted by hand, one after another, to half of two sets
//! of folk tunes and songs with chord symbols, each with the chords played and with the melody
//! alone; `examples/chord_accuracy.rs` measures them. Of equally good ones those are taken that
//! change chords less often in songs of bands.

use super::grid::Place;
use super::sound::Sound;
use super::{Chord, ChordQuality, OCTAVE};

/// The states of the hidden chain: each quality on each root, and no chord.
pub(super) const STATES: usize = NO_CHORD + 1;
/// The state of no chord.
pub(super) const NO_CHORD: usize = ChordQuality::ALL.len() * 12;

/// How likely a note outside a chord is beside one of the chord's notes.
const OUTSIDE: f32 = 0.06;
/// What each note of a chord that is not heard in a cell speaks against the chord.
const ABSENT: f32 = 0.1;
/// The evidence of a cell with many voices; one with [`HALF_VOICES`] has half of it.
const EVIDENCE: f32 = 1.2;
/// See [`EVIDENCE`].
const HALF_VOICES: f32 = 7.0;
/// How much more a cell at the beginning of a beat counts.
const ON_BEAT: f32 = 1.6;
/// What the lowest note speaks for a chord whose root it is, and against one that lacks it.
const BASS: f32 = 0.32;
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
        Place::Beat => 0.8,
        Place::WithinBeat => 1.5,
    }
}

/// How much rarer a quality is than major.
fn quality_cost(quality: ChordQuality) -> f32 {
    match quality {
        ChordQuality::Major => 0.0,
        ChordQuality::Minor => 0.3,
        ChordQuality::Dominant7 => 0.1,
        ChordQuality::Minor7 | ChordQuality::Major7 => 0.7,
        ChordQuality::Power => 1.5,
        ChordQuality::Diminished => 0.8,
        ChordQuality::Sixth | ChordQuality::MinorSixth => 1.5,
        _ => 1.2,
    }
}

/// A value of each state.
pub(super) type States = [f32; STATES];

/// The chord of a state below [`NO_CHORD`]. Of states that are equally likely the first counts.
pub(super) fn chord(state: usize) -> Chord {
    Chord::new((state % 12) as u8, ChordQuality::ALL[state / 12 % ChordQuality::ALL.len()])
}

/// The chords of one piece. A chord's template has all its notes equally likely, and each note
/// outside it [`OUTSIDE`] times as likely.
pub(super) struct Templates {
    /// What it costs to begin each state, besides the cost of the change: less the more the whole
    /// piece has of the chord's notes.
    pub(super) entry_costs: States,
    /// Of each quality, the log-probability of a note outside it.
    outside: [f32; ChordQuality::ALL.len()],
}

impl Templates {
    /// The templates of a piece with these cells.
    pub(super) fn new(sounds: &[Sound]) -> Self {
        let mut totals = [0.0f64; 12];
        for sound in sounds {
            totals.iter_mut().zip(sound.weights).for_each(|(total, weight)| *total += f64::from(weight));
        }
        let all: f64 = totals.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        // Beside a piece in which all pitch classes are alike.
        let gains = totals.map(|total| CONTEXT * (12.0 * ((total / all) as f32 + CONTEXT_FLOOR)).ln());
        let entry_costs = std::array::from_fn(|state| {
            if state == NO_CHORD {
                return NO_CHORD_COST;
            }
            let quality = chord(state).quality;
            let notes = quality.intervals().iter().map(|step| usize::from(*step) + state % 12);
            quality_cost(quality) - notes.map(|note| gains[note % 12]).sum::<f32>() / notes_of(quality)
        });
        let outside = ChordQuality::ALL.map(|quality| {
            let notes = notes_of(quality);
            (OUTSIDE / (notes + OUTSIDE * (12.0 - notes))).ln()
        });
        Self { entry_costs, outside }
    }

    /// Adds to `scores` what a cell's sound speaks for each state.
    pub(super) fn add_evidence(&self, scores: &mut States, sound: &Sound, place: Place) {
        // The square root: what sounds more counts more, but less than proportionally.
        let weights = sound.weights.map(f32::sqrt);
        let all: f32 = weights.iter().sum();
        if all <= 0.0 {
            scores[NO_CHORD] += NO_CHORD_SILENT;
            return;
        }
        let beat = if place == Place::WithinBeat { 1.0 } else { ON_BEAT };
        let evidence = EVIDENCE * beat * sound.voices / (sound.voices + HALF_VOICES);
        // What each pitch class speaks for the chords that have it.
        let inside = -OUTSIDE.ln() * evidence / all;
        let mut notes = weights.map(|weight| if weight > 0.0 { weight * inside } else { -evidence * ABSENT });
        scores[NO_CHORD] += evidence * (1.0f32 / 12.0).ln() - NO_CHORD_SOUNDING;
        let is_bass = |lowest: &u8| *lowest < BASS_BELOW || sound.voices >= BASS_VOICES;
        let bass = sound.lowest.filter(is_bass).map(|lowest| usize::from(lowest % OCTAVE));
        let against = if bass.is_some() { -evidence * BASS } else { 0.0 };
        if let Some(bass) = bass {
            notes[bass] -= against;
            scores[NO_CHORD] -= against / 2.0;
        }
        // Twice, so that a chord's notes lie above its root without turning round.
        let notes: [f32; 24] = std::array::from_fn(|note| notes[note % 12]);
        for ((quality, outside), scores) in
            ChordQuality::ALL.into_iter().zip(self.outside).zip(scores.chunks_exact_mut(12))
        {
            let mut sums = [evidence * outside + against; 12];
            for step in quality.intervals() {
                let above = &notes[usize::from(*step)..][..12];
                sums.iter_mut().zip(above).for_each(|(sum, note)| *sum += note);
            }
            if let Some(bass) = bass {
                sums[bass] -= against;
            }
            scores.iter_mut().zip(sums).for_each(|(score, sum)| *score += sum);
        }
    }
}

/// How many notes a quality has.
fn notes_of(quality: ChordQuality) -> f32 {
    quality.intervals().len() as f32
}
