//! Which instruments sound: a SoundFont that is named, one of the system's, or the built-in bank.

use anyhow::Result;
use leitmotif_render::SoundBank;

/// The word for the built-in bank.
pub const BUILT_IN: &str = "built-in";

/// The bank that the option names; without one the system's, else the built-in one.
pub fn bank(name: Option<&str>) -> Result<SoundBank> {
    Ok(match name {
        Some(BUILT_IN) => SoundBank::built_in(),
        Some(path) => SoundBank::load(path)?,
        None => SoundBank::find_system().unwrap_or_else(SoundBank::built_in),
    })
}
