//! Writing the bars of a frame, the candidates of each group of bars side by side.

use super::source::{Source, posteriors};
use super::task::{FilledBars, LatentEditor, Task, space};
use crate::attribute_mask::AttributeMask;
use crate::drive::{DrawEvents, Drive};
use crate::masks::Masks;
use crate::parts::PartLimits;
use crate::piece_state::{Counted, PieceState};
use crate::sampler::{Draw, EventSampler};
use crate::{ComposeError, Length};
use leitmotif_events::{EventVocabulary, FIRST_POSITION, Grammar, Representation, Sequence, Value};
use leitmotif_model::{Condition, LatentSpace, Posterior};
use leitmotif_score::Instrument;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// How many bars ahead held notes must leave room.
const BARS_AHEAD: usize = 8;

/// A frame as far as it is filled.
pub(super) struct BarFiller<'a> {
    events: &'a EventVocabulary,
    source: &'a Source,
    space: &'a LatentSpace,
    cancel: &'a AtomicBool,
    /// One for each candidate, in the stream of its number.
    writers: Vec<Writer<'a>>,
    /// The writer of what stands.
    lead: usize,
    drive: Drive<'a>,
}

/// The frame as far as one writer has filled it.
struct Writer<'a> {
    grammar: Box<dyn Grammar + 'a>,
    state: PieceState,
    sampler: EventSampler<'a>,
    done: FilledBars,
    /// Events and bars that all that have written since have in common.
    agreed: [usize; 2],
    /// Whether the sampler found nothing to draw.
    stuck: bool,
}

impl<'a> BarFiller<'a> {
    /// Nothing written yet; `piece` chooses the random stream.
    pub fn new(
        editor: &LatentEditor<'a>,
        (events, masks): (&'a EventVocabulary, &'a Masks),
        source: &'a Source,
        piece: u64,
    ) -> Result<Self, ComposeError> {
        let LatentEditor { model, representation, request, candidates, cancel } = *editor;
        let vocabulary = representation.vocabulary();
        let mut state = PieceState::new(Length::Open { most_bars: usize::MAX }, Counted::default());
        state.most_notes_in_bar = request.most_notes_in_bar;
        if let Some(observed) = &request.observed {
            state.parts = PartLimits::new(events, observed);
        }
        state.attribute_mask = AttributeMask::new(&vocabulary.settings, masks.drums(events));
        let mut rng = ChaCha8Rng::seed_from_u64(request.seed);
        rng.set_stream(piece);
        let writer = |_| Writer {
            grammar: representation.grammar(),
            state: state.clone(),
            sampler: EventSampler::new(events, masks, vocabulary, request, rng.clone()),
            done: FilledBars {
                sequence: Sequence::new(source.sequence.fields()),
                bars: Vec::new(),
                written: Vec::new(),
                events: 0,
            },
            agreed: [0; 2],
            stuck: false,
        };
        let writers = (0..candidates).map(writer).collect();
        Ok(Self {
            events,
            source,
            space: space(model)?,
            cancel,
            writers,
            lead: 0,
            drive: Drive::new(model, candidates),
        })
    }

    /// The header: the source's, with other instruments if some are requested.
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
            // grammar tells them apart.
            let kept = opening.len().min(2);
            opening.truncate(kept);
            if opening.get(1).is_some_and(|event| named.events().nth(1).is_some_and(|with| event[0] == with[0])) {
                opening.truncate(1);
            }
            opening.extend(named.events().skip(1).map(<[Value]>::to_vec));
        }
        for event in opening {
            self.writers[self.lead].grammar.accept(&event)?;
            self.take(self.lead, &event);
        }
        self.drive.read();
        Ok(())
    }

    /// Adds an event to what a writer has written, which its grammar has accepted.
    fn take(&mut self, writer: usize, event: &[Value]) {
        let Writer { grammar, state, done, .. } = &mut self.writers[writer];
        done.sequence.push(event);
        state.follow(self.events, event, &**grammar);
        self.drive.push(writer, event);
    }

    /// Fills all bars, a task for each.
    pub fn fill(mut self, tasks: &[Task], progress: &dyn Fn(usize, usize)) -> Result<FilledBars, ComposeError> {
        let group = self.space.bars_per_latent().max(1);
        for first in (0..tasks.len()).step_by(group) {
            let bars = first..tasks.len().min(first + group);
            self.group(bars.clone(), tasks)?;
            bars.for_each(|bar| progress(bar + 1, tasks.len()));
        }
        Ok(self.writers.swap_remove(self.lead).done)
    }

    /// A group of bars that share a latent: of its candidates the one is kept whose posterior makes
    /// the target latents most likely.
    fn group(&mut self, bars: Range<usize>, tasks: &[Task]) -> Result<(), ComposeError> {
        let writes = tasks[bars.clone()].iter().any(|task| matches!(task, Task::Write(_)));
        let writing: Vec<usize> = match writes {
            true => (0..self.writers.len()).collect(),
            false => vec![self.lead],
        };
        writing.iter().for_each(|&writer| self.follow_lead(writer));
        for bar in bars.clone() {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(ComposeError::Cancelled);
            }
            self.bar(bar, &writing, tasks)?;
        }
        if writing.len() > 1 {
            self.lead = self.nearest(bars, tasks);
        }
        Ok(())
    }

    /// Copies the lead's state to a writer.
    fn follow_lead(&mut self, writer: usize) {
        let agreed = [self.writers[self.lead].done.sequence.len(), self.writers[self.lead].done.bars.len()];
        if let Ok([lead, other]) = self.writers.get_disjoint_mut([self.lead, writer]) {
            other.grammar = lead.grammar.fork();
            other.state.clone_from(&lead.state);
            let ([events, bars], from, to) = (other.agreed, &lead.done, &mut other.done);
            to.sequence.truncate(events);
            let fields = to.sequence.fields();
            let since = from.sequence.values()[events * fields..].chunks_exact(fields);
            since.for_each(|event| to.sequence.push(event));
            to.bars.truncate(bars);
            to.bars.extend_from_slice(&from.bars[bars..]);
            to.written.truncate(bars);
            to.written.extend_from_slice(&from.written[bars..]);
            to.events = from.events;
            self.drive.batch.copy(self.lead, writer);
        }
        self.writers[writer].agreed = agreed;
    }

    /// The writer under whose bars' posterior the target latents are most likely.
    fn nearest(&self, bars: Range<usize>, tasks: &[Task]) -> usize {
        let written = self.writers.iter().map(|writer| (&writer.done.sequence, &writer.done.bars[bars.clone()]));
        let density = |posterior: &Posterior| -> f64 {
            let asked = tasks[bars.clone()].iter().filter_map(|task| match task {
                Task::Write(condition) => Some(posterior.log_density(&condition.latent)),
                Task::Keep => None,
            });
            asked.sum()
        };
        let densities: Vec<f64> = posteriors(self.space, written).iter().map(density).collect();
        (1..densities.len()).fold(0, |best, at| if densities[at] > densities[best] { at } else { best })
    }

    /// Bar number `bar` of all that are writing.
    fn bar(&mut self, bar: usize, writing: &[usize], tasks: &[Task]) -> Result<(), ComposeError> {
        let (source, task, after) = (self.source, &tasks[bar], &tasks[bar + 1..]);
        let kept = source.condition(bar);
        let condition = match task {
            Task::Keep => &kept,
            Task::Write(condition) => condition,
        };
        let opening = source.sequence.event(source.bars[bar].start);
        for &writer in writing {
            let now = Condition { latent: &condition.latent, classes: &condition.classes };
            self.drive.batch.condition(writer, Some(now));
            // A bar that was written before this one has closed with this one's bar event.
            if self.writers[writer].done.written.last() != Some(&true) {
                self.writers[writer].grammar.accept(opening)?;
            }
            let begins = self.writers[writer].done.sequence.len();
            self.writers[writer].done.bars.push(begins..begins);
            self.take(writer, opening);
        }
        match task {
            Task::Keep => writing.iter().for_each(|&writer| self.keep(writer, bar)),
            Task::Write(_) => {
                for &writer in writing {
                    if let Some(attribute_mask) = &mut self.writers[writer].state.attribute_mask {
                        let after = after.iter().take(BARS_AHEAD).filter_map(Task::asked);
                        attribute_mask.ask(self.space.attributes(), condition.asked(), after);
                    }
                    self.begin(writer, bar);
                }
                self.drive.read();
                let closing = match after.is_empty() {
                    true => self.events.end().unwrap_or(0) as Value,
                    false => source.sequence.event(source.bars[bar + 1].start)[0],
                };
                self.write(writing, closing)?;
            }
        }
        self.drive.read();
        for &writer in writing {
            let Writer { grammar, done, .. } = &mut self.writers[writer];
            done.written.push(matches!(task, Task::Write(_)));
            let end = done.sequence.len();
            done.bars.iter_mut().skip(bar).for_each(|range| range.end = end);
            if after.is_empty() {
                let end = source.sequence.event(source.sequence.len() - 1);
                if matches!(task, Task::Keep) {
                    grammar.accept(end)?;
                }
                done.sequence.push(end);
            }
        }
        Ok(())
    }

    /// A kept bar after its opening. What was written before may hold a pitch that it strikes: the
    /// model then does not read it.
    fn keep(&mut self, writer: usize, bar: usize) {
        let source = self.source;
        for index in source.bars[bar].clone().skip(1) {
            let event = source.sequence.event(index);
            if self.writers[writer].grammar.accept(event).is_ok() {
                self.take(writer, event);
            }
        }
    }

    /// The beginning of a bar that is written: the tempo that holds from there.
    fn begin(&mut self, writer: usize, bar: usize) {
        let source = self.source;
        let second = source.bars[bar].clone().nth(1).map(|index| source.sequence.event(index));
        let tempo = second.filter(|event| self.events.kind(event).is_tempo() && event[1] == FIRST_POSITION);
        if let Some(event) = tempo.filter(|event| self.writers[writer].grammar.accept(event).is_ok()) {
            self.take(writer, event);
        }
        let Writer { state, sampler, .. } = &mut self.writers[writer];
        state.tempo_known = true;
        sampler.turn_to_bar(bar, writer);
    }

    /// Draws notes until each writer has drawn the kind `closing`, which its grammar has accepted
    /// then.
    fn write(&mut self, writing: &[usize], closing: Value) -> Result<(), ComposeError> {
        let mut running = writing.to_vec();
        running.iter().for_each(|&writer| self.writers[writer].state.closing = Some(closing));
        let mut event = Vec::new();
        while !running.is_empty() {
            self.drive.draw(&mut self.writers, &running)?;
            if running.iter().any(|&writer| self.writers[writer].stuck) {
                return Err(ComposeError::Request("the grammar leaves nothing to write".into()));
            }
            running.retain(|&writer| {
                let Writer { sampler, done, .. } = &mut self.writers[writer];
                event.clear();
                event.extend_from_slice(sampler.event());
                sampler.begin();
                let goes_on = event[0] != closing;
                if goes_on {
                    done.events += 1;
                    self.take(writer, &event);
                }
                goes_on
            });
            self.drive.read();
        }
        Ok(())
    }
}

impl DrawEvents for Writer<'_> {
    fn draw(&mut self) -> Option<usize> {
        match self.sampler.draw(&mut *self.grammar, &self.state, &self.done.sequence) {
            Draw::Asks(field) => return Some(field),
            Draw::Done => {}
            Draw::Stuck => self.stuck = true,
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
