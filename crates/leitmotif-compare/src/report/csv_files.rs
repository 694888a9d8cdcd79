//! `tables/*.csv` (RFC 4180): all numbers at full precision, a number a cell, nothing where there
//! is none.

use super::effects::Effect;
use super::gaps::Gap;
use super::statistics::{Difference, Unit};
use super::view::{Run, View};
use crate::document::csv::{Csv, CsvFile};
use crate::{FrechetFacts, Music};
use leitmotif_train::Estimate;

/// All of them.
///
/// # Errors
/// None that memory would cause; the writer's are passed on.
pub fn all(view: &View<'_>, gaps: &[Gap<'_>], effects: &[Effect<'_>]) -> Result<Vec<CsvFile>, csv::Error> {
    let files = [
        runs(view),
        losses(view),
        curves(view),
        matrix(view),
        gaps_file(view, gaps),
        effects_file(effects),
        music(view),
        two_sample(view),
        features(view),
        originality(view),
        leakage(view),
    ];
    files.into_iter().map(Csv::finish).collect()
}

fn number(value: f64) -> String {
    if value.is_finite() { value.to_string() } else { String::new() }
}

fn maybe(value: Option<f64>) -> String {
    value.map_or_else(String::new, number)
}

fn estimate(it: Option<&Estimate>) -> [String; 3] {
    it.map_or_else(Default::default, |it| [number(it.value), number(it.low), number(it.high)])
}

fn difference(it: &Difference) -> [String; 7] {
    let [value, low, high] = estimate(Some(&it.estimate));
    [value, low, high, it.songs.to_string(), it.pairs.to_string(), number(it.range.0), number(it.range.1)]
}

const DIFFERENCE: [&str; 7] = ["difference", "low", "high", "songs", "pairs_of_runs", "least_pair", "largest_pair"];

fn factors(view: &View<'_>) -> Vec<String> {
    view.results.factors.iter().map(|factor| factor.name.clone()).collect()
}

fn strings<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}

fn runs(view: &View<'_>) -> Csv {
    let after = ["seed", "status", "parameters", "steps", "epochs", "events", "seconds", "best_step", "best_epoch"];
    let last = ["best_valid_nats_per_note", "ended", "model", "error"];
    let mut csv = Csv::new("runs", [strings(["run", "arm"]), factors(view), strings(after), strings(last)].concat());
    for run in &view.results.runs {
        let level = |factor: &crate::FactorFacts| run.levels.get(&factor.name).cloned().unwrap_or_default();
        let mut row = vec![run.id.clone(), run.arm.clone()];
        row.extend(view.results.factors.iter().map(level));
        row.push(run.seed.to_string());
        match &run.outcome {
            crate::Outcome::Finished(it) => {
                let best = it.best.as_ref();
                row.extend(["finished".into(), it.parameters.to_string(), it.steps.to_string(), number(it.epochs)]);
                row.extend([it.events.to_string(), number(it.seconds)]);
                row.extend([
                    best.map_or_else(String::new, |best| best.step.to_string()),
                    maybe(best.map(|it| it.epoch)),
                ]);
                row.extend([maybe(best.map(|it| it.nats_per_note)), it.ended.clone(), it.model.clone(), String::new()]);
            }
            crate::Outcome::Failed { error } => {
                row.push("failed".into());
                row.extend(std::iter::repeat_n(String::new(), 10));
                row.push(error.clone());
            }
        }
        csv.row(row);
    }
    csv
}

fn losses(view: &View<'_>) -> Csv {
    let mut csv = Csv::new("losses", ["run", "set", "unit", "value", "low", "high"]);
    for Run { run, found } in view.runs() {
        let own = [("training", Some(&found.train)), ("validation", found.valid.as_ref())];
        let tests = found.tests.iter().map(|(name, loss)| (format!("test:{name}"), loss));
        let own = own.into_iter().filter_map(|(name, loss)| Some((name.to_owned(), loss?)));
        for (set, loss) in own.chain(tests) {
            let units = [
                ("token", loss.per_event),
                ("note", loss.per_note),
                ("bar", loss.per_bar),
                ("second", loss.per_second),
            ];
            let frames = [("frame", loss.per_frame), ("voice", loss.per_voice)];
            let frames = frames.into_iter().filter_map(|(unit, it)| Some((unit, it?)));
            for (unit, it) in units.into_iter().chain(frames) {
                let names = [run.id.clone(), set.clone(), unit.to_owned()];
                csv.row(names.into_iter().chain(estimate(Some(&it))));
            }
        }
    }
    csv
}

fn curves(view: &View<'_>) -> Csv {
    let mut csv = Csv::new("curves", ["run", "set", "step", "epoch", "nats_per_token", "nats_per_note"]);
    for Run { run, found } in view.runs() {
        for (set, points) in [("training", &found.curves.train), ("validation", &found.curves.valid)] {
            for it in points {
                let place = [run.id.clone(), set.to_owned(), it.step.to_string(), number(it.epoch)];
                csv.row(place.into_iter().chain([number(it.per_event), number(it.per_note)]));
            }
        }
    }
    csv
}

fn matrix(view: &View<'_>) -> Csv {
    let last = ["test", "home", "seeds", "unit", "value", "low", "high", "least_seed", "largest_seed"];
    let mut csv = Csv::new("matrix", [strings(["arm"]), factors(view), strings(last)].concat());
    for cell in &view.cells {
        for test in &view.results.tests {
            for (unit, name) in [(Unit::Token, "token"), (Unit::Note, "note")] {
                let Some(it) = cell.test(&test.name, unit) else { continue };
                let seeds = cell.over_seeds(|found| Some(unit.of(found.tests.get(&test.name)?).value));
                let mut row = vec![cell.arm.to_owned()];
                row.extend(cell.levels.iter().map(|level| (*level).to_owned()));
                row.extend([test.name.clone(), view.is_home(cell.arm, &test.name).to_string()]);
                row.extend([seeds.map_or(0, |it| it.runs).to_string(), name.to_owned()]);
                row.extend(estimate(Some(&it)));
                row.extend([maybe(seeds.map(|it| it.least)), maybe(seeds.map(|it| it.most))]);
                csv.row(row);
            }
        }
    }
    csv
}

fn gaps_file(view: &View<'_>, gaps: &[Gap<'_>]) -> Csv {
    let first = strings(["arm", "test", "home_arm", "kind"]);
    let mut csv = Csv::new("gaps", [first, factors(view), strings(DIFFERENCE)].concat());
    for it in gaps {
        let kind = if it.foreign { "foreign" } else { "same home" };
        let mut row: Vec<String> = [it.arm, it.test, it.home, kind].map(str::to_owned).to_vec();
        match &it.levels {
            Some(levels) => row.extend(levels.iter().map(|level| (*level).to_owned())),
            None => row.extend(view.results.factors.iter().map(|_| "all".to_owned())),
        }
        row.extend(difference(&it.difference));
        csv.row(row);
    }
    csv
}

fn effects_file(effects: &[Effect<'_>]) -> Csv {
    let first = ["factor", "level", "against", "arm", "kind", "test"];
    let mut csv = Csv::new("effects", [strings(first), strings(DIFFERENCE)].concat());
    for it in effects {
        // A test set may be called "all": the kind distinguishes them.
        let kind = if matches!(it.on, super::effects::On::Test(_)) { "one" } else { "several" };
        let names = [it.factor, it.level, it.baseline, it.arm.unwrap_or("all"), kind, it.on.title()];
        csv.row(names.map(str::to_owned).into_iter().chain(difference(&it.difference)));
    }
    csv
}

fn with_music<'v>(view: &'v View<'_>) -> impl Iterator<Item = (&'v str, &'v Music)> {
    view.runs().filter_map(|run| Some((run.run.id.as_str(), run.found.music.as_ref()?)))
}

fn music(view: &View<'_>) -> Csv {
    let head = ["run", "measure", "composed", "composed_low", "composed_high", "real", "real_low", "real_high"];
    let mut csv = Csv::new("music", head);
    for (run, music) in with_music(view) {
        for it in &music.measures {
            let values = estimate(it.composed.as_ref()).into_iter().chain(estimate(it.real.as_ref()));
            csv.row([run.to_owned(), it.measure.clone()].into_iter().chain(values));
        }
        if let Some(FrechetFacts { composed, real, .. }) = &music.frechet {
            let row = [number(*composed), String::new(), String::new(), maybe(*real), String::new(), String::new()];
            csv.row([run.to_owned(), "Fréchet distance".to_owned()].into_iter().chain(row));
        }
    }
    csv
}

/// The accuracy, and the area of each figure: both are 0.5 by chance.
fn two_sample(view: &View<'_>) -> Csv {
    let mut csv = Csv::new("two-sample", ["run", "what", "figure", "value", "low", "high"]);
    for (run, found) in with_music(view).filter_map(|(run, music)| Some((run, music.two_sample.as_ref()?))) {
        let mut add = |what: &str, figure: &str, it: &Estimate| {
            csv.row([run, what, figure].map(str::to_owned).into_iter().chain(estimate(Some(it))));
        };
        add("accuracy", "", &found.accuracy);
        found.figures.iter().for_each(|it| add("composed above real", &it.figure, &it.above));
    }
    csv
}

fn features(view: &View<'_>) -> Csv {
    let mut csv = Csv::new("features", ["run", "feature", "intra_composed", "intra_real", "inter", "overlap", "kl"]);
    for (run, music) in with_music(view) {
        for it in &music.features {
            let values = [it.intra_composed, it.intra_real, it.inter, it.overlap, it.kl].map(maybe);
            csv.row([run.to_owned(), it.feature.clone()].into_iter().chain(values));
        }
    }
    csv
}

fn originality(view: &View<'_>) -> Csv {
    let head = ["run", "who", "measure", "value", "low", "high", "percentile", "nearest"];
    let mut csv = Csv::new("originality", head);
    for (run, facts) in with_music(view).filter_map(|(run, music)| Some((run, music.originality.as_ref()?))) {
        let mut add = |who: String, measure: String, values: [String; 3], percentile: String, nearest: String| {
            csv.row([run.to_owned(), who, measure].into_iter().chain(values).chain([percentile, nearest]));
        };
        let sides = [
            ("composed", &facts.longest_run, &facts.overlap),
            ("human", &facts.human_longest_run, &facts.human_overlap),
        ];
        for (who, longest, overlap) in sides {
            if let Some(it) = longest {
                add(who.into(), "longest run".into(), estimate(Some(it)), String::new(), String::new());
            }
            for (n, it) in overlap {
                add(who.into(), format!("overlap {n}"), estimate(Some(it)), String::new(), String::new());
            }
        }
        for piece in &facts.pieces {
            let who = format!("piece {}", piece.number);
            let values = [piece.longest_run.to_string(), String::new(), String::new()];
            let nearest = piece.nearest.clone().unwrap_or_default();
            add(who.clone(), "longest run".into(), values, maybe(piece.percentile), nearest);
            for (n, it) in &piece.overlap {
                let values = [maybe(*it), String::new(), String::new()];
                add(who.clone(), format!("overlap {n}"), values, String::new(), String::new());
            }
        }
    }
    csv
}

fn leakage(view: &View<'_>) -> Csv {
    let head = [
        "arm",
        "test",
        "arm_songs",
        "test_songs",
        "same_files",
        "kept_out",
        "nearest_arm_song",
        "nearest_test_song",
        "similarity",
        "threshold",
    ];
    let mut csv = Csv::new("leakage", head);
    for it in &view.results.leakage {
        let kept = view.arm(&it.arm).map_or(0, |arm| arm.kept_out.iter().filter(|kept| kept.test == it.test).count());
        let nearest = it.nearest.as_ref();
        csv.row([
            it.arm.clone(),
            it.test.clone(),
            it.arm_songs.to_string(),
            it.test_songs.to_string(),
            it.same_files.to_string(),
            kept.to_string(),
            nearest.map_or_else(String::new, |pair| pair.arm_song.clone()),
            nearest.map_or_else(String::new, |pair| pair.test_song.clone()),
            maybe(nearest.map(|pair| pair.similarity)),
            number(it.threshold),
        ]);
    }
    csv
}
