//! Bars that repeat the one before: how many may, and what a bar does that must not.
//!
//! Two bars are equal if the same pitches of the same instruments begin at the same positions in
//! them, however long and loud.

use crate::Length;
use leitmotif_events::{Ensemble, EventKind, EventVocabulary, Observed, Value};

/// How many bars of a piece may repeat the one before.
#[derive(Debug, Clone, Copy, Default)]
struct Limits {
    /// Identical bars in a row; 0 for no limit.
    in_a_row: usize,
    /// The share of all bars, where it is known from songs.
    share: Option<f64>,
}

/// The bars of a piece as far as they repeat each other; the default limits nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Repeats {
    limits: Limits,
    /// How many bars the share is of, where the length is in bars; else those begun so far.
    of_bars: Option<usize>,
    /// Bars begun.
    bars: usize,
    /// Position, instrument and pitch of the notes of the bar being written, and of the one before.
    bar: Vec<(Value, Value, Value)>,
    before: Vec<(Value, Value, Value)>,
    /// The note, by its place in the bar, with which the bar must depart from the one before, at
    /// the latest.
    departs_at: Option<usize>,
    /// Whether a bar has repeated until it had to depart.
    loops: bool,
    /// Bars that were equal to the one before: the last ones in a row, and all.
    in_a_row: usize,
    all: usize,
}

impl Repeats {
    /// As many identical bars in a row as was requested (0 for no limit), or as the songs of a
    /// genre (of all genres where none is named) have, and the share that the song has whose
    /// ensemble plays.
    pub fn new(
        asked: usize,
        observed: Option<&Observed>,
        genre: Option<&String>,
        song: Option<&Ensemble>,
        length: Length,
    ) -> Self {
        if asked == 0 {
            return Self::default();
        }
        let of_genre = |song: &&Ensemble| genre.is_none_or(|genre| song.genre.as_ref() == Some(genre));
        let songs = observed.iter().flat_map(|observed| &observed.ensembles).filter(of_genre);
        let most = songs.map(|song| song.repeats_in_a_row + 1).max().unwrap_or(0);
        let share = song.map(|song| song.repeats as f64 / song.bars.max(1) as f64);
        let of_bars = match length {
            Length::Bars(bars) => Some(bars),
            _ => None,
        };
        Self { limits: Limits { in_a_row: asked.max(most), share }, of_bars, ..Self::default() }
    }

    /// Whether the bar being written must differ from the one before it.
    pub fn must_differ(&self) -> bool {
        let Limits { in_a_row, share } = self.limits;
        let bars = self.of_bars.unwrap_or(self.bars) as f64;
        let many = share.is_some_and(|share| self.all as f64 + 1.0 > (share * bars).ceil());
        in_a_row > 0 && self.bars > 1 && (many || self.in_a_row + 1 >= in_a_row)
    }

    /// Whether the bar about to close must not be as it is.
    pub fn is_one_too_many(&self) -> bool {
        self.must_differ() && self.is_equal()
    }

    /// Whether the bar must depart from the one before as soon as it is begun: a bar of this piece
    /// has repeated until it had to, and what is refused at once need not be drawn twice.
    pub fn departs_at_once(&self) -> bool {
        self.loops && self.must_differ()
    }

    /// Makes the bar depart from the one before with a note (or before it closes) that `chance`,
    /// from 0 to 1, chooses.
    pub fn depart(&mut self, chance: f64) {
        let places = self.before.len() + 1;
        self.departs_at = Some(((chance * places as f64) as usize).min(places - 1));
    }

    /// Takes out of `allowed` what would repeat the bar before where this one must depart from it.
    pub fn mask(&self, events: &EventVocabulary, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        let (Some(note), Some(at)) = (events.note_fields, self.departs_at) else { return };
        if self.bar.len() != at || self.bar != self.before[..at] {
            return;
        }
        match self.before.get(at) {
            None if field == 0 => {
                let kinds = allowed.iter_mut().zip(&events.kinds);
                kinds.for_each(|(allowed, kind)| *allowed &= !kind.is_bar() && *kind != EventKind::End);
            }
            Some(&(position, instrument, pitch))
                if field == note.pitch
                    && (earlier[note.position], earlier[note.instrument]) == (position, instrument) =>
            {
                allowed[usize::from(pitch)] = false;
            }
            _ => {}
        }
    }

    /// Follows one event.
    pub fn follow(&mut self, events: &EventVocabulary, event: &[Value]) {
        let Some(note) = events.note_fields else { return };
        match events.kind(event) {
            EventKind::Bar(_) => self.begin_bar(),
            EventKind::Note => self.bar.push((event[note.position], event[note.instrument], event[note.pitch])),
            _ => {}
        }
    }

    fn begin_bar(&mut self) {
        let equal = self.is_equal();
        self.in_a_row = if equal { self.in_a_row + 1 } else { 0 };
        self.all += usize::from(equal);
        let repeated = |at: usize| self.bar.get(..at).is_some_and(|bar| Some(bar) == self.before.get(..at));
        self.loops |= self.departs_at.take().is_some_and(repeated);
        self.before = std::mem::take(&mut self.bar);
        self.bars += 1;
    }

    fn is_equal(&self) -> bool {
        !self.bar.is_empty() && self.bar == self.before
    }
}
