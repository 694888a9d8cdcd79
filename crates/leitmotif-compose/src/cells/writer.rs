//! One version of a piece while it is written: what is given is added as it stands, what is to be
//! written is drawn.

use super::source::CellSource;
use super::task::CellTask;
use super::windows::Item;
use super::{Keep, KeptCell};
use crate::drive::DrawEvents;
use crate::ensemble::Entries;
use crate::harmony::Harmony;
use crate::masks::Masks;
use crate::parts::PartLimits;
use crate::piece_state::{Counted, PieceState};
use crate::sampler::{Draw, EventSampler};
use crate::{ComposeError, Length, Request};
use leitmotif_events::cells::{CellEncoder, CellSong, Cells};
use leitmotif_events::{Grammar, Representation, Sequence, Value};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;

/// By how many nats a rest is less likely than the model has it where a part plays beside a hole.
/// The model learns from cells that are chosen at random, of which many rest; a hole is asked for
/// where music is wanted.
const REST_PENALTY: f32 = 1.5;

pub(super) struct CellWriter<'a> {
    representation: &'a dyn Representation,
    masks: &'a Masks,
    request: &'a Request,
    source: &'a CellSource,
    task: &'a CellTask,
    encoder: CellEncoder<'a>,
    /// A grammar that follows the events one by one, for the state.
    grammar: Box<dyn Grammar + 'a>,
    followed: usize,
    state: PieceState,
    sampler: EventSampler<'a>,
    items: VecDeque<Item>,
    /// The bar and part of the cell that the event being drawn belongs to.
    turn: Option<(usize, usize)>,
    /// The events that were drawn, by number.
    pub drawn: Vec<usize>,
    /// Events that the model has read.
    pub read: usize,
    done: bool,
}

impl<'a> CellWriter<'a> {
    pub fn new(
        cells: &'a Cells,
        representation: &'a dyn Representation,
        masks: &'a Masks,
        request: &'a Request,
        source: &'a CellSource,
        task: &'a CellTask,
        items: Vec<Item>,
    ) -> Result<Self, ComposeError> {
        let events = representation.events();
        let mut state = PieceState::new(Length::Open { most_bars: usize::MAX }, Counted::default());
        state.has_cells = true;
        state.most_notes_in_bar = request.most_notes_in_bar;
        if let Some(observed) = &request.observed {
            state.parts = PartLimits::new(events, observed);
        }
        state.harmony = Harmony::given(cells, task.strict_chords);
        if task.accompanies {
            let count = source.parts().len();
            let new = (0..count).filter(|part| task.written.iter().skip(*part).step_by(count).any(|it| *it));
            let mut values: Vec<Value> = new.map(|part| instrument_value(representation, source, part)).collect();
            values.dedup();
            let open = Length::Open { most_bars: usize::MAX };
            state.entries = Entries::new(events, &values, task.like.as_ref(), open, 0);
        }
        let mut encoder = cells.encoder();
        encoder.header(source.read.song.genre, source.parts())?;
        Ok(Self {
            representation,
            masks,
            request,
            source,
            task,
            encoder,
            grammar: representation.grammar(),
            followed: 0,
            state,
            sampler: sampler(representation, masks, request, 0),
            items: items.into(),
            turn: None,
            drawn: Vec::new(),
            read: 0,
            done: false,
        })
    }

    /// The same as far as it is written, with draws of its own from here on.
    pub fn version(&self, number: usize) -> Self {
        Self {
            encoder: self.encoder.clone(),
            grammar: self.grammar.fork(),
            state: self.state.clone(),
            sampler: sampler(self.representation, self.masks, self.request, number),
            items: self.items.clone(),
            drawn: self.drawn.clone(),
            ..*self
        }
    }

    pub fn sequence(&self) -> &Sequence {
        self.encoder.sequence()
    }

    pub fn song(&self) -> &CellSong {
        self.encoder.song()
    }

    pub fn is_done(&self) -> bool {
        self.done
    }

    /// How much is done, 0 to 1.
    pub fn share_done(&self) -> f64 {
        let (bars, all) = (self.encoder.song().bars.len(), self.source.bars());
        if self.done { 1.0 } else { (bars as f64 / all.max(1) as f64).min(0.99) }
    }

    /// Adds what is given, up to where something is drawn.
    ///
    /// # Errors
    /// [`ComposeError::Representation`] if the piece breaks the grammar.
    pub fn force(&mut self) -> Result<(), ComposeError> {
        while self.encoder.turn().is_none() && self.encoder.unwritten().is_none() {
            match self.items.pop_front() {
                None => {
                    self.done = true;
                    break;
                }
                Some(Item::Known(bar)) => self.encoder.plain_bar(&self.source.read.song, bar)?,
                Some(Item::Window(window)) => self.encoder.given(&self.source.read.song, &window)?,
            }
        }
        self.follow()?;
        self.prepare();
        Ok(())
    }

    /// Lets the rules follow the events that were added.
    fn follow(&mut self) -> Result<(), ComposeError> {
        let events = self.representation.events();
        let sequence = self.encoder.sequence();
        for index in self.followed..sequence.len() {
            self.grammar.accept(sequence.event(index))?;
            self.state.follow(events, sequence.event(index), &*self.grammar);
        }
        self.followed = sequence.len();
        Ok(())
    }

    /// Says what the task asks of the event that is drawn next.
    fn prepare(&mut self) {
        self.turn = self.encoder.turn();
        let next = self.turn.or_else(|| self.encoder.unwritten());
        let Some((bar, _)) = next else { return };
        self.state.bars = bar + 1;
        self.state.harmony.set(&self.source.read.song.bars[bar].frame.chords);
        self.state.no_rests = !self.task.rests && self.task.keep.is_none();
        let player = self.turn.filter(|_| self.task.accompanies);
        let wanted = self.turn.filter(|_| !self.task.accompanies).is_some_and(|(bar, part)| self.is_wanted(bar, part));
        self.state.rest_penalty = if wanted { REST_PENALTY } else { 0.0 };
        self.state.favoured = player.map(|(_, part)| instrument_value(self.representation, self.source, part));
        let kept = self.task.keep.zip(self.turn).and_then(|(keep, (bar, part))| self.kept(keep, bar, part));
        self.state.kept = kept;
    }

    /// Whether a part plays in the bar before or after the hole that a bar of it lies in, or has no
    /// other bars.
    fn is_wanted(&self, bar: usize, part: usize) -> bool {
        let song = &self.source.read.song;
        let given = |bar: usize| {
            let given = !self.task.written[bar * song.parts.len() + part];
            given.then(|| song.cell(bar, part).is_some_and(|cell| !cell.is_empty()))
        };
        let before = (0..bar).rev().find_map(given);
        let ahead = if self.task.past_only { bar } else { song.bars.len() };
        let after = (bar + 1..ahead).find_map(given);
        before.or(after).is_none() || before == Some(true) || after == Some(true)
    }

    fn kept(&self, keep: Keep, bar: usize, part: usize) -> Option<KeptCell> {
        let cell = self.source.read.song.cell(bar, part)?.clone();
        let notes = self.encoder.notes_of_cell();
        let last = notes.last().map(|note| (note.position, note.pitch));
        let steps = self.source.read.song.bars[bar].frame.meter.steps;
        Some(KeptCell { keep, cell, written: notes.len(), last, steps })
    }

    /// Adds the event that was drawn.
    ///
    /// # Errors
    /// As [`Self::force`].
    pub fn take(&mut self) -> Result<(), ComposeError> {
        let event = self.sampler.event().to_vec();
        self.drawn.push(self.encoder.sequence().len());
        self.encoder.follow(&event, self.turn);
        self.sampler.begin();
        self.force()
    }
}

impl DrawEvents for CellWriter<'_> {
    fn draw(&mut self) -> Option<usize> {
        let (grammar, sequence) = self.encoder.grammar();
        match self.sampler.draw(grammar, &self.state, sequence) {
            Draw::Asks(field) => return Some(field),
            Draw::Done => {}
            Draw::Stuck => self.done = true,
        }
        None
    }

    fn event(&self) -> &[Value] {
        self.sampler.event()
    }

    fn take_logits(&mut self, logits: &[f32]) {
        self.sampler.take_logits(logits);
    }
}

/// The value of a part's instrument.
fn instrument_value(representation: &dyn Representation, source: &CellSource, part: usize) -> Value {
    let instrument = Some(source.parts()[part].instrument);
    representation.events().instruments.iter().position(|it| *it == instrument).unwrap_or(0) as Value
}

/// Draws from the random stream of one version.
fn sampler<'a>(
    representation: &'a dyn Representation,
    masks: &'a Masks,
    request: &'a Request,
    number: usize,
) -> EventSampler<'a> {
    let mut rng = ChaCha8Rng::seed_from_u64(request.seed);
    rng.set_stream(number as u64);
    EventSampler::new(representation.events(), masks, representation.vocabulary(), request, rng)
}
