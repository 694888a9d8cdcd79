//! Batches as models read them: the same arrays under the model's names, and what a model with
//! latents needs about bars.

use crate::TrainError;
use leitmotif_corpus::{LatentOptions, SegmentBatch};
use leitmotif_events::AttributeScale;
use leitmotif_model::{ModelDescription, Segment};

/// A batch as a segment.
pub(crate) fn segment_of(batch: &SegmentBatch) -> Segment<'_> {
    Segment {
        streams: batch.streams,
        segment: batch.segment,
        inputs: &batch.inputs,
        targets: &batch.targets,
        determined: &batch.determined,
        lengths: &batch.lengths,
        starts: &batch.starts,
        bars: batch.bars.as_ref(),
    }
}

/// What the batches of a model with latents must hold besides events; `None` for any other model.
///
/// # Errors
/// [`TrainError::Config`] if an attribute has an unknown name.
pub(crate) fn latent_options(
    description: &ModelDescription,
    attribute_dropout: f64,
) -> Result<Option<LatentOptions>, TrainError> {
    let bars_per_latent = description.model.bars_per_latent();
    if bars_per_latent == 0 {
        return Ok(None);
    }
    let scale = |attribute: &leitmotif_model::AttributeCuts| {
        let named = attribute.name.parse();
        let named = named.map_err(|error| TrainError::Config(format!("the model's attributes: {error}")))?;
        Ok(AttributeScale { attribute: named, cuts: attribute.cuts.clone() })
    };
    let attributes = description.attributes.iter().map(scale).collect::<Result<_, TrainError>>()?;
    Ok(Some(LatentOptions { bars_per_latent, attributes, attribute_dropout }))
}
