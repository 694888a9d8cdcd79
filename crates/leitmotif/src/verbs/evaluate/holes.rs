//! Holes in held-out songs: what the notes that stand there cost, with what surrounds them and with
//! the past alone.

use crate::console::Console;
use crate::failure::{Interrupted, Refusal};
use crate::interrupt;
use crate::progress::ProgressBar;
use crate::words::{count, row, table};
use anyhow::Result;
use leitmotif_compose::cells::{CellSource, HoleCost, HoleShape, hole_cost};
use leitmotif_corpus::{Corpus, Split};
use leitmotif_model::Scorer;
use leitmotif_train::Estimate;
use serde::Serialize;
use std::sync::atomic::Ordering;

/// The fewest notes that a hole must have.
const LEAST_NOTES: usize = 4;
/// How often a hole is drawn before a song is passed over.
const TRIES: usize = 20;

/// What holes of one shape cost, in nats for each note that stands in them.
#[derive(Debug, Serialize)]
pub struct Costs {
    /// Their shape.
    pub shape: HoleShape,
    /// How many there are.
    pub holes: usize,
    /// Notes in all of them.
    pub notes: usize,
    /// Given what surrounds them.
    pub surrounded: Estimate,
    /// Given the past alone.
    pub past: Estimate,
    /// How much more that is, by pairs.
    pub gain: Estimate,
}

/// Draws `holes` holes in songs of a split and scores what stands in them.
pub fn measure(
    scorer: &dyn Scorer,
    corpus: &Corpus,
    split: Split,
    (holes, seed): (usize, u64),
    console: &Console,
) -> Result<Vec<Costs>> {
    let representation = corpus.representation();
    if representation.cells().is_none() {
        let what = format!("{} is not a corpus of cells, so no hole can be given its future", corpus.dir().display());
        return Err(Refusal::usage(what).remedy("prepare the songs with --representation cells").into());
    }
    let songs = corpus.split(split);
    let progress = ProgressBar::new(console, "scoring holes".to_owned(), "holes", holes as u64);
    let mut costs: Vec<(HoleShape, HoleCost)> = Vec::new();
    for number in 0..holes {
        if interrupt::flag().load(Ordering::Relaxed) {
            return Err(Interrupted("stopped while holes were scored".to_owned()).into());
        }
        let shape = HoleShape::ALL[number % HoleShape::ALL.len()];
        for attempt in 0..if songs.is_empty() { 0 } else { TRIES } {
            let song = songs[(number / HoleShape::ALL.len() + attempt) % songs.len()];
            let score = representation.decode(&corpus.sequence(song))?;
            let Ok(source) = CellSource::new(&*representation, &score, None, &[]) else { continue };
            let Some(task) = shape.draw(&source, seed, (number * TRIES + attempt) as u64) else { continue };
            let cost = hole_cost(scorer, &*representation, &source, &task)?;
            if cost.notes >= LEAST_NOTES {
                costs.push((shape, cost));
                break;
            }
        }
        progress.set(number as u64 + 1);
    }
    console.clear();
    let of_shape = |shape: HoleShape| {
        let costs: Vec<HoleCost> = costs.iter().filter(|it| it.0 == shape).map(|it| it.1).collect();
        let ratio = |nats: &dyn Fn(&HoleCost) -> f64| {
            Estimate::of_ratio(&costs.iter().map(|cost| (nats(cost), cost.notes as f64)).collect::<Vec<_>>())
        };
        (!costs.is_empty()).then(|| Costs {
            shape,
            holes: costs.len(),
            notes: costs.iter().map(|cost| cost.notes).sum(),
            surrounded: ratio(&|cost| cost.surrounded),
            past: ratio(&|cost| cost.past),
            gain: ratio(&|cost| cost.past - cost.surrounded),
        })
    };
    Ok(HoleShape::ALL.into_iter().filter_map(of_shape).collect())
}

/// The costs as a table.
pub fn describe(costs: &[Costs]) -> String {
    let number = |it: &Estimate| format!("{:.2} [{:.2}, {:.2}]", it.value, it.low, it.high);
    let mut rows = vec![row(["holes", "number", "notes", "past alone", "past and future", "gain"])];
    for it in costs {
        rows.push(row([
            it.shape.describe(),
            &count(it.holes),
            &count(it.notes),
            &number(&it.past),
            &number(&it.surrounded),
            &number(&it.gain),
        ]));
    }
    format!("{}\nnats a note of what stands in the hole; 95 % intervals over holes", table(&rows))
}
