//! Fused CPU kernels of Leitmotif's networks, on plain slices of `f32`, row-major.
//!
//! Each operation carries much work, so that a training step is few calls: a pre-norm feed-forward
//! ([`feed_forward`]), relative attention over compressed memory, memory and segment
//! ([`attention`]), attention within groups of rows ([`group_attention`]), the output head with its
//! loss ([`head_loss`]), embedding ([`embed`]), the loss of learnt compression
//! ([`reconstruction`]), the LSTM baseline ([`lstm`]) and the optimiser's step ([`adamw`]), all
//! with handwritten gradients. They do not depend on any framework.
//!
//! - **Speed without build flags.** Inner loops are written once over `simd`'s vectors and compiled
//!   for AVX-512, AVX2 and the portable set; [`Isa`] chooses at run time.
//! - **Same bits for any number of threads.** Work is divided by shape alone, and sums are added in
//!   a fixed order.
//! - **Reused buffers.** Scratch and saved activations come from [`pool`] and return there.

pub mod adamw;
pub mod attention;
pub mod copy_features;
pub mod dropout;
pub mod embed;
pub mod feed_forward;
pub mod gemm;
pub mod group_attention;
pub mod head_loss;
mod isa;
pub mod layer_norm;
pub mod lstm;
mod parts;
pub mod pool;
pub mod reconstruction;
mod rows;
mod simd;
pub mod step;
#[cfg(test)]
mod testing;
mod transpose;

pub use dropout::Dropout;
pub use isa::{Isa, Products, Set, WIDEST};
pub use layer_norm::LayerNorm;
