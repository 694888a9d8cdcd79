//! A latent as a small keyed memory: what events write to it and what the fields of later events
//! read from it.
//!
//! In-attention conditions a layer on a bar as one vector, out of which a field decoder would have
//! to look up what stands at this place of the bar, for this instrument. Here a latent's dimensions
//! are `slots` rows of `width`, and field `f` of an event, but the first, has weights over the
//! slots:
//!
//! ```text
//! g_f = softmax(c_f + K_f[0, v_0] + ... + K_f[f-1, v_{f-1}] + K_f'[0, p_0] + ... + K_f'[k-1, p_{k-1}])
//! ```
//!
//! with the event's earlier fields `v` and the event before it, `p`. The encoder writes with the
//! same weights: the part of slot `j`'s mean and log-variance that field `f` contributes is the
//! mean, weighed by `g_f,j`, of what the group's events write, and slots to which little weight
//! goes stay near the prior. The field decoder reads the slots' mean weighed by `g_f`.

use super::Ops;
use super::fields::{Fields, Known};
use super::latent::Groups;
use super::parameters::{ParameterBuilder, Weight, fan_in, normal};
use super::sublayers::Norm;
use crate::ModelDescription;

/// Less weight than this in a slot, and its part of the posterior stays near the prior.
pub const SLOT_LEAST: f32 = 0.1;

/// The memory's keys, its writer and its readers.
#[derive(Debug, Clone)]
pub(super) struct SlotLatent {
    /// Of each field but the first, `[values of the earlier fields + all values + 1, slots]`.
    keys: Vec<Weight>,
    /// The layer norm of embedded events.
    norm: Norm,
    /// From an encoded and an embedded event to what each field writes,
    /// `[2 d, (fields - 1) * 2 width]`.
    writer: Weight,
    /// Of each field but the first, `[width, d]`.
    readers: Vec<Weight>,
    width: usize,
}

/// Deviations of fresh keys: of the event's earlier fields, of the event before, of the event
/// before where there is next to nothing else, and of what a field prefers. Sharp enough that
/// events fall into different slots from the first step.
const KNOWN: f32 = 1.5;
const BEFORE: f32 = 0.5;
const BEFORE_ALONE: f32 = 1.0;
const PREFERENCE: f32 = 1.0;
/// How much smaller than means the log-variances that events write begin.
const QUIET: f32 = 0.1;
/// How much smaller than elsewhere readers begin: embeddings and copy features are no larger.
const FAINT: f32 = 0.2;

impl SlotLatent {
    pub(super) fn new(description: &ModelDescription, p: &mut ParameterBuilder<'_>) -> Self {
        let (config, sizes) = (&description.model, &description.sizes);
        let (d, k, slots) = (config.d_model, sizes.len(), config.latent_slots);
        let (width, values) = (config.slot_width(k), sizes.iter().sum::<usize>());
        let columns = (k - 1) * 2 * width;
        // The writer is drawn before the keys.
        let writer = p.map("writer", [2 * d, columns], |draws, n| {
            let mut writer = draws.normal(n, 1.4 * fan_in(2 * d));
            for row in writer.chunks_exact_mut(2 * width) {
                row[width..].iter_mut().for_each(|value| *value *= QUIET);
            }
            writer
        });
        let keys = (1..k).map(|field| {
            let earlier: usize = sizes[..field].iter().sum();
            p.table(format!("keys.{}", field - 1), [earlier + values + 1, slots], |draws, _| {
                let mut table = draws.normal(earlier * slots, KNOWN);
                table.extend(draws.normal(values * slots, if field == 1 { BEFORE_ALONE } else { BEFORE }));
                table.extend(draws.normal(slots, PREFERENCE));
                table
            })
        });
        let keys = keys.collect();
        Self {
            keys,
            norm: Norm::new(config, p),
            writer,
            readers: (1..k)
                .map(|field| p.map(format!("readers.{}", field - 1), [width, d], normal(FAINT * fan_in(width))))
                .collect(),
            width,
        }
    }

    /// The weights `[n, slots]` of field number `field` (from 1) of events of which the earlier
    /// fields are known, each after an event of `previous` `[n, fields]`.
    fn weigh<O: Ops>(&self, ops: &O, fields: &Fields, field: usize, known: Known<'_>, previous: &[u16]) -> O::Rows {
        let k = fields.sizes.len();
        let (earlier, all) = (fields.offsets[field] as i32, fields.sizes.iter().sum::<usize>() as i32);
        let keys = known.first(field).zip(previous.chunks_exact(k)).flat_map(|(now, before)| {
            let before = fields.rows(before, 0).map(move |row| earlier + row);
            std::iter::once(earlier + all).chain(fields.rows(now, 0)).chain(before)
        });
        ops.softmax(ops.gather(self.keys[field - 1], keys, [previous.len() / k, 1 + field + k]))
    }

    /// What field number `field` (from 1) of events reads from `latents` `[n, slots * width]`:
    /// `[n, d]`.
    pub(super) fn read<O: Ops>(
        &self,
        ops: &O,
        fields: &Fields,
        field: usize,
        known: Known<'_>,
        previous: &[u16],
        latents: &O::Rows,
    ) -> O::Rows {
        let weights = self.weigh(ops, fields, field, known, previous);
        ops.linear(&ops.mix(&weights, latents), self.readers[field - 1], None)
    }

    /// What the events of groups write: parts of means and of log-variances, each
    /// `[groups, slots * width]`. `embedded` and `encoded` (and normalised) are `[n, d]`. The event
    /// that opens a group writes nothing, since it is predicted without its latent.
    pub(super) fn write<O: Ops>(
        &self,
        ops: &O,
        fields: &Fields,
        embedded: &O::Rows,
        encoded: O::Rows,
        groups: &Groups<'_>,
    ) -> [O::Rows; 2] {
        let (k, width) = (fields.sizes.len(), self.width);
        let plain = ops.norm(embedded, &self.norm);
        let content = ops.linear(&ops.beside(&[encoded, plain]), self.writer, None);
        let members = Members::new(groups.offsets);
        let mut previous = groups.events[..k.min(groups.events.len())].to_vec();
        previous.extend_from_slice(&groups.events[..groups.events.len() - previous.len()]);
        let known = Known { values: groups.events, width: k };
        let written = (1..k).map(|field| {
            let writes = groups.events.chunks_exact(k).enumerate();
            let writes = writes.map(|(at, event)| if !members.opens(at) && event[field] != 0 { 1.0 } else { 0.0 });
            let weights = ops.scale_rows(self.weigh(ops, fields, field, known, &previous), writes);
            let mass = ops.pick(&members.sum(ops, &weights), members.group.iter().copied(), [members.group.len(), 1]);
            let shares = ops.divide(weights, &mass, SLOT_LEAST);
            let columns = (k - 1) * 2 * width;
            let said = ops.columns(&content, columns, (field - 1) * 2 * width..field * 2 * width);
            ops.outer(&shares, &said)
        });
        // There are at least two fields where latents have slots.
        let written = written.reduce(|sum, part| ops.add(sum, &part)).map(|written| members.sum(ops, &written));
        let written = written.unwrap_or_else(|| ops.columns(&content, 1, 0..1));
        [0..width, width..2 * width].map(|range| ops.columns(&written, 2 * width, range))
    }
}

/// Which events are of which group.
pub(super) struct Members {
    /// Of each event, `[n]`.
    pub(super) group: Vec<i32>,
    /// The events of each group, as many places for each as the longest has, -1 where there is
    /// none.
    pub(super) events: Vec<i32>,
    pub(super) longest: usize,
}

impl Members {
    pub(super) fn new(offsets: &[usize]) -> Self {
        let groups = || offsets.windows(2).map(|pair| pair[0]..pair[1]);
        let longest = groups().map(|group| group.len()).max().unwrap_or(1).max(1);
        let place = |group: &std::ops::Range<usize>, place: usize| match group.start + place {
            event if event < group.end => event as i32,
            _ => -1,
        };
        Self {
            group: groups().enumerate().flat_map(|(index, group)| group.map(move |_| index as i32)).collect(),
            events: groups().flat_map(|group| (0..longest).map(move |index| place(&group, index))).collect(),
            longest,
        }
    }

    /// Whether an event opens its group.
    pub(super) fn opens(&self, event: usize) -> bool {
        event == 0 || self.group[event] != self.group[event - 1]
    }

    /// The sums `[groups, width]` of what the events of each group have, `[n, width]`.
    fn sum<O: Ops>(&self, ops: &O, values: &O::Rows) -> O::Rows {
        ops.pick(values, self.events.iter().copied(), [self.events.len() / self.longest, self.longest])
    }
}
