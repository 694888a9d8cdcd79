//! From ticks to seconds and back.
//!
//! A tempo map is a list of stretches of constant tempo. The elapsed time at the start of each is
//! kept as an exact integer (ticks times microseconds a quarter), so that a long piece with many
//! changes does not drift.

use crate::{Resolution, Score, Seconds, Tempo, Ticks};

const MICROS_PER_SECOND: f64 = 1e6;
const MICROS_PER_MINUTE: f64 = 60e6;

impl Tempo {
    /// The tempo of music that names none: 120 quarters a minute.
    pub const DEFAULT_MICROS: u32 = 500_000;
    /// The slowest tempo a MIDI file can hold (24 bits), about 3.6 quarters a minute.
    pub const MAX_MICROS: u32 = 0x00FF_FFFF;

    /// A tempo of `quarters_per_minute` from `at` on, as near as whole microseconds allow; values
    /// that are not positive or out of range become the nearest possible tempo.
    pub fn from_quarters_per_minute(at: Ticks, quarters_per_minute: f64) -> Self {
        let micros = (MICROS_PER_MINUTE / quarters_per_minute.max(f64::MIN_POSITIVE)).round();
        let micros_per_quarter = micros.clamp(1.0, f64::from(Self::MAX_MICROS)) as u32;
        Self { at, micros_per_quarter }
    }

    /// Quarters a minute.
    pub fn quarters_per_minute(self) -> f64 {
        MICROS_PER_MINUTE / f64::from(self.micros_per_quarter.max(1))
    }
}

/// One stretch of constant tempo.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    start: u64,
    /// Elapsed at `start`, in ticks times microseconds a quarter.
    elapsed: u128,
    micros_per_quarter: u32,
}

/// Answers when a tick sounds, and which tick sounds when, in logarithmic time.
#[derive(Debug, Clone)]
pub struct TempoMap {
    stretches: Vec<Stretch>,
    ticks_per_quarter: u64,
}

impl TempoMap {
    /// The map of `tempos`, which need not be sorted; before the first one the tempo is 120. Of
    /// several at one tick the last counts.
    pub fn new(resolution: Resolution, tempos: &[Tempo]) -> Self {
        let mut sorted: Vec<Tempo> = tempos.to_vec();
        sorted.sort_by_key(|tempo| tempo.at);
        let mut stretches = vec![Stretch { start: 0, elapsed: 0, micros_per_quarter: Tempo::DEFAULT_MICROS }];
        for tempo in sorted {
            let last = stretches[stretches.len() - 1];
            let passed = u128::from(tempo.at.0 - last.start);
            let next = Stretch {
                start: tempo.at.0,
                elapsed: last.elapsed.saturating_add(passed * u128::from(last.micros_per_quarter)),
                micros_per_quarter: tempo.micros_per_quarter.max(1),
            };
            if passed == 0 {
                stretches.pop();
            }
            stretches.push(next);
        }
        Self { stretches, ticks_per_quarter: resolution.ticks_per_quarter() }
    }

    /// When `ticks` sounds.
    pub fn seconds_at(&self, ticks: Ticks) -> Seconds {
        let index = self.stretches.partition_point(|stretch| stretch.start <= ticks.0);
        let stretch = self.stretches[index.saturating_sub(1)];
        let passed = u128::from(ticks.0 - stretch.start) * u128::from(stretch.micros_per_quarter);
        let total = stretch.elapsed.saturating_add(passed);
        Seconds(total as f64 / self.ticks_per_quarter as f64 / MICROS_PER_SECOND)
    }

    /// The tick nearest to `seconds`; zero for times before the beginning.
    pub fn ticks_at(&self, seconds: Seconds) -> Ticks {
        let wanted = (seconds.0 * MICROS_PER_SECOND * self.ticks_per_quarter as f64).max(0.0);
        let index = self.stretches.partition_point(|stretch| stretch.elapsed as f64 <= wanted);
        let stretch = self.stretches[index.saturating_sub(1)];
        let passed = (wanted - stretch.elapsed as f64) / f64::from(stretch.micros_per_quarter);
        Ticks(stretch.start.saturating_add(passed.max(0.0).round() as u64))
    }

    /// The tempo that holds at `ticks`, with the tick it began at.
    pub fn tempo_at(&self, ticks: Ticks) -> Tempo {
        let index = self.stretches.partition_point(|stretch| stretch.start <= ticks.0);
        let stretch = self.stretches[index.saturating_sub(1)];
        Tempo { at: Ticks(stretch.start), micros_per_quarter: stretch.micros_per_quarter }
    }
}

impl Score {
    /// The tempo map, for many conversions in a row.
    pub fn tempo_map(&self) -> TempoMap {
        TempoMap::new(self.resolution, &self.tempos)
    }

    /// When `ticks` sounds. For more than a few ticks make a [`Score::tempo_map`] once.
    pub fn seconds_at(&self, ticks: Ticks) -> Seconds {
        self.tempo_map().seconds_at(ticks)
    }

    /// The tick nearest to `seconds`. For more than a few make a [`Score::tempo_map`] once.
    pub fn ticks_at(&self, seconds: Seconds) -> Ticks {
        self.tempo_map().ticks_at(seconds)
    }

    /// The tempo that holds at `ticks`, in quarters a minute. For more than a few ticks make a
    /// [`Score::tempo_map`] once.
    pub fn quarters_per_minute_at(&self, ticks: Ticks) -> f64 {
        self.tempo_map().tempo_at(ticks).quarters_per_minute()
    }

    /// How long the piece sounds: the time of [`Score::end`].
    pub fn duration(&self) -> Seconds {
        self.seconds_at(self.end())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn map(tempos: &[(u64, u32)]) -> TempoMap {
        let tempos: Vec<Tempo> =
            tempos.iter().map(|&(at, micros_per_quarter)| Tempo { at: Ticks(at), micros_per_quarter }).collect();
        TempoMap::new(Resolution::new(100).unwrap(), &tempos)
    }

    #[test]
    fn without_tempos_a_quarter_is_half_a_second() {
        assert_eq!(map(&[]).seconds_at(Ticks(250)), Seconds(1.25));
    }

    #[test]
    fn changes_add_up_and_invert() {
        let map = map(&[(100, 1_000_000), (300, 250_000)]);
        assert_eq!(map.seconds_at(Ticks(100)), Seconds(0.5));
        assert_eq!(map.seconds_at(Ticks(300)), Seconds(2.5));
        assert_eq!(map.seconds_at(Ticks(500)), Seconds(3.0));
        for tick in [0, 1, 99, 100, 101, 299, 300, 777, 1_000_000] {
            assert_eq!(map.ticks_at(map.seconds_at(Ticks(tick))), Ticks(tick));
        }
        assert_eq!(map.ticks_at(Seconds(-1.0)), Ticks(0));
        assert_eq!(map.tempo_at(Ticks(299)).micros_per_quarter, 1_000_000);
    }

    #[test]
    fn unsorted_and_repeated_tempos_are_read() {
        let map = map(&[(100, 1), (0, 7), (0, 1_000_000), (100, 500_000)]);
        assert_eq!(map.seconds_at(Ticks(200)), Seconds(1.5));
    }

    #[test]
    fn extreme_ticks_do_not_overflow() {
        let map = map(&[(u64::MAX - 1, Tempo::MAX_MICROS)]);
        assert!(map.seconds_at(Ticks(u64::MAX)).0.is_finite());
        assert!(map.ticks_at(Seconds(f64::MAX)).0 > 0);
    }

    #[test]
    fn quarters_a_minute_round_to_microseconds() {
        assert_eq!(Tempo::from_quarters_per_minute(Ticks(0), 120.0).micros_per_quarter, 500_000);
        assert_eq!(Tempo::from_quarters_per_minute(Ticks(0), 0.0).micros_per_quarter, Tempo::MAX_MICROS);
        let back = Tempo::from_quarters_per_minute(Ticks(0), 137.0).quarters_per_minute();
        assert!((back - 137.0).abs() < 1e-3);
    }
}
