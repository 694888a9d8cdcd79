//! Tables as LaTeX: `tabular` with the rules of `booktabs`.

use super::{Cell, Table, printable};

/// Escapes text; letters beyond ASCII are left to `\usepackage[utf8]{inputenc}`, which is LaTeX's
/// default.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in printable(text).chars() {
        match character {
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => escaped.extend(['\\', character]),
            '<' => escaped.push_str("\\textless{}"),
            '>' => escaped.push_str("\\textgreater{}"),
            '|' => escaped.push_str("\\textbar{}"),
            '"' => escaped.push_str("\\textquotedbl{}"),
            '\u{2212}' => escaped.push_str("$-$"),
            '±' => escaped.push_str("$\\pm$"),
            '×' => escaped.push_str("$\\times$"),
            '–' => escaped.push_str("--"),
            '\n' | '\t' => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A `table` environment.
pub fn table(it: &Table) -> String {
    let columns: String = (0..it.head.len()).map(|column| if column < it.names { 'l' } else { 'r' }).collect();
    let line = |cells: Vec<String>| format!("{} \\\\\n", cells.join(" & "));
    // A cell that begins with [ would be taken for an option of the line before it.
    let head = line(it.head.iter().map(|name| format!("{{{}}}", escape(name))).collect());
    let rows: String =
        it.rows.iter().map(|row| line(row.cells.iter().map(|it| cell(it, row.foreign)).collect())).collect();
    format!(
        "% Needs \\usepackage{{booktabs}}; \\textquotedbl needs \\usepackage[T1]{{fontenc}}.\n\\begin{{table}}\n\\centering\\small\n\
         \\caption{{{}}}\n\\begin{{tabular}}{{{columns}}}\n\\toprule\n{head}\\midrule\n{rows}\\bottomrule\n\\end{{tabular}}\n\
         \\end{{table}}\n",
        escape(&it.caption)
    )
}

fn cell(cell: &Cell, foreign: bool) -> String {
    let mut text = escape(&cell.text);
    if cell.strong {
        text = format!("\\textbf{{{text}}}");
    } else if foreign {
        text = format!("\\textit{{{text}}}");
    }
    if cell.small.is_empty() {
        format!("{{{text}}}")
    } else {
        format!("{{{text}}} {{\\scriptsize({})}}", escape(&cell.small))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_a_command() {
        assert_eq!(escape("50 % & $x_1$ \\par #{}"), "50 \\% \\& \\$x\\_1\\$ \\textbackslash{}par \\#\\{\\}");
        let mut table = Table::new("t", "a_b", 1, ["run", "n"]);
        table.row(vec!["[x]".into(), Cell::small("1", "0 to 2")]);
        let text = super::table(&table);
        assert!(text.contains("\\caption{a\\_b}\n\\begin{tabular}{lr}"), "{text}");
        assert!(text.contains("{[x]} & {1} {\\scriptsize(0 to 2)} \\\\"), "{text}");
    }
}
