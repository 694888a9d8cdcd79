//! Every figure of small pieces, by hand.

use super::*;
use crate::bars::tests::{note, part, piano, score};
use crate::{MAX_BARS, bars};
use leitmotif_score::{Instrument, Note, Part, Resolution, Ticks};
use proptest::prelude::*;

const PIANO: Instrument = Instrument::Program(0);
const BASS: Instrument = Instrument::Program(32);

/// Four bars of a trio: a tick is a sixteenth, a bar has 16. The piano rests in bar 2, the drums
/// stop after bar 1, the bass has a single note.
fn trio() -> Score {
    let chord = [note(0, 60, 4), note(0, 64, 4), note(16, 60, 4), note(16, 64, 4)];
    let close = [note(48, 66, 4), note(48, 67, 4), Note { velocity: 90, ..note(52, 65, 4) }];
    score([
        part(PIANO, &[&chord[..], &close].concat()),
        part(BASS, &[note(0, 36, 16)]),
        part(Instrument::Drums(0), &[note(0, 36, 1), note(8, 38, 1), note(16, 36, 1), note(24, 38, 1)]),
        part(Instrument::Drums(8), &[note(16, 36, 1)]),
    ])
}

/// The same bar of two piano notes again and again.
fn ostinato(bars: u64) -> Vec<Note> {
    (0..bars).flat_map(|bar| [note(16 * bar, 60, 4), note(16 * bar + 8, 62, 4)]).collect()
}

#[test]
fn every_figure_of_a_trio() {
    let close = |a: Option<f64>, b: f64| assert!(a.is_some_and(|a| (a - b).abs() < 1e-12), "{a:?} {b}");
    let it = Texture::of(&trio());
    // 13 notes of 3 parts in 4 bars.
    assert_eq!((it.notes_per_bar, it.parts, it.parts_of_few_notes), (Some(3.25), Some(3.0), Some(1.0)));
    // The piano plays in 3 bars, the bass in 1, the drums in 2; nobody in bar 2.
    assert_eq!((it.parts_in_a_bar, it.empty_bars, it.silent_bars), (Some(1.5), Some(0.5), Some(0.25)));
    close(it.notes_per_part_bar, (7.0 / 3.0 + 1.0 + 5.0 / 2.0) / 3.0);
    // The drums; the bass stops as well, but has too few notes.
    assert_eq!(it.parts_gone, Some(1.0));
    assert_eq!((it.part_range, it.widest_part_range, it.largest_chord), (Some(3.5), Some(7.0), Some(2.0)));
    // Both kits strike the same drum.
    close(it.doubled_notes, 1.0 / 13.0);
    assert_eq!((it.drum_keys, it.has_drums), (Some(2.0), Some(1.0)));
    // All but F are in G major.
    assert_eq!(it.scale_consistency, Some(7.0 / 8.0));
    // Bar 0: C C E, three pairs; bar 1: C E; bar 3: F# G, the only dissonance.
    assert_eq!(it.consonant_pairs, Some(4.0 / 5.0));
    // E E G F.
    assert_eq!((it.top_repeats, it.top_steps), (Some(1.0 / 3.0), Some(1.0 / 3.0)));
    // Bar 1 has 4 of the 5 notes of bar 0; bars 2 and 3 share nothing with the one before.
    close(it.likeness_1, 0.8 / 3.0);
    assert_eq!((it.likeness_4, it.likeness_8), (None, None));
    assert_eq!((it.equal_bars_1, it.equal_bars_4, it.equal_bars_8), (Some(0.0), None, None));
    // Of six cells the piano's second is as its first; the drums' second has a note more.
    close(it.repeated_cells, 1.0 / 6.0);
    // Twelve of 64 and one of 90: the mean is 66.
    assert_eq!(it.off_sixteenths, Some(0.0));
    close(it.velocity_deviation, 48f64.sqrt());
}

#[test]
fn an_ostinato_repeats_itself() {
    let it = Texture::of(&piano(&ostinato(9)));
    assert_eq!([it.likeness_1, it.likeness_4, it.likeness_8], [Some(1.0); 3]);
    assert_eq!([it.equal_bars_1, it.equal_bars_4, it.equal_bars_8], [Some(1.0); 3]);
    assert_eq!((it.repeated_cells, it.top_repeats, it.top_steps), (Some(8.0 / 9.0), Some(0.0), Some(1.0)));
    assert_eq!((it.has_drums, it.drum_keys, it.consonant_pairs), (Some(0.0), Some(0.0), None));
}

#[test]
fn bars_count_from_the_first_note_to_the_last_onset() {
    let early = Texture::of(&piano(&ostinato(3)));
    let late: Vec<Note> = ostinato(3).into_iter().map(|it| Note { onset: it.onset + Ticks(32), ..it }).collect();
    assert_eq!(Texture::of(&piano(&late)), early);
    let mut held = ostinato(3);
    held[5].duration = Ticks(80);
    let held = Texture::of(&piano(&held));
    assert_eq!((held.notes_per_bar, held.silent_bars), (early.notes_per_bar, Some(0.0)));
}

#[test]
fn a_cell_is_repeated_in_duration_and_velocity_as_well() {
    let repeated = |change: fn(&mut Note)| {
        let mut notes = ostinato(2);
        change(&mut notes[2]);
        Texture::of(&piano(&notes)).repeated_cells
    };
    assert_eq!(repeated(|_| ()), Some(0.5));
    assert_eq!(repeated(|note| note.velocity = 67), Some(0.5));
    assert_eq!(repeated(|note| note.velocity = 68), Some(0.0));
    assert_eq!(repeated(|note| note.duration = Ticks(5)), Some(0.0));
    // Another part may have played it before.
    let other = score([part(BASS, &ostinato(1)), part(PIANO, &ostinato(2)[2..])]);
    assert_eq!(Texture::of(&other).repeated_cells, Some(0.0));
}

#[test]
fn parts_are_grouped_by_instrument() {
    let whole = score([part(PIANO, &ostinato(4))]);
    let halves = score([part(PIANO, &ostinato(4)[..3]), part(PIANO, &ostinato(4)[3..])]);
    assert_eq!(Texture::of(&halves), Texture::of(&whole));
}

#[test]
fn triplets_are_off_the_sixteenths_and_near_onsets_are_one() {
    let mut piece = piano(&[note(0, 60, 40), note(40, 60, 40), note(80, 60, 40), note(121, 60, 40)]);
    piece.resolution = Resolution::new(120).unwrap_or_default();
    assert_eq!(Texture::of(&piece).off_sixteenths, Some(0.5));
    // Two ticks of 120 are less than half a step.
    let mut chord = piano(&[note(0, 60, 40), note(2, 64, 40)]);
    chord.resolution = piece.resolution;
    assert_eq!(Texture::of(&chord).largest_chord, Some(2.0));
}

#[test]
fn silence_has_no_texture_and_eternity_does_no_harm() {
    assert!(Texture::of(&Score::default()).figures().iter().all(|(_, value)| value.is_none()));
    let eternal = piano(&[note(0, 60, 4), note(16 * MAX_BARS as u64, 61, 4), note(u64::MAX, 62, u64::MAX)]);
    assert_eq!(bars(&eternal).len(), MAX_BARS);
    let it = Texture::of(&eternal);
    assert_eq!((it.notes_per_bar, it.parts_of_few_notes), (Some(1.0), Some(1.0)));
}

#[test]
fn names_are_different() {
    let mut names = Texture::default().figures().map(|(name, _)| name).to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FIGURES);
}

proptest! {
    #[test]
    fn any_score_has_finite_figures(
        notes in prop::collection::vec((any::<u64>(), any::<u8>(), any::<u64>(), any::<u8>(), 0u8..3), 0..24),
        shift in 0u32..64,
    ) {
        let mut parts: Vec<Part> = [PIANO, BASS, Instrument::Drums(3)].map(|it| part(it, &[])).to_vec();
        for (onset, pitch, duration, velocity, who) in notes {
            let (onset, duration) = (Ticks(onset >> shift), Ticks(duration >> shift));
            parts[usize::from(who)].notes.push(Note { onset, pitch, duration, velocity });
        }
        for (name, value) in Texture::of(&score(parts)).figures() {
            prop_assert!(value.is_none_or(|value| value.is_finite() && value >= 0.0), "{} {:?}", name, value);
            if name.contains("(share)") || name.starts_with("likeness") {
                prop_assert!(value.is_none_or(|value| value <= 1.0), "{} {:?}", name, value);
            }
        }
    }
}
