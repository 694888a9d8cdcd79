//! Writing the bars of a frame, candidate by candidate.

use super::source::{Source, posterior};
use super::task::{FilledBars, LatentEditor, Task, space};
use crate::attribute_mask::AttributeMask;
use crate::masks::Masks;
use crate::parts::PartLimits;
use crate::piece_state::{Counted, PieceState};
use crate::sampler::{Draw, EventSampler};
use crate::{ComposeError, Length};
use leitmotif_events::{EventVocabulary, FIRST_POSITION, Grammar, Representation, Sequence, Value};
use leitmotif_model::{Condition, DecodingBatch, LatentSpace};
use leitmotif_score::Instrument;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// The stream in which the model writes, and those that keep what it was before a group's
/// candidates, and after the best of them.
const HERE: usize = 0;
const BEFORE: usize = 1;
const BEST: usize = 2;
/// How many bars ahead it is seen to that held notes leave room.
const BARS_AHEAD: usize = 8;

/// A frame as far as it is filled.
pub(super) struct BarFiller<'a> {
    events: &'a EventVocabulary,
    source: &'a Source,
    space: &'a LatentSpace,
    cancel: &'a AtomicBool,
    candidates: usize,
    grammar: Box<dyn Grammar + 'a>,
    state: PieceState,
    sampler: EventSampler<'a>,
    batch: Box<dyn DecodingBatch + 'a>,
    sizes: Vec<usize>,
    logits: Vec<f32>,
    done: FilledBars,
}

/// Where a piece stands, to come back to.
struct SavedState<'a> {
    grammar: Box<dyn Grammar + 'a>,
    state: PieceState,
    /// Events, bars, and events that were drawn.
    counts: [usize; 3],
}

/// A candidate of a group of bars.
struct BarCandidate<'a> {
    /// After it.
    saved: SavedState<'a>,
    values: Vec<Value>,
    bars: Vec<Range<usize>>,
    /// The logarithm of the density of the latents asked for, under the candidate's posterior.
    density: f64,
}

impl<'a> BarFiller<'a> {
    /// Nothing written yet; `piece` chooses the stream of chance.
    pub fn new(
        editor: &LatentEditor<'a>,
        (events, masks): (&'a EventVocabulary, &'a Masks),
        source: &'a Source,
        piece: u64,
    ) -> Result<Self, ComposeError> {
        let LatentEditor { model, representation, request, candidates, cancel } = *editor;
        let vocabulary = representation.vocabulary();
        let mut rng = ChaCha8Rng::seed_from_u64(request.seed);
        rng.set_stream(piece);
        let mut state = PieceState::new(Length::Open { most_bars: usize::MAX }, Counted::default());
        state.most_notes_in_bar = request.most_notes_in_bar;
        if let Some(observed) = &request.observed {
            state.parts = PartLimits::new(events, observed);
        }
        state.attribute_mask = AttributeMask::new(&vocabulary.settings, masks.drums(events));
        Ok(Self {
            events,
            source,
            space: space(model)?,
            cancel,
            candidates,
            grammar: representation.grammar(),
            state,
            sampler: EventSampler::new(events, masks, vocabulary, request, rng),
            batch: model.decoding_batch(if candidates > 1 { BEST + 1 } else { HERE + 1 }),
            sizes: vocabulary.sizes(),
            logits: Vec::new(),
            done: FilledBars {
                sequence: Sequence::new(source.sequence.fields()),
                bars: Vec::new(),
                written: Vec::new(),
                events: 0,
            },
        })
    }

    /// The header: the source's, with other instruments if some are asked for.
    pub fn open(
        &mut self,
        representation: &dyn Representation,
        instruments: &[Instrument],
    ) -> Result<(), ComposeError> {
        let source = self.source;
        let first = source.bars.first().map_or(source.sequence.len(), |bar| bar.start);
        let mut opening: Vec<Vec<Value>> = source.sequence.events().take(first).map(<[Value]>::to_vec).collect();
        if !instruments.is_empty() {
            let header = leitmotif_events::Header { genre: None, instruments: instruments.to_vec() };
            let named = representation.opening(&header)?;
            // The genre, if there is one, stands after the start and before the instruments; the
            // grammar knows which is which.
            let kept = opening.len().min(2);
            opening.truncate(kept);
            if opening.get(1).is_some_and(|event| named.events().nth(1).is_some_and(|with| event[0] == with[0])) {
                opening.truncate(1);
            }
            opening.extend(named.events().skip(1).map(<[Value]>::to_vec));
        }
        for event in opening {
            self.grammar.accept(&event)?;
            self.take(&event);
        }
        Ok(())
    }

    /// Adds an event that the grammar has accepted.
    fn take(&mut self, event: &[Value]) {
        self.done.sequence.push(event);
        self.state.follow(self.events, event, &*self.grammar);
        self.batch.push(&[HERE], event);
    }

    /// Fills all bars, a task for each.
    pub fn fill(mut self, tasks: &[Task], progress: &dyn Fn(usize, usize)) -> Result<FilledBars, ComposeError> {
        let group = self.space.bars_per_latent().max(1);
        for first in (0..tasks.len()).step_by(group) {
            let bars = first..tasks.len().min(first + group);
            self.group(bars.clone(), tasks)?;
            bars.for_each(|bar| progress(bar + 1, tasks.len()));
        }
        Ok(self.done)
    }

    /// A group of bars that share a latent: of its candidates the one that says most nearly what is
    /// asked for.
    fn group(&mut self, bars: Range<usize>, tasks: &[Task]) -> Result<(), ComposeError> {
        let writes = tasks[bars.clone()].iter().any(|task| matches!(task, Task::Write(_)));
        if self.candidates == 1 || !writes {
            return self.candidate(bars, tasks, 0);
        }
        let before = self.saved();
        self.batch.copy(HERE, BEFORE);
        let mut best: Option<BarCandidate<'a>> = None;
        for number in 0..self.candidates {
            if number > 0 {
                self.restore(&before);
                self.batch.copy(BEFORE, HERE);
            }
            self.candidate(bars.clone(), tasks, number)?;
            let density = self.density(bars.clone(), tasks);
            if best.as_ref().is_none_or(|best| density > best.density) {
                self.batch.copy(HERE, BEST);
                best = Some(self.since(&before, density));
            }
        }
        if let Some(best) = best {
            self.restore(&before);
            self.adopt(best, &tasks[bars]);
            self.batch.copy(BEST, HERE);
        }
        Ok(())
    }

    /// Candidate number `number` of some bars.
    fn candidate(&mut self, bars: Range<usize>, tasks: &[Task], number: usize) -> Result<(), ComposeError> {
        for bar in bars {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(ComposeError::Cancelled);
            }
            self.bar(bar, number, tasks)?;
        }
        Ok(())
    }

    /// How dense the latents asked for are under the posterior of the bars as they stand.
    fn density(&self, bars: Range<usize>, tasks: &[Task]) -> f64 {
        let posterior = posterior(self.space, &self.done.sequence, &self.done.bars[bars.clone()]);
        let asked = tasks[bars].iter().filter_map(|task| match task {
            Task::Write(condition) => Some(posterior.log_density(&condition.latent)),
            Task::Keep => None,
        });
        asked.sum()
    }

    fn saved(&self) -> SavedState<'a> {
        let counts = [self.done.sequence.len(), self.done.bars.len(), self.done.events];
        SavedState { grammar: self.grammar.fork(), state: self.state.clone(), counts }
    }

    /// What was written since `before`.
    fn since(&self, before: &SavedState<'_>, density: f64) -> BarCandidate<'a> {
        let [events, bars, _] = before.counts;
        let values = self.done.sequence.values()[events * self.done.sequence.fields()..].to_vec();
        BarCandidate { saved: self.saved(), values, bars: self.done.bars[bars..].to_vec(), density }
    }

    /// Forgets what was written since `saved`; the model is not told.
    fn restore(&mut self, saved: &SavedState<'a>) {
        let [events, bars, drawn] = saved.counts;
        (self.grammar, self.state) = (saved.grammar.fork(), saved.state.clone());
        self.done.sequence.truncate(events);
        self.done.bars.truncate(bars);
        self.done.written.truncate(bars);
        self.done.events = drawn;
    }

    /// Writes on with a candidate that began here.
    fn adopt(&mut self, candidate: BarCandidate<'a>, tasks: &[Task]) {
        let BarCandidate { saved: SavedState { grammar, state, counts: [_, _, drawn] }, values, bars, .. } = candidate;
        (self.grammar, self.state, self.done.events) = (grammar, state, drawn);
        let fields = self.done.sequence.fields();
        values.chunks_exact(fields).for_each(|event| self.done.sequence.push(event));
        self.done.bars.extend(bars);
        self.done.written.extend(tasks.iter().map(|task| matches!(task, Task::Write(_))));
    }

    /// Candidate number `candidate` of bar number `bar`.
    fn bar(&mut self, bar: usize, candidate: usize, tasks: &[Task]) -> Result<(), ComposeError> {
        let (source, task, after) = (self.source, &tasks[bar], &tasks[bar + 1..]);
        let is_last = after.is_empty();
        let events = || source.bars[bar].clone().map(|index| source.sequence.event(index));
        let kept = source.condition(bar);
        let condition = match task {
            Task::Keep => &kept,
            Task::Write(condition) => condition,
        };
        let now = Condition { latent: &condition.latent, classes: &condition.classes };
        self.batch.condition(HERE, Some(now));
        let opening = source.sequence.event(source.bars[bar].start);
        // A bar that was written before this one has closed with this one's bar event.
        if self.done.written.last() != Some(&true) {
            self.grammar.accept(opening)?;
        }
        let begins = self.done.sequence.len();
        self.take(opening);
        match task {
            Task::Keep => {
                for event in events().skip(1) {
                    // What was written before may hold a pitch that this bar strikes: the model
                    // then does not read it.
                    if self.grammar.accept(event).is_ok() {
                        self.take(event);
                    }
                }
            }
            Task::Write(_) => {
                if let Some(attribute_mask) = &mut self.state.attribute_mask {
                    let after = after.iter().take(BARS_AHEAD).filter_map(Task::asked);
                    attribute_mask.ask(self.space.attributes(), condition.asked(), after);
                }
                let tempo =
                    events().nth(1).filter(|event| self.events.kind(event).is_tempo() && event[1] == FIRST_POSITION);
                let tempo = tempo.filter(|event| self.grammar.accept(event).is_ok());
                if let Some(event) = tempo {
                    self.take(event);
                }
                self.state.tempo_known = true;
                self.sampler.turn_to_bar(bar, candidate);
                let closing = match is_last {
                    true => self.events.end().unwrap_or(0) as Value,
                    false => source.sequence.event(source.bars[bar + 1].start)[0],
                };
                self.write(closing)?;
            }
        }
        self.done.written.push(matches!(task, Task::Write(_)));
        self.done.bars.push(begins..self.done.sequence.len());
        if is_last {
            let end = source.sequence.event(source.sequence.len() - 1);
            if matches!(task, Task::Keep) {
                self.grammar.accept(end)?;
            }
            self.done.sequence.push(end);
        }
        Ok(())
    }

    /// Draws notes until the kind `closing` is drawn, which the grammar has accepted then.
    fn write(&mut self, closing: Value) -> Result<(), ComposeError> {
        self.state.closing = Some(closing);
        loop {
            match self.sampler.draw(&mut *self.grammar, &self.state, &self.done.sequence) {
                Draw::Asks(field) => {
                    self.logits.resize(self.sizes[field], 0.0);
                    self.batch.logits(&[HERE], self.sampler.event(), field, &mut self.logits);
                    self.sampler.take_logits(&self.logits);
                }
                Draw::Stuck => return Err(ComposeError::Request("the grammar leaves nothing to write".into())),
                Draw::Done => {
                    let event = self.sampler.event().to_vec();
                    self.sampler.begin();
                    if event[0] == closing {
                        return Ok(());
                    }
                    self.done.events += 1;
                    self.take(&event);
                }
            }
        }
    }
}
