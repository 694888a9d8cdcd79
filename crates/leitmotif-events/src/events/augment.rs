//! Changes that keep a sequence grammatical: order and voices depend on differences alone, so a
//! shift of all pitches or all tempos changes neither; velocities are clamped, which keeps their
//! order.

use super::fields::*;
use super::tempos::bins_in;
use crate::{Augmentation, Sequence, Value};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// The values of pitches that are not drum sounds.
const PITCHES: std::ops::Range<Value> = 1..DRUM_SOUNDS;

pub(crate) fn augment(sequence: &Sequence, augmentation: &Augmentation) -> Sequence {
    let mut sequence = sequence.clone();
    let is_tempo = |event: &[Value]| (TEMPOS..BARS).contains(&event[KIND]);
    shift(&mut sequence, PITCH, pitched, i32::from(augmentation.semitones), PITCHES);
    shift(&mut sequence, KIND, is_tempo, bins_in(augmentation.tempo_octaves), TEMPOS..BARS);
    let bins = (f32::from(augmentation.velocity) / f32::from(VELOCITY_BIN)).round() as i32;
    for event in sequence.events_mut().filter(|event| event[KIND] == NOTE) {
        event[VELOCITY] = (i32::from(event[VELOCITY]) + bins).clamp(1, i32::from(VELOCITIES)) as Value;
    }
    sequence
}

fn pitched(event: &[Value]) -> bool {
    event[KIND] == NOTE && event[INSTRUMENT] != DRUMS
}

/// One event so many semitones higher, drums excepted; `None` where it would leave the range of
/// pitches.
pub(crate) fn transposed(event: &[Value], semitones: i8) -> Option<Vec<Value>> {
    let mut moved = event.to_vec();
    if pitched(event) {
        moved[PITCH] = moved_within(event[PITCH], i32::from(semitones), &PITCHES)?;
    }
    Some(moved)
}

fn moved_within(value: Value, by: i32, range: &std::ops::Range<Value>) -> Option<Value> {
    Value::try_from(i32::from(value) + by).ok().filter(|value| range.contains(value))
}

/// Adds `by` to one field of the chosen events, if all of them stay in `range`.
fn shift(
    sequence: &mut Sequence,
    field: usize,
    chosen: impl Fn(&[Value]) -> bool,
    by: i32,
    range: std::ops::Range<Value>,
) {
    let shifted = |value: Value| moved_within(value, by, &range);
    if by == 0 || sequence.events().any(|event| chosen(event) && shifted(event[field]).is_none()) {
        return;
    }
    for event in sequence.events_mut().filter(|event| chosen(event)) {
        event[field] = shifted(event[field]).unwrap_or(event[field]);
    }
}

/// Leaves out the genre and all the instruments with probability `drop`.
pub(crate) fn drop_header(fields: &Fields, sequence: &Sequence, drop: f64, rng: &mut ChaCha8Rng) -> Sequence {
    let drop = if drop.is_nan() { 0.0 } else { drop.clamp(0.0, 1.0) };
    if !rng.random_bool(drop) {
        return sequence.clone();
    }
    let mut kept = Sequence::new(FIELDS);
    let is_header = |event: &[Value]| event[KIND] >= fields.first_genre() || event[KIND] == WITH;
    sequence.events().filter(|event| !is_header(event)).for_each(|event| kept.push(event));
    kept
}
