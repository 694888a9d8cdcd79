//! The `events` representation: one event per note, with six fields.
//!
//! An event is a tuple of kind, position, instrument, pitch, duration and velocity (as in Compound
//! Word, Hsiao et al. 2021, and the Multitrack Music Transformer, Dong et al. 2023). Bars, tempos
//! and the header carry their value in the kind, so a field is either part of a note or does not
//! apply.
//!
//! ```text
//! start | genre metal | with distortion-guitar | with drums
//! bar 4/4 | tempo 120.0 0 | note 0 distortion-guitar E2 1/8 v98 | note 0 drums drum 36 1/16 v110 | ...
//! bar 4/4 | ...
//! end
//! ```
//!
//! Invariants: [`crate::Representation::decode`] of an encoded score encodes to the same events;
//! every encoded sequence is accepted by the [`grammar`]; every sequence that the grammar accepts
//! can be decoded.
//!
//! Not kept: key signatures, markers, texts, part names, which of several parts of one program
//! plays a note (of notes that such parts strike together on one pitch the longest stays), which
//! drum kit, and whatever lies after the bar of the last note.

mod augment;
mod bars;
mod changes;
mod check;
mod decode;
mod durations;
pub(crate) mod encode;
pub(crate) mod fields;
mod grammar;
pub(crate) mod layout;
mod meters;
pub(crate) mod observed;
pub(crate) mod tempos;
mod values;
mod voices;

pub use changes::changes;
pub use check::check_round_trip;

use crate::event::{Event, EventVocabulary};
use crate::{
    Augmentation, BarMusic, EncodeReport, Grammar, Header, Representation, RepresentationConfig, RepresentationError,
    Sequence, Value, Vocabulary,
};
use fields::Fields;
use leitmotif_score::Score;
use rand_chacha::ChaCha8Rng;

/// The longest run of bars without notes; longer silence is shortened to it.
pub const MAX_SILENT_BARS: usize = 64;
/// The most quarters of a piece; notes that begin later are lost.
pub const MAX_QUARTERS: u64 = leitmotif_score::MAX_QUARTERS;
/// The version of the meaning of the fields.
pub(crate) const VERSION: u32 = 1;

/// The `events` representation with its vocabulary.
#[derive(Debug)]
pub(crate) struct Events {
    fields: Fields,
    vocabulary: Vocabulary,
    events: EventVocabulary,
}

impl Events {
    /// # Errors
    /// [`RepresentationError::Settings`] for a grid out of range, or genres that are too many or
    /// named twice.
    pub fn new(grid: u16, genres: &[String]) -> Result<Self, RepresentationError> {
        let fields = Fields::new(grid, genres)?;
        let settings = RepresentationConfig::Events { grid, genres: genres.to_vec() };
        let vocabulary = Vocabulary { version: VERSION, settings, fields: fields.named() };
        let events = fields.vocabulary();
        Ok(Self { fields, vocabulary, events })
    }
}

impl Representation for Events {
    fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn events(&self) -> &EventVocabulary {
        &self.events
    }

    fn event(&self, values: &[Value]) -> Option<Event> {
        self.fields.event(values).ok()
    }

    fn encode(&self, score: &Score, header: &Header) -> (Sequence, EncodeReport) {
        encode::encode(&self.fields, score, header)
    }

    fn decode(&self, sequence: &Sequence) -> Result<Score, RepresentationError> {
        decode::decode(&self.fields, sequence)
    }

    fn grammar(&self) -> Box<dyn Grammar + '_> {
        Box::new(grammar::EventsGrammar::new(&self.fields))
    }

    fn opening(&self, header: &Header) -> Result<Sequence, RepresentationError> {
        let mut sequence = Sequence::new(fields::FIELDS);
        sequence.push(&self.fields.values(Event::Start));
        if let Some(number) = self.fields.genre(header.genre.as_ref())? {
            sequence.push(&self.fields.values(Event::Genre(number)));
        }
        for instrument in fields::distinct(header.instruments.iter().copied()) {
            sequence.push(&self.fields.values(Event::With(instrument)));
        }
        Ok(sequence)
    }

    fn drop_header(&self, sequence: &Sequence, drop: f64, rng: &mut ChaCha8Rng) -> Sequence {
        augment::drop_header(&self.fields, sequence, drop, rng)
    }

    fn augment(&self, sequence: &Sequence, augmentation: &Augmentation) -> Sequence {
        augment::augment(sequence, augmentation)
    }

    fn transposed(&self, event: &[Value], semitones: i8) -> Option<Vec<Value>> {
        augment::transposed(event, semitones)
    }

    fn bars(&self, sequence: &Sequence) -> Option<Vec<std::ops::Range<usize>>> {
        Some(bars::bars(&self.fields, sequence))
    }

    fn bar_music(&self, sequence: &Sequence) -> Option<Vec<BarMusic>> {
        Some(bars::music(&self.fields, sequence))
    }

    fn observe(&self, songs: &mut dyn Iterator<Item = Sequence>) -> Option<crate::Observed> {
        Some(observed::observe(&self.fields, songs))
    }

    fn is_note(&self, event: &[Value]) -> bool {
        event.first() == Some(&fields::NOTE)
    }
}
