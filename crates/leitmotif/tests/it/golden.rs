//! Comparing the program's output with its stored output: `tests/it/said/NAME.txt`.
//!
//! With `UPDATE_SAID=1` in the environment the files are written anew; look at the difference
//! before you commit it.

use std::path::PathBuf;

/// Compares a text with its file, line by line.
pub fn compare(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/said").join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_SAID").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let mut lines = text.lines().zip(expected.lines()).enumerate();
    if let Some((line, (new, old))) = lines.find(|(_, (new, old))| comparable(new) != comparable(old)) {
        panic!(
            "{} line {}:\n  was: {old}\n  is:  {new}\nUPDATE_SAID=1 takes over what it is",
            path.display(),
            line + 1
        );
    }
    assert!(cfg!(not(unix)) || text == expected, "{}: UPDATE_SAID=1 takes over what it is", path.display());
}

/// A line without what a system other than the one on which it was stored says in its own words.
fn comparable(line: &str) -> &str {
    let own = if cfg!(unix) { None } else { line.find("(os error ").and_then(|at| line[..at].rfind(": ")) };
    own.map_or(line, |at| &line[..at])
}
