//! The report's pictures.

use super::effects::Effect;
use super::gaps::Gap;
use super::statistics::{Difference, Unit};
use super::view::{Cell, View};
use crate::document::Figure;
use crate::words::{list, signed, signed_interval};
use crate::{CurvePoint, LevelFacts};
use leitmotif_plot::{ForestPlot, HeatMap, Series, SmallMultiples, Theme, text_width};

/// With at most so many rows the matrix shows every level, with more the mean over levels.
const MATRIX_ROWS: usize = 12;
/// No picture shows more differences: the tables have them all.
const MOST_DIFFERENCES: usize = 60;

fn figure(file: String, caption: String, draw: impl Fn(Theme) -> String) -> Figure {
    Figure { file, caption, svg: draw(Theme::Auto), light: draw(Theme::Light) }
}

/// `a-z`, `0-9` and hyphens: a file's name anywhere.
fn slug(name: &str) -> String {
    let kept = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    kept.take(40).collect()
}

/// Learning curves, a picture an arm, the levels of the first factor side by side.
pub fn curves(view: &View<'_>) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (number, arm) in view.results.arms.iter().enumerate() {
        let cells: Vec<&Cell<'_>> = view.cells.iter().filter(|cell| cell.arm == arm.name).collect();
        if cells
            .iter()
            .flat_map(|cell| &cell.runs)
            .all(|run| run.found.curves.train.is_empty() && run.found.curves.valid.is_empty())
        {
            continue;
        }
        let first = view.results.factors.first();
        let panels: Vec<(String, Vec<Series>)> = match first {
            Some(factor) => {
                let panel = |level: &LevelFacts| {
                    let of: Vec<_> =
                        cells.iter().filter(|cell| cell.levels.first() == Some(&level.name.as_str())).collect();
                    (format!("{} {}", factor.name, level.name), series(view, &of))
                };
                factor.levels.iter().map(panel).collect()
            }
            None => vec![(String::new(), series(view, &cells.iter().collect::<Vec<_>>()))],
        };
        let caption = format!(
            "Learning curves of {}: nats per token in training and validation over the steps of training, one line a run, not \
             smoothed; all panels have the same axes.",
            arm.name
        );
        let chart = SmallMultiples::new(format!("Trained on {}", arm.name)).labels("optimiser steps", "nats per token");
        let chart = panels.into_iter().fold(chart, |chart, (title, series)| chart.panel(title, series));
        figures
            .push(figure(format!("curves-{}-{}", number + 1, slug(&arm.name)), caption, |theme| chart.to_svg(theme)));
    }
    figures
}

/// Training and validation of each run; two colours for each combination of the factors after the
/// first.
fn series(view: &View<'_>, cells: &[&&Cell<'_>]) -> Vec<Series> {
    let mut others: Vec<Vec<&str>> =
        view.cells.iter().map(|cell| cell.levels.iter().skip(1).copied().collect()).collect();
    others.sort();
    others.dedup();
    let points = |points: &[CurvePoint]| points.iter().map(|it| (it.step as f64, it.per_event)).collect::<Vec<_>>();
    let mut series = Vec::new();
    for cell in cells {
        let other: Vec<&str> = cell.levels.iter().skip(1).copied().collect();
        let place = others.iter().position(|it| *it == other).unwrap_or(0);
        let named =
            view.results.factors.iter().skip(1).zip(&other).map(|(factor, level)| format!("{} {level}", factor.name));
        let named: Vec<String> = named.collect();
        let behind = if named.is_empty() { String::new() } else { format!(", {}", named.join(", ")) };
        for run in &cell.runs {
            let curves = &run.found.curves;
            series.push(Series::new(format!("training{behind}"), points(&curves.train)).colour(2 * place));
            series
                .push(Series::new(format!("validation{behind}"), points(&curves.valid)).colour(2 * place + 1).dashed());
        }
    }
    series
}

/// Nats per note of each test set under each arm's models.
pub fn matrix(view: &View<'_>) -> Option<Figure> {
    let tests = &view.results.tests;
    if view.cells.is_empty() || tests.is_empty() {
        return None;
    }
    let every_level = view.cells.len() <= MATRIX_ROWS;
    let mut rows: Vec<(String, &str, Vec<f64>)> = Vec::new();
    for arm in &view.results.arms {
        let cells: Vec<&Cell<'_>> = view.cells.iter().filter(|cell| cell.arm == arm.name).collect();
        let value = |cell: &Cell<'_>, test: &str| cell.test(test, Unit::Note).map_or(f64::NAN, |it| it.value);
        let values = |cell: &Cell<'_>| tests.iter().map(|test| value(cell, &test.name)).collect();
        if every_level {
            rows.extend(
                cells.iter().map(|cell| (view.briefly(&arm.name, &cell.levels), arm.name.as_str(), values(cell))),
            );
        } else if !cells.is_empty() {
            let mean = |test: &str| cells.iter().map(|cell| value(cell, test)).sum::<f64>() / cells.len() as f64;
            rows.push((arm.name.clone(), &arm.name, tests.iter().map(|test| mean(&test.name)).collect()));
        }
    }
    let names = rows.iter().map(|row| row.0.clone());
    let widest = |names: &mut dyn Iterator<Item = &str>| names.map(|name| text_width(name, 12.0)).fold(0.0, f64::max);
    let cell = widest(&mut tests.iter().map(|test| test.name.as_str())).max(74.0) + 16.0;
    let room = widest(&mut rows.iter().map(|row| row.0.as_str())) + 150.0;
    let size = (room + cell * tests.len() as f64, 140.0 + 36.0 * rows.len() as f64);
    let map = HeatMap::new(
        "Trained on, tested on",
        names,
        tests.iter().map(|test| test.name.clone()),
        rows.iter().map(|row| row.2.clone()).collect(),
    );
    let mut map = map
        .subtitle("nats per note, lower is better")
        .labels("tested on", "trained on")
        .saturating()
        .size(size.0.max(560.0), size.1.max(280.0));
    for (r, row) in rows.iter().enumerate() {
        for (c, _) in tests.iter().enumerate().filter(|(_, test)| view.is_home(row.1, &test.name)) {
            map = map.mark(r, c);
        }
    }
    let levels = match (view.results.factors.is_empty(), every_level) {
        (true, _) => "",
        (false, true) => " Levels that are not named are the first ones.",
        (false, false) => " Means over the levels of the factors.",
    };
    let caption = format!(
        "The generalisation matrix: nats per note of each test set (columns) under the models of each arm (rows). Framed: the \
         arm's own kind of music.{levels} Compare within a column."
    );
    Some(figure("matrix".into(), caption, |theme| map.to_svg(theme)))
}

/// The generalisation gaps over all levels.
pub fn gaps(gaps: &[Gap<'_>]) -> Option<Figure> {
    let all: Vec<&Gap<'_>> = gaps.iter().filter(|gap| gap.levels.is_none()).collect();
    let mut plot =
        ForestPlot::new("The generalisation gap").labels("nats per note beyond the home model (right: worse)");
    let mut before = None;
    for it in all.iter().take(MOST_DIFFERENCES) {
        if before != Some(it.test) {
            plot = plot.heading(format!("tested on {}, beside the model of {}", it.test, it.home));
            before = Some(it.test);
        }
        plot = row(plot, &format!("trained on {}", it.arm), &it.difference);
    }
    let caption = "What each test set costs the models of other arms beyond the model of its own kind of music: paired \
                   differences with 95 % intervals over songs. Hollow and grey: not distinguishable from 0.";
    let caption = left_out(caption, all.len());
    (!all.is_empty()).then(|| figure("gaps".into(), caption, |theme| plot.to_svg(theme)))
}

/// The effects of a factor over all arms.
pub fn effects(factor: &str, number: usize, effects: &[Effect<'_>]) -> Option<Figure> {
    let all: Vec<&Effect<'_>> = effects.iter().filter(|it| it.factor == factor && it.arm.is_none()).collect();
    let baseline = all.first()?.baseline;
    let mut plot = ForestPlot::new(format!("The effect of {factor}"))
        .labels(format!("nats per note beyond {factor} {baseline} (left: better)"));
    let mut before = None;
    for it in all.iter().take(MOST_DIFFERENCES) {
        if before != Some(it.level) {
            plot = plot.heading(format!("{factor} {} beside {baseline}", it.level));
            before = Some(it.level);
        }
        plot = row(plot, it.on.title(), &it.difference);
    }
    let levels: Vec<String> = {
        let mut levels: Vec<&str> = all.iter().map(|it| it.level).collect();
        levels.dedup();
        levels.into_iter().map(|level| format!("{factor} {level}")).collect()
    };
    let caption = format!(
        "The effect of {} beside {factor} {baseline}, over all arms: paired differences with 95 % intervals over songs. Hollow \
         and grey: not distinguishable from 0.",
        list(&levels)
    );
    let caption = left_out(&caption, all.len());
    Some(figure(format!("effects-{number}-{}", slug(factor)), caption, |theme| plot.to_svg(theme)))
}

fn row(plot: ForestPlot, label: &str, it: &Difference) -> ForestPlot {
    let interval = (it.songs > 1).then_some((it.estimate.low, it.estimate.high));
    let written = match interval {
        Some(_) => format!("{} ({})", signed(it.estimate.value), signed_interval(&it.estimate)),
        None => signed(it.estimate.value),
    };
    plot.row(label, it.estimate.value, interval, written)
}

fn left_out(caption: &str, shown: usize) -> String {
    match shown.saturating_sub(MOST_DIFFERENCES) {
        0 => caption.to_owned(),
        more => format!("{caption} {more} more stand in the table."),
    }
}
