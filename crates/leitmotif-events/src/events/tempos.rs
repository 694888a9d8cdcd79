//! Tempo bins: 24 to an octave, about 3 % apart, 120 quarters a minute exactly one of them.

use crate::Value;
use crate::event::TempoBin;

/// Microseconds a quarter at 120 quarters a minute.
const MODERATE_MICROS: f64 = 500_000.0;

impl TempoBin {
    /// Bins in an octave (a doubling of the tempo).
    pub(crate) const PER_OCTAVE: f64 = 24.0;
    /// 120 quarters a minute: the tempo of a score that names none.
    pub(crate) const MODERATE: Self = Self(62);
    /// Bins: 20 to 320 quarters a minute.
    pub(crate) const COUNT: Value = 97;

    /// All bins, slow ones first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    /// The bin nearest to a tempo; the outermost for those beyond.
    pub fn nearest(micros_per_quarter: u32) -> Self {
        let octaves = (MODERATE_MICROS / f64::from(micros_per_quarter.max(1))).log2();
        let bin = f64::from(Self::MODERATE.0) + (octaves * Self::PER_OCTAVE).round();
        Self(bin.clamp(0.0, f64::from(Self::COUNT - 1)) as Value)
    }

    /// The bin so many bins faster; `None` beyond the fastest and the slowest.
    pub(crate) fn moved(self, bins: i32) -> Option<Self> {
        let bin = Value::try_from(i32::from(self.0) + bins).ok()?;
        (bin < Self::COUNT).then_some(Self(bin))
    }

    /// The middle of the bin in quarters a minute.
    pub fn quarters_per_minute(self) -> f64 {
        120.0 * ((f64::from(self.0) - f64::from(Self::MODERATE.0)) / Self::PER_OCTAVE).exp2()
    }

    /// The middle of the bin in microseconds a quarter.
    pub fn micros_per_quarter(self) -> u32 {
        (60_000_000.0 / self.quarters_per_minute()).round() as u32
    }
}

/// Bins in `octaves`, rounded.
pub(crate) fn bins_in(octaves: f32) -> i32 {
    let most = f64::from(TempoBin::COUNT);
    (f64::from(octaves) * TempoBin::PER_OCTAVE).round().clamp(-most, most) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_read_back_and_reach_from_20_to_320() {
        let tempos: Vec<f64> = TempoBin::all().map(TempoBin::quarters_per_minute).collect();
        for bin in TempoBin::all() {
            assert_eq!(TempoBin::nearest(bin.micros_per_quarter()), bin);
        }
        assert_eq!(TempoBin::MODERATE.micros_per_quarter(), 500_000);
        assert!((20.0..20.1).contains(&tempos[0]) && tempos[tempos.len() - 1] >= 320.0);
        assert_eq!((TempoBin::nearest(u32::MAX).0, TempoBin::nearest(0).0), (0, TempoBin::COUNT - 1));
    }
}
