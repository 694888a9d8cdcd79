//! Studies: many models trained and judged alike, one table, one report.

mod results;
pub mod report;

pub use results::*;
