//! How much of a piece stands in the songs that a model was trained on.
//!
//! A score is read as lines, one for each player: all parts of one program are one player, and so
//! are all drum kits. A line is its notes in order of onset and pitch, onsets on a grid of [`GRID`]
//! steps a quarter, notes of equal onset and pitch counted once. Two notes that follow one another
//! make a token: the steps from one onset to the other (at most [`LONGEST_STEP`]; a longer silence
//! counts as that) and, for programs, the semitones from one pitch to the other, so that
//! transposition does not matter; for drums both pitches as they are, since transposed drums are
//! other drums, and tokens of drums never equal those of programs.
//!
//! A **run in common** of L notes is L - 1 tokens in a row that stand, in this order, in one line
//! of the piece and in one line of a training song. Durations and velocities do not count: they
//! vary from performance to performance, and a melody is the same held shorter or struck harder.
//! The program does not count either: a melody on another instrument is the same melody.
//!
//! [`OriginalityIndex`] holds the training songs as a suffix array, [`OriginalityIndex::report`]
//! measures a piece against them, and [`OriginalityPercentiles`] compares that with what human
//! held-out songs have in common with them: a repeated bass note or a steady drum pattern makes
//! long runs in anybody's music, so a run says little until it is compared.
//! [`OriginalityIndex::forbid`] says which next notes would make a run too long, for those who
//! compose.
//!
//! What it does not see: a passage in other note values (twice as slow), one with notes added or
//! left out, and one whose notes are dealt to several players.
//!
//! ```
//! use leitmotif_score::{Instrument, Note, Part, Score, Ticks};
//! use leitmotif_measures::OriginalityIndex;
//!
//! let melody = |pitches: &[u8]| {
//!     let notes = pitches.iter().zip(0..);
//!     let note = |(&pitch, n): (&u8, u64)| Note { onset: Ticks(480 * n), pitch, duration: Ticks(480), velocity: 90 };
//!     let part = Part { name: String::new(), instrument: Instrument::Program(0), notes: notes.map(note).collect() };
//!     Score { parts: vec![part], ..Score::default() }
//! };
//! let index = OriginalityIndex::build([("song", melody(&[60, 62, 64, 65, 67]))])?;
//! let report = index.report(&melody(&[50, 52, 54, 55, 50]));
//! assert_eq!(report.longest_run, Some(4));
//! # Ok::<(), leitmotif_measures::OriginalityError>(())
//! ```

mod builder;
mod forbid;
mod index;
mod line;
mod percentiles;
mod report;
mod suffixes;

pub use builder::{MAX_INDEX_NOTES, OriginalityBuilder, OriginalityError};
pub use index::OriginalityIndex;
pub use line::{GRID, LONGEST_STEP, Line, LineNote, Player, grid_step, lines};
pub use percentiles::{OriginalityPercentiles, OriginalitySummary};
pub use report::{NGRAMS, OriginalityReport, Passage};
