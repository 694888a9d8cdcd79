//! Which cell a cell repeats: one rule, so that a piece has one encoding.
//!
//! Among bars back the lag that the part used last comes first, then the one that another part of
//! this bar used last, then the nearest; bars ahead follow, and other parts of the bar. Exact
//! repeats come before transposed ones, and these before those of rhythm alone.

use super::event::CellEvent;
use super::fields::MAX_INTERVAL;
use super::song::{Cell, CellNote, CellSong, PartId, Place};

/// The lags that are tried first.
#[derive(Debug, Clone, Default)]
pub(super) struct Lags {
    /// By part.
    last: Vec<Option<Place>>,
    /// The bar that `used` belongs to, and the lag that a part of it used last.
    bar: usize,
    used: Option<Place>,
}

impl Lags {
    /// Notes that a part of a bar used a place.
    pub fn used(&mut self, bar: usize, part: usize, place: Place) {
        if !matches!(place, Place::Back(_)) {
            return;
        }
        if self.last.len() <= part {
            self.last.resize(part + 1, None);
        }
        self.last[part] = Some(place);
        (self.bar, self.used) = (bar, Some(place));
    }

    fn order(&self, bar: usize, part: usize) -> impl Iterator<Item = Place> + Clone {
        let own = self.last.get(part).copied().flatten();
        let other = self.used.filter(|_| self.bar == bar);
        own.into_iter().chain(other).chain(Place::all())
    }
}

/// How a cell with notes is written as another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reference {
    Repeat(Place),
    Transposed(Place, i8),
    Rhythm(Place),
}

impl Reference {
    /// The first that fits.
    pub fn find(song: &CellSong, lags: &Lags, bar: usize, part: usize, cell: &Cell) -> Option<Self> {
        let sources = lags.order(bar, part).filter_map(|place| Some((place, song.source(bar, part, place)?)));
        let alike = sources.filter(|(_, source)| source.len() == cell.len());
        let same = |source: &Cell| std::sync::Arc::ptr_eq(source, cell) || source == cell;
        if let Some((place, _)) = alike.clone().find(|(_, source)| same(source)) {
            return Some(Self::Repeat(place));
        }
        let pitched = song.parts.get(part).is_some_and(|part| !part.instrument.is_drums());
        let transposes = |(place, source): (Place, &Cell)| Some(Self::Transposed(place, interval(source, cell)?));
        if let Some(found) = alike.clone().filter(|_| pitched).find_map(transposes) {
            return Some(found);
        }
        let mut rhythms = alike.filter(|(_, source)| source.len() > 1 && same_rhythm(source, cell));
        rhythms.next().map(|(place, _)| Self::Rhythm(place))
    }

    /// The event of it, in the cell of `part`, before that of `next`.
    pub fn event(self, part: PartId, next: Option<PartId>) -> CellEvent {
        match self {
            Self::Repeat(place) => CellEvent::Repeat { place, next },
            Self::Transposed(place, interval) => CellEvent::Transposed { place, interval, next },
            Self::Rhythm(place) => CellEvent::Rhythm { place, part },
        }
    }
}

fn same_rhythm(a: &[CellNote], b: &[CellNote]) -> bool {
    let rhythm = |note: &CellNote| (note.position, note.duration, note.velocity);
    a.len() == b.len() && a.iter().map(rhythm).eq(b.iter().map(rhythm))
}

/// The interval by which `from` becomes `to`, if it is not 0 and no larger than may be named.
fn interval(from: &[CellNote], to: &[CellNote]) -> Option<i8> {
    let by = |a: &CellNote, b: &CellNote| i16::from(b.pitch) - i16::from(a.pitch);
    let interval = from.first().zip(to.first()).map(|(a, b)| by(a, b))?;
    let named = i8::try_from(interval).ok().filter(|it| *it != 0 && it.unsigned_abs() <= MAX_INTERVAL.unsigned_abs());
    named.filter(|_| same_rhythm(from, to) && from.iter().zip(to).all(|(a, b)| by(a, b) == interval))
}
