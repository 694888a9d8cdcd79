//! The report's figures.

use super::collapse::Collapse;
use super::control::{ControlResult, Point};
use super::map::Map;
use super::rng::SeededRng;
use crate::document::Figure;
use crate::words::{count, counted};
use leitmotif_measures::{DimensionBars, PathScatter};
use leitmotif_plot::Theme;

/// How wide a class's bars are strewn, in classes.
const WIDTH: f64 = 0.7;
/// How high bars of one rhythm are strewn: half a sixteenth of a bar of 4/4.
const HEIGHT: f64 = 1.0 / 32.0;

fn figure(file: impl Into<String>, caption: &str, draw: impl Fn(Theme) -> String) -> Figure {
    Figure { file: file.into(), caption: caption.to_owned(), svg: draw(Theme::Auto), light: draw(Theme::Light) }
}

/// Latents of many songs, and a path between two.
pub fn map(map: &Map) -> Figure {
    let axis = |name: &str, index: usize| {
        let share = map.explained.get(index).copied().unwrap_or(0.0);
        format!("{name} principal component ({:.0}% of the variance)", share * 100.0)
    };
    let latents = format!("{} latents of {}", count(map.latents), counted(map.songs, "song"));
    let plot = PathScatter::new("Where bars lie in the space of latents")
        .subtitle(format!("means of the posteriors, {latents} of all splits"))
        .labels(axis("first", 0), axis("second", 1))
        .size(860.0, 600.0);
    let plot = map.genres.iter().fold(plot, |plot, (genre, points)| plot.category(genre, points.iter().copied()));
    let ends = match &map.ends {
        [Some(from), Some(to)] => format!(", {from} to {to}"),
        _ => String::new(),
    };
    let plot = plot.path(format!("from one held-out song to another{ends}"), map.steps.iter().copied());
    figure("latents", "Latents by genre.", |theme| plot.to_svg(theme))
}

/// A requested attribute against what came out, bar by bar.
pub fn control(asked: &ControlResult) -> Figure {
    let (title, unit, height) = match asked.attribute.as_str() {
        "rhythm" => ("Rhythmic intensity asked for, and got", "share of sixteenths in which a note begins", HEIGHT),
        _ => ("Polyphony asked for, and got", "mean number of pitched notes that sound", 0.0),
    };
    let rho = asked.correlation.map(|rho| format!("Spearman {:.2} [{:.2}, {:.2}], ", rho.value, rho.low, rho.high));
    let subtitle = format!(
        "{}{} of held-out songs, jittered to be told apart",
        rho.unwrap_or_default(),
        counted(asked.bars, "bar")
    );
    let plot = PathScatter::new(title)
        .subtitle(subtitle)
        .labels(format!("class asked for, of {}", asked.classes), unit)
        .size(760.0, 520.0);
    let plot = [("in the class asked for", 0..=0), ("one class beside it", 1..=1), ("further away", 2..=u16::MAX)]
        .into_iter()
        .fold(plot, |plot, (name, apart)| {
            let mut rng = SeededRng::of(0, 0, usize::from(*apart.start()));
            let own = asked.points.iter().filter(|point| apart.contains(&point.class.abs_diff(point.asked)));
            let place =
                |point: &Point| (f64::from(point.asked) + WIDTH * rng.jitter(), point.got + height * rng.jitter());
            plot.category(name, own.map(place).collect::<Vec<_>>())
        });
    let plot = plot.path("median of what came of each class", medians(asked));
    let caption = format!("{} asked for and got, bar by bar.", asked.attribute);
    figure(format!("control-{}", asked.attribute), &caption, |theme| plot.to_svg(theme))
}

/// The median of what came of each class.
fn medians(asked: &ControlResult) -> Vec<(f64, f64)> {
    let median = |class: usize| {
        let mut got: Vec<f64> =
            asked.points.iter().filter(|point| usize::from(point.asked) == class).map(|point| point.got).collect();
        got.sort_by(f64::total_cmp);
        // Not-a-number, where there is none, is not drawn, and the others keep their numbers.
        (class as f64, got.get(got.len() / 2).copied().unwrap_or(f64::NAN))
    };
    (1..=asked.classes).map(median).collect()
}

/// What each dimension of a latent carries, the largest first.
pub fn divergence(collapse: &Collapse, free_bits: Option<f64>) -> Figure {
    let mut nats = collapse.kl_by_dimension.clone();
    nats.sort_by(|a, b| b.total_cmp(a));
    let total = collapse.kl_per_latent.map(|total| format!("{:.1} nats in all, ", total.value)).unwrap_or_default();
    let active = collapse.active_units.map_or(0.0, |active| active.value);
    let bars = DimensionBars::new("What each dimension of a latent carries", nats)
        .subtitle(format!("{total}{active:.0} of {} dimensions in use", collapse.dimensions))
        .labels("dimension, by what it carries", "divergence from the prior (nats)");
    let bars = match free_bits.filter(|nats| *nats > 0.0) {
        Some(nats) => bars.reference(format!("free bits: {nats} nats"), nats),
        None => bars,
    };
    figure("kl", "Divergence by dimension.", |theme| bars.to_svg(theme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_median() {
        let point = |asked, got| Point { asked, got, class: asked };
        let asked = ControlResult {
            attribute: "rhythm".into(),
            kept: true,
            classes: 3,
            bars: 4,
            correlation: None,
            exact: None,
            within_one: None,
            chance: [0.0; 2],
            leakage: Vec::new(),
            points: vec![point(1, 0.5), point(1, 0.1), point(1, 0.2), point(3, 0.9)],
        };
        let medians = medians(&asked);
        assert_eq!((medians[0], medians[2]), ((1.0, 0.2), (3.0, 0.9)));
        assert!(medians[1].1.is_nan());
    }
}
