//! A piece as a model with latents encodes it.

use super::task::BarCondition;
use crate::ComposeError;
use leitmotif_events::{Header, Representation, RepresentationConfig, Sequence};
use leitmotif_model::network::Groups;
use leitmotif_model::{LatentSpace, Posterior};
use leitmotif_score::Score;
use std::ops::Range;

/// A piece's events, bar by bar, and the posterior of each group of bars that shares a latent.
#[derive(Debug, Clone)]
pub struct Source {
    /// The music, normalised.
    pub score: Score,
    /// Its events.
    pub sequence: Sequence,
    /// The events of each bar, its bar event first.
    pub bars: Vec<Range<usize>>,
    /// Where each bar begins, in quarters, and at last where the last one ends.
    pub lines: Vec<f64>,
    /// Of each group of bars.
    pub posteriors: Vec<Posterior>,
    /// The class of each of the model's attributes in each bar.
    pub classes: Vec<Vec<u16>>,
    /// Bars that share a latent.
    pub bars_per_latent: usize,
    /// Grid steps a quarter.
    pub(crate) grid: f64,
}

impl Source {
    /// Encodes a score, as a piece of this genre if one is named.
    ///
    /// # Errors
    /// [`ComposeError::Request`] for a score without notes, a representation without bars, or a
    /// piece whose long silences the representation shortens.
    pub fn of(
        space: &LatentSpace,
        representation: &dyn Representation,
        score: &Score,
        genre: Option<String>,
    ) -> Result<Self, ComposeError> {
        let wrong = |reason: &str| ComposeError::Request(reason.into());
        let RepresentationConfig::Events { grid, .. } = representation.vocabulary().settings else {
            return Err(wrong("this model's representation has no bars, so its music has no latents"));
        };
        let mut score = score.clone();
        score.normalise();
        if score.note_count() == 0 {
            return Err(wrong("the piece has no notes"));
        }
        let header = Header { genre, instruments: Vec::new() };
        let (sequence, report) = representation.encode(&score, &header);
        if report.silent_bars_cut > 0 {
            let silent = report.silent_bars_cut;
            let reason =
                format!("{silent} bars of its silence are more than the model's events can hold; shorten them");
            return Err(ComposeError::Request(reason));
        }
        let bars = representation.bars(&sequence).unwrap_or_default();
        let events = representation.events();
        let mut lines = vec![0.0];
        for bar in &bars {
            lines.push(lines[lines.len() - 1] + events.kind(sequence.event(bar.start)).quarters());
        }
        let posteriors = encode(space, &sequence, &bars);
        let classes = classes_of(space, representation, &sequence, bars.len())?;
        let bars_per_latent = space.bars_per_latent().max(1);
        Ok(Self { score, sequence, bars, lines, posteriors, classes, bars_per_latent, grid: f64::from(grid) })
    }

    /// What bar number `bar` is: the mean of its posterior, and its classes.
    pub fn condition(&self, bar: usize) -> BarCondition {
        let latent = self.posteriors[bar / self.bars_per_latent].mean.clone();
        BarCondition { latent, classes: self.classes[bar].clone(), kept: vec![true; self.classes[bar].len()] }
    }

    /// The bar in which a note that begins at `quarters` is written: the one of its nearest grid
    /// step.
    pub(crate) fn bar_at(&self, quarters: f64) -> Option<usize> {
        let on_grid = (quarters * self.grid + 0.5).floor() / self.grid;
        let after = self.lines.partition_point(|line| *line <= on_grid + 1e-6);
        after.checked_sub(1).filter(|bar| *bar < self.bars.len())
    }
}

/// Events that are encoded together, or somewhat more.
const MOST_EVENTS: usize = 4096;

/// The posterior of each group of bars of a sequence.
pub(crate) fn encode(space: &LatentSpace, sequence: &Sequence, bars: &[Range<usize>]) -> Vec<Posterior> {
    posteriors(space, bars.chunks(space.bars_per_latent().max(1)).map(|group| (sequence, group)))
}

/// The posteriors of some groups of bars, each of a sequence.
pub(super) fn posteriors<'s>(
    space: &LatentSpace,
    groups: impl IntoIterator<Item = (&'s Sequence, &'s [Range<usize>])>,
) -> Vec<Posterior> {
    let (mut events, mut places, mut offsets) = (Vec::new(), Vec::new(), vec![0]);
    let mut encoded = Vec::new();
    for (sequence, group) in groups {
        let (k, first) = (sequence.fields(), places.len());
        for (place, bar) in group.iter().enumerate() {
            events.extend_from_slice(&sequence.values()[bar.start * k..bar.end * k]);
            places.extend(std::iter::repeat_n(place as i32, bar.len()));
        }
        places.truncate(first + leitmotif_events::MAX_GROUP_EVENTS);
        events.truncate(places.len() * k);
        offsets.push(places.len());
        if places.len() >= MOST_EVENTS {
            encoded.extend(space.encode_groups(&Groups { events: &events, places: &places, offsets: &offsets }));
            events.clear();
            places.clear();
            offsets.truncate(1);
        }
    }
    if offsets.len() > 1 {
        encoded.extend(space.encode_groups(&Groups { events: &events, places: &places, offsets: &offsets }));
    }
    encoded
}

/// The class of each of the model's attributes in each bar.
pub(crate) fn classes_of(
    space: &LatentSpace,
    representation: &dyn Representation,
    sequence: &Sequence,
    bars: usize,
) -> Result<Vec<Vec<u16>>, ComposeError> {
    if space.attributes().is_empty() {
        return Ok(vec![Vec::new(); bars]);
    }
    let wrong = |reason: String| ComposeError::Request(format!("the model's attributes: {reason}"));
    let named = space.attributes().iter().map(|cuts| cuts.name.parse());
    let attributes = named.collect::<Result<Vec<leitmotif_events::Attribute>, _>>();
    let attributes = attributes.map_err(|error| wrong(error.to_string()))?;
    let values = leitmotif_events::attribute_values(&attributes, representation, sequence);
    let values = values.map_err(|error| wrong(error.to_string()))?;
    let class = |(value, cuts): (&Option<f32>, &leitmotif_model::AttributeCuts)| value.map_or(0, |v| cuts.class(v));
    Ok(values.iter().map(|bar| bar.iter().zip(space.attributes()).map(class).collect()).collect())
}
