//! The proof that training and test are apart.
//!
//! Songs are compared by the fingerprints of their notes, which key, tempo, clock, track order and
//! instruments do not change ([`Fingerprint`]); a file under another name, a transposed copy and
//! another arrangement are found alike. Work: one comparison for each song that may be trained on
//! and each test song.

use crate::{KeptOut, LeakageCheck, NearestPair};
use leitmotif_corpus::Corpus;
use leitmotif_corpus::prepare::Fingerprint;
use rayon::prelude::*;

/// The fingerprints of all songs of a collection.
pub(crate) struct Prints {
    prints: Vec<Option<Fingerprint>>,
    threshold: f64,
}

/// A test set: its name and its songs, by index.
pub(crate) struct Held<'a> {
    pub(crate) name: &'a str,
    pub(crate) songs: &'a [usize],
}

impl Prints {
    /// Takes the fingerprints of the songs as the corpus holds them. From `threshold` on two songs
    /// are the same.
    pub(crate) fn of(corpus: &Corpus, threshold: f64) -> Self {
        let representation = corpus.representation();
        let print =
            |song: usize| representation.decode(&corpus.sequence(song)).ok().map(|score| Fingerprint::of(&score));
        Self { prints: (0..corpus.songs().len()).into_par_iter().map(print).collect(), threshold }
    }

    fn similarity(&self, a: usize, b: usize) -> f64 {
        match (&self.prints[a], &self.prints[b]) {
            (Some(a), Some(b)) => a.similarity(b),
            _ => 0.0,
        }
    }

    /// The song of `others` most like `song`, the first of several; `None` if none has anything in
    /// common with it.
    fn nearest(&self, song: usize, others: &[usize]) -> Option<(usize, f64)> {
        let pairs = others.iter().map(|other| (*other, self.similarity(song, *other)));
        pairs.filter(|pair| pair.1 > 0.0).max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
    }

    /// Takes out of `songs` those that are, or are copies of, songs of any test set.
    pub(crate) fn keep_apart(&self, corpus: &Corpus, songs: &mut Vec<usize>, tests: &[Held<'_>]) -> Vec<KeptOut> {
        let verdict = |song: usize| {
            tests.iter().find_map(|test| {
                let (like, similarity) = self.nearest(song, test.songs).filter(|near| near.1 >= self.threshold)?;
                let path = |song: usize| corpus.songs()[song].path.clone();
                Some(KeptOut { song: path(song), test: test.name.to_owned(), like: path(like), similarity })
            })
        };
        let verdicts: Vec<Option<KeptOut>> = songs.par_iter().map(|song| verdict(*song)).collect();
        let mut out = verdicts.iter().map(Option::is_some);
        songs.retain(|_| !out.next().unwrap_or(false));
        verdicts.into_iter().flatten().collect()
    }

    /// What stands in the report: an arm's songs beside a test set's.
    pub(crate) fn check(&self, corpus: &Corpus, arm: &str, songs: &[usize], test: &Held<'_>) -> LeakageCheck {
        let near = |song: usize| self.nearest(song, test.songs).map(|(other, similarity)| (song, other, similarity));
        let nearest = songs
            .par_iter()
            .filter_map(|song| near(*song))
            .max_by(|a, b| a.2.total_cmp(&b.2).then(b.0.cmp(&a.0)).then(b.1.cmp(&a.1)));
        let record = |song: usize| &corpus.songs()[song];
        let held: std::collections::BTreeSet<&str> =
            test.songs.iter().map(|song| record(*song).hash.as_str()).collect();
        LeakageCheck {
            arm: arm.to_owned(),
            test: test.name.to_owned(),
            arm_songs: songs.len(),
            test_songs: test.songs.len(),
            same_files: songs.iter().filter(|song| held.contains(record(**song).hash.as_str())).count(),
            nearest: nearest.map(|(song, other, similarity)| NearestPair {
                arm_song: record(song).path.clone(),
                test_song: record(other).path.clone(),
                similarity,
            }),
            threshold: self.threshold,
        }
    }
}
