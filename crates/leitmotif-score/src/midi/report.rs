//! What reading or writing a file changed.

use serde::{Deserialize, Serialize};

/// How many places of one kind a report lists.
const MAX_LISTED_BYTES: usize = 8;

/// How much something found in a file matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing is wrong or lost.
    Noted,
    /// Something the score has no room for, or that makes no sense, is not in it.
    Dropped,
    /// Something that this reader does not support is not in the score.
    Unknown,
    /// The file breaks the rules, and its music was saved all the same.
    Repaired,
    /// The file breaks the rules, and what could not be saved is lost.
    Damaged,
}

macro_rules! findings {
    ($($(#[doc = $doc:literal])* $name:ident = $severity:ident, $text:literal;)*) => {
        /// Something found in a file.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum What { $(#[doc = $text] $name,)* }

        impl What {
            /// How much it matters.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// What it is, in words that follow a number.
            pub fn description(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

findings! {
    BytesBeforeHeader = Repaired, "byte(s) before the header skipped";
    HeaderLengthWrong = Repaired, "header length that is not 6";
    FormatUnknown = Repaired, "unknown format, read as format 1";
    TrackCountWrong = Repaired, "track(s) more or fewer than the header says";
    DivisionInvalid = Repaired, "invalid time division, read as 480 ticks a quarter";
    ChunkLengthWrong = Repaired, "track length(s) wrong, the track's end found otherwise";
    EndOfTrackMissing = Repaired, "track(s) without an end";
    RunningStatusResumed = Repaired, "running status used after a meta or system event";
    NoteNeverEnded = Repaired, "note(s) never ended, closed at the end of their track";
    NoteWithoutLength = Repaired, "note(s) ended where they began, made one tick long";
    DataByteMended = Repaired, "event(s) with a byte above 127 in place of data, read as 127";
    RealTimeInEvent = Repaired, "event(s) with a real-time message inside, which is skipped";
    TextCut = Repaired, "text(s) longer than the limit, cut";
    TextNotUtf8 = Repaired, "text(s) not in UTF-8, read as Windows-1252";
    TextShiftJis = Repaired, "text(s) not in UTF-8, read as Shift-JIS";
    TextOtherEncoding = Repaired, "text(s) not in UTF-8, read in the encoding that the file's texts speak for";
    GzipDamaged = Damaged, "gzip stream cut or damaged, read as far as it goes";
    TrackCut = Damaged, "track(s) that end inside an event, which is lost";
    StatusMissing = Damaged, "event(s) without a status byte, left out";
    DataByteInvalid = Damaged, "event(s) with a byte above 127 in place of data, left out";
    NumberTooLong = Damaged, "event(s) with a number of more than four bytes, left out";
    BytesSkipped = Damaged, "stretch(es) of bytes skipped up to the next event that makes sense";
    TrackLost = Damaged, "track(s) of which nothing after damage makes sense, the rest lost";
    TimeBeyondLimit = Damaged, "event(s) later than the last tick allowed; the rest of the track is lost";
    BeyondLongest = Dropped, "note(s) and mark(s) later than the longest piece";
    StrayBytes = Dropped, "stretch(es) of bytes that belong to no chunk";
    BytesAfterEnd = Dropped, "stretch(es) of bytes after the end of a track";
    NoteOffWithoutNote = Dropped, "note-off(s) without a note";
    BasicLevel = Dropped, "note(s) of a second arrangement for basic synthesisers (channels 13 to 16)";
    SystemMessage = Dropped, "system message(s) that must not be in a file";
    ValueInvalid = Dropped, "tempo, meter or key event(s) with impossible values";
    TempoWithoutQuarters = Dropped, "tempo event(s), which have no meaning in SMPTE time";
    Lyric = Dropped, "lyric(s)";
    LateText = Dropped, "text(s) after the start";
    Expression = Dropped, "controller, pitch bend and aftertouch event(s)";
    SystemExclusive = Dropped, "system exclusive message(s)";
    OtherMeta = Dropped, "other meta event(s) that say nothing about the music";
    ChunkUnknown = Unknown, "chunk(s) of an unknown kind";
    MetaUnknown = Unknown, "meta event(s) of an unknown kind";
    Gzip = Noted, "gzip file, unpacked; offsets count in what was unpacked";
    Wrapper = Noted, "RIFF wrapper";
    ProgramByTrack = Noted, "note(s) with their track's program, though another track gave their channel another";
    SmpteTime = Noted, "clock in SMPTE time, counted as 120 quarters a minute";
    SequencesJoined = Noted, "independent sequences (format 2), played one after another";
    CutAtLongest = Noted, "note(s) that sound beyond the longest piece, ended with it";
    NoteHeldByPedal = Noted, "note(s) lengthened by the sustain or sostenuto pedal";
    PedalNotApplied = Noted, "pedal event(s), not applied";
    NotesEndedByController = Noted, "note(s) ended by all-notes-off or all-sound-off";
    NotesOverlapping = Noted, "note(s) struck while the same pitch still sounded";
    NoNotes = Noted, "file without a note";
}

/// One kind of thing found, how often, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is.
    pub what: What,
    /// How much it matters.
    pub severity: Severity,
    /// How often it was found (bytes for [`What::BytesBeforeHeader`]).
    pub count: u64,
    /// The offsets in the file of the first few, where they are known.
    pub bytes: Vec<u64>,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let severity = match self.severity {
            Severity::Noted => "noted",
            Severity::Dropped => "dropped",
            Severity::Unknown => "unknown",
            Severity::Repaired => "repaired",
            Severity::Damaged => "damaged",
        };
        write!(f, "{severity}: {} {}", self.count, self.what.description())?;
        if !self.bytes.is_empty() {
            let bytes: Vec<String> = self.bytes.iter().map(u64::to_string).collect();
            let more = if self.count > self.bytes.len() as u64 { ", ..." } else { "" };
            write!(f, " (at byte {}{more})", bytes.join(", "))?;
        }
        Ok(())
    }
}

/// What was found in a file besides its music.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadReport {
    /// The format that the header names: 0, 1 or 2.
    pub format: u16,
    /// How many tracks were found.
    pub tracks: usize,
    /// What was found, one entry a kind, sorted.
    pub findings: Vec<Finding>,
}

impl ReadReport {
    pub(super) fn add(&mut self, what: What, count: u64, byte: Option<usize>) {
        if count == 0 {
            return;
        }
        let index = self.findings.iter().position(|finding| finding.what == what).unwrap_or_else(|| {
            self.findings.push(Finding { what, severity: what.severity(), count: 0, bytes: Vec::new() });
            self.findings.len() - 1
        });
        let finding = &mut self.findings[index];
        finding.count += count;
        if let Some(byte) = byte
            && finding.bytes.len() < MAX_LISTED_BYTES
        {
            finding.bytes.push(byte as u64);
        }
    }

    /// How often a track was read on after damage.
    pub(super) fn resumptions(&self) -> u64 {
        [What::BytesSkipped, What::DataByteMended, What::RealTimeInEvent].map(|what| self.count(what)).iter().sum()
    }

    /// How often `what` was found.
    pub fn count(&self, what: What) -> u64 {
        self.findings.iter().find(|finding| finding.what == what).map_or(0, |finding| finding.count)
    }

    /// The gravest thing found, if anything.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// One line for people per kind of thing found.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.findings.iter().map(Finding::to_string)
    }
}

/// What writing a file changed: all zero where the file says exactly what the score says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteReport {
    /// Values out of range or out of order were put right, see [`crate::Score::normalise`].
    pub normalised: bool,
    /// Ticks were counted in a coarser clock, as files know no finer one.
    pub clock_coarsened: bool,
    /// Notes that end where the next one of their part and pitch begins, earlier than the score
    /// says.
    pub notes_shortened: usize,
    /// Notes left out because their part strikes the same pitch at the same tick; the longest
    /// duration and the greatest velocity remain.
    pub notes_merged: usize,
    /// Parts without notes, left out.
    pub empty_parts: usize,
    /// Texts cut at [`super::limits::MAX_TEXT_BYTES`].
    pub texts_cut: usize,
    /// Parts that share their channel with another part.
    pub parts_sharing: usize,
    /// Ports used; more than one only where 16 channels are too few.
    pub ports: usize,
}

/// What changing a file did. `notes_added` and `notes_dropped` make up all notes that were to be
/// added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpliceReport {
    /// Notes taken out, those behind a cut too.
    pub notes_removed: usize,
    /// Notes written, those of new parts too.
    pub notes_added: usize,
    /// Of the notes written, those that end earlier than was asked: where the next note of their
    /// pitch and channel begins, or where an event of the file would end them.
    pub notes_shortened: usize,
    /// Notes that were to be added and found no place: their pitch already sounds on their channel,
    /// no program change can select their instrument there, or no MIDI device knows their pitch.
    pub notes_dropped: usize,
    /// Notes that end elsewhere than they should because the pedals of the file hold them; only
    /// where pedals are read.
    pub notes_held: usize,
    /// Notes moved to a tick of the file, as scores count SMPTE clocks with an odd number of ticks
    /// a second twice as fast.
    pub notes_rounded: usize,
    /// Tracks added, one for each new part with notes.
    pub tracks_added: usize,
    /// The file was of format 0, and is of format 1 as it has new tracks.
    pub made_parallel: bool,
}
