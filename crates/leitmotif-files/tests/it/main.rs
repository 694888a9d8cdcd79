//! No other crate opens an input, or a file to be written over, by itself.
#![allow(clippy::unwrap_used)]

mod limits;

use std::path::{Path, PathBuf};

/// What opens files without the care taken here. `create_new` follows no link and replaces nothing.
const CARELESS: [&str; 6] =
    ["fs::read(", "fs::read_to_string(", " File::open(", "fs::File::open(", " File::create(", "OpenOptions"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn files_are_opened_in_one_place() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(crates).unwrap() {
        let path = entry.unwrap().path();
        if path.join("src").is_dir() && !path.ends_with("leitmotif-files") {
            sources(&path.join("src"), &mut found);
        }
    }
    assert!(found.len() > 300, "the sources of the other crates");
    for path in found {
        // A file of tests, or what comes before the tests of a file.
        if path.ends_with("tests.rs") || path.ends_with("testing.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (number, line) in code.lines().enumerate() {
            let careless = CARELESS.iter().find(|it| line.contains(*it));
            assert_eq!(careless, None, "{} line {}", path.display(), number + 1);
        }
    }
}
