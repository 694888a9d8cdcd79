//! Which instrument a channel plays: programs, banks, and the system exclusives that make a channel
//! drums.

use crate::Instrument;

/// The channel that is drums unless something says otherwise (the tenth).
pub(super) const DRUM_CHANNEL: u8 = 9;
/// Channels of a port.
pub(super) const CHANNELS: usize = 16;

const GM2_RHYTHM: u8 = 120;
const GM2_MELODY: u8 = 121;
const XG_EFFECTS_KIT: u8 = 126;
const XG_DRUM_KIT: u8 = 127;
/// The kit of sound effects in GM2 and GS, which stands for XG's.
const EFFECTS_KIT: u8 = 56;

/// What a channel is set to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Channel {
    program: u8,
    /// The bank (coarse) that the last program change used.
    bank: Option<u8>,
    /// The bank that the next program change will use.
    next_bank: Option<u8>,
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
    pub fn select_bank(&mut self, channel: u8, bank: u8) {
        self.channels[usize::from(channel)].next_bank = Some(bank);
    }

    pub fn change_program(&mut self, channel: u8, program: u8) {
        let channel = &mut self.channels[usize::from(channel)];
        channel.program = program;
        channel.bank = channel.next_bank;
    }

    /// Who plays what comes next on `channel`.
    pub fn instrument(&self, channel: u8) -> Instrument {
        let state = &self.channels[usize::from(channel)];
        if state.rhythm.is_none() && state.bank == Some(XG_EFFECTS_KIT) && !self.gs {
            return Instrument::Drums(EFFECTS_KIT);
        }
        let drums = state.rhythm.unwrap_or(match state.bank {
            Some(GM2_RHYTHM) => true,
            Some(XG_DRUM_KIT) if !self.gs => true,
            Some(GM2_MELODY) => false,
            _ => channel == DRUM_CHANNEL,
        });
        if drums { Instrument::Drums(state.program) } else { Instrument::Program(state.program) }
    }

    /// Follows a system exclusive message (what stands after its F0).
    pub fn system_exclusive(&mut self, message: &[u8]) {
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
        port.select_bank(2, XG_DRUM_KIT);
        assert!(!port.instrument(2).is_drums());
        port.change_program(2, 8);
        assert_eq!(port.instrument(2), Instrument::Drums(8));
        port.system_exclusive(&[0x41, 0x10, 0x42, 0x12, 0x40, 0x00, 0x7F, 0x00, 0x41, 0xF7]);
        assert!(!port.instrument(2).is_drums());
        port.select_bank(2, XG_DRUM_KIT);
        port.change_program(2, 8);
        assert!(!port.instrument(2).is_drums(), "bank 127 of GS is the MT-32's");
        port.select_bank(9, GM2_MELODY);
        port.change_program(9, 8);
        assert!(!port.instrument(9).is_drums());
        port.system_exclusive(&[0x7E, 0x7F, 0x09, 0x01, 0xF7]);
        port.system_exclusive(&[0x43, 0x10, 0x4C, 0x08, 0x02, 0x07, 0x02, 0xF7]);
        assert!(port.instrument(2).is_drums() && port.instrument(9).is_drums());
    }
}
