//! What is to change, and which events of the file that takes out.

use super::super::error::SpliceError;
use super::super::perform::{Played, Release};
use crate::{KeySignature, Meter, Note, Part, Score, Tempo, Ticks};
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
    /// Where the file is cut, if it is.
    pub cut: Option<Cut>,
}

/// Where a file is cut, and the time from there on.
///
/// All events from `at` on go, but for the ends of notes that begin before; added notes may stand
/// there. Pedals are lifted at the cut, and a volume, expression, modulation, pressure or bend that
/// is another then takes the value that it had half the time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cut {
    /// In ticks of the score.
    pub at: Ticks,
    /// The tempos from `at` on; files in SMPTE time have none.
    pub tempos: Vec<Tempo>,
    /// The time signatures from `at` on.
    pub meters: Vec<Meter>,
    /// The key signatures from `at` on.
    pub keys: Vec<KeySignature>,
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

    /// The edits that write the notes and texts of `after` into the file of `before`, whose time
    /// stays as it is. `None` where its clock cannot stand for that of `after`, see
    /// [`Self::continuing`].
    ///
    /// A part of `after` is the first part of `before` with its name and instrument that is left;
    /// the others are new. A part of `before` that no part of `after` is loses its notes.
    pub fn changing(before: &Score, after: &Score) -> Option<Self> {
        let factor = finer(before, after)?;
        let mut edits = Self { texts: new_texts(before, after), ..Self::default() };
        let written = |part: &Part| -> Vec<Note> { part.notes.iter().map(|note| coarser(note, factor)).collect() };
        let mut left: Vec<&Part> = after.parts.iter().collect();
        for (number, part) in before.parts.iter().enumerate() {
            let same = |other: &&Part| (&other.name, other.instrument) == (&part.name, part.instrument);
            let found = left.iter().position(same).map(|found| written(left.remove(found)));
            let edit = difference(&part.notes, &found.unwrap_or_default());
            if edit != PartEdits::default() {
                edits.parts.insert(number, edit);
            }
        }
        let new = |part: &&Part| Part { notes: written(part), ..Part::clone(part) };
        edits.new_parts = left.iter().map(new).collect();
        Some(edits)
    }

    /// The edits that cut the file of `before` at `at`, in its ticks, and write there what `after`
    /// has from then on. `None` where `after` does not begin as `before` does, or where its clock
    /// is a finer one that the file's, of less than 24 ticks a quarter, cannot
    /// stand for: in others its times move to the nearest tick.
    ///
    /// A part of `after` goes on as the part of `before` with its name, instrument and notes;
    /// those that are left are new.
    pub fn continuing(before: &Score, after: &Score, at: Ticks) -> Option<Self> {
        let factor = finer(before, after)?;
        let from = Ticks(at.0 * factor);
        let nearest = |tick: Ticks| nearest(tick, factor);
        let written = |part: &Part| -> Vec<Note> {
            part.notes.iter().filter(|note| note.onset >= from).map(|note| coarser(note, factor)).collect()
        };
        let mut edits = Self::default();
        let mut left: Vec<&Part> = after.parts.iter().collect();
        for (number, part) in before.parts.iter().enumerate() {
            let found = left.iter().position(|other| goes_on(part, other, at, factor));
            let Some(found) = found else {
                if part.notes.iter().any(|note| note.onset < at) {
                    return None;
                }
                continue;
            };
            let added = written(left.remove(found));
            if !added.is_empty() {
                edits.parts.insert(number, PartEdits { removed: Vec::new(), added });
            }
        }
        for part in left {
            if part.notes.iter().any(|note| note.onset < from) {
                return None;
            }
            let (name, instrument) = (part.name.clone(), part.instrument);
            edits.new_parts.push(Part { name, instrument, notes: written(part) });
        }
        edits.texts = new_texts(before, after);
        let tempos = after.tempos.iter().filter(|it| it.at >= from).map(|it| Tempo { at: nearest(it.at), ..*it });
        let meters = after.meters.iter().filter(|it| it.at >= from).map(|it| Meter { at: nearest(it.at), ..*it });
        let keys = after.keys.iter().filter(|it| it.at >= from).map(|it| KeySignature { at: nearest(it.at), ..*it });
        edits.cut = Some(Cut { at, tempos: tempos.collect(), meters: meters.collect(), keys: keys.collect() });
        Some(edits)
    }
}

/// The coarsest clock, in ticks a quarter, to which the times of a finer one are moved: by an 48th
/// of a quarter at most.
const COARSEST_CLOCK: u64 = 24;

/// How many ticks of `after` one of `before` has, if times of the one can move to the other's.
fn finer(before: &Score, after: &Score) -> Option<u64> {
    let (coarse, fine) = (before.resolution.ticks_per_quarter(), after.resolution.ticks_per_quarter());
    let moves = fine % coarse == 0 && (fine == coarse || coarse >= COARSEST_CLOCK);
    moves.then_some(fine / coarse)
}

/// The nearest tick of a clock `factor` times as coarse.
fn nearest(tick: Ticks, factor: u64) -> Ticks {
    Ticks((tick.0 + factor / 2) / factor)
}

fn coarser(note: &Note, factor: u64) -> Note {
    Note { onset: nearest(note.onset, factor), duration: nearest(note.duration, factor), ..*note }
}

fn new_texts(before: &Score, after: &Score) -> Vec<String> {
    after.texts.iter().filter(|text| !before.texts.contains(text)).cloned().collect()
}

/// Whether `other`, in a clock `factor` times as fine, is `part` up to `at`.
fn goes_on(part: &Part, other: &Part, at: Ticks, factor: u64) -> bool {
    let scaled =
        |note: &Note| Note { onset: Ticks(note.onset.0 * factor), duration: Ticks(note.duration.0 * factor), ..*note };
    let kept = part.notes.iter().filter(|note| note.onset < at).map(scaled);
    let others = other.notes.iter().filter(|note| note.onset.0 < at.0 * factor).copied();
    part.instrument == other.instrument && part.name == other.name && kept.eq(others)
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
