//! What is to change, and which events of the file that takes out.

use super::super::error::SpliceError;
use super::super::perform::{Played, Release};
use crate::{Note, Part, Score};
use std::collections::BTreeMap;

/// What is to change in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edits {
    /// By the index of a part in the score that [`crate::read_midi`] gives for the file.
    pub parts: BTreeMap<usize, PartEdits>,
    /// Parts to add, each as a track of its own; those without notes are left out.
    pub new_parts: Vec<Part>,
    /// Texts to add at the beginning of the first track.
    pub texts: Vec<String>,
}

/// What is to change in one part. Notes count in the ticks of the score.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartEdits {
    /// Notes to take out, each as the score has it; of equal ones, as many as are named.
    pub removed: Vec<Note>,
    /// Notes to write.
    pub added: Vec<Note>,
}

impl Edits {
    /// The edits that make `after` of `before`: parts beyond those of `before` are new. `None`
    /// where parts are missing or have other instruments.
    ///
    /// Only notes and new parts count: the time and the texts of the file stay as they are.
    pub fn between(before: &Score, after: &Score) -> Option<Self> {
        let (common, new) = after.parts.split_at_checked(before.parts.len())?;
        let mut edits = Self { new_parts: new.to_vec(), ..Self::default() };
        for (number, (before, after)) in before.parts.iter().zip(common).enumerate() {
            if before.instrument != after.instrument {
                return None;
            }
            let edit = difference(&before.notes, &after.notes);
            if edit != PartEdits::default() {
                edits.parts.insert(number, edit);
            }
        }
        Some(edits)
    }
}

fn difference(before: &[Note], after: &[Note]) -> PartEdits {
    let (mut before, mut after) = (before.to_vec(), after.to_vec());
    before.sort_unstable_by_key(Note::order);
    after.sort_unstable_by_key(Note::order);
    let mut edit = PartEdits::default();
    let (mut old, mut new) = (before.into_iter().peekable(), after.into_iter().peekable());
    loop {
        match (old.peek(), new.peek()) {
            (Some(a), Some(b)) if a == b => (_, _) = (old.next(), new.next()),
            (Some(a), Some(b)) if a.order() > b.order() => edit.added.extend(new.next()),
            (Some(_), _) => edit.removed.extend(old.next()),
            (None, Some(_)) => edit.added.extend(new.next()),
            (None, None) => return edit,
        }
    }
}

/// The notes that go.
pub(super) struct Removed {
    pub notes: usize,
    /// Where their events begin in the file, sorted.
    events: Vec<u32>,
}

impl Removed {
    /// Whether the event that begins at `byte` goes.
    pub fn contains(&self, byte: u32) -> bool {
        self.events.binary_search(&byte).is_ok()
    }
}

/// Finds the notes that the edits remove.
pub(super) fn removed(parts: &[Played], edits: &Edits) -> Result<Removed, SpliceError> {
    let mut removed = Removed { notes: 0, events: Vec::new() };
    for (&number, edit) in &edits.parts {
        let part = parts.get(number).ok_or(SpliceError::NoSuchPart { part: number, parts: parts.len() })?;
        if edit.removed.is_empty() {
            continue;
        }
        let mut notes: Vec<usize> = (0..part.notes.len()).collect();
        notes.sort_by_key(|&note| part.notes[note].order());
        let mut notes = notes.into_iter();
        let mut wanted = edit.removed.clone();
        wanted.sort_unstable_by_key(Note::order);
        for note in wanted {
            let found = notes.by_ref().find(|&it| part.notes[it].order() >= note.order());
            let trace = match found {
                Some(found) if part.notes[found] == note => part.traces[found],
                _ => return Err(SpliceError::NoSuchNote { part: number, note }),
            };
            removed.notes += 1;
            removed.events.push(trace.on);
            if let Release::Off(byte) = trace.release {
                removed.events.push(byte);
            }
        }
    }
    removed.events.sort_unstable();
    Ok(removed)
}
