//! Preparing one shard of a collection.

use super::packed::pack;
use super::read::manifest;
use super::song::{PartEvents, PartSong};
use super::{Contents, EVENTS_FILE, Manifest, PART, PART_FILE, PART_FORMAT, Terms, wrong};
use crate::corpus::{CorpusError, DROPPED_FILE, Lines, SONGS_FILE, TOOL, write_json};
use crate::prepare::destination::Destination;
use crate::prepare::encode::encode_score;
use crate::prepare::metadata::Metadata;
use crate::prepare::pipeline::in_order;
use crate::prepare::scan::{Found, Scanned, Unreadable, scan};
use crate::prepare::survey::{Candidate, Music, Outcome, Survey};
use crate::prepare::tally::Tally;
use crate::prepare::{
    PrepareError, PrepareObserver, PrepareOptions, Shard, Stage, folders, in_pool, no_music, stop_if,
};
use leitmotif_events::{EncodeReport, Representation, Sequence};
use rayon::prelude::*;
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Files are read in chunks of so many.
const CHUNK_FILES: usize = 256;

/// What came of preparing a shard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartSummary {
    /// The part's folder.
    pub output: PathBuf,
    /// Which shard it is.
    pub shard: Shard,
    /// Files of the shard that were found: those kept and those dropped.
    pub files: usize,
    /// Songs that it holds; near-duplicates are among them still.
    pub songs: usize,
    /// Whether it was there already, prepared with the same settings.
    pub existed: bool,
}

/// Prepares the files of one shard into a part of the collection, at [`PrepareOptions::output`],
/// which appears whole or not at all. One that is there already, of the same shard and settings,
/// is left as it is, so that a job can be run again. [`merge`](crate::prepare::merge) makes a
/// corpus of all parts.
///
/// # Errors
/// [`PrepareError`], as of [`prepare`](crate::prepare::prepare).
pub fn prepare_part(
    options: &PrepareOptions,
    shard: Shard,
    progress: &dyn PrepareObserver,
    cancel: &AtomicBool,
) -> Result<PartSummary, PrepareError> {
    in_pool(options.threads, || run(options, shard, progress, cancel))
}

fn run(
    options: &PrepareOptions,
    shard: Shard,
    progress: &dyn PrepareObserver,
    cancel: &AtomicBool,
) -> Result<PartSummary, PrepareError> {
    let selections = options.check()?;
    let representation = leitmotif_events::build(&options.representation)?;
    let metadata = options.metadata.as_deref().map(Metadata::read).transpose()?;
    let terms = Terms {
        tool: TOOL.to_owned(),
        vocabulary: representation.vocabulary().fingerprint(),
        metadata: metadata.as_ref().map(|table| table.hash.clone()),
        options: options.saved(),
    };
    let destination = Destination::at(options, &PART)?;
    match destination.check_taken() {
        Err(PrepareError::Exists(_)) => {
            destination.clear();
            return existing(options, shard, &terms);
        }
        other => other?,
    }

    progress.stage(Stage::Scan, None);
    let Scanned { found, unreadable, elsewhere } = scan(&options.inputs, Some(shard))?;
    let files = found.len() + unreadable.len();
    let unreadable: Vec<_> = unreadable.into_iter().map(Unreadable::dropped).collect();
    if found.is_empty() && elsewhere == 0 {
        return Err(no_music(options, unreadable));
    }
    let folders = folders::readings(&found, options.layout);

    progress.stage(Stage::Read, Some(found.len()));
    let partial = destination.create()?;
    let mut writer = Writer::create(partial.path())?;
    unreadable.iter().try_for_each(|record| writer.dropped.push(record))?;
    let mut tally = Tally::default();
    let survey = Survey::new(options, &selections, metadata.as_ref(), usize::MAX);
    let mut found = found.into_iter();
    let chunks = std::iter::from_fn(|| {
        let chunk: Vec<Found> = found.by_ref().take(CHUNK_FILES).collect();
        (!chunk.is_empty()).then_some(chunk)
    });
    let prepare_one = |found| {
        let prepared = prepared(survey.outcome(found), options, &*representation);
        progress.advance(1);
        prepared
    };
    let prepare_all = |chunk: Vec<Found>| -> Result<Vec<_>, PrepareError> {
        stop_if(cancel)?;
        Ok(chunk.into_par_iter().with_max_len(1).map(prepare_one).collect())
    };
    let put = |prepared: Vec<(Outcome, Option<Packed>)>| {
        for (outcome, events) in prepared {
            outcome.count(&mut tally, &options.filter);
            writer.push(outcome, events)?;
        }
        Ok(())
    };
    in_order(chunks, prepare_all, put)?;
    stop_if(cancel)?;
    let contents = writer.finish()?;
    let songs = contents.songs;
    let metadata_lines = metadata.as_ref().map(Metadata::len);
    let manifest = Manifest { format: PART_FORMAT, shard, terms, files, folders, metadata_lines, tally, contents };
    write_json(&partial.path().join(PART_FILE), &manifest)?;
    stop_if(cancel)?;
    partial.commit()?;
    Ok(PartSummary { output: options.output.clone(), shard, files, songs, existed: false })
}

/// The part that is there already, if it is the one that was asked for.
fn existing(options: &PrepareOptions, shard: Shard, terms: &Terms) -> Result<PartSummary, PrepareError> {
    let output = &options.output;
    let manifest = manifest(output)?;
    let other = match terms.differences(&manifest.terms) {
        _ if manifest.shard != shard => format!("holds shard {} and not {shard}", manifest.shard),
        differences if !differences.is_empty() => format!("was prepared with another {}", differences.join(", ")),
        _ => {
            let (files, songs) = (manifest.files, manifest.contents.songs);
            return Ok(PartSummary { output: output.clone(), shard, files, songs, existed: true });
        }
    };
    wrong(output, format!("the part that is there {other}; choose another folder, or use --force to replace it"))
}

/// What became of a song's music: its events, packed, or why there are none.
type Packed = Result<(Vec<u8>, EncodeReport), String>;

/// A file surveyed and, if it is selected, encoded; its score is not kept.
fn prepared(
    mut outcome: Outcome,
    options: &PrepareOptions,
    representation: &dyn Representation,
) -> (Outcome, Option<Packed>) {
    let packed = outcome.verdict.as_mut().ok().and_then(|song| {
        let Music::Score(score) = std::mem::replace(&mut song.music, Music::File) else { return None };
        let encoded = encode_score(representation, &options.representation, &score, None, song);
        let pack = |(sequence, report): (Sequence, EncodeReport)| (pack(sequence.values()), report);
        Some(encoded.map(pack).map_err(|(_, detail)| detail))
    });
    (outcome, packed)
}

/// The files of a part, as they grow.
struct Writer {
    songs: Lines,
    dropped: Lines,
    events_path: PathBuf,
    events: BufWriter<File>,
    contents: Contents,
}

impl Writer {
    fn create(dir: &Path) -> Result<Self, CorpusError> {
        let events_path = dir.join(EVENTS_FILE);
        let events = File::create_new(&events_path).map_err(|error| CorpusError::io(&events_path, error))?;
        Ok(Self {
            songs: Lines::create(dir.join(SONGS_FILE))?,
            dropped: Lines::create(dir.join(DROPPED_FILE))?,
            events_path,
            events: BufWriter::new(events),
            contents: Contents::default(),
        })
    }

    fn push(&mut self, outcome: Outcome, packed: Option<Packed>) -> Result<(), CorpusError> {
        match (outcome.verdict, packed) {
            (Err(record), _) => self.dropped.push(&record),
            (Ok(song), Some(Ok((bytes, report)))) => {
                let (start, hash) = (self.contents.events_bytes, blake3::hash(&bytes).to_hex().to_string());
                self.events.write_all(&bytes).map_err(|error| CorpusError::io(&self.events_path, error))?;
                self.contents.events_bytes += bytes.len() as u64;
                let EncodeReport { kept, lost, .. } = report;
                self.song(*song, PartEvents::Stored { start, bytes: bytes.len(), hash, kept, lost })
            }
            (Ok(song), Some(Err(unencodable))) => self.song(*song, PartEvents::None { unencodable }),
            // The survey of a shard keeps every score.
            (Ok(_), None) => Ok(()),
        }
    }

    fn song(&mut self, song: Candidate, events: PartEvents) -> Result<(), CorpusError> {
        self.contents.songs += 1;
        self.songs.push(&PartSong::of(song, events))
    }

    fn finish(mut self) -> Result<Contents, CorpusError> {
        self.events.flush().map_err(|error| CorpusError::io(&self.events_path, error))?;
        self.contents.songs_hash = self.songs.finish()?.to_hex().to_string();
        self.contents.dropped_hash = self.dropped.finish()?.to_hex().to_string();
        Ok(self.contents)
    }
}
