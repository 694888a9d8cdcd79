//! Composes on demand, for timing beside other programs:
//! `cargo run --release -p leitmotif-compose --example write -- MODEL [single]`, with weights of 16
//! bits, or of 32 with `single`.
//!
//! For each line `NOTES [PIECES]` on the standard input it composes that many pieces (one by
//! default) side by side, and prints the seconds and the events they took as a line of JSON.
#![allow(clippy::print_stdout)]

use leitmotif_compose::{Length, Request, generate_many};
use leitmotif_folder::ModelFolder;
use leitmotif_model::Precision;
use std::error::Error;
use std::io::BufRead;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = ModelFolder::open(std::env::args().nth(1).ok_or("usage: write MODEL [single]")?)?;
    let precision = match std::env::args().nth(2).as_deref() {
        None => Precision::Half,
        Some("single") => Precision::Single,
        Some(other) => return Err(format!("`{other}`: write MODEL [single]").into()),
    };
    let model = folder.model(precision)?;
    for (seed, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line?;
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        let notes = numbers.next().ok_or("a line says how many notes")??;
        let pieces = numbers.next().transpose()?.unwrap_or(1);
        let request = Request { length: Length::Notes(notes as usize), seed: seed as u64, ..Request::default() };
        let start = Instant::now();
        let made =
            generate_many(&*model, &**folder.representation(), &request, pieces, &|_| (), &AtomicBool::new(false))?;
        let seconds = start.elapsed().as_secs_f64();
        let events: usize = made.iter().map(|piece| piece.report.events).sum();
        println!("{{\"seconds\": {seconds}, \"events\": {events}}}");
    }
    Ok(())
}
