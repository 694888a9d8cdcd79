//! What the demo's models write: new pieces, a hole filled, a melody accompanied.

use crate::interrupt;
use crate::model::Opened;
use crate::verbs::latent::highlights;
use anyhow::{Context, Result};
use leitmotif_compose::cells::{CellSource, CellTask, fill};
use leitmotif_compose::{ChordRequest, Length, Request, generate};
use leitmotif_corpus::{Corpus, Split};
use leitmotif_events::Header;
use leitmotif_model::SessionScorer;
use leitmotif_render::Highlight;
use leitmotif_score::{Instrument, Score, parse_progression};

/// The bars that are written anew in a chorale, counted from 0.
const HOLE: std::ops::Range<usize> = 3..7;
/// The chords of one piece, a bar each.
const CHORDS: &str = "Am F C G";
const BAND: [Instrument; 3] = [Instrument::Program(0), Instrument::Program(33), Instrument::Drums(0)];
const GUITARS: [Instrument; 4] =
    [Instrument::Program(29), Instrument::Program(30), Instrument::Program(33), Instrument::Drums(0)];
const STRINGS: [Instrument; 3] = [Instrument::Program(40), Instrument::Program(41), Instrument::Program(42)];

/// A piece, and how it is shown.
#[derive(Debug, Clone)]
pub struct Written {
    /// The name of its files, without folder and ending.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What was asked for, in a sentence.
    pub about: String,
    /// The music.
    pub score: Score,
    /// The piece that it was written into.
    pub original: Option<Score>,
    /// What is new in it.
    pub highlights: Vec<Highlight>,
}

/// How the pieces are written.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Bars of a new piece.
    pub bars: usize,
    /// Pieces in the style of the chorales.
    pub pieces: u64,
    /// The random seed.
    pub seed: u64,
}

/// By the model that ships: a game, a metal band, and chords that a band follows.
pub fn at_once(base: &Opened, settings: &Settings) -> Result<Vec<Written>> {
    let genre = |name: &str, instruments: &[Instrument]| Header {
        genre: Some(name.to_owned()),
        instruments: instruments.to_vec(),
    };
    let chords = ChordRequest {
        text: CHORDS.to_owned(),
        progression: parse_progression(CHORDS, None).context("the chords of the demo")?,
        strict: true,
    };
    let orders = [
        (
            "game",
            "Music for a game",
            "Genre <code>game</code>; the model chose the instruments.",
            genre("game", &[]),
            None,
        ),
        (
            "metal",
            "A metal band",
            "Genre <code>metal</code>; two guitars, bass and drums.",
            genre("metal", &GUITARS),
            None,
        ),
        (
            "chords",
            "Chords followed",
            "Piano, bass and drums over <code>Am F C G</code>.",
            genre("band", &BAND),
            Some(chords),
        ),
    ];
    let piece = |(name, title, about, header, chords): (&str, &str, &str, Header, Option<ChordRequest>)| {
        let request = Request { header, chords, meter: Some((4, 4)), ..request(base, settings) };
        compose(base, &request, 0, name, title, about)
    };
    orders.into_iter().map(piece).collect()
}

/// By the model that ships, asked for strings: what the training starts from.
pub fn before(base: &Opened, settings: &Settings) -> Result<Written> {
    let header = Header { instruments: STRINGS.to_vec(), ..Header::default() };
    let request = Request { header, ..request(base, settings) };
    compose(base, &request, 0, "before", "Before", "Strings, by the model that ships.")
}

/// New chorales.
pub fn after(adapted: &Opened, settings: &Settings) -> Result<Vec<Written>> {
    let request = request(adapted, settings);
    let about = "Nothing was asked for.";
    let piece = |number| {
        compose(adapted, &request, number, &format!("after-{}", number + 1), &format!("After {}", number + 1), about)
    };
    (0..settings.pieces).map(piece).collect()
}

/// Bars of a test song that are written anew, and the highest voice of another one accompanied.
pub fn into_pieces(adapted: &Opened, corpus: &Corpus, settings: &Settings) -> Result<Vec<Written>> {
    let representation = &*adapted.representation;
    let songs = corpus.split(Split::Test);
    let song = |number: usize| -> Result<Score> {
        let song = songs.get(number).or(songs.first()).context("the corpus has no test songs")?;
        Ok(representation.decode(&corpus.sequence(*song))?)
    };

    let score = song(0)?;
    let source = CellSource::new(representation, &score, None, &[])?;
    let bars: Vec<usize> = HOLE.filter(|bar| *bar < source.bars()).collect();
    let parts: Vec<usize> = (0..source.parts().len()).collect();
    let filled = written(adapted, &source, &bars, &parts, settings)?;
    let numbers: Vec<usize> = bars.iter().map(|bar| bar + 1).collect();
    let filled = Written {
        name: "filled".into(),
        title: "A hole filled".into(),
        about: "Four bars of a chorale that it has not seen, in all voices, to fit what stands around them.".into(),
        highlights: highlights(&filled, &numbers),
        score: filled,
        original: Some(score),
    };

    let mut melody = song(1)?;
    let players: Vec<Instrument> = melody.parts.iter().skip(1).map(|part| part.instrument).collect();
    melody.parts.truncate(1);
    let source = CellSource::new(representation, &melody, None, &players)?;
    let bars: Vec<usize> = (0..source.bars()).collect();
    let accompanied = written(adapted, &source, &bars, &source.extra_parts(), settings)?;
    let accompanied = Written {
        name: "accompanied".into(),
        title: "A melody accompanied".into(),
        about: "The highest voice of another chorale that it has not seen; the three others are new.".into(),
        score: accompanied,
        original: Some(melody),
        highlights: Vec::new(),
    };
    Ok(vec![filled, accompanied])
}

fn request(opened: &Opened, settings: &Settings) -> Request {
    Request { length: Length::Bars(settings.bars), seed: settings.seed, ..opened.request() }
}

fn compose(opened: &Opened, request: &Request, number: u64, name: &str, title: &str, about: &str) -> Result<Written> {
    let (model, representation) = (&*opened.model, &*opened.representation);
    let piece = generate(model, representation, request, number, &|_| {}, interrupt::flag())?;
    Ok(Written {
        name: name.into(),
        title: title.into(),
        about: about.into(),
        score: piece.score,
        original: None,
        highlights: Vec::new(),
    })
}

/// A piece with these cells written by the model, all of which play.
fn written(
    opened: &Opened,
    source: &CellSource,
    bars: &[usize],
    parts: &[usize],
    settings: &Settings,
) -> Result<Score> {
    let task = CellTask { rests: false, ..CellTask::new(source, bars, parts) };
    let (model, representation) = (&*opened.model, &*opened.representation);
    let (request, scorer) = (request(opened, settings), SessionScorer(model));
    let versions = fill(model, &scorer, representation, &request, source, &task, 1, &|_| {}, interrupt::flag())?;
    let version = versions.first().context("nothing was written")?;
    Ok(source.edited(&source.edits(&task, &version.song)))
}
