//! Relative attention over `[compressed memory | memory | segment]` as one pre-norm block.
//!
//! Scores follow Transformer-XL (Dai et al. 2019), the memories the Compressive Transformer (Rae et
//! al. 2020): with `C` rows of context before the segment, query `i` of the segment and key
//! `j <= C + i` score `((q_i + u) k_j + (q_i + v) r_{C + i - j}) / sqrt(dh)`, where `r_t` projects
//! the sinusoidal embedding of the distance `t`. The context holds hidden states; it is normalised
//! with the segment's weights.
//!
//! Without parameters of positions, queries and keys are rotated instead (Su et al. 2021): pair `p`
//! of a head's columns, `p` and `p + dh / 2`, by its place among the slots times
//! `10000^(-2 p / dh)`, and the score is `q_i k_j / sqrt(dh)`.
//!
//! Distances count the slots of both memories, filled or not; of each memory only the last valid
//! rows are attended.

mod backward;
mod core;
mod position;
mod queries;
mod scores;

use crate::dropout::Dropout;
use crate::gemm::{Packed, Pair, Start, in_pairs};
use crate::isa::Isa;
use crate::layer_norm::{LayerNorm, normalize};
use crate::pool::{self, Buf};
use crate::rows::{copy, finish, stride};
use core::Head;
use position::{Positions, Rotation, Turn};
use rayon::prelude::*;
use std::ops::Range;

pub use backward::{Gradients, backward};
pub use position::sinusoids;

/// Sizes of one call.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Sequences.
    pub batch: usize,
    /// Positions of the segment.
    pub segment: usize,
    /// Slots of compressed memory.
    pub compressed: usize,
    /// Slots of memory.
    pub memory: usize,
    /// Heads; a divisor of the width.
    pub heads: usize,
}

impl Shape {
    /// Slots before the segment.
    #[must_use]
    pub fn context(&self) -> usize {
        self.compressed + self.memory
    }

    /// Keys of a query at the end of the segment.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.context() + self.segment
    }
}

/// How many slots of each memory hold something; these are the last ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Valid {
    /// Of the compressed memory.
    pub compressed: usize,
    /// Of the memory.
    pub memory: usize,
}

/// What an attention reads: the states, the context that they attend to, and their sizes.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Sizes.
    pub shape: Shape,
    /// The segment's hidden states, `[batch, segment, d]`.
    pub x: &'a [f32],
    /// Hidden states of compressed memory and memory, `[batch, compressed + memory, d]`. Must be
    /// finite everywhere.
    pub context: &'a [f32],
    /// One for each sequence.
    pub valid: &'a [Valid],
}

/// Parameters of the block.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// Normalisation of segment and context, `[d]`.
    pub norm: LayerNorm<'a>,
    /// `[d, 3 d]`: queries, keys, values.
    pub w_qkv: &'a [f32],
    /// `[d, d]`: projects the embedding of a distance. Empty, as the next two, where queries and
    /// keys are rotated.
    pub w_r: &'a [f32],
    /// `[d]`: added to queries that meet keys.
    pub u: &'a [f32],
    /// `[d]`: added to queries that meet distances.
    pub v: &'a [f32],
    /// `[d, d]`
    pub w_o: &'a [f32],
    /// `[d]`
    pub b_o: &'a [f32],
}

/// What the block does besides its weights.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Add the input to the output.
    pub residual: bool,
    /// Dropout of the probabilities; index `((b * heads + h) * segment + i) * (C + segment) + j`.
    pub probability_dropout: Dropout,
    /// Dropout of the output, before the residual; index `row * d + column`.
    pub output_dropout: Dropout,
    /// Whether [`backward`] returns the gradient of the context.
    pub context_gradient: bool,
}

/// What the backward pass needs of the forward pass.
#[derive(Debug)]
pub struct Saved {
    /// `[batch, segment, 3 d]`
    qkv: Buf,
    /// `[batch, context, 2 d]`, valid rows only.
    kv: Buf,
    /// None where queries and keys are rotated.
    positions: Option<Positions>,
    /// `[batch, heads, segment, dh]`
    out: Buf,
    /// `[batch, heads, segment]`
    log_sum: Buf,
}

/// Rows of a task outside the core.
const ROWS: usize = 64;
impl Input<'_> {
    /// Width and width of a head.
    fn widths(&self, w: &Weights<'_>) -> (usize, usize) {
        let (Shape { batch, segment, compressed, memory, heads }, d) = (self.shape, w.norm.d());
        assert!(batch > 0 && segment > 0, "there is something to attend");
        assert!(heads > 0 && d % heads == 0, "heads divide the width");
        assert_eq!(w.norm.rows(self.x), batch * segment, "x is [batch, segment, d]");
        assert_eq!(self.context.len(), batch * (compressed + memory) * d, "context is [batch, slots, d]");
        let fits = |v: &Valid| v.compressed <= compressed && v.memory <= memory;
        assert!(self.valid.len() == batch && self.valid.iter().all(fits), "valid counts are [batch], within the slots");
        assert_eq!([w.w_qkv.len(), w.w_o.len()], [3 * d * d, d * d], "weights are [d, _]");
        assert_eq!(w.b_o.len(), d, "b_o is [d]");
        let of_positions = [w.w_r.len(), w.u.len(), w.v.len()];
        assert!(of_positions == [d * d, d, d] || of_positions == [0; 3], "w_r is [d, d], u and v are [d]");
        assert!(!w.rotates() || (d / heads).is_multiple_of(2), "heads that are rotated have pairs of columns");
        (d, d / heads)
    }

    /// Context rows of a sequence before the first valid one.
    fn skipped(&self, b: usize) -> usize {
        let Valid { compressed, memory } = self.valid[b];
        if compressed > 0 { self.shape.compressed - compressed } else { self.shape.context() - memory }
    }

    /// Context rows of a sequence from `rows` that are valid.
    fn valid_rows(&self, b: usize, rows: Range<usize>) -> [Range<usize>; 2] {
        let Shape { compressed, memory, .. } = self.shape;
        let valid = self.valid[b];
        let within = |from: usize, to: usize| {
            let from = from.clamp(rows.start, rows.end);
            from..to.min(rows.end).max(from)
        };
        let context = compressed + memory;
        [within(compressed - valid.compressed, compressed), within(context - valid.memory, context)]
    }

    /// One head of one sequence.
    fn head<'a>(&self, isa: Isa, w: &Weights<'a>, config: &Config, saved: SavedRef<'a>, number: usize) -> Head<'a> {
        let Shape { segment, heads, .. } = self.shape;
        let ((d, dh), context) = (self.widths(w), self.shape.context());
        let (b, head) = (number / heads, number % heads);
        let skipped = self.skipped(b);
        let Valid { compressed, memory } = self.valid[b];
        let gap = if compressed > 0 { (compressed, context - memory - skipped) } else { (0, 0) };
        let kv = &saved.kv[b * context * 2 * d..(b + 1) * context * 2 * d];
        Head {
            isa,
            qkv: &saved.qkv[b * segment * 3 * d..(b + 1) * segment * 3 * d][head * dh..],
            kv: kv.get(head * dh..).unwrap_or(&[]),
            d,
            dh,
            segment,
            context,
            skipped,
            gap,
            biases: [w.u, w.v].map(|bias| bias.get(head * dh..(head + 1) * dh).unwrap_or(&[])),
            positions: saved.positions,
            head,
            dropout: config.probability_dropout,
            index: (number * segment * (context + segment)) as u64,
        }
    }
}

/// What every head reads.
#[derive(Clone, Copy)]
struct SavedRef<'a> {
    qkv: &'a [f32],
    kv: &'a [f32],
    positions: Option<&'a Positions>,
}

impl Weights<'_> {
    /// Whether queries and keys are rotated.
    fn rotates(&self) -> bool {
        self.w_r.is_empty()
    }
}

/// The block's output `[batch, segment, d]`, and with `save` what [`backward`] needs.
///
/// # Panics
/// If the sizes do not fit.
#[must_use]
pub fn forward(input: &Input<'_>, w: &Weights<'_>, config: &Config, save: bool) -> (Vec<f32>, Option<Saved>) {
    let isa = Isa::current();
    let (d, dh) = input.widths(w);
    let Shape { batch, segment, heads, .. } = input.shape;
    let (context, d_row) = (input.shape.context(), stride(d));
    let project = if in_pairs(isa, dh) { Positions::project::<Pair> } else { Positions::project::<f32> };
    let positions = (!w.rotates()).then(|| project(w.w_r, input.shape.keys(), d, heads));
    let rotation = w.rotates().then(|| Rotation::new(input.shape.keys(), dh));
    let mut qkv = pool::take(batch * segment * 3 * d);
    let packed = Packed::new(w.w_qkv, d, 3 * d);
    qkv.par_chunks_mut(ROWS * 3 * d).zip(input.x.par_chunks(ROWS * d)).enumerate().for_each(|(block, (qkv, x))| {
        let n = x.len() / d;
        let mut normed = pool::take(n * d_row);
        normalize(isa, x, w.norm, &mut normed, d_row);
        packed.product(n, &normed, d_row, qkv, 3 * d, Start::Zero);
        if let Some(rotation) = &rotation {
            let place = |row: usize| context + (block * ROWS + row) % segment;
            rotation.turn(qkv, 3 * d, 0..2 * d, place, Turn::Forth);
        }
    });
    let mut kv = pool::take(batch * context * 2 * d);
    if context > 0 {
        let packed = Packed::strided(&w.w_qkv[d..], d, 2 * d, 3 * d, 1);
        kv.par_chunks_mut(context * 2 * d).enumerate().for_each(|(b, kv)| {
            kv.par_chunks_mut(ROWS * 2 * d).enumerate().for_each(|(block, kv)| {
                let first = block * ROWS;
                for rows in input.valid_rows(b, first..first + kv.len() / (2 * d)) {
                    let x = &input.context[(b * context + rows.start) * d..(b * context + rows.end) * d];
                    let mut normed = pool::take(rows.len() * d_row);
                    normalize(isa, x, w.norm, &mut normed, d_row);
                    let kv = &mut kv[(rows.start - first) * 2 * d..];
                    packed.product(rows.len(), &normed, d_row, kv, 2 * d, Start::Zero);
                    if let Some(rotation) = &rotation {
                        let kv = &mut kv[..rows.len() * 2 * d];
                        rotation.turn(kv, 2 * d, 0..d, |row| rows.start + row, Turn::Forth);
                    }
                }
            });
        });
    }
    let (mut out, mut log_sum) = (pool::take(batch * segment * d), pool::take(batch * heads * segment));
    let saved = SavedRef { qkv: &qkv, kv: &kv, positions: positions.as_ref() };
    out.par_chunks_mut(segment * dh).zip(log_sum.par_chunks_mut(segment)).enumerate().for_each(
        |(i, (out, log_sum))| {
            let head = input.head(isa, w, config, saved, i);
            match in_pairs(isa, dh) {
                true => head.forward::<Pair>(out, log_sum),
                false => head.forward::<f32>(out, log_sum),
            }
        },
    );
    let mut y = pool::zeros(batch * segment * d);
    let packed = Packed::new(w.w_o, d, d);
    y.par_chunks_mut(ROWS * d).zip(input.x.par_chunks(ROWS * d)).enumerate().for_each(|(block, (y, x))| {
        let n = x.len() / d;
        let mut rows = pool::take(n * d_row);
        join_heads(&out, input.shape, block * ROWS, &mut rows, d_row, dh);
        packed.product(n, &rows, d_row, y, d, Start::Bias(w.b_o));
        finish(isa, y, config.output_dropout, (block * ROWS * d) as u64, config.residual.then_some(x));
    });
    (y, save.then_some(Saved { qkv, kv, positions, out, log_sum }))
}

/// Rows `[_, d]` from `[batch, heads, segment, dh]`, beginning with row `first`.
fn join_heads(from: &[f32], shape: Shape, first: usize, rows: &mut [f32], row: usize, dh: usize) {
    let Shape { segment, heads, .. } = shape;
    for (r, to) in rows.chunks_mut(row).enumerate() {
        let (b, i) = ((first + r) / segment, (first + r) % segment);
        for (head, to) in to.chunks_exact_mut(dh).take(heads).enumerate() {
            copy(&from[((b * heads + head) * segment + i) * dh..][..dh], to);
        }
    }
}
