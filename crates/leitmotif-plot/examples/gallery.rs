//! Draws one of every chart into a folder, as SVG and PNG: `cargo run --example gallery OUT`.

use leitmotif_plot::{BarChart, BarGroup, Cloud, HeatMap, LineChart, Scale, Scatter, Series, Theme, svg_to_png_themed};
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = std::env::args().nth(1).ok_or("usage: gallery OUT")?;
    let out = Path::new(&out);
    std::fs::create_dir_all(out)?;
    for (name, svg) in charts() {
        std::fs::write(out.join(format!("{name}.svg")), &svg)?;
        std::fs::write(out.join(format!("{name}-light.png")), svg_to_png_themed(&svg, 1.5, Theme::Light)?)?;
        std::fs::write(out.join(format!("{name}-dark.png")), svg_to_png_themed(&svg, 1.5, Theme::Dark)?)?;
    }
    Ok(())
}

fn charts() -> Vec<(&'static str, String)> {
    let theme = Theme::Auto;
    let wobble = |k: u32| f64::from(k.wrapping_mul(2_654_435_761) >> 20) / 4096.0 - 0.5;
    let fall = |step: f64, floor: f64| floor + 3.4 / (1.0 + step / 150.0).powf(0.7);
    let training = (1..=6000u32).map(|k| (f64::from(k), fall(f64::from(k), 2.1) + 0.5 * wobble(k)));
    let validation = (1..=24u32).map(|k| {
        let step = f64::from(k) * 250.0;
        (step, fall(step, 2.45) + (step / 9000.0).powi(2))
    });
    let learning = |scale| {
        LineChart::new("Learning curve")
            .subtitle("tiny preset, 231 songs of open-band, split by artist")
            .labels("steps", "loss (nats a note)")
            .x_scale(scale)
            .series(Series::new("training", training.clone()).smoothed(0.98))
            .series(Series::new("validation", validation.clone()).dots())
            .mark(3500.0, "best: 2.88 at step 3,500")
    };
    let arms = ["none", "memory", "memory + compressed"];
    let seeds = arms.iter().zip(0..).fold(
        LineChart::new("Does memory earn its keep?").labels("minutes", "validation loss (nats a note)"),
        |chart, (name, n)| {
            let centre = move |k: u32| 2.4 + 1.8 / (1.0 + f64::from(k)) - 0.12 * f64::from(n);
            let band = (0..=10u32).map(move |k| (f64::from(k), centre(k) - 0.06, centre(k) + 0.07));
            chart.series(Series::new(*name, (0..=10u32).map(move |k| (f64::from(k), centre(k)))).band(band))
        },
    );
    let bars = BarChart::new("Test loss by genre")
        .subtitle("mean and 95% bootstrap interval over songs")
        .labels("", "nats a note")
        .series(["Markov", "LSTM", "compressive transformer"])
        .group(BarGroup::new("metal", [3.9, 3.1, 2.7]).intervals([
            Some((3.7, 4.1)),
            Some((2.9, 3.3)),
            Some((2.5, 2.9)),
        ]))
        .group(BarGroup::new("band", [3.6, 3.0, 2.6]).intervals([Some((3.4, 3.8)), Some((2.9, 3.2)), None]))
        .group(BarGroup::new("ambient", [3.2, f64::NAN, 2.5]));
    let names = ["metal", "band", "ambient", "piano"];
    let cells =
        (0..4u32).map(|r| (0..4u32).map(|c| 2.4 + 0.3 * f64::from(r.abs_diff(c)) + 0.05 * f64::from(r)).collect());
    let heat = HeatMap::new("Trained on, tested on", names, names, cells.collect()).labels("tested on", "trained on");
    let cloud = |n: u32| (0..60u32).map(move |k| (wobble(k + 977 * n) + 0.4 * f64::from(n), wobble(3 * k + 31 * n)));
    let scatter = Scatter::new("Bars in latent space")
        .labels("first component", "second component")
        .cloud(Cloud::new("metal", cloud(1)))
        .cloud(Cloud::new("band", cloud(2)))
        .cloud(Cloud::new("ambient", cloud(3)));
    vec![
        ("learning", learning(Scale::Linear).to_svg(theme)),
        ("learning-log", learning(Scale::Log).to_svg(theme)),
        ("seeds", seeds.to_svg(theme)),
        ("bars", bars.to_svg(theme)),
        ("heat", heat.to_svg(theme)),
        ("scatter", scatter.to_svg(theme)),
        ("empty", LineChart::new("A run that has not begun").labels("steps", "loss").to_svg(theme)),
    ]
}
