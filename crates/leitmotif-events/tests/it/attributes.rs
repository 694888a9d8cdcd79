//! Attributes of random music.

use crate::arbitrary;
use leitmotif_events::{Attribute, Header, RepresentationConfig, attribute_values, build};
use proptest::prelude::*;

const NAMES: [&str; 10] = [
    "rhythm",
    "polyphony",
    "density",
    "velocity",
    "register",
    "rhythm:drums",
    "polyphony:piano",
    "density:guitar",
    "velocity:drums",
    "register:guitar",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn values_are_within_their_ranges(score in arbitrary::score(), grid in prop_oneof![Just(12_u16), Just(24), Just(4)]) {
        let events = build(&RepresentationConfig::Events { grid, genres: Vec::new() }).unwrap();
        let (sequence, _) = events.encode(&score, &Header::default());
        let attributes: Vec<Attribute> = NAMES.iter().map(|name| name.parse().unwrap()).collect();
        let values = attribute_values(&attributes, &*events, &sequence).unwrap();
        let (bars, music) = (events.bars(&sequence).unwrap(), events.bar_music(&sequence).unwrap());
        prop_assert_eq!((values.len(), music.len()), (bars.len(), bars.len()));

        // Bars follow one another, and hold every note.
        prop_assert!(bars.windows(2).all(|pair| pair[0].end == pair[1].start));
        let notes = sequence.events().filter(|event| events.is_note(event)).count();
        prop_assert_eq!(music.iter().map(|bar| bar.notes.len()).sum::<usize>(), notes);
        for (range, bar) in bars.iter().zip(&music) {
            let inside = sequence.events().skip(range.start).take(range.len());
            prop_assert_eq!(inside.filter(|event| events.is_note(event)).count(), bar.notes.len());
        }

        for (bar, values) in music.iter().zip(&values) {
            let begin = !bar.notes.is_empty();
            let pitched = bar.notes.iter().any(|note| !note.instrument.is_drums());
            let is = |name: &str| values[NAMES.iter().position(|known| *known == name).unwrap()];
            let within = |name: &str, low: f32, high: f32| is(name).is_none_or(|value| (low..=high).contains(&value));
            for name in ["rhythm", "rhythm:drums"] {
                prop_assert!(within(name, 0.0, 1.0), "{} {:?}", name, is(name));
            }
            for name in ["velocity", "velocity:drums"] {
                prop_assert!(within(name, 1.0, 127.0), "{} {:?}", name, is(name));
            }
            for name in ["register", "register:guitar"] {
                prop_assert!(within(name, 0.0, 127.0), "{} {:?}", name, is(name));
            }
            for (name, whole) in [("rhythm:drums", "rhythm"), ("polyphony:piano", "polyphony"), ("density:guitar", "density")] {
                let most = is(whole).unwrap_or(0.0);
                prop_assert!(within(whole, 0.0, notes as f32 * 4.0) && within(name, 0.0, most + 1e-6), "{} {:?}", name, is(name));
            }
            prop_assert_eq!(is("velocity").is_some(), begin);
            prop_assert_eq!(is("register").is_some(), pitched);
            prop_assert_eq!(is("rhythm").is_some(), notes > 0);
            if let Some(density) = is("density") {
                let found = density * bar.steps as f32 / bar.grid as f32;
                prop_assert!((found - bar.notes.len() as f32).abs() < 1e-2, "{} notes, not {}", bar.notes.len(), found);
            }
        }
    }
}
