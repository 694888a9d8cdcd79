//! Dropout whose mask is a pure function of a seed and a place, so that a resumed run draws what
//! the uninterrupted one would have drawn.

use burn::tensor::{Tensor, TensorData};

/// How much is dropped, and which mask is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    /// Probability that a value is set to zero, at least 0 and below 1; the others grow by
    /// `1 / (1 - probability)`.
    pub probability: f32,
    /// Names the mask.
    pub seed: u64,
}

impl Dropout {
    /// Nothing is dropped.
    pub const NONE: Self = Self { probability: 0.0, seed: 0 };

    /// Whether every value stays.
    pub fn is_none(&self) -> bool {
        self.probability <= 0.0
    }
}

/// The seed of one place in a network: `layer` and `place` tell apart what shares a step's `seed`.
pub fn site(seed: u64, layer: usize, place: u64) -> u64 {
    let mut state =
        seed ^ (layer as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ place.wrapping_mul(0xD1B5_4A32_D192_ED03);
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

/// Sets values to zero as `dropout` says; the mask's index is the row-major place in `x`.
pub fn dropout<const D: usize>(x: Tensor<D>, dropout: Dropout) -> Tensor<D> {
    if dropout.is_none() {
        return x;
    }
    let shape = x.dims();
    let mask = leitmotif_kernels::dropout::mask(dropout.seed, shape.iter().product(), dropout.probability);
    let mask = Tensor::from_data(TensorData::new(mask, shape), &x.device());
    x * mask
}
