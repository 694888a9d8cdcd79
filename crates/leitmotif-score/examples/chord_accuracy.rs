//! How well chords are estimated: `chord_accuracy FOLDER`
//!
//! The folder holds MIDI files with a part of block chords: one whose name has "chord" in it, else
//! the second of two. Its sets of pitch classes are the truth. Chords are estimated from all parts
//! and from the others alone. The mean over the files, of the share of time with a known chord, is
//! printed for every second file (those that weights may be fitted to) and for the rest.
#![allow(clippy::print_stdout)]

use leitmotif_score::{
    Chord, ChordQuality, ChordSpan, Part, ReadOptions, Score, Ticks, estimate_chords, read_midi_file,
};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The shares of time: root; root and third; root and quality; all of it with the bass.
#[derive(Default)]
struct Agreement {
    ticks: [u64; 4],
    all: u64,
}

#[derive(Default)]
struct Sums {
    files: usize,
    shares: [f64; 4],
    time: Duration,
    bars: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    files.sort();
    let mut sums: [[Sums; 2]; 2] = Default::default();
    let mut number = 0;
    for file in files {
        let Ok((score, _)) = read_midi_file(&file, &ReadOptions::default()) else { continue };
        let Some(chords) = chord_part(&score) else { continue };
        let truth = truth(&score.parts[chords]);
        let mut melody = score.clone();
        melody.parts.remove(chords);
        for (from, score) in [&score, &melody].into_iter().enumerate() {
            let start = Instant::now();
            let found = estimate_chords(score);
            let sums = &mut sums[number % 2][from];
            sums.time += start.elapsed();
            sums.bars += score.bars().count();
            let agreement = compare(&truth, &found);
            for (sum, ticks) in sums.shares.iter_mut().zip(agreement.ticks) {
                *sum += ticks as f64 / agreement.all.max(1) as f64;
            }
            sums.files += 1;
        }
        number += 1;
    }
    for (sums, half) in sums.iter().zip(["fitted", "held out"]) {
        for (sums, from) in sums.iter().zip(["all parts", "without chords"]) {
            let [root, third, quality, bass] = sums.shares.map(|sum| 100.0 * sum / sums.files.max(1) as f64);
            let micros = sums.time.as_secs_f64() * 1e6 / sums.bars.max(1) as f64;
            println!(
                "{half:8} {:4} files, {from:14}: root {root:.1} %, and third {third:.1} %, and quality {quality:.1} %, \
                 and bass {bass:.1} %; {micros:.1} us a bar",
                sums.files
            );
        }
    }
    Ok(())
}

fn chord_part(score: &Score) -> Option<usize> {
    let named = score.parts.iter().position(|part| part.name.contains("chord"));
    named.or((score.parts.len() == 2).then_some(1)).filter(|part| !score.parts[*part].notes.is_empty())
}

/// The chords of a part of block chords; `None` where it plays something else.
fn truth(part: &Part) -> Vec<ChordSpan> {
    let mut edges: Vec<Ticks> = part.notes.iter().flat_map(|note| [note.onset, note.end()]).collect();
    edges.sort_unstable();
    edges.dedup();
    let between = edges.windows(2).filter_map(|edges| {
        let sounding = part.notes.iter().filter(|note| note.onset <= edges[0] && edges[0] < note.end());
        let pitches: Vec<u8> = sounding.map(|note| note.pitch).collect();
        let bass = pitches.iter().min()? % 12;
        let set = pitches.iter().fold(0u16, |set, pitch| set | 1 << (pitch % 12));
        // A chord whose bass is none of its notes is one above its bass.
        let chord = named(set, bass).or_else(|| named(set & !(1 << bass), bass));
        Some(ChordSpan { at: edges[0], until: edges[1], chord })
    });
    between.collect()
}

/// The chord with these pitch classes, on the bass where it can be, else on the next root above.
fn named(set: u16, bass: u8) -> Option<Chord> {
    let roots = (0..12).map(|step| (bass + step) % 12);
    let mut chords = roots.flat_map(|root| ChordQuality::ALL.map(|quality| Chord::new(root, quality)));
    chords.find(|chord| chord.pitch_classes() == set).map(|chord| chord.over(bass))
}

fn compare(truth: &[ChordSpan], found: &[ChordSpan]) -> Agreement {
    let mut agreement = Agreement::default();
    for span in truth {
        let Some(chord) = span.chord else { continue };
        agreement.all += (span.until - span.at).0;
        let first = found.partition_point(|other| other.until <= span.at);
        for other in found[first..].iter().take_while(|other| other.at < span.until) {
            let ticks = (other.until.min(span.until) - other.at.max(span.at)).0;
            let Some(other) = other.chord.filter(|other| other.root == chord.root) else { continue };
            let third = other.quality.has_minor_third() == chord.quality.has_minor_third();
            let agrees = [true, third, other.quality == chord.quality, other == chord];
            for (sum, agrees) in agreement.ticks.iter_mut().zip(agrees) {
                *sum += if agrees { ticks } else { 0 };
            }
        }
    }
    agreement
}
