//! Files of other kinds: what is said of them, and those that are read all the same.

use crate::formats::file;
use flate2::Compression;
use flate2::write::GzEncoder;
use leitmotif_score::midi::{What, limits::MAX_FILE_BYTES};
use leitmotif_score::{Edits, ReadError, ReadOptions, read_midi, splice_midi};
use std::io::Write;

const NOTE: [u8; 8] = [0, 0x90, 60, 1, 10, 0x80, 60, 0];

fn error(bytes: &[u8]) -> String {
    read_midi(bytes, &ReadOptions::default()).unwrap_err().to_string()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A ZIP archive with one file that is stored as it is.
fn stored_zip(name: &[u8], contents: &[u8]) -> Vec<u8> {
    let mut bytes = b"PK\x03\x04\x0A\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend((contents.len() as u32).to_le_bytes());
    bytes.extend((contents.len() as u32).to_le_bytes());
    bytes.extend([name.len() as u8, 0, 0, 0]);
    [&bytes, name, contents, b"PK\x05\x06"].concat()
}

#[test]
fn a_stored_zip_is_not_read_as_the_file_within() {
    let zip = stored_zip(b"song.mid", &file(1, &[&NOTE]));
    assert_eq!(error(&zip), "not a MIDI file but a ZIP archive: unpack it and read the files inside");
}

#[test]
fn a_header_far_into_the_file_is_not_looked_for() {
    let midi = file(1, &[&NOTE]);
    let after = |bytes: usize| [&vec![7; bytes][..], &midi].concat();
    let (_, report) = read_midi(&after(128), &ReadOptions::default()).unwrap();
    assert_eq!(report.count(What::BytesBeforeHeader), 128);
    assert!(error(&after(129)).starts_with("not a MIDI file: at byte 0 there is"));
}

#[test]
fn wrong_files_are_named_with_a_remedy() {
    for (bytes, kind, remedy) in [
        (&b"<!DOCTYPE html><html><body>404"[..], "a web page (HTML)", "fetch the file itself"),
        (b"SMF2CLIP\0\0\0\0", "a MIDI 2.0 clip file", "export a Standard MIDI File"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "a WAVE sound file", "transcription"),
        (b"ID3\x03\0", "an MP3 sound file", "transcription"),
        (b"\xFF\xFB\x90\x64\0\0", "an MP3 sound file", "transcription"),
        (b"OggS\0\x02", "an Ogg sound file", "transcription"),
        (b"fLaC\0\0", "a FLAC sound file", "transcription"),
        (b"%PDF-1.7", "a PDF document", "music scanner"),
        (b"<?xml version='1.0'?>\n<score-partwise>", "a MusicXML score", "score editor"),
        (b"\xF0\x7E\x7F\x06\x01\xF7", "a system exclusive dump", "no notes"),
        (&gzip(&gzip(b"MThd")), "a gzip file", "unpack it"),
    ] {
        let error = error(bytes);
        assert!(error.starts_with(&format!("not a MIDI file but {kind}")) && error.contains(remedy), "{error}");
    }
}

#[test]
fn gzip_is_read() {
    let midi = file(1, &[&NOTE]);
    let plain = read_midi(&midi, &ReadOptions::default()).unwrap().0;
    let (score, report) = read_midi(&gzip(&midi), &ReadOptions::default()).unwrap();
    assert_eq!((score, report.count(What::Gzip), report.findings.len()), (plain, 1, 1));
    let (spliced, _) = splice_midi(&gzip(&midi), &ReadOptions::default(), &Edits::default()).unwrap();
    assert_eq!(spliced, midi);
}

#[test]
fn gzip_cut_short_gives_the_notes_before_the_cut() {
    let notes: Vec<u8> = (0..4000u32)
        .flat_map(|it| {
            let pitch = (it.wrapping_mul(2_654_435_761) >> 25) as u8;
            [(it % 97) as u8, 0x90, pitch, 1 + (it % 125) as u8, 10, 0x80, pitch, 0]
        })
        .collect();
    let bytes = gzip(&file(1, &[&notes]));
    let (score, report) = read_midi(&bytes[..bytes.len() / 2], &ReadOptions::default()).unwrap();
    assert!((1000..4000).contains(&score.note_count()), "{}", score.note_count());
    assert_eq!(report.count(What::GzipDamaged), 1);
}

#[test]
fn gzip_is_unpacked_up_to_the_limit() {
    let bomb = gzip(&vec![0; 2 * MAX_FILE_BYTES as usize]);
    let error = read_midi(&bomb, &ReadOptions::default()).unwrap_err();
    assert!(matches!(error, ReadError::TooLarge { bytes, limit: MAX_FILE_BYTES } if bytes == MAX_FILE_BYTES + 1));
}
