//! The bytes of one event as its parts, without what they mean.
//!
//! Running status is kept across meta and system events, which the specification forbids and files
//! do.

use super::report::What;

/// The first status of real-time messages, of one byte each, which on a wire may stand inside
/// others; 0xFF is a meta event in files.
const REAL_TIME: std::ops::RangeInclusive<u8> = 0xF8..=0xFE;
/// What stands for a data byte above the largest one.
const MAX_DATA: u8 = 127;

/// What makes an event unreadable, and the byte that says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Damage(pub What, pub usize);

/// What to make of data bytes above 127.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataBytes {
    /// The event is unreadable.
    Strict,
    /// Those of real-time messages are skipped.
    SkipRealTime,
    /// They are 127.
    Clip,
}

/// What follows the time of an event.
#[derive(Debug, Clone, Copy)]
pub(super) enum Message<'a> {
    /// A channel message with its data bytes; the second is 0 where it has one.
    Channel(u8, u8),
    Meta(u8, &'a [u8]),
    SystemExclusive(&'a [u8]),
    /// More bytes of a system exclusive message, or any others.
    Escape,
    /// A message that belongs on a wire.
    System,
}

/// An event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a> {
    /// The time before it, in ticks of the file.
    pub delta: u32,
    /// Its first byte after the time.
    pub body: usize,
    /// Its status, under running status too.
    pub status: u8,
    /// Whether its status is the one before.
    pub running: bool,
    pub message: Message<'a>,
}

impl Raw<'_> {
    /// The running status after it, where it was `before`.
    pub fn running_after(&self, before: Option<u8>) -> Option<u8> {
        if self.status < 0xF0 { Some(self.status) } else { before }
    }

    pub fn ends_track(&self) -> bool {
        matches!(self.message, Message::Meta(0x2F, _))
    }
}

/// A place in the bytes of a track, which end with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
    /// Where the event being read began.
    pub event: usize,
    data_bytes: DataBytes,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, event: at, data_bytes: DataBytes::Strict }
    }

    /// Reads the event here under the running status before it.
    pub fn read(&mut self, running: Option<u8>, data_bytes: DataBytes) -> Result<Raw<'a>, Damage> {
        (self.event, self.data_bytes) = (self.at, data_bytes);
        let delta = self.number()?;
        let body = self.at;
        let first = self.byte()?;
        let runs = first < 0x80;
        let status = if runs { running.ok_or(Damage(What::StatusMissing, body))? } else { first };
        if runs {
            self.at = body;
        }
        let message = self.message(status)?;
        Ok(Raw { delta, body, status, running: runs, message })
    }

    fn message(&mut self, status: u8) -> Result<Message<'a>, Damage> {
        Ok(match status {
            0xC0..=0xDF => Message::Channel(self.data()?, 0),
            0..=0xEF => Message::Channel(self.data()?, self.data()?),
            0xFF => Message::Meta(self.byte()?, self.slice()?),
            0xF0 => Message::SystemExclusive(self.slice()?),
            0xF7 => {
                self.slice()?;
                Message::Escape
            }
            _ => {
                // Step over as many data bytes as it has on a wire.
                for _ in 0..[0, 1, 2, 1].get(usize::from(status - 0xF0)).copied().unwrap_or(0) {
                    self.data()?;
                }
                Message::System
            }
        })
    }

    fn byte(&mut self) -> Result<u8, Damage> {
        let byte = *self.bytes.get(self.at).ok_or(Damage(What::TrackCut, self.event))?;
        self.at += 1;
        Ok(byte)
    }

    fn data(&mut self) -> Result<u8, Damage> {
        loop {
            match (self.byte()?, self.data_bytes) {
                (byte @ 0..=MAX_DATA, _) => return Ok(byte),
                (_, DataBytes::Clip) => return Ok(MAX_DATA),
                (byte, DataBytes::SkipRealTime) if REAL_TIME.contains(&byte) => {}
                _ => return Err(Damage(What::DataByteInvalid, self.at - 1)),
            }
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
        let slice = self.bytes[self.at..].get(..length).ok_or(Damage(What::TrackCut, self.event))?;
        self.at += length;
        Ok(slice)
    }
}

/// The data bytes of a channel message as it was read, whatever `DataBytes` let it be.
pub(super) fn mended(status: u8, data: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let length = if matches!(status, 0xC0..=0xDF) { 1 } else { 2 };
    let clocks = data.len() > length;
    data.iter().copied().filter(move |byte| !(clocks && REAL_TIME.contains(byte))).map(|byte| byte.min(MAX_DATA))
}
