//! Bars that are half empty: how many may be.
//!
//! In most songs something sounds nearly all the time, but the first bar, where a piece begins with
//! a pickup, and the last. A model that has learnt from few songs may take the pickup for how bars
//! go on. So a bar between the first and the last in half of which or more nothing sounds is drawn
//! again where more of them would be than in the song whose ensemble plays.

use crate::Length;
use leitmotif_events::{Coverage, Ensemble, EventVocabulary, Value, step_of};

/// The half-empty bars of a piece; the default limits nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct HalfEmpty {
    /// The share of all bars that may be half empty.
    share: Option<f64>,
    /// How many bars the share is of, where the length is in bars; else those begun so far.
    of_bars: Option<usize>,
    /// Bars begun.
    bars: usize,
    /// The bar being written.
    coverage: Coverage,
    /// Bars after the first that were half empty.
    all: usize,
}

impl HalfEmpty {
    /// As many as the song has.
    pub fn new(song: Option<&Ensemble>, length: Length) -> Self {
        let share = song.and_then(|song| Some(song.half_empty? as f64 / song.bars.max(1) as f64));
        let of_bars = match length {
            Length::Bars(bars) => Some(bars),
            _ => None,
        };
        Self { share, of_bars, ..Self::default() }
    }

    /// Whether the bar being written may not be half empty, unless it is the last.
    pub fn must_sound(&self) -> bool {
        let bars = self.of_bars.unwrap_or(self.bars) as f64;
        self.bars > 1 && self.share.is_some_and(|share| self.all as f64 + 1.0 > (share * bars).ceil())
    }

    /// Whether the bar being written is half empty and may not be, unless it is the last.
    pub fn is_one_too_many(&self) -> bool {
        self.must_sound() && self.coverage.is_half_empty()
    }

    /// Begins a bar of so many grid steps.
    pub fn begin_bar(&mut self, steps: u64) {
        self.all += usize::from(self.bars > 1 && self.coverage.is_half_empty());
        self.bars += 1;
        self.coverage.begin_bar(steps);
    }

    /// Follows a note.
    pub fn play(&mut self, events: &EventVocabulary, note: &[Value]) {
        let Some(fields) = events.note_fields else { return };
        let duration = events.durations.get(usize::from(note[fields.duration]));
        if let (Some(position), Some(duration)) = (step_of(note[fields.position]), duration) {
            self.coverage.play(position, *duration);
        }
    }
}
