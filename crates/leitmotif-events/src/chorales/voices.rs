//! Which voice sings which note of a score.

use super::event::{VOICE_NAMES, VOICES};
use crate::EncodeReport;
use crate::roll::{self, Span, lose};
use leitmotif_score::{Part, Score};

/// Cause of loss: its voice begins another note at once.
const CHORD: &str = "more than one note at once in a voice";
/// Cause of change: the voice's next note begins before it ends.
const CUT: &str = "cut short by the next note of its voice";
/// Cause of loss: four other notes sound.
const TOO_MANY: &str = "more than four notes at once";

/// What the voices sing in a frame; `None` is a rest.
pub(crate) type Frame = [Option<u8>; VOICES];

/// The frames of a score up to the last one that sounds.
pub(crate) fn frames(score: &Score, grid: u16) -> (Vec<Frame>, EncodeReport) {
    let mut report = EncodeReport::default();
    let parts = roll::pitched(score, &mut report);
    let spans = |part: &Part, report: &mut EncodeReport| roll::spans(part, score.resolution, grid, report);
    let mut frames = match voices_of(&parts) {
        Some(voices) => {
            let mut frames = Vec::new();
            for (part, voice) in parts.iter().zip(voices) {
                for span in melody(spans(part, &mut report), &mut report) {
                    if frames.len() < span.end {
                        frames.resize(span.end, [None; VOICES]);
                    }
                    frames[span.start..span.end].iter_mut().for_each(|frame| frame[voice] = Some(span.pitch));
                }
            }
            frames
        }
        None => by_pitch(parts.iter().flat_map(|part| spans(part, &mut report)).collect(), &mut report),
    };
    let sounding = frames.iter().rposition(|frame: &Frame| frame.iter().any(Option::is_some));
    frames.truncate(sounding.map_or(0, |last| last + 1));
    (frames, report)
}

/// The voice of each part, by name or order; `None` if the parts are no voices.
fn voices_of(parts: &[&Part]) -> Option<Vec<usize>> {
    let named = |part: &&Part| VOICE_NAMES.iter().position(|name| part.name.trim().eq_ignore_ascii_case(name));
    if let Some(voices) = parts.iter().map(named).collect::<Option<Vec<usize>>>() {
        let mut once = voices.clone();
        once.sort_unstable();
        once.dedup();
        if once.len() == voices.len() {
            return Some(voices);
        }
    }
    (2..=VOICES).contains(&parts.len()).then(|| (0..parts.len()).collect())
}

/// The notes of one voice, one after another: of several that begin at once the highest; each ends
/// where the next begins.
fn melody(mut spans: Vec<Span>, report: &mut EncodeReport) -> Vec<Span> {
    spans.sort_unstable_by_key(|span| (span.start, std::cmp::Reverse((span.pitch, span.end))));
    let mut melody: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match melody.last_mut() {
            Some(last) if last.start == span.start => lose(report, CHORD),
            // Also where it begins before the other ends: equal pitches are one note.
            Some(last) if last.pitch == span.pitch && last.end >= span.start => {
                last.end = last.end.max(span.end);
                lose(report, roll::JOINED);
            }
            last => {
                if let Some(last) = last
                    && last.end > span.start
                {
                    last.end = span.start;
                    report.kept -= 1;
                    lose(report, CUT);
                }
                report.kept += 1;
                melody.push(span);
            }
        }
    }
    melody
}

/// The highest three pitches and the lowest one of each frame, from above.
fn by_pitch(spans: Vec<Span>, report: &mut EncodeReport) -> Vec<Frame> {
    let mut sets = roll::sets(spans.clone());
    let mut frames = Vec::with_capacity(sets.len());
    for set in &mut sets {
        if set.len() > VOICES {
            set.drain(1..set.len() + 1 - VOICES);
        }
        let mut frame = [None; VOICES];
        frame.iter_mut().zip(set.iter().rev()).for_each(|(voice, pitch)| *voice = Some(*pitch));
        frames.push(frame);
    }
    roll::count_kept(spans, &sets, TOO_MANY, report);
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: usize, pitch: u8, end: usize) -> Span {
        Span { start, pitch, end }
    }

    #[test]
    fn a_voice_sings_one_note_after_another() {
        let mut report = EncodeReport::default();
        let spans = vec![span(0, 60, 4), span(0, 64, 2), span(1, 62, 3), span(3, 62, 4), span(6, 62, 7)];
        let melody = melody(spans, &mut report);
        assert_eq!(melody, [span(0, 64, 1), span(1, 62, 4), span(6, 62, 7)]);
        assert_eq!(report.kept, 2);
        assert_eq!((report.lost[CHORD], report.lost[CUT], report.lost[roll::JOINED]), (1, 1, 1));
    }

    #[test]
    fn outer_voices_come_first() {
        let mut report = EncodeReport::default();
        let spans = [40, 50, 55, 60, 70].map(|pitch| span(0, pitch, 1)).to_vec();
        let frames = by_pitch(spans, &mut report);
        assert_eq!(frames, [[Some(70), Some(60), Some(55), Some(40)]]);
        assert_eq!((report.kept, report.lost[TOO_MANY]), (4, 1));
    }
}
