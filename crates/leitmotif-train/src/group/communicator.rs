//! Collective operations: sums, broadcasts, gathering, and errors that reach every process.
//!
//! A message ends in a byte that says whether it is data or the error that ended its sender. Sums
//! are in the order of the ranks, so that they are the same bits in every process and in every
//! run. A vector of any length is summed in two exchanges, as in a reduce-scatter and an
//! all-gather: each process sums one part of it and sends it to all, which takes
//! `2 (N - 1) / N` times its bytes into and out of each of `N` processes.

use super::{Alone, GroupError, ProcessGroup};
use crate::TrainError;
use std::cell::{Cell, OnceCell};
use std::ops::Range;
use std::time::Instant;

const DATA: u8 = 0;
const FAILED: u8 = 1;
/// The sender was stopped from outside at the step that the message names.
const INTERRUPTED: u8 = 2;

/// What a training asks of the processes that take part in it.
pub(crate) struct Communicator {
    group: Box<dyn ProcessGroup>,
    /// Why this process or another one has ended.
    failure: OnceCell<Failure>,
    seconds: Cell<f64>,
}

/// Why messages are no longer passed.
#[derive(Debug, Clone)]
enum Failure {
    Process { rank: usize, reason: String },
    Interrupted { step: u64 },
    Group(GroupError),
}

impl From<Failure> for TrainError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Process { rank, reason } => Self::Process { rank, reason },
            Failure::Interrupted { step } => Self::Interrupted { step },
            Failure::Group(error) => Self::Group(error),
        }
    }
}

impl Communicator {
    pub(crate) fn new(group: Box<dyn ProcessGroup>) -> Self {
        Self { group, failure: OnceCell::new(), seconds: Cell::new(0.0) }
    }

    /// Of a process that trains alone: nothing is exchanged.
    pub(crate) fn alone() -> Self {
        Self::new(Box::new(Alone))
    }

    /// Whether there are no other processes.
    pub(crate) fn is_alone(&self) -> bool {
        self.group.size() == 1
    }

    /// Whether this is the process that writes files.
    pub(crate) fn is_first(&self) -> bool {
        self.group.rank() == 0
    }

    /// The number of processes.
    pub(crate) fn size(&self) -> usize {
        self.group.size()
    }

    /// Seconds spent in exchanges, with waiting for other processes.
    pub(crate) fn seconds(&self) -> f64 {
        self.seconds.get()
    }

    /// The part of `total` streams (or of anything else in a row) that falls to this process.
    pub(crate) fn own(&self, total: usize) -> Range<usize> {
        self.part(self.group.rank(), total)
    }

    /// The same of any process.
    pub(crate) fn part(&self, rank: usize, total: usize) -> Range<usize> {
        rank * total / self.size()..(rank + 1) * total / self.size()
    }

    /// Adds numbers up over all processes, in place. Where that fails they become NaN, and
    /// [`Self::check`] gives the error.
    pub(crate) fn sum(&self, numbers: &mut [f64]) {
        if self.is_alone() {
            return;
        }
        let message = data(numbers.iter().map(|number| number.to_le_bytes()));
        let Some(all) = self.exchange(&vec![&message[..]; self.size()]) else { return numbers.fill(f64::NAN) };
        numbers.fill(0.0);
        for message in all {
            let (values, _) = message.as_chunks();
            numbers.iter_mut().zip(values).for_each(|(sum, value)| *sum += f64::from_le_bytes(*value));
        }
    }

    /// Adds vectors up over all processes, in place. Where that fails they become NaN, and
    /// [`Self::check`] gives the error.
    pub(crate) fn sum_vectors(&self, vector: &mut [f32]) {
        if self.is_alone() {
            return;
        }
        if self.sum_in_parts(vector).is_none() {
            vector.fill(f32::NAN);
        }
    }

    fn sum_in_parts(&self, vector: &mut [f32]) -> Option<()> {
        let bytes = |values: &[f32]| data(values.iter().map(|value| value.to_le_bytes()));
        let parts: Vec<Vec<u8>> = (0..self.size()).map(|rank| bytes(&vector[self.part(rank, vector.len())])).collect();
        let mut sum = vec![0.0; self.own(vector.len()).len()];
        for message in self.exchange(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())? {
            let (values, _) = message.as_chunks();
            sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += f32::from_le_bytes(*value));
        }
        let sum = bytes(&sum);
        for (rank, message) in self.exchange(&vec![&sum[..]; self.size()])?.into_iter().enumerate() {
            let part = self.part(rank, vector.len());
            let (values, _) = message.as_chunks();
            vector[part].iter_mut().zip(values).for_each(|(sum, value)| *sum = f32::from_le_bytes(*value));
        }
        Some(())
    }

    /// The first process's message, in all.
    pub(crate) fn broadcast(&self, message: &[u8]) -> Result<Vec<u8>, TrainError> {
        let own = data(message.iter().map(|byte| [*byte]));
        let nothing = [DATA];
        let message = if self.is_first() { &own[..] } else { &nothing };
        let all = self.exchange(&vec![message; self.size()]);
        self.check()?;
        Ok(all.and_then(|all| all.into_iter().next()).unwrap_or_default())
    }

    /// All processes' vectors, in the first process alone.
    pub(crate) fn gather(&self, vector: &[f32]) -> Result<Option<Vec<Vec<f32>>>, TrainError> {
        let own = data(vector.iter().map(|value| value.to_le_bytes()));
        let mut messages = vec![&[DATA][..]; self.size()];
        messages[0] = &own;
        let all = self.exchange(&messages);
        self.check()?;
        let values = |message: Vec<u8>| message.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect();
        Ok(all.filter(|_| self.is_first()).map(|all| all.into_iter().map(values).collect()))
    }

    /// The error that has ended this process's part in the training, or another's.
    pub(crate) fn check(&self) -> Result<(), TrainError> {
        self.failure.get().map_or(Ok(()), |failure| Err(failure.clone().into()))
    }

    /// Refuses what is not the same in all processes, with what to do about it.
    pub(crate) fn must_agree(&self, what: &str, own: &str, remedy: &str) -> Result<(), TrainError> {
        if self.is_alone() || self.broadcast(own.as_bytes())? == own.as_bytes() {
            return Ok(());
        }
        let rank = self.group.rank();
        Err(TrainError::Config(format!("process {rank} has {what} other than process 0; {remedy}")))
    }

    /// Ends the training in this process: an error ends it in all. Every process comes here once.
    pub(crate) fn end<T>(&self, result: Result<T, TrainError>) -> Result<T, TrainError> {
        let message = match &result {
            Ok(_) => vec![DATA],
            Err(TrainError::Interrupted { step }) => [&step.to_le_bytes()[..], &[INTERRUPTED]].concat(),
            Err(error) => [error.to_string().as_bytes(), &[FAILED]].concat(),
        };
        self.exchange(&vec![&message[..]; self.size()]);
        let value = result?;
        self.check()?;
        Ok(value)
    }

    /// An exchange of data; `None` if it fails, or one before it has.
    fn exchange(&self, messages: &[&[u8]]) -> Option<Vec<Vec<u8>>> {
        if self.failure.get().is_some() {
            return None;
        }
        let start = Instant::now();
        let received = self.group.exchange(messages).map_err(Failure::Group).and_then(contents);
        self.seconds.set(self.seconds.get() + start.elapsed().as_secs_f64());
        received.map_err(|failure| self.failure.set(failure)).ok()
    }
}

/// A message of data.
fn data<const N: usize>(values: impl ExactSizeIterator<Item = [u8; N]>) -> Vec<u8> {
    let mut message = Vec::with_capacity(N * values.len() + 1);
    values.for_each(|value| message.extend_from_slice(&value));
    message.push(DATA);
    message
}

/// What messages hold, unless one is an error; of several, the first process's.
fn contents(mut messages: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Failure> {
    for (rank, message) in messages.iter_mut().enumerate() {
        match message.pop() {
            Some(DATA) => {}
            Some(INTERRUPTED) => {
                let (step, _) = message.as_chunks();
                let step = step.first().map_or(0, |step| u64::from_le_bytes(*step));
                return Err(Failure::Interrupted { step });
            }
            _ => return Err(Failure::Process { rank, reason: String::from_utf8_lossy(message).into_owned() }),
        }
    }
    Ok(messages)
}

#[cfg(test)]
mod tests;
