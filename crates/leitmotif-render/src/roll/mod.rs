//! The piano roll: time from left to right, pitch from bottom to top, drums in a lane of their own.
//!
//! `layout` determines how many rows ("systems") the music is wrapped into and how large a beat and
//! a semitone are drawn; `grid` draws what lies behind the notes; `notes` draws the notes; `names`
//! says what things are called. Long music gives smaller notes and a coarser grid, down to bars of
//! a few pixels: whatever the length, the picture has at most [`layout::MAX_SYSTEMS`] systems, and
//! at most [`MAX_DRAWN_NOTES`] notes, those of the first bars; its subtitle says what it leaves
//! out.

mod grid;
mod inks;
mod layout;
mod names;
mod notes;

pub use layout::MAX_DRAWN_NOTES;

use layout::Layout;
use leitmotif_plot::{Ink, MARGIN, Svg, Swatch, TextLook, Theme, draw_legend, heading};
use leitmotif_score::{Score, Ticks};

/// What to draw, and how.
#[derive(Debug, Clone)]
pub struct RollOptions {
    /// The paper; `Theme::Auto` follows the reader's system.
    pub theme: Theme,
    /// Width in pixels, at least [`RollOptions::LEAST_WIDTH`]. The height follows from the music.
    pub width: f64,
    /// The title; `None` takes the score's.
    pub title: Option<String>,
    /// The first bar to draw, counted from 1 as on the picture; `None` for the beginning.
    pub from_bar: Option<usize>,
    /// The last bar to draw, itself included; `None` for the end.
    pub to_bar: Option<usize>,
    /// Stretches of time to set apart: the prime of a continuation, a place to look at.
    pub highlights: Vec<Highlight>,
}

/// A stretch of time to set apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Highlight {
    /// Where it begins.
    pub from: Ticks,
    /// Where it ends.
    pub to: Ticks,
    /// What it is; may be empty.
    pub label: String,
}

impl RollOptions {
    /// The least width of a roll, in pixels.
    pub const LEAST_WIDTH: f64 = 480.0;
    /// The largest width of a roll, in pixels.
    pub const MOST_WIDTH: f64 = 20_000.0;
}

impl Default for RollOptions {
    fn default() -> Self {
        Self { theme: Theme::Light, width: 1280.0, title: None, from_bar: None, to_bar: None, highlights: Vec::new() }
    }
}

/// Draws a score as SVG. A score without notes gives a picture with a note of that.
pub fn piano_roll(score: &Score, options: &RollOptions) -> String {
    let width = if options.width.is_nan() { RollOptions::LEAST_WIDTH } else { options.width };
    let width = width.clamp(RollOptions::LEAST_WIDTH, RollOptions::MOST_WIDTH);
    let title = options.title.clone().or_else(|| score.title.clone()).unwrap_or_else(|| "Piano roll".into());
    let Some(layout) = Layout::of(score, options, width) else {
        let mut svg = Svg::new(width, 160.0, options.theme, &title);
        let y = heading(&mut svg, width, &title, "");
        svg.text(MARGIN, y + 30.0, "no notes", &TextLook::new(Ink::Muted, 13.0));
        return svg.finish();
    };
    let subtitle = names::subtitle(score, &layout);
    let legend = names::legend(score, &layout);
    let entries: Vec<(Swatch, Ink, &str)> =
        legend.iter().map(|(swatch, ink, name)| (*swatch, *ink, name.as_str())).collect();
    // The height depends on how the legend wraps: measure it on a picture that is thrown away.
    let measure = |svg: &mut Svg| {
        let y = heading(svg, width, &title, &subtitle);
        draw_legend(svg, &entries, MARGIN, y, width - 2.0 * MARGIN)
    };
    let top = measure(&mut Svg::new(width, 100.0, options.theme, "")) + 10.0;
    let height = top + layout.height() + MARGIN * 0.6;
    let mut svg = Svg::new(width, height, options.theme, &title);
    measure(&mut svg);
    let tempo_map = score.tempo_map();
    for system in 0..layout.systems.len() {
        let frame = layout.frame(system, top);
        grid::draw(&mut svg, score, &layout, &frame, &options.highlights, &tempo_map);
        notes::draw(&mut svg, score, &layout, &frame);
    }
    svg.finish()
}
