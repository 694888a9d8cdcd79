//! Song form: which sections a song has, how long they are, and how loud.

use crate::pulse::Pulse;
use crate::rng::SeededRng;
use crate::style::Style;

/// The job of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Intro,
    Verse,
    PreChorus,
    Chorus,
    Bridge,
    Solo,
    Outro,
}

impl Kind {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 7] =
        [Self::Intro, Self::Verse, Self::PreChorus, Self::Chorus, Self::Bridge, Self::Solo, Self::Outro];

    /// What a marker calls it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Intro => "Intro",
            Self::Verse => "Verse",
            Self::PreChorus => "Pre-chorus",
            Self::Chorus => "Chorus",
            Self::Bridge => "Bridge",
            Self::Solo => "Solo",
            Self::Outro => "Outro",
        }
    }

    /// Velocity of an ordinary note of the section.
    fn energy(self) -> i32 {
        match self {
            Self::Intro => 76,
            Self::Verse => 78,
            Self::PreChorus => 86,
            Self::Chorus => 98,
            Self::Bridge => 80,
            Self::Solo => 96,
            Self::Outro => 90,
        }
    }
}

/// One section as it stands in the song.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) kind: Kind,
    pub(crate) bars: usize,
    /// How often this kind has been heard before.
    pub(crate) take: usize,
    /// Whether it is the last of its kind.
    pub(crate) last_take: bool,
    /// Velocity of an ordinary note.
    pub(crate) energy: i32,
    /// Semitones above the song's key (a last chorus may go up).
    pub(crate) lift: u8,
    pub(crate) pulse: Pulse,
}

/// Fewest bars of a song.
pub const MIN_BARS: usize = 32;
/// Most bars of a song.
pub const MAX_BARS: usize = 96;
/// Shortest song, in seconds.
pub const MIN_SECONDS: u64 = 90;
/// Longest song, in seconds.
pub const MAX_SECONDS: u64 = 210;

/// What the form depends on.
pub(crate) struct SongPlan {
    pub(crate) style: Style,
    pub(crate) pulse: Pulse,
    /// Quarters a minute.
    pub(crate) tempo: i32,
    /// Whether there is a guitar solo.
    pub(crate) solo: bool,
    /// Whether verses are twelve-bar blues.
    pub(crate) blues: bool,
}

impl SongPlan {
    fn seconds(&self, bars: usize) -> u64 {
        let quarters = bars as u64 * self.pulse.steps() as u64 / 4;
        quarters * 60 / self.tempo.max(1) as u64
    }
}

/// The sections of a song.
pub(crate) fn form(plan: &SongPlan, rng: &mut SeededRng) -> Vec<Section> {
    let mut sections = outline(plan, rng);
    fit(plan, &mut sections);
    let lifted = plan.style == Style::PopRock && plan.tempo < 125 && rng.chance(30);
    // An odd meter in metal may give way to common time in the chorus, where the tune is.
    let chorus_pulse = if plan.pulse == Pulse::Seven && rng.chance(50) { Pulse::Four } else { plan.pulse };
    // A song in common time may have a bridge in seven.
    let bridge_pulse = if plan.style == Style::Metal && plan.pulse == Pulse::Four && rng.chance(12) {
        Pulse::Seven
    } else {
        plan.pulse
    };
    let last_chorus = sections.iter().rposition(|section| section.0 == Kind::Chorus);
    let choruses = sections.iter().filter(|section| section.0 == Kind::Chorus).count();
    let mut result: Vec<Section> = Vec::new();
    for (index, &(kind, bars)) in sections.iter().enumerate() {
        let take = result.iter().filter(|section| section.kind == kind).count();
        let last_take = !sections[index + 1..].iter().any(|later| later.0 == kind);
        let up = lifted && choruses > 1 && last_chorus.is_some_and(|at| index >= at);
        let base = if plan.style == Style::Metal { 8 } else { 0 };
        result.push(Section {
            kind,
            bars,
            take,
            last_take,
            energy: kind.energy() + base + 3 * take.min(2) as i32,
            lift: if up { 2 } else { 0 },
            pulse: match kind {
                Kind::Chorus | Kind::Outro => chorus_pulse,
                Kind::Bridge => bridge_pulse,
                _ => plan.pulse,
            },
        });
    }
    result
}

fn outline(plan: &SongPlan, rng: &mut SeededRng) -> Vec<(Kind, usize)> {
    use Kind::{Bridge, Chorus, Intro, Outro, PreChorus, Solo, Verse};
    let mut sections: Vec<(Kind, usize)> = match plan.style {
        Style::Metal => match rng.below(3) {
            0 => vec![
                (Intro, 8),
                (Verse, 8),
                (PreChorus, 4),
                (Chorus, 8),
                (Verse, 8),
                (PreChorus, 4),
                (Chorus, 8),
                (Bridge, 8),
                (Solo, 8),
                (Chorus, 8),
                (Outro, 4),
            ],
            1 => vec![
                (Intro, 8),
                (Verse, 8),
                (Chorus, 8),
                (Verse, 8),
                (Chorus, 8),
                (Bridge, 8),
                (Solo, 16),
                (Chorus, 8),
                (Outro, 8),
            ],
            _ => vec![
                (Intro, 4),
                (Intro, 4),
                (Verse, 8),
                (PreChorus, 4),
                (Chorus, 8),
                (Verse, 8),
                (PreChorus, 4),
                (Chorus, 8),
                (Solo, 8),
                (Bridge, 8),
                (Chorus, 8),
                (Outro, 4),
            ],
        },
        Style::PopRock => match rng.below(3) {
            0 => vec![
                (Intro, 4),
                (Verse, 8),
                (PreChorus, 4),
                (Chorus, 8),
                (Verse, 8),
                (PreChorus, 4),
                (Chorus, 8),
                (Bridge, 8),
                (Solo, 8),
                (Chorus, 8),
                (Outro, 4),
            ],
            1 => vec![
                (Intro, 4),
                (Verse, 8),
                (Chorus, 8),
                (Verse, 8),
                (Chorus, 8),
                (Bridge, 8),
                (Solo, 4),
                (Chorus, 8),
                (Outro, 4),
            ],
            _ => vec![
                (Intro, 8),
                (Verse, 8),
                (PreChorus, 4),
                (Chorus, 8),
                (Verse, 8),
                (PreChorus, 4),
                (Chorus, 8),
                (Solo, 8),
                (Bridge, 4),
                (Chorus, 8),
                (Chorus, 8),
                (Outro, 4),
            ],
        },
        Style::Rock if plan.blues => {
            vec![(Intro, 4), (Verse, 12), (Verse, 12), (Chorus, 8), (Solo, 12), (Verse, 12), (Chorus, 8), (Outro, 4)]
        }
        Style::Rock => match rng.below(3) {
            0 => vec![
                (Intro, 8),
                (Verse, 8),
                (Chorus, 8),
                (Verse, 8),
                (Chorus, 8),
                (Solo, 8),
                (Bridge, 4),
                (Chorus, 8),
                (Outro, 8),
            ],
            1 => vec![
                (Intro, 4),
                (Verse, 8),
                (PreChorus, 4),
                (Chorus, 8),
                (Verse, 8),
                (PreChorus, 4),
                (Chorus, 8),
                (Bridge, 8),
                (Solo, 8),
                (Chorus, 8),
                (Outro, 4),
            ],
            _ => vec![(Intro, 8), (Verse, 8), (Verse, 8), (Chorus, 8), (Solo, 16), (Verse, 8), (Chorus, 8), (Outro, 4)],
        },
    };
    if !plan.solo {
        sections.retain(|section| section.0 != Solo);
    }
    sections
}

/// Repeats or drops whole sections until the length lies within the bounds.
fn fit(plan: &SongPlan, sections: &mut Vec<(Kind, usize)>) {
    let bars = |sections: &[(Kind, usize)]| sections.iter().map(|section| section.1).sum::<usize>();
    // One bar in reserve for the slowing down at the end.
    while plan.seconds(bars(sections) + 3) > MAX_SECONDS || bars(sections) > MAX_BARS {
        let long_solo = sections.iter_mut().find(|section| section.0 == Kind::Solo && section.1 > 12);
        if let Some(solo) = long_solo {
            solo.1 /= 2;
            continue;
        }
        let mut seen_verse = 0;
        let removable = [Kind::Bridge, Kind::PreChorus, Kind::Solo]
            .iter()
            .find_map(|kind| sections.iter().rposition(|section| section.0 == *kind));
        // Rather than lose the contrast, first drop the third verse and the fourth chorus.
        let spare = sections.iter().position(|section| {
            seen_verse += usize::from(section.0 == Kind::Verse);
            section.0 == Kind::Verse && seen_verse > 2
        });
        let choruses: Vec<usize> = (0..sections.len()).filter(|&at| sections[at].0 == Kind::Chorus).collect();
        let index = match (spare, choruses.as_slice()) {
            (Some(index), _) => index,
            (None, [_, second, _, ..]) => *second,
            _ => match removable {
                Some(index) => index,
                None => return,
            },
        };
        sections.remove(index);
    }
    while plan.seconds(bars(sections)) < MIN_SECONDS + 4 || bars(sections) < MIN_BARS {
        let Some(chorus) = sections.iter().position(|section| section.0 == Kind::Chorus) else { return };
        let repeat = [(Kind::Verse, 8), (Kind::Chorus, 8)];
        if bars(sections) + 16 <= MAX_BARS {
            sections.splice(chorus + 1..chorus + 1, repeat);
        } else if bars(sections) + 8 <= MAX_BARS {
            sections.insert(chorus + 1, (Kind::Verse, 8));
        } else {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn forms_keep_their_length_and_end_as_songs_do() {
        for style in Style::ALL {
            for tempo in [72, 90, 104, 128, 160, 208] {
                for pulse in [Pulse::Four, Pulse::Six, Pulse::Three, Pulse::Seven] {
                    if pulse != Pulse::Four && tempo > 128 {
                        continue;
                    }
                    for seed in 0..20 {
                        let blues = style == Style::Rock && seed % 3 == 0 && pulse == Pulse::Four;
                        let plan = SongPlan { style, pulse, tempo, solo: seed % 2 == 0, blues };
                        let sections = form(&plan, &mut SeededRng::new(seed));
                        let bars: usize = sections.iter().map(|section| section.bars).sum();
                        assert!((MIN_BARS..=MAX_BARS).contains(&bars), "{style} {tempo} {pulse:?}: {bars}");
                        assert_eq!(sections.first().unwrap().kind, Kind::Intro);
                        assert_eq!(sections.last().unwrap().kind, Kind::Outro);
                        let choruses = sections.iter().filter(|s| s.kind == Kind::Chorus).count();
                        assert!(choruses >= 2, "{style} {tempo} {pulse:?}");
                    }
                }
            }
        }
    }
}
