//! The study file: the question, the music and the settings.
//!
//! A study is a product: every arm with every combination of the factors' levels and every seed is
//! a run. Keys of the configuration are laid over each other in this order: preset, `[set]`,
//! `[budget]`, the arm's `set`, the levels' `set`, the seed.

mod keys;

use crate::CompareError;
pub use keys::Level;
pub(crate) use keys::overrides;
use keys::plain;
use leitmotif_corpus::prepare::{DEFAULT_GRID, PrepareOptions};
use leitmotif_events::RepresentationConfig;
use leitmotif_train::{MAX_TRANSPOSITIONS, Override};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;
use toml::{Table, Value};

/// Most runs of a study.
pub const MAX_RUNS: usize = 10_000;
/// Most bytes of a study file.
pub const MAX_STUDY_BYTES: u64 = 1 << 20;
/// Most pieces that a run composes.
pub const MAX_PIECES: u64 = 1000;

/// Steps a quarter note of the representations of frames.
const SIXTEENTHS: u16 = 4;

/// A study file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// What the study is called.
    pub title: String,
    /// Its question.
    #[serde(default)]
    pub question: String,
    /// What a reader must know of how it was done.
    #[serde(default)]
    pub remarks: Vec<String>,
    /// Which music: the settings of `prepare`. The inputs may be left to the command line.
    #[serde(default)]
    pub collection: PrepareOptions,
    /// `events` or another representation, of all arms that name none.
    #[serde(default = "events")]
    pub representation: String,
    /// Sizes and settings to start from.
    #[serde(default = "tiny")]
    pub preset: String,
    /// Each run is made once with each.
    #[serde(default = "one_seed")]
    pub seeds: Vec<u64>,
    /// Configuration keys of all runs.
    #[serde(default)]
    pub set: Table,
    /// When each run ends.
    #[serde(default)]
    pub budget: Budget,
    /// What is composed and measured.
    #[serde(default)]
    pub music: MusicOptions,
    /// The collection's split is a published benchmark's: songs that are alike on both sides are
    /// reported, and stay.
    #[serde(default)]
    pub published_split: bool,
    /// Most events of training songs that a finished model is evaluated on; 0 for all.
    #[serde(default = "judged_events")]
    pub train_events: u64,
    /// What models learn from.
    #[serde(rename = "arm")]
    pub arms: Vec<ArmSpec>,
    /// What they are all tested on.
    #[serde(rename = "test")]
    pub tests: Vec<ArmSpec>,
    /// What else differs.
    #[serde(default, rename = "factor")]
    pub factors: Vec<FactorSpec>,
    /// Numbers that others published.
    #[serde(default, rename = "reference")]
    pub references: Vec<crate::Reference>,
}

/// When each run ends: whichever comes first; 0 for no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Optimiser steps.
    pub steps: u64,
    /// Passes over the training songs.
    pub epochs: f64,
    /// Minutes of training.
    pub minutes: f64,
}

/// What is composed by each run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MusicOptions {
    /// Pieces a run; 0 for none.
    pub pieces: u64,
    /// Bars a piece.
    pub bars: usize,
    /// The seed of the draws.
    pub seed: u64,
    /// Whose embedding the Fréchet distance is measured in: an arm's, at the first levels and seed;
    /// the first arm's where this is empty.
    pub embedder: String,
}

impl Default for MusicOptions {
    fn default() -> Self {
        Self { pieces: 8, bars: 32, seed: 0, embedder: String::new() }
    }
}

/// One arm of each of what?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Each {
    /// The collection's genres.
    Genre,
    /// Instruments: those that `among` names, else the families and the drums.
    Instrument,
}

/// Which songs and parts, of an arm or of a test set, and an arm's own settings. Names of genres
/// and artists are compared without regard to capitalisation.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ArmSpec {
    /// What it is called; with `each`, what comes before the genre's or instrument's name.
    pub name: String,
    /// Makes one for each genre or instrument that has songs enough.
    pub each: Option<Each>,
    /// Instruments for `each = "instrument"`.
    pub among: Vec<String>,
    /// With `each`: fewer songs of the split than this make none.
    pub least_songs: Option<usize>,
    /// Any of these genres; all if empty.
    pub genres: Vec<String>,
    /// Only the so many genres that have most songs.
    pub largest_genres: Option<usize>,
    /// Any of these artists; all if empty.
    pub artists: Vec<String>,
    /// The song contains all of these.
    pub with_instruments: Vec<String>,
    /// Only the parts of any of these.
    pub only_instruments: Vec<String>,
    /// At most so many songs (of an arm: to train on), drawn at random before parts are chosen (a
    /// smaller draw of the same seed is part of a larger one).
    pub songs: Option<usize>,
    /// The seed of the draw.
    pub seed: u64,
    /// Another representation than the study's.
    pub representation: Option<String>,
    /// Configuration keys.
    pub set: Table,
    /// The test set of its own kind; that of the same name if left out.
    pub home: Option<String>,
    /// Of a test set: scored by the mean of what a model predicts in all keys up to so many
    /// semitones away; 0 for its own key.
    pub transpositions: u8,
}

/// What else differs between runs.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FactorSpec {
    /// What it is called.
    pub name: String,
    /// A configuration key, such as `model.dropout`, whose value is the level.
    pub key: String,
    /// The values of the key, the first one what the others are compared with.
    pub values: Vec<Value>,
    /// Instead of `key` and `values`: levels that set several keys.
    pub levels: Vec<LevelSpec>,
    /// Only these arms are tried at the other levels; all if empty.
    pub arms: Vec<String>,
    /// Whether its other levels are tried at the first levels of all other factors only, instead of
    /// in every combination.
    pub alone: bool,
}

/// A level with a name.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LevelSpec {
    /// What it is called.
    pub name: String,
    /// The configuration keys.
    pub set: Table,
}

fn events() -> String {
    "events".into()
}

fn tiny() -> String {
    "tiny".into()
}

fn one_seed() -> Vec<u64> {
    vec![0]
}

fn judged_events() -> u64 {
    100_000
}

impl Study {
    /// Reads a study file; its relative paths are relative to the folder it is in.
    ///
    /// # Errors
    /// [`CompareError::Study`] names the place and what may stand there; [`CompareError::Io`] if
    /// the file cannot be read.
    pub fn read(path: &Path) -> Result<(Self, String), CompareError> {
        let wrong = |reason: String| CompareError::Study { path: path.to_owned(), reason };
        let text = leitmotif_files::read_text(path, MAX_STUDY_BYTES).map_err(CompareError::io(path))?;
        let mut study: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        study.check().map_err(wrong)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for input in study.collection.inputs.iter_mut().chain(&mut study.collection.metadata) {
            *input = folder.join(&*input);
        }
        Ok((study, text))
    }

    fn check(&self) -> Result<(), String> {
        if self.arms.is_empty() || self.tests.is_empty() {
            return Err("a study needs an [[arm]] to train and a [[test]] to judge by".into());
        }
        if self.seeds.is_empty() {
            return Err("seeds: name at least one, such as seeds = [0]".into());
        }
        let distinct: BTreeSet<u64> = self.seeds.iter().copied().collect();
        if distinct.len() != self.seeds.len() {
            return Err("seeds: each may be named once".into());
        }
        if self.music.pieces > MAX_PIECES {
            return Err(format!("music.pieces = {}: at most {MAX_PIECES}", self.music.pieces));
        }
        if !(1..=leitmotif_compose::MAX_BARS).contains(&self.music.bars) {
            return Err(format!("music.bars = {}: between 1 and {}", self.music.bars, leitmotif_compose::MAX_BARS));
        }
        let budget = &self.budget;
        if !(budget.epochs.is_finite() && budget.epochs >= 0.0 && budget.minutes.is_finite() && budget.minutes >= 0.0) {
            return Err("budget: epochs and minutes are 0 or more".into());
        }
        representation(&self.representation)?;
        for arm in &self.arms {
            arm.representation.as_deref().map(representation).transpose()?;
            let nameless = arm.each.is_none() && arm.name.trim().is_empty();
            if nameless || arm.songs == Some(0) {
                return Err("every [[arm]] has a name (or `each`), and songs, where it is given, is at least 1".into());
            }
        }
        if self.tests.iter().any(|test| test.each.is_none() && test.name.trim().is_empty() || test.songs == Some(0)) {
            return Err("every [[test]] has a name (or `each`), and songs, where it is given, is at least 1".into());
        }
        if self.tests.iter().any(|it| it.representation.is_some() || it.home.is_some() || !it.set.is_empty()) {
            return Err("a [[test]] has no representation, set or home: these are an arm's".into());
        }
        if self.tests.iter().any(|test| test.transpositions > MAX_TRANSPOSITIONS) {
            return Err(format!("transpositions of a [[test]] are at most {MAX_TRANSPOSITIONS} semitones"));
        }
        if self.arms.iter().any(|arm| arm.transpositions > 0) {
            return Err("an [[arm]] has no transpositions: these are a test set's; train with augment.transpose".into());
        }
        let mut names = BTreeSet::new();
        for factor in &self.factors {
            factor.check()?;
            if !names.insert(factor.name()) {
                return Err(format!("there are two factors called {}", factor.name()));
            }
        }
        Ok(())
    }
}

impl FactorSpec {
    /// What it is called: the last part of its key where it has no name.
    pub fn name(&self) -> &str {
        match self.name.is_empty() {
            true => self.key.rsplit('.').next().unwrap_or_default(),
            false => &self.name,
        }
    }

    fn check(&self) -> Result<(), String> {
        let name = self.name();
        if name.is_empty() {
            return Err("every [[factor]] has a name or a key".into());
        }
        match (self.key.is_empty(), self.values.len(), self.levels.len()) {
            (false, 1.., 0) | (true, 0, 1..) => {}
            _ => return Err(format!("factor {name}: give either key and values, or levels with a name and set")),
        }
        let levels = self.levels();
        let names: BTreeSet<&str> = levels.iter().map(|level| level.name.as_str()).collect();
        if names.contains("") || names.len() != levels.len() {
            return Err(format!("factor {name}: every level has a name, and no other level has it"));
        }
        Ok(())
    }

    /// Its levels, by name.
    pub fn levels(&self) -> Vec<Level> {
        let of_value = |value: &Value| Level {
            name: plain(value),
            set: vec![Override { key: self.key.clone(), value: value.clone() }],
        };
        let of_level = |level: &LevelSpec| Level { name: level.name.clone(), set: overrides(&level.set) };
        match self.levels.is_empty() {
            true => self.values.iter().map(of_value).collect(),
            false => self.levels.iter().map(of_level).collect(),
        }
    }
}

/// The settings of a representation by its name.
pub(crate) fn representation(name: &str) -> Result<RepresentationConfig, String> {
    match name {
        "events" => Ok(RepresentationConfig::Events { grid: DEFAULT_GRID, genres: Vec::new() }),
        "cells" => Ok(RepresentationConfig::Cells { grid: DEFAULT_GRID, genres: Vec::new(), references: true }),
        "notes" => Ok(RepresentationConfig::Notes),
        "chorales" => Ok(RepresentationConfig::Chorales { grid: SIXTEENTHS }),
        "frames" => Ok(RepresentationConfig::Frames { grid: SIXTEENTHS }),
        "rolls" => Ok(RepresentationConfig::Rolls { grid: SIXTEENTHS }),
        other => {
            Err(format!("representation = \"{other}\": it may be events, cells, notes, chorales, frames or rolls"))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LEAST: &str = "title = 't'\n[[arm]]\nname = 'all'\n[[test]]\nname = 'all'\n";

    fn parsed(more: &str) -> Result<Study, String> {
        let study: Study = toml::from_str(&format!("{more}\n{LEAST}")).map_err(|error| error.to_string())?;
        study.check().map(|()| study)
    }

    #[test]
    fn the_least_study_has_defaults() {
        let study = parsed("").unwrap();
        assert_eq!(
            (study.preset.as_str(), study.representation.as_str(), &study.seeds[..]),
            ("tiny", "events", &[0][..])
        );
        assert_eq!(study.music, MusicOptions { pieces: 8, bars: 32, seed: 0, embedder: String::new() });
    }

    #[test]
    fn levels_are_of_one_key_or_of_several() {
        let factors = "factor = [{ key = 'model.dropout', values = [0.0, 0.1] },\n\
            { name = 'memory', levels = [{ name = 'none', set = { model.memory = 0, model.compressed = 0 } }, { name = 'as set' }] }]";
        let study = parsed(factors).unwrap();
        let names =
            |index: usize| study.factors[index].levels().into_iter().map(|level| level.name).collect::<Vec<_>>();
        assert_eq!((study.factors[0].name(), names(0)), ("dropout", vec!["0.0".to_owned(), "0.1".to_owned()]));
        assert_eq!(names(1), ["none", "as set"]);
        let keys = study.factors[1].levels()[0].keys();
        assert_eq!(
            keys.into_iter().collect::<Vec<_>>(),
            [("model.compressed".to_owned(), "0".to_owned()), ("model.memory".to_owned(), "0".to_owned())]
        );
    }

    #[test]
    fn nonsense_is_refused_with_its_place() {
        for (text, part) in [
            ("seeds = []", "seeds"),
            ("seeds = [1, 1]", "once"),
            ("representation = 'remi'", "events, cells"),
            ("music = { pieces = 2000 }", "music.pieces"),
            ("music = { bars = 0 }", "music.bars"),
            ("budget = { minutes = -1.0 }", "budget"),
            ("budgett = 1", "budgett"),
            ("factor = [{ key = 'model.dropout' }]", "factor dropout"),
            ("factor = [{ name = 'x', levels = [{ name = 'a' }, { name = 'a' }] }]", "no other level"),
            ("factor = [{ key = 'a.b', values = [1] }, { key = 'c.b', values = [1] }]", "two factors"),
        ] {
            let error = parsed(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        for wrong in ["[[arm]]\nname = 'b'\ntranspositions = 1", "[[test]]\nname = 'b'\ntranspositions = 7"] {
            let study: Study = toml::from_str(&format!("{LEAST}{wrong}")).unwrap();
            assert!(study.check().unwrap_err().contains("transpositions"));
        }
        assert!(toml::from_str::<Study>("title = 't'").unwrap_err().to_string().contains("arm"));
    }
}
