//! Scores as pictures and as sound.
//!
//! [`piano_roll`] draws a score; [`render`] and [`render_to_wav`] play it, with the instruments of
//! a
//! [`SoundBank`]: a SoundFont file, one that the system has, or the built-in bank. What controllers
//! say of its parts ([`leitmotif_score::Automation`]) is one of the [`RenderOptions`].

#![forbid(unsafe_code)]

mod bank;
mod roll;
mod sound;

pub use leitmotif_plot::{PlotError, Theme, svg_to_png, svg_to_png_themed};
pub use roll::{Highlight, MAX_DRAWN_NOTES, RollOptions, piano_roll};
pub use sound::{
    Audio, BitDepth, RenderOptions, SAMPLE_RATE, SOUNDFONT_VARIABLE, SoundBank, SoundError, render, render_to_wav,
    write_wav,
};
