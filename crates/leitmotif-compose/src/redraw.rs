//! Bars that are drawn again as a whole.
//!
//! A rule about a bar (not too many equal ones in a row, not too many half empty) cannot be kept by
//! masks without bending its notes: the bar is drawn again, which keeps the model's proportions
//! among the bars that may be. Where that does not help, because the model gives nearly all
//! probability to the same bar, the bar departs from the one before at a note that is drawn by
//! chance: what repeats there is refused. A half-empty bar is then written without references to
//! other bars.
//!
//! The last bar of a length in bars is drawn several times, and one of the candidates is taken in
//! proportion to the probability that the model gives to ending there: importance resampling of
//! bars by what follows them (Rubin 1987), since a model that writes event by event is not
//! conditioned on where the piece ends.

use crate::piece_state::PieceState;
use crate::request::MAX_REDRAWS;
use crate::sampler::TracedEvent;
use leitmotif_events::{Grammar, Sequence, Value};

/// How often a bar that repeats too much, or is half empty, is drawn again freely, before it must
/// depart from the one before, or be new.
const FREE_REDRAWS: usize = 1;

/// A piece at the end of a bar, before the event that closes it is added.
pub(crate) struct Closing<'c, 'a> {
    /// After the closing event.
    pub grammar: &'c (dyn Grammar + 'a),
    /// Before it.
    pub state: &'c PieceState,
    pub sequence: &'c Sequence,
}

/// A last bar that was drawn.
pub(crate) struct Candidate<'a> {
    pub grammar: Box<dyn Grammar + 'a>,
    pub state: PieceState,
    /// Its events but for the end.
    pub values: Vec<Value>,
    pub trace: Vec<TracedEvent>,
}

/// The beginning of a bar that may be drawn again.
pub(crate) struct Checkpoint<'a> {
    grammar: Box<dyn Grammar + 'a>,
    state: PieceState,
    /// Events, and events traced, before the bar's first note.
    counts: (usize, usize),
    /// How often the bar was drawn because it repeats others.
    repeats: usize,
    /// How often it was drawn because it is half empty.
    half_empty: usize,
    /// How many candidates of a last bar are still to be drawn.
    endings: usize,
    /// The sum of the candidates' weights, and the one that stands.
    weight: f64,
    candidate: Option<Candidate<'a>>,
}

impl<'a> Checkpoint<'a> {
    /// `endings` candidates are drawn of a last bar, one of any other.
    pub fn new(grammar: Box<dyn Grammar + 'a>, state: PieceState, counts: (usize, usize), endings: usize) -> Self {
        Self { grammar, state, counts, repeats: 0, half_empty: 0, endings, weight: 0.0, candidate: None }
    }

    /// Where the bar began.
    pub fn start(&self) -> (Box<dyn Grammar + 'a>, PieceState) {
        (self.grammar.fork(), self.state.clone())
    }

    /// Whether drawing the bar again has not helped: the model writes nothing else.
    pub fn must_depart(&self) -> bool {
        self.repeats > FREE_REDRAWS
    }

    /// Whether drawing a half-empty bar again has not helped.
    pub fn must_be_new(&self) -> bool {
        self.half_empty > FREE_REDRAWS
    }

    /// Events before the bar's first note.
    pub fn events(&self) -> usize {
        self.counts.0
    }

    /// Events traced before it.
    pub fn traced(&self) -> usize {
        self.counts.1
    }

    /// Whether the bar is to be drawn again. `ending` is the probability that the model gives to
    /// ending after it, if the piece ends; `chance` is a number from 0 to 1 that selects among
    /// candidates.
    pub fn again(&mut self, bar: &Closing<'_, 'a>, ending: Option<f64>, trace: &[TracedEvent], chance: f64) -> bool {
        if self.repeats < MAX_REDRAWS && bar.state.repeats.is_one_too_many() {
            self.repeats += 1;
            return true;
        }
        if ending.is_none() && self.half_empty < MAX_REDRAWS && bar.state.half_empty.is_one_too_many() {
            self.half_empty += 1;
            return true;
        }
        let Some(ending) = ending.filter(|_| self.endings > 1 || self.candidate.is_some()) else { return false };
        // A weight above 0, so that of impossible endings one is taken all the same.
        let weight = ending.max(f64::MIN_POSITIVE);
        self.weight += weight;
        if chance * self.weight < weight {
            self.candidate = Some(Candidate {
                grammar: bar.grammar.fork(),
                state: bar.state.clone(),
                values: bar.sequence.values()[self.counts.0 * bar.sequence.fields()..].to_vec(),
                trace: trace[self.counts.1..].to_vec(),
            });
        }
        self.endings -= 1;
        self.endings > 0
    }

    /// The candidate that stands, if several were drawn.
    pub fn chosen(&mut self) -> Option<Candidate<'a>> {
        self.candidate.take()
    }
}
