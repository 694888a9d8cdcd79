//! What must be true of every song, over many seeds.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::form::{Kind, MAX_BARS, MAX_SECONDS, MIN_BARS, MIN_SECONDS};
use crate::pulse::STEP;
use crate::sheet::Bar;
use leitmotif_score::{Instrument, Note, Part};
use std::collections::BTreeSet;
use std::sync::OnceLock;

const SEEDS: u64 = 40;

/// Every song of the test, with its lead sheet.
fn songs(style: Style) -> impl Iterator<Item = (u64, &'static Draft, &'static Score)> {
    static SONGS: OnceLock<Vec<(Draft, Score)>> = OnceLock::new();
    let all = SONGS.get_or_init(|| {
        let seeds = Style::ALL.into_iter().flat_map(|style| (0..SEEDS).map(move |seed| (style, seed)));
        seeds.map(|(style, seed)| (draft(style, &dice_of(style, seed)), compose(style, seed))).collect()
    });
    let first = Style::ALL.iter().position(|&other| other == style).unwrap() * SEEDS as usize;
    all[first..first + SEEDS as usize].iter().zip(0..).map(|((draft, score), seed)| (seed, draft, score))
}

fn part<'a>(score: &'a Score, name: &str) -> Option<&'a Part> {
    score.parts.iter().find(|part| part.name == name)
}

/// The bar and the step (rounded) of a note, straightened where the song shuffles.
fn place<'a>(sheet: &'a Sheet, note: &Note) -> (&'a Bar, usize) {
    let tick = note.onset.0 + STEP / 3;
    let bar = &sheet.bars[sheet.bars.partition_point(|bar| bar.at <= tick) - 1];
    let step = (0..=bar.steps()).min_by_key(|&step| bar.tick(step).abs_diff(note.onset.0)).unwrap();
    (bar, step.min(bar.steps() - 1))
}

fn share(hits: usize, of: usize) -> f64 {
    hits as f64 / of.max(1) as f64
}

#[test]
fn lengths_lie_within_the_promised_bounds() {
    for style in Style::ALL {
        for (seed, draft, score) in songs(style) {
            let bars = draft.sheet.bars.len();
            assert!((MIN_BARS..=MAX_BARS).contains(&bars), "{style} {seed}: {bars} bars");
            let seconds = score.seconds_at(leitmotif_score::Ticks(draft.sheet.end())).0;
            assert!((MIN_SECONDS as f64..=MAX_SECONDS as f64).contains(&seconds), "{style} {seed}: {seconds} s");
            assert!(score.parts.iter().flat_map(|part| &part.notes).all(|note| note.onset.0 < draft.sheet.end()));
        }
    }
}

#[test]
fn scores_are_normal_and_no_instrument_overlaps_itself() {
    for style in Style::ALL {
        for (seed, _, score) in songs(style) {
            let mut normal = score.clone();
            normal.normalise();
            assert_eq!(&normal, score, "{style} {seed}");
            for a in &score.parts {
                assert!(a.notes.iter().all(|note| (1..=127).contains(&note.velocity) && note.pitch < 128));
            }
            let mut sounding: Vec<(Instrument, u8, u64, u64)> = Vec::new();
            for part in &score.parts {
                let notes = part.notes.iter();
                sounding.extend(notes.map(|n| (part.instrument, n.pitch, n.onset.0, n.onset.0 + n.duration.0)));
            }
            sounding.sort_unstable();
            for pair in sounding.windows(2) {
                let same = (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1);
                assert!(!same || pair[0].3 <= pair[1].2, "{style} {seed}: {pair:?}");
            }
        }
    }
}

#[test]
fn everybody_plays_in_range_and_every_song_has_piano_bass_and_drums() {
    for style in Style::ALL {
        for (seed, draft, score) in songs(style) {
            let low = u8::try_from(draft.band.low_string).unwrap();
            for part in &score.parts {
                let (bottom, top) = match part.name.as_str() {
                    "Bass" => (low - 12, 55),
                    "Piano" => (28, 88),
                    "Drums" => (35, 59),
                    "Rhythm Guitar" | "Second Guitar" => (low, 84),
                    "Lead Guitar" | "Voice" | "Melody Guitar" => (52, 86),
                    _ => (48, 79),
                };
                for note in &part.notes {
                    assert!((bottom..=top).contains(&note.pitch), "{style} {seed} {}: {}", part.name, note.pitch);
                }
            }
            for name in ["Bass", "Drums", "Piano", "Rhythm Guitar"] {
                let notes = part(score, name).map_or(0, |part| part.notes.len());
                assert!(notes >= 16, "{style} {seed}: {notes} notes for {name}");
            }
        }
    }
}

#[test]
fn melodies_put_chord_tones_on_strong_beats_and_stay_in_the_scale() {
    for style in Style::ALL {
        let (mut strong, mut chordal, mut all, mut inside, mut steps, mut moves) = (0, 0, 0, 0, 0, 0);
        for (_, draft, score) in songs(style) {
            let voice = part(score, "Voice").or_else(|| part(score, "Melody Guitar"));
            let Some(voice) = voice else { continue };
            for note in &voice.notes {
                let (bar, step) = place(&draft.sheet, note);
                let chord = bar.chord_at(step);
                if bar.pulse.is_strong(step) {
                    strong += 1;
                    chordal += usize::from(chord.has(note.pitch % 12));
                }
                all += 1;
                inside += usize::from(bar.key.scale_under(chord).has(i32::from(note.pitch)));
            }
            for pair in voice.notes.windows(2) {
                moves += 1;
                steps += usize::from(pair[0].pitch.abs_diff(pair[1].pitch) <= 4);
            }
        }
        assert!(share(chordal, strong) > 0.9, "{style}: {}", share(chordal, strong));
        assert!(share(inside, all) > 0.97, "{style}: {}", share(inside, all));
        assert!(share(steps, moves) > 0.75, "{style}: {}", share(steps, moves));
    }
}

#[test]
fn the_band_agrees_on_the_harmony() {
    for style in Style::ALL {
        for (name, least_scale, least_root) in
            [("Bass", 0.93, 0.75), ("Piano", 0.99, 0.0), ("Rhythm Guitar", 0.93, 0.0), ("Lead Guitar", 0.97, 0.0)]
        {
            let (mut inside, mut all, mut roots, mut downbeats) = (0, 0, 0, 0);
            for (_, draft, score) in songs(style) {
                for note in part(score, name).map(|part| part.notes.as_slice()).unwrap_or_default() {
                    let (bar, step) = place(&draft.sheet, note);
                    let chord = bar.chord_at(step);
                    all += 1;
                    inside += usize::from(bar.key.scale_under(chord).has(i32::from(note.pitch)));
                    if step == 0 {
                        downbeats += 1;
                        roots += usize::from(chord.root == note.pitch % 12);
                    }
                }
            }
            assert!(share(inside, all) >= least_scale, "{style} {name}: scale {}", share(inside, all));
            assert!(share(roots, downbeats) >= least_root, "{style} {name}: roots {}", share(roots, downbeats));
        }
    }
}

#[test]
fn drums_keep_a_backbeat_and_fill_at_the_ends_of_phrases() {
    for style in Style::ALL {
        let (mut snares, mut bars, mut kicks, mut fills, mut ends) = (0, 0, 0, 0, 0);
        let (mut toms_inside, mut toms_at_ends) = (0, 0);
        for (_, draft, score) in songs(style) {
            let drums = part(score, "Drums").unwrap();
            let hits: BTreeSet<(u64, usize, u8)> = drums
                .notes
                .iter()
                .filter(|note| note.velocity > 50 || note.pitch != 38)
                .map(|note| {
                    let (bar, step) = place(&draft.sheet, note);
                    (bar.at, step, note.pitch)
                })
                .collect();
            let toms = [43u8, 45, 47, 50];
            for bar in &draft.sheet.bars {
                let section = draft.sheet.section(bar);
                if bar.ending || section.kind == Kind::Intro {
                    continue;
                }
                let inner = !bar.phrase_end();
                if inner && bar.pulse == Pulse::Four {
                    bars += 1;
                    let back = [4, 8, 12, 2, 6]
                        .iter()
                        .any(|&step| hits.contains(&(bar.at, step, 38)) || hits.contains(&(bar.at, step, 37)));
                    snares += usize::from(back);
                    kicks += usize::from(hits.contains(&(bar.at, 0, 36)));
                }
                let strokes =
                    hits.iter().filter(|hit| hit.0 == bar.at && (toms.contains(&hit.2) || hit.2 == 38)).count();
                let toms = hits.iter().filter(|hit| hit.0 == bar.at && toms.contains(&hit.2)).count();
                if bar.phrase_end() {
                    ends += 1;
                    fills += usize::from(strokes >= 3);
                    toms_at_ends += toms;
                } else {
                    toms_inside += toms;
                }
            }
        }
        assert!(share(snares, bars) > 0.99, "{style}: {}", share(snares, bars));
        assert!(share(kicks, bars) > 0.99, "{style}: {}", share(kicks, bars));
        assert!(share(fills, ends) > 0.6, "{style}: {}", share(fills, ends));
        assert_eq!(toms_inside, 0, "{style}");
        assert!(toms_at_ends > 100, "{style}");
    }
}

#[test]
fn every_bar_has_music_and_enough_of_it() {
    for style in Style::ALL {
        for (seed, draft, score) in songs(style) {
            for bar in &draft.sheet.bars {
                let (from, to) = (bar.at.saturating_sub(20), bar.tick(bar.steps()) - 20);
                let inside = |part: &Part| {
                    let before = |tick: u64| part.notes.partition_point(|note| note.onset.0 < tick);
                    before(to) - before(from)
                };
                let count: usize = score.parts.iter().map(inside).sum();
                assert!(count >= 3, "{style} {seed}: {count} notes in bar at {}", bar.at);
            }
        }
    }
}

/// The onsets and pitches of a section's part, from its own start, without the last bar of each
/// phrase and relative to the section's lift.
fn material(draft: &Draft, score: &Score, name: &str, section: usize) -> BTreeSet<(u64, i32)> {
    let bars: Vec<&Bar> = draft.sheet.bars_of(section).map(|(_, bar)| bar).collect();
    let start = bars[0].at;
    let end = bars[bars.len() - 1].at + 4 * crate::pulse::BEAT;
    let lift = i32::from(draft.sheet.sections[section].lift);
    part(score, name)
        .map(|part| part.notes.as_slice())
        .unwrap_or_default()
        .iter()
        .filter(|note| (start.saturating_sub(STEP)..end).contains(&note.onset.0))
        .filter_map(|note| {
            let (bar, step) = place(&draft.sheet, note);
            (bar.section == section && !bar.phrase_end())
                .then(|| ((bar.at - start) / STEP + step as u64, (i32::from(note.pitch) - lift).rem_euclid(12)))
        })
        .collect()
}

#[test]
fn sections_return_recognisably_and_contrast_with_each_other() {
    let jaccard =
        |a: &BTreeSet<(u64, i32)>, b: &BTreeSet<(u64, i32)>| share(a.intersection(b).count(), a.union(b).count());
    for style in Style::ALL {
        let (mut same, mut sames, mut other, mut others) = (0.0, 0, 0.0, 0);
        for (_, draft, score) in songs(style) {
            let sections = &draft.sheet.sections;
            for first in 0..sections.len() {
                for second in first + 1..sections.len() {
                    let (a, b) = (sections[first], sections[second]);
                    if a.bars != b.bars || a.pulse != b.pulse || !matches!(a.kind, Kind::Verse | Kind::Chorus) {
                        continue;
                    }
                    if !matches!(b.kind, Kind::Verse | Kind::Chorus) {
                        continue;
                    }
                    let (mut similarity, mut parts) = (0.0, 0);
                    for name in ["Rhythm Guitar", "Bass", "Voice"] {
                        let (a, b) = (material(draft, score, name, first), material(draft, score, name, second));
                        if !a.is_empty() && !b.is_empty() {
                            similarity += jaccard(&a, &b);
                            parts += 1;
                        }
                    }
                    let similarity = similarity / f64::from(parts.max(1));
                    if a.kind == b.kind {
                        same += similarity;
                        sames += 1;
                    } else {
                        other += similarity;
                        others += 1;
                    }
                }
            }
        }
        let (same, other) = (same / f64::from(sames), other / f64::from(others));
        assert!(same > 0.7, "{style}: returns {same}");
        assert!(other < 0.4, "{style}: contrast {other}");
    }
}

#[test]
fn the_climax_is_in_the_chorus() {
    for style in Style::ALL {
        let (mut higher, mut louder, mut songs_with_both) = (0, 0, 0);
        for (_, draft, score) in songs(style) {
            let mean = |kind: Kind, name: &str, of: fn(&Note) -> f64| {
                let notes = part(score, name).map(|part| part.notes.as_slice()).unwrap_or_default();
                let chosen: Vec<f64> = notes
                    .iter()
                    .filter(|n| draft.sheet.section(place(&draft.sheet, n).0).kind == kind)
                    .map(of)
                    .collect();
                (!chosen.is_empty()).then(|| chosen.iter().sum::<f64>() / chosen.len() as f64)
            };
            let voice = if part(score, "Voice").is_some() { "Voice" } else { "Melody Guitar" };
            let pitch: fn(&Note) -> f64 = |note| f64::from(note.pitch);
            let loudness: fn(&Note) -> f64 = |note| f64::from(note.velocity);
            if let (Some(verse), Some(chorus)) = (mean(Kind::Verse, voice, pitch), mean(Kind::Chorus, voice, pitch)) {
                songs_with_both += 1;
                higher += usize::from(chorus > verse + 2.0);
                louder += usize::from(mean(Kind::Chorus, "Drums", loudness) > mean(Kind::Verse, "Drums", loudness));
            }
        }
        assert!(share(higher, songs_with_both) > 0.8, "{style}: {higher} of {songs_with_both}");
        assert!(share(louder, songs_with_both) > 0.9, "{style}: {louder} of {songs_with_both}");
    }
}

#[test]
fn styles_differ_audibly() {
    let mut measured = Vec::new();
    for style in Style::ALL {
        let (mut pitched, mut distorted, mut piano, mut tempo, mut minor) = (0, 0, 0, 0, 0);
        for (_, draft, score) in songs(style) {
            for part in &score.parts {
                let Instrument::Program(program) = part.instrument else { continue };
                pitched += part.notes.len();
                distorted += if program == 30 { part.notes.len() } else { 0 };
                piano += if program < 8 { part.notes.len() } else { 0 };
            }
            tempo += draft.tempo;
            minor += usize::from(draft.key.mode.is_minor());
        }
        measured.push((share(distorted, pitched), share(piano, pitched), tempo / SEEDS as i32, minor));
    }
    let [metal, pop, rock] = measured[..] else { panic!("three styles") };
    assert!(metal.0 > 0.3 && pop.0 < 0.02 && rock.0 < 0.2, "distortion {measured:?}");
    assert!(pop.1 > 1.3 * rock.1 && rock.1 > metal.1, "piano {measured:?}");
    assert!(metal.2 > rock.2 + 10 && rock.2 > pop.2 - 5, "tempo {measured:?}");
    assert!(metal.3 == SEEDS as usize && pop.3 == 0, "minor {measured:?}");
}
