//! What was written anew, in the score that it was made from.

use crate::constraints::same;
use crate::latent::{FilledBars, Source};
use crate::{ComposeError, assemble};
use leitmotif_events::Representation;
use leitmotif_score::{Note, Part, Quarters, Score, Ticks};

/// The source's score with the notes of the written bars replaced. Everything else stays as it is,
/// tick for tick: the notes of other bars, tempos, meters, keys, markers, parts and their names. A
/// new note that would strike a pitch while a kept note of its part sounds it gives way.
///
/// # Errors
/// [`ComposeError::Representation`] if the events cannot be decoded.
pub fn splice(
    representation: &dyn Representation,
    source: &Source,
    filled: &FilledBars,
) -> Result<Score, ComposeError> {
    let mut decoded = representation.decode(&filled.sequence)?;
    assemble::one_player_each(&mut decoded);
    let mut score = source.score.with_resolution(assemble::clock(source.score.resolution, representation));
    let is_written = |bar: Option<usize>| bar.is_some_and(|bar| filled.written.get(bar) == Some(&true));
    let beyond = filled.written.len() < source.bars.len();
    let end = beyond.then(|| source.lines[filled.written.len()]);
    for part in &mut score.parts {
        part.notes.retain(|note| {
            let at = score.resolution.quarters(note.onset).0;
            let bar = source.bar_at(at);
            !is_written(bar) && (!beyond || bar.is_some_and(|bar| bar < filled.written.len()))
        });
    }
    if let Some(end) = end.map(|end| score.resolution.ticks(Quarters(end))) {
        for note in score.parts.iter_mut().flat_map(|part| &mut part.notes) {
            note.duration = note.duration.min(end - note.onset);
        }
        score.tempos.retain(|tempo| tempo.at < end);
        score.meters.retain(|meter| meter.at < end);
        score.keys.retain(|key| key.at < end);
        score.markers.retain(|marker| marker.at < end);
    }
    let last = source.lines[filled.written.len()];
    for part in &decoded.parts {
        let written = part.notes.iter().filter_map(|note| {
            let (onset, until) = (decoded.resolution.quarters(note.onset).0, decoded.resolution.quarters(note.end()).0);
            let onset_ticks = score.resolution.ticks(Quarters(onset));
            let until = score.resolution.ticks(Quarters(until.min(last)));
            let duration = Ticks(until.0.saturating_sub(onset_ticks.0).max(1));
            is_written(source.bar_at(onset)).then_some(Note { onset: onset_ticks, duration, ..*note })
        });
        let written: Vec<Note> = written.collect();
        match score.parts.iter().position(|other| same(other.instrument, part.instrument)) {
            Some(place) => {
                let kept = std::mem::take(&mut score.parts[place].notes);
                let fitting: Vec<Note> = written.into_iter().filter_map(|note| give_way(note, &kept)).collect();
                score.parts[place].notes = kept.into_iter().chain(fitting).collect();
            }
            None if written.is_empty() => {}
            None => score.parts.push(Part { name: part.name.clone(), instrument: part.instrument, notes: written }),
        }
    }
    score.parts.retain(|part| !part.notes.is_empty());
    score.normalise();
    Ok(score)
}

/// A new note among kept ones: ended where a kept note strikes its pitch, `None` where one already
/// sounds it.
pub(crate) fn give_way(mut note: Note, kept: &[Note]) -> Option<Note> {
    for other in kept.iter().filter(|other| other.pitch == note.pitch) {
        if other.onset <= note.onset && other.end() > note.onset {
            return None;
        }
        if other.onset > note.onset && other.onset < note.end() {
            note.duration = other.onset - note.onset;
        }
    }
    Some(note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_notes_give_way_to_kept_ones() {
        let note = |onset, duration| Note { onset: Ticks(onset), duration: Ticks(duration), pitch: 60, velocity: 80 };
        let kept = [note(100, 50), Note { pitch: 61, ..note(0, 1000) }];
        assert_eq!(give_way(note(120, 10), &kept), None);
        assert_eq!(give_way(note(80, 60), &kept), Some(note(80, 20)));
        assert_eq!(give_way(note(150, 60), &kept), Some(note(150, 60)));
    }
}
