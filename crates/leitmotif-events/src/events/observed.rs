//! What songs have, counted from their events.

use super::fields::*;
use crate::Coverage;
use crate::event::{Event, TempoBin, TimeSignature};
use crate::observed::{Ensemble, EnsemblePart, MAX_ENSEMBLES, OBSERVED_FORMAT, Observed, ObservedPart};
use crate::{Sequence, Tasks, Value};
use leitmotif_score::Instrument;
use std::collections::{BTreeMap, BTreeSet};

/// Counts what the sequences have. Events without meaning are passed over.
pub(crate) fn observe(fields: &Fields, songs: &mut dyn Iterator<Item = Sequence>) -> Observed {
    let mut all = Songs::new(FIELDS);
    for sequence in songs {
        let mut song = Song::default();
        for event in sequence.events() {
            let Ok(parsed) = fields.event(event) else { continue };
            all.see(event);
            song.follow(parsed, 1);
        }
        all.add(&song, fields);
    }
    all.observed()
}

/// What all songs have.
#[derive(Debug)]
pub(crate) struct Songs {
    /// Of each field.
    values: Vec<BTreeSet<Value>>,
    parts: BTreeMap<Instrument, Parts>,
    ensembles: Vec<Ensemble>,
}

impl Songs {
    pub fn new(fields: usize) -> Self {
        Self { values: vec![BTreeSet::new(); fields], parts: BTreeMap::new(), ensembles: Vec::new() }
    }

    /// Adds the values of an event.
    pub fn see(&mut self, event: &[Value]) {
        event.iter().zip(&mut self.values).for_each(|(value, seen)| {
            seen.insert(*value);
        });
    }

    /// Adds a song.
    pub fn add(&mut self, song: &Song, fields: &Fields) {
        song.add_to(&mut self.parts);
        self.ensembles.extend(song.ensemble(fields));
    }

    pub fn observed(self) -> Observed {
        Observed {
            format: OBSERVED_FORMAT,
            values: self.values.into_iter().map(|seen| seen.into_iter().collect()).collect(),
            parts: self.parts.into_iter().map(|(instrument, parts)| parts.observed(instrument)).collect(),
            ensembles: at_even_distances(self.ensembles, MAX_ENSEMBLES),
            tasks: Tasks::default(),
        }
    }
}

/// At most so many of `all`.
fn at_even_distances<T>(all: Vec<T>, most: usize) -> Vec<T> {
    let (count, mut kept) = (all.len(), 0);
    let mut keep = |index: usize| {
        let wanted = count <= most || index * most >= kept * count;
        kept += usize::from(wanted);
        wanted
    };
    all.into_iter().enumerate().filter(|(index, _)| keep(*index)).map(|(_, one)| one).collect()
}

/// A part as far as it has come.
#[derive(Debug)]
struct Part {
    pitches: BTreeSet<u8>,
    chord: usize,
    enters: usize,
    plays: usize,
    rests: usize,
    last_bar: usize,
}

/// The parts of one instrument in all songs.
#[derive(Debug, Default)]
struct Parts {
    pitches: BTreeSet<u8>,
    widest: u8,
    /// The largest chord of each.
    chords: Vec<usize>,
}

impl Parts {
    fn observed(mut self, instrument: Instrument) -> ObservedPart {
        self.chords.sort_unstable();
        let nearly_all = (self.chords.len() * 19).div_ceil(20);
        ObservedPart {
            instrument,
            pitches: self.pitches.into_iter().collect(),
            widest: self.widest,
            chord: nearly_all.checked_sub(1).map_or(1, |index| self.chords[index]),
        }
    }
}

/// A song as far as it has come.
#[derive(Debug, Default)]
pub(crate) struct Song {
    genre: Option<usize>,
    /// Bars with notes by time signature, and notes by tempo.
    meters: BTreeMap<TimeSignature, usize>,
    tempos: BTreeMap<TempoBin, usize>,
    tempo: Option<TempoBin>,
    meter: Option<TimeSignature>,
    /// Bars begun.
    bars: usize,
    /// By instrument, and number among the parts of that instrument.
    parts: BTreeMap<(Instrument, u8), Part>,
    /// Step, instrument and number of the last note, and how many began there.
    chord: Option<(u64, Instrument, u8, usize)>,
    /// The notes of the bar and of the one before: position, instrument, pitch.
    bar: Vec<(u64, Instrument, u8)>,
    before: Vec<(u64, Instrument, u8)>,
    repeats: usize,
    in_a_row: usize,
    most_in_a_row: usize,
    coverage: Coverage,
    half_empty: usize,
}

impl Song {
    /// Follows an event; a note is of part `number` of its instrument.
    pub fn follow(&mut self, event: Event, number: u8) {
        match event {
            Event::Start | Event::With(_) => {}
            Event::Genre(number) => self.genre = Some(number),
            Event::Bar(meter) => {
                self.half_empty += usize::from(self.bars > 1 && self.coverage.is_half_empty());
                self.close_bar();
                self.coverage.begin_bar(meter.steps);
                (self.meter, self.chord) = (Some(meter), None);
                self.bars += 1;
            }
            Event::Tempo { tempo, .. } => self.tempo = Some(tempo),
            Event::Note(note) => {
                *self.tempos.entry(self.tempo.unwrap_or(TempoBin::MODERATE)).or_default() += 1;
                let count = match self.chord {
                    Some((position, instrument, part, count))
                        if (position, instrument, part) == (note.position, note.instrument, number) =>
                    {
                        count + 1
                    }
                    _ => 1,
                };
                self.chord = Some((note.position, note.instrument, number, count));
                let bar = self.bars.saturating_sub(1);
                let part = self.parts.entry((note.instrument, number)).or_insert_with(|| Part {
                    pitches: BTreeSet::new(),
                    chord: 0,
                    enters: bar,
                    plays: 1,
                    rests: 0,
                    last_bar: bar,
                });
                part.pitches.insert(note.pitch);
                part.chord = part.chord.max(count);
                part.rests = part.rests.max((bar - part.last_bar).saturating_sub(1));
                part.plays += usize::from(part.last_bar != bar);
                part.last_bar = bar;
                self.bar.push((note.position, note.instrument, note.pitch));
                self.coverage.play(note.position, note.duration);
            }
            Event::End => self.close_bar(),
        }
    }

    fn close_bar(&mut self) {
        if let Some(meter) = self.meter.filter(|_| !self.bar.is_empty()) {
            *self.meters.entry(meter).or_default() += 1;
        }
        let equal = !self.bar.is_empty() && self.bar == self.before;
        self.repeats += usize::from(equal);
        self.in_a_row = if equal { self.in_a_row + 1 } else { 0 };
        self.most_in_a_row = self.most_in_a_row.max(self.in_a_row);
        self.before = std::mem::take(&mut self.bar);
    }

    fn add_to(&self, parts: &mut BTreeMap<Instrument, Parts>) {
        for (&(instrument, _), part) in &self.parts {
            let (Some(low), Some(high)) = (part.pitches.first(), part.pitches.last()) else { continue };
            let all = parts.entry(instrument).or_default();
            all.widest = all.widest.max(high - low);
            all.chords.push(part.chord);
            all.pitches.extend(&part.pitches);
        }
    }

    /// The ensemble; `None` of a song without notes.
    fn ensemble(&self, fields: &Fields) -> Option<Ensemble> {
        let meter = most(&self.meters)?;
        let part = |(&(instrument, _), part): (&(Instrument, u8), &Part)| EnsemblePart {
            instrument,
            enters: part.enters,
            plays: part.plays,
            rests: part.rests,
        };
        Some(Ensemble {
            genre: self.genre.map(|number| fields.genres[number].clone()),
            tempo: most(&self.tempos)?.quarters_per_minute(),
            meter: (meter.numerator, meter.denominator),
            bars: self.bars,
            repeats: self.repeats,
            repeats_in_a_row: self.most_in_a_row,
            half_empty: Some(self.half_empty),
            parts: self.parts.iter().map(part).collect(),
        })
    }
}

/// The key that counts most; the last of several.
fn most<K: Copy>(counts: &BTreeMap<K, usize>) -> Option<K> {
    counts.iter().max_by_key(|(_, count)| **count).map(|(key, _)| *key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_some_stay_at_even_distances() {
        assert_eq!(at_even_distances((0..10).collect(), 4), [0, 3, 5, 8]);
        assert_eq!(at_even_distances((0..3).collect(), 4), [0, 1, 2]);
        assert_eq!(at_even_distances((0..10_000).collect(), 4096).len(), 4096);
    }
}
