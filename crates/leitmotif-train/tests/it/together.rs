//! Several processes train what one process with all of their streams trains. Here they are
//! threads.

use crate::common::{self, assert_same, config, corpus, outcome};
use leitmotif_corpus::Corpus;
use leitmotif_model::{LatentKind, ModelKind, Weights};
use leitmotif_train::{
    Budget, GroupError, KlSchedule, MetricsLine, ProcessGroup, RunConfig, ThreadGroup, TrainError, TrainEvent,
    TrainPrecision, TrainSummary, give_up, read_metrics, resume, resume_together, thread_groups, train, train_together,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const STEPS: u64 = 8;

/// Settings without the one thing that depends on how streams are divided: dropout masks.
fn without_dropout(mut config: RunConfig) -> RunConfig {
    config.train.batch_size = 6;
    config.train.precision = TrainPrecision::Single;
    let model = &mut config.model;
    (model.attention_dropout, model.ff_dropout, model.layer_dropout) = (0.0, 0.0, 0.0);
    (config.latent.word_dropout, config.latent.copy_dropout) = (0.0, 0.0);
    config
}

type Outcome = Result<TrainSummary, TrainError>;

/// What each process comes to, in the order of their ranks.
fn together(size: usize, work: impl Fn(ThreadGroup, usize) -> Outcome + Sync) -> Vec<Outcome> {
    std::thread::scope(|scope| {
        let work = &work;
        let run = |(rank, group)| scope.spawn(move || work(group, rank));
        let threads: Vec<_> = thread_groups(size).into_iter().enumerate().map(run).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn trained(size: usize, corpus: &Arc<Corpus>, dir: &Path, config: &RunConfig) {
    for result in together(size, |group, _| {
        train_together(Box::new(group), corpus, dir, config, &|_: &TrainEvent<'_>| (), &AtomicBool::new(false))
    }) {
        assert_eq!(result.unwrap().step, config.train.steps);
    }
}

fn alone(corpus: &Arc<Corpus>, dir: &Path, config: &RunConfig) {
    train(corpus, dir, config, &|_: &TrainEvent<'_>| (), &AtomicBool::new(false)).unwrap();
}

fn arrays(run: &Path, file: &str) -> Weights {
    Weights::load(&run.join(format!("checkpoints/step-{STEPS:08}/{file}.safetensors"))).unwrap()
}

/// The largest difference between two values of the same place, and the largest value.
fn difference(one: &Weights, other: &Weights) -> (f32, f32) {
    let shapes = |weights: &Weights| weights.iter().map(|(n, a)| (n.to_owned(), a.shape.clone())).collect::<Vec<_>>();
    assert_eq!(shapes(one), shapes(other));
    let values = |weights: &Weights| weights.iter().flat_map(|(_, array)| array.data.clone()).collect::<Vec<f32>>();
    let (one, other) = (values(one), values(other));
    let most = |values: &mut dyn Iterator<Item = f32>| values.fold(0.0, f32::max);
    let differences = &mut one.iter().zip(&other).map(|(a, b)| (a - b).abs());
    (most(differences), most(&mut one.iter().map(|value| value.abs())))
}

/// Loss, compression loss, gradient norm and what latents come to of each line of training, and the
/// loss of each validation.
fn losses(run: &Path) -> Vec<Vec<f64>> {
    let numbers = |line: &MetricsLine| match line {
        MetricsLine::Train(line) => {
            let latent = line.latent.map(|latent| [latent.kl_per_latent, latent.loss]).into_iter().flatten();
            let all = [line.loss, line.nats_per_event, line.compression, line.gradient_norm];
            all.into_iter().chain(line.fields.values().copied()).chain(latent).collect()
        }
        MetricsLine::Validation(line) => vec![line.nats_per_event],
    };
    read_metrics(run).unwrap().iter().map(numbers).collect()
}

/// What a value may differ by, relative to the largest. Sums in another order differ in the last of
/// 24 bits; Adam divides a gradient by its own size, so that where it is nearly zero its rounding
/// errors come to a share of a step.
const WEIGHTS: f32 = 2e-4;
const LOSSES: f64 = 1e-5;

fn assert_near(found: &Path, expected: &Path) {
    for file in ["model", "average", "memory"] {
        let (apart, size) = difference(&arrays(found, file), &arrays(expected, file));
        assert!(apart <= WEIGHTS * size, "{file}: {apart} of {size}");
    }
    let (found, expected) = (losses(found), losses(expected));
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
        assert!((found - expected).abs() <= LOSSES * expected.abs().max(1e-3), "{found} is not {expected}");
    }
}

/// Everything that is random but dropout, memories, compression, free bits and a song that ends at
/// every step are in it.
#[test]
fn processes_train_what_one_with_all_their_streams_trains() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let transformer = without_dropout(config(STEPS));
    let mut decoding = transformer.clone();
    decoding.model.compression_loss = leitmotif_model::CompressionLoss::AutoEncoding;
    let mut lstm = transformer.clone();
    lstm.model.kind = ModelKind::Lstm;
    let mut latents = common::with_latents(transformer.clone());
    latents.model.latent = LatentKind::Bar;
    // Some dimensions cost more than what is free, others less.
    (latents.latent.free_bits, latents.latent.kl_max_beta) = (0.02, 1.0);
    latents.latent.kl_schedule = KlSchedule::Constant;
    let kinds = [("transformer", transformer), ("auto-encoding", decoding), ("lstm", lstm), ("latents", latents)];
    for (name, config) in kinds {
        let one = folder.path().join(format!("{name}-1"));
        alone(&corpus, &one, &config);
        for size in [2, 3] {
            let several = folder.path().join(format!("{name}-{size}"));
            trained(size, &corpus, &several, &config);
            assert_near(&several, &one);
        }
    }
}

/// Runs until one process is asked to stop at that step, then resumes with another number of
/// processes; the files lie where the first process writes.
fn stopped(sizes: [usize; 2], corpus: &Arc<Corpus>, dir: &Path, config: &RunConfig, stop: u64) {
    let results = together(sizes[0], |group, rank| {
        let cancel = AtomicBool::new(false);
        let observer = |event: &TrainEvent<'_>| {
            if matches!(event, TrainEvent::Step { step, .. } if *step == stop && rank + 1 == sizes[0]) {
                cancel.store(true, Ordering::Relaxed);
            }
        };
        train_together(Box::new(group), corpus, dir, config, &observer, &cancel)
    });
    for result in results {
        assert!(matches!(result, Err(TrainError::Interrupted { step }) if step == stop), "{result:?}");
    }
    if sizes[1] == 1 {
        resume(corpus, dir, Budget::default(), &|_: &TrainEvent<'_>| (), &AtomicBool::new(false)).unwrap();
        return;
    }
    for result in together(sizes[1], |group, _| {
        let cancel = AtomicBool::new(false);
        resume_together(Box::new(group), corpus, dir, Budget::default(), &|_: &TrainEvent<'_>| (), &cancel)
    }) {
        assert_eq!(result.unwrap().step, config.train.steps);
    }
}

/// With dropout.
#[test]
fn as_many_processes_go_on_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let mut config = common::with_latents(config(STEPS));
    config.latent.word_dropout = 0.1;
    let whole = folder.path().join("whole");
    trained(3, &corpus, &whole, &config);
    let parts = folder.path().join("parts");
    stopped([3, 3], &corpus, &parts, &config, 5);
    assert_same(&outcome(&parts), &outcome(&whole));
}

#[test]
fn another_number_of_processes_goes_on_to_rounding() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let config = without_dropout(config(STEPS));
    let whole = folder.path().join("whole");
    alone(&corpus, &whole, &config);
    for sizes in [[2, 3], [3, 1], [4, 2]] {
        let parts = folder.path().join(format!("{sizes:?}"));
        stopped(sizes, &corpus, &parts, &config, 5);
        assert_near(&parts, &whole);
    }
}

/// Streams that cannot be divided evenly are divided unevenly.
#[test]
fn five_streams_are_shared_by_two_and_not_by_six() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let mut config = without_dropout(config(STEPS));
    config.train.batch_size = 5;
    let [one, two, six] = ["one", "two", "six"].map(|name| folder.path().join(name));
    alone(&corpus, &one, &config);
    trained(2, &corpus, &two, &config);
    assert_near(&two, &one);
    for result in together(6, |group, _| {
        train_together(Box::new(group), &corpus, &six, &config, &|_: &TrainEvent<'_>| (), &AtomicBool::new(false))
    }) {
        let error = result.unwrap_err().to_string();
        assert!(error.contains("train.batch_size = 5") && error.contains('6'), "{error}");
    }
    assert!(!six.exists());
}

#[test]
fn the_first_process_alone_writes() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let config = common::with_latents(config(STEPS));
    let dirs = ["first", "second"].map(|name| folder.path().join(name));
    let results = together(2, |group, rank| {
        let cancel = AtomicBool::new(false);
        train_together(Box::new(group), &corpus, &dirs[rank], &config, &|_: &TrainEvent<'_>| (), &cancel)
    });
    let [first, second] = results.try_into().unwrap_or_else(|_| unreachable!());
    assert!(first.unwrap().best.is_some() && second.unwrap().timings.exchange > 0.0);
    assert!(!outcome(&dirs[0]).is_empty() && !dirs[1].exists());
}

/// A budget in minutes ends by the first process's clock, however much slower another one's runs.
#[test]
fn minutes_end_all_at_one_step() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let mut config = without_dropout(config(0));
    config.train.minutes = 0.01;
    let results = together(3, |group, _| {
        let dir = folder.path().join("run");
        train_together(Box::new(group), &corpus, &dir, &config, &|_: &TrainEvent<'_>| (), &AtomicBool::new(false))
    });
    let steps: Vec<u64> = results.into_iter().map(|result| result.unwrap().step).collect();
    assert!(steps[0] > 0 && steps.iter().all(|step| *step == steps[0]), "{steps:?}");
}

#[test]
fn an_error_in_one_process_ends_all_and_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let config = without_dropout(config(STEPS));
    // The first process cannot save, as a file is in the way.
    let dir = folder.path().join("run");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("checkpoints"), "").unwrap();
    let begin = |group: ThreadGroup, config: &RunConfig| {
        train_together(Box::new(group), &corpus, &dir, config, &|_: &TrainEvent<'_>| (), &AtomicBool::new(false))
    };
    let errors: Vec<String> =
        together(3, |group, _| begin(group, &config)).into_iter().map(|it| it.unwrap_err().to_string()).collect();
    assert!(errors[0].contains("checkpoints"), "{errors:?}");
    for error in &errors[1..] {
        assert_eq!(*error, format!("process 0 of the training ended: {}", errors[0]));
    }
    // One has other settings.
    let errors = together(2, |group, rank| {
        let mut config = config.clone();
        config.train.learning_rate *= (1 + rank) as f64;
        begin(group, &config)
    });
    let errors: Vec<String> = errors.into_iter().map(|it| it.unwrap_err().to_string()).collect();
    assert!(errors[0].contains("process 1 has settings other than process 0"), "{errors:?}");
    // One has no corpus.
    let errors = together(2, |group, rank| match rank {
        0 => begin(group, &config),
        _ => {
            give_up(Box::new(group), "no corpus here");
            Err(TrainError::Corpus(String::new()))
        }
    });
    assert_eq!(errors[0].as_ref().unwrap_err().to_string(), "process 1 of the training ended: no corpus here");
}

/// Passes messages on, but to one process the gradients with other signs.
struct Faulty(ThreadGroup);

impl ProcessGroup for Faulty {
    fn rank(&self) -> usize {
        self.0.rank()
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn exchange(&self, messages: &[&[u8]]) -> Result<Vec<Vec<u8>>, GroupError> {
        let mut received = self.0.exchange(messages)?;
        // A part of the gradients is the longest message there is.
        if received[0].len() > 4000 && self.rank() == 1 {
            received[0].iter_mut().skip(3).step_by(4).for_each(|byte| *byte ^= 0x80);
        }
        Ok(received)
    }
}

/// What holds this is checked wherever a checkpoint is written, in all the tests above.
#[test]
fn weights_that_are_not_the_same_bits_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path());
    let config = without_dropout(config(STEPS));
    let errors = together(2, |group, _| {
        let dir = folder.path().join("run");
        let group = Box::new(Faulty(group));
        train_together(group, &corpus, &dir, &config, &|_: &TrainEvent<'_>| (), &AtomicBool::new(false))
    });
    let error = errors[0].as_ref().unwrap_err().to_string();
    assert!(error.contains("process 1 has weights other than process 0"), "{error}");
}
