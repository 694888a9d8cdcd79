//! Arms and test sets: what they hold, and that they are apart.

use crate::common::{collection, planned, song, study, write};
use leitmotif_corpus::Split;
use leitmotif_score::Instrument;
use std::collections::BTreeSet;

/// Near-duplicates stay in the collection, and a table says which songs are for what.
const AS_TOLD: &str = "[collection]\ninputs = ['music']\nmetadata = 'splits.csv'\nduplicates = { keep = true }\n";
const ONE_ARM: &str = "[budget]\nsteps = 1\n[[arm]]\nname = 'all'\n[[test]]\nname = 'all'\n";

/// A collection with copies of test songs among those to learn from.
fn planted(dir: &std::path::Path) {
    let music = collection(dir);
    let mut table = String::from("path,split\n");
    for number in 0..12 {
        let split = ["train", "train", "valid", "test"][number % 4];
        for genre in ["metal", "rock"] {
            table += &format!("{genre}/artist {number}/song {number}.mid,{split}\n");
        }
    }
    // One under another name, one in another key and tempo, one with an instrument less: all songs
    // of the test split.
    write(&music.join("rock/copyist/same.mid"), &song(3));
    let mut transposed = song(107);
    transposed.transpose(4);
    transposed.scale_tempo(1.2);
    write(&music.join("rock/copyist/transposed.mid"), &transposed);
    let mut fewer = song(11);
    fewer.parts.retain(|part| part.instrument != Instrument::Drums(0));
    write(&music.join("rock/copyist/fewer.mid"), &fewer);
    table += "rock/copyist/same.mid,train\nrock/copyist/transposed.mid,valid\nrock/copyist/fewer.mid,train\n";
    std::fs::write(dir.join("splits.csv"), table).unwrap();
}

#[test]
fn planted_copies_of_test_songs_are_caught_and_kept_out() {
    let dir = tempfile::tempdir().unwrap();
    planted(dir.path());
    let made = planned(&study(dir.path(), AS_TOLD, ONE_ARM), &dir.path().join("out")).unwrap();
    let arm = &made.datasets.arms[0];
    let caught: BTreeSet<&str> = arm.facts.kept_out.iter().map(|out| out.song.as_str()).collect();
    let planted = ["rock/copyist/fewer.mid", "rock/copyist/same.mid", "rock/copyist/transposed.mid"];
    assert_eq!(caught.into_iter().collect::<Vec<_>>(), planted);
    let likes: BTreeSet<&str> = arm.facts.kept_out.iter().map(|out| out.like.as_str()).collect();
    assert!(likes.contains("metal/artist 3/song 3.mid") && likes.contains("rock/artist 7/song 7.mid"), "{likes:?}");
    let learnt: BTreeSet<&str> = arm.corpus.songs().iter().map(|song| song.path.as_str()).collect();
    assert!(planted.iter().all(|song| !learnt.contains(song)));
    let check = &made.datasets.leakage[0];
    assert_eq!((check.arm_songs, check.test_songs, check.same_files), (18, 6, 0));
    assert!(check.nearest.as_ref().is_none_or(|near| near.similarity < check.threshold), "{check:?}");
}

#[test]
fn a_published_split_keeps_its_copies_and_the_report_notes_them() {
    let dir = tempfile::tempdir().unwrap();
    planted(dir.path());
    let head = format!("published_split = true\n{AS_TOLD}");
    let made = planned(&study(dir.path(), &head, ONE_ARM), &dir.path().join("out")).unwrap();
    assert!(made.datasets.arms[0].facts.kept_out.is_empty());
    let check = &made.datasets.leakage[0];
    assert_eq!((check.arm_songs, check.same_files), (21, 1));
    assert!(check.nearest.as_ref().unwrap().similarity >= check.threshold);
}

#[test]
fn no_arm_has_a_test_song_and_parts_are_those_requested() {
    let dir = tempfile::tempdir().unwrap();
    collection(dir.path());
    let rest = "
[budget]
steps = 1
[[arm]]
name = 'all'
[[arm]]
each = 'genre'
least_songs = 2
[[arm]]
each = 'instrument'
among = ['drums', 'bass', 'flute']
least_songs = 2
[[arm]]
name = 'four'
songs = 4
[[arm]]
name = 'two'
songs = 2
[[arm]]
name = 'their drums'
songs = 2
only_instruments = ['drums']
[[test]]
name = 'all'
[[test]]
each = 'instrument'
among = ['drums', 'bass', 'flute']
";
    let study = study(dir.path(), "", rest);
    let made = planned(&study, &dir.path().join("out")).unwrap();
    let arms: Vec<&str> = made.datasets.arms.iter().map(|arm| arm.facts.name.as_str()).collect();
    assert_eq!(arms, ["all", "metal", "rock", "drums", "bass", "four", "two", "their drums"], "nobody plays the flute");
    let held: BTreeSet<String> = made
        .datasets
        .tests
        .iter()
        .flat_map(|test| test.corpora.values())
        .flat_map(|corpus| corpus.songs().iter().map(|song| song.path.clone()))
        .collect();
    let songs = |name: &str, split: Split| -> BTreeSet<String> {
        let arm = made.datasets.arms.iter().find(|arm| arm.facts.name == name).unwrap();
        arm.corpus.split(split).into_iter().map(|song| arm.corpus.songs()[song].path.clone()).collect()
    };
    for arm in &made.datasets.arms {
        let learnt = arm.corpus.songs().iter().map(|song| song.path.clone());
        assert!(learnt.collect::<BTreeSet<_>>().is_disjoint(&held), "{}", arm.facts.name);
    }
    assert!(songs("metal", Split::Train).iter().all(|path| path.starts_with("metal/")));
    let (two, four, all) = (songs("two", Split::Train), songs("four", Split::Train), songs("all", Split::Train));
    assert_eq!((two.len(), four.len()), (2, 4));
    assert!(two.is_subset(&four) && four.is_subset(&all));
    assert_eq!(songs("two", Split::Valid), songs("all", Split::Valid), "validation is the same");
    assert_eq!(songs("two", Split::Train), songs("their drums", Split::Train), "drawn before parts are chosen");
    let drums = &made.datasets.arms[3];
    assert!(drums.corpus.songs().iter().all(|song| song.instruments.iter().all(|it| it.is_drums())));
    assert_eq!(drums.facts.home.as_deref(), Some("drums"));
    // The same songs, whatever parts are kept.
    assert_eq!(songs("drums", Split::Train), all);
    let vocabularies: BTreeSet<String> =
        made.datasets.arms.iter().map(|arm| arm.corpus.vocabulary().fingerprint()).collect();
    assert_eq!(vocabularies.len(), 1, "every model can be judged on every test set");
}

#[test]
fn what_the_collection_does_not_have_is_named() {
    let dir = tempfile::tempdir().unwrap();
    collection(dir.path());
    let out = dir.path().join("out");
    for (arm, test, parts) in [
        ("name = 'x'\ngenres = ['polka']", "name = 'all'", &["arm x", "polka", "metal"][..]),
        ("name = 'x'\nonly_instruments = ['kazoo']", "name = 'all'", &["arm x", "kazoo"]),
        ("name = 'x'\nartists = ['nobody']", "name = 'all'", &["arm x", "training split"]),
        ("name = 'x'", "name = 'y'\nwith_instruments = ['flute']", &["test set y", "test split"]),
    ] {
        let study = study(dir.path(), "", &format!("[budget]\nsteps = 1\n[[arm]]\n{arm}\n[[test]]\n{test}\n"));
        let error = planned(&study, &out).err().unwrap().to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
    // A collection without what `each` requests uses what else there is.
    let none = format!("{ONE_ARM}[[arm]]\neach = 'genre'\nleast_songs = 100\n");
    let made = planned(&study(dir.path(), "", &none), &out).unwrap();
    assert_eq!(made.datasets.arms.len(), 1);
    assert!(made.datasets.warnings.iter().any(|it| it.contains("[[arm]] number 2")), "{:?}", made.datasets.warnings);
    let only = "[budget]\nsteps = 1\n[[arm]]\nname = 'x'\n[[test]]\neach = 'instrument'\namong = ['flute']\n";
    let error = planned(&study(dir.path(), "", only), &out).err().unwrap().to_string();
    assert!(error.contains("test set") && error.contains("least_songs"), "{error}");

    std::fs::write(dir.path().join("wrong.toml"), format!("title = 'x'\n{ONE_ARM}home = 'all'\n")).unwrap();
    let error = leitmotif_compare::Study::read(&dir.path().join("wrong.toml")).unwrap_err().to_string();
    assert!(error.contains("wrong.toml") && error.contains("an arm's"), "{error}");

    let rest = format!("{ONE_ARM}[[factor]]\nkey = 'model.lairs'\nvalues = [1]\n");
    let error = planned(&study(dir.path(), "", &rest), &out).err().unwrap().to_string();
    assert!(error.contains("model.layers") && error.contains("study.toml"), "{error}");
}
