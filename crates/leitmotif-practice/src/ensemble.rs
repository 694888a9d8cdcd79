//! The players of a song, and their instruments.

use crate::band::Band;
use crate::style::Style;
use crate::track::Track;

/// The players of a song, by the job they do.
pub(crate) struct Ensemble {
    pub(crate) rhythm: Track,
    pub(crate) second: Track,
    pub(crate) lead: Track,
    pub(crate) bass: Track,
    pub(crate) piano: Track,
    pub(crate) pad: Track,
    pub(crate) voice: Track,
    pub(crate) drums: Track,
}

impl Ensemble {
    pub(crate) fn new(band: &Band, style: Style) -> Self {
        let low = band.low_string;
        let lead_range = (52, 86);
        // Where singer and lead guitar are one, both names stand for the same player.
        let voice_name = if band.voice == band.lead { "Melody Guitar" } else { "Voice" };
        let pad_name = match band.pad {
            16..=20 => "Organ",
            48..=51 => "Strings",
            52..=54 => "Choir",
            _ => "Pad",
        };
        let voice_range = if style == Style::Metal { (52, 81) } else { (53, 81) };
        Self {
            rhythm: Track::pitched("Rhythm Guitar", band.rhythm, (low, 76)),
            second: Track::pitched("Second Guitar", band.second, (low, 84)),
            lead: Track::pitched("Lead Guitar", band.lead, lead_range),
            bass: Track::pitched("Bass", band.bass, (low - 12, 55)),
            piano: Track::pitched("Piano", band.piano, (28, 88)),
            pad: Track::pitched(pad_name, band.pad, (48, 79)),
            voice: Track::pitched(voice_name, band.voice, voice_range),
            drums: Track::drums(),
        }
    }

    /// The players in the order of the score.
    pub(crate) fn into_tracks(self) -> Vec<Track> {
        vec![self.voice, self.lead, self.rhythm, self.second, self.piano, self.pad, self.bass, self.drums]
    }
}
