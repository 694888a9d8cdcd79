//! The bytes of one track as events in time, up to the end of the track or the first byte that
//! makes no sense.
//!
//! Running status is kept across meta and system events, which the specification forbids and files
//! do.

use super::chunks::TrackSpan;
use super::error::ReadError;
use super::limits::{MAX_EVENTS, MAX_TICKS};
use super::report::{ReadReport, What};

/// Controllers that matter to the score.
pub(super) const BANK_MSB: u8 = 0;
pub(super) const BANK_LSB: u8 = 32;
pub(super) const SUSTAIN: u8 = 64;
pub(super) const ALL_SOUND_OFF: u8 = 120;
pub(super) const RESET_CONTROLLERS: u8 = 121;
pub(super) const ALL_NOTES_OFF: u8 = 123;

/// The largest number that a file can write in variable length.
pub(super) const MAX_NUMBER: u32 = (1 << 28) - 1;
/// The largest exponent of a time signature's denominator that fits a byte.
const MAX_DENOMINATOR_POWER: u8 = 7;

/// Texts that the score keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    Text,
    Name,
    InstrumentName,
    Marker,
}

/// What happens.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind<'a> {
    NoteOn {
        pitch: u8,
        velocity: u8,
    },
    NoteOff {
        pitch: u8,
    },
    Control {
        controller: u8,
        value: u8,
    },
    Program(u8),
    SystemExclusive(&'a [u8]),
    Tempo(u32),
    Meter {
        numerator: u8,
        denominator: u8,
    },
    Key {
        sharps: i8,
        minor: bool,
    },
    Text(TextKind, &'a [u8]),
    /// The state of all channels starts afresh (between the sequences of format 2).
    NewSequence,
}

/// Something at a time; `channel` and `port` mean nothing for what concerns no channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event<'a> {
    /// In score ticks.
    pub tick: u64,
    /// Where it stands in the file.
    pub byte: u32,
    pub track: u16,
    pub port: u8,
    pub channel: u8,
    pub kind: Kind<'a>,
}

/// Where any event lies in the file, those that say nothing to the score included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// In score ticks.
    pub tick: u64,
    /// The first byte of the time before it.
    pub start: u32,
    /// Its first byte after the time: its status, or its data under running status.
    pub body: u32,
    /// The first byte after it.
    pub end: u32,
    /// Its status, under running status too.
    pub status: u8,
    /// The track's port after it.
    pub port: u8,
}

/// How a track's bytes ended.
pub(super) struct TrackEnd {
    /// The tick of the end.
    pub tick: u64,
    /// The first byte after it.
    pub stop: usize,
    /// Whether an end-of-track event said so.
    pub ended: bool,
}

/// Why the rest of a track is lost, and the byte that says so.
struct Damage(What, usize);

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the event being read began.
    event: usize,
}

impl<'a> Cursor<'a> {
    fn byte(&mut self) -> Result<u8, Damage> {
        let byte = *self.bytes.get(self.at).ok_or(Damage(What::TrackCut, self.event))?;
        self.at += 1;
        Ok(byte)
    }

    fn data(&mut self) -> Result<u8, Damage> {
        match self.byte()? {
            byte @ 0..=0x7F => Ok(byte),
            _ => Err(Damage(What::DataByteInvalid, self.at - 1)),
        }
    }

    fn number(&mut self) -> Result<u32, Damage> {
        let mut number = 0;
        for _ in 0..4 {
            let byte = self.byte()?;
            number = number << 7 | u32::from(byte & 0x7F);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Damage(What::NumberTooLong, self.at - 1))
    }

    fn slice(&mut self) -> Result<&'a [u8], Damage> {
        let length = self.number()? as usize;
        let rest = &self.bytes[self.at..];
        let slice = rest.get(..length).ok_or(Damage(What::TrackCut, self.event))?;
        self.at += length;
        Ok(slice)
    }
}

/// Reads one track's events into `events`.
pub(super) struct TrackReader<'a, 'r> {
    cursor: Cursor<'a>,
    report: &'r mut ReadReport,
    events: &'r mut Vec<Event<'a>>,
    spans: Option<&'r mut Vec<Span>>,
    track: u16,
    port: u8,
    scale: u64,
    smpte: bool,
    tick: u64,
    running: Option<u8>,
    /// Whether `running` was set before the last meta or system event.
    interrupted: bool,
    expression: u64,
}

impl<'a, 'r> TrackReader<'a, 'r> {
    pub fn new(
        bytes: &'a [u8],
        span: &TrackSpan,
        track: u16,
        (scale, smpte): (u64, bool),
        start: u64,
        events: &'r mut Vec<Event<'a>>,
        report: &'r mut ReadReport,
    ) -> Self {
        let cursor = Cursor { bytes: &bytes[..span.limit], at: span.start, event: span.start };
        let (spans, port, tick, running, interrupted, expression) = (None, 0, start, None, false, 0);
        Self { cursor, report, events, spans, track, port, scale, smpte, tick, running, interrupted, expression }
    }

    /// Notes down in `spans` where every event lies.
    pub fn recording(mut self, spans: Option<&'r mut Vec<Span>>) -> Self {
        self.spans = spans;
        self
    }

    /// Reads to the end. Damage ends a track early and is reported.
    pub fn read(mut self) -> Result<TrackEnd, ReadError> {
        let mut ended = false;
        while !ended && self.cursor.at < self.cursor.bytes.len() {
            if self.events.len() >= MAX_EVENTS {
                return Err(ReadError::TooMany { what: "events", limit: MAX_EVENTS, at: self.cursor.at as u64 });
            }
            match self.event() {
                Ok(end) => ended = end,
                Err(Damage(what, byte)) => {
                    self.report.add(what, 1, Some(byte));
                    self.report.add(What::Expression, self.expression, None);
                    return Ok(TrackEnd { tick: self.tick, stop: self.cursor.bytes.len(), ended: false });
                }
            }
        }
        if !ended {
            self.report.add(What::EndOfTrackMissing, 1, Some(self.cursor.at));
        }
        self.report.add(What::Expression, self.expression, None);
        Ok(TrackEnd { tick: self.tick, stop: self.cursor.at, ended })
    }

    fn push(&mut self, channel: u8, kind: Kind<'a>) {
        let (tick, port, byte) = (self.tick, self.port, self.cursor.event as u32);
        self.events.push(Event { tick, byte, track: self.track, port, channel, kind });
    }

    /// Reads one event; true for the end of the track.
    fn event(&mut self) -> Result<bool, Damage> {
        self.cursor.event = self.cursor.at;
        let delta = u64::from(self.cursor.number()?) * self.scale;
        let tick = self.tick + delta;
        if tick > MAX_TICKS {
            return Err(Damage(What::TimeBeyondLimit, self.cursor.event));
        }
        self.tick = tick;
        let body = self.cursor.at;
        let status = self.cursor.byte()?;
        let ends = self.message(status)?;
        if let Some(spans) = &mut self.spans {
            let status = if status < 0x80 { self.running.unwrap_or(status) } else { status };
            let [start, body, end] = [self.cursor.event, body, self.cursor.at].map(|byte| byte as u32);
            spans.push(Span { tick, start, body, end, status, port: self.port });
        }
        Ok(ends)
    }

    /// Reads what follows the time; true for the end of the track.
    fn message(&mut self, status: u8) -> Result<bool, Damage> {
        match status {
            0x80..=0xEF => {
                (self.running, self.interrupted) = (Some(status), false);
                self.channel_event(status)?;
            }
            0..=0x7F => {
                let running = self.running.ok_or(Damage(What::StatusMissing, self.cursor.at - 1))?;
                if std::mem::take(&mut self.interrupted) {
                    self.report.add(What::RunningStatusResumed, 1, Some(self.cursor.event));
                }
                self.cursor.at -= 1;
                self.channel_event(running)?;
            }
            0xFF => {
                self.interrupted = true;
                return self.meta();
            }
            0xF0 => {
                self.interrupted = true;
                let data = self.cursor.slice()?;
                self.report.add(What::SystemExclusive, 1, None);
                self.push(0, Kind::SystemExclusive(data));
            }
            0xF7 => {
                self.interrupted = true;
                self.cursor.slice()?;
                self.report.add(What::SystemExclusive, 1, None);
            }
            _ => {
                // Messages that belong on a wire: step over as many data bytes as they have there.
                for _ in 0..[0, 1, 2, 1].get(usize::from(status - 0xF0)).copied().unwrap_or(0) {
                    self.cursor.data()?;
                }
                self.report.add(What::SystemMessage, 1, Some(self.cursor.event));
            }
        }
        Ok(false)
    }

    fn channel_event(&mut self, status: u8) -> Result<(), Damage> {
        let first = self.cursor.data()?;
        let second = if matches!(status >> 4, 0xC | 0xD) { 0 } else { self.cursor.data()? };
        let kind = match status >> 4 {
            0x8 => Kind::NoteOff { pitch: first },
            0x9 if second == 0 => Kind::NoteOff { pitch: first },
            0x9 => Kind::NoteOn { pitch: first, velocity: second },
            0xB if matches!(
                first,
                BANK_MSB | BANK_LSB | SUSTAIN | ALL_SOUND_OFF | RESET_CONTROLLERS | ALL_NOTES_OFF
            ) =>
            {
                Kind::Control { controller: first, value: second }
            }
            0xC => Kind::Program(first),
            _ => {
                self.expression += 1;
                return Ok(());
            }
        };
        self.push(status & 0x0F, kind);
        Ok(())
    }

    fn meta(&mut self) -> Result<bool, Damage> {
        let kind = self.cursor.byte()?;
        let data = self.cursor.slice()?;
        let found = match (kind, data) {
            (0x2F, _) => return Ok(true),
            // Says nothing: a wait longer than a number can be is written so.
            (0x7F, []) => return Ok(false),
            (0x01 | 0x02, text) => Ok(Kind::Text(TextKind::Text, text)),
            (0x03, text) => Ok(Kind::Text(TextKind::Name, text)),
            (0x04, text) => Ok(Kind::Text(TextKind::InstrumentName, text)),
            (0x06 | 0x07, text) => Ok(Kind::Text(TextKind::Marker, text)),
            (0x05, _) => Err(What::Lyric),
            (0x21, &[port, ..]) => {
                self.port = port & 0x7F;
                return Ok(false);
            }
            (0x51, _) if self.smpte => Err(What::TempoWithoutQuarters),
            (0x51, &[a, b, c, ..]) if (a, b, c) != (0, 0, 0) => Ok(Kind::Tempo(u32::from_be_bytes([0, a, b, c]))),
            (0x58, &[numerator @ 1..=u8::MAX, power @ 0..=MAX_DENOMINATOR_POWER, ..]) => {
                Ok(Kind::Meter { numerator, denominator: 1 << power })
            }
            (0x59, &[sharps, mode @ 0..=1, ..]) if (-7..=7).contains(&(sharps as i8)) => {
                Ok(Kind::Key { sharps: sharps as i8, minor: mode == 1 })
            }
            (0x51 | 0x58 | 0x59 | 0x21, _) => Err(What::ValueInvalid),
            (0x00 | 0x08..=0x0F | 0x20 | 0x54 | 0x7F, _) => Err(What::OtherMeta),
            _ => Err(What::MetaUnknown),
        };
        match found {
            Ok(kind) => self.push(0, kind),
            Err(what) => self.report.add(what, 1, Some(self.cursor.event)),
        }
        Ok(false)
    }
}
