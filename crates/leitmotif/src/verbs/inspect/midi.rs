//! What is in a MIDI file.

use super::chords::{ChordReport, Chords};
use super::pairs;
use crate::console::{Console, one_line};
use crate::pedal::Pedal;
use crate::words::{clock, count, counted, row, table};
use anyhow::Result;
use leitmotif_score::midi::Finding;
use leitmotif_score::{Instrument, Part, ReadReport, Score, Ticks, read_midi_file};
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

/// Changes of tempo, meter or key that are listed one by one.
const MOST_LISTED: usize = 8;

#[derive(Serialize)]
struct Report {
    kind: &'static str,
    path: String,
    format: u16,
    tracks: usize,
    title: Option<String>,
    ticks_per_quarter: u64,
    notes: usize,
    bars: usize,
    seconds: f64,
    instruments: Vec<String>,
    parts: Vec<PartReport>,
    tempo: TempoReport,
    meters: Vec<Change>,
    keys: Vec<Change>,
    markers: Vec<Change>,
    /// Where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    chords: Option<Vec<ChordReport>>,
    texts: Vec<String>,
    /// How Leitmotif made it, where it did.
    made: Option<Value>,
    findings: Vec<FindingReport>,
}

#[derive(Serialize)]
struct PartReport {
    name: String,
    instrument: String,
    program: u8,
    drums: bool,
    notes: usize,
    lowest: Option<u8>,
    highest: Option<u8>,
}

/// In quarters a minute.
#[derive(Serialize)]
struct TempoReport {
    first: f64,
    slowest: f64,
    fastest: f64,
    changes: usize,
}

#[derive(Serialize)]
struct Change {
    bar: usize,
    value: String,
}

#[derive(Serialize)]
struct FindingReport {
    what: Value,
    severity: Value,
    count: u64,
    text: String,
}

/// Shows it, with its chords or without.
pub fn show(path: &Path, pedal: Pedal, chords: bool, json: bool, console: &Console) -> Result<()> {
    let (score, read) = read_midi_file(path, &pedal.read())?;
    let chords = chords.then(|| Chords::of(&score));
    let report = Report::of(path, &score, &read, chords.as_ref());
    if json {
        return console.json(&report);
    }
    let mut text = report.describe();
    if let Some(sheet) = chords.map(|chords| chords.sheet()).filter(|sheet| !sheet.is_empty()) {
        text += &format!("\n\n{sheet}");
    }
    console.out(text)
}

impl Report {
    fn of(path: &Path, score: &Score, read: &ReadReport, chords: Option<&Chords>) -> Self {
        let starts: Vec<Ticks> = score.bars().map(|bar| bar.start).collect();
        let bar = |at: Ticks| starts.partition_point(|start| *start <= at).max(1);
        let meters = score.meters.iter().map(|it| (it.at, format!("{}/{}", it.numerator, it.denominator)));
        let keys = score.keys.iter().map(|it| (it.at, key_name(it.sharps, it.minor)));
        let markers = score.markers.iter().map(|it| (it.at, it.text.clone()));
        let changes = |all: &mut dyn Iterator<Item = (Ticks, String)>| -> Vec<Change> {
            all.map(|(at, value)| Change { bar: bar(at), value }).collect()
        };
        let (made, texts): (Vec<_>, Vec<_>) = score.texts.iter().partition(|text| provenance(text).is_some());
        Self {
            kind: "midi",
            path: path.display().to_string(),
            format: read.format,
            tracks: read.tracks,
            title: score.title.clone(),
            ticks_per_quarter: score.resolution.ticks_per_quarter(),
            notes: score.note_count(),
            bars: starts.len(),
            seconds: score.duration().0,
            instruments: score.instruments().into_iter().map(Instrument::name).collect(),
            parts: score.parts.iter().map(part).collect(),
            tempo: tempo(score),
            meters: changes(&mut meters.into_iter()),
            keys: changes(&mut keys.into_iter()),
            markers: changes(&mut markers.into_iter()),
            chords: chords.map(Chords::list),
            texts: texts.into_iter().cloned().collect(),
            made: made.first().and_then(|text| provenance(text)),
            findings: read.findings.iter().map(finding).collect(),
        }
    }

    fn describe(&self) -> String {
        let TempoReport { first, slowest, fastest, changes } = self.tempo;
        let tempo = match changes {
            0 => format!("{first:.1}"),
            _ => format!("{first:.1}, between {slowest:.1} and {fastest:.1} ({})", counted(changes, "change")),
        };
        let made = self.made.as_ref().map(|made| {
            let part = |key: &str| made.get(key).map(Value::to_string).unwrap_or_default();
            let seed = made.pointer("/settings/seed").map(Value::to_string).unwrap_or_default();
            format!("by leitmotif {}, model {}, seed {seed}, piece {}", part("version"), part("model"), part("piece"))
                .replace('"', "")
        });
        let mut text = pairs(&[
            ("MIDI file", one_line(&self.path)),
            ("title", one_line(self.title.as_deref().unwrap_or_default())),
            ("made", made.unwrap_or_default()),
            (
                "length",
                format!("{}, {}, {}", clock(self.seconds), counted(self.bars, "bar"), counted(self.notes, "note")),
            ),
            ("tempo", tempo),
            ("meter", listed(&self.meters)),
            ("key", listed(&self.keys)),
            ("markers", listed(&self.markers)),
            (
                "format",
                format!(
                    "{}, {}, {} ticks a quarter",
                    self.format,
                    counted(self.tracks, "track"),
                    self.ticks_per_quarter
                ),
            ),
        ]);
        if !self.parts.is_empty() {
            let mut rows = vec![row(["instrument", "notes", "lowest", "highest", "part"])];
            for part in &self.parts {
                let pitch = |pitch: Option<u8>| pitch.map_or(String::new(), |pitch| pitch.to_string());
                rows.push(vec![
                    part.instrument.clone(),
                    count(part.notes),
                    pitch(part.lowest),
                    pitch(part.highest),
                    one_line(&part.name),
                ]);
            }
            text += &format!("\n\n{}", table(&rows));
        }
        for line in self
            .texts
            .iter()
            .map(|it| format!("text: {}", one_line(it)))
            .chain(self.findings.iter().map(|it| it.text.clone()))
        {
            text += &format!("\n{line}");
        }
        text
    }
}

fn part(part: &Part) -> PartReport {
    let pitches = || part.notes.iter().map(|note| note.pitch);
    PartReport {
        name: part.name.clone(),
        instrument: part.instrument.name(),
        program: part.instrument.program(),
        drums: part.instrument.is_drums(),
        notes: part.notes.len(),
        lowest: pitches().min(),
        highest: pitches().max(),
    }
}

fn tempo(score: &Score) -> TempoReport {
    let first = score.tempo_map().tempo_at(Ticks(0)).quarters_per_minute();
    let all = || score.tempos.iter().map(|tempo| tempo.quarters_per_minute()).chain([first]);
    let changes = score.tempos.iter().filter(|tempo| tempo.at > Ticks(0)).count();
    TempoReport { first, slowest: all().fold(first, f64::min), fastest: all().fold(first, f64::max), changes }
}

/// The text that the composer leaves in a file, as JSON.
fn provenance(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text).ok()?;
    (value.get("composer")?.as_str()? == "leitmotif").then_some(value)
}

fn finding(finding: &Finding) -> FindingReport {
    let name = |value: serde_json::Result<Value>| value.unwrap_or(Value::Null);
    FindingReport {
        what: name(serde_json::to_value(finding.what)),
        severity: name(serde_json::to_value(finding.severity)),
        count: finding.count,
        text: finding.to_string(),
    }
}

fn listed(changes: &[Change]) -> String {
    let shown = changes.iter().take(MOST_LISTED).enumerate().map(|(index, change)| match index {
        0 if change.bar == 1 => one_line(&change.value),
        _ => format!("{} (bar {})", one_line(&change.value), change.bar),
    });
    let mut shown: Vec<String> = shown.collect();
    if changes.len() > MOST_LISTED {
        shown.push(format!("… {} more", changes.len() - MOST_LISTED));
    }
    shown.join(", ")
}

/// The key of a signature of so many sharps (flats below zero).
fn key_name(sharps: i8, minor: bool) -> String {
    const MAJOR: [&str; 15] = ["Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"];
    const MINOR: [&str; 15] = ["Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#"];
    let index = usize::try_from(i32::from(sharps.clamp(-7, 7)) + 7).unwrap_or(7);
    if minor { format!("{} minor", MINOR[index]) } else { format!("{} major", MAJOR[index]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_their_names() {
        let names = [(0, false), (0, true), (-3, true), (7, false), (-128, false)].map(|(s, m)| key_name(s, m));
        assert_eq!(names, ["C major", "A minor", "C minor", "C# major", "Cb major"]);
    }

    #[test]
    fn only_our_own_texts_are_provenance() {
        assert!(provenance(r#"{"composer":"leitmotif","piece":0}"#).is_some());
        assert!(provenance(r#"{"composer":"Bach"}"#).is_none());
        assert!(provenance("leitmotif").is_none());
    }
}
