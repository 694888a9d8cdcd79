//! What is to be composed.

use crate::{ChordRequest, ComposeError, Conditions, Constraints, Filter, FormRequest, Prime, Sampling};
use leitmotif_events::{Header, Observed};
use leitmotif_measures::OriginalityIndex;
use serde::Serialize;
use std::sync::Arc;

/// How often a bar that repeats the ones before it is drawn again.
pub const MAX_REDRAWS: usize = 8;
/// Most bars of a piece.
pub const MAX_BARS: usize = 1 << 15;
/// Most notes of a piece.
pub const MAX_NOTES: usize = 10_000_000;
/// Longest piece in seconds.
pub const MAX_SECONDS: f64 = 86_400.0;
/// Slowest and fastest tempo that can be requested, in quarters a minute.
const TEMPOS: std::ops::RangeInclusive<f64> = 4.0..=1000.0;

/// How much is composed. A prime does not count.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// Exactly so many bars; the last one has a note in it.
    Bars(usize),
    /// Exactly so many seconds: what would sound longer is cut there.
    Seconds(f64),
    /// Exactly so many notes (chords, where an event is a chord; in `chorales` and `rolls` at least
    /// so many, since a frame may begin several).
    Notes(usize),
    /// Until the model ends, or after `most_bars` at the latest.
    Open {
        /// The cap.
        most_bars: usize,
    },
}

/// Everything that determines a piece, besides the model and the piece's number.
#[derive(Clone, Serialize)]
pub struct Request {
    /// Genre and instruments. Where instruments are named, only these play, and each of them does.
    /// What is left open is drawn from [`Self::observed`], else by the model.
    pub header: Header,
    /// How much.
    pub length: Length,
    /// Music to continue.
    #[serde(skip)]
    pub prime: Option<Prime>,
    /// Tempo in quarters a minute, kept exactly and throughout; `None` takes that of the ensemble
    /// that is drawn, else leaves it to the model (or carries the prime's on).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tempo: Option<f64>,
    /// Time signature, kept throughout; `None` takes that of the ensemble that is drawn, else the
    /// first that the model writes (or carries the prime's on).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meter: Option<(u8, u8)>,
    /// The chords of the bars, for models of cells; `None` leaves them to the model. A prime keeps
    /// its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chords: Option<ChordRequest>,
    /// Sections that return, for models of cells and lengths in bars; `None` leaves the form to the
    /// model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<FormRequest>,
    /// How values are drawn.
    pub sampling: Sampling,
    /// What the notes must keep to.
    pub constraints: Constraints,
    /// Training songs that must not be copied at length; `None` sets no limit. Pieces that are
    /// edited ([`crate::latent`]) do not keep to it.
    #[serde(rename = "avoid_copies", skip_serializing_if = "Option::is_none")]
    pub avoid: Option<AvoidCopies>,
    /// Where latents come from and the requested attributes, of a model with latents; `None` for
    /// the defaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Conditions>,
    /// Determines every draw, together with the piece's number.
    pub seed: u64,
    /// Off: the grammar only counts what it would have prevented. Such an event is drawn again with
    /// the grammar on, so the piece is valid all the same.
    pub grammar: bool,
    /// Most bars without a note in a row.
    pub most_silent_bars: usize,
    /// Most notes of a bar.
    pub most_notes_in_bar: usize,
    /// Most identical bars in a row, or as many as a training song of the genre has, if that is
    /// more. Where training songs are known, no larger share of bars repeats the one before than in
    /// the song whose ensemble plays. A bar that repeats too much is drawn again, up to
    /// [`MAX_REDRAWS`] times. 0 for no limit.
    pub most_equal_bars: usize,
    /// How often the last bar of a length in bars is drawn, at least 1: of the candidates one is
    /// taken in proportion to how likely the model is to end there.
    pub endings: usize,
    /// What the model's training songs have: what none of them has is never drawn, and what is left
    /// open is drawn from them. `None` where it is not known.
    #[serde(skip)]
    pub observed: Option<Arc<Observed>>,
    /// Whether pieces record how each event was drawn ([`crate::Piece::trace`]).
    #[serde(skip)]
    pub trace: bool,
    /// The model's hash, for the text that the piece carries.
    #[serde(skip)]
    pub model: Option<String>,
    /// Changes the logits before the masks; not part of the text that the piece carries.
    #[serde(skip)]
    pub filters: Vec<Arc<dyn Filter>>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            header: Header::default(),
            length: Length::Bars(32),
            prime: None,
            tempo: None,
            meter: None,
            chords: None,
            form: None,
            sampling: Sampling::default(),
            constraints: Constraints::default(),
            avoid: None,
            conditions: None,
            seed: 0,
            grammar: true,
            most_silent_bars: 1,
            most_notes_in_bar: 1024,
            most_equal_bars: 8,
            endings: 2,
            observed: None,
            trace: false,
            model: None,
            filters: Vec::new(),
        }
    }
}

impl Request {
    /// Checks what can be checked without a representation.
    pub(crate) fn validate(&self) -> Result<(), ComposeError> {
        let bars = |key, bars: usize| {
            let good = (1..=MAX_BARS).contains(&bars);
            if good { Ok(()) } else { Err(ComposeError::setting(key, bars, &format!("between 1 and {MAX_BARS}"))) }
        };
        match self.length {
            Length::Bars(count) => bars("bars", count)?,
            Length::Open { most_bars } => bars("most_bars", most_bars)?,
            Length::Seconds(seconds) if !(seconds > 0.0 && seconds <= MAX_SECONDS) => {
                return Err(ComposeError::setting("seconds", seconds, &format!("above 0 and at most {MAX_SECONDS}")));
            }
            Length::Notes(notes) if !(1..=MAX_NOTES).contains(&notes) => {
                return Err(ComposeError::setting("notes", notes, &format!("between 1 and {MAX_NOTES}")));
            }
            Length::Seconds(_) | Length::Notes(_) => {}
        }
        if let Some(tempo) = self.tempo.filter(|tempo| !TEMPOS.contains(tempo)) {
            return Err(ComposeError::setting("tempo", tempo, "between 4 and 1000 quarters a minute"));
        }
        let counts = [
            ("most_silent_bars", self.most_silent_bars),
            ("most_notes_in_bar", self.most_notes_in_bar),
            ("endings", self.endings),
        ];
        for (key, value) in counts {
            if value == 0 {
                return Err(ComposeError::setting(key, value, "at least 1"));
            }
        }
        if let Some(range) = self.constraints.ranges.iter().find(|range| range.low > range.high || range.high > 127) {
            let range = format!("{} to {}", range.low, range.high);
            return Err(ComposeError::setting("range", range, "two pitches of 0 to 127, the lower one first"));
        }
        Ok(())
    }
}

/// How far a piece has come.
#[derive(Debug, Clone, Copy)]
pub struct PieceProgress {
    /// The piece's number.
    pub piece: u64,
    /// Composed so far.
    pub bars: usize,
    /// Composed so far.
    pub notes: usize,
    /// Composed so far.
    pub seconds: f64,
    /// How much of the length is done, 0 to 1; of the cap where the end is left to the model.
    pub done: f64,
}

/// How much of training songs a piece may repeat.
#[derive(Debug, Clone, Serialize)]
pub struct AvoidCopies {
    /// The songs.
    #[serde(skip)]
    pub index: Arc<OriginalityIndex>,
    /// The longest run in common, in notes, at least 1 (which leaves hardly anything; 8 is more
    /// reasonable).
    pub most: usize,
    /// What names the songs in the text that the piece carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corpus: Option<String>,
}
