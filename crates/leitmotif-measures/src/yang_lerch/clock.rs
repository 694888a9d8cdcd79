//! Ticks as seconds, with the rounding of the reference's reader.

use leitmotif_score::{Score, Tempo, Ticks};

const SECONDS_PER_MINUTE: f64 = 60.0;
const MICROS_PER_MINUTE: f64 = 6e7;

/// When ticks sound.
///
/// The reference cuts time into frames by rounding down, and beats of common tempos lie exactly on
/// the edge of a frame, so the last bit of a time matters. Hence seconds are computed here as
/// `pretty_midi` does (a start and so many ticks of one length), and not exactly as
/// [`leitmotif_score::TempoMap`] does.
pub(super) struct Clock {
    /// First tick, its time, and the length of a tick, of each stretch of one tempo.
    stretches: Vec<(u64, f64, f64)>,
}

impl Clock {
    pub(super) fn new(score: &Score) -> Self {
        let resolution = score.resolution.ticks_per_quarter() as f64;
        let tick = |micros: u32| SECONDS_PER_MINUTE / (MICROS_PER_MINUTE / f64::from(micros.max(1)) * resolution);
        let mut tempos: Vec<Tempo> = score.tempos.clone();
        tempos.sort_by_key(|tempo| tempo.at);
        let mut stretches = vec![(0, 0.0, tick(Tempo::DEFAULT_MICROS))];
        for tempo in tempos {
            let (start, time, length) = stretches[stretches.len() - 1];
            let next = tick(tempo.micros_per_quarter);
            if tempo.at.0 == 0 {
                stretches = vec![(0, 0.0, next)];
            } else if next != length {
                stretches.push((tempo.at.0, time + length * (tempo.at.0 - start) as f64, next));
            }
        }
        Self { stretches }
    }

    /// The time of `ticks` in seconds.
    pub(super) fn seconds(&self, ticks: Ticks) -> f64 {
        let index = self.stretches.partition_point(|&(start, ..)| start <= ticks.0);
        let (start, time, length) = self.stretches[index.saturating_sub(1)];
        time + length * (ticks.0 - start) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_tempo_map_to_rounding() {
        let tempo = |at, micros_per_quarter| Tempo { at: Ticks(at), micros_per_quarter };
        let score = Score {
            tempos: vec![tempo(960, 400_000), tempo(0, 600_000), tempo(480, 600_000), tempo(960, 123_457)],
            ..Score::default()
        };
        let (clock, map) = (Clock::new(&score), score.tempo_map());
        for ticks in [0, 1, 479, 480, 959, 960, 961, 50_000].map(Ticks) {
            assert!((clock.seconds(ticks) - map.seconds_at(ticks).0).abs() < 1e-9, "{ticks:?}");
        }
        assert_eq!(Clock::new(&Score::default()).seconds(Ticks(960)), 1.0);
    }
}
