//! Writes a practice collection: `practice FOLDER [SONGS_PER_STYLE] [SEED]`, or prints one song
//! as a text piano roll: `practice --roll metal|pop-rock|rock SEED [FIRST_BAR] [BARS]`.
#![allow(clippy::print_stdout)]

use leitmotif_practice::{Style, artist, compose, write_collection};
use leitmotif_score::{Score, Ticks};
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
    let folder = arguments.first().ok_or("practice FOLDER [SONGS_PER_STYLE] [SEED]")?;
    let started = std::time::Instant::now();
    let songs = write_collection(folder.as_ref(), number(1, 40)? as usize, number(2, 1)?)?;
    println!("{} songs in {:.2} s", songs.len(), started.elapsed().as_secs_f64());
    Ok(())
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
