//! What is written into a piece, and the versions that were written.

use super::Keep;
use super::source::{CellSource, cells};
use super::windows::items;
use super::writer::CellWriter;
use crate::drive::Drive;
use crate::harmony;
use crate::masks::Masks;
use crate::{ComposeError, FieldSampling, Request, Sampling};
use leitmotif_events::cells::{CellSong, Cells};
use leitmotif_events::{Ensemble, Representation, Sequence};
use leitmotif_model::{Model, Scorer, Segment};
use serde::Serialize;
use std::sync::atomic::{AtomicBool, Ordering};

/// The most versions that are written side by side.
pub const MAX_FILLS: usize = 64;
/// Events that are scored at once.
const SCORED_AT_ONCE: usize = 256;
/// Events of what is given that the model reads at once, or a few more.
const READ_AT_ONCE: usize = 64;

/// Which cells of a piece are written.
#[derive(Debug, Clone)]
pub struct CellTask {
    /// Whether each cell is written, `[bars, parts]`.
    pub written: Vec<bool>,
    /// What written cells keep of the notes that stand there.
    pub keep: Option<Keep>,
    /// Whether written cells may be rests.
    pub rests: bool,
    /// Whether nothing is given but the bars before: for comparison.
    pub past_only: bool,
    /// Whether the written parts are favoured where they play less than in the ensemble of
    /// [`Self::like`], or, without one, in half of the bars.
    pub accompanies: bool,
    /// How often each instrument is to play, as a song has it.
    pub like: Option<Ensemble>,
    /// Whether the chords of the source are enforced, beyond what the model makes of them.
    pub strict_chords: bool,
}

/// One version.
#[derive(Debug, Clone)]
pub struct Filled {
    /// The piece up to the last bar that was read, with the written cells.
    pub song: CellSong,
    /// The version in numbers.
    pub report: FilledReport,
}

/// One version in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FilledReport {
    /// Its number among the versions, from 0.
    pub candidate: usize,
    /// Cells written, rests included.
    pub cells: usize,
    /// Notes in them.
    pub notes: usize,
    /// Cells that are rests.
    pub rests: usize,
    /// Events drawn.
    pub events: usize,
    /// What the model takes the written cells to cost, given everything else: nats for each note
    /// (for the whole where there is none), of the fields that can have several values.
    pub nats_per_note: f64,
}

impl CellTask {
    /// Writes the cells of these bars (by number from 0) and parts (by number).
    pub fn new(source: &CellSource, bars: &[usize], parts: &[usize]) -> Self {
        let count = source.parts().len();
        let mut written = vec![false; source.bars() * count];
        for bar in bars.iter().filter(|bar| **bar < source.bars()) {
            parts.iter().filter(|part| **part < count).for_each(|part| written[bar * count + part] = true);
        }
        Self {
            written,
            keep: None,
            rests: true,
            past_only: false,
            accompanies: false,
            like: None,
            strict_chords: false,
        }
    }
}

/// Writes `count` versions of a piece, side by side: version number `n` is the same among others
/// and alone. They come in the order of their numbers.
///
/// # Errors
/// [`ComposeError`] for a request that contradicts itself or the vocabulary, a task that writes
/// nothing, and [`ComposeError::Cancelled`] once `cancel` is set.
#[allow(clippy::too_many_arguments)]
pub fn fill(
    model: &dyn Model,
    scorer: &dyn Scorer,
    representation: &dyn Representation,
    request: &Request,
    source: &CellSource,
    task: &CellTask,
    count: usize,
    progress: &dyn Fn(f64),
    cancel: &AtomicBool,
) -> Result<Vec<Filled>, ComposeError> {
    let cells = cells(representation)?;
    if !(1..=MAX_FILLS).contains(&count) {
        return Err(ComposeError::setting("candidates", count, &format!("between 1 and {MAX_FILLS}")));
    }
    if request.avoid.is_some() {
        let reason = "copies cannot be avoided while cells are written; leave that out, and measure originality";
        return Err(ComposeError::Request(reason.to_owned()));
    }
    if !task.written.contains(&true) {
        return Err(ComposeError::Request("there is nothing to write: no bar or no part is chosen".to_owned()));
    }
    if request.observed.as_ref().is_some_and(|observed| observed.tasks.holes == 0.0) {
        let reason = "this model was trained without holes, so it cannot write into a piece: train one with train.holes \
                      above 0";
        return Err(ComposeError::Request(reason.to_owned()));
    }
    if source.chords().iter().any(|bar| !bar.is_empty()) {
        harmony::cells(request, representation)?;
    }
    let vocabulary = representation.vocabulary();
    let sizes = &model.description().sizes;
    if *sizes != vocabulary.sizes() {
        return Err(ComposeError::Mismatch { model: sizes.clone(), vocabulary: vocabulary.sizes() });
    }
    let names: Vec<&str> = vocabulary.fields.iter().map(|field| field.name.as_str()).collect();
    request.sampling.validate(&names)?;
    let all = request.sampling.all.or(Some(FieldSampling::WITHIN));
    let sampling = Sampling { all, fields: request.sampling.fields.clone() }.spelt_out(&names, true);
    let request = Request { sampling, ..request.clone() };
    let masks = Masks::new(representation.events(), vocabulary, &request, None, &[], &[])?;
    let items = items(&source.read.song, task);
    let mut first = CellWriter::new(cells, representation, &masks, &request, source, task, items)?;
    let mut drive = Drive::new(model, count);
    // What all have in common is read once.
    first.force()?;
    read(&mut first, 0, &mut drive);
    let mut writers: Vec<CellWriter<'_>> = (1..count).map(|number| first.version(number)).collect();
    writers.insert(0, first);
    (1..count).for_each(|stream| drive.batch.copy(0, stream));
    let mut running: Vec<usize> = (0..count).collect();
    running.retain(|stream| !writers[*stream].is_done());
    while !running.is_empty() {
        if cancel.load(Ordering::Relaxed) {
            return Err(ComposeError::Cancelled);
        }
        drive.draw(&mut writers, &running)?;
        for &stream in &running {
            writers[stream].take()?;
            read(&mut writers[stream], stream, &mut drive);
        }
        drive.read();
        running.retain(|stream| !writers[*stream].is_done());
        progress(writers.iter().map(CellWriter::share_done).sum::<f64>() / count as f64);
    }
    writers.iter().enumerate().map(|(number, writer)| finished(number, writer, scorer, task, cells)).collect()
}

/// Queues what a writer has added since it was last read.
fn read(writer: &mut CellWriter<'_>, stream: usize, drive: &mut Drive<'_>) {
    let sequence = writer.sequence();
    for index in writer.read..sequence.len() {
        drive.push(stream, sequence.event(index));
        if drive.waiting() >= READ_AT_ONCE {
            drive.read();
        }
    }
    writer.read = sequence.len();
    drive.read();
}

fn finished(
    candidate: usize,
    writer: &CellWriter<'_>,
    scorer: &dyn Scorer,
    task: &CellTask,
    cells_of: &Cells,
) -> Result<Filled, ComposeError> {
    let song = writer.song().clone();
    let parts = song.parts.len();
    let written = (0..song.bars.len() * parts).filter(|cell| task.written[*cell]);
    let cells: Vec<_> = written.filter_map(|cell| song.cell(cell / parts, cell % parts)).collect();
    let notes = cells.iter().map(|cell| cell.len()).sum();
    let rests = cells.iter().filter(|cell| cell.is_empty()).count();
    let nats = nll(writer.sequence(), scorer, &writer.drawn, Some(cells_of))? / (notes as f64).max(1.0);
    let report =
        FilledReport { candidate, cells: cells.len(), notes, rests, events: writer.drawn.len(), nats_per_note: nats };
    Ok(Filled { song, report })
}

/// What these events of a piece cost, in nats; their numbers ascend. Of events that windows leave
/// to be written (those of `windows`, if that is given), only fields count that can have several
/// values.
pub(super) fn nll(
    sequence: &Sequence,
    scorer: &dyn Scorer,
    events: &[usize],
    windows: Option<&Cells>,
) -> Result<f64, ComposeError> {
    let mut session = scorer.scoring_session(1);
    let (fields, targets) = (sequence.fields(), sequence.len().saturating_sub(1));
    let (mut nats, mut events) = (0.0, events.iter().peekable());
    for from in (0..targets).step_by(SCORED_AT_ONCE) {
        let length = SCORED_AT_ONCE.min(targets - from);
        let values = |from: usize| &sequence.values()[from * fields..(from + length) * fields];
        let (lengths, starts) = ([length], [from == 0]);
        let segment = Segment {
            streams: 1,
            segment: length,
            inputs: values(from),
            targets: values(from + 1),
            determined: &[],
            lengths: &lengths,
            starts: &starts,
            bars: None,
        };
        let costs = session.nll(&segment);
        while let Some(&event) = events.next_if(|event| **event <= from + length) {
            let at = (event - 1 - from) * fields;
            let written = windows.map(|cells| Ok((cells, cells.cell_event(sequence.event(event))?)));
            let written = written.transpose().map_err(ComposeError::Representation)?;
            let counts = |field: &usize| written.as_ref().is_none_or(|(cells, it)| cells.is_open_in_window(it, *field));
            nats += (0..fields).filter(counts).map(|field| f64::from(costs[at + field])).sum::<f64>();
        }
    }
    Ok(nats)
}
