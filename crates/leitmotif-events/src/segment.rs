//! The bars that segments of pieces lie in, as models with latents read them.

use crate::Value;

/// The most events of a group of bars that an encoder is given: the first ones.
pub const MAX_GROUP_EVENTS: usize = 1024;

/// The bars that the segments of several pieces lie in, each whole, though it may begin before its
/// segment or end after it. A model with latents encodes each group of bars that shares a latent
/// from all events of the group.
///
/// A *bar* is a stretch of events that are conditioned alike; a *group* is one or more consecutive
/// bars of a piece with one latent. All arrays are row-major.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SegmentBars {
    /// The bar of each input, `[streams, segment]`; -1 before a piece's first bar and in padding.
    pub of_input: Vec<i32>,
    /// The group of each bar, `[bars]`.
    pub group_of_bar: Vec<i32>,
    /// The class of each attribute of each bar, `[bars, attributes]`; 0 leaves it open.
    pub classes: Vec<u16>,
    /// The events of all groups, one group after another, `[n, fields]`. A group's first event is
    /// the one that opens its first bar, whether it lies in the segment or not.
    pub events: Vec<Value>,
    /// The number of each event's bar within its group, from 0, `[n]`.
    pub places: Vec<i32>,
    /// Where each group's events begin, and at last how many there are, `[groups + 1]`.
    pub offsets: Vec<usize>,
    /// How much of each group lies in this segment, above 0 to 1, `[groups]`: over all segments a
    /// group's shares sum to 1.
    pub shares: Vec<f32>,
    /// Names the noise of each group's latent, `[groups]`: the same in every segment that the group
    /// reaches into.
    pub keys: Vec<u64>,
}
