//! Running the program, and what the tests feed it with.

use leitmotif_score::{Instrument, Note, Part, Ticks, read_midi_file, write_midi_file};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// Sizes at which a network trains in no time.
pub const SMALL: [&str; 9] = [
    "model.d_model=16",
    "model.layers=1",
    "model.heads=2",
    "model.d_ff=16",
    "model.d_field=16",
    "model.segment=32",
    "model.memory=32",
    "model.compressed=8",
    "train.batch_size=4",
];

/// A command of the program in `folder`, with an environment that is the same everywhere.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leitmotif"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    command.env("COLUMNS", "100").env_remove("LEITMOTIF_SOUNDFONT");
    command
}

/// What came of a command.
pub struct Ran {
    pub status: i32,
    pub out: String,
    pub err: String,
}

/// Runs the program.
pub fn run(folder: &Path, arguments: &[&str]) -> Ran {
    let Output { status, stdout, stderr } = command(folder, arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { status: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
}

/// Runs the program, which must succeed; what it printed.
pub fn done(folder: &Path, arguments: &[&str]) -> String {
    let ran = run(folder, arguments);
    assert_eq!(ran.status, 0, "{arguments:?}\n{}\n{}", ran.out, ran.err);
    ran.out
}

/// Runs the program, which must print one line of JSON.
pub fn json(folder: &Path, arguments: &[&str]) -> Value {
    let out = done(folder, arguments);
    assert_eq!(out.lines().count(), 1, "{out}");
    serde_json::from_str(&out).unwrap()
}

/// The keys of a JSON object, in alphabetical order.
pub fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// Genres of the tests, each with the programs that play the four voices of a chorale.
const GENRES: [(&str, [u8; 4]); 3] =
    [("metal", [29, 30, 30, 33]), ("pop-rock", [0, 27, 48, 33]), ("rock", [18, 0, 29, 33])];

/// So many songs in each of three genres, as genre/artist/title: the chorales of the demo for other
/// instruments, with drums. `first` is the first chorale that is taken.
pub fn write_collection(folder: &Path, songs: usize, first: usize) {
    let chorales = Path::new(env!("CARGO_MANIFEST_DIR")).join("chorales");
    let mut files: Vec<_> = std::fs::read_dir(chorales).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == "mid"));
    files.sort();
    for (genre, (name, programs)) in GENRES.iter().enumerate() {
        for song in 0..songs {
            let path = &files[(first + genre * songs + song) % files.len()];
            let (mut score, _) = read_midi_file(path, &Default::default()).unwrap();
            for (part, program) in score.parts.iter_mut().zip(programs) {
                part.instrument = Instrument::Program(*program);
            }
            score.parts.push(drums(score.end(), Ticks(score.resolution.ticks_per_quarter())));
            let artist = folder.join(name).join(format!("artist {}", song / 2));
            std::fs::create_dir_all(&artist).unwrap();
            write_midi_file(artist.join(format!("song {song}.mid")), &score).unwrap();
        }
    }
}

/// A beat: bass drum, snare drum, and hi-hat in quavers.
fn drums(end: Ticks, quarter: Ticks) -> Part {
    let half = Ticks(quarter.0 / 2);
    let stroke = |number: u64, pitch: u8| Note { onset: Ticks(number * half.0), pitch, duration: half, velocity: 80 };
    let beat = |number: u64| {
        let drum = number.is_multiple_of(2).then(|| stroke(number, if number.is_multiple_of(4) { 36 } else { 38 }));
        drum.into_iter().chain([stroke(number, 42)])
    };
    let notes = (0..end.0 / half.0).flat_map(beat).collect();
    Part { name: "Drums".into(), instrument: Instrument::Drums(0), notes }
}

/// A folder with `songs` (real music for tests), a `corpus` of it and a `run` on that, made once.
pub fn workshop() -> &'static Path {
    static WORKSHOP: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = WORKSHOP.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        write_collection(&path.join("songs"), 6, 7);
        done(path, &["prepare", "songs", "-o", "corpus", "--split", "0.6,0.2,0.2"]);
        train(path, "corpus", "run", &["--steps", "6"]);
        folder
    });
    folder.path()
}

/// Trains a small network.
pub fn train(folder: &Path, input: &str, run: &str, more: &[&str]) -> String {
    let mut arguments = vec!["train", input, "-o", run, "--set", "train.validate_events=2000"];
    for set in SMALL {
        arguments.extend(["--set", set]);
    }
    arguments.extend(more);
    done(folder, &arguments)
}
