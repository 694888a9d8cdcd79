//! Rows of numbers that are used again: writing an event allocates nothing.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

thread_local! {
    static FREE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// At most so many buffers are kept for later use, and none that is larger than so many numbers:
/// a step of a network takes about twenty.
const MOST_KEPT: usize = 32;
const LARGEST_KEPT: usize = 1 << 18;

/// Rows `[n, width]`. They come from their thread's free buffers and return there.
#[derive(Debug)]
pub struct Rows {
    /// At least as long as the rows.
    buffer: Vec<f32>,
    len: usize,
    width: usize,
}

impl Rows {
    /// Rows of any numbers, to be written to.
    pub(crate) fn any(n: usize, width: usize) -> Self {
        let mut buffer = FREE.try_with(|free| free.borrow_mut().pop()).ok().flatten().unwrap_or_default();
        let len = n * width;
        if buffer.len() < len {
            buffer.resize(len, 0.0);
        }
        Self { buffer, len, width }
    }

    /// Rows of zeros.
    pub(crate) fn zeros(n: usize, width: usize) -> Self {
        let mut rows = Self::any(n, width);
        rows.fill(0.0);
        rows
    }

    /// A copy of these numbers.
    pub(crate) fn of(values: &[f32], width: usize) -> Self {
        let mut rows = Self::any(values.len() / width.max(1), width);
        rows.copy_from_slice(values);
        rows
    }

    /// The length of a row.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.len.checked_div(self.width).unwrap_or(0)
    }

    pub(crate) fn row(&self, index: usize) -> &[f32] {
        &self[index * self.width..(index + 1) * self.width]
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.chunks_exact(self.width.max(1))
    }

    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let width = self.width.max(1);
        self.chunks_exact_mut(width)
    }
}

impl Clone for Rows {
    fn clone(&self) -> Self {
        Self::of(self, self.width)
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        if buffer.len() <= LARGEST_KEPT {
            // A thread that ends keeps nothing.
            let _ = FREE.try_with(|free| {
                let mut free = free.borrow_mut();
                if free.len() < MOST_KEPT {
                    free.push(buffer);
                }
            });
        }
    }
}

impl Deref for Rows {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.buffer[..self.len]
    }
}

impl DerefMut for Rows {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.buffer[..self.len]
    }
}
