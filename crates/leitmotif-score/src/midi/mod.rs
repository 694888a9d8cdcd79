//! Standard MIDI Files in and out.
//!
//! Follows the Standard MIDI Files 1.0 specification (RP-001), the RMID wrapper (RP-029), and the
//! bank and rhythm conventions of GM2, GS and XG. Reading takes these steps:
//!
//! 1. `unpack`, `foreign`: gzip is unpacked, files of other kinds are named;
//! 2. `chunks`: the file's frame: wrapper, header, where each track lies, even where lengths lie;
//! 3. `event`: the bytes of one track as events; `resync` finds where they go on after damage;
//! 4. `channel`: which instrument a channel plays, from programs, banks and system exclusives;
//!    `leaders`: whose programs hold where several tracks share it; `levels`: of files that hold a
//!    piece twice, which arrangement is read;
//! 5. `perform`: events of all tracks in time order into parts, notes and the score; `pedals` hold
//!    notes.
//!
//! `automation` is what the controllers of a file say, for what plays it.
//!
//! Writing: `voices` makes notes that a synthesiser can distinguish, `assign` gives parts channels,
//! `write` puts them into bytes. `splice` writes into the bytes of a file instead.

mod assign;
mod automation;
mod channel;
mod chunks;
mod error;
mod event;
mod foreign;
mod leaders;
mod levels;
pub mod limits;
mod pedals;
mod perform;
mod raw;
mod read;
mod report;
mod resync;
mod splice;
mod text;
mod unpack;
mod voices;
mod write;

pub use automation::{Automation, Control, ControlChange, read_automation};
pub use error::{ReadError, SpliceError, WriteError};
pub use read::{ReadOptions, read_midi, read_midi_bytes, read_midi_file};
pub use report::{Finding, ReadReport, Severity, SpliceReport, What, WriteReport};
pub use splice::{Cut, Edits, PartEdits, splice_midi};
pub use write::{write_midi, write_midi_file, write_midi_with_report};
