//! What a run keeps on disk, so that whatever happens to the program or the machine, it is there
//! whole or not there.

pub(crate) mod card;
pub(crate) mod checkpoint;
pub(crate) mod model_folder;
pub(crate) mod run_lock;

pub use run_lock::{LOCK_FILE, RunLock};
