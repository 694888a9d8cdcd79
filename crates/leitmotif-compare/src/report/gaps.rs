//! The generalisation gap: what a test set costs a model beyond what it costs the model of its own
//! kind of music.

use super::statistics::{Difference, Pairing, paired_difference};
use super::view::{Cell, View};

/// One arm beside the home arm of a test set.
#[derive(Debug, Clone)]
pub struct Gap<'a> {
    /// The arm.
    pub arm: &'a str,
    /// The test set.
    pub test: &'a str,
    /// The first arm whose own kind of music the test set is.
    pub home: &'a str,
    /// Whether the test set is another kind of music than the arm's; else two arms of one kind are
    /// compared.
    pub foreign: bool,
    /// The levels, where it is of one level of each factor; `None` over all.
    pub levels: Option<Vec<&'a str>>,
    /// The paired difference.
    pub difference: Difference,
}

/// Every arm beside the home arm of each test set: over all levels first, then level by level if
/// there are several. Runs are matched by levels and seed.
pub fn gaps<'a>(view: &View<'a>) -> Vec<Gap<'a>> {
    let mut gaps = Vec::new();
    for test in &view.results.tests {
        let Some(home) = view.results.arms.iter().find(|arm| view.is_home(&arm.name, &test.name)) else { continue };
        for arm in view.results.arms.iter().filter(|arm| arm.name != home.name) {
            let cells: Vec<(&Cell<'a>, &Cell<'a>)> = matched(view, &arm.name, &home.name);
            let mut add = |cells: &[(&Cell<'a>, &Cell<'a>)], levels: Option<Vec<&'a str>>| {
                let foreign = !view.is_home(&arm.name, &test.name);
                if let Some(difference) = paired_difference(&pairings(cells, &test.name)) {
                    gaps.push(Gap { arm: &arm.name, test: &test.name, home: &home.name, foreign, levels, difference });
                }
            };
            add(&cells, None);
            if cells.len() > 1 {
                for pair in &cells {
                    add(std::slice::from_ref(pair), Some(pair.0.levels.clone()));
                }
            }
        }
    }
    gaps
}

fn matched<'v, 'a>(view: &'v View<'a>, arm: &str, home: &str) -> Vec<(&'v Cell<'a>, &'v Cell<'a>)> {
    let of = |arm: &str, levels: &[&str]| view.cells.iter().find(|cell| cell.arm == arm && cell.levels == levels);
    view.cells.iter().filter(|cell| cell.arm == arm).filter_map(|cell| Some((cell, of(home, &cell.levels)?))).collect()
}

/// Runs of two cells, paired by seed.
pub fn pairings<'a>(cells: &[(&Cell<'a>, &Cell<'a>)], test: &'a str) -> Vec<Pairing<'a>> {
    let mut pairings = Vec::new();
    for (cell, home) in cells {
        for run in &cell.runs {
            let Some(other) = home.runs.iter().find(|other| other.run.seed == run.run.seed) else { continue };
            if let (Some(model), Some(baseline)) = (run.found.tests.get(test), other.found.tests.get(test)) {
                let pair = pairings.len();
                pairings.push(Pairing { pair, test, model: &model.songs, baseline: &baseline.songs });
            }
        }
    }
    pairings
}
