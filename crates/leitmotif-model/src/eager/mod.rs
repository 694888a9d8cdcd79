//! The back end of a network that writes music: kernels on slices, weights that are packed once, no
//! gradients.
//!
//! Keys and values of segment, memory and compressed memory are cached, and the memory rolls on
//! exactly as in training, every [`crate::ModelConfig::segment`] events. So the cost of an event
//! does not grow with the piece, and the logits are those of training, to rounding.
//!
//! Several pieces are written in streams. Every linear map is one product over the rows of the
//! streams that advance, so that weights pass through the cache once for all of them; whatever
//! belongs to a piece (attention over its cache, its memory, its copy features) stays with its
//! stream. No row of a product depends on the others, so a stream is the same bits alone and among
//! others.

mod attention;
mod backend;
mod cache;
mod decoder;
mod lstm;
mod rotation;
mod rows;

pub(crate) use backend::{Eager, ROWS, in_precision, product};
pub(crate) use decoder::{CachedDecoder, DecoderState};
pub(crate) use lstm::{LstmState, advance};
pub(crate) use rows::Rows;

/// Copies row number `from` of `[rows, width]` to row number `to`.
pub(crate) fn copy_row<T: Copy>(rows: &mut [T], width: usize, from: usize, to: usize) {
    rows.copy_within(from * width..(from + 1) * width, to * width);
}
