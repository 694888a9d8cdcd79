//! Relative attention of one position over cached keys and values.

use super::softmax_lanes;
use crate::isa::Isa;
use crate::simd::{Simd, dispatch};
use std::ops::Range;

/// Cached states that one query looks back on, the oldest first.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    /// How many there are.
    pub states: usize,
    /// Keys, a column per state: number `c` of state `j` is `keys[c * key_row + j]`.
    pub keys: &'a [f32],
    /// Floats from one row of the keys to the next.
    pub key_row: usize,
    /// Keys by position, a column per state as in `keys`; empty where keys were rotated by theirs.
    pub positions: &'a [f32],
    /// Floats from one row of the positions to the next.
    pub position_row: usize,
    /// Values, a row per state, `[states, d]`.
    pub values: &'a [f32],
    /// Floats from one row of the values to the next.
    pub value_row: usize,
}

impl Past<'_> {
    /// What it holds from column `first` of the states on.
    fn after_column(self, first: usize) -> Self {
        if self.states == 0 {
            return self;
        }
        let (keys, positions) = (&self.keys[first * self.key_row..], self.positions);
        let positions = positions.get(first * self.position_row..).unwrap_or(&[]);
        Self { keys, positions, values: &self.values[first..], ..self }
    }
}

/// Fewer floats of keys, positions and values than this are not worth another thread.
const PART_FLOATS: usize = 48 << 10;

/// Relative attention (Dai et al. 2019, section 3.3) of one position over all `pasts`, one after
/// another.
///
/// `queries` are those by content and by position, `[d]` each, with bias and scale. Writes the
/// softmax over all states to `weights` `[heads, states]`, and the values mixed with it to `mixed`
/// `[d]`. The heads of a long past are divided among the threads of the pool that this thread
/// belongs to, if it belongs to one; the result is the same bits.
///
/// # Panics
/// If the sizes do not fit.
pub fn attend(queries: [&[f32]; 2], heads: usize, pasts: [Past<'_>; 2], weights: &mut [f32], mixed: &mut [f32]) {
    let d = mixed.len();
    assert!(heads > 0 && d > 0 && d.is_multiple_of(heads), "d is a multiple of heads");
    assert!(queries.iter().all(|query| query.len() == d), "queries are [d]");
    assert_eq!(weights.len(), heads * (pasts[0].states + pasts[1].states), "weights are [heads, states]");
    for past in pasts.iter().filter(|past| past.states > 0) {
        assert!(past.keys.len() >= (d - 1) * past.key_row + past.states, "keys have d rows");
        let positions = past.positions.len();
        assert!(positions == 0 || positions >= (d - 1) * past.position_row + past.states, "positions have d rows");
        assert!(past.value_row >= d, "rows of values do not overlap");
        assert!(past.values.len() >= (past.states - 1) * past.value_row + d, "values are [states, d]");
    }
    let isa = Isa::current();
    let alone = rayon::current_thread_index().is_none() || rayon::current_num_threads() == 1;
    if alone {
        attend_on(isa, queries, heads, pasts, weights, mixed);
    } else {
        divided(isa, queries, heads, pasts, weights, mixed);
    }
}

/// The same by halves of the heads, as long as there is work enough for each.
fn divided(isa: Isa, queries: [&[f32]; 2], heads: usize, pasts: [Past<'_>; 2], weights: &mut [f32], mixed: &mut [f32]) {
    let states = weights.len() / heads;
    if heads < 2 || 3 * states * mixed.len() < 2 * PART_FLOATS {
        return attend_on(isa, queries, heads, pasts, weights, mixed);
    }
    let left = heads.div_ceil(2);
    let column = left * (mixed.len() / heads);
    let [of_left, of_right] = [queries.map(|query| &query[..column]), queries.map(|query| &query[column..])];
    let (left_weights, right_weights) = weights.split_at_mut(left * states);
    let (left_mixed, right_mixed) = mixed.split_at_mut(column);
    let right_pasts = pasts.map(|past| past.after_column(column));
    rayon::join(
        || divided(isa, of_left, left, pasts, left_weights, left_mixed),
        || divided(isa, of_right, heads - left, right_pasts, right_weights, right_mixed),
    );
}

dispatch! {
    fn attend_on(queries: [&[f32]; 2], heads: usize, pasts: [Past<'_>; 2], weights: &mut [f32], mixed: &mut [f32]) = attend_lanes;
}

#[inline(always)]
fn attend_lanes<S: Simd>(
    s: S,
    queries: [&[f32]; 2],
    heads: usize,
    pasts: [Past<'_>; 2],
    weights: &mut [f32],
    mixed: &mut [f32],
) {
    let states = weights.len() / heads;
    if states == 0 {
        return mixed.fill(0.0);
    }
    let width = mixed.len() / heads;
    for (head, weights) in weights.chunks_exact_mut(states).enumerate() {
        let (older, newer) = weights.split_at_mut(pasts[0].states);
        score(s, queries, head * width..(head + 1) * width, pasts[0], older);
        score(s, queries, head * width..(head + 1) * width, pasts[1], newer);
        softmax_lanes(s, weights);
    }
    mix(s, width, pasts, weights, mixed);
}

/// Rows of keys that are read side by side, each from its beginning to its end, as memory likes
/// best.
const ROWS: usize = 4;

/// The scores of one head, whose part of the queries is given.
#[inline(always)]
fn score<S: Simd>(s: S, queries: [&[f32]; 2], head: Range<usize>, past: Past<'_>, scores: &mut [f32]) {
    scores.fill(0.0);
    let whole = head.end - head.len() % ROWS;
    let positions = !past.positions.is_empty();
    // SAFETY: there are as many rows as the queries have numbers, each with a column per score, as
    // `attend` asserts.
    unsafe {
        for c in (head.start..whole).step_by(ROWS) {
            match positions {
                true => score_rows::<S, ROWS, 2>(s, queries, c, past, scores),
                false => score_rows::<S, ROWS, 1>(s, queries, c, past, scores),
            }
        }
        for c in whole..head.end {
            match positions {
                true => score_rows::<S, 1, 2>(s, queries, c, past, scores),
                false => score_rows::<S, 1, 1>(s, queries, c, past, scores),
            }
        }
    }
}

/// Adds to the scores what `R` rows from the first on give, by content or (with 2 `SIDES`) by
/// content and position.
#[inline(always)]
unsafe fn score_rows<S: Simd, const R: usize, const SIDES: usize>(
    s: S,
    [content, position]: [&[f32]; 2],
    first: usize,
    past: Past<'_>,
    scores: &mut [f32],
) {
    let (mut queries, mut rows) = ([[s.zero(); 2]; R], [[std::ptr::null(); 2]; R]);
    for i in 0..R {
        queries[i] = [s.splat(content[first + i]), s.splat(position[first + i])];
        let key = past.keys.as_ptr().wrapping_add((first + i) * past.key_row);
        rows[i] = [key, past.positions.as_ptr().wrapping_add((first + i) * past.position_row)];
    }
    let (whole, part) = (scores.len() / S::N * S::N, scores.len() % S::N);
    for (vector, scores) in scores[..whole].chunks_exact_mut(S::N).enumerate() {
        let mut sum = s.load(scores);
        for i in 0..R {
            for side in 0..SIDES {
                // SAFETY: the caller promises the rows and as many columns.
                let keys = unsafe { s.load_ptr(rows[i][side].add(vector * S::N)) };
                sum = s.fma(queries[i][side], keys, sum);
            }
        }
        s.store(scores, sum);
    }
    if part > 0 {
        let scores = &mut scores[whole..];
        let mut sum = s.load_part(scores);
        for i in 0..R {
            for side in 0..SIDES {
                // SAFETY: as above.
                let keys = unsafe { s.load_ptr_part(rows[i][side].add(whole), part) };
                sum = s.fma(queries[i][side], keys, sum);
            }
        }
        s.store_part(scores, sum);
    }
}

/// Mixes the values of all heads: every vector of a row with the weights of each head that has a
/// part of it.
#[inline(always)]
fn mix<S: Simd>(s: S, width: usize, pasts: [Past<'_>; 2], weights: &[f32], mixed: &mut [f32]) {
    let (mut vector, mut head) = (0, 0);
    // The next vector of a row and head that meet.
    let mut next = || {
        let meeting = (vector * S::N, head);
        let (vector_end, head_end) = ((vector + 1) * S::N, (head + 1) * width);
        vector += usize::from(vector_end <= head_end);
        head += usize::from(head_end <= vector_end);
        meeting
    };
    let d = mixed.len();
    let mut done = 0;
    while done < d {
        let mut meetings = [(0, 0); MEETINGS];
        let mut count = 0;
        while count < MEETINGS && done < d {
            let (column, head) = next();
            meetings[count] = (column, head);
            count += 1;
            done = (column + S::N).min((head + 1) * width);
        }
        // SAFETY: the columns begin below `d`, the heads exist, and `attend` asserts the rows.
        unsafe {
            if count == MEETINGS && meetings[MEETINGS - 1].0 + S::N <= d {
                mix_meetings::<S, MEETINGS, false>(s, width, pasts, weights, &meetings, mixed);
                continue;
            }
            for some in meetings[..count].chunks(4) {
                if some.len() == 4 && some[3].0 + S::N <= d {
                    mix_meetings::<S, 4, false>(s, width, pasts, weights, some, mixed);
                    continue;
                }
                for meeting in some.chunks(1) {
                    mix_meetings::<S, 1, true>(s, width, pasts, weights, meeting, mixed);
                }
            }
        }
    }
}

/// Sums of [`mix`] that are made side by side.
const MEETINGS: usize = 8;

#[inline(always)]
unsafe fn mix_meetings<S: Simd, const COUNT: usize, const PART: bool>(
    s: S,
    width: usize,
    pasts: [Past<'_>; 2],
    weights: &[f32],
    meetings: &[(usize, usize)],
    mixed: &mut [f32],
) {
    let d = mixed.len();
    let states = pasts[0].states + pasts[1].states;
    let mut sums = [s.zero(); COUNT];
    let mut before = 0;
    for past in pasts {
        let mut of_head = [std::ptr::null(); COUNT];
        let mut of_column = [std::ptr::null(); COUNT];
        for (meeting, &(column, head)) in meetings.iter().enumerate() {
            of_head[meeting] = weights.as_ptr().wrapping_add(head * states + before);
            of_column[meeting] = past.values.as_ptr().wrapping_add(column);
        }
        for j in 0..past.states {
            for (i, sum) in sums.iter_mut().enumerate() {
                // SAFETY: state `j` exists, and the caller promises column and head.
                unsafe {
                    let from = of_column[i].wrapping_add(j * past.value_row);
                    let left = d - meetings[i].0;
                    let values = if PART && left < S::N { s.load_ptr_part(from, left) } else { s.load_ptr(from) };
                    *sum = s.fma(s.splat(*of_head[i].add(j)), values, *sum);
                }
            }
        }
        before += past.states;
    }
    for (&(column, head), sum) in meetings.iter().zip(sums) {
        let mut lanes = [0.0; MOST_LANES];
        s.store(&mut lanes, sum);
        let part = column.max(head * width)..d.min(column + S::N).min((head + 1) * width);
        mixed[part.clone()].copy_from_slice(&lanes[part.start - column..part.end - column]);
    }
}

/// Lanes of the widest vector.
const MOST_LANES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, random};

    #[test]
    fn attention_agrees_with_its_definition() {
        let threads = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("a pool");
        let shapes = [(64, 8), (64, 2), (256, 4), (6, 3), (40, 1), (36, 9), (200, 2), (16, 2), (260, 5)];
        for (d, heads) in shapes {
            for counts in [[0, 1], [0, 70], [5, 0], [33, 64], [130, 7], [16, 16], [0, 0], [300, 301]] {
                let (width, states) = (d / heads, counts[0] + counts[1]);
                let queries = [random(1, d), random(2, d)];
                let rows = counts.map(|count| (count + 3, count + 20));
                let keys = [0, 1].map(|i| random(3 + i as u64, d * rows[i].0));
                let positions = [0, 1].map(|i| random(5 + i as u64, d * rows[i].1));
                let value_row = d + 5;
                let values = [0, 1].map(|i| random(7 + i as u64, value_row * counts[i]));
                let past = |i: usize| Past {
                    states: counts[i],
                    keys: &keys[i],
                    key_row: rows[i].0,
                    positions: &positions[i],
                    position_row: rows[i].1,
                    values: &values[i],
                    value_row,
                };
                let (mut expected, mut expected_weights) = (vec![0.0; d], Vec::new());
                for head in 0..heads {
                    let columns = || head * width..(head + 1) * width;
                    let places = || (0..2).flat_map(|i| (0..counts[i]).map(move |j| (i, j)));
                    let score = |(i, j): (usize, usize)| -> f64 {
                        let content = |c: usize| f64::from(queries[0][c]) * f64::from(keys[i][c * rows[i].0 + j]);
                        let position = |c: usize| f64::from(queries[1][c]) * f64::from(positions[i][c * rows[i].1 + j]);
                        columns().map(|c| content(c) + position(c)).sum::<f64>().exp()
                    };
                    let sum: f64 = places().map(score).sum();
                    for (i, j) in places() {
                        let weight = score((i, j)) / sum;
                        expected_weights.push(weight);
                        columns().for_each(|c| expected[c] += weight * f64::from(values[i][j * value_row + c]));
                    }
                }
                for isa in Isa::available() {
                    let (mut weights, mut mixed) = (vec![f32::NAN; heads * states], vec![f32::NAN; d]);
                    let queries = [&*queries[0], &*queries[1]];
                    isa.force(|| attend(queries, heads, [past(0), past(1)], &mut weights, &mut mixed));
                    assert_close(&weights, &expected_weights, 1e-5);
                    assert_close(&mixed, &expected, 1e-5);
                    let alone = (weights.clone(), mixed.clone());
                    threads.install(|| {
                        isa.force(|| attend(queries, heads, [past(0), past(1)], &mut weights, &mut mixed));
                    });
                    assert_eq!((weights, mixed), alone, "{heads} heads on three threads");
                }
            }
        }
    }
}
