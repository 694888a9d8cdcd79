//! The part of a latent that says which values a group's events have, in no order: a bag for each
//! field but the first.

use super::dense::{Dense, add};
use super::fields::Fields;
use crate::{ModelDescription, ModelError, Weights};

/// How much each event puts into a bag.
pub const BAG_SCALE: f32 = 0.5;

/// What writes to the bags, and what reads from them.
#[derive(Debug)]
pub(super) struct BagLatent {
    width: usize,
    /// Of each field but the first, what each of its values puts in, `[values, width]`.
    written: Vec<Vec<f32>>,
    /// Of each field but the first, from `[width]` to `[d]`.
    readers: Vec<Dense>,
}

impl BagLatent {
    /// Loads the bags, if the model's latents have any.
    pub(super) fn load(
        weights: &Weights,
        description: &ModelDescription,
        fields: &Fields,
    ) -> Result<Option<Self>, ModelError> {
        let (d, width, sizes) = (description.model.d_model, description.model.latent_bag, &description.sizes);
        if width == 0 {
            return Ok(None);
        }
        let (table, offsets) = fields.table();
        let written = |field: usize| {
            let writer = Dense::load(weights, &format!("latent.bags.writers.{}", field - 1), None, [d, width])?;
            let mut written = vec![0.0; sizes[field] * width];
            writer.apply(&table[offsets[field] * d..(offsets[field] + sizes[field]) * d], &mut written);
            written.iter_mut().for_each(|value| *value *= BAG_SCALE);
            Ok::<_, ModelError>(written)
        };
        let reader = |field| Dense::load(weights, &format!("latent.bags.readers.{field}"), None, [width, d]);
        let fields = sizes.len();
        Ok(Some(Self {
            width,
            written: (1..fields).map(written).collect::<Result<_, _>>()?,
            readers: (0..fields - 1).map(reader).collect::<Result<_, _>>()?,
        }))
    }

    /// Dimensions of all bags together.
    pub(super) fn dimensions(&self) -> usize {
        self.width * self.readers.len()
    }

    /// Adds to `bags` `[dimensions]` what a group's `events` `[n, fields]` put in. The one that
    /// opens the group puts in nothing.
    pub(super) fn write(&self, events: &[u16], bags: &mut [f32]) {
        for event in events.chunks_exact(self.readers.len() + 1).skip(1) {
            let values = event[1..].iter().zip(&self.written).zip(bags.chunks_exact_mut(self.width));
            for ((&value, written), bag) in values.filter(|((value, _), _)| **value != 0) {
                add(bag, &written[usize::from(value) * self.width..][..self.width]);
            }
        }
    }

    /// Adds to the state `z` `[d]` what field number `field` (from 1) reads from the `bags`
    /// `[dimensions]`.
    pub(super) fn read(&self, field: usize, bags: &[f32], z: &mut [f32], scratch: &mut Vec<f32>) {
        scratch.clear();
        scratch.resize(z.len(), 0.0);
        self.readers[field - 1].apply(&bags[(field - 1) * self.width..field * self.width], scratch);
        add(z, scratch);
    }
}
