//! Which track decides the programs of a channel that several tracks use.
//!
//! A synthesiser knows channels and no tracks, but files are made by programs that know tracks, and
//! a part is a track. So:
//!
//! - a track that selects programs on a channel plays there with its own from then on;
//! - any other plays with those of the channel's leader, the first track of the file that selects
//!   programs there. It may be a track without notes that sets up all channels, or the right hand
//!   of a piano whose left hand names no program.
//!
//! Where one track alone selects programs, or all select the same, that is what a synthesiser
//! plays.

use super::event::{BANK_LSB, BANK_MSB, Event, Kind};
use super::report::{ReadReport, What};
use std::collections::{BTreeMap, BTreeSet};

/// The leader of each channel (port, channel) on which programs are selected.
#[derive(Debug, Default)]
pub(super) struct Leaders(BTreeMap<(u8, u8), u16>);

impl Leaders {
    /// The leader of a channel.
    pub fn get(&self, port: u8, channel: u8) -> Option<u16> {
        self.0.get(&(port, channel)).copied()
    }
}

/// Finds the leaders of all channels, and notes down at each selection of a program or bank whether
/// it concerns only its own track.
pub(super) fn find(events: &mut [Event<'_>], report: &mut ReadReport) -> Leaders {
    // Of each channel, the tracks that select programs.
    let mut selecting: BTreeMap<(u8, u8), BTreeSet<u16>> = BTreeMap::new();
    for event in events.iter().filter(|event| matches!(event.kind, Kind::Program(_))) {
        selecting.entry((event.port, event.channel)).or_default().insert(event.track);
    }
    let leaders: BTreeMap<(u8, u8), u16> =
        selecting.iter().filter_map(|(channel, tracks)| Some((*channel, *tracks.first()?))).collect();
    selecting.retain(|_, tracks| tracks.len() > 1);
    if !selecting.is_empty() {
        for event in &mut *events {
            let tracks = selecting.get(&(event.port, event.channel)).filter(|_| selects(&event.kind));
            event.own =
                tracks.is_some_and(|tracks| tracks.first() != Some(&event.track) && tracks.contains(&event.track));
        }
        report.add(What::ProgramByTrack, differing_notes(events, &selecting), None);
    }
    Leaders(leaders)
}

/// Whether an event selects a program or bank.
pub(super) fn selects(kind: &Kind<'_>) -> bool {
    matches!(kind, Kind::Program(_) | Kind::Control { controller: BANK_MSB | BANK_LSB, .. })
}

/// How many notes have another program than their channel last got.
fn differing_notes(events: &[Event<'_>], selecting: &BTreeMap<(u8, u8), BTreeSet<u16>>) -> u64 {
    let mut last: BTreeMap<(u8, u8), u8> = BTreeMap::new();
    let mut of_track: BTreeMap<(u8, u8, u16), u8> = BTreeMap::new();
    let mut count = 0;
    for event in events {
        let channel = (event.port, event.channel);
        match event.kind {
            Kind::Program(program) => {
                last.insert(channel, program);
                of_track.insert((event.port, event.channel, event.track), program);
            }
            Kind::NoteOn { .. } => {
                let Some(leader) = selecting.get(&channel).and_then(BTreeSet::first) else { continue };
                let program = |track: u16| of_track.get(&(event.port, event.channel, track));
                let played = program(event.track).or_else(|| program(*leader));
                count += u64::from(played.unwrap_or(&0) != last.get(&channel).unwrap_or(&0));
            }
            _ => {}
        }
    }
    count
}
