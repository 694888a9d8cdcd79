//! Threads of one process that pass messages through its memory: what tests run.

use super::{GroupError, ProcessGroup};
use std::sync::mpsc::{Receiver, Sender, channel};

/// One of several threads that train together.
#[derive(Debug)]
pub struct ThreadGroup {
    rank: usize,
    to: Vec<Sender<Vec<u8>>>,
    from: Vec<Receiver<Vec<u8>>>,
}

/// Groups for `size` threads, each of which takes one, in the order of the ranks.
pub fn thread_groups(size: usize) -> Vec<ThreadGroup> {
    let mut groups: Vec<ThreadGroup> =
        (0..size).map(|rank| ThreadGroup { rank, to: Vec::new(), from: Vec::new() }).collect();
    for from in 0..size {
        for to in 0..size {
            let (sender, receiver) = channel();
            groups[from].to.push(sender);
            groups[to].from.push(receiver);
        }
    }
    groups
}

impl ProcessGroup for ThreadGroup {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.to.len()
    }

    fn exchange(&self, messages: &[&[u8]]) -> Result<Vec<Vec<u8>>, GroupError> {
        let gone = |rank: usize| GroupError(format!("process {rank} has ended"));
        for (rank, (to, message)) in self.to.iter().zip(messages).enumerate() {
            to.send(message.to_vec()).map_err(|_| gone(rank))?;
        }
        self.from.iter().enumerate().map(|(rank, from)| from.recv().map_err(|_| gone(rank))).collect()
    }
}
