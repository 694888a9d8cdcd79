//! Work on chunks, with what comes of each put away in order while the next is worked on.

use super::PrepareError;

/// Calls `work` on each chunk and `put` with what it gives, in order. While all threads are at work
/// on a chunk, one of them puts away what came of the chunk before.
pub(super) fn in_order<C: Send, T: Send>(
    chunks: impl Iterator<Item = C>,
    work: impl Fn(C) -> Result<T, PrepareError> + Sync,
    mut put: impl FnMut(T) -> Result<(), PrepareError> + Send,
) -> Result<(), PrepareError> {
    let mut done = None;
    for chunk in chunks {
        let last = done.take();
        let (next, put) = rayon::join(|| work(chunk), || last.map_or(Ok(()), &mut put));
        put?;
        done = Some(next?);
    }
    done.map_or(Ok(()), put)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_stays_and_the_first_failure_ends_it() {
        let run = |bad: usize| {
            let mut all = Vec::new();
            let work = |number: usize| if number == bad { Err(PrepareError::Cancelled) } else { Ok(number * 2) };
            let put = |number| {
                all.push(number);
                Ok(())
            };
            (in_order(0..5, work, put).is_ok(), all)
        };
        assert_eq!(run(9), (true, vec![0, 2, 4, 6, 8]));
        assert_eq!(run(3), (false, vec![0, 2, 4]));
        assert_eq!(run(0), (false, vec![]));
    }
}
