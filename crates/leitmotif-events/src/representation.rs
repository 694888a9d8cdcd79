//! The interface of every representation: scores to events and back, and which events may follow.

use crate::cells::Cells;
use crate::event::NoteEvent;
use crate::{BarMusic, Event, EventVocabulary, Header, Observed, Sequence, Value, Vocabulary};
use leitmotif_score::Score;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// How the cost of frames is counted, by a representation of frames of one length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameUnits {
    /// The fields whose cost is the frames'.
    pub fields: std::ops::Range<usize>,
    /// Tokens of each frame, such as four voices; 0 where their number varies or costs are not
    /// counted by them.
    pub tokens: usize,
}

/// What an event is to the frames of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameEvent {
    /// Of no frame: the start, the end, or an event of a representation without frames.
    Outside,
    /// In a frame that goes on.
    Within,
    /// The last of a frame, or all of it.
    Closes,
}

/// What became of a score's notes when it was encoded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncodeReport {
    /// Notes of the score.
    pub notes: usize,
    /// Notes that the events hold.
    pub kept: usize,
    /// Notes that they do not hold, or hold changed beyond the tolerances, by cause.
    pub lost: std::collections::BTreeMap<String, usize>,
    /// Bars written.
    #[serde(default)]
    pub bars: usize,
    /// Bars of the score that no bar event describes (too long, too fine, cut short by a change of
    /// meter) and that were written as other bars; their notes keep their onsets.
    #[serde(default)]
    pub rewritten_bars: usize,
    /// Bars of long silence that were left out.
    #[serde(default)]
    pub silent_bars_cut: usize,
}

/// A change that leaves a piece the same piece: drawn at random for training.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Augmentation {
    /// Semitones up; drums stay. A shift that would leave the range of pitches is not made.
    pub semitones: i8,
    /// Tempo times `2^tempo_octaves`.
    pub tempo_octaves: f32,
    /// Added to every velocity, 1 to 127 kept.
    pub velocity: i8,
}

/// How often a piece is read as a task in training, from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tasks {
    /// Some of its cells are given before the others are written.
    pub holes: f64,
    /// Its chords are given.
    pub chords: f64,
}

impl Tasks {
    /// Whether pieces are read as they are.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A failure to encode or decode.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepresentationError {
    /// The settings make no vocabulary.
    #[error("{0}")]
    Settings(String),
    /// The sequence is not of this representation.
    #[error("event {index}: {reason}")]
    Event {
        /// Its place in the sequence.
        index: usize,
        /// What is wrong.
        reason: String,
    },
    /// A stored vocabulary is not what this version makes of its settings.
    #[error("{}", mismatch(*.found, *.expected))]
    Vocabulary {
        /// Version in the file.
        found: u32,
        /// Version of this program.
        expected: u32,
    },
}

fn mismatch(found: u32, expected: u32) -> String {
    if found == expected {
        return "the vocabulary is not the one that its own settings make: the file is damaged or was edited; \
                copy it again"
            .to_owned();
    }
    format!("the vocabulary has version {found}, this program writes version {expected}; prepare the corpus again")
}

/// Score <-> events, and the vocabulary. Object safe; shared between threads.
pub trait Representation: Send + Sync + std::fmt::Debug {
    /// The fields and the names of their values.
    fn vocabulary(&self) -> &Vocabulary;

    /// What the values of the fields stand for.
    fn events(&self) -> &EventVocabulary;

    /// The event that values stand for, whatever comes before it; `None` for values that stand for
    /// none, and for representations whose events are not of this kind.
    fn event(&self, _values: &[Value]) -> Option<Event> {
        None
    }

    /// The events of a score, from the start event to the end event. A header without instruments
    /// names those that play in the score; a genre that the vocabulary lacks is left out.
    fn encode(&self, score: &Score, header: &Header) -> (Sequence, EncodeReport);

    /// The score of a sequence. Lenient about a missing start or end (a sample may be cut
    /// anywhere), strict about values outside the vocabulary.
    ///
    /// # Errors
    /// [`RepresentationError::Event`] at the first event that has no meaning.
    fn decode(&self, sequence: &Sequence) -> Result<Score, RepresentationError>;

    /// A grammar at the start of a piece.
    fn grammar(&self) -> Box<dyn Grammar + '_>;

    /// The events that open a piece with this header, the start event first: what conditional
    /// generation is given. What the header leaves empty is left open.
    ///
    /// # Errors
    /// [`RepresentationError::Settings`] names a genre or instrument the vocabulary lacks, and
    /// lists those it has.
    fn opening(&self, header: &Header) -> Result<Sequence, RepresentationError>;

    /// The sequence, with probability `drop` without its header, the genre and the instruments
    /// (training). A header is left out or kept as a whole, so that a list of instruments always
    /// names all that play.
    fn drop_header(&self, sequence: &Sequence, drop: f64, rng: &mut ChaCha8Rng) -> Sequence;

    /// The sequence changed by `augmentation`; the same length, and still grammatical. Of itself,
    /// transposed as a whole or not at all, for representations that hold neither tempo nor
    /// velocity.
    fn augment(&self, sequence: &Sequence, augmentation: &Augmentation) -> Sequence {
        let mut shifted = sequence.clone();
        for event in shifted.events_mut() {
            match self.transposed(event, augmentation.semitones) {
                Some(moved) => event.copy_from_slice(&moved),
                None => return sequence.clone(),
            }
        }
        shifted
    }

    /// The sequence as a task for training: some of it given before the rest, as `tasks` says. Of
    /// itself, for representations without such tasks.
    fn draw_tasks(&self, sequence: &Sequence, _tasks: &Tasks, _rng: &mut ChaCha8Rng) -> Sequence {
        sequence.clone()
    }

    /// Which fields of each event follow from what stands before the event, `[events, fields]`, so
    /// that predicting them says nothing of the music; empty if none does.
    fn determined(&self, _sequence: &Sequence) -> Vec<bool> {
        Vec::new()
    }

    /// The representation as one of cells; `None` if it is another.
    fn cells(&self) -> Option<&Cells> {
        None
    }

    /// One event so many semitones higher, which no other event becomes; `None` where it would
    /// leave the range of pitches.
    fn transposed(&self, event: &[Value], semitones: i8) -> Option<Vec<Value>>;

    /// The events of each bar, its bar event first; `None` if the representation has no bars. The
    /// end event belongs to none.
    fn bars(&self, _sequence: &Sequence) -> Option<Vec<std::ops::Range<usize>>> {
        None
    }

    /// The notes of each bar; `None` if the representation has no bars.
    fn bar_music(&self, _sequence: &Sequence) -> Option<Vec<BarMusic>> {
        None
    }

    /// What songs have; `None` if the representation has no instruments.
    fn observe(&self, _songs: &mut dyn Iterator<Item = Sequence>) -> Option<Observed> {
        None
    }

    /// How the cost of frames is counted; `None` if events are not frames of one length.
    fn frames(&self) -> Option<FrameUnits> {
        None
    }

    /// What an event is to the frames.
    fn frame_event(&self, _event: &[Value]) -> FrameEvent {
        FrameEvent::Outside
    }

    /// Whether the event holds a note (or, in `notes`, a chord; in `chorales` and `rolls`, a frame
    /// that sounds).
    fn is_note(&self, event: &[Value]) -> bool;

    /// The event as its values' names, fields that do not apply left out: `note 4 piano C4 1/4 mf`.
    fn describe(&self, event: &[Value]) -> String {
        let names = self.vocabulary().fields.iter().zip(event).enumerate();
        let named = names.filter(|(field, (_, value))| *field == 0 || **value != crate::NONE);
        let words: Vec<&str> = named
            .map(|(_, (field, value))| field.values.get(usize::from(*value)).map_or("?", String::as_str))
            .collect();
        words.join(" ")
    }
}

/// Which values may follow: walks along a sequence, event by event.
pub trait Grammar: Send {
    /// Writes into `allowed` (as long as the field's vocabulary) which values field number `field`
    /// of the next event may take, given the event's earlier fields (each allowed in its turn). At
    /// least one is always allowed (after the end: the end again, which [`Self::accept`] then
    /// refuses). Fields that do not apply allow [`crate::NONE`] alone.
    fn allowed(&self, earlier: &[Value], field: usize, allowed: &mut [bool]);

    /// Steps over one event.
    ///
    /// # Errors
    /// [`RepresentationError::Event`] if the event may not stand here; the grammar then stays where
    /// it was.
    fn accept(&mut self, event: &[Value]) -> Result<(), RepresentationError>;

    /// Whether the end event has been accepted.
    fn is_finished(&self) -> bool;

    /// Completed bars so far: the number of bar events less the one being written (0 before the
    /// first is closed).
    fn bars(&self) -> usize;

    /// Notes so far.
    fn notes(&self) -> usize;

    /// Seconds of music from the start to the current position.
    fn seconds(&self) -> f64;

    /// The notes that the last event stands for, where an event can stand for several; empty
    /// otherwise.
    fn played(&self) -> &[NoteEvent] {
        &[]
    }

    /// The notes that the next event would stand for, of which the fields up to those that decide
    /// it are given, where an event can repeat others; empty otherwise.
    fn stands_for(&self, _event: &[Value]) -> Vec<NoteEvent> {
        Vec::new()
    }

    /// Another grammar that stands where this one does.
    fn fork<'a>(&self) -> Box<dyn Grammar + 'a>
    where
        Self: 'a;
}
