//! Who plays, when the request leaves it open: an ensemble that occurs in a training song, with its
//! genre, tempo and metre.
//!
//! What a request leaves open is drawn before the first event, so that it holds throughout a piece:
//! genre, ensemble, tempo and metre of one song, drawn among those that agree with the request. The
//! song also gives when each of its instruments enters and for how long it rests; a bias on the
//! logits makes a piece follow that.

use crate::constraints::same;
use crate::{Length, Request};
use leitmotif_events::{Ensemble, EnsemblePart, EventVocabulary, Header, Value};
use leitmotif_score::Instrument;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What is added to the logit of an instrument for each bar that it has played less than the song,
/// and at most. The model still chooses place and pitch, and the prior fades as the instrument
/// plays; without it instruments that have left the model's memory do not return.
const FAVOUR: (f64, f64) = (1.0, 4.0);
/// The share of bars in which an instrument plays that the song does not have.
const UNKNOWN_SHARE: f64 = 0.5;

/// A request, completed for one piece.
#[derive(Clone)]
pub(crate) struct Resolved {
    /// With header, tempo and metre filled in.
    pub request: Request,
    /// The instruments that the user requested, each of which must play.
    pub required: Vec<Instrument>,
    /// The song that was drawn.
    pub song: Option<Ensemble>,
}

/// Whether pieces of this request differ in what is drawn before their first event.
pub(crate) fn is_drawn(request: &Request) -> bool {
    request.prime.is_none() && request.observed.as_ref().is_some_and(|observed| !observed.ensembles.is_empty())
}

/// The request of piece number `piece`, with what it leaves open drawn from the training songs, if
/// their figures are given.
pub(crate) fn resolve(request: &Request, events: &EventVocabulary, genres: &[String], piece: u64) -> Resolved {
    let required = request.header.instruments.clone();
    let mut resolved = Resolved { request: request.clone(), required, song: None };
    let Some(observed) = &request.observed else { return resolved };
    let mut rng = ChaCha8Rng::seed_from_u64(request.seed);
    // Far from the streams that draw events and latents.
    rng.set_stream((u64::MAX / 2).wrapping_sub(piece));
    let playing = players(request);
    // Songs that the vocabulary cannot express are passed over: the file is of another model.
    let known = |song: &&Ensemble| {
        song.genre.as_ref().is_none_or(|genre| genres.contains(genre)) && events.bar(song.meter).is_some()
    };
    let songs = observed.ensembles.iter().filter(known);
    let Some(song) = draw(songs, request, &playing, &mut rng) else { return resolved };
    let filled = &mut resolved.request;
    if request.prime.is_none() {
        filled.header.genre = request.header.genre.clone().or_else(|| song.genre.clone());
        filled.tempo = request.tempo.or(Some(song.tempo));
        filled.meter = request.meter.or(Some(song.meter));
        if playing.is_empty() {
            let may = |instrument: &Instrument| request.constraints.may_play(*instrument);
            filled.header.instruments = song.header().instruments.into_iter().filter(may).collect();
        }
    }
    resolved.song = Some(song.clone());
    resolved
}

/// The instruments that a request names, or that play in its prime.
pub(crate) fn players(request: &Request) -> Vec<Instrument> {
    let mut players = request.header.instruments.clone();
    players.extend(request.prime.iter().flat_map(|prime| prime.score.instruments()));
    players
}

/// Draws a song among those that agree best with the request: its genre, its instruments, its
/// metre.
fn draw<'a>(
    songs: impl Iterator<Item = &'a Ensemble>,
    request: &Request,
    playing: &[Instrument],
    rng: &mut ChaCha8Rng,
) -> Option<&'a Ensemble> {
    let Request { header: Header { genre, .. }, meter, constraints, .. } = request;
    let weight = |song: &Ensemble| {
        let names = |list: &[Instrument], one: Instrument| list.iter().any(|other| same(*other, one));
        let players = song.parts.iter().map(|part| part.instrument);
        let agreement = if playing.is_empty() {
            let may = players.clone().filter(|instrument| constraints.may_play(*instrument)).count();
            may as f64 / song.parts.len() as f64
        } else {
            let common = players.filter(|instrument| names(playing, *instrument)).count() as f64;
            common / (song.parts.len() as f64 + playing.len() as f64 - common).max(1.0)
        };
        let meter = meter.is_none_or(|meter| meter == song.meter);
        // The songs that agree best weigh most; a metre that differs only matters where no song has
        // the requested one.
        (agreement.powi(4) + 1e-9) * if meter { 1.0 } else { 1e-6 }
    };
    let of_genre = |song: &&Ensemble| genre.as_ref().is_none_or(|genre| song.genre.as_ref() == Some(genre));
    let songs: Vec<(&Ensemble, f64)> = songs.filter(of_genre).map(|it| (it, weight(it))).collect();
    let mut left = rng.random::<f64>() * songs.iter().map(|song| song.1).sum::<f64>();
    let last = songs.iter().rposition(|song| song.1 > 0.0)?;
    let drawn = songs[..last].iter().find(|(_, weight)| {
        left -= weight;
        left < 0.0
    });
    Some(drawn.unwrap_or(&songs[last]).0)
}

/// When an instrument plays.
#[derive(Debug, Clone, Copy)]
struct Entry {
    value: Value,
    /// The bar by which it has entered, from 1.
    enters: usize,
    /// The share of bars in which it plays from then on.
    share: f64,
    /// Bars in which it has played, and the last of them, from 1.
    played: usize,
    last: usize,
}

impl Entry {
    /// By how many nats it is favoured, because it has played in fewer bars than in the song.
    fn missing(&self, bar: usize) -> f64 {
        let (gain, most) = FAVOUR;
        let due = (bar + 1).saturating_sub(self.enters) as f64 * self.share;
        (gain * (due - self.played as f64).max(0.0)).min(most)
    }
}

/// When the instruments of an ensemble play.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entries(Vec<Entry>);

impl Entries {
    /// The entries of the instruments with these values, as the song has them, scaled to the length
    /// of the piece; `before` are the bars of a prime.
    pub fn new(
        events: &EventVocabulary,
        values: &[Value],
        song: Option<&Ensemble>,
        length: Length,
        before: usize,
    ) -> Self {
        let entry = |&value: &Value| {
            let instrument = events.instruments.get(usize::from(value)).copied().flatten()?;
            let plays = |part: &&EnsemblePart| same(part.instrument, instrument);
            let found = song.and_then(|song| Some((song.bars.max(1), song.parts.iter().find(plays)?)));
            let (enters, share) = found.map_or((0, UNKNOWN_SHARE), |(bars, part)| {
                let enters = match length {
                    Length::Bars(new) => part.enters * (before + new) / bars,
                    _ => part.enters,
                };
                (enters.saturating_sub(before), part.plays as f64 / bars.saturating_sub(part.enters).max(1) as f64)
            });
            Some(Entry { value, enters: enters + 1, share: share.min(1.0), played: 0, last: 0 })
        };
        Self(values.iter().filter_map(entry).collect())
    }

    /// An instrument plays in a bar, counted from 1.
    pub fn play(&mut self, instrument: Value, bar: usize) {
        for entry in self.0.iter_mut().filter(|entry| entry.value == instrument && entry.last != bar) {
            (entry.played, entry.last) = (entry.played + 1, bar);
        }
    }

    /// Favours the instruments that have played in fewer bars than in the song.
    pub fn favour(&self, bar: usize, logits: &mut [f32]) {
        for entry in self.0.iter().filter(|entry| entry.last != bar) {
            logits[usize::from(entry.value)] += entry.missing(bar) as f32;
        }
    }

    /// By how many nats an instrument is favoured.
    pub fn missing(&self, instrument: Value, bar: usize) -> f64 {
        self.0.iter().find(|entry| entry.value == instrument).map_or(0.0, |entry| entry.missing(bar))
    }
}
