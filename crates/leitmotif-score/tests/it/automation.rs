//! What controllers say of each part.

use crate::formats::{file, file_with_division};
use leitmotif_score::{Automation, Control, ReadOptions, read_automation, read_midi};

/// The automation of a file, which has as many parts as its score.
fn automation(bytes: &[u8]) -> Automation {
    let automation = read_automation(bytes, &ReadOptions::default()).unwrap();
    assert_eq!(automation.parts.len(), read_midi(bytes, &ReadOptions::default()).unwrap().0.parts.len());
    automation
}

fn changes(automation: &Automation, part: usize) -> Vec<(u64, Control)> {
    automation.of_part(part).iter().map(|it| (it.at.0, it.control)).collect()
}

/// What is said of the one part of a track with these events before its note.
fn of_track(before: &[u8]) -> Vec<(u64, Control)> {
    let track = [before, &[0, 0x90, 60, 80, 96, 0x80, 60, 0]].concat();
    changes(&automation(&file(1, &[&track])), 0)
}

#[test]
fn controls_have_their_times_and_are_said_once() {
    let track = [0, 0xB0, 7, 90, 0, 10, 64, 10, 11, 100, 5, 11, 100, 0, 1, 3, 5, 7, 0, 0, 7, 20, 0, 64, 127];
    let expected = [
        (0, Control::Volume(90)),
        (0, Control::Pan(64)),
        (10, Control::Expression(100)),
        (15, Control::Modulation(3)),
        (20, Control::Volume(20)),
    ];
    assert_eq!(of_track(&track), expected);
}

#[test]
fn a_bend_counts_in_semitones_of_its_range() {
    let pitches = |track: &[u8]| -> Vec<f32> {
        let pitch = |(_, control)| if let Control::Pitch(semitones) = control { semitones } else { f32::NAN };
        of_track(track).into_iter().map(pitch).collect()
    };
    // Two semitones until something else is said; down by half of them.
    assert_eq!(pitches(&[0, 0xE0, 0, 32]), [-1.0]);
    // Twelve; the bend is two of them, as nearly as 14 bits say it.
    let twelve = [0, 0xB0, 101, 0, 0, 100, 0, 0, 6, 12];
    let bent = pitches(&[&twelve[..], &[1, 0xE0, 85, 74]].concat());
    assert!((bent[1] - 2.0).abs() < 0.001 && bent[0] == 0.0, "{bent:?}");
    // A bend that is held follows its range; cents are the fine half of the range.
    assert_eq!(pitches(&[0, 0xE0, 0, 96, 1, 0xB0, 101, 0, 0, 100, 0, 0, 6, 4, 1, 38, 50]), [1.0, 2.0, 2.25]);
    // After the null parameter, or one that is not registered, data entry leaves the range alone.
    for other in [[0, 101, 127, 0, 100, 127], [0, 99, 1, 0, 98, 8]] {
        let bent = pitches(&[&twelve[..], &other, &[0, 6, 1, 0, 38, 1, 1, 0xE0, 0, 96]].concat());
        assert_eq!(bent.last(), Some(&6.0), "{other:?}");
    }
    // Tuning: 50 cents, and three semitones down.
    assert_eq!(pitches(&[0, 0xB0, 101, 0, 0, 100, 1, 0, 6, 96, 1, 100, 2, 0, 6, 61]), [0.5, -2.5]);
}

#[test]
fn controllers_and_channels_are_reset() {
    let set = [0, 0xB0, 7, 50, 0, 10, 9, 0, 11, 60, 0, 1, 70, 0, 101, 0, 0, 100, 0, 0, 6, 12, 0, 0xE0, 0, 127];
    let reset = of_track(&[&set[..], &[9, 0xB0, 121, 0, 1, 0xE0, 0, 96]].concat());
    let after: Vec<_> = reset.iter().filter(|change| change.0 > 0).copied().collect();
    let rest = [(9, Control::Expression(127)), (9, Control::Modulation(0)), (9, Control::Pitch(0.0))];
    assert_eq!(after[..3], rest, "volume and place stay");
    assert_eq!(after[3], (10, Control::Pitch(6.0)), "and the range");
    // General MIDI on: everything.
    let on = of_track(&[&set[..], &[9, 0xF0, 5, 0x7E, 0x7F, 0x09, 0x01, 0xF7, 1, 0xE0, 0, 96]].concat());
    let after: Vec<_> = on.iter().filter(|change| change.0 > 0).copied().collect();
    assert_eq!(after[..2], [(9, Control::Volume(100)), (9, Control::Pan(64))]);
    assert_eq!(after[5], (10, Control::Pitch(1.0)));
}

#[test]
fn parts_of_a_channel_share_what_any_track_says_of_it() {
    // A track without notes sets the volumes; the program changes in mid-part; another port.
    let setup = [0, 0xB0, 7, 90, 0, 0xB1, 7, 40];
    let one = [0, 0xC0, 1, 0, 0x90, 60, 80, 9, 60, 0, 0, 0xC0, 2, 0, 0x90, 62, 80, 9, 62, 0];
    let two = [5, 0xB0, 11, 30, 0, 0x91, 40, 80, 9, 40, 0];
    let other = [0, 0xFF, 0x21, 1, 1, 0, 0x90, 40, 80, 9, 40, 0];
    let automation = automation(&file(1, &[&setup, &one, &two, &other]));
    let both = [(0, Control::Volume(90)), (5, Control::Expression(30))];
    assert_eq!((changes(&automation, 0), changes(&automation, 1)), (both.to_vec(), both.to_vec()));
    assert_eq!(changes(&automation, 2), [(0, Control::Volume(40))]);
    assert_eq!(changes(&automation, 3), []);
    assert_eq!((automation.channels.len(), changes(&automation, 4)), (3, vec![]));
}

#[test]
fn sequences_begin_afresh_and_odd_clocks_count_as_in_the_score() {
    let first = [0, 0xB0, 7, 50, 0, 0x90, 60, 80, 96, 60, 0];
    let second = [10, 0x90, 60, 80, 96, 60, 0];
    let joined = automation(&file(2, &[&first, &second]));
    assert_eq!(changes(&joined, 0), [(0, Control::Volume(50)), (96, Control::Volume(100))]);
    // 25 frames of 5 ticks: every tick counts twice.
    let odd = file_with_division(1, [(-25i8) as u8, 5], &[&[7, 0xB0, 7, 50, 0, 0x90, 60, 80, 9, 60, 0]]);
    assert_eq!(changes(&automation(&odd), 0), [(14, Control::Volume(50))]);
}
