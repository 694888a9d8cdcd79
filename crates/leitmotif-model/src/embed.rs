//! A piece as vectors: the mean state of a model over each of its passages.
//!
//! A network predicts the next event from its state after the last one alone, so the mean of the
//! states over a passage describes the passage. Sets of such vectors are compared by Fréchet's
//! distance (`leitmotif-measures`). The state is that of the top layer, before any normalisation: a
//! transformer's residual stream, an LSTM's hidden state. Vectors of different models have nothing
//! in common.

use crate::Model;
use rayon::prelude::*;

/// Pieces that are read side by side, so that weights pass through the cache once for all of them.
const STREAMS: usize = 16;
/// A last passage shorter than one of this many parts of a whole one is left out, unless the piece
/// has no other.
const LEAST_PART: usize = 2;

/// Why a piece has no vectors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmbedError {
    /// The model keeps no state.
    #[error("a Markov model counts and keeps no state to embed music by: take a transformer or an LSTM")]
    NoState,
    /// Passages of no events.
    #[error("a passage needs at least one event")]
    EmptyPassage,
    /// The values are not whole events.
    #[error(
        "piece {piece} has {values} values, which are no whole events of {fields} fields: was it encoded for another model?"
    )]
    Ragged {
        /// The piece's number, from 0.
        piece: usize,
        /// Its values.
        values: usize,
        /// Values of an event.
        fields: usize,
    },
    /// A value that its field does not have.
    #[error(
        "event {event} of piece {piece} has value {value} in field {field}, which has {size} values: was it encoded for another model?"
    )]
    Value {
        /// The piece's number, from 0.
        piece: usize,
        /// The event's number, from 0.
        event: usize,
        /// The field's number, from 0.
        field: usize,
        /// The value.
        value: u16,
        /// The values that the field has.
        size: usize,
    },
}

/// A vector `[d_model]` for each passage of `passage` events of a piece, in order: the mean of the
/// model's states after each of them. `values` is `[events, fields]`. A last passage of less than
/// half as many events is left out unless it is the only one; a piece without events has none.
///
/// A model with latents reads as before a piece's first bar, unconditioned.
///
/// # Errors
/// If the model keeps no state, `passage` is 0, or the values are none that the model reads.
pub fn embed(model: &dyn Model, values: &[u16], passage: usize) -> Result<Vec<Vec<f32>>, EmbedError> {
    embed_each(model, &[values], passage).map(|mut pieces| pieces.pop().unwrap_or_default())
}

/// [`embed`] of each of several pieces, on all threads: the same bits whatever their number, and as
/// each piece alone.
///
/// # Errors
/// As [`embed`], for the first piece that has one.
pub fn embed_each(model: &dyn Model, pieces: &[&[u16]], passage: usize) -> Result<Vec<Vec<Vec<f32>>>, EmbedError> {
    check(model, pieces, passage)?;
    let groups: Vec<Result<_, EmbedError>> =
        pieces.par_chunks(STREAMS).map(|group| embed_group(model, group, passage)).collect();
    let mut embedded = Vec::with_capacity(pieces.len());
    for group in groups {
        embedded.extend(group?);
    }
    Ok(embedded)
}

fn check(model: &dyn Model, pieces: &[&[u16]], passage: usize) -> Result<(), EmbedError> {
    let sizes = &model.description().sizes;
    if passage == 0 {
        return Err(EmbedError::EmptyPassage);
    }
    if model.decoding_batch(1).state(0).is_none() {
        return Err(EmbedError::NoState);
    }
    for (piece, values) in pieces.iter().enumerate() {
        if !values.len().is_multiple_of(sizes.len()) {
            return Err(EmbedError::Ragged { piece, values: values.len(), fields: sizes.len() });
        }
        for (event, values) in values.chunks_exact(sizes.len()).enumerate() {
            let wrong = values.iter().zip(sizes).position(|(&value, &size)| usize::from(value) >= size);
            if let Some(field) = wrong {
                return Err(EmbedError::Value { piece, event, field, value: values[field], size: sizes[field] });
            }
        }
    }
    Ok(())
}

/// The passages of pieces that are read side by side.
fn embed_group(model: &dyn Model, group: &[&[u16]], passage: usize) -> Result<Vec<Vec<Vec<f32>>>, EmbedError> {
    let (fields, d) = (model.description().sizes.len(), model.description().model.d_model);
    let mut batch = model.decoding_batch(group.len());
    let mut passages: Vec<Vec<Vec<f32>>> = vec![Vec::new(); group.len()];
    let mut sums = vec![vec![0.0f64; d]; group.len()];
    let lengths: Vec<usize> = group.iter().map(|values| values.len() / fields).collect();
    let (mut streams, mut events) = (Vec::with_capacity(group.len()), Vec::with_capacity(group.len() * fields));
    for time in 0..lengths.iter().copied().max().unwrap_or(0) {
        streams.clear();
        events.clear();
        for (stream, values) in group.iter().enumerate().filter(|&(stream, _)| time < lengths[stream]) {
            streams.push(stream);
            events.extend_from_slice(&values[time * fields..(time + 1) * fields]);
        }
        batch.push(&streams, &events);
        for &stream in &streams {
            let state = batch.state(stream).ok_or(EmbedError::NoState)?;
            sums[stream].iter_mut().zip(state).for_each(|(sum, &value)| *sum += f64::from(value));
            let (read, last) = (time % passage + 1, time + 1 == lengths[stream]);
            let whole = read == passage;
            if whole || last && (passages[stream].is_empty() || read >= passage.div_ceil(LEAST_PART)) {
                passages[stream].push(sums[stream].iter().map(|sum| (sum / read as f64) as f32).collect());
            }
            if whole {
                sums[stream].fill(0.0);
            }
        }
    }
    Ok(passages)
}
