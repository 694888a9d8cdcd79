//! Prints the measures of MIDI files as JSON, one line a file: `measures FILE...`
#![allow(clippy::print_stdout)]

use leitmotif_score::{ReadOptions, read_midi_file};
use leitmotif_study::measures::{Measures, Mode, measure_length, pitch_in_scale_rate};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args_os().skip(1).map(std::path::PathBuf::from) {
        let line = match read_midi_file(&path, &ReadOptions::default()) {
            Err(error) => json!({"path": path, "error": error.to_string()}),
            Ok((score, _)) => json!({
                "path": path,
                "ticks_per_quarter": score.resolution.ticks_per_quarter(),
                "ticks_per_measure": measure_length(&score).0,
                "measures": Measures::of(&score),
                "in_c_major": pitch_in_scale_rate(&score, 0, Mode::Major),
                "in_a_minor": pitch_in_scale_rate(&score, 9, Mode::Minor),
            }),
        };
        println!("{line}");
    }
    Ok(())
}
