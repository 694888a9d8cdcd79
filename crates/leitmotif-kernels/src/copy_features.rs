//! Copy features: the sum of some rows of a table, each with gains of its own place.
//!
//! `y[i] = sum over e of gains[e] * table[index[i, e]]`, element by element; an index below 0 names
//! no row. Columns are divided among threads, so that every sum is made by one thread, in the order
//! of the rows.

use rayon::prelude::*;

/// Columns of a task.
const COLUMNS: usize = 32;

/// The gradients of [`backward`].
#[derive(Debug)]
pub struct Gradients {
    /// `[rows, d]`
    pub table: Vec<f32>,
    /// `[copies, d]`
    pub gains: Vec<f32>,
}

/// The sums `[n, d]` for `table[rows, d]`, `gains[copies, d]` and `index[n, copies]`.
///
/// # Panics
/// If the sizes do not fit or an index names no row.
#[must_use]
pub fn forward(table: &[f32], gains: &[f32], index: &[i32], d: usize) -> Vec<f32> {
    let copies = gains.len() / d;
    let mut y = crate::pool::zeros(index.len() / copies * d);
    y.par_chunks_mut(d).zip(index.par_chunks(copies)).with_min_len(64).for_each(|(y, index)| {
        for (gains, row) in gains.chunks_exact(d).zip(index).filter_map(|(gains, &row)| Some((gains, at(row, d)?))) {
            for ((y, gain), value) in y.iter_mut().zip(gains).zip(&table[row]) {
                *y += gain * value;
            }
        }
    });
    y
}

/// The gradients from `dy[n, d]`; the other arguments are those of the forward pass.
///
/// # Panics
/// As [`forward`].
#[must_use]
pub fn backward(dy: &[f32], table: &[f32], gains: &[f32], index: &[i32], d: usize) -> Gradients {
    let copies = gains.len() / d;
    let parts: Vec<(Vec<f32>, Vec<f32>)> = (0..d.div_ceil(COLUMNS))
        .into_par_iter()
        .map(|part| {
            let (from, to) = (part * COLUMNS, ((part + 1) * COLUMNS).min(d));
            let width = to - from;
            let (mut of_table, mut of_gains) = (vec![0.0; table.len() / d * width], vec![0.0; copies * width]);
            for (dy, index) in dy.chunks_exact(d).zip(index.chunks_exact(copies)) {
                let dy = &dy[from..to];
                for (copy_features, &row) in index.iter().enumerate() {
                    let Some(values) = at(row, d) else { continue };
                    let values = &table[values][from..to];
                    let gains = &gains[copy_features * d + from..copy_features * d + to];
                    let of_gains = &mut of_gains[copy_features * width..(copy_features + 1) * width];
                    let of_row = &mut of_table[row as usize * width..(row as usize + 1) * width];
                    for c in 0..width {
                        of_gains[c] += values[c] * dy[c];
                        of_row[c] += gains[c] * dy[c];
                    }
                }
            }
            (of_table, of_gains)
        })
        .collect();
    let join = |rows: usize, part: &dyn Fn(usize) -> (usize, Vec<f32>)| {
        let mut all = vec![0.0; rows * d];
        for number in 0..parts.len() {
            let (width, values) = part(number);
            for (row, values) in values.chunks_exact(width).enumerate() {
                all[row * d + number * COLUMNS..][..width].copy_from_slice(values);
            }
        }
        all
    };
    let width = |number: usize| ((number + 1) * COLUMNS).min(d) - number * COLUMNS;
    Gradients {
        table: join(table.len() / d, &|number| (width(number), parts[number].0.clone())),
        gains: join(copies, &|number| (width(number), parts[number].1.clone())),
    }
}

/// The place of a row in the table.
fn at(row: i32, d: usize) -> Option<std::ops::Range<usize>> {
    let row = usize::try_from(row).ok()?;
    Some(row * d..(row + 1) * d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_are_the_transposed_sums() {
        for (rows, copies, n, d) in [(3, 2, 4, 5), (9, 7, 65, 33), (1, 1, 1, 1), (5, 3, 130, 64)] {
            let value = |i: usize| ((i * 37 + 11) % 19) as f32 / 8.0 - 1.0;
            let table: Vec<f32> = (0..rows * d).map(value).collect();
            let gains: Vec<f32> = (0..copies * d).map(|i| value(i + 5)).collect();
            let dy: Vec<f32> = (0..n * d).map(|i| value(i + 2)).collect();
            let index: Vec<i32> = (0..n * copies).map(|i| (i * 5 % (rows + 1)) as i32 - 1).collect();
            let (mut y, mut of_table, mut of_gains) = (vec![0f64; n * d], vec![0f64; rows * d], vec![0f64; copies * d]);
            for i in 0..n {
                for e in 0..copies {
                    let row = index[i * copies + e];
                    for c in 0..if row < 0 { 0 } else { d } {
                        let (g, t, x) = (e * d + c, row as usize * d + c, i * d + c);
                        y[x] += f64::from(gains[g]) * f64::from(table[t]);
                        of_table[t] += f64::from(gains[g]) * f64::from(dy[x]);
                        of_gains[g] += f64::from(table[t]) * f64::from(dy[x]);
                    }
                }
            }
            let close =
                |a: &[f32], b: &[f64]| a.iter().zip(b).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-4 * (1.0 + b.abs()));
            assert!(close(&forward(&table, &gains, &index, d), &y));
            let gradients = backward(&dy, &table, &gains, &index, d);
            assert!(close(&gradients.table, &of_table) && close(&gradients.gains, &of_gains));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("a pool");
            let again = pool.install(|| backward(&dy, &table, &gains, &index, d));
            assert_eq!((again.table, again.gains), (gradients.table, gradients.gains));
        }
    }
}
