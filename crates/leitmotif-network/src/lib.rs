//! The trainable networks on Burn: forward, memory, compression losses, gradients. Nothing here
//! depends on MIDI.
//!
//! [`Network`] is the one way in: [`Network::step`] for training, [`leitmotif_model::Scorer`] for
//! evaluation. [`ops`] holds the few large operations that carry the work.

#![forbid(unsafe_code)]

mod backend;
mod carry;
mod compress;
mod decoder;
mod device;
mod input_dropout;
mod latent;
mod losses;
mod lstm;
mod network;
pub mod ops;
mod parameters;
mod prior;

pub use carry::Carry;
pub use device::device;
pub use latent::{LatentObjective, LatentStep};
pub use network::{Network, StepOutput};
pub use parameters::Parameters;
pub use prior::{PriorNetwork, Stretch};
