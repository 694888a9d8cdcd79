//! A composer of practice music: whole songs in three styles, by rules of its own.
//!
//! The corpus lets everything that learns from a collection be tried without one. It is synthetic:
//! no recording, transcription or file of anybody's went into it. A song follows from its style and
//! seed alone, on every machine and for all time.
//!
//! The way of a song: a [`Style`] and a seed choose a band (`band`), which chooses tempo, key,
//! meter and a form (`form`); the lead sheet (`sheet`, from `progressions`) gives every bar its
//! chords; the players (`riff`, `drums`, `bass`, `comping`, `guitar`, `melody`, `solo`) write their
//! parts, section by section (`arrange`, `scene`, from the `material` that returns); `finish` adds
//! the ending, the human touch, and the tempo map.

mod arrange;
mod band;
mod bass;
mod breaks;
mod collection;
mod comping;
mod drums;
mod ensemble;
mod finish;
mod form;
mod guitar;
mod harmony;
mod material;
mod melody;
mod names;
mod progressions;
mod pulse;
mod riff;
mod rng;
mod scene;
mod sheet;
mod solo;
mod song;
mod style;
mod track;

pub use collection::{CollectionError, MAX_SONGS_PER_STYLE, Song, plan_collection, write_collection};
pub use form::{MAX_BARS, MAX_SECONDS, MIN_BARS, MIN_SECONDS};
pub use song::{artist, artists, compose, title};
pub use style::Style;
