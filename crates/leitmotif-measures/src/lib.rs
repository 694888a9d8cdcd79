//! Measures of music, the statistics that compare them, and the figures that show them.
//!
//! The story in order: [`bars`] cuts a score into bars with the notes that begin in each;
//! [`BarNotes::chroma`] and [`BarNotes::groove`] say what a bar is made of; [`chroma_similarity`],
//! [`groove_similarity`] and [`note_accuracy`] compare two pieces, [`SelfSimilarity`] and
//! [`lag_profile`] one piece with itself; [`measures`] describes a piece by MusPy's numbers,
//! [`texture`] by its parts, chords and repetitions. [`spearman`], the bootstrap
//! ([`bootstrap_mean`] and its relatives) and [`Pca`] evaluate and reduce what was measured;
//! [`originality`] finds what a piece repeats of other songs; [`PathScatter`] and [`DimensionBars`]
//! draw it. [`yang_lerch`] and [`frechet`] compare a set of generated pieces with a set of real
//! ones, by features and by embeddings; [`two_sample`] by how certainly a classifier distinguishes
//! them; [`comparison`] puts it all together. A [`Critic`] has learnt to distinguish a model's
//! pieces from songs, and chooses among new ones.
//!
//! Invariants: every function is pure, gives the same result for the same input and seed, and does
//! not panic whatever score it is given: empty, unsorted, with notes of no length or times at the
//! end of the clock. Work is bounded by the number of notes and by named constants ([`MAX_BARS`],
//! [`MAX_LAG`], [`MAX_MATRIX_BARS`], [`MAX_RESAMPLES`], [`MAX_DIMENSIONS`]). What has no value (the
//! mean of nothing, the similarity to silence) is `None`, never not-a-number.
//!
//! ```
//! use leitmotif_score::{Instrument, Note, Part, Score, Ticks};
//! use leitmotif_measures::{Matching, bars, chroma_similarity, note_accuracy};
//!
//! let scale = [60, 62, 64, 65].iter().zip(0..);
//! let notes = scale.map(|(&pitch, n)| Note { onset: Ticks(480 * n), pitch, duration: Ticks(480), velocity: 90 });
//! let part = Part { name: String::new(), instrument: Instrument::Program(0), notes: notes.collect() };
//! let source = Score { parts: vec![part], ..Score::default() };
//! let mut other = source.clone();
//! other.parts[0].notes[3].pitch = 67;
//!
//! let similarity = chroma_similarity(&bars(&source), &bars(&other));
//! assert!((similarity.unwrap() - 0.75).abs() < 1e-12);
//! assert_eq!(note_accuracy(&source, &other, Matching::default()).f1(), Some(0.75));
//! ```

#![forbid(unsafe_code)]

mod accuracy;
mod bars;
mod bootstrap;
pub mod comparison;
mod correlation;
mod critic;
mod figures;
pub mod frechet;
mod jacobi;
mod logistic;
pub mod measures;
pub mod originality;
mod pca;
mod profile;
mod self_similarity;
mod similarity;
pub mod texture;
pub mod two_sample;
pub mod yang_lerch;

pub use accuracy::{Matching, NoteAccuracy, note_accuracy};
pub use bars::{BarNote, BarNotes, MAX_BARS, bars};
pub use bootstrap::{Estimate, MAX_RESAMPLES, bootstrap_mean, bootstrap_paired_difference, bootstrap_statistic};
pub use comparison::{MusicComparison, MusicSet};
pub use correlation::{mid_ranks, spearman};
pub use critic::{Critic, CriticError};
pub use figures::{DimensionBars, MAX_POINTS, PathScatter};
pub use originality::{
    OriginalityBuilder, OriginalityError, OriginalityIndex, OriginalityPercentiles, OriginalityReport,
    OriginalitySummary,
};
pub use pca::{MAX_DIMENSIONS, Pca, PcaError};
pub use profile::{Chroma, FEATURES, Features, GROOVE_POSITIONS, Groove, PITCH_CLASSES};
pub use self_similarity::{MAX_LAG, MAX_MATRIX_BARS, SelfSimilarity, lag_profile, profile_distance};
pub use similarity::{chroma_similarity, cosine, groove_similarity, likeness};
pub use texture::Texture;
