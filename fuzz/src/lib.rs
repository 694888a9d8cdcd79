//! What is fuzzed: each target reads bytes as the program reads a file of that kind, and uses what
//! it read. An error is fine; a panic, memory or time without measure is not.
//!
//! Seeds are made here, small, so that no files lie beside the code.

mod folders;
mod midi;
mod texts;
#[cfg(feature = "training")]
mod training;

/// One reader of files.
pub struct Target {
    /// Its name, that of its file in `fuzz_targets`.
    pub name: &'static str,
    /// Valid inputs to begin from.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Reads an input.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "midi", seeds: midi::seeds, run: midi::run },
    Target { name: "vocabulary", seeds: texts::vocabularies, run: texts::vocabulary },
    Target { name: "model", seeds: folders::model_seeds, run: folders::model },
    Target { name: "corpus", seeds: folders::corpus_seeds, run: folders::corpus },
    Target { name: "collection", seeds: texts::collections, run: texts::collection },
    Target { name: "metadata", seeds: texts::tables, run: texts::metadata },
    #[cfg(feature = "training")]
    Target { name: "checkpoint", seeds: training::checkpoints, run: training::checkpoint },
    #[cfg(feature = "training")]
    Target { name: "study", seeds: training::studies, run: training::study },
];

/// The target of this name.
///
/// # Panics
/// If there is none.
pub fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|it| it.name == name).unwrap_or_else(|| panic!("no target {name}"))
}
