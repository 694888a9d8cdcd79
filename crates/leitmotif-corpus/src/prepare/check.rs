//! Whether options make sense.

use super::PrepareError;
use crate::options::{PrepareOptions, SplitOptions};
use leitmotif_score::{InstrumentSelection, ReadOptions};

/// The filter's instruments, parsed, and how files are read.
#[derive(Debug, Clone, Default)]
pub(super) struct Selections {
    pub(super) with: Vec<InstrumentSelection>,
    pub(super) only: Vec<InstrumentSelection>,
    /// How files are read.
    pub(super) read: ReadOptions,
}

impl PrepareOptions {
    /// Refuses settings that make no sense, before anything is read.
    pub(super) fn check(&self) -> Result<Selections, PrepareError> {
        let wrong = |text: String| Err(PrepareError::Options(text));
        if self.inputs.is_empty() {
            return wrong("name at least one folder of MIDI files".to_owned());
        }
        let SplitOptions { train, valid, test, .. } = self.split;
        let shares = [train, valid, test];
        if shares.iter().any(|share| !(0.0..=1.0).contains(share)) || (shares.iter().sum::<f64>() - 1.0).abs() > 1e-6 {
            return wrong(format!("the fractions {train}, {valid}, {test} of the splits must add up to 1"));
        }
        let similarity = self.duplicates.similarity;
        if !(similarity > 0.0 && similarity <= 1.0) {
            return wrong(format!("the similarity of duplicates must be above 0 and at most 1, not {similarity}"));
        }
        if let (Some(min), Some(max)) = (self.filter.min_notes, self.filter.max_notes)
            && min > max
        {
            return wrong(format!("no song has at least {min} and at most {max} notes"));
        }
        if self.filter.per_genre == Some(0) {
            return wrong("no songs would be drawn: per_genre must be at least 1".to_owned());
        }
        if self.threads == Some(0) {
            return wrong("at least one thread is needed".to_owned());
        }
        let parse = |words: &[String]| -> Result<Vec<InstrumentSelection>, PrepareError> {
            let parsed = words.iter().map(|word| InstrumentSelection::parse(word));
            parsed.collect::<Result<_, _>>().map_err(|error| PrepareError::Options(error.to_string()))
        };
        Ok(Selections {
            with: parse(&self.filter.with_instruments)?,
            only: parse(&self.filter.only_instruments)?,
            read: ReadOptions { apply_sustain: self.pedal },
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn nonsense_is_refused() {
        let good = PrepareOptions { inputs: vec![PathBuf::from("a")], ..PrepareOptions::default() };
        assert!(good.check().is_ok());
        let refused = |change: fn(&mut PrepareOptions)| {
            let mut options = good.clone();
            change(&mut options);
            options.check().unwrap_err().to_string()
        };
        assert!(refused(|options| options.inputs.clear()).contains("folder"));
        assert!(refused(|options| options.split.train = 0.9).contains("add up to 1"));
        assert!(refused(|options| options.split.train = f64::NAN).contains("add up to 1"));
        assert!(refused(|options| options.duplicates.similarity = 0.0).contains("similarity"));
        assert!(refused(|options| options.filter.with_instruments = vec!["paino".to_owned()]).contains("piano"));
        assert!(refused(|options| options.filter.per_genre = Some(0)).contains("per_genre"));
        assert!(
            refused(|options| (options.filter.min_notes, options.filter.max_notes) = (Some(5), Some(4))).contains('5')
        );
    }
}
