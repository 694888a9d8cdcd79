//! Any edits of any file: what is kept stands, and what was asked for is there.

use super::events::events;
use super::read;
use crate::formats::file;
use crate::properties::{fit, mutate, mutation, note, score};
use leitmotif_score::{
    Edits, Instrument, Note, Part, PartEdits, ReadOptions, Score, SpliceError, SpliceReport, Ticks, read_midi,
    splice_midi, write_midi,
};
use proptest::prelude::*;
use proptest::sample::Index;

/// Which notes go and which come, for any score.
#[derive(Debug, Clone)]
struct Wish {
    parts: Vec<(Index, Vec<Index>, Vec<Note>)>,
    new: Vec<(Instrument, Vec<Note>)>,
}

fn wish() -> impl Strategy<Value = Wish> {
    let notes = || prop::collection::vec(note(), 0..8);
    let removed = prop::collection::vec(any::<Index>(), 0..8);
    let part = (any::<Index>(), removed, notes());
    let instrument = prop_oneof![(0..4u8).prop_map(Instrument::Program), (0..2u8).prop_map(Instrument::Drums)];
    let new = prop::collection::vec((instrument, notes()), 0..3);
    (prop::collection::vec(part, 0..4), new).prop_map(|(parts, new)| Wish { parts, new })
}

impl Wish {
    fn of(&self, score: &Score) -> Edits {
        let mut edits = Edits::default();
        for (part, removed, added) in &self.parts {
            if score.parts.is_empty() {
                break;
            }
            let number = part.index(score.parts.len());
            let notes = &score.parts[number].notes;
            let mut removed: Vec<usize> = removed.iter().map(|it| it.index(notes.len())).collect();
            removed.sort_unstable();
            removed.dedup();
            let removed = removed.into_iter().map(|it| notes[it]).collect();
            edits.parts.insert(number, PartEdits { removed, added: within(score, added) });
        }
        let new = self.new.iter();
        edits.new_parts = new
            .map(|(instrument, notes)| Part {
                name: "new".into(),
                instrument: *instrument,
                notes: within(score, notes),
            })
            .collect();
        edits
    }
}

/// The notes, as late as a file may have them.
fn within(score: &Score, notes: &[Note]) -> Vec<Note> {
    let part = Part { name: String::new(), instrument: Instrument::Program(0), notes: notes.to_vec() };
    let mut moved = Score { parts: vec![part], meters: score.meters.clone(), ..Score::default() };
    moved.resolution = score.resolution;
    fit(&mut moved);
    moved.parts.remove(0).notes
}

/// All notes with their instruments, sorted.
fn all<'a>(parts: impl IntoIterator<Item = (Instrument, &'a [Note])>) -> Vec<(Instrument, Note)> {
    let mut all: Vec<(Instrument, Note)> =
        parts.into_iter().flat_map(|(instrument, notes)| notes.iter().map(move |note| (instrument, *note))).collect();
    all.sort_unstable();
    all
}

fn of_score(score: &Score) -> Vec<(Instrument, Note)> {
    all(score.parts.iter().map(|part| (part.instrument, part.notes.as_slice())))
}

/// Takes each of `part` out of `whole`, where it must be.
fn without(whole: &[(Instrument, Note)], part: &[(Instrument, Note)]) -> Vec<(Instrument, Note)> {
    let mut rest = whole.to_vec();
    for note in part {
        let found = rest.iter().position(|it| it == note).unwrap_or_else(|| panic!("{note:?} is missing"));
        rest.swap_remove(found);
    }
    rest
}

/// `part` is in `whole` in its order.
fn is_within(part: &[(u64, Vec<u8>)], whole: &[(u64, Vec<u8>)]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|event| whole.any(|it| it == event))
}

fn is_note(event: &[u8]) -> bool {
    matches!(event[0], 0x80..=0x9F)
}

/// Edits a file, read with its pedals and without; its chunks have the right lengths.
fn check(bytes: &[u8], wish: &Wish) -> Result<(), TestCaseError> {
    check_with(bytes, wish, &ReadOptions { apply_sustain: false })?;
    check_with(bytes, wish, &ReadOptions { apply_sustain: true })
}

fn check_with(bytes: &[u8], wish: &Wish, options: &ReadOptions) -> Result<(), TestCaseError> {
    let read = |bytes: &[u8]| read_midi(bytes, options).unwrap().0;
    let score = read(bytes);
    let edits = wish.of(&score);
    let (spliced, report) = match splice_midi(bytes, options, &edits) {
        Err(SpliceError::NoChannel { .. }) => return Ok(()),
        other => other.unwrap(),
    };
    let back = read(&spliced);
    prop_assert_eq!(back.note_count() + report.notes_removed, score.note_count() + report.notes_added);
    if report.notes_held > 0 {
        prop_assert!(options.apply_sustain);
        return check_events(bytes, &spliced, &report);
    }
    let time = |score: &Score| (score.tempos.clone(), score.meters.clone(), score.keys.clone(), score.markers.clone());
    prop_assert_eq!((time(&back), &back.texts), (time(&score), &score.texts));

    // Kept notes stand; the others are those asked for, if some are shorter or missing.
    let removed = all(edits.parts.iter().map(|(&part, edit)| (score.parts[part].instrument, &edit.removed[..])));
    let kept = without(&of_score(&score), &removed);
    let mut written = without(&of_score(&back), &kept);
    let added = edits.parts.iter().map(|(&part, edit)| (score.parts[part].instrument, &edit.added[..]));
    let mut asked = all(added.chain(edits.new_parts.iter().map(|part| (part.instrument, &part.notes[..]))));
    prop_assert_eq!(report.notes_removed, removed.len());
    prop_assert_eq!((report.notes_added, asked.len()), (written.len(), written.len() + report.notes_dropped));
    written.sort_by_key(|note| std::cmp::Reverse(note.1.duration));
    for (instrument, note) in &written {
        let wanted = asked.iter().enumerate().filter(|(_, (other, it))| {
            (other, it.onset, it.pitch, it.velocity) == (instrument, note.onset, note.pitch, note.velocity)
                && it.duration >= note.duration
        });
        let found = wanted.min_by_key(|it| it.1.1.duration).map(|it| it.0);
        prop_assert!(found.is_some(), "{note:?} was not asked for");
        asked.swap_remove(found.unwrap());
    }
    if report.notes_shortened + report.notes_dropped == 0 && score.title == back.title {
        let mut expected = score.clone();
        for (&number, edit) in &edits.parts {
            let notes = &mut expected.parts[number].notes;
            for note in &edit.removed {
                notes.remove(notes.iter().position(|it| it == note).unwrap());
            }
            notes.extend(&edit.added);
            notes.sort_unstable();
        }
        expected.parts.extend(edits.new_parts.iter().cloned());
        expected.parts.retain(|part| !part.notes.is_empty());
        expected.normalise();
        let mut back = back.clone();
        // Parts of one track and channel may have changed places.
        for score in [&mut back, &mut expected] {
            score.parts.sort_by(|a, b| (&a.name, a.instrument, &a.notes).cmp(&(&b.name, b.instrument, &b.notes)));
        }
        prop_assert_eq!(back, expected);
    }

    check_events(bytes, &spliced, &report)
}

/// All other events stand, and what is new among them selects sounds and ports.
fn check_events(bytes: &[u8], spliced: &[u8], report: &SpliceReport) -> Result<(), TestCaseError> {
    let (before, after) = (events(bytes), events(spliced));
    prop_assert_eq!(after.len(), before.len() + report.tracks_added);
    for (before, after) in before.iter().zip(&after) {
        let last = |track: &[(u64, Vec<u8>)]| track.last().map(|it| it.1.clone());
        prop_assert_eq!(last(before), last(after));
        let other = |track: &[(u64, Vec<u8>)]| -> Vec<(u64, Vec<u8>)> {
            track[..track.len() - 1].iter().filter(|(_, event)| !is_note(event)).cloned().collect()
        };
        let (before, after) = (other(before), other(after));
        prop_assert!(is_within(&before, &after), "{before:?} {after:?}");
        let mut selecting = after.clone();
        for event in &before {
            selecting.remove(selecting.iter().position(|it| it == event).unwrap());
        }
        let selects = |event: &[u8]| match event {
            [0xB0..=0xBF, controller, _] => matches!(controller, 0 | 32),
            [status, ..] => {
                matches!(status, 0xC0..=0xCF) || event.starts_with(&[0xFF, 0x21]) || event == [0xFF, 0x7F, 0]
            }
            [] => false,
        };
        prop_assert!(selecting.iter().all(|(_, event)| selects(event)), "{selecting:?}");
    }
    Ok(())
}

/// Events of few kinds that meet often, on few channels and pitches.
fn event() -> impl Strategy<Value = Vec<u8>> {
    let channel = || prop_oneof![0..3u8, Just(9u8)];
    prop_oneof![
        6 => (channel(), 60..63u8, 0..3u8).prop_map(|(channel, pitch, velocity)| vec![0x90 | channel, pitch, velocity]),
        4 => (channel(), 60..63u8).prop_map(|(channel, pitch)| vec![0x80 | channel, pitch, 3]),
        2 => (channel(), 0..3u8).prop_map(|(channel, program)| vec![0xC0 | channel, program]),
        2 => (channel(), prop::sample::select(vec![0u8, 7, 32, 64, 66, 120, 121, 123]), prop::sample::select(vec![0u8, 1, 120, 121, 127]))
            .prop_map(|(channel, controller, value)| vec![0xB0 | channel, controller, value]),
        1 => channel().prop_map(|channel| vec![0xE0 | channel, 1, 64]),
        1 => (0..3u8).prop_map(|port| vec![0xFF, 0x21, 1, port]),
        1 => prop::sample::select(vec![
            vec![0xFF, 0x05, 1, b'l'],
            vec![0xFF, 0x03, 1, b'n'],
            vec![0xFF, 0x51, 3, 7, 1, 2],
            vec![0xF0, 5, 0x7E, 0x7F, 0x09, 0x01, 0xF7],
            vec![0xF0, 10, 0x41, 0x10, 0x42, 0x12, 0x40, 0x00, 0x7F, 0x00, 0x41, 0xF7],
            vec![0xF0, 8, 0x43, 0x10, 0x4C, 0x08, 0x01, 0x07, 0x02, 0xF7],
        ]),
    ]
}

/// A track of events, each with the time before it and whether it may use running status.
fn track() -> impl Strategy<Value = Vec<u8>> {
    let delta = prop_oneof![3 => Just(0u8), 3 => 0..4u8, 1 => 0..100u8];
    prop::collection::vec((delta, event(), any::<bool>()), 0..40).prop_map(|events| {
        let (mut bytes, mut running) = (Vec::new(), 0);
        for (delta, event, runs) in events {
            bytes.push(delta);
            bytes.extend(&event[usize::from(runs && event[0] == running)..]);
            running = if event[0] < 0xF0 { event[0] } else { 0 };
        }
        bytes
    })
}

/// Notes as close as those of `track`.
fn near(wish: Wish) -> Wish {
    let near = |note: &Note| Note {
        onset: Ticks(note.onset.0 % 120),
        pitch: 58 + note.pitch % 8,
        duration: Ticks(1 + note.duration.0 % 20),
        ..*note
    };
    let parts =
        wish.parts.iter().map(|(part, removed, added)| (*part, removed.clone(), added.iter().map(near).collect()));
    let new = wish.new.iter().map(|(instrument, notes)| (*instrument, notes.iter().map(near).collect()));
    Wish { parts: parts.collect(), new: new.collect() }
}

/// Whatever the bytes are: no panic, and no change without edits.
fn check_any(bytes: &[u8], wish: &Wish) {
    for apply_sustain in [false, true] {
        let options = ReadOptions { apply_sustain };
        let Ok((score, _)) = read_midi(bytes, &options) else {
            assert!(splice_midi(bytes, &options, &Edits::default()).is_err());
            continue;
        };
        match splice_midi(bytes, &options, &Edits::default()) {
            Err(error) => assert!(matches!(error, SpliceError::Independent), "{error}"),
            Ok((copy, report)) => {
                assert_eq!(report, SpliceReport::default());
                assert_eq!(read_midi(&copy, &options).unwrap().0, score);
                assert_eq!(splice_midi(&copy, &options, &Edits::default()).unwrap().0, copy);
                if let Ok((spliced, report)) = splice_midi(bytes, &options, &wish.of(&score)) {
                    let count = score.note_count() - report.notes_removed + report.notes_added;
                    assert_eq!(read(&spliced).note_count(), count);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn written_scores_are_edited(score in score(1..6), wish in wish()) {
        check(&write_midi(&score).unwrap(), &wish)?;
    }

    #[test]
    fn bars_are_written_anew(score in score(1..6), from in 0..3000u64, length in 1..3000u64, up in 1..60u8) {
        let bytes = write_midi(&score).unwrap();
        let score = read(&bytes);
        let mut after = score.clone();
        for note in after.parts.iter_mut().step_by(2).flat_map(|part| &mut part.notes) {
            if (from..from + length).contains(&note.onset.0) {
                // Above everything that was there, and so without collisions.
                note.pitch = 127 - note.pitch.min(up);
                note.duration = Ticks(1);
            }
        }
        after.normalise();
        let edits = Edits::between(&score, &after).unwrap();
        let (spliced, report) = splice_midi(&bytes, &ReadOptions::default(), &edits).unwrap();
        if report.notes_dropped + report.notes_shortened == 0 {
            prop_assert_eq!(read(&spliced), after);
        }
    }

    #[test]
    fn files_of_all_kinds_of_events_are_edited(
        tracks in prop::collection::vec(track(), 1..4), format in 0..2u8, wish in wish().prop_map(near),
    ) {
        let tracks: Vec<&[u8]> = tracks.iter().map(Vec::as_slice).collect();
        check(&file(format, &tracks), &wish)?;
    }

    #[test]
    fn mutated_files_are_survived(
        score in score(0..4), mutations in prop::collection::vec(mutation(), 1..6), wish in wish(),
    ) {
        let mut bytes = write_midi(&score).unwrap();
        mutations.into_iter().for_each(|mutation| mutate(&mut bytes, mutation));
        check_any(&bytes, &wish);
    }

    #[test]
    fn mutated_tracks_are_survived(
        tracks in prop::collection::vec(track(), 1..4), format in 0..3u8,
        mutations in prop::collection::vec(mutation(), 0..6), wish in wish().prop_map(near),
    ) {
        let tracks: Vec<&[u8]> = tracks.iter().map(Vec::as_slice).collect();
        let mut bytes = file(format, &tracks);
        mutations.into_iter().for_each(|mutation| mutate(&mut bytes, mutation));
        check_any(&bytes, &wish);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn parts_that_share_channels_are_edited(score in score(14..40), wish in wish()) {
        check(&write_midi(&score).unwrap(), &wish)?;
    }
}
