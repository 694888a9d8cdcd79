//! `render`: a MIDI file as sound or picture.

use crate::console::Console;
use crate::failure::Refusal;
use crate::pedal::Pedal;
use crate::words::{clock, counted};
use crate::{files, sound, values};
use anyhow::{Context, Result};
use clap::Args;
use leitmotif_render::{BitDepth, RenderOptions, RollOptions, Theme, piano_roll, render_to_wav, svg_to_png_themed};
use leitmotif_score::{Score, read_automation, read_midi, read_midi_bytes};
use serde::Serialize;
use std::path::PathBuf;

/// Turn a MIDI file into sound (WAV) or a picture (SVG, PNG).
#[derive(Debug, Args)]
pub struct Options {
    /// MIDI file to render
    #[arg(value_name = "IN.mid")]
    input: PathBuf,
    /// File to write; its extension decides the format: .wav, .svg or .png
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
    /// How MIDI files are read.
    #[command(flatten)]
    pedal: Pedal,
    /// Print one line of JSON: path, kind, seconds, notes, bytes, and for sound: soundfont
    #[arg(long)]
    json: bool,
    /// SoundFont: a .sf2 file or `built-in` [default: one installed on the system, else built-in]
    #[arg(long, value_name = "FILE", help_heading = "Sound")]
    soundfont: Option<String>,
    /// Bits per sample
    #[arg(long, value_name = "N", default_value = "16", value_parser = ["16", "24"], help_heading = "Sound")]
    bits: String,
    /// Turn off reverb and chorus
    #[arg(long, help_heading = "Sound")]
    dry: bool,
    /// Colour theme; `auto` follows the reader's preference (SVG only)
    #[arg(long, value_name = "NAME", default_value = "light", value_parser = values::theme(), help_heading = "Picture")]
    theme: Theme,
    /// Width of the picture in pixels
    #[arg(long, value_name = "N", default_value_t = 1280, help_heading = "Picture",
        value_parser = clap::value_parser!(u32).range(480..=20_000))]
    width: u32,
    /// Scale of a PNG: pixels of the file per pixel of the picture
    #[arg(long, value_name = "N", default_value_t = 1.5, help_heading = "Picture")]
    scale: f32,
    /// Draw only these bars, counted from 1, such as 5-12
    #[arg(long, value_name = "FROM-TO", value_parser = values::bars, help_heading = "Picture")]
    bars: Option<(Option<usize>, Option<usize>)>,
    /// Title [default: the title of the piece, else the file name]
    #[arg(long, value_name = "TEXT", help_heading = "Picture")]
    title: Option<String>,
}

#[derive(Serialize)]
struct Report {
    path: PathBuf,
    kind: String,
    /// Of the sound with its tail; of the music for a picture.
    seconds: f64,
    notes: usize,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    soundfont: Option<String>,
}

/// Renders and reports.
pub fn run(options: &Options, console: &Console) -> Result<()> {
    let kind = files::extension(&options.output);
    if !["wav", "svg", "png"].contains(&kind.as_str()) {
        let refusal = Refusal::usage(format!("{} has no known output format", options.output.display()));
        return Err(refusal.remedy("use a name that ends in .wav, .svg or .png").into());
    }
    files::refuse_existing(&options.output, options.force)?;
    let bytes = read_midi_bytes(&options.input)?;
    let in_file = || options.input.display().to_string();
    let (mut score, _) = read_midi(&bytes, &options.pedal.read()).with_context(in_file)?;
    if score.title.is_none() {
        score.title = options.input.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    }
    if let Some((from, _)) = options.bars {
        let bars = score.bars().count();
        if from.is_some_and(|from| from > bars) {
            return Err(Refusal::usage(format!("--bars: the piece has {}", counted(bars, "bar"))).into());
        }
    }
    files::make_parent(&options.output)?;
    let (seconds, soundfont) = if kind == "wav" {
        let (seconds, name) = play(&score, &bytes, options, console)?;
        (seconds, Some(name))
    } else {
        draw(&score, options, &kind)?;
        (score.duration().0, None)
    };
    let bytes = options.output.metadata().map(|file| file.len()).unwrap_or(0);
    let report = Report { path: options.output.clone(), kind, seconds, notes: score.note_count(), bytes, soundfont };
    if options.json {
        return console.json(&report);
    }
    let font = report.soundfont.map(|name| format!(", SoundFont {name}")).unwrap_or_default();
    console.out(format_args!("{}: {}{font}", report.path.display(), clock(seconds)))
}

fn play(score: &Score, bytes: &[u8], options: &Options, console: &Console) -> Result<(f64, String)> {
    let bank = sound::bank(options.soundfont.as_deref())?;
    console.progress("rendering");
    let depth = if options.bits == "24" { BitDepth::TwentyFour } else { BitDepth::Sixteen };
    let automation = read_automation(bytes, &options.pedal.read())?;
    let sound = RenderOptions { room: !options.dry, automation };
    let seconds = render_to_wav(score, &bank, &sound, &options.output, depth)?;
    Ok((seconds, bank.name().to_owned()))
}

fn draw(score: &Score, options: &Options, kind: &str) -> Result<()> {
    let (from_bar, to_bar) = options.bars.unwrap_or_default();
    let (theme, width) = (options.theme, f64::from(options.width));
    let svg = piano_roll(
        score,
        &RollOptions { theme, width, title: options.title.clone(), from_bar, to_bar, ..RollOptions::default() },
    );
    let bytes = if kind == "svg" { svg.into_bytes() } else { svg_to_png_themed(&svg, options.scale, theme)? };
    files::write(&options.output, &bytes)
}
