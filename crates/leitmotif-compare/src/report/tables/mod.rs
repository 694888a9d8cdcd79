//! The report's tables as they are read.

pub mod differences;
pub mod facts;
pub mod frames;
pub mod losses;
pub mod music;
