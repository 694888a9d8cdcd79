//! `evaluate --music`: what is composed beside songs.

use crate::golden::compare;
use crate::program::{done, json, keys, run, workshop, write_collection};
use serde_json::Value;

const LINE: [&str; 7] = ["evaluate", "run", "--music", "--pieces", "6", "--bars", "8"];

#[test]
fn composed_music_is_set_beside_songs() {
    // Enough songs on either side for every test.
    let to = tempfile::tempdir_in(workshop()).unwrap();
    let name = |file: &str| to.path().join(file).display().to_string();
    write_collection(&to.path().join("songs"), 16, 0);
    done(workshop(), &["prepare", &name("songs"), "-o", &name("corpus"), "--split", "0.5,0.1,0.4"]);
    let music = |more: &[&str]| -> Value {
        json(workshop(), &[&LINE[..], &["--on", &name("corpus"), "--json"], more].concat())["music"].take()
    };
    let found = music(&[]);
    assert_eq!(keys(&found), ["as_songs", "bars", "nothing_said", "other_songs", "seed", "songs"]);
    assert_eq!((found["songs"].as_array().unwrap().len(), &found["bars"]), (6, &8.into()));
    for set in ["as_songs", "nothing_said"] {
        let set = &found[set];
        assert_eq!(keys(set), ["composed", "features", "figures", "real", "two_sample"]);
        assert_eq!((&set["composed"], &set["real"]), (&6.into(), &6.into()));
        let accuracy = set["two_sample"]["accuracy"]["value"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&accuracy));
    }
    let parts = |set: &str, of: &str| {
        let figures = found[set]["figures"].as_array().unwrap();
        figures.iter().find(|row| row["figure"] == "parts").unwrap()[of]["value"].as_f64().unwrap()
    };
    assert_eq!(parts("as_songs", "composed"), parts("as_songs", "real"), "the songs' own instruments play");
    assert_eq!(parts("as_songs", "real"), parts("nothing_said", "real"));
    assert_eq!(found["other_songs"]["split"], "train");
    // A seed gives the same, whatever the number of threads, and another one something else.
    assert_eq!(music(&["--threads", "1"]), found);
    assert_ne!(music(&["--seed", "1"])["as_songs"], found["as_songs"]);
}

#[test]
fn the_table_and_the_page_show_it() {
    let to = tempfile::tempdir_in(workshop()).unwrap();
    let folder = to.path().join("music");
    let dir = folder.display().to_string();
    let line = [&LINE[..], &["--split", "train", "--page", &dir]].concat();
    let text = done(workshop(), &line);
    let (_, table) = text.split_once("music: 6 songs of the train split").unwrap();
    // Numbers depend on how the machine rounds; names and columns do not.
    let names = table.lines().filter(|line| line.contains(" [") && !line.contains(':') || line.starts_with("top line"));
    let names: Vec<&str> = names.map(|line| line.split("  ").next().unwrap()).collect();
    compare("music", &format!("{}\n", names.join("\n")));

    let page = std::fs::read_to_string(folder.join("index.html")).unwrap();
    assert_eq!(page.matches("<svg").count(), 3 * 6);
    assert!(page.contains("repeated cells (share)") && page.contains("As the song") && !page.contains("{{"));
    assert!(["src=", "href=", "url(", "@import"].iter().all(|asks| !page.contains(asks)));
    let again = run(workshop(), &line);
    assert!(again.status == 1 && again.err.contains("index.html exists"), "{}", again.err);
}

#[test]
fn music_needs_songs_with_bars() {
    let to = tempfile::tempdir_in(workshop()).unwrap();
    let corpus = to.path().join("rolls").display().to_string();
    done(workshop(), &["prepare", "songs", "-o", &corpus, "--representation", "notes"]);
    let refused = run(workshop(), &["evaluate", "run", "--music", "--on", &corpus]);
    assert!(refused.status == 2 && refused.err.contains("holds songs as notes"), "{}", refused.err);
}
