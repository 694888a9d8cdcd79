//! Pieces of `cells` drawn at random: walks along the grammar, scores of all kinds, tasks.

use super::{accepts, cell_events, encoded, representation, round_trips};
use crate::arbitrary;
use leitmotif_events::cells::CellWindow;
use leitmotif_events::{Augmentation, Grammar, Header, Representation, Sequence, Tasks, Value};
use leitmotif_score::{Note, Score, Ticks};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

/// The values that may follow in a field.
fn choices(grammar: &dyn Grammar, event: &[Value], size: usize) -> Vec<Value> {
    let mut allowed = vec![false; size];
    grammar.allowed(event, event.len(), &mut allowed);
    (0..size).filter(|value| allowed[*value]).map(|value| value as Value).collect()
}

/// A random walk, to the end after so many bars or events.
fn walk(representation: &dyn Representation, bars: usize, rng: &mut ChaCha8Rng) -> Sequence {
    let sizes = representation.vocabulary().sizes();
    let kinds = &representation.vocabulary().fields[0].values;
    let number = |name: &str| kinds.iter().position(|kind| kind == name).unwrap() as Value;
    let [end, close, note, window, with] = ["end", "close", "note", "window", "with"].map(number);
    // The many meters, tempos and chords do not crowd out the others.
    let group = |kind: &Value| kinds[usize::from(*kind)].split(' ').next();
    let mut grammar = representation.grammar();
    let mut sequence = Sequence::new(sizes.len());
    while !grammar.is_finished() {
        let late = grammar.bars() >= bars || sequence.len() > 600;
        assert!(sequence.len() < 20_000, "the end is not reached");
        let mut event = Vec::new();
        for (field, size) in sizes.iter().enumerate() {
            let choices = choices(&*grammar, &event, *size);
            assert!(!choices.is_empty(), "no value for field {field} after {event:?}");
            let others: Vec<Value> = choices.iter().copied().filter(|it| *it != end && *it != window).collect();
            let drawn = match field {
                0 if late && choices.contains(&end) => end,
                0 if late && choices.contains(&close) => close,
                0 if choices.contains(&window) && !late && rng.random_bool(0.3) => window,
                0 if choices.contains(&with) && rng.random_bool(0.7) => with,
                0 if choices.contains(&note) && rng.random_bool(0.3) => note,
                0 if !others.is_empty() => {
                    let mut groups: Vec<_> = others.iter().map(group).collect();
                    groups.dedup();
                    let chosen = groups[rng.random_range(0..groups.len())];
                    let of_group: Vec<Value> = others.into_iter().filter(|kind| group(kind) == chosen).collect();
                    of_group[rng.random_range(0..of_group.len())]
                }
                _ => choices[rng.random_range(0..choices.len())],
            };
            event.push(drawn);
        }
        let (stands, mut fork) = (grammar.stands_for(&event), grammar.fork());
        grammar.accept(&event).unwrap();
        fork.accept(&event).unwrap();
        assert_eq!((fork.notes(), fork.bars(), fork.played()), (grammar.notes(), grammar.bars(), grammar.played()));
        if event[0] != note {
            assert_eq!(stands, grammar.played());
        }
        sequence.push(&event);
        // Whatever it is that may not come: the grammar stays where it was.
        let wrong: Vec<Value> = sizes.iter().map(|size| rng.random_range(0..*size) as Value).collect();
        let before = (grammar.notes(), grammar.bars(), grammar.seconds());
        if grammar.fork().accept(&wrong).is_err() && grammar.accept(&wrong).is_err() {
            assert_eq!(before, (grammar.notes(), grammar.bars(), grammar.seconds()));
        }
    }
    sequence
}

#[test]
fn random_walks_never_end_dead_and_are_pieces() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let (mut all, mut kinds) = (0, BTreeSet::new());
    for (grid, references) in [(12, true), (1, true), (7, false), (4, true)] {
        let representation = representation(grid, references);
        let cells = representation.cells().unwrap();
        for _ in 0..16 {
            let sequence = walk(&*representation, 12, &mut rng);
            let song = cells.song(&sequence).unwrap();
            let notes: usize = (0..song.bars.len()).map(|bar| song.notes_of_bar(bar).len()).sum();
            let mut grammar = representation.grammar();
            sequence.events().for_each(|event| grammar.accept(event).unwrap());
            all += notes;
            let names = &representation.vocabulary().fields[0].values;
            kinds.extend(sequence.events().map(|event| names[usize::from(event[0])].clone()));
            assert_eq!((grammar.notes(), grammar.bars()), (notes, song.bars.len()));
            assert!(song.bars.iter().all(|bar| bar.cells.iter().all(Option::is_some)));
            assert_eq!(representation.decode(&sequence).unwrap().note_count(), notes);
            let music = representation.bar_music(&sequence).unwrap();
            assert_eq!(music.iter().map(|bar| bar.notes.len()).sum::<usize>(), notes);
            let plain = cells.encode_song(&song, &[]).unwrap();
            accepts(&*representation, &plain);
            assert_eq!(cells.song(&plain).unwrap(), song);
        }
    }
    assert!(all > 2000, "{all} notes");
    for kind in ["repeat", "transposed", "rhythm", "rest", "hole", "write", "window", "close", "no chord"] {
        assert!(kinds.contains(kind), "{kind} was drawn");
    }
}

/// Repeats of some bars, some of them transposed, and a second part of the first one's program.
fn with_repeats(mut score: Score, interval: u8) -> Score {
    let length = 8 * score.resolution.ticks_per_quarter();
    for part in &mut score.parts {
        let moved = |note: &Note| Note {
            onset: note.onset + Ticks(length),
            pitch: if part.instrument.is_drums() { note.pitch } else { (note.pitch + interval).min(127) },
            ..*note
        };
        let more: Vec<Note> = part.notes.iter().map(moved).collect();
        part.notes.extend(more);
    }
    if let Some(first) = score.parts.first().cloned() {
        score.parts.push(first);
    }
    score.normalise();
    score
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn scores_come_back_with_their_parts(score in arbitrary::score(), interval in 0u8..13, grid in prop_oneof![Just(12u16), 1u16..=48], references: bool) {
        let score = with_repeats(score, interval);
        let representation = representation(grid, references);
        let sequence = round_trips(&*representation, &score);
        let cells = representation.cells().unwrap();
        // What events say gives their values again.
        let mut encoder = cells.encoder();
        cell_events(cells, &sequence).into_iter().for_each(|event| encoder.push(event).unwrap());
        prop_assert_eq!(encoder.sequence(), &sequence);
        let read = cells.read(&score, &Header::default());
        for (part, id) in score.parts.iter().zip(&read.part_of) {
            let number = read.song.part(*id).unwrap();
            let onsets = |notes: &mut dyn Iterator<Item = u8>| notes.collect::<BTreeSet<u8>>();
            let kept = onsets(&mut (0..read.song.bars.len()).flat_map(|bar| {
                read.song.cell(bar, number).into_iter().flat_map(|cell| cell.iter().map(|note| note.pitch))
            }));
            prop_assert_eq!(kept, onsets(&mut part.notes.iter().map(|note| note.pitch)));
        }
    }

    #[test]
    fn tasks_are_of_the_song_itself(score in arbitrary::score(), interval in 0u8..13, seed: u64) {
        let representation = representation(12, true);
        let cells = representation.cells().unwrap();
        let sequence = encoded(&*representation, &with_repeats(score, interval));
        let song = cells.song(&sequence).unwrap();
        let rng = || ChaCha8Rng::seed_from_u64(seed);
        for (holes, chords) in [(1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0), (f64::NAN, 2.0)] {
            let tasks = Tasks { holes, chords };
            let drawn = representation.draw_tasks(&sequence, &tasks, &mut rng());
            prop_assert_eq!(&drawn, &representation.draw_tasks(&sequence, &tasks, &mut rng()));
            accepts(&*representation, &drawn);
            let mut same = cells.song(&drawn).unwrap();
            prop_assert!(chords == 0.0 || same.bars.iter().all(|bar| bar.frame.chords.first().is_some_and(|it| it.0 == 0)));
            (0..same.bars.len()).for_each(|bar| same.set_chords(bar, Vec::new()));
            prop_assert_eq!(same, song.clone());
        }
        for share in [0.0, 0.5, 1.0] {
            let (mut rng, mut windows, mut bar) = (rng(), Vec::new(), 0);
            while bar < song.bars.len() {
                let bars = rng.random_range(1..=32).min(song.bars.len() - bar);
                let given = (0..bars * song.parts.len()).map(|_| rng.random_bool(share)).collect();
                windows.push((bar, CellWindow { bars, given }));
                bar += bars;
            }
            let drawn = cells.encode_song(&song, &windows).unwrap();
            accepts(&*representation, &drawn);
            prop_assert_eq!(cells.song(&drawn).unwrap(), song.clone());
            let written = windows.iter().any(|(_, window)| window.given.contains(&false));
            prop_assert_eq!(representation.determined(&drawn).contains(&true), written);
        }
    }

    #[test]
    fn augmented_sequences_are_grammatical(score in arbitrary::score(), semitones in -30i8..30, tempo_octaves in -1.0f32..1.0, velocity in -128i8..=127, seed: u64) {
        let representation = representation(12, true);
        let cells = representation.cells().unwrap();
        let sequence = encoded(&*representation, &score);
        let augmentation = Augmentation { semitones, tempo_octaves, velocity };
        let augmented = representation.augment(&sequence, &augmentation);
        accepts(&*representation, &augmented);
        let (before, after) = (cells.song(&sequence).unwrap(), cells.song(&augmented).unwrap());
        let moves: BTreeSet<i16> = before.parts.iter().enumerate().filter(|(_, part)| !part.instrument.is_drums()).flat_map(|(part, _)| {
            let notes = |song: &leitmotif_events::cells::CellSong| (0..song.bars.len()).flat_map(|bar| song.cell(bar, part).unwrap().to_vec()).collect::<Vec<_>>();
            notes(&before).iter().zip(notes(&after)).map(|(a, b)| i16::from(b.pitch) - i16::from(a.pitch)).collect::<Vec<_>>()
        }).collect();
        prop_assert!(moves.is_empty() || moves == BTreeSet::from([0]) || moves == BTreeSet::from([i16::from(semitones)]), "{moves:?}");
        prop_assert_eq!(representation.augment(&sequence, &Augmentation::default()), sequence.clone());
        let headed = representation.encode(&score, &Header { genre: Some("rock".to_owned()), instruments: Vec::new() }).0;
        let dropped = representation.drop_header(&headed, 1.0, &mut ChaCha8Rng::seed_from_u64(seed));
        prop_assert_eq!(dropped, sequence.clone());
        prop_assert_eq!(representation.drop_header(&headed, 0.0, &mut ChaCha8Rng::seed_from_u64(seed)), headed);
    }
}
