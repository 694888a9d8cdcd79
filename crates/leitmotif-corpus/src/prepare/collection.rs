//! Collections of songs in one JSON file, as the field's benchmarks are distributed:
//! Boulanger-Lewandowski's four sets of piano rolls and Bach's chorales in sixteenths.
//!
//! ```text
//! {"train": [song, ...], "valid": [song, ...], "test": [song, ...]}
//! song = [frame, ...]      frame = [pitch, ...]
//! ```
//!
//! A frame holds the MIDI pitches that sound at a step; -1 is a voice that rests. If all frames of
//! a file are equally long and some of them do not ascend, place `n` of a frame is voice `n`; else
//! a frame is a set of pitches. A pitch that is repeated in the next frame is held. The file
//! determines the split; a song is called `FILE/train/0001`.

use crate::Split;
use leitmotif_events::{NoteGatherer, RepresentationConfig, frame_clock};
use leitmotif_score::{Instrument, Note, Part, Score};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// The extension of collections, in any capitalisation.
pub const COLLECTION_EXTENSION: &str = "json";
/// The largest collection that is read, in bytes.
pub const MAX_COLLECTION_BYTES: u64 = 64 << 20;
/// The most pitches of a frame.
pub const MAX_FRAME_PITCHES: usize = 128;
/// Steps per quarter of a frame where the representation has no grid of frames: sixteenths.
const SIXTEENTHS: u16 = super::DEFAULT_FRAME_GRID;
/// The names of four voices.
const FOUR_VOICES: [&str; 4] = ["soprano", "alto", "tenor", "bass"];
/// What voices are played by: a choir.
const CHOIR: Instrument = Instrument::Program(52);
/// What sets of pitches are played by: a piano.
const PIANO: Instrument = Instrument::Program(0);
/// A voice that rests.
const REST: i8 = -1;

/// The frames of one song.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Roll {
    /// All frames' pitches, one after another.
    pitches: Vec<i8>,
    /// Where each frame ends.
    ends: Vec<usize>,
}

/// One song of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CollectionSong {
    pub(super) split: Split,
    /// Its place in the split, from 1.
    pub(super) number: usize,
    pub(super) roll: Arc<Roll>,
    /// Whether the place in a frame is a voice.
    pub(super) is_voices: bool,
}

/// A file that is no collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rejected {
    /// It is a JSON file of another kind.
    OtherShape,
    /// It begins like a collection, but cannot be read.
    Broken(String),
}

impl Roll {
    fn frames(&self) -> impl Iterator<Item = &[i8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.pitches[start..*end])
    }

    /// What two songs with the same frames have in common.
    pub(super) fn hash(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        for frame in self.frames() {
            hasher.update(&(frame.len() as u64).to_le_bytes());
            frame.iter().for_each(|pitch| {
                hasher.update(&pitch.to_le_bytes());
            });
        }
        hasher.finalize()
    }
}

impl CollectionSong {
    /// Its name within the collection.
    pub(super) fn name(&self) -> String {
        format!("{}/{:04}", self.split, self.number)
    }

    /// Its score, a frame a step of the representation's grid. Never fails: pitches have been
    /// checked.
    pub(super) fn score(&self, representation: &RepresentationConfig) -> Score {
        let grid = match representation {
            RepresentationConfig::Chorales { grid }
            | RepresentationConfig::Frames { grid }
            | RepresentationConfig::Rolls { grid } => *grid,
            _ => SIXTEENTHS,
        };
        let (resolution, ticks) = frame_clock(grid);
        let parts = if self.is_voices { self.voices(ticks) } else { vec![self.piano(ticks)] };
        Score {
            resolution,
            parts: parts.into_iter().filter(|part| !part.notes.is_empty()).collect(),
            ..Score::default()
        }
    }

    fn voices(&self, ticks: u64) -> Vec<Part> {
        let count = self.roll.frames().next().map_or(0, <[i8]>::len);
        let part = |voice: usize| {
            let mut gatherer = NoteGatherer::default();
            for frame in self.roll.frames() {
                let pitch = frame.get(voice).and_then(|pitch| u8::try_from(*pitch).ok());
                gatherer.frame(pitch.as_slice());
            }
            let name = match FOUR_VOICES.get(voice).filter(|_| count == FOUR_VOICES.len()) {
                Some(name) => (*name).to_owned(),
                None => format!("voice {}", voice + 1),
            };
            Part { name, instrument: CHOIR, notes: gatherer.notes(ticks) }
        };
        (0..count).map(part).collect()
    }

    fn piano(&self, ticks: u64) -> Part {
        let mut gatherer = NoteGatherer::default();
        for frame in self.roll.frames() {
            let mut pitches: Vec<u8> = frame.iter().filter_map(|pitch| u8::try_from(*pitch).ok()).collect();
            pitches.sort_unstable();
            pitches.dedup();
            gatherer.frame(&pitches);
        }
        let notes: Vec<Note> = gatherer.notes(ticks);
        Part { name: "Piano".to_owned(), instrument: PIANO, notes }
    }
}

/// The songs of a collection in the file's order.
pub(super) fn read(path: &Path) -> Result<Vec<CollectionSong>, Rejected> {
    let broken = |error: &dyn fmt::Display| Rejected::Broken(error.to_string());
    let file = leitmotif_files::open(path).map_err(|error| broken(&error))?;
    let mut bytes = Vec::new();
    file.take(MAX_COLLECTION_BYTES + 1).read_to_end(&mut bytes).map_err(|error| broken(&error))?;
    let too_long = bytes.len() as u64 > MAX_COLLECTION_BYTES;
    let parsed = parse(&bytes[..bytes.len().min(MAX_COLLECTION_BYTES as usize)]);
    match parsed {
        Err(Rejected::Broken(_)) if too_long => {
            Err(Rejected::Broken(format!("it is longer than {MAX_COLLECTION_BYTES} bytes; split it")))
        }
        other => other,
    }
}

fn parse(bytes: &[u8]) -> Result<Vec<CollectionSong>, Rejected> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let begun = Cell::new(false);
    let splits = reader.deserialize_map(Splits { begun: &begun }).and_then(|splits| reader.end().map(|()| splits));
    let splits = splits.map_err(|error| match begun.get() {
        true => Rejected::Broken(error.to_string()),
        false => Rejected::OtherShape,
    })?;
    let is_voices = is_voices(splits.iter().flat_map(|(_, rolls)| rolls));
    let songs = splits.into_iter().flat_map(|(split, rolls)| {
        let song = move |(index, roll)| CollectionSong { split, number: index + 1, roll: Arc::new(roll), is_voices };
        rolls.into_iter().enumerate().map(song)
    });
    Ok(songs.collect())
}

/// Whether a place in these songs' frames is a voice.
fn is_voices<'a>(rolls: impl Iterator<Item = &'a Roll>) -> bool {
    let (mut length, mut ascending) = (None, true);
    for frame in rolls.flat_map(Roll::frames) {
        if *length.get_or_insert(frame.len()) != frame.len() {
            return false;
        }
        ascending &= frame.iter().all(|pitch| *pitch != REST) && frame.windows(2).all(|pair| pair[0] < pair[1]);
    }
    !ascending
}

/// The whole file.
struct Splits<'a> {
    /// Whether the file begins with the name of a split.
    begun: &'a Cell<bool>,
}

impl<'de> Visitor<'de> for Splits<'_> {
    type Value = Vec<(Split, Vec<Roll>)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("lists of songs by split")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut splits: Vec<(Split, Vec<Roll>)> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let split: Split = key.parse().map_err(A::Error::custom)?;
            self.begun.set(true);
            if splits.iter().any(|(other, _)| *other == split) {
                return Err(A::Error::custom(format!("the {split} split stands there twice")));
            }
            splits.push((split, map.next_value_seed(Songs)?));
        }
        if splits.is_empty() { Err(A::Error::custom("no split")) } else { Ok(splits) }
    }
}

/// The songs of a split.
struct Songs;

impl<'de> DeserializeSeed<'de> for Songs {
    type Value = Vec<Roll>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Songs {
    type Value = Vec<Roll>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of songs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut songs = Vec::new();
        while let Some(song) = seq.next_element_seed(Song)? {
            songs.push(song);
        }
        Ok(songs)
    }
}

/// One song.
struct Song;

impl<'de> DeserializeSeed<'de> for Song {
    type Value = Roll;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Song {
    type Value = Roll;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of frames")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut roll = Roll::default();
        while seq.next_element_seed(Frame(&mut roll))?.is_some() {}
        Ok(roll)
    }
}

/// One frame, appended to the song.
struct Frame<'a>(&'a mut Roll);

impl<'de> DeserializeSeed<'de> for Frame<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Frame<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a frame: a list of pitches")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let start = self.0.pitches.len();
        while let Some(number) = seq.next_element::<f64>()? {
            if number.fract() != 0.0 || !(f64::from(REST)..=127.0).contains(&number) {
                let reason = format!("{number} is no pitch; pitches are 0 to 127, or -1 for a rest");
                return Err(A::Error::custom(reason));
            }
            if self.0.pitches.len() - start == MAX_FRAME_PITCHES {
                return Err(A::Error::custom(format!("a frame holds more than {MAX_FRAME_PITCHES} pitches")));
            }
            self.0.pitches.push(number as i8);
        }
        self.0.ends.push(self.0.pitches.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn songs(text: &str) -> Vec<CollectionSong> {
        parse(text.as_bytes()).unwrap()
    }

    fn broken(text: &str) -> String {
        match parse(text.as_bytes()) {
            Err(Rejected::Broken(reason)) => reason,
            other => panic!("{other:?}"),
        }
    }

    fn notes(score: &Score) -> Vec<(usize, u64, u8, u64)> {
        let quarter = score.resolution.ticks_per_quarter();
        let notes = |(index, part): (usize, &Part)| {
            let note =
                move |note: &Note| (index, note.onset.0 * 4 / quarter, note.pitch, note.duration.0 * 4 / quarter);
            part.notes.iter().map(note).collect::<Vec<_>>()
        };
        score.parts.iter().enumerate().flat_map(notes).collect()
    }

    const CHORALES: RepresentationConfig = RepresentationConfig::Chorales { grid: 4 };

    #[test]
    fn voices_and_sets_are_distinguished() {
        let voices =
            songs(r#"{"train": [[[74, 70, 65, 58], [74, -1, 65, 58.0]]], "valid": [], "test": [[[1,2,3,4]]]}"#);
        assert_eq!(voices.iter().map(CollectionSong::name).collect::<Vec<_>>(), ["train/0001", "test/0001"]);
        let score = voices[0].score(&CHORALES);
        assert_eq!(notes(&score), [(0, 0, 74, 2), (1, 0, 70, 1), (2, 0, 65, 2), (3, 0, 58, 2)]);
        assert_eq!(score.parts[3].name, "bass");
        let sets = songs(r#"{"test": [[[60, 64], [64], [], [60, 64]]]}"#);
        assert!(!sets[0].is_voices);
        assert_eq!(notes(&sets[0].score(&CHORALES)), [(0, 0, 60, 1), (0, 0, 64, 2), (0, 3, 60, 1), (0, 3, 64, 1)]);
        let eighths = sets[0].score(&RepresentationConfig::Frames { grid: 2 });
        assert_eq!(notes(&eighths)[0], (0, 0, 60, 2));
        let ascending = songs(r#"{"train": [[[60, 64], [62, 65]]]}"#);
        assert!(!ascending[0].is_voices);
    }

    #[test]
    fn other_files_are_left_alone() {
        for text in ["[1, 2]", "3", "\"train\"", "{}", r#"{"name": "x", "train": []}"#, "", "{\"tr"] {
            assert_eq!(parse(text.as_bytes()), Err(Rejected::OtherShape), "{text}");
        }
    }

    #[test]
    fn broken_collections_say_where() {
        assert!(broken(r#"{"train": [[[60, 128]]]}"#).contains("128 is no pitch"));
        assert!(broken(r#"{"train": [[[60.5]]]}"#).contains("60.5 is no pitch"));
        assert!(broken(r#"{"train": [[60]]}"#).contains("a list of pitches"));
        assert!(broken(r#"{"train": 5}"#).contains("list of songs"));
        assert!(broken(r#"{"train": [], "rest": []}"#).contains("no split"));
        assert!(broken(r#"{"train": [], "training": []}"#).contains("twice"));
        assert!(broken(r#"{"train": [[[60, 64]"#).contains("line 1"));
        assert!(broken(r#"{"train": []} x"#).contains("trailing"));
        let many = format!(r#"{{"train": [[[{}]]]}}"#, vec!["1"; MAX_FRAME_PITCHES + 1].join(","));
        assert!(broken(&many).contains("more than 128"));
    }
}
