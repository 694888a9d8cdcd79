//! Any bytes, and any score.

use crate::common::assert_same_music;
use leitmotif_score::midi::limits::{MAX_NOTES, MAX_PARTS, MAX_TICKS};
use leitmotif_score::{
    Instrument, KeySignature, Marker, Meter, Note, Part, ReadOptions, Resolution, Score, Tempo, Ticks, read_midi,
    write_midi_with_report,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn ticks(end: u64) -> impl Strategy<Value = Ticks> {
    // Close together often, so that things meet; far apart sometimes, so that times need every
    // length of number.
    prop_oneof![4 => 0..20u64, 3 => 0..2000u64, 1 => 0..end].prop_map(Ticks)
}

pub fn note() -> impl Strategy<Value = Note> {
    let pitch = prop_oneof![58..62u8, 0..128u8];
    (ticks(1 << 29), pitch, ticks(1 << 29), 1..128u8).prop_map(|(onset, pitch, duration, velocity)| Note {
        onset,
        pitch,
        duration: duration.max(Ticks(1)),
        velocity,
    })
}

fn part() -> impl Strategy<Value = Part> {
    let instrument = prop_oneof![
        3 => (0..4u8).prop_map(Instrument::Program),
        2 => (0..128u8).prop_map(Instrument::Program),
        1 => (0..40u8).prop_map(Instrument::Drums),
    ];
    ("\\PC{0,12}", instrument, prop::collection::vec(note(), 1..12)).prop_map(|(name, instrument, notes)| Part {
        name,
        instrument,
        notes,
    })
}

prop_compose! {
    pub fn score(parts: std::ops::Range<usize>)(
        resolution in 1..0x8000u16,
        title in prop::option::of("\\PC{1,20}"),
        parts in prop::collection::vec(part(), parts),
        tempos in prop::collection::vec((ticks(1 << 30), 1..=Tempo::MAX_MICROS), 0..5),
        meters in prop::collection::vec((ticks(1 << 30), 1..=255u8, 0..8u32), 0..5),
        keys in prop::collection::vec((ticks(1 << 30), -7..=7i8, any::<bool>()), 0..5),
        markers in prop::collection::vec((ticks(1 << 30), "\\PC{1,9}"), 0..4),
        texts in prop::collection::vec("\\PC{1,30}", 0..4),
    ) -> Score {
        let mut score = Score {
            resolution: Resolution::new(resolution).unwrap(),
            title,
            parts,
            tempos: tempos.into_iter().map(|(at, micros_per_quarter)| Tempo { at, micros_per_quarter }).collect(),
            meters: meters
                .into_iter()
                .map(|(at, numerator, power)| Meter { at, numerator, denominator: 1 << power })
                .collect(),
            keys: keys.into_iter().map(|(at, sharps, minor)| KeySignature { at, sharps, minor }).collect(),
            markers: markers.into_iter().map(|(at, text)| Marker { at, text }).collect(),
            texts,
        };
        score.normalise();
        fit(&mut score);
        score
    }
}

/// Moves what is later than files allow to where it fits.
pub fn fit(score: &mut Score) {
    let limit = score.longest_end().0;
    for note in score.parts.iter_mut().flat_map(|part| &mut part.notes) {
        note.onset.0 %= limit;
        note.duration.0 = note.duration.0.min(limit - note.onset.0);
    }
    score.tempos.retain(|tempo| tempo.at.0 < limit);
    score.meters.retain(|meter| meter.at.0 < limit);
    score.keys.retain(|key| key.at.0 < limit);
    score.markers.retain(|marker| marker.at.0 < limit);
    score.normalise();
}

/// The score as a file can express it: of each part and pitch one note at a time.
fn apart(score: &Score) -> Score {
    let mut apart = score.clone();
    for part in &mut apart.parts {
        let mut pitches: BTreeMap<u8, BTreeMap<Ticks, (Ticks, u8)>> = BTreeMap::new();
        for note in &part.notes {
            let merged = pitches.entry(note.pitch).or_default().entry(note.onset).or_default();
            *merged = (merged.0.max(note.duration), merged.1.max(note.velocity));
        }
        part.notes.clear();
        for (pitch, notes) in pitches {
            for (&onset, &(duration, velocity)) in &notes {
                let next = notes.range(onset + Ticks(1)..).next().map_or(Ticks(u64::MAX), |next| *next.0);
                part.notes.push(Note { onset, pitch, duration: duration.min(next - onset), velocity });
            }
        }
    }
    apart.normalise();
    apart
}

/// Note-ons and note-offs of every port and channel take turns at every pitch, and every note is
/// struck under the program of its part: read with another library, all tracks merged.
fn check_channels(bytes: &[u8], score: &Score) {
    use midly::{MetaMessage, MidiMessage, Smf, TrackEventKind};
    let smf = Smf::parse(bytes).unwrap();
    assert_eq!(smf.tracks.len(), score.parts.len() + 1);
    let mut merged = Vec::new();
    for (number, track) in smf.tracks.iter().enumerate() {
        let (mut now, mut port) = (0u64, 0);
        for event in track {
            now += u64::from(event.delta.as_int());
            match event.kind {
                TrackEventKind::Meta(MetaMessage::MidiPort(number)) => port = number.as_int(),
                TrackEventKind::Midi { channel, message } => {
                    let rank = match message {
                        MidiMessage::NoteOff { .. } => 0,
                        MidiMessage::ProgramChange { .. } => 1,
                        _ => 2,
                    };
                    merged.push((now, rank, number, port, channel.as_int(), message));
                }
                _ => {}
            }
        }
    }
    merged.sort_by_key(|event| (event.0, event.1));
    let mut programs = BTreeMap::new();
    let mut sounding: BTreeMap<(u8, u8), BTreeMap<u8, usize>> = BTreeMap::new();
    for (_, _, track, port, channel, message) in merged {
        let sounding = sounding.entry((port, channel)).or_default();
        match message {
            MidiMessage::ProgramChange { program } => {
                let before = programs.insert((port, channel), program.as_int());
                assert!(before == Some(program.as_int()) || sounding.is_empty(), "a program changed under a note");
            }
            MidiMessage::NoteOn { key, .. } => {
                let instrument = score.parts[track - 1].instrument;
                assert_eq!(programs.get(&(port, channel)), Some(&instrument.program()));
                assert_eq!(channel == 9, instrument.is_drums());
                assert_eq!(sounding.insert(key.as_int(), track), None, "a pitch struck twice");
            }
            MidiMessage::NoteOff { key, .. } => assert_eq!(sounding.remove(&key.as_int()), Some(track)),
            _ => {}
        }
    }
    assert!(sounding.values().all(BTreeMap::is_empty), "a note hangs");
}

fn check_round_trip(score: &Score) {
    let (bytes, changes) = write_midi_with_report(score).unwrap();
    let (back, report) = read_midi(&bytes, &ReadOptions::default()).unwrap();
    assert!(report.findings.is_empty() || score.note_count() == 0, "{:?}", report.findings);
    let expected = apart(score);
    assert_eq!(score.note_count() - changes.notes_merged, expected.note_count());
    assert_same_music(&back, &expected, "");
    check_channels(&bytes, &expected);
}

/// What a reader may give for bytes of unknown origin.
fn check_limits(bytes: &[u8]) {
    for apply_sustain in [false, true] {
        let Ok((score, report)) = read_midi(bytes, &ReadOptions { apply_sustain }) else { continue };
        assert!(score.note_count() <= MAX_NOTES && score.parts.len() <= MAX_PARTS && score.end().0 <= MAX_TICKS + 1);
        assert!(score.note_count() <= bytes.len() / 2, "more notes than bytes can say");
        let mut normal = score.clone();
        normal.normalise();
        assert_eq!(normal, score);
        assert!(report.findings.iter().flat_map(|it| &it.bytes).all(|&byte| byte <= bytes.len() as u64));
        assert!(score.duration().0.is_finite());
        if score.end().0 <= MAX_TICKS {
            check_round_trip(&score);
        }
    }
}

#[derive(Debug, Clone)]
pub enum Mutation {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
}

pub fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, bits)| Mutation::Flip(at, bits)),
        index().prop_map(Mutation::Cut),
        (index(), prop::collection::vec(any::<u8>(), 1..5)).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        (index(), 1..9usize).prop_map(|(at, count)| Mutation::Remove(at, count)),
    ]
}

pub fn mutate(bytes: &mut Vec<u8>, mutation: Mutation) {
    if bytes.is_empty() {
        return;
    }
    match mutation {
        Mutation::Flip(at, bits) => {
            let at = at.index(bytes.len());
            bytes[at] ^= bits;
        }
        Mutation::Cut(at) => bytes.truncate(at.index(bytes.len())),
        Mutation::Insert(at, inserted) => {
            let at = at.index(bytes.len());
            bytes.splice(at..at, inserted);
        }
        Mutation::Remove(at, count) => {
            let at = at.index(bytes.len());
            bytes.drain(at..(at + count).min(bytes.len()));
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(score in score(0..8)) {
        check_round_trip(&score);
    }

    #[test]
    fn arbitrary_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        check_limits(&bytes);
    }

    #[test]
    fn arbitrary_tracks_are_survived(
        format in 0..4u16, division in any::<u16>(),
        tracks in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..200), -3..4i64), 0..4),
    ) {
        let mut bytes = b"MThd\0\0\0\x06".to_vec();
        for number in [format, tracks.len() as u16, division] {
            bytes.extend(number.to_be_bytes());
        }
        for (track, lie) in tracks {
            bytes.extend(b"MTrk");
            bytes.extend((track.len() as i64 + lie).max(0).to_be_bytes()[4..].iter());
            bytes.extend(track);
        }
        check_limits(&bytes);
    }

    #[test]
    fn mutated_files_are_survived(score in score(0..4), mutations in prop::collection::vec(mutation(), 1..6)) {
        let mut bytes = write_midi_with_report(&score).unwrap().0;
        mutations.into_iter().for_each(|mutation| mutate(&mut bytes, mutation));
        check_limits(&bytes);
    }

    #[test]
    fn a_file_cut_anywhere_keeps_what_came_before(score in score(1..4), at in any::<prop::sample::Index>()) {
        let score = apart(&score);
        let bytes = write_midi_with_report(&score).unwrap().0;
        let cut = &bytes[..at.index(bytes.len())];
        if let Ok((back, report)) = read_midi(cut, &ReadOptions::default()) {
            prop_assert!(!report.findings.is_empty());
            // Notes that were whole before the cut are whole after it; the others begin where they
            // began.
            for (back, part) in back.parts.iter().zip(&score.parts) {
                for note in &back.notes {
                    let begins = |it: &&Note| (it.onset, it.pitch, it.velocity) == (note.onset, note.pitch, note.velocity);
                    let original = part.notes.iter().find(begins);
                    prop_assert!(original.is_some_and(|it| note.duration <= it.duration), "{note:?}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn many_parts_find_channels(score in score(14..60)) {
        check_round_trip(&score);
    }
}
