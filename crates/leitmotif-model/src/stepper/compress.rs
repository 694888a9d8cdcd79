//! Evicted states into compressed ones, as in training (Rae et al. 2020, section 3.2).

use super::dense::Dense;
use crate::{Compression, ModelConfig, ModelError, Weights};

/// One layer's compression function.
#[derive(Debug)]
pub(super) struct Compressor {
    function: Compression,
    ratio: usize,
    dilation: usize,
    d: usize,
    kernel: Option<Dense>,
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

    /// Compresses real states `[states, d]`, oldest first, into `[ceil(states / ratio), d]`; `usage` is the attention each received.
    pub(super) fn apply(&self, states: &[f32], usage: &[f32]) -> Vec<f32> {
        let (d, ratio) = (self.d, self.ratio);
        let count = states.len() / d;
        let groups = count.div_ceil(ratio);
        if self.function == Compression::MostUsed {
            let mut places: Vec<usize> = (0..count).collect();
            places.sort_by(|&a, &b| usage[b].total_cmp(&usage[a]).then(b.cmp(&a)));
            places.truncate(groups);
            places.sort_unstable();
            return places.iter().flat_map(|&place| &states[place * d..(place + 1) * d]).copied().collect();
        }
        // Groups are counted from the newest state; places before the oldest are empty.
        let missing = groups * ratio - count;
        let state = |place: isize| {
            let row = usize::try_from(place - missing as isize).ok()?;
            Some(&states[row * d..(row + 1) * d])
        };
        let members = |group: usize| (0..ratio).filter_map(move |tap| state((group * ratio + tap) as isize));
        let mut compressed = vec![0.0; groups * d];
        for (group, result) in compressed.chunks_exact_mut(d).enumerate() {
            match (&self.kernel, self.function) {
                (Some(kernel), function) => {
                    let tap = |tap: usize| match function {
                        Compression::DilatedConv => {
                            ((group + 1) * ratio - 1) as isize - (self.dilation * (ratio - 1 - tap)) as isize
                        }
                        _ => (group * ratio + tap) as isize,
                    };
                    let mut row = vec![0.0; ratio * d];
                    for (index, row) in row.chunks_exact_mut(d).enumerate() {
                        if let Some(state) = state(tap(index)) {
                            row.copy_from_slice(state);
                        }
                    }
                    kernel.apply(&row, result);
                }
                (None, Compression::Max) => {
                    result.fill(f32::NEG_INFINITY);
                    for member in members(group) {
                        result.iter_mut().zip(member).for_each(|(most, &value)| *most = most.max(value));
                    }
                }
                (None, _) => {
                    let count = members(group).count() as f32;
                    for member in members(group) {
                        result.iter_mut().zip(member).for_each(|(sum, &value)| *sum += value);
                    }
                    result.iter_mut().for_each(|sum| *sum /= count);
                }
            }
        }
        compressed
    }
}
