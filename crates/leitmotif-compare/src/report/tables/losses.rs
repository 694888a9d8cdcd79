//! Training, validation and test error of every arm at every level, in the form that studies print.

use crate::document::{Cell as Said, Row, Table};
use crate::report::statistics::{OverSeeds, Unit};
use crate::report::view::{Cell, View};
use crate::words::{NONE, count, fixed, interval, list, nats};
use crate::{Finished, Loss, Reference};
use leitmotif_train::Estimate;

/// The table in one unit. Numbers of others are per token and stand in that table alone.
pub fn losses(view: &View<'_>, unit: Unit) -> Table {
    let factors = view.results.factors.iter().map(|factor| factor.name.clone());
    let mut head = vec!["trained on".to_owned()];
    head.extend(factors);
    let names = head.len();
    head.extend(["parameters", "best epoch", "training", "validation", "test, mean"].map(str::to_owned));
    head.extend(view.results.tests.iter().map(|test| format!("test: {}", test.name)));
    let file = match unit {
        Unit::Token => "losses-token",
        Unit::Note => "losses-note",
    };
    let mut table = Table::new(file, caption(view, unit), names, head);
    let mut said = vec![false; view.results.references.len()];
    for cell in &view.cells {
        table.row(row(view, cell, unit));
        if unit == Unit::Token {
            for (reference, said) in view.results.references.iter().zip(&mut said) {
                if !*said && stands_beside(view, reference, cell) {
                    table.rows.push(others(view, reference));
                    *said = true;
                }
            }
        }
    }
    let left = view.results.references.iter().zip(&said).filter(|(_, said)| !**said && unit == Unit::Token);
    let left: Vec<Row> = left.map(|(reference, _)| others(view, reference)).collect();
    table.rows.extend(left);
    table
}

fn caption(view: &View<'_>, unit: Unit) -> String {
    let mut text = format!("Errors in {}; lower is better. In brackets 95 % intervals over songs. ", unit.title());
    if view.has_seeds() {
        text += "Means over seeds, with ± the standard deviation between seeds where there are several. ";
    }
    text += "An arm's own test set is in bold; the mean counts every test set alike. ";
    if unit == Unit::Token && view.has_representations() {
        text +=
            "The arms are written in different representations, whose tokens are not comparable: compare per note. ";
    }
    if unit == Unit::Token && !view.results.references.is_empty() {
        let mut sources: Vec<&str> = view.results.references.iter().map(|it| it.source.as_str()).collect();
        sources.dedup();
        text += &format!(
            "Rows in italics are numbers published by others ({}), on their data and with their vocabulary: not comparable in \
             size, only in pattern.",
            list(&sources)
        );
    }
    text.trim_end().to_owned()
}

fn row(view: &View<'_>, cell: &Cell<'_>, unit: Unit) -> Vec<Said> {
    let mut row: Vec<Said> = vec![cell.arm.into()];
    row.extend(cell.levels.iter().map(|level| Said::from(*level)));
    let whole =
        |value: Option<OverSeeds>| value.map_or_else(|| NONE.to_owned(), |it| count(it.mean.round().max(0.0) as u64));
    let epochs = cell.over_seeds(|found| found.best.map(|best| best.epoch));
    row.push(whole(cell.over_seeds(|found| Some(found.parameters as f64))).into());
    let steps = whole(cell.over_seeds(|found| found.best.map(|best| best.step as f64)));
    row.push(epochs.map_or_else(|| NONE.into(), |it| Said::small(fixed(it.mean, 1), format!("step {steps}"))));
    let own = |loss: fn(&Finished) -> Option<&Loss>| {
        let estimate = match cell.runs.as_slice() {
            [run] => loss(run.found).map(|loss| unit.of(loss)),
            _ => None,
        };
        shown(cell.over_seeds(|found| Some(unit.of(loss(found)?).value)), estimate)
    };
    row.extend([own(|found| Some(&found.train)), own(|found| found.valid.as_ref())]);
    let mean = |found: &Finished| {
        let values: Option<Vec<f64>> =
            view.results.tests.iter().map(|test| Some(unit.of(found.tests.get(&test.name)?).value)).collect();
        values.filter(|values| !values.is_empty()).map(|values| values.iter().sum::<f64>() / values.len() as f64)
    };
    row.push(shown(cell.over_seeds(mean), view.mean_test(cell, unit)));
    for test in &view.results.tests {
        let seeds = cell.over_seeds(|found| Some(unit.of(found.tests.get(&test.name)?).value));
        row.push(shown(seeds, cell.test(&test.name, unit)).strong(view.is_home(cell.arm, &test.name)));
    }
    row
}

fn shown(seeds: Option<OverSeeds>, estimate: Option<Estimate>) -> Said {
    let Some(seeds) = seeds else { return NONE.into() };
    let text = match seeds.deviation {
        Some(deviation) => format!("{} ± {}", nats(seeds.mean), nats(deviation)),
        None => nats(seeds.mean),
    };
    Said::small(text, estimate.as_ref().map(interval).unwrap_or_default())
}

fn stands_beside(view: &View<'_>, reference: &Reference, cell: &Cell<'_>) -> bool {
    let mut levels = view.results.factors.iter().zip(&cell.levels);
    reference.arm == cell.arm
        && levels.all(|(factor, level)| reference.levels.get(&factor.name).is_none_or(|wanted| wanted == level))
}

fn others(view: &View<'_>, it: &Reference) -> Row {
    let number = |value: Option<f64>| value.map_or_else(|| NONE.to_owned(), nats);
    let mut cells: Vec<Said> = vec![format!("{} ({})", it.arm, it.source).into()];
    let level = |factor: &crate::FactorFacts| it.levels.get(&factor.name).map_or(NONE, String::as_str).into();
    cells.extend(view.results.factors.iter().map(level));
    let best = it.best_epoch.map_or_else(|| NONE.to_owned(), |epoch| fixed(epoch, 0));
    let best = match it.epochs {
        Some(epochs) => Said::small(best, format!("of {}", fixed(epochs, 0))),
        None => best.into(),
    };
    cells.extend([NONE.into(), best]);
    cells.extend([it.train, it.valid, it.test].map(|value| Said::from(number(value))));
    cells.extend(view.results.tests.iter().map(|_| Said::from(NONE)));
    Row { cells, foreign: true }
}
