//! `report.html`: one file with its style and script inside, which asks nothing of a network. It is well-formed XML too.

pub mod players;

use super::document::{Section, html};
use crate::Results;
use leitmotif_plot::page::{colours, fill};

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
