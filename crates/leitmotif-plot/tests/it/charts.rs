//! Charts, read back as XML, and as pixels.

use leitmotif_plot::{
    BarChart, BarGroup, Cloud, ForestPlot, HeatMap, LineChart, PlotError, Scale, Scatter, Series, SmallMultiples,
    Theme, svg_to_png, svg_to_png_themed,
};
use proptest::prelude::*;

fn small() -> LineChart {
    LineChart::new("Loss")
        .labels("steps", "nats")
        .size(200.0, 160.0)
        .series(Series::new("train", [(0.0, 3.0), (1.0, 2.0), (2.0, 1.0)]))
}

fn texts(svg: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(svg).unwrap();
    document.descendants().filter(|n| n.has_tag_name("text")).filter_map(|n| n.text()).map(str::to_owned).collect()
}

#[test]
fn a_small_chart_is_drawn_as_it_always_was() {
    // The golden file pins the format: pages and reports that embed charts rely on its classes and
    // sizes. After a wanted change, write it anew with LEITMOTIF_BLESS=1.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/small-line.svg");
    let drawn = small().to_svg(Theme::Auto);
    if std::env::var_os("LEITMOTIF_BLESS").is_some() {
        std::fs::write(path, &drawn).unwrap();
    }
    assert_eq!(drawn, std::fs::read_to_string(path).unwrap());
}

#[test]
fn missing_values_leave_gaps_not_lines() {
    let points = [(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 2.0), (4.0, f64::INFINITY), (5.0, 1.0)];
    let svg = LineChart::new("").series(Series::new("a", points)).to_svg(Theme::Light);
    let document = roxmltree::Document::parse(&svg).unwrap();
    let group = document.descendants().find(|n| n.has_tag_name("g")).unwrap();
    let drawn: Vec<_> = group.children().filter(|n| n.is_element()).collect();
    let path = drawn.iter().find(|n| n.has_tag_name("path")).unwrap().attribute("d").unwrap();
    assert_eq!(path.matches('M').count(), 1, "{path}");
    // The two lonely points become dots.
    assert_eq!(drawn.iter().filter(|n| n.has_tag_name("circle")).count(), 2);
}

#[test]
fn charts_without_data_note_it() {
    let nothing = [f64::NAN, f64::INFINITY];
    let charts = [
        LineChart::new("a").x_scale(Scale::Log).series(Series::new("s", [(0.0, 1.0)])).to_svg(Theme::Auto),
        BarChart::new("b").group(BarGroup::new("g", nothing)).to_svg(Theme::Auto),
        HeatMap::new("c", ["r"], ["c"], vec![vec![f64::NAN]]).to_svg(Theme::Auto),
        Scatter::new("d").cloud(Cloud::new("c", [(f64::NAN, 0.0)])).to_svg(Theme::Auto),
        ForestPlot::new("e").row("r", f64::NAN, None, "").to_svg(Theme::Auto),
        SmallMultiples::new("f").panel("p", [Series::new("s", [(f64::NAN, 0.0)])]).to_svg(Theme::Auto),
        SmallMultiples::new("g").to_svg(Theme::Auto),
    ];
    for svg in charts {
        assert!(texts(&svg).contains(&"no data".to_owned()), "{svg}");
    }
}

#[test]
fn bars_stand_on_zero() {
    let svg = BarChart::new("").group(BarGroup::new("g", [90.0, 100.0])).to_svg(Theme::Light);
    assert!(texts(&svg).contains(&"0".to_owned()) && !texts(&svg).iter().any(|text| text.starts_with('-')));
}

#[test]
fn panels_share_their_axes() {
    let panel = |chart: SmallMultiples, low: f64| chart.panel("p", [Series::new("s", [(0.0, low), (1.0, low + 1.0)])]);
    let svg = panel(panel(SmallMultiples::new(""), 0.0), 9.0).to_svg(Theme::Light);
    // Each panel has every label of the common axis; the legend names the series once.
    for label in ["0", "2", "10"] {
        assert!(texts(&svg).iter().filter(|text| *text == label).count() >= 2, "{label}");
    }
    assert_eq!(texts(&svg).iter().filter(|text| *text == "s").count(), 1);
}

#[test]
fn only_intervals_without_zero_are_drawn_full() {
    let inks = |interval| {
        let svg = ForestPlot::new("").row("r", 1.0, Some(interval), "").to_svg(Theme::Light);
        let document = roxmltree::Document::parse(&svg).unwrap();
        let dot = document.descendants().find(|n| n.has_tag_name("circle")).unwrap();
        dot.attribute("class").unwrap().to_owned()
    };
    assert_eq!(inks((0.5, 1.5)), "f-0");
    assert_eq!(inks((-0.5, 1.5)), "f-paper s-muted");
}

#[test]
fn outliers_of_a_saturating_map_leave_the_others_their_colours() {
    let map = |last: f64| {
        let values = vec![vec![1.0, 2.0, 3.0, 4.0], vec![2.0, 3.0, 4.0, last]];
        HeatMap::new("", ["a", "b"], ["c", "d", "e", "f"], values).unwritten()
    };
    let colours = |map: &HeatMap| -> Vec<String> {
        let svg = map.to_svg(Theme::Auto);
        svg.match_indices("fill=\"#").map(|(at, _)| svg[at + 6..at + 13].to_owned()).collect()
    };
    assert_eq!(colours(&map(400.0).saturating()), colours(&map(4.0)));
    assert_ne!(colours(&map(400.0)), colours(&map(4.0)));
    assert!(map(400.0).saturating().to_svg(Theme::Auto).contains("≥ 4"), "the colour bar says where it ends");
    let without = HeatMap::new("", ["a", "b"], ["c"], vec![vec![1.0], vec![2.0]]);
    assert_eq!(without.clone().saturating().to_svg(Theme::Auto), without.to_svg(Theme::Auto));
}

#[test]
fn a_marked_cell_has_a_frame() {
    let map = HeatMap::new("", ["a", "b"], ["c"], vec![vec![1.0], vec![2.0]]);
    let frames = |map: &HeatMap| map.to_svg(Theme::Light).matches("s-accent").count();
    let (without, with) = (frames(&map), frames(&map.clone().mark(1, 0).mark(7, 7)));
    assert!(without == 0 && with > 0, "{without} {with}");
}

/// The number of pixels of a PNG's header.
fn size(png: &[u8]) -> (u32, u32) {
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[test]
fn pictures_rasterise_at_any_scale_and_in_either_theme() {
    let auto = small().to_svg(Theme::Auto);
    let light = svg_to_png(&auto, 2.0).unwrap();
    assert_eq!(size(&light), (400, 320));
    assert_eq!(light, svg_to_png(&small().to_svg(Theme::Light), 2.0).unwrap());
    let dark = svg_to_png_themed(&auto, 2.0, Theme::Dark).unwrap();
    assert_eq!(dark, svg_to_png(&small().to_svg(Theme::Dark), 2.0).unwrap());
    assert_ne!(light, dark);
}

#[test]
fn what_cannot_be_rasterised_is_an_error() {
    let svg = small().to_svg(Theme::Light);
    assert!(matches!(svg_to_png("not a picture", 1.0), Err(PlotError::Svg(_))));
    assert!(matches!(svg_to_png(&svg, f32::NAN), Err(PlotError::Scale(_))));
    assert!(matches!(svg_to_png(&svg, -1.0), Err(PlotError::Scale(_))));
    assert!(matches!(svg_to_png(&svg, 1e9), Err(PlotError::TooLarge { .. })));
}

proptest! {
    #[test]
    fn any_data_gives_well_formed_charts(
        points in prop::collection::vec((any::<f64>(), any::<f64>()), 0..40),
        name in "\\PC*",
        log in any::<bool>(),
        width in any::<f64>(),
    ) {
        let scale = if log { Scale::Log } else { Scale::Linear };
        let band = points.iter().map(|&(x, y)| (x, y - 1.0, y + 1.0));
        let line = LineChart::new(name.clone()).subtitle(name.clone()).labels(name.clone(), name.clone()).size(width, width)
            .x_scale(scale).y_scale(scale)
            .series(Series::new(name.clone(), points.clone()).band(band).smoothed(0.9).dots())
            .mark(width, name.clone()).point(width, width, name.clone());
        let bars = BarChart::new(name.clone()).series([name.clone()]).size(width, 300.0)
            .group(BarGroup::new(name.clone(), points.iter().map(|p| p.0)).intervals(points.iter().map(|&p| Some(p))));
        let heat = HeatMap::new(name.clone(), [name.clone()], [name.clone()], vec![points.iter().map(|p| p.1).collect()]);
        let forest = points.iter().fold(ForestPlot::new(name.clone()).heading(name.clone()).width(width), |plot, &(x, y)| {
            plot.row(name.clone(), x, Some((y, x)), name.clone())
        });
        let series = [Series::new(name.clone(), points.clone())];
        let panels = SmallMultiples::new(name.clone()).panel(name.clone(), series.clone()).panel(name.clone(), series);
        let scatter = Scatter::new(name.clone()).scales(scale, scale).cloud(Cloud::new(name, points));
        for svg in [line.to_svg(Theme::Auto), bars.to_svg(Theme::Dark), heat.to_svg(Theme::Light), scatter.to_svg(Theme::Auto),
            forest.to_svg(Theme::Auto), panels.to_svg(Theme::Auto)] {
            prop_assert!(roxmltree::Document::parse(&svg).is_ok());
            for attribute in ["NaN\"", "inf\"", "=\"NaN", "=\"inf"] {
                prop_assert!(!svg.contains(attribute));
            }
        }
    }
}
