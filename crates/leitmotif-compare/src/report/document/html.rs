//! Sections as HTML that is well-formed XML too.

use super::{Block, Cell, Figure, Section, Table, printable};
use std::fmt::Write as _;

/// Escapes text for content and attribute values alike.
pub fn escape(text: &str) -> String {
    // A line does not end between a number and its unit.
    let text = printable(text).replace(" %", "\u{a0}%");
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A section with its heading.
pub fn section(section: &Section) -> String {
    let (id, title) = (section.id, escape(&section.title));
    let blocks: String = section.blocks.iter().map(block).collect();
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{title}</h2>\n{blocks}</section>\n"
    )
}

fn block(it: &Block) -> String {
    match it {
        Block::Text(text) => format!("<p>{}</p>\n", escape(text)),
        Block::Warning(text) => format!("<p class=\"note\">{}</p>\n", escape(text)),
        Block::Heading(text) => format!("<h3>{}</h3>\n", escape(text)),
        Block::List(items) => {
            let items: String = items.iter().map(|item| format!("<li>{}</li>\n", escape(item))).collect();
            format!("<ul>\n{items}</ul>\n")
        }
        Block::Terms(terms) => {
            let term =
                |(term, means): &(String, String)| format!("<dt>{}</dt><dd>{}</dd>\n", escape(term), escape(means));
            format!("<dl>\n{}</dl>\n", terms.iter().map(term).collect::<String>())
        }
        Block::Code(text) => format!("<pre tabindex=\"0\">{}</pre>\n", escape(text)),
        Block::Table(it) => table(it),
        Block::Figure(it) => figure(it),
        Block::Details(summary, blocks) => {
            let blocks: String = blocks.iter().map(block).collect();
            format!("<details><summary>{}</summary>\n{blocks}</details>\n", escape(summary))
        }
        Block::Page { html, .. } => html.clone(),
    }
}

fn figure(it: &Figure) -> String {
    let (svg, caption, file) = (&it.svg, escape(&it.caption), escape(&it.file));
    format!(
        "<figure><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Figure\">\n{svg}</div>\n<figcaption>{caption} \
         <span class=\"files\">Files: figures/{file}.svg, .png</span></figcaption></figure>\n"
    )
}

fn table(it: &Table) -> String {
    let mut html = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table>\n<caption>{}</caption>\n<thead><tr>",
        escape(&it.caption)
    );
    for (column, name) in it.head.iter().enumerate() {
        let class = if column < it.names { "" } else { " class=\"n\"" };
        let _ = write!(html, "<th scope=\"col\"{class}>{}</th>", escape(name));
    }
    html += "</tr></thead>\n<tbody>\n";
    for row in &it.rows {
        html += if row.foreign { "<tr class=\"foreign\">" } else { "<tr>" };
        for (column, cell) in row.cells.iter().enumerate() {
            let text = text(cell);
            let _ = match column {
                0 => write!(html, "<th scope=\"row\">{text}</th>"),
                _ if column < it.names => write!(html, "<td>{text}</td>"),
                _ => write!(html, "<td class=\"n\">{text}</td>"),
            };
        }
        html += "</tr>\n";
    }
    html + "</tbody></table></div>\n"
}

fn text(cell: &Cell) -> String {
    let text = escape(&cell.text);
    let text = if cell.strong { format!("<strong>{text}</strong>") } else { text };
    if cell.small.is_empty() { text } else { format!("{text} <small>{}</small>", escape(&cell.small)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(escape("<script>\"&'\u{0}"), "&lt;script&gt;&quot;&amp;&#39;\u{fffd}");
        let mut table = Table::new("t", "<c>", 1, ["<h>", "n"]);
        table.row(vec!["<b>".into(), Cell::small("1", "<2>").strong(true)]);
        let html = block(&Block::Table(table));
        for inside in [
            "<caption>&lt;c&gt;</caption>",
            "&lt;h&gt;",
            "scope=\"row\">&lt;b&gt;",
            "<strong>1</strong> <small>&lt;2&gt;</small>",
        ] {
            assert!(html.contains(inside), "{inside}: {html}");
        }
    }
}
