//! Cutting a file: what stands before a tick, with the ends of the notes that sound across it.

use super::super::event::Span;
use super::super::perform::{Played, Release};
use super::super::read::Tracks;
use super::edits::Cut;
use super::inserts::{Insert, Order};
use super::settle::settle;
use crate::{KeySignature, Meter, Tempo};
use std::collections::HashSet;

const TEMPO: u8 = 0x51;
const METER: u8 = 0x58;
const KEY: u8 = 0x59;
/// What a time signature also says: MIDI clocks per click, and 32nds a quarter.
const CLOCKS: [u8; 2] = [24, 8];

/// Takes everything from `cut` on out of the tracks and the parts, but for the note-offs of notes
/// that begin before it. Returns how many notes that takes out, and what is to be written at the
/// cut, each with its track.
///
/// A note that a pedal holds ends at the cut at the latest, where the pedals are lifted; so does
/// one that was silenced later, or never ended.
pub(super) fn cut_off(
    source: &[u8],
    tracks: &mut Tracks<'_>,
    parts: &mut [Played],
    cut: &Cut,
    smpte: bool,
) -> (usize, Vec<(u16, Insert)>) {
    let at = cut.at.0;
    let (mut removed, mut offs, mut inserts) = (0, HashSet::new(), Vec::new());
    for part in parts {
        let all = part.notes.len();
        let mut kept = part.notes.iter().map(|note| note.onset < cut.at);
        part.traces.retain(|_| kept.next().unwrap_or(false));
        part.notes.retain(|note| note.onset < cut.at);
        removed += all - part.notes.len();
        for (note, trace) in part.notes.iter_mut().zip(&mut part.traces) {
            match trace.release {
                Release::Off(byte) if trace.end >= at => _ = offs.insert(byte),
                Release::Silenced | Release::Hung if trace.end >= at => {
                    (trace.release, trace.end) = (Release::Silenced, at);
                    inserts.push((part.place.track, Insert::off(at, Order::Before, part.place, note.pitch)));
                }
                _ => {}
            }
            let end = trace.end.max(note.end().0.min(at));
            note.duration = (crate::Ticks(end) - note.onset).max(crate::Ticks(1));
        }
    }
    let stands = |tick: u64, byte: u32| tick < at || offs.contains(&byte);
    for (spans, end) in tracks.spans.iter_mut().zip(&mut tracks.ends) {
        spans.retain(|span| stands(span.tick, span.start));
        *end = spans.last().map_or(0, |span: &Span| span.tick).max(at.min(*end));
    }
    tracks.events.retain(|event| stands(event.tick, event.byte));
    inserts.extend(settle(source, tracks, at));
    inserts.extend(time(cut, smpte).into_iter().map(|insert| (0, insert)));
    (removed, inserts)
}

/// The tempos, meters and keys from the cut on.
fn time(cut: &Cut, smpte: bool) -> Vec<Insert> {
    let meta = |at: crate::Ticks, kind, data: &[u8]| Insert::meta(at.0.max(cut.at.0), kind, data);
    let tempo = |it: &Tempo| meta(it.at, TEMPO, &it.micros_per_quarter.to_be_bytes()[1..]);
    let meter =
        |it: &Meter| meta(it.at, METER, &[it.numerator, it.denominator.trailing_zeros() as u8, CLOCKS[0], CLOCKS[1]]);
    let key = |it: &KeySignature| meta(it.at, KEY, &[it.sharps as u8, u8::from(it.minor)]);
    // SMPTE time has no tempos.
    let tempos = cut.tempos.iter().filter(|_| !smpte).map(tempo);
    tempos.chain(cut.meters.iter().map(meter)).chain(cut.keys.iter().map(key)).collect()
}
