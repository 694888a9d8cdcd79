//! Latents as music is written: from a bar's events to its latent, from a latent to what each layer
//! is conditioned on.

use crate::eager::{Eager, Rows};
use crate::network::{Blocks, Groups, Latent};
use crate::{AttributeCuts, Condition, ModelDescription, Posterior, Prior};
use std::sync::Arc;

/// The latents of a model.
#[derive(Debug)]
pub struct LatentSpace {
    d: usize,
    d_model: usize,
    bars: usize,
    attributes: Vec<AttributeCuts>,
    eager: Arc<Eager>,
    blocks: Arc<Blocks>,
    prior: Option<Prior>,
}

impl LatentSpace {
    /// The latents of a model, if it has any.
    pub(crate) fn new(description: &ModelDescription, eager: &Arc<Eager>, blocks: &Arc<Blocks>) -> Option<Self> {
        blocks.latent.as_ref()?;
        let config = &description.model;
        Some(Self {
            d: config.d_latent,
            d_model: config.d_model,
            bars: config.bars_per_latent(),
            attributes: description.attributes.clone(),
            eager: eager.clone(),
            blocks: blocks.clone(),
            prior: None,
        })
    }

    pub(crate) fn set_prior(&mut self, prior: Option<Prior>) {
        self.prior = prior;
    }

    fn latent(&self) -> &Latent {
        self.blocks.latent.as_ref().expect("a model with latents has their blocks")
    }

    /// Whether fields read from latents themselves.
    pub(crate) fn is_read(&self) -> bool {
        self.latent().is_read()
    }

    /// Dimensions of a latent.
    pub fn dimensions(&self) -> usize {
        self.d
    }

    /// Consecutive bars that share a latent.
    pub fn bars_per_latent(&self) -> usize {
        self.bars
    }

    /// The attributes that a bar's classes are of, in their order.
    pub fn attributes(&self) -> &[AttributeCuts] {
        &self.attributes
    }

    /// The prior over a piece's next latent given those before, if the model has one.
    pub fn prior(&self) -> Option<&Prior> {
        self.prior.as_ref()
    }

    /// What a prior reads of a piece's header: the sum of its events' embeddings, `[d_model]`.
    pub fn header(&self, events: &[u16]) -> Vec<f32> {
        let mut sum = vec![0.0; self.d_model];
        self.blocks
            .fields
            .embed(&*self.eager, events)
            .rows()
            .for_each(|event| sum.iter_mut().zip(event).for_each(|(sum, value)| *sum += value));
        sum
    }

    /// Writes to `residual` what each layer is conditioned on, `[layers, d_model]`.
    ///
    /// # Panics
    /// If the condition has another width or unknown classes.
    pub(crate) fn condition(&self, condition: Condition<'_>, residual: &mut [f32]) {
        assert_eq!(condition.latent.len(), self.d, "a latent has the model's dimensions");
        assert_eq!(condition.classes.len(), self.attributes.len(), "a condition has a class of each attribute");
        let latent = Rows::of(condition.latent, self.d);
        let layers = self.latent().conditions(&*self.eager, latent, condition.classes);
        residual.chunks_exact_mut(self.d_model).zip(layers).for_each(|(to, layer)| to.copy_from_slice(&layer));
    }

    /// The posterior of a group of bars from its `events` `[n, fields]` and the number of each
    /// event's bar within the group, `places` `[n]`. Its first event opens its first bar.
    ///
    /// # Panics
    /// If there are no events, or their number is not that of the places.
    pub fn encode(&self, events: &[u16], places: &[i32]) -> Posterior {
        self.encode_groups(&Groups { events, places, offsets: &[0, places.len()] }).remove(0)
    }

    /// [`Self::encode`] of several groups at once.
    ///
    /// # Panics
    /// If a group has no events, or the sizes do not fit.
    pub fn encode_groups(&self, groups: &Groups<'_>) -> Vec<Posterior> {
        let (n, k) = (groups.places.len(), self.blocks.fields.sizes.len());
        assert_eq!(groups.events.len(), n * k, "events are [n, fields], places [n]");
        let ends = (groups.offsets.first(), groups.offsets.last());
        assert_eq!(ends, (Some(&0), Some(&n)), "offsets lead from 0 to the number of events");
        assert!(groups.offsets.is_sorted_by(|a, b| a < b), "every group has an event");
        if n == 0 {
            return Vec::new();
        }
        let both = self.latent().encode(&*self.eager, &self.blocks.fields, groups, None);
        let posterior = |row: &[f32]| Posterior::new(row[..self.d].to_vec(), row[self.d..].to_vec());
        both.rows().map(posterior).collect()
    }
}
