//! The verbs of models with latents: what they share.

pub mod direction;
pub mod interpolate;
pub mod reconstruct;
pub mod report;
pub mod restyle;
pub mod vary;

use crate::console::Console;
use crate::failure::Refusal;
use crate::model::Opened;
use crate::pedal::Pedal;
use crate::progress::Throttle;
use crate::source_file::SourceFile;
use crate::words::{clock, counted};
use crate::{files, interrupt, model, sound};
use anyhow::{Context, Result};
use clap::Args;
use leitmotif_compose::latent::{Edited, LatentEditor, MAX_CANDIDATES, Source, Task, space};
use leitmotif_compose::{FieldSampling, Request, Sampling};
use leitmotif_measures as study;
use leitmotif_render::{
    BitDepth, Highlight, RenderOptions, RollOptions, SoundBank, Theme, piano_roll, render_to_wav, svg_to_png,
};
use leitmotif_score::{Automation, Instrument, Score};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Pixels of a PNG to one of the picture.
const PNG_SCALE: f32 = 1.5;

/// What every one of these verbs takes.
#[derive(Debug, Args)]
pub struct Writing {
    /// Random seed; another seed gives other notes
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// How MIDI files are read.
    #[command(flatten)]
    pedal: Pedal,
    /// Replace existing files
    #[arg(long)]
    force: bool,
    /// Print one line of JSON per piece: path, bars, written, notes, seconds, instruments, events,
    /// chroma, groove, f1
    #[arg(long)]
    json: bool,
    /// Genre of the piece, one of those the model was trained on [default: none]
    #[arg(long, value_name = "NAME")]
    genre: Option<String>,
    /// Sampling temperature: higher is bolder, lower is safer
    #[arg(long, value_name = "T", default_value_t = 0.7, help_heading = "Sampling")]
    temperature: f64,
    /// Sample only from the most probable values that together reach this probability
    #[arg(long, value_name = "P", default_value_t = 0.95, help_heading = "Sampling")]
    top_p: f64,
    /// Candidates sampled for each bar, 1 to 64; the one closest to the bar's latent is kept. 1 is
    /// faster
    #[arg(long, value_name = "N", default_value_t = 8, alias = "drafts", help_heading = "Sampling")]
    candidates: usize,
    /// Also write the sound as a WAV file beside the MIDI file
    #[arg(long, help_heading = "Sound and pictures")]
    wav: bool,
    /// SoundFont for --wav: a .sf2 file or `built-in` [default: one installed on the system, else
    /// built-in]
    #[arg(long, value_name = "FILE", help_heading = "Sound and pictures")]
    soundfont: Option<String>,
    /// Also write piano rolls of the piece before and after as SVG or PNG beside the MIDI file
    #[arg(long, value_name = "KIND", value_parser = ["svg", "png"], help_heading = "Sound and pictures",
        num_args = 0..=1, default_missing_value = "svg")]
    roll: Option<String>,
}

/// One written piece in numbers.
#[derive(Debug, Serialize)]
struct Report {
    path: PathBuf,
    bars: usize,
    /// Bars that are new, by number from 1.
    written: Vec<usize>,
    notes: usize,
    seconds: f64,
    instruments: Vec<String>,
    /// Events drawn.
    events: usize,
    /// Mean cosine of the bars' pitch classes with the source's, 0 to 1.
    chroma: Option<f64>,
    /// Mean cosine of the bars' onsets with the source's, 0 to 1.
    groove: Option<f64>,
    /// Of the notes, by bar, sixteenth and pitch, against the source's.
    f1: Option<f64>,
}

/// A model at work on pieces.
struct Studio<'a> {
    opened: Opened,
    writing: &'a Writing,
    console: &'a Console,
    bank: Option<SoundBank>,
    /// Candidates of each bar.
    candidates: usize,
    pace: Throttle,
    began: Instant,
}

impl<'a> Studio<'a> {
    /// Opens the model, once it is clear that nothing is in the way of what will be written.
    fn open(model: &Path, outputs: &[PathBuf], writing: &'a Writing, console: &'a Console) -> Result<Self> {
        if !(1..=MAX_CANDIDATES).contains(&writing.candidates) {
            let refusal = format!("--candidates {} is not between 1 and {MAX_CANDIDATES}", writing.candidates);
            return Err(Refusal::usage(refusal).into());
        }
        let extra = [writing.wav.then_some("wav"), writing.roll.as_deref()];
        for path in outputs {
            if !matches!(files::extension(path).as_str(), "mid" | "midi") {
                let refusal = Refusal::usage(format!("{} is not the name of a MIDI file", path.display()));
                return Err(refusal.remedy("use a name that ends in .mid").into());
            }
            files::refuse_existing(path, writing.force)?;
            for extension in extra.iter().flatten() {
                files::refuse_existing(&files::beside(path, extension), writing.force)?;
            }
        }
        let bank = if writing.wav { Some(sound::bank(writing.soundfont.as_deref())?) } else { None };
        let opened = model::open(model)?;
        space(&*opened.model)?;
        let candidates = writing.candidates;
        Ok(Self { opened, writing, console, bank, candidates, pace: Throttle::new(), began: Instant::now() })
    }

    /// A file, and the piece in it as the model understands it.
    fn file(&self, path: &Path) -> Result<(SourceFile, Source)> {
        let file = SourceFile::open(path, self.writing.pedal.read())?;
        let space = space(&*self.opened.model)?;
        let genre = self.writing.genre.clone();
        let source = Source::of(space, &*self.opened.representation, &file.score, genre);
        Ok((file, source.with_context(|| path.display().to_string())?))
    }

    fn request(&self) -> Request {
        let Writing { seed, temperature, top_p, .. } = *self.writing;
        let sampling = Sampling::new(FieldSampling { temperature, top_p, ..FieldSampling::default() });
        Request { sampling, seed, ..self.opened.request() }
    }

    fn editor<'r>(&'r self, request: &'r Request) -> LatentEditor<'r> {
        let (model, representation) = (&*self.opened.model, &*self.opened.representation);
        LatentEditor { model, representation, request, candidates: self.candidates, cancel: interrupt::flag() }
    }

    fn progress(&self, done: usize, bars: usize) {
        if self.console.shows_progress() && self.pace.is_due() {
            let (share, seconds) = (done as f64 / bars.max(1) as f64, self.began.elapsed().as_secs_f64());
            let left = clock(seconds / share.max(1e-9) - seconds);
            self.console.progress(&format!(
                "writing  bar {done} of {bars}  {:.1} bars/s  {left} left",
                done as f64 / seconds.max(1e-9)
            ));
        }
    }

    /// Writes the bars of `source`, by its tasks, into its file, which becomes `output`.
    fn edit(
        &self,
        file: &SourceFile,
        source: &Source,
        tasks: &[Task],
        instruments: &[Instrument],
        made: &serde_json::Value,
        output: &Path,
    ) -> Result<()> {
        // Not before the inputs have been read, so that a refusal leaves nothing behind.
        files::make_parent(output)?;
        let request = self.request();
        let on_progress = |done: usize, bars: usize| self.progress(done, bars);
        let mut made = made.clone();
        made["candidates"] = self.candidates.into();
        let Edited { score, filled } = self.editor(&request).edit(source, tasks, instruments, &made, &on_progress)?;
        self.console.clear();
        let written: Vec<usize> = (1..).zip(&filled.written).filter(|(_, new)| **new).map(|(bar, _)| bar).collect();
        let (score, automation) = file.change_to(output, &score, self.console)?;
        self.beside(output, &score, automation, Some((source, &written)))?;
        self.print_report(&report(output, &score, filled.bars.len(), written, filled.events, &source.score))
    }

    /// Writes what is requested beside a piece.
    fn beside(
        &self,
        path: &Path,
        score: &Score,
        automation: Automation,
        source: Option<(&Source, &[usize])>,
    ) -> Result<()> {
        if let Some(bank) = &self.bank {
            let options = RenderOptions { automation, ..RenderOptions::default() };
            render_to_wav(score, bank, &options, files::beside(path, "wav"), BitDepth::default())?;
        }
        let Some(kind) = self.writing.roll.as_deref() else { return Ok(()) };
        let written = source.map_or(&[][..], |(_, written)| written);
        picture(score, kind, highlights(score, written), &files::beside(path, kind))?;
        let Some((source, written)) = source else { return Ok(()) };
        let before = files::beside(path, &format!("before.{kind}"));
        picture(&source.score, kind, highlights(&source.score, written), &before)
    }

    fn print_report(&self, report: &Report) -> Result<()> {
        if self.writing.json {
            return self.console.json(report);
        }
        let (bars, notes) = (counted(report.bars, "bar"), counted(report.notes, "note"));
        let percent = |share: Option<f64>| share.map_or("none".into(), |share| format!("{:.0}%", share * 100.0));
        let written = match report.written.len() {
            0 => String::new(),
            new => format!("{}, ", counted(new, "new bar")),
        };
        self.console.out(format_args!(
            "{}: {bars}, {written}{notes}, {}; similarity to the source: chroma {}, groove {}, notes {}",
            report.path.display(),
            clock(report.seconds),
            percent(report.chroma),
            percent(report.groove),
            percent(report.f1)
        ))
    }
}

fn report(path: &Path, score: &Score, bars: usize, written: Vec<usize>, events: usize, source: &Score) -> Report {
    let (before, after) = (study::bars(source), study::bars(score));
    Report {
        path: path.to_owned(),
        bars,
        written,
        notes: score.note_count(),
        seconds: score.duration().0,
        instruments: score.instruments().into_iter().map(Instrument::name).collect(),
        events,
        chroma: study::chroma_similarity(&before, &after),
        groove: study::groove_similarity(&before, &after),
        f1: study::note_accuracy(source, score, study::Matching::default()).f1(),
    }
}

/// Runs of consecutive bars.
pub fn highlights(score: &Score, bars: &[usize]) -> Vec<Highlight> {
    let lines: Vec<_> = score.bars().collect();
    let runs = bars.chunk_by(|a, b| a + 1 == *b);
    let highlight = |run: &[usize]| {
        let (first, last) = (lines.get(run[0] - 1)?, lines.get(run[run.len() - 1] - 1).or(lines.last())?);
        Some(Highlight { from: first.start, to: last.end(), label: "new".into() })
    };
    runs.filter_map(highlight).collect()
}

pub(super) fn picture(score: &Score, kind: &str, highlights: Vec<Highlight>, path: &Path) -> Result<()> {
    let theme = if kind == "svg" { Theme::Auto } else { Theme::Light };
    let mut score = score.clone();
    score.merge_parts_by_instrument();
    let svg = piano_roll(&score, &RollOptions { theme, highlights, ..RollOptions::default() });
    let picture = if kind == "svg" { svg.into_bytes() } else { svg_to_png(&svg, PNG_SCALE)? };
    files::write(path, &picture).with_context(|| path.display().to_string())
}

/// The bars that an option names, of a piece that has so many, counted from 0.
fn chosen(bars: Option<(Option<usize>, Option<usize>)>, count: usize) -> std::ops::Range<usize> {
    match bars {
        None => 0..count,
        Some((from, to)) => from.unwrap_or(1) - 1..to.unwrap_or(count),
    }
}
