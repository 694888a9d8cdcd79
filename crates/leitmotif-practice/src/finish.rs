//! The last pass: the ending chord, the players' small inaccuracies, one note at a time on one
//! pitch, and the score with its tempo map, meters, key and markers.

use leitmotif_score::{Instrument, KeySignature, Marker, Meter, Note, Score, Tempo, Ticks};

use crate::comping::Voices;
use crate::drums::key;
use crate::ensemble::Ensemble;
use crate::harmony::Key;
use crate::pulse::{BEAT, STEP};
use crate::rng::SeededRng;
use crate::sheet::Sheet;
use crate::track::Track;

const MICROS_PER_MINUTE: u32 = 60_000_000;
/// Tempo of the last quarters before the final chord, in per cent of the song's.
const RITARDANDO: [u32; 4] = [95, 89, 82, 73];

/// Everybody strikes the tonic and holds it.
pub(crate) fn final_chord(sheet: &Sheet, ensemble: &mut Ensemble, low: i32) {
    let Some(bar) = sheet.bars.last() else { return };
    let chord = bar.chord_at(0);
    let energy = sheet.section(bar).energy;
    // Released just before the bar line, so that no loose hand adds a bar to the song.
    let length = bar.steps() as u64 * STEP - STEP / 2;
    let root = chord.root_above(low);
    for interval in [0, 7, 12] {
        ensemble.rhythm.play(bar.at, length, root + interval, energy + 8);
    }
    if !ensemble.second.notes.is_empty() {
        ensemble.second.play(bar.at, length, root + 12 + 7, energy);
    }
    ensemble.bass.play(bar.at, length, root - 12, energy + 6);
    let mut voices = Voices::default();
    for pitch in voices.lead(chord, 3, (57, 76)) {
        ensemble.piano.play(bar.at, length, pitch, energy - 4);
        if !ensemble.pad.notes.is_empty() {
            ensemble.pad.play(bar.at, length, pitch, energy - 20);
        }
    }
    ensemble.piano.play(bar.at, length, chord.root_above(36), energy);
    if let Some(last) = ensemble.voice.notes.last() {
        let near = chord.palette().nearest(i32::from(last.pitch));
        ensemble.voice.play(bar.at, length * 3 / 4, near, energy);
    }
    for pitch in [key::KICK, key::CRASH, key::SNARE] {
        ensemble.drums.play(bar.at, BEAT / 4, pitch, energy + 16);
    }
}

/// Velocities vary a little, and onsets stray by up to `loose` ticks (drums by half of that).
pub(crate) fn humanise(tracks: &mut [Track], loose: i32, rng: &SeededRng) {
    for (index, track) in tracks.iter_mut().enumerate() {
        let mut rng = rng.fork("hands", index as u64);
        let stray = if track.instrument.is_drums() { loose / 2 } else { loose };
        track.notes.sort_unstable();
        let mut chord = (u64::MAX, 0, 0);
        for note in &mut track.notes {
            // A chord is struck by one hand: its notes stray together.
            if chord.0 != note.onset.0 {
                chord = (note.onset.0, rng.range(-stray, stray), rng.range(-3, 3));
            }
            let velocity = i32::from(note.velocity) + chord.2 + rng.range(-2, 2);
            note.velocity = u8::try_from(velocity.clamp(1, 127)).unwrap_or(64);
            let moved = note.onset.0.saturating_add_signed(i64::from(chord.1));
            note.onset = Ticks(moved);
        }
    }
}

/// Cuts every note where the next one of its pitch begins, among all tracks that share an
/// instrument: on one instrument a pitch sounds once.
pub(crate) fn separate(tracks: &mut [Track]) {
    let mut instruments: Vec<Instrument> = tracks.iter().map(|track| track.instrument).collect();
    instruments.sort_unstable();
    instruments.dedup();
    for instrument in instruments {
        // (pitch, onset, longest first, track)
        let mut all: Vec<(u8, u64, std::cmp::Reverse<u64>, usize, u8)> = Vec::new();
        for (index, track) in tracks.iter_mut().enumerate().filter(|(_, track)| track.instrument == instrument) {
            for note in track.notes.drain(..) {
                all.push((note.pitch, note.onset.0, std::cmp::Reverse(note.duration.0), index, note.velocity));
            }
        }
        all.sort_unstable();
        let mut kept: Vec<(u8, u64, std::cmp::Reverse<u64>, usize, u8)> = Vec::new();
        for note in all {
            if let Some(last) = kept.last_mut().filter(|last| last.0 == note.0) {
                // Strokes closer than a 32nd are one stroke.
                if note.1 < last.1 + NEAREST {
                    last.4 = last.4.max(note.4);
                    continue;
                }
                last.2.0 = last.2.0.min(note.1 - last.1);
            }
            kept.push(note);
        }
        for (pitch, onset, std::cmp::Reverse(duration), index, velocity) in kept {
            tracks[index].notes.push(Note { onset: Ticks(onset), pitch, duration: Ticks(duration.max(1)), velocity });
        }
    }
    for track in tracks {
        track.notes.sort_unstable();
    }
}

/// Two strokes of one pitch are at least this many ticks apart.
const NEAREST: u64 = 60;

/// Builds the score.
pub(crate) fn score(sheet: &Sheet, tracks: Vec<Track>, title: String, tempo: i32, key: Key, rng: &SeededRng) -> Score {
    let base = MICROS_PER_MINUTE / tempo.max(1) as u32;
    let mut score = Score { title: Some(title), ..Score::default() };
    let breathes = rng.fork("tempo", 0).chance(40);
    let end = sheet.end();
    let last_bar = sheet.bars.last().map_or(0, |bar| bar.at);
    let slow_from = last_bar.saturating_sub(RITARDANDO.len() as u64 * BEAT);
    let mut at = 0;
    let mut lift = 0;
    let mut last_tempo = 0;
    let mut last_meter = None;
    for (index, section) in sheet.sections.iter().enumerate() {
        score.markers.push(Marker { at: Ticks(at), text: section.kind.label().to_owned() });
        // Players push a chorus and lean back in a bridge, by one beat in a hundred.
        let push: u32 = match section.kind {
            crate::form::Kind::Chorus | crate::form::Kind::Solo if breathes => 101,
            crate::form::Kind::Bridge if breathes => 99,
            _ => 100,
        };
        let micros = base / 100 * 100 * 100 / push;
        if micros != last_tempo && at <= slow_from {
            score.tempos.push(Tempo { at: Ticks(at), micros_per_quarter: micros });
            last_tempo = micros;
        }
        let signature = section.pulse.signature();
        if last_meter != Some(signature) {
            score.meters.push(Meter { at: Ticks(at), numerator: signature.0, denominator: signature.1 });
            last_meter = Some(signature);
        }
        if index == 0 || section.lift != lift {
            let lifted = key.lifted(section.lift);
            let sharps = lifted.sharps();
            score.keys.push(KeySignature { at: Ticks(at), sharps, minor: lifted.mode.is_minor() });
            lift = section.lift;
        }
        at += (section.bars * section.pulse.steps()) as u64 * STEP;
    }
    for (index, per_cent) in RITARDANDO.iter().enumerate() {
        let at = slow_from + index as u64 * BEAT;
        score.tempos.push(Tempo { at: Ticks(at), micros_per_quarter: base / 100 * 100 * 100 / per_cent });
    }
    score.tempos.retain(|tempo| tempo.at.0 < end);
    score.tempos.sort_by_key(|tempo| tempo.at);
    score.tempos.dedup_by_key(|tempo| tempo.at);
    score.parts = tracks.into_iter().filter(|track| !track.notes.is_empty()).map(Track::into_part).collect();
    score
}
