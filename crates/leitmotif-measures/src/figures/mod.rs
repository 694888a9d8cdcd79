//! Figures of a study, on the primitives of `leitmotif-plot`.
//!
//! [`PathScatter`] is a scatter plot with a path through it (songs in a latent space and an
//! interpolation between two of them) or with the line on which both axes agree (an attribute asked
//! for against the one got). [`DimensionBars`] has one bar for each of many dimensions and a line
//! to measure them by (the divergence of each latent dimension and the free bits). Both give SVG
//! that suits light and dark pages.

mod axes;
mod dimension_bars;
mod path_scatter;

pub use dimension_bars::DimensionBars;
pub use path_scatter::{MAX_POINTS, PathScatter};

/// The words around a figure.
#[derive(Debug, Clone, Default)]
struct Words {
    title: String,
    subtitle: String,
    x: String,
    y: String,
}

impl Words {
    /// A title alone.
    fn titled(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }
}
