//! A network with everything around it: events in, losses and memory out, weights by name.

use crate::Parameters;
use crate::carry::Carry;
use crate::decoder::{self, Conditioning, Forward};
use crate::input_dropout::{copy_dropout, word_dropout};
use crate::latent::{Gaussians, LatentObjective, LatentStep, WholeDivergence};
use crate::losses::{FieldInputs, losses, nll};
use crate::lstm;
use burn::module::{Module, ModuleMapper};
use burn::tensor::{Device, Tensor};
use leitmotif_events::SegmentBars;
use leitmotif_model::network::{Backbone, Blocks, Dropout, LatentReader, Ops, site};
use leitmotif_model::{
    CopyFeatureLayout, CopyFeatures, ModelDescription, ModelError, Posterior, Scorer, ScoringSession, Segment, Weights,
    network,
};
use rayon::prelude::*;
use std::sync::Arc;

/// A trainable network.
#[derive(Debug, Clone)]
pub struct Network {
    description: ModelDescription,
    blocks: Arc<Blocks>,
    parameters: Parameters,
}

/// What one step of training gives.
#[derive(Debug)]
pub struct StepOutput {
    /// To be minimised: the sum of the two below and the latents' part.
    pub loss: Tensor<1>,
    /// Mean nats per counted event.
    pub music_loss: Tensor<1>,
    /// What teaches the compressors; `None` where they learn nothing from this segment.
    pub compression_loss: Option<Tensor<1>>,
    /// The sum over counted events of each field's nats, `[fields]`.
    pub field_nll: Vec<f64>,
    /// The compression loss; 0 where there is none.
    pub compression: f64,
    /// What the latents came to; `None` for a model without.
    pub latent: Option<LatentStep>,
    /// Counted events.
    pub events: usize,
    /// The memory after the step.
    pub carry: Carry,
}

impl StepOutput {
    /// The sum over counted events of all fields' nats.
    pub fn music_nll(&self) -> f64 {
        self.field_nll.iter().sum()
    }
}

/// The place of the field decoders among the sites of dropout.
const FIELDS_PLACE: u64 = 6;
/// The places of word dropout and of copy features' dropout.
const WORDS_PLACE: u64 = 7;
const COPIES_PLACE: u64 = 8;

impl Network {
    /// An untrained network on `device` (an autodiff device for training).
    ///
    /// # Errors
    /// [`ModelError::Config`] if the description is invalid, or of a Markov model.
    pub fn new(description: &ModelDescription, seed: u64, device: &Device) -> Result<Self, ModelError> {
        Self::made(description, network::ParameterBuilder::fresh(seed), device)
    }

    /// A network with these weights.
    ///
    /// # Errors
    /// As [`Self::new`]; [`ModelError::Weights`] if the weights do not fit the description.
    pub fn from_weights(
        description: &ModelDescription,
        weights: &Weights,
        device: &Device,
    ) -> Result<Self, ModelError> {
        Self::made(description, network::ParameterBuilder::of(weights), device)
    }

    fn made(
        description: &ModelDescription,
        mut parameters: network::ParameterBuilder<'_>,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let blocks = Blocks::new(description, &mut parameters)?;
        let parameters = Parameters::new(parameters.finish()?, device);
        Ok(Self { description: description.clone(), blocks: blocks.into(), parameters })
    }

    /// Its architecture and field sizes.
    pub fn description(&self) -> &ModelDescription {
        &self.description
    }

    /// Where it lives.
    pub fn device(&self) -> &Device {
        self.parameters.device()
    }

    /// The number of trainable values.
    pub fn size(&self) -> usize {
        self.parameters.num_params()
    }

    /// All weights by name.
    pub fn weights(&self) -> Weights {
        self.parameters.weights()
    }

    /// The parameters, for visitors.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The same network with its parameters changed.
    pub fn map_parameters<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        Self { parameters: self.parameters.map(mapper), ..self }
    }

    /// The same network without gradients, for evaluation.
    pub fn valid(&self) -> Self {
        Self { parameters: self.parameters.valid(), ..self.clone() }
    }

    /// An empty memory for `streams` pieces.
    pub fn carry(&self, streams: usize) -> Carry {
        Carry::empty(&self.description, streams, self.device())
    }

    /// One segment of training: the loss to call `backward` on, and the memory for the next
    /// segment.
    ///
    /// `seed` names this step's dropout. `carry` must have the segment's number of streams. Latents
    /// are trained by the evidence lower bound.
    pub fn step(&self, carry: Carry, segment: &Segment<'_>, seed: u64) -> StepOutput {
        self.step_towards(carry, segment, seed, LatentObjective::default())
    }

    /// As [`Self::step`], with latents trained by `objective`.
    pub fn step_towards(
        &self,
        carry: Carry,
        segment: &Segment<'_>,
        seed: u64,
        objective: LatentObjective,
    ) -> StepOutput {
        self.shared_step(carry, segment, seed, objective, &|_| ())
    }

    /// As [`Self::step_towards`], with some streams of a batch of which other processes have the
    /// others. All means are over the whole batch: the numbers are of all of it, and the gradients
    /// of all processes' losses add up to those of the whole. `sum` adds numbers up over all
    /// processes, in place; all of them call it equally often, with as many numbers.
    pub fn shared_step(
        &self,
        carry: Carry,
        segment: &Segment<'_>,
        seed: u64,
        objective: LatentObjective,
        sum: &dyn Fn(&mut [f64]),
    ) -> StepOutput {
        let counted = counted(segment);
        let ForwardOutput { forward, copies, gaussians, latents } =
            self.forward(carry, segment, Some((seed, objective)));
        let own = gaussians.zip(segment.bars).map(|(gaussians, bars)| (gaussians.divergence(&bars.shares), bars));
        let mut whole = self.counts(segment, forward.compression_weight, own.as_ref());
        sum(&mut whole);
        let (events, groups, by_dimension) = (whole[0], whole[2], &whole[3..]);
        let reader = self.latent_reader(latents, segment);
        let inputs =
            FieldInputs { targets: segment.targets, counted: &counted, copies: &copies, latents: reader.as_ref() };
        let dropout = Dropout {
            probability: self.description.model.ff_dropout,
            seed: site(seed, self.description.model.layers, FIELDS_PLACE),
        };
        let scale = 1.0 / events.max(1.0) as f32;
        let losses = losses(&self.parameters, &self.blocks.fields, forward.state, inputs, dropout, scale);
        let scalar = |loss: &Tensor<1>| f64::from(loss.clone().inner().into_scalar::<f32>());
        let music = losses.loss;
        let share = forward.compression_weight / whole[1].max(1.0);
        let compression_loss = forward.compression_loss.map(|loss| if share == 1.0 { loss } else { loss * share });
        let mut numbers: Vec<f64> = losses.fields.iter().map(|loss| loss * events).collect();
        numbers.push(compression_loss.as_ref().map_or(0.0, scalar));
        sum(&mut numbers);
        let compression = numbers.pop().unwrap_or_default();
        let mut loss = match compression_loss.clone() {
            Some(compression) => music.clone() + compression,
            None => music.clone(),
        };
        let divergence = WholeDivergence { by_dimension, groups, events };
        if let Some((own, _)) = own {
            loss = loss + divergence.loss(own, objective);
        }
        StepOutput {
            loss,
            music_loss: music,
            compression_loss,
            field_nll: numbers,
            compression,
            latent: self.blocks.latent.is_some().then(|| divergence.step(objective)),
            events: events as usize,
            carry: forward.carry,
        }
    }

    /// What the losses of a step are means over, and what they are sums of: events, the weight of
    /// the compression loss, shares of groups, and the divergence of each dimension of a latent.
    fn counts(&self, segment: &Segment<'_>, weight: f64, own: Option<&(Tensor<2>, &SegmentBars)>) -> Vec<f64> {
        let dimensions = if self.blocks.latent.is_some() { self.description.model.d_latent } else { 0 };
        let groups = own.map_or(0.0, |(_, bars)| f64::from(bars.shares.iter().sum::<f32>()));
        let mut counts = vec![segment.lengths.iter().sum::<usize>() as f64, weight, groups];
        match own {
            Some((own, _)) => counts.extend(own.clone().inner().into_data().iter::<f32>().map(f64::from)),
            None => counts.resize(3 + dimensions, 0.0),
        }
        counts
    }

    /// The states of a segment, the copy features of each field of each target, and the Gaussians
    /// of its groups of bars.
    fn forward(
        &self,
        mut carry: Carry,
        segment: &Segment<'_>,
        training: Option<(u64, LatentObjective)>,
    ) -> ForwardOutput {
        let config = &self.description.model;
        let (p, blocks) = (&self.parameters, &*self.blocks);
        carry.reset(segment.starts, config.kind);
        let mut copies = features(&mut carry, segment, &self.description);
        let (seed, objective) = training.unzip();
        let mut embedded = blocks.fields.embed(p, segment.inputs);
        let (mut gaussians, mut conditioning, mut latents) = (None, None, None);
        let bars = segment.bars.filter(|bars| !bars.keys.is_empty());
        if let Some((latent, bars)) = blocks.latent.as_ref().zip(bars) {
            let encoded = Gaussians::new(latent.encode(p, &blocks.fields, &bars.into(), seed));
            let drawn = encoded.draw(&bars.keys);
            latents = latent.is_read().then(|| of_inputs(p, &drawn, bars));
            let of_bars = p.pick(&drawn, bars.group_of_bar.iter().copied(), [bars.group_of_bar.len(), 1]);
            let layers = latent.conditions(p, of_bars, &bars.classes);
            conditioning = Some(Conditioning { layers, of_input: &bars.of_input });
            gaussians = Some(encoded);
            if let Some((seed, objective)) = seed.zip(objective) {
                embedded = word_dropout(embedded, bars, objective.word_dropout, site(seed, 0, WORDS_PLACE));
                copy_dropout(&mut copies, bars, objective.copy_dropout, site(seed, 0, COPIES_PLACE));
            }
        }
        let forward = match &blocks.backbone {
            Backbone::Decoder(decoder) => decoder::forward(p, decoder, embedded, carry, conditioning, config, seed),
            Backbone::Lstm(network) => lstm::forward(p, network, embedded, carry, config, seed),
        };
        ForwardOutput { forward, copies, gaussians, latents }
    }

    /// What the fields of a segment's targets read from, given the latent of each input.
    fn latent_reader<'a>(
        &'a self,
        latents: Option<Tensor<2>>,
        segment: &Segment<'a>,
    ) -> Option<LatentReader<'a, Parameters>> {
        self.blocks.latent.as_ref()?.reader(latents?, segment.inputs)
    }

    /// The posteriors of a segment's groups of bars; none for a model without latents.
    pub fn posteriors(&self, bars: &SegmentBars) -> Vec<Posterior> {
        let Some(latent) = self.blocks.latent.as_ref().filter(|_| !bars.keys.is_empty()) else {
            return Vec::new();
        };
        Gaussians::new(latent.encode(&self.parameters, &self.blocks.fields, &bars.into(), None)).posteriors()
    }
}

/// What a segment gave.
struct ForwardOutput {
    forward: Forward,
    /// The copy features of each field of each target.
    copies: Vec<Vec<i32>>,
    gaussians: Option<Gaussians>,
    /// The latent of each input, `[streams * segment, d_latent]`, if fields read them.
    latents: Option<Tensor<2>>,
}

/// The latent of each input, zeros where it has none, of those of the groups `[groups, d_latent]`.
fn of_inputs(p: &Parameters, latents: &Tensor<2>, bars: &SegmentBars) -> Tensor<2> {
    let groups = bars.of_input.iter().map(|&bar| usize::try_from(bar).map_or(-1, |bar| bars.group_of_bar[bar]));
    p.pick(latents, groups, [bars.of_input.len(), 1])
}

/// Adds the events of each stream to its copy features, and gives for each field
/// `[events, copies]`, the copy features of the targets.
fn features(carry: &mut Carry, segment: &Segment<'_>, description: &ModelDescription) -> Vec<Vec<i32>> {
    if carry.copies.is_empty() {
        return Vec::new();
    }
    let (plan, k) = (CopyFeatureLayout::new(&description.sizes, &description.given), description.sizes.len());
    let of_stream = |stream: usize, copies: &mut CopyFeatures| {
        let mut rows = vec![Vec::new(); k];
        let events = stream * segment.segment * k..(stream + 1) * segment.segment * k;
        let inputs = segment.inputs[events.clone()].chunks_exact(k);
        for (place, (input, target)) in inputs.zip(segment.targets[events].chunks_exact(k)).enumerate() {
            // What lies beyond a stream's length is padding, and the stream starts anew after it.
            if place < segment.lengths[stream] {
                copies.push(&plan, input);
            }
            for (field, rows) in rows.iter_mut().enumerate() {
                copies.features(&plan, &target[..field], rows);
            }
        }
        rows
    };
    let streams: Vec<Vec<Vec<i32>>> =
        carry.copies.par_iter_mut().enumerate().map(|(stream, copies)| of_stream(stream, copies)).collect();
    (0..k).map(|field| streams.iter().flat_map(|rows| &rows[field]).copied().collect()).collect()
}

/// Which fields of a segment's targets count, `[streams, segment, fields]`.
fn counted(segment: &Segment<'_>) -> Vec<bool> {
    let per_stream = segment.targets.len() / segment.streams.max(1);
    let fields = per_stream / segment.segment.max(1);
    let counts = |&length: &usize| (0..per_stream).map(move |index| index < length * fields);
    let mut counted: Vec<bool> = segment.lengths.iter().flat_map(counts).collect();
    counted.iter_mut().zip(segment.determined).for_each(|(counted, determined)| *counted &= !determined);
    counted
}

impl Scorer for Network {
    fn description(&self) -> &ModelDescription {
        &self.description
    }

    fn scoring_session(&self, streams: usize) -> Box<dyn ScoringSession + '_> {
        let network = self.valid();
        let carry = network.carry(streams);
        Box::new(NetworkScoring { network, carry: Some(carry), posteriors: Vec::new() })
    }
}

struct NetworkScoring {
    network: Network,
    carry: Option<Carry>,
    posteriors: Vec<Posterior>,
}

impl ScoringSession for NetworkScoring {
    fn nll(&mut self, segment: &Segment<'_>) -> Vec<f32> {
        let carry = self.carry.take().unwrap_or_else(|| self.network.carry(segment.streams));
        let ForwardOutput { forward, copies, gaussians, latents } = self.network.forward(carry, segment, None);
        let reader = self.network.latent_reader(latents, segment);
        self.carry = Some(forward.carry);
        self.posteriors = gaussians.map_or_else(Vec::new, |gaussians| gaussians.posteriors());
        let inputs = FieldInputs {
            targets: segment.targets,
            counted: &counted(segment),
            copies: &copies,
            latents: reader.as_ref(),
        };
        nll(&self.network.parameters, &self.network.blocks.fields, forward.state, inputs)
    }

    fn posteriors(&self) -> &[Posterior] {
        &self.posteriors
    }
}
