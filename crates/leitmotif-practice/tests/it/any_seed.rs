//! What holds for any seed whatever.

use leitmotif_practice::{MAX_BARS, MAX_SECONDS, MIN_BARS, MIN_SECONDS, Style, artist, artists, compose, title};
use leitmotif_score::write_midi_with_report;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_seed_makes_a_whole_song(seed in any::<u64>(), style in 0usize..3) {
        let style = Style::ALL[style];
        let score = compose(style, seed);
        prop_assert!((MIN_BARS..=MAX_BARS).contains(&score.bars().count()));
        let end = score.parts.iter().flat_map(|part| &part.notes).map(|note| note.onset + note.duration).max();
        let seconds = score.seconds_at(end.unwrap()).0;
        prop_assert!(seconds >= MIN_SECONDS as f64 && seconds <= MAX_SECONDS as f64, "{seconds} s");
        prop_assert_eq!(score.title.clone(), Some(title(style, seed)));
        prop_assert!(artists(style).contains(&artist(style, seed)));
        // A writer finds nothing to repair.
        let (_, report) = write_midi_with_report(&score).unwrap();
        prop_assert!(!report.normalised && !report.clock_coarsened && report.empty_parts == 0, "{report:?}");
    }
}
