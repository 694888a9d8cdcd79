//! Sections as Markdown (CommonMark with tables).

use super::{Block, Cell, Document, Section, Table, printable};
use std::fmt::Write as _;

/// Escapes text of one line: nothing in it is markup or ends a cell.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in printable(text).chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&' | '!' => {
                escaped.extend(['\\', character])
            }
            '\n' | '\t' => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    // Only a number at the start of a line could begin a list.
    match escaped.find(|c: char| !c.is_ascii_digit()) {
        Some(end) if end > 0 && escaped[end..].starts_with(['.', ')']) && ends_word(&escaped[end + 1..]) => {
            escaped.insert(end, '\\')
        }
        _ if escaped.starts_with(['-', '+', '=']) => escaped.insert(0, '\\'),
        _ => {}
    }
    escaped
}

fn ends_word(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(' ')
}

/// A document.
pub fn document(it: &Document) -> String {
    let sections: String = it.sections.iter().map(section).collect();
    format!("# {}\n\n{sections}Made by {}.\n", escape(&it.title), escape(&it.tool))
}

/// A section with its heading.
fn section(section: &Section) -> String {
    let mut text = format!("## {}\n\n", escape(&section.title));
    blocks(&section.blocks, &mut text);
    text
}

fn blocks(all: &[Block], text: &mut String) {
    for block in all {
        let _ = match block {
            Block::Text(it) => write!(text, "{}\n\n", escape(it)),
            Block::Warning(it) => write!(text, "> **{}**\n\n", escape(it)),
            Block::Heading(it) => write!(text, "### {}\n\n", escape(it)),
            Block::List(items) => {
                items.iter().for_each(|item| *text += &format!("- {}\n", escape(item)));
                writeln!(text)
            }
            Block::Terms(terms) => {
                terms.iter().for_each(|(term, means)| *text += &format!("- **{}**: {}\n", escape(term), escape(means)));
                writeln!(text)
            }
            Block::Code(it) => code(it, text),
            Block::Table(it) => writeln!(text, "{}", table(it)),
            Block::Figure(it) => {
                write!(text, "![{}](figures/{}.svg)\n\n{}\n\n", escape(&it.caption), it.file, escape(&it.caption))
            }
            Block::Details(summary, inside) => {
                *text += &format!("**{}**\n\n", escape(summary));
                blocks(inside, text);
                Ok(())
            }
            Block::Page { markdown, .. } => writeln!(text, "{markdown}"),
        };
    }
}

/// A fence longer than any run of backticks inside.
fn code(it: &str, text: &mut String) -> std::fmt::Result {
    let it = printable(it);
    let longest = it.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    write!(text, "{fence}\n{}\n{fence}\n\n", it.trim_end_matches('\n'))
}

fn table(it: &Table) -> String {
    let mut text = format!("{}\n\n", escape(&it.caption));
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    text += &line(it.head.iter().map(|name| escape(name)).collect());
    let rule = (0..it.head.len()).map(|column| if column < it.names { "---" } else { "---:" }.to_owned()).collect();
    text += &line(rule);
    for row in &it.rows {
        text += &line(row.cells.iter().map(|it| cell(it, row.foreign)).collect());
    }
    text
}

fn cell(cell: &Cell, foreign: bool) -> String {
    let mut text = escape(&cell.text);
    if !text.is_empty() && cell.strong {
        text = format!("**{text}**");
    } else if !text.is_empty() && foreign {
        text = format!("*{text}*");
    }
    if cell.small.is_empty() { text } else { format!("{text} ({})", escape(&cell.small)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(escape("a|b*c_d`<e>\nf"), "a\\|b\\*c\\_d\\`\\<e\\> f");
        assert_eq!(
            (escape("1. x"), escape("- x"), escape("2.5 nats")),
            ("1\\. x".into(), "\\- x".into(), "2.5 nats".into())
        );
        let mut text = String::new();
        blocks(&[Block::Code("```\nx".into())], &mut text);
        assert_eq!(text, "````\n```\nx\n````\n\n");
    }

    #[test]
    fn a_table_has_its_columns() {
        let mut table = Table::new("t", "c", 1, ["a", "b"]);
        table.row(vec!["x".into(), Cell::small("1", "0 to 2").strong(true)]);
        assert_eq!(super::table(&table), "c\n\n| a | b |\n| --- | ---: |\n| x | **1** (0 to 2) |\n");
    }
}
