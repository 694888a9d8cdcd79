//! Ctrl-C. Where there is nothing to save it ends the program. A verb that stops in good order is
//! asked to by the first, and ended by the second. One that saves first says so at the second, and
//! is ended by the third.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

const STATUS: i32 = 130;
/// Raised by the first Ctrl-C.
static ASKED: AtomicBool = AtomicBool::new(false);
/// How many there have been.
static PRESSED: AtomicU8 = AtomicU8::new(0);
/// How many more than one a verb lets pass: the first is always [`ASKED`]'s.
static PATIENCE: AtomicU8 = AtomicU8::new(0);

/// Installs the handler. Until [`flag`] is called, Ctrl-C ends the program: there is nothing to
/// save.
pub fn listen() {
    // Without a handler Ctrl-C still ends the program, as it does anywhere.
    let _ = ctrlc::set_handler(|| {
        ASKED.store(true, Ordering::SeqCst);
        let pressed = PRESSED.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        if pressed > PATIENCE.load(Ordering::SeqCst) {
            if pressed > 2 {
                say("abandoned: what was done since the last checkpoint is lost");
            }
            std::process::exit(STATUS);
        }
        if pressed == 2 {
            say("saving; press Ctrl-C again to abandon");
        }
    });
}

/// The flag that the first Ctrl-C raises, for a verb that stops in good order when it sees it.
pub fn flag() -> &'static AtomicBool {
    PATIENCE.fetch_max(1, Ordering::SeqCst);
    &ASKED
}

/// The same, for a verb that saves before it stops: work that took long is worth a question.
pub fn saving_flag() -> &'static AtomicBool {
    PATIENCE.fetch_max(2, Ordering::SeqCst);
    &ASKED
}

/// Whether it has been raised.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// A line on standard error, below the progress line if there is one.
fn say(text: &str) {
    let mut stream = std::io::stderr().lock();
    let begin = if stream.is_terminal() { "\n" } else { "" };
    let _ = writeln!(stream, "{begin}{text}");
}
