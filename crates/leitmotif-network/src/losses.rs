//! What a segment's targets cost, field by field.

use crate::Parameters;
use crate::ops::{FieldOutput, GroupOutput, field_loss, field_nll, group_loss, group_nll};
use burn::tensor::Tensor;
use leitmotif_model::network::{Dropout, Fields, Known, LatentReader};
use std::ops::Range;

/// What the fields of a segment's targets are to be predicted from, besides the states.
#[derive(Clone, Copy)]
pub(crate) struct FieldInputs<'a> {
    /// `[n, fields]`.
    pub(crate) targets: &'a [u16],
    /// Which targets count, `[n, fields]`.
    pub(crate) counted: &'a [bool],
    /// The copy features of each field, `[n, copies]`; none without copy features.
    pub(crate) copies: &'a [Vec<i32>],
    /// What they read from latents, if they do.
    pub(crate) latents: Option<&'a LatentReader<'a, Parameters>>,
}

/// What the fields of a segment's targets cost.
#[derive(Debug)]
pub(crate) struct FieldLosses {
    /// The sum over events and fields, times a scale.
    pub(crate) loss: Tensor<1>,
    /// The same of each field, without gradient.
    pub(crate) fields: Vec<f64>,
}

/// The output of one field.
fn output(p: &Parameters, fields: &Fields, field: usize) -> FieldOutput {
    let norm = fields.output_norm(field);
    FieldOutput {
        gamma: p.vector(norm.gamma),
        beta: p.shift(norm),
        table: p.matrix(fields.output),
        bias: p.vector(fields.bias),
        offset: fields.offsets[field],
        size: fields.sizes[field],
    }
}

/// The output of all fields at once.
fn group(p: &Parameters, fields: &Fields) -> GroupOutput {
    let FieldOutput { gamma, beta, table, bias, .. } = output(p, fields, 0);
    GroupOutput { gamma, beta, table, bias, groups: groups(fields) }
}

/// The states `[n, d]` that field after field is read from, given teacher-forced targets.
fn states(
    p: &Parameters,
    fields: &Fields,
    state: Tensor<2>,
    inputs: FieldInputs<'_>,
    dropout: Dropout,
) -> Vec<Tensor<2>> {
    let known = Known { values: inputs.targets, width: fields.sizes.len() };
    let mut sum = state;
    let state = |field: usize| {
        if let Some(before) = field.checked_sub(1) {
            sum = fields.add_known(p, sum.clone(), known, before, field);
        }
        let copies = inputs.copies.get(field).map_or(&[][..], Vec::as_slice);
        let add_latents = |state| match inputs.latents {
            Some(reader) => reader.add_to(p, fields, field, known, state),
            None => state,
        };
        fields.state(p, field, sum.clone(), copies, add_latents, dropout)
    };
    (0..fields.sizes.len()).map(state).collect()
}

/// What the fields cost, from states `[n, d]`; the loss is their sum over events times `scale`.
pub(crate) fn losses(
    p: &Parameters,
    fields: &Fields,
    state: Tensor<2>,
    inputs: FieldInputs<'_>,
    dropout: Dropout,
    scale: f32,
) -> FieldLosses {
    if fields.independent() {
        let (loss, fields) = group_loss(state, &group(p, fields), &classes(inputs, fields.sizes.len()), scale);
        return FieldLosses { loss, fields };
    }
    let device = state.device();
    let states = states(p, fields, state, inputs, dropout).into_iter().enumerate();
    let loss = |(field, state)| match fields.given.contains(&field) {
        true => Tensor::zeros([1], &device),
        false => field_loss(state, &output(p, fields, field), &column(inputs, fields.sizes.len(), field), scale),
    };
    let losses: Vec<Tensor<1>> = states.map(loss).collect();
    let fields = losses.iter().map(|loss| f64::from(loss.clone().inner().into_scalar::<f32>())).collect();
    let loss = losses.into_iter().reduce(|sum, loss| sum + loss).unwrap_or_else(|| Tensor::zeros([1], &device));
    FieldLosses { loss, fields }
}

/// The cost of each field of each event, `[n, fields]`, without gradient.
pub(crate) fn nll(p: &Parameters, fields: &Fields, state: Tensor<2>, inputs: FieldInputs<'_>) -> Vec<f32> {
    let k = fields.sizes.len();
    if fields.independent() {
        return group_nll(state, &group(p, fields), &classes(inputs, k));
    }
    let mut nats = vec![0.0; inputs.targets.len()];
    let states = states(p, fields, state, inputs, Dropout::NONE).into_iter().enumerate();
    for (field, state) in states.filter(|(field, _)| !fields.given.contains(field)) {
        let costs = field_nll(state, &output(p, fields, field), &column(inputs, k, field));
        for (event, cost) in costs.into_iter().enumerate() {
            nats[event * k + field] = cost;
        }
    }
    nats
}

/// The values of each field that are predicted, in the common table: all of the first, all but 0 of
/// the others.
fn groups(fields: &Fields) -> Vec<Range<usize>> {
    let values = fields.offsets.iter().zip(&fields.sizes).enumerate();
    values.map(|(field, (&offset, &size))| offset + usize::from(field > 0)..offset + size).collect()
}

/// The targets of all fields `[n, fields]`, each counted from the first value that is predicted; -1
/// as in [`column`].
fn classes(inputs: FieldInputs<'_>, k: usize) -> Vec<i32> {
    let class = |(index, (&value, &counted)): (usize, (&u16, &bool))| match index % k {
        _ if !counted => -1,
        0 => i32::from(value),
        _ => i32::from(value) - 1,
    };
    inputs.targets.iter().zip(inputs.counted).enumerate().map(class).collect()
}

/// The targets of one field; -1 where it does not count or does not apply.
fn column(inputs: FieldInputs<'_>, k: usize, field: usize) -> Vec<i32> {
    let events = inputs.targets.chunks_exact(k).zip(inputs.counted.chunks_exact(k));
    let target = |(event, counted): (&[u16], &[bool])| match event[field] {
        _ if !counted[field] => -1,
        0 if field > 0 => -1,
        value => i32::from(value),
    };
    events.map(target).collect()
}
