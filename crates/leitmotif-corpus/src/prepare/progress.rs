//! Progress reports while a corpus is prepared.

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Looking for files.
    Scan,
    /// Reading files.
    Read,
    /// Reading what parts hold of their songs.
    Parts,
    /// Looking for duplicates.
    Compare,
    /// Encoding and writing songs.
    Encode,
}

/// Receives how far preparing has come; called from several threads.
pub trait PrepareObserver: Sync {
    /// A stage begins, with so many files or songs where that is known.
    fn stage(&self, stage: Stage, total: Option<usize>);
    /// So many more of them are done.
    fn advance(&self, count: usize);
}

/// Progress that is ignored.
impl PrepareObserver for () {
    fn stage(&self, _: Stage, _: Option<usize>) {}
    fn advance(&self, _: usize) {}
}
