//! The operations of a network's blocks on tensors that learn.

use crate::Parameters;
use crate::ops::{
    AttentionWeights, FeedForwardWeights, GroupAttentionWeights, copy_features, embed, feed_forward, group_attention,
    layer_norm, linear,
};
use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use leitmotif_model::network::{Attention, Dropout, FeedForward, GroupAttention, Norm, Ops, Weight};
use std::ops::Range;

impl Parameters {
    /// The parameters of a layer's attention.
    pub(crate) fn attention(&self, block: &Attention) -> AttentionWeights {
        let relative = block.relative.as_ref();
        AttentionWeights {
            gamma: self.vector(block.norm.gamma),
            beta: self.shift(&block.norm),
            qkv: self.matrix(block.qkv),
            position: relative.map_or_else(|| self.none([0, 0]), |relative| self.matrix(relative.position)),
            content_bias: relative.map_or_else(|| self.none([0]), |relative| self.vector(relative.content_bias)),
            position_bias: relative.map_or_else(|| self.none([0]), |relative| self.vector(relative.position_bias)),
            output: self.matrix(block.output),
            output_bias: self.vector(block.output_bias),
        }
    }
}

impl Parameters {
    /// The shift of a norm; empty where it has none.
    pub(crate) fn shift(&self, norm: &Norm) -> Tensor<1> {
        norm.beta.map_or_else(|| self.none([0]), |beta| self.vector(beta))
    }

    /// A parameter that is not there.
    fn none<const D: usize>(&self, shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(Vec::<f32>::new(), shape), &self.device().clone().inner())
    }
}

/// Values by row, `[n, columns]`.
pub(crate) fn rows(values: Vec<f32>, columns: usize, device: &Device) -> Tensor<2> {
    let n = values.len() / columns.max(1);
    Tensor::from_data(TensorData::new(values, [n, columns]), device)
}

/// The rows that indices name, one after another; zeros for those below 0.
fn named(x: Tensor<2>, indices: &[i32]) -> Tensor<2> {
    let device = x.device();
    let at: Vec<i32> = indices.iter().map(|&index| index.max(0)).collect();
    let at: Tensor<1, Int> = Tensor::from_data(TensorData::new(at, [indices.len()]), &device);
    let known = indices.iter().map(|&index| if index < 0 { 0.0 } else { 1.0 }).collect();
    x.select(0, at) * rows(known, 1, &device)
}

impl Ops for Parameters {
    type Rows = Tensor<2>;

    fn gather(&self, table: Weight, indices: impl IntoIterator<Item = i32>, [_, k]: [usize; 2]) -> Tensor<2> {
        embed(self.matrix(table), &indices.into_iter().collect::<Vec<_>>(), k, 1.0)
    }

    fn add_gathered(&self, x: Tensor<2>, table: Weight, indices: impl IntoIterator<Item = i32>, k: usize) -> Tensor<2> {
        x + self.gather(table, indices, [0, k])
    }

    fn add_copies(&self, x: Tensor<2>, table: Weight, gains: Weight, indices: &[i32]) -> Tensor<2> {
        x + copy_features(self.matrix(table), self.matrix(gains), indices)
    }

    fn pick(&self, x: &Tensor<2>, indices: impl IntoIterator<Item = i32>, [_, k]: [usize; 2]) -> Tensor<2> {
        embed(x.clone(), &indices.into_iter().collect::<Vec<_>>(), k, 1.0)
    }

    fn pick_greatest(&self, x: &Tensor<2>, indices: impl IntoIterator<Item = i32>, [n, k]: [usize; 2]) -> Tensor<2> {
        /// Below any hidden state.
        const LOWEST: f32 = -1e9;
        let indices: Vec<i32> = indices.into_iter().collect();
        let ([_, width], device) = (x.dims(), x.device());
        let lowered = indices.iter().map(|&index| if index < 0 { LOWEST } else { 0.0 }).collect();
        let lowered = named(x.clone(), &indices) + rows(lowered, 1, &device);
        let greatest = lowered.reshape([n, k, width]).max_dim(1).reshape([n, width]);
        let any = indices.chunks_exact(k).map(|group| if group.iter().all(|&index| index < 0) { 0.0 } else { 1.0 });
        greatest * rows(any.collect(), 1, &device)
    }

    fn pick_beside(&self, x: &Tensor<2>, indices: impl IntoIterator<Item = i32>, [n, k]: [usize; 2]) -> Tensor<2> {
        let [_, width] = x.dims();
        let indices: Vec<i32> = indices.into_iter().collect();
        embed(x.clone().inner(), &indices, 1, 1.0).reshape([n, k * width])
    }

    fn linear(&self, x: &Tensor<2>, map: Weight, bias: Option<Weight>) -> Tensor<2> {
        linear(x.clone(), self.matrix(map), bias.map(|bias| self.vector(bias)))
    }

    fn norm(&self, x: &Tensor<2>, norm: &Norm) -> Tensor<2> {
        layer_norm(x.clone(), self.vector(norm.gamma), self.shift(norm))
    }

    fn feed_forward(&self, x: Tensor<2>, block: &FeedForward, dropouts: [Dropout; 2], residual: bool) -> Tensor<2> {
        let weights = FeedForwardWeights {
            gamma: self.vector(block.norm.gamma),
            beta: self.shift(&block.norm),
            inner: self.matrix(block.inner),
            inner_bias: self.vector(block.inner_bias),
            outer: self.matrix(block.outer),
            outer_bias: self.vector(block.outer_bias),
        };
        let [hidden, output] = dropouts;
        feed_forward(x, &weights, hidden, output, residual)
    }

    fn group_attention(&self, x: Tensor<2>, block: &GroupAttention, offsets: &[usize], dropout: Dropout) -> Tensor<2> {
        let weights = GroupAttentionWeights {
            gamma: self.vector(block.norm.gamma),
            beta: self.shift(&block.norm),
            qkv: self.matrix(block.qkv),
            output: self.matrix(block.output),
            output_bias: self.vector(block.output_bias),
        };
        group_attention(x, offsets, &weights, block.heads, dropout, true)
    }

    fn add(&self, a: Tensor<2>, b: &Tensor<2>) -> Tensor<2> {
        a + b.clone()
    }

    fn add_at(&self, x: Tensor<2>, part: &Tensor<2>, column: usize) -> Tensor<2> {
        let ([n, width], [_, columns]) = (x.dims(), part.dims());
        let zeros = |columns: usize| (columns > 0).then(|| Tensor::zeros([n, columns], &x.device()));
        let padded = [zeros(column), Some(part.clone()), zeros(width - column - columns)];
        x.clone() + Tensor::cat(padded.into_iter().flatten().collect(), 1)
    }

    fn scale(&self, x: Tensor<2>, by: f32) -> Tensor<2> {
        x * by
    }

    fn scale_rows(&self, x: Tensor<2>, by: impl IntoIterator<Item = f32>) -> Tensor<2> {
        let by = rows(by.into_iter().collect(), 1, &x.device());
        x * by
    }

    fn divide(&self, a: Tensor<2>, b: &Tensor<2>, least: f32) -> Tensor<2> {
        a / (b.clone() + least)
    }

    fn columns(&self, x: &Tensor<2>, block: usize, range: Range<usize>) -> Tensor<2> {
        let [n, width] = x.dims();
        if block == width {
            return x.clone().narrow(1, range.start, range.len());
        }
        let blocks = x.clone().reshape([n, width / block, block]).narrow(2, range.start, range.len());
        blocks.reshape([n, width / block * range.len()])
    }

    fn beside(&self, parts: &[Tensor<2>]) -> Tensor<2> {
        Tensor::cat(parts.to_vec(), 1)
    }

    fn softmax(&self, x: Tensor<2>) -> Tensor<2> {
        activation::softmax(x, 1)
    }

    fn mix(&self, weights: &Tensor<2>, values: &Tensor<2>) -> Tensor<2> {
        let ([n, slots], [_, all]) = (weights.dims(), values.dims());
        let weighed = weights.clone().reshape([n, slots, 1]) * values.clone().reshape([n, slots, all / slots]);
        weighed.sum_dim(1).reshape([n, all / slots])
    }

    fn outer(&self, weights: &Tensor<2>, values: &Tensor<2>) -> Tensor<2> {
        let ([n, slots], [_, width]) = (weights.dims(), values.dims());
        let product = weights.clone().reshape([n, slots, 1]) * values.clone().reshape([n, 1, width]);
        product.reshape([n, slots * width])
    }

    fn gru_reset(&self, input: &Tensor<2>, state: &Tensor<2>, residual: &Tensor<2>) -> Tensor<2> {
        let [_, d] = residual.dims();
        activation::sigmoid(input.clone().narrow(1, 0, d) + state.clone().narrow(1, 0, d)) * residual.clone()
    }

    fn gru_update(
        &self,
        input: &Tensor<2>,
        state: &Tensor<2>,
        candidate: &Tensor<2>,
        bias: Weight,
        residual: Tensor<2>,
    ) -> Tensor<2> {
        let [_, d] = residual.dims();
        let update = input.clone().narrow(1, d, d) + state.clone().narrow(1, d, d) + self.matrix(bias);
        let candidate = activation::tanh(input.clone().narrow(1, 2 * d, d) + candidate.clone());
        residual.clone() + activation::sigmoid(update) * (candidate - residual)
    }
}
