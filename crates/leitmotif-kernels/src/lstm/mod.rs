//! A layer of long short-term memory (Hochreiter and Schmidhuber 1997; with forget gate, Gers et
//! al. 2000).
//!
//! The input's part of the gates is one product over all positions; then groups of sequences walk
//! through time, each on one thread. Gates stand in the order input, forget, candidate, output.

mod cell;

use crate::gemm::{self, Packed, Start};
use crate::isa::Isa;
use crate::pool::{self, Buf};
use crate::rows::add_columns;
use cell::{step, step_backward};
use rayon::prelude::*;

/// Parameters of the layer.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// `[inputs, 4 width]`
    pub w_ih: &'a [f32],
    /// `[width, 4 width]`
    pub w_hh: &'a [f32],
    /// `[4 width]`
    pub b: &'a [f32],
}

/// Output and cell between two positions, each `[batch, width]`.
#[derive(Clone, Copy, Debug)]
pub struct State<'a> {
    /// Output.
    pub h: &'a [f32],
    /// Cell.
    pub c: &'a [f32],
}

/// What [`forward`] returns.
#[derive(Debug)]
pub struct Output {
    /// `[batch, segment, width]`
    pub y: Vec<f32>,
    /// Output after the last position, `[batch, width]`.
    pub h: Vec<f32>,
    /// Cell after the last position, `[batch, width]`.
    pub c: Vec<f32>,
    /// What [`backward`] needs.
    pub saved: Saved,
}

/// What the backward pass needs of the forward pass.
#[derive(Debug)]
pub struct Saved {
    /// Activated gates, `[batch, segment, 4 width]`.
    gates: Buf,
    /// Cells after each position, `[batch, segment, width]`.
    cells: Buf,
    /// Outputs before each position, `[batch, segment, width]`.
    before: Buf,
}

/// Gradients, each shaped as what it belongs to.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Gradients {
    pub x: Vec<f32>,
    pub h: Vec<f32>,
    pub c: Vec<f32>,
    pub w_ih: Vec<f32>,
    pub w_hh: Vec<f32>,
    pub b: Vec<f32>,
}

/// Sequences of a task.
const GROUP: usize = 8;

/// Sizes of one call.
#[derive(Clone, Copy)]
struct Sizes {
    segment: usize,
    inputs: usize,
    width: usize,
}

impl Sizes {
    fn of(x: &[f32], batch: usize, start: State<'_>, w: &Weights<'_>) -> Self {
        let width = w.b.len() / 4;
        assert!(batch > 0 && width > 0 && w.b.len() == 4 * width, "b is [4 width]");
        let inputs = w.w_ih.len() / (4 * width);
        assert!(inputs > 0 && w.w_ih.len() == inputs * 4 * width, "w_ih is [inputs, 4 width]");
        assert_eq!(w.w_hh.len(), width * 4 * width, "w_hh is [width, 4 width]");
        assert_eq!([start.h.len(), start.c.len()], [batch * width; 2], "the state is [batch, width]");
        let segment = x.len() / (batch * inputs);
        assert!(segment > 0 && x.len() == batch * segment * inputs, "x is [batch, segment, inputs]");
        Self { segment, inputs, width }
    }
}

/// Runs `x[batch, segment, inputs]` through the layer from the state `start`.
///
/// # Panics
/// If the sizes do not fit.
#[must_use]
pub fn forward(x: &[f32], batch: usize, start: State<'_>, w: &Weights<'_>) -> Output {
    let isa = Isa::current();
    let Sizes { segment, inputs, width } = Sizes::of(x, batch, start, w);
    let rows = batch * segment;
    let mut gates = pool::take(rows * 4 * width);
    gemm::with_packed_into(x, &Packed::new(w.w_ih, inputs, 4 * width), Some(w.b), rows, &mut gates);
    let packed = Packed::new(w.w_hh, width, 4 * width);
    let (mut cells, mut before) = (pool::take(rows * width), pool::take(rows * width));
    let mut y = pool::zeros(rows * width);
    let group = GROUP * segment * width;
    gates
        .par_chunks_mut(4 * group)
        .zip(cells.par_chunks_mut(group).zip(before.par_chunks_mut(group)))
        .zip(y.par_chunks_mut(group).zip(start.h.par_chunks(GROUP * width).zip(start.c.par_chunks(GROUP * width))))
        .for_each(|((gates, (cells, before)), (y, (h, c)))| {
            let sequences = h.len() / width;
            for (before, h) in before.chunks_mut(segment * width).zip(h.chunks(width)) {
                before[..width].copy_from_slice(h);
            }
            for t in 0..segment {
                let gates_now = &mut gates[t * 4 * width..];
                let out_before = &before[t * width..];
                packed.product(sequences, out_before, segment * width, gates_now, segment * 4 * width, Start::Add);
                for b in 0..sequences {
                    let at = (b * segment + t) * width;
                    let (past, now) = cells.split_at_mut(at);
                    let past = if t == 0 { &c[b * width..(b + 1) * width] } else { &past[at - width..] };
                    let out = &mut y[at..at + width];
                    step(isa, &mut gates[4 * at..4 * (at + width)], past, &mut now[..width], out);
                    if t + 1 < segment {
                        before[at + width..at + 2 * width].copy_from_slice(out);
                    }
                }
            }
        });
    let last = |from: &[f32]| -> Vec<f32> {
        from.chunks(segment * width).flat_map(|x| &x[(segment - 1) * width..]).copied().collect()
    };
    Output { h: last(&y), c: last(&cells), y, saved: Saved { gates, cells, before } }
}

/// Gradients from `dy[batch, segment, width]` and, where there is one, that of the state after the
/// last position; the other arguments are those of the forward pass.
///
/// # Panics
/// If the sizes do not fit.
#[must_use]
pub fn backward(
    x: &[f32],
    batch: usize,
    start: State<'_>,
    dy: &[f32],
    dend: Option<State<'_>>,
    w: &Weights<'_>,
    saved: &Saved,
) -> Gradients {
    let isa = Isa::current();
    let Sizes { segment, inputs, width } = Sizes::of(x, batch, start, w);
    let rows = batch * segment;
    assert_eq!([dy.len(), saved.cells.len()], [rows * width; 2], "dy is [batch, segment, width]");
    let end = |part: Option<&[f32]>| part.map_or_else(|| vec![0.0; batch * width], <[f32]>::to_vec);
    let (mut dh, mut dc) = (end(dend.map(|d| d.h)), end(dend.map(|d| d.c)));
    assert_eq!([dh.len(), dc.len()], [batch * width; 2], "the state's gradient is [batch, width]");
    let packed = Packed::transposed(w.w_hh, 4 * width, width);
    let mut dgates = pool::take(rows * 4 * width);
    dgates
        .par_chunks_mut(GROUP * segment * 4 * width)
        .zip(dh.par_chunks_mut(GROUP * width).zip(dc.par_chunks_mut(GROUP * width)))
        .enumerate()
        .for_each(|(group, (dgates, (dh, dc)))| {
            let sequences = dh.len() / width;
            for t in (0..segment).rev() {
                for b in 0..sequences {
                    let at = b * segment + t;
                    let row = group * GROUP * segment + at;
                    let number = group * GROUP + b;
                    let cell_of = |row: usize| &saved.cells[row * width..(row + 1) * width];
                    let past = if t == 0 { &start.c[number * width..(number + 1) * width] } else { cell_of(row - 1) };
                    let dh = &mut dh[b * width..(b + 1) * width];
                    dh.iter_mut().zip(&dy[row * width..]).for_each(|(dh, dy)| *dh += dy);
                    step_backward(
                        isa,
                        &saved.gates[row * 4 * width..(row + 1) * 4 * width],
                        past,
                        cell_of(row),
                        dh,
                        &mut dc[b * width..(b + 1) * width],
                        &mut dgates[at * 4 * width..(at + 1) * 4 * width],
                    );
                }
                let dgates = &dgates[t * 4 * width..];
                packed.product(sequences, dgates, segment * 4 * width, dh, width, Start::Zero);
            }
        });
    let mut b = vec![0.0; 4 * width];
    add_columns(isa, &dgates, 4 * width, &mut b);
    Gradients {
        x: gemm::nt(&dgates, w.w_ih, None, [rows, 4 * width, inputs]),
        h: dh,
        c: dc,
        w_ih: gemm::tn(x, &dgates, [rows, inputs, 4 * width]),
        w_hh: gemm::tn(&saved.before, &dgates, [rows, width, 4 * width]),
        b,
    }
}
