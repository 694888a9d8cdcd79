//! From a finished sequence to the final score: exact tempo, exact end, the prime's own notes.

use crate::constraints::same;
use crate::masks::FixedTempo;
use crate::prime::Primed;
use crate::{ComposeError, Length, Request};
use leitmotif_events::{Representation, RepresentationConfig, Sequence};
use leitmotif_score::{Meter, Note, Part, Quarters, Resolution, Score, Seconds, Tempo, Ticks};

/// The coarsest clock of a prime that need not be divisible by the grid: moving a new note to its
/// nearest tick is then inaudible.
const FINE_CLOCK: u64 = 96;
/// The finest clock a MIDI file can have.
const MAX_CLOCK: u64 = 0x7fff;

/// Makes the score. `end` is where the last bar ends in the decoded sequence, in quarters, where
/// there are bars.
pub(crate) fn assemble(
    representation: &dyn Representation,
    sequence: &Sequence,
    primed: Option<&Primed>,
    tempo: Option<FixedTempo>,
    end: Option<f64>,
    request: &Request,
) -> Result<Score, ComposeError> {
    let decoded = match representation.cells() {
        Some(cells) => cells.score(&cells.song(sequence)?),
        None => {
            let mut decoded = representation.decode(sequence)?;
            // Voices of one instrument are players of their own.
            if !matches!(representation.vocabulary().settings, RepresentationConfig::Chorales { .. }) {
                one_player_each(&mut decoded);
            }
            decoded
        }
    };
    let has_cells = representation.cells().is_some();
    let (mut score, from) = match primed {
        Some(primed) => (continued(&decoded, primed, representation), primed),
        None => {
            let mut score = decoded;
            if let Some(tempo) = tempo {
                score.tempos = vec![Tempo::from_quarters_per_minute(Ticks(0), tempo.exact)];
            }
            finish(&mut score, Ticks(0), end, request, has_cells);
            return Ok(score);
        }
    };
    let cut = cut_of(score.resolution, from);
    if let Some(tempo) = tempo {
        score.tempos.retain(|tempo| tempo.at < cut);
        let exact = Tempo::from_quarters_per_minute(cut, tempo.exact);
        if score.tempo_map().tempo_at(cut).micros_per_quarter != exact.micros_per_quarter {
            score.tempos.push(exact);
        }
    }
    let end = end.map(|end| end - from.line + score.resolution.quarters(cut).0);
    finish(&mut score, cut, end, request, has_cells);
    Ok(score)
}

/// Gives each instrument one part: a note ends where its player strikes the same pitch again, and
/// of notes that double each other the longest stays.
pub(crate) fn one_player_each(score: &mut Score) {
    score.merge_parts_by_instrument();
    for part in &mut score.parts {
        part.notes.sort();
        let mut last: [Option<usize>; 128] = [None; 128];
        for index in 0..part.notes.len() {
            let Note { onset, pitch, .. } = part.notes[index];
            let Some(last) = last.get_mut(usize::from(pitch)) else { continue };
            if let Some(before) = last.replace(index).map(|before| &mut part.notes[before]) {
                before.duration = before.duration.min(onset - before.onset);
            }
        }
        part.notes.retain(|note| note.duration > Ticks(0));
    }
}

/// The cut in the clock of the result.
fn cut_of(result: Resolution, primed: &Primed) -> Ticks {
    let factor = result.ticks_per_quarter() / primed.score.resolution.ticks_per_quarter();
    Ticks(primed.cut.0 * factor)
}

/// Where new music comes to stand behind a prime.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placement {
    /// Where it begins in the decoded sequence, in its clock.
    line: Ticks,
    /// Where it begins in the result, in its clock.
    cut: Ticks,
    /// Ticks of a quarter in the decoded sequence and in the result.
    clocks: (f64, f64),
}

impl Placement {
    /// In a result with the clock [`clock`] of the prime's.
    pub fn new(primed: &Primed, decoded: Resolution, result: Resolution) -> Self {
        let clocks = (decoded.ticks_per_quarter() as f64, result.ticks_per_quarter() as f64);
        Self { line: decoded.ticks(Quarters(primed.line)), cut: cut_of(result, primed), clocks }
    }

    /// The tick of the result for one of the decoded sequence.
    pub fn tick(&self, at: Ticks) -> Ticks {
        self.cut + Ticks(((at - self.line).0 as f64 * self.clocks.1 / self.clocks.0).round() as u64)
    }
}

/// Ends what began at `from` or later where the piece ends, and names the key.
fn finish(score: &mut Score, from: Ticks, end: Option<f64>, request: &Request, has_cells: bool) {
    let mut end = end.map(|end| score.resolution.ticks(Quarters(end)));
    if let Length::Seconds(seconds) = request.length {
        let last = score.seconds_at(from).0 + seconds;
        let nearest = score.ticks_at(Seconds(last));
        // The nearest tick may lie beyond it.
        end = Some(nearest - Ticks(u64::from(score.seconds_at(nearest).0 > last + 1e-9)));
    }
    if let Some(end) = end {
        for part in &mut score.parts {
            part.notes.retain(|note| note.onset < from || note.onset < end);
            for note in part.notes.iter_mut().filter(|note| note.onset >= from) {
                note.duration = note.duration.min(end - note.onset);
            }
        }
        score.tempos.retain(|tempo| tempo.at <= from || tempo.at < end);
        score.meters.retain(|meter| meter.at <= from || meter.at < end);
    }
    if let (Length::Notes(most), true) = (request.length, has_cells) {
        keep_notes(score, from, most);
    }
    score.parts.retain(|part| !part.notes.is_empty());
    if let Some(signature) = request.constraints.key.and_then(|key| key.signature(from)) {
        score.keys.retain(|key| key.at < from);
        score.keys.push(signature);
    }
    score.normalise();
}

/// Keeps the first notes of those that begin at `from` or later: cells are written to the end of
/// their bar.
fn keep_notes(score: &mut Score, from: Ticks, most: usize) {
    let new = score
        .parts
        .iter()
        .enumerate()
        .flat_map(|(part, it)| it.notes.iter().map(move |note| (note.onset, part, note.pitch)));
    let mut new: Vec<_> = new.filter(|(onset, ..)| *onset >= from).collect();
    if new.len() <= most {
        return;
    }
    new.sort_unstable();
    let last = new[most];
    for (number, part) in score.parts.iter_mut().enumerate() {
        part.notes.retain(|note| note.onset < from || (note.onset, number, note.pitch) < last);
    }
}

/// The prime with the decoded music after its cut.
fn continued(decoded: &Score, primed: &Primed, representation: &dyn Representation) -> Score {
    let mut score = primed.score.with_resolution(clock(primed.score.resolution, representation));
    let cut = cut_of(score.resolution, primed);
    let placement = Placement::new(primed, decoded.resolution, score.resolution);
    let (line, moved) = (placement.line, |at| placement.tick(at));

    let before: Vec<Part> = score.parts.clone();
    for (index, part) in decoded.parts.iter().enumerate() {
        let mut notes: Vec<Note> = part.notes.iter().filter(|note| note.onset >= line).copied().collect();
        for note in &mut notes {
            let end = moved(note.end());
            note.onset = moved(note.onset);
            note.duration = Ticks((end - note.onset).0.max(1));
        }
        // The voices of an instrument go to the prime's parts of that instrument, in order.
        let voice = decoded.parts[..index].iter().filter(|other| same(other.instrument, part.instrument)).count();
        let mut own = before.iter().enumerate().filter(|(_, other)| same(other.instrument, part.instrument));
        if let Some((place, own)) = own.nth(voice) {
            // A note that is still held is never struck again in its part: files have one of each
            // pitch.
            let held =
                |note: &Note| own.notes.iter().any(|other| other.pitch == note.pitch && other.end() > note.onset);
            let (apart, fitting): (Vec<Note>, Vec<Note>) = notes.into_iter().partition(held);
            score.parts[place].notes.extend(fitting);
            score.parts.push(Part { name: own.name.clone(), instrument: own.instrument, notes: apart });
        } else {
            score.parts.push(Part { name: part.name.clone(), instrument: part.instrument, notes });
        }
    }
    score.tempos.extend(
        decoded.tempos.iter().filter(|tempo| tempo.at >= line).map(|tempo| Tempo { at: moved(tempo.at), ..*tempo }),
    );
    let (new, old) = (decoded.meter_at(line), score.meter_at(cut));
    if (new.numerator, new.denominator) != (old.numerator, old.denominator) {
        score.meters.push(Meter { at: cut, ..new });
    }
    score.meters.extend(
        decoded.meters.iter().filter(|meter| meter.at > line).map(|meter| Meter { at: moved(meter.at), ..*meter }),
    );
    score.normalise();
    score
}

/// The prime's own clock, or the least multiple of it that the grid divides.
pub(crate) fn clock(own: Resolution, representation: &dyn Representation) -> Resolution {
    // Tokens of `notes` are half a quarter apart.
    let grid = representation.vocabulary().settings.grid().map_or(2, |grid| u64::from(grid.max(1)));
    let ticks = own.ticks_per_quarter();
    if ticks >= FINE_CLOCK {
        return own;
    }
    let multiple = (1..=grid).map(|factor| ticks * factor).find(|ticks| ticks % grid == 0);
    multiple.filter(|&ticks| ticks <= MAX_CLOCK).and_then(|ticks| Resolution::new(ticks as u16)).unwrap_or(own)
}
