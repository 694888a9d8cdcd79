//! What happens at which sample.
//!
//! Every part gets a channel of its own: fifteen parts and a drum kit share a synthesiser, further
//! ones get another. Times are rounded to the nearest sample from the exact tempo map, so
//! nothing drifts however long the piece.
//!
//! What the parts of a file's channel share (volume, place, bends) is listed once, with the
//! channels that it goes to, and holds once a block: a file of many parts on one channel would
//! else cost parts times changes.

use leitmotif_score::{Automation, Control, ControlChange, Instrument, Score};

/// Channels for pitched parts on one synthesiser: all but the drums'.
const PITCHED_CHANNELS: usize = 15;
/// The channel of drums, counted from 0.
pub(super) const DRUM_CHANNEL: u8 = 9;
/// The middle between left (0) and right (127).
const MIDDLE: u8 = 64;

/// The synthesiser's shortest block, in samples.
pub(super) const BLOCK: u64 = 8;

/// The start of the block nearest to a sample.
pub(super) fn nearest_block(sample: u64) -> u64 {
    (sample + BLOCK / 2) / BLOCK * BLOCK
}

/// A channel of a synthesiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub synthesiser: u16,
    pub channel: u8,
}

/// What happens; at one sample in this order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Action {
    Release {
        place: Place,
        key: u8,
    },
    /// On all channels of a group, see [`Schedule::groups`].
    Change {
        group: usize,
        control: Control,
    },
    Strike {
        place: Place,
        key: u8,
        velocity: u8,
    },
}

impl Action {
    /// Changes keep the order in which they are listed.
    fn order(&self) -> (u8, Option<(Place, u8, u8)>) {
        match *self {
            Self::Release { place, key } => (0, Some((place, key, 0))),
            Self::Change { .. } => (1, None),
            Self::Strike { place, key, velocity } => (2, Some((place, key, velocity))),
        }
    }
}

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Event {
    /// The sample it happens at.
    pub at: u64,
    pub action: Action,
}

/// A channel's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Channel {
    pub place: Place,
    pub program: u8,
    /// Place from left (0) to right (127).
    pub pan: u8,
}

/// A score as a synthesiser needs it.
#[derive(Debug, Clone, Default)]
pub(super) struct Schedule {
    pub channels: Vec<Channel>,
    /// The channels that share what a channel of the file says.
    pub groups: Vec<Vec<Place>>,
    /// In the order in which they happen.
    pub events: Vec<Event>,
    pub synthesisers: u16,
    /// The sample at which the last note is let go.
    pub end: u64,
}

impl Schedule {
    /// The schedule of a score whose parts move as `automation` says. Of the changes of a control
    /// within a block the last one holds.
    pub fn of(score: &Score, automation: &Automation, sample_rate: u32) -> Self {
        let map = score.tempo_map();
        let sample = |ticks| (map.seconds_at(ticks).0 * f64::from(sample_rate)).round() as u64;
        let mut schedule = Self { groups: vec![Vec::new(); automation.channels.len()], ..Self::default() };
        let (mut pitched, mut kits) = (0usize, 0usize);
        let pans = |group: &[ControlChange]| group.iter().any(|it| matches!(it.control, Control::Pan(_)));
        // A file that places any part places all of them.
        let placed = automation.channels.iter().any(|group| pans(group));
        for (number, part) in score.parts.iter().enumerate().filter(|(_, part)| !part.notes.is_empty()) {
            let (synthesiser, channel) = match part.instrument {
                Instrument::Drums(_) => (kits, DRUM_CHANNEL),
                Instrument::Program(_) => {
                    let place = (pitched % PITCHED_CHANNELS) as u8;
                    (pitched / PITCHED_CHANNELS, if place < DRUM_CHANNEL { place } else { place + 1 })
                }
            };
            let middle = placed || part.instrument.is_drums();
            let pan = if middle { MIDDLE } else { spread(pitched, part.instrument) };
            if part.instrument.is_drums() {
                kits += 1
            } else {
                pitched += 1
            }
            let Ok(synthesiser) = u16::try_from(synthesiser) else { break };
            schedule.synthesisers = schedule.synthesisers.max(synthesiser + 1);
            let place = Place { synthesiser, channel };
            schedule.channels.push(Channel { place, program: part.instrument.program(), pan });
            if let Some(group) = automation.parts.get(number).and_then(|&group| schedule.groups.get_mut(group)) {
                group.push(place);
            }
            for note in part.notes.iter().filter(|note| note.velocity > 0) {
                let (start, stop) = (sample(note.onset), sample(note.onset + note.duration));
                let (key, velocity) = (note.pitch.min(127), note.velocity.min(127));
                schedule.events.push(Event { at: start, action: Action::Strike { place, key, velocity } });
                schedule.events.push(Event { at: stop.max(start + 1), action: Action::Release { place, key } });
                schedule.end = schedule.end.max(stop);
            }
        }
        for (group, changes) in automation.channels.iter().enumerate() {
            let mut last: [Option<usize>; Control::KINDS] = [None; Control::KINDS];
            for change in changes.iter().filter(|_| !schedule.groups[group].is_empty()) {
                let event = Event { at: sample(change.at), action: Action::Change { group, control: change.control } };
                if event.at > schedule.end {
                    break;
                }
                let before = last[change.control.kind()].map(|before| &mut schedule.events[before]);
                match before.filter(|before| nearest_block(before.at) == nearest_block(event.at)) {
                    Some(before) => before.action = event.action,
                    None => {
                        last[change.control.kind()] = Some(schedule.events.len());
                        schedule.events.push(event);
                    }
                }
            }
        }
        schedule.events.sort_by_key(|event| (event.at, event.action.order()));
        schedule
    }
}

/// Parts are spread a little between left and right; basses stay in the middle.
fn spread(index: usize, instrument: Instrument) -> u8 {
    const SPREAD: [u8; 8] = [64, 44, 84, 54, 74, 36, 92, 64];
    const BASSES: u8 = 4;
    if instrument.family() == Some(BASSES) { MIDDLE } else { SPREAD[index % SPREAD.len()] }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use leitmotif_score::{Note, Part, Tempo, Ticks};

    fn part(instrument: Instrument) -> Part {
        let notes = vec![Note { onset: Ticks(480), pitch: 60, duration: Ticks(480), velocity: 90 }];
        Part { name: String::new(), instrument, notes }
    }

    fn unmoved(score: &Score) -> Schedule {
        Schedule::of(score, &Automation::default(), 44_100)
    }

    #[test]
    fn tempo_changes_are_honoured_to_the_sample() {
        let tempos = vec![
            Tempo { at: Ticks(0), micros_per_quarter: 500_000 },
            Tempo { at: Ticks(480), micros_per_quarter: 333_333 },
            Tempo { at: Ticks(720), micros_per_quarter: 1_000_000 },
        ];
        let score = Score { parts: vec![part(Instrument::Program(0))], tempos, ..Score::default() };
        let schedule = unmoved(&score);
        // Half a second; then half a quarter at 333,333 and half a quarter at 1,000,000
        // microseconds.
        assert_eq!(schedule.events[0].at, 22_050);
        assert_eq!(schedule.events[1].at, (44_100.0 * (0.5 + 0.333_333 / 2.0 + 0.5f64)).round() as u64);
        assert_eq!(schedule.end, schedule.events[1].at);
    }

    #[test]
    fn more_than_sixteen_parts_get_more_synthesisers() {
        let mut parts: Vec<Part> = (0..40).map(|program| part(Instrument::Program(program))).collect();
        parts.push(part(Instrument::Drums(0)));
        parts.push(part(Instrument::Drums(8)));
        let schedule = unmoved(&Score { parts, ..Score::default() });
        assert_eq!(schedule.synthesisers, 3);
        let mut places: Vec<_> = schedule.channels.iter().map(|c| c.place).collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 42, "two parts share a channel");
        assert_eq!(schedule.channels.iter().filter(|c| c.place.channel == DRUM_CHANNEL).count(), 2);
    }

    #[test]
    fn a_key_is_let_go_before_it_is_struck_again() {
        let mut again = part(Instrument::Program(0));
        again.notes.push(Note { onset: Ticks(960), ..again.notes[0] });
        let schedule = unmoved(&Score { parts: vec![again], ..Score::default() });
        let strikes = |event: &Event| matches!(event.action, Action::Strike { .. });
        let order: Vec<bool> = schedule.events.iter().map(strikes).collect();
        assert_eq!(order, [true, false, true, false]);
    }

    #[test]
    fn changes_stand_between_ends_and_beginnings_once_a_block() {
        let score = Score { parts: vec![part(Instrument::Program(0)); 2], ..Score::default() };
        // 480 ticks are half a second.
        let changes = [(0, 10), (480, 20), (480, 30), (481, 40), (960, 50), (961, 60)];
        let change = |(at, value)| ControlChange { at: Ticks(at), control: Control::Volume(value) };
        let automation = Automation { channels: vec![changes.map(change).to_vec()], parts: vec![0, 0] };
        let schedule = Schedule::of(&score, &automation, 44_100);
        assert_eq!(schedule.groups[0].len(), 2);
        let kinds: Vec<(u64, u8)> = schedule.events.iter().map(|it| (it.at, it.action.order().0)).collect();
        let (start, next, end) = (22_050, 22_096, 44_100);
        assert_eq!(kinds, [(0, 1), (start, 1), (start, 2), (start, 2), (next, 1), (end, 0), (end, 0), (end, 1)]);
        let volume =
            |at: usize| matches!(schedule.events[at].action, Action::Change { control: Control::Volume(30), .. });
        assert!(volume(1), "the last one of a block holds");
    }

    #[test]
    fn what_a_file_places_is_not_spread() {
        let score = Score { parts: vec![part(Instrument::Program(0)); 2], ..Score::default() };
        let pans = |schedule: &Schedule| schedule.channels.iter().map(|channel| channel.pan).collect::<Vec<_>>();
        assert_eq!(pans(&unmoved(&score)), [64, 44]);
        let left = vec![ControlChange { at: Ticks(0), control: Control::Pan(0) }];
        let automation = Automation { channels: vec![left, Vec::new()], parts: vec![0, 1] };
        assert_eq!(pans(&Schedule::of(&score, &automation, 44_100)), [64, 64]);
    }
}
