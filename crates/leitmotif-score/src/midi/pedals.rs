//! The pedals of a channel: sustain (controller 64) and sostenuto (66), and the notes they hold.
//!
//! From [`DOWN`] on a pedal is down, as the MIDI specification says of switches: a half pedal is
//! down or up. Sustain holds every note that is let go while it is down; sostenuto those whose keys
//! were down when it was pressed. Both hold a note until the last of them is lifted, or until its
//! pitch is struck again.

use super::perform::Sounding;
use std::collections::BTreeMap;

/// From this value on a pedal is down.
pub(super) const DOWN: u8 = 64;

/// A place among the events of all tracks, in the order in which they are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    pub tick: u64,
    pub track: u16,
    pub byte: u32,
}

type Notes = BTreeMap<u8, Vec<Sounding>>;

/// Both pedals, and the notes that only they hold, by pitch.
#[derive(Debug, Default)]
pub(super) struct Pedals {
    sustain: bool,
    sustained: Notes,
    /// Since when the sostenuto pedal is down.
    sostenuto: Option<Moment>,
    captured: Notes,
}

impl Pedals {
    /// Moves the sustain pedal; returns the notes that end.
    pub fn sustain(&mut self, value: u8) -> Vec<Sounding> {
        self.sustain = value >= DOWN;
        if self.sustain { Vec::new() } else { all(&mut self.sustained) }
    }

    /// Moves the sostenuto pedal; returns the notes that end.
    pub fn sostenuto(&mut self, value: u8, at: Moment) -> Vec<Sounding> {
        if value >= DOWN {
            self.sostenuto.get_or_insert(at);
            return Vec::new();
        }
        self.sostenuto = None;
        if !self.sustain {
            return all(&mut self.captured);
        }
        for (pitch, notes) in std::mem::take(&mut self.captured) {
            self.sustained.entry(pitch).or_default().extend(notes);
        }
        Vec::new()
    }

    /// Lifts both; returns the notes that end.
    pub fn lift(&mut self) -> Vec<Sounding> {
        (self.sustain, self.sostenuto) = (false, None);
        let mut notes = all(&mut self.sustained);
        notes.extend(all(&mut self.captured));
        notes
    }

    /// Takes a note that is let go and was `struck` then; false if no pedal holds it.
    pub fn hold(&mut self, pitch: u8, note: Sounding, struck: Moment) -> bool {
        let notes = match self.sostenuto {
            Some(since) if struck < since => &mut self.captured,
            _ if self.sustain => &mut self.sustained,
            _ => return false,
        };
        notes.entry(pitch).or_default().push(note);
        true
    }

    /// The notes that end because their pitch is struck again.
    pub fn struck(&mut self, pitch: u8) -> Vec<Sounding> {
        let mut notes = self.sustained.remove(&pitch).unwrap_or_default();
        notes.extend(self.captured.remove(&pitch).unwrap_or_default());
        notes
    }
}

fn all(notes: &mut Notes) -> Vec<Sounding> {
    std::mem::take(notes).into_values().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(tick: u64) -> Moment {
        Moment { tick, track: 0, byte: 0 }
    }

    #[test]
    fn sustain_holds_what_is_let_go_while_it_is_down() {
        let mut pedals = Pedals::default();
        assert!(!pedals.hold(60, (0, 0, 0), at(0)));
        pedals.sustain(63);
        assert!(!pedals.hold(60, (0, 1, 0), at(0)), "less than half");
        pedals.sustain(64);
        assert!(pedals.hold(60, (0, 2, 0), at(0)));
        assert!(pedals.hold(61, (0, 3, 0), at(0)));
        assert_eq!(pedals.struck(60), [(0, 2, 0)]);
        assert_eq!(pedals.sustain(0), [(0, 3, 0)]);
    }

    #[test]
    fn sostenuto_holds_what_sounded_when_it_was_pressed() {
        let mut pedals = Pedals::default();
        pedals.sostenuto(127, at(5));
        pedals.sostenuto(100, at(9));
        assert!(pedals.hold(60, (0, 0, 0), at(4)));
        assert!(!pedals.hold(61, (0, 1, 0), at(7)), "struck after the pedal");
        pedals.sustain(127);
        assert!(pedals.hold(62, (0, 2, 0), at(7)));
        assert_eq!(pedals.sustain(0), [(0, 2, 0)]);
        pedals.sustain(127);
        assert_eq!(pedals.sostenuto(0, at(10)), [], "the sustain pedal holds it on");
        assert_eq!(pedals.lift(), [(0, 0, 0)]);
    }
}
