//! Tempo bins: 24 to an octave, about 3 % apart, 120 quarters a minute exactly one of them.

use crate::Value;

/// Bins in an octave (a doubling of the tempo).
const PER_OCTAVE: f64 = 24.0;
/// The bin of 120 quarters a minute: the tempo of a score that names none.
pub(crate) const MODERATE: Value = 62;
/// Bins: 20 to 320 quarters a minute.
pub(crate) const COUNT: Value = 97;
/// Microseconds a quarter at 120 quarters a minute.
const MODERATE_MICROS: f64 = 500_000.0;

/// The middle of a bin in quarters a minute.
pub(crate) fn beats_per_minute(bin: Value) -> f64 {
    120.0 * ((f64::from(bin) - f64::from(MODERATE)) / PER_OCTAVE).exp2()
}

/// The middle of a bin in microseconds a quarter.
pub(crate) fn micros_per_quarter(bin: Value) -> u32 {
    (60_000_000.0 / beats_per_minute(bin)).round() as u32
}

/// The bin nearest to a tempo; the outermost for those beyond.
pub(crate) fn bin(micros_per_quarter: u32) -> Value {
    let octaves = (MODERATE_MICROS / f64::from(micros_per_quarter.max(1))).log2();
    (f64::from(MODERATE) + (octaves * PER_OCTAVE).round()).clamp(0.0, f64::from(COUNT - 1)) as Value
}

/// Bins in `octaves`, rounded.
pub(crate) fn bins_in(octaves: f32) -> i32 {
    (f64::from(octaves) * PER_OCTAVE).round().clamp(-f64::from(COUNT), f64::from(COUNT)) as i32
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn bins_are_read_back_and_reach_from_20_to_320() {
        for value in 0..COUNT {
            assert_eq!(bin(micros_per_quarter(value)), value);
        }
        assert_eq!(micros_per_quarter(MODERATE), 500_000);
        assert!((20.0..20.1).contains(&beats_per_minute(0)) && beats_per_minute(COUNT - 1) >= 320.0);
        assert_eq!((bin(u32::MAX), bin(0)), (0, COUNT - 1));
    }
}
