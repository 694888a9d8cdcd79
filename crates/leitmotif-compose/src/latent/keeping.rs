//! Keeping to what is asked of attributes: a bar's rhythm, polyphony and density stay within their class.
//!
//! The model hears which class is asked for and mostly writes it. Here what would leave the class is taken out of its choices: a bar does not
//! close before it has enough, and takes no more than it may. What would leave nothing to choose from is not taken out. So that a bar
//! is not filled in a hurry at its end, what is behind or ahead of an even pace is made less likely.

use crate::meaning::{Kind, Meaning};
use leitmotif_events::{RepresentationConfig, Value, Vocabulary};
use leitmotif_model::AttributeCuts;
use std::collections::VecDeque;

/// Sixteenths in a quarter.
const SIXTEENTHS: u64 = 4;
/// How far a bar may be ahead of or behind an even pace: begun sixteenths, and as a share of what must sound.
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

/// What is asked of a bar: the class of each attribute, and which of them are to be kept to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub classes: &'a [u16],
    pub kept: &'a [bool],
}

impl<'a> Asked<'a> {
    /// The attributes to be kept to, with their classes, from 1.
    fn of(self, attributes: &'a [AttributeCuts]) -> impl Iterator<Item = (&'a AttributeCuts, u16)> {
        let all = attributes.iter().zip(self.classes).zip(self.kept);
        all.filter(|((_, class), kept)| **kept && **class > 0).map(|((attribute, class), _)| (attribute, *class))
    }
}

/// How far a bar is, and what it must keep to.
#[derive(Debug, Clone)]
pub(crate) struct Keeping {
    grid: u64,
    /// Steps of each value of the duration field, and which field that is.
    durations: Vec<u64>,
    duration: usize,
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

impl Keeping {
    /// `None` for a representation without durations.
    pub fn new(vocabulary: &Vocabulary, drums: bool) -> Option<Self> {
        let RepresentationConfig::Events { grid, .. } = vocabulary.settings else { return None };
        let grid = u64::from(grid.max(1));
        let duration = vocabulary.fields.iter().position(|field| field.name == "duration")?;
        let steps = |name: &String| {
            let (a, b) = name.split_once('/')?;
            let (a, b): (u64, u64) = (a.parse().ok()?, b.parse().ok()?);
            (a * 4 * grid).checked_div(b)
        };
        let durations = vocabulary.fields[duration].values.iter().map(|name| steps(name).unwrap_or(0)).collect();
        Some(Self {
            grid,
            durations,
            duration,
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

    /// A bar of so many quarters begins; nothing is asked of it yet.
    fn begin(&mut self, quarters: f64) {
        let sixteenths = ((quarters * SIXTEENTHS as f64).ceil() as usize).max(1);
        self.begins.clear();
        self.begins.resize(sixteenths, false);
        (self.now, self.notes) = (0, 0);
        self.sounding = self.ahead.drain(..sixteenths.min(self.ahead.len())).sum();
        self.targets = Targets::default();
        self.held_over = u64::MAX;
    }

    /// Asks the bar that has begun for classes of attributes, and sees to it that what is held over leaves the bars `after` it room.
    pub fn ask<'c>(&mut self, attributes: &[AttributeCuts], bar: Asked<'c>, after: impl Iterator<Item = Asked<'c>>) {
        self.held_over = u64::MAX;
        for (attribute, class) in after.flat_map(|bar| bar.of(attributes)) {
            if attribute.name == "polyphony"
                && let Some(&most) = attribute.cuts.get(usize::from(class) - 1)
            {
                self.held_over = self.held_over.min(most as u64);
            }
        }
        let sixteenths = self.begins.len() as f64;
        for (attribute, class) in bar.of(attributes) {
            let within = |times: f64| bounds(attribute, class, times);
            match attribute.name.as_str() {
                "rhythm" => self.targets.rhythm = within(sixteenths).map(|it| it.up_to(sixteenths as u64)),
                "polyphony" => self.targets.polyphony = within(sixteenths),
                "density" => self.targets.density = within(sixteenths / SIXTEENTHS as f64),
                _ => {}
            }
        }
    }

    /// Follows an event.
    pub fn follow(&mut self, meaning: &Meaning, event: &[Value]) {
        let kind = meaning.kind(event);
        if kind.is_bar() {
            return self.begin(kind.quarters());
        }
        let Some(places) = meaning.places.filter(|_| kind == Kind::Note) else { return };
        let position = u64::from(event[places.position]).saturating_sub(1);
        let first = self.sixteenth(position);
        self.now = first;
        if let Some(begins) = self.begins.get_mut(first) {
            *begins = true;
        }
        self.notes += 1;
        if is_drums(meaning, event[places.instrument]) {
            return;
        }
        let until = self.until(position, usize::from(event[self.duration]));
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
    pub fn mask(&self, meaning: &Meaning, earlier: &[Value], field: usize, allowed: &mut [bool]) {
        let Some(places) = meaning.places else { return };
        if field == 0 {
            return keep(allowed, |value| match meaning.kinds[value] {
                Kind::Note => self.may_go_on(),
                Kind::Bar(..) | Kind::End => self.may_close(),
                _ => true,
            });
        }
        if field == places.position && meaning.kind(earlier).is_tempo() {
            return keep(allowed, |value| self.leaves_room(self.sixteenth(value.saturating_sub(1) as u64)));
        }
        if meaning.kind(earlier) != Kind::Note {
            return;
        }
        if field == places.position {
            let sixteenth = |value: usize| self.sixteenth(value.saturating_sub(1) as u64);
            // Where this leaves nothing, the bar closes, which it may: it has as much as it may have.
            let most = self.targets.rhythm.map_or(u64::MAX, |bounds| bounds.high);
            let full = allowed.iter_mut().enumerate().filter(|(value, _)| self.begun_with(sixteenth(*value)) > most);
            full.for_each(|(_, allowed)| *allowed = false);
            keep(allowed, |value| self.leaves_room(sixteenth(value)));
        } else if field == places.instrument {
            let position = u64::from(earlier[places.position]).saturating_sub(1);
            let (full, lags) = (self.left() == 0, self.lags(self.sixteenth(position) + 1));
            // Pitched notes come before drums, so what is missing must sound first.
            keep(allowed, |value| if is_drums(meaning, value as Value) { !lags } else { !full });
        } else if field == self.duration && !is_drums(meaning, earlier[places.instrument]) {
            let position = u64::from(earlier[places.position]).saturating_sub(1);
            let first = self.sixteenth(position);
            let left = self.left().saturating_sub(self.reserve(first)).max(1);
            let bar = self.begins.len();
            let full = self.ahead.iter().position(|held| *held >= self.held_over).unwrap_or(self.ahead.len());
            let beyond = if full == self.ahead.len() && self.held_over > 0 { usize::MAX } else { bar + full };
            keep(allowed, |value| {
                let until = self.until(position, value);
                until.min(bar).saturating_sub(first) as u64 <= left && until <= beyond
            });
        }
    }

    /// Makes less likely what falls behind the pace, or runs ahead of it.
    pub fn shift(&self, meaning: &Meaning, earlier: &[Value], field: usize, logits: &mut [f32]) {
        let Some(places) = meaning.places.filter(|_| field > 0 && meaning.kind(earlier) == Kind::Note) else { return };
        let position = |value: u64| self.sixteenth(value.saturating_sub(1));
        if field == places.position {
            let slow = logits.iter_mut().enumerate().filter(|(value, _)| !self.keeps_pace(position(*value as u64)));
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

    fn sixteenth(&self, position: u64) -> usize {
        (position * SIXTEENTHS / self.grid) as usize
    }

    /// The sixteenth nearest a note's end, as [`leitmotif_events::Attribute`] counts.
    fn until(&self, position: u64, duration: usize) -> usize {
        let end = position + self.durations.get(duration).copied().unwrap_or(0);
        let nearest = (end * SIXTEENTHS * 2 + self.grid) / (2 * self.grid);
        (nearest as usize).max(self.sixteenth(position) + 1)
    }
}

impl Bounds {
    fn up_to(self, most: u64) -> Self {
        Self { low: self.low.min(most), high: self.high.min(most) }
    }
}

/// The whole numbers that, divided by `times`, lie in a class; where there is none, the next one above.
fn bounds(attribute: &AttributeCuts, class: u16, times: f64) -> Option<Bounds> {
    let class = usize::from(class).checked_sub(1)?;
    let above = |cut: f32| (f64::from(cut) * times + 1e-6).floor() as u64;
    let low = class.checked_sub(1).and_then(|cut| attribute.cuts.get(cut)).map_or(0, |&cut| above(cut) + 1);
    let high = attribute.cuts.get(class).map_or(u64::MAX, |&cut| above(cut));
    Some(Bounds { low, high: high.max(low) })
}

fn is_drums(meaning: &Meaning, instrument: Value) -> bool {
    let instrument = meaning.instruments.get(usize::from(instrument)).copied().flatten();
    instrument.is_some_and(leitmotif_score::Instrument::is_drums)
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
