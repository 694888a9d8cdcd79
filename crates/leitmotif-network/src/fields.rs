//! An event's fields, predicted one after another: each from the backbone's state and the fields before it.

use crate::blocks::{FeedForward, fan_in};
use crate::init::Init;
use crate::ops::{Dropout, FieldOutput, embed, feed_forward, field_loss, field_nats, site};
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use leitmotif_model::ModelDescription;

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
    /// One per field.
    norms: Vec<Norm>,
    /// One per field but the first.
    mixers: Vec<FeedForward>,
}

/// The place of field decoding among the sites of dropout.
const PLACE: u64 = 0xF1E1D;

impl Fields {
    pub(crate) fn new(description: &ModelDescription, init: &mut Init) -> Self {
        let (config, sizes) = (&description.model, &description.sizes);
        let (d, values) = (config.d_model, sizes.iter().sum());
        let norm = |init: &mut Init| Norm { gamma: init.constant([d], 1.0), beta: init.constant([d], 0.0) };
        Self {
            embedding: init.normal([values, d], fan_in(d)),
            output: (!config.tied).then(|| init.normal([values, d], fan_in(d))),
            bias: init.constant([values], 0.0),
            norms: sizes.iter().map(|_| norm(init)).collect(),
            mixers: sizes.iter().skip(1).map(|_| FeedForward::new(d, config.d_field, false, 1.0, init)).collect(),
        }
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

    /// The states `[n, d]` that field after field is read from, given teacher-forced `targets` `[n, fields]`.
    fn states(&self, state: Tensor<2>, targets: &[u16], sizes: &[usize], dropout: Dropout) -> Vec<Tensor<2>> {
        let k = sizes.len();
        let mut sum = state.clone();
        let mut states = vec![state];
        for field in 1..k {
            let offset: usize = sizes[..field - 1].iter().sum();
            let indices: Vec<i32> =
                targets.chunks_exact(k).map(|event| (offset + usize::from(event[field - 1])) as i32).collect();
            sum = sum + embed(self.embedding.val(), &indices, 1, 1.0);
            let hidden = Dropout { seed: site(dropout.seed, field, PLACE), ..dropout };
            states.push(feed_forward(sum.clone(), &self.mixers[field - 1].weights(), hidden, Dropout::NONE, true));
        }
        states
    }

    /// The loss of each field (its sum over events times `scale`), from states `[n, d]` and `targets` `[n, fields]`.
    pub(crate) fn losses(
        &self,
        state: Tensor<2>,
        targets: &[u16],
        counted: &[bool],
        sizes: &[usize],
        dropout: Dropout,
        scale: f32,
    ) -> Vec<Tensor<1>> {
        let states = self.states(state, targets, sizes, dropout).into_iter().enumerate();
        let loss =
            |(field, state)| field_loss(state, &self.field(field, sizes), &column(targets, counted, sizes, field), scale);
        states.map(loss).collect()
    }

    /// The cost of each field of each event, `[n, fields]`, without gradient.
    pub(crate) fn nats(&self, state: Tensor<2>, targets: &[u16], counted: &[bool], sizes: &[usize]) -> Vec<f32> {
        let k = sizes.len();
        let mut nats = vec![0.0; targets.len()];
        for (field, state) in self.states(state, targets, sizes, Dropout::NONE).into_iter().enumerate() {
            let costs = field_nats(state, &self.field(field, sizes), &column(targets, counted, sizes, field));
            for (event, cost) in costs.into_iter().enumerate() {
                nats[event * k + field] = cost;
            }
        }
        nats
    }
}

/// The rows of the common table that `values` `[n, fields]` name.
fn rows(values: &[u16], sizes: &[usize]) -> Vec<i32> {
    let offsets: Vec<i32> = sizes
        .iter()
        .scan(0, |sum, &size| {
            let offset = *sum;
            *sum += size as i32;
            Some(offset)
        })
        .collect();
    values
        .chunks_exact(sizes.len())
        .flat_map(|event| event.iter().zip(&offsets).map(|(&value, offset)| offset + i32::from(value)))
        .collect()
}

/// The targets of one field; -1 where the event does not count or the field does not apply.
fn column(targets: &[u16], counted: &[bool], sizes: &[usize], field: usize) -> Vec<i32> {
    let events = targets.chunks_exact(sizes.len()).zip(counted);
    let target = |(event, &counted): (&[u16], &bool)| match event[field] {
        _ if !counted => -1,
        0 if field > 0 => -1,
        value => i32::from(value),
    };
    events.map(target).collect()
}
