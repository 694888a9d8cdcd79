//! The state of a piece: when a bar may close, when the piece must end, and when an instrument that
//! has not played yet must.
//!
//! Every requested instrument plays: when only as much room is left as those need that are still
//! missing, the lowest of them is the only one that may play, until all have. That room is counted
//! in bars, in notes, or as the second half of the seconds; in each of them the rule begins to hold
//! at the start of a bar or leaves the next bar open, so that it can always be obeyed. Before that,
//! an instrument that rests for longer than in songs is gently favoured.

use crate::Length;
use crate::attribute_mask::AttributeMask;
use crate::cells::KeptCell;
use crate::copies::Copies;
use crate::ensemble::Entries;
use crate::form::Form;
use crate::harmony::Harmony;
use crate::parts::PartLimits;
use crate::repeats::Repeats;
use leitmotif_events::{EventKind, EventVocabulary, FIRST_POSITION, Grammar, NONE, Value};

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

    /// Takes out of `allowed` what may not come now. With `free`, openings are left to the grammar.
    pub fn mask(&self, events: &EventVocabulary, earlier: &[Value], field: usize, free: bool, allowed: &mut [bool]) {
        let Some(note) = events.note_fields else {
            if field == 0 {
                let (complete, may_end) = (self.complete(false), self.may_end(false));
                for (allowed, kind) in allowed.iter_mut().zip(&events.kinds) {
                    *allowed &= if *kind == EventKind::End { may_end } else { !complete };
                }
            }
            return;
        };
        if self.harmony.is_due() && self.tempo_known && self.tempo_due.is_none() {
            return self.harmony.mask_due(events, field, allowed);
        }
        if self.form.mask(events, earlier, allowed) {
            return;
        }
        let due = self.due();
        if field == 0 {
            return self.mask_kinds(events, due, free, allowed);
        }
        if self.has_cells && events.kind(earlier).names_next() {
            if field == note.instrument {
                self.mask_next(events.kind(earlier), allowed);
            }
        } else if field == note.position && events.kind(earlier).is_tempo() {
            if self.tempo_due.is_some() {
                only(allowed, FIRST_POSITION.into());
            }
        } else if due && !self.has_cells && events.kind(earlier) == EventKind::Note {
            if field == note.position && matches!(self.length, Length::Seconds(_)) {
                only(allowed, FIRST_POSITION.into());
            } else if field == note.instrument {
                only(allowed, usize::from(self.missing[0]));
            }
        }
    }

    /// Takes out of `allowed` what would leave the requested attributes.
    pub fn attributes(&self, events: &EventVocabulary, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        if let Some(attribute_mask) = self.attribute_mask.as_ref().filter(|_| !self.due() && self.tempo_due.is_none()) {
            attribute_mask.mask(events, earlier, field, allowed);
        }
    }

    /// Takes out of `allowed` other meters than the piece's, and instruments that its own header
    /// does not name.
    pub fn ensemble(&self, events: &EventVocabulary, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        let Some(note) = events.note_fields else { return };
        if let Some(meter) = self.meter.filter(|_| field == 0) {
            let other = |value: usize, kind: EventKind| kind.is_bar() && value != usize::from(meter);
            let kinds = allowed.iter_mut().zip(&events.kinds).enumerate();
            kinds.for_each(|(value, (allowed, kind))| *allowed &= !other(value, *kind));
        } else if field == note.instrument && !self.named.is_empty() && events.kind(earlier) == EventKind::Note {
            let values = allowed.iter_mut().enumerate();
            values.for_each(|(value, allowed)| *allowed &= self.named.contains(&(value as Value)));
        }
    }

    /// Takes out of `allowed` who may not come next in a bar of cells, or that nobody comes: a
    /// missing instrument is not passed over when it must play, and a bar is not silent where it
    /// may not be.
    fn mask_next(&self, kind: EventKind, allowed: &mut [bool]) {
        let begins = kind.is_bar();
        let bars = self.bars + usize::from(begins);
        let last = matches!(self.length, Length::Bars(most) if bars >= most);
        if begins && (last || self.silent >= self.most_silent_bars) {
            allowed[usize::from(NONE)] = false;
        }
        let missing = self.missing.iter().find(|value| allowed.get(usize::from(**value)) == Some(&true));
        if let Some(missing) = missing.filter(|_| self.due_in(bars)) {
            let others = allowed.iter_mut().enumerate();
            others.for_each(|(value, allowed)| *allowed &= value > 0 && value <= usize::from(*missing));
        }
    }

    fn mask_kinds(&self, events: &EventVocabulary, due: bool, free: bool, allowed: &mut [bool]) {
        if let Some(closing) = self.closing {
            for (value, (allowed, kind)) in allowed.iter_mut().zip(&events.kinds).enumerate() {
                let more = *kind == EventKind::Note && self.notes_in_bar < self.most_notes_in_bar;
                *allowed &= more || value == usize::from(closing);
            }
            return;
        }
        let (before_bars, complete) = (self.bars == 0, self.complete(true));
        // A bar of cells is written to its end.
        let within = !before_bars && (!complete || self.has_cells);
        let empty = self.notes_in_bar == 0;
        let may_close = before_bars
            || !(complete
                || self.tempo_due.is_some()
                || due && !matches!(self.length, Length::Notes(_)) && !self.has_cells
                || empty && self.silent > self.most_silent_bars);
        for (value, (allowed, kind)) in allowed.iter_mut().zip(&events.kinds).enumerate() {
            *allowed &= match kind {
                EventKind::Note | EventKind::Repeat | EventKind::Transposed | EventKind::Rhythm => {
                    within && self.tempo_due.is_none() && self.notes_in_bar < self.most_notes_in_bar
                }
                // Which cells are given is no choice of the model's, and what may come there is the
                // grammar's.
                EventKind::Close | EventKind::Write => within,
                EventKind::Rest => within && !self.no_rests,
                EventKind::Chord(_) | EventKind::Window | EventKind::Hole => false,
                EventKind::Tempo(_) => match self.tempo_due {
                    Some(wanted) => within && value == wanted,
                    None => within && !self.tempo_fixed && !(due && self.tempo_known),
                },
                EventKind::Bar(_) => may_close && self.bars < self.most_bars(),
                EventKind::End => !before_bars && self.may_end(true),
                EventKind::Start | EventKind::Genre(_) | EventKind::With => free || self.header_open && before_bars,
            };
        }
    }

    /// When nothing is left: another bar, or the end.
    pub fn close(&self, events: &EventVocabulary, allowed: &mut [bool]) {
        if let Some(closing) = self.closing {
            return only(allowed, usize::from(closing));
        }
        let more = events.note_fields.is_some() && self.bars < self.most_bars() && !self.complete(true);
        for (allowed, kind) in allowed.iter_mut().zip(&events.kinds) {
            let closes = if more { kind.is_bar() } else { *kind == EventKind::End };
            *allowed &= closes || *kind == EventKind::Close;
        }
    }

    /// When even that leaves nothing: the end, unless the frame of the piece is given.
    pub fn end(&self, events: &EventVocabulary, allowed: &mut [bool]) {
        let may_end = self.closing.is_none();
        allowed
            .iter_mut()
            .zip(&events.kinds)
            .for_each(|(allowed, kind)| *allowed &= may_end && *kind == EventKind::End);
    }

    /// How likely the model is to end where it closes the last bar, as a share of closing it at
    /// all, from 0 to 1; 0 elsewhere.
    pub fn ending(&self, events: &EventVocabulary, logits: &[f32]) -> f64 {
        if events.note_fields.is_none() || !self.is_last_bar() {
            return 0.0;
        }
        let closing = |kind: &EventKind| kind.is_bar() || *kind == EventKind::End;
        let most = logits.iter().zip(&events.kinds).filter(|(_, kind)| closing(kind));
        let most = most.fold(f32::NEG_INFINITY, |most, (logit, _)| most.max(*logit));
        let (mut end, mut all) = (0.0, 0.0);
        for (logit, kind) in logits.iter().zip(&events.kinds).filter(|(_, kind)| closing(kind)) {
            let weight = f64::from((logit - most).exp());
            all += weight;
            end += if *kind == EventKind::End { weight } else { 0.0 };
        }
        if all > 0.0 { end / all } else { 0.0 }
    }

    /// Whether the bar being written is the last of a length in bars.
    pub fn is_last_bar(&self) -> bool {
        matches!(self.length, Length::Bars(most) if self.bars == most) && self.closing.is_none()
    }

    /// Shifts the model's logits: instruments that rest for long are favoured; in the last bar the
    /// probability of another bar moves to the end, and where the closing kind is given, that of
    /// every closing kind to it.
    pub fn shift(&self, events: &EventVocabulary, earlier: &[Value], field: usize, logits: &mut [f32]) {
        let Some(note) = events.note_fields else { return };
        if let Some(attribute_mask) = &self.attribute_mask {
            attribute_mask.shift(events, earlier, field, logits);
        }
        if field == 0 {
            if let Some(player) = self.favoured {
                let missing = self.entries.missing(player, self.bars) as f32;
                let rests = logits.iter_mut().zip(&events.kinds).filter(|(_, kind)| **kind == EventKind::Rest);
                rests.for_each(|(logit, _)| *logit -= missing);
            }
            let end = || events.end();
            let last = self.bars == self.most_bars();
            let wished = self.closing.map(usize::from).or_else(|| if last { end() } else { None });
            if let Some(wished) = wished {
                close_by(events, wished, logits);
            }
        } else if field == note.instrument {
            let kind = events.kind(earlier);
            match self.has_cells {
                true if kind.names_next() => self.entries.favour(self.bars + usize::from(kind.is_bar()), logits),
                false if kind == EventKind::Note => self.entries.favour(self.bars, logits),
                _ => {}
            }
        }
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
        self.notes_in_bar += 1;
        self.silent = 0;
        if let Some(fields) = events.note_fields {
            let player = note[fields.instrument];
            self.missing.retain(|&value| value != player);
            self.entries.play(player, self.bars);
        }
    }
}

/// Moves the probability of every closing kind to one kind.
fn close_by(events: &EventVocabulary, wished: usize, logits: &mut [f32]) {
    let closing = |kind: &EventKind| kind.is_bar() || *kind == EventKind::End;
    let wishes = || logits.iter().zip(&events.kinds).filter(|(_, kind)| closing(kind)).map(|(logit, _)| *logit);
    let most = wishes().fold(f32::NEG_INFINITY, f32::max);
    if most.is_finite() {
        let sum = most + wishes().map(|logit| (logit - most).exp()).sum::<f32>().ln();
        logits[wished] = sum;
    }
}

fn only(allowed: &mut [bool], value: usize) {
    allowed.iter_mut().enumerate().for_each(|(other, allowed)| *allowed &= other == value);
}
