//! The bars of a sequence: where they are, and what notes they hold.

use super::fields::*;
use crate::event::Event;
use crate::{BarMusic, Sequence};
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
pub(crate) fn music(fields: &Fields, sequence: &Sequence) -> Vec<BarMusic> {
    let mut bars: Vec<BarMusic> = Vec::new();
    for event in sequence.events() {
        match fields.event(event) {
            Ok(Event::Bar(signature)) => {
                bars.push(BarMusic { steps: signature.steps, grid: fields.grid, notes: Vec::new() });
            }
            Ok(Event::Note(note)) => {
                if let Some(bar) = bars.last_mut() {
                    bar.notes.push(note);
                }
            }
            _ => {}
        }
    }
    bars
}
