//! Documents as one HTML page that is well-formed XML too. It holds its style, pictures and script,
//! and loads nothing from a network.

use super::{Block, Document, Section, printable};
use askama::Template;
use askama::filters::Escaper;
use std::fmt::Write;

/// Escapes text for content and attribute values alike, in every template of this crate.
#[derive(Debug, Clone, Copy, Default)]
pub struct Xml;

impl Escaper for Xml {
    fn write_escaped_str<W: Write>(&self, mut to: W, text: &str) -> std::fmt::Result {
        // A line does not end between a number and its unit.
        printable(text).replace(" %", "\u{a0}%").chars().try_for_each(|character| match character {
            '&' => to.write_str("&amp;"),
            '<' => to.write_str("&lt;"),
            '>' => to.write_str("&gt;"),
            '"' => to.write_str("&quot;"),
            '\'' => to.write_str("&#39;"),
            other => to.write_char(other),
        })
    }
}

#[derive(Template)]
#[template(path = "document/page.html")]
struct Page<'a> {
    title: &'a str,
    colours: String,
    sections: &'a [Section],
    made: String,
    script: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "document/blocks.html")]
struct Blocks<'a> {
    blocks: &'a [Block],
}

/// The page as text.
///
/// # Errors
/// None that memory would cause; the writer's are passed on.
pub fn page(document: &Document, script: Option<&str>) -> askama::Result<String> {
    let Document { title, sections, tool, source } = document;
    let made = format!("Made by {tool} from {source}. All numbers also lie in tables/*.csv and tables/*.tex.");
    Page { title, colours: leitmotif_plot::page::colours(), sections, made, script }.render()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Cell, Table};
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        let mut escaped = String::new();
        Xml.write_escaped_str(&mut escaped, "<script>\"&'\u{0}").unwrap();
        assert_eq!(escaped, "&lt;script&gt;&quot;&amp;&#39;\u{fffd}");
        let mut table = Table::new("t", "<c>", 1, ["<h>", "n"]);
        table.row(vec!["<b>".into(), Cell::small("1", "<2>").strong(true)]);
        let html = Blocks { blocks: &[Block::Table(table)] }.render().unwrap();
        for inside in [
            "<caption>&lt;c&gt;</caption>",
            "&lt;h&gt;",
            "scope=\"row\">&lt;b&gt;",
            "<strong>1</strong> <small>&lt;2&gt;</small>",
        ] {
            assert!(html.contains(inside), "{inside}: {html}");
        }
    }

    #[test]
    fn the_page_loads_nothing_from_a_network() {
        for text in [include_str!("page.html"), include_str!("page.css"), include_str!("../report/player.js")] {
            for asks in ["http:", "https:", "url(", "@import", "fetch(", "XMLHttpRequest", "import("] {
                assert!(!text.contains(asks), "{asks}");
            }
        }
        assert!(!include_str!("../report/player.js").contains("]]>"));
        assert!(!include_str!("page.css").contains(['<', '&']));
    }
}
