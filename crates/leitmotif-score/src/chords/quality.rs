//! The qualities of chords that are told apart.

/// What a chord is, apart from its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChordQuality {
    /// Major triad.
    Major,
    /// Minor triad.
    Minor,
    /// Diminished triad.
    Diminished,
    /// Augmented triad.
    Augmented,
    /// A second in place of the third.
    Sus2,
    /// A fourth in place of the third.
    Sus4,
    /// Root and fifth only.
    Power,
    /// Major triad with a major sixth.
    Sixth,
    /// Minor triad with a major sixth.
    MinorSixth,
    /// Major triad with a minor seventh.
    Dominant7,
    /// Major triad with a major seventh.
    Major7,
    /// Minor triad with a minor seventh.
    Minor7,
    /// Diminished triad with a minor seventh.
    HalfDiminished7,
    /// Diminished triad with a diminished seventh.
    Diminished7,
}

impl ChordQuality {
    /// All qualities, triads first.
    pub const ALL: [Self; 14] = [
        Self::Major,
        Self::Minor,
        Self::Diminished,
        Self::Augmented,
        Self::Sus2,
        Self::Sus4,
        Self::Power,
        Self::Sixth,
        Self::MinorSixth,
        Self::Dominant7,
        Self::Major7,
        Self::Minor7,
        Self::HalfDiminished7,
        Self::Diminished7,
    ];

    /// Semitones of its notes above the root, ascending from 0.
    pub fn intervals(self) -> &'static [u8] {
        match self {
            Self::Major => &[0, 4, 7],
            Self::Minor => &[0, 3, 7],
            Self::Diminished => &[0, 3, 6],
            Self::Augmented => &[0, 4, 8],
            Self::Sus2 => &[0, 2, 7],
            Self::Sus4 => &[0, 5, 7],
            Self::Power => &[0, 7],
            Self::Sixth => &[0, 4, 7, 9],
            Self::MinorSixth => &[0, 3, 7, 9],
            Self::Dominant7 => &[0, 4, 7, 10],
            Self::Major7 => &[0, 4, 7, 11],
            Self::Minor7 => &[0, 3, 7, 10],
            Self::HalfDiminished7 => &[0, 3, 6, 10],
            Self::Diminished7 => &[0, 3, 6, 9],
        }
    }

    /// What follows the root in a chord symbol: "" for major, "m7" for minor seventh.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Major => "",
            Self::Minor => "m",
            Self::Diminished => "dim",
            Self::Augmented => "aug",
            Self::Sus2 => "sus2",
            Self::Sus4 => "sus4",
            Self::Power => "5",
            Self::Sixth => "6",
            Self::MinorSixth => "m6",
            Self::Dominant7 => "7",
            Self::Major7 => "maj7",
            Self::Minor7 => "m7",
            Self::HalfDiminished7 => "m7b5",
            Self::Diminished7 => "dim7",
        }
    }

    /// Whether its third is minor.
    pub fn has_minor_third(self) -> bool {
        self.intervals().contains(&3)
    }

    /// Whether its third is major.
    pub fn has_major_third(self) -> bool {
        self.intervals().contains(&4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quality_has_its_own_notes_and_symbol() {
        for (number, one) in ChordQuality::ALL.into_iter().enumerate() {
            assert!(one.intervals().is_sorted() && one.intervals()[0] == 0);
            assert!(!(one.has_minor_third() && one.has_major_third()));
            for other in &ChordQuality::ALL[..number] {
                assert_ne!(one.intervals(), other.intervals());
                assert_ne!(one.symbol(), other.symbol());
            }
        }
    }
}
