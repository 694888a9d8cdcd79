//! The `frames` representation: a piano roll as one event for each sounding pitch, and one that
//! closes the frame.
//!
//! ```text
//! start | C3 G4 E5 frame | C3 G4 frame | frame | D3 ... frame | end
//! ```
//!
//! A frame is one step of the grid. Its pitches ascend, so that a frame has one spelling and the
//! sum of its events' costs is its exact joint log-likelihood. A held note is a pitch that is
//! repeated from frame to frame, as in the piano rolls of Boulanger-Lewandowski et al. 2012;
//! decoding joins equal pitches in successive frames.
//!
//! Not kept: drums, header, parts and instruments, meters, tempos, keys, velocities, and silence at
//! the end.

mod grammar;
mod token;

use crate::event::EventVocabulary;
use crate::roll::{self, NoteGatherer};
use crate::{
    EncodeReport, FrameEvent, FrameUnits, Grammar, Header, Representation, RepresentationConfig, RepresentationError,
    Sequence, Value, Vocabulary,
};
use leitmotif_score::Score;
use rand_chacha::ChaCha8Rng;
use token::Token;

/// The version of the meaning of the tokens.
pub(crate) const VERSION: u32 = 1;

/// The `frames` representation with its vocabulary.
#[derive(Debug)]
pub(crate) struct Frames {
    grid: u16,
    vocabulary: Vocabulary,
    events: EventVocabulary,
}

impl Frames {
    /// # Errors
    /// [`RepresentationError::Settings`] for a grid out of range.
    pub fn new(grid: u16) -> Result<Self, RepresentationError> {
        roll::check_grid(grid)?;
        let settings = RepresentationConfig::Frames { grid };
        let vocabulary = Vocabulary { version: VERSION, settings, fields: vec![token::field()] };
        let events = EventVocabulary::without_notes(&vocabulary, token::START, token::END);
        Ok(Self { grid, vocabulary, events })
    }
}

impl Representation for Frames {
    fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn events(&self) -> &EventVocabulary {
        &self.events
    }

    fn encode(&self, score: &Score, _header: &Header) -> (Sequence, EncodeReport) {
        let mut report = EncodeReport::default();
        let parts = roll::pitched(score, &mut report);
        let spans: Vec<_> =
            parts.iter().flat_map(|part| roll::spans(part, score.resolution, self.grid, &mut report)).collect();
        let frames = roll::sets(spans.clone());
        roll::count_kept(spans, &frames, roll::ABSENT, &mut report);
        let mut sequence = Sequence::new(1);
        sequence.push(&[token::START]);
        for pitches in &frames {
            pitches.iter().for_each(|pitch| sequence.push(&[Token::Pitch(*pitch).value()]));
            sequence.push(&[token::FRAME]);
        }
        sequence.push(&[token::END]);
        report.bars = (frames.len() as u64).div_ceil(crate::settings::QUARTERS_PER_BAR * u64::from(self.grid)) as usize;
        (sequence, report)
    }

    fn decode(&self, sequence: &Sequence) -> Result<Score, RepresentationError> {
        let (mut gatherer, mut pitches, mut ended) = (NoteGatherer::default(), Vec::new(), false);
        for (index, event) in sequence.events().enumerate() {
            let fail = |reason: String| RepresentationError::Event { index, reason };
            match Token::parse(event).map_err(fail)? {
                _ if ended => return Err(fail("the piece has ended".to_owned())),
                Token::Start if index > 0 => return Err(fail("a start within the piece".to_owned())),
                Token::Start => {}
                Token::End => ended = true,
                Token::Pitch(pitch) => pitches.push(pitch),
                Token::Frame => gatherer.frame(&std::mem::take(&mut pitches)),
            }
        }
        // A sample may be cut within a frame.
        if !pitches.is_empty() {
            gatherer.frame(&pitches);
        }
        Ok(gatherer.piano(self.grid))
    }

    fn grammar(&self) -> Box<dyn Grammar + '_> {
        Box::new(grammar::FramesGrammar::new(self.grid))
    }

    fn opening(&self, header: &Header) -> Result<Sequence, RepresentationError> {
        roll::check_header(header, "frames", roll::PIANO)?;
        let mut sequence = Sequence::new(1);
        sequence.push(&[token::START]);
        Ok(sequence)
    }

    fn drop_header(&self, sequence: &Sequence, _drop: f64, _rng: &mut ChaCha8Rng) -> Sequence {
        sequence.clone()
    }

    fn transposed(&self, event: &[Value], semitones: i8) -> Option<Vec<Value>> {
        Some(vec![Token::parse(event).ok()?.transposed(semitones)?.value()])
    }

    fn is_note(&self, event: &[Value]) -> bool {
        matches!(Token::parse(event), Ok(Token::Pitch(_)))
    }

    fn frames(&self) -> Option<FrameUnits> {
        Some(FrameUnits { fields: 0..1, tokens: 0 })
    }

    fn frame_event(&self, event: &[Value]) -> FrameEvent {
        match Token::parse(event) {
            Ok(Token::Pitch(_)) => FrameEvent::Within,
            Ok(Token::Frame) => FrameEvent::Closes,
            _ => FrameEvent::Outside,
        }
    }
}
