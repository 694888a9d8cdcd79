//! Sound in memory.

/// Stereo sound.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Audio {
    /// Frames a second.
    pub sample_rate: u32,
    /// The left channel, -1 to 1.
    pub left: Vec<f32>,
    /// The right channel, as long as the left one.
    pub right: Vec<f32>,
}

impl Audio {
    /// How long it lasts.
    pub fn seconds(&self) -> f64 {
        self.left.len() as f64 / f64::from(self.sample_rate.max(1))
    }

    /// The largest absolute value.
    pub fn peak(&self) -> f32 {
        peak(&self.left, &self.right)
    }
}

/// The largest absolute value of two channels.
pub(super) fn peak(left: &[f32], right: &[f32]) -> f32 {
    left.iter().chain(right).fold(0.0, |peak, value| peak.max(value.abs()))
}
