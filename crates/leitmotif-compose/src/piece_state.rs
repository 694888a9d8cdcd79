//! The state of a piece: when a bar may close, when the piece must end, and when an instrument that
//! has not played yet must. What that allows is in `masks`.
//!
//! Every requested instrument plays: when only as much room is left as those need that are still
//! missing, the lowest of them is the only one that may play, until all have. That room is counted
//! in bars, in notes, or as the second half of the seconds; in each of them the rule begins to hold
//! at the start of a bar or leaves the next bar open, so that it can always be obeyed. Before that,
//! an instrument that rests for longer than in songs is gently favoured.

mod masks;

use crate::Length;
use crate::attribute_mask::AttributeMask;
use crate::cells::KeptCell;
use crate::copies::Copies;
use crate::ensemble::Entries;
use crate::form::Form;
use crate::half_empty::HalfEmpty;
use crate::harmony::Harmony;
use crate::parts::PartLimits;
use crate::repeats::Repeats;
use leitmotif_events::{EventKind, EventVocabulary, Grammar, Value};

/// A length in seconds below which missing instruments play at once, because a single slow bar may
/// fill it.
const SHORT_SECONDS: f64 = 60.0;

/// The state of a piece as far as it is written.
#[derive(Debug, Clone)]
pub(crate) struct PieceState {
    pub length: Length,
    pub most_silent_bars: usize,
    pub most_notes_in_bar: usize,
    /// Which bars may repeat the one before.
    pub repeats: Repeats,
    /// Which bars may be half empty.
    pub half_empty: HalfEmpty,
    /// Requested instruments that have not played, ascending.
    pub missing: Vec<Value>,
    /// When the instruments of the ensemble play.
    pub entries: Entries,
    /// How far parts may go.
    pub parts: PartLimits,
    /// Whether the model draws the header, because the request leaves the instruments open.
    pub header_open: bool,
    /// The instruments that a drawn header names.
    named: Vec<Value>,
    /// The kind of the bars, once the first has begun.
    pub meter: Option<Value>,
    /// The kind of the tempo that comes next, before anything else of the bar.
    pub tempo_due: Option<usize>,
    /// Whether no other tempo may come.
    pub tempo_fixed: bool,
    /// Whether a tempo holds.
    pub tempo_known: bool,
    /// Whether notes come in cells.
    pub has_cells: bool,
    /// Whether cells may not be rests.
    pub no_rests: bool,
    /// The instrument of the cell that comes next in a window, where it is favoured to play.
    pub favoured: Option<Value>,
    /// By how many nats a rest is less likely than the model has it.
    pub rest_penalty: f32,
    /// The chords that are asked for.
    pub harmony: Harmony,
    /// The sections that return.
    pub form: Form,
    /// What the cell being written keeps of the notes that stood there.
    pub kept: Option<KeptCell>,
    /// Seconds of the result for each second the grammar counts.
    pub pace: f64,
    /// What the grammar had counted when composing began.
    pub start: Counted,
    /// What the grammar counts now, since the start.
    pub now: Counted,
    /// Bars begun.
    pub bars: usize,
    /// The kind that closes the bar being written, where nothing but notes and it may come: the
    /// frame of a piece is given.
    pub closing: Option<Value>,
    /// The attributes that bars keep to, where the model has attributes.
    pub attribute_mask: Option<AttributeMask>,
    /// What is written as far as copies are concerned, where they are to be avoided.
    pub copies: Option<Copies>,
    notes_in_bar: usize,
    /// Seconds when the bar began.
    bar_began: f64,
    /// Bars without a note up to now, the one being written included.
    silent: usize,
}

/// What a grammar counts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counted {
    pub bars: usize,
    pub notes: usize,
    pub seconds: f64,
}

impl Counted {
    pub fn by(grammar: &dyn Grammar) -> Self {
        Self { bars: grammar.bars(), notes: grammar.notes(), seconds: grammar.seconds() }
    }
}

impl PieceState {
    pub fn new(length: Length, start: Counted) -> Self {
        Self {
            length,
            most_silent_bars: usize::MAX,
            most_notes_in_bar: usize::MAX,
            repeats: Repeats::default(),
            half_empty: HalfEmpty::default(),
            missing: Vec::new(),
            entries: Entries::default(),
            parts: PartLimits::default(),
            header_open: false,
            named: Vec::new(),
            meter: None,
            tempo_due: None,
            tempo_fixed: false,
            tempo_known: false,
            has_cells: false,
            no_rests: false,
            favoured: None,
            rest_penalty: 0.0,
            harmony: Harmony::default(),
            form: Form::default(),
            kept: None,
            pace: 1.0,
            start,
            now: Counted::default(),
            bars: 0,
            closing: None,
            attribute_mask: None,
            copies: None,
            notes_in_bar: 0,
            bar_began: 0.0,
            silent: 0,
        }
    }

    fn most_bars(&self) -> usize {
        match self.length {
            Length::Bars(bars) | Length::Open { most_bars: bars } => bars,
            Length::Seconds(_) | Length::Notes(_) => usize::MAX,
        }
    }

    /// Whether nothing but the end may follow.
    fn complete(&self, bars: bool) -> bool {
        match self.length {
            Length::Bars(most) | Length::Open { most_bars: most } => !bars && self.now.bars >= most,
            Length::Seconds(seconds) => self.now.seconds >= seconds && self.missing.is_empty(),
            Length::Notes(notes) => self.now.notes >= notes,
        }
    }

    fn may_end(&self, bars: bool) -> bool {
        self.missing.is_empty()
            && match self.length {
                Length::Open { .. } => self.now.notes > 0,
                Length::Bars(most) if bars => self.bars == most && self.notes_in_bar > 0,
                _ => self.complete(bars),
            }
    }

    /// Whether the missing instruments must play now.
    fn due(&self) -> bool {
        self.due_in(self.bars)
    }

    /// Whether the missing instruments must play in bar `bar`, from 1.
    fn due_in(&self, bar: usize) -> bool {
        !self.missing.is_empty()
            && match self.length {
                Length::Bars(most) | Length::Open { most_bars: most } => {
                    self.missing.len() + bar > self.form.new_bars().unwrap_or(most)
                }
                Length::Notes(notes) => self.missing.len() + self.now.notes >= notes,
                Length::Seconds(seconds) => seconds < SHORT_SECONDS || self.bar_began >= seconds / 2.0,
            }
    }

    /// How much is done, 0 to 1.
    pub fn done(&self) -> f64 {
        let share = match self.length {
            Length::Bars(most) | Length::Open { most_bars: most } => {
                self.now.bars.max(self.bars.saturating_sub(1)) as f64 / most as f64
            }
            Length::Seconds(seconds) => self.now.seconds / seconds,
            Length::Notes(notes) => self.now.notes as f64 / notes as f64,
        };
        share.clamp(0.0, 1.0)
    }

    /// Whether the bar being written is the last of a length in bars.
    pub fn is_last_bar(&self) -> bool {
        matches!(self.length, Length::Bars(most) if self.bars == most) && self.closing.is_none()
    }

    /// Follows one event, which the grammar has accepted.
    pub fn follow(&mut self, events: &EventVocabulary, event: &[Value], grammar: &dyn Grammar) {
        self.now = Counted {
            bars: grammar.bars() - self.start.bars,
            notes: grammar.notes() - self.start.notes,
            seconds: (grammar.seconds() - self.start.seconds) * self.pace,
        };
        if let Some(attribute_mask) = &mut self.attribute_mask {
            attribute_mask.follow(events, event);
        }
        if events.kind(event) != EventKind::Note {
            self.follow_rules(events, event);
        }
        self.form.follow(events, event);
        match events.kind(event) {
            EventKind::Bar(meter) => {
                self.harmony.begin_bar(self.bars, meter.steps);
                self.half_empty.begin_bar(meter.steps);
                self.meter = event.first().copied();
                self.bars += 1;
                self.silent += 1;
                self.notes_in_bar = 0;
                self.bar_began = self.now.seconds;
            }
            EventKind::Tempo(_) => {
                self.tempo_due = None;
                self.tempo_known = true;
            }
            EventKind::Note => self.play(events, event),
            EventKind::Repeat | EventKind::Transposed => {
                for note in grammar.played() {
                    events.note_values(note).into_iter().for_each(|note| self.play(events, &note));
                }
            }
            EventKind::Chord(_) => self.harmony.follow(),
            // Another bar of a window: its notes are counted anew.
            EventKind::Write => self.notes_in_bar = 0,
            EventKind::Close | EventKind::Rest | EventKind::Hole | EventKind::Rhythm | EventKind::Window => {}
            EventKind::With => self.named.extend(events.note_fields.map(|note| event[note.instrument])),
            EventKind::Start | EventKind::Genre(_) | EventKind::End => {}
        }
    }

    /// What the rules keep of an event.
    fn follow_rules(&mut self, events: &EventVocabulary, event: &[Value]) {
        if let Some(copies) = &mut self.copies {
            copies.follow(events, event);
        }
        self.parts.follow(events, event);
        self.repeats.follow(events, event);
    }

    /// Follows a note, whether its event is one of its own or one that stands for several.
    fn play(&mut self, events: &EventVocabulary, note: &[Value]) {
        self.follow_rules(events, note);
        self.half_empty.play(events, note);
        self.notes_in_bar += 1;
        self.silent = 0;
        if let Some(fields) = events.note_fields {
            let player = note[fields.instrument];
            self.missing.retain(|&value| value != player);
            self.entries.play(player, self.bars);
        }
    }
}
