//! The first reading of a collection: what each file is, and whether it is selected.

use super::check::Selections;
use super::fingerprint::Fingerprint;
use super::metadata::{Metadata, Tags};
use super::names::normal;
use super::scan::Found;
use super::{PrepareError, PrepareObserver, PrepareOptions, record, stop_if};
use crate::{DropReason, DroppedRecord, Split};
use leitmotif_events::RepresentationConfig;
use leitmotif_score::midi::limits::MAX_FILE_BYTES;
use leitmotif_score::midi::{Severity, What, read_midi};
use leitmotif_score::{Instrument, InstrumentSelection, Score, nearest_names};
use md5::{Digest, Md5};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write;
use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A change of a song: pedals are read.
const PEDALLED: &str = "notes lengthened by pedals";
/// At most so many names are listed in a message.
const MAX_LISTED: usize = 30;

/// A song that is selected, so far.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) found: Found,
    pub(super) title: String,
    pub(super) genre: Option<String>,
    pub(super) artist: Option<String>,
    pub(super) licence: Option<String>,
    pub(super) split: Option<Split>,
    pub(super) notes: usize,
    pub(super) bars: usize,
    pub(super) seconds: f64,
    pub(super) instruments: Vec<Instrument>,
    pub(super) repairs: Vec<String>,
    pub(super) changed: BTreeMap<String, usize>,
    pub(super) fingerprint: Fingerprint,
    pub(super) hash: blake3::Hash,
    /// Its score, where there is room to keep it.
    pub(super) score: Option<Box<Score>>,
}

impl Candidate {
    pub(super) fn dropped(&self, reason: DropReason, detail: String) -> DroppedRecord {
        record(self.found.name.clone(), self.found.name_bytes.clone(), reason, detail)
    }
}

/// What the first reading found.
pub(super) struct Surveyed {
    pub(super) songs: Vec<Candidate>,
    pub(super) dropped: Vec<DroppedRecord>,
    pub(super) warnings: Vec<String>,
}

/// One file: its names, and whether it is selected.
struct Outcome {
    genre: Option<String>,
    artist: Option<String>,
    row: Option<usize>,
    verdict: Result<Box<Candidate>, DroppedRecord>,
}

/// Why a file is left out.
type Verdict<T> = Result<T, (DropReason, String)>;

pub(super) fn survey(
    found: Vec<Found>,
    options: &PrepareOptions,
    selections: &Selections,
    metadata: Option<&Metadata>,
    progress: &dyn PrepareObserver,
    cancel: &AtomicBool,
) -> Result<Surveyed, PrepareError> {
    let survey = Survey { options, selections, metadata, room: AtomicUsize::new(options.cached_notes) };
    let outcome = |found| {
        stop_if(cancel)?;
        let outcome = survey.outcome(found);
        progress.advance(1);
        Ok(outcome)
    };
    let outcomes: Vec<Outcome> = found.into_par_iter().map(outcome).collect::<Result<_, PrepareError>>()?;
    survey.check_names("genre", &options.filter.genres, outcomes.iter().map(|outcome| &outcome.genre))?;
    survey.check_names("artist", &options.filter.artists, outcomes.iter().map(|outcome| &outcome.artist))?;
    let warnings = survey.warnings(&outcomes);
    let (mut songs, mut dropped) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        match outcome.verdict {
            Ok(song) => songs.push(*song),
            Err(record) => dropped.push(record),
        }
    }
    Ok(Surveyed { songs, dropped, warnings })
}

struct Survey<'a> {
    options: &'a PrepareOptions,
    selections: &'a Selections,
    metadata: Option<&'a Metadata>,
    /// How many more notes of scores may be kept.
    room: AtomicUsize,
}

impl Survey<'_> {
    fn outcome(&self, found: Found) -> Outcome {
        let by_name =
            self.metadata.and_then(|table| table.by_path(&found.path).or_else(|| table.by_stem(&found.stem())));
        let mut row = by_name;
        let mut bytes = None;
        if let (None, Some(table)) = (row, self.metadata.filter(|table| table.has_md5())) {
            let read = read_bytes(&found);
            row = read.as_ref().ok().and_then(|bytes| table.by_md5(&hex(&Md5::digest(bytes))));
            bytes = Some(read);
        }
        let tags = row.map(|(_, tags)| tags.clone()).unwrap_or_default();
        let (genre, artist) = found.tags(self.options.layout);
        let genre = tags.genre.clone().or(genre).map(|name| normal(&name)).filter(|name| !name.is_empty());
        let artist = tags.artist.clone().or(artist);
        let row = row.map(|(row, _)| row);
        let listed = match self.options.filter.listed && row.is_none() {
            true => Err((DropReason::Unlisted, "the metadata does not name it".to_owned())),
            false => self.wanted(&genre, &artist),
        };
        let judged = listed.and_then(|()| {
            if let Some(song) = &found.song {
                let score = song.score(&self.options.representation);
                let score = chosen(score, &[], self.selections)?;
                let reading = Reading { score, repairs: Vec::new(), changed: BTreeMap::new() };
                return self.candidate(&found, reading, song.roll.hash());
            }
            let bytes = bytes.unwrap_or_else(|| read_bytes(&found))?;
            self.candidate(&found, read_score(&bytes, self.selections)?, blake3::hash(&bytes))
        });
        let verdict = match judged {
            Ok(mut song) => {
                let Tags { title, split, licence, .. } = tags;
                song.title = title.filter(|_| found.song.is_none()).unwrap_or_else(|| found.title());
                (song.split, song.licence) = (found.song.as_ref().map(|song| song.split).or(split), licence);
                (song.genre, song.artist, song.found) = (genre.clone(), artist.clone(), found);
                Ok(song)
            }
            Err((reason, detail)) => Err(record(found.name, found.name_bytes, reason, detail)),
        };
        Outcome { genre, artist, row, verdict }
    }

    /// Whether the filter needs the tags.
    fn wanted(&self, genre: &Option<String>, artist: &Option<String>) -> Verdict<()> {
        let filter = &self.options.filter;
        let asked = |wanted: &[String], name: &Option<String>, reason, what: &str| match name {
            _ if wanted.is_empty() => Ok(()),
            Some(name) if wanted.iter().any(|wanted| normal(wanted) == normal(name)) => Ok(()),
            Some(name) => Err((reason, format!("its {what} is {name}"))),
            None => Err((reason, format!("its {what} is unknown"))),
        };
        asked(&filter.genres, genre, DropReason::Genre, "genre")?;
        asked(&filter.artists, artist, DropReason::Artist, "artist")
    }

    fn candidate(&self, found: &Found, reading: Reading, hash: blake3::Hash) -> Verdict<Box<Candidate>> {
        let Reading { score, repairs, changed } = reading;
        let notes = score.note_count();
        let filter = &self.options.filter;
        if let Some(least) = filter.min_notes.filter(|least| notes < *least) {
            return Err((DropReason::TooFewNotes, format!("it has {notes} notes, {least} were asked for")));
        }
        if let Some(most) = filter.max_notes.filter(|most| notes > *most) {
            return Err((DropReason::TooManyNotes, format!("it has {notes} notes, at most {most} were asked for")));
        }
        let take = |room: usize| room.checked_sub(notes);
        let has_room = self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok();
        Ok(Box::new(Candidate {
            found: found.clone(),
            title: String::new(),
            genre: None,
            artist: None,
            licence: None,
            split: None,
            notes,
            bars: score.bars().count(),
            seconds: score.duration().0,
            instruments: score.instruments(),
            repairs,
            changed,
            fingerprint: Fingerprint::of(&score),
            hash,
            score: has_room.then(|| Box::new(score)),
        }))
    }

    /// Refuses a filter that names what no file has: more likely a slip than a request for an empty
    /// corpus.
    fn check_names<'b>(
        &self,
        what: &'static str,
        wanted: &[String],
        names: impl Iterator<Item = &'b Option<String>>,
    ) -> Result<(), PrepareError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let known: BTreeSet<String> = names.flatten().map(|name| normal(name)).collect();
        let Some(name) = wanted.iter().find(|name| !known.contains(&normal(name))) else { return Ok(()) };
        let near = nearest_names(name, known.iter().map(String::as_str), 1);
        let hint = near.first().map(|near| format!(" (did you mean \"{near}\"?)")).unwrap_or_default();
        let mut list: Vec<&str> = known.iter().map(String::as_str).take(MAX_LISTED).collect();
        if known.len() > MAX_LISTED {
            list.push("…");
        }
        let known = if list.is_empty() { "none at all".to_owned() } else { list.join(", ") };
        Err(PrepareError::Unknown { what, name: name.clone(), hint, known })
    }

    fn warnings(&self, outcomes: &[Outcome]) -> Vec<String> {
        let Some(table) = self.metadata else { return Vec::new() };
        let rows: HashSet<usize> = outcomes.iter().filter_map(|outcome| outcome.row).collect();
        let mut warnings = Vec::new();
        let without_file = table.len() - rows.len();
        if without_file > 0 {
            warnings.push(format!("{without_file} of the {} lines of the metadata match no file", table.len()));
        }
        let mut folders: BTreeMap<String, usize> = BTreeMap::new();
        let unnamed = outcomes.iter().filter(|outcome| outcome.row.is_none() && !self.options.filter.listed);
        for outcome in unnamed {
            let name = match &outcome.verdict {
                Ok(song) => &song.found.name,
                Err(record) => &record.path,
            };
            *folders.entry(name.clone()).or_default() += 1;
        }
        if let Some((first, _)) = folders.first_key_value() {
            let count: usize = folders.values().sum();
            warnings.push(format!("the metadata says nothing about {count} of the {} files ({first})", outcomes.len()));
        }
        warnings
    }
}

/// The file's bytes, if they are not too many.
fn read_bytes(found: &Found) -> Verdict<Vec<u8>> {
    let failed = |error: std::io::Error| (DropReason::Unreadable, error.to_string());
    let mut bytes = Vec::new();
    let file = leitmotif_files::open(&found.path).map_err(failed)?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// A file as the corpus has it.
struct Reading {
    /// The selected parts.
    score: Score,
    repairs: Vec<String>,
    changed: BTreeMap<String, usize>,
}

fn read_score(bytes: &[u8], selections: &Selections) -> Verdict<Reading> {
    let read = read_midi(bytes, &selections.read);
    let (score, report) = read.map_err(|error| (DropReason::Unreadable, error.to_string()))?;
    let cut = [What::BeyondLongest, What::CutAtLongest];
    let grave =
        report.findings.iter().filter(|finding| finding.severity >= Severity::Repaired || cut.contains(&finding.what));
    let repairs: Vec<String> = grave.map(ToString::to_string).collect();
    let mut changed = BTreeMap::new();
    if let held @ 1.. = report.count(What::NoteHeldByPedal) {
        changed.insert(PEDALLED.to_owned(), held as usize);
    }
    Ok(Reading { score: chosen(score, &repairs, selections)?, repairs, changed })
}

/// The selected parts of a score.
fn chosen(mut score: Score, repairs: &[String], selections: &Selections) -> Verdict<Score> {
    if score.note_count() == 0 {
        let why = if repairs.is_empty() { String::new() } else { format!("; {}", repairs.join("; ")) };
        return Err((DropReason::Empty, format!("it has no notes{why}")));
    }
    let players = score.instruments();
    let plays = |selection: &InstrumentSelection| players.iter().any(|player| selection.matches(*player));
    if let Some(missing) = selections.with.iter().find(|selection| !plays(selection)) {
        return Err((DropReason::Instrument, format!("it has no {missing}")));
    }
    if !selections.only.is_empty() {
        score.retain_instruments(|player| selections.only.iter().any(|selection| selection.matches(player)));
        if score.note_count() == 0 {
            let names: Vec<_> = selections.only.iter().map(InstrumentSelection::name).collect();
            return Err((DropReason::Instrument, format!("it has no {}", names.join(" or "))));
        }
    }
    Ok(score)
}

/// Reads a candidate's score again; the file must be the same.
pub(super) fn read_again(
    song: &Candidate,
    selections: &Selections,
    representation: &RepresentationConfig,
) -> Verdict<Score> {
    if let Some(of) = &song.found.song {
        return chosen(of.score(representation), &[], selections);
    }
    let bytes = read_bytes(&song.found)?;
    if blake3::hash(&bytes) != song.hash {
        return Err((DropReason::Changed, "it changed while the corpus was being prepared".to_owned()));
    }
    read_score(&bytes, selections).map(|reading| reading.score)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
