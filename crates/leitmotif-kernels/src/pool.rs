//! Buffers that are used again from step to step.
//!
//! A training step allocates the same sizes again and again; fresh memory costs page faults each
//! time. Buffers are aligned to cache lines. They hold whatever their last user left (zeros at
//! first, never uninitialised memory), so a kernel writes before it reads.

use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fmt;
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Floats of a cache line.
const LINE: usize = 16;
/// At most so many lines are kept for later use (1 GiB); what is given back beyond that is freed.
const MAX_KEPT_LINES: usize = 1 << 24;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

#[derive(Default)]
struct Pool {
    free: BTreeMap<usize, Vec<Vec<Line>>>,
    kept: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool { free: BTreeMap::new(), kept: 0 });

fn pool() -> MutexGuard<'static, Pool> {
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A slice of floats from the pool; dropping it gives it back.
pub struct Buf {
    lines: Vec<Line>,
    len: usize,
}

/// A buffer of `len` floats with arbitrary (but initialised) contents.
#[must_use]
pub fn take(len: usize) -> Buf {
    let lines = size_class(len.div_ceil(LINE));
    let reused = {
        let mut pool = pool();
        let found = pool.free.get_mut(&lines).and_then(Vec::pop);
        if found.is_some() {
            pool.kept -= lines;
        }
        found
    };
    Buf { lines: reused.unwrap_or_else(|| vec![Line([0.0; LINE]); lines]), len }
}

/// A buffer of `len` zeros.
#[must_use]
pub fn take_zeroed(len: usize) -> Buf {
    let mut buf = take(len);
    buf.fill(0.0);
    buf
}

/// A vector of zeros for a kernel's result, large ones filled by all threads: fresh memory costs
/// page faults, which one thread would take after another.
pub(crate) fn zeros(len: usize) -> Vec<f32> {
    const CHUNK: usize = 1 << 16;
    if len < 2 * CHUNK {
        return vec![0.0; len];
    }
    let mut values = Vec::with_capacity(len);
    values.spare_capacity_mut()[..len].par_chunks_mut(CHUNK).for_each(|values| {
        values.fill(MaybeUninit::new(0.0));
    });
    // SAFETY: all of them were just written.
    unsafe { values.set_len(len) };
    values
}

/// Frees all unused buffers.
pub fn clear() {
    *pool() = Pool::default();
}

/// Rounds up to steps of an eighth of the power of two below, so that similar sizes share buffers.
fn size_class(lines: usize) -> usize {
    let lines = lines.max(1);
    let step = (lines.next_power_of_two() / 16).max(1);
    lines.next_multiple_of(step)
}

impl Drop for Buf {
    fn drop(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        let mut pool = pool();
        if pool.kept + lines.len() <= MAX_KEPT_LINES {
            pool.kept += lines.len();
            pool.free.entry(lines.len()).or_default().push(lines);
        }
    }
}

impl Deref for Buf {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: `lines` holds at least `len` floats (`take`), a `Line` is an array of floats
        // without padding, and the lifetime is that of the borrow.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for Buf {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`, and the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

impl fmt::Debug for Buf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buf({})", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_have_the_requested_length_and_are_aligned() {
        for len in [0, 1, 15, 16, 17, 1000, 123_457] {
            let mut buf = take(len);
            assert_eq!(buf.len(), len);
            assert_eq!(buf.as_ptr() as usize % 64, 0);
            buf.fill(1.0);
            drop(buf);
            assert!(take_zeroed(len).iter().all(|&x| x == 0.0));
        }
    }

    #[test]
    fn zeros_are_zeros_of_any_length() {
        for len in [0, 1, 1 << 16, (1 << 17) - 1, 1 << 17, 300_001] {
            assert_eq!(zeros(len), vec![0.0; len]);
        }
    }

    #[test]
    fn size_classes_waste_at_most_an_eighth() {
        for lines in 1..10_000 {
            let class = size_class(lines);
            assert!(class >= lines && class <= lines + lines / 8 + 1);
            assert_eq!(size_class(class), class);
        }
    }
}
