//! A piece that is written into.

use crate::ComposeError;
use leitmotif_events::cells::{CellBar, Cells, PartId, ReadCells};
use leitmotif_events::{Header, Representation};
use leitmotif_score::{Chord, ChordSpan, Instrument, InstrumentSelection, MAX_CHORDS_A_BAR, Score, Ticks};

/// A piece as bars of cells, with the score that it was read from.
#[derive(Debug, Clone)]
pub struct CellSource {
    /// The piece's own score.
    pub score: Score,
    pub(super) read: ReadCells,
    pub(super) grid: u64,
}

/// The representation as one of cells.
///
/// # Errors
/// [`ComposeError::Request`] if it is another one.
pub(super) fn cells(representation: &dyn Representation) -> Result<&Cells, ComposeError> {
    representation.cells().ok_or_else(|| {
        let name = representation.vocabulary().settings.name();
        ComposeError::Request(format!(
            "this model was trained on a corpus of {name}, which cannot be written into; train one on a corpus that \
             was prepared with --representation cells"
        ))
    })
}

impl CellSource {
    /// Reads a score; `extra` are players that join it with parts of their own, without notes yet.
    ///
    /// # Errors
    /// [`ComposeError::Request`] if the representation has no cells or the score no notes, and
    /// [`ComposeError::Representation`] for a genre that the vocabulary lacks.
    pub fn new(
        representation: &dyn Representation,
        score: &Score,
        genre: Option<String>,
        extra: &[Instrument],
    ) -> Result<Self, ComposeError> {
        let cells = cells(representation)?;
        let players = score.parts.iter().map(|part| part.instrument);
        let header = Header { genre, instruments: players.chain(extra.iter().copied()).collect() };
        representation.opening(&header)?;
        let read = cells.read(score, &header);
        if score.note_count() == 0 || read.song.bars.is_empty() {
            return Err(ComposeError::Request("the piece has no notes".to_owned()));
        }
        Ok(Self { score: score.clone(), read, grid: cells.grid() })
    }

    /// Its bars, up to the one in which the last note begins.
    pub fn bars(&self) -> usize {
        self.read.song.bars.len()
    }

    /// Its parts, those of the extra players included.
    pub fn parts(&self) -> &[PartId] {
        &self.read.song.parts
    }

    /// The numbers of the parts that a user names: by the name of a track, by an instrument or
    /// family (`bass`, `drums`), or as one of several with that instrument (`guitar:2`).
    ///
    /// # Errors
    /// [`ComposeError::Request`] if no part is meant; it lists those there are.
    pub fn parts_named(&self, name: &str) -> Result<Vec<usize>, ComposeError> {
        let number = |id: &PartId| self.read.song.part(*id);
        let titled = |title: &str| title.trim().eq_ignore_ascii_case(name.trim());
        let parts = self.score.parts.iter().zip(&self.read.part_of);
        let mut named: Vec<usize> =
            parts.filter(|(part, _)| titled(&part.name)).filter_map(|(_, id)| number(id)).collect();
        if named.is_empty() {
            let (of, which) = match name.rsplit_once(':') {
                Some((of, which)) => (of, which.trim().parse::<usize>().ok().filter(|which| *which > 0)),
                None => (name, None),
            };
            let selection =
                if name.contains(':') && which.is_none() { None } else { InstrumentSelection::parse(of.trim()).ok() };
            let matching = |id: &&PartId| selection.as_ref().is_some_and(|it| it.matches(id.instrument));
            named = self.parts().iter().filter(matching).filter_map(number).collect();
            if let Some(which) = which {
                named = named.get(which - 1).copied().into_iter().collect();
            }
        }
        named.sort_unstable();
        named.dedup();
        if named.is_empty() {
            return Err(ComposeError::Request(format!(
                "no part {name:?} in the piece; it has {}",
                self.describe_parts()
            )));
        }
        Ok(named)
    }

    /// What a user can call a part.
    pub fn part_name(&self, part: usize) -> String {
        let id = self.parts()[part];
        let instrument = if id.instrument.is_drums() { "drums".to_owned() } else { id.instrument.name() };
        let several = self.parts().iter().filter(|it| it.instrument == id.instrument).count() > 1;
        if several { format!("{instrument}:{}", id.number) } else { instrument }
    }

    /// The parts as a user can name them, with the names of their tracks.
    pub fn describe_parts(&self) -> String {
        let describe = |(part, id): (usize, &PartId)| {
            let of = self.read.part_of.iter().position(|it| it == id);
            let title = of.map(|index| self.score.parts[index].name.trim()).filter(|title| !title.is_empty());
            let name = self.part_name(part);
            title.map_or_else(|| name.clone(), |title| format!("{name} ({title})"))
        };
        self.parts().iter().enumerate().map(describe).collect::<Vec<_>>().join(", ")
    }

    /// The parts of the extra players.
    pub fn extra_parts(&self) -> Vec<usize> {
        let is_extra = |part: &usize| !self.read.part_of.contains(&self.parts()[*part]);
        (0..self.parts().len()).filter(is_extra).collect()
    }

    /// Gives the piece chords, of spans in the clock of its score.
    pub fn set_chords(&mut self, spans: &[ChordSpan]) {
        let quarter = self.score.resolution.ticks_per_quarter();
        for bar in 0..self.bars() {
            let (line, steps) = (self.read.lines[bar], self.read.song.bars[bar].frame.meter.steps);
            let tick = |step: u64| Ticks((line + step) * quarter / self.grid);
            let mut chords: Vec<(u64, Option<Chord>)> = vec![(0, ChordSpan::chord_at(spans, tick(0)))];
            for span in spans.iter().filter(|span| span.at > tick(0) && span.at < tick(steps)) {
                let step = ((span.at.0 * self.grid + quarter / 2) / quarter).saturating_sub(line);
                match chords.last_mut() {
                    Some((_, last)) if *last == span.chord => {}
                    Some((at, last)) if *at == step => *last = span.chord,
                    _ if step < steps => chords.push((step, span.chord)),
                    _ => {}
                }
            }
            self.read.song.set_chords(bar, chords);
        }
    }

    /// The chords of each bar, in order; of more than [`MAX_CHORDS_A_BAR`] in a bar, those at so
    /// many even distances.
    pub fn chords(&self) -> Vec<Vec<Option<Chord>>> {
        let bar = |bar: &CellBar| {
            let (chords, most) = (&bar.frame.chords, MAX_CHORDS_A_BAR as u64);
            let at = |step: u64| chords.iter().rev().find(|(from, _)| *from <= step).and_then(|(_, chord)| *chord);
            match chords.len() > MAX_CHORDS_A_BAR {
                true => (0..most).map(|part| at(bar.frame.meter.steps * part / most)).collect(),
                false => chords.iter().map(|(_, chord)| *chord).collect(),
            }
        };
        self.read.song.bars.iter().map(|it| bar(it)).collect()
    }

    /// The part that leads: the highest of those that play often, drums apart.
    pub fn lead(&self, representation: &dyn Representation) -> Option<usize> {
        representation.cells()?.lead(&self.read.song).and_then(|id| self.read.song.part(id))
    }
}
