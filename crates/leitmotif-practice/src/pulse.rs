//! Meters, and the ticks of their steps.

/// Ticks of a sixteenth note at the project's resolution of 480 a quarter.
pub(crate) const STEP: u64 = 120;
/// Ticks of a quarter note.
pub(crate) const BEAT: u64 = 480;
/// A meter, and how its beats are felt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pulse {
    /// 4/4.
    Four,
    /// 6/8, in two.
    Six,
    /// 3/4.
    Three,
    /// 7/8, felt as 2 + 2 + 3.
    Seven,
}

impl Pulse {
    /// Sixteenths of a bar.
    pub(crate) fn steps(self) -> usize {
        match self {
            Self::Four => 16,
            Self::Six | Self::Three => 12,
            Self::Seven => 14,
        }
    }

    /// The signature.
    pub(crate) fn signature(self) -> (u8, u8) {
        match self {
            Self::Four => (4, 4),
            Self::Six => (6, 8),
            Self::Three => (3, 4),
            Self::Seven => (7, 8),
        }
    }

    /// The steps on which beats begin.
    pub(crate) fn beats(self) -> &'static [usize] {
        match self {
            Self::Four => &[0, 4, 8, 12],
            Self::Six => &[0, 6],
            Self::Three => &[0, 4, 8],
            Self::Seven => &[0, 4, 8],
        }
    }

    /// The step at which the second half begins.
    pub(crate) fn half(self) -> usize {
        match self {
            Self::Six => 6,
            _ => 8,
        }
    }

    /// The length of the beat that holds `step`, and where it begins.
    pub(crate) fn beat_at(self, step: usize) -> (usize, usize) {
        let beats = self.beats();
        let index = beats.iter().rposition(|&beat| beat <= step).unwrap_or(0);
        let end = beats.get(index + 1).copied().unwrap_or(self.steps());
        (beats[index], end - beats[index])
    }

    /// Whether `step` carries an accent of the meter.
    pub(crate) fn is_strong(self, step: usize) -> bool {
        self.beats().contains(&step)
    }
}
