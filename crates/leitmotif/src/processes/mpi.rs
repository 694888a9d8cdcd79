//! Processes that pass messages by MPI.

use leitmotif_train::{GroupError, ProcessGroup};
use mpi::Threading;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Destination, Source};

/// The most bytes of one message of MPI, which counts them by 31 bits.
const MAX_MESSAGE: usize = 1 << 30;

/// All processes of the launcher.
pub struct MpiGroup {
    world: SimpleCommunicator,
    universe: Option<Universe>,
}

impl MpiGroup {
    /// `None` if there is only one.
    pub fn of_launcher() -> Option<Self> {
        // Only the main thread passes messages.
        let (universe, _) = mpi::initialize_with_threading(Threading::Funneled)?;
        let world = universe.world();
        (world.size() > 1).then(|| Self { world, universe: Some(universe) })
    }
}

impl Drop for MpiGroup {
    fn drop(&mut self) {
        // To leave in good order is to wait for the others; a launcher ends all processes where one
        // leaves without.
        if std::thread::panicking() {
            std::mem::forget(self.universe.take());
        }
    }
}

impl ProcessGroup for MpiGroup {
    fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    fn size(&self) -> usize {
        self.world.size() as usize
    }

    fn exchange(&self, messages: &[&[u8]]) -> Result<Vec<Vec<u8>>, GroupError> {
        let sent: Vec<u64> = messages.iter().map(|message| message.len() as u64).collect();
        let mut lengths = vec![0u64; messages.len()];
        self.world.all_to_all_into(&sent[..], &mut lengths[..]);
        let mut received: Vec<Vec<u8>> = lengths.iter().map(|length| vec![0; *length as usize]).collect();
        // Errors of MPI end all processes.
        mpi::request::multiple_scope(2 * messages.len(), |scope, requests| {
            for (rank, message) in received.iter_mut().enumerate() {
                for part in message.chunks_mut(MAX_MESSAGE) {
                    requests.add(self.world.process_at_rank(rank as i32).immediate_receive_into(scope, part));
                }
            }
            for (rank, message) in messages.iter().enumerate() {
                for part in message.chunks(MAX_MESSAGE) {
                    requests.add(self.world.process_at_rank(rank as i32).immediate_send(scope, part));
                }
            }
            requests.wait_all(&mut Vec::new());
        });
        Ok(received)
    }
}
