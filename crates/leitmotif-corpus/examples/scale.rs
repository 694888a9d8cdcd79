//! Writes a large collection made of a small one: `scale FROM COUNT TO [SHARD]`. Of ten files seven
//! are new songs (other pitches on the rhythm of one there is), three are altered copies
//! (transposed, slower, tracks reordered, one note of twenty removed). With a shard, as of `prepare
//! --shard`, only its files are written.
#![allow(clippy::print_stdout)]

use leitmotif_corpus::prepare::Shard;
use leitmotif_score::Score;
use leitmotif_score::midi::{ReadOptions, read_midi_file, write_midi};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
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
    let (from, count, to, shard) = match arguments.as_slice() {
        [from, count, to] => (from, count, to, None),
        [from, count, to, shard] => (from, count, to, Some(shard.parse::<Shard>()?)),
        _ => return Err("usage: scale FROM COUNT TO [SHARD]".into()),
    };
    let mut files = Vec::new();
    collect(Path::new(from), &mut files)?;
    files.sort();
    let scores = files.iter().map(|file| Ok(read_midi_file(file, &ReadOptions::default())?.0));
    let scores: Vec<Score> = scores.collect::<Result<_, Box<dyn Error>>>()?;
    let write = |number: usize| -> Result<(), String> {
        let is_copy = number % 10 >= 7;
        let folder = format!("genre {}/artist {}", number % 13, number % 997);
        let name = format!("{folder}/{number:06}{}.mid", if is_copy { " copy" } else { "" });
        if shard.is_some_and(|shard| !shard.owns(&name)) {
            return Ok(());
        }
        // A copy is made of the new song that has the number of its ten, so that it has an original
        // here.
        let source = if is_copy { number - 7 } else { number };
        let mut rng = ChaCha8Rng::seed_from_u64(source as u64);
        let mut score = new_song(scores[source % scores.len()].clone(), &mut rng);
        if is_copy {
            score = copy(score, &mut ChaCha8Rng::seed_from_u64(number as u64));
        }
        std::fs::create_dir_all(Path::new(to).join(folder)).map_err(|error| error.to_string())?;
        let bytes = write_midi(&score).map_err(|error| error.to_string())?;
        std::fs::write(Path::new(to).join(name), bytes).map_err(|error| error.to_string())
    };
    (0..count.parse::<usize>()?).into_par_iter().try_for_each(write)?;
    println!("{count} files{}", shard.map(|shard| format!(", of them shard {shard}")).unwrap_or_default());
    Ok(())
}
