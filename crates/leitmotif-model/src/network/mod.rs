//! The network, written once: what its blocks are made of and how states go through them, over the
//! few operations of [`Ops`] that a back end has.
//!
//! One back end writes music ([`crate::NetworkModel`]); the one that learns is
//! `leitmotif-network`'s.

mod bag_latent;
mod compress;
mod decoder;
mod fields;
mod latent;
mod lstm;
mod ops;
mod parameters;
mod prior;
mod slot_latent;
mod sublayers;

pub use compress::{Compressor, Evicted};
pub use decoder::{Attend, Decoder, Layer};
pub use fields::{Fields, Known};
pub use latent::{Groups, Latent, LatentReader};
pub use lstm::{Lstm, LstmLayer};
pub use ops::{Dropout, Ops};
pub use parameters::{Draws, Parameter, ParameterBuilder, Use, Weight, site};
pub use prior::{PRIOR_FEATURES, PriorBlocks, PriorShape};
pub use slot_latent::SLOT_LEAST;
pub use sublayers::{Attention, FeedForward, Gate, GroupAttention, Norm, RelativePositions};

use crate::{ModelDescription, ModelError, ModelKind};

/// The blocks of a network.
#[derive(Debug, Clone)]
pub struct Blocks {
    /// What goes from event to event.
    pub backbone: Backbone,
    /// Events into states and back.
    pub fields: Fields,
    /// The latents, if it has any.
    pub latent: Option<Latent>,
}

/// What goes from event to event.
#[derive(Debug, Clone)]
pub enum Backbone {
    /// A compressive transformer.
    Decoder(Decoder),
    /// The recurrent baseline.
    Lstm(Lstm),
}

impl Blocks {
    /// The blocks of a model, with all their parameters declared.
    ///
    /// # Errors
    /// [`ModelError::Config`] if the description is invalid, or of a Markov model.
    pub fn new(description: &ModelDescription, p: &mut ParameterBuilder<'_>) -> Result<Self, ModelError> {
        description.validate()?;
        let config = &description.model;
        let backbone = match config.kind {
            ModelKind::Transformer => Backbone::Decoder(p.within("decoder", |p| Decoder::new(config, p))),
            ModelKind::Lstm => Backbone::Lstm(p.within("lstm", |p| Lstm::new(config, p))),
            ModelKind::Markov => {
                return Err(ModelError::Config("a Markov model is counted; it is no network".into()));
            }
        };
        let fields = p.within("fields", |p| Fields::new(description, p));
        let latent = p.within("latent", |p| Latent::new(description, p));
        Ok(Self { backbone, fields, latent })
    }
}
