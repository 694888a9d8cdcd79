//! How much of each bar is filled with sound.

/// The share of a bar in which nothing sounds, from which on the bar counts as half empty.
const EMPTY_SHARE: (u64, u64) = (1, 2);

/// When a piece sounds within the bar being read, whoever plays. Lengths and positions are in grid
/// steps.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    /// The length of the bar.
    steps: u64,
    /// The beginning and end of each note that sounds in it; the end may lie in later bars.
    notes: Vec<(u64, u64)>,
}

impl Coverage {
    /// Begins a bar of this length, in which notes of earlier bars may sound on.
    pub fn begin_bar(&mut self, steps: u64) {
        let line = std::mem::replace(&mut self.steps, steps);
        self.notes.retain_mut(|(start, end)| {
            (*start, *end) = (0, end.saturating_sub(line));
            *end > 0
        });
    }

    /// Adds a note of the bar; the order of notes does not matter.
    pub fn play(&mut self, position: u64, duration: u64) {
        self.notes.push((position, position.saturating_add(duration)));
    }

    /// Whether nothing sounds in half of the bar or more.
    pub fn is_half_empty(&self) -> bool {
        let mut notes = self.notes.clone();
        notes.sort_unstable();
        let (mut sounding, mut reached) = (0, 0);
        for (start, end) in notes {
            let (start, end) = (start.max(reached), end.min(self.steps));
            sounding += end.saturating_sub(start);
            reached = reached.max(end);
        }
        let (part, whole) = EMPTY_SHARE;
        (self.steps - sounding.min(self.steps)) * whole >= self.steps * part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(notes: &[(u64, u64)]) -> Coverage {
        let mut coverage = Coverage::default();
        coverage.begin_bar(48);
        notes.iter().for_each(|&(position, duration)| coverage.play(position, duration));
        coverage
    }

    #[test]
    fn what_sounds_at_once_counts_once() {
        assert!(bar(&[]).is_half_empty());
        assert!(bar(&[(36, 12), (36, 12), (36, 12)]).is_half_empty());
        assert!(bar(&[(24, 12), (0, 12)]).is_half_empty());
        assert!(!bar(&[(24, 12), (0, 13)]).is_half_empty());
        assert!(bar(&[(0, 20), (10, 14), (12, 2)]).is_half_empty());
        assert!(!bar(&[(0, 20), (10, 15), (12, 2)]).is_half_empty());
    }

    #[test]
    fn notes_sound_on_in_later_bars() {
        let mut coverage = bar(&[(36, 12 + 48 + 25)]);
        assert!(coverage.is_half_empty());
        coverage.begin_bar(48);
        assert!(!coverage.is_half_empty());
        coverage.begin_bar(48);
        assert!(!coverage.is_half_empty());
        coverage.begin_bar(48);
        assert!(coverage.is_half_empty());
        coverage.play(0, u64::MAX);
        assert!(!coverage.is_half_empty());
    }
}
