//! Changes to a whole score: transposing, scaling, cutting, re-clocking.

use crate::{Instrument, Note, Part, Resolution, Score, Tempo, Ticks};

const OCTAVE: i32 = 12;
const MAX_PITCH: i32 = 127;
const MAX_VELOCITY: f64 = 127.0;

impl Score {
    /// The lowest and the highest pitch outside the drums.
    pub fn pitch_range(&self) -> Option<(u8, u8)> {
        let pitched = self.parts.iter().filter(|part| !part.instrument.is_drums());
        let mut pitches = pitched.flat_map(|part| &part.notes).map(|note| note.pitch);
        let first = pitches.next()?;
        Some(pitches.fold((first, first), |(low, high), pitch| (low.min(pitch), high.max(pitch))))
    }

    /// Moves every note but the drums', and the key signatures, by `semitones`. A note that would
    /// leave the range of MIDI comes back by whole octaves; returns how many did.
    pub fn transpose(&mut self, semitones: i32) -> usize {
        let mut folded = 0;
        for part in self.parts.iter_mut().filter(|part| !part.instrument.is_drums()) {
            for note in &mut part.notes {
                let wanted = i32::from(note.pitch).saturating_add(semitones);
                let pitch = if wanted < 0 {
                    wanted.rem_euclid(OCTAVE)
                } else if wanted > MAX_PITCH {
                    // The highest pitch of this pitch class.
                    MAX_PITCH - (MAX_PITCH - wanted).rem_euclid(OCTAVE)
                } else {
                    wanted
                };
                folded += usize::from(pitch != wanted);
                note.pitch = pitch as u8;
            }
            part.notes.sort_unstable_by_key(Note::order);
        }
        for key in &mut self.keys {
            // A semitone is seven steps on the circle of fifths; spell with at most six
            // accidentals.
            let fifths = i32::from(key.sharps) + 7 * semitones.rem_euclid(OCTAVE);
            if semitones.rem_euclid(OCTAVE) != 0 {
                key.sharps = ((fifths + 5).rem_euclid(OCTAVE) - 5) as i8;
            }
        }
        folded
    }

    /// Plays `factor` times as fast, within the tempos that MIDI can express.
    pub fn scale_tempo(&mut self, factor: f64) {
        if !self.tempos.iter().any(|tempo| tempo.at == Ticks(0)) {
            self.tempos.insert(0, Tempo { at: Ticks(0), micros_per_quarter: Tempo::DEFAULT_MICROS });
        }
        for tempo in &mut self.tempos {
            *tempo = Tempo::from_quarters_per_minute(tempo.at, tempo.quarters_per_minute() * factor);
        }
    }

    /// Plays `factor` times as hard, within 1 to 127.
    pub fn scale_velocity(&mut self, factor: f64) {
        for note in self.parts.iter_mut().flat_map(|part| &mut part.notes) {
            note.velocity = (f64::from(note.velocity) * factor).round().clamp(1.0, MAX_VELOCITY) as u8;
        }
    }

    /// Keeps the parts whose instrument `keep` accepts.
    pub fn retain_instruments(&mut self, mut keep: impl FnMut(Instrument) -> bool) {
        self.parts.retain(|part| keep(part.instrument));
    }

    /// Joins the parts of each instrument into one, named after the first, in the order of their
    /// first parts.
    pub fn merge_parts_by_instrument(&mut self) {
        let mut merged: Vec<Part> = Vec::new();
        for part in self.parts.drain(..) {
            match merged.iter_mut().find(|it| it.instrument == part.instrument) {
                Some(first) => first.notes.extend(part.notes),
                None => merged.push(part),
            }
        }
        for part in &mut merged {
            part.notes.sort_unstable_by_key(Note::order);
        }
        self.parts = merged;
    }

    /// The music from `from` until before `to`, beginning at tick 0 with the tempo, meter and key
    /// that hold there. Notes that begin in it are kept, and end with it at the latest.
    pub fn excerpt(&self, from: Ticks, to: Ticks) -> Self {
        let within = |at: Ticks| from <= at && at < to;
        let mut part = self.clone();
        for part in &mut part.parts {
            part.notes.retain(|note| within(note.onset));
            for note in &mut part.notes {
                note.duration = note.duration.min(to - note.onset);
                note.onset = note.onset - from;
            }
        }
        part.tempos.retain(|tempo| tempo.at < to);
        part.meters.retain(|meter| meter.at < to);
        part.keys.retain(|key| key.at < to);
        part.markers.retain(|marker| within(marker.at));
        part.tempos.iter_mut().for_each(|tempo| tempo.at = tempo.at - from);
        part.meters.iter_mut().for_each(|meter| meter.at = meter.at - from);
        part.keys.iter_mut().for_each(|key| key.at = key.at - from);
        part.markers.iter_mut().for_each(|marker| marker.at = marker.at - from);
        part.normalise();
        part
    }

    /// The same music counted in another clock; onsets and ends move to the nearest tick.
    pub fn with_resolution(&self, resolution: Resolution) -> Self {
        let (old, new) = (self.resolution.ticks_per_quarter(), resolution.ticks_per_quarter());
        let convert = |ticks: Ticks| {
            let exact = u128::from(ticks.0) * u128::from(new);
            let nearest = (exact + u128::from(old) / 2) / u128::from(old);
            Ticks(u64::try_from(nearest).unwrap_or(u64::MAX))
        };
        let mut score = self.clone();
        score.resolution = resolution;
        for note in score.parts.iter_mut().flat_map(|part| &mut part.notes) {
            let end = convert(note.end());
            note.onset = convert(note.onset);
            note.duration = end - note.onset;
        }
        score.tempos.iter_mut().for_each(|tempo| tempo.at = convert(tempo.at));
        score.meters.iter_mut().for_each(|meter| meter.at = convert(meter.at));
        score.keys.iter_mut().for_each(|key| key.at = convert(key.at));
        score.markers.iter_mut().for_each(|marker| marker.at = convert(marker.at));
        score.normalise();
        score
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{KeySignature, Marker, Meter};

    fn note(onset: u64, pitch: u8, duration: u64) -> Note {
        Note { onset: Ticks(onset), pitch, duration: Ticks(duration), velocity: 64 }
    }

    fn score() -> Score {
        let part = |instrument, notes| Part { name: String::new(), instrument, notes };
        Score {
            parts: vec![
                part(Instrument::Program(0), vec![note(0, 60, 480), note(480, 126, 480)]),
                part(Instrument::Drums(0), vec![note(0, 36, 10)]),
                part(Instrument::Program(0), vec![note(240, 64, 240)]),
            ],
            tempos: vec![Tempo { at: Ticks(480), micros_per_quarter: 400_000 }],
            meters: vec![Meter { at: Ticks(0), numerator: 3, denominator: 4 }],
            keys: vec![KeySignature { at: Ticks(0), sharps: 1, minor: false }],
            markers: vec![Marker { at: Ticks(480), text: "B".into() }],
            ..Score::default()
        }
    }

    #[test]
    fn transposing_leaves_drums_and_folds_at_the_edge() {
        let mut score = score();
        assert_eq!(score.pitch_range(), Some((60, 126)));
        assert_eq!(score.transpose(2), 1);
        let pitches: Vec<u8> = score.parts.iter().flat_map(|part| &part.notes).map(|note| note.pitch).collect();
        assert_eq!(pitches, [62, 116, 36, 66]);
        assert_eq!(score.keys[0].sharps, 3);
        score.transpose(-70);
        assert_eq!(score.parts[0].notes[0].pitch, 4);
        let mut score = self::score();
        score.transpose(i32::MAX);
        score.transpose(i32::MIN);
    }

    #[test]
    fn tempo_and_velocity_scale() {
        let mut score = score();
        score.scale_tempo(2.0);
        assert_eq!(score.tempos.iter().map(|it| it.micros_per_quarter).collect::<Vec<_>>(), [250_000, 200_000]);
        score.scale_velocity(3.0);
        assert_eq!(score.parts[0].notes[0].velocity, 127);
    }

    #[test]
    fn parts_merge_by_instrument() {
        let mut score = score();
        score.merge_parts_by_instrument();
        assert_eq!(score.parts.len(), 2);
        assert_eq!(score.parts[0].notes.iter().map(|it| it.pitch).collect::<Vec<_>>(), [60, 64, 126]);
    }

    #[test]
    fn an_excerpt_carries_what_holds() {
        let cut = score().excerpt(Ticks(240), Ticks(600));
        assert_eq!(cut.parts[0].notes, [note(240, 126, 120)]);
        assert_eq!(cut.parts[2].notes, [note(0, 64, 240)]);
        assert_eq!(cut.meters, [Meter { at: Ticks(0), numerator: 3, denominator: 4 }]);
        assert_eq!(cut.tempos, [Tempo { at: Ticks(240), micros_per_quarter: 400_000 }]);
        assert_eq!(cut.markers[0].at, Ticks(240));
    }

    #[test]
    fn another_clock_keeps_the_music() {
        let finer = score().with_resolution(Resolution::new(960).unwrap());
        assert_eq!(finer.duration(), score().duration());
        assert_eq!(finer.with_resolution(Resolution::DEFAULT), score());
        let coarse = score().with_resolution(Resolution::new(1).unwrap());
        assert!(coarse.parts.iter().flat_map(|part| &part.notes).all(|note| note.duration.0 >= 1));
    }
}
