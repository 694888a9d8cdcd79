//! Events into states and states into events, one field after another.

use super::cache::room;
use super::dense::{Dense, FeedForward, Norm, Scratch, add};
use crate::{CopyFeatureLayout, FieldDecoding, ModelDescription, ModelError, Weights};

/// The logit of a value that is not predicted: so low that its probability is 0, and finite, so
/// that it can be the only one allowed.
const NOT_PREDICTED: f32 = -1e9;

/// The embedding table and the outputs of all fields.
#[derive(Debug)]
pub(super) struct Fields {
    /// `[values, d]`.
    embedding: Vec<f32>,
    d: usize,
    offsets: Vec<usize>,
    decoding: FieldDecoding,
    /// One per field, or one for all independent ones.
    norms: Vec<Norm>,
    /// One per field but the first; none where fields are independent.
    mixers: Vec<FeedForward>,
    outputs: Vec<Dense>,
    /// The gains of each field's copy features, `[copies, d]`; none without copy features.
    gains: Vec<Vec<f32>>,
}

impl Fields {
    pub(super) fn load(weights: &Weights, description: &ModelDescription) -> Result<Self, ModelError> {
        let (config, sizes) = (&description.model, &description.sizes);
        let (d, values) = (config.d_model, sizes.iter().sum::<usize>());
        let embedding = weights.shaped("fields.embedding", &[values, d])?.to_vec();
        let table = match config.tied {
            true => &embedding,
            false => weights.shaped("fields.output", &[values, d])?,
        };
        let bias = weights.shaped("fields.bias", &[values])?;
        let offsets: Vec<usize> = (0..sizes.len()).map(|field| sizes[..field].iter().sum()).collect();
        let outputs = offsets.iter().zip(sizes).map(|(&offset, &size)| {
            let rows = &table[offset * d..(offset + size) * d];
            Dense::of_rows(rows, Some(bias[offset..offset + size].to_vec()), [d, size], weights.precision())
        });
        let chained = match config.fields {
            FieldDecoding::Chained => sizes.len(),
            FieldDecoding::Independent => 1,
        };
        let norms = (0..chained).map(|field| Norm::load(weights, &format!("fields.norms.{field}"), d));
        let mixers = (1..chained).map(|field| {
            FeedForward::load(weights, &format!("fields.mixers.{}", field - 1), [d, config.d_field], false)
        });
        let plan = CopyFeatureLayout::new(sizes);
        let gains = (0..if config.copy_features { sizes.len() } else { 0 }).map(|field| {
            let values = weights.shaped(&format!("fields.gains.{field}"), &[plan.count(field), d])?;
            Ok::<_, ModelError>(values.to_vec())
        });
        Ok(Self {
            d,
            decoding: config.fields,
            gains: gains.collect::<Result<_, _>>()?,
            outputs: outputs.collect(),
            norms: norms.collect::<Result<_, _>>()?,
            mixers: mixers.collect::<Result<_, _>>()?,
            embedding,
            offsets,
        })
    }

    /// The embedding table `[values, d]` and where each field's rows begin.
    pub(super) fn table(&self) -> (&[f32], &[usize]) {
        (&self.embedding, &self.offsets)
    }

    fn row(&self, field: usize, value: u16) -> &[f32] {
        let row = self.offsets[field] + usize::from(value);
        &self.embedding[row * self.d..(row + 1) * self.d]
    }

    /// Writes one embedded event to `x` `[d]`.
    pub(super) fn embed(&self, event: &[u16], x: &mut [f32]) {
        x.fill(0.0);
        for (field, &value) in event.iter().enumerate() {
            add(x, self.row(field, value));
        }
    }

    /// The logits `[rows, values]` of field number `field`, from the backbone's states `z`
    /// `[rows, d]` (which are used up), the fields `earlier` `[rows, field]` and the rows of
    /// `copies` `[rows, copies of the field]`.
    pub(super) fn logits(
        &self,
        field: usize,
        z: &mut [f32],
        earlier: &[u16],
        copies: &[i32],
        logits: &mut [f32],
        scratch: &mut FieldScratch,
    ) {
        let d = self.d;
        if self.decoding == FieldDecoding::Independent {
            return self.independent(field, z, logits, scratch);
        }
        for (index, z) in z.chunks_exact_mut(d).enumerate() {
            for (before, &value) in earlier[index * field..(index + 1) * field].iter().enumerate() {
                add(z, self.row(before, value));
            }
            let Some(gains) = self.gains.get(field) else { continue };
            let count = gains.len() / d;
            for (gains, &row) in gains.chunks_exact(d).zip(&copies[index * count..]) {
                let Ok(row) = usize::try_from(row) else { continue };
                let values = &self.embedding[row * d..(row + 1) * d];
                z.iter_mut().zip(gains.iter().zip(values)).for_each(|(z, (gain, value))| *z += gain * value);
            }
        }
        let FieldScratch { added, common } = scratch;
        let added = room(added, z.len());
        if let Some(mixer) = field.checked_sub(1).map(|index| &self.mixers[index]) {
            mixer.apply(z, common, added);
            add(z, added);
        }
        self.norms[field].apply(z, added);
        self.outputs[field].apply(added, logits);
    }

    /// [`Self::logits`] of a field that knows nothing of the others.
    fn independent(&self, field: usize, z: &[f32], logits: &mut [f32], scratch: &mut FieldScratch) {
        let normed = room(&mut scratch.added, z.len());
        self.norms[0].apply(z, normed);
        self.outputs[field].apply(normed, logits);
        if field > 0 {
            logits.iter_mut().step_by(self.outputs[field].outputs()).for_each(|logit| *logit = NOT_PREDICTED);
        }
    }
}

/// Space for one field, reused.
#[derive(Debug, Default)]
pub(super) struct FieldScratch {
    added: Vec<f32>,
    common: Scratch,
}
