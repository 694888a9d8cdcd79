//! Attributes of bars: musical properties with a name, measured on a bar's notes.
//!
//! | attribute | value of a bar |
//! |---|---|
//! | `rhythm` | rhythmic intensity: the share of its sixteenths in which a note begins, 0 to 1 |
//! | `polyphony` | the mean number of pitched notes that sound in its sixteenths |
//! | `density` | notes that begin, per quarter |
//! | `velocity` | mean velocity of the notes that begin, 1 to 127; a bar in which none begins has no value |
//! | `register` | mean pitch of the pitched notes that begin, 0 to 127; a bar in which none begins has no value |
//!
//! The first two are those of MuseMorphose (Wu & Yang 2021, section 3.3), whose bars are all of
//! sixteen sixteenths. `attribute:instruments` (`rhythm:drums`, `density:bass`) counts the notes of
//! these instruments alone; a piece in which they do not play has no value.

mod scale;

pub use scale::AttributeScale;

use crate::bar::BarMusic;
use crate::event::NoteEvent;
use crate::{Representation, Sequence};
use leitmotif_score::{InstrumentSelection, UnknownInstrument};
use std::ops::Range;

/// What is measured of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// The share of its sixteenths in which a note begins.
    Rhythm,
    /// The mean number of pitched notes that sound in its sixteenths.
    Polyphony,
    /// Notes per quarter.
    Density,
    /// Mean velocity.
    Velocity,
    /// Mean pitch.
    Register,
}

const MEASURES: [(&str, Measure); 5] = [
    ("rhythm", Measure::Rhythm),
    ("polyphony", Measure::Polyphony),
    ("density", Measure::Density),
    ("velocity", Measure::Velocity),
    ("register", Measure::Register),
];

/// One attribute, of all instruments or of some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    measure: Measure,
    instruments: Option<InstrumentSelection>,
}

/// Why attributes cannot be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttributeError {
    /// A name that means nothing.
    #[error(
        "no attribute is called `{0}`: there are rhythm, polyphony, density, velocity and register, each also of some instruments as in rhythm:drums"
    )]
    Unknown(String),
    /// The instruments of a name mean nothing.
    #[error("the attribute `{attribute}`: {source}")]
    Instruments {
        /// The requested name.
        attribute: String,
        /// Why not.
        source: UnknownInstrument,
    },
    /// The representation has no bars.
    #[error(
        "attributes are of bars, and this corpus's representation has none; prepare it with --representation events"
    )]
    Bars,
}

impl std::str::FromStr for Attribute {
    type Err = AttributeError;

    fn from_str(text: &str) -> Result<Self, AttributeError> {
        let (name, instruments) = match text.split_once(':') {
            Some((name, instruments)) => (name, Some(instruments)),
            None => (text, None),
        };
        let found = MEASURES.iter().find(|(known, _)| *known == name);
        let &(_, measure) = found.ok_or_else(|| AttributeError::Unknown(text.to_owned()))?;
        let chosen = instruments.map(InstrumentSelection::parse).transpose();
        let instruments =
            chosen.map_err(|source| AttributeError::Instruments { attribute: text.to_owned(), source })?;
        Ok(Self { measure, instruments })
    }
}

impl std::fmt::Display for Attribute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(MEASURES.iter().find(|(_, measure)| *measure == self.measure).map_or("", |(name, _)| name))?;
        match &self.instruments {
            Some(instruments) => write!(f, ":{instruments}"),
            None => Ok(()),
        }
    }
}

impl Attribute {
    /// What is measured, if it is of all instruments.
    pub fn of_all_instruments(&self) -> Option<Measure> {
        self.instruments.is_none().then_some(self.measure)
    }

    /// Where MuseMorphose cuts this attribute into classes (Wu & Yang 2021, section 4.1), of all
    /// instruments or of some.
    pub fn published_cuts(&self) -> Option<&'static [f32]> {
        match self.measure {
            Measure::Rhythm => Some(&[0.20, 0.25, 0.32, 0.38, 0.44, 0.50, 0.63]),
            Measure::Polyphony => Some(&[2.63, 3.06, 3.50, 4.00, 4.63, 5.44, 6.44]),
            _ => None,
        }
    }

    fn counts(&self, note: &NoteEvent) -> bool {
        self.instruments.as_ref().is_none_or(|selection| selection.matches(note.instrument))
    }

    /// The value in each bar of a piece.
    pub fn values(&self, bars: &[BarMusic]) -> Vec<Option<f32>> {
        let plays = bars.iter().flat_map(|bar| &bar.notes).any(|note| self.counts(note));
        if !plays {
            return vec![None; bars.len()];
        }
        if self.measure == Measure::Polyphony {
            return self.polyphony(bars).into_iter().map(Some).collect();
        }
        bars.iter().map(|bar| self.value(bar)).collect()
    }

    /// The value of a bar on its own; not polyphony, which notes of earlier bars have a part in.
    fn value(&self, bar: &BarMusic) -> Option<f32> {
        let notes = || bar.notes.iter().filter(|note| self.counts(note));
        let pitched = || notes().filter(|note| !note.instrument.is_drums());
        match self.measure {
            Measure::Rhythm | Measure::Polyphony => {
                let sixteenths = bar.sixteenths();
                let mut begins = vec![false; sixteenths.of_bar(bar.steps)];
                for note in notes() {
                    if let Some(begins) = begins.get_mut(sixteenths.at(note.position)) {
                        *begins = true;
                    }
                }
                Some(begins.iter().filter(|begins| **begins).count() as f32 / begins.len() as f32)
            }
            Measure::Density => Some(notes().count() as f32 * bar.grid as f32 / bar.steps.max(1) as f32),
            Measure::Velocity => mean(notes().map(|note| note.velocity)),
            Measure::Register => mean(pitched().map(|note| note.pitch)),
        }
    }

    /// A note sounds in the sixteenths from the one in which it begins to the one nearest its end,
    /// at least in one.
    fn polyphony(&self, bars: &[BarMusic]) -> Vec<f32> {
        let mut sounding: Vec<Vec<u32>> = bars.iter().map(|bar| vec![0; bar.sixteenths().of_bar(bar.steps)]).collect();
        for (index, bar) in bars.iter().enumerate() {
            for note in bar.notes.iter().filter(|note| self.counts(note) && !note.instrument.is_drums()) {
                let Range { start: mut from, end: mut left } = bar.sixteenths().sounding(note.position, note.duration);
                for bar in &mut sounding[index..] {
                    let length = bar.len();
                    bar[from.min(length)..left.min(length)].iter_mut().for_each(|count| *count += 1);
                    (from, left) = (from.saturating_sub(length), left.saturating_sub(length));
                    if left == 0 {
                        break;
                    }
                }
            }
        }
        sounding.iter().map(|bar| bar.iter().sum::<u32>() as f32 / bar.len() as f32).collect()
    }
}

fn mean(values: impl Iterator<Item = u8>) -> Option<f32> {
    let (count, sum) = values.fold((0_u32, 0_u32), |(count, sum), value| (count + 1, sum + u32::from(value)));
    (count > 0).then(|| sum as f32 / count as f32)
}

/// The value of each attribute in each bar of a piece, bar after bar.
///
/// # Errors
/// [`AttributeError::Bars`] if the representation has no bars.
pub fn attribute_values(
    attributes: &[Attribute],
    representation: &dyn Representation,
    sequence: &Sequence,
) -> Result<Vec<Vec<Option<f32>>>, AttributeError> {
    let bars = representation.bar_music(sequence).ok_or(AttributeError::Bars)?;
    let by_attribute: Vec<Vec<Option<f32>>> = attributes.iter().map(|attribute| attribute.values(&bars)).collect();
    Ok((0..bars.len()).map(|bar| by_attribute.iter().map(|values| values[bar]).collect()).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use leitmotif_score::Instrument;

    fn note(position: u64, duration: u64, instrument: Instrument, pitch: u8) -> NoteEvent {
        NoteEvent { position, duration, instrument, pitch, velocity: 80 }
    }

    fn bar(steps: u64, notes: Vec<NoteEvent>) -> BarMusic {
        BarMusic { steps, grid: 12, notes }
    }

    fn values(name: &str, bars: &[BarMusic]) -> Vec<Option<f32>> {
        name.parse::<Attribute>().unwrap().values(bars)
    }

    #[test]
    fn values_are_those_of_their_definitions() {
        let (piano, drums) = (Instrument::Program(0), Instrument::Drums(0));
        // Two quarters, eight sixteenths: a chord held into the next bar, a note in the second
        // sixteenth, a drum with the first.
        let bars = [
            bar(24, vec![note(0, 36, piano, 60), note(0, 36, piano, 64), note(4, 2, piano, 65), note(0, 1, drums, 36)]),
            bar(24, vec![]),
        ];
        assert_eq!(values("rhythm", &bars), [Some(0.25), Some(0.0)]);
        assert_eq!(values("rhythm:drums", &bars), [Some(0.125), Some(0.0)]);
        assert_eq!(values("polyphony", &bars), [Some(17.0 / 8.0), Some(1.0)], "both held for half of the second bar");
        assert_eq!(values("density", &bars), [Some(2.0), Some(0.0)]);
        assert_eq!(values("density:piano", &bars), [Some(1.5), Some(0.0)]);
        assert_eq!(values("register", &bars), [Some(63.0), None], "drums have no register");
        assert_eq!(values("velocity", &bars), [Some(80.0), None]);
        assert_eq!(values("velocity:bass", &bars), [None, None], "no bass plays");
    }

    #[test]
    fn names_are_read_back_and_others_refused() {
        for name in
            ["rhythm", "polyphony", "density", "velocity", "register", "rhythm:drums", "density:electric-guitar"]
        {
            assert_eq!(name.parse::<Attribute>().unwrap().to_string(), name);
        }
        let unknown = "swing".parse::<Attribute>().unwrap_err().to_string();
        assert!(unknown.contains("`swing`") && unknown.contains("polyphony"), "{unknown}");
        assert!("rhythm:kazoo".parse::<Attribute>().is_err() && "".parse::<Attribute>().is_err());
    }
}
