//! Writing the bars of a frame, draft by draft.

use super::source::{Source, posterior};
use super::task::{Rewriter, Rewritten, Task, space};
use crate::course::{Counted, Course};
use crate::keeping::Keeping;
use crate::masks::Masks;
use crate::parts::PartLimits;
use crate::sampler::{Draw, EventSampler};
use crate::{ComposeError, Length};
use leitmotif_events::{EventVocabulary, FIRST_POSITION, Grammar, Representation, Sequence, Value};
use leitmotif_model::{Condition, Ensemble, LatentSpace};
use leitmotif_score::Instrument;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// The lane in which the model writes, and those that keep what it was before a group's drafts, and after the best of them.
const HERE: usize = 0;
const BEFORE: usize = 1;
const BEST: usize = 2;
/// How many bars ahead it is seen to that held notes leave room.
const BARS_AHEAD: usize = 8;

/// A frame as far as it is filled.
pub(super) struct Filler<'a> {
    events: &'a EventVocabulary,
    source: &'a Source,
    space: &'a LatentSpace,
    cancel: &'a AtomicBool,
    drafts: usize,
    grammar: Box<dyn Grammar + 'a>,
    course: Course,
    sampler: EventSampler<'a>,
    ensemble: Box<dyn Ensemble + 'a>,
    sizes: Vec<usize>,
    logits: Vec<f32>,
    done: Rewritten,
}

/// Where a piece stands, to come back to.
struct Stand<'a> {
    grammar: Box<dyn Grammar + 'a>,
    course: Course,
    /// Events, bars, and events that were drawn.
    counts: [usize; 3],
}

/// A group of bars as it was drafted.
struct Draft<'a> {
    /// After it.
    stand: Stand<'a>,
    values: Vec<Value>,
    bars: Vec<Range<usize>>,
    /// The logarithm of the density of the latents asked for, under the draft's posterior.
    density: f64,
}

impl<'a> Filler<'a> {
    /// Nothing written yet; `piece` chooses the stream of chance.
    pub fn new(
        rewriter: &Rewriter<'a>,
        (events, masks): (&'a EventVocabulary, &'a Masks),
        source: &'a Source,
        piece: u64,
    ) -> Result<Self, ComposeError> {
        let Rewriter { model, representation, request, drafts, cancel } = *rewriter;
        let vocabulary = representation.vocabulary();
        let mut rng = ChaCha8Rng::seed_from_u64(request.seed);
        rng.set_stream(piece);
        let mut course = Course::new(Length::Open { most_bars: usize::MAX }, Counted::default());
        course.most_notes_in_bar = request.most_notes_in_bar;
        if let Some(observed) = &request.observed {
            course.parts = PartLimits::new(events, observed);
        }
        course.keeping = Keeping::new(&vocabulary.settings, masks.drums(events));
        Ok(Self {
            events,
            source,
            space: space(model)?,
            cancel,
            drafts,
            grammar: representation.grammar(),
            course,
            sampler: EventSampler::new(events, masks, vocabulary, request, rng),
            ensemble: model.ensemble(if drafts > 1 { BEST + 1 } else { HERE + 1 }),
            sizes: vocabulary.sizes(),
            logits: Vec::new(),
            done: Rewritten {
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
            // The genre, if there is one, stands after the start and before the instruments; the grammar knows which is which.
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
        self.course.follow(self.events, event, &*self.grammar);
        self.ensemble.push(&[HERE], event);
    }

    /// Fills all bars, a task for each.
    pub fn fill(mut self, tasks: &[Task], progress: &dyn Fn(usize, usize)) -> Result<Rewritten, ComposeError> {
        let group = self.space.bars_per_latent().max(1);
        for first in (0..tasks.len()).step_by(group) {
            let bars = first..tasks.len().min(first + group);
            self.group(bars.clone(), tasks)?;
            bars.for_each(|bar| progress(bar + 1, tasks.len()));
        }
        Ok(self.done)
    }

    /// A group of bars that share a latent: of its drafts the one that says most nearly what is asked for.
    fn group(&mut self, bars: Range<usize>, tasks: &[Task]) -> Result<(), ComposeError> {
        let writes = tasks[bars.clone()].iter().any(|task| matches!(task, Task::Write(_)));
        if self.drafts == 1 || !writes {
            return self.draft(bars, tasks, 0);
        }
        let before = self.stand();
        self.ensemble.copy(HERE, BEFORE);
        let mut best: Option<Draft<'a>> = None;
        for number in 0..self.drafts {
            if number > 0 {
                self.come_back(&before);
                self.ensemble.copy(BEFORE, HERE);
            }
            self.draft(bars.clone(), tasks, number)?;
            let density = self.density(bars.clone(), tasks);
            if best.as_ref().is_none_or(|best| density > best.density) {
                self.ensemble.copy(HERE, BEST);
                best = Some(self.since(&before, density));
            }
        }
        if let Some(best) = best {
            self.come_back(&before);
            self.take_up(best, &tasks[bars]);
            self.ensemble.copy(BEST, HERE);
        }
        Ok(())
    }

    /// Draft number `number` of some bars.
    fn draft(&mut self, bars: Range<usize>, tasks: &[Task], number: usize) -> Result<(), ComposeError> {
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

    fn stand(&self) -> Stand<'a> {
        let counts = [self.done.sequence.len(), self.done.bars.len(), self.done.events];
        Stand { grammar: self.grammar.fork(), course: self.course.clone(), counts }
    }

    /// What was written since `before`.
    fn since(&self, before: &Stand<'_>, density: f64) -> Draft<'a> {
        let [events, bars, _] = before.counts;
        let values = self.done.sequence.values()[events * self.done.sequence.fields()..].to_vec();
        Draft { stand: self.stand(), values, bars: self.done.bars[bars..].to_vec(), density }
    }

    /// Forgets what was written since `stand`; the model is not told.
    fn come_back(&mut self, stand: &Stand<'a>) {
        let [events, bars, drawn] = stand.counts;
        (self.grammar, self.course) = (stand.grammar.fork(), stand.course.clone());
        self.done.sequence.truncate(events);
        self.done.bars.truncate(bars);
        self.done.written.truncate(bars);
        self.done.events = drawn;
    }

    /// Writes on with a draft that began here.
    fn take_up(&mut self, draft: Draft<'a>, tasks: &[Task]) {
        let Draft { stand: Stand { grammar, course, counts: [_, _, drawn] }, values, bars, .. } = draft;
        (self.grammar, self.course, self.done.events) = (grammar, course, drawn);
        let fields = self.done.sequence.fields();
        values.chunks_exact(fields).for_each(|event| self.done.sequence.push(event));
        self.done.bars.extend(bars);
        self.done.written.extend(tasks.iter().map(|task| matches!(task, Task::Write(_))));
    }

    /// Draft number `draft` of bar number `bar`.
    fn bar(&mut self, bar: usize, draft: usize, tasks: &[Task]) -> Result<(), ComposeError> {
        let (source, task, after) = (self.source, &tasks[bar], &tasks[bar + 1..]);
        let is_last = after.is_empty();
        let events = || source.bars[bar].clone().map(|index| source.sequence.event(index));
        let kept = source.condition(bar);
        let condition = match task {
            Task::Keep => &kept,
            Task::Write(condition) => condition,
        };
        let told = Condition { latent: &condition.latent, classes: &condition.classes };
        self.ensemble.condition(HERE, Some(told));
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
                    // What was written before may hold a pitch that this bar strikes: the model then does not hear of it.
                    if self.grammar.accept(event).is_ok() {
                        self.take(event);
                    }
                }
            }
            Task::Write(_) => {
                if let Some(keeping) = &mut self.course.keeping {
                    let after = after.iter().take(BARS_AHEAD).filter_map(Task::asked);
                    keeping.ask(self.space.attributes(), condition.asked(), after);
                }
                let tempo =
                    events().nth(1).filter(|event| self.events.kind(event).is_tempo() && event[1] == FIRST_POSITION);
                let tempo = tempo.filter(|event| self.grammar.accept(event).is_ok());
                if let Some(event) = tempo {
                    self.take(event);
                }
                self.course.tempo_known = true;
                self.sampler.turn_to_bar(bar, draft);
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
        self.course.closing = Some(closing);
        loop {
            match self.sampler.draw(&mut *self.grammar, &self.course, &self.done.sequence) {
                Draw::Asks(field) => {
                    self.logits.resize(self.sizes[field], 0.0);
                    self.ensemble.logits(&[HERE], self.sampler.event(), field, &mut self.logits);
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
