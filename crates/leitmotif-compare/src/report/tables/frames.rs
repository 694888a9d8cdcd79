//! Errors by frames, in representations that have them: the units of the benchmarks of chorales and
//! piano rolls.

use crate::Loss;
use crate::document::{Cell as Said, Table};
use crate::report::view::{Run, View};
use crate::words::{NONE, interval, nats};
use leitmotif_train::Estimate;

/// What a loss is in one of the units.
type OfLoss = fn(&Loss) -> Option<Estimate>;

/// A row a run and unit; no rows where no run has frames.
pub fn frames(view: &View<'_>) -> Table {
    let mut head: Vec<String> = ["run", "unit", "training", "validation"].map(str::to_owned).into();
    head.extend(view.results.tests.iter().map(|test| format!("test: {}", test.name)));
    let caption = "Errors by frames (steps of the grid), without the cost of a piece's end. A voice is one of the tokens that \
                   every frame has. In brackets 95 % intervals over songs.";
    let mut table = Table::new("losses-frames", caption.to_owned(), 2, head);
    let units: [(&str, OfLoss); 2] =
        [("nats per frame", |loss| loss.per_frame), ("nats per voice", |loss| loss.per_voice)];
    for Run { run, found } in view.runs() {
        for (unit, of) in units {
            let losses = [Some(&found.train), found.valid.as_ref()];
            let losses = losses.into_iter().chain(view.results.tests.iter().map(|test| found.tests.get(&test.name)));
            let values: Vec<Option<Estimate>> = losses.map(|loss| loss.and_then(of)).collect();
            if values.iter().any(Option::is_some) {
                let names = [run.id.as_str(), unit].map(Said::from);
                table.row(names.into_iter().chain(values.into_iter().map(shown)).collect());
            }
        }
    }
    table
}

fn shown(value: Option<Estimate>) -> Said {
    value.map_or_else(|| NONE.into(), |it| Said::small(nats(it.value), interval(&it)))
}
