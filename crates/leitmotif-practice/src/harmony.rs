//! Keys, modes and chords, as pitch classes (0 is C).

/// A seven-note mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Major,
    Mixolydian,
    Dorian,
    Aeolian,
    Phrygian,
    HarmonicMinor,
}

impl Mode {
    /// Semitones of its degrees above the tonic.
    pub(crate) fn degrees(self) -> [u8; 7] {
        match self {
            Self::Major => [0, 2, 4, 5, 7, 9, 11],
            Self::Mixolydian => [0, 2, 4, 5, 7, 9, 10],
            Self::Dorian => [0, 2, 3, 5, 7, 9, 10],
            Self::Aeolian => [0, 2, 3, 5, 7, 8, 10],
            Self::Phrygian => [0, 1, 3, 5, 7, 8, 10],
            Self::HarmonicMinor => [0, 2, 3, 5, 7, 8, 11],
        }
    }

    /// Whether its third is minor.
    pub(crate) fn is_minor(self) -> bool {
        self.degrees()[2] == 3
    }
}

/// A tonic and its mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) tonic: u8,
    pub(crate) mode: Mode,
}

impl Key {
    /// The same key `semitones` higher.
    pub(crate) fn lifted(self, semitones: u8) -> Self {
        Self { tonic: (self.tonic + semitones) % 12, ..self }
    }

    /// The key signature of the tonic's major or minor scale: sharps (positive) or flats, -5 to 6.
    pub(crate) fn sharps(self) -> i8 {
        let major = if self.mode.is_minor() { (self.tonic + 3) % 12 } else { self.tonic };
        let sharps = i8::try_from((u32::from(major) * 7) % 12).unwrap_or(0);
        if sharps > 6 { sharps - 12 } else { sharps }
    }

    /// The notes of the mode.
    pub(crate) fn scale(self) -> Palette {
        let mut palette = Palette([false; 12]);
        for degree in self.mode.degrees() {
            palette.0[usize::from((self.tonic + degree) % 12)] = true;
        }
        palette
    }

    /// The five-note core that blues-based solos and riffs use.
    pub(crate) fn pentatonic(self) -> Palette {
        let degrees: [u8; 5] = if self.mode.is_minor() { [0, 3, 5, 7, 10] } else { [0, 2, 4, 7, 9] };
        let mut palette = Palette([false; 12]);
        for degree in degrees {
            palette.0[usize::from((self.tonic + degree) % 12)] = true;
        }
        palette
    }

    /// The mode bent to `chord`: a chord tone from outside replaces the degree it alters (the
    /// raised third of a secondary dominant the note below, a borrowed flat the note above).
    pub(crate) fn scale_under(self, chord: Chord) -> Palette {
        let scale = self.scale();
        let mut palette = scale;
        for &interval in chord.quality.intervals() {
            let tone = (chord.root + interval) % 12;
            if scale.0[usize::from(tone)] {
                continue;
            }
            let raised = interval == 4 && scale.0[usize::from(chord.root)];
            let altered = if raised { (tone + 11) % 12 } else { (tone + 1) % 12 };
            if !chord.has(altered) {
                palette.0[usize::from(altered)] = false;
            }
            palette.0[usize::from(tone)] = true;
        }
        palette
    }
}

/// A set of pitch classes to move in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Palette(pub(crate) [bool; 12]);

impl Palette {
    /// Whether `pitch` is in it, in any octave.
    pub(crate) fn has(self, pitch: i32) -> bool {
        self.0[pitch.rem_euclid(12) as usize]
    }

    /// The nearest pitch in it; the lower one where two are as near.
    pub(crate) fn nearest(self, pitch: i32) -> i32 {
        (0..12)
            .find_map(|away| {
                if self.has(pitch - away) {
                    Some(pitch - away)
                } else if self.has(pitch + away) {
                    Some(pitch + away)
                } else {
                    None
                }
            })
            .unwrap_or(pitch)
    }

    /// The pitch `steps` members above (or below) the member nearest to `pitch`.
    pub(crate) fn step(self, pitch: i32, steps: i32) -> i32 {
        let mut at = self.nearest(pitch);
        for _ in 0..steps.abs() {
            at += steps.signum();
            let mut guard = 0;
            while !self.has(at) && guard < 12 {
                at += steps.signum();
                guard += 1;
            }
        }
        at
    }
}

/// What is stacked on a chord's root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quality {
    Major,
    Minor,
    Diminished,
    Dominant,
    MajorSeventh,
    MinorSeventh,
    Suspended,
}

impl Quality {
    /// Semitones above the root.
    pub(crate) fn intervals(self) -> &'static [u8] {
        match self {
            Self::Major => &[0, 4, 7],
            Self::Minor => &[0, 3, 7],
            Self::Diminished => &[0, 3, 6],
            Self::Dominant => &[0, 4, 7, 10],
            Self::MajorSeventh => &[0, 4, 7, 11],
            Self::MinorSeventh => &[0, 3, 7, 10],
            Self::Suspended => &[0, 5, 7],
        }
    }
}

/// A chord: a root and what is stacked on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chord {
    pub(crate) root: u8,
    pub(crate) quality: Quality,
}

impl Chord {
    /// Whether the pitch class belongs to it.
    pub(crate) fn has(self, pitch_class: u8) -> bool {
        let above = (pitch_class + 12 - self.root) % 12;
        self.quality.intervals().contains(&above)
    }

    /// Its tones as a palette.
    pub(crate) fn palette(self) -> Palette {
        let mut palette = Palette([false; 12]);
        for &interval in self.quality.intervals() {
            palette.0[usize::from((self.root + interval) % 12)] = true;
        }
        palette
    }

    /// The lowest pitch of its root that is at least `floor`.
    pub(crate) fn root_above(self, floor: i32) -> i32 {
        floor + (i32::from(self.root) - floor).rem_euclid(12)
    }

    /// The perfect or diminished fifth above the root, in semitones.
    pub(crate) fn fifth(self) -> i32 {
        if self.quality == Quality::Diminished { 6 } else { 7 }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const C_MAJOR: Key = Key { tonic: 0, mode: Mode::Major };

    #[test]
    fn signatures_are_those_of_the_circle_of_fifths() {
        assert_eq!(C_MAJOR.sharps(), 0);
        assert_eq!(Key { tonic: 9, mode: Mode::Major }.sharps(), 3);
        assert_eq!(Key { tonic: 5, mode: Mode::Major }.sharps(), -1);
        assert_eq!(Key { tonic: 4, mode: Mode::Aeolian }.sharps(), 1);
        assert_eq!(Key { tonic: 2, mode: Mode::Phrygian }.sharps(), -1);
    }

    #[test]
    fn a_secondary_dominant_raises_and_a_borrowed_chord_lowers() {
        let raised = C_MAJOR.scale_under(Chord { root: 4, quality: Quality::Dominant });
        assert!(raised.has(8) && !raised.has(7) && raised.has(9));
        let borrowed = C_MAJOR.scale_under(Chord { root: 5, quality: Quality::Minor });
        assert!(borrowed.has(8) && !borrowed.has(9) && borrowed.has(7));
    }

    #[test]
    fn steps_stay_inside_the_palette() {
        let scale = C_MAJOR.scale();
        assert_eq!(scale.step(60, 2), 64);
        assert_eq!(scale.step(60, -1), 59);
        assert_eq!(scale.step(61, 7), 72);
        assert_eq!(C_MAJOR.pentatonic().step(60, 5), 72);
        assert_eq!(Chord { root: 7, quality: Quality::Major }.root_above(40), 43);
    }
}
