//! A player's notes while they are being written.

use leitmotif_score::{Instrument, Note, Part, Ticks};

/// A part in the making: notes outside the player's range are moved by octaves into it.
#[derive(Debug, Clone)]
pub(crate) struct Track {
    pub(crate) name: &'static str,
    pub(crate) instrument: Instrument,
    /// Lowest and highest pitch, at least an octave apart.
    pub(crate) range: (i32, i32),
    pub(crate) notes: Vec<Note>,
}

impl Track {
    /// A player of a General MIDI program.
    pub(crate) fn pitched(name: &'static str, program: u8, range: (i32, i32)) -> Self {
        Self { name, instrument: Instrument::Program(program), range, notes: Vec::new() }
    }

    /// The drummer.
    pub(crate) fn drums() -> Self {
        Self { name: "Drums", instrument: Instrument::Drums(0), range: (35, 81), notes: Vec::new() }
    }

    /// Writes one note.
    pub(crate) fn play(&mut self, at: u64, duration: u64, pitch: i32, velocity: i32) {
        let pitch = if self.instrument.is_drums() { pitch } else { fold(pitch, self.range) };
        self.notes.push(Note {
            onset: Ticks(at),
            pitch: u8::try_from(pitch.clamp(0, 127)).unwrap_or(0),
            duration: Ticks(duration.max(1)),
            velocity: u8::try_from(velocity.clamp(1, 127)).unwrap_or(1),
        });
    }

    /// The finished part.
    pub(crate) fn into_part(self) -> Part {
        Part { name: self.name.to_owned(), instrument: self.instrument, notes: self.notes }
    }
}

/// Moves `pitch` by octaves into `range`.
pub(crate) fn fold(pitch: i32, (low, high): (i32, i32)) -> i32 {
    let mut pitch = pitch;
    while pitch < low {
        pitch += 12;
    }
    while pitch > high {
        pitch -= 12;
    }
    pitch
}
