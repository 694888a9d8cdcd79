//! Every operation's kernel agrees with its definition, in value and in every gradient.

use burn::tensor::{Device, Tensor, TensorData};
use leitmotif_network::device;
use leitmotif_network::ops::{
    AttentionWeights, Dropout, FeedForwardWeights, FieldOutput, GroupAttentionWeights, GroupOutput, Spans, attention,
    attention_definition, copy_features, copy_features_definition, embed, embed_definition, feed_forward,
    feed_forward_definition, field_loss, field_loss_definition, field_nll, group_attention, group_attention_definition,
    group_loss, group_loss_definition, group_nll, join, join_definition, linear, linear_definition, lstm,
    lstm_definition, reconstruction_loss, reconstruction_loss_definition,
};

fn training() -> Device {
    device("cpu").unwrap().autodiff()
}

/// Reproducible values between -1 and 1.
fn values(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Leaves of the graph, by running number.
struct Leaves {
    device: Device,
    seed: u64,
}

impl Leaves {
    fn new(device: Device) -> Self {
        Self { device, seed: 0 }
    }

    fn next<const D: usize>(&mut self, shape: [usize; D], offset: f32) -> Tensor<D> {
        self.seed += 1;
        let values: Vec<f32> = values(shape.iter().product(), self.seed).iter().map(|v| v * 0.6 + offset).collect();
        let tensor = Tensor::from_data(TensorData::new(values, shape), &self.device);
        if self.device.is_autodiff() { tensor.require_grad() } else { tensor }
    }
}

fn flat<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.inner().into_data().iter::<f32>().collect()
}

fn assert_close(name: &str, kernel: &[f32], definition: &[f32]) {
    assert_eq!(kernel.len(), definition.len(), "{name}");
    let largest = definition.iter().fold(1e-3f32, |largest, value| largest.max(value.abs()));
    let worst = kernel.iter().zip(definition).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= 2e-5 * largest.max(1.0), "{name}: {worst} apart, values up to {largest}");
}

/// A weighted sum, so that every element of a result matters differently.
fn weigh<const D: usize>(result: Tensor<D>) -> Tensor<1> {
    let weights = values(result.dims().iter().product(), 99);
    let shape = result.dims();
    (result.clone() * Tensor::from_data(TensorData::new(weights, shape), &result.device())).sum()
}

macro_rules! compare_gradients {
    ($kernel:expr, $definition:expr, [$($leaf:expr),*]) => {{
        assert_close("value", &flat($kernel.clone()), &flat($definition.clone()));
        let (kernel, definition) = (weigh($kernel).backward(), weigh($definition).backward());
        $(assert_close(
            stringify!($leaf),
            &flat($leaf.grad(&kernel).expect("a gradient of the kernel")),
            &flat($leaf.grad(&definition).expect("a gradient of the definition")),
        );)*
    }};
}

const DROP: Dropout = Dropout { probability: 0.3, seed: 17 };

#[test]
fn embedding() {
    let mut leaves = Leaves::new(training());
    for (rows, d, k, n) in [(9, 5, 3, 4), (4, 16, 1, 7), (30, 33, 6, 1)] {
        let table = leaves.next([rows, d], 0.0);
        let all: Vec<i32> = (0..n * k).map(|i| ((i * 7 + 3) % rows) as i32).collect();
        let some: Vec<i32> = (0..n * k).map(|i| ((i * 7 + 3) % (rows + 1)) as i32 - 1).collect();
        for indices in [all, some, vec![-1; n * k]] {
            compare_gradients!(
                embed(table.clone(), &indices, k, 0.7),
                embed_definition(table.clone(), &indices, k, 0.7),
                [table]
            );
        }
    }
}

#[test]
fn copies() {
    let mut leaves = Leaves::new(training());
    for (rows, d, copies, n) in [(9, 5, 3, 4), (4, 16, 1, 7), (30, 33, 6, 70)] {
        let (table, gains) = (leaves.next([rows, d], 0.0), leaves.next([copies, d], 0.5));
        let indices: Vec<i32> = (0..n * copies).map(|i| ((i * 7 + 3) % (rows + 1)) as i32 - 1).collect();
        compare_gradients!(
            copy_features(table.clone(), gains.clone(), &indices),
            copy_features_definition(table.clone(), gains.clone(), &indices),
            [table, gains]
        );
    }
}

#[test]
fn feed_forwards() {
    let mut leaves = Leaves::new(training());
    for (n, d, f, glu) in [(1, 4, 3, false), (37, 24, 50, false), (130, 16, 20, true)] {
        let wide = if glu { 2 * f } else { f };
        let x = leaves.next([n, d], 0.2);
        let w = FeedForwardWeights {
            gamma: leaves.next([d], 1.0),
            beta: leaves.next([d], 0.0),
            inner: leaves.next([d, wide], 0.0),
            inner_bias: leaves.next([wide], 0.0),
            outer: leaves.next([f, d], 0.0),
            outer_bias: leaves.next([d], 0.0),
        };
        for (hidden, layer, residual) in
            [(Dropout::NONE, Dropout::NONE, true), (DROP, Dropout { seed: 3, ..DROP }, false)]
        {
            compare_gradients!(
                feed_forward(x.clone(), &w, hidden, layer, residual),
                feed_forward_definition(x.clone(), &w, hidden, layer, residual),
                [x, w.gamma, w.beta, w.inner, w.inner_bias, w.outer, w.outer_bias]
            );
        }
    }
}

fn field(leaves: &mut Leaves, values: usize, d: usize, offset: usize, size: usize) -> FieldOutput {
    FieldOutput {
        gamma: leaves.next([d], 1.0),
        beta: leaves.next([d], 0.0),
        table: leaves.next([values, d], 0.0),
        bias: leaves.next([values], 0.0),
        offset,
        size,
    }
}

#[test]
fn field_losses() {
    let mut leaves = Leaves::new(training());
    for (n, d, values, offset, size) in [(1, 4, 5, 0, 5), (40, 24, 60, 7, 50), (300, 16, 9, 8, 1)] {
        let z = leaves.next([n, d], 0.1);
        let output = field(&mut leaves, values, d, offset, size);
        let targets: Vec<i32> = (0..n).map(|i| if i % 5 == 2 { -1 } else { ((i * 11) % size) as i32 }).collect();
        compare_gradients!(
            field_loss(z.clone(), &output, &targets, 0.25),
            field_loss_definition(z.clone(), &output, &targets, 0.25),
            [z, output.gamma, output.beta, output.table, output.bias]
        );
        let nats = field_nll(z.clone(), &output, &targets);
        assert!(nats.iter().zip(&targets).all(|(nats, target)| (*target == -1) == (*nats == 0.0) || size == 1));
        let sum = nats.iter().sum::<f32>() * 0.25;
        assert_close("nats", &[sum], &flat(field_loss_definition(z, &output, &targets, 0.25)));
    }
}

#[test]
fn group_losses() {
    let mut leaves = Leaves::new(training());
    let rolls = (0..12).map(|field| 3 * field + usize::from(field > 0)..3 * field + 3).collect();
    for (n, d, values, groups) in
        [(1, 4, 5, vec![0..2, 3..5]), (40, 24, 60, vec![0..7, 7..7, 8..9, 20..60]), (300, 16, 36, rolls)]
    {
        let z = leaves.next([n, d], 0.1);
        let FieldOutput { gamma, beta, table, bias, .. } = field(&mut leaves, values, d, 0, values);
        let output = GroupOutput { gamma, beta, table, bias, groups };
        let class = |row: usize| {
            let of_group = move |(group, length): (usize, usize)| match (row + group) % 5 == 2 || length == 0 {
                true => -1,
                false => ((row * 11 + group) % length) as i32,
            };
            output.groups.iter().map(|group| group.len()).enumerate().map(of_group).collect::<Vec<i32>>()
        };
        let classes: Vec<i32> = (0..n).flat_map(class).collect();
        compare_gradients!(
            group_loss(z.clone(), &output, &classes, 0.25).0,
            group_loss_definition(z.clone(), &output, &classes, 0.25).0,
            [z, output.gamma, output.beta, output.table, output.bias]
        );
        let nats = group_nll(z.clone(), &output, &classes);
        let (_, defined) = group_loss_definition(z.clone(), &output, &classes, 0.25);
        let untracked = group_loss(z.clone().inner(), &without_gradient(&output), &classes, 0.25);
        let (_, tracked) = group_loss(z, &output, &classes, 0.25);
        for (group, defined) in defined.iter().enumerate() {
            let sum = nats[group..].iter().step_by(output.groups.len()).sum::<f32>() * 0.25;
            let found = [sum, tracked[group] as f32, untracked.1[group] as f32];
            assert_close("nats of a group", &found, &[*defined as f32; 3]);
        }
        assert!(nats.iter().zip(&classes).all(|(nats, class)| *class >= 0 || *nats == 0.0));
    }
}

fn without_gradient(output: &GroupOutput) -> GroupOutput {
    let GroupOutput { gamma, beta, table, bias, groups } = output.clone();
    let (gamma, beta) = (gamma.inner(), beta.inner());
    GroupOutput { gamma, beta, table: table.inner(), bias: bias.inner(), groups }
}

fn attention_weights(leaves: &mut Leaves, d: usize) -> AttentionWeights {
    AttentionWeights {
        gamma: leaves.next([d], 1.0),
        beta: leaves.next([d], 0.0),
        qkv: leaves.next([d, 3 * d], 0.0),
        position: leaves.next([d, d], 0.0),
        content_bias: leaves.next([d], 0.0),
        position_bias: leaves.next([d], 0.0),
        output: leaves.next([d, d], 0.0),
        output_bias: leaves.next([d], 0.0),
    }
}

#[test]
fn attentions() {
    let mut leaves = Leaves::new(training());
    let spans = |compressed: usize, memory: usize, filled: &[(usize, usize)]| Spans {
        compressed,
        memory,
        filled_compressed: filled.iter().map(|f| f.0).collect(),
        filled_memory: filled.iter().map(|f| f.1).collect(),
    };
    let cases = [
        (1, 4, 2, spans(0, 0, &[(0, 0)])),
        (7, 12, 3, spans(0, 0, &[(0, 0), (0, 0)])),
        (5, 16, 2, spans(0, 9, &[(0, 9), (0, 4), (0, 0)])),
        (19, 24, 4, spans(3, 5, &[(3, 5), (0, 2), (1, 5)])),
        (33, 32, 4, spans(20, 17, &[(20, 17), (11, 17)])),
        (3, 8, 1, spans(6, 0, &[(6, 0), (2, 0)])),
    ];
    for (segment, d, heads, spans) in cases {
        let streams = spans.filled_memory.len();
        let x = leaves.next([streams, segment, d], 0.1);
        let context = (spans.context() > 0).then(|| leaves.next([streams, spans.context(), d], 0.0).inner());
        let w = attention_weights(&mut leaves, d);
        for (probabilities, layer, residual) in
            [(Dropout::NONE, Dropout::NONE, true), (DROP, Dropout { seed: 3, ..DROP }, false)]
        {
            compare_gradients!(
                attention(x.clone(), context.clone(), &spans, &w, heads, probabilities, layer, residual),
                attention_definition(x.clone(), context.clone(), &spans, &w, heads, probabilities, layer, residual),
                [x, w.gamma, w.beta, w.qkv, w.position, w.content_bias, w.position_bias, w.output, w.output_bias]
            );
        }
    }
}

#[test]
fn group_attentions() {
    let mut leaves = Leaves::new(training());
    let cases: [(usize, usize, &[usize]); 5] = [
        (4, 2, &[0, 1]),
        (12, 3, &[0, 1, 2, 9]),
        (7, 1, &[0, 5, 40]),
        (24, 4, &[0, 3, 4, 40, 73, 90]),
        (32, 4, &[0, 150]),
    ];
    for (d, heads, offsets) in cases {
        let x = leaves.next([*offsets.last().unwrap(), d], 0.1);
        let w = GroupAttentionWeights {
            gamma: leaves.next([d], 1.0),
            beta: leaves.next([d], 0.0),
            qkv: leaves.next([d, 3 * d], 0.0),
            output: leaves.next([d, d], 0.0),
            output_bias: leaves.next([d], 0.0),
        };
        for (layer, residual) in [(Dropout::NONE, true), (DROP, false), (Dropout::NONE, false), (DROP, true)] {
            compare_gradients!(
                group_attention(x.clone(), offsets, &w, heads, layer, residual),
                group_attention_definition(x.clone(), offsets, &w, heads, layer, residual),
                [x, w.gamma, w.beta, w.qkv, w.output, w.output_bias]
            );
        }
    }
}

#[test]
fn reconstruction_losses() {
    let mut leaves = Leaves::new(training());
    let cases = [
        ([1, 4, 1, 1, 1], &[1][..]),
        ([7, 12, 3, 9, 4], &[9, 4, 0]),
        ([5, 16, 2, 6, 6], &[6, 1, 5]),
        ([40, 24, 4, 50, 3], &[50, 0, 17, 49]),
        ([3, 8, 1, 5, 1], &[2, 5]),
        ([4, 8, 2, 5, 2], &[0, 0]),
    ];
    for ([segment, d, heads, states, ratio], filled) in cases {
        let streams = filled.len();
        let x = leaves.next([streams, segment, d], 0.1);
        let evicted = leaves.next([streams, states, d], 0.0).inner();
        let compressed = leaves.next([streams, states.div_ceil(ratio), d], 0.0);
        let w = attention_weights(&mut leaves, d);
        let filled: Vec<(usize, usize)> =
            filled.iter().map(|&filled: &usize| (filled, filled.div_ceil(ratio))).collect();
        let loss = |op: fn(_, _, _, &[(usize, usize)], &_, _) -> Tensor<1>| {
            // Means are small; their sums are compared.
            op(x.clone(), evicted.clone(), compressed.clone(), &filled, &w, heads) * (segment * d) as f32
        };
        compare_gradients!(loss(reconstruction_loss), loss(reconstruction_loss_definition), [compressed]);
        let tracked = reconstruction_loss(x.clone(), evicted.clone(), compressed.clone(), &filled, &w, heads);
        let gradients = tracked.backward();
        assert!(x.grad(&gradients).is_none() && w.qkv.grad(&gradients).is_none() && w.gamma.grad(&gradients).is_none());
    }
}

#[test]
fn linear_maps() {
    let mut leaves = Leaves::new(training());
    for [n, k, m] in [[1, 3, 5], [7, 20, 4], [300, 33, 50]] {
        let (x, w, bias) = (leaves.next([n, k], 0.0), leaves.next([k, m], 0.0), leaves.next([m], 0.1));
        compare_gradients!(
            linear(x.clone(), w.clone(), Some(bias.clone())),
            linear_definition(x.clone(), w.clone(), Some(bias.clone())),
            [x, w, bias]
        );
        let detached = x.clone().inner();
        compare_gradients!(
            linear(detached.clone(), w.clone(), None),
            linear_definition(Tensor::from_inner(detached.clone()), w.clone(), None),
            [w]
        );
    }
}

#[test]
fn joins() {
    let mut leaves = Leaves::new(training());
    let (a, b) = (leaves.next([3, 5, 4], 0.0), leaves.next([3, 2, 4], 0.0).inner());
    for stretches in
        [vec![(&a, 1..4)], vec![(&b, 0..2), (&a, 3..3), (&a, 0..5)], vec![(&a, 4..5), (&b, 1..2), (&a, 2..4)]]
    {
        let (kernel, definition) = (join(&stretches), join_definition(&stretches));
        assert_eq!((kernel.dims(), flat(kernel)), (definition.dims(), flat(definition)));
    }
}

#[test]
fn lstms() {
    let mut leaves = Leaves::new(training());
    for (streams, segment, d, h) in [(1, 1, 3, 2), (5, 9, 8, 16), (3, 20, 33, 7)] {
        let x = leaves.next([streams, segment, d], 0.0);
        let state = leaves.next([streams, 2, h], 0.0).inner();
        let (input, recurrent) = (leaves.next([d, 4 * h], 0.0), leaves.next([h, 4 * h], 0.0));
        let bias = leaves.next([4 * h], 0.0);
        let args = || (x.clone(), state.clone(), input.clone(), recurrent.clone(), bias.clone());
        let ((a, b, c, d, e), (f, g, i, j, k)) = (args(), args());
        let (kernel, definition) = (lstm(a, b, c, d, e), lstm_definition(f, g, i, j, k));
        assert_close("last state", &flat(kernel.1), &flat(definition.1));
        compare_gradients!(kernel.0, definition.0, [x, input, recurrent, bias]);
    }
}

#[test]
fn without_gradients_the_values_are_the_same() {
    let (plain, tracked) = (device("cpu").unwrap(), training());
    let run = |device: Device| {
        let mut leaves = Leaves::new(device);
        let x = leaves.next([40, 24], 0.1);
        let output = field(&mut leaves, 30, 24, 3, 20);
        let targets: Vec<i32> = (0..40).map(|i| i % 20).collect();
        flat(field_loss(x, &output, &targets, 1.0))
    };
    assert_close("loss", &run(plain), &run(tracked));
}
