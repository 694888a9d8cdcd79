//! The runs of a study: every arm with every combination of levels and every seed.

use crate::datasets::{Arm, Datasets, slug};
use crate::study::{FactorSpec, Level, MAX_RUNS, Study};
use crate::{CompareError, FactorFacts, LevelFacts, RESULTS_FORMAT};
use leitmotif_train::{Override, Preset, RunConfig};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use toml::Value;

/// Hexadecimal digits of a run's key in its folder's name.
const KEY_DIGITS: usize = 10;

/// A run that is to be made.
#[derive(Debug, Clone)]
pub struct PlannedRun {
    /// Its name: arm, levels, seed.
    pub id: String,
    /// Its place in the plan, from 0.
    pub number: usize,
    /// The arm, by its index in the datasets.
    pub arm: usize,
    /// The level of each factor, by name.
    pub levels: BTreeMap<String, String>,
    /// The seed.
    pub seed: u64,
    /// The resolved configuration.
    pub config: RunConfig,
    /// A hash of all that determines the run's results: configuration, songs, test sets, what is
    /// composed.
    pub key: String,
}

impl PlannedRun {
    /// The name of its folder: runs of a changed study lie beside those of the old one.
    pub fn folder(&self) -> String {
        format!("{}-{}", self.id, &self.key[..KEY_DIGITS])
    }
}

/// The runs of a study, in order.
#[derive(Debug, Clone)]
pub struct RunPlan {
    /// The runs.
    pub runs: Vec<PlannedRun>,
    /// What differs between them besides arm and seed.
    pub factors: Vec<FactorFacts>,
    /// A hash of the study: of the keys of all runs.
    pub fingerprint: String,
}

/// What the command line lays over the study file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overlay {
    /// Another budget for all runs.
    pub budget: Option<crate::Budget>,
    /// Configuration keys of all runs, over those of the study file but below those of the factors'
    /// levels.
    pub set: Vec<Override>,
}

/// Makes the runs of a study. `path` is the study file's, for messages.
///
/// # Errors
/// [`CompareError::Study`] for keys that make no run, for factors that name an arm that is not
/// there, and for too many runs.
pub fn plan(study: &Study, path: &Path, overlay: &Overlay, datasets: &Datasets) -> Result<RunPlan, CompareError> {
    let wrong = |reason: String| CompareError::Study { path: path.to_owned(), reason };
    let preset: Preset = study.preset.parse().map_err(|error: leitmotif_train::TrainError| wrong(error.to_string()))?;
    let factors: Vec<(&FactorSpec, Vec<Level>)> = study.factors.iter().map(|it| (it, it.levels())).collect();
    let arms: BTreeSet<&str> = datasets.arms.iter().map(|arm| arm.facts.name.as_str()).collect();
    for (factor, _) in &factors {
        if let Some(unknown) = factor.arms.iter().find(|name| !arms.contains(name.as_str())) {
            let known: Vec<&str> = arms.iter().copied().collect();
            return Err(wrong(format!(
                "factor {}: there is no arm {unknown}; the arms are {}",
                factor.name(),
                known.join(", ")
            )));
        }
    }
    let mut runs = Vec::new();
    for (number, arm) in datasets.arms.iter().enumerate() {
        for levels in combinations(&factors, &arm.facts.name) {
            for seed in &study.seeds {
                if runs.len() == MAX_RUNS {
                    return Err(wrong(format!("more than {MAX_RUNS} runs: take away levels, arms or seeds")));
                }
                let config = configure(study, preset, overlay, arm, &levels, *seed);
                let config = config.and_then(|config| config.validate().map(|()| config));
                let id = id(arm, &levels, *seed);
                let config = config.map_err(|error| wrong(format!("run {id}: {error}")))?;
                let key = key(study, datasets, arm, &config);
                let levels = levels.iter().map(|(factor, level)| ((*factor).to_owned(), level.name.clone())).collect();
                runs.push(PlannedRun { id, number: runs.len(), arm: number, levels, seed: *seed, config, key });
            }
        }
    }
    let ids: BTreeSet<&str> = runs.iter().map(|run| run.id.as_str()).collect();
    if ids.len() != runs.len() {
        return Err(wrong(
            "two runs would have the same name: give arms or levels names that differ in letters or digits".into(),
        ));
    }
    let mut hasher = blake3::Hasher::new();
    runs.iter().for_each(|run| {
        hasher.update(run.key.as_bytes());
    });
    Ok(RunPlan { factors: facts(&factors), fingerprint: hasher.finalize().to_hex().to_string(), runs })
}

/// Every combination of levels for an arm; a factor that is for other arms stays at its first
/// level.
fn combinations<'a>(factors: &'a [(&'a FactorSpec, Vec<Level>)], arm: &str) -> Vec<Vec<(&'a str, &'a Level)>> {
    let mut all = vec![Vec::new()];
    for (factor, levels) in factors {
        let is_for_arm = factor.arms.is_empty() || factor.arms.iter().any(|name| name == arm);
        let levels = if is_for_arm { &levels[..] } else { &levels[..1] };
        let longer = |known: &Vec<(&'a str, &'a Level)>| {
            let known = known.clone();
            levels.iter().map(move |level| {
                let mut all = known.clone();
                all.push((factor.name(), level));
                all
            })
        };
        all = all.iter().flat_map(longer).collect();
    }
    all.retain(|levels| is_wanted(factors, levels));
    all
}

/// Whether a combination is tried: a factor that stands alone leaves its first level only where all
/// others are at theirs.
fn is_wanted(factors: &[(&FactorSpec, Vec<Level>)], chosen: &[(&str, &Level)]) -> bool {
    let is_moved = |at: usize| factors[at].1.first().is_some_and(|first| first.name != chosen[at].1.name);
    let moved = (0..factors.len()).filter(|at| is_moved(*at)).count();
    moved < 2 || (0..factors.len()).all(|at| !(factors[at].0.alone && is_moved(at)))
}

fn id(arm: &Arm, levels: &[(&str, &Level)], seed: u64) -> String {
    let mut parts = vec![slug(&arm.facts.name)];
    parts.extend(levels.iter().map(|(factor, level)| slug(&format!("{factor} {}", level.name))));
    parts.push(format!("seed-{seed}"));
    parts.join("--")
}

fn configure(
    study: &Study,
    preset: Preset,
    overlay: &Overlay,
    arm: &Arm,
    levels: &[(&str, &Level)],
    seed: u64,
) -> Result<RunConfig, leitmotif_train::TrainError> {
    let mut keys = crate::study::overrides(&study.set);
    let mut put = |key: &str, value: Value| keys.push(Override { key: key.to_owned(), value });
    let budget = overlay.budget.unwrap_or(study.budget);
    if budget != crate::Budget::default() {
        put("train.steps", Value::Integer(i64::try_from(budget.steps).unwrap_or(i64::MAX)));
        put("train.epochs", Value::Float(budget.epochs));
        put("train.minutes", Value::Float(budget.minutes));
    }
    keys.extend(overlay.set.iter().cloned());
    keys.extend(arm.set.iter().cloned());
    keys.extend(levels.iter().flat_map(|(_, level)| level.set.iter().cloned()));
    keys.push(Override { key: "train.seed".into(), value: Value::Integer(i64::try_from(seed).unwrap_or(i64::MAX)) });
    RunConfig::layered(preset.config(), None, &keys)
}

fn key(study: &Study, datasets: &Datasets, arm: &Arm, config: &RunConfig) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut put = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    };
    put(&RESULTS_FORMAT.to_string());
    put(&config.to_toml());
    put(&arm.facts.fingerprint);
    for test in &datasets.tests {
        put(&test.facts.name);
        put(test.facts.fingerprints.get(&arm.facts.representation).map_or("", String::as_str));
        if test.facts.transpositions > 0 {
            put(&format!("transpositions {}", test.facts.transpositions));
        }
    }
    let music = &study.music;
    put(&format!("{} {} {} {}", music.pieces, music.bars, music.seed, study.train_events));
    hasher.finalize().to_hex().to_string()
}

fn facts(factors: &[(&FactorSpec, Vec<Level>)]) -> Vec<FactorFacts> {
    let level = |level: &Level| LevelFacts { name: level.name.clone(), set: level.keys() };
    factors
        .iter()
        .map(|(factor, levels)| FactorFacts {
            name: factor.name().to_owned(),
            levels: levels.iter().map(level).collect(),
        })
        .collect()
}

/// A part of a study: share `index` of `count`, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1.
    pub index: usize,
    /// Of how many.
    pub count: usize,
}

impl Shard {
    /// Whether run number `number` (from 0) belongs to it: every `count`-th does, so that parts are
    /// alike in what they hold.
    pub fn has(self, number: usize) -> bool {
        number % self.count == self.index - 1
    }
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(i, n)| Some((i.trim().parse().ok()?, n.trim().parse().ok()?)));
        match parts {
            Some((index, count)) if (1..=count).contains(&index) => Ok(Self { index, count }),
            _ => Err(format!("`{text}` is no part: write i/n, from 1/n to n/n, such as 2/8")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn shards_share_all_runs_among_them() {
        for count in 1..7 {
            for number in 0..20 {
                let holders = (1..=count).filter(|index| Shard { index: *index, count }.has(number)).count();
                assert_eq!(holders, 1);
            }
        }
        assert_eq!("2/8".parse::<Shard>().unwrap(), Shard { index: 2, count: 8 });
        for wrong in ["0/8", "9/8", "2", "a/b", "1/0", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn factors_multiply_and_may_be_for_some_arms() {
        let level = |name: &str| Level { name: name.into(), set: Vec::new() };
        let dropout = FactorSpec { name: "dropout".into(), ..FactorSpec::default() };
        let segment = FactorSpec { name: "segment".into(), arms: vec!["one".into()], ..FactorSpec::default() };
        let factors =
            [(&dropout, vec![level("0"), level("0.1")]), (&segment, vec![level("64"), level("32"), level("128")])];
        assert_eq!(combinations(&factors, "one").len(), 6);
        let other = combinations(&factors, "two");
        let names: Vec<Vec<&str>> =
            other.iter().map(|it| it.iter().map(|(_, level)| level.name.as_str()).collect()).collect();
        assert_eq!(names, [["0", "64"], ["0.1", "64"]]);
        assert_eq!(combinations(&[], "one").len(), 1);

        let alone = FactorSpec { alone: true, ..segment.clone() };
        let factors = [(&dropout, factors[0].1.clone()), (&alone, factors[1].1.clone())];
        let names: Vec<String> = combinations(&factors, "one")
            .iter()
            .map(|it| it.iter().map(|(_, level)| level.name.as_str()).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(names, ["0 64", "0 32", "0 128", "0.1 64"]);
    }
}
