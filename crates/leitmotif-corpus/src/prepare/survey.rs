//! The first reading of a collection: what each file is, and whether it is selected.

use super::check::Selections;
use super::fingerprint::Fingerprint;
use super::metadata::{Metadata, Tags};
use super::names::normal;
use super::part::Stored;
use super::scan::Found;
use super::tally::Tally;
use super::{PrepareError, PrepareObserver, PrepareOptions, record, stop_if};
use crate::options::FilterOptions;
use crate::{DropReason, DroppedRecord, Split};
use leitmotif_events::RepresentationConfig;
use leitmotif_score::midi::limits::MAX_FILE_BYTES;
use leitmotif_score::midi::{Severity, What, read_midi};
use leitmotif_score::{Instrument, InstrumentSelection, Score};
use md5::{Digest, Md5};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A change of a song: pedals are read.
const PEDALLED: &str = "notes lengthened by pedals";

/// A song that is selected, so far.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) found: Found,
    /// Whether it is of a collection in one JSON file.
    pub(super) of_collection: bool,
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
    pub(super) music: Music,
}

/// Where the music of a candidate is.
#[derive(Debug)]
pub(super) enum Music {
    /// In its file, which is to be read again.
    File,
    /// Here, where there is room to keep it.
    Score(Box<Score>),
    /// In a part, as events.
    Stored(Box<Stored>),
    /// Nowhere: the representation holds none of its notes, for this reason.
    Unencodable(String),
}

impl Candidate {
    pub(super) fn dropped(&self, reason: DropReason, detail: String) -> DroppedRecord {
        record(self.found.name.clone(), self.found.name_bytes.clone(), reason, detail)
    }
}

/// A candidate as lists hold it: sorted and sifted without being copied.
pub(super) type Song = Box<Candidate>;

/// What the first reading found.
pub(super) struct Surveyed {
    pub(super) songs: Vec<Song>,
    pub(super) dropped: Vec<DroppedRecord>,
    pub(super) tally: Tally,
}

/// One file: its names, and whether it is selected.
pub(super) struct Outcome {
    genre: Option<String>,
    artist: Option<String>,
    row: Option<usize>,
    pub(super) verdict: Result<Box<Candidate>, DroppedRecord>,
}

impl Outcome {
    pub(super) fn count(&self, tally: &mut Tally, filter: &FilterOptions) {
        let name = match &self.verdict {
            Ok(song) => &song.found.name,
            Err(record) => &record.path,
        };
        tally.add(name, self.genre.as_deref(), self.artist.as_deref(), self.row, filter);
    }
}

/// Why a file is left out.
pub(super) type Verdict<T> = Result<T, (DropReason, String)>;

pub(super) fn survey(
    found: Vec<Found>,
    options: &PrepareOptions,
    selections: &Selections,
    metadata: Option<&Metadata>,
    progress: &dyn PrepareObserver,
    cancel: &AtomicBool,
) -> Result<Surveyed, PrepareError> {
    let survey = Survey::new(options, selections, metadata, options.cached_notes);
    let outcome = |found| {
        stop_if(cancel)?;
        let outcome = survey.outcome(found);
        progress.advance(1);
        Ok(outcome)
    };
    // A few files at a time: a thread could be left with many when the others have none.
    let outcomes = found.into_par_iter().with_max_len(4).map(outcome);
    let outcomes: Vec<Outcome> = outcomes.collect::<Result<_, PrepareError>>()?;
    let mut tally = Tally::default();
    outcomes.iter().for_each(|outcome| outcome.count(&mut tally, &options.filter));
    tally.check(&options.filter)?;
    let (mut songs, mut dropped) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        match outcome.verdict {
            Ok(song) => songs.push(song),
            Err(record) => dropped.push(record),
        }
    }
    Ok(Surveyed { songs, dropped, tally })
}

pub(super) struct Survey<'a> {
    options: &'a PrepareOptions,
    selections: &'a Selections,
    metadata: Option<&'a Metadata>,
    /// How many more notes of scores may be kept.
    room: AtomicUsize,
}

impl<'a> Survey<'a> {
    /// A survey that keeps scores of `room` notes in all.
    pub(super) fn new(
        options: &'a PrepareOptions,
        selections: &'a Selections,
        metadata: Option<&'a Metadata>,
        room: usize,
    ) -> Self {
        Self { options, selections, metadata, room: AtomicUsize::new(room) }
    }

    /// What one file is.
    pub(super) fn outcome(&self, found: Found) -> Outcome {
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
                song.of_collection = found.song.is_some();
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
            of_collection: false,
            title: String::new(),
            genre: None,
            artist: None,
            licence: None,
            split: None,
            notes,
            bars: score.bars().count(),
            seconds: in_milliseconds(score.duration().0),
            instruments: score.instruments(),
            repairs,
            changed,
            fingerprint: Fingerprint::of(&score),
            hash,
            music: if has_room { Music::Score(Box::new(score)) } else { Music::File },
        }))
    }
}

/// The file's bytes, if they are not too many.
fn read_bytes(found: &Found) -> Verdict<Vec<u8>> {
    let failed = |error: std::io::Error| (DropReason::Unreadable, error.to_string());
    let file = leitmotif_files::open(&found.path).map_err(failed)?;
    let stated = file.metadata().map_err(failed)?.len().min(MAX_FILE_BYTES);
    let mut bytes = Vec::with_capacity(stated as usize + 1);
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

/// Seconds as files hold them.
pub(super) fn in_milliseconds(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
