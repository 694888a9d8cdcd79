//! The trainable networks on Burn: forward, memory, compression losses, gradients. Nothing here
//! knows of MIDI.
//!
//! [`Network`] is the one way in: [`Network::step`] for training, [`leitmotif_model::Scorer`] for
//! evaluation. [`ops`] holds the few large operations that carry the work.

mod bag_latent;
mod blocks;
mod carry;
mod compress;
mod decoder;
mod device;
mod fields;
mod init;
mod input_dropout;
mod latent;
mod lstm;
mod network;
pub mod ops;
mod prior;
mod slot_latent;
mod weights;

pub use carry::Carry;
pub use device::device;
pub use latent::{LatentObjective, LatentStep};
pub use network::{Network, Parameters, StepOutput};
pub use prior::{PriorNetwork, PriorParameters, Stretch};
