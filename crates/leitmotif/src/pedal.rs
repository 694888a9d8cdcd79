//! Whether a MIDI file's pedals count.

use clap::Args;
use leitmotif_score::ReadOptions;

/// How MIDI files are read.
#[derive(Debug, Clone, Copy, Args)]
pub struct Pedal {
    /// Ignore the sustain and sostenuto pedals: notes end where their keys are released
    #[arg(long)]
    no_pedal: bool,
}

impl Pedal {
    /// The options to read with.
    pub fn read(self) -> ReadOptions {
        ReadOptions { apply_sustain: !self.no_pedal }
    }
}
