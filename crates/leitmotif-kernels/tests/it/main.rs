//! Each kernel against its definition in double precision, as one program.
#![allow(clippy::unwrap_used)]

mod attention;
mod common;
mod feed_forward;
mod group_attention;
mod grouped_loss;
mod head_loss;
mod lstm;
mod reconstruction;
mod simple_ops;
