//! Notes as a synthesiser can distinguish them: of one pitch, one at a time.

use super::report::WriteReport;
use crate::Note;

/// The notes of a part with every note ending where the next of its pitch begins, at the latest,
/// and notes that begin together at one pitch made one. `notes` are in the order of a normal score.
pub(super) fn separate(notes: &[Note], report: &mut WriteReport) -> Vec<Note> {
    let mut separate: Vec<Note> = Vec::with_capacity(notes.len());
    let mut last: [Option<usize>; 128] = [None; 128];
    for note in notes {
        let slot = &mut last[usize::from(note.pitch & 0x7F)];
        if let Some(index) = *slot {
            let before = &mut separate[index];
            if before.onset == note.onset {
                before.duration = before.duration.max(note.duration);
                before.velocity = before.velocity.max(note.velocity);
                report.notes_merged += 1;
                continue;
            }
            if before.end() > note.onset {
                before.duration = note.onset - before.onset;
                report.notes_shortened += 1;
            }
        }
        *slot = Some(separate.len());
        separate.push(*note);
    }
    separate
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ticks;

    fn note(onset: u64, pitch: u8, duration: u64, velocity: u8) -> Note {
        Note { onset: Ticks(onset), pitch, duration: Ticks(duration), velocity }
    }

    #[test]
    fn one_of_a_pitch_at_a_time() {
        let mut report = WriteReport::default();
        let notes = [note(0, 60, 9, 10), note(0, 60, 3, 90), note(0, 61, 9, 1), note(5, 60, 2, 1), note(7, 60, 1, 1)];
        let separated = separate(&notes, &mut report);
        assert_eq!(separated, [note(0, 60, 5, 90), note(0, 61, 9, 1), note(5, 60, 2, 1), note(7, 60, 1, 1)]);
        assert_eq!((report.notes_merged, report.notes_shortened), (1, 1));
    }
}
