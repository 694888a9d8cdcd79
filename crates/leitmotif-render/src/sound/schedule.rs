//! What happens at which sample.
//!
//! Every part gets a channel of its own: fifteen parts and a drum kit share a synthesiser, further
//! ones get another. Times are rounded to the nearest sample from the exact tempo map, so
//! nothing drifts however long the piece.

use leitmotif_score::{Instrument, Score};

/// Channels for pitched parts on one synthesiser: all but the drums'.
const PITCHED_CHANNELS: usize = 15;
/// The channel of drums, counted from 0.
pub(super) const DRUM_CHANNEL: u8 = 9;

/// A note begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Event {
    /// The sample it happens at.
    pub at: u64,
    /// Ends come before beginnings.
    pub begins: bool,
    /// Which synthesiser.
    pub synthesiser: u16,
    pub channel: u8,
    pub key: u8,
    pub velocity: u8,
}

/// A channel's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Channel {
    pub synthesiser: u16,
    pub channel: u8,
    pub program: u8,
    /// Place from left (0) to right (127).
    pub pan: u8,
}

/// A score as a synthesiser needs it.
#[derive(Debug, Clone, Default)]
pub(super) struct Schedule {
    pub channels: Vec<Channel>,
    /// In the order in which they happen.
    pub events: Vec<Event>,
    pub synthesisers: u16,
    /// The sample at which the last note is let go.
    pub end: u64,
}

impl Schedule {
    pub fn of(score: &Score, sample_rate: u32) -> Self {
        let map = score.tempo_map();
        let mut schedule = Self::default();
        let (mut pitched, mut kits) = (0usize, 0usize);
        for part in score.parts.iter().filter(|part| !part.notes.is_empty()) {
            let (synthesiser, channel) = match part.instrument {
                Instrument::Drums(_) => (kits, DRUM_CHANNEL),
                Instrument::Program(_) => {
                    let place = (pitched % PITCHED_CHANNELS) as u8;
                    (pitched / PITCHED_CHANNELS, if place < DRUM_CHANNEL { place } else { place + 1 })
                }
            };
            let pan = if part.instrument.is_drums() { 64 } else { place(pitched, part.instrument) };
            if part.instrument.is_drums() {
                kits += 1
            } else {
                pitched += 1
            }
            let Ok(synthesiser) = u16::try_from(synthesiser) else { break };
            schedule.synthesisers = schedule.synthesisers.max(synthesiser + 1);
            schedule.channels.push(Channel { synthesiser, channel, program: part.instrument.program(), pan });
            let sample = |ticks| (map.seconds_at(ticks).0 * f64::from(sample_rate)).round() as u64;
            for note in part.notes.iter().filter(|note| note.velocity > 0) {
                let (start, stop) = (sample(note.onset), sample(note.onset + note.duration));
                let event = Event {
                    at: start,
                    begins: true,
                    synthesiser,
                    channel,
                    key: note.pitch.min(127),
                    velocity: note.velocity.min(127),
                };
                schedule.events.push(event);
                schedule.events.push(Event { at: stop.max(start + 1), begins: false, ..event });
                schedule.end = schedule.end.max(stop);
            }
        }
        schedule.events.sort_unstable();
        schedule
    }
}

/// Parts are spread a little between left and right; basses stay in the middle.
fn place(index: usize, instrument: Instrument) -> u8 {
    const SPREAD: [u8; 8] = [64, 44, 84, 54, 74, 36, 92, 64];
    const BASSES: u8 = 4;
    if instrument.family() == Some(BASSES) { 64 } else { SPREAD[index % SPREAD.len()] }
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

    #[test]
    fn tempo_changes_are_honoured_to_the_sample() {
        let tempos = vec![
            Tempo { at: Ticks(0), micros_per_quarter: 500_000 },
            Tempo { at: Ticks(480), micros_per_quarter: 333_333 },
            Tempo { at: Ticks(720), micros_per_quarter: 1_000_000 },
        ];
        let score = Score { parts: vec![part(Instrument::Program(0))], tempos, ..Score::default() };
        let schedule = Schedule::of(&score, 44_100);
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
        let schedule = Schedule::of(&Score { parts, ..Score::default() }, 44_100);
        assert_eq!(schedule.synthesisers, 3);
        let mut places: Vec<_> = schedule.channels.iter().map(|c| (c.synthesiser, c.channel)).collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 42, "two parts share a channel");
        assert_eq!(schedule.channels.iter().filter(|c| c.channel == DRUM_CHANNEL).count(), 2);
    }

    #[test]
    fn a_key_is_let_go_before_it_is_struck_again() {
        let mut again = part(Instrument::Program(0));
        again.notes.push(Note { onset: Ticks(960), ..again.notes[0] });
        let schedule = Schedule::of(&Score { parts: vec![again], ..Score::default() }, 44_100);
        let order: Vec<bool> = schedule.events.iter().map(|event| event.begins).collect();
        assert_eq!(order, [true, false, true, false]);
    }
}
