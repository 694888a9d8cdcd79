//! Trains the Markov model on a folder of MIDI files, evaluates it on the songs kept for testing,
//! and composes.
//!
//! ```text
//! cargo run --release -p leitmotif-compose --example markov -- SONGS OUT [PIECES] [ORDER]
//! ```
#![allow(clippy::print_stdout)]

use leitmotif_compose::{FieldSampling, Length, Piece, Request, Sampling, generate, generate_many};
use leitmotif_corpus::prepare::{PrepareOptions, SplitBy, SplitOptions, prepare};
use leitmotif_corpus::{Corpus, EvaluationBatches, Split};
use leitmotif_events::{Header, Representation};
use leitmotif_model::{Markov, MarkovBuilder, ModelConfig, ModelDescription, ModelKind, Scorer, Segment};
use leitmotif_score::{Instrument, write_midi_file};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [songs, out, rest @ ..] = &arguments[..] else { return Err("usage: markov SONGS OUT [PIECES] [ORDER]".into()) };
    let number = |index: usize, default| rest.get(index).map_or(Ok(default), |text: &String| text.parse::<usize>());
    let (pieces, order) = (number(0, 8)?, number(1, 4)?);
    let out = PathBuf::from(out);
    let corpus = open(Path::new(songs), &out)?;
    let representation = corpus.representation();

    let model = ModelConfig { kind: ModelKind::Markov, order, cache: true, ..ModelConfig::default() };
    let description = ModelDescription::new(model, corpus.vocabulary().sizes())?;
    let (began, mut builder) = (Instant::now(), MarkovBuilder::new(&description));
    for song in corpus.split(Split::Train) {
        builder.add_piece(&corpus.values(song))?;
    }
    let model = builder.finish();
    println!("trained in {:.1} s: {} contexts", began.elapsed().as_secs_f64(), model.contexts());
    let began = Instant::now();
    for split in [Split::Train, Split::Valid, Split::Test] {
        if split != Split::Train {
            judge(&model, &corpus, &*representation, split)?;
        }
    }
    println!("judged in {:.1} s", began.elapsed().as_secs_f64());
    if pieces > 0 {
        model.save(&out)?;
        compose(&model, &*representation, pieces, &out)?;
    }
    Ok(())
}

fn open(songs: &Path, out: &Path) -> Result<Corpus, Box<dyn Error>> {
    std::fs::create_dir_all(out)?;
    let corpus = out.join("corpus");
    if !corpus.exists() {
        let options = PrepareOptions {
            inputs: vec![songs.to_path_buf()],
            output: corpus.clone(),
            split: SplitOptions { by: SplitBy::Artist, ..SplitOptions::default() },
            ..PrepareOptions::default()
        };
        prepare(&options, &(), &AtomicBool::new(false))?;
    }
    Ok(Corpus::open(&corpus)?)
}

/// Prints the nats of each field per note.
fn judge(
    scorer: &dyn Scorer,
    corpus: &Corpus,
    representation: &dyn Representation,
    split: Split,
) -> Result<(), Box<dyn Error>> {
    let fields = corpus.vocabulary().fields.len();
    let mut scoring = scorer.scoring_session(1);
    let (mut sums, mut notes, mut events) = (vec![0.0f64; fields], 0, 0);
    for batch in EvaluationBatches::new(corpus, split, 1, 512)? {
        let segment = Segment {
            streams: batch.streams,
            segment: batch.segment,
            inputs: &batch.inputs,
            targets: &batch.targets,
            determined: &[],
            lengths: &batch.lengths,
            starts: &batch.starts,
            bars: None,
        };
        for (index, nats) in scoring.nll(&segment).into_iter().enumerate() {
            sums[index % fields] += f64::from(nats);
        }
        events += batch.lengths[0];
        notes += (0..batch.lengths[0]).filter(|&step| representation.is_note(batch.target(0, step))).count();
    }
    let total: f64 = sums.iter().sum();
    println!(
        "{split:?}: {:.4} nats a note, {:.4} an event ({events} events, {notes} notes)",
        total / notes as f64,
        total / events as f64
    );
    for (field, sum) in corpus.vocabulary().fields.iter().zip(&sums) {
        println!("  {:<11} {:.4}", field.name, sum / notes as f64);
    }
    Ok(())
}

fn compose(
    model: &Markov,
    representation: &dyn Representation,
    pieces: usize,
    out: &Path,
) -> Result<(), Box<dyn Error>> {
    let instruments = [25, 30, 33].map(Instrument::Program).into_iter().chain([Instrument::Drums(0)]).collect();
    let mut request = Request {
        header: Header { genre: Some("metal".into()), instruments },
        length: Length::Bars(64),
        tempo: Some(132.5),
        meter: Some((4, 4)),
        sampling: Sampling::new(FieldSampling { top_p: 0.98, ..FieldSampling::default() }),
        seed: 1,
        ..Request::default()
    };
    let (began, cancel) = (Instant::now(), AtomicBool::new(false));
    let made = generate_many(model, representation, &request, pieces as u64, &|_| {}, &cancel)?;
    let notes: usize = made.iter().map(|piece| piece.report.notes).sum();
    let seconds = began.elapsed().as_secs_f64();
    println!("{notes} notes in {} pieces in {seconds:.1} s: {:.0} a second", made.len(), notes as f64 / seconds);
    for Piece { score, mut report, .. } in made {
        let path = out.join(format!("{:03}.mid", report.piece));
        write_midi_file(&path, &score)?;
        std::fs::write(path.with_extension("json"), serde_json::to_string(&score)?)?;
        report.path = Some(path);
        println!("{}", serde_json::to_string(&report)?);
    }
    request.grammar = false;
    let free = generate_many(model, representation, &request, pieces as u64, &|_| {}, &cancel)?;
    let invalid = free.iter().filter(|piece| !piece.report.valid).count();
    let events: (usize, usize) =
        free.iter().fold((0, 0), |sum, piece| (sum.0 + piece.report.invalid_events, sum.1 + piece.report.events));
    println!("without the grammar {invalid} of {pieces} pieces invalid, {} of {} events", events.0, events.1);

    request = Request { grammar: true, length: Length::Notes(100_000), ..request };
    let began = Instant::now();
    let long = generate(model, representation, &request, 0, &|_| {}, &cancel)?;
    println!("{} notes in one go in {:.1} s", long.report.notes, began.elapsed().as_secs_f64());
    Ok(())
}
