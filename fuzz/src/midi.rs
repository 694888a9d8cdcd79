//! MIDI files to scores, to events, and back.

use leitmotif_events::{Header, Representation, RepresentationConfig};
use leitmotif_render::{RollOptions, piano_roll};
use leitmotif_score::{Instrument, Note, Part, ReadOptions, Score, Tempo, Ticks};
use leitmotif_score::{read_midi, write_midi, write_midi_with_report};
use std::sync::{Arc, OnceLock};

/// A song of `bars` bars for piano and drums, different for each `index`.
pub(crate) fn song(index: u8, bars: u64) -> Score {
    let (mut piano, mut drums) = (Vec::new(), Vec::new());
    for eighth in 0..bars * 8 {
        let (onset, step) = (Ticks(eighth * 240), (eighth % 4) as u8);
        let pitch = 48 + index % 12 + [0, 4, 7, 12][usize::from(step)] + (eighth / 8 * 5 % 7) as u8;
        piano.push(Note { onset, pitch, duration: Ticks(240), velocity: 80 });
        drums.push(Note { onset, pitch: if step == 2 { 38 } else { 42 }, duration: Ticks(60), velocity: 96 });
    }
    let part = |name: &str, instrument, notes| Part { name: name.into(), instrument, notes };
    Score {
        parts: vec![part("piano", Instrument::Program(index % 8), piano), part("drums", Instrument::Drums(0), drums)],
        tempos: vec![Tempo { at: Ticks(0), micros_per_quarter: 500_000 }],
        ..Score::default()
    }
}

/// A file of these tracks, without their headers and ends; format 1 at `division` ticks a quarter.
fn file(division: u16, tracks: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"MThd\0\0\0\x06\0\x01".to_vec();
    bytes.extend((tracks.len() as u16).to_be_bytes());
    bytes.extend(division.to_be_bytes());
    for track in tracks {
        bytes.extend(b"MTrk");
        bytes.extend((track.len() as u32 + 4).to_be_bytes());
        bytes.extend(*track);
        bytes.extend([0, 0xFF, 0x2F, 0]);
    }
    bytes
}

/// A written song; pedals, overlaps and marks; long silences at one tick a quarter.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let marks = [
        &[0, 0xFF, 0x03, 2, b'O', b'n', 0, 0xFF, 0x51, 3, 7, 0xA1, 0x20, 0, 0xFF, 0x58, 4, 3, 2, 24, 8][..],
        &[96, 0xFF, 0x58, 4, 6, 3, 24, 8, 10, 0xFF, 0x59, 2, 0xFD, 1, 5, 0xFF, 0x05, 2, 0x83, 0x41],
    ]
    .concat();
    let pedals = [
        &[0, 0xB0, 64, 127, 0, 0x90, 60, 80, 24, 60, 0, 24, 60, 81, 24, 60, 0, 0, 0xB0, 66, 100, 12, 0x90, 64, 9][..],
        &[12, 64, 0, 24, 0xB0, 64, 0, 0, 0xB0, 66, 0, 0, 0xB0, 123, 0, 0, 0xE0, 0, 70, 0, 0x90, 60, 9, 5, 60, 8],
    ]
    .concat();
    let drums = [0, 0x99, 36, 100, 0, 42, 80, 12, 36, 0, 0, 42, 0, 0, 0xB9, 0, 127, 0, 0xC9, 8, 0, 0x99, 38, 9];
    let silence = [&[0, 0x90, 60, 80][..], &[0xFF, 0xFF, 0xFF, 0x7F, 60, 0], &[0x90, 0x80, 0x80, 0, 60, 80]].concat();
    let written = write_midi(&song(0, 2));
    let mut seeds = vec![
        file(96, &[&marks, &pedals, &drums]),
        file(1, &[&silence]),
        file(0xE728, &[&marks, &drums]),
        file(480, &[&pedals, &pedals, &pedals]),
    ];
    seeds.extend(written);
    seeds
}

fn representations() -> &'static [Arc<dyn Representation>] {
    static ALL: OnceLock<Vec<Arc<dyn Representation>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let genres = Vec::new();
        [
            RepresentationConfig::Events { grid: 12, genres: genres.clone() },
            RepresentationConfig::Cells { grid: 12, genres, references: true },
            RepresentationConfig::Notes,
            RepresentationConfig::Chorales { grid: 4 },
            RepresentationConfig::Frames { grid: 4 },
        ]
        .iter()
        .map(|it| leitmotif_events::build(it).expect("valid settings"))
        .collect()
    })
}

/// Whatever is read can be written, and is then read as it was written; it can be encoded, and what
/// was encoded decodes; it can be drawn.
pub(crate) fn run(bytes: &[u8]) {
    for apply_sustain in [true, false] {
        let options = ReadOptions { apply_sustain };
        let Ok((score, _)) = read_midi(bytes, &options) else { return };
        let (written, report) = write_midi_with_report(&score).expect("what was read can be written");
        let (back, _) = read_midi(&written, &options).expect("what was written can be read");
        assert_eq!(back.note_count() + report.notes_merged, score.note_count());
        if !apply_sustain {
            continue;
        }
        for representation in representations() {
            let (sequence, _) = representation.encode(&score, &Header::default());
            representation.decode(&sequence).expect("what was encoded can be decoded");
        }
        piano_roll(&score, &RollOptions::default());
    }
}
