//! Volume, place, bends and programs of a file, as they are heard.

use crate::measure::{centroid, cents_off, mono, rms, window};
use leitmotif_render::{Audio, RenderOptions, SoundBank, render};
use leitmotif_score::{ReadOptions, read_automation, read_midi};

/// Renders a file with one track of these events, at 96 ticks a quarter and 120 quarters a minute,
/// without a room.
fn play(events: &[u8]) -> Audio {
    let mut bytes = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk".to_vec();
    bytes.extend((events.len() as u32 + 4).to_be_bytes());
    bytes.extend_from_slice(events);
    bytes.extend([0, 0xFF, 0x2F, 0]);
    let score = read_midi(&bytes, &ReadOptions::default()).unwrap().0;
    let automation = read_automation(&bytes, &ReadOptions::default()).unwrap();
    render(&score, &SoundBank::built_in(), &RenderOptions { room: false, automation }).unwrap()
}

const FLUTE: [u8; 3] = [0, 0xC0, 73];
/// A pitch above middle C for two quarters: a second.
const NOTE: [u8; 9] = [0, 0x90, 69, 100, 0x81, 0x40, 0x80, 69, 0];
/// A bend range of twelve semitones, and the null parameter after it.
const TWELVE: [u8; 10] = [0, 0xB0, 101, 0, 0, 100, 0, 0, 6, 12];
const NULL: [u8; 7] = [0, 0xB0, 101, 127, 0, 100, 127];
/// A sixth of the way up.
const BEND: [u8; 4] = [0, 0xE0, 85, 74];

/// The note of a flute after these events.
fn flute(before: &[&[u8]]) -> Audio {
    play(&[&FLUTE[..], &before.concat(), &NOTE].concat())
}

/// How far the flute's pitch is from a key, in cents.
fn off(before: &[&[u8]], key: u8) -> f64 {
    cents_off(window(&mono(&flute(before)), 0.15, 0.9), key)
}

#[test]
fn a_bend_raises_the_pitch_by_its_share_of_the_range() {
    assert!(off(&[], 69).abs() < 10.0);
    assert!(off(&[&TWELVE, &BEND], 71).abs() < 10.0);
    // Of two semitones a sixth is 33 cents.
    assert!((off(&[&BEND], 69) - 33.3).abs() < 10.0);
    // Data entry after the null parameter leaves the range alone, before it does not.
    assert!(off(&[&TWELVE, &NULL, &[0, 6, 1], &BEND], 71).abs() < 10.0);
    assert!((off(&[&TWELVE, &[0, 6, 3], &BEND], 69) - 50.0).abs() < 10.0);
    // The fine half of the range is in cents: six and a half semitones, all the way down.
    let half = [0, 0xB0, 101, 0, 0, 100, 0, 0, 6, 6, 0, 38, 50, 0, 0xE0, 0, 0];
    assert!((off(&[&half], 62) - 50.0).abs() < 12.0);
}

#[test]
fn a_bend_moves_a_note_that_sounds() {
    // Up by an octave and back, half a second each.
    let bends = [&TWELVE[..], &[0, 0x90, 69, 100, 48, 0xE0, 127, 127, 48, 0xE0, 0, 64, 48, 0x80, 69, 0]].concat();
    let sound = mono(&play(&[&FLUTE[..], &bends].concat()));
    for (from, key) in [(0.1, 69), (0.3, 81), (0.6, 69)] {
        assert!(cents_off(window(&sound, from, from + 0.14), key).abs() < 15.0, "at {from}");
    }
}

#[test]
fn volume_and_expression_make_silence() {
    for controller in [7, 11] {
        assert_eq!(flute(&[&[0, 0xB0, controller, 0]]).peak(), 0.0, "controller {controller}");
    }
    // A fade: half as far up is a quarter of the amplitude.
    let fade = [&FLUTE[..], &[0, 0x90, 69, 100, 96, 0xB0, 11, 64, 96, 0x80, 69, 0]].concat();
    let sound = mono(&play(&fade));
    let share = rms(window(&sound, 0.6, 0.95)) / rms(window(&sound, 0.2, 0.45));
    assert!((0.2..0.32).contains(&share), "{share}");
}

#[test]
fn places_are_left_and_right() {
    let level = |side: &[f32]| rms(&side.iter().map(|&value| f64::from(value)).collect::<Vec<_>>());
    for (place, low, high) in [(0, 0.0, 0.01), (64, 0.9, 1.1), (127, 50.0, f64::INFINITY)] {
        let audio = flute(&[&[0, 0xB0, 10, place]]);
        let right = level(&audio.right) / level(&audio.left);
        assert!((low..=high).contains(&right), "at {place}: {right}");
    }
}

#[test]
fn modulation_is_a_vibrato() {
    // How much the pitch moves: the spread of the time between zero crossings.
    let spread = |before: &[u8]| {
        let sound = mono(&flute(&[before]));
        let sound = window(&sound, 0.2, 0.9);
        let rises: Vec<f64> = (1..sound.len())
            .filter(|&at| sound[at - 1] < 0.0 && sound[at] >= 0.0)
            .map(|at| at as f64 - sound[at] / (sound[at] - sound[at - 1]))
            .collect();
        let periods: Vec<f64> = rises.windows(8).map(|it| it[7] - it[0]).collect();
        let (low, high) = periods.iter().fold((f64::MAX, 0f64), |(low, high), &it| (low.min(it), high.max(it)));
        high / low
    };
    assert!(spread(&[0, 0xB0, 1, 127]) > spread(&[]) + 0.01, "{} {}", spread(&[0, 0xB0, 1, 127]), spread(&[]));
}

#[test]
fn a_program_in_mid_part_changes_the_sound() {
    let twice = |program: u8| play(&[&FLUTE[..], &NOTE, &[0, 0xC0, program], &NOTE].concat());
    let bright = |audio: &Audio, from: f64| centroid(window(&mono(audio), from + 0.2, from + 0.9));
    let (same, other) = (twice(73), twice(56));
    assert!((bright(&same, 1.0) / bright(&same, 0.0) - 1.0).abs() < 0.05);
    assert!(bright(&other, 1.0) > 1.3 * bright(&other, 0.0), "a trumpet is brighter than a flute");
}

#[test]
fn a_part_without_controllers_sounds_as_before() {
    // Values that are those of the start change nothing.
    let bare = flute(&[]);
    let said = flute(&[&[0, 0xB0, 7, 100, 0, 11, 127, 0, 1, 0, 0, 0xE0, 0, 64]]);
    assert!(bare == said);
}
