//! From one piece to another, in steps.

use super::{BarCondition, Path, Rewriter, Source, Task, operations};
use crate::report::edited;
use crate::{ComposeError, assemble};
use leitmotif_score::{Instrument, Marker, Meter, Note, Part, Quarters, Score, Tempo, Ticks};

/// The most steps.
pub const MAX_STEPS: usize = 1000;
/// How far apart two bar lines, in quarters, are still one.
const SAME_LINE: f64 = 1e-6;

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

impl Rewriter<'_> {
    /// A piece at each of `steps` places from `a` to `b`, both ends included: as long as the shorter one, in the meters that
    /// both have, played by the instruments of both (at the ends, of one), at a tempo between theirs.
    ///
    /// # Errors
    /// [`ComposeError`] for fewer than two steps, or pieces whose bars differ in length; as [`Rewriter::fill`] otherwise.
    pub fn interpolate(
        &self,
        a: &Source,
        b: &Source,
        steps: usize,
        path: Path,
        made: &serde_json::Value,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Vec<Step>, ComposeError> {
        if !(2..=MAX_STEPS).contains(&steps) {
            return Err(ComposeError::setting("steps", steps, &format!("between 2 and {MAX_STEPS}")));
        }
        let bars = common_bars(a, b)?;
        let step = |step: usize| {
            let at = step as f64 / (steps - 1) as f64;
            let tasks: Vec<Task> = (0..bars).map(|bar| Task::Write(condition(a, b, bar, at, path))).collect();
            let players = players(a, b, at);
            let told = |done: usize, _: usize| progress(step * bars + done, steps * bars);
            let frame = if at < 1.0 { a } else { b };
            // The same stream at every step: what differs between neighbours is what their latents make of the same chances.
            let rewritten = self.fill(frame, &tasks, &players, 0, &told)?;
            let mut score = self.representation.decode(&rewritten.sequence)?;
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
            Ok(Step { at, score, bars, quarters: a.lines[bars], events: rewritten.events })
        };
        (0..steps).map(step).collect()
    }
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

/// What a bar on the way is written under. Classes of attributes go straight from one to the other; where one is open, it is that of
/// the nearer end.
fn condition(a: &Source, b: &Source, bar: usize, at: f64, path: Path) -> BarCondition {
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
