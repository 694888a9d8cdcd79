//! The products of [`crate::ops::linear`].

use super::{Input, is_tracked, leaf, node, slice};
use burn::tensor::Tensor;
use leitmotif_kernels::gemm;

pub(crate) fn linear(x: &Tensor<2>, w: &Tensor<2>, bias: Option<&Tensor<1>>) -> Option<Tensor<2>> {
    let ([n, k], [_, m]) = (x.dims(), w.dims());
    let bias = match bias {
        Some(bias) => Input::new(bias)?,
        None => Input::new(&leaf::<1>(Vec::new(), [0]))?,
    };
    let (x, w) = (Input::new(x)?, Input::new(w)?);
    let has_bias = !bias.slice().is_empty();
    let y = gemm::nn(x.slice(), w.slice(), has_bias.then(|| bias.slice()), [n, k, m]);
    let inputs = [&x, &w, &bias];
    if !is_tracked(&inputs) {
        return Some(leaf(y, [n, m]));
    }
    let (leads_back, data) = (is_tracked(&[&x]), [x.data(), w.data()]);
    Some(node(y, [n, m], inputs, move |dy| {
        let [x, w] = data.each_ref().map(slice);
        let dx = if leads_back { gemm::nt(dy, w, None, [n, m, k]) } else { Vec::new() };
        let mut bias = vec![0.0; if has_bias { m } else { 0 }];
        if has_bias {
            dy.chunks_exact(m).for_each(|dy| bias.iter_mut().zip(dy).for_each(|(sum, dy)| *sum += dy));
        }
        [dx, gemm::tn(x, dy, [n, k, m]), bias]
    }))
}
