//! Learnt compression: a convolution over evicted states with as many taps as its stride (Rae et
//! al. 2020, section 3.2).
//!
//! States are grouped by `ratio`, counted from the newest; each group becomes one state. Taps end
//! at the group's newest state and lie `dilation` states apart. What is not real counts as zero.
//! Evicted states are constant: there are gradients of kernel and bias only.

use crate::gemm::{Packed, Start, outer};
use crate::isa::Isa;
use crate::parts::{self, Parts};
use crate::pool::{self, Buf};
use crate::rows::{add_columns, copy};
use rayon::prelude::*;

/// What is convolved.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// `[batch, slots, d]`
    pub states: &'a [f32],
    /// How many of each sequence's last states are real.
    pub filled: &'a [usize],
    /// Slots of a sequence.
    pub slots: usize,
    /// Width.
    pub d: usize,
    /// States of a group.
    pub ratio: usize,
    /// States from one tap to the next.
    pub dilation: usize,
}

/// Gradients of the parameters.
#[derive(Debug)]
pub struct Gradients {
    /// `[ratio d, d]`
    pub kernel: Vec<f32>,
    /// `[d]`
    pub bias: Vec<f32>,
}

/// Groups of a task.
const ROWS: usize = 64;

impl Input<'_> {
    /// Groups of a sequence.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.slots.div_ceil(self.ratio)
    }

    /// Groups of all sequences.
    fn rows(&self) -> usize {
        assert!(self.d > 0 && self.ratio > 0 && self.dilation > 0, "width, ratio and dilation are positive");
        assert_eq!(self.states.len(), self.filled.len() * self.slots * self.d, "states are [batch, slots, d]");
        assert!(self.filled.iter().all(|&filled| filled <= self.slots), "filled counts fit the slots");
        self.filled.len() * self.groups()
    }

    /// The taps of groups from number `first` on, side by side: `[_, ratio d]`.
    fn gather(&self, first: usize, to: &mut [f32]) {
        let Self { slots, d, ratio, dilation, .. } = *self;
        let groups = self.groups();
        for (i, to) in to.chunks_exact_mut(ratio * d).enumerate() {
            let (b, group) = ((first + i) / groups, (first + i) % groups);
            // States newer than a group's newest, and than each of its taps.
            let newer = (groups - 1 - group) * ratio;
            for (tap, to) in to.chunks_exact_mut(d).enumerate() {
                let newer = newer + dilation * (ratio - 1 - tap);
                if newer < self.filled[b] {
                    copy(&self.states[((b + 1) * slots - 1 - newer) * d..][..d], to);
                } else {
                    to.fill(0.0);
                }
            }
        }
    }
}

/// The compressed states `[batch, groups, d]`, for `kernel[ratio d, d]` (taps from the oldest to
/// the newest) and `bias[d]`.
///
/// # Panics
/// If the sizes do not fit.
#[must_use]
pub fn forward(input: &Input<'_>, kernel: &[f32], bias: &[f32]) -> Vec<f32> {
    let (rows, d, k) = (input.rows(), input.d, input.ratio * input.d);
    assert_eq!([kernel.len(), bias.len()], [k * d, d], "kernel is [ratio d, d], bias is [d]");
    let packed = Packed::new(kernel, k, d);
    let mut y = vec![0.0; rows * d];
    y.par_chunks_mut(ROWS * d).enumerate().for_each(|(block, y)| {
        let n = y.len() / d;
        let mut taps = pool::take(n * k);
        input.gather(block * ROWS, &mut taps);
        packed.product(n, &taps, k, y, d, Start::Bias(bias));
    });
    y
}

/// Gradients from `dy[batch, groups, d]`.
///
/// # Panics
/// If the sizes do not fit.
#[must_use]
pub fn backward(input: &Input<'_>, dy: &[f32]) -> Gradients {
    let isa = Isa::current();
    let (rows, d, k) = (input.rows(), input.d, input.ratio * input.d);
    assert_eq!(dy.len(), rows * d, "dy is [batch, groups, d]");
    let sums: Vec<Buf> = Parts::of(rows, ROWS, k * d)
        .ranges()
        .map(|range| {
            let mut sums = pool::take_zeroed(d + k * d);
            let (bias, kernel) = sums.split_at_mut(d);
            let mut taps = pool::take(ROWS * k);
            for first in range.clone().step_by(ROWS) {
                let n = ROWS.min(range.end - first);
                let dy = &dy[first * d..(first + n) * d];
                input.gather(first, &mut taps[..n * k]);
                outer(isa, [k, d, n], (&taps, k), (dy, d), (kernel, d), true);
                add_columns(isa, dy, d, bias);
            }
            sums
        })
        .collect();
    Gradients { kernel: parts::add_up(&sums, d, k * d), bias: parts::add_up(&sums, 0, d) }
}
