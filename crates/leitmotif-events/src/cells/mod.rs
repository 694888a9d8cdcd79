//! The `cells` representation: a piece as bars of cells, where a cell (what a part plays in a bar)
//! can repeat another one in a single event.
//!
//! In sequenced music most cells repeat an earlier cell of their part, note for note. A cell is an
//! exact repeat, a transposed repeat, new notes in the rhythm of another cell, or new
//! notes; what it refers to is a number of bars back (or ahead, where those are given), or another
//! part of the bar. One rule chooses among references (`reference`), so that a piece has one
//! encoding.
//!
//! ```text
//! start | genre metal | with distortion-guitar 1 | with distortion-guitar 2 | with drums 1
//! bar 4/4 -> guitar 1 | tempo 120.0 0 -> guitar 1 | note 0 guitar 1 E2 1/8 v98 | ... | close -> guitar 2
//!   repeat 1 part before -> drums 1 | note 0 drums 1 drum 36 1/16 v110 | ... | close
//! bar 4/4 -> guitar 1 | repeat 1 bars back -> drums 1 | repeat 1 bars back
//! end
//! ```
//!
//! Every event names the part whose cell comes next, so that a model knows whose cell it decides
//! on; in a bar without a window, parts that are passed over rest. Five fields are read but not
//! predicted: what sounds where a note begins (`harmony`), and the number of the bar.
//!
//! A *window* of one or more bars gives some cells, and names those that are left open, before it
//! lets these be written, which can then depend on what follows them: the layout of filling and
//! accompanying (`grammar`). In a window every cell is named, rests too, so that to rest is a
//! decision. A bar without a window is written whole, which is the layout of continuing.
//!
//! Invariants: [`crate::Representation::decode`] of an encoded score encodes to the same events;
//! every encoded sequence is accepted by the grammar; every sequence that the grammar accepts
//! can be decoded.
//!
//! Kept besides what `events` keeps: which of several parts of one program plays a note. Not kept:
//! key signatures, markers, texts, part names, which drum kit, and that a part strikes a pitch that
//! it still holds (the held note ends there).

mod change;
mod decode;
mod encoder;
mod event;
mod fields;
mod grammar;
mod harmony;
mod observe;
mod read;
mod reference;
mod song;
mod tasks;
mod walk;

pub use encoder::{CellEncoder, CellWindow};
pub use event::CellEvent;
pub use fields::MAX_WINDOW;
pub use read::ReadCells;
pub use song::{BarFrame, Cell, CellBar, CellNote, CellSong, MAX_PARTS_OF_INSTRUMENT, PartId, Place};

use crate::event::{EventKind, EventVocabulary};
use crate::{
    Augmentation, BarMusic, EncodeReport, Grammar, Header, Observed, Representation, RepresentationConfig,
    RepresentationError, Sequence, Tasks, Value, Vocabulary,
};
use fields::{CellFields, KIND, NOTE};
use leitmotif_score::{Chord, Instrument, Score};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use read::Silent;
use walk::Walk;

/// The version of the meaning of the fields.
const VERSION: u32 = 1;

/// The `cells` representation with its vocabulary.
#[derive(Debug)]
pub struct Cells {
    fields: CellFields,
    vocabulary: Vocabulary,
    events: EventVocabulary,
    references: bool,
}

impl Cells {
    /// # Errors
    /// [`RepresentationError::Settings`] for a grid out of range, or genres that are too many or
    /// named twice.
    pub(crate) fn new(grid: u16, genres: &[String], references: bool) -> Result<Self, RepresentationError> {
        let fields = CellFields::new(grid, genres)?;
        let settings = RepresentationConfig::Cells { grid, genres: genres.to_vec(), references };
        let vocabulary = Vocabulary { version: VERSION, settings, fields: fields.named() };
        let events = fields.vocabulary();
        Ok(Self { fields, vocabulary, events, references })
    }

    /// Grid steps of a quarter.
    pub fn grid(&self) -> u64 {
        self.fields.plain.grid
    }

    /// A score as cells. The header adds parts of its instruments that play no note.
    pub fn read(&self, score: &Score, header: &Header) -> ReadCells {
        read::read(&self.fields, score, header, Silent::Kept)
    }

    /// The song of a sequence; cells that it leaves open are not known.
    ///
    /// # Errors
    /// [`RepresentationError::Event`] at the first event that has no meaning where it stands.
    pub fn song(&self, sequence: &Sequence) -> Result<CellSong, RepresentationError> {
        let mut walk = Walk::new(&self.fields);
        for event in sequence.events() {
            walk.accept(event)?;
        }
        Ok(walk.song)
    }

    /// A song as a score, with a part for each of its parts, though it may have no notes.
    pub fn score(&self, song: &CellSong) -> Score {
        decode::score(&self.fields, song)
    }

    /// Writes events one after another.
    pub fn encoder(&self) -> CellEncoder<'_> {
        CellEncoder::new(&self.fields, self.references)
    }

    /// The events of a song, in these windows, each with its first bar; bars that no window holds
    /// are plain.
    ///
    /// # Errors
    /// [`RepresentationError::Event`] for a song that breaks the grammar.
    pub fn encode_song(
        &self,
        song: &CellSong,
        windows: &[(usize, CellWindow)],
    ) -> Result<Sequence, RepresentationError> {
        encoder::encode_song(&self.fields, self.references, song, windows)
    }

    /// The part of each of these players: those of one instrument are numbered in their order.
    pub fn part_ids(&self, players: impl Iterator<Item = Instrument>) -> Vec<PartId> {
        read::part_ids(players)
    }

    /// The kind and the root of a chord's event.
    pub fn chord_values(&self, chord: Option<Chord>) -> [Value; 2] {
        let values = self.fields.values(CellEvent::Chord { position: 0, chord, next: None });
        [values[KIND], values[fields::PITCH]]
    }

    /// The place of a cell so many bars ago; `None` beyond [`Place::MOST_BACK`].
    pub fn bars_back(&self, bars: usize) -> Option<Value> {
        let bars = u8::try_from(bars).ok().filter(|bars| (1..=Place::MOST_BACK).contains(bars))?;
        Some(self.fields.place_value(Place::Back(bars)))
    }

    /// The kind of a cell that repeats another.
    pub fn repeat_kind(&self) -> Value {
        self.fields.values(CellEvent::Repeat { place: Place::Back(1), next: None })[KIND]
    }

    /// The part that leads a song: the highest of those that play often, drums apart.
    pub fn lead(&self, song: &CellSong) -> Option<PartId> {
        tasks::lead(song).map(|part| song.parts[part])
    }

    /// What an event says.
    ///
    /// # Errors
    /// [`RepresentationError::Event`], with index 0, for values that stand for no event.
    pub fn cell_event(&self, values: &[Value]) -> Result<CellEvent, RepresentationError> {
        self.fields.event(values).map_err(|reason| RepresentationError::Event { index: 0, reason })
    }

    /// Whether a field of an event that a window leaves to be written can have several values.
    /// Which bar is written, whose cell it is and whose comes next follow from what is given.
    pub fn is_open_in_window(&self, event: &CellEvent, field: usize) -> bool {
        !matches!(event, CellEvent::Write { .. }) && ![fields::INSTRUMENT, fields::PART].contains(&field)
    }

    fn genre(&self, genre: Option<&String>) -> Result<Option<usize>, RepresentationError> {
        self.fields.plain.genre(genre)
    }
}

impl Representation for Cells {
    fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn events(&self) -> &EventVocabulary {
        &self.events
    }

    fn cells(&self) -> Option<&Cells> {
        Some(self)
    }

    fn encode(&self, score: &Score, header: &Header) -> (Sequence, EncodeReport) {
        let ReadCells { song, report, .. } = read::read(&self.fields, score, header, Silent::Left);
        let sequence = self.encode_song(&song, &[]).unwrap_or_else(|error| {
            debug_assert!(false, "what is read of a score is grammatical: {error}");
            Sequence::new(fields::FIELDS)
        });
        (sequence, report)
    }

    fn decode(&self, sequence: &Sequence) -> Result<Score, RepresentationError> {
        let mut score = self.score(&self.song(sequence)?);
        score.parts.retain(|part| !part.notes.is_empty());
        Ok(score)
    }

    fn grammar(&self) -> Box<dyn Grammar + '_> {
        Box::new(Walk::new(&self.fields))
    }

    fn opening(&self, header: &Header) -> Result<Sequence, RepresentationError> {
        let mut encoder = self.encoder();
        let parts = read::with_named(Vec::new(), &header.instruments);
        encoder.header(self.genre(header.genre.as_ref())?, &parts)?;
        Ok(encoder.sequence().clone())
    }

    fn drop_header(&self, sequence: &Sequence, drop: f64, rng: &mut ChaCha8Rng) -> Sequence {
        if !rng.random_bool(share(drop)) {
            return sequence.clone();
        }
        // The parts stay: events name them.
        let mut kept = Sequence::new(fields::FIELDS);
        let of_header = |event: &&[Value]| event[KIND] >= self.fields.first_genre();
        sequence.events().filter(|event| !of_header(event)).for_each(|event| kept.push(event));
        kept
    }

    fn augment(&self, sequence: &Sequence, augmentation: &Augmentation) -> Sequence {
        let changed = self.song(sequence).map(|song| song.augmented(augmentation));
        changed.and_then(|song| self.encode_song(&song, &[])).unwrap_or_else(|_| sequence.clone())
    }

    fn transposed(&self, _event: &[Value], _semitones: i8) -> Option<Vec<Value>> {
        None
    }

    fn draw_tasks(&self, sequence: &Sequence, tasks: &Tasks, rng: &mut ChaCha8Rng) -> Sequence {
        let Ok(mut song) = self.song(sequence) else { return sequence.clone() };
        let (holes, chords) = (rng.random_bool(share(tasks.holes)), rng.random_bool(share(tasks.chords)));
        if chords {
            song.find_chords(self);
        }
        let windows = if holes { tasks::draw(&song, rng) } else { Vec::new() };
        self.encode_song(&song, &windows).unwrap_or_else(|_| sequence.clone())
    }

    fn determined(&self, sequence: &Sequence) -> Vec<bool> {
        let (mut writing, mut determined) = (false, Vec::with_capacity(sequence.values().len()));
        for event in sequence.events() {
            writing = match self.fields.kinds.get(usize::from(event[fields::KIND])) {
                Some(EventKind::Write) => true,
                Some(EventKind::Bar(_) | EventKind::Window | EventKind::End) => false,
                _ => writing,
            };
            determined
                .extend((0..fields::FIELDS).map(|it| writing && [fields::INSTRUMENT, fields::PART].contains(&it)));
        }
        determined
    }

    fn bar_music(&self, sequence: &Sequence) -> Option<Vec<BarMusic>> {
        let mut walk = Walk::new(&self.fields);
        sequence.events().take_while(|event| walk.accept(event).is_ok()).for_each(drop);
        let song = walk.song;
        let bar = |number: usize| BarMusic {
            steps: song.bars[number].frame.meter.steps,
            grid: self.grid(),
            notes: song.notes_of_bar(number),
        };
        Some((0..song.bars.len()).map(bar).collect())
    }

    fn observe(&self, songs: &mut dyn Iterator<Item = Sequence>) -> Option<Observed> {
        Some(observe::observe(self, songs))
    }

    fn is_note(&self, event: &[Value]) -> bool {
        event.first() == Some(&NOTE)
    }
}

/// A share between 0 and 1; 0 for one that is no number.
fn share(share: f64) -> f64 {
    if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
}
