//! Measures on arbitrary music, as one program.
#![allow(clippy::unwrap_used)]

mod any_score;
mod originality;
