//! A small collection, small models, and a study run from end to end.

use leitmotif_compare::{
    CompareError, Datasets, Division, Outcome, Overlay, Results, RunPlan, Shard, Study, StudyEvent, collect, datasets,
    evaluate_samples, plan, report, save, work,
};
use leitmotif_score::{Instrument, Note, Part, Score, Ticks, write_midi_file};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// A model of a few thousand values, and few evaluated events.
pub const SMALL: &str = "
[set.model]
layers = 1
d_model = 16
heads = 2
d_ff = 32
d_field = 8
segment = 16
memory = 16
compressed = 4
copy_features = false
[set.train]
lanes = 4
warmup_steps = 1
validate_every = 3
checkpoint_every = 2
log_every = 1
[music]
pieces = 2
bars = 4
";

/// A tune of its own for each seed, with a bass and drums.
pub fn song(seed: u64) -> Score {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut part = |instrument, low: u8, step: u64| {
        let mut notes = Vec::new();
        for index in 0..32 * 480 / step {
            if rng.random_bool(0.8) {
                let pitch = low + rng.random_range(0..12);
                notes.push(Note { onset: Ticks(index * step), pitch, duration: Ticks(step), velocity: 80 });
            }
        }
        Part { name: String::new(), instrument, notes }
    };
    let parts = vec![
        part(Instrument::Program(0), 60, 240),
        part(Instrument::Program(33), 36, 480),
        part(Instrument::Drums(0), 36, 480),
    ];
    Score { parts, ..Score::default() }
}

pub fn write(path: &Path, score: &Score) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    write_midi_file(path, score).unwrap();
}

/// Two genres of twelve songs each, an artist a song.
pub fn collection(dir: &Path) -> PathBuf {
    let folder = dir.join("music");
    for (genre, name) in ["metal", "rock"].iter().enumerate() {
        for number in 0..12 {
            let path = folder.join(name).join(format!("artist {number}")).join(format!("song {number}.mid"));
            write(&path, &song(genre as u64 * 100 + number));
        }
    }
    folder
}

/// A study of the collection.
pub fn study(dir: &Path, head: &str, rest: &str) -> (Study, String, PathBuf) {
    let path = dir.join("study.toml");
    let head = match head.contains("[collection]") {
        true => head.to_owned(),
        false => format!(
            "{head}\n[collection]\ninputs = [\"music\"]\nsplit = {{ train = 0.5, valid = 0.25, test = 0.25 }}\n"
        ),
    };
    std::fs::write(&path, format!("title = 'A study'\n{head}\n{SMALL}\n{rest}")).unwrap();
    let (study, text) = Study::read(&path).unwrap();
    (study, text, path)
}

pub struct Made {
    pub datasets: Datasets,
    pub plan: RunPlan,
}

pub fn planned(study: &(Study, String, PathBuf), dir: &Path) -> Result<Made, CompareError> {
    let datasets = datasets(&study.0, dir, &(), &AtomicBool::new(false))?;
    let plan = plan(&study.0, &study.2, &Overlay::default(), &datasets)?;
    Ok(Made { datasets, plan })
}

/// Makes the runs of a shard; `hear` may raise the flag.
pub fn worked(
    study: &(Study, String, PathBuf),
    dir: &Path,
    shard: Shard,
    jobs: usize,
    hear: &(dyn Fn(&StudyEvent<'_>, &AtomicBool) + Sync),
) -> Result<Made, CompareError> {
    let made = planned(study, dir)?;
    let cancel = AtomicBool::new(false);
    let division = Division { jobs, threads: Some(2), shard };
    let observer = |event: &StudyEvent<'_>| hear(event, &cancel);
    work(&study.0, dir, &made.datasets, &made.plan, division, &observer, &cancel)?;
    Ok(made)
}

pub const WHOLE: Shard = Shard { index: 1, count: 1 };

/// The results of what is in the study's folder, written with the report.
pub fn collected(study: &(Study, String, PathBuf), dir: &Path, made: &Made) -> Results {
    let command = ["compare".to_owned(), "study.toml".to_owned()];
    let mut results = collect(&study.0, &study.1, &command, dir, &made.datasets, &made.plan).unwrap();
    evaluate_samples(
        &mut results,
        &study.0,
        dir,
        &made.datasets,
        &made.plan,
        &|_: &StudyEvent<'_>| (),
        &AtomicBool::new(false),
    )
    .unwrap();
    save(&results, dir).unwrap();
    report::write(&results, dir).unwrap();
    results
}

/// All of it.
pub fn run(study: &(Study, String, PathBuf), dir: &Path) -> Results {
    let made = worked(study, dir, WHOLE, 1, &|_, _| ()).unwrap();
    collected(study, dir, &made)
}

/// Without what depends on the clock.
pub fn timeless(mut results: Results) -> Results {
    for run in &mut results.runs {
        if let Outcome::Finished(finished) = &mut run.outcome {
            finished.seconds = 0.0;
        }
    }
    results
}
