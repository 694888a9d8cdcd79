//! Corpora made of some songs of another.

use crate::common::{collection, options, prepared};
use leitmotif_corpus::prepare::{PrepareError, subset};
use leitmotif_corpus::{Corpus, Split};

#[test]
fn a_subset_holds_the_chosen_songs_as_they_were_under_the_chosen_splits() {
    let dir = tempfile::tempdir().unwrap();
    collection(&dir.path().join("midi"));
    prepared(&options(&dir.path().join("midi"), &dir.path().join("whole")));
    let whole = Corpus::open(dir.path().join("whole")).unwrap();
    // Out of order, and one song named twice.
    let chosen = [(7, Split::Test), (2, Split::Train), (11, Split::Valid), (2, Split::Valid)];
    let output = dir.path().join("some");
    let manifest = subset(&whole, &chosen, &output).unwrap();
    let some = Corpus::open(&output).unwrap();
    assert_eq!((some.songs().len(), manifest.totals.songs), (3, 3));
    assert_eq!(some.vocabulary().fingerprint(), whole.vocabulary().fingerprint());
    let splits: Vec<Split> = some.songs().iter().map(|song| song.split).collect();
    assert_eq!(splits, [Split::Valid, Split::Test, Split::Valid]);
    for (index, of) in [2, 7, 11].into_iter().enumerate() {
        assert_eq!(some.songs()[index].id, whole.songs()[of].id);
        assert_eq!(some.values(index), whole.values(of));
    }
    assert_ne!(some.fingerprint(), whole.fingerprint());
    assert_eq!(manifest.splits[&Split::Valid].songs, 2);
    assert!(matches!(subset(&whole, &chosen, &output), Err(PrepareError::Exists(_))), "nothing is overwritten");
}

#[test]
fn a_subset_of_nothing_or_of_songs_that_are_not_there_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    collection(&dir.path().join("midi"));
    prepared(&options(&dir.path().join("midi"), &dir.path().join("whole")));
    let whole = Corpus::open(dir.path().join("whole")).unwrap();
    let output = dir.path().join("some");
    let refused = |chosen: &[(usize, Split)]| subset(&whole, chosen, &output).unwrap_err().to_string();
    assert!(refused(&[]).contains("no songs"));
    assert!(refused(&[(1000, Split::Train)]).contains("1000"));
    assert!(!output.exists());
}
