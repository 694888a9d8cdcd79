//! What pages that hold pictures need: the pictures' colours as custom properties.

use crate::{Ink, SERIES_COLOURS};

/// The colours of the pictures as custom properties of a style sheet (`--paper`, `--text`, ...,
/// `--s0`, ...), for light and dark paper.
pub fn colours() -> String {
    let inks = [
        ("paper", Ink::Paper),
        ("shade", Ink::Shade),
        ("text", Ink::Text),
        ("muted", Ink::Muted),
        ("grid", Ink::Grid),
        ("line", Ink::GridStrong),
        ("accent", Ink::Accent),
    ];
    let sheet = |dark: bool| {
        let named = inks.iter().map(|(name, ink)| format!("--{name}:{};", ink.colour(dark)));
        let series = (0..SERIES_COLOURS).map(|index| format!("--s{index}:{};", Ink::Series(index).colour(dark)));
        named.chain(series).collect::<String>()
    };
    format!(":root{{{}}}@media (prefers-color-scheme:dark){{:root{{{}}}}}", sheet(false), sheet(true))
}
