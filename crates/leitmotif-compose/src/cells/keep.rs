//! A cell that is written anew but keeps its rhythm, or its pitches.

use leitmotif_events::cells::Cell;
use leitmotif_events::{EventKind, EventVocabulary, FIRST_POSITION, Value};

/// What a written cell keeps of the notes that stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Onsets, durations and the number of notes; pitches are new.
    Rhythm,
    /// Pitches, in their order; onsets and durations are new.
    Pitches,
}

/// A cell as far as it is written, and what it keeps.
#[derive(Debug, Clone)]
pub(crate) struct KeptCell {
    pub keep: Keep,
    /// The notes that stood there, in the order in which their pitches or onsets return.
    pub cell: Cell,
    /// Notes written.
    pub written: usize,
    /// The position and pitch of the last of them.
    pub last: Option<(u64, u8)>,
    /// Steps of the bar.
    pub steps: u64,
}

impl KeptCell {
    /// Takes out of `allowed` what would not keep it.
    pub fn mask(&self, events: &EventVocabulary, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        let Some(note) = events.note_fields else { return };
        let next = self.cell.get(self.written);
        if field == 0 {
            let wanted = match next {
                Some(_) => EventKind::Note,
                None if self.cell.is_empty() => EventKind::Rest,
                None => EventKind::Close,
            };
            let kinds = allowed.iter_mut().zip(&events.kinds);
            return kinds.for_each(|(allowed, kind)| *allowed &= *kind == wanted);
        }
        let (Some(next), EventKind::Note) = (next, events.kind(earlier)) else { return };
        let mut only = |test: &dyn Fn(usize) -> bool| {
            allowed.iter_mut().enumerate().for_each(|(value, allowed)| *allowed &= test(value));
        };
        let pitch_of = |value: usize| events.pitches.get(value).copied().flatten().map(|it| it.pitch);
        let step_of = |value: usize| (value as u64).checked_sub(u64::from(FIRST_POSITION));
        match self.keep {
            Keep::Rhythm if field == note.position => only(&|value| step_of(value) == Some(next.position)),
            Keep::Rhythm if field == note.duration => {
                only(&|value| value > 0 && events.durations.get(value) == Some(&next.duration));
            }
            // Room for the notes of the chord that are still to come.
            Keep::Rhythm if field == note.pitch => {
                let chord = self.cell[self.written + 1..].iter().take_while(|it| it.position == next.position).count();
                only(&|value| pitch_of(value).is_some_and(|pitch| usize::from(pitch) + chord < 128));
            }
            Keep::Pitches if field == note.pitch => only(&|value| pitch_of(value) == Some(next.pitch)),
            // A lower pitch cannot begin with the note before; what follows needs room, too.
            Keep::Pitches if field == note.position => {
                let falls = self.last.is_some_and(|(_, pitch)| next.pitch <= pitch);
                let from = self.last.map_or(0, |(position, _)| position + u64::from(falls));
                let until = self.steps.saturating_sub(self.room());
                only(&|value| step_of(value).is_some_and(|step| step >= from && step < until));
            }
            _ => {}
        }
    }

    /// Steps that notes still to come need at the end of the bar, where pitches are kept: each
    /// that is not higher than the one before it begins later.
    fn room(&self) -> u64 {
        let rest = &self.cell[(self.written + 1).min(self.cell.len())..];
        let from = &self.cell[self.written.min(self.cell.len())..];
        from.iter().zip(rest).filter(|(a, b)| b.pitch <= a.pitch).count() as u64
    }
}
