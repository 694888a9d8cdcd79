//! Charts from outside, as one program.
#![allow(clippy::unwrap_used)]

mod charts;
