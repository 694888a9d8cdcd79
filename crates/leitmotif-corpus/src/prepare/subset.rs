//! A corpus made of some songs of another, split anew: the arms and test sets of a study.

use super::destination::{CORPUS, Destination};
use super::{PrepareError, PrepareOptions};
use crate::corpus::CorpusWriter;
use crate::{Corpus, Manifest, Split};
use std::path::Path;

/// Writes the songs of `corpus` that `chosen` names by index, each for its split, as a corpus of
/// its own at `output`; in the order of the corpus, whatever the order of `chosen`, the last split
/// named counting. Vocabulary, ids and events are the same. The folder appears whole or not at all.
///
/// # Errors
/// [`PrepareError::Options`] for no songs or one that the corpus lacks; [`PrepareError::Exists`]
/// and others if the folder cannot be written.
pub fn subset(corpus: &Corpus, chosen: &[(usize, Split)], output: &Path) -> Result<Manifest, PrepareError> {
    let mut splits = vec![None; corpus.songs().len()];
    for (song, split) in chosen {
        let slot = splits.get_mut(*song);
        *slot.ok_or_else(|| PrepareError::Options(format!("the corpus has no song number {song}")))? = Some(*split);
    }
    if chosen.is_empty() {
        return Err(PrepareError::Options("no songs were chosen".to_owned()));
    }
    let options = PrepareOptions { output: output.to_owned(), force: false, ..corpus.manifest().options.clone() };
    let partial = Destination::check(&options, &CORPUS)?.create()?;
    let mut writer = CorpusWriter::create(partial.path(), corpus.vocabulary())?;
    let mut kept = 0;
    for (index, split) in splits.iter().enumerate() {
        let Some(split) = split else { continue };
        let mut record = corpus.songs()[index].clone();
        record.split = *split;
        writer.push(record, &corpus.sequence(index))?;
        kept += 1;
    }
    let warning = format!("{kept} of the {} songs of a prepared collection, split by choice", splits.len());
    let manifest = writer.finish(corpus.manifest().options.clone(), &[], vec![warning])?;
    partial.commit()?;
    Ok(manifest)
}
