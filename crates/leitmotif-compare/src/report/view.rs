//! Results put in order: runs that differ in nothing but the seed are one [`Cell`].

use super::statistics::{OverSeeds, Unit, mean_loss, mean_over_tests, over_seeds};
use crate::{ArmFacts, Finished, Loss, Outcome, Results, RunResult};
use leitmotif_train::Estimate;
use std::collections::BTreeSet;

/// The most runs that are looked for by name when some are missing.
const MOST_SOUGHT: usize = 10_000;

/// A finished run.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// What was run.
    pub run: &'a RunResult,
    /// What was found.
    pub found: &'a Finished,
}

/// An arm at one level of each factor: its finished runs, one a seed.
#[derive(Debug)]
pub struct Cell<'a> {
    /// The arm's name.
    pub arm: &'a str,
    /// The level of each factor, in the factors' order; empty where a run has none.
    pub levels: Vec<&'a str>,
    /// At least one.
    pub runs: Vec<Run<'a>>,
}

/// Results in order.
#[derive(Debug)]
pub struct View<'a> {
    /// What was found.
    pub results: &'a Results,
    /// By arm, then by levels, each in its order.
    pub cells: Vec<Cell<'a>>,
}

impl<'a> Cell<'a> {
    /// The losses on a test set, one a seed that has it.
    pub fn losses(&self, test: &str) -> Vec<&'a Loss> {
        self.runs.iter().filter_map(|run| run.found.tests.get(test)).collect()
    }

    /// The mean loss on a test set with its interval over songs.
    pub fn test(&self, test: &str, unit: Unit) -> Option<Estimate> {
        mean_loss(&self.losses(test), unit)
    }

    /// One value a seed, averaged.
    pub fn over_seeds(&self, value: impl Fn(&'a Finished) -> Option<f64>) -> Option<OverSeeds> {
        over_seeds(&self.runs.iter().filter_map(|run| value(run.found)).collect::<Vec<_>>())
    }
}

impl<'a> View<'a> {
    /// Puts results in order.
    pub fn of(results: &'a Results) -> Self {
        let mut cells: Vec<((usize, Vec<usize>), Cell<'a>)> = Vec::new();
        for run in &results.runs {
            let Some(found) = run.finished() else { continue };
            let (levels, places) = levels_of(results, run);
            let arm = results.arms.iter().position(|arm| arm.name == run.arm).unwrap_or(results.arms.len());
            let run = Run { run, found };
            match cells.iter_mut().find(|(_, cell)| cell.arm == run.run.arm && cell.levels == levels) {
                Some((_, cell)) => cell.runs.push(run),
                None => cells.push(((arm, places), Cell { arm: &run.run.arm, levels, runs: vec![run] })),
            }
        }
        cells.sort_by(|a, b| a.0.cmp(&b.0));
        Self { results, cells: cells.into_iter().map(|(_, cell)| cell).collect() }
    }

    /// The arm of that name.
    pub fn arm(&self, name: &str) -> Option<&'a ArmFacts> {
        self.results.arms.iter().find(|arm| arm.name == name)
    }

    /// The test set of an arm's own kind of music.
    pub fn home(&self, arm: &str) -> Option<&'a str> {
        self.arm(arm)?.home.as_deref()
    }

    /// Whether a test set is the arm's own.
    pub fn is_home(&self, arm: &str, test: &str) -> bool {
        self.home(arm) == Some(test)
    }

    /// All finished runs, by cell.
    pub fn runs(&self) -> impl Iterator<Item = Run<'a>> + '_ {
        self.cells.iter().flat_map(|cell| cell.runs.iter().copied())
    }

    /// Runs that failed, with why.
    pub fn failed(&self) -> Vec<(&'a RunResult, &'a str)> {
        let error = |run: &'a RunResult| match &run.outcome {
            Outcome::Failed { error } => Some((run, error.as_str())),
            Outcome::Finished(_) => None,
        };
        self.results.runs.iter().filter_map(error).collect()
    }

    /// How many planned runs are not there.
    pub fn missing(&self) -> usize {
        self.results.planned_runs.saturating_sub(self.results.runs.len())
    }

    /// Their names, where the plan is every arm at every level with every seed; empty where it is
    /// not.
    pub fn missing_names(&self) -> Vec<String> {
        let facts = self.results;
        let levels = facts.factors.iter().map(|factor| factor.levels.len());
        let all = levels.chain([facts.arms.len(), facts.seeds.len()]).try_fold(1_usize, usize::checked_mul);
        if self.missing() == 0 || all != Some(facts.planned_runs) || facts.planned_runs > MOST_SOUGHT {
            return Vec::new();
        }
        let there: BTreeSet<_> =
            facts.runs.iter().map(|run| (run.arm.as_str(), levels_of(facts, run).0, run.seed)).collect();
        let mut combinations: Vec<Vec<&str>> = vec![Vec::new()];
        for factor in &facts.factors {
            let with = |so_far: Vec<&'a str>| {
                factor.levels.iter().map(move |level| [so_far.as_slice(), &[level.name.as_str()]].concat())
            };
            combinations = combinations.into_iter().flat_map(with).collect();
        }
        let planned = facts.arms.iter().flat_map(|arm| {
            combinations
                .iter()
                .flat_map(move |levels| facts.seeds.iter().map(move |seed| (arm.name.as_str(), levels.clone(), *seed)))
        });
        planned
            .filter(|run| !there.contains(run))
            .map(|(arm, levels, seed)| format!("{}, seed {seed}", self.named(arm, &levels)))
            .collect()
    }

    /// `dropout 0.1, segment 512`; empty without factors.
    pub fn levels_named(&self, levels: &[&str]) -> String {
        let named = self.results.factors.iter().zip(levels).map(|(factor, level)| format!("{} {level}", factor.name));
        named.collect::<Vec<_>>().join(", ")
    }

    /// `jazz, dropout 0.1`.
    pub fn named(&self, arm: &str, levels: &[&str]) -> String {
        let levels = self.levels_named(levels);
        if levels.is_empty() { arm.to_owned() } else { format!("{arm}, {levels}") }
    }

    /// As [`Self::named`], without the levels that come first: short enough for a figure, and no
    /// other cell's.
    pub fn briefly(&self, arm: &str, levels: &[&str]) -> String {
        let moved = self
            .results
            .factors
            .iter()
            .zip(levels)
            .filter(|(factor, level)| factor.levels.first().is_none_or(|first| first.name != **level));
        moved.fold(arm.to_owned(), |name, (factor, level)| format!("{name}, {} {level}", factor.name))
    }

    /// Whether some cell has several seeds.
    pub fn has_seeds(&self) -> bool {
        self.cells.iter().any(|cell| cell.runs.len() > 1)
    }

    /// Whether arms are written in several representations, whose tokens are not comparable.
    pub fn has_representations(&self) -> bool {
        self.results.arms.windows(2).any(|pair| pair[0].representation != pair[1].representation)
    }

    /// The mean of all test sets, each counting alike; `None` where a run lacks one.
    pub fn mean_test(&self, cell: &Cell<'_>, unit: Unit) -> Option<Estimate> {
        let tests: Vec<Vec<&Loss>> = self.results.tests.iter().map(|test| cell.losses(&test.name)).collect();
        mean_over_tests(&tests, unit)
    }
}

/// A run's level of each factor, by name and by place.
fn levels_of<'a>(results: &'a Results, run: &'a RunResult) -> (Vec<&'a str>, Vec<usize>) {
    let level = |factor: &'a crate::FactorFacts| {
        let name = run.levels.get(&factor.name).map_or("", String::as_str);
        let place = factor.levels.iter().position(|level| level.name == name).unwrap_or(factor.levels.len());
        (name, place)
    };
    results.factors.iter().map(level).unzip()
}
