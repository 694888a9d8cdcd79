//! Training with latents: what is measured, what is kept, what is refused.

use crate::common::{self, config, corpus, with_latents};
use leitmotif_corpus::{Corpus, Split};
use leitmotif_events::RepresentationConfig;
use leitmotif_folder::{BEST, LAST, ModelFolder, PRIOR_FILE};
use leitmotif_model::{Condition, LatentKind, ModelKind, Precision, SessionScorer};
use leitmotif_train::{
    KlSchedule, LatentLine, MetricsLine, RunConfig, TrainEvent, TrainLine, TrainSummary, ValidationLine, evaluate,
    load_scorer, read_metrics, train,
};
use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

fn run(corpus: &Arc<Corpus>, dir: &Path, config: &RunConfig) -> TrainSummary {
    train(corpus, dir, config, &|_: &TrainEvent<'_>| (), &AtomicBool::new(false)).unwrap()
}

fn refused(corpus: &Arc<Corpus>, dir: &Path, config: &RunConfig) -> String {
    let error = train(corpus, dir, config, &|_: &TrainEvent<'_>| (), &AtomicBool::new(false)).unwrap_err();
    assert!(!dir.exists(), "what is refused leaves nothing");
    error.to_string()
}

fn lines(dir: &Path) -> (Vec<TrainLine>, Vec<ValidationLine>) {
    let (mut trained, mut validated) = (Vec::new(), Vec::new());
    for line in read_metrics(dir).unwrap() {
        match line {
            MetricsLine::Train(line) => trained.push(line),
            MetricsLine::Validation(line) => validated.push(line),
        }
    }
    (trained, validated)
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6 * (1.0 + b.abs())
}

fn assert_finite(line: &LatentLine) {
    let numbers = [line.kl_per_event, line.kl_per_latent, line.reconstruction_per_note, line.loss, line.beta];
    assert!(numbers.iter().all(|number| number.is_finite() && *number >= 0.0), "{line:?}");
}

#[test]
fn a_run_with_latents_reports_their_cost_and_leaves_a_prior() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let dir = folder.path().join("run");
    let mut config = with_latents(config(20));
    config.latent.kl_max_beta = 0.4;
    let reported = RefCell::new(Vec::new());
    let observer = |event: &TrainEvent<'_>| {
        if let TrainEvent::Prior { epoch, epochs, nats_per_latent } = event {
            reported.borrow_mut().push((*epoch, *epochs, *nats_per_latent));
        }
    };
    let summary = train(&corpus, &dir, &config, &observer, &AtomicBool::new(false)).unwrap();

    let (trained, validated) = lines(&dir);
    assert_eq!((trained.len(), validated.len()), (6, 4));
    let events_per_note = trained[0].nats_per_note / trained[0].nats_per_event;
    for line in &trained {
        let latent = line.latent.as_ref().unwrap();
        assert_finite(latent);
        assert!(latent.kl_per_latent > latent.kl_per_event && latent.active_units.is_none());
        assert!(near(latent.reconstruction_per_note, line.nats_per_event * events_per_note));
        assert!(near(line.loss, line.nats_per_event + line.compression + latent.loss), "{line:?}");
        assert!(near(line.fields.values().sum(), line.nats_per_event), "the divergence is of no field");
        let used = (line.step - 1) as f64 / 20.0;
        assert!(near(latent.beta, config.latent.beta(used)), "{line:?}");
    }
    for line in &validated {
        let latent = line.latent.as_ref().unwrap();
        assert_finite(latent);
        let divergence = line.nats_per_note - latent.reconstruction_per_note;
        assert!(divergence > 0.0, "nats count the divergence");
        let events_per_note = line.nats_per_note / line.nats_per_event;
        assert!(near(divergence, latent.kl_per_event * events_per_note), "{line:?}");
        assert!(near(line.fields.values().sum::<f64>() + latent.kl_per_event, line.nats_per_event), "{line:?}");
        assert!(near(line.objective.unwrap(), latent.reconstruction_per_note + 0.4 * divergence), "{line:?}");
        assert_eq!(latent.beta, 0.4);
        assert!(latent.active_units.unwrap() <= 6);
    }
    let best = summary.best.unwrap();
    let chosen = validated.iter().min_by(|a, b| a.objective.unwrap().total_cmp(&b.objective.unwrap())).unwrap();
    assert_eq!((best.step, Some(best.nats_per_note)), (chosen.step, chosen.objective));

    let reported = reported.into_inner();
    let prior = summary.prior.unwrap();
    assert_eq!(
        reported.iter().map(|(epoch, epochs, _)| (*epoch, *epochs)).collect::<Vec<_>>(),
        [(1, 3), (2, 3), (3, 3)]
    );
    let least = reported.iter().map(|(.., nats)| *nats).fold(f64::INFINITY, f64::min);
    assert_eq!(prior.nats_per_latent, least, "the pass that costs least is kept");
    assert_eq!(reported[prior.epochs as usize - 1].2, least);
    assert!(least.is_finite() && prior.standard_normal.is_finite());

    let model = ModelFolder::open(&dir).unwrap().model(Precision::Single).unwrap();
    let space = model.latents().unwrap();
    assert_eq!(space.prior().unwrap().dimensions(), 6);
    assert_eq!((space.dimensions(), space.bars_per_latent()), (6, 1));
    assert_eq!(dir.join(LAST).join(PRIOR_FILE).exists(), best.step == 20, "a prior is of the model beside it");
    // A piece may be begun: latents from the prior, events under them.
    let mut walk = space.prior().unwrap().walk(&space.header(&corpus.values(0)[..corpus.vocabulary().fields.len()]));
    let latent = walk.predict().draw(0.5, &[0.3; 6], 1.0);
    let mut session = model.decoding_session();
    session.condition(Some(Condition { latent: &latent, classes: &[0, 1, 1] }));
    session.push(&corpus.values(0)[..corpus.vocabulary().fields.len()]);
    let mut logits = vec![0.0; corpus.vocabulary().sizes()[0]];
    session.logits(&[], 0, &mut logits);
    assert!(logits.iter().all(|logit| logit.is_finite()));
}

#[test]
fn evaluation_adds_the_divergence_song_by_song() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let dir = folder.path().join("run");
    let mut config = with_latents(config(4));
    config.model.latent = LatentKind::Phrase;
    config.model.latent_bars = 3;
    config.latent.prior_epochs = 0;
    let summary = run(&corpus, &dir, &config);
    assert_eq!(summary.prior, None);
    assert!(!dir.join(BEST).join(PRIOR_FILE).exists());
    let scorer = load_scorer(&dir, "cpu").unwrap();
    let losses = [1, 2, 7].map(|streams| evaluate(scorer.as_ref(), &corpus, Split::Train, streams).unwrap());
    // The definition of evaluation: by the model that writes.
    let model = ModelFolder::open(&dir).unwrap().model(Precision::Single).unwrap();
    let stepping = evaluate(&SessionScorer(model.as_ref()), &corpus, Split::Train, 3).unwrap();
    for evaluation in losses.iter().chain([&stepping]) {
        let latent = evaluation.latent.as_ref().unwrap();
        for (song, other) in evaluation.songs.iter().zip(&losses[0].songs) {
            assert!(song.divergence > 0.0 && near(song.nats, song.fields.iter().sum::<f64>() + song.divergence));
            assert!((song.nats - other.nats).abs() < 1e-4 * other.nats, "{song:?} {other:?}");
            assert!((song.divergence - other.divergence).abs() < 1e-4 * other.divergence, "{song:?} {other:?}");
        }
        let divergence: f64 = evaluation.songs.iter().map(|song| song.divergence).sum();
        // Eight bars a song in groups of three.
        assert!((latent.latents - 6.0 * 3.0).abs() < 1e-4, "{latent:?}");
        assert!((latent.per_latent - divergence / latent.latents).abs() < 1e-6, "{latent:?}");
        assert!((latent.per_event * evaluation.events as f64 - divergence).abs() < 1e-6 * divergence);
        assert!((latent.by_dimension.iter().sum::<f64>() - latent.per_latent).abs() < 1e-6);
        assert_eq!((latent.by_dimension.len(), latent.dimensions), (6, 6));
        let sum = latent.reconstruction.value + latent.divergence.value;
        assert!(near(sum, evaluation.nats_per_note.value));
        assert!(near(evaluation.objective(1.0), evaluation.nats_per_note.value));
        assert!(near(evaluation.objective(0.0), latent.reconstruction.value));
    }
}

#[test]
fn a_heavier_divergence_becomes_smaller() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let divergence = |beta: f64| {
        let mut config = with_latents(config(60));
        config.train.accumulate = 1;
        config.train.validate_every = 0;
        config.latent.kl_schedule = KlSchedule::Constant;
        config.latent.kl_max_beta = beta;
        config.latent.free_bits = 0.0;
        config.latent.prior_epochs = 0;
        let dir = folder.path().join(format!("{beta}"));
        assert_eq!(run(&corpus, &dir, &config).skipped, 0);
        let (trained, validated) = lines(&dir);
        trained.iter().map(|line| line.latent.unwrap()).for_each(|line| assert_finite(&line));
        validated.last().unwrap().latent.unwrap().kl_per_latent
    };
    let (free, heavy) = (divergence(0.0), divergence(100.0));
    assert!(
        free.is_finite() && heavy.is_finite() && heavy < 0.2 * free,
        "{heavy} nats a latent, {free} without weight"
    );
}

#[test]
fn latents_that_cannot_be_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let dir = folder.path().join("run");
    type Change = fn(&mut RunConfig);
    let wrongs: [(Change, &[&str]); 16] = [
        (|it| it.model.kind = ModelKind::Lstm, &["latent", "kind = \"transformer\""]),
        (|it| it.model.latent = LatentKind::None, &["attributes", "density", "latent = \"none\""]),
        (|it| it.model.attributes[1] = "swing".into(), &["model.attributes", "`swing`", "polyphony"]),
        (|it| it.model.attributes[0] = "rhythm:kazoo".into(), &["model.attributes", "rhythm:kazoo"]),
        (|it| it.model.latent_slots = 4, &["latent_slots = 4", "divisor of d_latent = 6"]),
        (|it| it.model.latent_slots = 12, &["latent_slots = 12", "between 0 and 6"]),
        (|it| it.model.latent_bag = 2, &["latent_bag = 2", "at most d_latent / 5 = 1"]),
        (
            |it| (it.model.d_latent, it.model.latent_bag, it.model.latent_slots) = (20, 2, 3),
            &["latent_slots = 3", "0 or a divisor of d_latent - 5 * latent_bag = 10"],
        ),
        (|it| it.latent.copy_dropout = 1.0, &["latent.copy_dropout = 1", "at least 0 and below 1"]),
        (|it| it.model.d_latent = 0, &["d_latent = 0", "between 1 and 4096"]),
        (|it| it.model.latent_bars = 65, &["latent_bars = 65", "between 1 and 64"]),
        (|it| it.model.encoder_layers = 0, &["encoder_layers = 0"]),
        (|it| it.latent.kl_max_beta = f64::NAN, &["latent.kl_max_beta = NaN"]),
        (|it| it.latent.kl_cycles = 0, &["latent.kl_cycles = 0", "at least 1"]),
        (|it| it.latent.classes = 1, &["latent.classes = 1", "between 2 and 64"]),
        (|it| it.latent.attribute_dropout = 1.5, &["latent.attribute_dropout = 1.5", "between 0 and 1"]),
    ];
    for (number, (change, parts)) in wrongs.into_iter().enumerate() {
        let mut config = with_latents(config(2));
        change(&mut config);
        let error = refused(&corpus, &dir.join(number.to_string()), &config);
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }

    let options = leitmotif_corpus::prepare::PrepareOptions {
        inputs: vec![folder.path().join("midi")],
        output: folder.path().join("notes"),
        representation: RepresentationConfig::Notes,
        ..Default::default()
    };
    common::prepared(&options);
    let notes = Arc::new(Corpus::open(folder.path().join("notes")).unwrap());
    let mut config = with_latents(config(2));
    assert!(refused(&notes, &dir.join("notes"), &config).contains("--representation events"));
    config.model.attributes.clear();
    assert!(refused(&notes, &dir.join("bare"), &config).contains("--representation events"));
}

#[test]
fn attributes_are_cut_by_the_training_songs_and_the_cuts_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let dir = folder.path().join("run");
    let mut config = with_latents(config(2));
    config.latent.prior_epochs = 0;
    run(&corpus, &dir, &config);
    let description = ModelFolder::open(&dir).unwrap().description().clone();
    let names: Vec<&str> = description.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    assert_eq!(names, ["density", "register", "rhythm:drums"]);
    let attributes: Vec<_> = names.iter().map(|name| name.parse().unwrap()).collect();
    let scales = leitmotif_corpus::estimate_cuts(&corpus, &attributes, config.latent.cuts, 4).unwrap();
    for (attribute, scale) in description.attributes.iter().zip(scales) {
        assert_eq!(attribute.cuts, scale.cuts);
        for value in [-1.0, 0.0, 0.3, 2.0, 47.9, 61.0, 300.0] {
            assert_eq!(attribute.class(value), scale.class(Some(value)));
        }
    }
    assert!(description.attributes[1].classes() > 1, "songs lie in registers of their own: {description:?}");
}

#[test]
fn an_attribute_that_no_song_has_is_one_class() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let dir = folder.path().join("run");
    let mut config = with_latents(config(2));
    config.model.attributes[0] = "velocity:flute".into();
    config.latent.prior_epochs = 0;
    let summary = run(&corpus, &dir, &config);
    assert!(summary.best.unwrap().nats_per_note.is_finite());
    let description = ModelFolder::open(&dir).unwrap().description().clone();
    let classes: Vec<usize> = description.attributes.iter().map(|attribute| attribute.classes()).collect();
    assert_eq!((description.attributes[0].name.as_str(), classes[0]), ("velocity:flute", 1));
    assert!(classes[1] > 1, "the others are cut as ever: {classes:?}");
}
