//! The conditions of a piece's bars: those of its opening, and then each new bar's as it begins.

use super::source::{classes_of, encode};
use super::task::BarCondition;
use crate::ComposeError;
use crate::attribute_mask::{AttributeMask, BarAttributes};
use crate::conditions::{Conditions, PriorKind};
use leitmotif_events::{Representation, Sequence};
use leitmotif_model::{AttributeCuts, Condition, LatentSpace, Mixture, PriorWalk, latent_noise};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What the bars of a piece's opening are.
pub(crate) fn opening(
    space: &LatentSpace,
    representation: &dyn Representation,
    sequence: &Sequence,
) -> Result<Vec<BarCondition>, ComposeError> {
    let bars = representation.bars(sequence).unwrap_or_default();
    let classes = classes_of(space, representation, sequence, bars.len())?;
    let posteriors = encode(space, sequence, &bars);
    let condition = |(bar, classes): (usize, Vec<u16>)| {
        let latent = posteriors[bar / space.bars_per_latent().max(1)].mean.clone();
        BarCondition { latent, classes, kept: Vec::new() }
    };
    Ok(classes.into_iter().enumerate().map(condition).collect())
}

/// Gives each bar of a piece its condition as it begins.
pub(crate) struct Conditioner<'a> {
    opening: &'a [BarCondition],
    bars_per_latent: usize,
    walk: Option<PriorWalk<'a>>,
    dimensions: usize,
    temperature: f32,
    rng: ChaCha8Rng,
    bar: usize,
    attributes: &'a [AttributeCuts],
    keep: bool,
    now: BarCondition,
    classes: Vec<u16>,
}

impl<'a> Conditioner<'a> {
    /// Before the first bar of piece number `piece`, which begins with the bars of `opening`.
    pub fn new(
        space: &'a LatentSpace,
        conditions: &Conditions,
        classes: Vec<u16>,
        header: &[u16],
        opening: &'a [BarCondition],
        (seed, piece): (u64, u64),
    ) -> Self {
        let learnt = space.prior().filter(|_| conditions.prior != Some(PriorKind::Normal));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Far from the streams that draw events.
        rng.set_stream(u64::MAX - piece);
        Self {
            opening,
            bars_per_latent: space.bars_per_latent().max(1),
            walk: learnt.map(|prior| prior.walk(&space.header(header))),
            dimensions: space.dimensions(),
            temperature: conditions.temperature as f32,
            rng,
            bar: 0,
            attributes: space.attributes(),
            keep: conditions.keep,
            now: BarCondition { latent: vec![0.0; space.dimensions()], classes: classes.clone(), kept: Vec::new() },
            classes,
        }
    }

    /// Sets the attributes that the bar that has begun is to keep to.
    pub fn ask(&self, attribute_mask: &mut AttributeMask) {
        let is_new = self.bar > self.opening.len();
        let kept = vec![self.keep; self.classes.len()];
        let new = BarAttributes { classes: &self.classes, kept: &kept };
        let none = BarAttributes { kept: &[], ..new };
        attribute_mask.ask(self.attributes, if is_new { new } else { none }, std::iter::once(new));
    }

    /// What holds in the bar that has begun.
    pub fn now(&self) -> Condition<'_> {
        Condition { latent: &self.now.latent, classes: &self.now.classes }
    }

    /// A bar begins: chooses what it is written under.
    pub fn begin_bar(&mut self) {
        let known = self.opening.get(self.bar);
        if self.bar.is_multiple_of(self.bars_per_latent) {
            let mixture = match &mut self.walk {
                Some(walk) => walk.predict(),
                None => Mixture::standard(self.dimensions),
            };
            self.now.latent = match known {
                Some(known) => known.latent.clone(),
                None => {
                    let noise = latent_noise(self.rng.random(), self.dimensions);
                    mixture.draw(self.rng.random(), &noise, self.temperature)
                }
            };
            if let Some(walk) = &mut self.walk {
                walk.push(&self.now.latent);
            }
        }
        self.now.classes.clone_from(known.map_or(&self.classes, |known| &known.classes));
        self.bar += 1;
    }
}
