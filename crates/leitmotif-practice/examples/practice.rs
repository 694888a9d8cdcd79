//! Writes a practice collection: `practice FOLDER [SONGS_PER_STYLE] [SEED]`, or prints one song as
//! a text piano roll: `practice --roll metal|pop-rock|rock SEED [FIRST_BAR] [BARS]`, or measures
//! the styles: `practice --measure [SONGS_PER_STYLE] [SEED]`.
#![allow(clippy::print_stdout)]

use leitmotif_practice::{Style, artist, compose, plan_collection, write_collection};
use leitmotif_score::{Score, Ticks};
use std::collections::BTreeMap;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, default: u64| arguments.get(index).map_or(Ok(default), |text| text.parse());
    if arguments.first().is_some_and(|first| first == "--roll") {
        let name = arguments.get(1).ok_or("which style?")?;
        let style = Style::ALL.into_iter().find(|style| style.folder() == name).ok_or("no such style")?;
        let seed = number(2, 1)?;
        println!("{} by {}", compose(style, seed).title.unwrap_or_default(), artist(style, seed));
        roll(&compose(style, seed), number(3, 0)? as usize, number(4, 8)? as usize);
        return Ok(());
    }
    if arguments.first().is_some_and(|first| first == "--measure") {
        measure(number(1, 100)? as usize, number(2, 1)?);
        return Ok(());
    }
    let folder = arguments.first().ok_or("practice FOLDER [SONGS_PER_STYLE] [SEED]")?;
    let started = std::time::Instant::now();
    let songs = write_collection(folder.as_ref(), number(1, 40)? as usize, number(2, 1)?)?;
    println!("{} songs in {:.2} s", songs.len(), started.elapsed().as_secs_f64());
    Ok(())
}

/// Prints what the songs of each style are like.
fn measure(songs_per_style: usize, seed: u64) {
    let plan = plan_collection(songs_per_style, seed);
    for style in Style::ALL {
        let songs = plan.iter().filter(|song| song.style == style);
        let started = std::time::Instant::now();
        let scores: Vec<Score> = songs.map(|song| compose(style, song.seed)).collect();
        let speed = scores.len() as f64 / started.elapsed().as_secs_f64();
        println!("{style}: {} songs, {speed:.0} songs a second", scores.len());
        let spread = |name: &str, value: &dyn Fn(&Score) -> f64| {
            let mut values: Vec<f64> = scores.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            let at = |share: usize| values.get((values.len().saturating_sub(1)) * share / 100).copied().unwrap_or(0.0);
            println!("  {name}: least {:.0}, median {:.0}, most {:.0}", at(0), at(50), at(100));
        };
        let end = |score: &Score| score.parts.iter().flat_map(|p| &p.notes).map(|n| n.onset + n.duration).max();
        spread("notes", &|score| score.parts.iter().map(|part| part.notes.len()).sum::<usize>() as f64);
        spread("bars", &|score| score.bars().count() as f64);
        spread("seconds", &|score| score.seconds_at(end(score).unwrap_or_default()).0);
        spread("tempo", &|score| score.tempos.first().map_or(120.0, |t| 6e7 / f64::from(t.micros_per_quarter)));
        let mut meters = BTreeMap::new();
        let mut shares: BTreeMap<&str, usize> = BTreeMap::new();
        for score in &scores {
            let signatures: Vec<String> =
                score.meters.iter().map(|meter| format!("{}/{}", meter.numerator, meter.denominator)).collect();
            *meters.entry(signatures.join(" ")).or_insert(0usize) += 1;
            for part in &score.parts {
                *shares.entry(part.name.as_str()).or_default() += part.notes.len();
            }
        }
        let all: usize = shares.values().sum();
        println!("  meters: {meters:?}");
        for (name, notes) in shares {
            println!("  {name}: {:.1}% of the notes", 100.0 * notes as f64 / all as f64);
        }
    }
}

/// Prints `count` bars from `first` on, a column for each sixteenth.
fn roll(score: &Score, first: usize, count: usize) {
    let bars: Vec<_> = score.bars().collect();
    println!("{} bars, tempo {:?}", bars.len(), score.tempos.first().map(|t| 60_000_000 / t.micros_per_quarter));
    let shown = &bars[first.min(bars.len())..(first + count).min(bars.len())];
    let (Some(start), Some(end)) = (shown.first(), shown.last()) else { return };
    let (from, to) = (start.start.0, end.end().0);
    for marker in score.markers.iter().filter(|marker| (from..to).contains(&marker.at.0)) {
        println!("{} at tick {}", marker.text, marker.at.0);
    }
    let width = ((to - from) / 120) as usize;
    for part in &score.parts {
        let notes: Vec<_> = part.notes.iter().filter(|n| (from..to).contains(&(n.onset.0 + 20))).collect();
        println!("-- {} {:?}: {} notes in all, {} here", part.name, part.instrument, part.notes.len(), notes.len());
        let mut pitches: Vec<u8> = notes.iter().map(|note| note.pitch).collect();
        pitches.sort_unstable();
        pitches.dedup();
        for &pitch in pitches.iter().rev() {
            let mut row = vec![b'.'; width];
            for bar in shown {
                row[((bar.start - Ticks(from)).0 / 120) as usize] = b'|';
            }
            for note in notes.iter().filter(|note| note.pitch == pitch) {
                let at = ((note.onset.0 + 60 - from) / 120) as usize;
                let until = ((note.onset.0 + note.duration.0 + 60 - from) / 120) as usize;
                for (index, cell) in row.iter_mut().enumerate().take(until.max(at + 1)).skip(at) {
                    *cell = if index == at { b'0' + note.velocity / 13 } else { b'-' };
                }
            }
            println!("{:>3} {}", pitch, String::from_utf8_lossy(&row));
        }
    }
}
