//! Where an added note must end, or has no place.

use super::super::event::{ALL_NOTES_OFF, ALL_SOUND_OFF, Event, Kind};
use super::super::perform::{Played, Release};
use super::super::report::SpliceReport;
use super::Added;
use super::edits::Removed;
use super::voices::Voice;
use std::collections::{BTreeMap, HashSet};

type Channel = (u8, u8);

/// What else happens at one pitch of one channel. Each list is in the order of the file.
#[derive(Default)]
struct Pitch {
    added: Vec<Added>,
    /// When kept notes sound: begin, end, and the first track that begins; apart once joined.
    kept: Vec<(u64, u64, u16)>,
    /// Tick and track of note-offs without a note.
    offs: Vec<(u64, u16)>,
}

/// `wanted`, with each note as long as there is room for it, and those without room left out.
pub(super) fn fit(
    wanted: Vec<Added>,
    voices: &[Voice<'_>],
    parts: &[Played],
    removed: &Removed,
    events: &[Event<'_>],
    scale: u64,
    report: &mut SpliceReport,
) -> Vec<Added> {
    let mut channels: BTreeMap<Channel, BTreeMap<u8, Pitch>> = BTreeMap::new();
    for note in wanted {
        let place = voices[note.voice].place;
        let pitches = channels.entry((place.port, place.channel)).or_default();
        pitches.entry(note.pitch).or_default().added.push(note);
    }
    let mut matched = HashSet::new();
    for part in parts {
        let Some(pitches) = channels.get_mut(&(part.place.port, part.place.channel)) else { continue };
        for (note, trace) in part.notes.iter().zip(&part.traces) {
            let Some(pitch) = pitches.get_mut(&note.pitch) else { continue };
            if let Release::Off(byte) = trace.release {
                matched.insert(byte);
            }
            if !removed.contains(trace.on) {
                // A pedal may hold it beyond its key.
                pitch.kept.push((note.onset.0, trace.end.max(note.end().0), part.place.track));
            }
        }
    }
    let mut silences: BTreeMap<Channel, Vec<(u64, u16)>> = BTreeMap::new();
    for event in events {
        let channel = (event.port, event.channel);
        let stop = (event.tick, event.track);
        match event.kind {
            Kind::Control { controller: ALL_NOTES_OFF | ALL_SOUND_OFF, .. } => {
                silences.entry(channel).or_default().push(stop);
            }
            Kind::NoteOff { pitch } if !matched.contains(&event.byte) => {
                let pitch = channels.get_mut(&channel).and_then(|pitches| pitches.get_mut(&pitch));
                pitch.into_iter().for_each(|it| it.offs.push(stop));
            }
            _ => {}
        }
    }
    let mut fitting = Vec::new();
    for (channel, pitches) in channels {
        let silences = silences.get(&channel).map_or(&[][..], Vec::as_slice);
        for mut pitch in pitches.into_values() {
            let asked = pitch.added.len();
            pitch.join();
            fitting.extend(pitch.fit(voices, silences, scale, report));
            report.notes_dropped += asked;
        }
    }
    report.notes_dropped -= fitting.len();
    fitting
}

impl Pitch {
    /// Makes one of kept notes that overlap.
    fn join(&mut self) {
        self.kept.sort_unstable_by_key(|&(onset, _, track)| (onset, track));
        self.kept.dedup_by(|next, before| {
            let overlap = next.0 < before.1;
            if overlap {
                before.1 = before.1.max(next.1);
            }
            overlap
        });
    }

    fn fit(
        mut self,
        voices: &[Voice<'_>],
        silences: &[(u64, u16)],
        scale: u64,
        report: &mut SpliceReport,
    ) -> Vec<Added> {
        // Of notes that begin together the longest stays.
        self.added.sort_by_key(|note| (note.onset, std::cmp::Reverse(note.end)));
        let mut fitting: Vec<(Added, u64)> = Vec::with_capacity(self.added.len());
        for mut note in std::mem::take(&mut self.added) {
            let asked = note.end;
            let track = voices[note.voice].place.track;
            note.end = asked.min(self.limit(note.onset, track, silences, scale));
            if note.end <= note.onset {
                continue;
            }
            if let Some((before, _)) = fitting.last_mut() {
                if before.onset == note.onset {
                    continue;
                }
                before.end = before.end.min(last_end(note.onset, track, voices[before.voice].place.track, scale));
                if before.end <= before.onset {
                    fitting.pop();
                }
            }
            fitting.push((note, asked));
        }
        report.notes_shortened += fitting.iter().filter(|(note, asked)| note.end < *asked).count();
        fitting.into_iter().map(|(note, _)| note).collect()
    }

    /// Where a note that `track` begins at `onset` must end at the latest.
    fn limit(&self, onset: u64, track: u16, silences: &[(u64, u16)], scale: u64) -> u64 {
        let next = self.kept.partition_point(|kept| kept.0 <= onset);
        if next > 0 && self.kept[next - 1].1 > onset {
            return onset;
        }
        let kept = self.kept.get(next).map(|kept| last_end(kept.0, kept.2, track, scale));
        // Added notes begin after all else that their track does at that tick.
        let stop =
            |stops: &[(u64, u16)]| stops.get(stops.partition_point(|&stop| stop <= (onset, track))).map(|stop| stop.0);
        [kept, stop(silences), stop(&self.offs)].into_iter().flatten().min().unwrap_or(u64::MAX)
    }
}

/// The last tick at which `track` may end a note before `next` begins another of its pitch at
/// `onset`: what an earlier track does at a tick comes first.
fn last_end(onset: u64, next: u16, track: u16, scale: u64) -> u64 {
    if next < track { onset.saturating_sub(scale) } else { onset }
}
