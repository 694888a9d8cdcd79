//! Enforcing requested attributes: a bar's rhythm, polyphony and density stay within their class.
//!
//! The model is conditioned on the requested class, and mostly writes it. Here values that would
//! leave the class are masked: a bar does not close before it has enough, and takes no more than it
//! may. A mask that would leave nothing to choose from is not applied. So that a bar is not filled
//! all at once at its end, values that fall behind or run ahead of an even pace are made less
//! likely.

use leitmotif_events::{
    Attribute, EventKind, EventVocabulary, Measure, RepresentationConfig, SIXTEENTHS_PER_QUARTER, Sixteenths, Value,
    step_of,
};
use leitmotif_model::AttributeCuts;
use std::collections::VecDeque;
use std::ops::Range;

/// How far a bar may be ahead of or behind an even pace: begun sixteenths, and as a share of what
/// must sound.
const SLACK: (f64, f64) = (2.0, 0.25);
/// What the logits of choices lose that fall behind the pace, or run ahead of it.
const PENALTY: f32 = 5.0;
/// Bars beyond which what still sounds is not followed.
const MOST_AHEAD: usize = 1024;

/// What a bar must have of one attribute: in sixteenths begun, sixteenths sounded, notes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bounds {
    low: u64,
    high: u64,
}

/// The bounds of a bar.
#[derive(Debug, Clone, Default)]
pub(crate) struct Targets {
    rhythm: Option<Bounds>,
    polyphony: Option<Bounds>,
    density: Option<Bounds>,
}

/// What a bar is to be: the class of each attribute, and which of them are enforced.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BarAttributes<'a> {
    pub classes: &'a [u16],
    pub kept: &'a [bool],
}

impl<'a> BarAttributes<'a> {
    /// The enforced attributes, with their classes, from 1.
    fn of(self, attributes: &'a [AttributeCuts]) -> impl Iterator<Item = (&'a AttributeCuts, u16)> {
        let all = attributes.iter().zip(self.classes).zip(self.kept);
        all.filter(|((_, class), kept)| **kept && **class > 0).map(|((attribute, class), _)| (attribute, *class))
    }
}

/// The progress of a bar, and its bounds.
#[derive(Debug, Clone)]
pub(crate) struct AttributeMask {
    grid: Sixteenths,
    /// Whether drums may play.
    drums: bool,
    targets: Targets,
    /// Whether a note begins in each sixteenth.
    begins: Vec<bool>,
    /// The sixteenth of the last note.
    now: usize,
    /// Sounding pitched notes, summed over the bar's sixteenths.
    sounding: u64,
    /// The same of each sixteenth to come after the bar.
    ahead: VecDeque<u64>,
    /// How many notes may sound on into the next bars.
    held_over: u64,
    notes: u64,
}

impl AttributeMask {
    /// `None` for a representation without durations.
    pub fn new(representation: &RepresentationConfig, drums: bool) -> Option<Self> {
        let RepresentationConfig::Events { grid, .. } = representation else { return None };
        Some(Self {
            grid: Sixteenths { grid: u64::from(*grid) },
            drums,
            targets: Targets::default(),
            begins: Vec::new(),
            now: 0,
            sounding: 0,
            ahead: VecDeque::new(),
            held_over: u64::MAX,
            notes: 0,
        })
    }

    /// A bar of so many grid steps begins; no attribute is enforced yet.
    fn begin(&mut self, steps: u64) {
        let sixteenths = self.grid.of_bar(steps);
        self.begins.clear();
        self.begins.resize(sixteenths, false);
        (self.now, self.notes) = (0, 0);
        self.sounding = self.ahead.drain(..sixteenths.min(self.ahead.len())).sum();
        self.targets = Targets::default();
        self.held_over = u64::MAX;
    }

    /// Sets the classes of attributes for the bar that has begun, and limits the notes held over so
    /// that the bars `after` it have room.
    pub fn ask<'c>(
        &mut self,
        attributes: &[AttributeCuts],
        bar: BarAttributes<'c>,
        after: impl Iterator<Item = BarAttributes<'c>>,
    ) {
        self.held_over = u64::MAX;
        for (attribute, class) in after.flat_map(|bar| bar.of(attributes)) {
            if measure(attribute) == Some(Measure::Polyphony)
                && let Some(&most) = attribute.cuts.get(usize::from(class) - 1)
            {
                self.held_over = self.held_over.min(most as u64);
            }
        }
        let sixteenths = self.begins.len() as f64;
        for (attribute, class) in bar.of(attributes) {
            let within = |times: f64| bounds(attribute, class, times);
            match measure(attribute) {
                Some(Measure::Rhythm) => {
                    self.targets.rhythm = within(sixteenths).map(|it| it.up_to(sixteenths as u64));
                }
                Some(Measure::Polyphony) => self.targets.polyphony = within(sixteenths),
                Some(Measure::Density) => {
                    self.targets.density = within(sixteenths / f64::from(SIXTEENTHS_PER_QUARTER));
                }
                _ => {}
            }
        }
    }

    /// Follows an event.
    pub fn follow(&mut self, events: &EventVocabulary, event: &[Value]) {
        if let EventKind::Bar(signature) = events.kind(event) {
            return self.begin(signature.steps);
        }
        let Some(note) = events.note(event) else { return };
        let sounding = self.sounding(events, event[note.position], event[note.duration]);
        let first = sounding.start;
        self.now = first;
        if let Some(begins) = self.begins.get_mut(first) {
            *begins = true;
        }
        self.notes += 1;
        if events.is_drums(event[note.instrument]) {
            return;
        }
        let until = sounding.end;
        let bar = self.begins.len();
        self.sounding += until.min(bar).saturating_sub(first) as u64;
        for ahead in 0..until.saturating_sub(bar).min(MOST_AHEAD * bar) {
            match self.ahead.get_mut(ahead) {
                Some(count) => *count += 1,
                None => self.ahead.push_back(1),
            }
        }
    }

    /// Takes out of `allowed` what would leave the bounds.
    pub fn mask(&self, events: &EventVocabulary, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        let Some(note) = events.note_fields else { return };
        if field == 0 {
            return keep(allowed, |value| match events.kinds[value] {
                EventKind::Note => self.may_go_on(),
                EventKind::Bar(_) | EventKind::End => self.may_close(),
                _ => true,
            });
        }
        if field == note.position && events.kind(earlier).is_tempo() {
            return keep(allowed, |value| self.leaves_room(self.sixteenth(value as Value)));
        }
        if events.kind(earlier) != EventKind::Note {
            return;
        }
        if field == note.position {
            let sixteenth = |value: usize| self.sixteenth(value as Value);
            // Where this leaves nothing, the bar closes, which it may: it has as much as it may
            // have.
            let most = self.targets.rhythm.map_or(u64::MAX, |bounds| bounds.high);
            let full = allowed.iter_mut().enumerate().filter(|(value, _)| self.begun_with(sixteenth(*value)) > most);
            full.for_each(|(_, allowed)| *allowed = false);
            keep(allowed, |value| self.leaves_room(sixteenth(value)));
        } else if field == note.instrument {
            let (full, lags) = (self.left() == 0, self.lags(self.sixteenth(earlier[note.position]) + 1));
            // Pitched notes come before drums, so what is missing must sound first.
            keep(allowed, |value| if events.is_drums(value as Value) { !lags } else { !full });
        } else if field == note.duration && !events.is_drums(earlier[note.instrument]) {
            let first = self.sixteenth(earlier[note.position]);
            let left = self.left().saturating_sub(self.reserve(first)).max(1);
            let bar = self.begins.len();
            let full = self.ahead.iter().position(|held| *held >= self.held_over).unwrap_or(self.ahead.len());
            let beyond = if full == self.ahead.len() && self.held_over > 0 { usize::MAX } else { bar + full };
            keep(allowed, |value| {
                let until = self.sounding(events, earlier[note.position], value as Value).end;
                until.min(bar).saturating_sub(first) as u64 <= left && until <= beyond
            });
        }
    }

    /// Makes less likely what falls behind the pace, or runs ahead of it.
    pub fn shift(&self, events: &EventVocabulary, earlier: &[Value], field: usize, logits: &mut [f32]) {
        let Some(note) = events.note(earlier).filter(|_| field > 0) else {
            return;
        };
        if field == note.position {
            let slow =
                logits.iter_mut().enumerate().filter(|(value, _)| !self.keeps_pace(self.sixteenth(*value as Value)));
            slow.for_each(|(_, logit)| *logit -= PENALTY);
        }
    }

    /// The pitched sixteenths that may still sound.
    fn left(&self) -> u64 {
        self.targets.polyphony.map_or(u64::MAX, |bounds| bounds.high.saturating_sub(self.sounding))
    }

    /// What must be left for the sixteenths that still have to begin, if no drums can begin them.
    fn reserve(&self, sixteenth: usize) -> u64 {
        let missing = self.targets.rhythm.map_or(0, |bounds| bounds.low.saturating_sub(self.begun_with(sixteenth)));
        if self.drums { 0 } else { missing }
    }

    fn may_go_on(&self) -> bool {
        self.targets.density.is_none_or(|bounds| self.notes < bounds.high)
            && self.targets.rhythm.is_none_or(|bounds| bounds.high > 0)
            && (self.drums || self.left() > 0)
    }

    fn may_close(&self) -> bool {
        let begun = self.begun();
        self.targets.density.is_none_or(|bounds| self.notes >= bounds.low)
            && self.targets.rhythm.is_none_or(|bounds| begun >= bounds.low)
            && self.targets.polyphony.is_none_or(|bounds| self.sounding >= bounds.low)
    }

    fn begun(&self) -> u64 {
        self.begins.iter().filter(|begins| **begins).count() as u64
    }

    /// Whether notes from this sixteenth on can still be enough.
    fn leaves_room(&self, sixteenth: usize) -> bool {
        let left = self.begins.iter().skip(sixteenth).filter(|begins| !**begins).count() as u64;
        self.targets.rhythm.is_none_or(|bounds| self.begun() + left >= bounds.low)
    }

    /// Whether a note in this sixteenth keeps pace.
    fn keeps_pace(&self, sixteenth: usize) -> bool {
        let share = |sixteenth: usize| sixteenth as f64 / self.begins.len().max(1) as f64;
        let rhythm = self.targets.rhythm.is_none_or(|Bounds { low, high }| {
            let then = self.begun_with(sixteenth) as f64;
            then <= high as f64 * share(sixteenth + 1) + SLACK.0 && then + SLACK.0 >= low as f64 * share(sixteenth)
        });
        rhythm && (sixteenth <= self.now || !self.is_behind(sixteenth))
    }

    /// How many sixteenths have a note begin once one has in this one.
    fn begun_with(&self, sixteenth: usize) -> u64 {
        self.begun() + u64::from(self.begins.get(sixteenth) == Some(&false))
    }

    /// Whether less sounds than an even pace has by this sixteenth.
    fn lags(&self, sixteenth: usize) -> bool {
        self.is_short_of(sixteenth, 1.0)
    }

    /// Whether much less does.
    fn is_behind(&self, sixteenth: usize) -> bool {
        self.is_short_of(sixteenth, 1.0 - SLACK.1)
    }

    fn is_short_of(&self, sixteenth: usize, share: f64) -> bool {
        let share = share * sixteenth as f64 / self.begins.len().max(1) as f64;
        self.targets.polyphony.is_some_and(|bounds| (self.sounding as f64) < bounds.low as f64 * share)
    }

    /// The sixteenth of a value of the position field.
    fn sixteenth(&self, position: Value) -> usize {
        self.grid.at(step_of(position).unwrap_or(0))
    }

    /// The sixteenths in which a note sounds, by its values.
    fn sounding(&self, events: &EventVocabulary, position: Value, duration: Value) -> Range<usize> {
        let steps = events.durations.get(usize::from(duration)).copied().unwrap_or(0);
        self.grid.sounding(step_of(position).unwrap_or(0), steps)
    }
}

impl Bounds {
    fn up_to(self, most: u64) -> Self {
        Self { low: self.low.min(most), high: self.high.min(most) }
    }
}

/// The whole numbers that, divided by `times`, lie in a class; where there is none, the next one
/// above.
fn bounds(attribute: &AttributeCuts, class: u16, times: f64) -> Option<Bounds> {
    let class = usize::from(class).checked_sub(1)?;
    let above = |cut: f32| (f64::from(cut) * times + 1e-6).floor() as u64;
    let low = class.checked_sub(1).and_then(|cut| attribute.cuts.get(cut)).map_or(0, |&cut| above(cut) + 1);
    let high = attribute.cuts.get(class).map_or(u64::MAX, |&cut| above(cut));
    Some(Bounds { low, high: high.max(low) })
}

/// What an attribute measures, if it is of all instruments.
fn measure(attribute: &AttributeCuts) -> Option<Measure> {
    attribute.name.parse::<Attribute>().ok()?.of_all_instruments()
}

/// Takes out what may not stay, unless nothing would.
fn keep(allowed: &mut [bool], may: impl Fn(usize) -> bool) {
    let stays = |(value, allowed): (usize, &bool)| *allowed && may(value);
    if allowed.iter().enumerate().any(stays) {
        allowed.iter_mut().enumerate().for_each(|(value, allowed)| *allowed &= may(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_the_numbers_of_a_class() {
        let cuts = AttributeCuts { name: "rhythm".into(), cuts: vec![0.20, 0.25, 0.32] };
        let of = |class| bounds(&cuts, class, 16.0);
        assert_eq!(of(0), None, "an open class has no bounds");
        assert_eq!(of(1), Some(Bounds { low: 0, high: 3 }));
        assert_eq!(
            of(2),
            Some(Bounds { low: 4, high: 4 }),
            "a quarter of the sixteenths is in the class below the cut"
        );
        assert_eq!(of(3), Some(Bounds { low: 5, high: 5 }));
        assert_eq!(of(4), Some(Bounds { low: 6, high: u64::MAX }));
        let narrow = AttributeCuts { name: "rhythm".into(), cuts: vec![0.26, 0.30] };
        assert_eq!(bounds(&narrow, 2, 16.0), Some(Bounds { low: 5, high: 5 }), "the next one above");
    }

    #[test]
    fn what_would_leave_nothing_is_not_taken_out() {
        let mut allowed = [true, false, true];
        keep(&mut allowed, |value| value == 1);
        assert_eq!(allowed, [true, false, true]);
        keep(&mut allowed, |value| value == 2);
        assert_eq!(allowed, [false, false, true]);
    }
}
