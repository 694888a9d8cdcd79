//! Mutated files, read, written and read again: the report of writing says each change, and the
//! second time nothing changes. What cannot be told apart from reading costs no more time than
//! reading.
#![allow(clippy::print_stdout)]

use crate::formats::file;
use leitmotif_score::midi::{Severity, What};
use leitmotif_score::{
    Instrument, Note, Part, ReadOptions, Score, Ticks, WriteReport, read_midi, write_midi_with_report,
};
use std::time::{Duration, Instant};

/// Mutations of each file; `LEITMOTIF_MUTATIONS` says another number.
const MUTATIONS: usize = 2_000;

/// Numbers that a seed determines (Marsaglia's xorshift64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit.max(1)
    }
}

/// One to eight changes: bits, bytes with a meaning, pieces taken out, doubled or moved.
fn mutated(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    const MEANINGFUL: [u8; 14] = [0, 1, 0x7F, 0x80, 0x90, 0x99, 0xB0, 0xC0, 0xFF, 0xF0, 0x2F, 0x51, 0x58, 64];
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + numbers.below(8) {
        let at = numbers.below(bytes.len());
        let end = (at + 1 + numbers.below(24)).min(bytes.len());
        match numbers.below(6) {
            0 => bytes[at] ^= 1 << numbers.below(8),
            1 | 2 => bytes[at] = MEANINGFUL[numbers.below(MEANINGFUL.len())],
            3 => drop(bytes.drain(at..end)),
            4 => {
                let piece = bytes[at..end].to_vec();
                let to = numbers.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => bytes.insert(at, MEANINGFUL[numbers.below(MEANINGFUL.len())]),
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
    bytes
}

/// Small files of all kinds: running status, overlaps, pedals, programs, ports, tempos, texts.
fn seeds() -> Vec<Vec<u8>> {
    let time = [
        &[0, 0xFF, 0x03, 2, b'O', b'n', 0, 0xFF, 0x51, 3, 7, 0xA1, 0x20, 0, 0xFF, 0x58, 4, 3, 2, 24, 8][..],
        &[96, 0xFF, 0x58, 4, 6, 3, 24, 8, 10, 0xFF, 0x59, 2, 0xFD, 1, 5, 0xFF, 0x06, 1, b'B', 0, 0xFF, 1, 1, b't'],
    ]
    .concat();
    let overlaps = [
        &[0, 0xC0, 5, 0, 0x90, 60, 80, 10, 60, 70, 10, 60, 0, 5, 60, 0, 0, 64, 90, 0, 64, 91, 48, 64, 0, 0, 64, 0][..],
        &[0, 0x91, 60, 3, 7, 0xC0, 9, 0, 0x90, 67, 80, 24, 0x81, 60, 0, 12, 0x80, 67, 0, 3, 0x90, 62, 1],
    ]
    .concat();
    let pedals = [
        &[0, 0xB0, 64, 127, 0, 0x90, 60, 80, 24, 60, 0, 24, 60, 81, 24, 60, 0, 0, 0xB0, 66, 100, 12, 0x90, 64, 9][..],
        &[12, 64, 0, 24, 0xB0, 64, 0, 0, 0xB0, 66, 0, 0, 0xB0, 123, 0, 0, 0xE0, 0, 70, 4, 0xFF, 0x21, 1, 2],
        &[0, 0x90, 50, 50, 40, 0x80, 50, 0, 0, 0xFF, 0x05, 1, b'l'],
    ]
    .concat();
    let drums =
        [0, 0x99, 36, 100, 0, 42, 80, 12, 36, 0, 0, 42, 0, 0, 0xB9, 0, 127, 0, 0xC9, 8, 0, 0x99, 38, 9, 9, 38, 0];
    let parts: Vec<Vec<u8>> = (0..20u8).map(|it| vec![0, 0xC0, it, it, 0x90, 60, 80, 30, 60, 0]).collect();
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    vec![
        file(1, &[&time, &overlaps, &pedals, &drums]),
        file(0, &[&[&time[..], &overlaps, &pedals].concat()]),
        file(2, &[&overlaps, &time, &pedals]),
        file(1, &parts),
        file(1, &[&overlaps, &overlaps, &overlaps]),
    ]
}

/// Notes that stand in both with another length or velocity; `None` where they are other notes.
fn changed(before: &Score, after: &Score) -> Option<usize> {
    let notes = |score: &Score| -> Vec<_> { score.parts.iter().flat_map(|part| part.notes.clone()).collect() };
    let (before, after) = (notes(before), notes(after));
    let mut changed = 0;
    for (before, after) in before.iter().zip(&after) {
        if (before.onset, before.pitch) != (after.onset, after.pitch) {
            return None;
        }
        changed += usize::from(before != after);
    }
    (before.len() == after.len()).then_some(changed)
}

/// The score without what a report speaks of.
fn without_notes(score: &Score) -> Score {
    let mut rest = score.clone();
    rest.parts.iter_mut().for_each(|part| part.notes.clear());
    rest
}

fn check(bytes: &[u8], options: &ReadOptions) {
    let Ok((score, _)) = read_midi(bytes, options) else { return };
    let (written, report) = write_midi_with_report(&score).unwrap();
    let (back, found) = read_midi(&written, options).unwrap();
    assert!(found.worst() <= Some(Severity::Noted), "{:?}", found.findings);
    assert_eq!((found.count(What::NotesOverlapping), found.count(What::CutAtLongest)), (0, 0));
    assert_eq!(score.note_count() - back.note_count(), report.notes_merged, "{report:?}");
    let WriteReport { notes_shortened, notes_merged, parts_sharing, ports, .. } = report;
    let said = WriteReport { notes_shortened, notes_merged, parts_sharing, ports, ..WriteReport::default() };
    assert_eq!(report, said, "a score that was read is in order and in range");
    assert_eq!(without_notes(&back), without_notes(&score), "{report:?}");
    if notes_merged == 0 {
        // Notes that end in another order are other notes at the same places.
        assert_eq!(changed(&score, &back), Some(notes_shortened), "{report:?}");
    }
    let (again, report) = write_midi_with_report(&back).unwrap();
    assert_eq!((report.notes_shortened, report.notes_merged), (0, 0));
    assert!(again == written, "written twice, the file differs");
}

#[test]
fn a_file_ends_where_its_shortened_notes_end() {
    let note = |onset, duration| Note { onset: Ticks(onset), pitch: 60, duration: Ticks(duration), velocity: 80 };
    let notes = vec![note(0, 2164), note(10, 38)];
    let part = Part { name: String::new(), instrument: Instrument::Program(5), notes };
    let (written, report) = write_midi_with_report(&Score { parts: vec![part], ..Score::default() }).unwrap();
    assert_eq!(report.notes_shortened, 1);
    let (back, _) = read_midi(&written, &ReadOptions::default()).unwrap();
    assert_eq!(write_midi_with_report(&back).unwrap().0, written);
}

#[test]
fn the_report_says_what_writing_changes() {
    let count = std::env::var("LEITMOTIF_MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(MUTATIONS);
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let mut slowest = (Duration::ZERO, Vec::new());
    for seed in seeds() {
        for _ in 0..count {
            let bytes = mutated(&seed, &mut numbers);
            let began = Instant::now();
            for apply_sustain in [true, false] {
                check(&bytes, &ReadOptions { apply_sustain });
            }
            if began.elapsed() > slowest.0 {
                slowest = (began.elapsed(), bytes);
            }
        }
    }
    println!("slowest of {count} mutations of each file: {:?}, {} bytes", slowest.0, slowest.1.len());
}
