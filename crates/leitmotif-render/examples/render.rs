//! Renders a MIDI file:
//! `cargo run --release --example render IN.mid OUT.(wav|svg|png) [light|dark|auto|FONT.sf2]`.

use leitmotif_render::{BitDepth, RenderOptions, RollOptions, SoundBank, Theme, piano_roll, render_to_wav, svg_to_png};
use leitmotif_score::{ReadOptions, read_automation, read_midi, read_midi_bytes};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: render IN.mid OUT.(wav|svg|png) [light|dark|auto|FONT.sf2]".into());
    };
    let choice = arguments.next();
    let theme = match choice.as_deref() {
        Some("dark") => Theme::Dark,
        Some("auto") => Theme::Auto,
        _ => Theme::Light,
    };
    let (input, output) = (PathBuf::from(input), PathBuf::from(output));
    let bytes = read_midi_bytes(&input)?;
    let (mut score, _report) = read_midi(&bytes, &ReadOptions::default())?;
    if score.title.is_none() {
        score.title = input.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    }
    let options = RollOptions { theme, ..RollOptions::default() };
    match output.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => std::fs::write(&output, piano_roll(&score, &options))?,
        Some("png") => std::fs::write(&output, svg_to_png(&piano_roll(&score, &options), 1.5)?)?,
        Some("wav") => {
            let bank = match choice.as_deref().filter(|choice| choice.ends_with(".sf2")) {
                Some(font) => SoundBank::load(font)?,
                None => SoundBank::built_in(),
            };
            let automation = read_automation(&bytes, &ReadOptions::default())?;
            let options = RenderOptions { automation, ..RenderOptions::default() };
            render_to_wav(&score, &bank, &options, &output, BitDepth::Sixteen)?;
        }
        _ => return Err("the output must end in .wav, .svg or .png".into()),
    }
    Ok(())
}
