//! The fixed division of rows among tasks.
//!
//! Gradients of weights are sums over rows. Each part sums its rows in order into its own buffer,
//! and the parts are added in order: the result depends on the shape alone.

use crate::isa::Isa;
use crate::pool::{self, Buf};
use crate::rows::add;
use rayon::prelude::*;
use std::ops::Range;

/// Parts where the sums are large: each costs memory and one addition per weight.
const FEW: usize = 8;
/// Parts where they are small.
const MANY: usize = 16;
/// Sums of more floats are large.
const LARGE: usize = 1 << 16;
/// Elements that a task adds up.
const CHUNK: usize = 1 << 14;

/// A division of rows into consecutive parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    rows: usize,
    part: usize,
}

impl Parts {
    /// Divides `rows` into parts of whole blocks, for sums of `floats` elements.
    pub(crate) fn of(rows: usize, block: usize, floats: usize) -> Self {
        let most = if floats > LARGE { FEW } else { MANY };
        Self { rows, part: rows.div_ceil(most).next_multiple_of(block).max(block) }
    }

    /// Rows of a part (the last may have fewer).
    pub(crate) fn len(self) -> usize {
        self.part
    }

    /// The parts in order, to be worked on by all threads; one empty part where there are no rows.
    pub(crate) fn ranges(self) -> impl IndexedParallelIterator<Item = Range<usize>> {
        let Self { rows, part } = self;
        (0..rows.div_ceil(part).max(1)).into_par_iter().with_max_len(1).map(move |i| i * part..rows.min((i + 1) * part))
    }
}

/// The sum of the parts' floats `offset..offset + len`, in order.
pub(crate) fn add_up(parts: &[Buf], offset: usize, len: usize) -> Vec<f32> {
    let isa = Isa::current();
    let mut out = pool::zeros(len);
    out.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, out)| {
        let from = offset + chunk * CHUNK;
        let range = from..from + out.len();
        for (i, part) in parts.iter().enumerate() {
            let part = &part[range.clone()];
            if i == 0 {
                out.copy_from_slice(part);
            } else {
                add(isa, part, out);
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_all_rows_in_order() {
        for rows in [0, 1, 63, 64, 65, 4096, 5000] {
            for floats in [10, 1 << 20] {
                let ranges: Vec<_> = Parts::of(rows, 64, floats).ranges().collect();
                assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, rows));
                assert!(ranges.windows(2).all(|w| w[0].end == w[1].start && w[0].len() % 64 == 0));
                assert!(ranges.len() <= MANY);
            }
        }
    }
}
