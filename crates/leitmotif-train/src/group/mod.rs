//! Processes that train one model together: data-parallel training.
//!
//! Each process has some of the streams of every batch and the whole network. The streams'
//! gradients are summed over all processes, and each of them then takes the same step. All that is
//! asked of a message-passing library is [`ProcessGroup`]; what is built on it ([`Communicator`])
//! adds numbers up in the order of the ranks, so that every process gets the same bits whatever the
//! library, and carries errors from one process to all.

mod communicator;
mod threads;

pub(crate) use communicator::Communicator;
pub use threads::{ThreadGroup, thread_groups};

/// A message that could not be passed; says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct GroupError(pub String);

/// One of several processes that pass messages to each other.
pub trait ProcessGroup {
    /// The number of this process, from 0.
    fn rank(&self) -> usize;

    /// The number of processes.
    fn size(&self) -> usize;

    /// Sends each process its message and returns what each sent to this one, both in the order of
    /// the ranks; its own comes back as it is. Returns when all of it has arrived. Every process
    /// calls this equally often.
    ///
    /// # Errors
    /// [`GroupError`] if a process is gone.
    fn exchange(&self, messages: &[&[u8]]) -> Result<Vec<Vec<u8>>, GroupError>;
}

/// A process alone.
pub(crate) struct Alone;

impl ProcessGroup for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn exchange(&self, messages: &[&[u8]]) -> Result<Vec<Vec<u8>>, GroupError> {
        Ok(messages.iter().map(|message| message.to_vec()).collect())
    }
}
