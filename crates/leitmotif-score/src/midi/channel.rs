//! Which instrument a channel plays: programs, banks, and the system exclusives that make a channel
//! drums.
//!
//! Banks mean what the system that a file switches on says: 120 and 121 are drums and melody in
//! GM2, 126 and 127 drums in XG; General MIDI 1 has no banks. The tenth channel stays drums
//! whatever bank of another system is selected there, XG's melodic ones included.

use super::event::{BANK_LSB, BANK_MSB, Event, Kind};
use crate::Instrument;
use std::collections::BTreeMap;

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

/// What programs and banks a channel, or a track on it, has selected.
#[derive(Debug, Clone, Copy, Default)]
struct Selection {
    sound: Sound,
    /// The bank that the next program change will use.
    next_bank: Bank,
}

impl Selection {
    fn follow(&mut self, kind: &Kind<'_>) {
        match *kind {
            Kind::Control { controller: BANK_MSB, value } => self.next_bank[0] = value,
            Kind::Control { controller: BANK_LSB, value } => self.next_bank[1] = value,
            Kind::Program(program) => self.sound = Sound { bank: self.next_bank, program },
            _ => {}
        }
    }
}

/// The system that was switched on, which says what banks mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum System {
    /// None was: the banks of GM2 and XG make drums.
    #[default]
    Unknown,
    /// General MIDI 1, which knows no banks.
    Gm1,
    Gm2,
    /// Roland's, whose bank 127 holds MT-32 sounds.
    Gs,
    /// Yamaha's.
    Xg,
}

/// A port's sixteen channels.
#[derive(Debug, Clone, Default)]
pub(super) struct Port {
    channels: [Selection; CHANNELS],
    /// What tracks have selected for themselves, by track and channel, and whether a program was.
    own: BTreeMap<(u16, u8), (Selection, bool)>,
    /// Drums or not, where a system exclusive set it.
    rhythm: [Option<bool>; CHANNELS],
    system: System,
}

impl Port {
    /// Follows an event; those that select no sound change nothing.
    pub fn follow(&mut self, event: &Event<'_>) {
        match event.kind {
            Kind::SystemExclusive(message) => self.system_exclusive(message),
            Kind::Program(_) | Kind::Control { .. } if event.own => {
                let own = self.own.entry((event.track, event.channel)).or_default();
                own.0.follow(&event.kind);
                own.1 |= matches!(event.kind, Kind::Program(_));
            }
            _ => self.channels[usize::from(event.channel)].follow(&event.kind),
        }
    }

    fn selection(&self, track: u16, channel: u8) -> &Selection {
        let own = self.own.get(&(track, channel)).filter(|own| own.1);
        own.map_or(&self.channels[usize::from(channel)], |own| &own.0)
    }

    /// Whether `track` has selected a program for itself.
    pub fn selects(&self, track: u16, channel: u8) -> bool {
        self.own.get(&(track, channel)).is_some_and(|own| own.1)
    }

    /// The sound of `track` on `channel`.
    pub fn sound(&self, track: u16, channel: u8) -> Sound {
        self.selection(track, channel).sound
    }

    /// The bank that the next program change of `track` on `channel` will use, where `own` says
    /// that it concerns the track alone.
    pub fn next_bank(&self, track: u16, channel: u8, own: bool) -> Bank {
        if own {
            return self.own.get(&(track, channel)).copied().unwrap_or_default().0.next_bank;
        }
        self.channels[usize::from(channel)].next_bank
    }

    /// Who plays what comes next in `track` on `channel`.
    pub fn instrument(&self, track: u16, channel: u8) -> Instrument {
        let Sound { bank: [bank, _], program } = self.sound(track, channel);
        let rhythm = self.rhythm[usize::from(channel)];
        let has_xg = matches!(self.system, System::Unknown | System::Xg);
        if rhythm.is_none() && bank == XG_EFFECTS_KIT && has_xg {
            return Instrument::Drums(EFFECTS_KIT);
        }
        let drums = rhythm.unwrap_or(match (bank, self.system) {
            (GM2_RHYTHM, System::Unknown | System::Gm2 | System::Gs | System::Xg) => true,
            (XG_DRUM_KIT, _) if has_xg => true,
            (GM2_MELODY, System::Unknown | System::Gm2 | System::Gs) => false,
            _ => channel == DRUM_CHANNEL,
        });
        if drums { Instrument::Drums(program) } else { Instrument::Program(program) }
    }

    /// Everything starts afresh.
    fn reset(&mut self, system: System) {
        *self = Self { system, ..Self::default() };
    }

    /// Follows a system exclusive message (what stands after its F0).
    fn system_exclusive(&mut self, message: &[u8]) {
        if let Some(system) = switched_on(message) {
            return self.reset(system);
        }
        match message {
            // GS: use for rhythm part, block by block.
            [0x41, _, 0x42, 0x12, 0x40 | 0x50, block @ 0x10..=0x1F, 0x15, map, ..] => {
                let channel = match block & 0x0F {
                    0 => DRUM_CHANNEL,
                    block @ 1..=9 => block - 1,
                    block => block,
                };
                self.rhythm[usize::from(channel)] = Some(*map != 0);
            }
            // XG: part mode (0 is normal, the others are drums).
            [0x43, 0x10..=0x1F, 0x4C, 0x08, part @ 0..=0x0F, 0x07, mode, ..] => {
                self.rhythm[usize::from(*part)] = Some(*mode != 0);
            }
            _ => {}
        }
    }
}

/// The system that a system exclusive message switches on, which resets everything.
fn switched_on(message: &[u8]) -> Option<System> {
    match message {
        // GM 1 on, GM off, GM 2 on.
        [0x7E, _, 0x09, 0x01, ..] => Some(System::Gm1),
        [0x7E, _, 0x09, 0x02, ..] => Some(System::Unknown),
        [0x7E, _, 0x09, 0x03, ..] => Some(System::Gm2),
        // GS reset, system mode set.
        [0x41, _, 0x42, 0x12, 0x40 | 0x00, 0x00, 0x7F, ..] => Some(System::Gs),
        // XG system on, all parameters reset.
        [0x43, 0x10..=0x1F, 0x4C, 0x00, 0x00, 0x7E | 0x7F, ..] => Some(System::Xg),
        _ => None,
    }
}

/// Whether a system exclusive message resets all channels.
pub(super) fn resets(message: &[u8]) -> bool {
    switched_on(message).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(channel: u8, kind: Kind<'_>) -> Event<'_> {
        Event { tick: 0, byte: 0, track: 0, port: 0, channel, own: false, kind }
    }

    fn select_bank(port: &mut Port, channel: u8, value: u8) {
        port.follow(&event(channel, Kind::Control { controller: BANK_MSB, value }));
    }

    fn change_program(port: &mut Port, channel: u8, program: u8) {
        port.follow(&event(channel, Kind::Program(program)));
    }

    fn is_drums(port: &Port, channel: u8) -> bool {
        port.instrument(0, channel).is_drums()
    }

    fn rhythm_message(block: u8, map: u8) -> Vec<u8> {
        vec![0x41, 0x10, 0x42, 0x12, 0x40, 0x10 | block, 0x15, map, 0, 0xF7]
    }

    #[test]
    fn the_tenth_channel_is_drums() {
        let mut port = Port::default();
        change_program(&mut port, 9, 16);
        change_program(&mut port, 3, 30);
        assert_eq!(port.instrument(0, 9), Instrument::Drums(16));
        assert_eq!(port.instrument(0, 3), Instrument::Program(30));
    }

    #[test]
    fn gs_blocks_name_channels_in_their_own_order() {
        for (block, channel) in [(0, 9), (1, 0), (9, 8), (0xA, 10), (0xF, 15)] {
            let mut port = Port::default();
            port.system_exclusive(&rhythm_message(block, 2));
            port.system_exclusive(&rhythm_message(if block == 0 { 1 } else { 0 }, 0));
            assert!(is_drums(&port, channel), "block {block}");
            assert!(channel == 9 || !is_drums(&port, 9));
        }
    }

    #[test]
    fn banks_take_effect_with_the_next_program() {
        let mut port = Port::default();
        select_bank(&mut port, 2, XG_DRUM_KIT);
        assert!(!is_drums(&port, 2));
        change_program(&mut port, 2, 8);
        assert_eq!(port.instrument(0, 2), Instrument::Drums(8));
        port.system_exclusive(&[0x41, 0x10, 0x42, 0x12, 0x40, 0x00, 0x7F, 0x00, 0x41, 0xF7]);
        assert!(!is_drums(&port, 2));
        select_bank(&mut port, 2, XG_DRUM_KIT);
        change_program(&mut port, 2, 8);
        assert!(!is_drums(&port, 2), "bank 127 of GS is the MT-32's");
        select_bank(&mut port, 9, GM2_MELODY);
        change_program(&mut port, 9, 8);
        assert!(!is_drums(&port, 9));
        port.system_exclusive(&[0x7E, 0x7F, 0x09, 0x01, 0xF7]);
        port.system_exclusive(&[0x43, 0x10, 0x4C, 0x08, 0x02, 0x07, 0x02, 0xF7]);
        assert!(is_drums(&port, 2) && is_drums(&port, 9));
    }

    const GM1: [u8; 5] = [0x7E, 0x7F, 0x09, 0x01, 0xF7];
    const GM2: [u8; 5] = [0x7E, 0x7F, 0x09, 0x03, 0xF7];
    const GS: [u8; 10] = [0x41, 0x10, 0x42, 0x12, 0x40, 0x00, 0x7F, 0x00, 0x41, 0xF7];
    const XG: [u8; 8] = [0x43, 0x10, 0x4C, 0x00, 0x00, 0x7E, 0x00, 0xF7];

    #[test]
    fn banks_mean_what_the_system_says() {
        // Of each bank, the systems (none, GM 1, GM 2, GS, XG) where it makes drums of channels 3
        // and 10.
        for (bank, third, tenth) in [
            (0, [false; 5], [true; 5]),
            (64, [false; 5], [true; 5]),
            (120, [true, false, true, true, true], [true; 5]),
            (121, [false; 5], [false, true, false, false, true]),
            (126, [true, false, false, false, true], [true; 5]),
            (127, [true, false, false, false, true], [true; 5]),
        ] {
            for (number, system) in [&[][..], &GM1, &GM2, &GS, &XG].into_iter().enumerate() {
                let mut port = Port::default();
                port.system_exclusive(system);
                for (channel, expected) in [(2, third), (9, tenth)] {
                    select_bank(&mut port, channel, bank);
                    change_program(&mut port, channel, 1);
                    assert_eq!(is_drums(&port, channel), expected[number], "bank {bank} on {channel}, system {number}");
                }
            }
        }
    }

    #[test]
    fn tracks_may_select_for_themselves() {
        let mut port = Port::default();
        change_program(&mut port, 2, 5);
        let own = |kind| Event { track: 7, own: true, ..event(2, kind) };
        port.follow(&own(Kind::Control { controller: BANK_MSB, value: XG_DRUM_KIT }));
        assert_eq!((port.instrument(7, 2), port.selects(7, 2)), (Instrument::Program(5), false));
        port.follow(&own(Kind::Program(8)));
        assert_eq!((port.instrument(7, 2), port.instrument(0, 2)), (Instrument::Drums(8), Instrument::Program(5)));
        change_program(&mut port, 2, 6);
        assert_eq!((port.instrument(7, 2), port.instrument(1, 2)), (Instrument::Drums(8), Instrument::Program(6)));
        port.system_exclusive(&GM1);
        assert_eq!(port.instrument(7, 2), Instrument::Program(0));
    }
}
