//! What is to be done with each bar of a frame, with what, and what came of it.

use crate::attribute_mask::BarAttributes;
use crate::{ComposeError, Request};
use leitmotif_events::{Representation, Sequence};
use leitmotif_model::{LatentSpace, Model};
use std::ops::Range;
use std::sync::atomic::AtomicBool;

pub use crate::sampler::MAX_CANDIDATES;

/// What a bar is written under.
#[derive(Debug, Clone, PartialEq)]
pub struct BarCondition {
    /// Its latent.
    pub latent: Vec<f32>,
    /// The class of each of the model's attributes; 0 leaves it open.
    pub classes: Vec<u16>,
    /// Which of them are kept to, where they are rhythm, polyphony or density; empty for none.
    pub kept: Vec<bool>,
}

/// What becomes of a bar.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// It stays as it is.
    Keep,
    /// Its notes are drawn anew.
    Write(BarCondition),
}

impl BarCondition {
    pub(super) fn asked(&self) -> BarAttributes<'_> {
        BarAttributes { classes: &self.classes, kept: &self.kept }
    }
}

impl Task {
    pub(super) fn asked(&self) -> Option<BarAttributes<'_>> {
        match self {
            Self::Keep => None,
            Self::Write(condition) => Some(condition.asked()),
        }
    }
}

/// A frame filled.
#[derive(Debug, Clone)]
pub struct FilledBars {
    /// All events.
    pub sequence: Sequence,
    /// The events of each bar.
    pub bars: Vec<Range<usize>>,
    /// Which bars were written.
    pub written: Vec<bool>,
    /// Those of its events that were drawn.
    pub events: usize,
}

/// Fills frames with a model that has latents.
#[derive(Clone, Copy)]
pub struct LatentEditor<'a> {
    /// It writes.
    pub model: &'a dyn Model,
    /// What it writes in.
    pub representation: &'a dyn Representation,
    /// Only the sampling, the constraints, the seed and `most_notes_in_bar` are used.
    pub request: &'a Request,
    /// How often each bar (each group of bars that shares a latent) is drawn, 1 to
    /// [`MAX_CANDIDATES`]. Of several candidates the one is kept under whose posterior the target
    /// latent is most likely; with one, the decoder's only draw is kept.
    pub candidates: usize,
    /// Once set, nothing more is written.
    pub cancel: &'a AtomicBool,
}

/// The latents of a model.
///
/// # Errors
/// [`ComposeError::Request`] if it has none.
pub fn space(model: &dyn Model) -> Result<&LatentSpace, ComposeError> {
    let none =
        || ComposeError::Request("this model has no latents: train one that has, as with --preset tiny-vae".into());
    model.latents().ok_or_else(none)
}
