//! The demo in small: everything is there, and the page refers to nothing that is not.

use crate::program::{json, keys, run};

#[test]
fn the_demo_makes_a_folder_that_stands_for_itself() {
    let folder = tempfile::tempdir().unwrap();
    let line = ["demo", "--steps", "2", "--pieces", "1", "--bars", "2", "--soundfont", "built-in"];
    let report = json(folder.path(), &[&line[..], &["--json"]].concat());
    let expected = ["corpus", "output", "page", "pieces", "seconds", "songs", "test", "training"];
    assert_eq!(keys(&report), expected);
    assert_eq!(report["songs"], 48);
    let pieces = report["pieces"].as_array().unwrap();
    let names: Vec<&str> = pieces.iter().map(|piece| piece["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["game", "metal", "chords", "before", "after-1", "filled", "accompanied"]);
    assert_eq!(report["test"].as_array().unwrap().len(), 2);

    let demo = folder.path().join("leitmotif-demo");
    let page = std::fs::read_to_string(demo.join("index.html")).unwrap();
    assert!(page.contains("Johann Sebastian Bach"));
    assert!(!page.contains("http://") && !page.contains("https://"), "the page asks nothing of a network");
    assert!(!page.contains("{{"));
    let mut files = 0;
    for start in ["src=\"", "href=\"", "srcset=\""] {
        for rest in page.split(start).skip(1) {
            let file = rest.split('"').next().unwrap();
            assert!(demo.join(file).is_file(), "{file}");
            files += 1;
        }
    }
    assert!(files >= 7 * 7 + 2 * 2, "{files}");
    for (piece, name) in pieces.iter().zip(names) {
        let asked_for = !["filled", "accompanied"].contains(&name);
        assert!(!asked_for || piece["bars"] == 2 && piece["notes"].as_u64() > Some(0), "{piece}");
        assert!(folder.path().join(piece["path"].as_str().unwrap()).is_file());
    }

    let refused = run(folder.path(), &line);
    assert_eq!(refused.status, 1);
    assert!(refused.err.contains("--force"), "{}", refused.err);
    // An unfinished demo may be replaced.
    std::fs::write(demo.join("UNFINISHED"), b"").unwrap();
    let again = json(folder.path(), &[&line[..], &["--json"]].concat());
    assert_eq!(again["pieces"], report["pieces"], "the same demo again");
    assert_eq!(again["training"]["best"], report["training"]["best"]);
}
