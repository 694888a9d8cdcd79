//! From folders of MIDI files to a corpus.
//!
//! 1. `scan` finds the files (`collection` the songs within one); `metadata` reads the table beside
//!    them;
//! 2. `survey` reads every file once, on all cores: tags, filters, length, fingerprint;
//! 3. `duplicates` drops copies, `select` draws per genre, `split` places the rest;
//! 4. `encode` turns the songs that are left into events, on all cores, and writes them in the
//!    order of their names into an unfinished folder, which `destination` renames when it is
//!    complete.
//!
//! A collection can also be prepared in parts, by several processes or machines: [`prepare_part`]
//! surveys and encodes the files of one [`Shard`], each once, and [`merge`] does the rest with the
//! songs of all parts. The corpus is the same to the byte.
//!
//! The result does not depend on the number of threads. Memory: about 2 KiB a file for tags and
//! fingerprints, one file and its score per thread, [`CACHED_NOTES`] notes of scores kept from the
//! first reading (larger collections are read twice), and two chunks of encoded songs.

mod check;
mod collection;
mod destination;
mod duplicates;
mod encode;
mod error;
mod fingerprint;
mod folders;
mod merge;
mod metadata;
mod names;
mod part;
mod pipeline;
mod progress;
mod scan;
mod select;
mod shard;
mod split;
mod subset;
mod survey;
mod tally;

pub use crate::options::{
    CACHED_NOTES, DEFAULT_FRAME_GRID, DEFAULT_GRID, DUPLICATE_SIMILARITY, DuplicateOptions, FilterOptions, Layout,
    PrepareOptions, SplitBy, SplitOptions,
};
pub use collection::{COLLECTION_EXTENSION, MAX_COLLECTION_BYTES, MAX_FRAME_PITCHES};
pub use duplicates::{BAND_VALUES, BANDS};
pub use error::PrepareError;
pub use fingerprint::{Fingerprint, MIN_PITCHED_NOTES, SHINGLE_NOTES, SHINGLE_STROKES, SKETCH_VALUES};
pub use folders::FolderReading;
pub use merge::merge;
pub use metadata::{MAX_METADATA_BYTES, MetadataError};
pub use part::{PART_FILE, PART_FORMAT, PartSummary, prepare_part};
pub use progress::{PrepareObserver, Stage};
pub use scan::{MIDI_EXTENSIONS, midi_files};
pub use shard::{MAX_SHARDS, Shard};
pub use subset::subset;

use crate::{DropReason, DroppedRecord, Manifest};
use destination::{CORPUS, Destination};
use metadata::Metadata;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use survey::{Song, Surveyed};

/// What came of preparing a corpus.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PrepareSummary {
    /// The corpus folder.
    pub output: PathBuf,
    /// Files found: those kept and those dropped.
    pub files: usize,
    /// How the names of folders were read.
    pub folders: Vec<FolderReading>,
    /// What the corpus holds: its `corpus.json`.
    pub manifest: Manifest,
    /// Every file that was left out, and why.
    pub dropped: Vec<DroppedRecord>,
}

/// Prepares a corpus. `cancel` may be set at any time; nothing is left behind then.
///
/// # Errors
/// [`PrepareError`] if there is nothing to write, or it cannot be written. A bad file is no error,
/// but one of [`PrepareSummary::dropped`].
pub fn prepare(
    options: &PrepareOptions,
    progress: &dyn PrepareObserver,
    cancel: &AtomicBool,
) -> Result<PrepareSummary, PrepareError> {
    in_pool(options.threads, || run(options, progress, cancel))
}

/// Does something on so many threads.
fn in_pool<T: Send>(
    threads: Option<usize>,
    work: impl FnOnce() -> Result<T, PrepareError> + Send,
) -> Result<T, PrepareError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build();
    pool.map_err(|error| PrepareError::Threads(error.to_string()))?.install(work)
}

fn run(
    options: &PrepareOptions,
    progress: &dyn PrepareObserver,
    cancel: &AtomicBool,
) -> Result<PrepareSummary, PrepareError> {
    let selections = options.check()?;
    let destination = Destination::check(options, &CORPUS)?;
    // Settings that make no vocabulary are refused before hours of reading.
    leitmotif_events::build(&options.representation)?;
    let metadata = options.metadata.as_deref().map(Metadata::read).transpose()?;

    progress.stage(Stage::Scan, None);
    let scan::Scanned { found, unreadable, .. } = scan::scan(&options.inputs, None)?;
    let files = found.len() + unreadable.len();
    let folders = folders::readings(&found, options.layout);
    let is_empty = found.is_empty();
    let mut dropped: Vec<DroppedRecord> = unreadable.into_iter().map(scan::Unreadable::dropped).collect();
    if is_empty {
        return Err(no_music(options, dropped));
    }

    progress.stage(Stage::Read, Some(found.len()));
    let Surveyed { songs, dropped: left_out, tally } =
        survey::survey(found, options, &selections, metadata.as_ref(), progress, cancel)?;
    dropped.extend(left_out);
    let warnings = tally.warnings(metadata.as_ref().map(Metadata::len), &options.filter);
    finish(Gathered { files, folders, songs, dropped, warnings }, options, destination, progress, cancel)
}

/// All of a collection, before songs are compared with each other.
struct Gathered {
    files: usize,
    folders: Vec<FolderReading>,
    songs: Vec<Song>,
    dropped: Vec<DroppedRecord>,
    warnings: Vec<String>,
}

/// What depends on all songs: near-duplicates, draws, splits, the vocabulary; and the corpus.
fn finish(
    gathered: Gathered,
    options: &PrepareOptions,
    destination: Destination<'_>,
    progress: &dyn PrepareObserver,
    cancel: &AtomicBool,
) -> Result<PrepareSummary, PrepareError> {
    let Gathered { files, folders, mut songs, mut dropped, mut warnings } = gathered;
    progress.stage(Stage::Compare, Some(songs.len()));
    if !options.duplicates.keep {
        drop_duplicates(&mut songs, &mut dropped, &mut warnings, options.duplicates.similarity);
    }
    if let Some(count) = options.filter.per_genre {
        let (left_out, notes) = select::draw_per_genre(&mut songs, count, options.seed);
        dropped.extend(left_out);
        warnings.extend(notes);
    }
    stop_if(cancel)?;
    if songs.is_empty() {
        return Err(nothing_left(files, &dropped));
    }

    progress.stage(Stage::Encode, Some(songs.len()));
    let partial = destination.create()?;
    let encoded = encode::encode(songs, options, partial.path(), &mut warnings, progress, cancel)?;
    dropped.extend(encoded.dropped);
    dropped.sort_by(|a, b| (&a.path, &a.path_bytes).cmp(&(&b.path, &b.path_bytes)));
    if encoded.is_empty {
        return Err(nothing_left(files, &dropped));
    }
    let saved = PrepareOptions { representation: encoded.representation, ..options.saved() };
    let manifest = encoded.writer.finish(saved, &dropped, warnings)?;
    stop_if(cancel)?;
    partial.commit()?;
    Ok(PrepareSummary { output: options.output.clone(), files, folders, manifest, dropped })
}

/// Removes the songs that duplicate others. Songs of collections stay, because results on them are
/// compared with others' on the same splits; how many are like others is a warning.
fn drop_duplicates(
    songs: &mut Vec<Song>,
    dropped: &mut Vec<DroppedRecord>,
    warnings: &mut Vec<String>,
    threshold: f64,
) {
    let entries: Vec<_> = songs
        .iter()
        .map(|song| duplicates::Entry { fingerprint: &song.fingerprint, notes: song.notes, name: &song.found.name })
        .collect();
    let mut found = duplicates::duplicates(&entries, threshold);
    let mut kept = 0;
    for (song, duplicate) in songs.iter().zip(&mut found) {
        if song.of_collection {
            kept += usize::from(duplicate.take().is_some());
        }
    }
    if kept > 0 {
        warnings.push(format!(
            "{kept} songs of collections are near-duplicates of others, and stay, since the file fixes the splits"
        ));
    }
    for (song, duplicate) in songs.iter().zip(&found) {
        if let Some(duplicate) = duplicate {
            let of = &songs[duplicate.of].found.name;
            let detail = match duplicate.similarity {
                1.0 => format!("it has the same notes as {of}"),
                similarity => format!("it is {:.0}% like {of}", similarity * 100.0),
            };
            let mut record = song.dropped(DropReason::Duplicate, detail);
            record.duplicate_of = Some(of.clone());
            record.similarity = Some((duplicate.similarity * 1000.0).round() / 1000.0);
            dropped.push(record);
        }
    }
    let mut verdicts = found.into_iter();
    songs.retain(|_| verdicts.next().flatten().is_none());
}

fn record(path: String, path_bytes: Option<String>, reason: DropReason, detail: String) -> DroppedRecord {
    DroppedRecord { path, path_bytes, reason, detail, duplicate_of: None, similarity: None }
}

/// Why nothing at all was found.
fn no_music(options: &PrepareOptions, unreadable: Vec<DroppedRecord>) -> PrepareError {
    let inputs: Vec<_> = options.inputs.iter().map(|input| input.display().to_string()).collect();
    let inputs = inputs.join(", ");
    let others = unreadable.len().saturating_sub(1);
    match unreadable.into_iter().next() {
        Some(DroppedRecord { path: name, detail, .. }) => PrepareError::Unreadable { inputs, name, detail, others },
        None => PrepareError::NoFiles(inputs),
    }
}

fn nothing_left(files: usize, dropped: &[DroppedRecord]) -> PrepareError {
    let mut counts: BTreeMap<DropReason, (usize, &str)> = BTreeMap::new();
    for record in dropped {
        counts.entry(record.reason).or_insert((0, &record.detail)).0 += 1;
    }
    let reasons: Vec<_> =
        counts.iter().map(|(reason, (count, detail))| format!("{count} {} ({detail})", reason.name())).collect();
    PrepareError::NothingLeft { files, reasons: reasons.join(", ") }
}

fn stop_if(cancel: &AtomicBool) -> Result<(), PrepareError> {
    if cancel.load(Ordering::Relaxed) { Err(PrepareError::Cancelled) } else { Ok(()) }
}
