//! The training songs that originality is measured against.

use crate::failure::Refusal;
use crate::words::counted;
use anyhow::Result;
use clap::Args;
use leitmotif_compose::AvoidCopies;
use leitmotif_corpus::{Corpus, Split};
use leitmotif_events::RepresentationConfig;
use leitmotif_measures::originality::Passage;
use leitmotif_measures::{OriginalityBuilder, OriginalityIndex, OriginalityReport};
use leitmotif_score::Score;
use leitmotif_train::{INFO_FILE, load_info};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Songs that are decoded at once.
const CHUNK: usize = 64;

/// What is asked of a piece beside the training songs.
#[derive(Debug, Args)]
pub struct OriginalityOptions {
    /// Report what each piece has in common with the training songs
    #[arg(long, help_heading = "Originality")]
    originality: bool,
    /// Copy at most N consecutive notes from any training song, in any key
    #[arg(long, value_name = "N", help_heading = "Originality")]
    avoid_copies: Option<usize>,
    /// Corpus of the training songs [default: the corpus of the run]
    #[arg(long, value_name = "CORPUS", help_heading = "Originality")]
    corpus: Option<PathBuf>,
}

/// The training songs of a model, as far as they are asked for.
pub struct OriginalityCheck {
    /// To measure against.
    pub measure: Option<Arc<OriginalityIndex>>,
    /// Not to copy.
    pub avoid: Option<AvoidCopies>,
}

impl OriginalityOptions {
    /// Reads the training songs, if they are needed.
    pub fn songs(&self, model: &Path) -> Result<OriginalityCheck> {
        if !self.originality && self.avoid_copies.is_none() {
            return Ok(OriginalityCheck { measure: None, avoid: None });
        }
        let corpus = corpus_of(model, self.corpus.as_deref())?;
        let index = Arc::new(index(&corpus)?);
        let avoid = |most| AvoidCopies { index: index.clone(), most, corpus: Some(corpus.fingerprint()) };
        Ok(OriginalityCheck { avoid: self.avoid_copies.map(avoid), measure: self.originality.then_some(index.clone()) })
    }
}

/// The corpus that is named, or else the one that a run learnt from.
fn corpus_of(model: &Path, named: Option<&Path>) -> Result<Corpus> {
    const REMEDY: &str = "name the corpus of the training songs: --corpus CORPUS";
    if let Some(corpus) = named {
        return Ok(Corpus::open(corpus)?);
    }
    if !model.join(INFO_FILE).is_file() {
        let refusal = Refusal::usage(format!("{} does not record the songs it was trained on", model.display()));
        return Err(refusal.remedy(REMEDY).into());
    }
    let info = load_info(model)?;
    let gone = |what: &str| Refusal::because(format!("{what} {}", info.corpus.display())).remedy(REMEDY);
    if !info.corpus.is_dir() {
        return Err(gone("the corpus that the run learnt from is no longer at").into());
    }
    let corpus = Corpus::open(&info.corpus)?;
    if corpus.fingerprint() != info.fingerprint {
        return Err(gone("the run learnt from another corpus than the one that is now at").into());
    }
    Ok(corpus)
}

/// The training songs of a corpus.
pub fn index(corpus: &Corpus) -> Result<OriginalityIndex> {
    let songs = corpus.split(Split::Train);
    let mut builder = OriginalityBuilder::default();
    for songs in songs.chunks(CHUNK) {
        for (&song, score) in songs.iter().zip(decode(corpus, songs)?) {
            builder.add(corpus.songs()[song].path.clone(), &score)?;
        }
    }
    if songs.is_empty() {
        let what = format!("{} has no songs in its train split", corpus.dir().display());
        return Err(Refusal::because(what).remedy("choose another corpus, or prepare with other shares").into());
    }
    Ok(builder.finish())
}

/// Songs of a corpus as scores.
pub fn decode(corpus: &Corpus, songs: &[usize]) -> Result<Vec<Score>> {
    if corpus.vocabulary().settings == RepresentationConfig::Notes {
        let what = format!(
            "{} keeps no rhythm and no instruments, so what pieces have in common with it says nothing",
            corpus.dir().display()
        );
        return Err(Refusal::usage(what).remedy("use a corpus of the representation events").into());
    }
    let representation = corpus.representation();
    let scores = songs.par_iter().map(|&song| representation.decode(&corpus.sequence(song)));
    Ok(scores.collect::<Result<Vec<_>, _>>()?)
}

/// A piece's report for people.
pub fn describe(report: &OriginalityReport) -> String {
    let OriginalityReport { longest_run, pitched_run, drum_run, overlap, nearest, .. } = report;
    let runs = [("by programs", pitched_run), ("by drums", drum_run)].into_iter();
    let runs: Vec<String> = runs.filter_map(|(who, run)| Some(format!("{} {who}", (*run)?))).collect();
    let shares = overlap.iter().filter_map(|(n, share)| Some(format!("{:.1} % of {n}", 100.0 * (*share)?)));
    let shares = shares.collect::<Vec<_>>().join(", ");
    let mut text = format!("{} in common with training songs", counted(longest_run.unwrap_or(0), "note"));
    if runs.len() > 1 {
        text += &format!(" ({})", runs.join(", "));
    }
    if let Some(nearest) = nearest {
        text += &format!("; {}", place(nearest));
    }
    if !shares.is_empty() {
        text += &format!("; passages found there: {shares} notes");
    }
    text
}

/// Where a passage stands in the piece and in the songs.
pub fn place(passage: &Passage) -> String {
    let Passage { song, instrument, bar, piece_instrument, piece_bar, .. } = passage;
    format!("{piece_instrument} in bar {piece_bar} as {instrument} in bar {bar} of {song}")
}
