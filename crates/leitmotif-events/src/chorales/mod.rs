//! The `chorales` representation: one event a step of the grid, with the pitch of each of four
//! voices.
//!
//! ```text
//! start | step 0 B4 G4 D4 G3 | step 1 B4 G4 D4 G3 | ... | step 15 A4 F#4 D4 D3 | step 0 ... | end
//! ```
//!
//! The first field is the place in a bar of four quarters, counted from the beginning: it follows
//! from what stands before, so that all it costs is whether the piece ends here; the four others
//! are soprano, alto, tenor and bass, a pitch or a rest. With four steps a quarter these are the
//! four tokens a sixteenth of Huang et al. 2018 (Music Transformer): nats per token are the voices'
//! cost over four times the frames. A held note is a pitch that is repeated; decoding joins equal
//! pitches in successive frames, so two notes of one pitch that follow without a rest become one.
//!
//! A score's voices are its parts called soprano, alto, tenor and bass, or its two, three or four
//! pitched parts in their order. In each a note ends where the next one begins. A score of one
//! part, or of more than four, is read by pitch: in each frame the highest three pitches and the
//! lowest one, from above.
//!
//! Not kept: drums, header, meters, tempos, keys, velocities, instruments, and silence at the end.

mod event;
mod grammar;
mod voices;

use crate::event::EventVocabulary;
use crate::roll::{self, NoteGatherer};
use crate::{
    EncodeReport, FrameEvent, FrameUnits, Grammar, Header, Representation, RepresentationConfig, RepresentationError,
    Sequence, Value, Vocabulary,
};
use event::{Event, FIELDS, VOICES};
use leitmotif_score::{Instrument, Part, Score};
use rand_chacha::ChaCha8Rng;

/// The version of the meaning of the fields.
pub(crate) const VERSION: u32 = 1;
/// The instrument of every decoded voice: choir.
const CHOIR: Instrument = Instrument::Program(52);

/// The `chorales` representation with its vocabulary.
#[derive(Debug)]
pub(crate) struct Chorales {
    grid: u16,
    vocabulary: Vocabulary,
    events: EventVocabulary,
}

impl Chorales {
    /// # Errors
    /// [`RepresentationError::Settings`] for a grid out of range.
    pub fn new(grid: u16) -> Result<Self, RepresentationError> {
        roll::check_grid(grid)?;
        let settings = RepresentationConfig::Chorales { grid };
        let vocabulary = Vocabulary { version: VERSION, settings, fields: event::fields(grid) };
        let events = EventVocabulary::without_notes(&vocabulary, event::START, event::END);
        Ok(Self { grid, vocabulary, events })
    }

    fn steps(&self) -> u64 {
        crate::settings::QUARTERS_PER_BAR * u64::from(self.grid)
    }
}

impl Representation for Chorales {
    fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn events(&self) -> &EventVocabulary {
        &self.events
    }

    fn encode(&self, score: &Score, _header: &Header) -> (Sequence, EncodeReport) {
        let (frames, mut report) = voices::frames(score, self.grid);
        let mut sequence = Sequence::new(FIELDS);
        sequence.push(&Event::Start.values());
        for (number, voices) in frames.iter().enumerate() {
            let step = (number as u64 % self.steps()) as Value;
            sequence.push(&Event::Frame { step, voices: *voices }.values());
        }
        sequence.push(&Event::End.values());
        report.bars = (frames.len() as u64).div_ceil(self.steps()) as usize;
        (sequence, report)
    }

    fn decode(&self, sequence: &Sequence) -> Result<Score, RepresentationError> {
        let (resolution, ticks) = roll::frame_clock(self.grid);
        let mut voices: [NoteGatherer; VOICES] = Default::default();
        let mut ended = false;
        for (index, values) in sequence.events().enumerate() {
            let fail = |reason: String| RepresentationError::Event { index, reason };
            match Event::parse(values, self.steps()).map_err(fail)? {
                _ if ended => return Err(fail("the piece has ended".to_owned())),
                Event::Start if index > 0 => return Err(fail("a start within the piece".to_owned())),
                Event::Start => {}
                Event::End => ended = true,
                Event::Frame { voices: pitches, .. } => {
                    for (voice, pitch) in voices.iter_mut().zip(pitches) {
                        voice.frame(pitch.as_slice());
                    }
                }
            }
        }
        let part = |(name, voice): (&str, NoteGatherer)| Part {
            name: name.to_owned(),
            instrument: CHOIR,
            notes: voice.notes(ticks),
        };
        let mut parts: Vec<Part> = event::VOICE_NAMES.into_iter().zip(voices).map(part).collect();
        parts.retain(|part| !part.notes.is_empty());
        Ok(Score { resolution, parts, ..Score::default() })
    }

    fn grammar(&self) -> Box<dyn Grammar + '_> {
        Box::new(grammar::ChoralesGrammar::new(self.grid))
    }

    fn opening(&self, header: &Header) -> Result<Sequence, RepresentationError> {
        roll::check_header(header, "chorales", CHOIR)?;
        let mut sequence = Sequence::new(FIELDS);
        sequence.push(&Event::Start.values());
        Ok(sequence)
    }

    fn drop_header(&self, sequence: &Sequence, _drop: f64, _rng: &mut ChaCha8Rng) -> Sequence {
        sequence.clone()
    }

    fn transposed(&self, event: &[Value], semitones: i8) -> Option<Vec<Value>> {
        let (step, voices) = event.split_first()?;
        let voices = voices.iter().map(|voice| event::transposed(*voice, semitones));
        std::iter::once(Some(*step)).chain(voices).collect()
    }

    fn is_note(&self, event: &[Value]) -> bool {
        matches!(Event::parse(event, self.steps()), Ok(Event::Frame { voices, .. }) if voices.iter().any(Option::is_some))
    }

    fn frames(&self) -> Option<FrameUnits> {
        Some(FrameUnits { fields: 1..FIELDS, tokens: VOICES })
    }

    fn frame_event(&self, event: &[Value]) -> FrameEvent {
        match event.first() {
            Some(&(event::START | event::END)) | None => FrameEvent::Outside,
            Some(_) => FrameEvent::Closes,
        }
    }
}
