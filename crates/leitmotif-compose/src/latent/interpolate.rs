//! From one piece to another, in steps.

use super::{BarCondition, InterpolationPath, LatentEditor, Source, Task, operations, smooth_path};
use crate::prime::SAME_LINE;
use crate::report::edited;
use crate::{ComposeError, assemble};
use leitmotif_measures::{bars, likeness};
use leitmotif_score::{Instrument, Marker, Meter, Note, Part, Quarters, Score, Tempo, Ticks};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most steps.
pub const MAX_STEPS: usize = 1000;
/// The most draws of a step.
pub const MAX_DRAWS: usize = 32;

/// One step on the way from a piece to another.
#[derive(Debug, Clone)]
pub struct Step {
    /// How far along, 0 to 1.
    pub at: f64,
    /// The music.
    pub score: Score,
    /// Its bars.
    pub bars: usize,
    /// How long it is, in quarters.
    pub quarters: f64,
    /// The events that were drawn for it.
    pub events: usize,
}

/// How to go from a piece to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interpolation {
    /// Pieces, both ends included, 2 to [`MAX_STEPS`].
    pub steps: usize,
    /// Where latents go between two.
    pub path: InterpolationPath,
    /// How often each piece between the ends is drawn, 1 to [`MAX_DRAWS`]. Of several draws those
    /// are taken whose likeness to the ends changes most evenly; one draw is the model alone.
    pub draws: usize,
}

impl Default for Interpolation {
    fn default() -> Self {
        Self { steps: 7, path: InterpolationPath::Spherical, draws: 16 }
    }
}

impl Interpolation {
    /// How many pieces are drawn in all: those that are chosen of several draws are drawn again.
    pub fn drawn(&self) -> usize {
        let inner = self.steps.saturating_sub(2);
        2 + inner * if self.draws > 1 { self.draws + 1 } else { 1 }
    }

    fn check(&self) -> Result<(), ComposeError> {
        if !(2..=MAX_STEPS).contains(&self.steps) {
            return Err(ComposeError::setting("steps", self.steps, &format!("between 2 and {MAX_STEPS}")));
        }
        if !(1..=MAX_DRAWS).contains(&self.draws) {
            return Err(ComposeError::setting("draws", self.draws, &format!("between 1 and {MAX_DRAWS}")));
        }
        Ok(())
    }
}

impl LatentEditor<'_> {
    /// A piece at each step of the passage from `a` to `b`, both ends included: as long as the
    /// shorter one, in the meters that both have, played by the instruments of both (at the ends,
    /// of one), at a tempo between theirs. Bars of the ends have as many candidates as the editor
    /// sets, those between have one. `progress` is called with bars done and bars to do, from
    /// several threads, now and then out of order.
    ///
    /// # Errors
    /// [`ComposeError`] for steps or draws out of range, or pieces whose bars differ in length; as
    /// [`LatentEditor::fill`] otherwise.
    pub fn interpolate(
        &self,
        a: &Source,
        b: &Source,
        passage: Interpolation,
        made: &serde_json::Value,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Vec<Step>, ComposeError> {
        passage.check()?;
        let Interpolation { steps, path, draws } = passage;
        let count = common_bars(a, b)?;
        let (done, bars_to_do) = (AtomicUsize::new(0), passage.drawn() * count);
        let told = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, bars_to_do);
        let drawn = |step: usize, draw: usize| {
            let at = step as f64 / (steps - 1) as f64;
            // What lies between is chosen among whole pieces.
            let candidates = if step == 0 || step == steps - 1 { self.candidates } else { 1 };
            LatentEditor { candidates, ..*self }.step((a, b), (at, path), count, draw as u64, made, &told)
        };
        let ends = [0, steps - 1].into_par_iter().map(|step| drawn(step, 0)).collect::<Result<Vec<Step>, _>>()?;
        // Of what is drawn to choose from only the likeness is kept: the same draw gives the same
        // piece again.
        let chosen = if draws == 1 { vec![0; steps] } else { leads(&ends, steps, draws, drawn)? };
        let inner = (1..steps - 1).into_par_iter().with_max_len(1).map(|step| drawn(step, chosen[step]));
        let inner = inner.collect::<Result<Vec<Step>, _>>()?;
        let mut ends = ends.into_iter();
        Ok(ends.next().into_iter().chain(inner).chain(ends.next()).collect())
    }

    /// Draw number `draw` of `bars` bars so far along a path.
    fn step(
        &self,
        (a, b): (&Source, &Source),
        (at, path): (f64, InterpolationPath),
        bars: usize,
        draw: u64,
        made: &serde_json::Value,
        told: &dyn Fn(),
    ) -> Result<Step, ComposeError> {
        let tasks: Vec<Task> = (0..bars).map(|bar| Task::Write(condition(a, b, bar, at, path))).collect();
        let frame = if at < 1.0 { a } else { b };
        // The same streams at every step: neighbours differ only by what their latents make of the
        // same random numbers.
        let filled = self.fill(frame, &tasks, &players(a, b, at), draw, &|_, _| told())?;
        let mut score = self.representation.decode(&filled.sequence)?;
        assemble::one_player_each(&mut score);
        let end = score.resolution.ticks(Quarters(a.lines[bars]));
        for note in score.parts.iter_mut().flat_map(|part| &mut part.notes) {
            note.duration = note.duration.min(Ticks(end.0.saturating_sub(note.onset.0).max(1)));
        }
        let tempo = tempo_of(a, bars).powf(1.0 - at) * tempo_of(b, bars).powf(at);
        let micros_per_quarter = (60e6 / tempo).round() as u32;
        score.tempos = vec![Tempo { at: Ticks(0), micros_per_quarter }];
        score.texts.push(edited(self.request, made)?);
        score.normalise();
        Ok(Step { at, score, bars, quarters: a.lines[bars], events: filled.events })
    }
}

/// Which of the `draws` of each of `steps` steps to take between the first and last, `ends`.
fn leads(
    ends: &[Step],
    steps: usize,
    draws: usize,
    drawn: impl Fn(usize, usize) -> Result<Step, ComposeError> + Sync,
) -> Result<Vec<usize>, ComposeError> {
    let [first, last] = [&ends[0], &ends[1]].map(|end| bars(&end.score));
    let like = |step: &Step| {
        let music = bars(&step.score);
        // An empty piece has no likeness to anything.
        let to = |end| likeness(&music, end).unwrap_or(0.0);
        smooth_path::Likeness { to_first: to(&first), to_last: to(&last) }
    };
    let inner = (0..(steps - 2) * draws).into_par_iter().with_max_len(1);
    let inner = inner.map(|number| Ok(like(&drawn(1 + number / draws, number % draws)?)));
    let inner = inner.collect::<Result<Vec<_>, ComposeError>>()?;
    let mut likes = vec![vec![like(&ends[0])]];
    likes.extend(inner.chunks(draws).map(<[_]>::to_vec));
    likes.push(vec![like(&ends[1])]);
    Ok(smooth_path::choose(&likes))
}

/// How many bars both pieces have.
fn common_bars(a: &Source, b: &Source) -> Result<usize, ComposeError> {
    let bars = a.bars.len().min(b.bars.len());
    for bar in 0..bars {
        let kind = |source: &Source| source.sequence.event(source.bars[bar].start)[0];
        let length = |source: &Source| source.lines[bar + 1] - source.lines[bar];
        if kind(a) != kind(b) {
            return Err(ComposeError::Request(format!(
                "bar {} has {} quarters in the first piece and {} in the second, in other time signatures at least: there is no bar between them; \
                 choose pieces of the same time signature",
                bar + 1,
                length(a),
                length(b)
            )));
        }
    }
    Ok(bars)
}

/// What a bar on the way is written under. Classes of attributes go straight from one to the other;
/// where one is open, it is that of the nearer end.
fn condition(a: &Source, b: &Source, bar: usize, at: f64, path: InterpolationPath) -> BarCondition {
    let (a, b) = (a.condition(bar), b.condition(bar));
    let class = |(&a, &b): (&u16, &u16)| match (a, b) {
        (0, _) | (_, 0) => {
            if at < 0.5 {
                a
            } else {
                b
            }
        }
        (a, b) => (f64::from(a) * (1.0 - at) + f64::from(b) * at).round() as u16,
    };
    let latent = operations::between(&a.latent, &b.latent, at, path);
    BarCondition { latent, classes: a.classes.iter().zip(&b.classes).map(class).collect(), kept: Vec::new() }
}

/// Who plays on the way: at the ends the players of one piece, between them those of both.
fn players(a: &Source, b: &Source, at: f64) -> Vec<Instrument> {
    let mut players = Vec::new();
    if at < 1.0 {
        players.extend(a.score.instruments());
    }
    if at > 0.0 {
        players.extend(b.score.instruments());
    }
    let kit = |player: Instrument| if player.is_drums() { Instrument::Drums(0) } else { player };
    let mut players: Vec<Instrument> = players.into_iter().map(kit).collect();
    players.sort_unstable();
    players.dedup();
    players
}

/// The steady tempo at which the piece's first bars last as long as they do, in quarters a minute.
fn tempo_of(source: &Source, bars: usize) -> f64 {
    let quarters = source.lines[bars];
    let end = source.score.resolution.ticks(Quarters(quarters));
    let seconds = source.score.seconds_at(end).0;
    quarters * 60.0 / seconds.max(SAME_LINE)
}

/// The pieces one after another: what runs through all, with a marker where each begins.
pub fn through(steps: &[Step]) -> Score {
    let resolution = steps.first().map(|step| step.score.resolution).unwrap_or_default();
    let mut all = Score { resolution, ..Score::default() };
    let mut begins = 0.0;
    for (number, step) in steps.iter().enumerate() {
        let shift = resolution.ticks(Quarters(begins));
        for part in &step.score.parts {
            let notes = part.notes.iter().map(|note| Note { onset: note.onset + shift, ..*note });
            match all.parts.iter_mut().find(|other| other.instrument == part.instrument) {
                Some(other) => other.notes.extend(notes),
                None => all.parts.push(Part { notes: notes.collect(), ..part.clone() }),
            }
        }
        all.tempos.extend(step.score.tempos.iter().map(|tempo| Tempo { at: tempo.at + shift, ..*tempo }));
        all.meters.extend(step.score.meters.iter().map(|meter| Meter { at: meter.at + shift, ..*meter }));
        all.markers.push(Marker { at: shift, text: format!("step {}", number + 1) });
        if number == 0 {
            all.texts.clone_from(&step.score.texts);
        }
        begins += step.quarters;
    }
    all.normalise();
    all
}
