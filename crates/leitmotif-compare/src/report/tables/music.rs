//! What was composed beside real music, and how original it is, as tables.

use crate::document::{Cell as Said, Table};
use crate::words::{NONE, fixed, percent, sensible};
use crate::{FigureShift, Music, OriginalityFacts};
use leitmotif_train::Estimate;
use std::collections::BTreeMap;

/// Figures named for each direction in which pieces differ.
const MOST_NAMED: usize = 5;

/// A run that composed: what it is called, and what it composed.
pub type Composer<'a> = (String, &'a Music);

/// A measure a row, a run a column, real music last. `file` names the LaTeX file.
pub fn measures(composers: &[Composer<'_>], file: &str, caption: &str) -> Table {
    let mut names: Vec<&str> = Vec::new();
    for it in composers.iter().flat_map(|(_, music)| &music.measures) {
        if !names.contains(&it.measure.as_str()) {
            names.push(&it.measure);
        }
    }
    let head = ["measure".to_owned()].into_iter().chain(composers.iter().map(|(name, _)| name.clone()));
    let mut table = Table::new(file, caption, 1, head.chain(["real music".to_owned()]));
    for name in names {
        let rows = || composers.iter().map(|(_, music)| music.measures.iter().find(|it| it.measure == name));
        let mut row: Vec<Said> = vec![name.into()];
        row.extend(rows().map(|it| {
            let apart = it.is_some_and(|it| apart(it.composed.as_ref(), it.real.as_ref()));
            estimate(it.and_then(|it| it.composed.as_ref())).strong(apart)
        }));
        row.push(estimate(rows().flatten().find_map(|it| it.real.as_ref())));
        table.row(row);
    }
    table
}

fn estimate(it: Option<&Estimate>) -> Said {
    let small = |it: &Estimate| format!("{} to {}", sensible(it.low), sensible(it.high));
    it.map_or_else(|| NONE.into(), |it| Said::small(sensible(it.value), small(it)))
}

/// Whether two intervals have no value in common.
fn apart(a: Option<&Estimate>, b: Option<&Estimate>) -> bool {
    a.zip(b).is_some_and(|(a, b)| a.high < b.low || b.high < a.low)
}

/// A run a row: how certainly a classifier distinguishes its pieces from real songs, and by what.
pub fn two_sample(composers: &[Composer<'_>]) -> Table {
    let caption = "How certainly a classifier distinguishes a composed piece from a real song by the figures of its texture: the share \
                   that it puts into the right set, with its 95 % interval. 0.5 is chance, and the aim; at 1 every piece is \
                   given away. Beside it the figures that differ most, each with the probability that a composed piece has more \
                   of it than a real song.";
    let head = ["run", "composed pieces have more", "composed pieces have less", "accuracy"];
    let mut table = Table::new("two-sample", caption, 3, head);
    for (name, it) in composers.iter().filter_map(|(name, music)| Some((name, music.two_sample.as_ref()?))) {
        let [more, less] = [true, false].map(|more| Said::from(named(&it.figures, more)));
        table.row(vec![name.as_str().into(), more, less, estimate(Some(&it.accuracy))]);
    }
    table
}

/// The figures whose intervals lie above chance, or below it, the strongest first.
fn named(figures: &[FigureShift], more: bool) -> String {
    let clear = figures.iter().filter(|it| if more { it.above.low > 0.5 } else { it.above.high < 0.5 });
    let named = clear.take(MOST_NAMED).map(|it| format!("{} ({})", short(&it.figure), fixed(it.above.value, 2)));
    let named: Vec<String> = named.collect();
    if named.is_empty() { NONE.to_owned() } else { named.join(", ") }
}

/// A figure's name without its unit.
fn short(figure: &str) -> &str {
    figure.split_once(" (").map_or(figure, |(name, _)| name)
}

/// The features of Yang and Lerch of one run.
pub fn features(name: &str, music: &Music, file: &str) -> Table {
    let caption = format!(
        "{name}: distances within the composed pieces, within the real songs and between them, and the overlap (1 is alike) \
         and divergence (in nats, 0 is alike) of the densities of distances within the pieces and to real songs."
    );
    let head = ["feature", "within composed", "within real", "between", "overlap", "divergence"];
    let mut table = Table::new(file, caption, 1, head);
    for it in &music.features {
        let values = [it.intra_composed, it.intra_real, it.inter, it.overlap, it.kl];
        let values = values.map(|value| Said::from(value.map_or_else(|| NONE.to_owned(), sensible)));
        table.row([Said::from(it.feature.as_str())].into_iter().chain(values).collect());
    }
    table
}

/// A run a row: the Fréchet distance from real music, beside that of real music from itself.
pub fn frechet(composers: &[Composer<'_>]) -> Table {
    let caption = "Fréchet distance between passages, on the embedding of our own model: the distance between two normal \
                   distributions fitted to embeddings. Its size means nothing by itself: one half of the real songs has the \
                   given distance from the other half. Different embeddings are not comparable.";
    let head = ["run", "embedding of", "composed to real", "real to real", "passages composed", "passages real"];
    let mut table = Table::new("frechet", caption, 2, head);
    for (name, it) in composers.iter().filter_map(|(name, music)| Some((name, music.frechet.as_ref()?))) {
        let real = it.real.map_or_else(|| NONE.to_owned(), sensible);
        let counts = [it.composed_passages.to_string(), it.real_passages.to_string()];
        let [composed, passages] = counts.map(Said::from);
        table.row(vec![
            name.as_str().into(),
            it.embedder.as_str().into(),
            sensible(it.composed).into(),
            real.into(),
            composed,
            passages,
        ]);
    }
    table
}

/// A run a row and held-out human songs beside it: the longest run in common with training, and
/// overlaps.
pub fn originality(facts: &[(&str, &OriginalityFacts)]) -> Table {
    let mut sizes: Vec<usize> =
        facts.iter().flat_map(|(_, it)| it.overlap.keys().chain(it.human_overlap.keys())).copied().collect();
    sizes.sort_unstable();
    sizes.dedup();
    let caption = "How much of the pieces stands in the training songs: notes of the longest run in common, and the share of \
                   runs of n notes that occur in training. Means with 95 % intervals; the same for human songs that no model \
                   was trained on.";
    let head = ["run", "whose", "longest run, notes"].map(str::to_owned).into_iter();
    let mut table =
        Table::new("originality", caption, 2, head.chain(sizes.iter().map(|n| format!("overlap, n = {n}"))));
    for (name, it) in facts {
        let sides = [("composed", &it.longest_run, &it.overlap), ("human", &it.human_longest_run, &it.human_overlap)];
        for (who, longest, overlap) in sides {
            let mut row: Vec<Said> = vec![(*name).into(), who.into(), estimate(longest.as_ref())];
            row.extend(sizes.iter().map(|n| share(overlap, *n)));
            table.row(row);
        }
    }
    table
}

fn share(overlap: &BTreeMap<usize, Estimate>, n: usize) -> Said {
    let Some(it) = overlap.get(&n) else { return NONE.into() };
    Said::small(percent(it.value), format!("{} to {}", percent(it.low), percent(it.high)))
}

/// A piece a row, with its nearest passage.
pub fn pieces(name: &str, facts: &OriginalityFacts, file: &str) -> Table {
    let mut sizes: Vec<usize> = facts.pieces.iter().flat_map(|piece| piece.overlap.keys()).copied().collect();
    sizes.sort_unstable();
    sizes.dedup();
    let caption = format!(
        "{name}: each piece's longest run in common with a training song, the share of held-out human songs whose longest run \
         is no longer, and where the nearest passage stands."
    );
    let head = ["piece", "nearest passage", "longest run, notes", "percentile of human songs"].map(str::to_owned);
    let head = head.into_iter().chain(sizes.iter().map(|n| format!("overlap, n = {n}")));
    let mut table = Table::new(file, caption, 2, head);
    for it in &facts.pieces {
        let mut row: Vec<Said> = vec![it.number.to_string().into(), it.nearest.as_deref().unwrap_or(NONE).into()];
        row.push(it.longest_run.to_string().into());
        row.push(it.percentile.map_or_else(|| NONE.to_owned(), |part| fixed(part, 0)).into());
        let overlap = |n: &usize| it.overlap.get(n).copied().flatten().map_or_else(|| NONE.to_owned(), percent);
        row.extend(sizes.iter().map(|n| Said::from(overlap(n))));
        table.row(row);
    }
    table
}
