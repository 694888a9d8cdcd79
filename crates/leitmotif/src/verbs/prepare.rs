//! `prepare`: from folders of MIDI files to a corpus.

mod report;

pub use report::describe;

use crate::console::Console;
use crate::interrupt;
use crate::model;
use crate::pedal::Pedal;
use crate::progress::ProgressBar;
use crate::values;
use anyhow::Result;
use clap::{Args, ValueEnum};
use leitmotif_corpus::prepare::{
    DEFAULT_FRAME_GRID, DEFAULT_GRID, DuplicateOptions, FilterOptions, Layout, PrepareError, PrepareObserver,
    PrepareOptions, PrepareSummary, Shard, SplitBy, SplitOptions, Stage, merge, prepare, prepare_part,
};
use leitmotif_events::RepresentationConfig;
use leitmotif_folder::ModelFolder;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

/// Turn folders of MIDI files into a corpus to train on.
///
/// Reads .mid, .midi, .kar and .rmi files in all subfolders, drops near-duplicates, splits the
/// songs into training, validation and test sets, and writes them as events. Files that cannot be
/// read are listed in the report and skipped.
///
/// A collection can also be one .json file {"train": [...], "valid": [...], "test": [...]}. Each
/// split is a list of songs, a song is a list of frames, and a frame is a list of MIDI pitches (-1
/// is a rest). Its splits are kept, and so are its near-duplicates.
///
/// A large collection can be prepared in parts, by several processes or machines: with --shard 1/8
/// an eighth of the files is read and a part is written instead of a corpus, and with --merge and
/// the folders of all eight parts they become the corpus that preparing at once would have made,
/// without near-duplicates across parts.
#[derive(Debug, Args)]
pub struct Options {
    /// Folders or single files to read; with --merge, the folders of all parts
    #[arg(required = true, value_name = "DIR")]
    inputs: Vec<PathBuf>,
    /// Corpus folder to write; with --shard, the part's folder
    #[arg(short, long, value_name = "CORPUS")]
    output: PathBuf,
    /// CSV or TSV file with a path or MD5 column and any of the columns genre, artist, title, split
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,
    /// Meaning of the folder names
    #[arg(long, value_enum, default_value_t = LayoutOption::Auto)]
    layout: LayoutOption,
    /// How songs are represented as events
    #[arg(long, value_enum, default_value_t = RepresentationOption::Events)]
    representation: RepresentationOption,
    /// Write events as this trained model has them, for train --from
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["representation", "grid", "no_references"])]
    like: Option<PathBuf>,
    /// Grid steps per quarter note, 1 to 48 [default: 12; 4 for chorales, frames and rolls]
    #[arg(long, value_name = "STEPS")]
    grid: Option<u16>,
    /// Write every cell note by note (cells only): for comparison
    #[arg(long)]
    no_references: bool,
    /// How MIDI files are read.
    #[command(flatten)]
    pedal: Pedal,
    /// Read only this shard of the files, such as 1/8, and write a part for --merge; a part that is
    /// there already is kept
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Make a corpus of parts, with the options that they were prepared with
    #[arg(
        long,
        conflicts_with_all = [
            "shard", "metadata", "layout", "representation", "like", "grid", "no_references", "Pedal", "Filter",
            "Splitting"
        ]
    )]
    merge: bool,
    /// Replace an existing corpus or part
    #[arg(long)]
    force: bool,
    /// Print the report as JSON: output, files, folders, seconds, manifest, dropped; of a part
    /// output, shard, files, songs, existed, seconds
    #[arg(long)]
    json: bool,
    /// Which songs.
    #[command(flatten)]
    filter: Filter,
    /// How they are split.
    #[command(flatten)]
    split: Splitting,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Which songs")]
struct Filter {
    /// Use only songs that the metadata names
    #[arg(long, requires = "metadata")]
    listed: bool,
    /// Use only songs of this genre (repeatable)
    #[arg(long, value_name = "NAME")]
    genre: Vec<String>,
    /// Use only songs by this artist (repeatable)
    #[arg(long, value_name = "NAME")]
    artist: Vec<String>,
    /// Use only songs that contain this instrument: number, name or family (repeatable)
    #[arg(long, value_name = "INSTRUMENT", value_parser = values::instruments)]
    with_instrument: Vec<leitmotif_score::InstrumentSelection>,
    /// Keep only the parts of this instrument (repeatable)
    #[arg(long, value_name = "INSTRUMENT", value_parser = values::instruments)]
    only_instrument: Vec<leitmotif_score::InstrumentSelection>,
    /// Use only songs with at least this number of notes
    #[arg(long, value_name = "N")]
    min_notes: Option<usize>,
    /// Use only songs with at most this number of notes
    #[arg(long, value_name = "N")]
    max_notes: Option<usize>,
    /// Pick this number of songs of each genre at random
    #[arg(long, value_name = "N")]
    per_genre: Option<usize>,
    /// Random seed for --per-genre
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Keep near-duplicate songs
    #[arg(long)]
    keep_duplicates: bool,
    /// Songs at least this similar count as duplicates (above 0, at most 1)
    #[arg(long, value_name = "SHARE", default_value_t = leitmotif_corpus::prepare::DUPLICATE_SIMILARITY)]
    similarity: f64,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Splits")]
struct Splitting {
    /// What is kept together in one split
    #[arg(long, value_enum, default_value_t = SplitByOption::Song)]
    split_by: SplitByOption,
    /// Shares of the training, validation and test songs
    #[arg(long, value_name = "T,V,T", value_parser = values::shares, default_value = "0.85,0.075,0.075")]
    split: [f64; 3],
    /// Random seed for the split
    #[arg(long, value_name = "N", default_value_t = 0)]
    split_seed: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LayoutOption {
    /// By depth: genre/artist/song, artist/song, or no meaning
    Auto,
    /// The first folder names the genre, the second one the artist
    Genre,
    /// The first folder names the artist
    Artist,
    /// Folder names are ignored
    Flat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RepresentationOption {
    /// One event per note: position, instrument, pitch, duration, velocity
    Events,
    /// Bars of cells (what a part plays in a bar), each of which can repeat another in one event
    Cells,
    /// One token per onset and part: a note, or the pitch classes of a chord
    Notes,
    /// One event per grid step: the pitches of soprano, alto, tenor and bass
    Chorales,
    /// Piano roll: one token per sounding pitch of a grid step, and one that ends the step
    Frames,
    /// Piano roll: one event per grid step, which says of each of 88 keys whether it sounds
    Rolls,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SplitByOption {
    /// Each song is placed on its own
    Song,
    /// All songs of an artist stay together
    Artist,
}

/// Prepares the corpus and reports.
pub fn run(options: &Options, console: &Console, threads: Option<usize>) -> Result<()> {
    let began = Instant::now();
    let mut wanted = wanted(options, threads);
    if let Some(model) = &options.like {
        like(model, &mut wanted)?;
    }
    if let Some(shard) = options.shard {
        let part = observed(console, |bar| prepare_part(&wanted, shard, bar, interrupt::flag()))?;
        return report::part(&part, options.json, console, began.elapsed().as_secs_f64());
    }
    let summary = match options.merge {
        true => noted(console, |bar| {
            merge(&options.inputs, &options.output, options.force, threads, bar, interrupt::flag())
        })?,
        false => with_progress(&wanted, console)?,
    };
    let seconds = began.elapsed().as_secs_f64();
    if console.is_verbose() {
        for file in &summary.dropped {
            console.detail(format_args!("left out: {}: {}", file.path, file.detail));
        }
    }
    if options.json {
        return console.json(&report::Report { summary: &summary, seconds });
    }
    console.out(describe(&summary))?;
    report::note_rate(summary.files, seconds, console);
    Ok(())
}

/// Prepares with a progress line; Ctrl-C stops it.
pub fn with_progress(options: &PrepareOptions, console: &Console) -> Result<PrepareSummary> {
    noted(console, |bar| prepare(options, bar, interrupt::flag()))
}

/// Does something with a progress line, which is gone afterwards.
fn observed<T>(console: &Console, work: impl FnOnce(&Bar<'_>) -> Result<T, PrepareError>) -> Result<T> {
    let done = work(&Bar::new(console));
    console.clear();
    Ok(done?)
}

/// Makes a corpus with a progress line, and says what its warnings are.
fn noted(
    console: &Console,
    work: impl FnOnce(&Bar<'_>) -> Result<PrepareSummary, PrepareError>,
) -> Result<PrepareSummary> {
    let summary = observed(console, work)?;
    for warning in &summary.manifest.warnings {
        console.note(format_args!("note: {warning}"));
    }
    Ok(summary)
}

/// Writes events as a trained model has them.
pub fn like(model: &Path, options: &mut PrepareOptions) -> Result<()> {
    let folder = ModelFolder::open(model::find(model)?)?;
    options.representation = folder.vocabulary().settings.clone();
    if options.representation.genres_mut().is_some_and(|genres| genres.is_empty()) {
        // Names of folders would become genres, which the model does not have.
        options.layout = Layout::Flat;
    }
    Ok(())
}

fn wanted(options: &Options, threads: Option<usize>) -> PrepareOptions {
    let Filter { with_instrument, only_instrument, .. } = &options.filter;
    let names = |selections: &[leitmotif_score::InstrumentSelection]| {
        selections.iter().map(|selection| selection.name().to_owned()).collect()
    };
    let [train, valid, test] = options.split.split;
    PrepareOptions {
        inputs: options.inputs.clone(),
        output: options.output.clone(),
        force: options.force,
        threads,
        representation: match options.representation {
            RepresentationOption::Events => {
                RepresentationConfig::Events { grid: options.grid.unwrap_or(DEFAULT_GRID), genres: Vec::new() }
            }
            RepresentationOption::Cells => RepresentationConfig::Cells {
                grid: options.grid.unwrap_or(DEFAULT_GRID),
                genres: Vec::new(),
                references: !options.no_references,
            },
            RepresentationOption::Notes => RepresentationConfig::Notes,
            RepresentationOption::Chorales => {
                RepresentationConfig::Chorales { grid: options.grid.unwrap_or(DEFAULT_FRAME_GRID) }
            }
            RepresentationOption::Frames => {
                RepresentationConfig::Frames { grid: options.grid.unwrap_or(DEFAULT_FRAME_GRID) }
            }
            RepresentationOption::Rolls => {
                RepresentationConfig::Rolls { grid: options.grid.unwrap_or(DEFAULT_FRAME_GRID) }
            }
        },
        pedal: options.pedal.read().apply_sustain,
        metadata: options.metadata.clone(),
        layout: match options.layout {
            LayoutOption::Auto => Layout::Auto,
            LayoutOption::Genre => Layout::Genre,
            LayoutOption::Artist => Layout::Artist,
            LayoutOption::Flat => Layout::Flat,
        },
        filter: FilterOptions {
            genres: options.filter.genre.clone(),
            artists: options.filter.artist.clone(),
            with_instruments: names(with_instrument),
            only_instruments: names(only_instrument),
            min_notes: options.filter.min_notes,
            max_notes: options.filter.max_notes,
            listed: options.filter.listed,
            per_genre: options.filter.per_genre,
        },
        duplicates: DuplicateOptions { keep: options.filter.keep_duplicates, similarity: options.filter.similarity },
        split: SplitOptions {
            by: match options.split.split_by {
                SplitByOption::Song => SplitBy::Song,
                SplitByOption::Artist => SplitBy::Artist,
            },
            train,
            valid,
            test,
            seed: options.split.split_seed,
        },
        seed: options.filter.seed,
        ..PrepareOptions::default()
    }
}

/// The stages as progress lines.
pub struct Bar<'a> {
    console: &'a Console,
    stage: Mutex<Option<ProgressBar<'a>>>,
}

impl<'a> Bar<'a> {
    /// Nothing is shown before the first stage.
    pub fn new(console: &'a Console) -> Self {
        Self { console, stage: Mutex::new(None) }
    }
}

impl PrepareObserver for Bar<'_> {
    fn stage(&self, stage: Stage, total: Option<usize>) {
        let (label, unit) = match stage {
            Stage::Scan => ("looking for files", "files"),
            Stage::Read => ("reading", "files"),
            Stage::Parts => ("reading parts", "songs"),
            Stage::Compare => ("looking for duplicates", "songs"),
            Stage::Encode => ("writing", "songs"),
        };
        let progress = ProgressBar::new(self.console, label, unit, total.unwrap_or(0) as u64);
        progress.set(0);
        *self.stage.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(progress);
    }

    fn advance(&self, count: usize) {
        if let Ok(stage) = self.stage.lock()
            && let Some(progress) = &*stage
        {
            progress.advance(count as u64);
        }
    }
}
