//! Tags that a collection keeps in a table beside its files, as Lakh and Groove do.
//!
//! The table is CSV, TSV or semicolon-separated, with a header line. One column finds the song, by
//! path or by the MD5 of its file (Lakh's files are named by it); the others may give genre,
//! artist, title, split and licence. Columns are known by several names, in any capitalisation;
//! columns with other names are ignored. Empty cells are ignored.

use crate::Split;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The longest table that is read, in bytes.
pub const MAX_METADATA_BYTES: u64 = 1 << 30;
/// The names of the column with the path.
const PATH_COLUMNS: [&str; 8] =
    ["path", "midi_filename", "midi_file", "midi_path", "file", "filename", "file_name", "midi"];
/// The names of the column with the MD5 of the file.
const MD5_COLUMNS: [&str; 4] = ["md5", "midi_md5", "md5sum", "hash"];
const GENRE_COLUMNS: [&str; 4] = ["genre", "style", "genre_rule", "tagtraum_genre"];
const ARTIST_COLUMNS: [&str; 7] =
    ["artist", "drummer", "artist_name", "composer", "canonical_composer", "performer", "band"];
const TITLE_COLUMNS: [&str; 5] = ["title", "song", "track_name", "canonical_title", "name"];
const SPLIT_COLUMNS: [&str; 3] = ["split", "subset", "partition"];
const LICENCE_COLUMNS: [&str; 2] = ["licence", "license"];

/// What is wrong with a table of metadata.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// It cannot be read.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// It has no usable column.
    #[error("{path}, line 1: no column tells {what}; its columns are {found}; name one of them {wanted}")]
    Column {
        /// The file.
        path: PathBuf,
        /// What is missing.
        what: &'static str,
        /// The columns it has.
        found: String,
        /// The recognised names.
        wanted: String,
    },
    /// A line is wrong.
    #[error("{path}, line {line}: {reason}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong, and what would be right.
        reason: String,
    },
}

/// A table's entries for one song.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tags {
    pub(super) genre: Option<String>,
    pub(super) artist: Option<String>,
    pub(super) title: Option<String>,
    pub(super) split: Option<Split>,
    pub(super) licence: Option<String>,
}

/// A table of metadata.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    rows: Vec<(u64, Tags)>,
    /// Rows by path: lower case, `/` between the parts, without `./`.
    paths: HashMap<String, usize>,
    md5s: HashMap<String, usize>,
    /// BLAKE3 of the file, hexadecimal.
    pub(super) hash: String,
}

/// The numbers of the recognised columns.
struct Columns {
    path: Option<usize>,
    md5: Option<usize>,
    genre: Option<usize>,
    is_style: bool,
    artist: Option<usize>,
    title: Option<usize>,
    split: Option<usize>,
    licence: Option<usize>,
}

impl Columns {
    fn read(file: &Path, header: &[String]) -> Result<Self, MetadataError> {
        let lower: Vec<String> = header.iter().map(|name| name.to_lowercase().replace([' ', '-'], "_")).collect();
        // The order of the recognised names counts, not that of the columns.
        let find = |names: &[&str]| names.iter().find_map(|name| lower.iter().position(|column| column == name));
        let columns = Self {
            path: find(&PATH_COLUMNS),
            md5: find(&MD5_COLUMNS),
            genre: find(&GENRE_COLUMNS),
            is_style: find(&GENRE_COLUMNS).is_some_and(|column| lower[column] == "style"),
            artist: find(&ARTIST_COLUMNS),
            title: find(&TITLE_COLUMNS),
            split: find(&SPLIT_COLUMNS),
            licence: find(&LICENCE_COLUMNS),
        };
        let missing = |what, wanted: Vec<&str>| {
            let (found, wanted) = (header.join(", "), wanted.join(", "));
            Err(MetadataError::Column { path: file.to_owned(), what, found, wanted })
        };
        if columns.path.is_none() && columns.md5.is_none() {
            return missing("which song a line is about", [&PATH_COLUMNS[..], &MD5_COLUMNS[..]].concat());
        }
        let tags = [columns.genre, columns.artist, columns.title, columns.split, columns.licence];
        if tags.iter().all(Option::is_none) {
            return missing("anything about the songs", vec!["genre", "style", "artist", "title", "split", "licence"]);
        }
        Ok(columns)
    }
}

impl Metadata {
    /// Reads a table.
    pub(super) fn read(file: &Path) -> Result<Self, MetadataError> {
        let failed = |error| MetadataError::Io { path: file.to_owned(), error };
        Self::parse(file, &leitmotif_files::read(file, MAX_METADATA_BYTES).map_err(failed)?)
    }

    fn parse(file: &Path, bytes: &[u8]) -> Result<Self, MetadataError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter(bytes)).has_headers(false).from_reader(bytes);
        let wrong = |line, reason| MetadataError::Line { path: file.to_owned(), line, reason };
        let mut metadata = Self { hash: blake3::hash(bytes).to_hex().to_string(), ..Self::default() };
        let mut columns = None;
        for record in reader.byte_records() {
            let record = record.map_err(|error| {
                let line = error.position().map_or(1, csv::Position::line);
                wrong(line, describe(&error))
            })?;
            let line = record.position().map_or(1, csv::Position::line);
            let cells: Vec<String> =
                record.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
            match &columns {
                None => columns = Some((Columns::read(file, &cells)?, cells)),
                Some((columns, header)) => {
                    metadata.add(columns, header, line, &cells).map_err(|reason| wrong(line, reason))?;
                }
            }
        }
        if columns.is_none() {
            return Err(wrong(1, "the file is empty; its first line must name the columns".to_owned()));
        }
        Ok(metadata)
    }

    fn add(&mut self, columns: &Columns, header: &[String], line: u64, cells: &[String]) -> Result<(), String> {
        let cell = |column: Option<usize>| column.map(|column| cells[column].as_str()).filter(|cell| !cell.is_empty());
        let owned = |column| cell(column).map(str::to_owned);
        let split = match columns.split.zip(cell(columns.split)) {
            Some((column, text)) => {
                Some(text.parse::<Split>().map_err(|reason| format!("column \"{}\": {reason}", header[column]))?)
            }
            None => None,
        };
        // Styles are written from the general to the particular: `funk/groove1`.
        let genre = cell(columns.genre)
            .map(|text| if columns.is_style { text.split('/').next().unwrap_or(text) } else { text });
        let genre = genre.map(str::to_owned);
        let tags = Tags {
            genre,
            artist: owned(columns.artist),
            title: owned(columns.title),
            split,
            licence: owned(columns.licence),
        };
        let path = cell(columns.path).map(path_key);
        let md5 = cell(columns.md5).map(str::to_ascii_lowercase);
        let row = self.rows.len();
        let repeats = |earlier: Option<&usize>, key: &str| match earlier.map(|row| &self.rows[*row]) {
            Some((first, known)) if *known != tags => {
                Err(format!("\"{key}\" is in line {first} too, with other tags; keep one of the two"))
            }
            _ => Ok(()),
        };
        for (map, key) in [(&self.paths, &path), (&self.md5s, &md5)] {
            if let Some(key) = key {
                repeats(map.get(key), key)?;
            }
        }
        if let Some(key) = path {
            self.paths.entry(key).or_insert(row);
        }
        if let Some(key) = md5 {
            self.md5s.entry(key).or_insert(row);
        }
        self.rows.push((line, tags));
        Ok(())
    }

    /// The number of songs it names.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether a song may have to be found by the MD5 of its file.
    pub(super) fn has_md5(&self) -> bool {
        !self.md5s.is_empty()
    }

    /// The row for a file by its path: the table's path that is the longest ending of the file's,
    /// with or without extension.
    pub(super) fn by_path(&self, path: &Path) -> Option<(usize, &Tags)> {
        if self.paths.is_empty() {
            return None;
        }
        let key = path_key(&path.to_string_lossy());
        let endings = std::iter::once(key.as_str()).chain(key.match_indices('/').map(|(at, _)| &key[at + 1..]));
        let row = endings.into_iter().find_map(|ending| {
            let stem = ending.rsplit_once('.').map(|(stem, _)| stem);
            self.paths.get(ending).or_else(|| self.paths.get(stem?))
        });
        row.map(|row| (*row, &self.rows[*row].1))
    }

    /// The row for a file by its name, where that is an MD5.
    pub(super) fn by_stem(&self, stem: &str) -> Option<(usize, &Tags)> {
        self.by_md5(&stem.to_ascii_lowercase())
    }

    /// The row for a file by its MD5, lower case.
    pub(super) fn by_md5(&self, md5: &str) -> Option<(usize, &Tags)> {
        self.md5s.get(md5).map(|row| (*row, &self.rows[*row].1))
    }
}

/// The separator: whichever of tab, semicolon and comma the first line has most of.
fn delimiter(bytes: &[u8]) -> u8 {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |wanted: u8| first.iter().filter(|byte| **byte == wanted).count();
    [b',', b';', b'\t'].into_iter().max_by_key(|wanted| count(*wanted)).unwrap_or(b',')
}

fn path_key(path: &str) -> String {
    let key = path.replace('\\', "/").to_lowercase();
    key.strip_prefix("./").unwrap_or(&key).to_owned()
}

fn describe(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!(
                "it has {len} columns, the first line {expected_len}; put cells that contain the separator into quotes"
            )
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parse(text: &str) -> Result<Metadata, MetadataError> {
        Metadata::parse(Path::new("table.csv"), text.as_bytes())
    }

    fn tags<'a>(metadata: &'a Metadata, path: &str) -> Option<&'a Tags> {
        metadata.by_path(Path::new(path)).map(|(_, tags)| tags)
    }

    #[test]
    fn groove_reads_as_it_is() {
        let table = parse(
            "drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,audio_filename,duration,split\r\n\
             drummer1,drummer1/session1,drummer1/session1/1,funk/groove1,138,beat,4-4,drummer1/session1/1_funk.mid,x.wav,27.8,validation\r\n",
        )
        .unwrap();
        let tags = tags(&table, "/data/groove/drummer1/session1/1_funk.mid").unwrap();
        assert_eq!((tags.genre.as_deref(), tags.artist.as_deref()), (Some("funk"), Some("drummer1")));
        assert_eq!((tags.split, &tags.title), (Some(Split::Valid), &None));
        assert!(!table.has_md5());
    }

    #[test]
    fn open_band_reads_as_it_is() {
        let table = parse(
            "\u{feff}path\tcollection\tlicence\tartist\ttitle\tgenre_rule\tbytes\tmd5\n\
             band/-lucas-/Open, \"journey\".mid\tOpenMSX\tGPL-2.0\t-lucas-\tOpenTTD journey\tband\t46447\tABCD\n",
        )
        .unwrap();
        let tags = tags(&table, "open-band\\band/-Lucas-/open, \"journey\".MID").unwrap();
        assert_eq!((tags.genre.as_deref(), tags.licence.as_deref()), (Some("band"), Some("GPL-2.0")));
        assert_eq!(tags.title.as_deref(), Some("OpenTTD journey"));
        assert_eq!(table.by_md5("abcd").unwrap().0, 0);
    }

    #[test]
    fn the_longest_ending_wins_and_extensions_may_lack() {
        let table = parse("file;Genre\na.mid;one\nx/a.mid;two\nsongs/b;three\n;four\n").unwrap();
        let genre = |path| tags(&table, path).and_then(|tags| tags.genre.as_deref());
        assert_eq!(genre("y/a.mid"), Some("one"));
        assert_eq!(genre("z/x/a.mid"), Some("two"));
        assert_eq!(genre("songs/b.midi"), Some("three"));
        assert_eq!(genre("b.midi"), None);
        assert_eq!(genre("xa.mid"), None);
        assert_eq!(table.len(), 4);
    }

    #[test]
    fn errors_name_line_column_and_remedy() {
        let error = |text: &str| parse(text).unwrap_err().to_string();
        assert!(error("").contains("line 1"));
        let no_song = error("genre,artist\na,b\n");
        assert!(no_song.contains("its columns are genre, artist") && no_song.contains("midi_filename"), "{no_song}");
        assert!(error("path,bytes\na,b\n").contains("genre, style"), "a table without tags");
        let bad_split = error("path,split\na.mid,train\nb.mid,holdout\n");
        assert!(
            bad_split.contains("line 3") && bad_split.contains("\"split\"") && bad_split.contains("validation"),
            "{bad_split}"
        );
        let ragged = error("path,genre\na.mid,rock,x\n");
        assert!(ragged.contains("line 2") && ragged.contains("3 columns"), "{ragged}");
        let twice = error("path,genre\na.mid,rock\na.mid,pop\n");
        assert!(twice.contains("line 3") && twice.contains("line 2"), "{twice}");
        assert!(parse("path,genre\na.mid,rock\na.mid,rock\n").is_ok(), "a repeated line that agrees");
    }

    #[test]
    fn bytes_that_are_not_text_are_no_end() {
        let table = Metadata::parse(Path::new("t"), b"path,artist\ncaf\xe9.mid,Ren\xe9e\n").unwrap();
        assert_eq!(tags(&table, "caf\u{fffd}.mid").unwrap().artist.as_deref(), Some("Ren\u{fffd}e"));
    }
}
