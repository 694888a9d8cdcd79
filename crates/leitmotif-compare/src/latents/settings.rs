//! What is measured, of which model, and how far it has come.

use leitmotif_compose::Request;
use leitmotif_corpus::{Corpus, Split};
use leitmotif_events::Representation;
use leitmotif_model::Model;
use serde::Serialize;

/// A model with latents, and the corpus that it was trained on.
#[derive(Clone)]
pub struct Subject<'a> {
    /// The model.
    pub model: &'a dyn Model,
    /// How it writes music as events.
    pub representation: &'a dyn Representation,
    /// What every request to it holds.
    pub request: &'a Request,
    /// Its hash.
    pub hash: &'a str,
    /// The corpus.
    pub corpus: &'a Corpus,
    /// The nats of a dimension that its training left free, where that is known.
    pub free_bits: Option<f64>,
}

/// What is measured, and how.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// The split of the songs.
    pub split: Split,
    /// The most songs, at least 2.
    pub songs: usize,
    /// The first bars of each song, and the length of pieces from nothing; at least 2.
    pub bars: usize,
    /// The seed of all that is drawn.
    pub seed: u64,
    /// The temperature of notes.
    pub temperature: f64,
    /// The probability of the values that notes are drawn from, 0 to 1.
    pub top_p: f64,
    /// Pairs of songs to interpolate between, at least 1.
    pub pairs: usize,
    /// Pieces of an interpolation, both ends included; at least 3.
    pub steps: usize,
    /// How often each piece between the ends is drawn, at least 1.
    pub draws: usize,
    /// Candidates of each bar, at least 1.
    pub candidates: usize,
    /// Pieces from nothing of each prior, at least 1.
    pub pieces: usize,
    /// The temperature of the trained prior's latents.
    pub latent_temperature: f64,
    /// Only these sections; all where it is empty.
    #[serde(skip)]
    pub only: Vec<Topic>,
}

/// A section of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Whether attributes follow the request, and others leak.
    Control,
    /// How like its source a reconstruction is.
    Fidelity,
    /// How many notes are right.
    Accuracy,
    /// Whether latents carry information.
    Collapse,
    /// Whether steps between songs lead there.
    Interpolation,
    /// Whether more variation changes more.
    Variation,
    /// Whether pieces from nothing have form.
    Prior,
    /// Where bars lie among each other.
    Map,
}

/// How far the work has come.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum LatentsEvent<'a> {
    /// A section begins.
    Began {
        /// What is done.
        label: &'a str,
        /// Bars that it takes.
        bars: u64,
    },
    /// So many more of its bars are done.
    Advanced(u64),
    /// It is done, or has failed.
    Ended,
}
