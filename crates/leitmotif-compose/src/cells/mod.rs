//! Writing into a piece: some of its cells (what a part plays in a bar) are written anew, given all
//! the others, those that follow included.
//!
//! A model of the representation `cells` reads a piece as bars, and a hole with what surrounds it
//! as a window: first what is given of each bar, then the cells to be written, one after another.
//! [`CellSource`] is a piece as cells, [`CellTask`] says which of them are written, [`fill`] writes
//! them, and [`CellSource::edits`] says what that changes in the piece's own file.

mod edits;
mod holes;
mod keep;
mod source;
mod task;
mod windows;
mod writer;

pub use holes::{HoleCost, HoleShape, hole_cost};
pub use keep::Keep;
pub(crate) use keep::KeptCell;
pub use source::CellSource;
pub use task::{CellTask, Filled, FilledReport, MAX_FILLS, fill};
