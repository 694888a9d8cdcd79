//! How far a part may go: no wider a range than any training song's part of its instrument has, and
//! no larger a chord than nearly all of them.

use leitmotif_events::{EventKind, EventVocabulary, Observed, PitchValue, Value};
use std::sync::Arc;

/// The limits of an instrument.
#[derive(Debug, Clone, Copy)]
struct Limit {
    /// Semitones from the lowest to the highest note of a piece.
    widest: u8,
    /// Notes that begin together.
    chord: usize,
}

/// What the parts of a piece have played, and their limits; the default limits nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct PartLimits {
    /// By instrument value.
    limits: Arc<[Option<Limit>]>,
    /// By instrument value: the lowest and the highest pitch.
    ranges: Vec<Option<(u8, u8)>>,
    /// Position and instrument of the last note of the bar, and how many have begun with it.
    chord: Option<(Value, Value, usize)>,
}

impl PartLimits {
    /// The limits that training songs set.
    pub fn new(events: &EventVocabulary, observed: &Observed) -> Self {
        let limit = |instrument: &Option<leitmotif_score::Instrument>| {
            let part = observed.part((*instrument)?)?;
            Some(Limit { widest: part.widest, chord: part.chord })
        };
        let limits: Arc<[Option<Limit>]> = events.instruments.iter().map(limit).collect();
        Self { ranges: vec![None; limits.len()], limits, chord: None }
    }

    fn limit(&self, instrument: Value) -> Option<Limit> {
        self.limits.get(usize::from(instrument)).copied().flatten()
    }

    /// Follows an event.
    pub fn follow(&mut self, events: &EventVocabulary, event: &[Value]) {
        let kind = events.kind(event);
        if kind.is_bar() {
            self.chord = None;
        }
        let Some(note) = events.note_fields.filter(|_| kind == EventKind::Note && !self.limits.is_empty()) else {
            return;
        };
        let (position, instrument) = (event[note.position], event[note.instrument]);
        let together = match self.chord {
            Some((at, who, count)) if (at, who) == (position, instrument) => count + 1,
            _ => 1,
        };
        self.chord = Some((position, instrument, together));
        let pitch = events.pitch(event[note.pitch]);
        if let (Some(PitchValue { pitch, is_drum: false }), Some(range)) =
            (pitch, self.ranges.get_mut(usize::from(instrument)))
        {
            *range = Some(range.map_or((pitch, pitch), |(low, high)| (low.min(pitch), high.max(pitch))));
        }
    }

    /// Whether a note leaves the range of its part no wider than it may be.
    pub fn reaches(&self, events: &EventVocabulary, note: &[Value]) -> bool {
        let Some(fields) = events.note_fields else { return true };
        let instrument = note[fields.instrument];
        let range = self.ranges.get(usize::from(instrument)).copied().flatten();
        let (Some((low, high)), Some(Limit { widest, .. })) = (range, self.limit(instrument)) else { return true };
        match events.pitch(note[fields.pitch]) {
            Some(PitchValue { pitch, is_drum: false }) => high.max(pitch) - low.min(pitch) <= widest.max(high - low),
            _ => true,
        }
    }

    /// Takes out of `allowed` the instrument whose chord is full, and pitches that would widen a
    /// range too far.
    pub fn mask(&self, events: &EventVocabulary, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        let Some(note) = events.note(earlier) else { return };
        if field == note.instrument {
            let full = self.chord.filter(|(position, instrument, count)| {
                *position == earlier[note.position] && self.limit(*instrument).is_some_and(|it| *count >= it.chord)
            });
            if let Some((_, instrument, _)) = full {
                allowed[usize::from(instrument)] = false;
            }
        } else if field == note.pitch {
            let instrument = earlier[note.instrument];
            let range = self.ranges.get(usize::from(instrument)).copied().flatten();
            let (Some((low, high)), Some(Limit { widest, .. })) = (range, self.limit(instrument)) else { return };
            for (allowed, pitch) in allowed.iter_mut().zip(&events.pitches) {
                let Some(PitchValue { pitch, is_drum: false }) = *pitch else { continue };
                let within = (low..=high).contains(&pitch);
                *allowed &= within || high.max(pitch) - low.min(pitch) <= widest;
            }
        }
    }
}
