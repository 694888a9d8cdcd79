//! From a request to a piece.

use crate::course::{Counted, Course};
use crate::masks::{FixedTempo, Masks};
use crate::meaning::{Kind, Meaning};
use crate::prime::Primed;
use crate::report::provenance;
use crate::writer::Writer;
use crate::{ComposeError, Length, PieceReport, Progress, Request, assemble};
use leitmotif_data::{Representation, Sequence, Value};
use leitmotif_model::Model;
use leitmotif_score::Score;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// Events between two reports of progress.
const REPORT_EVERY: usize = 64;
/// The tempo of a representation without tempos, in quarters a minute.
const UNNAMED_TEMPO: f64 = 120.0;

/// A composed piece.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The music, with how it was made in [`Score::texts`].
    pub score: Score,
    /// Its events: the opening or prime, and what was composed.
    pub sequence: Sequence,
    /// It in numbers.
    pub report: PieceReport,
}

/// Composes piece number `piece` of a request. The same model, representation, request and number give the same piece.
///
/// # Errors
/// [`ComposeError`] for a request that contradicts itself or the vocabulary, and [`ComposeError::Cancelled`] once `cancel` is set.
pub fn generate(
    model: &dyn Model,
    representation: &dyn Representation,
    request: &Request,
    piece: u64,
    progress: &(dyn Fn(Progress) + Sync),
    cancel: &AtomicBool,
) -> Result<Piece, ComposeError> {
    let vocabulary = representation.vocabulary();
    if model.description().sizes != vocabulary.sizes() {
        return Err(ComposeError::Mismatch {
            model: model.description().sizes.clone(),
            vocabulary: vocabulary.sizes(),
        });
    }
    request.validate()?;
    let names: Vec<&str> = vocabulary.fields.iter().map(|field| field.name.as_str()).collect();
    request.sampling.validate(&names)?;
    let meaning = Meaning::of(vocabulary);
    let opening = representation.opening(&request.header)?;
    let prime = request.prime.as_ref();
    let primed = prime.map(|prime| Primed::new(prime, &request.header, representation, &meaning)).transpose()?;
    let primed = primed.as_ref();

    let meter = request.meter.or_else(|| carried_meter(&meaning, primed));
    let playing = primed.map_or_else(Vec::new, |primed| primed.score.instruments());
    let masks = Masks::new(&meaning, vocabulary, request, meter, &playing)?;
    let mut sequence = primed.map_or(opening, |primed| primed.sequence.clone());
    let (mut grammar, mut stepper) = (representation.grammar(), model.stepper());
    for event in sequence.events() {
        grammar.accept(event)?;
        stepper.push(event);
    }

    let tempo = fixed_tempo(&meaning, request, primed);
    let course = Course::new(request.length, Counted::by(&*grammar));
    let mut course = set_out(course, request, &meaning, &masks, tempo, &sequence)?;
    let mut rng = ChaCha8Rng::seed_from_u64(request.seed);
    rng.set_stream(piece);
    let mut writer = Writer::new(&meaning, &masks, vocabulary, request, rng);
    let start = sequence.len();
    let mut end = primed.map_or(0.0, |primed| primed.line);
    while !grammar.is_finished() {
        if cancel.load(Ordering::Relaxed) {
            return Err(ComposeError::Cancelled);
        }
        let Some(event) = writer.next(&mut stepper, &mut *grammar, &course, &sequence) else { break };
        stepper.push(&event);
        sequence.push(&event);
        end += meaning.kind(&event).quarters();
        course.follow(&meaning, &event, &*grammar);
        if (sequence.len() - start).is_multiple_of(REPORT_EVERY) {
            progress(told(piece, &course));
        }
    }
    progress(Progress { done: 1.0, ..told(piece, &course) });

    let end = meaning.places.map(|_| end);
    let mut score = assemble::assemble(representation, &sequence, primed, tempo, end, request)?;
    score.texts.push(provenance(request, primed, piece)?);
    let prime_bars = primed.map_or(0, |primed| primed.bars);
    let report = PieceReport {
        path: None,
        piece,
        bars: prime_bars + if meaning.places.is_some() { course.bars } else { course.now.bars },
        notes: score.note_count(),
        seconds: score.duration().0,
        instruments: score.instruments().into_iter().map(leitmotif_score::Instrument::name).collect(),
        prime_bars,
        events: sequence.len() - start,
        invalid_events: writer.invalid,
        valid: writer.invalid == 0 && grammar.is_finished(),
    };
    Ok(Piece { score, sequence, report })
}

/// Composes pieces number 0 to `count - 1`, side by side; each is what [`generate`] makes of its number.
///
/// # Errors
/// The first piece's error, as [`generate`].
pub fn generate_many(
    model: &dyn Model,
    representation: &dyn Representation,
    request: &Request,
    count: u64,
    progress: &(dyn Fn(Progress) + Sync),
    cancel: &AtomicBool,
) -> Result<Vec<Piece>, ComposeError> {
    let pieces = (0..count).into_par_iter();
    let pieces: Vec<_> =
        pieces.map(|piece| generate(model, representation, request, piece, progress, cancel)).collect();
    pieces.into_iter().collect()
}

fn told(piece: u64, course: &Course) -> Progress {
    let Counted { bars, notes, seconds } = course.now;
    Progress { piece, bars, notes, seconds, done: course.done() }
}

/// The time signature in which a prime ends, if the vocabulary has it.
fn carried_meter(meaning: &Meaning, primed: Option<&Primed>) -> Option<(u8, u8)> {
    let primed = primed?;
    let last = primed.score.meter_at(primed.cut - leitmotif_score::Ticks(1));
    let meter = (last.numerator, last.denominator);
    meaning.bar(meter).map(|_| meter)
}

/// The tempo that holds throughout: the one asked for, or the one in which a prime ends.
fn fixed_tempo(meaning: &Meaning, request: &Request, primed: Option<&Primed>) -> Option<FixedTempo> {
    let carried = || primed.map(|primed| primed.score.tempo_map().tempo_at(primed.cut).quarters_per_minute());
    let exact = request.tempo.or_else(carried)?;
    let nearest = meaning.tempo(exact);
    Some(FixedTempo { kind: nearest.map(|it| it.0), nearest: nearest.map_or(UNNAMED_TEMPO, |it| it.1), exact })
}

/// Prepares the course: rules, missing instruments, the tempo to begin with.
fn set_out(
    mut course: Course,
    request: &Request,
    meaning: &Meaning,
    masks: &Masks,
    tempo: Option<FixedTempo>,
    sequence: &Sequence,
) -> Result<Course, ComposeError> {
    course.most_silent_bars = request.most_silent_bars;
    course.most_notes_in_bar = request.most_notes_in_bar;
    course.most_equal_bars = request.most_equal_bars;
    let sounded = |value: &Value| {
        let mut notes = sequence.events().filter(|event| meaning.kind(event) == Kind::Note);
        meaning.places.is_some_and(|places| notes.any(|event| event[places.instrument] == *value))
    };
    course.played = masks.required.iter().map(|&value| (value, 0)).collect();
    course.missing = masks.required.iter().copied().filter(|value| !sounded(value)).collect();
    if let Length::Notes(notes) = request.length
        && notes < course.missing.len()
    {
        let reason = format!("{notes} notes are too few for {} instruments", course.missing.len());
        return Err(ComposeError::Request(reason));
    }
    let mut tempos = sequence.events().rev().filter(|event| meaning.kind(event).is_tempo());
    let current = tempos.next().map(|event| usize::from(event[0]));
    course.tempo_known = current.is_some();
    if let Some(tempo) = tempo {
        course.tempo_fixed = true;
        course.tempo_due = tempo.kind.filter(|&kind| current != Some(kind));
        course.pace = tempo.nearest / tempo.exact;
    }
    Ok(course)
}
