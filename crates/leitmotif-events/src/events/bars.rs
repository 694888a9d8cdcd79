//! The bars of a sequence: where they are, and what notes they hold.

use super::event::Event;
use super::fields::*;
use crate::{BarMusic, BarNote, Sequence, Value};
use std::ops::Range;

/// The events of each bar, its bar event first; the end event belongs to none.
pub(crate) fn bars(fields: &Fields, sequence: &Sequence) -> Vec<Range<usize>> {
    let mut bars: Vec<Range<usize>> = Vec::new();
    for (index, event) in sequence.events().enumerate() {
        if (BARS..fields.first_genre()).contains(&event[KIND]) {
            bars.push(index..index + 1);
        } else if let Some(bar) = bars.last_mut().filter(|_| event[KIND] != END) {
            bar.end = index + 1;
        }
    }
    bars
}

/// The notes of each bar. Events without meaning are passed over.
pub(crate) fn music(fields: &Fields, sizes: &[usize], sequence: &Sequence) -> Vec<BarMusic> {
    let mut bars: Vec<BarMusic> = Vec::new();
    for event in sequence.events() {
        match Event::parse(event, fields, sizes) {
            Ok(Event::Bar(meter)) => {
                let steps = fields.meters.list()[meter].steps;
                bars.push(BarMusic { steps, grid: fields.grid, notes: Vec::new() });
            }
            Ok(Event::Note(note)) => {
                let first: Value = pitches_of(note.instrument).start;
                let Some(bar) = bars.last_mut() else { continue };
                bar.notes.push(BarNote {
                    position: note.position,
                    duration: fields.durations.of(note.duration),
                    instrument: instrument_of(note.instrument),
                    pitch: (note.pitch - first) as u8,
                    velocity: velocity_of(note.velocity),
                });
            }
            _ => {}
        }
    }
    bars
}
