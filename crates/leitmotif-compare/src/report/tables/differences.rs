//! The matrix, the generalisation gaps and the effects of factors, as tables.

use crate::document::{Cell as Said, Table};
use crate::report::effects::Effect;
use crate::report::gaps::Gap;
use crate::report::statistics::{Difference, Unit, Verdict};
use crate::report::view::View;
use crate::words::{NONE, count, interval, nats, signed, signed_interval};

/// Nats per note of every test set under every cell's models.
pub fn matrix(view: &View<'_>) -> Table {
    let mut head = vec!["trained on".to_owned()];
    head.extend(view.results.factors.iter().map(|factor| factor.name.clone()));
    let names = head.len();
    head.extend(view.results.tests.iter().map(|test| format!("tested on {}", test.name)));
    let caption = "Nats per note with 95 % intervals over songs; an arm's own test set is in bold. Compare within a column: \
                   test sets differ in how hard they are.";
    let mut table = Table::new("matrix", caption, names, head);
    for cell in &view.cells {
        let mut row: Vec<Said> = vec![cell.arm.into()];
        row.extend(cell.levels.iter().map(|level| Said::from(*level)));
        for test in &view.results.tests {
            let it = cell.test(&test.name, Unit::Note);
            let said = it.map_or_else(|| NONE.into(), |it| Said::small(nats(it.value), interval(&it)));
            row.push(said.strong(view.is_home(cell.arm, &test.name)));
        }
        table.row(row);
    }
    table
}

const DIFFERENCE: [&str; 5] = ["difference", "95 % interval", "over pairs of runs", "songs", "verdict"];

/// Gaps over all levels, or (`by_level`) at each level.
pub fn gaps(view: &View<'_>, gaps: &[Gap<'_>], by_level: bool) -> Table {
    let mut head = vec!["trained on", "tested on", "against the model of"];
    if by_level {
        head.push("levels");
    }
    let names = head.len();
    let caption = "Paired differences in nats per note; above 0, the arm's model costs more than the test set's home model. \
                   Runs are paired by levels and seed; every pair counts alike.";
    let file = if by_level { "gaps-by-level" } else { "gaps" };
    let mut table = Table::new(file, caption, names, head.into_iter().chain(DIFFERENCE));
    for it in gaps.iter().filter(|it| it.levels.is_some() == by_level) {
        let mut row: Vec<Said> = vec![it.arm.into(), it.test.into(), it.home.into()];
        row.extend(it.levels.as_ref().map(|levels| Said::from(view.levels_named(levels))));
        row.extend(difference(&it.difference));
        table.row(row);
    }
    table
}

/// Effects over all arms, or (`by_arm`) in each arm.
pub fn effects(effects: &[Effect<'_>], by_arm: bool) -> Table {
    let mut head = vec!["factor", "level", "against"];
    if by_arm {
        head.push("trained on");
    }
    head.push("tested on");
    let names = head.len();
    let caption = "Paired differences in nats per note; above 0, the level costs more than the first one. Runs are paired by \
                   arm, seed and the levels of other factors; every pair counts alike.";
    let file = if by_arm { "effects-by-arm" } else { "effects" };
    let mut table = Table::new(file, caption, names, head.into_iter().chain(DIFFERENCE));
    for it in effects.iter().filter(|it| it.arm.is_some() == by_arm) {
        let mut row: Vec<Said> = vec![it.factor.into(), it.level.into(), it.baseline.into()];
        row.extend(it.arm.map(Said::from));
        row.push(it.on.title().into());
        row.extend(difference(&it.difference));
        table.row(row);
    }
    table
}

fn difference(it: &Difference) -> Vec<Said> {
    let verdict = verdict(it);
    let range = if it.pairs > 1 {
        Said::small(format!("{} to {}", signed(it.range.0), signed(it.range.1)), format!("of {}", it.pairs))
    } else {
        NONE.into()
    };
    let interval = if it.songs > 1 { signed_interval(&it.estimate) } else { NONE.to_owned() };
    vec![signed(it.estimate.value).into(), interval.into(), range, count(it.songs as u64).into(), verdict.into()]
}

/// Its description in the report.
pub fn verdict(it: &Difference) -> &'static str {
    match it.verdict() {
        Verdict::Worse => "worse",
        Verdict::Better => "better",
        Verdict::NotDistinguishable => "not distinguishable",
        Verdict::NoInterval => "one song: no interval",
    }
}
