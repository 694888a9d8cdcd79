//! The part of a latent that encodes which values the events of a group of bars have, in no order.
//!
//! Slots ([`super::slot_latent`]) encode what stands where, and are addressed by the event before,
//! so that an error carries on. A bag encodes only what there is: which positions a bar's notes
//! begin at, which instruments play, which pitches sound. Field `f`, but the first, has a bag of
//! `latent_bag` dimensions. The encoder writes to its mean, and the field decoder reads
//!
//! ```text
//! b_f = BAG_SCALE * (sum_e E[f, v_ef]) W_f        x_f += b_f R_f
//! ```
//!
//! over the events `e` of the group that have the field, but the one that opens it. `R_f` begins as
//! a multiple of the transpose of `W_f`, so that with tied tables every value in the bag is made
//! more likely from the first step, as a copy feature makes one.

use super::Ops;
use super::fields::Fields;
use super::latent::Groups;
use super::parameters::{Draws, ParameterBuilder, Weight, fan_in};
use super::slot_latent::Members;
use crate::ModelDescription;

/// How much each event puts into a bag.
const BAG_SCALE: f32 = 0.5;
/// How large what is read begins.
const GAIN: f32 = 0.5;

/// What writes to the bags, and what reads from them.
#[derive(Debug, Clone)]
pub(super) struct BagLatent {
    /// Of each field but the first, `[d, latent_bag]`.
    writers: Vec<Weight>,
    /// Of each field but the first, `[latent_bag, d]`.
    readers: Vec<Weight>,
    width: usize,
}

impl BagLatent {
    pub(super) fn new(description: &ModelDescription, p: &mut ParameterBuilder<'_>) -> Self {
        let (d, width, bags) = (description.model.d_model, description.model.latent_bag, description.sizes.len() - 1);
        let mut fresh = Vec::with_capacity(bags);
        let writers = (0..bags).map(|bag| {
            p.map(format!("writers.{bag}"), [d, width], |draws: &mut Draws, n| {
                fresh.push(draws.normal(n, fan_in(width)));
                fresh[bag].clone()
            })
        });
        let writers = writers.collect();
        let transposed =
            |values: &[f32]| (0..width * d).map(|at| GAIN * values[at % d * width + at / d]).collect::<Vec<f32>>();
        let readers = (0..bags)
            .map(|bag| p.map(format!("readers.{bag}"), [width, d], |_: &mut Draws, _| transposed(&fresh[bag])));
        Self { writers, readers: readers.collect(), width }
    }

    /// What the events of groups put into the bags, `[groups, dimensions]`.
    pub(super) fn write<O: Ops>(&self, ops: &O, fields: &Fields, groups: &Groups<'_>) -> O::Rows {
        let (k, members) = (fields.sizes.len(), Members::new(groups.offsets));
        let bags = self.writers.iter().enumerate().map(|(bag, &writer)| {
            let field = bag + 1;
            let row = |&event: &i32| match usize::try_from(event) {
                Ok(event) if !members.opens(event) && groups.events[event * k + field] != 0 => {
                    (fields.offsets[field] + usize::from(groups.events[event * k + field])) as i32
                }
                _ => -1,
            };
            let shape = [members.events.len() / members.longest, members.longest];
            let held = ops.gather(fields.embedding, members.events.iter().map(row), shape);
            ops.linear(&ops.scale(held, BAG_SCALE), writer, None)
        });
        ops.beside(&bags.collect::<Vec<_>>())
    }

    /// What field number `field` (from 1) reads, `[n, d]`, from its bag in `latents` of `d`
    /// dimensions, of which those from number `first` on are the bags'.
    pub(super) fn read<O: Ops>(&self, ops: &O, field: usize, latents: &O::Rows, d: usize, first: usize) -> O::Rows {
        let bag = first + (field - 1) * self.width;
        ops.linear(&ops.columns(latents, d, bag..bag + self.width), self.readers[field - 1], None)
    }
}
