//! The part of a latent that says which values the events of a group of bars have, in no order.
//!
//! Slots ([`crate::slots`]) say what stands where, and are asked by the event before, so that an
//! error carries on. A bag says only what there is: which positions a bar's notes begin at, which
//! instruments play, which pitches sound. Field `f`, but the first, has a bag of `latent_bag`
//! dimensions. The encoder writes to its mean, and the field decoder reads
//!
//! ```text
//! b_f = BAG_SCALE * sum_e E[f, v_ef] W_f        x_f += b_f R_f
//! ```
//!
//! over the events `e` of the group that have the field, but the one that opens it. `R_f` begins as
//! a multiple of the transpose of `W_f`, so that with tied tables every value in the bag is made
//! more likely from the first step, as a copy feature makes one.

use crate::blocks::fan_in;
use crate::init::Init;
use crate::ops::embed;
use crate::slot_latent::Members;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use leitmotif_events::SegmentBars;
use leitmotif_model::{BAG_SCALE, ModelDescription};

/// What writes to the bags, and what reads from them.
#[derive(Module, Debug)]
pub(crate) struct BagLatent {
    /// Of each field but the first, `[d, latent_bag]`.
    writers: Vec<Param<Tensor<2>>>,
    /// Of each field but the first, `[latent_bag, d]`.
    readers: Vec<Param<Tensor<2>>>,
}

/// How loud what is read begins.
const GAIN: f32 = 0.5;

impl BagLatent {
    pub(crate) fn new(description: &ModelDescription, init: &mut Init) -> Self {
        let (d, width) = (description.model.d_model, description.model.latent_bag);
        let fields = 1..description.sizes.len();
        let written: Vec<Vec<f32>> = fields.map(|_| init.normal_values(d * width, fan_in(width))).collect();
        let transposed = |values: &Vec<f32>| {
            (0..width * d).map(|index| GAIN * values[index % d * width + index / d]).collect::<Vec<f32>>()
        };
        let readers = written.iter().map(|values| init.given([width, d], transposed(values))).collect();
        Self { writers: written.into_iter().map(|values| init.given([d, width], values)).collect(), readers }
    }

    /// Dimensions of all bags together.
    pub(crate) fn dimensions(&self) -> usize {
        self.readers.iter().map(|reader| reader.dims()[0]).sum()
    }

    /// What the events of groups put into the bags, `[groups, dimensions]`; `table` is the
    /// embeddings, `[values, d]`.
    pub(crate) fn write(&self, table: Tensor<2>, bars: &SegmentBars, sizes: &[usize]) -> Tensor<2> {
        let (k, members) = (sizes.len(), Members::new(&bars.offsets));
        let bags = self.writers.iter().enumerate().map(|(index, writer)| {
            let (field, offset) = (index + 1, sizes[..=index].iter().sum());
            let values = table.clone().narrow(0, offset, sizes[field]).matmul(writer.val());
            let value = |&event: &i32| match usize::try_from(event) {
                Ok(event) if !members.opens(event) && bars.events[event * k + field] != 0 => {
                    i32::from(bars.events[event * k + field])
                }
                _ => -1,
            };
            let held: Vec<i32> = members.events.iter().map(value).collect();
            embed(values, &held, members.longest, BAG_SCALE)
        });
        Tensor::cat(bags.collect(), 1)
    }

    /// What field number `field` (from 1) reads from the `bags` `[n, dimensions]`, `[n, d]`.
    pub(crate) fn read(&self, field: usize, bags: Tensor<2>) -> Tensor<2> {
        let reader = self.readers[field - 1].val();
        let width = reader.dims()[0];
        bags.narrow(1, (field - 1) * width, width).matmul(reader)
    }
}
