//! The second reading: songs into events, and into the corpus's folder.

use super::names::normal;
use super::pipeline::in_order;
use super::survey::{Candidate, Music, Song, Verdict, read_again};
use super::{PrepareError, PrepareObserver, PrepareOptions, SplitBy, split, stop_if};
use crate::corpus::CorpusWriter;
use crate::{DropReason, DroppedRecord, SongRecord, Split};
use leitmotif_events::{EncodeReport, Header, Representation, RepresentationConfig, Sequence};
use leitmotif_score::Score;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashSet};
use std::iter::Peekable;
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// Songs are encoded in chunks of at most so many notes, a longer song by itself.
const CHUNK_NOTES: usize = 200_000;
/// At most so many songs in a chunk.
const CHUNK_SONGS: usize = 256;
/// At most so many genres are named in a vocabulary, those with most songs.
pub(super) const MAX_VOCABULARY_GENRES: usize = 1024;
/// Hexadecimal digits of a song's id.
const ID_DIGITS: usize = 12;
/// At most so many kinds of changes are listed in the report.
const MAX_CHANGES_LISTED: usize = 6;
/// A split that is further from its share of the notes than by this factor is worth a warning.
const UNBALANCED: f64 = 2.0;

pub(super) struct Encoded {
    pub(super) writer: CorpusWriter,
    pub(super) dropped: Vec<DroppedRecord>,
    /// The settings with the genres filled in.
    pub(super) representation: RepresentationConfig,
    pub(super) is_empty: bool,
}

pub(super) fn encode(
    songs: Vec<Song>,
    options: &PrepareOptions,
    dir: &Path,
    warnings: &mut Vec<String>,
    progress: &dyn PrepareObserver,
    cancel: &AtomicBool,
) -> Result<Encoded, PrepareError> {
    let config = with_genres(&options.representation, &songs, warnings);
    let representation = leitmotif_events::build(&config)?;
    let named: HashSet<&str> = config.genres().iter().map(String::as_str).collect();
    let selections = options.check()?;
    let splits = splits(&songs, options, warnings);
    let mut writer = CorpusWriter::create(dir, representation.vocabulary())?;
    let mut dropped = Vec::new();
    let mut ids = HashSet::new();
    let mut changed: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let encode_one = |mut song: Song| -> Result<_, PrepareError> {
        let genre = song.genre.clone().filter(|genre| named.contains(genre.as_str()));
        let encoded = match std::mem::replace(&mut song.music, Music::File) {
            Music::Stored(stored) => Ok(stored.read(&*representation, genre)?),
            Music::Unencodable(detail) => Err((DropReason::Unencodable, detail)),
            Music::Score(score) => encode_score(&*representation, &config, &score, genre, &mut song),
            Music::File => read_again(&song, &selections, &config)
                .and_then(|score| encode_score(&*representation, &config, &score, genre, &mut song)),
        };
        progress.advance(1);
        Ok((song, encoded))
    };
    let encode_all = |chunk: Vec<Song>| -> Result<Vec<_>, PrepareError> {
        stop_if(cancel)?;
        // Without a limit, a thread could be left with many songs when the others have none.
        chunk.into_par_iter().with_max_len(1).map(encode_one).collect()
    };
    let mut splits = splits.into_iter();
    let put = |encoded: Vec<(Song, Verdict<(Sequence, EncodeReport)>)>| {
        for ((song, encoded), split) in encoded.into_iter().zip(&mut splits) {
            match encoded {
                Ok((sequence, report)) => {
                    let id = unique_id(&song, &mut ids);
                    for (change, count) in &song.changed {
                        let (songs, all) = changed.entry(change.clone()).or_default();
                        (*songs, *all) = (*songs + 1, all.saturating_add(*count));
                    }
                    push(&mut writer, *song, id, split, &sequence, report)?;
                }
                Err((reason, detail)) => dropped.push(song.dropped(reason, detail)),
            }
        }
        Ok(())
    };
    in_order(Chunks(songs.into_iter().peekable()), encode_all, put)?;
    warn_of(changed, warnings);
    Ok(Encoded { writer, dropped, representation: config, is_empty: ids.is_empty() })
}

/// The events of a song's score. What they hold otherwise than the score is added to the song's
/// changes.
pub(super) fn encode_score(
    representation: &dyn Representation,
    config: &RepresentationConfig,
    score: &Score,
    genre: Option<String>,
    song: &mut Candidate,
) -> Verdict<(Sequence, EncodeReport)> {
    let header = Header { genre, instruments: score.instruments() };
    let (sequence, report) = representation.encode(score, &header);
    song.changed.extend(leitmotif_events::changes(config, score));
    if report.kept == 0 || sequence.len() < 2 {
        return Err((DropReason::Unencodable, lost_text(&report)));
    }
    Ok((sequence, report))
}

/// What the songs' events hold otherwise than their files, for people.
fn warn_of(changed: BTreeMap<String, (usize, usize)>, warnings: &mut Vec<String>) {
    let mut changed: Vec<(String, (usize, usize))> = changed.into_iter().collect();
    changed.sort_by_key(|(_, (songs, _))| std::cmp::Reverse(*songs));
    let several = |count: usize| if count == 1 { "" } else { "s" };
    let more = changed.len().saturating_sub(MAX_CHANGES_LISTED);
    for (change, (songs, count)) in changed.into_iter().take(MAX_CHANGES_LISTED) {
        warnings.push(format!("{songs} song{}: {change} ({count} in all)", several(songs)));
    }
    if more > 0 {
        warnings.push(format!("{more} more kind{} of changes, see `changed` in songs.jsonl", several(more)));
    }
}

/// Songs to encode at a time.
struct Chunks(Peekable<std::vec::IntoIter<Song>>);

impl Iterator for Chunks {
    type Item = Vec<Song>;

    fn next(&mut self) -> Option<Vec<Song>> {
        let mut chunk = vec![self.0.next()?];
        let mut notes = chunk[0].notes;
        let mut fits = |song: &Song| {
            notes = notes.saturating_add(song.notes);
            notes <= CHUNK_NOTES
        };
        while chunk.len() < CHUNK_SONGS && self.0.peek().is_some_and(&mut fits) {
            chunk.extend(self.0.next());
        }
        Some(chunk)
    }
}

fn push(
    writer: &mut CorpusWriter,
    song: Candidate,
    id: String,
    split: Split,
    sequence: &Sequence,
    report: EncodeReport,
) -> Result<(), PrepareError> {
    let record = SongRecord {
        id,
        path: song.found.name,
        path_bytes: song.found.name_bytes,
        title: song.title,
        genre: song.genre,
        artist: song.artist,
        licence: song.licence,
        split,
        notes: report.kept,
        bars: song.bars,
        events: sequence.len(),
        seconds: song.seconds,
        instruments: song.instruments,
        lost: report.lost,
        changed: song.changed,
        repairs: song.repairs,
        shard: 0,
        start: 0,
        hash: song.hash.to_hex().to_string(),
    };
    Ok(writer.push(record, sequence)?)
}

fn unique_id(song: &Candidate, ids: &mut HashSet<String>) -> String {
    let hash = song.hash.to_hex();
    let mut id = hash[..ID_DIGITS].to_owned();
    for number in 2.. {
        if ids.insert(id.clone()) {
            break;
        }
        id = format!("{}-{number}", &hash[..ID_DIGITS]);
    }
    id
}

fn lost_text(report: &EncodeReport) -> String {
    let causes: Vec<_> = report.lost.iter().map(|(cause, count)| format!("{count} {cause}")).collect();
    format!("none of its {} notes can be encoded ({})", report.notes, causes.join(", "))
}

/// The representation with the genres of the songs, where it names none itself.
fn with_genres(config: &RepresentationConfig, songs: &[Song], warnings: &mut Vec<String>) -> RepresentationConfig {
    let mut config = config.clone();
    if let Some(genres) = config.genres_mut()
        && genres.is_empty()
    {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        songs.iter().filter_map(|song| song.genre.as_deref()).for_each(|genre| *counts.entry(genre).or_default() += 1);
        let mut ranked: Vec<(&str, usize)> = counts.into_iter().collect();
        ranked.sort_by_key(|(genre, count)| (std::cmp::Reverse(*count), *genre));
        if ranked.len() > MAX_VOCABULARY_GENRES {
            let more = ranked.len() - MAX_VOCABULARY_GENRES;
            warnings.push(format!(
                "the vocabulary names the {MAX_VOCABULARY_GENRES} most frequent genres; {more} more are not in it"
            ));
            ranked.truncate(MAX_VOCABULARY_GENRES);
        }
        *genres = ranked.into_iter().map(|(genre, _)| genre.to_owned()).collect();
        genres.sort_unstable();
    }
    config
}

fn splits(songs: &[Song], options: &PrepareOptions, warnings: &mut Vec<String>) -> Vec<Split> {
    let key = |song: &Song| match (options.split.by, &song.artist) {
        (SplitBy::Artist, Some(artist)) => format!("artist {}", normal(artist)),
        _ => format!("song {}", song.fingerprint.name()),
    };
    let keys: Vec<String> = songs.iter().map(key).collect();
    let fixed: Vec<Option<Split>> = songs.iter().map(|song| song.split).collect();
    let splits = split::split(&keys, &fixed, &options.split);
    let notes: Vec<usize> = songs.iter().map(|song| song.notes).collect();
    let total: usize = notes.iter().sum();
    let is_free = fixed.iter().all(Option::is_none);
    let better = || split::better_seed(&keys, &notes, &options.split);
    let shares =
        [(Split::Train, options.split.train), (Split::Valid, options.split.valid), (Split::Test, options.split.test)];
    for (split, wanted) in shares {
        let in_split = songs.iter().zip(&splits).filter(|(_, found)| **found == split);
        let (count, notes) = in_split.fold((0, 0), |(count, notes), (song, _)| (count + 1, notes + song.notes));
        let share = notes as f64 / total.max(1) as f64;
        if wanted > 0.0 && count == 0 {
            warnings.push(format!("the {split} split is empty; add files, or name splits in the metadata"));
        } else if is_free && wanted > 0.0 && (share > wanted * UNBALANCED || share < wanted / UNBALANCED) {
            let advice = match better() {
                Some(seed) => format!("split seed {seed} comes nearer"),
                None => "another split seed draws again".to_owned(),
            };
            let (share, wanted) = (share * 100.0, wanted * 100.0);
            warnings.push(format!(
                "the {split} split has {share:.1}% of the notes instead of {wanted:.1}%: chance, with few or uneven songs \
                 or artists; {advice}"
            ));
        }
    }
    splits
}
