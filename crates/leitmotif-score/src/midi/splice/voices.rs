//! Which track and channel plays what is added.
//!
//! An existing part plays on where it is. A new one has a track of its own, and a channel of the
//! first port: drums the tenth, others one that no event of the file names, else one without notes,
//! else that of a part with the same instrument.

use super::super::channel::{CHANNELS, DRUM_CHANNEL, Port, Sound};
use super::super::error::SpliceError;
use super::super::event::Kind;
use super::super::levels::BASIC;
use super::super::limits::MAX_TRACKS;
use super::super::perform::{Place, Played};
use super::super::read::Tracks;
use crate::{Instrument, Part};

/// Who plays added notes.
#[derive(Debug, Clone)]
pub(super) struct Voice<'a> {
    pub place: Place,
    pub instrument: Instrument,
    /// The sounds of its notes, each with the first tick that has it; of at least one.
    pub timbres: Vec<(u64, Sound)>,
    /// Whether no part of the file has notes on its channel, so that it may leave its program set.
    pub alone: bool,
    /// The new part, and `None` for one of the file.
    pub new: Option<&'a Part>,
}

impl Voice<'_> {
    /// Whether it is a new part with notes, which has a track.
    pub fn sounds(&self) -> bool {
        self.new.is_some_and(|part| !part.notes.is_empty())
    }

    fn plays(&self, instrument: Instrument) -> bool {
        self.instrument == instrument && (self.new.is_none() || self.sounds())
    }

    /// Its sound at `tick`: that of its last note before, else of its first.
    pub fn sound_at(&self, tick: u64) -> Sound {
        let before = self.timbres.partition_point(|timbre| timbre.0 <= tick);
        self.timbres.get(before.saturating_sub(1)).map_or_else(Sound::default, |timbre| timbre.1)
    }
}

/// The voices of the file's parts, and then of `new` ones.
pub(super) fn assign<'a>(
    parts: &[Played],
    new: &'a [Part],
    tracks: &Tracks<'_>,
) -> Result<Vec<Voice<'a>>, SpliceError> {
    let mut voices: Vec<Voice<'a>> = parts
        .iter()
        .map(|part| {
            let (place, instrument, timbres) = (part.place, part.instrument, part.sounds.clone());
            Voice { place, instrument, timbres, alone: false, new: None }
        })
        .collect();
    if new.iter().all(|part| part.notes.is_empty()) {
        return Ok(voices);
    }
    let mut channels = Channels::of(parts, tracks);
    let mut track = tracks.ends.len();
    for (number, part) in new.iter().enumerate() {
        if track >= MAX_TRACKS {
            return Err(SpliceError::TooManyTracks { limit: MAX_TRACKS });
        }
        let sound = Sound { program: part.instrument.program(), ..Sound::default() };
        let mut voice = Voice {
            place: Place { track: track as u16, port: 0, channel: DRUM_CHANNEL },
            instrument: part.instrument,
            timbres: vec![(0, sound)],
            alone: true,
            new: Some(part),
        };
        if voice.sounds() {
            track += 1;
            if let Some(channel) = channels.take(part.instrument) {
                voice.place.channel = channel;
            } else if let Some(other) = voices.iter().find(|it| it.plays(part.instrument)) {
                (voice.place.port, voice.place.channel) = (other.place.port, other.place.channel);
                (voice.timbres, voice.alone) = (other.timbres.clone(), false);
            } else if part.instrument.is_drums() && channels.drums {
                voice.alone = false;
            } else {
                return Err(SpliceError::NoChannel { part: number, instrument: part.instrument });
            }
        }
        voices.push(voice);
    }
    Ok(voices)
}

/// The channels of the first port that no part uses.
struct Channels {
    /// In the order in which they are given away.
    free: Vec<u8>,
    /// Whether the tenth channel is for drums, as no system exclusive says otherwise.
    drums: bool,
}

impl Channels {
    fn of(parts: &[Played], tracks: &Tracks<'_>) -> Self {
        let mut named = [false; CHANNELS];
        for span in tracks.spans.iter().flatten().filter(|span| span.port == 0 && span.status < 0xF0) {
            named[usize::from(span.status & 0x0F)] = true;
        }
        // A system exclusive may make drums of any channel, and the contrary.
        let mut unusual = [false; CHANNELS];
        let mut port = Port::default();
        for event in tracks.events.iter().filter(|event| event.port == 0) {
            if matches!(event.kind, Kind::SystemExclusive(_)) {
                port.follow(event);
                for channel in 0..CHANNELS as u8 {
                    let drums = port.instrument(event.track, channel).is_drums();
                    unusual[usize::from(channel)] |= drums != (channel == DRUM_CHANNEL);
                }
            }
        }
        for part in parts.iter().filter(|part| part.place.port == 0) {
            unusual[usize::from(part.place.channel)] |= part.place.channel != DRUM_CHANNEL;
        }
        let drummed = parts.iter().any(|part| (part.place.port, part.place.channel) == (0, DRUM_CHANNEL));
        let drums = !unusual[usize::from(DRUM_CHANNEL)];
        let left_out = |it: u8| tracks.two_levels && BASIC.contains(&it);
        let usable = |&it: &u8| !(unusual[usize::from(it)] || it == DRUM_CHANNEL && drummed || left_out(it));
        let mut free: Vec<u8> = (0..CHANNELS as u8).filter(usable).collect();
        free.sort_by_key(|&channel| named[usize::from(channel)]);
        Self { free, drums }
    }

    fn take(&mut self, instrument: Instrument) -> Option<u8> {
        let fits = |&channel: &u8| (channel == DRUM_CHANNEL) == instrument.is_drums();
        self.free.iter().position(fits).map(|found| self.free.remove(found))
    }
}
