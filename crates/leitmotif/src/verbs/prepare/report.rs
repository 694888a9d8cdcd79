//! What `prepare` reports.

use crate::console::{Console, one_line};
use crate::words::{clock, count, counted, row, table};
use anyhow::Result;
use leitmotif_corpus::prepare::{FolderReading, PartSummary, PrepareSummary};
use leitmotif_corpus::{DROPPED_FILE, Split};
use serde::Serialize;

/// A report as JSON.
#[derive(Serialize)]
pub(super) struct Report<'a, T> {
    #[serde(flatten)]
    pub(super) summary: &'a T,
    pub(super) seconds: f64,
}

/// How fast it was.
pub(super) fn note_rate(files: usize, seconds: f64, console: &Console) {
    console.note(format_args!("{files} files in {seconds:.1} s: {:.0} a second", files as f64 / seconds));
}

/// The report of a part.
pub(super) fn part(part: &PartSummary, as_json: bool, console: &Console, seconds: f64) -> Result<()> {
    if as_json {
        return console.json(&Report { summary: part, seconds });
    }
    let PartSummary { output, shard, files, songs, existed } = part;
    let (songs, counted_files) = (counted(*songs, "song"), counted(*files, "file"));
    console.out(format_args!("{}: shard {shard}, {songs} of {counted_files}", output.display()))?;
    match existed {
        true => console.note("it was there already, prepared with the same options; --force prepares it again"),
        false => note_rate(*files, seconds, console),
    }
    Ok(())
}

/// The report for people.
pub fn describe(summary: &PrepareSummary) -> String {
    let manifest = &summary.manifest;
    let songs = manifest.totals.songs;
    let mut text =
        format!("{}: {} of {}\n\n", summary.output.display(), counted(songs, "song"), counted(summary.files, "file"));
    let mut rows = vec![row(["split", "songs", "notes", "bars", "length"])];
    for split in Split::ALL {
        let totals = manifest.splits.get(&split).copied().unwrap_or_default();
        let numbers = [totals.songs, totals.notes, totals.bars].map(count);
        let mut cells = vec![split.to_string()];
        cells.extend(numbers);
        cells.push(clock(totals.seconds));
        rows.push(cells);
    }
    text += &table(&rows);
    if let Some(line) = folder_lines(&summary.folders) {
        text += &format!("\n\n{line}");
    }
    if !manifest.genres.is_empty() {
        let genres: Vec<String> = manifest.genres.iter().map(|(name, songs)| format!("{name} {songs}")).collect();
        text += &format!("\n\ngenres: {}", genres.join(", "));
    }
    if !manifest.dropped.is_empty() {
        let reasons = manifest.dropped.iter();
        let reasons: Vec<String> = reasons.map(|(reason, files)| format!("{files} {}", reason.name())).collect();
        let list = summary.output.join(DROPPED_FILE);
        text += &format!("\nleft out: {} (each with its reason in {})", reasons.join(", "), list.display());
    }
    text
}

/// How the names of folders were read, with an example of each way.
fn folder_lines(readings: &[FolderReading]) -> Option<String> {
    let lines = readings.iter().map(|reading| {
        let FolderReading { files, example, genre, artist } = reading;
        let way = if genre.is_some() { "GENRE/ARTIST" } else { "ARTIST" };
        let tags = [("genre", genre), ("artist", artist)];
        let tags: Vec<String> = tags
            .iter()
            .filter_map(|(tag, name)| name.as_ref().map(|name| format!("{tag} \"{}\"", one_line(name))))
            .collect();
        format!("folders read as {way} in {}: {} is {}", counted(*files, "file"), one_line(example), tags.join(", "))
    });
    let mut lines: Vec<String> = lines.collect();
    if lines.len() > 1 {
        lines.push("the files lie at different depths; --layout says what their folders mean".to_owned());
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}
