//! A study that was never made: three arms, three test sets, two levels of dropout, two seeds; one
//! run failed, one is missing. What differs is planted, so that a report can be checked: foreign
//! music costs 0.5 nats per note more, except that folk predicts jazz as well as jazz does; dropout
//! takes 0.1 off what costs more and does nothing else.
#![allow(clippy::unwrap_used, dead_code)]

use leitmotif_compare::*;
use leitmotif_score::{Instrument, Meter, Note, Part, Resolution, Score, Tempo, Ticks, write_midi};
use leitmotif_train::{Estimate, SongLoss};
use std::collections::BTreeMap;
use std::path::Path;

pub const KINDS: [&str; 3] = ["jazz", "folk", "drums"];
pub const SONGS: usize = 24;
pub const FOREIGN: f64 = 0.5;
pub const DROPOUT: f64 = -0.1;

/// A number from -1 to 1 that depends on its arguments alone.
fn wobble(a: usize, b: usize) -> f64 {
    let mixed = (a as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (b as u64 + 7).wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
    let mixed = (mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed >> 40) as f64 / (1u64 << 23) as f64 - 1.0
}

fn loss(songs: Vec<SongLoss>) -> Loss {
    let per = |size: fn(&SongLoss) -> f64| {
        Estimate::of_ratio(&songs.iter().map(|song| (song.nats, size(song))).collect::<Vec<_>>())
    };
    Loss {
        per_event: per(|song| song.events as f64),
        per_note: per(|song| song.notes as f64),
        per_bar: per(|song| song.notes as f64 / 10.0),
        per_second: per(|song| song.seconds),
        per_frame: None,
        per_voice: None,
        songs,
    }
}

/// What the songs of test set `test` cost a model that needs `more` nats per note than their own;
/// `noise` cancels out over every two songs.
fn test_loss(test: usize, more: f64, noise: f64) -> Loss {
    let song = |k: usize| {
        let notes = 200 + 10 * (k / 2);
        let sign = if k.is_multiple_of(2) { 1.0 } else { -1.0 };
        let nats = notes as f64 * (2.4 + 0.3 * test as f64 + 0.4 * wobble(test, k) + more + sign * noise);
        let path = format!("{}/song {k:02}.mid", KINDS[test]);
        SongLoss {
            id: format!("{test}{k:03}"),
            path,
            genre: Some(KINDS[test].into()),
            nats,
            divergence: 0.0,
            events: notes * 4,
            notes,
            seconds: notes as f64 / 5.0,
            fields: vec![],
            frames: None,
        }
    };
    loss((0..SONGS).map(song).collect())
}

fn near(value: f64, half: f64) -> Estimate {
    Estimate { value, low: value - half, high: value + half }
}

fn flat(value: f64) -> Loss {
    let it = near(value, 0.05);
    let per_event = near(value / 4.0, 0.0125);
    Loss {
        per_event,
        per_note: it,
        per_bar: near(value * 10.0, 0.5),
        per_second: near(value * 5.0, 0.2),
        per_frame: None,
        per_voice: None,
        songs: vec![],
    }
}

fn finished(arm: usize, level: usize, seed: usize) -> Finished {
    let test = |t: usize| {
        let foreign = arm != t && !(arm == 1 && t == 0);
        let gap = if foreign { FOREIGN } else { 0.0 };
        let dropout = if level == 1 && foreign { DROPOUT } else { 0.0 };
        // Beside the home model, and beside the first level, noise is what remains where nothing is
        // planted.
        let noise = 0.05 * (arm as f64 + 1.0) + 0.04 * level as f64;
        (KINDS[t].to_owned(), test_loss(t, gap + dropout + 0.006 * seed as f64, noise))
    };
    let curve = |floor: f64, up: f64| {
        let point = |k: u64| {
            let x = k as f64 / 40.0;
            let per_event = floor + 1.2 * (-6.0 * x).exp() + up * x * x + 0.01 * wobble(k as usize, arm + 3 * seed);
            CurvePoint { step: k * 100, epoch: k as f64 / 4.0, per_event, per_note: per_event * 4.0 }
        };
        (0..=40).map(point).collect::<Vec<_>>()
    };
    let best = BestFacts { step: 2400 + 800 * level as u64, epoch: 6.0 + 2.0 * level as f64, nats_per_note: 2.4 };
    Finished {
        parameters: 1_234_567,
        steps: 4000,
        epochs: 10.0,
        events: 8_192_000,
        seconds: 1234.5,
        best: Some(best),
        ended: if level == 0 { "patience" } else { "budget" }.into(),
        config: "[model]\nkind = \"transformer\"\nd_model = 128\n".into(),
        model: format!("{:064x}", 0xabcdef_u64 + (arm * 4 + level * 2 + seed) as u64),
        train: flat(1.9 + 0.3 * level as f64),
        valid: Some(flat(2.4)),
        tests: (0..3).map(test).collect(),
        curves: Curves {
            train: curve(0.45 + 0.08 * level as f64, -0.02),
            valid: curve(0.6, 0.1 - 0.09 * level as f64),
        },
        music: (seed == 0).then(|| music(arm, level)),
        notes: vec!["the learning rate was still high at the end".into()],
    }
}

fn music(arm: usize, level: usize) -> Music {
    let piece = |number: u64| PieceFacts { number, file: piece_file(arm, level, number), notes: 120, seconds: 17.1 };
    let measure = |name: &str, value: f64| MeasureRow {
        measure: name.into(),
        composed: Some(near(value + 0.05 * arm as f64, 0.08)),
        real: Some(near(value, 0.04)),
    };
    let shift = |name: &str, above: f64| FigureShift { figure: name.into(), above: near(above, 0.05) };
    let feature = |name: &str, overlap: f64| FeatureRow {
        feature: name.into(),
        intra_composed: Some(1.31),
        intra_real: Some(1.58),
        inter: Some(1.49),
        overlap: Some(overlap),
        kl: (name != "note length").then_some(0.044),
    };
    let overlap =
        |by: f64| [(4, near(0.62 + by, 0.05)), (8, near(0.21 + by, 0.04)), (16, near(0.02 + by, 0.01))].into();
    let original = |number: u64| PieceOriginality {
        number,
        longest_run: 11 + number as usize,
        percentile: Some(63.0),
        nearest: Some(format!("{}/song 03.mid, piano, bar 12", KINDS[arm])),
        overlap: [(4, Some(0.6)), (8, Some(0.2)), (16, None)].into(),
    };
    Music {
        pieces: (1..=4).map(piece).collect(),
        real: KINDS[arm].into(),
        real_songs: 24,
        measures: vec![
            measure("pitch-class entropy", 2.7),
            measure("polyphony", 3.1),
            measure("empty-beat rate", 0.04),
        ],
        two_sample: Some(TwoSample {
            accuracy: near(0.81, 0.07),
            figures: vec![shift("parts of fewer than 4 notes", 0.93), shift("repeated cells (share)", 0.2)],
        }),
        features: vec![feature("pitch range", 0.81), feature("note length", 0.77), feature("note count", 0.9)],
        frechet: Some(FrechetFacts {
            embedder: "jazz-dropout-0-seed-1".into(),
            composed: 14.2 + arm as f64,
            real: Some(6.1),
            composed_passages: 32,
            real_passages: 48,
        }),
        originality: Some(OriginalityFacts {
            longest_run: Some(near(if arm == 0 { 24.0 } else { 12.5 }, 2.0)),
            human_longest_run: Some(near(11.8, 1.5)),
            overlap: overlap(0.05),
            human_overlap: overlap(0.0),
            pieces: (1..=4).map(original).collect(),
        }),
    }
}

fn piece_file(arm: usize, level: usize, number: u64) -> String {
    format!("runs/{}/pieces/{number}.mid", id(arm, level, 0))
}

fn id(arm: usize, level: usize, seed: usize) -> String {
    format!("{}-dropout-{}-seed-{}", KINDS[arm], LEVELS[level], seed + 1)
}

pub const LEVELS: [&str; 2] = ["0", "0.1"];

/// The study.
pub fn results() -> Results {
    let amount = |songs: usize| Amount {
        songs,
        notes: songs * 255,
        events: songs * 1020,
        bars: songs * 26,
        seconds: songs as f64 * 51.0,
    };
    let arm = |(k, name): (usize, &&str)| ArmFacts {
        name: (*name).into(),
        description: format!("all parts of songs whose genre is {name}"),
        representation: "events".into(),
        train: amount(210 - 10 * k),
        valid: amount(20),
        fingerprint: format!("{:016x}", 0x1000 + k),
        kept_out: match k {
            0 => vec![KeptOut {
                song: "jazz/again.mid".into(),
                test: "jazz".into(),
                like: "jazz/song 01.mid".into(),
                similarity: 0.93,
            }],
            _ => vec![],
        },
        home: Some((*name).into()),
    };
    let test = |name: &&str| TestFacts {
        name: (*name).into(),
        description: format!("held-out songs whose genre is {name}"),
        amount: amount(SONGS),
        fingerprints: [("events".to_owned(), "00ff00ff00ff00ff".to_owned())].into(),
        transpositions: 0,
    };
    let check = |arm: &str, test: &str| LeakageCheck {
        arm: arm.into(),
        test: test.into(),
        arm_songs: 230,
        test_songs: SONGS,
        same_files: 0,
        nearest: Some(NearestPair {
            arm_song: format!("{arm}/x.mid"),
            test_song: format!("{test}/song 04.mid"),
            similarity: 0.41,
        }),
        threshold: 0.6,
    };
    let levels =
        LEVELS.map(|name| LevelFacts { name: name.into(), set: [("model.dropout".into(), name.into())].into() });
    let reference = |level: &str, train: f64, test: f64| Reference {
        source: "original study".into(),
        arm: "jazz".into(),
        levels: [("dropout".to_owned(), level.to_owned())].into(),
        epochs: Some(200.0),
        best_epoch: Some(35.0),
        train: Some(train),
        valid: Some(test - 0.02),
        test: Some(test),
    };
    Results {
        format: RESULTS_FORMAT,
        tool: "leitmotif 0.1.0".into(),
        title: "Genres and dropout".into(),
        question: "Does a model of one genre generalise to the others, and what does dropout do?".into(),
        remarks: vec!["The budget of steps was a tenth of the original study's.".into()],
        study: "title = \"Genres and dropout\"\n[factors.dropout]\nlevels = [0, 0.1]\n".into(),
        fingerprint: "feedfacefeedface".into(),
        command: ["compare", "my study.toml", "--out", "study"].map(str::to_owned).to_vec(),
        collection: CollectionFacts {
            inputs: vec!["collection".into()],
            files: 900,
            songs: 702,
            duplicates: 148,
            dropped: 50,
            fingerprint: "0123456789abcdef".into(),
        },
        arms: KINDS.iter().enumerate().map(arm).collect(),
        tests: KINDS.iter().map(test).collect(),
        factors: vec![FactorFacts { name: "dropout".into(), levels: levels.to_vec() }],
        seeds: vec![1, 2],
        leakage: KINDS.iter().flat_map(|arm| KINDS.iter().map(move |test| check(arm, test))).collect(),
        runs: runs(),
        planned_runs: 12,
        references: vec![reference("0", 0.21, 0.93), reference("0.1", 0.55, 0.81)],
    }
}

/// Every run but one that failed and one (drums, dropout 0.1, seed 2) that is missing.
fn runs() -> Vec<RunResult> {
    let mut runs = Vec::new();
    for (arm, name) in KINDS.iter().enumerate() {
        for (level, of) in LEVELS.iter().enumerate() {
            for seed in 0..2 {
                let outcome = match (arm, level, seed) {
                    (2, 1, 1) => continue,
                    (1, 1, 1) => Outcome::Failed { error: "the loss was not a number at step 77".into() },
                    _ => Outcome::Finished(Box::new(finished(arm, level, seed))),
                };
                let levels: BTreeMap<String, String> = [("dropout".to_owned(), (*of).to_owned())].into();
                runs.push(RunResult {
                    id: id(arm, level, seed),
                    arm: (*name).into(),
                    levels,
                    seed: seed as u64 + 1,
                    outcome,
                });
            }
        }
    }
    runs
}

/// A piece: eight bars of chords and melody, and `quavers` on the drums.
fn piece(arm: usize, number: u64, quavers: u64) -> Vec<u8> {
    let note = |onset: u64, duration: u64, pitch: u8, velocity: u8| Note {
        onset: Ticks(onset),
        duration: Ticks(duration),
        pitch,
        velocity,
    };
    let roots = [48, 45, 41, 43];
    let chords = (0..8u64).flat_map(|bar| {
        let root = roots[(bar % 4) as usize] + arm as u8;
        [0, 4, 7].map(move |step| note(bar * 1920, 1900, root + step, 70))
    });
    let melody = (0..32u64).map(|beat| {
        let pitch = 60 + arm as i32 + (wobble(beat as usize, number as usize) * 9.0) as i32;
        note(beat * 480, 440, pitch as u8, 95)
    });
    let drums = (0..quavers).map(|half| note(half * 240, 120, [36, 42, 38, 42][(half % 4) as usize], 90));
    let part = |name: &str, instrument, notes| Part { name: name.into(), instrument, notes };
    let mut score = Score {
        resolution: Resolution::new(480).unwrap(),
        parts: vec![
            part("Piano", Instrument::Program(0), chords.collect()),
            part("Flute", Instrument::Program(73), melody.collect()),
            part("Drums", Instrument::Drums(0), drums.collect()),
        ],
        tempos: vec![Tempo::from_quarters_per_minute(Ticks(0), 112.0)],
        meters: vec![Meter { at: Ticks(0), numerator: 4, denominator: 4 }],
        ..Score::default()
    };
    score.normalise();
    write_midi(&score).unwrap()
}

/// Puts the composed pieces into the study's folder, of eight bars each.
pub fn write_pieces(dir: &Path) {
    write_pieces_of(dir, 64);
}

/// Puts pieces there whose drums play for `quavers`.
pub fn write_pieces_of(dir: &Path, quavers: u64) {
    for run in 0..6 {
        let (arm, level) = (run / 2, run % 2);
        for number in 1..=4 {
            let path = dir.join(piece_file(arm, level, number));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, piece(arm, number, quavers)).unwrap();
        }
    }
}
