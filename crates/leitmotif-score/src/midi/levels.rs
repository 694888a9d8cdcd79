//! Files that hold a piece twice, for the two levels of Windows synthesisers.
//!
//! The authoring guidelines of Windows 3.1 ask for an arrangement for extended-level synthesisers
//! on channels 1 to 10 and a smaller one for basic-level synthesisers on channels 13 to 16, and
//! mark such files with the sequencer-specific meta event 00 00 41. Many files have the mark and
//! the first arrangement alone.

use super::event::{Event, Kind};
use super::report::{ReadReport, What};
use std::ops::RangeInclusive;

/// The data of the sequencer-specific meta event that marks a file.
pub(super) const MARK: [u8; 3] = [0x00, 0x00, 0x41];
/// The channels of the extended level, counted from 0; the last is for drums.
const EXTENDED: RangeInclusive<u8> = 0..=9;
/// The channels of the basic level; the last is for drums.
pub(super) const BASIC: RangeInclusive<u8> = 12..=15;

/// Leaves the basic level out of the events of a marked file that has the extended level, too.
pub(super) fn leave_basic_out(events: &mut Vec<Event<'_>>, report: &mut ReadReport) {
    let notes = |channels: &RangeInclusive<u8>| {
        let begins = |it: &&Event<'_>| matches!(it.kind, Kind::NoteOn { .. }) && channels.contains(&it.channel);
        events.iter().filter(begins).count() as u64
    };
    let (extended, basic) = (notes(&EXTENDED), notes(&BASIC));
    if extended > 0 && basic > 0 {
        report.add(What::BasicLevel, basic, None);
        events.retain(|event| !BASIC.contains(&event.channel));
    }
}
