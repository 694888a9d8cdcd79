//! The `rolls` representation: a piano roll as one event a frame, in which each of a piano's 88
//! keys is silent or sounds.
//!
//! ```text
//! start | frame C3 G4 E5 | frame C3 G4 | frame | frame D3 ... | end
//! ```
//!
//! It is the music of [`crate::frames`] in another spelling, for models that predict all fields of
//! an event at once: the cost of a frame is then the sum of 88 binary cross-entropies, each given
//! the frames before it alone, as Bai et al. 2018 (TCN) report it. A held note is a key that sounds
//! from frame to frame; decoding joins equal pitches in successive frames.
//!
//! Not kept: pitches that a piano lacks, drums, header, parts and instruments, meters, tempos,
//! keys, velocities, and silence at the end.

mod event;
mod grammar;

use crate::event::EventVocabulary;
use crate::roll::{self, NoteGatherer, Span};
use crate::{
    EncodeReport, FrameEvent, FrameUnits, Grammar, Header, Representation, RepresentationConfig, RepresentationError,
    Sequence, Value, Vocabulary,
};
use event::{Event, FIELDS};
use leitmotif_score::Score;
use rand_chacha::ChaCha8Rng;

/// The version of the meaning of the fields.
pub(crate) const VERSION: u32 = 1;
/// Cause of loss: the pitch is no key of a piano.
const OUTSIDE: &str = "outside the piano's 88 keys";

/// The `rolls` representation with its vocabulary.
#[derive(Debug)]
pub(crate) struct Rolls {
    grid: u16,
    vocabulary: Vocabulary,
    events: EventVocabulary,
}

impl Rolls {
    /// # Errors
    /// [`RepresentationError::Settings`] for a grid out of range.
    pub fn new(grid: u16) -> Result<Self, RepresentationError> {
        roll::check_grid(grid)?;
        let settings = RepresentationConfig::Rolls { grid };
        let vocabulary = Vocabulary { version: VERSION, settings, fields: event::fields() };
        let events = EventVocabulary::without_notes(&vocabulary, event::START, event::END);
        Ok(Self { grid, vocabulary, events })
    }
}

impl Representation for Rolls {
    fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn events(&self) -> &EventVocabulary {
        &self.events
    }

    fn encode(&self, score: &Score, _header: &Header) -> (Sequence, EncodeReport) {
        let mut report = EncodeReport::default();
        let parts = roll::pitched(score, &mut report);
        let spans: Vec<Span> =
            parts.iter().flat_map(|part| roll::spans(part, score.resolution, self.grid, &mut report)).collect();
        let (spans, outside): (Vec<Span>, Vec<Span>) =
            spans.into_iter().partition(|span| event::key(span.pitch).is_some());
        outside.iter().for_each(|_| roll::lose(&mut report, OUTSIDE));
        let frames = roll::sets(spans.clone());
        roll::count_kept(spans, &frames, roll::ABSENT, &mut report);
        report.bars = (frames.len() as u64).div_ceil(crate::settings::QUARTERS_PER_BAR * u64::from(self.grid)) as usize;
        let mut sequence = Sequence::new(FIELDS);
        sequence.push(&Event::Start.values());
        for pitches in frames {
            sequence.push(&Event::Frame(pitches).values());
        }
        sequence.push(&Event::End.values());
        (sequence, report)
    }

    fn decode(&self, sequence: &Sequence) -> Result<Score, RepresentationError> {
        let (mut gatherer, mut ended) = (NoteGatherer::default(), false);
        for (index, values) in sequence.events().enumerate() {
            let fail = |reason: String| RepresentationError::Event { index, reason };
            match Event::parse(values).map_err(fail)? {
                _ if ended => return Err(fail("the piece has ended".to_owned())),
                Event::Start if index > 0 => return Err(fail("a start within the piece".to_owned())),
                Event::Start => {}
                Event::End => ended = true,
                Event::Frame(pitches) => gatherer.frame(&pitches),
            }
        }
        Ok(gatherer.piano(self.grid))
    }

    fn grammar(&self) -> Box<dyn Grammar + '_> {
        Box::new(grammar::RollsGrammar::new(self.grid))
    }

    fn opening(&self, header: &Header) -> Result<Sequence, RepresentationError> {
        roll::check_header(header, "rolls", roll::PIANO)?;
        let mut sequence = Sequence::new(FIELDS);
        sequence.push(&Event::Start.values());
        Ok(sequence)
    }

    fn drop_header(&self, sequence: &Sequence, _drop: f64, _rng: &mut ChaCha8Rng) -> Sequence {
        sequence.clone()
    }

    fn transposed(&self, event: &[Value], semitones: i8) -> Option<Vec<Value>> {
        let moved = match Event::parse(event).ok()? {
            Event::Frame(pitches) => Event::Frame(event::transposed(&pitches, semitones)?),
            other => other,
        };
        Some(moved.values().to_vec())
    }

    fn is_note(&self, event: &[Value]) -> bool {
        matches!(Event::parse(event), Ok(Event::Frame(pitches)) if !pitches.is_empty())
    }

    fn frames(&self) -> Option<FrameUnits> {
        Some(FrameUnits { fields: 1..FIELDS, tokens: 0 })
    }

    fn frame_event(&self, event: &[Value]) -> FrameEvent {
        match event.first() {
            Some(&event::FRAME) => FrameEvent::Closes,
            _ => FrameEvent::Outside,
        }
    }

    /// The pitches that sound: `frame C4 E4 G4`.
    fn describe(&self, event: &[Value]) -> String {
        match Event::parse(event) {
            Ok(Event::Start) => "start".to_owned(),
            Ok(Event::End) => "end".to_owned(),
            Ok(Event::Frame(pitches)) => {
                let names = pitches.into_iter().map(event::name);
                std::iter::once("frame".to_owned()).chain(names).collect::<Vec<_>>().join(" ")
            }
            Err(_) => "?".to_owned(),
        }
    }
}
