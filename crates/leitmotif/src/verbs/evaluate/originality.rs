//! How much of what a model composes stands in its training songs, beside how much of human songs
//! does.

use crate::console::Console;
use crate::words::{counted, row, table};
use crate::{interrupt, model, originality};
use anyhow::Result;
use leitmotif_compose::{Length, Request, generate_many};
use leitmotif_corpus::{Corpus, Split};
use leitmotif_measures::comparison::opening;
use leitmotif_measures::originality::NGRAMS;
use leitmotif_measures::{OriginalityPercentiles, OriginalityReport, OriginalitySummary};
use rayon::prelude::*;
use serde::Serialize;
use std::path::Path;

/// Pieces among human songs.
#[derive(Debug, Serialize)]
pub struct Originality {
    /// How many training songs.
    training_songs: usize,
    /// Bars of a piece.
    bars: usize,
    /// Decides what is composed.
    seed: u64,
    /// All pieces in one line.
    summary: OriginalitySummary,
    /// All stretches of the test songs in one line.
    test_songs: OriginalitySummary,
    /// Each piece.
    pieces: Vec<Measured>,
}

/// A piece.
#[derive(Debug, Serialize)]
struct Measured {
    /// Its number, from 0.
    piece: u64,
    #[serde(flatten)]
    report: OriginalityReport,
    /// Its place among the test songs.
    percentiles: OriginalityPercentiles,
}

/// Composes `count` pieces of `bars` bars, and measures them and as many bars of the corpus's test
/// songs against its training songs: a longer stretch has more chances to have something in common.
pub fn measure(
    folder: &Path,
    corpus: &Corpus,
    count: u64,
    bars: usize,
    seed: u64,
    console: &Console,
) -> Result<Originality> {
    let index = originality::index(corpus)?;
    let opened = model::open(folder)?;
    let request = Request { length: Length::Bars(bars), seed, ..opened.request() };
    console.progress(&format!("composing {}", counted(count as usize, "piece")));
    let cancel = interrupt::flag();
    let made = generate_many(&*opened.model, &*opened.representation, &request, count, &|_| (), cancel)?;
    console.progress("looking for what is in common");
    let human = originality::decode(corpus, &corpus.split(Split::Test))?;
    let human: Vec<OriginalityReport> = human.par_iter().map(|score| index.report(&opening(score, bars))).collect();
    let reports: Vec<OriginalityReport> = made.par_iter().map(|piece| index.report(&piece.score)).collect();
    console.clear();
    Ok(Originality {
        training_songs: index.songs(),
        bars,
        seed,
        summary: OriginalitySummary::of(&reports),
        test_songs: OriginalitySummary::of(&human),
        pieces: (0..)
            .zip(reports)
            .map(|(piece, report)| Measured { piece, percentiles: OriginalityPercentiles::of(&report, &human), report })
            .collect(),
    })
}

impl Originality {
    /// It for people.
    pub fn describe(&self) -> String {
        let Self { training_songs, bars, summary, test_songs, pieces, .. } = self;
        let mut text = format!(
            "originality: {} of {bars} bars, and the first {bars} bars of {}, against {}\n\n",
            counted(summary.pieces, "piece"),
            counted(test_songs.pieces, "test song"),
            counted(*training_songs, "training song")
        );
        let notes = |run: Option<usize>| run.map_or("-".into(), |run| run.to_string());
        let share = |share: Option<f64>| share.map_or("-".into(), |share| format!("{:.1} %", 100.0 * share));
        let mut rows = vec![row(["in common", "pieces", "test songs"])];
        let runs = |it: &OriginalitySummary| [it.longest_run, it.pitched_run, it.drum_run];
        let names = ["longest run, median", "  by programs", "  by drums"];
        for (name, (ours, theirs)) in names.into_iter().zip(runs(summary).into_iter().zip(runs(test_songs))) {
            rows.push(vec![name.into(), notes(ours), notes(theirs)]);
        }
        for n in NGRAMS {
            let of = |it: &OriginalitySummary| share(it.overlap.get(&n).copied().flatten());
            rows.push(vec![format!("passages of {n} notes, mean"), of(summary), of(test_songs)]);
        }
        text += &table(&rows);
        let head = ["piece", "run", "percentile", "4 notes", "8 notes", "16 notes", "percentile of 8"];
        let mut rows = vec![row(head)];
        let place = |place: Option<f64>| place.map_or("-".into(), |place| format!("{place:.0}"));
        for Measured { piece, report, percentiles } in pieces {
            let mut cells = vec![piece.to_string(), notes(report.longest_run), place(percentiles.longest_run)];
            cells.extend(NGRAMS.map(|n| share(report.overlap.get(&n).copied().flatten())));
            cells.push(place(percentiles.overlap.get(&8).copied().flatten()));
            rows.push(cells);
        }
        text += &format!("\n\n{}", table(&rows));
        let longest = pieces.iter().max_by_key(|it| (it.report.longest_run, std::cmp::Reverse(it.piece)));
        if let Some((piece, nearest)) = longest.and_then(|it| Some((it.piece, it.report.nearest.as_ref()?))) {
            let notes = counted(nearest.notes, "note");
            text += &format!("\n\nlongest: {notes} of piece {piece}, {}", originality::place(nearest));
        }
        text
    }
}
