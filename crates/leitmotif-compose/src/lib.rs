//! New music from a trained model.
//!
//! [`generate`] asks a model for one event after another, field by field. What a field may be is decided by three
//! masks, each of which only takes away: the representation's grammar (what makes a valid piece), the [`Constraints`] (scale,
//! ranges, instruments, meter, tempo) and the course of the piece (its length, and that every asked-for instrument plays).
//! Where the three leave nothing, the last choice is taken back; where nothing is left at all, the bar ends. A fourth
//! mask, if asked for, keeps copies of training songs short ([`AvoidCopies`]). The
//! model's own probabilities then pass the filters of [`Sampling`], and the seed decides.
//!
//! The same request, model and piece number give the same piece, whatever runs beside it.

mod assemble;
mod composition;
mod constraints;
mod copies;
mod course;
mod error;
mod filter;
mod generate;
mod group;
pub mod latent;
mod masks;
mod meaning;
mod plan;
mod prime;
mod report;
mod request;
mod sampling;
mod scale;
mod writer;

pub use constraints::{Constraints, PitchRange};
pub use copies::AvoidCopies;
pub use error::ComposeError;
pub use filter::{Filter, Place};
pub use generate::{Piece, generate, generate_each, generate_many};
pub use latent::{Conditions, PriorKind};
pub use prime::Prime;
pub use report::PieceReport;
pub use request::{Length, MAX_BARS, MAX_NOTES, MAX_SECONDS, Progress, Request};
pub use sampling::{FieldSampling, Sampling};
pub use scale::{Key, Scale};

/// The example of the project's front page, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct FrontPage;
