//! An event's fields, predicted one after another, each from the backbone's state and the fields
//! before it; or all at once, each from the state alone.

use crate::blocks::{FeedForward, fan_in};
use crate::init::Init;
use crate::latent::LatentReader;
use crate::ops::{
    Dropout, FieldOutput, GroupOutput, copy_features, embed, feed_forward, field_loss, field_nll, group_loss,
    group_nll, site,
};
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use leitmotif_model::{CopyFeatureLayout, FieldDecoding, ModelDescription};
use std::ops::Range;

/// A layer norm's parameters.
#[derive(Module, Debug)]
struct Norm {
    gamma: Param<Tensor<1>>,
    beta: Param<Tensor<1>>,
}

/// The table of all fields' embeddings, and what turns a state into the next event's fields.
#[derive(Module, Debug)]
pub(crate) struct Fields {
    /// A row per value of every field, `[values, d]`.
    embedding: Param<Tensor<2>>,
    /// The same for output, unless tied.
    output: Option<Param<Tensor<2>>>,
    /// A bias per value, `[values]`.
    bias: Param<Tensor<1>>,
    /// One per field, or one for all independent ones.
    norms: Vec<Norm>,
    /// One per field but the first; none where fields are independent.
    mixers: Vec<FeedForward>,
    /// The gains of each field's copy features, `[copies, d]`; none without copy features.
    gains: Vec<Param<Tensor<2>>>,
}

/// What the fields of a segment's targets are to be predicted from, besides the states.
#[derive(Clone, Copy)]
pub(crate) struct FieldInputs<'a> {
    /// `[n, fields]`.
    pub(crate) targets: &'a [u16],
    /// Which targets count, `[n]`.
    pub(crate) counted: &'a [bool],
    /// The copy features of each field, `[n, copies]`; none without copy features.
    pub(crate) copies: &'a [Vec<i32>],
    /// What they read from latents that have slots.
    pub(crate) latents: Option<&'a LatentReader<'a>>,
}

/// What the fields of a segment's targets cost.
#[derive(Debug)]
pub(crate) struct FieldLosses {
    /// The sum over events and fields, times a scale.
    pub(crate) loss: Tensor<1>,
    /// The same of each field, without gradient.
    pub(crate) fields: Vec<f64>,
}

/// The mean and the deviation of fresh gains.
const GAIN: (f32, f32) = (0.5, 0.25);

/// The place of field decoding among the sites of dropout.
const PLACE: u64 = 0xF1E1D;

impl Fields {
    pub(crate) fn new(description: &ModelDescription, init: &mut Init) -> Self {
        let (config, sizes) = (&description.model, &description.sizes);
        let (d, values) = (config.d_model, sizes.iter().sum());
        let plan = CopyFeatureLayout::new(sizes);
        let gains = |field: usize, init: &mut Init| {
            let copies = plan.count(field);
            let values = init.normal_values(copies * d, GAIN.1).into_iter().map(|value| value + GAIN.0).collect();
            init.given([copies, d], values)
        };
        let chained = if config.fields == FieldDecoding::Chained { sizes.len() } else { 1 };
        let norm = |init: &mut Init| Norm { gamma: init.constant([d], 1.0), beta: init.constant([d], 0.0) };
        Self {
            embedding: init.normal([values, d], fan_in(d)),
            output: (!config.tied).then(|| init.normal([values, d], fan_in(d))),
            bias: init.constant([values], 0.0),
            norms: (0..chained).map(|_| norm(init)).collect(),
            mixers: (1..chained).map(|_| FeedForward::new(d, config.d_field, false, 1.0, init)).collect(),
            gains: (0..if config.copy_features { sizes.len() } else { 0 }).map(|field| gains(field, init)).collect(),
        }
    }

    /// The embeddings of all fields' values, `[values, d]`.
    pub(crate) fn table(&self) -> Tensor<2> {
        self.embedding.val()
    }

    /// The embedded events `[events, d]` of `values` `[events, fields]`.
    pub(crate) fn embed(&self, values: &[u16], sizes: &[usize]) -> Tensor<2> {
        embed(self.embedding.val(), &rows(values, sizes), sizes.len(), 1.0)
    }

    fn field(&self, field: usize, sizes: &[usize]) -> FieldOutput {
        FieldOutput {
            gamma: self.norms[field].gamma.val(),
            beta: self.norms[field].beta.val(),
            table: self.output.as_ref().unwrap_or(&self.embedding).val(),
            bias: self.bias.val(),
            offset: sizes[..field].iter().sum(),
            size: sizes[field],
        }
    }

    /// The states `[n, d]` that field after field is read from, given teacher-forced targets.
    fn states(&self, state: Tensor<2>, inputs: FieldInputs<'_>, sizes: &[usize], dropout: Dropout) -> Vec<Tensor<2>> {
        let k = sizes.len();
        let mut sum = state;
        let mut states = Vec::with_capacity(k);
        for field in 0..k {
            if let Some(before) = field.checked_sub(1) {
                let offset: usize = sizes[..before].iter().sum();
                let events = inputs.targets.chunks_exact(k);
                let indices: Vec<i32> = events.map(|event| (offset + usize::from(event[before])) as i32).collect();
                sum = sum + embed(self.embedding.val(), &indices, 1, 1.0);
            }
            let state = match self.gains.get(field) {
                Some(gains) => sum.clone() + copy_features(self.embedding.val(), gains.val(), &inputs.copies[field]),
                None => sum.clone(),
            };
            let state = match inputs.latents.filter(|_| field > 0) {
                Some(reader) => state + reader.read(field, inputs.targets, sizes),
                None => state,
            };
            let hidden = Dropout { seed: site(dropout.seed, field, PLACE), ..dropout };
            states.push(match field.checked_sub(1).map(|index| &self.mixers[index]) {
                Some(mixer) => feed_forward(state, &mixer.weights(), hidden, Dropout::NONE, true),
                None => state,
            });
        }
        states
    }

    /// Whether all fields are read from the state alone.
    fn independent(&self, sizes: &[usize]) -> bool {
        self.norms.len() < sizes.len()
    }

    /// The output of all fields at once.
    fn group(&self, sizes: &[usize]) -> GroupOutput {
        GroupOutput {
            gamma: self.norms[0].gamma.val(),
            beta: self.norms[0].beta.val(),
            table: self.output.as_ref().unwrap_or(&self.embedding).val(),
            bias: self.bias.val(),
            groups: groups(sizes),
        }
    }

    /// What the fields cost, from states `[n, d]`; the loss is their sum over events times `scale`.
    pub(crate) fn losses(
        &self,
        state: Tensor<2>,
        inputs: FieldInputs<'_>,
        sizes: &[usize],
        dropout: Dropout,
        scale: f32,
    ) -> FieldLosses {
        if self.independent(sizes) {
            let (loss, fields) = group_loss(state, &self.group(sizes), &classes(inputs, sizes), scale);
            return FieldLosses { loss, fields };
        }
        let device = state.device();
        let states = self.states(state, inputs, sizes, dropout).into_iter().enumerate();
        let loss = |(field, state)| field_loss(state, &self.field(field, sizes), &column(inputs, sizes, field), scale);
        let losses: Vec<Tensor<1>> = states.map(loss).collect();
        let fields = losses.iter().map(|loss| f64::from(loss.clone().inner().into_scalar::<f32>())).collect();
        let loss = losses.into_iter().reduce(|sum, loss| sum + loss).unwrap_or_else(|| Tensor::zeros([1], &device));
        FieldLosses { loss, fields }
    }

    /// The cost of each field of each event, `[n, fields]`, without gradient.
    pub(crate) fn nll(&self, state: Tensor<2>, inputs: FieldInputs<'_>, sizes: &[usize]) -> Vec<f32> {
        if self.independent(sizes) {
            return group_nll(state, &self.group(sizes), &classes(inputs, sizes));
        }
        let k = sizes.len();
        let mut nats = vec![0.0; inputs.targets.len()];
        for (field, state) in self.states(state, inputs, sizes, Dropout::NONE).into_iter().enumerate() {
            let costs = field_nll(state, &self.field(field, sizes), &column(inputs, sizes, field));
            for (event, cost) in costs.into_iter().enumerate() {
                nats[event * k + field] = cost;
            }
        }
        nats
    }
}

/// Where the values of each field begin in the common table.
fn offsets(sizes: &[usize]) -> impl Iterator<Item = usize> {
    sizes.iter().scan(0, |sum, &size| {
        let offset = *sum;
        *sum += size;
        Some(offset)
    })
}

/// The values of each field that are predicted, in the common table: all of the first, all but 0 of
/// the others.
fn groups(sizes: &[usize]) -> Vec<Range<usize>> {
    let stretch = |(field, (offset, &size)): (usize, (usize, &usize))| offset + usize::from(field > 0)..offset + size;
    offsets(sizes).zip(sizes).enumerate().map(stretch).collect()
}

/// The targets of all fields `[n, fields]`, each counted from the first value that is predicted; -1
/// as in [`column`].
fn classes(inputs: FieldInputs<'_>, sizes: &[usize]) -> Vec<i32> {
    let events = inputs.targets.chunks_exact(sizes.len()).zip(inputs.counted);
    let class = |(field, &value): (usize, &u16)| if field == 0 { i32::from(value) } else { i32::from(value) - 1 };
    let classes = |(event, &counted): (&[u16], &bool)| {
        let classes = event.iter().enumerate().map(class).map(|class| if counted { class } else { -1 });
        classes.collect::<Vec<i32>>()
    };
    events.flat_map(classes).collect()
}

/// The rows of the common table that `values` `[n, fields]` name.
pub(crate) fn rows(values: &[u16], sizes: &[usize]) -> Vec<i32> {
    let offsets: Vec<i32> = offsets(sizes).map(|offset| offset as i32).collect();
    values
        .chunks_exact(sizes.len())
        .flat_map(|event| event.iter().zip(&offsets).map(|(&value, offset)| offset + i32::from(value)))
        .collect()
}

/// The targets of one field; -1 where the event does not count or the field does not apply.
fn column(inputs: FieldInputs<'_>, sizes: &[usize], field: usize) -> Vec<i32> {
    let events = inputs.targets.chunks_exact(sizes.len()).zip(inputs.counted);
    let target = |(event, &counted): (&[u16], &bool)| match event[field] {
        _ if !counted => -1,
        0 if field > 0 => -1,
        value => i32::from(value),
    };
    events.map(target).collect()
}
