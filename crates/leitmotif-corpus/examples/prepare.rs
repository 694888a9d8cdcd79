//! Prepares a corpus and prints how long it took: `prepare OUT [key=value…] DIR…`.
//!
//! Keys: `metadata`, `split-by` (song, artist), `split-seed`, `only` (an instrument), `per-genre`,
//! `layout` (auto, genre, artist, flat), `threads`, `similarity`, `keep-duplicates`, `dropped`
//! (prints that many dropped files).
#![allow(clippy::print_stdout)]

use leitmotif_corpus::prepare::{Layout, PrepareOptions, SplitBy, prepare};
use leitmotif_corpus::{Corpus, CorpusStatistics, Split};
use std::error::Error;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = PrepareOptions { force: true, ..PrepareOptions::default() };
    let mut arguments = std::env::args().skip(1);
    options.output = PathBuf::from(arguments.next().ok_or("usage: prepare OUT [key=value…] DIR…")?);
    let mut listed = 0;
    for argument in arguments {
        match argument.split_once('=') {
            Some(("metadata", value)) => options.metadata = Some(PathBuf::from(value)),
            Some(("split-by", "artist")) => options.split.by = SplitBy::Artist,
            Some(("split-by", "song")) => options.split.by = SplitBy::Song,
            Some(("split-seed", value)) => options.split.seed = value.parse()?,
            Some(("per-genre", value)) => options.filter.per_genre = Some(value.parse()?),
            Some(("only", value)) => options.filter.only_instruments = vec![value.to_owned()],
            Some(("threads", value)) => options.threads = Some(value.parse()?),
            Some(("similarity", value)) => options.duplicates.similarity = value.parse()?,
            Some(("keep-duplicates", value)) => options.duplicates.keep = value.parse()?,
            Some(("dropped", value)) => listed = value.parse()?,
            Some(("layout", value)) => {
                options.layout = serde_json::from_value::<Layout>(serde_json::Value::String(value.to_owned()))?;
            }
            _ => options.inputs.push(PathBuf::from(argument)),
        }
    }
    let began = Instant::now();
    let summary = prepare(&options, &(), &AtomicBool::new(false))?;
    let took = began.elapsed().as_secs_f64();
    println!("{} files in {took:.2} s: {:.0} files/s", summary.files, summary.files as f64 / took);
    println!("kept {:?}", summary.manifest.totals);
    println!("dropped {:?}", summary.manifest.dropped);
    for warning in &summary.manifest.warnings {
        println!("warning: {warning}");
    }
    for record in summary.dropped.iter().take(listed) {
        println!("  {} [{}] {}", record.path, record.reason.name(), record.detail);
    }
    let began = Instant::now();
    let corpus = Corpus::open(&options.output)?;
    let statistics = CorpusStatistics::of(&corpus);
    println!("opened in {:.1} ms", began.elapsed().as_secs_f64() * 1000.0);
    for split in Split::ALL {
        println!("  {split}: {:?}", statistics.splits[&split]);
    }
    println!("genres {:?}", statistics.genres);
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        status.lines().filter(|line| line.starts_with("VmHWM")).for_each(|line| println!("{line}"));
    }
    Ok(())
}
