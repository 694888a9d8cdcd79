//! Stop time: before a chorus the band falls silent for half a bar, and the drums answer alone.

use leitmotif_score::Ticks;

use crate::ensemble::Ensemble;
use crate::form::Kind;
use crate::rng::SeededRng;
use crate::sheet::Sheet;

/// How many of 100 songs stop before their choruses.
const SHARE: u32 = 40;

/// Silences everybody but singer and drummer in the second half of the bar before each chorus.
pub(crate) fn stop_time(sheet: &Sheet, ensemble: &mut Ensemble, rng: &SeededRng) {
    if !rng.fork("stop", 0).chance(SHARE) {
        return;
    }
    for bar in sheet.bars.iter().filter(|bar| bar.last) {
        let leads_to_chorus = sheet.sections.get(bar.section + 1).is_some_and(|next| next.kind == Kind::Chorus);
        if !leads_to_chorus || sheet.section(bar).kind == Kind::Chorus {
            continue;
        }
        let (from, to) = (bar.tick(bar.pulse.half()), bar.tick(bar.steps()));
        for track in [
            &mut ensemble.rhythm,
            &mut ensemble.second,
            &mut ensemble.lead,
            &mut ensemble.bass,
            &mut ensemble.piano,
            &mut ensemble.pad,
        ] {
            track.notes.retain(|note| !(from..to).contains(&note.onset.0));
            for note in track.notes.iter_mut().filter(|note| (bar.at..from).contains(&note.onset.0)) {
                note.duration = Ticks(note.duration.0.min(from - note.onset.0));
            }
        }
    }
}
