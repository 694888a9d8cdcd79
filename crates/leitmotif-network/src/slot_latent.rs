//! A latent as a small keyed memory: what events write to it and what the fields of later events
//! read from it.
//!
//! In-attention tells a layer of a bar as one vector, out of which a field decoder would have to
//! look up what stands at this place of the bar, for this player. Here a latent's dimensions are
//! `slots` rows of `width`, and field `f` of an event, but the first, has weights over the slots:
//!
//! ```text
//! g_f = softmax(K_f[0, v_0] + ... + K_f[f-1, v_{f-1}] + K_f'[0, p_0] + ... + K_f'[k-1, p_{k-1}] + c_f)
//! ```
//!
//! with the event's earlier fields `v` and the event before it, `p`. The encoder writes with the
//! same weights: the part of slot `j`'s mean and log-variance that field `f` contributes is the
//! mean, weighed by `g_f,j`, of what the group's events say, and slots to which little weight goes
//! stay near the prior. The field decoder reads the slots' mean weighed by `g_f`.

use crate::blocks::fan_in;
use crate::fields::rows;
use crate::init::Init;
use crate::ops::{embed, layer_norm};
use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData, activation};
use leitmotif_events::SegmentBars;
use leitmotif_model::{ModelDescription, SLOT_LEAST};

/// The memory's keys, its writer and its readers.
#[derive(Module, Debug)]
pub(crate) struct SlotLatent {
    /// Of each field but the first, `[values of the earlier fields + all values + 1, slots]`.
    keys: Vec<Param<Tensor<2>>>,
    /// Scale and shift of the layer norm of embedded events.
    gamma: Param<Tensor<1>>,
    beta: Param<Tensor<1>>,
    /// From an encoded and an embedded event to what each field writes,
    /// `[2 d, (fields - 1) * 2 width]`.
    writer: Param<Tensor<2>>,
    /// Of each field but the first, `[width, d]`.
    readers: Vec<Param<Tensor<2>>>,
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
    pub(crate) fn new(description: &ModelDescription, init: &mut Init) -> Self {
        let (config, sizes) = (&description.model, &description.sizes);
        let (d, k, slots) = (config.d_model, sizes.len(), config.latent_slots);
        let (width, values) = (config.slot_width(k), sizes.iter().sum::<usize>());
        let keys = |field: usize, init: &mut Init| {
            let earlier: usize = sizes[..field].iter().sum();
            let mut table = init.normal_values(earlier * slots, KNOWN);
            table.extend(init.normal_values(values * slots, if field == 1 { BEFORE_ALONE } else { BEFORE }));
            table.extend(init.normal_values(slots, PREFERENCE));
            init.given([earlier + values + 1, slots], table)
        };
        let columns = (k - 1) * 2 * width;
        let mut writer = init.normal_values(2 * d * columns, 1.4 * fan_in(2 * d));
        for row in writer.chunks_exact_mut(2 * width) {
            row[width..].iter_mut().for_each(|value| *value *= QUIET);
        }
        Self {
            keys: (1..k).map(|field| keys(field, init)).collect(),
            gamma: init.constant([d], 1.0),
            beta: init.constant([d], 0.0),
            writer: init.given([2 * d, columns], writer),
            readers: (1..k).map(|_| init.normal([width, d], FAINT * fan_in(width))).collect(),
        }
    }

    /// The weights `[n, slots]` of field number `field` (from 1) of `events` `[n, fields]`, each
    /// after an event of `previous`.
    fn weigh(&self, field: usize, events: &[u16], previous: &[u16], sizes: &[usize]) -> Tensor<2> {
        let k = sizes.len();
        let (earlier, values) = (sizes[..field].iter().sum::<usize>() as i32, sizes.iter().sum::<usize>() as i32);
        let mut named = Vec::with_capacity(events.len() / k * (field + k + 1));
        for (now, before) in rows(events, sizes).chunks_exact(k).zip(rows(previous, sizes).chunks_exact(k)) {
            named.extend_from_slice(&now[..field]);
            named.extend(before.iter().map(|row| earlier + row));
            named.push(earlier + values);
        }
        activation::softmax(embed(self.keys[field - 1].val(), &named, field + k + 1, 1.0), 1)
    }

    /// What field number `field` (from 1) of each of the `events` `[n, fields]`, each after an
    /// event of `previous`, reads from `latents` `[n, slots * width]`: `[n, d]`.
    pub(crate) fn read(
        &self,
        field: usize,
        events: &[u16],
        previous: &[u16],
        latents: Tensor<2>,
        sizes: &[usize],
    ) -> Tensor<2> {
        let reader = self.readers[field - 1].val();
        let gate = self.weigh(field, events, previous, sizes);
        let ([n, slots], [width, _]) = (gate.dims(), reader.dims());
        let mixed = gate.reshape([n, slots, 1]) * latents.reshape([n, slots, width]);
        mixed.sum_dim(1).reshape([n, width]).matmul(reader)
    }

    /// What the events of groups write: parts of means and of log-variances, each
    /// `[groups, slots * width]`. `embedded` and `encoded` (and normalised) are `[n, d]`. The event
    /// that opens a group writes nothing, since it is predicted without its latent.
    pub(crate) fn write(
        &self,
        embedded: Tensor<2>,
        encoded: Tensor<2>,
        bars: &SegmentBars,
        sizes: &[usize],
    ) -> [Tensor<2>; 2] {
        let (k, [n, _]) = (sizes.len(), embedded.dims());
        let (groups, device) = (bars.offsets.len() - 1, embedded.device());
        let plain = layer_norm(embedded, self.gamma.val(), self.beta.val());
        let content = Tensor::cat(vec![encoded, plain], 1).matmul(self.writer.val());
        let members = Members::new(&bars.offsets);
        let mut previous = bars.events[..k.min(bars.events.len())].to_vec();
        previous.extend_from_slice(&bars.events[..bars.events.len() - previous.len()]);
        let [slots, width] = [self.keys[0].dims()[1], self.readers[0].dims()[0]];
        let written = (1..k).map(|field| {
            let writes = |event: usize| !members.opens(event) && bars.events[event * k + field] != 0;
            let writes: Vec<f32> = (0..n).map(|event| if writes(event) { 1.0 } else { 0.0 }).collect();
            let writes = Tensor::<2>::from_data(TensorData::new(writes, [n, 1]), &device);
            let gate = self.weigh(field, &bars.events, &previous, sizes) * writes;
            let gate = gate.clone() / (embed(members.sum(gate), &members.group, 1, 1.0) + SLOT_LEAST);
            let content = content.clone().narrow(1, (field - 1) * 2 * width, 2 * width);
            gate.reshape([n, slots, 1]) * content.reshape([n, 1, 2 * width])
        });
        let written = written.reduce(|sum, part| sum + part);
        let written = written.unwrap_or_else(|| Tensor::zeros([n, slots, 2 * width], &device));
        let written = members.sum(written.reshape([n, slots * 2 * width])).reshape([groups, slots, 2 * width]);
        [0, width].map(|from| written.clone().narrow(2, from, width).reshape([groups, slots * width]))
    }
}

/// Which events are of which group.
pub(crate) struct Members {
    /// Of each event, `[n]`.
    group: Vec<i32>,
    /// The events of each group, as many places for each as the longest has, -1 where there is
    /// none.
    pub(crate) events: Vec<i32>,
    pub(crate) longest: usize,
}

impl Members {
    pub(crate) fn new(offsets: &[usize]) -> Self {
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
    pub(crate) fn opens(&self, event: usize) -> bool {
        event == 0 || self.group[event] != self.group[event - 1]
    }

    /// The sums `[groups, width]` of what the events of each group have, `[n, width]`.
    fn sum(&self, values: Tensor<2>) -> Tensor<2> {
        embed(values, &self.events, self.longest, 1.0)
    }
}
