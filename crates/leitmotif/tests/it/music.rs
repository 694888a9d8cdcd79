//! `evaluate --music`: what is composed beside songs.

use crate::golden::compare;
use crate::program::{done, json, keys, run, workshop, write_collection};
use leitmotif_score::{Score, read_midi_file};
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
    assert_eq!(keys(&found), ["as_songs", "bars", "candidates", "nothing_said", "other_songs", "seed", "songs"]);
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

#[test]
fn a_critic_chooses_among_pieces() {
    let to = tempfile::tempdir_in(workshop()).unwrap();
    let name = |file: &str| to.path().join(file).display().to_string();
    let (model, best) = (name("model"), name("best.mid"));
    done(workshop(), &["export", "run", "-o", &model]);
    let choose = ["generate", &model, "-o", &best, "--best", "--count", "5", "--bars", "8", "--json"];
    let refused = run(workshop(), &choose);
    assert!(refused.status == 1 && refused.err.contains("leitmotif critic"), "{}", refused.err);

    let train = ["critic", &model, "--on", "corpus", "--pieces", "6", "--bars", "8", "--json"];
    let trained = json(workshop(), &train);
    assert_eq!(keys(&trained), ["accuracy", "path", "pieces", "songs"]);
    assert_eq!((&trained["songs"], &trained["pieces"]), (&6.into(), &12.into()));
    // A network of six steps does not compose songs.
    assert!(trained["accuracy"]["value"].as_f64().unwrap() > 0.7, "{trained}");
    assert_eq!(run(workshop(), &train).status, 1, "nothing is overwritten");

    let made = json(workshop(), &choose);
    assert_eq!(std::fs::read(&best).unwrap(), {
        done(workshop(), &[&choose[..], &["--force", "--threads", "1"]].concat());
        std::fs::read(&best).unwrap()
    });
    let notes = |path: &str| -> Score {
        let mut score = read_midi_file(path, &Default::default()).unwrap().0;
        (score.title, score.texts) = (None, Vec::new());
        score
    };
    let all = name("all");
    done(workshop(), &["generate", &model, "-o", &all, "--count", "5", "--bars", "8"]);
    let number = made["piece"].as_u64().unwrap();
    assert_eq!(notes(&best).parts, notes(&format!("{all}/00{}.mid", number + 1)).parts);
    assert!(made["log_odds"].is_f64());

    let line = ["evaluate", &model, "--on", "corpus", "--split", "train", "--music", "--pieces", "6", "--bars", "8"];
    let music = json(workshop(), &[&line[..], &["--candidates", "2", "--json"]].concat());
    assert_eq!(music["music"]["candidates"], 2);

    // What is damaged is refused with what to do.
    std::fs::write(to.path().join("model/critic.json"), "{}").unwrap();
    let refused = run(workshop(), &[&choose[..], &["--force"]].concat());
    assert!(refused.status == 1 && refused.err.contains("train it anew"), "{}", refused.err);
}
