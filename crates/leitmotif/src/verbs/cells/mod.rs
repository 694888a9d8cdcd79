//! The verbs that write into a piece: what they share.

pub mod accompany;
pub mod chords;
pub mod fill;
pub mod harmonise;

use self::chords::ChordOptions;
use super::latent::{highlights, picture};
use crate::console::Console;
use crate::failure::Refusal;
use crate::model::Opened;
use crate::originality::{self, OriginalityCheck, OriginalityOptions};
use crate::pedal::Pedal;
use crate::progress::Throttle;
use crate::words::{clock, counted};
use crate::{files, interrupt, model, sound};
use anyhow::{Context, Result};
use clap::Args;
use leitmotif_compose::cells::{CellSource, CellTask, Filled, FilledReport, MAX_FILLS, fill};
use leitmotif_compose::{FieldSampling, Request, Sampling};
use leitmotif_measures::OriginalityReport;
use leitmotif_model::SessionScorer;
use leitmotif_render::{BitDepth, RenderOptions, SoundBank, render_to_wav};
use leitmotif_score::{Instrument, Score, read_automation, read_midi, read_midi_bytes, splice_midi};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What every one of these verbs takes.
#[derive(Debug, Args)]
pub struct Writing {
    /// Random seed; another seed gives other notes
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Number of versions, written as OUT/001.mid, OUT/002.mid, …; with --best, only the best of
    /// them is written, to OUT
    #[arg(short = 'n', long, value_name = "N", default_value_t = 1)]
    candidates: usize,
    /// Keep only the version with the lowest cost per note, as the model rates it in its context
    #[arg(long)]
    best: bool,
    /// How MIDI files are read.
    #[command(flatten)]
    pedal: Pedal,
    /// Replace existing files
    #[arg(long)]
    force: bool,
    /// Print one line of JSON per version: path, candidate, cells, notes, rests, events,
    /// nats_per_note, bars, parts, seconds, instruments, originality
    #[arg(long)]
    json: bool,
    /// Genre of the piece, one of those the model was trained on [default: none]
    #[arg(long, value_name = "NAME")]
    genre: Option<String>,
    /// Sampling temperature: higher is bolder, lower is safer [default: 0.85]
    #[arg(long, value_name = "T", help_heading = "Sampling")]
    temperature: Option<f64>,
    /// Sample only from the most probable values that together reach this probability [default:
    /// 0.98]
    #[arg(long, value_name = "P", help_heading = "Sampling")]
    top_p: Option<f64>,
    /// Key of Roman numerals in --chords, such as "C" or "F# minor"
    #[arg(long, value_name = "KEY", help_heading = "Chords")]
    key: Option<String>,
    /// Which chords it follows.
    #[command(flatten)]
    chords: ChordOptions,
    /// What is asked of it beside the training songs.
    #[command(flatten)]
    originality: OriginalityOptions,
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

/// One written version in numbers.
#[derive(Debug, Serialize)]
struct Report {
    path: PathBuf,
    #[serde(flatten)]
    filled: FilledReport,
    /// Bars with written cells, by number from 1.
    bars: Vec<usize>,
    /// The parts with written cells.
    parts: Vec<String>,
    seconds: f64,
    instruments: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    originality: Option<OriginalityReport>,
}

/// A model and a piece that it writes into.
struct Desk<'a> {
    opened: Opened,
    writing: &'a Writing,
    console: &'a Console,
    paths: Vec<PathBuf>,
    bank: Option<SoundBank>,
    originality: OriginalityCheck,
    input: PathBuf,
    /// The bytes of the piece's file, and what they say.
    bytes: Vec<u8>,
    score: Score,
}

impl<'a> Desk<'a> {
    /// Opens model and piece, once it is clear that nothing is in the way of what will be written.
    fn open(model: &Path, input: &Path, output: &Path, writing: &'a Writing, console: &'a Console) -> Result<Self> {
        let paths = destinations(output, writing)?;
        let bytes = read_midi_bytes(input)?;
        let (score, _) = read_midi(&bytes, &writing.pedal.read()).with_context(|| input.display().to_string())?;
        let bank = if writing.wav { Some(sound::bank(writing.soundfont.as_deref())?) } else { None };
        let opened = model::open(model)?;
        let originality = writing.originality.songs(model)?;
        Ok(Self { opened, writing, console, paths, bank, originality, input: input.to_owned(), bytes, score })
    }

    /// The piece, joined by these players, with the chords that are asked for.
    fn source(&self, extra: &[Instrument]) -> Result<CellSource> {
        let genre = self.writing.genre.clone();
        let source = CellSource::new(&*self.opened.representation, &self.score, genre, extra);
        let mut source = source.with_context(|| self.input.display().to_string())?;
        let key = chords::key(self.writing.key.as_deref())?;
        if let Some(request) = self.writing.chords.request(key)? {
            source.set_chords(&request.progression.spans(self.score.bars()));
        }
        Ok(source)
    }

    fn request(&self) -> Request {
        let Writing { seed, temperature, top_p, .. } = *self.writing;
        let all = (temperature.is_some() || top_p.is_some()).then(|| FieldSampling {
            temperature: temperature.unwrap_or(1.0),
            top_p: top_p.unwrap_or(0.98),
            ..FieldSampling::default()
        });
        let sampling = Sampling { all, ..Sampling::default() };
        Request { sampling, seed, avoid: self.originality.avoid.clone(), ..self.opened.request() }
    }

    /// Writes the task's cells into the piece, all its versions.
    fn write(&self, source: &CellSource, mut task: CellTask, made: &Value) -> Result<()> {
        task.strict_chords = self.writing.chords.strict();
        let task = &task;
        let (began, pace) = (Instant::now(), Throttle::new());
        let on_progress = |done: f64| {
            if self.console.shows_progress() && pace.is_due() {
                let seconds = began.elapsed().as_secs_f64();
                let left = clock(seconds / done.max(1e-9) - seconds);
                self.console.progress(&format!("writing  {:.0}%  {left} left", done * 100.0));
            }
        };
        let Opened { model, representation, .. } = &self.opened;
        let (request, count) = (self.request(), self.writing.candidates);
        let scorer = SessionScorer(&**model);
        let mut versions =
            fill(&**model, &scorer, &**representation, &request, source, task, count, &on_progress, interrupt::flag())?;
        self.console.clear();
        if self.writing.best {
            versions.sort_by(|a, b| a.report.nats_per_note.total_cmp(&b.report.nats_per_note));
            versions.truncate(1);
        }
        for (version, path) in versions.iter().zip(&self.paths) {
            self.write_version(source, task, version, made, path)?;
        }
        Ok(())
    }

    fn write_version(
        &self,
        source: &CellSource,
        task: &CellTask,
        version: &Filled,
        made: &Value,
        path: &Path,
    ) -> Result<()> {
        files::make_parent(path)?;
        let (parts, bars) = (source.parts().len(), source.bars());
        let in_bar = |bar: &usize| task.written[bar * parts..(bar + 1) * parts].contains(&true);
        let in_part = |part: &usize| (0..bars).any(|bar| task.written[bar * parts + part]);
        let bars: Vec<usize> = (0..bars).filter(in_bar).map(|bar| bar + 1).collect();
        let parts: Vec<String> = (0..parts).filter(in_part).map(|part| source.part_name(part)).collect();
        let mut edits = source.edits(task, &version.song);
        edits.texts.push(self.provenance(made, &bars, &parts, version));
        let (bytes, changes) = splice_midi(&self.bytes, &self.writing.pedal.read(), &edits)
            .with_context(|| self.input.display().to_string())?;
        if changes.notes_held > 0 {
            let (notes, path) = (counted(changes.notes_held, "note"), path.display());
            self.console.note(format_args!("{path}: the pedals of the piece hold {notes} longer than written"));
        }
        files::write(path, &bytes).with_context(|| path.display().to_string())?;
        let (score, _) = read_midi(&bytes, &self.writing.pedal.read())?;
        if let Some(bank) = &self.bank {
            let automation = read_automation(&bytes, &self.writing.pedal.read())?;
            let options = RenderOptions { automation, ..RenderOptions::default() };
            render_to_wav(&score, bank, &options, files::beside(path, "wav"), BitDepth::default())?;
        }
        if let Some(kind) = self.writing.roll.as_deref() {
            picture(&score, kind, highlights(&score, &bars), &files::beside(path, kind))?;
            let before = files::beside(path, &format!("before.{kind}"));
            picture(&self.score, kind, highlights(&self.score, &bars), &before)?;
        }
        self.print(&Report {
            path: path.to_owned(),
            filled: version.report.clone(),
            bars,
            parts,
            seconds: score.duration().0,
            instruments: score.instruments().into_iter().map(Instrument::name).collect(),
            originality: self.originality.measure.as_ref().map(|index| index.report(&score)),
        })
    }

    /// The text event that says how the piece was made.
    fn provenance(&self, made: &Value, bars: &[usize], parts: &[String], version: &Filled) -> String {
        json!({
            "composer": "leitmotif",
            "version": env!("CARGO_PKG_VERSION"),
            "model": self.opened.hash,
            "seed": self.writing.seed,
            "candidate": version.report.candidate,
            "edit": made,
            "bars": bars,
            "parts": parts,
        })
        .to_string()
    }

    fn print(&self, report: &Report) -> Result<()> {
        if self.writing.json {
            return self.console.json(report);
        }
        let FilledReport { notes, cells, rests, nats_per_note, .. } = report.filled;
        let (notes, bars) = (counted(notes, "new note"), counted(report.bars.len(), "bar"));
        self.console.out(format_args!(
            "{}: {notes} in {bars} of {}; {rests} of {cells} cells rest; {nats_per_note:.2} nats a note",
            report.path.display(),
            report.parts.join(", "),
        ))?;
        match &report.originality {
            Some(report) => self.console.out(format_args!("  {}", originality::describe(report))),
            None => Ok(()),
        }
    }
}

/// Where the versions go; nothing is in the way.
fn destinations(output: &Path, writing: &Writing) -> Result<Vec<PathBuf>> {
    let count = writing.candidates;
    if !(1..=MAX_FILLS).contains(&count) {
        return Err(Refusal::usage(format!("--candidates {count} is not between 1 and {MAX_FILLS}")).into());
    }
    let midi = matches!(files::extension(output).as_str(), "mid" | "midi");
    let single = count == 1 || writing.best;
    if single && (!midi || output.is_dir()) {
        let refusal = Refusal::usage(format!("{} is not the name of a MIDI file", output.display()));
        return Err(refusal.remedy("use a name that ends in .mid").into());
    }
    if !single && (midi || output.is_file()) {
        let refusal = Refusal::usage(format!("{count} versions need a folder, and {} is a file", output.display()));
        return Err(refusal.remedy("name a folder, or write the best version alone: --best").into());
    }
    let numbered = |number: usize| output.join(format!("{number:03}.mid"));
    let paths: Vec<PathBuf> = if single { vec![output.to_owned()] } else { (1..=count).map(numbered).collect() };
    let extra = [writing.wav.then_some("wav"), writing.roll.as_deref()];
    for path in &paths {
        files::refuse_existing(path, writing.force)?;
        for extension in extra.iter().flatten() {
            files::refuse_existing(&files::beside(path, extension), writing.force)?;
        }
    }
    Ok(paths)
}
