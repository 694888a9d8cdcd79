//! A piece's frame filled anew: its meters and tempos stay, each bar's notes are kept or drawn under a condition.
//!
//! The model reads the frame as it reads any piece, event by event. Of a kept bar it is given the events; of another the
//! bar event and the tempo that begins it, and then it is asked for notes until it would rather begin the next bar.

use crate::course::{Counted, Course};
use crate::latent::{Asked, Keeping, Source};
use crate::masks::Masks;
use crate::meaning::{Kind, Meaning};
use crate::writer::{Draw, Writer};
use crate::{ComposeError, Length, Request};
use leitmotif_data::{Grammar, Representation, Sequence, Value};
use leitmotif_model::{AttributeCuts, Condition, LatentSpace, Model, Stepper};
use leitmotif_score::Instrument;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a bar is written under.
#[derive(Debug, Clone, PartialEq)]
pub struct BarCondition {
    /// Its latent.
    pub latent: Vec<f32>,
    /// The class of each of the model's attributes; 0 leaves it open.
    pub classes: Vec<u16>,
    /// Which of them are kept to, where they are rhythm, polyphony or density; empty for none.
    pub kept: Vec<bool>,
}

/// What becomes of a bar.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// It stays as it is.
    Keep,
    /// Its notes are drawn anew.
    Write(BarCondition),
}

impl BarCondition {
    fn asked(&self) -> Asked<'_> {
        Asked { classes: &self.classes, kept: &self.kept }
    }
}

impl Task {
    fn asked(&self) -> Option<Asked<'_>> {
        match self {
            Self::Keep => None,
            Self::Write(condition) => Some(condition.asked()),
        }
    }
}

/// A frame filled.
#[derive(Debug, Clone)]
pub struct Rewritten {
    /// All events.
    pub sequence: Sequence,
    /// The events of each bar.
    pub bars: Vec<Range<usize>>,
    /// Which bars were written.
    pub written: Vec<bool>,
    /// Events that were drawn.
    pub events: usize,
}

/// Fills frames with a model that has latents.
#[derive(Clone, Copy)]
pub struct Rewriter<'a> {
    /// It writes.
    pub model: &'a dyn Model,
    /// What it writes in.
    pub representation: &'a dyn Representation,
    /// Of it count the sampling, the constraints, the seed and `most_notes_in_bar`.
    pub request: &'a Request,
    /// Once set, nothing more is written.
    pub cancel: &'a AtomicBool,
}

impl Rewriter<'_> {
    /// Fills the frame of `source`, a task for each of its bars (bars beyond the last task are left out). `instruments` may play; if there
    /// are none, those of the source. `piece` chooses the stream of randomness. `progress` hears of bars done and bars to do. The same
    /// arguments give the same events.
    ///
    /// # Errors
    /// [`ComposeError`] if the model has no latents, for instruments or constraints that leave nothing, and
    /// [`ComposeError::Cancelled`] once `cancel` is set.
    pub fn fill(
        &self,
        source: &Source,
        tasks: &[Task],
        instruments: &[Instrument],
        piece: u64,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Rewritten, ComposeError> {
        let Self { model, representation, request, cancel } = *self;
        let vocabulary = representation.vocabulary();
        if model.description().sizes != vocabulary.sizes() {
            let model = model.description().sizes.clone();
            return Err(ComposeError::Mismatch { model, vocabulary: vocabulary.sizes() });
        }
        let names: Vec<&str> = vocabulary.fields.iter().map(|field| field.name.as_str()).collect();
        request.sampling.validate(&names)?;
        let meaning = Meaning::of(vocabulary);
        let playing = if instruments.is_empty() { source.score.instruments() } else { instruments.to_vec() };
        let masks = Masks::new(&meaning, vocabulary, request, None, &playing)?;
        let mut rng = ChaCha8Rng::seed_from_u64(request.seed);
        rng.set_stream(piece);
        let mut filler = Filler {
            meaning: &meaning,
            source,
            grammar: representation.grammar(),
            course: Course::new(Length::Open { most_bars: usize::MAX }, Counted::default()),
            writer: Writer::new(&meaning, &masks, vocabulary, request, rng),
            stepper: model.stepper(),
            attributes: space(model)?.attributes(),
            sizes: vocabulary.sizes(),
            logits: Vec::new(),
            done: Rewritten {
                sequence: Sequence::new(source.sequence.fields()),
                bars: Vec::new(),
                written: Vec::new(),
                events: 0,
            },
        };
        filler.course.most_notes_in_bar = request.most_notes_in_bar;
        filler.course.keeping = Keeping::new(vocabulary, masks.drums(&meaning));
        filler.open(representation, source, instruments)?;
        let count = tasks.len().min(source.bars.len());
        for (bar, task) in tasks[..count].iter().enumerate() {
            if cancel.load(Ordering::Relaxed) {
                return Err(ComposeError::Cancelled);
            }
            filler.bar(bar, bar + 1 == count, task, &tasks[bar + 1..count])?;
            progress(bar + 1, count);
        }
        Ok(filler.done)
    }
}

/// The latents of a model.
///
/// # Errors
/// [`ComposeError::Request`] if it has none.
pub fn space(model: &dyn Model) -> Result<&LatentSpace, ComposeError> {
    let none =
        || ComposeError::Request("this model has no latents: train one that has, as with --preset tiny-vae".into());
    model.latents().ok_or_else(none)
}

struct Filler<'a> {
    meaning: &'a Meaning,
    source: &'a Source,
    grammar: Box<dyn Grammar + 'a>,
    course: Course,
    writer: Writer<'a>,
    stepper: Stepper<'a>,
    attributes: &'a [AttributeCuts],
    sizes: Vec<usize>,
    logits: Vec<f32>,
    done: Rewritten,
}

impl Filler<'_> {
    /// The header: the source's, with other instruments if some are asked for.
    fn open(
        &mut self,
        representation: &dyn Representation,
        source: &Source,
        instruments: &[Instrument],
    ) -> Result<(), ComposeError> {
        let first = source.bars.first().map_or(source.sequence.len(), |bar| bar.start);
        let mut opening: Vec<Vec<Value>> = source.sequence.events().take(first).map(<[Value]>::to_vec).collect();
        if !instruments.is_empty() {
            let header = leitmotif_data::Header { genre: None, instruments: instruments.to_vec() };
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
        self.course.follow(self.meaning, event, &*self.grammar);
        self.stepper.push(event);
    }

    /// Bar number `bar`, before the bars `after` it.
    fn bar(&mut self, bar: usize, is_last: bool, task: &Task, after: &[Task]) -> Result<(), ComposeError> {
        let source = self.source;
        let events = || source.bars[bar].clone().map(|index| source.sequence.event(index));
        let kept = source.condition(bar);
        let condition = match task {
            Task::Keep => &kept,
            Task::Write(condition) => condition,
        };
        self.stepper.condition(Some(Condition { latent: &condition.latent, classes: &condition.classes }));
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
                    keeping.ask(self.attributes, condition.asked(), after);
                }
                let tempo = events().nth(1).filter(|event| self.meaning.kind(event).is_tempo() && event[1] == FIRST);
                let tempo = tempo.filter(|event| self.grammar.accept(event).is_ok());
                if let Some(event) = tempo {
                    self.take(event);
                }
                self.course.tempo_known = true;
                self.writer.turn_to_bar(bar);
                let closing = match is_last {
                    true => self.meaning.kinds.iter().position(|kind| *kind == Kind::End).unwrap_or(0) as Value,
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
            match self.writer.draw(&mut *self.grammar, &self.course, &self.done.sequence) {
                Draw::Asks(field) => {
                    self.logits.resize(self.sizes[field], 0.0);
                    self.stepper.logits(self.writer.event(), field, &mut self.logits);
                    self.writer.hear(&self.logits);
                }
                Draw::Stuck => return Err(ComposeError::Request("the grammar leaves nothing to write".into())),
                Draw::Done => {
                    let event = self.writer.event().to_vec();
                    self.writer.begin();
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

/// How many bars ahead it is seen to that held notes leave room.
const BARS_AHEAD: usize = 8;
/// The position value of a bar's first step.
const FIRST: Value = 1;
