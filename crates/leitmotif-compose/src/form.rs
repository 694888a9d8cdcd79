//! Sections that return: in `AABA` the second and the last section repeat the first.
//!
//! For models of cells, since a cell can repeat an earlier one in one event: in a bar of a section
//! that returns, the parts of the bar it repeats play again, each as a reference to its cell there.
//! A share of these cells, the variation, is left to the model, which then repeats, varies or
//! writes anew as it does elsewhere.

use crate::ComposeError;
use leitmotif_events::cells::{Cells, Place};
use leitmotif_events::{EventKind, EventVocabulary, NONE, Value};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::sync::Arc;

/// The most sections of a form.
pub const MAX_SECTIONS: usize = 256;
/// Keeps the draws of variation apart from those of the music.
const VARIATION: u64 = 0x466F_726D;

/// A form that is asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FormRequest {
    /// A letter for each section; a letter that has come before repeats its section.
    pub sections: String,
    /// The share of the cells of sections that return that are left to the model, 0 to 1.
    pub variation: f64,
}

/// A form as far as the piece is written; the default asks for none.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    /// For each bar of the piece, how many bars ago it was; 0 for one that is new.
    lags: Arc<[usize]>,
    /// The kind of a cell that repeats another.
    repeat: Value,
    /// For each bar of the piece, the place of the bar that it repeats.
    places: Arc<[Value]>,
    variation: f64,
    rng: ChaCha8Rng,
    /// Instrument and part of the cells of each bar that has begun.
    bars: Vec<Vec<[Value; 2]>>,
    /// Whether the last of them is still to be written, with nothing of it drawn.
    is_due: bool,
    /// Whether that is left to the model.
    is_free: bool,
}

impl Default for Form {
    fn default() -> Self {
        Self {
            lags: Arc::from([]),
            repeat: NONE,
            places: Arc::from([]),
            variation: 0.0,
            rng: ChaCha8Rng::seed_from_u64(VARIATION),
            bars: Vec::new(),
            is_due: false,
            is_free: false,
        }
    }
}

impl Form {
    /// The form of a piece of so many bars.
    ///
    /// # Errors
    /// [`ComposeError`] for letters that are none, a length that they do not divide, or a section
    /// that returns from too far away.
    pub fn new(cells: &Cells, request: &FormRequest, bars: usize, seed: (u64, u64)) -> Result<Self, ComposeError> {
        let FormRequest { sections: text, variation } = request;
        let wrong = |good: &str| ComposeError::setting("form", text, good);
        let sections: Vec<char> = text.chars().collect();
        if sections.is_empty() || sections.len() > MAX_SECTIONS || !sections.iter().all(|it| it.is_ascii_alphabetic()) {
            return Err(wrong(&format!("1 to {MAX_SECTIONS} letters, one for each section, such as AABA")));
        }
        if !(0.0..=1.0).contains(variation) {
            return Err(ComposeError::setting("variation", variation, "between 0 and 1"));
        }
        let length = bars / sections.len();
        if length == 0 || !bars.is_multiple_of(sections.len()) {
            return Err(wrong(&format!("a number of letters that divides the {bars} bars of the piece")));
        }
        let lag = |(index, letter): (usize, &char)| {
            let before = sections[..index].iter().rposition(|it| it == letter);
            before.map_or(0, |before| (index - before) * length)
        };
        let lags: Vec<usize> = sections.iter().enumerate().map(lag).collect();
        let place = |lag: &usize| match lag {
            0 => Ok(NONE),
            lag => {
                let far = || wrong(&format!("sections that return within {} bars", Place::MOST_BACK));
                cells.bars_back(*lag).ok_or_else(far)
            }
        };
        let places: Vec<Value> = lags.iter().map(place).collect::<Result<_, _>>()?;
        let each_bar = |of: &[usize]| of.iter().flat_map(|it| std::iter::repeat_n(*it, length)).collect::<Vec<_>>();
        let mut rng = ChaCha8Rng::seed_from_u64(seed.0 ^ VARIATION);
        rng.set_stream(seed.1);
        Ok(Self {
            repeat: cells.repeat_kind(),
            places: places.iter().flat_map(|it| std::iter::repeat_n(*it, length)).collect(),
            lags: each_bar(&lags).into(),
            variation: *variation,
            rng,
            ..Self::default()
        })
    }

    /// The lags of the sections that return, in bars.
    pub fn lags(&self) -> impl Iterator<Item = usize> + '_ {
        self.lags.iter().copied().filter(|lag| *lag > 0)
    }

    /// The bars up to the last new one; `None` without a form.
    pub fn new_bars(&self) -> Option<usize> {
        self.lags.iter().rposition(|lag| *lag == 0).map(|last| last + 1)
    }

    /// Whether the bar being written belongs to a section that returns.
    pub fn returns(&self) -> bool {
        self.bars.len().checked_sub(1).is_some_and(|bar| self.source(bar).is_some())
    }

    /// The cells of the bar that bar number `bar` repeats.
    fn source(&self, bar: usize) -> Option<&[[Value; 2]]> {
        let lag = self.lags.get(bar).copied().filter(|lag| *lag > 0)?;
        Some(&self.bars[bar - lag])
    }

    /// Follows an event, which the grammar has accepted.
    pub fn follow(&mut self, events: &EventVocabulary, event: &[Value]) {
        let Some(fields) = events.note_fields.filter(|_| !self.lags.is_empty()) else { return };
        let kind = events.kind(event);
        if kind.is_bar() {
            self.bars.push(Vec::new());
        }
        match (kind.names_next(), self.bars.last_mut()) {
            (true, Some(bar)) => {
                let next = event[fields.instrument];
                self.is_due = next != NONE;
                if self.is_due {
                    bar.push([next, fields.part.map_or(NONE, |part| event[part])]);
                    self.is_free = self.rng.random_bool(self.variation);
                }
            }
            _ if matches!(kind, EventKind::Note | EventKind::Rhythm) => self.is_due = false,
            _ => {}
        }
    }

    /// Takes out of `allowed` what would not repeat the section that returns. Returns whether the
    /// form decides on this field.
    pub fn mask(&self, events: &EventVocabulary, earlier: &[Value], allowed: &mut [bool]) -> bool {
        let (Some(fields), field) = (events.note_fields, earlier.len()) else { return false };
        let kind = events.kind(earlier);
        let repeats = self.is_due && !self.is_free && self.returns();
        let value = if field == 0 {
            let repeat = usize::from(self.repeat);
            repeats.then_some(self.repeat).filter(|_| allowed.get(repeat) == Some(&true))
        } else if field == fields.position && kind == EventKind::Repeat {
            self.bars.len().checked_sub(1).filter(|_| repeats).map(|bar| self.places[bar])
        } else if kind.names_next() && (field == fields.instrument || Some(field) == fields.part) {
            // A bar's event names the first part of a bar that has not begun.
            let bar = self.bars.len().checked_sub(usize::from(!kind.is_bar()));
            let named = if kind.is_bar() { 0 } else { self.bars.last().map_or(0, Vec::len) };
            let next = bar.and_then(|bar| self.source(bar)).map(|source| source.get(named).copied());
            next.map(|next| next.unwrap_or([NONE; 2])[usize::from(field != fields.instrument)])
        } else {
            None
        };
        let Some(value) = value else { return false };
        allowed.iter_mut().enumerate().for_each(|(other, allowed)| *allowed &= other == usize::from(value));
        true
    }
}
