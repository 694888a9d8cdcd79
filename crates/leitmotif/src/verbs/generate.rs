//! `generate`: new music.

mod ask;
mod trace;

use crate::console::Console;
use crate::failure::Refusal;
use crate::progress::Throttle;
use crate::words::{clock, counted};
use crate::{base, critic, files, interrupt, model, originality, sound, values};
use anyhow::{Context, Result};
use clap::Args;
use leitmotif_compose::{ComposeError, Piece, PieceProgress, PieceReport, generate_each};
use leitmotif_measures::OriginalityReport;
use leitmotif_model::Precision;
use leitmotif_render::{
    BitDepth, Highlight, RenderOptions, RollOptions, SoundBank, Theme, piano_roll, render_to_wav, svg_to_png,
};
use leitmotif_score::{Automation, Score, Ticks, write_midi_file};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Pixels of a PNG to one of the picture.
const PNG_SCALE: f32 = 1.5;
/// Pieces among which the best is chosen.
const DEFAULT_CANDIDATES: u64 = 8;

/// Compose, with the model that ships or one that you trained.
///
/// Starts from nothing, from the genre, instruments, tempo and meter you choose, or continues a
/// MIDI file (--prime). The same command produces identical files. Each file records in a text
/// event which model, seed and settings made it.
#[derive(Debug, Args)]
pub struct Options {
    /// Run or model folder; `base` is the model that ships with the program
    #[arg(default_value = base::NAME)]
    model: PathBuf,
    /// MIDI file to write; with --count, the folder to write into
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Number of pieces, written as OUT/001.mid, OUT/002.mid, …; with --best, only the best of them
    /// is written, to OUT
    #[arg(short = 'n', long, visible_alias = "candidates", value_name = "N")]
    count: Option<u64>,
    /// Keep only the piece that is most like a song, as the model's critic ranks them (see
    /// `critic`) [default count: 8]
    #[arg(long)]
    best: bool,
    /// Random seed; another seed gives another piece
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Weight precision: `half` (faster, practically the same output) or `single`
    #[arg(long, value_name = "KIND", value_parser = precision, default_value = "half")]
    precision: Precision,
    /// Replace existing files
    #[arg(long)]
    force: bool,
    /// Print one line of JSON per piece: path, piece, bars, notes, seconds, instruments,
    /// prime_bars, events, redrawn_events, masked_events, redrawn_bars, invalid_events, valid,
    /// originality, log_odds
    #[arg(long)]
    json: bool,
    /// Write one line of JSON per event to FILE: the fields with their probabilities, how often the
    /// event was sampled again, and which rules rejected it
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// What is asked for.
    #[command(flatten)]
    ask: ask::RequestOptions,
    /// What is asked of it beside the training songs.
    #[command(flatten)]
    originality: originality::OriginalityOptions,
    /// Also write the sound as a WAV file beside the MIDI file
    #[arg(long, help_heading = "Sound and pictures")]
    wav: bool,
    /// SoundFont for --wav: a .sf2 file or `built-in` [default: one installed on the system, else
    /// built-in]
    #[arg(long, value_name = "FILE", help_heading = "Sound and pictures")]
    soundfont: Option<String>,
    /// Also write a piano roll as SVG or PNG beside the MIDI file
    #[arg(long, value_name = "KIND", value_parser = ["svg", "png"], help_heading = "Sound and pictures",
        num_args = 0..=1, default_missing_value = "svg")]
    roll: Option<String>,
}

fn precision(text: &str) -> Result<Precision, String> {
    match text {
        "half" => Ok(Precision::Half),
        "single" => Ok(Precision::Single),
        _ => Err(format!("`{text}` is neither half nor single")),
    }
}

/// Composes and reports.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    let began = Instant::now();
    let mut request = options.ask.request(options.seed)?;
    let source = options.ask.source()?;
    let paths = destinations(options)?;
    let bank = if options.wav { Some(sound::bank(options.soundfont.as_deref())?) } else { None };
    let opened = model::open_in(&options.model, options.precision)?;
    let twice = values::named_twice(&request.header.instruments);
    if let Some(twice) = twice.filter(|_| opened.representation.cells().is_none()) {
        let what = format!("--instruments: `{}` is named twice; each instrument is one part", twice.name());
        return Err(Refusal::usage(what).remedy("models of cells keep parts of one instrument apart").into());
    }
    let leitmotif_compose::Request { model, observed, .. } = opened.request();
    (request.model, request.observed) = (model, observed);
    request.trace = options.trace.is_some();
    let originality::OriginalityCheck { measure, avoid } = options.originality.songs(&options.model)?;
    request.avoid = avoid;
    paths.iter().chain(&options.trace).try_for_each(|path| files::make_parent(path))?;
    let extras = Extras { bank, roll: options.roll.as_deref() };
    let critic = if options.best { Some(critic::open(&model::find(&options.model)?)?) } else { None };
    let count = if options.best { options.count.unwrap_or(DEFAULT_CANDIDATES) } else { paths.len() as u64 };
    let progress = Together::new(console, count as usize);
    let write = |number: usize, piece: Result<Piece, ComposeError>, log_odds: Option<f64>| -> Result<Made> {
        let piece = piece?;
        let path = &paths[number];
        let trace = options.trace.as_ref().map(|_| trace::lines(&piece, &*opened.representation)).transpose()?;
        let Piece { mut score, mut report, .. } = piece;
        score.title.get_or_insert_with(|| title(path));
        let played = match &source {
            Some(source) => source.continue_as(path, &score, report.prime_bars, console)?,
            None => {
                write_midi_file(path, &score)?;
                (score.clone(), Automation::default())
            }
        };
        extras.write(path, &score, played, report.prime_bars)?;
        report.path = Some(path.clone());
        let originality = measure.as_ref().map(|index| index.report(&score));
        Ok(Made { report, originality, log_odds, trace })
    };
    // Each piece is written as soon as it is complete, or kept while it is the best.
    let made: Mutex<BTreeMap<u64, Result<Made>>> = Mutex::default();
    let best: Mutex<Option<Best>> = Mutex::default();
    let finished = |number: u64, piece: Result<Piece, ComposeError>| {
        let report = match (&critic, piece) {
            (Some(critic), Ok(piece)) => {
                let next = Best { log_odds: critic.log_odds(&piece.score), number, piece };
                let mut best = best.lock().unwrap_or_else(PoisonError::into_inner);
                if best.as_ref().is_none_or(|best| next.is_before(best)) {
                    *best = Some(next);
                }
                return;
            }
            (_, piece) => write(number as usize, piece, None),
        };
        made.lock().unwrap_or_else(PoisonError::into_inner).insert(number, report);
    };
    let on_progress = |now: PieceProgress| progress.show(now);
    let (model, representation) = (&*opened.model, &*opened.representation);
    generate_each(model, representation, &request, count, &on_progress, interrupt::flag(), &finished)?;
    if let Some(Best { log_odds, number, piece }) = best.into_inner().unwrap_or_else(PoisonError::into_inner)
        && !interrupt::asked()
    {
        made.lock().unwrap_or_else(PoisonError::into_inner).insert(number, write(0, Ok(piece), Some(log_odds)));
    }
    let made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
    console.clear();
    let (mut pieces, mut notes, mut failed) = (0, 0, None);
    let mut traced = String::new();
    for made in made.into_values() {
        match made {
            Ok(made) => {
                (pieces, notes) = (pieces + 1, notes + made.report.notes);
                traced.extend(made.trace.as_deref());
                print_report(&made, options.json, console)?;
            }
            // Of several, the one that is not about being stopped says most.
            Err(error) if failed.is_none() || !is_cancelled(&error) => failed = Some(error),
            Err(_) => {}
        }
    }
    if let Some(path) = &options.trace {
        files::write(path, traced.as_bytes()).with_context(|| path.display().to_string())?;
    }
    if let Some(error) = failed {
        return Err(if is_cancelled(&error) {
            error.context(format!("stopped after {}", counted(pieces, "piece")))
        } else {
            error
        });
    }
    let seconds = began.elapsed().as_secs_f64();
    console.note(format_args!("{} in {seconds:.1} s", counted(notes, "note")));
    Ok(())
}

fn is_cancelled(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<ComposeError>(), Some(ComposeError::Cancelled))
}

/// Where the pieces go; nothing is in the way.
fn destinations(options: &Options) -> Result<Vec<PathBuf>> {
    let extra = [options.wav.then_some("wav"), options.roll.as_deref()];
    // The best of several is one piece.
    let count = options.count.filter(|count| !options.best || *count == 0);
    let paths = match count {
        None => vec![options.output.clone()],
        Some(0) => return Err(Refusal::usage("--count 0: at least one piece is composed").into()),
        Some(1) if is_midi(&options.output) => vec![options.output.clone()],
        Some(count) if is_midi(&options.output) => {
            let refusal = Refusal::usage(format!("{} is the name of a MIDI file", options.output.display()));
            return Err(refusal.remedy(format!("{count} pieces need a folder: -o pieces")).into());
        }
        Some(count) if options.output.is_file() => {
            let refusal = Refusal::because(format!("{} is a file", options.output.display()));
            return Err(refusal.remedy(format!("{count} pieces need a folder")).into());
        }
        Some(count) => {
            let width = count.to_string().len().max(3);
            (1..=count).map(|number| options.output.join(format!("{number:0width$}.mid"))).collect()
        }
    };
    if count.is_none() && options.output.is_dir() {
        let refusal = Refusal::because(format!("{} is a folder", options.output.display()));
        return Err(refusal.remedy("give a file name such as new.mid, or a number of pieces: --count 8").into());
    }
    if count.is_none() && !is_midi(&options.output) {
        let refusal = Refusal::usage(format!("{} is not the name of a MIDI file", options.output.display()));
        return Err(refusal
            .remedy("use a name that ends in .mid, or write several pieces into a folder: --count 8")
            .into());
    }
    if let Some(path) = &options.trace {
        files::refuse_existing(path, options.force)?;
        if paths.contains(path) {
            return Err(Refusal::usage(format!("--trace and --output are both {}", path.display())).into());
        }
    }
    for path in &paths {
        files::refuse_existing(path, options.force)?;
        for extension in extra.iter().flatten() {
            files::refuse_existing(&files::beside(path, extension), options.force)?;
        }
    }
    Ok(paths)
}

fn is_midi(path: &Path) -> bool {
    matches!(files::extension(path).as_str(), "mid" | "midi") && !path.is_dir()
}

/// A piece that is written.
#[derive(Serialize)]
struct Made {
    #[serde(flatten)]
    report: PieceReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    originality: Option<OriginalityReport>,
    /// The critic's log-odds of its being a song, where it was chosen among several.
    #[serde(skip_serializing_if = "Option::is_none")]
    log_odds: Option<f64>,
    /// How its events were drawn, one line an event.
    #[serde(skip)]
    trace: Option<String>,
}

/// The best piece so far.
struct Best {
    log_odds: f64,
    number: u64,
    piece: Piece,
}

impl Best {
    /// Whether it is preferred: of equally good pieces the first is, in whatever order they end.
    fn is_before(&self, other: &Self) -> bool {
        self.log_odds.total_cmp(&other.log_odds).then(other.number.cmp(&self.number)).is_gt()
    }
}

fn print_report(made: &Made, json: bool, console: &Console) -> Result<()> {
    if json {
        return console.json(made);
    }
    let PieceReport { path, bars, notes, seconds, instruments, invalid_events, events, .. } = &made.report;
    let path = path.as_deref().unwrap_or(Path::new("")).display();
    let (bars, notes) = (counted(*bars, "bar"), counted(*notes, "note"));
    let invalid = match invalid_events {
        0 => String::new(),
        count => format!("; {count} of {events} events were invalid as drawn"),
    };
    console.out(format_args!("{path}: {bars}, {notes}, {}: {}{invalid}", clock(*seconds), instruments.join(", ")))?;
    match &made.originality {
        Some(report) => console.out(format_args!("  {}", originality::describe(report))),
        None => Ok(()),
    }
}

/// What a file's name says of the piece.
pub fn title(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What is written beside a MIDI file.
struct Extras<'a> {
    bank: Option<SoundBank>,
    roll: Option<&'a str>,
}

impl Extras<'_> {
    /// Of a piece that sounds as `played` says.
    fn write(&self, path: &Path, score: &Score, played: (Score, Automation), prime_bars: usize) -> Result<()> {
        if let Some(bank) = &self.bank {
            let wav = files::beside(path, "wav");
            let (score, automation) = played;
            let options = RenderOptions { automation, ..RenderOptions::default() };
            render_to_wav(&score, bank, &options, wav, BitDepth::default())?;
        }
        let Some(kind) = self.roll else { return Ok(()) };
        let theme = if kind == "svg" { Theme::Auto } else { Theme::Light };
        let highlights = prime_of(score, prime_bars).into_iter().collect();
        let mut score = score.clone();
        score.merge_parts_by_instrument();
        let svg = piano_roll(&score, &RollOptions { theme, highlights, ..RollOptions::default() });
        let picture = if kind == "svg" { svg.into_bytes() } else { svg_to_png(&svg, PNG_SCALE)? };
        let path = files::beside(path, kind);
        files::write(&path, &picture).with_context(|| path.display().to_string())
    }
}

fn prime_of(score: &Score, bars: usize) -> Option<Highlight> {
    let last = score.bars().take(bars).last()?;
    Some(Highlight { from: Ticks(0), to: last.end(), label: "prime".into() })
}

/// The progress of pieces that are composed side by side.
struct Together<'a> {
    console: &'a Console,
    pace: Throttle,
    began: Instant,
    pieces: Mutex<Vec<(f64, usize)>>,
}

impl<'a> Together<'a> {
    fn new(console: &'a Console, pieces: usize) -> Self {
        Self { console, pace: Throttle::new(), began: Instant::now(), pieces: Mutex::new(vec![(0.0, 0); pieces]) }
    }

    fn show(&self, progress: PieceProgress) {
        let Ok(mut pieces) = self.pieces.lock() else { return };
        if let Some(piece) = pieces.get_mut(progress.piece as usize) {
            *piece = (progress.done, progress.notes);
        }
        if !self.console.shows_progress() || !self.pace.is_due() {
            return;
        }
        let done = pieces.iter().map(|piece| piece.0).sum::<f64>() / pieces.len().max(1) as f64;
        let notes: usize = pieces.iter().map(|piece| piece.1).sum();
        let seconds = self.began.elapsed().as_secs_f64();
        let left = if done > 0.0 { format!("  {} left", clock(seconds / done - seconds)) } else { String::new() };
        let rate = notes as f64 / seconds.max(1e-9);
        self.console.progress(&format!("composing  {notes} notes  {rate:.0} notes/s  {:.0}%{left}", done * 100.0));
    }
}
