//! Music to continue: where it is cut, and what the model reads of it.

use crate::ComposeError;
use leitmotif_events::{EventKind, EventVocabulary, Grammar, Header, Representation, Sequence};
use leitmotif_score::{Bar, Bars, Score, Ticks};

/// How far apart two bar lines, in quarters, are still one.
pub(crate) const SAME_LINE: f64 = 1e-6;

/// Music to continue.
#[derive(Debug, Clone)]
pub struct Prime {
    /// The music. Its notes stand unchanged at the start of the result.
    pub score: Score,
    /// How many of its bars; `None` for all, up to the end of the bar in which the last note
    /// begins.
    pub bars: Option<usize>,
}

/// A prime as the model reads it.
#[derive(Debug)]
pub(crate) struct Primed {
    /// The music up to the cut; notes that sound across it are whole.
    pub score: Score,
    /// Where the new music begins.
    pub cut: Ticks,
    /// Its bars.
    pub bars: usize,
    /// Its events, up to the cut.
    pub sequence: Sequence,
    /// Where the cut lies in the decoded sequence, in quarters.
    pub line: f64,
}

impl Primed {
    pub fn new(
        prime: &Prime,
        header: &Header,
        representation: &dyn Representation,
        events: &EventVocabulary,
    ) -> Result<Self, ComposeError> {
        let bars = first_bars(prime)?;
        let cut = bars[bars.len() - 1].end();
        let mut score = prime.score.clone();
        score.normalise();
        score.parts.iter_mut().for_each(|part| part.notes.retain(|note| note.onset < cut));
        score.tempos.retain(|tempo| tempo.at < cut);
        score.meters.retain(|meter| meter.at < cut);
        score.keys.retain(|key| key.at < cut);
        score.markers.retain(|marker| marker.at < cut);
        if score.note_count() == 0 {
            return Err(ComposeError::Request(format!("the first {} bars of the prime have no notes", bars.len())));
        }
        let mut header = header.clone();
        // The ensemble is that of the whole file: what rests in the bars that are kept may enter.
        header.instruments.extend(prime.score.parts.iter().map(|part| part.instrument));
        let (encoded, _) = representation.encode(&score, &header);
        let mut primed = Self { score, cut, bars: bars.len(), sequence: Sequence::new(encoded.fields()), line: 0.0 };
        primed.take(&encoded, representation, events)?;
        Ok(primed)
    }

    /// Takes the events before the cut, and bars without notes up to it.
    fn take(
        &mut self,
        encoded: &Sequence,
        representation: &dyn Representation,
        events: &EventVocabulary,
    ) -> Result<(), ComposeError> {
        let cut = self.score.resolution.quarters(self.cut).0;
        let mut grammar = representation.grammar();
        for event in encoded.events() {
            let kind = events.kind(event);
            if kind == EventKind::End || kind.is_bar() && self.line > cut - SAME_LINE {
                break;
            }
            grammar.accept(event)?;
            self.sequence.push(event);
            self.line += kind.quarters();
        }
        if events.note_fields.is_none() {
            let decoded = representation.decode(&self.sequence)?;
            self.line = decoded.resolution.quarters(decoded.end()).0;
            return Ok(());
        }
        let mut event = vec![0; self.sequence.fields()];
        while self.line < cut - SAME_LINE {
            let meter = self.score.meter_at(self.score.resolution.ticks(leitmotif_score::Quarters(self.line)));
            let Some(bar) = events.bar((meter.numerator, meter.denominator)) else { break };
            event.fill(0);
            event[0] = bar as u16;
            only_allowed(&*grammar, &representation.vocabulary().sizes(), &mut event);
            let end = self.line + events.kind(&event).quarters();
            if end > cut + SAME_LINE || grammar.accept(&event).is_err() {
                break;
            }
            self.sequence.push(&event);
            self.line = end;
        }
        Ok(())
    }
}

/// Fills in the fields after the first that have to hold something.
fn only_allowed(grammar: &dyn Grammar, sizes: &[usize], event: &mut [u16]) {
    for field in 1..event.len() {
        let mut allowed = vec![false; sizes[field]];
        grammar.allowed(&event[..field], field, &mut allowed);
        event[field] = allowed.iter().position(|allowed| *allowed).unwrap_or(0) as u16;
    }
}

/// The bars that are kept, at least one.
fn first_bars(prime: &Prime) -> Result<Vec<Bar>, ComposeError> {
    if prime.bars == Some(0) {
        return Err(ComposeError::setting("prime_bars", 0, "at least 1"));
    }
    let score = &prime.score;
    let onsets = score.parts.iter().flat_map(|part| part.notes.iter().map(|note| note.onset));
    let Some(last) = onsets.max() else {
        return Err(ComposeError::Request("the prime has no notes".into()));
    };
    let bars = Bars::new(score.resolution, &score.meters, Ticks(last.0.saturating_add(1)));
    Ok(bars.take(prime.bars.unwrap_or(usize::MAX)).collect())
}
