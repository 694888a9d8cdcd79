//! A network in training: its parameters, their optimiser, and its memory of the songs in its
//! streams.

use super::Timings;
use super::average::WeightAverage;
use crate::TrainError;
use crate::config::RunConfig;
use crate::group::Communicator;
use crate::optimiser::{Adam, AdamSettings, Applied};
use crate::segment::segment_of;
use crate::store::checkpoint::Checkpoint;
use leitmotif_corpus::SegmentBatch;
use leitmotif_folder::ModelFolder;
use leitmotif_kernels::{Isa, Products};
use leitmotif_model::{Array, ModelDescription, ModelError, Weights};
use leitmotif_network::ops::in_pool;
use leitmotif_network::{Carry, LatentObjective, LatentStep, Network, device};
use std::borrow::Cow;
use std::rc::Rc;
use std::time::Instant;

/// A network, its optimiser and its memory of the song in each stream: what a training loop drives,
/// one segment after another.
pub struct Learner {
    /// Only ever absent while a step moves it.
    network: Option<Network>,
    optimiser: Adam,
    average: Option<WeightAverage>,
    carry: Option<Carry>,
    /// The processes that train this network, and the streams of all of them.
    processes: Rc<Communicator>,
    streams: usize,
    isa: Isa,
}

/// What one segment gave.
#[derive(Debug, Clone)]
pub struct StepMetrics {
    /// Sum over events of each field's nats.
    pub field_nll: Vec<f64>,
    /// The compression loss; 0 where there is none.
    pub compression: f64,
    /// What the latents came to; `None` for a model without.
    pub latent: Option<LatentStep>,
    /// Events that counted.
    pub events: usize,
}

impl StepMetrics {
    /// Sum over events of all fields' nats.
    pub fn nll(&self) -> f64 {
        self.field_nll.iter().sum()
    }

    fn is_finite(&self) -> bool {
        let latent = self.latent.as_ref().is_none_or(|latent| latent.loss.is_finite());
        self.nll().is_finite() && self.compression.is_finite() && latent
    }
}

impl Learner {
    /// A fresh network with empty memory.
    ///
    /// # Errors
    /// [`TrainError::Model`] if the description is invalid, or the configuration's device is not to
    /// be had.
    pub fn new(description: &ModelDescription, config: &RunConfig) -> Result<Self, TrainError> {
        Self::restored(description, config, None, Rc::new(Communicator::alone()))
    }

    /// The same as a checkpoint left it, trained by several processes.
    pub(super) fn restored(
        description: &ModelDescription,
        config: &RunConfig,
        checkpoint: Option<&Checkpoint>,
        processes: Rc<Communicator>,
    ) -> Result<Self, TrainError> {
        let train = &config.train;
        let device = device(&train.device)?.autodiff();
        let network = match checkpoint {
            Some(checkpoint) => Network::from_weights(description, &checkpoint.model, &device)?,
            None if !train.from.is_empty() => {
                let weights = ModelFolder::open(&train.from)?.weights()?;
                Network::from_weights(description, &weights, &device)?
            }
            None => Network::new(description, train.seed, &device)?,
        };
        let settings = AdamSettings {
            betas: train.betas,
            epsilon: train.epsilon,
            weight_decay: train.weight_decay,
            clip: train.clip,
        };
        let mut optimiser = Adam::new(network.parameters(), settings, train.device == "cpu");
        let own = processes.own(train.batch_size);
        let mut carry = network.carry(own.len());
        if let Some(checkpoint) = checkpoint {
            optimiser.restore(network.parameters(), &checkpoint.optimiser)?;
            let memory = Carry::select(&checkpoint.memory, own.clone())?;
            carry = Carry::from_weights(description, own.len(), &memory, &device)?;
        }
        let average = match train.average_steps {
            0 => None,
            // A checkpoint of a run that had none: the average begins here.
            steps => Some(match checkpoint.and_then(|checkpoint| checkpoint.average.as_ref()) {
                None => WeightAverage::new(network.weights(), steps),
                Some(saved) => {
                    Network::from_weights(description, saved, &device)?;
                    WeightAverage::new(saved.clone(), steps)
                }
            }),
        };
        Ok(Self {
            network: Some(network),
            optimiser,
            average,
            carry: Some(carry),
            processes,
            streams: train.batch_size,
            isa: if train.device == "cpu" { train.precision.isa() } else { Isa::current() },
        })
    }

    /// The network as it is now.
    pub fn network(&self) -> &Network {
        self.network.as_ref().expect("a network is absent only while a step moves it")
    }

    /// Whether matrix products multiply numbers of 16 bits.
    pub(super) fn multiplies_bf16(&self) -> bool {
        self.isa.products() == Products::Bf16
    }

    /// Reads one segment and adds its gradients; `None` if its loss was not finite: nothing is
    /// added then, and the memory is cleared, since it may not be finite either. `seed` names this
    /// segment's dropout; latents are trained by `objective`. Where several processes train, the
    /// segment is this process's part of it, and the metrics are of the whole.
    pub fn train_step(
        &mut self,
        batch: &SegmentBatch,
        seed: u64,
        objective: LatentObjective,
        timings: &mut Timings,
    ) -> Option<StepMetrics> {
        let start = Instant::now();
        let network = self.network.as_ref().expect("a network is absent only while a step moves it");
        let carry = self.carry.take().unwrap_or_else(|| network.carry(batch.streams));
        let (isa, processes) = (self.isa, &self.processes);
        let output = match processes.is_alone() {
            true => compute(isa, || network.step_towards(carry, &segment_of(batch), seed, objective)),
            // Messages are passed by this thread.
            false => {
                let sum = |numbers: &mut [f64]| processes.sum(numbers);
                isa.force(|| network.shared_step(carry, &segment_of(batch), seed, objective, &sum))
            }
        };
        let metrics = StepMetrics {
            compression: output.compression,
            latent: output.latent,
            events: output.events,
            field_nll: output.field_nll,
        };
        let end = Instant::now();
        timings.forward += (end - start).as_secs_f64();
        if !metrics.is_finite() {
            return None;
        }
        self.carry = Some(output.carry);
        let mut gradients = compute(isa, || output.loss.backward());
        timings.backward += end.elapsed().as_secs_f64();
        let start = Instant::now();
        self.optimiser.accumulate(network.parameters(), &mut gradients);
        timings.optimiser += start.elapsed().as_secs_f64();
        Some(metrics)
    }

    /// Sums the gradients added since the last step over all processes.
    pub(super) fn sum_gradients(&mut self) {
        if !self.processes.is_alone() {
            self.optimiser.sum(&|gradients| self.processes.sum_vectors(gradients));
        }
    }

    /// Applies the mean of the gradients added since the last step, as optimiser step `step`
    /// (from 1) with this learning rate.
    pub fn apply(&mut self, step: u64, rate: f64, timings: &mut Timings) -> Applied {
        let start = Instant::now();
        let network = self.network.take().expect("a network is absent only while a step moves it");
        let (optimiser, average) = (&mut self.optimiser, &mut self.average);
        let (network, applied) = compute(self.isa, || {
            let (network, applied) = optimiser.apply(network, rate, |network, updater| network.map_parameters(updater));
            if let Some(average) = average {
                average.update(step, || network.weights());
            }
            (network, applied)
        });
        self.network = Some(network);
        timings.optimiser += start.elapsed().as_secs_f64();
        applied
    }

    /// The weights to validate and publish: averaged over the last steps, if the run does that.
    pub(super) fn published(&self) -> Result<Cow<'_, Network>, TrainError> {
        let network = self.network();
        match &self.average {
            None => Ok(Cow::Borrowed(network)),
            Some(average) => {
                let averaged = Network::from_weights(network.description(), average.weights(), network.device())?;
                Ok(Cow::Owned(averaged))
            }
        }
    }

    /// The moving average of the weights, if the run has one.
    pub(super) fn average(&self) -> Option<&Weights> {
        self.average.as_ref().map(WeightAverage::weights)
    }

    /// Clears gradients added since the last step.
    pub fn clear(&mut self) {
        self.optimiser.clear();
    }

    /// Weights, optimiser, and the memory of the streams of all processes, which the first one has.
    pub(super) fn state(&self) -> Result<[Weights; 3], TrainError> {
        let network = self.network();
        let memory = |streams: usize| network.carry(streams).to_weights(network.description());
        let own = self.processes.own(self.streams).len();
        let own = self.carry.as_ref().map_or_else(|| memory(own), |carry| carry.to_weights(network.description()));
        if self.processes.is_alone() {
            return Ok([network.weights(), self.optimiser.weights(), own]);
        }
        let values: Vec<f32> = own.iter().flat_map(|(_, array)| &array.data).copied().collect();
        let mut parts = Vec::new();
        if let Some(values) = self.processes.gather(&values)? {
            for (rank, values) in values.into_iter().enumerate() {
                let template = memory(self.processes.part(rank, self.streams).len());
                parts.push(filled(&template, &values)?);
            }
        }
        Ok([network.weights(), self.optimiser.weights(), Carry::join(&parts)])
    }
}

/// Runs `work` with these products on a thread of the pool.
fn compute<R: Send>(isa: Isa, work: impl FnOnce() -> R + Send) -> R {
    in_pool(|| isa.force(work))
}

/// Arrays of the names and shapes of `template` with these values, in its order.
fn filled(template: &Weights, values: &[f32]) -> Result<Weights, ModelError> {
    if template.values() != values.len() {
        let reason = format!("a process's memory has {} values instead of {}", values.len(), template.values());
        return Err(ModelError::Weights(reason));
    }
    let mut rest = values;
    let array = |(name, array): (&str, &Array)| {
        let (data, others) = rest.split_at(array.data.len());
        rest = others;
        (name.to_owned(), Array::new(array.shape.clone(), data.to_vec()))
    };
    Ok(template.iter().map(array).collect())
}
