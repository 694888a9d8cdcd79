//! Compression of evicted memory, and the losses that teach it (Rae et al. 2020, section 3.2 and
//! algorithm 1).
//!
//! States are compressed in groups of `ratio`, counted from the newest; where the last group is not
//! full, empty states stand before the oldest. Every loss here sees detached states and detached
//! attention weights, so its gradient reaches the compressor alone.

use crate::blocks::fan_in;
use crate::init::Init;
use crate::ops::{AttentionWeights, Taps, convolution, reconstruction_loss};
use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor, TensorData};
use leitmotif_model::{Compression, CompressionLoss, ModelConfig};

/// The parameters of one layer's compression function, where it has any.
#[derive(Module, Debug)]
pub(crate) struct Compressor {
    /// Taps side by side, `[ratio d, d]`.
    kernel: Option<Param<Tensor<2>>>,
    /// `[d]`.
    bias: Option<Param<Tensor<1>>>,
    /// Recovers a group from its compressed state, `[d, ratio d]` (auto-encoding only).
    decoder: Option<Param<Tensor<2>>>,
    /// `[ratio d]`.
    decoder_bias: Option<Param<Tensor<1>>>,
}

/// States on their way out of memory.
#[derive(Debug, Clone)]
pub(crate) struct Evicted {
    /// `[streams, states, d]`, oldest first; detached.
    pub(crate) states: Tensor<3>,
    /// How many of each stream's newest states are real.
    pub(crate) filled: Vec<usize>,
    /// The attention each state received, `[streams, states]` row by row; only most-used
    /// compression asks for it.
    pub(crate) usage: Option<Vec<f32>>,
}

impl Compressor {
    pub(crate) fn new(config: &ModelConfig, init: &mut Init) -> Self {
        let (d, ratio) = (config.d_model, config.ratio);
        let learnt = matches!(config.compression, Compression::Conv | Compression::DilatedConv);
        let decodes = learnt && config.compression_loss == CompressionLoss::AutoEncoding;
        Self {
            kernel: learnt.then(|| {
                let values = near_mean(d, ratio, init);
                init.given([ratio * d, d], values)
            }),
            bias: learnt.then(|| init.constant([d], 0.0)),
            decoder: decodes.then(|| init.normal([d, ratio * d], fan_in(d))),
            decoder_bias: decodes.then(|| init.constant([ratio * d], 0.0)),
        }
    }

    /// `[streams, states, d]` to `[streams, ceil(states / ratio), d]`.
    pub(crate) fn forward(&self, evicted: &Evicted, config: &ModelConfig) -> Tensor<3> {
        let Evicted { states, filled, .. } = evicted;
        let convolve = |dilation: usize, kernel: &Param<Tensor<2>>, bias: &Param<Tensor<1>>| {
            let taps = Taps { ratio: config.ratio, dilation };
            convolution(states.clone(), filled, taps, kernel.val(), bias.val())
        };
        match (config.compression, &self.kernel, &self.bias) {
            (Compression::Conv, Some(kernel), Some(bias)) => convolve(1, kernel, bias),
            (Compression::DilatedConv, Some(kernel), Some(bias)) => convolve(config.dilation(), kernel, bias),
            (Compression::Max, ..) => Grouped::new(evicted, config.ratio).max(),
            (Compression::MostUsed, ..) => most_used(evicted, config.ratio),
            _ => Grouped::new(evicted, config.ratio).mean(),
        }
    }

    /// The loss that teaches this compressor what `evicted` became; `None` where nothing can be
    /// learnt from it.
    ///
    /// `queries` `[streams, segment, d]` are the layer's inputs of this segment; `attention` is the
    /// layer's, both detached here.
    pub(crate) fn loss(
        &self,
        evicted: &Evicted,
        compressed: Tensor<3>,
        queries: Tensor<3>,
        attention: &AttentionWeights,
        config: &ModelConfig,
    ) -> Option<Tensor<1>> {
        self.kernel.as_ref()?;
        let real: usize = evicted.filled.iter().filter(|&&filled| filled > 0).count();
        if real == 0 {
            return None;
        }
        Some(match (&self.decoder, &self.decoder_bias) {
            (Some(decoder), Some(bias)) => {
                auto_encoding_loss(evicted, compressed, decoder.val(), bias.val(), config.ratio)
            }
            _ => {
                let filled: Vec<_> = evicted.filled.iter().map(|&f| (f, f.div_ceil(config.ratio))).collect();
                reconstruction_loss(queries, evicted.states.clone(), compressed, &filled, attention, config.heads)
            }
        })
    }
}

/// The mean of a group, plus a little noise: a compressed memory that is of use from the first
/// step.
fn near_mean(d: usize, ratio: usize, init: &mut Init) -> Vec<f32> {
    let mut values = init.normal_values(ratio * d * d, 0.1 * fan_in(ratio * d));
    for tap in 0..ratio {
        for i in 0..d {
            values[(tap * d + i) * d + i] += 1.0 / ratio as f32;
        }
    }
    values
}

/// Evicted states in whole groups, what is not real set to zero.
struct Grouped {
    states: Tensor<3>,
    /// 1 where a state is real, `[streams, groups * ratio, 1]`.
    real: Tensor<3>,
    ratio: usize,
}

impl Grouped {
    fn new(evicted: &Evicted, ratio: usize) -> Self {
        let [streams, states, d] = evicted.states.dims();
        let device = evicted.states.device();
        let padding = (ratio - states % ratio) % ratio;
        let length = states + padding;
        let real = real_rows(&evicted.filled, length);
        let real: Tensor<3> = Tensor::from_data(TensorData::new(real, [streams, length, 1]), &device);
        let states = match padding {
            0 => evicted.states.clone(),
            _ => Tensor::cat(vec![Tensor::zeros([streams, padding, d], &device), evicted.states.clone()], 1),
        };
        Self { states: states * real.clone(), real, ratio }
    }

    fn mean(self) -> Tensor<3> {
        let [streams, length, d] = self.states.dims();
        let (groups, ratio) = (length / self.ratio, self.ratio);
        let counts = self.real.reshape([streams, groups, ratio]).sum_dim(2).clamp_min(1.0);
        let sums = self.states.reshape([streams, groups, ratio, d]).sum_dim(2).reshape([streams, groups, d]);
        sums / counts
    }

    fn max(self) -> Tensor<3> {
        /// Below any hidden state.
        const LOWEST: f32 = -1e9;
        let [streams, length, d] = self.states.dims();
        let (groups, ratio) = (length / self.ratio, self.ratio);
        let lifted = self.states + (self.real.clone() - 1.0) * -LOWEST;
        let highest = lifted.reshape([streams, groups, ratio, d]).max_dim(2).reshape([streams, groups, d]);
        highest * self.real.reshape([streams, groups, ratio]).max_dim(2)
    }
}

/// 1 for each stream's `filled` newest of `length` places, else 0.
fn real_rows(filled: &[usize], length: usize) -> Vec<f32> {
    let row = |&filled: &usize| (0..length).map(move |place| if place + filled >= length { 1.0 } else { 0.0 });
    filled.iter().flat_map(row).collect()
}

/// Keeps of each stream the `ceil(filled / ratio)` real states that received most attention, in
/// their order, at the right end.
fn most_used(evicted: &Evicted, ratio: usize) -> Tensor<3> {
    let [streams, states, _] = evicted.states.dims();
    let groups = states.div_ceil(ratio);
    let usage = evicted.usage.clone().unwrap_or_else(|| vec![0.0; streams * states]);
    let stream = |stream: usize| {
        let row = &usage[stream * states..(stream + 1) * states];
        let filled = evicted.filled[stream];
        let mut places: Vec<usize> = (states - filled..states).collect();
        places.sort_by(|&a, &b| row[b].total_cmp(&row[a]).then(b.cmp(&a)));
        places.truncate(filled.div_ceil(ratio));
        places.sort_unstable();
        let unfilled = std::iter::repeat_n(0, groups - places.len());
        let kept: Vec<i32> = unfilled.chain(places).map(|place| place as i32).collect();
        let kept: Tensor<1, Int> = Tensor::from_data(TensorData::new(kept, [groups]), &evicted.states.device());
        evicted.states.clone().narrow(0, stream, 1).select(1, kept)
    };
    Tensor::cat((0..streams).map(stream).collect(), 0)
}

/// Mean squared difference between the evicted states and what a linear decoder makes of the
/// compressed ones.
fn auto_encoding_loss(
    evicted: &Evicted,
    compressed: Tensor<3>,
    decoder: Tensor<2>,
    bias: Tensor<1>,
    ratio: usize,
) -> Tensor<1> {
    let grouped = Grouped::new(evicted, ratio);
    let [streams, length, d] = grouped.states.dims();
    let decoded = (compressed.matmul(decoder.unsqueeze()) + bias.unsqueeze()).reshape([streams, length, d]);
    let real = grouped.real;
    let counted = evicted.filled.iter().sum::<usize>() * d;
    let difference = (decoded - grouped.states) * real;
    (difference.clone() * difference).sum() / counted as f32
}
