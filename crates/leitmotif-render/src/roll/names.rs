//! What the picture calls things: parts, drum keys, pitches, the piece as a whole.

use super::inks::part_ink;
use super::layout::Layout;
use leitmotif_plot::{Ink, Swatch};
use leitmotif_score::{Note, Score, drum_key_name};

/// An entry for every part with notes: its instrument, and its name where two parts share one.
pub(super) fn legend(score: &Score, layout: &Layout) -> Vec<(Swatch, Ink, String)> {
    let from = layout.systems.first().map(|s| s.start()).unwrap_or_default();
    let to = layout.systems.last().map(|s| s.end()).unwrap_or_default();
    let plays = |index: &usize| {
        let notes = &score.parts[*index].notes;
        notes.iter().any(|note| note.onset < to && note.onset + note.duration > from)
    };
    (0..score.parts.len())
        .filter(plays)
        .map(|index| {
            let (ink, outlined) = part_ink(score, index);
            (if outlined { Swatch::OutlinedBox } else { Swatch::Box }, ink, part_name(score, index))
        })
        .collect()
}

fn part_name(score: &Score, index: usize) -> String {
    let part = &score.parts[index];
    let title = part.instrument.title();
    let alike: Vec<usize> =
        (0..score.parts.len()).filter(|&other| score.parts[other].instrument == part.instrument).collect();
    if alike.len() < 2 {
        return title;
    }
    let place = alike.iter().position(|&other| other == index).unwrap_or(0) + 1;
    let name = part.name.trim();
    let own = alike.iter().filter(|&&other| score.parts[other].name.trim() == name).count() == 1;
    if own && !name.is_empty() && !name.eq_ignore_ascii_case(&title) {
        let short: String = name.chars().take(28).collect();
        return format!("{title} ({short})");
    }
    format!("{title} {place}")
}

/// The piece in numbers: metre, tempo, bars, length, notes.
pub(super) fn subtitle(score: &Score, layout: &Layout) -> String {
    let from = layout.systems.first().map(|s| s.start()).unwrap_or_default();
    let to = layout.systems.last().map(|s| s.end()).unwrap_or_default();
    let map = score.tempo_map();
    let bars: usize = layout.systems.iter().map(|s| s.bars.len()).sum();
    let mut tempos: Vec<i64> = vec![map.tempo_at(from).quarters_per_minute().round() as i64];
    let changes = score.tempos.iter().filter(|tempo| tempo.at > from && tempo.at < to);
    tempos.extend(changes.map(|tempo| tempo.quarters_per_minute().round() as i64));
    let (slow, fast) = (tempos.iter().min().copied().unwrap_or(120), tempos.iter().max().copied().unwrap_or(120));
    let tempo = if slow == fast { format!("{slow} bpm") } else { format!("{slow}–{fast} bpm") };
    let meter = score.meter_at(from);
    let notes = score.parts.iter().flat_map(|part| &part.notes);
    let drawn = |note: &&Note| layout.systems.iter().any(|system| layout.omitted.draws(note, system));
    let notes = notes.filter(|note| note.onset < to && note.onset + note.duration > from).filter(drawn).count();
    let seconds = map.seconds_at(to.min(score.end())).0 - map.seconds_at(from).0;
    let several = |count: usize, name: &str| {
        let ending = if count == 1 { "" } else { "s" };
        format!("{} {name}{ending}", thousands(count))
    };
    let mut facts = vec![
        format!("{}/{}", meter.numerator, meter.denominator),
        tempo,
        several(bars, "bar"),
        clock(seconds),
        several(notes, "note"),
    ];
    if layout.omitted.notes > 0 {
        facts.push(format!("{} more not drawn", several(layout.omitted.notes, "note")));
    }
    if layout.omitted.continuations {
        facts.push("held notes drawn in their first row only".to_owned());
    }
    facts.join("  ·  ")
}

/// Minutes and seconds.
pub(super) fn clock(seconds: f64) -> String {
    let whole = if seconds.is_finite() { seconds.max(0.0).round() as u64 } else { 0 };
    format!("{}:{:02}", whole / 60, whole % 60)
}

fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The name of a pitch; C4 is middle C (60).
pub(super) fn pitch_name(pitch: u8) -> String {
    const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
    format!("{}{}", NAMES[usize::from(pitch % 12)], i16::from(pitch / 12) - 1)
}

/// The name of a drum key; keys outside General MIDI are numbered.
pub(super) fn drum_name(key: u8) -> String {
    drum_key_name(key).map_or_else(|| format!("key {key}"), str::to_owned)
}

/// Whether a pitch is a black key.
pub(super) fn is_black(pitch: u8) -> bool {
    matches!(pitch % 12, 1 | 3 | 6 | 8 | 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middle_c_is_c4() {
        assert_eq!(pitch_name(60), "C4");
        assert_eq!(pitch_name(0), "C-1");
        assert_eq!(pitch_name(127), "G9");
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands(12), "12");
        assert_eq!(clock(61.6), "1:02");
        assert_eq!(clock(f64::NAN), "0:00");
    }
}
