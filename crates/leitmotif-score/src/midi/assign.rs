//! Which port and channel each part is written to.
//!
//! A port has fifteen channels for pitched parts and one for drums, and a channel plays one program
//! at a time. Where that is enough every part has a channel of its own. Where it is not, a part
//! takes, in this order: a channel of parts with its own instrument with which no pitch collides; a
//! free channel of the first port; a channel that is silent whenever the part sounds, with program
//! changes between them; a channel of a further port.

use super::channel::{CHANNELS, DRUM_CHANNEL};
use super::error::WriteError;
use crate::{Instrument, Note, Ticks};

/// The ports that a file can name.
const MAX_PORTS: usize = 128;

/// Where a part goes, and when its program must be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    pub port: u8,
    pub channel: u8,
    pub programs: Vec<Ticks>,
}

struct Channel {
    port: u8,
    number: u8,
    /// The numbers of the parts it plays.
    users: Vec<usize>,
    /// When it sounds: stretches in order that do not touch.
    sounding: Vec<(Ticks, Ticks)>,
}

type Voice<'a> = (Instrument, &'a [Note]);

/// Gives each of `parts` (its notes separated, in order) a port and a channel.
pub(super) fn assign(parts: &[Voice<'_>]) -> Result<Vec<Assignment>, WriteError> {
    let mut channels: Vec<Channel> = Vec::new();
    for drums in [false, true] {
        let numbers: Vec<u8> = (0..CHANNELS as u8).filter(|&it| (it == DRUM_CHANNEL) == drums).collect();
        let members: Vec<usize> = (0..parts.len()).filter(|&it| parts[it].0.is_drums() == drums).collect();
        let crowded = members.len() > numbers.len();
        let first = channels.len();
        for part in members {
            let mine = &mut channels[first..];
            let sounding = stretches(parts[part].1);
            let shared = if crowded {
                let same = mine.iter().position(|it| plays_along(parts, it, part));
                let alternate = || mine.iter().position(|it| disjoint(&it.sounding, &sounding));
                if mine.len() < numbers.len() { same } else { same.or_else(alternate) }
            } else {
                None
            };
            if let Some(channel) = shared {
                mine[channel].users.push(part);
                mine[channel].sounding = union(&mine[channel].sounding, &sounding);
                continue;
            }
            let port = mine.len() / numbers.len();
            if port >= MAX_PORTS {
                return Err(WriteError::TooManyParts { part });
            }
            let number = numbers[mine.len() % numbers.len()];
            channels.push(Channel { port: port as u8, number, users: vec![part], sounding });
        }
    }
    let mut assignments = vec![Assignment { port: 0, channel: 0, programs: Vec::new() }; parts.len()];
    for channel in &channels {
        for &part in &channel.users {
            (assignments[part].port, assignments[part].channel) = (channel.port, channel.number);
        }
        set_programs(parts, channel, &mut assignments);
    }
    Ok(assignments)
}

/// Sets the program where the channel's instrument changes; at the start for the first.
fn set_programs(parts: &[Voice<'_>], channel: &Channel, assignments: &mut [Assignment]) {
    let alike = channel.users.iter().all(|&part| parts[part].0 == parts[channel.users[0]].0);
    if alike {
        channel.users.iter().for_each(|&part| assignments[part].programs.push(Ticks(0)));
        return;
    }
    let entries = channel.users.iter().flat_map(|&part| parts[part].1.iter().map(move |note| (note.onset, part)));
    let mut entries: Vec<(Ticks, usize)> = entries.collect();
    entries.sort_unstable();
    let mut current = None;
    for (onset, part) in entries {
        // Readers that know tracks look for a part's program in its own track.
        if current != Some(parts[part].0) || assignments[part].programs.is_empty() {
            let at = if current.is_none() { Ticks(0) } else { onset };
            assignments[part].programs.push(at);
            current = Some(parts[part].0);
        }
    }
}

/// Whether `part` has the instrument of all parts of `channel`, and no pitch that sounds in one of
/// them.
fn plays_along(parts: &[Voice<'_>], channel: &Channel, part: usize) -> bool {
    let (instrument, notes) = parts[part];
    if channel.users.iter().any(|&user| parts[user].0 != instrument) {
        return false;
    }
    let by_pitch = |notes: &[Note]| {
        let mut spans: Vec<(u8, Ticks, Ticks)> = notes.iter().map(|it| (it.pitch, it.onset, it.end())).collect();
        spans.sort_unstable();
        spans
    };
    let mine = by_pitch(notes);
    channel.users.iter().all(|&user| {
        let (mut left, mut right) = (0, 0);
        let theirs = by_pitch(parts[user].1);
        while let (Some(a), Some(b)) = (mine.get(left), theirs.get(right)) {
            if a.0 == b.0 && a.1 < b.2 && b.1 < a.2 {
                return false;
            }
            if (a.0, a.2) <= (b.0, b.2) { left += 1 } else { right += 1 }
        }
        true
    })
}

/// When notes in order of onset sound.
fn stretches(notes: &[Note]) -> Vec<(Ticks, Ticks)> {
    join(notes.iter().map(|note| (note.onset, note.end())))
}

fn union(left: &[(Ticks, Ticks)], right: &[(Ticks, Ticks)]) -> Vec<(Ticks, Ticks)> {
    let mut all = [left, right].concat();
    all.sort_unstable();
    join(all.into_iter())
}

fn join(spans: impl Iterator<Item = (Ticks, Ticks)>) -> Vec<(Ticks, Ticks)> {
    let mut joined: Vec<(Ticks, Ticks)> = Vec::new();
    for (start, end) in spans {
        match joined.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    joined
}

fn disjoint(left: &[(Ticks, Ticks)], right: &[(Ticks, Ticks)]) -> bool {
    let (mut i, mut j) = (0, 0);
    while let (Some(a), Some(b)) = (left.get(i), right.get(j)) {
        if a.0 < b.1 && b.0 < a.1 {
            return false;
        }
        if a.1 <= b.1 { i += 1 } else { j += 1 }
    }
    true
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn note(onset: u64, pitch: u8, duration: u64) -> Vec<Note> {
        vec![Note { onset: Ticks(onset), pitch, duration: Ticks(duration), velocity: 1 }]
    }

    fn places(parts: &[(Instrument, Vec<Note>)]) -> Vec<(u8, u8, Vec<u64>)> {
        let voices: Vec<Voice<'_>> = parts.iter().map(|(instrument, notes)| (*instrument, notes.as_slice())).collect();
        let assignments = assign(&voices).unwrap().into_iter();
        assignments.map(|it| (it.port, it.channel, it.programs.iter().map(|at| at.0).collect())).collect()
    }

    /// Sixteen parts of different programs that sound all the time, but for the last, which is
    /// `last`.
    fn sixteen(last: (Instrument, Vec<Note>)) -> Vec<(Instrument, Vec<Note>)> {
        let mut parts: Vec<_> = (0..15).map(|it| (Instrument::Program(it), note(u64::from(it), 60, 100))).collect();
        parts.push(last);
        parts
    }

    #[test]
    fn fifteen_parts_and_drums_have_channels_of_their_own() {
        let parts = sixteen((Instrument::Drums(8), note(0, 36, 1)));
        let channels: Vec<u8> = places(&parts).iter().map(|place| place.1).collect();
        assert_eq!(channels, [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 9]);
    }

    #[test]
    fn the_same_program_shares_a_channel_unless_pitches_collide() {
        assert_eq!(places(&sixteen((Instrument::Program(3), note(0, 61, 100))))[15], (0, 3, vec![0]));
        assert_eq!(places(&sixteen((Instrument::Program(3), note(50, 60, 100))))[15], (1, 0, vec![0]));
    }

    #[test]
    fn another_program_waits_for_silence() {
        let places = places(&sixteen((Instrument::Program(99), note(102, 60, 10))));
        assert_eq!((&places[0], &places[15]), (&(0, 0, vec![0]), &(0, 0, vec![102])));
    }

    #[test]
    fn several_kits_take_turns_or_ports() {
        let kits = [
            (Instrument::Drums(0), note(0, 36, 5)),
            (Instrument::Drums(8), note(5, 36, 5)),
            (Instrument::Drums(0), note(20, 36, 5)),
            (Instrument::Drums(9), note(3, 36, 5)),
            (Instrument::Drums(9), note(3, 37, 5)),
        ];
        let expected = [(0, 9, vec![0]), (0, 9, vec![5]), (0, 9, vec![20]), (1, 9, vec![0]), (1, 9, vec![0])];
        assert_eq!(places(&kits), expected);
    }
}
