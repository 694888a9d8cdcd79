//! The normal order of a set of pitch classes, as music21's `Chord.normalOrder` gives it.
//!
//! Forte, *The Structure of Atonal Music* (1973): of all rotations the one with the smallest span;
//! of those the one whose intervals above its first note are smallest, compared from the left; of
//! those (symmetric sets) the one with the lowest first pitch class.

/// A set of pitch classes: bit `n` for pitch class `n` (0 is C). Never empty in this module.
pub(crate) type PitchClasses = u16;

/// How many sets of pitch classes there are, the empty one left out.
pub(crate) const SETS: u16 = (1 << 12) - 1;

/// The pitch classes of `set` in normal order.
pub(crate) fn normal_order(set: PitchClasses) -> Vec<u16> {
    let members: Vec<u16> = (0..12).filter(|class| set >> class & 1 == 1).collect();
    let rotations = (0..members.len()).map(|first| {
        let rotated = members[first..].iter().chain(&members[..first]);
        let intervals: Vec<u16> = rotated.map(|class| (class + 12 - members[first]) % 12).collect();
        (intervals.last().copied(), intervals, members[first])
    });
    let best = rotations.min().map(|(_, intervals, first)| intervals.iter().map(|i| (i + first) % 12).collect());
    best.unwrap_or_default()
}

/// The name of a chord: its normal order joined by dots, `4.7.11`.
pub(crate) fn name(set: PitchClasses) -> String {
    let order: Vec<String> = normal_order(set).iter().map(u16::to_string).collect();
    order.join(".")
}

/// The set `semitones` higher.
pub(crate) fn transpose(set: PitchClasses, semitones: i32) -> PitchClasses {
    let up = semitones.rem_euclid(12) as u32;
    (set << up | set >> (12 - up)) & SETS
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn set(classes: &[u16]) -> PitchClasses {
        classes.iter().fold(0, |set, class| set | 1 << class)
    }

    #[test]
    fn well_known_chords() {
        assert_eq!(name(set(&[0, 4, 7])), "0.4.7");
        assert_eq!(name(set(&[0, 4, 9])), "9.0.4");
        assert_eq!(name(set(&[2, 5, 7, 11])), "11.2.5.7");
        // Symmetric sets begin with their lowest pitch class.
        assert_eq!(name(set(&[0, 3, 6, 9])), "0.3.6.9");
        assert_eq!(name(set(&[2, 8])), "2.8");
        // Forte's and Rahn's rules differ here.
        assert_eq!(name(355), "5.6.8.0.1");
    }

    /// The hash of what music21 10.5.1 returns for all sets in the order of their bits, one name a
    /// line. It may never change: every stored sequence of chords names its sets by it.
    #[test]
    fn all_sets_agree_with_music21() {
        let names: String = (1..=SETS).map(|set| name(set) + "\n").collect();
        assert_eq!(
            blake3::hash(names.as_bytes()).to_hex().as_str(),
            "4e39c03e202345f23d69ca0db14df691fa92f48eae10547424af320cbe59d3a1"
        );
    }

    #[test]
    fn transposition_is_a_rotation() {
        assert_eq!(transpose(set(&[0, 4, 11]), 1), set(&[1, 5, 0]));
        for by in -30..30 {
            assert_eq!(transpose(transpose(0b1001_0001, by), -by), 0b1001_0001);
        }
    }
}
