//! The bytes of one track as events in time. Events that make no sense are mended or left out, and
//! the track is read on behind them.

use super::chunks::TrackSpan;
use super::error::ReadError;
use super::levels::MARK;
use super::limits::{MAX_EVENTS, MAX_RESUMPTIONS, MAX_TICKS};
use super::raw::{Cursor, Damage, DataBytes, Message, Raw};
use super::report::{ReadReport, What};
use super::resync::{Resume, resume};

/// The upper half of the status of a controller, and of a pitch bend.
pub(super) const CONTROL: u8 = 0xB0;
pub(super) const BEND: u8 = 0xE0;

/// Controllers that matter to the score.
pub(super) const BANK_MSB: u8 = 0;
pub(super) const BANK_LSB: u8 = 32;
pub(super) const SUSTAIN: u8 = 64;
pub(super) const SOSTENUTO: u8 = 66;
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
    /// The file may hold a second arrangement, see [`super::levels`].
    TwoLevels,
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
    /// Whether a program or bank concerns its own track alone, see [`super::leaders`].
    pub own: bool,
    pub kind: Kind<'a>,
}

/// Where any event lies in the file, those that say nothing to the score included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// In score ticks.
    pub tick: u64,
    /// The tick from which the time before it counts.
    pub from: u64,
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
        let cursor = Cursor::new(&bytes[..span.limit], span.start);
        let (spans, port, tick, running, interrupted, expression) = (None, 0, start, None, false, 0);
        Self { cursor, report, events, spans, track, port, scale, smpte, tick, running, interrupted, expression }
    }

    /// Notes down in `spans` where every event lies.
    pub fn recording(mut self, spans: Option<&'r mut Vec<Span>>) -> Self {
        self.spans = spans;
        self
    }

    /// Reads to the end. Damage is reported; where nothing behind it makes sense, the track ends.
    pub fn read(mut self) -> Result<TrackEnd, ReadError> {
        let mut ended = false;
        let mut lost = false;
        while !ended && !lost && self.cursor.at < self.cursor.bytes.len() {
            if self.events.len() >= MAX_EVENTS {
                return Err(ReadError::TooMany { what: "events", limit: MAX_EVENTS, at: self.cursor.at as u64 });
            }
            match self.event(DataBytes::Strict) {
                Ok(end) => ended = end,
                Err(damage) => lost = !self.go_on(damage),
            }
        }
        self.report.add(What::Expression, self.expression, None);
        if lost {
            return Ok(TrackEnd { tick: self.tick, stop: self.cursor.bytes.len(), ended: false });
        }
        if !ended {
            self.report.add(What::EndOfTrackMissing, 1, Some(self.cursor.at));
        }
        Ok(TrackEnd { tick: self.tick, stop: self.cursor.at, ended })
    }

    /// Mends the event with `damage` or steps over it. False where the rest of the track is lost.
    fn go_on(&mut self, damage: Damage) -> bool {
        let Damage(what, byte) = damage;
        let beyond = what == What::TimeBeyondLimit;
        let (bytes, event) = (self.cursor.bytes, self.cursor.event);
        let may_resume = !beyond && self.report.resumptions() < MAX_RESUMPTIONS;
        match may_resume.then(|| resume(bytes, event, self.running, damage)).flatten() {
            Some(Resume::Mended(data_bytes)) => {
                let clock = data_bytes == DataBytes::SkipRealTime;
                let mended = if clock { What::RealTimeInEvent } else { What::DataByteMended };
                self.report.add(mended, 1, Some(byte));
                self.cursor.at = event;
                match self.event(data_bytes) {
                    // A channel message ends no track.
                    Ok(_) => true,
                    Err(Damage(what, byte)) => {
                        self.report.add(what, 1, Some(byte));
                        false
                    }
                }
            }
            Some(Resume::At(next)) => {
                self.report.add(what, 1, Some(byte));
                self.report.add(What::BytesSkipped, 1, Some(event));
                self.cursor.at = next;
                self.running = None;
                true
            }
            None => {
                self.report.add(what, 1, Some(byte));
                let cut = what == What::TrackCut;
                self.report.add(What::TrackLost, u64::from(!cut), Some(event));
                false
            }
        }
    }

    fn push(&mut self, channel: u8, kind: Kind<'a>) {
        let (tick, port, byte) = (self.tick, self.port, self.cursor.event as u32);
        self.events.push(Event { tick, byte, track: self.track, port, channel, own: false, kind });
    }

    /// Reads one event; true for the end of the track.
    fn event(&mut self, data_bytes: DataBytes) -> Result<bool, Damage> {
        let raw = self.cursor.read(self.running, data_bytes)?;
        let from = self.tick;
        let tick = from + u64::from(raw.delta) * self.scale;
        if tick > MAX_TICKS {
            return Err(Damage(What::TimeBeyondLimit, self.cursor.event));
        }
        self.tick = tick;
        self.message(&raw);
        if let Some(spans) = &mut self.spans {
            let [start, body, end] = [self.cursor.event, raw.body, self.cursor.at].map(|byte| byte as u32);
            spans.push(Span { tick, from, start, body, end, status: raw.status, port: self.port });
        }
        Ok(raw.ends_track())
    }

    fn message(&mut self, raw: &Raw<'a>) {
        self.running = raw.running_after(self.running);
        let interrupted = std::mem::replace(&mut self.interrupted, raw.status >= 0xF0);
        if raw.running && interrupted {
            self.report.add(What::RunningStatusResumed, 1, Some(self.cursor.event));
        }
        match raw.message {
            Message::Channel(first, second) => self.channel_event(raw.status, first, second),
            Message::Meta(kind, data) => self.meta(kind, data),
            Message::SystemExclusive(data) => {
                self.report.add(What::SystemExclusive, 1, None);
                self.push(0, Kind::SystemExclusive(data));
            }
            Message::Escape => self.report.add(What::SystemExclusive, 1, None),
            Message::System => {
                self.report.add(What::SystemMessage, 1, Some(self.cursor.event));
            }
        }
    }

    fn channel_event(&mut self, status: u8, first: u8, second: u8) {
        let kind = match status >> 4 {
            0x8 => Kind::NoteOff { pitch: first },
            0x9 if second == 0 => Kind::NoteOff { pitch: first },
            0x9 => Kind::NoteOn { pitch: first, velocity: second },
            0xB if matches!(
                first,
                BANK_MSB | BANK_LSB | SUSTAIN | SOSTENUTO | ALL_SOUND_OFF | RESET_CONTROLLERS | ALL_NOTES_OFF
            ) =>
            {
                Kind::Control { controller: first, value: second }
            }
            0xC => Kind::Program(first),
            _ => {
                self.expression += 1;
                return;
            }
        };
        self.push(status & 0x0F, kind);
    }

    fn meta(&mut self, kind: u8, data: &'a [u8]) {
        let found = match (kind, data) {
            // The end; and what says nothing: a wait longer than a number can be is written so.
            (0x2F, _) | (0x7F, []) => return,
            (0x01 | 0x02, text) => Ok(Kind::Text(TextKind::Text, text)),
            (0x03, text) => Ok(Kind::Text(TextKind::Name, text)),
            (0x04, text) => Ok(Kind::Text(TextKind::InstrumentName, text)),
            (0x06 | 0x07, text) => Ok(Kind::Text(TextKind::Marker, text)),
            (0x7F, data) if data.starts_with(&MARK) => Ok(Kind::TwoLevels),
            (0x05, _) => Err(What::Lyric),
            (0x21, &[port, ..]) => {
                self.port = port & 0x7F;
                return;
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
    }
}
