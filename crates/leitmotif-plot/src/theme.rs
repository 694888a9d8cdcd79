//! What colours are for, and what they look like.
//!
//! Shapes are drawn in [`Ink`]s, written as CSS classes; the style sheet at the top of a picture
//! gives them colours. `Theme::Auto` carries both sheets, the dark one behind
//! `@media (prefers-color-scheme: dark)`, so one file suits both kinds of page. Rules are scoped
//! by the theme's class on the root element: several pictures may stand in one page.

use crate::palette::{SERIES_COLOURS, SERIES_DARK, SERIES_LIGHT};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Which paper a picture is drawn on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Theme {
    /// Dark ink on white paper.
    #[default]
    Light,
    /// Light ink on dark paper.
    Dark,
    /// Whichever the reader's system prefers; light where it does not say.
    Auto,
}

/// What a colour is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ink {
    /// The background.
    Paper,
    /// A faint fill that sets an area apart from the paper (black keys' rows, every second bar).
    Shade,
    /// Titles and names.
    Text,
    /// Labels of axes and ticks, notes in the margin.
    Muted,
    /// Fine grid lines.
    Grid,
    /// Grid lines that count (bar lines, the zero line).
    GridStrong,
    /// Something to look at: markers, highlighted regions.
    Accent,
    /// The n-th series; colours repeat after [`SERIES_COLOURS`].
    Series(usize),
}

impl Ink {
    fn canonical(self) -> Self {
        match self {
            Self::Series(n) => Self::Series(n % SERIES_COLOURS),
            other => other,
        }
    }

    fn name(self) -> String {
        match self.canonical() {
            Self::Paper => "paper".into(),
            Self::Shade => "shade".into(),
            Self::Text => "text".into(),
            Self::Muted => "muted".into(),
            Self::Grid => "grid".into(),
            Self::GridStrong => "bar".into(),
            Self::Accent => "accent".into(),
            Self::Series(n) => format!("{n}"),
        }
    }

    /// The colour of this ink on light or on dark paper, as `#rrggbb`.
    pub fn colour(self, dark: bool) -> &'static str {
        match (self.canonical(), dark) {
            (Self::Paper, false) => "#ffffff",
            (Self::Paper, true) => "#14171c",
            (Self::Shade, false) => "#f4f5f8",
            (Self::Shade, true) => "#1b1f26",
            (Self::Text, false) => "#1d2129",
            (Self::Text, true) => "#eceff4",
            (Self::Muted, false) => "#5b6270",
            (Self::Muted, true) => "#a3abb9",
            (Self::Grid, false) => "#e3e6ec",
            (Self::Grid, true) => "#2a303a",
            (Self::GridStrong, false) => "#b4bac6",
            (Self::GridStrong, true) => "#4c5563",
            (Self::Accent, false) => "#d1345b",
            (Self::Accent, true) => "#ff6b8b",
            (Self::Series(n), false) => SERIES_LIGHT[n],
            (Self::Series(n), true) => SERIES_DARK[n],
        }
    }
}

/// Which property of a shape an ink colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    Fill,
    Stroke,
}

/// The CSS class that puts `ink` on `channel`.
pub(crate) fn class(channel: Channel, ink: Ink) -> String {
    match channel {
        Channel::Fill => format!("f-{}", ink.name()),
        Channel::Stroke => format!("s-{}", ink.name()),
    }
}

/// Opens the dark half of an automatic style sheet; see `force_dark`.
const DARK_QUERY: &str = "@media (prefers-color-scheme:dark){";

impl Theme {
    /// The class of the root element.
    pub(crate) fn scope(self) -> &'static str {
        match self {
            Self::Light => "lm-light",
            Self::Dark => "lm-dark",
            Self::Auto => "lm-auto",
        }
    }

    /// The style sheet for the inks that a picture uses.
    pub(crate) fn style_sheet(self, used: &BTreeSet<(Channel, Ink)>) -> String {
        let rules = |dark: bool| {
            let mut sheet = String::new();
            for &(channel, ink) in used {
                let property = match channel {
                    Channel::Fill => "fill",
                    Channel::Stroke => "stroke",
                };
                let (scope, class) = (self.scope(), class(channel, ink));
                let _ = write!(sheet, ".{scope} .{class}{{{property}:{}}}", ink.colour(dark));
            }
            sheet
        };
        match self {
            Self::Light => rules(false),
            Self::Dark => rules(true),
            Self::Auto => format!("{}{DARK_QUERY}{}}}", rules(false), rules(true)),
        }
    }
}

/// Turns an automatic picture of ours into its dark form, by lifting the dark rules out of their
/// media query: they come last, so they win. Any other picture is returned as it is.
#[cfg(any(feature = "png", test))]
pub(crate) fn force_dark(svg: &str) -> String {
    svg.replacen(DARK_QUERY, "", 1).replacen("}}</style>", "}</style>", 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn used() -> BTreeSet<(Channel, Ink)> {
        [(Channel::Fill, Ink::Text), (Channel::Stroke, Ink::Series(1))].into()
    }

    #[test]
    fn a_fixed_theme_does_not_depend_on_the_reader() {
        let light = Theme::Light.style_sheet(&used());
        assert!(!light.contains('@') && light.contains(Ink::Text.colour(false)));
        let dark = Theme::Dark.style_sheet(&used());
        assert!(!dark.contains('@') && dark.contains(Ink::Text.colour(true)));
    }

    #[test]
    fn the_automatic_sheet_holds_both_and_can_be_forced_dark() {
        let sheet = Theme::Auto.style_sheet(&used());
        assert!(sheet.contains(Ink::Text.colour(false)) && sheet.contains(Ink::Text.colour(true)));
        let dark = force_dark(&format!("<style>{sheet}</style>"));
        assert!(!dark.contains('@'));
        assert_eq!(dark.matches('{').count(), dark.matches('}').count());
        assert!(dark.rfind(Ink::Text.colour(true)) > dark.rfind(Ink::Text.colour(false)));
    }

    #[test]
    fn series_repeat_instead_of_running_out() {
        assert_eq!(Ink::Series(SERIES_COLOURS + 2).colour(false), Ink::Series(2).colour(false));
    }
}
