//! The notes: a colour for each part, an opacity for each of a few degrees of loudness.
//!
//! Notes of one part and loudness share one path, which keeps files small: about fifteen bytes a
//! note.

use super::inks::part_ink;
use super::layout::{Layout, SystemFrame};
use leitmotif_plot::{Ink, Look, Path, Svg};
use leitmotif_score::{Note, Part, Score};

/// Opacity from soft to loud.
const LOUDNESS: [f64; 5] = [0.42, 0.56, 0.7, 0.85, 1.0];
/// Rows at least this high get notes with rounded corners.
const ROUNDED_ROW: f64 = 6.0;
/// No note is narrower.
const LEAST_WIDTH: f64 = 1.4;
/// Space left between a note and the next one.
const GAP: f64 = 0.7;
/// A drum stroke has no length of its own: it is drawn this wide at most.
const WIDEST_STROKE: f64 = 9.0;

pub(super) fn draw(svg: &mut Svg, score: &Score, layout: &Layout, frame: &SystemFrame) {
    // Parts that hold their notes longest go to the back, so that pads do not cover melodies.
    let mut order: Vec<usize> = (0..score.parts.len()).collect();
    order.sort_by_key(|&part| std::cmp::Reverse(mean_duration(&score.parts[part])));
    for index in order {
        let part = &score.parts[index];
        let (ink, outlined) = part_ink(score, index);
        let shapes = Shapes::new(layout, part.instrument.is_drums());
        let mut paths: [Path; LOUDNESS.len()] = Default::default();
        for note in &part.notes {
            if let Some((x, y, width)) = place(layout, frame, part, note) {
                shapes.add(&mut paths[loudness(note.velocity)], x, y, width);
            }
        }
        if paths.iter().all(Path::is_empty) {
            continue;
        }
        svg.group(&Look::default(), Some(&part.instrument.title()));
        for (path, opacity) in paths.iter().zip(LOUDNESS) {
            svg.path(path, &shapes.look(ink, outlined).opacity(opacity));
        }
        svg.end_group();
    }
}

fn mean_duration(part: &Part) -> u64 {
    let total: u64 = part.notes.iter().fold(0, |sum, note| note.duration.0.saturating_add(sum));
    total / part.notes.len().max(1) as u64
}

fn loudness(velocity: u8) -> usize {
    usize::from(velocity.min(127)) * LOUDNESS.len() / 128
}

/// Left, middle and width of a note in this system; `None` where it is not seen there.
fn place(layout: &Layout, frame: &SystemFrame, part: &Part, note: &Note) -> Option<(f64, f64, f64)> {
    let (start, end) = (frame.system.start(), frame.system.end());
    let stop = note.onset + note.duration;
    if note.onset >= end || stop <= start || !layout.omitted.draws(note, frame.system) {
        return None;
    }
    let x = layout.x(frame, note.onset.max(start));
    if part.instrument.is_drums() {
        if note.onset < start {
            return None;
        }
        let y = layout.drum_y(frame, note.pitch)? + layout.drum_row / 2.0;
        let sixteenth = layout.quarter / 4.0;
        return Some((x, y, (sixteenth * 0.8).clamp(2.0, WIDEST_STROKE)));
    }
    let (low, high) = layout.pitches?;
    if !(low..=high).contains(&note.pitch) {
        return None;
    }
    let y = layout.y(frame, note.pitch) + layout.row / 2.0;
    let width = layout.length(stop.min(end) - note.onset.max(start)) - GAP;
    Some((x, y, width.max(LEAST_WIDTH)))
}

/// How notes of a given size are written.
struct Shapes {
    height: f64,
    rounded: bool,
}

impl Shapes {
    fn new(layout: &Layout, drums: bool) -> Self {
        let row = if drums { layout.drum_row } else { layout.row };
        let height = if drums { row * 0.66 } else { row - if row > 4.0 { 0.8 } else { 0.2 } };
        Self { height, rounded: row >= ROUNDED_ROW && !drums }
    }

    fn add(&self, path: &mut Path, x: f64, y: f64, width: f64) {
        if self.rounded {
            // The outline of the same colour rounds the corners.
            let inset = Self::CORNER / 2.0;
            path.rect(
                x + inset,
                y - self.height / 2.0 + inset,
                (width - 2.0 * inset).max(0.4),
                self.height - 2.0 * inset,
            );
        } else {
            path.move_to(x, y).right(width);
        }
    }

    const CORNER: f64 = 2.4;

    fn look(&self, ink: Ink, outlined: bool) -> Look {
        match (self.rounded, outlined) {
            (true, false) => Look::fill(ink).outline(ink, Self::CORNER),
            (true, true) => Look::fill(ink).outline(Ink::Text, 1.2),
            (false, _) => Look::stroke(ink, self.height),
        }
    }
}
