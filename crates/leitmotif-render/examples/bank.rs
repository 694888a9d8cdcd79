//! Writes how long the built-in bank takes, and how large it is:
//! `cargo run --release --example bank`.

use leitmotif_render::SoundBank;

fn main() -> std::io::Result<()> {
    use std::io::Write;
    let start = std::time::Instant::now();
    let bank = SoundBank::built_in();
    writeln!(std::io::stdout(), "{}: {:.3} s", bank.name(), start.elapsed().as_secs_f64())
}
