//! Compression of evicted memory (Rae et al. 2020, section 3.2).
//!
//! States are compressed in groups of `ratio`, counted from the newest; where the last group is not
//! full, empty states stand before the oldest.

use super::Ops;
use super::parameters::{Draws, ParameterBuilder, Weight, constant, fan_in, normal};
use crate::{Compression, CompressionLoss, ModelConfig};
use std::ops::Range;

/// One layer's compression function.
#[derive(Debug, Clone)]
pub struct Compressor {
    function: Compression,
    ratio: usize,
    dilation: usize,
    /// Taps side by side, `[ratio d, d]`, and a bias `[d]`, where it is learnt.
    pub kernel: Option<[Weight; 2]>,
    /// Recovers a group from its compressed state, `[d, ratio d]` and `[ratio d]` (auto-encoding
    /// only).
    pub decoder: Option<[Weight; 2]>,
}

/// States on their way out of the memories of some streams.
#[derive(Debug, Clone, Copy)]
pub struct Evicted<'a> {
    /// States of each stream, the oldest first.
    pub count: usize,
    /// How many of each stream's newest states are real.
    pub filled: &'a [usize],
    /// The attention that each state received, `[streams, count]`; only most-used compression needs
    /// it.
    pub usage: &'a [f32],
}

impl Compressor {
    pub(super) fn new(config: &ModelConfig, p: &mut ParameterBuilder<'_>) -> Self {
        let (d, ratio) = (config.d_model, config.ratio);
        let learnt = matches!(config.compression, Compression::Conv | Compression::DilatedConv);
        let decodes = learnt && config.compression_loss == CompressionLoss::AutoEncoding;
        let dilation = if config.compression == Compression::DilatedConv { config.dilation() } else { 1 };
        Self {
            function: config.compression,
            ratio,
            dilation,
            kernel: learnt.then(|| {
                let kernel = p.map("kernel", [ratio * d, d], |draws, _| near_mean(d, ratio, draws));
                [kernel, p.vector("bias", d, constant(0.0))]
            }),
            decoder: decodes.then(|| {
                let decoder = p.map("decoder", [d, ratio * d], normal(fan_in(d)));
                [decoder, p.vector("decoder_bias", ratio * d, constant(0.0))]
            }),
        }
    }

    /// How many states become one.
    pub fn ratio(&self) -> usize {
        self.ratio
    }

    /// Whether it depends on the attention that states received.
    pub fn counts_usage(&self) -> bool {
        self.function == Compression::MostUsed
    }

    /// How many compressed states so many states make.
    pub fn groups(&self, states: usize) -> usize {
        states.div_ceil(self.ratio)
    }

    /// Compressed states number `groups` of each stream, the oldest first, from `states`
    /// `[streams * count, d]`. `kept` is space that is used again.
    pub fn compress<O: Ops>(
        &self,
        ops: &O,
        states: &O::Rows,
        evicted: &Evicted<'_>,
        groups: Range<usize>,
        kept: &mut Vec<i32>,
    ) -> O::Rows {
        let shape = [evicted.filled.len() * groups.len(), self.ratio];
        if let Some([kernel, bias]) = self.kernel {
            let taps = ops.pick_beside(states, self.places(evicted, groups), shape);
            return ops.linear(&taps, kernel, Some(bias));
        }
        match self.function {
            Compression::MostUsed => {
                self.most_used(evicted, kept);
                let all = self.groups(evicted.count);
                let places =
                    (0..evicted.filled.len()).flat_map(|stream| groups.clone().map(move |at| stream * all + at));
                ops.pick(states, places.map(|at| kept[at]), [shape[0], 1])
            }
            Compression::Max => ops.pick_greatest(states, self.places(evicted, groups), shape),
            _ => {
                let members = |group: usize, filled: usize| {
                    (0..self.ratio).filter(|&tap| self.place(evicted.count, filled, group, tap).is_some()).count()
                };
                let shares = evicted
                    .filled
                    .iter()
                    .flat_map(|&filled| groups.clone().map(move |group| 1.0 / members(group, filled).max(1) as f32));
                ops.scale_rows(ops.pick(states, self.places(evicted, groups.clone()), shape), shares)
            }
        }
    }

    /// The place, among a stream's `count` states, of one of the `ratio` states that a group stands
    /// for; `None` if it is not one of the `filled` newest.
    fn place(&self, count: usize, filled: usize, group: usize, tap: usize) -> Option<usize> {
        let newest = count.checked_sub(1 + (self.groups(count) - 1 - group) * self.ratio)?;
        let place = newest.checked_sub(self.dilation * (self.ratio - 1 - tap))?;
        (place + filled >= count).then_some(place)
    }

    /// The rows of all streams' states that some groups of each stream stand for, -1 for none,
    /// `[streams, groups, ratio]`.
    fn places<'e>(&'e self, evicted: &'e Evicted<'_>, groups: Range<usize>) -> impl Iterator<Item = i32> + 'e {
        let Evicted { count, filled, .. } = *evicted;
        filled.iter().enumerate().flat_map(move |(stream, &filled)| {
            let taps = groups.clone().flat_map(|group| (0..self.ratio).map(move |tap| (group, tap)));
            taps.map(move |(group, tap)| {
                self.place(count, filled, group, tap).map_or(-1, |place| (stream * count + place) as i32)
            })
        })
    }

    /// The rows of the states that each stream keeps: those `ceil(filled / ratio)` real ones that
    /// received most attention, in their order, at the right end of its groups.
    fn most_used(&self, evicted: &Evicted<'_>, kept: &mut Vec<i32>) {
        let Evicted { count, filled, usage } = *evicted;
        kept.clear();
        for (stream, &filled) in filled.iter().enumerate() {
            let (first, row) = (kept.len(), |place: usize| (stream * count + place) as i32);
            let used = |at: &i32| usage.get(*at as usize).copied().unwrap_or(0.0);
            kept.extend((count - filled..count).map(row));
            kept[first..].sort_unstable_by(|a, b| used(b).total_cmp(&used(a)).then(b.cmp(a)));
            kept.truncate(first + self.groups(filled));
            kept[first..].sort_unstable();
            let empty = self.groups(count) - self.groups(filled);
            kept.resize(kept.len() + empty, -1);
            kept[first..].rotate_right(empty);
        }
    }
}

/// The mean of a group, plus a little noise: a compressed memory that is of use from the first
/// step.
fn near_mean(d: usize, ratio: usize, draws: &mut Draws) -> Vec<f32> {
    let mut values = draws.normal(ratio * d * d, 0.1 * fan_in(ratio * d));
    for tap in 0..ratio {
        for i in 0..d {
            values[(tap * d + i) * d + i] += 1.0 / ratio as f32;
        }
    }
    values
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Precision;
    use crate::eager::{Eager, Rows};

    const D: usize = 4;

    fn state(stream: usize, place: usize, column: usize) -> f32 {
        ((stream * 31 + place * 7 + column * 13) % 23) as f32 - 11.0
    }

    /// The mean of some states, or what else `function` makes of them.
    fn pooled(function: Compression, states: &[Vec<f32>], column: usize) -> f32 {
        let values = states.iter().map(|state| state[column]);
        match function {
            Compression::Max => values.fold(f32::NEG_INFINITY, f32::max),
            _ => values.sum::<f32>() / states.len() as f32,
        }
    }

    #[test]
    fn groups_are_counted_from_the_newest_state() {
        for (count, ratio, filled) in [(9, 4, [9, 4, 1]), (6, 6, [6, 3, 5]), (5, 1, [5, 2, 4]), (7, 3, [7, 6, 2])] {
            for compression in [Compression::Mean, Compression::Max, Compression::Conv, Compression::DilatedConv] {
                let config = ModelConfig { d_model: D, ratio, compression, ..ModelConfig::default() };
                let mut p = ParameterBuilder::fresh(3);
                let compressor = Compressor::new(&config, &mut p);
                let parameters = p.finish().unwrap();
                let kernel = parameters.first().map(|kernel| kernel.values.to_vec());
                let eager = Eager::new(parameters, Precision::Single);
                let states: Vec<f32> = (0..3 * count * D).map(|i| state(i / D / count, i / D % count, i % D)).collect();
                let evicted = Evicted { count, filled: &filled, usage: &[] };
                let groups = count.div_ceil(ratio);
                let made = compressor.compress(&eager, &Rows::of(&states, D), &evicted, 0..groups, &mut Vec::new());
                for (stream, &filled) in filled.iter().enumerate() {
                    let real = |place: isize| {
                        let place = usize::try_from(place).ok().filter(|place| place + filled >= count)?;
                        Some((0..D).map(|column| state(stream, place, column)).collect::<Vec<f32>>())
                    };
                    for group in 0..groups {
                        let newest = count as isize - 1 - ((groups - 1 - group) * ratio) as isize;
                        let found = made.row(stream * groups + group);
                        let members: Vec<_> = (0..ratio as isize).filter_map(|back| real(newest - back)).collect();
                        for (column, &found) in found.iter().enumerate() {
                            let expected = match &kernel {
                                Some(kernel) => (0..ratio)
                                    .map(|tap| {
                                        let apart = match compression {
                                            Compression::DilatedConv => config.dilation(),
                                            _ => 1,
                                        };
                                        let state = real(newest - (apart * (ratio - 1 - tap)) as isize);
                                        let state = state.unwrap_or(vec![0.0; D]);
                                        let weight = |i: usize| kernel[(tap * D + i) * D + column];
                                        (0..D).map(|i| state[i] * weight(i)).sum::<f32>()
                                    })
                                    .sum(),
                                None if members.is_empty() => 0.0,
                                None => pooled(compression, &members, column),
                            };
                            assert!((found - expected).abs() < 1e-4, "{compression:?}: {found}, not {expected}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_states_that_received_most_attention_are_kept_in_order() {
        let config = ModelConfig { d_model: 1, ratio: 3, compression: Compression::MostUsed, ..ModelConfig::default() };
        let mut p = ParameterBuilder::fresh(3);
        let compressor = Compressor::new(&config, &mut p);
        let eager = Eager::new(p.finish().unwrap(), Precision::Single);
        let usage = [0.1, 0.9, 0.2, 0.8, 0.3, 0.0, 0.5, 0.5, 9.0, 0.1, 0.2, 0.4, 0.3, 0.1];
        let states = Rows::of(&(0..14).map(|state| state as f32).collect::<Vec<_>>(), 1);
        let evicted = Evicted { count: 7, filled: &[7, 4], usage: &usage };
        let made = compressor.compress(&eager, &states, &evicted, 0..3, &mut Vec::new());
        assert_eq!(made[..], [1.0, 3.0, 6.0, 0.0, 11.0, 12.0]);
    }
}
