//! From a request to pieces: one, or many in groups that fill all threads.

use crate::ensemble::is_drawn;
use crate::group::{STREAMS_PER_PIECE, compose_together};
use crate::plan::CompositionPlan;
use crate::{ComposeError, Piece, PieceProgress, Request};
use leitmotif_events::Representation;
use leitmotif_folder::ModelFolder;
use leitmotif_model::{Model, Precision};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

/// Most pieces of a group. A larger group reads the weights into the cache once for more pieces,
/// but its memories then no longer fit there.
const MOST_TOGETHER: u64 = 8;
/// Most bytes of model memory for a group's pieces, if it has more than one.
const MOST_BYTES: usize = 256 << 20;

/// Composes one piece with the model of a folder; what the request leaves open is drawn from its
/// training songs.
///
/// # Errors
/// As [`generate`]; [`ComposeError::Folder`] if the folder's model cannot be loaded.
pub fn compose(folder: &ModelFolder, request: &Request) -> Result<Piece, ComposeError> {
    let (observed, model) = (folder.observed().cloned(), Some(folder.fingerprint()?));
    let request = Request { observed, model, ..request.clone() };
    let model = folder.model(Precision::default())?;
    generate(&*model, &**folder.representation(), &request, 0, &|_| (), &AtomicBool::new(false))
}

/// Composes piece number `piece` of a request. The same model, representation, request and number
/// give the same piece.
///
/// # Errors
/// [`ComposeError`] for a request that contradicts itself or the vocabulary, and
/// [`ComposeError::Cancelled`] once `cancel` is set.
pub fn generate(
    model: &dyn Model,
    representation: &dyn Representation,
    request: &Request,
    piece: u64,
    progress: &(dyn Fn(PieceProgress) + Sync),
    cancel: &AtomicBool,
) -> Result<Piece, ComposeError> {
    let plan = CompositionPlan::new(model, representation, request, piece)?;
    let mut made = None;
    // Within the pool, so that a large model's weights are read by all threads.
    let pieces = [(piece, &plan)];
    rayon::scope(|_| compose_together(&pieces, model, progress, cancel, &mut |_, piece| made = Some(piece)));
    made.unwrap_or(Err(ComposeError::Cancelled))
}

/// Composes pieces number 0 to `count - 1`, on all threads, each in groups; each piece is what
/// [`generate`] makes of its number.
///
/// # Errors
/// The first piece's error, as [`generate`].
pub fn generate_many(
    model: &dyn Model,
    representation: &dyn Representation,
    request: &Request,
    count: u64,
    progress: &(dyn Fn(PieceProgress) + Sync),
    cancel: &AtomicBool,
) -> Result<Vec<Piece>, ComposeError> {
    let made: Mutex<BTreeMap<u64, Result<Piece, ComposeError>>> = Mutex::default();
    let keep = |number, piece| {
        made.lock().unwrap_or_else(PoisonError::into_inner).insert(number, piece);
    };
    generate_each(model, representation, request, count, progress, cancel, &keep)?;
    made.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

/// As [`generate_many`], but passes each piece, or why there is none, to `finished` with its number
/// as soon as it is complete.
///
/// # Errors
/// [`ComposeError`] for a request that contradicts itself or the vocabulary; nothing is composed
/// then.
pub fn generate_each(
    model: &dyn Model,
    representation: &dyn Representation,
    request: &Request,
    count: u64,
    progress: &(dyn Fn(PieceProgress) + Sync),
    cancel: &AtomicBool,
    finished: &(dyn Fn(u64, Result<Piece, ComposeError>) + Sync),
) -> Result<(), ComposeError> {
    // The plan of all pieces, or the first one's, which is refused where any would be.
    let shared = CompositionPlan::new(model, representation, request, 0)?;
    let drawn = is_drawn(request);
    let size =
        group_size(count, rayon::current_num_threads() as u64, STREAMS_PER_PIECE.saturating_mul(model.stream_bytes()));
    let pieces: Vec<u64> = (0..count).collect();
    let groups = pieces.par_chunks(size as usize).with_max_len(1);
    let work = || {
        groups.for_each(|numbers| {
            let own = |&piece: &u64| match drawn {
                true => CompositionPlan::new(model, representation, request, piece).map(Some),
                false => Ok(None),
            };
            let plans: Vec<_> = numbers.iter().map(own).collect();
            let mut pieces = Vec::with_capacity(numbers.len());
            for (&piece, plan) in numbers.iter().zip(plans.iter()) {
                match plan {
                    Ok(plan) => pieces.push((piece, plan.as_ref().unwrap_or(&shared))),
                    Err(error) => finished(piece, Err(ComposeError::Request(error.to_string()))),
                }
            }
            compose_together(&pieces, model, progress, cancel, &mut |n, piece| finished(n, piece))
        });
    };
    // Within the pool, which a single group would not enter by itself: its model's weights are read
    // by all threads.
    rayon::scope(|_| work());
    Ok(())
}

/// How many pieces make a group if each needs so many `bytes` of model memory: all threads have the
/// same number of groups.
fn group_size(count: u64, threads: u64, bytes: usize) -> u64 {
    let most = (MOST_BYTES / bytes.max(1)).clamp(1, MOST_TOGETHER as usize) as u64;
    let groups = count.div_ceil(most).next_multiple_of(threads.max(1));
    count.div_ceil(groups.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_fill_the_threads() {
        for (count, threads, size) in [(1, 4, 1), (4, 4, 1), (5, 4, 2), (8, 1, 8), (9, 1, 5), (24, 2, 6), (0, 2, 1)] {
            assert_eq!(group_size(count, threads, 1000), size, "{count} pieces on {threads} threads");
        }
        assert_eq!(group_size(100, 1, MOST_BYTES / 3), 3);
        assert_eq!(group_size(100, 1, usize::MAX), 1);
    }
}
