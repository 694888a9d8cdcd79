//! The parameters of a network as it writes, and the operations on them.

use super::Rows;
use crate::Precision;
use crate::network::{Dropout, FeedForward, GroupAttention, Norm, Ops, Parameter, Use, Weight};
use leitmotif_kernels::gemm::{self, Packed};
use leitmotif_kernels::step::{self, Gru};
use leitmotif_kernels::{LayerNorm, group_attention};
use std::ops::Range;

/// Most rows that one step passes to a linear map: more would be divided among threads, which a
/// step must not do.
pub(crate) const ROWS: usize = 64;

/// All parameters.
#[derive(Debug)]
pub(crate) struct Eager {
    parameters: Vec<Kept>,
}

#[derive(Debug)]
enum Kept {
    Values { values: Vec<f32>, width: usize },
    Map(Packed),
}

impl Eager {
    /// Keeps these parameters, the linear maps in this precision.
    pub(crate) fn new(parameters: Vec<Parameter<'_>>, precision: Precision) -> Self {
        let keep = |parameter: Parameter<'_>| match (parameter.used, &parameter.shape[..]) {
            (Use::Map, &[inputs, outputs]) => {
                Kept::Map(in_precision(Packed::new(&parameter.values, inputs, outputs), precision))
            }
            (_, shape) => {
                let width = shape.last().copied().unwrap_or(1);
                Kept::Values { values: parameter.values.into_owned(), width }
            }
        };
        Self { parameters: parameters.into_iter().map(keep).collect() }
    }

    /// The values of a vector or table.
    pub(crate) fn values(&self, weight: Weight) -> &[f32] {
        self.table(weight).0
    }

    /// The values of a vector or table, and the length of its rows.
    fn table(&self, weight: Weight) -> (&[f32], usize) {
        match &self.parameters[weight.index()] {
            Kept::Values { values, width } => (values, *width),
            Kept::Map(_) => unreachable!("the rows of a linear map are not looked up"),
        }
    }

    fn packed(&self, weight: Weight) -> &Packed {
        match &self.parameters[weight.index()] {
            Kept::Map(packed) => packed,
            Kept::Values { .. } => unreachable!("a table is no linear map"),
        }
    }
}

/// A matrix in a precision.
pub(crate) fn in_precision(packed: Packed, precision: Precision) -> Packed {
    match precision {
        Precision::Single => packed,
        Precision::Half => packed.halved(),
    }
}

/// Maps each row of `x` by a packed matrix.
pub(crate) fn product(x: &Rows, packed: &Packed, bias: Option<&[f32]>) -> Rows {
    let mut y = Rows::any(x.count(), packed.n());
    gemm::with_packed_into(x, packed, bias, x.count(), &mut y);
    y
}

/// Adds `b` to `a`.
pub(crate) fn add(a: &mut [f32], b: &[f32]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
}

/// Adds rows of `table` to the rows of `x`, `k` to each.
fn add_rows(mut x: Rows, (table, width): (&[f32], usize), indices: impl IntoIterator<Item = i32>, k: usize) -> Rows {
    let mut indices = indices.into_iter();
    for x in x.rows_mut() {
        for row in indices.by_ref().take(k).filter_map(|index| usize::try_from(index).ok()) {
            add(x, &table[row * width..(row + 1) * width]);
        }
    }
    x
}

impl Ops for Eager {
    type Rows = Rows;

    fn gather(&self, table: Weight, indices: impl IntoIterator<Item = i32>, [n, k]: [usize; 2]) -> Rows {
        let (values, width) = self.table(table);
        add_rows(Rows::zeros(n, width), (values, width), indices, k)
    }

    fn add_gathered(&self, x: Rows, table: Weight, indices: impl IntoIterator<Item = i32>, k: usize) -> Rows {
        add_rows(x, self.table(table), indices, k)
    }

    fn add_copies(&self, mut x: Rows, table: Weight, gains: Weight, indices: &[i32]) -> Rows {
        let ((values, d), gains) = (self.table(table), self.values(gains));
        let copies = gains.len() / d;
        for (x, indices) in x.rows_mut().zip(indices.chunks_exact(copies)) {
            for (gains, &row) in gains.chunks_exact(d).zip(indices) {
                let Ok(row) = usize::try_from(row) else { continue };
                let values = &values[row * d..(row + 1) * d];
                x.iter_mut().zip(gains.iter().zip(values)).for_each(|(x, (gain, value))| *x += gain * value);
            }
        }
        x
    }

    fn pick(&self, x: &Rows, indices: impl IntoIterator<Item = i32>, [n, k]: [usize; 2]) -> Rows {
        add_rows(Rows::zeros(n, x.width()), (x, x.width()), indices, k)
    }

    fn pick_greatest(&self, x: &Rows, indices: impl IntoIterator<Item = i32>, [n, k]: [usize; 2]) -> Rows {
        let (mut y, mut indices) = (Rows::any(n, x.width()), indices.into_iter());
        for y in y.rows_mut() {
            y.fill(f32::NEG_INFINITY);
            for row in indices.by_ref().take(k).filter_map(|index| usize::try_from(index).ok()) {
                y.iter_mut().zip(x.row(row)).for_each(|(most, &value)| *most = most.max(value));
            }
            if y.first() == Some(&f32::NEG_INFINITY) {
                y.fill(0.0);
            }
        }
        y
    }

    fn pick_beside(&self, x: &Rows, indices: impl IntoIterator<Item = i32>, [n, k]: [usize; 2]) -> Rows {
        let mut y = Rows::any(n, k * x.width());
        for (y, index) in y.chunks_exact_mut(x.width()).zip(indices) {
            match usize::try_from(index) {
                Ok(row) => y.copy_from_slice(x.row(row)),
                Err(_) => y.fill(0.0),
            }
        }
        y
    }

    fn linear(&self, x: &Rows, map: Weight, bias: Option<Weight>) -> Rows {
        product(x, self.packed(map), bias.map(|bias| self.values(bias)))
    }

    fn norm(&self, x: &Rows, norm: &Norm) -> Rows {
        let mut y = Rows::any(x.count(), x.width());
        step::layer_norm(
            x,
            LayerNorm { gamma: self.values(norm.gamma), beta: norm.beta.map_or(&[], |beta| self.values(beta)) },
            &mut y,
        );
        y
    }

    fn feed_forward(&self, mut x: Rows, block: &FeedForward, _: [Dropout; 2], residual: bool) -> Rows {
        let hidden = self.linear(&self.norm(&x, &block.norm), block.inner, Some(block.inner_bias));
        let mut active = Rows::any(x.count(), block.f);
        step::activate(&hidden, block.f, block.glu, &mut active);
        let output = self.linear(&active, block.outer, Some(block.outer_bias));
        if !residual {
            return output;
        }
        add(&mut x, &output);
        x
    }

    fn group_attention(&self, mut x: Rows, block: &GroupAttention, offsets: &[usize], _: Dropout) -> Rows {
        let qkv = self.linear(&self.norm(&x, &block.norm), block.qkv, None);
        let mut mixed = Rows::any(x.count(), x.width());
        group_attention::attend(&qkv, offsets, [block.heads, x.width()], &mut mixed);
        add(&mut x, &self.linear(&mixed, block.output, Some(block.output_bias)));
        x
    }

    fn add(&self, mut a: Rows, b: &Rows) -> Rows {
        add(&mut a, b);
        a
    }

    fn add_at(&self, mut x: Rows, part: &Rows, column: usize) -> Rows {
        x.rows_mut().zip(part.rows()).for_each(|(x, part)| add(&mut x[column..], part));
        x
    }

    fn scale(&self, mut x: Rows, by: f32) -> Rows {
        x.iter_mut().for_each(|value| *value *= by);
        x
    }

    fn scale_rows(&self, mut x: Rows, by: impl IntoIterator<Item = f32>) -> Rows {
        x.rows_mut().zip(by).for_each(|(x, by)| x.iter_mut().for_each(|value| *value *= by));
        x
    }

    fn divide(&self, mut a: Rows, b: &Rows, least: f32) -> Rows {
        a.iter_mut().zip(&**b).for_each(|(a, b)| *a /= b + least);
        a
    }

    fn columns(&self, x: &Rows, block: usize, range: Range<usize>) -> Rows {
        let mut y = Rows::any(x.count(), x.width() / block * range.len());
        let parts = x.chunks_exact(block).map(|block| &block[range.clone()]);
        y.chunks_exact_mut(range.len().max(1)).zip(parts).for_each(|(y, part)| y.copy_from_slice(part));
        y
    }

    fn beside(&self, parts: &[Rows]) -> Rows {
        let n = parts.first().map_or(0, Rows::count);
        let mut y = Rows::any(n, parts.iter().map(Rows::width).sum());
        for (index, y) in y.rows_mut().enumerate() {
            let mut rest = y;
            for part in parts {
                let (to, after) = rest.split_at_mut(part.width());
                to.copy_from_slice(part.row(index));
                rest = after;
            }
        }
        y
    }

    fn softmax(&self, mut x: Rows) -> Rows {
        x.rows_mut().for_each(step::softmax);
        x
    }

    fn mix(&self, weights: &Rows, values: &Rows) -> Rows {
        let width = values.width() / weights.width();
        let mut y = Rows::zeros(weights.count(), width);
        for (y, (weights, values)) in y.rows_mut().zip(weights.rows().zip(values.rows())) {
            for (weight, slot) in weights.iter().zip(values.chunks_exact(width)) {
                y.iter_mut().zip(slot).for_each(|(y, value)| *y += weight * value);
            }
        }
        y
    }

    fn outer(&self, weights: &Rows, values: &Rows) -> Rows {
        let mut y = Rows::any(weights.count(), weights.width() * values.width());
        for (y, (weights, values)) in y.rows_mut().zip(weights.rows().zip(values.rows())) {
            for (y, weight) in y.chunks_exact_mut(values.len()).zip(weights) {
                y.iter_mut().zip(values).for_each(|(y, value)| *y = weight * value);
            }
        }
        y
    }

    fn gru_reset(&self, input: &Rows, state: &Rows, residual: &Rows) -> Rows {
        let mut reset = Rows::any(residual.count(), residual.width());
        let bias = Rows::zeros(1, residual.width());
        step::gru_reset(Gru { input, state, bias: &bias }, residual, &mut reset);
        reset
    }

    fn gru_update(&self, input: &Rows, state: &Rows, candidate: &Rows, bias: Weight, mut residual: Rows) -> Rows {
        step::gru_update(Gru { input, state, bias: self.values(bias) }, candidate, &mut residual);
        residual
    }
}
