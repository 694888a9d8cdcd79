//! Music by way of its latents, with a model that has them ([`leitmotif_model::LatentSpace`]).
//!
//! A [`Source`] is an encoded piece: its bars, and the encoder's posterior of each group of them.
//! Each bar of it is then kept as it is or written anew ([`Task`]) under a latent and classes of
//! attributes ([`BarCondition`]): the latents themselves (reconstruction), moved ([`vary`]),
//! between those of two pieces ([`between`]), or with other attributes. [`LatentEditor`] keeps the
//! piece's meters and tempos; [`splice`] puts what was written into the piece's own score, whose
//! other notes stay untouched.
//!
//! A piece from nothing gets its latents from a prior ([`Conditions`]).

mod bar_filler;
mod conditioner;
mod edit;
mod fill;
mod interpolate;
mod operations;
mod smooth_path;
mod source;
mod splice;
mod task;

pub use crate::conditions::{Conditions, MAX_TEMPERATURE, PriorKind, asked};
pub(crate) use conditioner::{Conditioner, opening};
pub use edit::{Change, Edited, Restyle, reconstruction, restyling, variation};
pub use interpolate::{Interpolation, MAX_DRAWS, MAX_STEPS, Step, through};
pub use operations::{InterpolationPath, between, vary};
pub use source::Source;
pub(crate) use splice::give_way;
pub use splice::splice;
pub use task::{BarCondition, FilledBars, LatentEditor, MAX_CANDIDATES, Task, space};
