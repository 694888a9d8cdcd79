//! From SVG to PNG, with a font of our own.
//!
//! The font is Ubuntu Light from the `epaint_default_fonts` crate (Ubuntu Font Licence 1.0, which
//! allows bundling); nothing is read from the system, so every machine draws the same pixels.

use crate::theme::{Theme, force_dark};
use resvg::{tiny_skia, usvg};
use std::sync::{Arc, OnceLock};

/// No picture larger than this is rasterised (four bytes a pixel: 400 MB).
pub const MAX_PIXELS: u64 = 100_000_000;

/// Why a picture could not be rasterised.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The text is not an SVG document.
    #[error("the picture is not valid SVG: {0}")]
    Svg(String),
    /// The scale is not a positive, finite number.
    #[error("a picture cannot be scaled by {0}")]
    Scale(f32),
    /// The result would have more than [`MAX_PIXELS`] pixels.
    #[error("a picture of {width} by {height} pixels is too large (at most {MAX_PIXELS} pixels)")]
    TooLarge {
        /// Width in pixels.
        width: u64,
        /// Height in pixels.
        height: u64,
    },
    /// The pixels could not be encoded.
    #[error("the PNG could not be encoded: {0}")]
    Encode(String),
}

/// Rasterises a picture, `scale` pixels to its unit. A picture of the automatic theme is drawn
/// light.
///
/// # Errors
/// Where the text is not SVG, the scale is senseless, or the result would be too large.
pub fn svg_to_png(svg: &str, scale: f32) -> Result<Vec<u8>, PlotError> {
    svg_to_png_themed(svg, scale, Theme::Light)
}

/// As [`svg_to_png`]; a picture of the automatic theme is drawn in `theme`. Pictures of a fixed
/// theme stay as they are.
///
/// # Errors
/// As [`svg_to_png`].
pub fn svg_to_png_themed(svg: &str, scale: f32, theme: Theme) -> Result<Vec<u8>, PlotError> {
    if !(scale.is_finite() && scale > 0.0) {
        return Err(PlotError::Scale(scale));
    }
    let dark;
    let svg = if theme == Theme::Dark {
        dark = force_dark(svg);
        &dark
    } else {
        svg
    };
    let options = usvg::Options { fontdb: fonts(), font_family: FAMILY.to_owned(), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| PlotError::Svg(error.to_string()))?;
    let pixels = |length: f32| (f64::from(length) * f64::from(scale)).ceil().max(1.0) as u64;
    let (width, height) = (pixels(tree.size().width()), pixels(tree.size().height()));
    let too_large = PlotError::TooLarge { width, height };
    if width.saturating_mul(height) > MAX_PIXELS {
        return Err(too_large);
    }
    let (Ok(w), Ok(h)) = (u32::try_from(width), u32::try_from(height)) else { return Err(too_large) };
    let Some(mut pixmap) = tiny_skia::Pixmap::new(w, h) else { return Err(too_large) };
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| PlotError::Encode(error.to_string()))
}

/// The family that stands in for every other one.
const FAMILY: &str = "Ubuntu";

fn fonts() -> Arc<usvg::fontdb::Database> {
    static FONTS: OnceLock<Arc<usvg::fontdb::Database>> = OnceLock::new();
    FONTS
        .get_or_init(|| {
            let mut fonts = usvg::fontdb::Database::new();
            fonts.load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
            fonts.set_sans_serif_family(FAMILY);
            fonts.set_serif_family(FAMILY);
            fonts.set_monospace_family(FAMILY);
            Arc::new(fonts)
        })
        .clone()
}
