//! What was found, in sentences that are computed: a number, its interval, and no claim where the
//! interval holds 0.

use super::effects::{Effect, On};
use super::gaps::{Gap, pairings};
use super::statistics::{Difference, FEW_SONGS, Unit, Verdict, paired_difference};
use super::view::{Cell, Run, View};
use crate::words::{counted, fixed, interval, nats, sensible, signed, signed_interval};
use leitmotif_train::Estimate;

/// With more gaps than this, only the largest and the smallest have sentences.
const MOST_GAPS: usize = 12;

/// With more runs than this, originality is summed up instead of listed run by run.
const MOST_ORIGINALS: usize = 6;

/// Sentences under a heading.
pub type Group = (&'static str, Vec<String>);

/// The sentences, in the order of the report; groups that have none are left out.
pub fn findings(view: &View<'_>, gaps: &[Gap<'_>], effects: &[Effect<'_>]) -> Vec<Group> {
    if view.cells.is_empty() {
        return Vec::new();
    }
    let pooled = effects.iter().filter(|it| it.arm.is_none() && !matches!(it.on, On::Test(_)));
    let mut groups = vec![
        ("The lowest errors", view.results.tests.iter().filter_map(|test| best(view, &test.name)).collect()),
        ("Generalisation", generalisation(gaps)),
        ("Factors", pooled.map(effect).collect()),
        ("Originality", originality(view)),
        ("How sure this is", seeds(view).into_iter().chain(cautions(view, gaps, effects)).collect()),
    ];
    groups.retain(|group: &Group| !group.1.is_empty());
    groups
}

/// `0.123 nats per note more (95 % interval +0.100 to +0.150)`, or that the two are not
/// distinguishable.
fn said(it: &Difference) -> String {
    let size = nats(it.estimate.value.abs());
    let interval = format!("95 % interval {}", signed_interval(&it.estimate));
    let text = match it.verdict() {
        Verdict::Worse => format!("{size} nats per note more ({interval})"),
        Verdict::Better => format!("{size} nats per note less ({interval})"),
        Verdict::NotDistinguishable => {
            format!("not distinguishable: {} nats per note ({interval})", signed(it.estimate.value))
        }
        Verdict::NoInterval => {
            format!("{} nats per note, on one song only: no interval, nothing shown", signed(it.estimate.value))
        }
    };
    if it.pairs_disagree() && it.verdict() != Verdict::NotDistinguishable {
        let (low, high) = it.range;
        return format!("{text}; single pairs of runs disagree, from {} to {}", signed(low), signed(high));
    }
    text
}

/// Which models predict a test set best, and whether they differ significantly from the next ones.
fn best(view: &View<'_>, test: &str) -> Option<String> {
    let mut judged: Vec<(&Cell<'_>, Estimate)> =
        view.cells.iter().filter_map(|cell| Some((cell, cell.test(test, Unit::Note)?))).collect();
    judged.sort_by(|a, b| a.1.value.total_cmp(&b.1.value));
    let (cell, loss) = judged.first()?;
    let name = |cell: &Cell<'_>| {
        let home = if view.is_home(cell.arm, test) { " (its own kind of music)" } else { "" };
        format!("{}{home}", view.named(cell.arm, &cell.levels))
    };
    let mut text = format!(
        "Test set {test}: the lowest error is that of {}, {} nats per note (95 % interval {}).",
        name(cell),
        nats(loss.value),
        interval(loss)
    );
    if let Some((next, _)) = judged.get(1)
        && let Some(difference) = paired_difference(&pairings(&[(*next, *cell)], test))
    {
        text += &format!(" The next is {}, against it: {}.", name(next), said(&difference));
    }
    Some(text)
}

fn generalisation(gaps: &[Gap<'_>]) -> Vec<String> {
    let all: Vec<&Gap<'_>> = gaps.iter().filter(|gap| gap.levels.is_none()).collect();
    let foreign: Vec<&Gap<'_>> = all.iter().filter(|gap| gap.foreign).copied().collect();
    let mut said = Vec::new();
    if !foreign.is_empty() {
        let having = |wanted| foreign.iter().filter(|gap| gap.difference.verdict() == wanted).count();
        said.push(format!(
            "Of {} of an arm and a foreign test set, the arm's models are worse than the test set's home models in \
             {}, not distinguishable in {} and better in {}.",
            counted(foreign.len(), "pair"),
            having(Verdict::Worse),
            having(Verdict::NotDistinguishable),
            having(Verdict::Better)
        ));
    }
    let mut shown = all;
    if shown.len() > MOST_GAPS {
        shown.sort_by(|a, b| a.difference.estimate.value.total_cmp(&b.difference.estimate.value));
        let last = shown.split_off(shown.len() - 1);
        shown.truncate(1);
        shown.extend(last);
        said.push("The smallest and the largest difference follow; the others stand in the table.".into());
    }
    said.extend(shown.into_iter().map(|it| {
        let kind = if it.foreign { "" } else { ", of the same kind of music," };
        format!(
            "Trained on {}{kind} and tested on {}, against models trained on {}: {}.",
            it.arm,
            it.test,
            it.home,
            self::said(&it.difference)
        )
    }));
    said
}

fn effect(it: &Effect<'_>) -> String {
    format!("{} {} against {} on {}: {}.", it.factor, it.level, it.baseline, it.on.title(), said(&it.difference))
}

/// The longest runs in common with training, beside human songs.
fn originality(view: &View<'_>) -> Vec<String> {
    let (mut sentences, mut longer, mut shorter) = (Vec::new(), 0, 0);
    for run in view.runs() {
        let facts = run.found.music.as_ref().and_then(|music| music.originality.as_ref());
        let Some((own, human)) = facts.and_then(|it| Some((it.longest_run?, it.human_longest_run?))) else { continue };
        let apart = match () {
            () if own.low > human.high => {
                longer += 1;
                "longer: the pieces repeat more of the training songs than human songs do"
            }
            () if own.high < human.low => {
                shorter += 1;
                "shorter"
            }
            () => "not distinguishable: the intervals overlap",
        };
        let shown =
            |it: &Estimate| format!("{} notes ({} to {})", sensible(it.value), sensible(it.low), sensible(it.high));
        sentences.push(format!(
            "{}: the longest run in common with a training song has {} on average, that of held-out human songs {}: \
             {apart}.",
            run.run.id,
            shown(&own),
            shown(&human)
        ));
    }
    if sentences.len() > MOST_ORIGINALS {
        let rest = sentences.len() - longer - shorter;
        return vec![format!(
            "Of {}, the longest run in common with a training song is longer than that of held-out human songs in {longer}, \
             shorter in {shorter}, and not distinguishable (the 95 % intervals overlap) in {rest}.",
            counted(sentences.len(), "run")
        )];
    }
    sentences
}

fn seeds(view: &View<'_>) -> Option<String> {
    if !view.has_seeds() {
        return Some(
            "There is one seed: differences between seeds are not measured, and a difference may be due to the seed."
                .into(),
        );
    }
    let spread = |cell: &Cell<'_>| {
        let values = view.results.tests.iter().filter_map(|test| {
            let it = cell.over_seeds(|found| Some(found.tests.get(&test.name)?.per_note.value))?;
            (it.runs > 1).then_some(it.most - it.least)
        });
        values.fold(None, |most: Option<f64>, it| Some(most.map_or(it, |most| most.max(it))))
    };
    let most = view.cells.iter().filter_map(spread).max_by(f64::total_cmp)?;
    Some(format!("Between seeds, the error on a test set differs by at most {} nats per note.", nats(most)))
}

fn cautions(view: &View<'_>, gaps: &[Gap<'_>], effects: &[Effect<'_>]) -> Vec<String> {
    let compared = gaps.len() + effects.len();
    let mut said = Vec::new();
    if compared > 1 {
        said.push(format!(
            "The tables compare {}. The intervals are not corrected for that: where nothing differs, about one in twenty leaves 0 out \
             by chance.",
            counted(compared, "difference")
        ));
    }
    let few: Vec<String> = view
        .results
        .tests
        .iter()
        .filter(|test| test.amount.songs < FEW_SONGS)
        .map(|test| format!("{} ({})", test.name, counted(test.amount.songs, "song")))
        .collect();
    if !few.is_empty() {
        said.push(format!(
            "With fewer than {FEW_SONGS} songs an interval tends to be too narrow: {}.",
            crate::words::list(&few)
        ));
    }
    if view.runs().next().is_some() {
        said.push(
            "Songs of one artist are alike. The intervals take songs for independent of each other, and are too narrow where few \
             artists made them."
                .into(),
        );
    }
    said.extend(unfinished(view));
    said
}

/// How unlike the runs were trained, and how many would have gained from more.
fn unfinished(view: &View<'_>) -> Option<String> {
    let trained: Vec<_> = view.runs().filter(|run| run.found.steps > 0).collect();
    let epochs = || trained.iter().map(|run| run.found.epochs);
    let (least, most) = (epochs().fold(f64::INFINITY, f64::min), epochs().fold(0.0, f64::max));
    if trained.is_empty() || !least.is_finite() {
        return None;
    }
    let last =
        |run: &&Run<'_>| run.found.ended == "budget" && run.found.best.is_some_and(|best| best.step == run.found.steps);
    let early = trained.iter().filter(last).count();
    Some(format!(
        "Runs made between {} and {} passes over their training songs. {early} of {} were at their best at their last step, and would \
         gain from more training.",
        fixed(least, 1),
        fixed(most, 1),
        trained.len()
    ))
}
