//! A piece's frame filled anew: its meters and tempos stay, each bar's notes are kept or drawn under a condition.
//!
//! The model reads the frame as it reads any piece, event by event. Of a kept bar it is given the events; of another the
//! bar event and the tempo that begins it, and then it is asked for notes until it would rather begin the next bar.
//!
//! A bar is drawn by what came before it as well as by its latent, and where what came before was drawn, its errors carry on. So each bar
//! is drafted several times, each draft is heard by the encoder, and of them the one is kept under whose posterior the latent asked for is the most
//! likely: the most likely draw of `p(x | z)` as importance resampling (Rubin 1987) approaches it, where `p` is what the decoder writes, weighed by
//! `q(z | x)`.

use super::filler::Filler;
use crate::latent::{Asked, Source};
use crate::masks::Masks;
use crate::{ComposeError, Request};
use leitmotif_events::{Representation, Sequence};
use leitmotif_model::{LatentSpace, Model};
use leitmotif_score::Instrument;
use std::ops::Range;
use std::sync::atomic::AtomicBool;

/// The most drafts of a bar.
pub const MAX_DRAFTS: usize = 64;

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
    pub(super) fn asked(&self) -> Asked<'_> {
        Asked { classes: &self.classes, kept: &self.kept }
    }
}

impl Task {
    pub(super) fn asked(&self) -> Option<Asked<'_>> {
        match self {
            Self::Keep => None,
            Self::Write(condition) => Some(condition.asked()),
        }
    }
}

/// A frame filled.
#[derive(Debug, Clone)]
pub struct Rewritten {
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
pub struct Rewriter<'a> {
    /// It writes.
    pub model: &'a dyn Model,
    /// What it writes in.
    pub representation: &'a dyn Representation,
    /// Of it count the sampling, the constraints, the seed and `most_notes_in_bar`.
    pub request: &'a Request,
    /// How often each bar (each group of bars that shares a latent) is drawn, 1 to [`MAX_DRAFTS`]. Of several drafts the one is kept that says
    /// most nearly what its latent says; one is the decoder alone.
    pub drafts: usize,
    /// Once set, nothing more is written.
    pub cancel: &'a AtomicBool,
}

impl Rewriter<'_> {
    /// Fills the frame of `source`, a task for each of its bars (bars beyond the last task are left out). `instruments` may play; if there
    /// are none, those of the source. `piece` chooses the stream of randomness. `progress` hears of bars done and bars to do. The same
    /// arguments give the same events.
    ///
    /// # Errors
    /// [`ComposeError`] if the model has no latents, for instruments or constraints that leave nothing, and
    /// [`ComposeError::Cancelled`] once `cancel` is set.
    pub fn fill(
        &self,
        source: &Source,
        tasks: &[Task],
        instruments: &[Instrument],
        piece: u64,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Rewritten, ComposeError> {
        let Self { model, representation, request, drafts, .. } = *self;
        let vocabulary = representation.vocabulary();
        if model.description().sizes != vocabulary.sizes() {
            let model = model.description().sizes.clone();
            return Err(ComposeError::Mismatch { model, vocabulary: vocabulary.sizes() });
        }
        if !(1..=MAX_DRAFTS).contains(&drafts) {
            return Err(ComposeError::setting("drafts", drafts, &format!("between 1 and {MAX_DRAFTS}")));
        }
        let names: Vec<&str> = vocabulary.fields.iter().map(|field| field.name.as_str()).collect();
        request.sampling.validate(&names)?;
        let events = self.representation.events();
        let playing = if instruments.is_empty() { source.score.instruments() } else { instruments.to_vec() };
        let masks = Masks::new(events, vocabulary, request, None, &playing, &[])?;
        let mut filler = Filler::new(self, (events, &masks), source, piece)?;
        filler.open(representation, instruments)?;
        let tasks = &tasks[..tasks.len().min(source.bars.len())];
        filler.fill(tasks, progress)
    }
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
