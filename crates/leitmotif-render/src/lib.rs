//! Scores as pictures and as sound.
//!
//! [`piano_roll`] draws a score.

mod roll;

pub use leitmotif_plot::{PlotError, Theme, svg_to_png, svg_to_png_themed};
pub use roll::{Highlight, RollOptions, piano_roll};
