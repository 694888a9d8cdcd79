//! What a training must do besides going on: learn, stop, refuse, describe.

use crate::common::{self, config, corpus};
use leitmotif_corpus::{Corpus, Split};
use leitmotif_folder::{ModelFolder, find_model};
use leitmotif_model::{Array, ModelKind, Scorer, Weights};
use leitmotif_train::{
    Budget, Ended, MetricsLine, RunConfig, RunLock, TrainError, TrainEvent, TrainSummary, Unigram, evaluate,
    load_config, load_scorer, read_metrics, resume, train,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

fn run(corpus: &Arc<Corpus>, dir: &Path, config: &RunConfig) -> Result<TrainSummary, TrainError> {
    train(corpus, dir, config, &|_: &TrainEvent<'_>| (), &AtomicBool::new(false))
}

fn unigram_loss(corpus: &Corpus) -> f64 {
    let unigram = Unigram::count(corpus, &corpus.split(Split::Train)).unwrap();
    evaluate(&unigram, corpus, Split::Test, 2).unwrap().nats_per_note.value
}

#[test]
fn networks_learn_simple_songs() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let reference = unigram_loss(&corpus);
    for kind in [ModelKind::Transformer, ModelKind::Lstm] {
        let mut config = config(150);
        config.model.kind = kind;
        config.model.attention_dropout = 0.0;
        config.model.d_model = 32;
        config.train.accumulate = 1;
        config.train.learning_rate = 1e-2;
        config.train.batch_size = 6;
        config.train.validate_every = 50;
        config.train.checkpoint_every = 0;
        config.augment = leitmotif_train::AugmentConfig { transpose: 0, tempo: 0.0, velocity: 0 };
        let dir = folder.path().join(format!("{kind:?}"));
        let summary = run(&corpus, &dir, &config).unwrap();
        assert_eq!(summary.ended, Ended::Budget);
        let scorer = load_scorer(&dir, "cpu").unwrap();
        let loss = evaluate(scorer.as_ref(), &corpus, Split::Test, 2).unwrap().nats_per_note;
        assert!(loss.value < 0.4 * reference, "{kind:?}: {loss:?}, the unigram has {reference}");
        assert!(loss.low <= loss.value && loss.value <= loss.high);
    }
}

#[test]
fn a_markov_model_is_counted_by_the_same_verb() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let mut config = config(0);
    config.model.kind = ModelKind::Markov;
    let dir = folder.path().join("run");
    let summary = run(&corpus, &dir, &config).unwrap();
    assert!(summary.parameters > 0);
    let scorer = load_scorer(&dir, "cpu").unwrap();
    let loss = evaluate(scorer.as_ref(), &corpus, Split::Test, 2).unwrap().nats_per_note.value;
    let reference = unigram_loss(&corpus);
    assert!(loss < 0.5 * reference, "{loss}, the unigram has {reference}");
    let MetricsLine::Validation(line) = &read_metrics(&dir).unwrap()[0] else { panic!("no validation") };
    assert_eq!(Some(line.nats_per_note), summary.best.map(|best| best.nats_per_note));
}

#[test]
fn the_best_model_is_the_one_that_validated_best() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let dir = folder.path().join("run");
    let summary = run(&corpus, &dir, &config(20)).unwrap();
    let lines = read_metrics(&dir).unwrap();
    let validations = lines.iter().filter_map(|line| match line {
        MetricsLine::Validation(line) => Some((line.nats_per_note, line.step)),
        MetricsLine::Train(_) => None,
    });
    let (loss, step) = validations.clone().min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
    assert_eq!(validations.count(), 4, "every six steps and at the end");
    let best = summary.best.unwrap();
    assert_eq!((best.nats_per_note, best.step), (loss, step));
    let scorer = load_scorer(&find_model(&dir).unwrap(), "cpu").unwrap();
    let again = evaluate(scorer.as_ref(), &corpus, Split::Valid, 3).unwrap().nats_per_note.value;
    assert!((again - loss).abs() < 1e-6, "{again} is not {loss}");
    assert_eq!(ModelFolder::open(dir.join("best")).unwrap().vocabulary(), corpus.vocabulary());
    let card = std::fs::read_to_string(dir.join("best/README.md")).unwrap();
    for part in [corpus.fingerprint().as_str(), "6 songs", "not stated", "learning_rate", &format!("{loss:.4}")] {
        assert!(card.contains(part), "the card lacks {part}: {card}");
    }
    let curve = std::fs::read_to_string(dir.join("curves.svg")).unwrap();
    assert!(curve.contains("validation") && curve.contains("training"));
    let train_line = lines.iter().find_map(|line| if let MetricsLine::Train(line) = line { Some(line) } else { None });
    let line = train_line.unwrap();
    assert_eq!(line.step, 3);
    let sum: f64 = line.fields.values().sum();
    assert!((sum - line.nats_per_event).abs() < 1e-9 && line.fields.contains_key("pitch"), "{line:?}");
    assert!(line.compression > 0.0 && line.gradient_norm > 0.0 && line.learning_rate > 0.0);
}

#[test]
fn a_trained_model_is_adapted() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let first = folder.path().join("first");
    let trained = run(&corpus, &first, &config(20)).unwrap().best.unwrap().nats_per_note;
    let mut from = config(1);
    (from.train.learning_rate, from.train.from) = (1e-9, first.display().to_string());
    let adapted = run(&corpus, &folder.path().join("adapted"), &from).unwrap().best.unwrap().nats_per_note;
    assert!((adapted - trained).abs() < 1e-3, "{adapted} nats a note begin at {trained}");
    // A run that was killed before its first checkpoint begins again in the same way.
    let again = folder.path().join("again");
    std::fs::create_dir(&again).unwrap();
    for name in ["config.toml", "run.json"] {
        std::fs::copy(folder.path().join("adapted").join(name), again.join(name)).unwrap();
    }
    let quiet = |_: &TrainEvent<'_>| ();
    let summary = resume(&corpus, &again, Budget::default(), &quiet, &AtomicBool::new(false)).unwrap();
    assert_eq!(summary.best.unwrap().nats_per_note, adapted);
    // Another architecture, and no model at all.
    let error = |config: &RunConfig| run(&corpus, &folder.path().join("none"), config).unwrap_err().to_string();
    let mut other = from.clone();
    other.model.d_model *= 2;
    assert!(error(&other).contains("shape"), "{}", error(&other));
    from.train.from = folder.path().join("nowhere").display().to_string();
    assert!(error(&from).contains("nowhere"), "{}", error(&from));
}

#[test]
fn a_run_publishes_the_average_of_its_weights() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let newest = |dir: &Path| {
        let steps = std::fs::read_dir(dir.join("checkpoints")).unwrap().map(|entry| entry.unwrap().path());
        steps.max().unwrap()
    };
    for (average_steps, published) in [(0, "model.safetensors"), (1000, "average.safetensors")] {
        let mut config = config(20);
        config.train.average_steps = average_steps;
        let dir = folder.path().join(published);
        run(&corpus, &dir, &config).unwrap();
        let of = |name: &str| Weights::load(&newest(&dir).join(name));
        let last = ModelFolder::open(dir.join("last")).unwrap().weights().unwrap();
        assert_eq!(last, of(published).unwrap());
        assert_eq!(of("average.safetensors").is_ok(), average_steps > 0);
        assert_eq!(last == of("model.safetensors").unwrap(), average_steps == 0);
    }
    // Of another model: refused, and nothing is trained.
    let dir = folder.path().join("average.safetensors");
    let wrong: Weights = [("a".to_owned(), Array::new([1], vec![1.0]))].into_iter().collect();
    wrong.save(&newest(&dir).join("average.safetensors")).unwrap();
    let budget = Budget { steps: Some(24), ..Budget::default() };
    let quiet = |_: &TrainEvent<'_>| ();
    let error = resume(&corpus, &dir, budget, &quiet, &AtomicBool::new(false)).unwrap_err().to_string();
    assert!(error.contains("weights do not fit"), "{error}");
    assert_eq!(newest(&dir).file_name().unwrap(), "step-00000020");
}

#[test]
fn evaluation_does_not_depend_on_how_songs_are_laid_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let dir = folder.path().join("run");
    run(&corpus, &dir, &config(4)).unwrap();
    let scorer = load_scorer(&dir, "cpu").unwrap();
    let losses = [1, 2, 7].map(|streams| evaluate(scorer.as_ref(), &corpus, Split::Train, streams).unwrap());
    for other in &losses[1..] {
        for (a, b) in other.songs.iter().zip(&losses[0].songs) {
            assert_eq!((&a.id, a.events, a.notes), (&b.id, b.events, b.notes));
            assert!((a.nats - b.nats).abs() < 1e-4 * b.nats, "{a:?} {b:?}");
        }
    }
    let records = corpus.songs();
    assert_eq!(losses[0].notes, corpus.split(Split::Train).iter().map(|song| records[*song].notes).sum::<usize>());
}

#[test]
fn the_unigram_costs_the_entropy_of_its_counts() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let songs = corpus.split(Split::Train);
    let unigram = Unigram::count(&corpus, &songs).unwrap();
    let sizes = corpus.vocabulary().sizes();
    let mut expected = 0.0;
    for field in 0..sizes.len() {
        let mut counts = std::collections::BTreeMap::<u16, Vec<f64>>::new();
        for song in &songs {
            let sequence = corpus.sequence(*song);
            for event in sequence.events().skip(1).filter(|event| field == 0 || event[field] != 0) {
                let row = if field == 0 { 0 } else { event[0] };
                counts.entry(row).or_insert_with(|| vec![0.0; sizes[field]])[usize::from(event[field])] += 1.0;
            }
        }
        for row in counts.values() {
            let total: f64 = row.iter().sum::<f64>() + row.len() as f64;
            expected += row.iter().map(|count| count * (total / (count + 1.0)).ln()).sum::<f64>();
        }
    }
    let found: f64 = evaluate(&unigram, &corpus, Split::Train, 2).unwrap().songs.iter().map(|song| song.nats).sum();
    assert!((found - expected).abs() < 1e-4 * expected, "{found} is not {expected}");
    assert_eq!(unigram.description().sizes, sizes);
}

#[test]
fn training_stops_when_validation_no_longer_improves() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let mut config = config(0);
    config.train.learning_rate = 1e-30;
    config.train.patience = 2;
    config.train.validate_every = 2;
    let summary = run(&corpus, &folder.path().join("run"), &config).unwrap();
    assert_eq!((summary.ended, summary.step), (Ended::Patience, 6));
    assert_eq!(summary.best.unwrap().step, 2);
}

#[test]
fn a_run_that_diverges_reports_it_and_keeps_its_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let mut config = config(1000);
    config.train.learning_rate = 1e30;
    config.train.warmup_steps = 0;
    config.train.max_bad_steps = 3;
    config.train.clip = 0.0;
    config.train.checkpoint_every = 1;
    config.train.validate_every = 0;
    let dir = folder.path().join("run");
    let error = run(&corpus, &dir, &config).unwrap_err();
    assert!(matches!(error, TrainError::Diverged { times: 3, .. }), "{error}");
    assert!(error.to_string().contains("learning rate"), "{error}");
}

#[test]
fn what_cannot_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let dir = folder.path().join("run");
    run(&corpus, &dir, &config(2)).unwrap();
    let error = run(&corpus, &dir, &config(2)).unwrap_err().to_string();
    assert!(error.contains("resume"), "{error}");
    assert_eq!(load_config(&dir).unwrap(), config(2));

    let other = tempfile::tempdir().unwrap();
    std::fs::create_dir(other.path().join("midi")).unwrap();
    leitmotif_score::write_midi_file(other.path().join("midi/a.mid"), &common::song(3)).unwrap();
    let options = leitmotif_corpus::prepare::PrepareOptions {
        inputs: vec![other.path().join("midi")],
        output: other.path().join("corpus"),
        ..Default::default()
    };
    common::prepared(&options);
    let other = Arc::new(Corpus::open(other.path().join("corpus")).unwrap());
    let quiet = |_: &TrainEvent<'_>| ();
    let error = resume(&other, &dir, Budget::default(), &quiet, &AtomicBool::new(false)).unwrap_err().to_string();
    assert!(error.contains("another corpus"), "{error}");

    let lock = RunLock::take(&dir).unwrap();
    let error = resume(&corpus, &dir, Budget::default(), &quiet, &AtomicBool::new(false)).unwrap_err();
    assert!(matches!(error, TrainError::Locked(_)), "{error}");
    drop(lock);

    let error = find_model(folder.path()).unwrap_err().to_string();
    assert!(error.contains("neither a model folder"), "{error}");
    let mut endless = config(0);
    endless.train.epochs = 0.0;
    assert!(run(&corpus, &folder.path().join("endless"), &endless).unwrap_err().to_string().contains("nothing ends"));
}
