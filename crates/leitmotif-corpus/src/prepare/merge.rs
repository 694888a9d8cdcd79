//! From the parts of a collection to its corpus.

use super::destination::{CORPUS, Destination};
use super::part::{self, Opened};
use super::tally::Tally;
use super::{
    Gathered, PrepareError, PrepareObserver, PrepareOptions, PrepareSummary, Stage, finish, folders, in_pool, no_music,
    stop_if,
};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Makes the corpus of a collection out of all its parts, the same to the byte as if the
/// collection had been prepared at once. The settings are those of the parts.
///
/// # Errors
/// [`PrepareError::Part`] names a part that is damaged or does not fit the others,
/// [`PrepareError::Options`] one that is missing; others as of [`prepare`](super::prepare).
pub fn merge(
    parts: &[PathBuf],
    output: &Path,
    force: bool,
    threads: Option<usize>,
    progress: &dyn PrepareObserver,
    cancel: &AtomicBool,
) -> Result<PrepareSummary, PrepareError> {
    let output = output.to_owned();
    // The parts must not lie in what is replaced.
    let place = PrepareOptions { inputs: parts.to_vec(), output, force, threads, ..PrepareOptions::default() };
    let destination = Destination::check(&place, &CORPUS)?;
    in_pool(threads, || run(&place, destination, progress, cancel))
}

fn run(
    place: &PrepareOptions,
    destination: Destination<'_>,
    progress: &dyn PrepareObserver,
    cancel: &AtomicBool,
) -> Result<PrepareSummary, PrepareError> {
    let parts = part::open(&place.inputs)?;
    let Some(first) = parts.first() else { return Err(PrepareError::NoFiles(String::new())) };
    let options = PrepareOptions {
        output: place.output.clone(),
        force: place.force,
        threads: place.threads,
        ..first.manifest.terms.options.clone()
    };
    options.check()?;
    let metadata_lines = first.manifest.metadata_lines;

    let total = parts.iter().map(|part| part.manifest.contents.songs).fold(0, usize::saturating_add);
    progress.stage(Stage::Parts, Some(total));
    let read = |part: &Opened| {
        stop_if(cancel)?;
        let songs = part.songs()?;
        progress.advance(songs.len());
        Ok((songs, part.dropped()?))
    };
    let read: Vec<_> = parts.par_iter().map(read).collect::<Result<_, PrepareError>>()?;
    let (mut songs, mut dropped) = (Vec::new(), Vec::new());
    for (more, left_out) in read {
        songs.extend(more);
        dropped.extend(left_out);
    }
    // Files of one name are of one shard, whose order stays.
    songs.sort_by(|a, b| (&a.found.name, &a.found.name_bytes).cmp(&(&b.found.name, &b.found.name_bytes)));

    let mut tally = Tally::default();
    let (mut files, mut readings) = (0_usize, Vec::new());
    for Opened { manifest, .. } in parts {
        files = files.saturating_add(manifest.files);
        readings.extend(manifest.folders);
        tally.absorb(manifest.tally);
    }
    if songs.is_empty() && tally.is_empty() {
        return Err(no_music(&options, dropped));
    }
    tally.check(&options.filter)?;
    let warnings = tally.warnings(metadata_lines, &options.filter);
    let folders = folders::united(readings.into_iter());
    finish(Gathered { files, folders, songs, dropped, warnings }, &options, destination, progress, cancel)
}
