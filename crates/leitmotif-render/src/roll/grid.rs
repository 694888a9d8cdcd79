//! What lies behind the notes: keys, beats, bars, their labels, and highlights.

use super::Highlight;
use super::layout::{Layout, SystemFrame};
use super::names::{clock, drum_name, is_black, pitch_name};
use leitmotif_plot::{Anchor, Ink, Look, Path, Svg, TextLook, fit_text, text_width};
use leitmotif_score::{Bar, Score, TempoMap, Ticks};

/// Grid lines closer than this are left out, in pixels.
const CLOSEST_BEATS: f64 = 9.0;
/// Lines between beats need more room than beats.
const CLOSEST_DIVISIONS: f64 = 15.0;
/// Room a bar number needs, in pixels.
const BAR_NUMBER_ROOM: f64 = 30.0;
const LABEL_SIZE: f64 = 10.5;

pub(super) fn draw(
    svg: &mut Svg,
    score: &Score,
    layout: &Layout,
    frame: &SystemFrame,
    highlights: &[Highlight],
    tempo_map: &TempoMap,
) {
    keys(svg, layout, frame);
    drum_rows(svg, layout, frame);
    regions(svg, layout, frame, highlights);
    lines(svg, score, layout, frame);
    ruler(svg, score, layout, frame, tempo_map);
}

fn keys(svg: &mut Svg, layout: &Layout, frame: &SystemFrame) {
    let Some((low, high)) = layout.pitches else { return };
    let (mut black, mut octaves) = (Path::new(), Path::new());
    // Every natural is named where there is room for it, else every C.
    let all = layout.row >= LABEL_SIZE;
    for pitch in low..=high {
        let y = layout.y(frame, pitch);
        if is_black(pitch) {
            black.rect(frame.left, y, frame.width, layout.row);
        }
        if pitch % 12 == 0 {
            octaves.move_to(frame.left, y + layout.row).right(frame.width);
        }
        if pitch % 12 == 0 || (all && !is_black(pitch)) {
            let ink = if pitch % 12 == 0 { Ink::Text } else { Ink::Muted };
            let look = TextLook::new(ink, LABEL_SIZE).anchored(Anchor::End);
            svg.text(frame.left - 7.0, y + layout.row / 2.0 + LABEL_SIZE * 0.36, &pitch_name(pitch), &look);
        }
    }
    svg.path(&black, &Look::fill(Ink::Shade));
    svg.path(&octaves, &Look::stroke(Ink::Grid, 1.0));
}

fn drum_rows(svg: &mut Svg, layout: &Layout, frame: &SystemFrame) {
    let size = (layout.drum_row * 0.86).min(LABEL_SIZE);
    let mut shaded = Path::new();
    for (row, &key) in layout.drum_keys.iter().enumerate() {
        let y = frame.drum_top + layout.drum_row * row as f64;
        if row % 2 == 0 {
            shaded.rect(frame.left, y, frame.width, layout.drum_row);
        }
        let name = fit_text(&drum_name(key), size, layout.left - 26.0);
        let look = TextLook::new(Ink::Muted, size).anchored(Anchor::End);
        svg.text(frame.left - 7.0, y + layout.drum_row / 2.0 + size * 0.36, &name, &look);
    }
    svg.path(&shaded, &Look::fill(Ink::Shade));
}

fn regions(svg: &mut Svg, layout: &Layout, frame: &SystemFrame, highlights: &[Highlight]) {
    for highlight in highlights {
        let (start, end) = (frame.system.start(), frame.system.end());
        let (from, to) = (highlight.from.max(start), highlight.to.min(end));
        if from >= to {
            continue;
        }
        let (x, right) = (layout.x(frame, from), layout.x(frame, to));
        svg.rect(x, frame.top, right - x, frame.bottom() - frame.top, &Look::fill(Ink::Accent).opacity(0.1));
        svg.rect(x, frame.top - 3.0, right - x, 3.0, &Look::fill(Ink::Accent));
        if highlight.from >= start {
            let label = fit_text(&highlight.label, LABEL_SIZE, right - x - 8.0);
            let look = TextLook::new(Ink::Accent, LABEL_SIZE).anchored(Anchor::End);
            if right - x > 40.0 {
                svg.text(right - 4.0, frame.top - 6.0, &label, &look);
            }
        }
    }
}

fn lines(svg: &mut Svg, score: &Score, layout: &Layout, frame: &SystemFrame) {
    let (mut divisions, mut beats, mut bars) = (Path::new(), Path::new(), Path::new());
    let whole = score.resolution.ticks_per_quarter() * 4;
    let every = bar_lines_every(layout, frame);
    for (place, bar) in frame.system.bars.iter().enumerate() {
        if place % every == 0 {
            through(&mut bars, frame, layout.x(frame, bar.start));
        }
        let beat = (whole / u64::from(bar.meter.denominator.max(1))).max(1);
        let width = layout.length(Ticks(beat));
        if width < CLOSEST_BEATS {
            continue;
        }
        // Sixteenths where they fit, else eighths, else beats alone.
        let parts = [4, 2].into_iter().find(|parts| width / *parts as f64 >= CLOSEST_DIVISIONS).unwrap_or(1);
        let step = (beat / parts).max(1);
        for k in 1..bar.length.0.div_ceil(step) {
            let path = if k % parts == 0 { &mut beats } else { &mut divisions };
            through(path, frame, layout.x(frame, bar.start + Ticks(k * step)));
        }
    }
    through(&mut bars, frame, frame.left + frame.width);
    svg.path(&divisions, &Look::stroke(Ink::Grid, 0.5).opacity(0.8));
    svg.path(&beats, &Look::stroke(Ink::Grid, 1.0));
    svg.path(&bars, &Look::stroke(Ink::GridStrong, 1.0));
}

/// A vertical line through both lanes.
fn through(path: &mut Path, frame: &SystemFrame, x: f64) {
    if frame.pitched_height > 0.0 {
        path.move_to(x, frame.top).line_to(x, frame.top + frame.pitched_height);
    }
    if frame.drum_height > 0.0 {
        path.move_to(x, frame.drum_top).line_to(x, frame.bottom());
    }
}

fn bar_lines_every(layout: &Layout, frame: &SystemFrame) -> usize {
    doubled_until(mean_bar(layout, frame), 5.0)
}

fn mean_bar(layout: &Layout, frame: &SystemFrame) -> f64 {
    layout.length(frame.system.end() - frame.system.start()) / frame.system.bars.len().max(1) as f64
}

/// The smallest power of two times which `width` is at least `room`.
fn doubled_until(width: f64, room: f64) -> usize {
    let mut every = 1usize;
    while width * (every as f64) < room && every < 1 << 20 {
        every *= 2;
    }
    every
}

fn ruler(svg: &mut Svg, score: &Score, layout: &Layout, frame: &SystemFrame, tempo_map: &TempoMap) {
    let y = frame.top - 6.0;
    let time = clock(tempo_map.seconds_at(frame.system.start()).0);
    let look = TextLook::new(Ink::Muted, LABEL_SIZE).anchored(Anchor::End);
    svg.text(frame.left - 7.0, y, &time, &look);
    let every = doubled_until(mean_bar(layout, frame), BAR_NUMBER_ROOM);
    let mut free_from = f64::NEG_INFINITY;
    for bar in &frame.system.bars {
        let first_of_meter = bar.index > 0 && bar.meter.at == bar.start;
        let numbered = bar.index.is_multiple_of(every) || bar.start == frame.system.start();
        if !numbered && !first_of_meter {
            continue;
        }
        let x = layout.x(frame, bar.start);
        let number = (bar.index + 1).to_string();
        let label = if first_of_meter { format!("{number}  {}", meter(bar)) } else { number };
        if x >= free_from {
            svg.text(x + 2.0, y, &label, &TextLook::new(Ink::Muted, LABEL_SIZE));
            free_from = x + text_width(&label, LABEL_SIZE) + 8.0;
        }
    }
    markers(svg, score, layout, frame);
}

fn meter(bar: &Bar) -> String {
    format!("{}/{}", bar.meter.numerator, bar.meter.denominator)
}

fn markers(svg: &mut Svg, score: &Score, layout: &Layout, frame: &SystemFrame) {
    let (start, end) = (frame.system.start(), frame.system.end());
    let mut free_from = f64::NEG_INFINITY;
    for marker in score.markers.iter().filter(|marker| marker.at >= start && marker.at < end) {
        let x = layout.x(frame, marker.at);
        if x < free_from {
            continue;
        }
        let label =
            fit_text(marker.text.trim(), LABEL_SIZE, 160.0_f64.min(frame.left + frame.width - x - 4.0).max(20.0));
        svg.text(x + 2.0, y_of_markers(frame), &label, &TextLook::new(Ink::Accent, LABEL_SIZE));
        free_from = x + text_width(&label, LABEL_SIZE) + 8.0;
    }
}

fn y_of_markers(frame: &SystemFrame) -> f64 {
    frame.ruler + LABEL_SIZE - 2.0
}
