//! Studies: many models trained and judged alike, one table, one report.

pub mod report;
mod results;

pub use results::*;
