//! Whether a score survives encoding and decoding: each note is looked for in the decoded score, so
//! that the encoder's own account is not what is believed.
//!
//! Of notes that begin on one pitch of an instrument at one step the longest is looked for; the
//! others are doubled by it. Tolerances: onset within half a grid step, duration within the step of
//! the duration grid at that length, the same velocity bin, the same pitch and instrument (all drum
//! kits are one). Notes match one to one.

use super::durations::Durations;
use super::encode::{DOUBLED, step};
use super::fields::{instrument_value, velocity_value};
use crate::{EncodeReport, Header, Representation, RepresentationConfig, RepresentationError, Value};
use leitmotif_score::{Note, Resolution, Score};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Rounding error of quarters as floating-point numbers.
const EPSILON: f64 = 1e-6;

/// A note in units that do not depend on a clock.
struct Sounding {
    step: u64,
    /// The duration as the grid has it.
    length: Value,
    onset: f64,
    duration: f64,
    velocity: Value,
    matched: bool,
}

/// Encodes and decodes `score`, and counts which of its notes the result holds within the
/// tolerances; the others by what is missing about them.
///
/// # Errors
/// [`RepresentationError::Settings`] if the representation keeps no time (`notes`), and
/// whatever decoding returns.
pub fn check_round_trip(
    score: &Score,
    representation: &dyn Representation,
) -> Result<EncodeReport, RepresentationError> {
    let RepresentationConfig::Events { grid, .. } = &representation.vocabulary().settings else {
        return Err(RepresentationError::Settings(
            "only events keep time, and can be compared with a score".to_owned(),
        ));
    };
    let (sequence, encoded) = representation.encode(score, &Header::default());
    let durations = Durations::new(*grid);
    let mut decoded = by_pitch(&representation.decode(&sequence)?, *grid, &durations);
    let half_step = 0.5 / f64::from(*grid) + EPSILON;
    let mut report = EncodeReport { kept: 0, lost: BTreeMap::new(), ..encoded };
    for (key, notes) in by_pitch(score, *grid, &durations) {
        let candidates = decoded.entry(key).or_default();
        for (index, note) in notes.iter().enumerate() {
            if is_doubled(&notes, index) {
                *report.lost.entry(DOUBLED.to_owned()).or_default() += 1;
                continue;
            }
            let first = candidates.partition_point(|candidate| candidate.onset < note.onset - half_step);
            let near = candidates[first..].iter_mut().take_while(|candidate| candidate.onset <= note.onset + half_step);
            let tolerance = durations.tolerance(note.duration) + EPSILON;
            let (mut nearest, mut cause): (Option<&mut Sounding>, _) = (None, "no note at this onset");
            for candidate in near.filter(|candidate| !candidate.matched) {
                let distance = (candidate.duration - note.duration).abs();
                if candidate.velocity != note.velocity {
                    cause = "another velocity";
                } else if distance > tolerance {
                    cause = "another duration";
                } else if nearest.as_ref().is_none_or(|best| distance < (best.duration - note.duration).abs()) {
                    nearest = Some(candidate);
                }
            }
            match nearest {
                Some(found) => {
                    found.matched = true;
                    report.kept += 1;
                }
                None => *report.lost.entry(cause.to_owned()).or_default() += 1,
            }
        }
    }
    Ok(report)
}

/// Whether a note shares its step with a longer one, a louder one as long, or a later one that is
/// no different. The notes are of one pitch, by onset.
fn is_doubled(notes: &[Sounding], index: usize) -> bool {
    let own = &notes[index];
    let outlasts = |other: &Sounding, later: bool| match other.length.cmp(&own.length) {
        Ordering::Equal => other.velocity > own.velocity || other.velocity == own.velocity && later,
        order => order == Ordering::Greater,
    };
    let same_step = |other: &&Sounding| other.step == own.step;
    let before = notes[..index].iter().rev().take_while(same_step);
    let after = notes[index + 1..].iter().take_while(same_step);
    before.into_iter().any(|other| outlasts(other, false)) || after.into_iter().any(|other| outlasts(other, true))
}

/// The notes by instrument and pitch, by onset.
fn by_pitch(score: &Score, grid: u16, durations: &Durations) -> BTreeMap<(Value, u8), Vec<Sounding>> {
    let mut all: BTreeMap<(Value, u8), Vec<Sounding>> = BTreeMap::new();
    for part in &score.parts {
        for note in &part.notes {
            let key = (instrument_value(part.instrument), note.pitch);
            all.entry(key).or_default().push(sounding(note, score.resolution, grid, durations));
        }
    }
    for notes in all.values_mut() {
        notes.sort_by(|a, b| a.onset.total_cmp(&b.onset).then(a.duration.total_cmp(&b.duration)));
    }
    all
}

fn sounding(note: &Note, resolution: Resolution, grid: u16, durations: &Durations) -> Sounding {
    Sounding {
        length: durations.value(note.duration.0, resolution.ticks_per_quarter()).0,
        step: step(note.onset.0, u64::from(grid), resolution.ticks_per_quarter()),
        onset: resolution.quarters(note.onset).0,
        duration: resolution.quarters(note.duration).0,
        velocity: velocity_value(note.velocity),
        matched: false,
    }
}
