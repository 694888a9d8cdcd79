//! `evaluate`: what music costs a model.

mod holes;
pub mod music;
mod originality;

use crate::console::Console;
use crate::failure::{Interrupted, Refusal};
use crate::model;
use crate::progress::ProgressBar;
use crate::words::{clock, count, counted, row, table};
use crate::{interrupt, values};
use anyhow::Result;
use clap::{ArgGroup, Args};
use leitmotif_corpus::{Corpus, Split};
use leitmotif_model::{MAX_CHAINED_FIELDS, MarkovBuilder, ModelConfig, ModelDescription, ModelKind, Scorer};
use leitmotif_train::{
    Estimate, Evaluation, INFO_FILE, MAX_TRANSPOSITIONS, TransposedScorer, Unigram, evaluate_songs, load_info,
    load_scorer,
};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Fields whose costs are listed one by one; of more, `--json` tells.
const LISTED_FIELDS: usize = 16;

/// Most bars of a piece.
const MOST_BARS: i64 = leitmotif_compose::MAX_BARS as i64;
/// Pieces that are composed to measure originality.
const DEFAULT_PIECES: u64 = 8;
/// Songs whose likes are composed to compare music.
const DEFAULT_SONGS: u64 = 32;
/// The length of the pieces in bars.
const DEFAULT_BARS: usize = 32;

/// Measure how well a model predicts held-out music.
///
/// The result is the negative log-likelihood, in nats; lower is better. Nats per note and per
/// second can be compared between any models, nats per event only between models of the same
/// representation. Intervals are 95 % bootstrap intervals over songs.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("composes").multiple(true)))]
pub struct Options {
    /// Run or model folder
    model: PathBuf,
    /// Corpus [default: the corpus of the run]
    #[arg(long, value_name = "CORPUS")]
    on: Option<PathBuf>,
    /// Songs of the corpus to use
    #[arg(long, value_parser = values::split(), default_value = "test")]
    split: Split,
    /// Also evaluate two baselines: a unigram and a Markov model of the training songs
    #[arg(long)]
    baselines: bool,
    /// Also average the model's predictions over all transpositions of up to N semitones
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=i64::from(MAX_TRANSPOSITIONS)))]
    transpositions: Option<u8>,
    /// List the result of every song
    #[arg(long)]
    songs: bool,
    /// Also compose pieces, and measure how much they copy from the training songs, compared with
    /// the test songs
    #[arg(long, group = "composes")]
    originality: bool,
    /// Also compose two pieces for each of several held-out songs, one with its genre and
    /// instruments and one without any request, and compare them with the songs: density, parts,
    /// harmony, repetition, and how well a classifier distinguishes them (0.5 is chance; see
    /// docs/measures.md)
    #[arg(long, group = "composes")]
    music: bool,
    /// Also score the notes of N holes in held-out songs, with the music around each hole and with
    /// the music before it alone
    #[arg(long, value_name = "N")]
    holes: Option<u16>,
    /// Number of pieces for --originality, or of songs for --music [default: 8, 32]
    #[arg(long, value_name = "N", requires = "composes", value_parser = clap::value_parser!(u64).range(1..))]
    pieces: Option<u64>,
    /// Length of each piece in bars; songs are cut to the same length [default: 32]
    #[arg(long, value_name = "N", requires = "composes", value_parser = clap::value_parser!(u16).range(1..=MOST_BARS))]
    bars: Option<u16>,
    /// Random seed of the pieces [default: 0]
    #[arg(long, value_name = "N", requires = "composes")]
    seed: Option<u64>,
    /// Compose N versions of each piece for --music, and keep the one that the model's critic
    /// prefers (see `critic`)
    #[arg(long, value_name = "N", requires = "music", value_parser = clap::value_parser!(u64).range(1..))]
    candidates: Option<u64>,
    /// Write the comparison of --music to DIR/index.html, with piano rolls of songs and pieces side
    /// by side
    #[arg(long, value_name = "DIR", requires = "music")]
    page: Option<PathBuf>,
    /// Batch size: the number of songs evaluated at the same time
    #[arg(long, value_name = "N", default_value_t = 16, alias = "lanes")]
    batch_size: usize,
    /// Device to evaluate on: cpu, cuda or wgpu
    #[arg(long, default_value = "cpu")]
    device: String,
    /// Print one line of JSON per model: name, model, corpus, split, nats_per_event, nats_per_note,
    /// nats_per_second, nats_per_frame, nats_per_token, fields, latent, events, notes, seconds,
    /// songs, holes, originality, music
    #[arg(long)]
    json: bool,
}

/// One model's result.
#[derive(Debug, Serialize)]
pub struct ModelResult {
    /// `model`, `transposed`, `unigram` or `markov`.
    pub name: &'static str,
    /// The model folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<PathBuf>,
    /// The corpus folder.
    pub corpus: PathBuf,
    /// The split.
    pub split: Split,
    /// What was found.
    #[serde(flatten)]
    pub evaluation: Evaluation,
    /// Of holes in the songs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holes: Option<Vec<holes::Costs>>,
    /// Of the model's own pieces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub originality: Option<originality::Originality>,
    /// The model's own pieces beside songs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub music: Option<music::Music>,
}

/// Evaluates and reports.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    let folder = model::find(&options.model)?;
    let corpus = Corpus::open(corpus_of(&options.model, options.on.as_deref())?)?;
    let (bars, seed) = (options.bars.map_or(DEFAULT_BARS, usize::from), options.seed.unwrap_or(0));
    let (pieces, page) = (options.pieces.unwrap_or(DEFAULT_SONGS), options.page.as_deref());
    let candidates = options.candidates.unwrap_or(1);
    let plan = music::MusicSettings { pieces, bars, seed, split: options.split, page, candidates };
    if options.music {
        music::check(&corpus, &plan)?;
    }
    let scorer = load_scorer(&folder, &options.device)?;
    let evaluation = TestEvaluation { corpus: &corpus, split: options.split, streams: options.batch_size, console };
    let mut results = vec![evaluation.result("model", Some(folder.clone()), &*scorer)?];
    if let Some(holes) = options.holes.map(usize::from) {
        results[0].holes = Some(holes::measure(&*scorer, &corpus, options.split, (holes, seed), console)?);
    }
    if options.originality {
        let pieces = options.pieces.unwrap_or(DEFAULT_PIECES);
        results[0].originality = Some(originality::measure(&folder, &corpus, pieces, bars, seed, console)?);
    }
    if options.music {
        results[0].music = Some(music::measure(&folder, &corpus, &plan, console)?);
    }
    if let Some(most) = options.transpositions {
        let representation = corpus.representation();
        let Some(scorer) = TransposedScorer::new(&*scorer, &*representation, most) else {
            let refusal = Refusal::usage("a model with latents cannot be averaged over transpositions");
            return Err(refusal.remedy("leave out --transpositions").into());
        };
        results.push(evaluation.result("transposed", Some(folder.clone()), &scorer)?);
    }
    if options.baselines {
        results.extend(evaluation.baselines()?);
    }
    if options.json {
        return results.iter().try_for_each(|result| console.json(result));
    }
    console.out(describe(&results))?;
    if let Some(costs) = &results[0].holes {
        console.out(format_args!("\n{}", holes::describe(costs)))?;
    }
    if let Some(originality) = &results[0].originality {
        console.out(format_args!("\n{}", originality.describe()))?;
    }
    if let Some(music) = &results[0].music {
        console.out(format_args!("\n{}", music.describe(options.split)))?;
    }
    if options.songs {
        console.out(format_args!("\n{}", list(&results[0].evaluation)))?;
    }
    Ok(())
}

/// The corpus that is named, or else that of the run.
pub fn corpus_of(model: &Path, named: Option<&Path>) -> Result<PathBuf> {
    if let Some(corpus) = named {
        return Ok(corpus.to_owned());
    }
    if model.join(INFO_FILE).is_file() {
        return Ok(load_info(model)?.corpus);
    }
    let refusal = Refusal::usage(format!("{} does not record its corpus", model.display()));
    Err(refusal.remedy("name it: --on CORPUS").into())
}

/// What several models are judged by.
pub struct TestEvaluation<'a> {
    /// The corpus.
    pub corpus: &'a Corpus,
    /// Its songs.
    pub split: Split,
    /// Songs side by side.
    pub streams: usize,
    /// Where progress is shown.
    pub console: &'a Console,
}

impl TestEvaluation<'_> {
    /// Evaluates one model; Ctrl-C stops it.
    pub fn result(&self, name: &'static str, model: Option<PathBuf>, scorer: &dyn Scorer) -> Result<ModelResult> {
        let cancel = interrupt::flag();
        let songs = self.corpus.split(self.split);
        let events: usize = songs.iter().map(|song| self.corpus.songs()[*song].events.saturating_sub(1)).sum();
        let progress = ProgressBar::new(self.console, format!("evaluating ({name})"), "events", events as u64);
        let mut on_progress = |done: usize, _: usize| {
            progress.set(done as u64);
            !cancel.load(std::sync::atomic::Ordering::Relaxed)
        };
        let evaluation = evaluate_songs(scorer, self.corpus, &songs, self.streams, &mut on_progress)?;
        drop(progress);
        if interrupt::asked() {
            return Err(Interrupted("interrupted".into()).into());
        }
        let Some(evaluation) = evaluation else {
            let what = format!("{} has no songs in its {} split", self.corpus.dir().display(), self.split);
            return Err(Refusal::because(what).remedy("choose another --split, or prepare with other shares").into());
        };
        let (corpus, split) = (self.corpus.dir().to_owned(), self.split);
        Ok(ModelResult { name, model, corpus, split, evaluation, holes: None, originality: None, music: None })
    }

    /// Evaluates the baselines, counted from the training songs: a unigram and, of events with few
    /// enough fields, a Markov model.
    pub fn baselines(&self) -> Result<Vec<ModelResult>> {
        let songs = self.corpus.split(Split::Train);
        let unigram = Unigram::count(self.corpus, &songs)?;
        let unigram = self.result("unigram", None, &unigram)?;
        let fields = self.corpus.vocabulary().fields.len();
        if fields > MAX_CHAINED_FIELDS {
            self.console.note(format_args!("note: the Markov baseline does not support events of {fields} fields"));
            return Ok(vec![unigram]);
        }
        let config = ModelConfig { kind: ModelKind::Markov, ..ModelConfig::default() };
        let description = ModelDescription::new(config, self.corpus.vocabulary().sizes())?
            .with_given(&self.corpus.representation().events().given)?;
        let mut builder = MarkovBuilder::new(&description);
        for song in songs {
            builder.add_piece(&self.corpus.values(song))?;
        }
        let markov = self.result("markov", None, &builder.finish())?;
        Ok(vec![unigram, markov])
    }
}

fn describe(results: &[ModelResult]) -> String {
    let Some(first) = results.first() else { return String::new() };
    let judged = &first.evaluation;
    let songs = counted(judged.songs.len(), "song");
    let (notes, length) = (counted(judged.notes, "note"), clock(judged.seconds));
    let mut text = format!("{} ({}): {songs}, {notes}, {length}\n\n", name(&first.corpus), first.split);
    let mut heads = vec!["nats", "per note", "per second", "per event"];
    heads.extend(judged.nats_per_frame.map(|_| "per frame"));
    heads.extend(judged.nats_per_token.map(|_| "per token"));
    let mut rows = vec![heads.into_iter().map(str::to_owned).collect::<Vec<_>>()];
    for ModelResult { name, evaluation, .. } in results {
        let losses = [evaluation.nats_per_note, evaluation.nats_per_second, evaluation.nats_per_event];
        let frames = evaluation.nats_per_frame.into_iter().chain(evaluation.nats_per_token);
        rows.push(
            std::iter::once((*name).to_owned())
                .chain(losses.into_iter().chain(frames).map(|loss| with_interval(loss, evaluation.songs.len())))
                .collect(),
        );
    }
    text += &table(&rows);
    let fields = judged.fields.iter().map(|(field, nats)| format!("{field} {nats:.3}"));
    if judged.fields.len() <= LISTED_FIELDS {
        text += &format!("\n\nmodel, nats per event by field: {}", fields.collect::<Vec<_>>().join(", "));
    }
    if let Some(latent) = &judged.latent {
        text += &format!(
            "\nlatents: of the nats per note {:.4} are the music's with latents given, {:.4} the latents'; \
             {:.2} nats a latent, {} of {} dimensions active",
            latent.reconstruction.value,
            latent.divergence.value,
            latent.per_latent,
            latent.active_units,
            latent.dimensions
        );
    }
    text
}

/// With its interval, where there are songs to draw anew.
fn with_interval(estimate: Estimate, songs: usize) -> String {
    if songs < 2 {
        return format!("{:.4}", estimate.value);
    }
    format!("{:.4} [{:.4}, {:.4}]", estimate.value, estimate.low, estimate.high)
}

fn list(evaluation: &Evaluation) -> String {
    let mut rows = vec![row(["song", "nats per note", "notes", "length"])];
    for song in &evaluation.songs {
        let nats = format!("{:.4}", song.nats / song.notes.max(1) as f64);
        rows.push(vec![song.path.clone(), nats, count(song.notes), clock(song.seconds)]);
    }
    table(&rows)
}

fn name(path: &Path) -> String {
    path.display().to_string()
}
