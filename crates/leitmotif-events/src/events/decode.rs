//! Events to score.
//!
//! The score's clock is a multiple of the grid, so that every step is a whole number of ticks and
//! encoding gives the same events again. Notes of one instrument share a part unless they would
//! overlap on one pitch: those go to a second part of the same instrument (to a third, …), so that
//! a file can hold them all.

use super::fields::*;
use super::voices::Voices;
use crate::event::{Event, TimeSignature};
use crate::{RepresentationError, Sequence};
use leitmotif_score::{Instrument, Meter, Note, Part, Resolution, Score, Tempo, Ticks};
use std::collections::BTreeMap;

pub(crate) fn decode(fields: &Fields, sequence: &Sequence) -> Result<Score, RepresentationError> {
    let least = Resolution::DEFAULT.ticks_per_quarter();
    let ticks_per_step = least.div_ceil(fields.grid);
    let resolution = Resolution::new((ticks_per_step * fields.grid) as u16).unwrap_or_default();
    let mut reader = SongDecoder::new(ticks_per_step);
    for (index, values) in sequence.events().enumerate() {
        let event = fields.event(values);
        event
            .and_then(|event| reader.read(event, index))
            .map_err(|reason| RepresentationError::Event { index, reason })?;
    }
    Ok(reader.finish(resolution))
}

struct SongDecoder {
    ticks_per_step: u64,
    /// Where the bar being read begins, and its length, in steps; a length of 0 before the first
    /// bar.
    bar: (u64, u64),
    ended: bool,
    meters: Vec<Meter>,
    /// Microseconds a quarter by tick.
    tempos: BTreeMap<Ticks, u32>,
    /// By instrument and voice.
    notes: BTreeMap<(Instrument, usize), Vec<Note>>,
    voices: Voices,
}

impl SongDecoder {
    fn new(ticks_per_step: u64) -> Self {
        Self {
            ticks_per_step,
            bar: (0, 0),
            ended: false,
            meters: Vec::new(),
            tempos: BTreeMap::new(),
            notes: BTreeMap::new(),
            voices: Voices::default(),
        }
    }

    fn read(&mut self, event: Event, index: usize) -> Result<(), String> {
        if self.ended {
            return Err("the piece has ended".to_owned());
        }
        match event {
            Event::Start if index > 0 => Err("a start within the piece".to_owned()),
            Event::Genre(_) | Event::With(_) if self.bar.1 > 0 => Err("a header within the piece".to_owned()),
            Event::Start | Event::Genre(_) | Event::With(_) => Ok(()),
            Event::End => {
                self.ended = true;
                Ok(())
            }
            Event::Bar(signature) => {
                self.bar(signature);
                Ok(())
            }
            Event::Tempo { position, tempo } => {
                let at = self.at(position)?;
                self.tempos.insert(self.ticks(at), tempo.micros_per_quarter());
                Ok(())
            }
            Event::Note(event) => {
                let at = self.at(event.position)?;
                let voice = self.voices.sound(event.instrument, event.pitch, at, at + event.duration);
                let note = Note {
                    onset: self.ticks(at),
                    pitch: event.pitch,
                    duration: self.ticks(event.duration),
                    velocity: event.velocity,
                };
                self.notes.entry((event.instrument, voice.unwrap_or(0))).or_default().push(note);
                Ok(())
            }
        }
    }

    fn bar(&mut self, TimeSignature { numerator, denominator, steps }: TimeSignature) {
        self.bar = (self.bar.0 + self.bar.1, steps);
        if self.meters.last().is_none_or(|last| (last.numerator, last.denominator) != (numerator, denominator)) {
            self.meters.push(Meter { at: self.ticks(self.bar.0), numerator, denominator });
        }
    }

    /// Steps from the start of the piece to `position` of the bar.
    fn at(&self, position: u64) -> Result<u64, String> {
        match self.bar {
            (_, 0) => Err("it stands before the first bar".to_owned()),
            (_, steps) if position >= steps => Err(format!("step {position} is beyond a bar of {steps} steps")),
            (start, _) => Ok(start + position),
        }
    }

    fn ticks(&self, steps: u64) -> Ticks {
        Ticks(steps * self.ticks_per_step)
    }

    fn finish(self, resolution: Resolution) -> Score {
        let tempos = self.tempos.into_iter().map(|(at, micros_per_quarter)| Tempo { at, micros_per_quarter }).collect();
        let parts = self.notes.into_iter().map(|((instrument, voice), mut notes)| {
            notes.sort_unstable();
            let title = if instrument.is_drums() { "Drums".to_owned() } else { instrument.title() };
            let name = if voice == 0 { title } else { format!("{title} {}", voice + 1) };
            Part { name, instrument, notes }
        });
        Score { resolution, parts: parts.collect(), tempos, meters: self.meters, ..Score::default() }
    }
}
