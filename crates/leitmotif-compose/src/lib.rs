//! New music from a trained model.
//!
//! What a request leaves open is drawn first, as training songs have it: genre, ensemble, tempo and
//! metre. Then [`generate`] samples one event after another from a model, field by field. Rules
//! restrict which events may come ([`Rule`]), each of which only takes values away: the
//! representation's grammar (what makes a valid piece), the [`Constraints`] (scale, ranges,
//! instruments, meter, tempo), what the training songs have, the state of the piece (its length,
//! and that every requested instrument plays), and, if requested, the ban on long copies
//! ([`AvoidCopies`]). An event that a rule refuses is drawn again, so events keep the proportions
//! that the model gives them after the filters of [`Sampling`]; the seed determines every draw.
//!
//! The same request, model and piece number give the same piece, whatever runs beside it.

#![forbid(unsafe_code)]

mod assemble;
mod attribute_mask;
pub mod cells;
mod composition;
mod conditions;
mod constraints;
mod copies;
mod drive;
mod ensemble;
mod error;
mod filter;
mod form;
mod generate;
mod group;
mod half_empty;
mod harmony;
pub mod latent;
mod masks;
mod parts;
mod piece;
mod piece_state;
mod plan;
mod prime;
mod redraw;
mod repeats;
mod report;
mod request;
mod sampler;
mod sampling;
mod scale;

pub use conditions::{Conditions, PriorKind};
pub use constraints::{Constraints, PitchRange};
pub use error::ComposeError;
pub use filter::{Filter, Place};
pub use form::{FormRequest, MAX_SECTIONS};
pub use generate::{compose, generate, generate_each, generate_many};
pub use harmony::ChordRequest;
pub use piece::Piece;
pub use prime::Prime;
pub use report::PieceReport;
pub use request::{AvoidCopies, Length, MAX_BARS, MAX_NOTES, MAX_REDRAWS, MAX_SECONDS, PieceProgress, Request};
pub use sampler::{Rule, TracedEvent, TracedField};
pub use sampling::{FieldSampling, Sampling};
pub use scale::{Key, Scale};

/// The example of the project's front page, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct FrontPage;
