//! Ctrl-C: the first asks a verb that can save to do so and stop, the second ends the program at
//! once.

use std::sync::atomic::{AtomicBool, Ordering};

/// Raised by the first Ctrl-C.
static ASKED: AtomicBool = AtomicBool::new(false);
/// Whether somebody watches [`ASKED`].
static WATCHED: AtomicBool = AtomicBool::new(false);

/// Installs the handler. Until [`flag`] is called, Ctrl-C ends the program: there is nothing to
/// save.
pub fn listen() {
    // Without a handler Ctrl-C still ends the program, as it does anywhere.
    let _ = ctrlc::set_handler(|| {
        if !WATCHED.load(Ordering::SeqCst) || ASKED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    });
}

/// The flag that the first Ctrl-C raises, for a verb that stops in good order when it sees it.
pub fn flag() -> &'static AtomicBool {
    WATCHED.store(true, Ordering::SeqCst);
    &ASKED
}

/// Whether it has been raised.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
