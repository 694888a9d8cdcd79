//! Transposition of small matrices in cache, by blocks of eight rows and columns.

use crate::isa::Isa;

/// Rows and columns of a block.
const BLOCK: usize = 8;

/// `to[c * to_row + r] = from[r * from_row + c]` for all `r < rows`, `c < columns`.
pub(crate) fn transpose(isa: Isa, from: (&[f32], usize), to: (&mut [f32], usize), [rows, columns]: [usize; 2]) {
    let ((from, from_row), (to, to_row)) = (from, to);
    if rows == 0 || columns == 0 {
        return;
    }
    assert!(from.len() >= (rows - 1) * from_row + columns && to.len() >= (columns - 1) * to_row + rows);
    let (whole_rows, whole_columns) = (rows - rows % BLOCK, columns - columns % BLOCK);
    for r in (0..whole_rows).step_by(BLOCK) {
        for c in (0..whole_columns).step_by(BLOCK) {
            block(isa, (&from[r * from_row + c..], from_row), (&mut to[c * to_row + r..], to_row));
        }
    }
    let mut rest = |rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| {
        for r in rows {
            for c in columns.clone() {
                to[c * to_row + r] = from[r * from_row + c];
            }
        }
    };
    rest(whole_rows..rows, 0..columns);
    rest(0..whole_rows, whole_columns..columns);
}

#[inline(always)]
fn block(isa: Isa, (from, from_row): (&[f32], usize), (to, to_row): (&mut [f32], usize)) {
    const LAST: usize = BLOCK - 1;
    assert!(from.len() >= LAST * from_row + BLOCK && to.len() >= LAST * to_row + BLOCK);
    #[cfg(target_arch = "x86_64")]
    if isa.set() != crate::isa::Set::Portable {
        // SAFETY: the other sets include AVX2; the assertion bounds all eight rows on both sides.
        return unsafe { crate::simd::transpose8(from.as_ptr(), from_row, to.as_mut_ptr(), to_row) };
    }
    let _ = isa;
    for r in 0..BLOCK {
        for c in 0..BLOCK {
            to[c * to_row + r] = from[r * from_row + c];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::random;

    #[test]
    fn every_element_finds_its_place() {
        for isa in Isa::available() {
            for [rows, columns] in [[0, 3], [1, 1], [8, 8], [7, 9], [16, 24], [33, 41]] {
                let (from_row, to_row) = (columns + 3, rows + 5);
                let from = random(1, rows * from_row);
                let mut to = vec![9.0; columns * to_row];
                transpose(isa, (&from, from_row), (&mut to, to_row), [rows, columns]);
                for c in 0..columns {
                    let expected: Vec<f32> = (0..rows).map(|r| from[r * from_row + c]).collect();
                    assert_eq!(to[c * to_row..][..rows], expected);
                    assert!(to[c * to_row + rows..(c + 1) * to_row].iter().all(|&x| x == 9.0));
                }
            }
        }
    }
}
