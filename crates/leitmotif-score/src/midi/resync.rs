//! How a track goes on after an event that makes no sense.
//!
//! A data byte above 127 may be a wrong value, or a real-time message that was recorded inside
//! another one: the event is tried with 127 in its place, and without that byte. Otherwise the
//! event is left out, and the next bytes are tried as the beginning of another. Each trial is
//! judged by how many events follow that make sense, and by signs that they are the right ones; the
//! best one is taken, the first of equals.

use super::limits::{MAX_BYTES_SKIPPED, MAX_EVENTS_TRIED};
use super::raw::{Cursor, Damage, DataBytes, Message};
use super::report::What;

/// How many events must make sense after an event that is kept.
const ENOUGH_AFTER_MENDING: usize = 4;
/// How many must make sense where bytes are skipped: any byte may look like a beginning.
const ENOUGH_AFTER_SKIPPING: usize = 8;
/// The longest time before the first event after skipped bytes, in ticks: a longer one is more
/// likely to be something else.
const MAX_TIME_AFTER_SKIPPING: u32 = 1 << 12;

/// How to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resume {
    /// With the same event, its data bytes read so.
    Mended(DataBytes),
    /// With the event that begins at this byte.
    At(usize),
}

/// How to go on after `damage` in the event at `event`, if anything after it makes sense.
pub(super) fn resume(bytes: &[u8], event: usize, running: Option<u8>, damage: Damage) -> Option<Resume> {
    let mut best = (Sense::default(), None);
    if let Damage(What::DataByteInvalid, _) = damage {
        for data_bytes in [DataBytes::Clip, DataBytes::SkipRealTime] {
            let mut cursor = Cursor::new(bytes, event);
            let Ok(raw) = cursor.read(running, data_bytes) else { continue };
            let good = sense(cursor, raw.running_after(running));
            if good > best.0 && good.events >= ENOUGH_AFTER_MENDING {
                best = (good, Some(Resume::Mended(data_bytes)));
            }
        }
    }
    let last = bytes.len().min(event + MAX_BYTES_SKIPPED);
    for start in event + 1..last {
        if best.0.events >= MAX_EVENTS_TRIED {
            break;
        }
        if !may_begin(bytes, start) {
            continue;
        }
        // Without a running status, so that the first event must name its own.
        let good = sense(Cursor::new(bytes, start), None);
        if good > best.0 && good.events >= ENOUGH_AFTER_SKIPPING {
            best = (good, Some(Resume::At(start)));
        }
    }
    best.1
}

/// Whether an event may begin at `start`, with a short time and its own status.
fn may_begin(bytes: &[u8], start: usize) -> bool {
    match bytes[start..] {
        [0..=0x7F, 0x80..=0xFF, ..] => begins_event(&bytes[start + 1..]),
        [high @ 0x80..=0xFF, low @ 0..=0x7F, 0x80..=0xFF, ..] => {
            let time = u32::from(high & 0x7F) << 7 | u32::from(low);
            time < MAX_TIME_AFTER_SKIPPING && begins_event(&bytes[start + 2..])
        }
        _ => false,
    }
}

/// Whether a channel message, a meta event about the music, or the end may stand here.
fn begins_event(bytes: &[u8]) -> bool {
    match bytes {
        [0xFF, kind, ..] => matches!(kind, 0x01..=0x07 | 0x2F | 0x51 | 0x58 | 0x59),
        [status, ..] => (0x80..0xF0).contains(status),
        [] => false,
    }
}

/// How much sense events in a row make.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Sense {
    /// How many make sense, at most `MAX_EVENTS_TRIED`; so many also where the track ends as it
    /// should.
    events: usize,
    /// How many of them name their status or end a note that one of them began, which events read
    /// from a wrong byte seldom do.
    signs: usize,
}

fn sense(mut cursor: Cursor<'_>, mut running: Option<u8>) -> Sense {
    let mut sense = Sense::default();
    let mut sounding = 0u128;
    while sense.events < MAX_EVENTS_TRIED {
        if cursor.at == cursor.bytes.len() {
            sense.events += 1;
            break;
        }
        let Ok(raw) = cursor.read(running, DataBytes::Strict) else { break };
        if raw.ends_track() {
            sense.events = MAX_EVENTS_TRIED;
            break;
        }
        running = raw.running_after(running);
        sense.events += 1;
        sense.signs += usize::from(!raw.running);
        if let Message::Channel(pitch, velocity) = raw.message {
            let note = 1 << pitch;
            match raw.status {
                0x90..=0x9F if velocity > 0 => sounding |= note,
                0x80..=0x9F => {
                    sense.signs += usize::from(sounding & note != 0);
                    sounding &= !note;
                }
                _ => {}
            }
        }
    }
    sense
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: [u8; 4] = [0, 0xFF, 0x2F, 0];

    fn resumed(before: &[u8], after: &[u8]) -> Option<Resume> {
        let bytes = [before, after, &END].concat();
        let damage = Cursor::new(&bytes, 0).read(Some(0x90), DataBytes::Strict).err()?;
        resume(&bytes, 0, Some(0x90), damage)
    }

    #[test]
    fn a_clock_inside_an_event_is_skipped() {
        let after = [5, 0x80, 60, 0];
        assert_eq!(resumed(&[0, 0x90, 0xF8, 60, 1], &after), Some(Resume::Mended(DataBytes::SkipRealTime)));
        assert_eq!(resumed(&[0, 0x90, 60, 0xFE, 0xFE, 1], &after), Some(Resume::Mended(DataBytes::SkipRealTime)));
    }

    #[test]
    fn a_wrong_value_is_clipped() {
        for wrong in [0x80, 0xBC, 0xF8, 0xFF] {
            let event = [0, 0x90, 60, wrong];
            assert_eq!(resumed(&event, &[5, 0x80, 60, 0]), Some(Resume::Mended(DataBytes::Clip)), "{wrong}");
            // Under running status.
            assert_eq!(resumed(&[0, 60, wrong.min(0xF7)], &[5, 60, 0]), Some(Resume::Mended(DataBytes::Clip)));
        }
    }

    #[test]
    fn other_damage_is_skipped() {
        let after = [5, 0x80, 60, 0];
        // A time of five bytes; a text that says it is longer than the track.
        assert_eq!(resumed(&[0x81, 0x80, 0x80, 0x80, 0, 0x91, 60, 1], &after), Some(Resume::At(3)));
        assert_eq!(resumed(&[0, 0xFF, 1, 99, b'a', b'b'], &after), Some(Resume::At(6)));
        let cut_short = [0, 0x90, 0x91, 60, 1];
        assert!(matches!(resumed(&cut_short, &after.repeat(9)), Some(Resume::At(_) | Resume::Mended(_))));
    }

    #[test]
    fn nothing_is_taken_from_noise() {
        let noise: Vec<u8> = (1..900u32).map(|it| (it.wrapping_mul(2_654_435_761) >> 24) as u8 | 0x80).collect();
        let damage = Damage(What::DataByteInvalid, 2);
        assert_eq!(resume(&noise, 0, Some(0x90), damage), None);
    }
}
