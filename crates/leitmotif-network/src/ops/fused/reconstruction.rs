//! The kernel of [`crate::ops::reconstruction_loss`].

use super::{Input, is_tracked, leaf, node};
use crate::ops::AttentionWeights;
use burn::tensor::Tensor;
use leitmotif_kernels::LayerNorm;
use leitmotif_kernels::reconstruction::{self as kernel, Shape, Weights};

pub(crate) fn reconstruction_loss(
    queries: &Tensor<3>,
    evicted: &Tensor<3>,
    compressed: &Tensor<3>,
    filled: &[(usize, usize)],
    w: &AttentionWeights,
    heads: usize,
) -> Option<Tensor<1>> {
    let ([batch, segment, _], [_, states, _], [_, groups, _]) = (queries.dims(), evicted.dims(), compressed.dims());
    let (x, evicted, compressed) = (Input::new(queries)?, Input::new(evicted)?, Input::new(compressed)?);
    let (gamma, beta, w_qkv) = (Input::new(&w.gamma)?, Input::new(&w.beta)?, Input::new(&w.qkv)?);
    let (filled_evicted, filled_compressed): (Vec<usize>, Vec<usize>) = filled.iter().copied().unzip();
    let input = kernel::Input {
        shape: Shape { batch, segment, evicted: states, compressed: groups, heads },
        x: x.slice(),
        evicted: evicted.slice(),
        compressed: compressed.slice(),
        filled_evicted: &filled_evicted,
        filled_compressed: &filled_compressed,
    };
    let norm = LayerNorm { gamma: gamma.slice(), beta: beta.slice() };
    let trained = kernel::train(&input, &Weights { norm, w_qkv: w_qkv.slice() });
    if !is_tracked(&[&compressed]) {
        return Some(leaf(vec![trained.loss], [1]));
    }
    Some(node(vec![trained.loss], [1], [&compressed], move |received| {
        [trained.compressed.iter().map(|value| value * received[0]).collect()]
    }))
}
