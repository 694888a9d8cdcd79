//! Whether attributes follow the requested class, and whether others change with them: control and
//! leakage.
//!
//! After MuseMorphose (Wu & Yang 2021, section 6): a class is requested for each bar at random, and
//! the rank correlation with the raw value that comes out measures how well it is followed; that
//! with another attribute's value measures how much the request leaks.

use super::error::LatentsError;
use super::estimates::{Count, correlation, correlation_magnitude, share};
use super::experiment::{Counter, Experiment};
use super::rng::SeededRng;
use super::songs::Song;
use leitmotif_compose::latent::Task;
use leitmotif_events::{Attribute, attribute_values};
use leitmotif_measures::Estimate;
use leitmotif_model::AttributeCuts;
use serde::Serialize;

/// The attributes that are requested.
const ASKED: [&str; 2] = ["rhythm", "polyphony"];
/// Measures nearly the same as each of them, so it is left open.
const OPENED: &str = "density";
/// Names the section's chance.
const SECTION: u64 = 1;

/// The result of requesting each attribute.
#[derive(Debug, Serialize)]
pub struct Control {
    /// One for each attribute that the model has.
    pub asked: Vec<ControlResult>,
}

/// The result of requesting one attribute, bar by bar.
#[derive(Debug, Serialize)]
pub struct ControlResult {
    /// Its name.
    pub attribute: String,
    /// Whether bars were held to their classes while they were written; else this was left to the
    /// model.
    pub kept: bool,
    /// Its classes.
    pub classes: usize,
    /// Bars that were rewritten.
    pub bars: usize,
    /// Spearman's correlation of the requested class with the value that came out.
    pub correlation: Option<Estimate>,
    /// The share of bars that came out in the requested class.
    pub exact: Option<Estimate>,
    /// The share of bars that came out in that class or one beside it.
    pub within_one: Option<Estimate>,
    /// The two shares if the classes that came out were independent of those requested.
    pub chance: [f64; 2],
    /// How the request changed the other attribute.
    pub leakage: Vec<Leakage>,
    /// The bars, for the figure.
    #[serde(skip)]
    pub points: Vec<Point>,
}

/// How requesting one attribute changed another.
#[derive(Debug, Serialize)]
pub struct Leakage {
    /// The other.
    pub attribute: String,
    /// The magnitude of Spearman's correlation of the requested class with the other's value.
    pub magnitude: Option<Estimate>,
    /// The correlation itself.
    pub signed: Option<Estimate>,
}

/// One bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The requested class.
    pub asked: u16,
    /// The value got.
    pub got: f64,
    /// Its class.
    pub class: u16,
}

/// One rewritten bar: the song, the requested class, and the values of all attributes.
type Bar = (usize, u16, Vec<Option<f32>>);

/// Requests classes and measures the result. `None` for a model with none of the attributes.
pub fn measure(experiment: &Experiment<'_>) -> Result<Option<Control>, LatentsError> {
    let known = experiment.space.attributes();
    let places: Vec<usize> = ASKED.iter().filter_map(|name| place(known, name)).collect();
    let ways = [true, false].into_iter().flat_map(|kept| places.iter().map(move |&attribute| (attribute, kept)));
    let asked = ways.map(|(attribute, kept)| {
        let label = format!("control ({}{})", known[attribute].name, if kept { "" } else { ", loose" });
        let songs = experiment.songs.len();
        let work = |song: usize, progress: &Counter<'_>| rewrite(experiment, song, attribute, kept, progress);
        let bars = experiment.each(&label, songs, experiment.bars(), work)?;
        Ok(ControlResult { kept, ..summarise(known, attribute, &places, &bars.concat(), experiment.seed()) })
    });
    let asked = asked.collect::<Result<Vec<ControlResult>, LatentsError>>()?;
    Ok((!asked.is_empty()).then_some(Control { asked }))
}

fn place(known: &[AttributeCuts], name: &str) -> Option<usize> {
    known.iter().position(|attribute| attribute.name == name)
}

/// Rewrites a song with one attribute's classes drawn for each bar, and measures it.
fn rewrite(
    experiment: &Experiment<'_>,
    number: usize,
    attribute: usize,
    kept: bool,
    progress: &Counter<'_>,
) -> Result<Vec<Bar>, LatentsError> {
    let (song, known) = (&experiment.songs[number], experiment.space.attributes());
    let mut rng = experiment.rng(SECTION + 1000 * (1 + attribute as u64), number);
    let asked = classes(&mut rng, song.source.bars.len(), known[attribute].classes());
    let tasks = tasks(song, known, attribute, kept, &asked);
    // What is left to the model is written as `restyle --loose` writes it.
    let candidates = if kept { experiment.settings.candidates } else { 1 };
    let filled = experiment.fill_by(candidates, song, &tasks, rng.draw(), progress)?;
    let attributes = known.iter().map(|it| it.name.parse()).collect::<Result<Vec<Attribute>, _>>()?;
    let got = attribute_values(&attributes, experiment.subject.representation, &filled.sequence)?;
    Ok(asked.into_iter().zip(got).map(|(asked, got)| (number, asked, got)).collect())
}

/// A class for each bar, each as likely as any.
fn classes(rng: &mut SeededRng, bars: usize, classes: usize) -> Vec<u16> {
    (0..bars).map(|_| rng.below(classes) as u16 + 1).collect()
}

/// Every bar from its own latent, with the requested class; attributes that measure nearly the same
/// are left open, the rest stays as it is.
fn tasks(song: &Song, known: &[AttributeCuts], attribute: usize, kept: bool, asked: &[u16]) -> Vec<Task> {
    let opened = place(known, OPENED);
    let task = |(bar, &class): (usize, &u16)| {
        let mut condition = song.source.condition(bar);
        if let Some(opened) = opened {
            condition.classes[opened] = 0;
        }
        condition.classes[attribute] = class;
        condition.kept = vec![kept; known.len()];
        Task::Write(condition)
    };
    asked.iter().enumerate().map(task).collect()
}

/// The numbers of one attribute.
fn summarise(known: &[AttributeCuts], attribute: usize, others: &[usize], bars: &[Bar], seed: u64) -> ControlResult {
    let cuts = &known[attribute];
    let against = |other: usize| -> Vec<(usize, f64, f64)> {
        let value = |(song, asked, got): &Bar| Some((*song, f64::from(*asked), f64::from(got[other]?)));
        bars.iter().filter_map(value).collect()
    };
    let point = |(_, asked, got): &Bar| {
        let got = got[attribute]?;
        Some(Point { asked: *asked, got: f64::from(got), class: cuts.class(got) })
    };
    let leakage = others.iter().filter(|other| **other != attribute).map(|&other| Leakage {
        attribute: known[other].name.clone(),
        magnitude: correlation_magnitude(&against(other), seed),
        signed: correlation(&against(other), seed),
    });
    let points: Vec<Point> = bars.iter().filter_map(point).collect();
    ControlResult {
        attribute: cuts.name.clone(),
        kept: false,
        classes: cuts.classes(),
        bars: bars.len(),
        correlation: correlation(&against(attribute), seed),
        exact: share(&near(cuts, attribute, bars, 0), seed),
        within_one: share(&near(cuts, attribute, bars, 1), seed),
        chance: [0, 1].map(|reach| chance(cuts.classes(), &points, reach)),
        leakage: leakage.collect(),
        points,
    }
}

/// Of each song the bars whose class is at most `reach` from the requested one, and all its bars.
fn near(cuts: &AttributeCuts, attribute: usize, bars: &[Bar], reach: u16) -> Vec<Count> {
    let songs = bars.chunk_by(|a, b| a.0 == b.0);
    let hit = |(_, asked, got): &&Bar| got[attribute].is_some_and(|got| cuts.class(got).abs_diff(*asked) <= reach);
    songs.map(|song| (song.iter().filter(hit).count(), song.len())).collect()
}

/// The share of bars that would be so near to a class drawn at random, given the classes that came
/// out.
fn chance(classes: usize, points: &[Point], reach: usize) -> f64 {
    let near = |point: &Point| (1..=classes).filter(|class| class.abs_diff(usize::from(point.class)) <= reach).count();
    points.iter().map(near).sum::<usize>() as f64 / (classes * points.len()).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_drawn_evenly() {
        let drawn = classes(&mut SeededRng::of(3, SECTION, 0), 8000, 8);
        for class in 1..=8 {
            let count = drawn.iter().filter(|it| **it == class).count();
            assert!((850..1150).contains(&count), "class {class}: {count}");
        }
        assert_eq!(drawn[..5], classes(&mut SeededRng::of(3, SECTION, 0), 5, 8));
        assert_eq!(classes(&mut SeededRng::of(3, SECTION, 0), 3, 1), [1, 1, 1]);
    }

    #[test]
    fn bars_are_tallied_by_song() {
        let cuts = AttributeCuts { name: "rhythm".into(), cuts: vec![0.25, 0.5, 0.75] };
        let bar = |song, asked, got| (song, asked, vec![Some(got)]);
        let bars = [bar(0, 1, 0.1), bar(0, 1, 0.3), bar(0, 4, 0.3), bar(2, 4, 0.9)];
        assert_eq!(near(&cuts, 0, &bars, 0), [(1, 3), (1, 1)]);
        assert_eq!(near(&cuts, 0, &bars, 1), [(2, 3), (1, 1)]);
        let asked = summarise(&[cuts], 0, &[0], &bars, 0);
        assert_eq!((asked.bars, asked.leakage.len(), asked.points[1].class), (4, 0, 2));
        assert_eq!(asked.exact.map(|it| it.value), Some(0.5));
    }

    #[test]
    fn chance_depends_on_what_came_out() {
        let points = |classes: &[u16]| -> Vec<Point> {
            classes.iter().map(|&class| Point { asked: 1, got: 0.0, class }).collect()
        };
        assert_eq!((chance(8, &points(&[1, 4]), 0), chance(8, &points(&[1, 4]), 1)), (0.125, 5.0 / 16.0));
        assert_eq!((chance(1, &points(&[1]), 1), chance(8, &[], 1)), (1.0, 0.0));
    }
}
