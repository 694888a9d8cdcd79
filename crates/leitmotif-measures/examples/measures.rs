//! Prints the measures of MIDI files as JSON, one line a file: `measures [--compare COUNT] FILE...`
//!
//! With `--compare`, a last line compares the first COUNT files, taken as generated, with the rest,
//! taken as real.
#![allow(clippy::print_stdout)]

use leitmotif_measures::Texture;
use leitmotif_measures::measures::{Measures, Mode, measure_length, pitch_in_scale_rate};
use leitmotif_measures::yang_lerch::{Features, compare};
use leitmotif_score::{ReadOptions, read_midi_file};
use serde_json::json;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let mut count = None;
    if paths.first().is_some_and(|it| it.as_os_str() == "--compare") {
        count = Some(paths.get(1).and_then(|it| it.to_str()).ok_or("--compare needs a number")?.parse::<usize>()?);
        paths.drain(..2);
    }
    let (mut generated, mut real) = (Vec::new(), Vec::new());
    for (index, path) in paths.iter().enumerate() {
        let line = match read_midi_file(path, &ReadOptions::default()) {
            Err(error) => json!({"path": path, "error": error.to_string()}),
            Ok((score, _)) => {
                let features = Features::of(&score);
                let line = json!({
                    "path": path,
                    "ticks_per_quarter": score.resolution.ticks_per_quarter(),
                    "ticks_per_measure": measure_length(&score).0,
                    "measures": Measures::of(&score),
                    "in_c_major": pitch_in_scale_rate(&score, 0, Mode::Major),
                    "in_a_minor": pitch_in_scale_rate(&score, 9, Mode::Minor),
                    "texture": Texture::of(&score),
                    "yang_lerch": &features,
                });
                let set = if count.is_some_and(|count| index < count) { &mut generated } else { &mut real };
                set.push(features);
                line
            }
        };
        println!("{line}");
    }
    if count.is_some() {
        println!("{}", json!({ "comparison": compare(&generated, &real) }));
    }
    Ok(())
}
