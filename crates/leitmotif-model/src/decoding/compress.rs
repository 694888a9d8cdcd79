//! Evicted states into compressed ones, as in training (Rae et al. 2020, section 3.2).

use super::cache::room;
use super::dense::Dense;
use crate::{Compression, ModelConfig, ModelError, Weights};
use std::ops::Range;

/// One layer's compression function.
#[derive(Debug)]
pub(super) struct Compressor {
    function: Compression,
    ratio: usize,
    dilation: usize,
    d: usize,
    kernel: Option<Dense>,
}

/// Space for compression, reused.
#[derive(Debug, Default)]
pub(super) struct CompressScratch {
    /// The states that a kernel sees, `[groups, ratio * d]`.
    taps: Vec<f32>,
    /// The states that are kept, where they are kept as they are.
    places: Vec<usize>,
}

impl Compressor {
    pub(super) fn load(weights: &Weights, config: &ModelConfig, index: usize) -> Result<Self, ModelError> {
        let (d, ratio) = (config.d_model, config.ratio);
        let learnt = matches!(config.compression, Compression::Conv | Compression::DilatedConv);
        let name = |part: &str| format!("decoder.compressors.{index}.{part}");
        let kernel = || Dense::load(weights, &name("kernel"), Some(&name("bias")), [ratio * d, d]);
        let kernel = learnt.then(kernel).transpose()?;
        Ok(Self { function: config.compression, ratio, dilation: config.dilation(), d, kernel })
    }

    /// Begins to compress real states `[states, d]`, oldest first; `usage` is the attention each
    /// received. Returns how many compressed states they make: `ceil(states / ratio)`.
    pub(super) fn begin(&self, states: &[f32], usage: &[f32], scratch: &mut CompressScratch) -> usize {
        let count = states.len() / self.d;
        let groups = count.div_ceil(self.ratio);
        if self.function == Compression::MostUsed {
            let places = &mut scratch.places;
            places.clear();
            places.extend(0..count);
            places.sort_unstable_by(|&a, &b| usage[b].total_cmp(&usage[a]).then(b.cmp(&a)));
            places.truncate(groups);
            places.sort_unstable();
        }
        groups
    }

    /// Writes compressed states number `groups`, the oldest first, to `compressed` `[groups, d]`.
    pub(super) fn apply(
        &self,
        states: &[f32],
        groups: Range<usize>,
        scratch: &mut CompressScratch,
        compressed: &mut [f32],
    ) {
        let rows = groups.clone().zip(compressed.chunks_exact_mut(self.d));
        match (&self.kernel, self.function) {
            (Some(kernel), _) => {
                let taps = room(&mut scratch.taps, groups.len() * self.ratio * self.d);
                for (group, taps) in groups.zip(taps.chunks_exact_mut(self.ratio * self.d)) {
                    self.gather(states, group, taps);
                }
                kernel.apply(taps, compressed);
            }
            (None, Compression::MostUsed) => rows.for_each(|(group, row)| {
                let place = scratch.places[group];
                row.copy_from_slice(&states[place * self.d..(place + 1) * self.d]);
            }),
            (None, Compression::Max) => rows.for_each(|(group, row)| {
                row.fill(f32::NEG_INFINITY);
                for member in self.members(states, group) {
                    row.iter_mut().zip(member).for_each(|(most, &value)| *most = most.max(value));
                }
            }),
            (None, _) => rows.for_each(|(group, row)| {
                row.fill(0.0);
                for member in self.members(states, group) {
                    row.iter_mut().zip(member).for_each(|(sum, &value)| *sum += value);
                }
                let count = self.members(states, group).count() as f32;
                row.iter_mut().for_each(|sum| *sum /= count);
            }),
        }
    }

    /// The state at a place. Groups are counted from the newest state; places before the oldest are
    /// empty.
    fn state<'a>(&self, states: &'a [f32], place: isize) -> Option<&'a [f32]> {
        let count = states.len() / self.d;
        let missing = count.div_ceil(self.ratio) * self.ratio - count;
        let row = usize::try_from(place - missing as isize).ok()?;
        Some(&states[row * self.d..(row + 1) * self.d])
    }

    fn members<'a>(&self, states: &'a [f32], group: usize) -> impl Iterator<Item = &'a [f32]> {
        (0..self.ratio).filter_map(move |tap| self.state(states, (group * self.ratio + tap) as isize))
    }

    /// Writes what a learnt kernel sees for one compressed state to `taps` `[ratio, d]`.
    fn gather(&self, states: &[f32], group: usize, taps: &mut [f32]) {
        for (tap, row) in taps.chunks_exact_mut(self.d).enumerate() {
            let place = match self.function {
                Compression::DilatedConv => {
                    ((group + 1) * self.ratio - 1) as isize - (self.dilation * (self.ratio - 1 - tap)) as isize
                }
                _ => (group * self.ratio + tap) as isize,
            };
            match self.state(states, place) {
                Some(state) => row.copy_from_slice(state),
                None => row.fill(0.0),
            }
        }
    }
}
