//! Arbitrary scores: any clock, odd meters and changes within bars, tempo changes anywhere,
//! unisons, overlaps, several parts of one program.

use leitmotif_score::{Instrument, Meter, Note, Part, Resolution, Score, Tempo, Ticks};
use proptest::prelude::*;

/// Ticks on a coarse raster as well as anywhere, so that onsets coincide often.
fn ticks(quarters: u64, quarter: u64) -> impl Strategy<Value = Ticks> {
    prop_oneof![
        (0..quarters * 12).prop_map(move |step| Ticks(step * quarter / 12)),
        (0..quarters * quarter).prop_map(Ticks),
    ]
}

fn note(quarter: u64) -> impl Strategy<Value = Note> {
    let pitch = prop_oneof![Just(60u8), 58u8..63, 0u8..128];
    let duration = prop_oneof![ticks(2, quarter), ticks(40, quarter)];
    (ticks(40, quarter), pitch, duration, 1u8..128).prop_map(|(onset, pitch, duration, velocity)| Note {
        onset,
        pitch,
        duration: duration.max(Ticks(1)),
        velocity,
    })
}

fn part(quarter: u64) -> impl Strategy<Value = Part> {
    let instrument = prop_oneof![
        (0u8..128).prop_map(Instrument::Program),
        Just(Instrument::Program(30)),
        (0u8..128).prop_map(Instrument::Drums),
    ];
    (instrument, proptest::collection::vec(note(quarter), 0..40)).prop_map(|(instrument, mut notes)| {
        notes.sort_unstable();
        Part { name: String::new(), instrument, notes }
    })
}

/// A score of up to six parts and 40 quarters.
pub fn score() -> impl Strategy<Value = Score> {
    let resolution = prop_oneof![Just(480u16), Just(96), Just(1), 1u16..1000];
    resolution.prop_flat_map(|resolution| {
        let quarter = u64::from(resolution);
        let meter = (ticks(40, quarter), 1u8..20, 0u32..6).prop_map(|(at, numerator, power)| Meter {
            at,
            numerator,
            denominator: 1 << power,
        });
        let tempo = (ticks(40, quarter), 100_000u32..4_000_000)
            .prop_map(|(at, micros_per_quarter)| Tempo { at, micros_per_quarter });
        (
            proptest::collection::vec(part(quarter), 0..6),
            proptest::collection::vec(meter, 0..6),
            proptest::collection::vec(tempo, 0..12),
        )
            .prop_map(move |(parts, meters, tempos)| {
                let resolution = Resolution::new(resolution).unwrap_or_default();
                let mut score = Score { resolution, parts, meters, tempos, ..Score::default() };
                score.normalise();
                score
            })
    })
}
