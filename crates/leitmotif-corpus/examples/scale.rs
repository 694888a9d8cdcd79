//! Writes a large collection made of a small one: `scale FROM COUNT TO`. Of ten files seven are new
//! songs (other pitches on the rhythm of one there is), three are altered copies (transposed,
//! slower, tracks reordered, one note of twenty removed).
#![allow(clippy::print_stdout)]

use leitmotif_score::Score;
use leitmotif_score::midi::{ReadOptions, read_midi_file, write_midi_file};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::error::Error;
use std::path::{Path, PathBuf};

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "mid") {
            files.push(path);
        }
    }
    Ok(())
}

fn new_song(mut score: Score, rng: &mut ChaCha8Rng) -> Score {
    for part in score.parts.iter_mut().filter(|part| !part.instrument.is_drums()) {
        let count = part.notes.len().max(1);
        for note in &mut part.notes {
            note.pitch = note.pitch.saturating_add(rng.random_range(0..12)).min(127);
        }
        part.notes.rotate_left(rng.random_range(0..count));
    }
    score
}

fn copy(mut score: Score, rng: &mut ChaCha8Rng) -> Score {
    score.transpose(rng.random_range(-5..6));
    score.scale_tempo(rng.random_range(0.7..1.4));
    score.parts.reverse();
    for part in &mut score.parts {
        part.notes.retain(|_| !rng.random_bool(0.05));
    }
    score
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, count, to] = arguments.as_slice() else { return Err("usage: scale FROM COUNT TO".into()) };
    let mut files = Vec::new();
    collect(Path::new(from), &mut files)?;
    files.sort();
    let scores = files.iter().map(|file| Ok(read_midi_file(file, &ReadOptions::default())?.0));
    let scores: Vec<Score> = scores.collect::<Result<_, Box<dyn Error>>>()?;
    for number in 0..count.parse::<usize>()? {
        // A copy is made of the new song that has the number of its ten, so that it has an original
        // here.
        let (source, is_copy) = if number % 10 < 7 { (number, false) } else { (number - 7, true) };
        let mut rng = ChaCha8Rng::seed_from_u64(source as u64);
        let mut score = new_song(scores[source % scores.len()].clone(), &mut rng);
        if is_copy {
            score = copy(score, &mut ChaCha8Rng::seed_from_u64(number as u64));
        }
        let folder = Path::new(to).join(format!("genre {}/artist {}", number % 13, number % 997));
        std::fs::create_dir_all(&folder)?;
        write_midi_file(folder.join(format!("{number:06}{}.mid", if is_copy { " copy" } else { "" })), &score)?;
    }
    println!("{count} files");
    Ok(())
}
