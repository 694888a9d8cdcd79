//! The few large operations that carry a training step.
//!
//! Each is a function on tensors with two bodies: its *definition*, composed of ordinary Burn
//! operations (what GPUs run, differentiated by Burn), and, on the CPU, a kernel of
//! `leitmotif-kernels` with a handwritten backward. A test holds both together in value and in
//! every gradient.

mod attention;
mod copy_features;
mod dropout;
mod embed;
mod feed_forward;
mod field_loss;
pub(crate) mod fused;
mod group_attention;
mod group_loss;
mod join;
mod linear;
mod lstm;
mod norm;
mod reconstruction;

pub use attention::{AttentionWeights, Spans, attention, attention_definition, attention_usage, sinusoids};
pub use copy_features::{copy_features, copy_features_definition};
pub use dropout::dropout;
pub use embed::{embed, embed_definition};
pub use feed_forward::{FeedForwardWeights, feed_forward, feed_forward_definition};
pub use field_loss::{FieldOutput, field_loss, field_loss_definition, field_nll};
pub use fused::{by_definition, in_pool};
pub use group_attention::{GroupAttentionWeights, group_attention, group_attention_definition};
pub use group_loss::{GroupOutput, group_loss, group_loss_definition, group_nll};
pub use join::{join, join_definition};
pub use leitmotif_model::network::Dropout;
pub use linear::{linear, linear_definition};
pub use lstm::{lstm, lstm_definition};
pub use norm::layer_norm;
pub use reconstruction::{reconstruction_loss, reconstruction_loss_definition};
