//! `critic`: a classifier of a model's pieces, for `generate --best`.

use super::evaluate::corpus_of;
use super::evaluate::music::{self, MusicSettings};
use crate::console::Console;
use crate::failure::Refusal;
use crate::{files, model, values};
use anyhow::Result;
use clap::Args;
use leitmotif_corpus::{Corpus, Split};
use leitmotif_folder::CRITIC_FILE;
use leitmotif_measures::two_sample::LEAST_PIECES;
use leitmotif_measures::{Critic, Estimate, MusicSet};
use serde::Serialize;
use std::path::PathBuf;

/// Train a critic, which lets `generate --best` choose the most convincing of several pieces.
///
/// Composes two pieces for each of several training songs, one with its genre and instruments and
/// one without any request, and learns to distinguish them from the songs by density, parts,
/// harmony and repetition (see docs/measures.md). The critic is written into the model's folder.
#[derive(Debug, Args)]
pub struct Options {
    /// Run or model folder
    model: PathBuf,
    /// Corpus [default: the corpus of the run]
    #[arg(long, value_name = "CORPUS")]
    on: Option<PathBuf>,
    /// Songs of the corpus to learn from; those that `evaluate` measures on should not be among
    /// them
    #[arg(long, value_parser = values::split(), default_value = "train")]
    split: Split,
    /// Number of songs, evenly spaced among those of the split
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u64).range(LEAST_PIECES as u64..))]
    pieces: u64,
    /// Length of each piece in bars; songs are cut to the same length
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(music::LEAST_BARS as i64..=i64::from(u16::MAX) / 2))]
    bars: u16,
    /// Random seed of the pieces
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Replace the critic that is there
    #[arg(long)]
    force: bool,
    /// Print one line of JSON: path, songs, pieces, accuracy
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Trained {
    path: PathBuf,
    songs: usize,
    pieces: usize,
    /// How certainly pieces outside the training are distinguished from songs, 0.5 by chance.
    accuracy: Estimate,
}

/// Trains and writes it.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    let folder = model::find(&options.model)?;
    let path = folder.join(CRITIC_FILE);
    files::refuse_existing(&path, options.force)?;
    let corpus = Corpus::open(corpus_of(&options.model, options.on.as_deref())?)?;
    let settings = MusicSettings {
        pieces: options.pieces,
        bars: usize::from(options.bars),
        seed: options.seed,
        split: options.split,
        page: None,
        candidates: 1,
    };
    music::check(&corpus, &settings)?;
    let songs = music::held_out(&corpus, &settings)?;
    let [as_songs, nothing_said] = music::compose(&model::open(&folder)?, &songs, &settings, None, console)?;
    console.progress("learning");
    let real: Vec<_> = songs.into_iter().map(|song| song.score).collect();
    let (real, composed) = (MusicSet::of(&real), MusicSet::of(&[as_songs, nothing_said].concat()));
    let Some((critic, accuracy)) = Critic::train(&real, &composed) else {
        let what = format!("{} has too few songs of {} bars", corpus.dir().display(), music::LEAST_BARS);
        return Err(Refusal::because(what).remedy(format!("at least {LEAST_PIECES} are needed")).into());
    };
    console.clear();
    files::write(&path, &critic.to_json()?)?;
    let trained = Trained { path, songs: critic.songs, pieces: critic.pieces, accuracy };
    if options.json {
        return console.json(&trained);
    }
    let Trained { path, songs, pieces, accuracy: Estimate { value, low, high, .. } } = trained;
    console.out(format_args!(
        "{}: distinguishes {pieces} pieces from {songs} songs with accuracy {value:.2} [{low:.2}, {high:.2}] (0.5 is chance)",
        path.display()
    ))
}
