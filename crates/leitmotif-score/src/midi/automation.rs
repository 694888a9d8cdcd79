//! What the controllers of a file do to the sound of its parts over time.
//!
//! A synthesiser knows channels, so what any track says of a channel holds for all parts on it. At
//! the start of the file, and where a system exclusive message switches General MIDI, GS or XG on,
//! a channel has volume 100, full expression, its place in the middle, no modulation and no bend,
//! and a bend range of two semitones. Reset-all-controllers (121) leaves volume and place as they
//! are, as RP-015 says.
//!
//! Pedals are not here, as [`super::ReadOptions::apply_sustain`] lengthens the notes that they
//! hold; programs neither, as each makes a part of its own.

use super::channel::resets;
use super::error::ReadError;
use super::event::{BEND, CONTROL, Kind, RESET_CONTROLLERS};
use super::raw::mended;
use super::read::{ReadOptions, Tracks, longest, open, play};
use super::report::ReadReport;
use super::unpack::unpack;
use crate::Ticks;
use std::collections::BTreeMap;

const MODULATION: u8 = 1;
const DATA_ENTRY: u8 = 6;
const VOLUME: u8 = 7;
const PAN: u8 = 10;
const EXPRESSION: u8 = 11;
const DATA_ENTRY_LSB: u8 = 38;
const NRPN_LSB: u8 = 98;
const NRPN_MSB: u8 = 99;
const RPN_LSB: u8 = 100;
const RPN_MSB: u8 = 101;

/// Registered parameters: how far a bend reaches, in semitones and cents; tuning in 8192nds of a
/// semitone, and in semitones.
const BEND_RANGE: [u8; 2] = [0, 0];
const FINE_TUNING: [u8; 2] = [0, 1];
const COARSE_TUNING: [u8; 2] = [0, 2];
/// The one that is none, which ends data entry.
const NO_PARAMETER: [u8; 2] = [127, 127];
/// The middle of what 14 bits can say.
const CENTRE: u16 = 8192;

/// One side of a channel's sound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Control {
    /// Volume (controller 7), 0 to 127; 100 until one is set.
    Volume(u8),
    /// Expression (controller 11), 0 to 127: a share of the volume. 127 until one is set.
    Expression(u8),
    /// Place (controller 10) from left (0) by the middle (64) to right (127).
    Pan(u8),
    /// Modulation (controller 1), 0 to 127: the depth of a vibrato.
    Modulation(u8),
    /// How many semitones notes sound above what is written: the bend by its range (registered
    /// parameter 0), and the tuning (registered parameters 1 and 2).
    Pitch(f32),
}

impl Control {
    /// The number of its kind, below [`Control::KINDS`].
    pub fn kind(self) -> usize {
        match self {
            Self::Volume(_) => 0,
            Self::Expression(_) => 1,
            Self::Pan(_) => 2,
            Self::Modulation(_) => 3,
            Self::Pitch(_) => 4,
        }
    }

    /// How many kinds there are.
    pub const KINDS: usize = 5;
}

/// A control that has a new value from `at` on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ControlChange {
    /// When, in ticks of the score.
    pub at: Ticks,
    /// What.
    pub control: Control,
}

/// How the controls of all channels move, and which part plays on which channel.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Automation {
    /// Of each channel on which parts play, in the order of time; a control that is not named has
    /// the value it has at the start of a file.
    pub channels: Vec<Vec<ControlChange>>,
    /// The number of each part's channel in `channels`.
    pub parts: Vec<usize>,
}

impl Automation {
    /// What changes on the channel of a part; nothing for a part that it does not know.
    pub fn of_part(&self, part: usize) -> &[ControlChange] {
        let channel = self.parts.get(part).and_then(|&channel| self.channels.get(channel));
        channel.map_or(&[], Vec::as_slice)
    }
}

/// The automation of a MIDI file, for the parts of the score that [`super::read_midi`] gives for
/// the same bytes and options.
///
/// # Errors
/// As [`super::read_midi`].
pub fn read_automation(bytes: &[u8], options: &ReadOptions) -> Result<Automation, ReadError> {
    let mut unread = ReadReport::default();
    let bytes = unpack(bytes, &mut unread)?;
    let (frame, tracks) = open(&bytes, true, &mut unread)?;
    let limit = longest(&tracks, &frame);
    let parts = play(&tracks, options, limit)?;
    let mut desks: BTreeMap<(u8, u8), Desk> = BTreeMap::new();
    for part in &parts {
        desks.entry((part.place.port, part.place.channel)).or_default();
    }
    let numbers: BTreeMap<(u8, u8), usize> = desks.keys().copied().zip(0..).collect();
    let parts = parts.iter().filter_map(|part| numbers.get(&(part.place.port, part.place.channel)).copied()).collect();
    for said in said(&bytes, &tracks).into_iter().filter(|said| said.tick < limit.0) {
        match said.what {
            What::Message(channel, message) => {
                if let Some(desk) = desks.get_mut(&(said.port, channel)) {
                    desk.hear(said.tick, message);
                }
            }
            What::Reset => {
                let port = desks.range_mut((said.port, 0)..=(said.port, u8::MAX));
                port.for_each(|(_, desk)| desk.reset(said.tick));
            }
            What::NewSequence => desks.values_mut().for_each(|desk| desk.reset(said.tick)),
        }
    }
    Ok(Automation { channels: desks.into_values().map(|desk| desk.changes).collect(), parts })
}

/// Something that is said to channels.
struct Said {
    tick: u64,
    track: u16,
    byte: u32,
    port: u8,
    what: What,
}

enum What {
    /// To a channel, by status and data bytes.
    Message(u8, [u8; 3]),
    Reset,
    NewSequence,
}

/// All that the tracks say of controls, in the order in which a synthesiser hears it.
fn said(bytes: &[u8], tracks: &Tracks<'_>) -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    for (track, spans) in tracks.spans.iter().enumerate() {
        for span in spans.iter().filter(|span| matches!(span.status & 0xF0, CONTROL | BEND)) {
            let data = span.body as usize + usize::from(bytes[span.body as usize] >= 0x80);
            let mut data = mended(span.status, &bytes[data..span.end as usize]);
            let (Some(first), Some(second)) = (data.next(), data.next()) else { continue };
            let what = What::Message(span.status & 0x0F, [span.status & 0xF0, first, second]);
            all.push(Said { tick: span.tick, track: track as u16, byte: span.start, port: span.port, what });
        }
    }
    for event in &tracks.events {
        let what = match event.kind {
            Kind::SystemExclusive(message) if resets(message) => What::Reset,
            Kind::NewSequence => What::NewSequence,
            _ => continue,
        };
        all.push(Said { tick: event.tick, track: event.track, byte: event.byte, port: event.port, what });
    }
    all.sort_by_key(|said| (said.tick, said.track, said.byte));
    all
}

/// The controls of one channel.
struct Desk {
    /// 14 bits.
    bend: u16,
    /// Semitones and cents.
    range: [u8; 2],
    /// 14 bits.
    fine: u16,
    coarse: u8,
    /// What data entry sets; none while it sets a parameter that is not registered.
    parameter: [u8; 2],
    registered: bool,
    /// The value of each kind of control, once it is set.
    now: [Option<Control>; Control::KINDS],
    changes: Vec<ControlChange>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            bend: CENTRE,
            range: [2, 0],
            fine: CENTRE,
            coarse: 64,
            parameter: NO_PARAMETER,
            registered: false,
            now: [None; Control::KINDS],
            changes: Vec::new(),
        }
    }
}

impl Desk {
    fn hear(&mut self, tick: u64, [status, first, second]: [u8; 3]) {
        if status == BEND {
            self.bend = fourteen([second, first]);
            return self.pitch(tick);
        }
        match first {
            VOLUME => self.set(tick, Control::Volume(second)),
            PAN => self.set(tick, Control::Pan(second)),
            EXPRESSION => self.set(tick, Control::Expression(second)),
            MODULATION => self.set(tick, Control::Modulation(second)),
            RPN_MSB | RPN_LSB => {
                self.registered = true;
                self.parameter[usize::from(first == RPN_LSB)] = second;
            }
            NRPN_MSB | NRPN_LSB => self.registered = false,
            DATA_ENTRY | DATA_ENTRY_LSB => self.enter(tick, usize::from(first == DATA_ENTRY_LSB), second),
            RESET_CONTROLLERS => {
                self.set_if_named(tick, [Control::Expression(127), Control::Modulation(0)]);
                (self.bend, self.parameter) = (CENTRE, NO_PARAMETER);
                self.pitch(tick);
            }
            _ => {}
        }
    }

    /// Takes the coarse (0) or fine (1) half of the chosen parameter.
    fn enter(&mut self, tick: u64, half: usize, value: u8) {
        if !self.registered {
            return;
        }
        match (self.parameter, half) {
            (BEND_RANGE, _) => self.range[half] = value,
            (FINE_TUNING, 0) => self.fine = u16::from(value) << 7 | self.fine & 0x7F,
            (FINE_TUNING, _) => self.fine = self.fine & !0x7F | u16::from(value),
            (COARSE_TUNING, 0) => self.coarse = value,
            _ => return,
        }
        self.pitch(tick);
    }

    fn pitch(&mut self, tick: u64) {
        let share = |value: u16| (f32::from(value) - f32::from(CENTRE)) / f32::from(CENTRE);
        let range = f32::from(self.range[0]) + f32::from(self.range[1]) / 100.0;
        let tuning = f32::from(self.coarse) - 64.0 + share(self.fine);
        self.set(tick, Control::Pitch(share(self.bend) * range + tuning));
    }

    fn reset(&mut self, tick: u64) {
        let (now, changes) = (self.now, std::mem::take(&mut self.changes));
        *self = Self { now, changes, ..Self::default() };
        let rest = [Control::Volume(100), Control::Pan(64), Control::Expression(127), Control::Modulation(0)];
        self.set_if_named(tick, rest);
        self.set_if_named(tick, [Control::Pitch(0.0)]);
    }

    fn set_if_named<const N: usize>(&mut self, tick: u64, controls: [Control; N]) {
        for control in controls {
            if self.now[control.kind()].is_some() {
                self.set(tick, control);
            }
        }
    }

    fn set(&mut self, tick: u64, control: Control) {
        let now = &mut self.now[control.kind()];
        if *now == Some(control) {
            return;
        }
        *now = Some(control);
        let at = Ticks(tick);
        // Of several values at one tick the last holds.
        let same = self.changes.iter().rposition(|change| change.at < at).map_or(0, |before| before + 1);
        match self.changes[same..].iter_mut().find(|it| it.control.kind() == control.kind()) {
            Some(change) => change.control = control,
            None => self.changes.push(ControlChange { at, control }),
        }
    }
}

fn fourteen([high, low]: [u8; 2]) -> u16 {
    u16::from(high) << 7 | u16::from(low)
}
