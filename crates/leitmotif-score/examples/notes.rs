//! Prints what is in MIDI files as JSON, one line a file: `notes [--rewrite FOLDER] FILE...`
//!
//! With `--rewrite`, each score is also written to the folder, as `0.mid`, `1.mid` and so on.
#![allow(clippy::print_stdout)]

use leitmotif_score::{ReadOptions, Score, TempoMap, Ticks, read_midi_file, write_midi_file};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let mut folder = None;
    if paths.first().is_some_and(|it| it == Path::new("--rewrite")) {
        folder = paths.get(1).cloned();
        paths.drain(..paths.len().min(2));
    }
    for (number, path) in paths.iter().enumerate() {
        let line = match read_midi_file(path, &ReadOptions { apply_sustain: false }) {
            Err(error) => json!({"path": path, "error": error.to_string()}),
            Ok((score, report)) => {
                let mut line = describe(&score);
                line["path"] = json!(path);
                line["report"] = report.lines().collect();
                if let Some(folder) = &folder {
                    let copy = folder.join(format!("{number}.mid"));
                    line["changed"] = serde_json::to_value(write_midi_file(&copy, &score)?)?;
                    line["rewritten"] = json!(copy);
                }
                line
            }
        };
        println!("{line}");
    }
    Ok(())
}

/// Each note is
/// `[onset tick, pitch, duration in ticks, velocity, onset in seconds, end in seconds]`.
fn describe(score: &Score) -> Value {
    let map = score.tempo_map();
    let parts: Vec<Value> = score.parts.iter().map(|part| {
        let notes: Vec<Value> = part.notes.iter().map(|note| {
            let seconds = |ticks: Ticks, map: &TempoMap| map.seconds_at(ticks).0;
            json!([
                note.onset.0, note.pitch, note.duration.0, note.velocity,
                seconds(note.onset, &map), seconds(note.end(), &map)
            ])
        }).collect();
        json!({
            "name": part.name, "program": part.instrument.program(), "drums": part.instrument.is_drums(), "notes": notes
        })
    }).collect();
    json!({
        "title": score.title, "ticks_per_quarter": score.resolution.ticks_per_quarter(), "parts": parts,
        "tempos": score.tempos.iter().map(|it| (it.at.0, it.micros_per_quarter)).collect::<Vec<_>>(),
        "meters": score.meters.iter().map(|it| (it.at.0, it.numerator, it.denominator)).collect::<Vec<_>>(),
        "bars": score.bars().count(), "seconds": score.duration().0, "markers": score.markers, "texts": score.texts,
    })
}
