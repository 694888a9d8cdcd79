//! What pages that hold pictures need: a template filled in, and the pictures' colours as custom properties.

pub use crate::svg::escape;
use crate::{Ink, SERIES_COLOURS};

/// The template with each `{{name}}` replaced by the part of this name (nothing, where there is none); what is filled in is not
/// searched again.
pub fn fill(template: &str, parts: &[(&str, String)]) -> String {
    let mut text = String::with_capacity(template.len() + parts.iter().map(|part| part.1.len()).sum::<usize>());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        text += before;
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        text += parts.iter().find(|part| part.0 == name).map_or("", |part| &part.1);
        rest = after;
    }
    text + rest
}

/// The colours of the pictures as custom properties of a style sheet (`--paper`, `--text`, ..., `--s0`, ...), for light and
/// dark paper.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_not_searched_again() {
        let parts = [("a", "{{b}}".to_owned()), ("b", "x".to_owned())];
        assert_eq!(fill("<{{a}}|{{b}}|{{c}}>", &parts), "<{{b}}|x|>");
    }
}
