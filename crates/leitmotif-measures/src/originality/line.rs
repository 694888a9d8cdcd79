//! A score as lines of notes on a grid, and the tokens between their notes.

use leitmotif_score::{Instrument, Resolution, Score, Ticks};
use std::collections::BTreeMap;

/// Steps of a quarter: sixteenths and triplet eighths fall on them.
pub const GRID: u64 = 12;
/// The longest step from one note to the next that is distinguished from longer ones: eight
/// quarters.
pub const LONGEST_STEP: u64 = 8 * GRID;
/// The largest pitch of MIDI; larger ones are taken for it.
const MAX_PITCH: u8 = 127;
/// The bit that distinguishes the tokens of drums from those of programs.
const DRUM_TOKEN: u32 = 1 << 31;

/// Who plays a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Player {
    /// All parts of a General MIDI program, 0 to 127.
    Program(u8),
    /// All drum kits.
    Drums,
}

impl Player {
    /// The player of an instrument's parts.
    pub fn of(instrument: Instrument) -> Self {
        match instrument {
            Instrument::Program(_) => Self::Program(instrument.program()),
            Instrument::Drums(_) => Self::Drums,
        }
    }

    /// Whether its pitches are drums, which are never transposed.
    pub fn is_drums(self) -> bool {
        self == Self::Drums
    }

    /// The program's name as [`Instrument::name`] gives it, or `drums`.
    pub fn name(self) -> String {
        match self {
            Self::Program(program) => Instrument::Program(program).name(),
            Self::Drums => "drums".to_owned(),
        }
    }
}

/// A note as far as originality is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineNote {
    /// Steps from the start of the piece, [`GRID`] a quarter.
    pub step: u64,
    /// Pitch, 0 to 127.
    pub pitch: u8,
}

/// The notes of one player: ascending by step, then pitch, none twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    player: Player,
    notes: Vec<LineNote>,
}

impl Line {
    /// A line without notes.
    pub fn new(player: Player) -> Self {
        Self { player, notes: Vec::new() }
    }

    /// Whose it is.
    pub fn player(&self) -> Player {
        self.player
    }

    /// Its notes in order.
    pub fn notes(&self) -> &[LineNote] {
        &self.notes
    }

    /// Puts a note in its place. False if it was there already.
    pub fn insert(&mut self, note: LineNote) -> bool {
        let note = LineNote { pitch: note.pitch.min(MAX_PITCH), ..note };
        let place = self.place(note);
        let is_new = self.notes.get(place) != Some(&note);
        if is_new {
            self.notes.insert(place, note);
        }
        is_new
    }

    /// How many of its notes stand before `note`.
    pub(super) fn place(&self, note: LineNote) -> usize {
        // Nearly always the end.
        match self.notes.last() {
            Some(last) if *last >= note => self.notes.partition_point(|other| *other < note),
            _ => self.notes.len(),
        }
    }

    /// The tokens between its notes, one less than there are notes.
    pub(super) fn tokens(&self) -> impl Iterator<Item = u32> + '_ {
        self.notes.windows(2).map(|pair| token(self.player, pair[0], pair[1]))
    }
}

/// What two notes that follow one another have in common with every other pair of equal token.
pub(super) fn token(player: Player, before: LineNote, after: LineNote) -> u32 {
    let step = after.step.saturating_sub(before.step).min(LONGEST_STEP) as u32;
    let (from, to) = (u32::from(before.pitch.min(MAX_PITCH)), u32::from(after.pitch.min(MAX_PITCH)));
    match player {
        Player::Program(_) => step << 8 | (to + 128 - from),
        Player::Drums => DRUM_TOKEN | step << 14 | from << 7 | to,
    }
}

/// The grid step nearest to a tick; half a step goes to the later one.
pub fn grid_step(at: Ticks, resolution: Resolution) -> u64 {
    let quarter = u128::from(resolution.ticks_per_quarter());
    let step = (2 * u128::from(at.0) * u128::from(GRID) + quarter) / (2 * quarter);
    step.try_into().unwrap_or(u64::MAX)
}

/// The lines of a score, those of programs first. The order of parts, and of notes in them, does
/// not matter.
pub fn lines(score: &Score) -> Vec<Line> {
    let mut players: BTreeMap<Player, Vec<LineNote>> = BTreeMap::new();
    for part in score.parts.iter().filter(|part| !part.notes.is_empty()) {
        let notes = part
            .notes
            .iter()
            .map(|note| LineNote { step: grid_step(note.onset, score.resolution), pitch: note.pitch.min(MAX_PITCH) });
        players.entry(Player::of(part.instrument)).or_default().extend(notes);
    }
    let line = |(player, mut notes): (Player, Vec<LineNote>)| {
        notes.sort_unstable();
        notes.dedup();
        Line { player, notes }
    };
    players.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::tests::{note, part, score};

    #[test]
    fn a_player_s_parts_are_one_line_and_doubled_notes_one_note() {
        let lines = lines(&score([
            part(Instrument::Drums(8), &[note(0, 36, 1)]),
            part(Instrument::Program(5), &[note(4, 64, 1), note(0, 60, 1)]),
            part(Instrument::Drums(0), &[note(0, 35, 1)]),
            part(Instrument::Program(5), &[note(4, 64, 9), note(4, 62, 1)]),
            part(Instrument::Program(6), &[]),
        ]));
        let shown = |line: &Line| line.notes.iter().map(|note| (note.step, note.pitch)).collect::<Vec<_>>();
        assert_eq!(lines.iter().map(Line::player).collect::<Vec<_>>(), [Player::Program(5), Player::Drums]);
        assert_eq!(shown(&lines[0]), [(0, 60), (12, 62), (12, 64)]);
        assert_eq!(shown(&lines[1]), [(0, 35), (0, 36)]);
        assert_eq!([lines[0].player.name(), lines[1].player.name()], ["electric-piano-2", "drums"]);
    }

    #[test]
    fn steps_are_nearest_and_never_overflow() {
        let steps = |ticks, resolution| grid_step(Ticks(ticks), Resolution::new(resolution).unwrap_or_default());
        assert_eq!([0, 19, 20, 59, 60, 480].map(|ticks| steps(ticks, 480)), [0, 0, 1, 1, 2, 12]);
        assert_eq!(steps(u64::MAX, 1), u64::MAX);
    }

    #[test]
    fn tokens_drop_the_absolute_pitch_of_programs_alone() {
        let at = |step, pitch| LineNote { step, pitch };
        let program = |a, b| token(Player::Program(3), a, b);
        assert_eq!(program(at(0, 60), at(6, 64)), program(at(90, 10), at(96, 14)));
        assert_ne!(program(at(0, 60), at(6, 64)), program(at(0, 64), at(6, 60)));
        assert_eq!(program(at(0, 0), at(LONGEST_STEP, 127)), program(at(0, 0), at(u64::MAX, 127)));
        assert_ne!(program(at(0, 0), at(LONGEST_STEP - 1, 0)), program(at(0, 0), at(LONGEST_STEP, 0)));
        let drums = |a, b| token(Player::Drums, a, b);
        assert_ne!(drums(at(0, 35), at(6, 36)), drums(at(0, 36), at(6, 36)));
        assert_ne!(drums(at(0, 0), at(0, 0)), program(at(0, 0), at(0, 0)));
    }

    #[test]
    fn notes_are_put_in_their_place_once() {
        let mut line = Line::new(Player::Drums);
        for (step, pitch, new) in [(3, 40, true), (5, 36, true), (3, 38, true), (5, 36, false), (9, 200, true)] {
            assert_eq!(line.insert(LineNote { step, pitch }), new);
        }
        assert_eq!(line.notes().iter().map(|note| note.pitch).collect::<Vec<_>>(), [38, 40, 36, 127]);
    }
}
