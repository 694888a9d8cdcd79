//! What one wrong byte in a track costs.

use crate::formats::file;
use leitmotif_score::midi::What;
use leitmotif_score::midi::limits::MAX_RESUMPTIONS;
use leitmotif_score::{Edits, Note, ReadOptions, ReadReport, Score, read_midi, splice_midi};

const NOTES: usize = 200;

fn read(track: &[u8]) -> (Score, ReadReport) {
    read_midi(&file(1, &[track]), &ReadOptions::default()).unwrap()
}

/// A scale up and down of notes of ten ticks, eight bytes each.
fn scale() -> Vec<u8> {
    let pitch = |it: usize| 40 + (it % 40) as u8;
    (0..NOTES).flat_map(|it| [2, 0x90, pitch(it), 70, 10, 0x80, pitch(it), 64]).collect()
}

/// The same under running status, seven bytes the first and six the others.
fn running_scale() -> Vec<u8> {
    let mut bytes = vec![2, 0x90, 40, 70, 10, 40, 0];
    bytes.extend((1..NOTES).flat_map(|it| [2, 40 + (it % 40) as u8, 70, 10, 40 + (it % 40) as u8, 0]));
    bytes
}

/// How many notes of `score` are those of `whole`.
fn kept(score: &Score, whole: &Score) -> usize {
    let notes: &[Note] = score.parts.first().map_or(&[], |part| &part.notes);
    notes.iter().filter(|note| whole.parts[0].notes.contains(note)).count()
}

#[test]
fn a_data_byte_above_127_costs_one_note() {
    // The pitch and the velocity of the hundredth note; under running status its velocity, as
    // the other would be a status.
    for (track, places) in [(scale(), &[802, 803][..]), (running_scale(), &[609])] {
        let whole = read(&track).0;
        assert_eq!(whole.note_count(), NOTES);
        for wrong in [0x80, 0x90, 0xC5, 0xF0, 0xF7, 0xFF] {
            for &at in places {
                let mut track = track.clone();
                track[at] = wrong;
                let (score, report) = read(&track);
                assert_eq!(kept(&score, &whole), NOTES - 1, "{wrong:#x} at {at}: {report:?}");
                assert_eq!(report.count(What::DataByteMended), 1, "{wrong:#x} at {at}: {report:?}");
            }
        }
    }
}

#[test]
fn a_clock_inside_an_event_costs_nothing() {
    let whole = read(&scale()).0;
    for clock in [0xF8, 0xFA, 0xFE] {
        for at in [802, 803] {
            let mut track = scale();
            track.insert(at, clock);
            let (score, report) = read(&track);
            assert_eq!((score, report.count(What::RealTimeInEvent)), (whole.clone(), 1), "{clock:#x} at {at}");
        }
    }
}

#[test]
fn a_text_that_says_it_is_too_long_costs_itself() {
    let (scale, whole) = (scale(), read(&scale()).0);
    let track = [&scale[..800], &[0, 0xFF, 1, 0xFF, 0x7F, b'a', b'b'], &scale[800..]].concat();
    let (score, report) = read(&track);
    assert_eq!(score.parts, whole.parts, "{report:?}");
    assert_eq!((report.count(What::TrackCut), report.count(What::BytesSkipped)), (1, 1));
}

#[test]
fn a_spliced_file_is_mended() {
    let mut track = scale();
    (track[802], track[1403]) = (0x90, 0xFF);
    track.insert(402, 0xF8);
    let bytes = file(1, &[&track]);
    let options = ReadOptions::default();
    let score = read_midi(&bytes, &options).unwrap().0;
    let (mended, _) = splice_midi(&bytes, &options, &Edits::default()).unwrap();
    let (back, report) = read_midi(&mended, &options).unwrap();
    assert_eq!((back, report.count(What::DataByteMended)), (score, 0));
}

#[test]
fn damage_without_end_ends_the_track() {
    let event = [&[0, 0xF4, 0x80, 0x80, 0x80, 0x80, 0x80][..], &scale()[..160]].concat();
    let (score, report) = read(&event.repeat(MAX_RESUMPTIONS as usize + 9));
    assert_eq!(report.count(What::BytesSkipped), MAX_RESUMPTIONS);
    assert_eq!(report.count(What::TrackLost), 1);
    assert_eq!(score.note_count() as u64, 20 * MAX_RESUMPTIONS);
}
