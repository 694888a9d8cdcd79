//! The content of an event: its typed meaning, and the typed meaning of each value that it is made
//! of.

use crate::{NONE, Value, Vocabulary};
use leitmotif_score::{ChordQuality, Instrument};

/// The value of a position field for the first step of a bar.
pub const FIRST_POSITION: Value = 1;

/// A time signature whose bars are a whole number of grid steps long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeSignature {
    /// The beat, as a part of a whole note; a power of two.
    pub denominator: u8,
    /// Beats of a bar.
    pub numerator: u8,
    /// Grid steps of a bar.
    pub steps: u64,
}

impl TimeSignature {
    /// The length of a bar in quarters.
    pub fn quarters(self) -> f64 {
        4.0 * f64::from(self.numerator) / f64::from(self.denominator)
    }
}

/// One event of the `events` representation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The piece begins.
    Start,
    /// The piece is of this genre: its number in the vocabulary's list.
    Genre(usize),
    /// An instrument of the header; all drum kits are kit 0.
    With(Instrument),
    /// A bar begins.
    Bar(TimeSignature),
    /// A tempo holds from a position on.
    Tempo {
        /// Grid steps from the beginning of the bar.
        position: u64,
        /// The tempo.
        tempo: TempoBin,
    },
    /// A note begins.
    Note(NoteEvent),
    /// The piece ends.
    End,
}

/// A note of a bar. The order of the fields is the order of notes within a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoteEvent {
    /// Grid steps from the beginning of the bar.
    pub position: u64,
    /// Who plays it; all drum kits are kit 0.
    pub instrument: Instrument,
    /// MIDI pitch, or drum sound: 0 to 127.
    pub pitch: u8,
    /// Length in grid steps; it may reach into later bars.
    pub duration: u64,
    /// 1 to 127, the middle of its bin.
    pub velocity: u8,
}

/// One of the tempos that an event can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TempoBin(pub(crate) Value);

/// What the value of the first field makes of an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EventKind {
    /// The piece begins.
    Start,
    /// A genre, by its number in the vocabulary's list.
    Genre(usize),
    /// An instrument of the header.
    With,
    /// A bar begins.
    Bar(TimeSignature),
    /// A tempo, in quarters a minute to a tenth.
    Tempo(f64),
    /// A note. In a representation without note fields, everything between the start and the end.
    Note,
    /// The piece ends.
    End,
    /// A cell of notes closes ([`crate::cells`], as the following).
    Close,
    /// A cell is a rest.
    Rest,
    /// A cell is not given; it is written later.
    Hole,
    /// A cell repeats another one.
    Repeat,
    /// A cell is another one, transposed.
    Transposed,
    /// A cell has the rhythm of another one.
    Rhythm,
    /// A window of bars begins, some of whose cells are given.
    Window,
    /// Cells of a bar follow that are not given.
    Write,
    /// A chord, of this quality; `None` for no chord.
    Chord(Option<ChordQuality>),
}

impl EventKind {
    /// Whether its event says whose cell comes next.
    pub fn names_next(self) -> bool {
        matches!(
            self,
            Self::Bar(_) | Self::Close | Self::Rest | Self::Hole | Self::Repeat | Self::Transposed | Self::Write
        )
    }

    /// Whether a bar begins.
    pub fn is_bar(self) -> bool {
        matches!(self, Self::Bar(_))
    }

    /// Whether it is a tempo.
    pub fn is_tempo(self) -> bool {
        matches!(self, Self::Tempo(_))
    }

    /// The length of the bar that begins, in quarters; 0 for everything else.
    pub fn quarters(self) -> f64 {
        match self {
            Self::Bar(signature) => signature.quarters(),
            _ => 0.0,
        }
    }
}

/// Which field holds which part of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteFields {
    /// The position in the bar.
    pub position: usize,
    /// The instrument.
    pub instrument: usize,
    /// Which of the parts with that instrument, where they are kept apart.
    pub part: Option<usize>,
    /// The pitch or drum sound.
    pub pitch: usize,
    /// The length.
    pub duration: usize,
    /// The velocity.
    pub velocity: usize,
}

/// What a value of the pitch field stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PitchValue {
    /// MIDI pitch, or drum sound: 0 to 127.
    pub pitch: u8,
    /// Whether it is a drum sound.
    pub is_drum: bool,
}

/// What each value of a representation's fields stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct EventVocabulary {
    /// Of each value of the first field.
    pub kinds: Vec<EventKind>,
    /// The fields of a note; `None` where no field holds a part of a note.
    pub note_fields: Option<NoteFields>,
    /// Of each value of the instrument field; `None` for the value that does not apply.
    pub instruments: Vec<Option<Instrument>>,
    /// Of each value of the pitch field; `None` for the value that does not apply.
    pub pitches: Vec<Option<PitchValue>>,
    /// Of each value of the duration field, in grid steps; 0 for the value that does not apply.
    pub durations: Vec<u64>,
    /// Fields that are not predicted, ascending: what they hold follows from the events and the
    /// fields before them.
    pub given: Vec<usize>,
}

impl EventVocabulary {
    /// What is known of a representation without note fields: which values of the first field start
    /// and end a piece.
    pub(crate) fn without_notes(vocabulary: &Vocabulary, start: Value, end: Value) -> Self {
        let mut kinds = vec![EventKind::Note; vocabulary.fields[0].values.len()];
        kinds[usize::from(start)] = EventKind::Start;
        kinds[usize::from(end)] = EventKind::End;
        Self {
            kinds,
            note_fields: None,
            instruments: Vec::new(),
            pitches: Vec::new(),
            durations: Vec::new(),
            given: Vec::new(),
        }
    }

    /// What an event is; [`EventKind::Start`] for an event without a known first value.
    pub fn kind(&self, event: &[Value]) -> EventKind {
        let kind = event.first().and_then(|&value| self.kinds.get(usize::from(value)));
        kind.copied().unwrap_or(EventKind::Start)
    }

    /// The fields of a note, if `event` is one that has them; its later fields may be missing.
    pub fn note(&self, event: &[Value]) -> Option<NoteFields> {
        self.note_fields.filter(|_| self.kind(event) == EventKind::Note)
    }

    /// The values of a note of the piece; `None` where the vocabulary cannot name it. Fields that
    /// are no part of a note are 0.
    pub fn note_values(&self, note: &NoteEvent) -> Option<Vec<Value>> {
        let fields = self.note_fields?;
        let value = |at: Option<usize>| at.map(|at| at as Value);
        let kind = value(self.kinds.iter().position(|kind| *kind == EventKind::Note))?;
        let instrument = value(self.instruments.iter().position(|it| *it == Some(note.instrument)))?;
        let wanted = Some(PitchValue { pitch: note.pitch, is_drum: note.instrument.is_drums() });
        let pitch = value(self.pitches.iter().position(|it| *it == wanted))?;
        let duration = value(self.durations.iter().rposition(|it| *it <= note.duration))?;
        let mut values = vec![NONE; fields.velocity.max(fields.duration) + 1];
        values[0] = kind;
        values[fields.position] = note.position as Value + FIRST_POSITION;
        values[fields.instrument] = instrument;
        values[fields.pitch] = pitch;
        values[fields.duration] = duration;
        values[fields.velocity] = Value::from(note.velocity);
        Some(values)
    }

    /// Whether notes come in cells.
    pub fn has_cells(&self) -> bool {
        self.kinds.contains(&EventKind::Close)
    }

    /// The field that decides which notes an event of this kind stands for, where it can stand for
    /// several.
    pub fn reference_field(&self, event: &[Value]) -> Option<usize> {
        let fields = self.note_fields?;
        match self.kind(event) {
            EventKind::Repeat => Some(fields.position),
            EventKind::Transposed => Some(fields.pitch),
            _ => None,
        }
    }

    /// Whether a value of the instrument field stands for drums.
    pub fn is_drums(&self, instrument: Value) -> bool {
        self.instruments.get(usize::from(instrument)).copied().flatten().is_some_and(Instrument::is_drums)
    }

    /// What a value of the pitch field stands for.
    pub fn pitch(&self, value: Value) -> Option<PitchValue> {
        self.pitches.get(usize::from(value)).copied().flatten()
    }

    /// The value of the kind that ends a piece.
    pub fn end(&self) -> Option<usize> {
        self.kinds.iter().position(|&kind| kind == EventKind::End)
    }

    /// The time signatures that a bar can have.
    pub fn time_signatures(&self) -> impl Iterator<Item = TimeSignature> {
        self.kinds.iter().filter_map(|kind| match kind {
            EventKind::Bar(signature) => Some(*signature),
            _ => None,
        })
    }

    /// The value of the kind that begins a bar of this numerator and denominator.
    pub fn bar(&self, meter: (u8, u8)) -> Option<usize> {
        let is = |kind: &EventKind| matches!(kind, EventKind::Bar(it) if (it.numerator, it.denominator) == meter);
        self.kinds.iter().position(is)
    }

    /// The value of the kind of the tempo nearest to `tempo` (as a ratio), and that tempo in
    /// quarters a minute.
    pub fn tempo(&self, tempo: f64) -> Option<(usize, f64)> {
        let tempos = self.kinds.iter().enumerate().filter_map(|(value, kind)| match kind {
            EventKind::Tempo(other) => Some((value, *other)),
            _ => None,
        });
        tempos.min_by(|a, b| (a.1 / tempo).ln().abs().total_cmp(&(b.1 / tempo).ln().abs()))
    }
}

/// The grid step of a value of a position field; `None` for the value that does not apply.
pub fn step_of(position: Value) -> Option<u64> {
    (position != NONE).then(|| u64::from(position - FIRST_POSITION))
}
