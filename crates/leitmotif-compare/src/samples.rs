//! What the runs composed, measured beside real music.
//!
//! The real music of a run is that of its arm's own test set, or of the study's first; every real
//! song is cut to as many bars as a piece has, so that lengths make no difference. Pieces are read
//! back from their MIDI files and songs decoded from the corpus, so both are on the
//! representation's grid. What several runs share is measured once.

use crate::datasets::{Arm, Datasets, Test};
use crate::plan::RunPlan;
use crate::run::{PIECES_FOLDER, RUNS_FOLDER, piece_name};
use crate::study::Study;
use crate::work::{StudyEvent, StudyObserver};
use crate::{
    CompareError, FigureShift, FrechetFacts, MeasureRow, Music, OriginalityFacts, Outcome, PieceFacts,
    PieceOriginality, PlannedRun, Results, TwoSample,
};
use leitmotif_corpus::{Corpus, Split};
use leitmotif_events::Header;
use leitmotif_folder::ModelFolder;
use leitmotif_measures::comparison::{self, RESAMPLES, opening};
use leitmotif_measures::frechet::{self, Passages};
use leitmotif_measures::originality::NGRAMS;
use leitmotif_measures::{
    MusicComparison, MusicSet, OriginalityBuilder, OriginalityIndex, OriginalityPercentiles, OriginalityReport,
    bootstrap_mean, two_sample,
};
use leitmotif_model::{Model, Precision, embed_each};
use leitmotif_score::{ReadOptions, Score, read_midi_file};
use leitmotif_train::Estimate;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Events of a passage whose embedding is one point.
const PASSAGE_EVENTS: usize = 64;
/// Random halves behind the scale of a Fréchet distance.
const SPLITS: usize = 50;
/// Fixed, so that the same pieces give the same intervals.
const SEED: u64 = 0x6D75_7369;

/// Real songs and what was measured of them.
struct Real {
    scores: Vec<Score>,
    set: MusicSet,
    passages: Option<Vec<Passages>>,
}

/// Where distances of embeddings are measured.
struct Embedder {
    run: String,
    representation: String,
    model: Box<dyn Model>,
}

struct SampleEvaluator<'a> {
    study: &'a Study,
    dir: &'a Path,
    datasets: &'a Datasets,
    embedder: Option<Embedder>,
    /// By test set and representation.
    real: BTreeMap<(String, String), Real>,
    /// By arm.
    indices: BTreeMap<String, OriginalityIndex>,
    /// Real songs beside an arm's training songs, by arm and test set.
    humans: BTreeMap<(String, String), Vec<OriginalityReport>>,
}

/// Measures what every finished run composed, and puts it into the results. A run whose pieces are
/// missing or cannot be measured gets a note.
///
/// # Errors
/// [`CompareError::Interrupted`] once `cancel` is raised.
pub fn evaluate_samples(
    results: &mut Results,
    study: &Study,
    dir: &Path,
    datasets: &Datasets,
    plan: &RunPlan,
    observer: &dyn StudyObserver,
    cancel: &AtomicBool,
) -> Result<(), CompareError> {
    if study.music.pieces == 0 {
        return Ok(());
    }
    let (embedder, fault) = match embedder(study, dir, datasets, plan) {
        Ok(embedder) => (embedder, None),
        Err(error) => (None, Some(format!("no Fréchet distance: {error}"))),
    };
    let mut scoring = SampleEvaluator {
        study,
        dir,
        datasets,
        embedder,
        real: BTreeMap::new(),
        indices: BTreeMap::new(),
        humans: BTreeMap::new(),
    };
    let planned: BTreeMap<&str, &PlannedRun> = plan.runs.iter().map(|run| (run.id.as_str(), run)).collect();
    let total = results.runs.len();
    for (done, result) in results.runs.iter_mut().enumerate() {
        observer.observe(&StudyEvent::Measuring { done, total });
        if cancel.load(Ordering::Relaxed) {
            return Err(CompareError::Interrupted { done: total, planned: plan.runs.len() });
        }
        let (Outcome::Finished(finished), Some(run)) = (&mut result.outcome, planned.get(result.id.as_str())) else {
            continue;
        };
        finished.notes.extend(fault.clone());
        match scoring.music(run) {
            Ok(music) => finished.music = music,
            Err(error) => finished.notes.push(format!("what was composed could not be measured: {error}")),
        }
    }
    Ok(())
}

/// The model whose embedding is the measure for all: that of the arm the study names (the first
/// one), at the first levels and seed.
fn embedder(study: &Study, dir: &Path, datasets: &Datasets, plan: &RunPlan) -> Result<Option<Embedder>, CompareError> {
    let wanted = &study.music.embedder;
    let is_wanted = |run: &&PlannedRun| wanted.is_empty() || datasets.arms[run.arm].facts.name == *wanted;
    let Some(run) = plan.runs.iter().find(is_wanted) else {
        let reason = "the study has no such arm to embed music with".to_owned();
        return Err(CompareError::Selection { what: "music.embedder", name: wanted.clone(), reason });
    };
    let folder = dir.join(RUNS_FOLDER).join(run.folder());
    if !folder.is_dir() {
        return Ok(None);
    }
    let model = ModelFolder::open(&folder)?.model(Precision::Single)?;
    let representation = datasets.arms[run.arm].facts.representation.clone();
    Ok(Some(Embedder { run: run.id.clone(), representation, model }))
}

impl SampleEvaluator<'_> {
    fn music(&mut self, run: &PlannedRun) -> Result<Option<Music>, CompareError> {
        let folder = self.dir.join(RUNS_FOLDER).join(run.folder()).join(PIECES_FOLDER);
        if !folder.is_dir() {
            return Ok(None);
        }
        let arm = &self.datasets.arms[run.arm];
        let Some(test) = home(self.datasets, arm) else { return Ok(None) };
        let mut pieces = Vec::new();
        for number in 0..self.study.music.pieces {
            let path = folder.join(piece_name(number));
            let (score, _) = read_midi_file(&path, &ReadOptions::default())
                .map_err(|error| CompareError::file(&path, error.to_string()))?;
            pieces.push(score);
        }
        let key = (test.facts.name.clone(), arm.facts.representation.clone());
        if !self.real.contains_key(&key) {
            let real = self.measured(test, arm)?;
            self.real.insert(key.clone(), real);
        }
        let originality = self.originality(arm, test, &key, &pieces);
        let real = &self.real[&key];
        let file = |number: u64| format!("{RUNS_FOLDER}/{}/{PIECES_FOLDER}/{}", run.folder(), piece_name(number));
        let facts = |(number, score): (usize, &Score)| PieceFacts {
            number: number as u64,
            file: file(number as u64),
            notes: score.note_count(),
            seconds: score.seconds_at(score.end()).0,
        };
        let compared = MusicComparison::of(&MusicSet::of(&pieces), &real.set, false);
        Ok(Some(Music {
            pieces: pieces.iter().enumerate().map(facts).collect(),
            real: test.facts.name.clone(),
            real_songs: real.scores.len(),
            two_sample: compared.two_sample.map(two_sample_row),
            measures: compared.figures.into_iter().map(measure).collect(),
            features: compared.features,
            frechet: self.frechet(&pieces, arm, real),
            originality: Some(originality),
        }))
    }

    fn measured(&self, test: &Test, arm: &Arm) -> Result<Real, CompareError> {
        let representation = &arm.facts.representation;
        let Some(corpus) = test.corpora.get(representation) else {
            return Err(CompareError::file(self.dir, format!("test set {} has no {representation}", test.facts.name)));
        };
        let scores: Vec<Score> =
            decoded(corpus, Split::Test).map(|(_, score)| opening(&score, self.study.music.bars)).collect();
        Ok(Real { set: MusicSet::of(&scores), passages: self.passages(&scores, corpus, representation), scores })
    }

    /// The embeddings of scores; `None` if the embedder reads another representation.
    fn passages(&self, scores: &[Score], corpus: &Corpus, representation: &str) -> Option<Vec<Passages>> {
        let embedder = self.embedder.as_ref().filter(|embedder| embedder.representation == representation)?;
        let encode = |score: &Score| corpus.representation().encode(score, &Header::default()).0;
        let sequences: Vec<_> = scores.iter().map(encode).collect();
        let values: Vec<&[u16]> = sequences.iter().map(|sequence| sequence.values()).collect();
        embed_each(&*embedder.model, &values, PASSAGE_EVENTS).ok()
    }

    fn frechet(&self, pieces: &[Score], arm: &Arm, real: &Real) -> Option<FrechetFacts> {
        let embedder = self.embedder.as_ref()?;
        let composed = self.passages(pieces, &arm.corpus, &arm.facts.representation)?;
        let reference = real.passages.as_ref()?;
        let compared = frechet::compare(&composed, reference, SPLITS, SEED)?;
        Some(FrechetFacts {
            embedder: embedder.run.clone(),
            composed: compared.generated_to_real.map_or(compared.distance.value, |spread| spread.mean),
            real: compared.real_to_real.map(|spread| spread.mean),
            composed_passages: composed.iter().map(Vec::len).sum(),
            real_passages: reference.iter().map(Vec::len).sum(),
        })
    }

    fn originality(&mut self, arm: &Arm, test: &Test, key: &(String, String), pieces: &[Score]) -> OriginalityFacts {
        let name = &arm.facts.name;
        let index = self.indices.entry(name.clone()).or_insert_with(|| {
            let mut builder = OriginalityBuilder::default();
            for (song, score) in decoded(&arm.corpus, Split::Train) {
                // A collection of more notes than an index takes is measured by its first songs.
                if builder.add(arm.corpus.songs()[song].path.clone(), &score).is_err() {
                    break;
                }
            }
            builder.finish()
        });
        let real = &self.real[key].scores;
        let humans = self
            .humans
            .entry((name.clone(), test.facts.name.clone()))
            .or_insert_with(|| real.iter().map(|score| index.report(score)).collect());
        let reports: Vec<OriginalityReport> = pieces.iter().map(|score| index.report(score)).collect();
        let run = |report: &OriginalityReport| report.longest_run.map(|notes| notes as f64);
        let overlaps = |reports: &[OriginalityReport]| {
            let of = |n: usize| mean(reports.iter().filter_map(|report| report.overlap.get(&n).copied().flatten()));
            NGRAMS.into_iter().filter_map(|n| Some((n, of(n)?))).collect::<BTreeMap<usize, Estimate>>()
        };
        let piece = |(number, report): (usize, &OriginalityReport)| PieceOriginality {
            number: number as u64,
            longest_run: report.longest_run.unwrap_or_default(),
            percentile: OriginalityPercentiles::of(report, humans).longest_run,
            nearest: report.nearest.as_ref().map(|near| {
                format!(
                    "{}, {}, from bar {} (the piece's bar {})",
                    near.song, near.instrument, near.bar, near.piece_bar
                )
            }),
            overlap: report.overlap.clone(),
        };
        OriginalityFacts {
            longest_run: mean(reports.iter().filter_map(run)),
            human_longest_run: mean(humans.iter().filter_map(run)),
            overlap: overlaps(&reports),
            human_overlap: overlaps(humans),
            pieces: reports.iter().enumerate().map(piece).collect(),
        }
    }
}

/// The test set whose music is the measure for an arm.
fn home<'a>(datasets: &'a Datasets, arm: &Arm) -> Option<&'a Test> {
    let own = arm.facts.home.as_ref().and_then(|name| datasets.tests.iter().find(|test| test.facts.name == *name));
    own.or_else(|| datasets.tests.first())
}

/// The songs of a split as scores, with their numbers; what cannot be decoded is left out.
fn decoded(corpus: &Corpus, split: Split) -> impl Iterator<Item = (usize, Score)> + '_ {
    let representation = corpus.representation();
    corpus.split(split).into_iter().filter_map(move |song| {
        let score = representation.decode(&corpus.sequence(song)).ok()?;
        Some((song, score))
    })
}

fn measure(row: comparison::FigureRow) -> MeasureRow {
    MeasureRow { measure: row.figure, composed: row.composed.map(estimate), real: row.real.map(estimate) }
}

fn two_sample_row(found: two_sample::TwoSample) -> TwoSample {
    let shift = |it: two_sample::FigureShift| FigureShift { figure: it.figure, above: estimate(it.above) };
    TwoSample { accuracy: estimate(found.accuracy), figures: found.figures.into_iter().map(shift).collect() }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<Estimate> {
    let values: Vec<f64> = values.collect();
    bootstrap_mean(&values, RESAMPLES, SEED).map(estimate)
}

fn estimate(it: leitmotif_measures::Estimate) -> Estimate {
    Estimate { value: it.value, low: it.low, high: it.high }
}
