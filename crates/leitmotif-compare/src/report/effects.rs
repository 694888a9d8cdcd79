//! The effect of a factor: each level beside the first, in runs that are alike in everything else.

use super::statistics::{Difference, Pairing, paired_difference};
use super::view::{Run, View};

/// Which test sets an effect is measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On<'a> {
    /// All, their songs pooled.
    All,
    /// Each arm's own.
    Home,
    /// Each arm's others.
    Foreign,
    /// One.
    Test(&'a str),
}

impl On<'_> {
    /// Its description in the report.
    pub fn title(&self) -> &str {
        match self {
            Self::All => "all test sets",
            Self::Home => "home test sets",
            Self::Foreign => "foreign test sets",
            Self::Test(name) => name,
        }
    }
}

/// What a level does.
#[derive(Debug, Clone)]
pub struct Effect<'a> {
    /// The factor.
    pub factor: &'a str,
    /// The level.
    pub level: &'a str,
    /// The level that it is compared with: the first.
    pub baseline: &'a str,
    /// The arm whose runs are compared; `None` for all arms.
    pub arm: Option<&'a str>,
    /// The test sets.
    pub on: On<'a>,
    /// The paired difference; positive where the level costs more than the first.
    pub difference: Difference,
}

/// Each level of each factor: over all arms, then arm by arm if there are several.
pub fn effects<'a>(view: &View<'a>) -> Vec<Effect<'a>> {
    let mut effects = Vec::new();
    let arms = &view.results.arms;
    let scopes = std::iter::once(None).chain(arms.iter().filter(|_| arms.len() > 1).map(|arm| Some(arm.name.as_str())));
    let scopes: Vec<Option<&str>> = scopes.collect();
    for (place, factor) in view.results.factors.iter().enumerate() {
        let Some((first, others)) = factor.levels.split_first() else { continue };
        for level in others {
            let pairs = matched(view, place, &level.name, &first.name);
            for &arm in &scopes {
                let pairs: Vec<(Run<'a>, Run<'a>)> =
                    pairs.iter().filter(|pair| arm.is_none_or(|arm| pair.0.run.arm == arm)).copied().collect();
                for on in measured_on(view, arm) {
                    if let Some(difference) = paired_difference(&pairings(view, &pairs, on)) {
                        let (factor, level, baseline) = (&factor.name, &level.name, &first.name);
                        effects.push(Effect { factor, level, baseline, arm, on, difference });
                    }
                }
            }
        }
    }
    effects
}

fn measured_on<'a>(view: &View<'a>, arm: Option<&str>) -> Vec<On<'a>> {
    let tests = &view.results.tests;
    let has_home = match arm {
        Some(arm) => view.home(arm).is_some(),
        None => view.results.arms.iter().any(|arm| arm.home.is_some()),
    };
    let mut on = vec![On::All];
    if has_home && tests.len() > 1 {
        on.extend([On::Home, On::Foreign]);
    }
    if tests.len() > 1 {
        on.extend(tests.iter().map(|test| On::Test(&test.name)));
    }
    on
}

/// Runs at `level` of the factor at `place`, each with the run at `first` that has the same arm,
/// seed and other levels.
fn matched<'a>(view: &View<'a>, place: usize, level: &str, first: &str) -> Vec<(Run<'a>, Run<'a>)> {
    let mut pairs = Vec::new();
    for cell in view.cells.iter().filter(|cell| cell.levels.get(place).is_some_and(|it| *it == level)) {
        let mut wanted = cell.levels.clone();
        wanted[place] = first;
        let Some(base) = view.cells.iter().find(|it| it.arm == cell.arm && it.levels == wanted) else { continue };
        for run in &cell.runs {
            pairs.extend(base.runs.iter().find(|it| it.run.seed == run.run.seed).map(|other| (*run, *other)));
        }
    }
    pairs
}

fn pairings<'a>(view: &View<'a>, pairs: &[(Run<'a>, Run<'a>)], on: On<'a>) -> Vec<Pairing<'a>> {
    let mut pairings = Vec::new();
    for (pair, (run, other)) in pairs.iter().enumerate() {
        for test in &view.results.tests {
            let home = view.is_home(&run.run.arm, &test.name);
            let wanted = match on {
                On::All => true,
                On::Home => home,
                // An arm without a home of its own gives no measure of foreign music.
                On::Foreign => !home && view.home(&run.run.arm).is_some(),
                On::Test(name) => test.name == name,
            };
            let losses = (run.found.tests.get(&test.name), other.found.tests.get(&test.name));
            if let (true, (Some(model), Some(baseline))) = (wanted, losses) {
                pairings.push(Pairing { pair, test: &test.name, model: &model.songs, baseline: &baseline.songs });
            }
        }
    }
    pairings
}
