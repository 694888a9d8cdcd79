//! Which instrument a channel plays: programs, banks, and the system exclusives that make a channel
//! drums.

use super::event::{BANK_LSB, BANK_MSB, Kind};
use crate::Instrument;

/// The channel that is drums unless something says otherwise (the tenth).
pub(super) const DRUM_CHANNEL: u8 = 9;
/// Channels of a port.
pub(super) const CHANNELS: usize = 16;

pub(super) const GM2_RHYTHM: u8 = 120;
pub(super) const GM2_MELODY: u8 = 121;
const XG_EFFECTS_KIT: u8 = 126;
pub(super) const XG_DRUM_KIT: u8 = 127;
/// The kit of sound effects in GM2 and GS, which stands for XG's.
const EFFECTS_KIT: u8 = 56;

/// A bank, coarse and fine; 0 until one is selected.
pub(super) type Bank = [u8; 2];

/// What a program change selects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sound {
    pub bank: Bank,
    pub program: u8,
}

/// What a channel is set to.
#[derive(Debug, Clone, Copy, Default)]
struct Channel {
    sound: Sound,
    /// The bank that the next program change will use.
    next_bank: Bank,
    /// Drums or not, where a system exclusive set it.
    rhythm: Option<bool>,
}

/// A port's sixteen channels.
#[derive(Debug, Clone, Default)]
pub(super) struct Port {
    channels: [Channel; CHANNELS],
    /// Roland's GS was switched on: its bank 127 holds MT-32 sounds, not drums.
    gs: bool,
}

impl Port {
    /// Follows an event on `channel`; those that select no sound change nothing.
    pub fn follow(&mut self, channel: u8, kind: &Kind<'_>) {
        let next_bank = &mut self.channels[usize::from(channel)].next_bank;
        match *kind {
            Kind::Control { controller: BANK_MSB, value } => next_bank[0] = value,
            Kind::Control { controller: BANK_LSB, value } => next_bank[1] = value,
            Kind::Program(program) => self.change_program(channel, program),
            Kind::SystemExclusive(message) => self.system_exclusive(message),
            _ => {}
        }
    }

    fn change_program(&mut self, channel: u8, program: u8) {
        let channel = &mut self.channels[usize::from(channel)];
        channel.sound = Sound { bank: channel.next_bank, program };
    }

    /// The sound of `channel`.
    pub fn sound(&self, channel: u8) -> Sound {
        self.channels[usize::from(channel)].sound
    }

    /// The bank that the next program change on `channel` will use.
    pub fn next_bank(&self, channel: u8) -> Bank {
        self.channels[usize::from(channel)].next_bank
    }

    /// Who plays what comes next on `channel`.
    pub fn instrument(&self, channel: u8) -> Instrument {
        let state = &self.channels[usize::from(channel)];
        let Sound { bank: [bank, _], program } = state.sound;
        if state.rhythm.is_none() && bank == XG_EFFECTS_KIT && !self.gs {
            return Instrument::Drums(EFFECTS_KIT);
        }
        let drums = state.rhythm.unwrap_or(match bank {
            GM2_RHYTHM => true,
            XG_DRUM_KIT if !self.gs => true,
            GM2_MELODY => false,
            _ => channel == DRUM_CHANNEL,
        });
        if drums { Instrument::Drums(program) } else { Instrument::Program(program) }
    }

    /// Follows a system exclusive message (what stands after its F0).
    fn system_exclusive(&mut self, message: &[u8]) {
        match message {
            // GM 1 on, GM off, GM 2 on: everything starts afresh.
            [0x7E, _, 0x09, 0x01..=0x03, ..] => *self = Self::default(),
            // GS reset, system mode set.
            [0x41, _, 0x42, 0x12, 0x40 | 0x00, 0x00, 0x7F, ..] => *self = Self { gs: true, ..Self::default() },
            // GS: use for rhythm part, block by block.
            [0x41, _, 0x42, 0x12, 0x40 | 0x50, block @ 0x10..=0x1F, 0x15, map, ..] => {
                let channel = match block & 0x0F {
                    0 => DRUM_CHANNEL,
                    block @ 1..=9 => block - 1,
                    block => block,
                };
                self.channels[usize::from(channel)].rhythm = Some(*map != 0);
            }
            // XG system on, all parameters reset.
            [0x43, 0x10..=0x1F, 0x4C, 0x00, 0x00, 0x7E | 0x7F, ..] => *self = Self::default(),
            // XG: part mode (0 is normal, the others are drums).
            [0x43, 0x10..=0x1F, 0x4C, 0x08, part @ 0..=0x0F, 0x07, mode, ..] => {
                self.channels[usize::from(*part)].rhythm = Some(*mode != 0);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select_bank(port: &mut Port, channel: u8, value: u8) {
        port.follow(channel, &Kind::Control { controller: BANK_MSB, value });
    }

    fn rhythm_message(block: u8, map: u8) -> Vec<u8> {
        vec![0x41, 0x10, 0x42, 0x12, 0x40, 0x10 | block, 0x15, map, 0, 0xF7]
    }

    #[test]
    fn the_tenth_channel_is_drums() {
        let mut port = Port::default();
        port.change_program(9, 16);
        port.change_program(3, 30);
        assert_eq!(port.instrument(9), Instrument::Drums(16));
        assert_eq!(port.instrument(3), Instrument::Program(30));
    }

    #[test]
    fn gs_blocks_name_channels_in_their_own_order() {
        for (block, channel) in [(0, 9), (1, 0), (9, 8), (0xA, 10), (0xF, 15)] {
            let mut port = Port::default();
            port.system_exclusive(&rhythm_message(block, 2));
            port.system_exclusive(&rhythm_message(if block == 0 { 1 } else { 0 }, 0));
            assert!(port.instrument(channel).is_drums(), "block {block}");
            assert!(channel == 9 || !port.instrument(9).is_drums());
        }
    }

    #[test]
    fn banks_take_effect_with_the_next_program() {
        let mut port = Port::default();
        select_bank(&mut port, 2, XG_DRUM_KIT);
        assert!(!port.instrument(2).is_drums());
        port.change_program(2, 8);
        assert_eq!(port.instrument(2), Instrument::Drums(8));
        port.system_exclusive(&[0x41, 0x10, 0x42, 0x12, 0x40, 0x00, 0x7F, 0x00, 0x41, 0xF7]);
        assert!(!port.instrument(2).is_drums());
        select_bank(&mut port, 2, XG_DRUM_KIT);
        port.change_program(2, 8);
        assert!(!port.instrument(2).is_drums(), "bank 127 of GS is the MT-32's");
        select_bank(&mut port, 9, GM2_MELODY);
        port.change_program(9, 8);
        assert!(!port.instrument(9).is_drums());
        port.system_exclusive(&[0x7E, 0x7F, 0x09, 0x01, 0xF7]);
        port.system_exclusive(&[0x43, 0x10, 0x4C, 0x08, 0x02, 0x07, 0x02, 0xF7]);
        assert!(port.instrument(2).is_drums() && port.instrument(9).is_drums());
    }
}
