//! The controllers of a file that is cut, as they should be for what follows.
//!
//! What a channel does at a cut may be a moment's: a fade, a bend, a pedal. So pedals are lifted,
//! and each of the others takes the value that it had half the time, from the channel's first note
//! on; volume and expression are never left at 0. Places, programs and all else stay.

use super::super::event::{BEND, CONTROL, RESET_CONTROLLERS, SOSTENUTO, SUSTAIN, Span};
use super::super::raw::mended;
use super::super::read::Tracks;
use super::inserts::{Insert, NOTE_ON, PRESSURE};
use super::voices::Voice;
use std::collections::BTreeMap;

const MODULATION: u8 = 1;
const VOLUME: u8 = 7;
const PAN: u8 = 10;
const EXPRESSION: u8 = 11;
const SOFT: u8 = 67;
const PEDALS: [u8; 3] = [SUSTAIN, SOSTENUTO, SOFT];
/// The middle of a bend.
const CENTRE: u16 = 8192;

/// A controller over time.
#[derive(Debug, Clone)]
struct Level {
    /// What a channel message that sets it begins with, and for controllers its number.
    message: (u8, u8),
    rest: u16,
    /// Whether it may be left at 0.
    silent: bool,
    now: u16,
    since: u64,
    /// How long it had each value, from the first note on.
    times: BTreeMap<u16, u64>,
}

impl Level {
    fn new(message: (u8, u8), rest: u16, silent: bool) -> Self {
        Self { message, rest, silent, now: rest, since: 0, times: BTreeMap::new() }
    }

    fn set(&mut self, tick: u64, value: u16, sounds: bool) {
        if sounds {
            *self.times.entry(self.now).or_default() += tick - self.since;
        }
        (self.now, self.since) = (value, tick);
    }

    /// The value that it had half the time; what it has where it never had any.
    fn usual(&self) -> u16 {
        let half = self.times.values().sum::<u64>().div_ceil(2);
        let mut time = 0;
        let usual = self.times.iter().find(|(_, held)| {
            time += *held;
            half > 0 && time >= half
        });
        let usual = usual.map_or(self.now, |(value, _)| *value);
        if usual == 0 && !self.silent { self.rest } else { usual }
    }
}

/// One channel.
struct Desk {
    /// The first track that says anything to it.
    track: u16,
    sounds: bool,
    levels: [Level; 5],
    pedals: [u8; PEDALS.len()],
    pan: Option<u8>,
}

impl Desk {
    fn new(track: u16) -> Self {
        let levels = [
            Level::new((CONTROL, VOLUME), 100, false),
            Level::new((CONTROL, EXPRESSION), 127, false),
            Level::new((CONTROL, MODULATION), 0, true),
            Level::new((PRESSURE, 0), 0, true),
            Level::new((BEND, 0), CENTRE, true),
        ];
        Self { track, sounds: false, levels, pedals: [0; PEDALS.len()], pan: None }
    }

    fn hear(&mut self, tick: u64, kind: u8, first: u8, second: u8) {
        let value = match (kind, first) {
            (NOTE_ON, _) if second > 0 && !self.sounds => {
                self.sounds = true;
                return self.levels.iter_mut().for_each(|level| level.since = tick);
            }
            (CONTROL, RESET_CONTROLLERS) => {
                self.pedals = [0; PEDALS.len()];
                let reset = self.levels.iter_mut().filter(|level| level.message != (CONTROL, VOLUME));
                return reset.for_each(|level| level.set(tick, level.rest, self.sounds));
            }
            (CONTROL, PAN) => return self.pan = Some(second),
            (BEND, _) => u16::from(second) << 7 | u16::from(first),
            (PRESSURE, _) => u16::from(first),
            _ => u16::from(second),
        };
        if let Some(pedal) = PEDALS.iter().position(|&pedal| (kind, first) == (CONTROL, pedal)) {
            self.pedals[pedal] = second;
        }
        let message = (kind, if kind == CONTROL { first } else { 0 });
        if let Some(level) = self.levels.iter_mut().find(|level| level.message == message) {
            level.set(tick, value, self.sounds);
        }
    }

    /// What brings it to rest at `at`.
    fn settle(self, (port, channel): (u8, u8), at: u64) -> Vec<(u16, Insert)> {
        let lifted = PEDALS.iter().zip(self.pedals).filter(|(_, value)| *value > 0);
        let mut messages: Vec<[u8; 3]> = lifted.map(|(&pedal, _)| [CONTROL | channel, pedal, 0]).collect();
        for level in &self.levels {
            let usual = level.usual();
            if usual != level.now {
                let (low, high) = ((usual & 0x7F) as u8, (usual >> 7) as u8);
                messages.push(match level.message {
                    (CONTROL, controller) => [CONTROL | channel, controller, low],
                    (kind, _) => [kind | channel, low, high],
                });
            }
        }
        messages.into_iter().map(|message| (self.track, Insert::first(at, port, message))).collect()
    }
}

/// The messages that settle all channels at `at`, where the tracks have been cut, each with its
/// track.
pub(super) fn settle(source: &[u8], tracks: &Tracks<'_>, at: u64) -> Vec<(u16, Insert)> {
    desks(source, tracks, at).into_iter().flat_map(|(place, desk)| desk.settle(place, at)).collect()
}

/// The messages that give the channels of new parts the volume, expression and place of the first
/// part of the file with their instrument, each with its track.
pub(super) fn companions(source: &[u8], tracks: &Tracks<'_>, at: u64, voices: &[Voice<'_>]) -> Vec<(u16, Insert)> {
    let (new, old): (Vec<&Voice<'_>>, Vec<&Voice<'_>>) = voices.iter().partition(|voice| voice.new.is_some());
    let mut inserts = Vec::new();
    let desks = desks(source, tracks, at);
    for voice in new.into_iter().filter(|voice| voice.sounds() && voice.alone) {
        let like = old.iter().find(|other| other.instrument == voice.instrument);
        let Some(desk) = like.and_then(|like| desks.get(&(like.place.port, like.place.channel))) else { continue };
        let status = CONTROL | voice.place.channel;
        let levels = desk.levels.iter().filter(|level| matches!(level.message, (CONTROL, VOLUME | EXPRESSION)));
        let levels = levels.map(|level| (level.message.1, level.usual() as u8));
        for (controller, value) in levels.chain(desk.pan.map(|pan| (PAN, pan))) {
            inserts.push((voice.place.track, Insert::first(at, voice.place.port, [status, controller, value])));
        }
    }
    inserts
}

/// The channels of a file up to `at`.
fn desks(source: &[u8], tracks: &Tracks<'_>, at: u64) -> BTreeMap<(u8, u8), Desk> {
    let mut desks: BTreeMap<(u8, u8), Desk> = BTreeMap::new();
    for (track, span) in in_order(tracks).into_iter().filter(|(_, span)| span.tick < at) {
        let data = span.body as usize + usize::from(source[span.body as usize] >= 0x80);
        let mut data = mended(span.status, &source[data..span.end as usize]);
        let (first, second) = (data.next().unwrap_or(0), data.next().unwrap_or(0));
        let desk = desks.entry((span.port, span.status & 0x0F)).or_insert_with(|| Desk::new(track));
        desk.track = desk.track.min(track);
        desk.hear(span.tick, span.status & 0xF0, first, second);
    }
    for desk in desks.values_mut() {
        desk.levels.iter_mut().for_each(|level| level.set(at, level.now, desk.sounds));
    }
    desks
}

/// All channel messages in the order in which they are played.
fn in_order<'a>(tracks: &'a Tracks<'_>) -> Vec<(u16, &'a Span)> {
    let spans = tracks.spans.iter().zip(0u16..).flat_map(|(spans, track)| spans.iter().map(move |span| (track, span)));
    let mut spans: Vec<_> = spans.filter(|(_, span)| span.status < 0xF0).collect();
    spans.sort_by_key(|(_, span)| span.tick);
    spans
}
