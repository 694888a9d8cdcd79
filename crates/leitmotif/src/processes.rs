//! The processes that a launcher (`mpirun`, `srun`) started together to train one model.

use crate::console::Console;
use anyhow::Result;
use leitmotif_train::ProcessGroup;
use std::fmt;

#[cfg(feature = "mpi")]
mod mpi;

/// This process and the others; `None` for a process alone.
///
/// # Errors
/// If there are others, and the program was built without the means to reach them.
#[cfg(feature = "mpi")]
pub fn group() -> Result<Option<Box<dyn ProcessGroup>>> {
    Ok(mpi::MpiGroup::of_launcher().map(|group| Box::new(group) as Box<dyn ProcessGroup>))
}

#[cfg(not(feature = "mpi"))]
pub fn group() -> Result<Option<Box<dyn ProcessGroup>>> {
    use crate::failure::Refusal;
    // Of Open MPI, and of MPICH and what is derived from it.
    let sizes = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"].map(|name| std::env::var(name).ok()?.parse::<usize>().ok());
    match sizes.into_iter().flatten().find(|size| *size > 1) {
        None => Ok(None),
        Some(size) => {
            let refusal =
                Refusal::usage(format!("{size} processes were started, and this program was built without MPI"));
            Err(refusal.remedy("build it with: cargo build --release --features mpi").into())
        }
    }
}

/// An error that the first process reports for all.
#[derive(Debug)]
pub struct ReportedElsewhere;

impl fmt::Display for ReportedElsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the first process reports it")
    }
}

impl std::error::Error for ReportedElsewhere {}

/// Does `work` in one of several processes, of which the first alone speaks.
pub fn speak_once(is_first: bool, console: &Console, work: impl FnOnce(&Console) -> Result<()>) -> Result<()> {
    if is_first {
        return work(console);
    }
    work(&Console::new(true, false)).map_err(|error| error.context(ReportedElsewhere))
}
