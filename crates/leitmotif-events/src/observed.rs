//! What training songs have: the values their events use, how each instrument is played, and who
//! plays together.
//!
//! A model gives every value some probability, those that occur in no training song included.
//! Whoever composes can keep to what songs have: no drum key, metre or chord that none of them has,
//! and an ensemble that occurs in one of them.

use crate::{Header, Tasks, Value};
use leitmotif_score::Instrument;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The file in a model folder.
pub const OBSERVED_FILE: &str = "observed.json";
/// The version of the file's format.
pub const OBSERVED_FORMAT: u32 = 1;
/// The most ensembles that are kept; of more songs, as many at even distances.
pub const MAX_ENSEMBLES: usize = 4096;
/// The most bars of a song: more than any that can be encoded.
const MAX_BARS: usize = 1 << 24;
/// The largest file that is read.
const MAX_BYTES: u64 = 64 << 20;
/// Tempos that a file may name, in quarters a minute.
const TEMPOS: std::ops::RangeInclusive<f64> = 4.0..=1000.0;

/// What the training songs of a model have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// [`OBSERVED_FORMAT`].
    pub format: u32,
    /// The values of each field, in the vocabulary's order of fields, that occur; ascending.
    pub values: Vec<Vec<Value>>,
    /// How each instrument is played; all drum kits are one.
    pub parts: Vec<ObservedPart>,
    /// Who plays together in each song.
    pub ensembles: Vec<Ensemble>,
    /// How often the model was trained on songs with holes and with chords.
    #[serde(default, skip_serializing_if = "Tasks::is_none")]
    pub tasks: Tasks,
}

/// How the songs' parts of one instrument are played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedPart {
    /// The instrument.
    pub instrument: Instrument,
    /// Its MIDI pitches (or drum keys) in all songs, ascending.
    pub pitches: Vec<u8>,
    /// The widest range of one song's part, in semitones.
    pub widest: u8,
    /// The most notes that begin together in 19 of 20 songs' parts: of a few files, several players
    /// of one program make one part.
    pub chord: usize,
}

/// The ensemble of one song, with what holds for most of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ensemble {
    /// The genre, where the collection names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub genre: Option<String>,
    /// Quarters a minute of most notes.
    pub tempo: f64,
    /// Numerator and denominator of most bars.
    pub meter: (u8, u8),
    /// Bars of the song, at least 1.
    pub bars: usize,
    /// Bars whose notes begin as those of the bar before: the same instruments, positions and
    /// pitches.
    pub repeats: usize,
    /// The most of them in a row.
    pub repeats_in_a_row: usize,
    /// Bars between the first and the last in half of which or more nothing sounds; `None` where
    /// they were not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_empty: Option<usize>,
    /// Who plays, at least one, by value in the vocabulary.
    pub parts: Vec<EnsemblePart>,
}

/// A part of an ensemble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnsemblePart {
    /// The instrument.
    pub instrument: Instrument,
    /// The bar of its first note, from 0.
    pub enters: usize,
    /// Bars in which it has a note.
    pub plays: usize,
    /// The longest rest between two of its notes, in bars without a note.
    pub rests: usize,
}

/// Why an [`OBSERVED_FILE`] cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}; copy the model folder again, or delete the file to compose without it", path.display())]
pub struct ObservedError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub reason: String,
}

fn ascends<T: PartialOrd>(values: &[T]) -> bool {
    values.windows(2).all(|pair| pair[0] < pair[1])
}

impl Ensemble {
    /// Whether a song can have it.
    fn is_possible(&self) -> bool {
        let within = |bars: usize| bars <= self.bars;
        let part = |part: &EnsemblePart| part.enters < self.bars && within(part.plays) && within(part.rests);
        self.meter.0 > 0
            && self.meter.1.is_power_of_two()
            && TEMPOS.contains(&self.tempo)
            && (1..=MAX_BARS).contains(&self.bars)
            && within(self.repeats)
            && within(self.repeats_in_a_row)
            && self.half_empty.is_none_or(within)
            && !self.parts.is_empty()
            && self.parts.iter().all(part)
    }

    /// What a model is given of it: genre and instruments.
    pub fn header(&self) -> Header {
        Header { genre: self.genre.clone(), instruments: self.parts.iter().map(|part| part.instrument).collect() }
    }
}

impl Observed {
    /// How an instrument is played; `None` if no song has it.
    pub fn part(&self, instrument: Instrument) -> Option<&ObservedPart> {
        let same = |other: Instrument| other == instrument || other.is_drums() && instrument.is_drums();
        self.parts.iter().find(|part| same(part.instrument))
    }

    /// Reads the [`OBSERVED_FILE`] of a model folder; `None` where there is none, as in folders of
    /// earlier versions.
    ///
    /// # Errors
    /// [`ObservedError`] if there is one that cannot be read or holds what no song can have.
    pub fn load(folder: &Path) -> Result<Option<Self>, ObservedError> {
        let path = folder.join(OBSERVED_FILE);
        let wrong = |reason: String| ObservedError { path: path.clone(), reason };
        let bytes = match leitmotif_files::read(&path, MAX_BYTES) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| wrong(error.to_string()))?,
        };
        let observed: Self = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        observed.check().map_err(wrong)?;
        Ok(Some(observed))
    }

    fn check(&self) -> Result<(), String> {
        if self.format != OBSERVED_FORMAT {
            return Err(format!("format {}, where this version reads {OBSERVED_FORMAT}", self.format));
        }
        if self.ensembles.len() > MAX_ENSEMBLES {
            return Err(format!("{} ensembles, at most {MAX_ENSEMBLES}", self.ensembles.len()));
        }
        if ![self.tasks.holes, self.tasks.chords].iter().all(|share| (0.0..=1.0).contains(share)) {
            return Err("a share of songs with holes or chords is not between 0 and 1".to_owned());
        }
        if self.values.iter().any(|values| !ascends(values)) {
            return Err("the values of a field do not ascend".to_owned());
        }
        if self.parts.iter().any(|part| part.pitches.is_empty() || part.chord == 0 || !ascends(&part.pitches)) {
            return Err("an instrument has no pitches, no notes, or pitches that do not ascend".to_owned());
        }
        if let Some(index) = self.ensembles.iter().position(|ensemble| !ensemble.is_possible()) {
            return Err(format!("ensemble {index} has a metre, tempo, number of bars or part that no song can have"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn observed() -> Observed {
        let part = EnsemblePart { instrument: Instrument::Program(33), enters: 2, plays: 3, rests: 1 };
        Observed {
            format: OBSERVED_FORMAT,
            values: vec![vec![0, 1], vec![3]],
            parts: vec![ObservedPart { instrument: Instrument::Drums(0), pitches: vec![36, 38], widest: 2, chord: 2 }],
            ensembles: vec![Ensemble {
                genre: Some("metal".to_owned()),
                tempo: 120.0,
                meter: (4, 4),
                bars: 8,
                repeats: 0,
                repeats_in_a_row: 0,
                half_empty: Some(1),
                parts: vec![part],
            }],
            tasks: Tasks { holes: 0.5, chords: 0.25 },
        }
    }

    #[test]
    fn a_folder_without_the_file_has_nothing_and_a_broken_one_is_named() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Observed::load(dir.path()).unwrap(), None);
        let path = dir.path().join(OBSERVED_FILE);
        std::fs::write(&path, serde_json::to_vec(&observed()).unwrap()).unwrap();
        assert_eq!(Observed::load(dir.path()).unwrap(), Some(observed()));
        let damages: [fn(&mut Observed); 8] = [
            |it| it.tasks.chords = 1.5,
            |it| it.ensembles[0].tempo = f64::MAX,
            |it| it.ensembles[0].bars = usize::MAX,
            |it| it.ensembles[0].repeats_in_a_row = usize::MAX,
            |it| it.ensembles[0].half_empty = Some(9),
            |it| it.ensembles[0].parts[0].enters = usize::MAX,
            |it| it.values[0] = vec![3, 3],
            |it| it.parts[0].pitches.clear(),
        ];
        let damaged = damages.map(|damage| {
            let mut wrong = observed();
            damage(&mut wrong);
            serde_json::to_vec(&wrong).unwrap()
        });
        for bytes in damaged.into_iter().chain([b"{}".to_vec(), b"".to_vec(), b"\xff".to_vec()]) {
            std::fs::write(&path, bytes).unwrap();
            let message = Observed::load(dir.path()).unwrap_err().to_string();
            assert!(message.contains(OBSERVED_FILE) && message.contains("delete the file"), "{message}");
        }
    }

    #[test]
    fn all_drum_kits_are_one() {
        assert!(observed().part(Instrument::Drums(8)).is_some());
        assert!(observed().part(Instrument::Program(0)).is_none());
    }
}
