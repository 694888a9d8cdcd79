//! Whether a score survives encoding and decoding: each note is looked for in the decoded score, so that the
//! encoder's own account is not what is believed.
//!
//! Tolerances: onset within half a grid step, duration within the step of the duration grid at that length, the
//! same velocity bin, the same pitch and instrument (all drum kits are one). Notes match one to one.

use super::durations::Durations;
use super::fields::{instrument_value, velocity_value};
use crate::{EncodeReport, Header, Representation, RepresentationConfig, RepresentationError, Value};
use leitmotif_score::{Note, Resolution, Score};
use std::collections::BTreeMap;

/// Rounding error of quarters as floating-point numbers.
const EPSILON: f64 = 1e-6;

/// A note in units that do not depend on a clock.
struct Sounding {
    onset: f64,
    duration: f64,
    velocity: Value,
    matched: bool,
}

/// Encodes and decodes `score`, and counts which of its notes the result holds within the tolerances; the others by
/// what is missing about them.
///
/// # Errors
/// [`RepresentationError::Settings`] if the representation keeps no time (`notes`), and whatever decoding returns.
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
    let mut decoded = by_pitch(&representation.decode(&sequence)?);
    let durations = Durations::new(*grid);
    let half_step = 0.5 / f64::from(*grid) + EPSILON;
    let mut report = EncodeReport { kept: 0, lost: BTreeMap::new(), ..encoded };
    for (key, notes) in by_pitch(score) {
        let candidates = decoded.entry(key).or_default();
        for note in notes {
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

/// The notes by instrument and pitch, by onset.
fn by_pitch(score: &Score) -> BTreeMap<(Value, u8), Vec<Sounding>> {
    let mut all: BTreeMap<(Value, u8), Vec<Sounding>> = BTreeMap::new();
    for part in &score.parts {
        for note in &part.notes {
            let key = (instrument_value(part.instrument), note.pitch);
            all.entry(key).or_default().push(sounding(note, score.resolution));
        }
    }
    for notes in all.values_mut() {
        notes.sort_by(|a, b| a.onset.total_cmp(&b.onset).then(a.duration.total_cmp(&b.duration)));
    }
    all
}

fn sounding(note: &Note, resolution: Resolution) -> Sounding {
    Sounding {
        onset: resolution.quarters(note.onset).0,
        duration: resolution.quarters(note.duration).0,
        velocity: velocity_value(note.velocity),
        matched: false,
    }
}
