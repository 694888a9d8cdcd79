//! The time signatures that a bar event can name.
//!
//! Halves, quarters, eighths and sixteenths, bars of at most [`LONGEST_BAR`] quarters, and only
//! those that are a whole number of grid steps long. The lengths they offer are then exactly the
//! multiples of one [`Meters::quantum`], which is what lets any bar of any file be rewritten.

use crate::event::TimeSignature;

/// The longest supported bar in quarters.
pub(crate) const LONGEST_BAR: u64 = 8;

/// Denominators and the largest numerator of each.
const NUMERATORS: [(u8, u8); 4] = [(2, 4), (4, 8), (8, 16), (16, 16)];

/// The supported time signatures of one grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Meters {
    list: Vec<TimeSignature>,
    quantum: u64,
    grid: u64,
}

impl Meters {
    /// The time signatures whose bars are whole numbers of steps, `grid` to a quarter.
    pub fn new(grid: u16) -> Self {
        let grid = u64::from(grid);
        let mut list = Vec::new();
        for (denominator, most) in NUMERATORS {
            for numerator in 1..=most {
                let quarters_times = u64::from(numerator) * 4 * grid;
                let steps = quarters_times / u64::from(denominator);
                if quarters_times.is_multiple_of(u64::from(denominator)) && steps <= LONGEST_BAR * grid {
                    list.push(TimeSignature { numerator, denominator, steps });
                }
            }
        }
        let quantum = list.iter().map(|meter| meter.steps).min().unwrap_or(grid);
        Self { list, quantum, grid }
    }

    pub fn list(&self) -> &[TimeSignature] {
        &self.list
    }

    /// The shortest bar in steps; every supported length is a multiple of it.
    pub fn quantum(&self) -> u64 {
        self.quantum
    }

    /// The number of the time signature `numerator/denominator`, if it is supported.
    pub fn find(&self, numerator: u8, denominator: u8) -> Option<usize> {
        self.list.iter().position(|m| (m.numerator, m.denominator) == (numerator, denominator))
    }

    /// Time signatures that together last `steps` (a multiple of the quantum): one if there is one,
    /// preferably in `denominator`; else equal bars of at least two quarters in `denominator`; else
    /// bars of four quarters and a rest.
    pub fn pieces(&self, steps: u64, denominator: u8) -> Vec<usize> {
        if let Some(one) = self.of_length(steps, denominator) {
            return vec![one];
        }
        let same = |steps| self.list.iter().position(|m| m.steps == steps && m.denominator == denominator);
        for parts in (2..=steps / (2 * self.grid)).filter(|parts| steps.is_multiple_of(*parts)) {
            if let Some(part) = same(steps / parts) {
                return vec![part; parts as usize];
            }
        }
        let whole = 4 * self.grid;
        let mut pieces = Vec::new();
        pieces.extend((0..steps / whole).filter_map(|_| self.of_length(whole, denominator)));
        pieces.extend(self.of_length(steps % whole, denominator));
        pieces
    }

    fn of_length(&self, steps: u64, denominator: u8) -> Option<usize> {
        [denominator, 4, 8, 16, 2]
            .into_iter()
            .find_map(|wanted| self.list.iter().position(|m| m.steps == steps && m.denominator == wanted))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::MAX_GRID;

    #[test]
    fn every_multiple_of_the_quantum_can_be_filled() {
        for grid in 1..=MAX_GRID {
            let meters = Meters::new(grid);
            assert!(meters.find(4, 4).is_some() && meters.find(3, 4).is_some());
            for meter in meters.list() {
                assert_eq!(meter.steps % meters.quantum(), 0, "grid {grid}: {meter:?}");
            }
            for steps in (meters.quantum()..20 * u64::from(grid)).step_by(meters.quantum() as usize) {
                for denominator in [1, 2, 4, 8, 16, 32] {
                    let pieces = meters.pieces(steps, denominator);
                    let sum: u64 = pieces.iter().map(|i| meters.list()[*i].steps).sum();
                    assert_eq!(sum, steps, "grid {grid}");
                }
            }
        }
    }

    #[test]
    fn long_bars_become_equal_ones_where_they_can() {
        let meters = Meters::new(12);
        let names = |steps, denominator| -> Vec<(u8, u8)> {
            let pieces = meters.pieces(steps, denominator);
            pieces.iter().map(|i| (meters.list()[*i].numerator, meters.list()[*i].denominator)).collect()
        };
        assert_eq!(names(9 * 12, 4), [(3, 4); 3]);
        assert_eq!(names(12 * 12, 4), [(6, 4); 2]);
        assert_eq!(names(11 * 12, 4), [(4, 4), (4, 4), (3, 4)]);
        assert_eq!(names(9, 32), [(3, 16)]);
        assert_eq!(names(8 * 12, 1), [(8, 4)]);
    }
}
