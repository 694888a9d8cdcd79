//! The least that models must reach: over-fitted on one song, they write that song, from its
//! latents or after its first bars.

use crate::common;
use leitmotif_compose::cells::{CellSource, CellTask, fill};
use leitmotif_compose::latent::{LatentEditor, Source, Task, reconstruction, space};
use leitmotif_compose::{FieldSampling, Length, Prime, Request, Sampling, generate};
use leitmotif_corpus::Corpus;
use leitmotif_corpus::prepare::{Layout, PrepareOptions};
use leitmotif_events::RepresentationConfig;
use leitmotif_folder::ModelFolder;
use leitmotif_measures::{Matching, note_accuracy};
use leitmotif_model::{Precision, SessionScorer};
use leitmotif_score::{Instrument, Note, Part, Score, Ticks, write_midi_file};
use leitmotif_train::{AugmentConfig, Preset, RunConfig, TrainEvent, train};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The share of notes that must be right, as F1.
const FLOOR: f64 = 0.9;
/// What an untrained model must stay below.
const CHANCE: f64 = 0.3;
/// What bars must stay below that are written from latents of other bars: the song's own bars,
/// laid side by side in the same way, have an F1 of 0.37.
const SWAPPED: f64 = 0.6;
/// Steps of training after which a model counts as untrained.
const UNTRAINED: u64 = 1;

/// Ticks of a sixteenth.
const SIXTEENTH: u64 = 120;
/// Sixteenths of a bar, which has four quarters.
const BAR: u64 = 16;

/// Each bar's chord and the melody above it, sixteenth by sixteenth; capital letters are an octave
/// higher. The form is A A' B A'': the first bar comes three times, and each time another bar
/// follows.
const BARS: [(char, &str); 16] = [
    ('C', "e...g.a.g...e..."),
    ('A', "c...e.g.a......."),
    ('F', "a...C.a.g...f..."),
    ('G', "g...f.e.d......."),
    ('C', "e...g.a.g...e..."),
    ('A', "c...e.g.a...C..."),
    ('D', "f...a.f.d...f..."),
    ('G', "g.a.b.C.D......."),
    ('F', "C...a...f...a.C."),
    ('E', "b...g...e...g.b."),
    ('D', "a...f...d...f.a."),
    ('G', "g.f.e.f.g.a.b..."),
    ('C', "e...g.a.g...e..."),
    ('A', "C...b.a.g...e..."),
    ('F', "f.g.a...b.C.D..."),
    ('C', "C.......g...C..."),
];

/// The pitch of a step of C major, counted from the C at `base`.
fn pitch(base: u8, step: usize) -> u8 {
    base + [0, 2, 4, 5, 7, 9, 11][step % 7] + 12 * (step / 7) as u8
}

/// Sixteen bars for piano, bass and drums.
fn song() -> Score {
    let (mut piano, mut bass, mut drums) = (Vec::new(), Vec::new(), Vec::new());
    for ((chord, melody), bar) in BARS.into_iter().zip(0..) {
        let note = |sixteenth: u64, pitch, sixteenths: u64, velocity| Note {
            onset: Ticks((bar * BAR + sixteenth) * SIXTEENTH),
            pitch,
            duration: Ticks(sixteenths * SIXTEENTH),
            velocity,
        };
        let root = "CDEFGAB".find(chord).unwrap();
        let (in_b, closes) = ((8..12).contains(&bar), bar % 4 == 3);
        for (step, at) in melody.chars().zip(0..).filter_map(|(name, at)| Some(("cdefgabCDEFGAB".find(name)?, at))) {
            piano.push(note(at, pitch(72, step), 2, 90));
        }
        for at in if in_b { [4, 12] } else { [0, 8] } {
            piano.extend([0, 2, 4].map(|third| note(at, pitch(48, root + third), 4, 70)));
        }
        let low = if root > 3 { 24 } else { 36 };
        let line = if in_b { [(0, 0), (4, 2), (8, 4), (12, 2)] } else { [(0, 0), (6, 0), (8, 4), (14, 7)] };
        bass.extend(line.map(|(at, step)| note(at, pitch(low, root + step), 2, 85)));

        let (cymbal, apart, kicks) = if in_b { (51, 4, &[0, 6, 10][..]) } else { (42, 2, &[0, 8][..]) };
        let snares = if closes { &[4, 12, 13, 14, 15][..] } else { &[4, 12][..] };
        let until = if closes { 12 } else { BAR };
        drums.extend((0..until).step_by(apart).map(|at| note(at, cymbal, 1, 80)));
        drums.extend(kicks.iter().map(|at| note(*at, 36, 1, 100)));
        drums.extend(snares.iter().map(|at| note(*at, 38, 1, 100)));
        drums.extend((bar % 4 == 0).then(|| note(0, 49, 1, 100)));
    }
    let part = |name: &str, instrument, notes| Part { name: name.into(), instrument, notes };
    let parts = vec![
        part("piano", Instrument::Program(0), piano),
        part("bass", Instrument::Program(33), bass),
        part("drums", Instrument::Drums(0), drums),
    ];
    let mut score = Score { parts, ..Score::default() };
    score.normalise();
    score
}

fn events() -> RepresentationConfig {
    RepresentationConfig::Events { grid: 12, genres: Vec::new() }
}

fn cells() -> RepresentationConfig {
    RepresentationConfig::Cells { grid: 12, genres: Vec::new(), references: true }
}

/// Prepares a corpus whose one song is for training.
fn corpus(dir: &Path, song: &Score, representation: RepresentationConfig) -> Arc<Corpus> {
    let (midi, metadata, output) = (dir.join("midi"), dir.join("songs.csv"), dir.join("corpus"));
    std::fs::create_dir(&midi).unwrap();
    write_midi_file(midi.join("song.mid"), song).unwrap();
    std::fs::write(&metadata, "path,split\nsong.mid,train\n").unwrap();
    let inputs = vec![midi];
    let metadata = Some(metadata);
    let layout = Layout::Flat;
    common::prepared(&PrepareOptions { inputs, output, metadata, layout, representation, ..PrepareOptions::default() });
    Arc::new(Corpus::open(dir.join("corpus")).unwrap())
}

/// The preset, smaller, for one song that is always read as it is.
fn small(preset: Preset) -> RunConfig {
    let mut config = preset.config();
    (config.model.d_model, config.model.layers) = (64, 2);
    (config.model.d_ff, config.model.d_field) = (256, 64);
    config.model.encoder_layers = 1;
    config.train.batch_size = 1;
    config.train.warmup_steps = 20;
    config.train.average_steps = 10;
    config.train.validate_every = 0;
    config.train.checkpoint_every = 0;
    config.augment = AugmentConfig { transpose: 0, tempo: 0.0, velocity: 0 };
    config.latent.prior_epochs = 0;
    config
}

/// Trains for so many steps and opens the model.
fn trained(corpus: &Arc<Corpus>, dir: &Path, mut config: RunConfig, steps: u64) -> ModelFolder {
    config.train.steps = steps;
    let dir = dir.join(format!("after {steps} steps"));
    train(corpus, &dir, &config, &|_: &TrainEvent<'_>| (), &AtomicBool::new(false)).unwrap();
    ModelFolder::open(dir).unwrap()
}

/// A request that takes the most probable value of each field.
fn greedy(folder: &ModelFolder) -> Request {
    Request {
        sampling: Sampling::new(FieldSampling { temperature: 0.0, ..FieldSampling::default() }),
        observed: folder.observed().cloned(),
        most_notes_in_bar: 100,
        ..Request::default()
    }
}

/// F1 of the notes that begin in bar `first` or later: the same are those of the same instrument,
/// pitch and sixteenth.
fn f1(song: &Score, written: &Score, first: usize) -> f64 {
    let [song, written] = [song, written].map(|score| {
        let mut score = score.clone();
        let line = score.bars().nth(first).map_or(score.end(), |bar| bar.start);
        score.parts.iter_mut().for_each(|part| part.notes.retain(|note| note.onset >= line));
        score
    });
    let accuracy = note_accuracy(&song, &written, Matching { steps_per_quarter: 4, programs: true });
    accuracy.f1().unwrap()
}

/// Writes the song anew from its latents, by the decoder alone. The second one is F1 where each bar
/// is written from the latent of the bar at the same distance from the other end.
fn reconstructed(folder: &ModelFolder, song: &Score) -> [f64; 2] {
    let model = folder.model(Precision::Single).unwrap();
    let representation = &**folder.representation();
    let source = Source::of(space(&*model).unwrap(), representation, song, None).unwrap();
    let request = greedy(folder);
    let cancel = AtomicBool::new(false);
    let editor = LatentEditor { model: &*model, representation, request: &request, candidates: 1, cancel: &cancel };
    let written = |tasks: &[Task]| {
        let edited = editor.edit(&source, tasks, &[], &serde_json::Value::Null, &|_, _| ()).unwrap();
        assert!(edited.filled.written.iter().all(|new| *new), "no bar is kept");
        f1(song, &edited.score, 0)
    };
    let tasks = reconstruction(&source);
    let swapped: Vec<Task> = tasks.iter().rev().cloned().collect();
    [written(&tasks), written(&swapped)]
}

/// Continues the song after so many bars to its length, and compares what is new.
fn continued(folder: &ModelFolder, song: &Score, bars: usize) -> f64 {
    let model = folder.model(Precision::Single).unwrap();
    let prime = Prime { score: song.clone(), bars: Some(bars) };
    let length = Length::Bars(BARS.len() - bars);
    let request = Request { prime: Some(prime), length, ..greedy(folder) };
    let cancel = AtomicBool::new(false);
    let piece = generate(&*model, &**folder.representation(), &request, 0, &|_| {}, &cancel).unwrap();
    f1(song, &piece.score, bars)
}

#[test]
fn a_model_with_latents_reconstructs_the_song_it_was_overfitted_on() {
    let folder = tempfile::tempdir().unwrap();
    let song = song();
    let corpus = corpus(folder.path(), &song, events());
    let config = small(Preset::TinyVae);
    assert!(config.model.latent_slots > 0 && config.model.latent_bag > 0, "as the preset has");
    let [untrained, _] = reconstructed(&trained(&corpus, folder.path(), config.clone(), UNTRAINED), &song);
    let [right, swapped] = reconstructed(&trained(&corpus, folder.path(), config, 700), &song);
    assert!(right > FLOOR, "F1 {right}");
    assert!(untrained < CHANCE, "F1 {untrained} without training");
    assert!(swapped < SWAPPED, "F1 {swapped} from other bars' latents: latents are not what is written from");
}

#[test]
fn a_model_continues_the_song_it_was_overfitted_on() {
    let folder = tempfile::tempdir().unwrap();
    let song = song();
    let corpus = corpus(folder.path(), &song, events());
    let config = small(Preset::Tiny);
    let untrained = continued(&trained(&corpus, folder.path(), config.clone(), UNTRAINED), &song, 4);
    let right = continued(&trained(&corpus, folder.path(), config, 800), &song, 4);
    assert!(right > FLOOR, "F1 {right}");
    assert!(untrained < CHANCE, "F1 {untrained} without training");
}

/// Fills bars 6 to 9 of piano and drums, and compares what is new.
fn filled(folder: &ModelFolder, song: &Score) -> f64 {
    let model = folder.model(Precision::Single).unwrap();
    let representation = &**folder.representation();
    let source = CellSource::new(representation, song, None, &[]).unwrap();
    let parts = [source.parts_named("piano").unwrap(), source.parts_named("drums").unwrap()].concat();
    let (bars, hole) = ([5, 6, 7, 8], song.bars().nth(5).unwrap().start..song.bars().nth(9).unwrap().start);
    let task = CellTask::new(&source, &bars, &parts);
    let (request, cancel) = (greedy(folder), AtomicBool::new(false));
    let scorer = SessionScorer(&*model);
    let versions = fill(&*model, &scorer, representation, &request, &source, &task, 1, &|_| (), &cancel).unwrap();
    let after = source.edited(&source.edits(&task, &versions[0].song));
    let [before, after] = [song, &after].map(|score| {
        let mut score = score.clone();
        score.parts.retain(|part| part.instrument != Instrument::Program(33));
        score.parts.iter_mut().for_each(|part| part.notes.retain(|note| hole.contains(&note.onset)));
        score
    });
    note_accuracy(&before, &after, Matching { steps_per_quarter: 4, programs: true }).f1().unwrap_or(0.0)
}

#[test]
fn a_model_of_cells_fills_a_hole_in_the_song_it_was_overfitted_on_and_continues_it() {
    let folder = tempfile::tempdir().unwrap();
    let song = song();
    let corpus = corpus(folder.path(), &song, cells());
    let mut config = small(Preset::Tiny);
    (config.train.holes, config.train.chords) = (0.7, 0.0);
    let untrained = trained(&corpus, folder.path(), config.clone(), UNTRAINED);
    let model = trained(&corpus, folder.path(), config, 2500);
    let [right, chance] = [&model, &untrained].map(|folder| filled(folder, &song));
    assert!(right > FLOOR, "F1 {right} in the hole");
    assert!(chance < CHANCE, "F1 {chance} in the hole without training");
    let [right, chance] = [&model, &untrained].map(|folder| continued(folder, &song, 4));
    assert!(right > FLOOR, "F1 {right} of what follows");
    assert!(chance < CHANCE, "F1 {chance} of what follows without training");
}
