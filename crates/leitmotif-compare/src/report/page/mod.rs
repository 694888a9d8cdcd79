//! `report.html`: one file with its style and script inside, which asks nothing of a network. It is well-formed XML too.

pub mod players;

use super::document::{Section, html};
use crate::Results;
use leitmotif_plot::{Ink, SERIES_COLOURS};

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("player.js");

/// The page as text. The script is left out of a page without players.
pub fn html(results: &Results, sections: &[Section], players: bool) -> String {
    let contents = sections.iter().map(|it| format!("<li><a href=\"#{}\">{}</a></li>", it.id, html::escape(&it.title)));
    let made =
        format!("Made by {} from results.json. All numbers also lie in tables/*.csv and tables/*.tex.", results.tool);
    let script = if players { format!("<script>//<![CDATA[\n{SCRIPT}//]]></script>") } else { String::new() };
    let parts: [(&str, String); 7] = [
        ("title", html::escape(&results.title)),
        ("colours", colours()),
        ("style", STYLE.to_owned()),
        ("contents", contents.collect()),
        ("sections", sections.iter().map(html::section).collect()),
        ("made", html::escape(&made)),
        ("script", script),
    ];
    fill(TEMPLATE, &parts)
}

/// The template with each `{{name}}` replaced; what is filled in is not searched again.
fn fill(template: &str, parts: &[(&str, String)]) -> String {
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

/// The colours of the pictures as custom properties, for light and dark paper.
fn colours() -> String {
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
    format!(":root{{{}}}\n@media (prefers-color-scheme:dark){{:root{{{}}}}}", sheet(false), sheet(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_asks_nothing_of_a_network() {
        for text in [TEMPLATE, STYLE, SCRIPT] {
            for asks in ["http:", "https:", "url(", "@import", "fetch(", "XMLHttpRequest", "import("] {
                assert!(!text.contains(asks), "{asks}");
            }
        }
        assert!(!SCRIPT.contains("]]>") && !STYLE.contains(['<', '&']));
    }

    #[test]
    fn what_is_filled_in_is_not_searched_again() {
        let parts = [("a", "{{b}}".to_owned()), ("b", "x".to_owned())];
        assert_eq!(fill("1 {{a}} {{b}} {{c}} 2", &parts), "1 {{b}} x  2");
    }
}
