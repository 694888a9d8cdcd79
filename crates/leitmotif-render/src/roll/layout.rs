//! How the music is spread over the picture.
//!
//! Bars are never cut: a system holds whole bars, in multiples of four where there are many. A
//! quarter note is as wide in every system; the last system may end early.

use super::RollOptions;
use leitmotif_plot::MARGIN;
use leitmotif_score::{Bar, Bars, MAX_BARS, Note, Part, Score, Ticks};
use std::collections::BTreeSet;

/// However long the music, no picture has more systems.
pub(super) const MAX_SYSTEMS: usize = 40;
/// However dense the music, no more notes are drawn: the picture ends with the bar of the last of
/// them. Notes of a few pixels are about 20 bytes each.
pub const MAX_DRAWN_NOTES: usize = 100_000;
/// Where notes would give more shapes than this because they sound over many systems, each is drawn
/// in the first of them alone.
const MAX_SHAPES: usize = 2 * MAX_DRAWN_NOTES;
/// A quarter note is drawn at least this wide, as long as [`MAX_SYSTEMS`] suffice.
const COMFORTABLE_QUARTER: f64 = 12.5;
/// The fewest semitones a system spans: a single repeated note still lies in a recognisable place.
const LEAST_SEMITONES: usize = 24;

/// Space above a system's notes for bar numbers and markers.
pub(super) const RULER: f64 = 26.0;
/// Space between the pitched lane and the drum lane.
const LANE_GAP: f64 = 8.0;
/// Space below a system.
const SYSTEM_GAP: f64 = 14.0;

/// The bars of one row of the picture.
#[derive(Debug, Clone)]
pub(super) struct System {
    pub bars: Vec<Bar>,
}

impl System {
    pub fn start(&self) -> Ticks {
        self.bars.first().map_or(Ticks(0), |bar| bar.start)
    }

    pub fn end(&self) -> Ticks {
        self.bars.last().map_or(Ticks(0), Bar::end)
    }
}

/// Sizes that hold for the whole picture.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub systems: Vec<System>,
    /// Lowest and highest pitch drawn; `None` where only drums play.
    pub pitches: Option<(u8, u8)>,
    /// Height of a semitone.
    pub row: f64,
    /// Drum keys that are struck, from the top row down.
    pub drum_keys: Vec<u8>,
    /// Height of a drum key's row.
    pub drum_row: f64,
    /// Pixels a quarter note.
    pub quarter: f64,
    /// Where the notes begin, from the left.
    pub left: f64,
    /// What the picture leaves out.
    pub omitted: Omitted,
    ticks_per_quarter: f64,
}

/// What there was no room for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Omitted {
    /// Notes that were to be drawn and are not.
    pub notes: usize,
    /// Notes that begin at this tick or later are not drawn.
    from: Option<Ticks>,
    /// Of the notes that begin before and sound on, those in later systems are not drawn.
    pub continuations: bool,
}

impl Omitted {
    /// Whether a note is drawn in a system.
    pub fn draws(&self, note: &Note, system: &System) -> bool {
        let late = self.from.is_some_and(|from| note.onset >= from);
        !late && (!self.continuations || note.onset >= system.start())
    }
}

/// Where one system lies.
pub(super) struct SystemFrame<'a> {
    pub system: &'a System,
    /// Top of the ruler.
    pub ruler: f64,
    /// Top of the pitched lane.
    pub top: f64,
    pub pitched_height: f64,
    /// Top of the drum lane.
    pub drum_top: f64,
    pub drum_height: f64,
    pub left: f64,
    pub width: f64,
}

impl SystemFrame<'_> {
    pub fn bottom(&self) -> f64 {
        self.drum_top + self.drum_height
    }
}

impl Layout {
    /// `None` where no note would be drawn.
    pub fn of(score: &Score, options: &RollOptions, width: f64) -> Option<Self> {
        let bars = chosen_bars(score, options);
        let (bars, mut omitted) = within_room(score, bars, MAX_DRAWN_NOTES)?;
        let (from, to) = (bars.first()?.start, bars.last()?.end());
        let sounding = |part: &&Part, drums: bool| part.instrument.is_drums() == drums;
        let visible = |note: &&Note| note.onset < to && note.onset + note.duration > from;
        let keys_of = |drums: bool| -> BTreeSet<u8> {
            let parts = score.parts.iter().filter(|part| sounding(part, drums));
            parts.flat_map(|part| &part.notes).filter(visible).map(|note| note.pitch.min(127)).collect()
        };
        let (pitched, struck) = (keys_of(false), keys_of(true));
        if pitched.is_empty() && struck.is_empty() {
            return None;
        }
        let pitches = pitched.first().zip(pitched.last()).map(|(&low, &high)| roomy(low, high));
        let ticks_per_quarter = score.resolution.ticks_per_quarter() as f64;
        let left = MARGIN + if struck.is_empty() { 34.0 } else { 108.0 };
        let room = (width - left - MARGIN).max(100.0);
        let systems = wrap(bars, ticks_per_quarter, room);
        omitted.continuations = shapes(score, &systems) > MAX_SHAPES;
        let longest = systems.iter().map(|s| (s.end() - s.start()).0).max().unwrap_or(1).max(1);
        let semitones = pitches.map_or(1.0, |(low, high)| f64::from(high - low) + 1.0);
        let (lane, least) = match systems.len() {
            1 => (440.0, 5.0),
            2 => (320.0, 4.0),
            _ => (230.0, 3.2),
        };
        Some(Self {
            row: (lane / semitones).clamp(least, 13.0),
            drum_row: if struck.len() > 14 || systems.len() > 2 { 9.5 } else { 13.0 },
            drum_keys: struck.into_iter().rev().collect(),
            quarter: room / (longest as f64 / ticks_per_quarter),
            systems,
            pitches,
            left,
            omitted,
            ticks_per_quarter,
        })
    }

    /// The height of all systems together.
    pub fn height(&self) -> f64 {
        self.system_height() * self.systems.len() as f64
    }

    fn pitched_height(&self) -> f64 {
        self.pitches.map_or(0.0, |(low, high)| (f64::from(high - low) + 1.0) * self.row)
    }

    fn drum_height(&self) -> f64 {
        self.drum_row * self.drum_keys.len() as f64
    }

    fn system_height(&self) -> f64 {
        let gap = if self.pitches.is_some() && !self.drum_keys.is_empty() { LANE_GAP } else { 0.0 };
        RULER + self.pitched_height() + gap + self.drum_height() + SYSTEM_GAP
    }

    /// Where system `index` lies, when the first begins at `top`.
    pub fn frame(&self, index: usize, top: f64) -> SystemFrame<'_> {
        let system = &self.systems[index];
        let ruler = top + self.system_height() * index as f64;
        let top = ruler + RULER;
        let gap = if self.pitches.is_some() && !self.drum_keys.is_empty() { LANE_GAP } else { 0.0 };
        SystemFrame {
            system,
            ruler,
            top,
            pitched_height: self.pitched_height(),
            drum_top: top + self.pitched_height() + gap,
            drum_height: self.drum_height(),
            left: self.left,
            width: self.length(system.end() - system.start()),
        }
    }

    /// The width of a length of time.
    pub fn length(&self, ticks: Ticks) -> f64 {
        ticks.0 as f64 / self.ticks_per_quarter * self.quarter
    }

    /// The horizontal position of `ticks` in a system; beyond its ends where the time is.
    pub fn x(&self, frame: &SystemFrame, ticks: Ticks) -> f64 {
        let start = frame.system.start();
        frame.left + if ticks >= start { self.length(ticks - start) } else { -self.length(start - ticks) }
    }

    /// The top of a pitch's row.
    pub fn y(&self, frame: &SystemFrame, pitch: u8) -> f64 {
        let high = self.pitches.map_or(127, |(_, high)| high);
        frame.top + (f64::from(high) - f64::from(pitch)) * self.row
    }

    /// The top of a drum key's row.
    pub fn drum_y(&self, frame: &SystemFrame, key: u8) -> Option<f64> {
        let row = self.drum_keys.iter().position(|&k| k == key)?;
        Some(frame.drum_top + self.drum_row * row as f64)
    }
}

fn chosen_bars(score: &Score, options: &RollOptions) -> Vec<Bar> {
    let first = options.from_bar.unwrap_or(1).saturating_sub(1);
    let last = options.to_bar.unwrap_or(usize::MAX);
    let bars = Bars::new(score.resolution, &score.meters, score.end());
    bars.take(last).skip(first).take(MAX_BARS).collect()
}

/// The first of these bars, as far as there are no more than `most` notes in them; the first bar at
/// least.
fn within_room(score: &Score, mut bars: Vec<Bar>, most: usize) -> Option<(Vec<Bar>, Omitted)> {
    let (from, to) = (bars.first()?.start, bars.last()?.end());
    let notes = score.parts.iter().flat_map(|part| &part.notes);
    let seen = notes.filter(|note| note.onset < to && note.end() > from);
    let mut onsets: Vec<Ticks> = seen.map(|note| note.onset.max(from)).collect();
    if onsets.len() <= most {
        return Some((bars, Omitted::default()));
    }
    let (_, &mut first, _) = onsets.select_nth_unstable(most);
    let kept = bars.partition_point(|bar| bar.end() <= first).max(1);
    bars.truncate(kept);
    // Of a first bar that alone has more, only the beginning is drawn.
    let from = bars[kept - 1].end().min(first);
    let notes = onsets.iter().filter(|onset| **onset >= from).count();
    Some((bars, Omitted { notes, from: Some(from), continuations: false }))
}

/// The shapes of all notes in these systems, one for each that a note sounds in.
fn shapes(score: &Score, systems: &[System]) -> usize {
    let notes = score.parts.iter().flat_map(|part| &part.notes);
    let first = |note: &Note| systems.partition_point(|system| system.end() <= note.onset);
    let last = |note: &Note| systems.partition_point(|system| system.start() < note.end());
    notes.map(|note| last(note).saturating_sub(first(note))).sum()
}

/// The range with a free row on either side, at least [`LEAST_SEMITONES`] wide.
fn roomy(low: u8, high: u8) -> (u8, u8) {
    let (mut low, mut high) = (low.saturating_sub(1), high.saturating_add(1).min(127));
    while usize::from(high - low) + 1 < LEAST_SEMITONES {
        low = low.saturating_sub(1);
        high = high.saturating_add(1).min(127);
    }
    (low, high)
}

fn wrap(bars: Vec<Bar>, ticks_per_quarter: f64, room: f64) -> Vec<System> {
    let total = bars.last().map_or(0, |bar| bar.end().0) - bars.first().map_or(0, |bar| bar.start.0);
    let comfortable = total as f64 / ticks_per_quarter * COMFORTABLE_QUARTER / room;
    // A little smaller than comfortable is better than a second system with a bar or two.
    let systems = ((comfortable - 0.25).ceil().max(1.0) as usize).min(MAX_SYSTEMS);
    let mut each = bars.len().div_ceil(systems).max(1);
    if each > 4 {
        each = each.next_multiple_of(4);
    }
    bars.chunks(each).map(|bars| System { bars: bars.to_vec() }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use leitmotif_score::Instrument;

    fn melody(bars: u64) -> Score {
        let notes = (0..bars * 4)
            .map(|k| Note { onset: Ticks(k * 480), pitch: 60 + (k % 12) as u8, duration: Ticks(240), velocity: 90 })
            .collect();
        let part = Part { name: String::new(), instrument: Instrument::Program(0), notes };
        Score { parts: vec![part], ..Score::default() }
    }

    fn layout(bars: u64) -> Layout {
        Layout::of(&melody(bars), &RollOptions::default(), 1280.0).unwrap()
    }

    #[test]
    fn two_bars_fill_one_system() {
        let layout = layout(2);
        assert_eq!(layout.systems.len(), 1);
        assert!(layout.quarter > 100.0 && layout.row > 8.0);
    }

    #[test]
    fn five_minutes_are_wrapped_into_systems_of_whole_bars() {
        let layout = layout(150);
        assert!((5..=9).contains(&layout.systems.len()), "{}", layout.systems.len());
        assert!(layout.quarter >= COMFORTABLE_QUARTER * 0.75, "{}", layout.quarter);
        assert_eq!(layout.systems.iter().map(|s| s.bars.len()).sum::<usize>(), 150);
        assert!(layout.systems[0].bars.len().is_multiple_of(4));
    }

    #[test]
    fn hours_stay_within_the_limit() {
        let layout = layout(20_000);
        assert!(layout.systems.len() <= MAX_SYSTEMS);
    }

    #[test]
    fn nothing_outside_the_chosen_bars_is_laid_out() {
        let options = RollOptions { from_bar: Some(3), to_bar: Some(4), ..RollOptions::default() };
        let layout = Layout::of(&melody(8), &options, 1280.0).unwrap();
        assert_eq!((layout.systems[0].start(), layout.systems[0].end()), (Ticks(2 * 1920), Ticks(4 * 1920)));
        let beyond = RollOptions { from_bar: Some(100), ..RollOptions::default() };
        assert!(Layout::of(&melody(8), &beyond, 1280.0).is_none());
    }

    #[test]
    fn as_many_whole_bars_as_there_is_room_for_are_drawn() {
        let score = melody(10);
        let bars = || chosen_bars(&score, &RollOptions::default());
        let room = |most| within_room(&score, bars(), most).map(|(bars, omitted)| (bars.len(), omitted.notes)).unwrap();
        assert_eq!([room(40), room(39), room(36), room(35), room(4)], [(10, 0), (9, 4), (9, 4), (8, 8), (1, 36)]);
        // Of a bar that is too full the beginning.
        assert_eq!(room(3), (1, 37));
    }

    #[test]
    fn extreme_pitches_stay_on_the_keyboard() {
        assert_eq!(roomy(127, 127), (127 - 23, 127));
        assert_eq!(roomy(0, 0), (0, 23));
    }
}
