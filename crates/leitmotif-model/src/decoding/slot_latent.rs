//! A latent as a small keyed memory: what events write to it and what the fields of later events
//! read from it.
//!
//! A latent's dimensions are divided into slots. Field `f` of an event, but the first, has weights
//! over the slots that depend on the event's earlier fields and on the event before it. With the
//! same weights what the encoder knows of the event is written, and what helps to predict the field
//! is read.

use super::dense::{Dense, Norm, add};
use crate::{ModelDescription, ModelError, Weights};

/// Less weight than this in a slot, and its part of the posterior stays near the prior.
pub const SLOT_LEAST: f32 = 0.1;

/// The memory's keys, its writer and its readers.
#[derive(Debug)]
pub(super) struct SlotLatent {
    slots: usize,
    width: usize,
    d: usize,
    /// Where each field's rows begin in the common table, and at last how many there are.
    offsets: Vec<usize>,
    /// Of each field but the first, `[values of the earlier fields + all values + 1, slots]`.
    keys: Vec<Vec<f32>>,
    norm: Norm,
    /// From an encoded and an embedded event, `[2 d]`, to what each field writes,
    /// `[(fields - 1) * 2 width]`.
    writer: Dense,
    /// Of each field but the first, from `[width]` to `[d]`.
    readers: Vec<Dense>,
}

impl SlotLatent {
    /// Loads the memory, if the model's latents have slots.
    pub(super) fn load(weights: &Weights, description: &ModelDescription) -> Result<Option<Self>, ModelError> {
        let (config, sizes) = (&description.model, &description.sizes);
        let (d, slots, k) = (config.d_model, config.latent_slots, sizes.len());
        if slots == 0 {
            return Ok(None);
        }
        let width = config.slot_width(k);
        let offsets: Vec<usize> = (0..=k).map(|field| sizes[..field].iter().sum()).collect();
        let keys = |field: usize| {
            let shape = [offsets[field] + offsets[k] + 1, slots];
            weights.shaped(&format!("latent.slots.keys.{}", field - 1), &shape).map(<[f32]>::to_vec)
        };
        let reader = |field| Dense::load(weights, &format!("latent.slots.readers.{field}"), None, [width, d]);
        Ok(Some(Self {
            slots,
            width,
            d,
            keys: (1..k).map(keys).collect::<Result<_, _>>()?,
            norm: Norm::load(weights, "latent.slots", d)?,
            writer: Dense::load(weights, "latent.slots.writer", None, [2 * d, (k - 1) * 2 * width])?,
            readers: (0..k - 1).map(reader).collect::<Result<_, _>>()?,
            offsets,
        }))
    }

    /// Writes to `gate` `[slots]` the weights of field number `field` (from 1) of an event, given
    /// its `earlier` fields and the event before.
    fn weigh(&self, field: usize, earlier: &[u16], previous: &[u16], gate: &mut [f32]) {
        let (keys, values) = (&self.keys[field - 1], self.offsets[self.offsets.len() - 1]);
        let row = |index: usize| &keys[index * self.slots..(index + 1) * self.slots];
        gate.copy_from_slice(row(self.offsets[field] + values));
        for (offset, &value) in self.offsets.iter().zip(earlier) {
            add(gate, row(offset + usize::from(value)));
        }
        for (offset, &value) in self.offsets.iter().zip(previous) {
            add(gate, row(self.offsets[field] + offset + usize::from(value)));
        }
        let most = gate.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        gate.iter_mut().for_each(|value| *value = (*value - most).exp());
        let sum: f32 = gate.iter().sum();
        gate.iter_mut().for_each(|value| *value /= sum);
    }

    /// Adds to the state `z` `[d]` what field number `field` (from 1) reads from a `latent`.
    pub(super) fn read(
        &self,
        field: usize,
        earlier: &[u16],
        previous: &[u16],
        latent: &[f32],
        z: &mut [f32],
        scratch: &mut Vec<f32>,
    ) {
        scratch.clear();
        scratch.resize(self.slots + self.width + self.d, 0.0);
        let (gate, rest) = scratch.split_at_mut(self.slots);
        let (mixed, read) = rest.split_at_mut(self.width);
        self.weigh(field, earlier, previous, gate);
        for (weight, slot) in gate.iter().zip(latent.chunks_exact(self.width)) {
            mixed.iter_mut().zip(slot).for_each(|(mixed, value)| *mixed += weight * value);
        }
        self.readers[field - 1].apply(mixed, read);
        add(z, read);
    }

    /// What a group's `events` `[n, fields]` write, `[2 * slots * width]`: parts of means, then of
    /// log-variances. `embedded` and `encoded` (and normalised) are `[n, d]`. The event that opens
    /// the group writes nothing, since it is predicted without its latent.
    pub(super) fn write(&self, events: &[u16], embedded: &[f32], encoded: &[f32]) -> Vec<f32> {
        let (k, d, n) = (self.offsets.len() - 1, self.d, embedded.len() / self.d);
        let mut both = vec![0.0; n * 2 * d];
        for (index, both) in both.chunks_exact_mut(2 * d).enumerate() {
            let row = index * d..(index + 1) * d;
            both[..d].copy_from_slice(&encoded[row.clone()]);
            self.norm.apply(&embedded[row], &mut both[d..]);
        }
        let mut content = vec![0.0; n * (k - 1) * 2 * self.width];
        self.writer.apply(&both, &mut content);
        let (mut written, mut gates) = (vec![0.0; 2 * self.slots * self.width], vec![0.0; n * self.slots]);
        for field in 1..k {
            let mut mass = vec![SLOT_LEAST; self.slots];
            let writes = |index: usize| index > 0 && events[index * k + field] != 0;
            for (index, gate) in gates.chunks_exact_mut(self.slots).enumerate().filter(|(index, _)| writes(*index)) {
                let (event, previous) = (&events[index * k..], &events[(index - 1) * k..index * k]);
                self.weigh(field, &event[..field], previous, gate);
                add(&mut mass, gate);
            }
            for (index, gate) in gates.chunks_exact(self.slots).enumerate().filter(|(index, _)| writes(*index)) {
                let from = (index * (k - 1) + field - 1) * 2 * self.width;
                let (mean, spread) = content[from..from + 2 * self.width].split_at(self.width);
                let (means, spreads) = written.split_at_mut(self.slots * self.width);
                for (slot, (weight, mass)) in gate.iter().zip(&mass).enumerate() {
                    let share = weight / mass;
                    let at = slot * self.width..(slot + 1) * self.width;
                    means[at.clone()].iter_mut().zip(mean).for_each(|(sum, value)| *sum += share * value);
                    spreads[at].iter_mut().zip(spread).for_each(|(sum, value)| *sum += share * value);
                }
            }
        }
        written
    }
}
