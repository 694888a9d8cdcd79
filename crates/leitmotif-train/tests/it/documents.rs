//! What the documents say is what the sources do: settings with their defaults, presets, and which
//! crate uses which.

use leitmotif_train::{Preset, RunConfig};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// The cells of a table's row; `None` for any other line.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}

/// What stands between backquotes, and nothing else.
fn code(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`').filter(|inner| !inner.contains('`'))
}

/// A value as people write it: numbers that were 32-bit floats without the digits that conversion
/// adds.
fn shown(value: &Value) -> String {
    match value {
        Value::Float(number) => (*number as f32).to_string(),
        Value::Array(values) => format!("[{}]", values.iter().map(shown).collect::<Vec<_>>().join(", ")),
        value => value.to_string(),
    }
}

#[test]
fn every_setting_is_documented_with_its_default() {
    let page = page("docs/configuration.md");
    let keys = RunConfig::default().keys();
    let sections: BTreeSet<&str> = keys.iter().filter_map(|(key, _)| key.split_once('.')).map(|it| it.0).collect();
    let rows = page.lines().filter_map(cells).filter(|row| row.len() == 4);
    let documented: BTreeMap<&str, String> = rows
        .filter_map(|row| Some((code(row[0])?, code(row[1])?)))
        .filter(|(key, _)| key.split_once('.').is_some_and(|(section, _)| sections.contains(section)))
        .map(|(key, default)| (key, shown(&format!("it = {default}").parse::<Table>().unwrap()["it"])))
        .collect();
    let defaults: BTreeMap<&str, String> = keys.iter().map(|(key, value)| (key.as_str(), shown(value))).collect();
    assert_eq!(documented, defaults, "documented on the left, true on the right");
}

/// The table of what the presets set differently.
fn presets() -> String {
    let defaults = RunConfig::default().keys();
    let configs = Preset::ALL.map(|preset| preset.config().keys());
    let names: Vec<String> = Preset::ALL.iter().map(|preset| format!("`{}`", preset.name())).collect();
    let mut table = format!("| key | default | {} |\n|---|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
    for (index, (key, default)) in defaults.iter().enumerate() {
        let values: Vec<String> = configs
            .iter()
            .map(|keys| if keys[index].1 == *default { String::new() } else { format!("`{}`", shown(&keys[index].1)) })
            .collect();
        if values.iter().any(|value| !value.is_empty()) {
            table += &format!("| `{key}` | `{}` | {} |\n", shown(default), values.join(" | "));
        }
    }
    table
}

#[test]
fn the_table_of_presets_is_theirs() {
    const BEGIN: &str = "<!-- presets -->\n";
    const END: &str = "<!-- /presets -->";
    let page = page("docs/configuration.md");
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (table, after) = rest.split_once(END).unwrap();
    // After a wanted change, write it anew with LEITMOTIF_BLESS=1.
    if std::env::var_os("LEITMOTIF_BLESS").is_some() {
        let written = format!("{before}{BEGIN}{}{END}{after}", presets());
        return std::fs::write(root().join("docs/configuration.md"), written).unwrap();
    }
    assert_eq!(table, presets());
}

/// The project's crates that each one depends on, without their common prefix.
fn manifests() -> BTreeMap<String, BTreeSet<String>> {
    let short = |name: &str| name.strip_prefix("leitmotif-").unwrap_or(name).to_owned();
    let folders = std::fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let manifest = |folder: PathBuf| {
        let table: Table = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?.parse().unwrap();
        let names = table.get("dependencies").and_then(Value::as_table).into_iter().flat_map(Table::keys);
        let own = names.filter(|name| name.starts_with("leitmotif")).map(|name| short(name)).collect();
        Some((short(table["package"]["name"].as_str().unwrap()), own))
    };
    folders.filter_map(manifest).collect()
}

#[test]
fn the_table_of_crates_is_that_of_the_manifests() {
    let page = page("ARCHITECTURE.md");
    let manifests = manifests();
    let libraries: BTreeSet<String> = manifests.keys().filter(|name| *name != "leitmotif").cloned().collect();
    let named = |list: &str| list.split(',').map(|name| name.trim().to_owned()).collect::<BTreeSet<String>>();
    let uses = |cell: &str| match cell.strip_prefix("all but ") {
        Some(list) => libraries.difference(&named(list)).cloned().collect(),
        None if cell == "all" => libraries.clone(),
        None if cell == "-" => BTreeSet::new(),
        None => named(cell),
    };
    let rows = page.lines().take_while(|line| !line.starts_with("## ")).filter_map(cells);
    let table: BTreeMap<String, BTreeSet<String>> = rows
        .filter_map(|row| Some((code(row[0])?.trim_start_matches("leitmotif-").to_owned(), uses(row[2]))))
        .collect();
    assert_eq!(table, manifests, "documented on the left, true on the right");
}

/// The widest line of prose or comment.
const COLUMNS: usize = 100;

/// All files below `folder` with this extension, but for what is built or hidden.
fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
}

/// The comment on a line of Rust.
fn comment(line: &str) -> Option<&str> {
    Some(line.trim_start().strip_prefix("//")?.trim_start_matches(['/', '!']))
}

/// Lines of prose that are too wide, outside code blocks: all of a text, or its comments. Tables,
/// headings and lines with a link or of hardly more than one word are exempt.
fn wide_lines(text: &str, is_rust: bool) -> Vec<usize> {
    let mut is_code = false;
    let mut wide = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let Some(words) = (if is_rust { comment(line) } else { Some(line) }) else { continue };
        let words = words.trim_start();
        is_code ^= words.starts_with("```");
        let is_exempt = is_code
            || words.starts_with(['|', '#'])
            || words.contains("](")
            || words.contains("://")
            || words.split_whitespace().count() < 4;
        if line.chars().count() > COLUMNS && !is_exempt {
            wide.push(number + 1);
        }
    }
    wide
}

#[test]
fn prose_and_comments_keep_to_their_columns() {
    let mut wrong = Vec::new();
    for extension in ["rs", "md"] {
        let mut found = Vec::new();
        files(&root(), extension, &mut found);
        assert!(found.len() > 10, "files are looked for in the project");
        for path in found {
            let text = std::fs::read_to_string(&path).unwrap();
            let lines = wide_lines(&text, extension == "rs");
            wrong.extend(lines.into_iter().map(|line| format!("{}:{line}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "lines of more than {COLUMNS} columns: {wrong:#?}");
    assert_eq!(wide_lines(&format!("//! {}", "four words too wide ".repeat(6)), true), [1]);
}
