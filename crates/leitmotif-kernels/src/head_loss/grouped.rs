//! A head that predicts many things at once: the classes fall into groups, stretches of columns
//! with a softmax each.
//!
//! One normalisation and one product with the table serve all groups, so that a hundred groups of
//! two classes cost little more than one of two hundred. A class of no group is not predicted: it
//! costs nothing and learns nothing.

use super::blocks::{self, Active, Cost};
use super::{Trained, Weights};
use crate::isa::Isa;
use crate::simd::{Simd, dispatch};
use std::ops::Range;

/// What the rows should predict.
#[derive(Clone, Copy, Debug)]
pub struct Targets<'a> {
    /// The classes of each group, below the head's size, in order and apart.
    pub groups: &'a [Range<usize>],
    /// Of each row and group a class of the group, counted from its first; below 0 where nothing is
    /// predicted. `[n, groups]`
    pub classes: &'a [i32],
}

impl Targets<'_> {
    fn check(&self, z: &[f32], w: &Weights<'_>) {
        let Self { groups, classes } = self;
        assert!(!groups.is_empty(), "a head has a group");
        let ordered = groups.windows(2).all(|pair| pair[0].end <= pair[1].start);
        let bounded = groups.iter().all(|group| group.start <= group.end && group.end <= w.bias.len());
        assert!(ordered && bounded, "groups are stretches of classes in order");
        assert_eq!(w.rows(z) * groups.len(), classes.len(), "z is [n, d], classes are [n, groups]");
        let known =
            |classes: &[i32]| classes.iter().zip(*groups).all(|(&c, group)| c < 0 || (c as usize) < group.len());
        assert!(classes.chunks_exact(groups.len()).all(known), "classes are of their group");
    }

    fn active(&self) -> Active {
        Active::of(self.classes, self.groups.len())
    }
}

impl Cost for Targets<'_> {
    fn count(&self) -> usize {
        self.groups.len()
    }

    fn turn(&self, isa: Isa, rows: &[u32], logits: &mut [f32], row: usize, gradient: Option<f32>, losses: &mut [f32]) {
        cross_entropies(isa, *self, rows, logits, row, gradient, losses);
    }
}

/// The loss of each row and group in nats, `[n, groups]`, 0 where nothing is predicted.
///
/// # Panics
/// If the sizes do not fit or a target is not of its group.
#[must_use]
pub fn losses(z: &[f32], w: &Weights<'_>, targets: Targets<'_>) -> Vec<f32> {
    targets.check(z, w);
    blocks::losses(z, w, &targets.active(), &targets)
}

/// The sum of each group's losses in nats, `[groups]`; and the sum of all over `denominator`, with
/// its gradients.
///
/// # Panics
/// If the sizes do not fit or a target is not of its group.
#[must_use]
pub fn train(z: &[f32], w: &Weights<'_>, targets: Targets<'_>, denominator: f32) -> (Vec<f64>, Trained) {
    targets.check(z, w);
    blocks::train(z, w, &targets.active(), &targets, denominator)
}

dispatch! {
    /// [`Cost::turn`] of groups.
    fn cross_entropies(
        targets: Targets<'_>,
        rows: &[u32],
        logits: &mut [f32],
        row: usize,
        gradient: Option<f32>,
        losses: &mut [f32],
    ) = cross_entropy_rows;
}

#[inline(always)]
fn cross_entropy_rows<S: Simd>(
    s: S,
    Targets { groups, classes }: Targets<'_>,
    rows: &[u32],
    logits: &mut [f32],
    row: usize,
    gradient: Option<f32>,
    losses: &mut [f32],
) {
    let (count, end) = (groups.len(), groups.last().map_or(0, |group| group.end));
    let mut sums = vec![1.0; count];
    let lines = logits.chunks_mut(row).zip(losses.chunks_exact_mut(count));
    for ((logits, losses), &number) in lines.zip(rows) {
        let classes = &classes[number as usize * count..][..count];
        for ((group, &class), loss) in groups.iter().zip(classes).zip(&mut *losses) {
            let logits = &mut logits[group.clone()];
            let largest = logits.iter().fold(f32::NEG_INFINITY, |most, &x| most.max(x));
            logits.iter_mut().for_each(|x| *x -= largest);
            *loss = usize::try_from(class).map_or(0.0, |class| -logits[class]);
        }
        for x in logits[..end].chunks_mut(S::N) {
            s.store_part(x, s.exp(s.load_part(x)));
        }
        for (sum, group) in sums.iter_mut().zip(groups) {
            // An empty group has no sum; one serves it.
            *sum = if group.is_empty() { 1.0 } else { logits[group.clone()].iter().sum() };
        }
        if let Some(weight) = gradient {
            differentiate(groups, classes, &sums, weight, logits);
        }
        s.ln(&mut sums);
        for ((loss, sum), &class) in losses.iter_mut().zip(&sums).zip(classes) {
            *loss += if class < 0 { 0.0 } else { *sum };
        }
    }
}

/// Turns the exponentials of a row into the gradient of its logits.
#[inline(always)]
fn differentiate(groups: &[Range<usize>], classes: &[i32], sums: &[f32], weight: f32, row: &mut [f32]) {
    let mut done = 0;
    for ((group, &class), sum) in groups.iter().zip(classes).zip(sums) {
        row[done..group.start].fill(0.0);
        done = group.end;
        let values = &mut row[group.clone()];
        match usize::try_from(class) {
            Ok(class) => {
                let scale = weight / sum;
                values.iter_mut().for_each(|x| *x *= scale);
                values[class] -= weight;
            }
            Err(_) => values.fill(0.0),
        }
    }
    row[done..].fill(0.0);
}
