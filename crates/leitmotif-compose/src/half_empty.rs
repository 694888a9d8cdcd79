//! Bars that are half empty: how many may be.
//!
//! In most songs something sounds nearly all the time, but the first bar, where a piece begins with
//! a pickup, and the last. A model that has learnt from few songs may take the pickup for how bars
//! go on. So a bar between the first and the last in half of which or more nothing sounds is drawn
//! again where more of them would be than in the song whose ensemble plays.

use crate::Length;
use leitmotif_events::{Coverage, Ensemble, EventKind, EventVocabulary, Value, step_of};

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
    /// Whether no cell of the bar may repeat another bar's.
    anew: bool,
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

    /// Refuses cells that repeat those of other bars, until the bar ends.
    pub fn write_anew(&mut self) {
        self.anew = true;
    }

    /// Takes out of `allowed`, the kinds of an event, those that repeat other bars where the bar is
    /// written anew.
    pub fn mask(&self, events: &EventVocabulary, field: usize, allowed: &mut [bool]) {
        if !self.anew || field > 0 {
            return;
        }
        let repeats = |kind| matches!(kind, EventKind::Repeat | EventKind::Transposed | EventKind::Rhythm);
        allowed.iter_mut().zip(&events.kinds).for_each(|(allowed, kind)| *allowed &= !repeats(*kind));
    }

    /// Begins a bar of so many grid steps.
    pub fn begin_bar(&mut self, steps: u64) {
        self.all += usize::from(self.bars > 1 && self.coverage.is_half_empty());
        self.bars += 1;
        self.anew = false;
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use leitmotif_events::{FIRST_POSITION, RepresentationConfig, build};
    use leitmotif_score::Instrument;

    fn song(half_empty: Option<usize>) -> Ensemble {
        let meter = (4, 4);
        Ensemble {
            genre: None,
            tempo: 120.0,
            meter,
            bars: 8,
            repeats: 0,
            repeats_in_a_row: 0,
            half_empty,
            parts: vec![],
        }
    }

    #[test]
    fn a_share_of_the_bars_after_the_first_may_be_half_empty() {
        let representation = build(&RepresentationConfig::Events { grid: 12, genres: Vec::new() }).unwrap();
        let events = representation.events();
        let fields = events.note_fields.unwrap();
        let mut note = vec![0; representation.vocabulary().sizes().len()];
        note[fields.position] = FIRST_POSITION;
        note[fields.instrument] =
            events.instruments.iter().position(|it| *it == Some(Instrument::Program(0))).unwrap() as Value;
        note[fields.duration] = events.durations.iter().position(|steps| *steps == 36).unwrap() as Value;
        for (most, refused) in [
            (None, [false; 5]),
            (Some(0), [false, true, true, false, true]),
            (Some(2), [false, false, false, false, true]),
        ] {
            let mut bars = HalfEmpty::new(Some(&song(most)), Length::Bars(8));
            let full = [false, false, false, true, false];
            let found = full.map(|full| {
                bars.begin_bar(48);
                if full {
                    bars.play(events, &note);
                }
                bars.is_one_too_many()
            });
            assert_eq!(found, refused, "{most:?}");
        }
    }

    #[test]
    fn what_is_written_anew_repeats_no_other_bar() {
        let config = RepresentationConfig::Cells { grid: 12, genres: Vec::new(), references: true };
        let representation = build(&config).unwrap();
        let events = representation.events();
        let mut bars = HalfEmpty::default();
        let allowed = |bars: &HalfEmpty, field| {
            let mut allowed = vec![true; events.kinds.len()];
            bars.mask(events, field, &mut allowed);
            allowed
        };
        bars.begin_bar(48);
        assert!(allowed(&bars, 0).iter().all(|allowed| *allowed));
        bars.write_anew();
        let repeats = |kind| matches!(kind, EventKind::Repeat | EventKind::Transposed | EventKind::Rhythm);
        assert!(events.kinds.iter().any(|kind| repeats(*kind)));
        assert!(allowed(&bars, 0).iter().zip(&events.kinds).all(|(allowed, kind)| *allowed != repeats(*kind)));
        assert!(allowed(&bars, 1).iter().all(|allowed| *allowed), "a field that is no kind");
        bars.begin_bar(48);
        assert!(allowed(&bars, 0).iter().all(|allowed| *allowed));
    }
}
