//! Draws one of every figure into a folder, as SVG and PNG: `figures FOLDER`.

use leitmotif_measures::{DimensionBars, PathScatter};
use leitmotif_plot::{Theme, svg_to_png_themed};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::path::PathBuf::from(std::env::args_os().nth(1).ok_or("usage: figures FOLDER")?);
    std::fs::create_dir_all(&folder)?;
    for (name, svg) in
        [("latent-space", latent_space()), ("asked-and-got", asked_and_got()), ("dimensions", dimensions())]
    {
        std::fs::write(folder.join(format!("{name}.svg")), &svg)?;
        for (theme, word) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
            std::fs::write(folder.join(format!("{name}-{word}.png")), svg_to_png_themed(&svg, 1.5, theme)?)?;
        }
    }
    Ok(())
}

/// Numbers from -0.5 to 0.5 that look drawn by chance, most near 0.
fn wobble(k: u32) -> f64 {
    let even = |k: u32| {
        let mixed = (k ^ k >> 15).wrapping_mul(0x85EB_CA6B);
        f64::from((mixed ^ mixed >> 13).wrapping_mul(0xC2B2_AE35) >> 12) / f64::from(1 << 20) - 0.5
    };
    (even(k + 1) + even(3 * k + 7) + even(7 * k + 11)) / 3.0
}

fn latent_space() -> String {
    let cloud = |n: u32, (x, y): (f64, f64)| {
        (0..150).map(move |k| (x + 3.2 * wobble(k + 977 * n), y + 2.4 * wobble(5 * k + 31 * n + 100_000)))
    };
    PathScatter::new("Songs in the latent space, and a way between two of them")
        .subtitle("450 test songs by genre; the path goes from 1 to 8 in equal steps")
        .labels("first principal component (31% of the variance)", "second principal component (12%)")
        .category("metal", cloud(1, (1.4, 0.5)))
        .category("band", cloud(2, (0.1, -0.5)))
        .category("ambient", cloud(3, (-1.2, 0.4)))
        .path("interpolation", (0..8).map(|k| f64::from(k) / 7.0).map(|t| (-1.5 + 3.1 * t, 0.5 - 1.4 * t * (1.0 - t))))
        .to_svg(Theme::Auto)
}

fn asked_and_got() -> String {
    let class = |k: u32| f64::from(k % 8);
    let points = |n: u32| {
        (0..200).map(move |k| {
            let got = (class(k) * 0.85 + 0.5 + 3.0 * wobble(k + 91 * n)).round().clamp(0.0, 7.0);
            (class(k) + 0.5 * wobble(k + 5000 * n), got + 0.5 * wobble(9 * k + 700 * n))
        })
    };
    PathScatter::new("Polyphony asked for, and got")
        .subtitle("400 bars; classes are jittered so that points do not cover one another")
        .labels("class asked for", "class got")
        .size(620.0, 560.0)
        .category("metal", points(1))
        .category("ambient", points(2))
        .identity("got what was asked for")
        .to_svg(Theme::Auto)
}

fn dimensions() -> String {
    const FREE_BITS: f64 = 0.25;
    let values: Vec<f64> =
        (0..128).map(|k| 0.18 + 2.6 * (-f64::from(k) / 26.0).exp() * (1.0 + 0.3 * wobble(k))).collect();
    let active = values.iter().filter(|&&value| value > FREE_BITS).count();
    DimensionBars::new("What each latent dimension carries", values)
        .subtitle(format!("mean over 500 validation songs; {active} of 128 dimensions are above the free bits"))
        .labels("dimension", "KL divergence (nats)")
        .reference("free bits: 0.25 nats", FREE_BITS)
        .to_svg(Theme::Auto)
}
