//! `demo`
use crate::console::Console;
use anyhow::Result;
use clap::Args;
/// x
#[derive(Debug, Args)]
pub struct Options {}
/// x
pub fn run(_: &Options, _: &Console, _: Option<usize>) -> Result<()> {
    Ok(())
}
