//! What a model composes, beside the songs it was kept from.
//!
//! For each of so many held-out songs it composes two pieces as long as the song's excerpt: one of
//! the same genre for the same instruments, and one with everything left open. Each set is compared
//! with the excerpts, and so that the numbers have a scale, songs of the training split are too.
//! Songs come from the corpus, so that all of them lie on the same grid as the pieces.

mod page;
mod songs;
mod table;

use crate::console::Console;
use crate::failure::Refusal;
use crate::model::{self, Opened};
use crate::progress::ProgressBar;
use crate::{critic, files, interrupt};
use anyhow::Result;
use leitmotif_compose::{ComposeError, Length, Request, generate};
use leitmotif_corpus::{Corpus, Split};
use leitmotif_events::Header;
use leitmotif_measures::two_sample::TwoSample;
use leitmotif_measures::{Critic, MusicComparison, MusicSet};
use leitmotif_score::Score;
use rayon::prelude::*;
use serde::Serialize;
pub use songs::{Song, held_out};
use std::path::{Path, PathBuf};

/// The fewest bars that are compared: fewer hold no bars 4 apart worth speaking of.
pub const LEAST_BARS: usize = 8;
/// The page's name in its folder.
const PAGE: &str = "index.html";

/// What is compared.
#[derive(Debug, Clone, Copy)]
pub struct MusicSettings<'a> {
    /// The most songs, and the most pieces of each set.
    pub pieces: u64,
    /// The most bars of an excerpt, and of a piece.
    pub bars: usize,
    /// Decides what is composed.
    pub seed: u64,
    /// The songs that are held out.
    pub split: Split,
    /// The folder of the page, if there is to be one.
    pub page: Option<&'a Path>,
    /// Versions of each piece, of which the critic chooses one; it is not asked about one.
    pub candidates: u64,
}

/// Two sets of pieces beside songs.
#[derive(Debug, Serialize)]
pub struct Music {
    /// The most bars of a piece.
    bars: usize,
    /// Decides what is composed.
    seed: u64,
    /// Versions of each piece, of which the model's critic chose one.
    candidates: u64,
    /// The songs whose excerpts are the real music, in the order of the pieces.
    songs: Vec<SongFacts>,
    /// Pieces of the genre and for the instruments of their song.
    as_songs: MusicComparison,
    /// Pieces with nothing said.
    nothing_said: MusicComparison,
    /// Other songs in place of the pieces: the scale. `None` of too few.
    other_songs: Option<OtherSongs>,
    /// The page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<PathBuf>,
}

/// A song that pieces are set beside.
#[derive(Debug, Serialize)]
struct SongFacts {
    /// Its path in the collection.
    path: String,
    /// Bars of its excerpt, and of its pieces.
    bars: usize,
}

/// How certainly the songs are distinguished from others.
#[derive(Debug, Serialize)]
struct OtherSongs {
    /// Where the others are from.
    split: Split,
    /// How many there are.
    songs: usize,
    #[serde(flatten)]
    found: TwoSample,
}

/// Refuses what cannot be compared, before anything takes time.
pub fn check(corpus: &Corpus, settings: &MusicSettings<'_>) -> Result<()> {
    let representation = &corpus.vocabulary().settings;
    if !representation.has_bars() {
        let what = format!(
            "{} holds songs as {}, without the bars and parts that --music compares",
            corpus.dir().display(),
            representation.name()
        );
        return Err(Refusal::usage(what).remedy("prepare the songs with --representation events or cells").into());
    }
    if settings.bars < LEAST_BARS {
        let what = format!("{} bars are too few for --music", settings.bars);
        return Err(Refusal::usage(what).remedy(format!("use --bars {LEAST_BARS} or more")).into());
    }
    let page = settings.page.map(|folder| folder.join(PAGE)).filter(|page| page.exists());
    page.map_or(Ok(()), |page| {
        let refusal = Refusal::because(format!("{} exists", page.display()));
        Err(refusal.remedy("choose another folder: --page DIR").into())
    })
}

/// Composes, compares, and writes the page.
pub fn measure(folder: &Path, corpus: &Corpus, settings: &MusicSettings<'_>, console: &Console) -> Result<Music> {
    let songs = held_out(corpus, settings)?;
    let opened = model::open(folder)?;
    let critic = if settings.candidates > 1 { Some(critic::open(&model::find(folder)?)?) } else { None };
    let [as_songs, nothing_said] = compose(&opened, &songs, settings, critic.as_ref(), console)?;
    console.progress("comparing");
    let others = songs::others(corpus, settings.split, &songs)?;
    let real = MusicSet::of(&songs.iter().map(|song| song.score.clone()).collect::<Vec<_>>());
    let compared = [(&as_songs, true), (&nothing_said, false)];
    let compared = compared.map(|(pieces, paired)| MusicComparison::of(&MusicSet::of(pieces), &real, paired));
    let scale = MusicSet::of(&others).two_sample_test(&real, false);
    let page = settings.page.map(|folder| folder.join(PAGE));
    console.clear();
    let [compared_as_songs, compared_nothing_said] = compared;
    let facts = |song: &Song| SongFacts { path: song.path.clone(), bars: song.bars };
    let music = Music {
        bars: settings.bars,
        seed: settings.seed,
        candidates: settings.candidates,
        songs: songs.iter().map(facts).collect(),
        as_songs: compared_as_songs,
        nothing_said: compared_nothing_said,
        other_songs: scale.map(|found| OtherSongs { split: Split::Train, songs: others.len(), found }),
        page,
    };
    if let Some(page) = &music.page {
        let pieces = page::Pieces { songs: &songs, as_songs: &as_songs, nothing_said: &nothing_said };
        files::write(page, page::html(&music, &pieces, folder, settings.split)?.as_bytes())?;
    }
    Ok(music)
}

/// For each song a piece of its genre and instruments, and one with nothing said; of the candidates
/// of each those that the critic prefers.
pub fn compose(
    opened: &Opened,
    songs: &[Song],
    settings: &MusicSettings<'_>,
    critic: Option<&Critic>,
    console: &Console,
) -> Result<[Vec<Score>; 2]> {
    let progress = ProgressBar::new(console, "composing", "pieces", 2 * songs.len() as u64 * settings.candidates);
    progress.set(0);
    let compose = |header: &(dyn Fn(&Song) -> Header + Sync)| {
        let piece = |(number, song): (usize, &Song)| {
            let request = Request {
                header: header(song),
                length: Length::Bars(song.bars),
                seed: settings.seed,
                ..opened.request()
            };
            let first = number as u64 * settings.candidates;
            let candidates = (first..first + settings.candidates).map(|number| {
                let (model, representation) = (&*opened.model, &*opened.representation);
                let mut score = generate(model, representation, &request, number, &|_| (), interrupt::flag())?.score;
                score.merge_parts_by_instrument();
                progress.advance(1);
                Ok((critic.map_or(0.0, |critic| critic.log_odds(&score)), score))
            });
            let best = candidates.reduce(|best, next| match (best?, next?) {
                (best, next) if next.0 > best.0 => Ok(next),
                (best, _) => Ok(best),
            });
            best.unwrap_or(Err(ComposeError::Cancelled)).map(|(_, score)| score)
        };
        songs.par_iter().enumerate().map(piece).collect::<Result<Vec<Score>, ComposeError>>()
    };
    Ok([compose(&|song| header(song, opened))?, compose(&|_| Header::default())?])
}

/// The genre of a song, if the model knows it, and the instruments of its excerpt: of a model of
/// cells one for each part, since two violins are not one.
fn header(song: &Song, opened: &Opened) -> Header {
    let known = opened.representation.vocabulary().settings.genres();
    let genre = song.genre.clone().filter(|genre| known.contains(genre));
    let mut instruments = song.score.instruments();
    if opened.representation.cells().is_some() {
        let parts = song.score.parts.iter().filter(|part| !part.notes.is_empty() && !part.instrument.is_drums());
        instruments.retain(|it| it.is_drums());
        instruments.extend(parts.map(|part| part.instrument));
        instruments.sort_unstable();
    }
    Header { genre, instruments }
}

impl Music {
    /// It for people.
    pub fn describe(&self, split: Split) -> String {
        table::describe(self, split)
    }
}
