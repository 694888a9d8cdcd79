//! The fields of an event and the blocks of values in them.
//!
//! | field | values after `NONE` | used by |
//! |---|---|---|
//! | kind | (no `NONE`) start, end, with, note, then blocks: tempos, bars by time signature, genres | all |
//! | position | grid steps since the bar began | note, tempo |
//! | instrument | 128 programs, then drums (all kits are one) | note, with |
//! | pitch | 128 pitches, then 128 drum sounds, kept apart so that drums are never transposed | note |
//! | duration | lengths of [`super::durations`] | note |
//! | velocity | bins of four | note |

use super::{durations::Durations, meters::Meters};
use crate::event::{EventKind, EventVocabulary, NoteFields, PitchValue, TempoBin};
use crate::{Field, MAX_GRID, RepresentationError, Value};
use leitmotif_score::{Instrument, nearest_names};
use std::collections::BTreeSet;

pub(crate) const KIND: usize = 0;
pub(crate) const POSITION: usize = 1;
pub(crate) const INSTRUMENT: usize = 2;
pub(crate) const PITCH: usize = 3;
pub(crate) const DURATION: usize = 4;
pub(crate) const VELOCITY: usize = 5;
/// Fields of an event.
pub(crate) const FIELDS: usize = 6;

pub(crate) const START: Value = 0;
pub(crate) const END: Value = 1;
pub(crate) const WITH: Value = 2;
pub(crate) const NOTE: Value = 3;
/// The first tempo among the kinds.
pub(crate) const TEMPOS: Value = 4;
/// The first bar among the kinds.
pub(crate) const BARS: Value = TEMPOS + TempoBin::COUNT;

/// The instrument value of every drum kit.
pub(crate) const DRUMS: Value = 129;
/// The first drum sound among the pitches.
pub(crate) const DRUM_SOUNDS: Value = 129;
/// Velocities of one bin.
pub(crate) const VELOCITY_BIN: u8 = 4;
/// Velocity bins: 0 to 127 in fours.
pub(crate) const VELOCITIES: Value = 32;

/// The most genres that a vocabulary can name.
const MAX_GENRES: usize = 4096;

/// What the values of the fields mean, for one grid and list of genres.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    pub grid: u64,
    pub meters: Meters,
    pub durations: Durations,
    pub genres: Vec<String>,
}

impl Fields {
    pub fn new(grid: u16, genres: &[String]) -> Result<Self, RepresentationError> {
        if grid == 0 || grid > MAX_GRID {
            let reason = format!("a grid of {grid} steps a quarter is not between 1 and {MAX_GRID}");
            return Err(RepresentationError::Settings(reason));
        }
        if genres.len() > MAX_GENRES {
            let reason = format!("{} genres are more than the {MAX_GENRES} a vocabulary can name", genres.len());
            return Err(RepresentationError::Settings(reason));
        }
        let mut sorted: Vec<&String> = genres.iter().collect();
        sorted.sort();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(RepresentationError::Settings(format!("the genre {:?} is named twice", pair[0])));
        }
        Ok(Self {
            grid: u64::from(grid),
            meters: Meters::new(grid),
            durations: Durations::new(grid),
            genres: genres.to_vec(),
        })
    }

    /// The number of a genre among those that a header can name.
    ///
    /// # Errors
    /// [`RepresentationError::Settings`] names a genre that is not among them, and lists those
    /// that are.
    pub fn genre(&self, wanted: Option<&String>) -> Result<Option<usize>, RepresentationError> {
        let Some(wanted) = wanted else { return Ok(None) };
        let number = self.genres.iter().position(|genre| genre == wanted);
        number.map(Some).ok_or_else(|| {
            let known = match self.genres.is_empty() {
                true => "it knows none".to_owned(),
                false => format!("it knows {}", self.genres.join(", ")),
            };
            let hint = match nearest_names(wanted, self.genres.iter().map(String::as_str), 1).first() {
                Some(near) => format!(" (did you mean {near:?}?)"),
                None => String::new(),
            };
            RepresentationError::Settings(format!("the vocabulary has no genre {wanted:?}{hint}: {known}"))
        })
    }

    /// The first genre among the kinds.
    pub fn first_genre(&self) -> Value {
        BARS + self.meters.list().len() as Value
    }

    /// The number of values of each field.
    pub fn sizes(&self) -> [usize; FIELDS] {
        let kinds = usize::from(self.first_genre()) + self.genres.len();
        let others = [
            self.positions() as usize,
            usize::from(DRUMS),
            usize::from(DRUM_SOUNDS) + 127,
            self.durations.steps().len(),
            usize::from(VELOCITIES),
        ];
        let [position, instrument, pitch, duration, velocity] = others.map(|values| values + 1);
        [kinds, position, instrument, pitch, duration, velocity]
    }

    /// What the values of the fields stand for.
    pub fn vocabulary(&self) -> EventVocabulary {
        let mut kinds = vec![EventKind::Start, EventKind::End, EventKind::With, EventKind::Note];
        kinds.extend(TempoBin::all().map(|bin| EventKind::Tempo((bin.quarters_per_minute() * 10.0).round() / 10.0)));
        kinds.extend(self.meters.list().iter().copied().map(EventKind::Bar));
        kinds.extend((0..self.genres.len()).map(EventKind::Genre));
        let instruments = (1..=DRUMS).map(|value| Some(instrument_of(value)));
        let pitches = [false, true]
            .into_iter()
            .flat_map(|is_drum| (0..128).map(move |pitch| Some(PitchValue { pitch, is_drum })));
        EventVocabulary {
            kinds,
            note_fields: Some(NoteFields {
                position: POSITION,
                instrument: INSTRUMENT,
                part: None,
                pitch: PITCH,
                duration: DURATION,
                velocity: VELOCITY,
            }),
            instruments: std::iter::once(None).chain(instruments).collect(),
            pitches: std::iter::once(None).chain(pitches).collect(),
            durations: std::iter::once(0).chain(self.durations.steps().iter().copied()).collect(),
            given: Vec::new(),
        }
    }

    /// The names of all values.
    pub fn named(&self) -> Vec<Field> {
        let kind = |kind: &EventKind| match kind {
            EventKind::Start => "start".to_owned(),
            EventKind::End => "end".to_owned(),
            EventKind::With => "with".to_owned(),
            EventKind::Note => "note".to_owned(),
            EventKind::Tempo(tempo) => format!("tempo {tempo:.1}"),
            EventKind::Bar(signature) => format!("bar {}/{}", signature.numerator, signature.denominator),
            EventKind::Genre(number) => format!("genre {}", self.genres[*number]),
            _ => String::new(),
        };
        let kinds = self.vocabulary().kinds.iter().map(kind).collect();
        let positions = (0..self.positions()).map(|step| step.to_string());
        let instruments = (1..=DRUMS).map(|value| instrument_name(instrument_of(value)));
        let pitches = (0..128).map(crate::pitch_name::name).chain((0..128).map(|sound| format!("drum {sound}")));
        let durations = self.durations.steps().iter().map(|steps| part_of_whole_note(*steps, self.grid));
        let velocities = (1..=VELOCITIES).map(|bin| format!("v{}", velocity_of(bin)));
        vec![
            Field { name: "kind".to_owned(), values: kinds },
            field("position", positions),
            field("instrument", instruments),
            field("pitch", pitches),
            field("duration", durations),
            field("velocity", velocities),
        ]
    }

    /// Steps of the longest bar.
    pub fn positions(&self) -> u64 {
        super::meters::LONGEST_BAR * self.grid
    }
}

/// The value of an instrument.
pub(crate) fn instrument_value(instrument: Instrument) -> Value {
    match instrument {
        Instrument::Program(program) => Value::from(program.min(127)) + 1,
        Instrument::Drums(_) => DRUMS,
    }
}

/// The instrument of a value from 1 to [`DRUMS`].
pub(crate) fn instrument_of(value: Value) -> Instrument {
    if value >= DRUMS { Instrument::Drums(0) } else { Instrument::Program(value.saturating_sub(1) as u8) }
}

/// Each of `instruments` once, ascending; all drum kits are one.
pub(crate) fn distinct(instruments: impl Iterator<Item = Instrument>) -> Vec<Instrument> {
    let distinct: BTreeSet<Value> = instruments.map(instrument_value).collect();
    distinct.into_iter().map(instrument_of).collect()
}

/// The value of a pitch that an instrument plays.
pub(crate) fn pitch_value(instrument: Instrument, pitch: u8) -> Value {
    let first = if instrument.is_drums() { DRUM_SOUNDS } else { 1 };
    first + Value::from(pitch)
}

/// The pitch that an instrument plays by a value; `None` if it is not one of its pitches.
pub(crate) fn pitch_of(instrument: Instrument, value: Value) -> Option<u8> {
    let pitch = value.checked_sub(pitch_value(instrument, 0))?;
    u8::try_from(pitch).ok().filter(|pitch| *pitch < 128)
}

/// The bin of a velocity from 1 to 127.
pub(crate) fn velocity_value(velocity: u8) -> Value {
    Value::from(velocity.clamp(1, 127) / VELOCITY_BIN) + 1
}

/// The velocity in the middle of a bin.
pub(crate) fn velocity_of(value: Value) -> u8 {
    (value.saturating_sub(1) as u8).saturating_mul(VELOCITY_BIN) + VELOCITY_BIN / 2
}

fn field(name: &str, values: impl Iterator<Item = String>) -> Field {
    Field { name: name.to_owned(), values: std::iter::once("none".to_owned()).chain(values).collect() }
}

fn instrument_name(instrument: Instrument) -> String {
    match instrument {
        Instrument::Program(_) => instrument.name(),
        Instrument::Drums(_) => "drums".to_owned(),
    }
}

/// A length as a fraction of a whole note, in lowest terms: 12 of 12 steps are `1/4`.
fn part_of_whole_note(steps: u64, grid: u64) -> String {
    let (mut a, mut b) = (steps, 4 * grid);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    format!("{}/{}", steps / a.max(1), 4 * grid / a.max(1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn velocities_lie_in_the_bin_that_is_read_back() {
        for velocity in 1..=127u8 {
            let value = velocity_value(velocity);
            assert!((1..=VELOCITIES).contains(&value));
            assert!(velocity.abs_diff(velocity_of(value)) <= VELOCITY_BIN / 2);
            assert_eq!(velocity_value(velocity_of(value)), value);
        }
    }

    #[test]
    fn instruments_are_read_back() {
        for value in 1..=DRUMS {
            assert_eq!(instrument_value(instrument_of(value)), value);
            let instrument = instrument_of(value);
            assert!((0..128).all(|pitch| pitch_of(instrument, pitch_value(instrument, pitch)) == Some(pitch)));
            assert_eq!(pitch_of(instrument, if instrument.is_drums() { 128 } else { 129 }), None);
        }
        assert_eq!(instrument_value(Instrument::Drums(25)), DRUMS);
    }

    #[test]
    fn names_are_unique_within_their_field() {
        for grid in [1, 7, 12, 24, 48] {
            let fields = Fields::new(grid, &["metal".to_owned(), "rock".to_owned()]).unwrap();
            assert!(fields.named().iter().map(|field| field.values.len()).eq(fields.sizes()));
            for field in fields.named() {
                let distinct: std::collections::BTreeSet<&String> = field.values.iter().collect();
                assert_eq!(distinct.len(), field.values.len(), "grid {grid}: {}", field.name);
            }
        }
    }

    #[test]
    fn impossible_settings_are_refused() {
        assert!(Fields::new(0, &[]).is_err());
        assert!(Fields::new(MAX_GRID + 1, &[]).is_err());
        assert!(Fields::new(12, &["rock".to_owned(), "rock".to_owned()]).is_err());
    }
}
