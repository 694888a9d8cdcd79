//! How wide text is, without a font engine: enough to lay out legends and margins.

/// Ubuntu where it is installed (and in PNGs, which bundle it), else the reader's sans-serif.
pub const FONT_FAMILY: &str = "Ubuntu, 'Helvetica Neue', Helvetica, Arial, sans-serif";

/// Advance widths of the characters from space to tilde in thousandths of the font size: the
/// larger of Ubuntu Light and Helvetica, so that estimates hold in browsers too.
const ADVANCES: [u16; 95] = [
    278, 278, 392, 653, 564, 889, 667, 240, 333, 333, 472, 584, 278, 333, 278, 359, 564, 564, 564, 564, 564, 564, 564,
    564, 564, 564, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 865,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 310, 359, 310, 564, 556, 376, 573, 583, 500, 583,
    556, 376, 573, 569, 237, 237, 500, 255, 863, 569, 582, 583, 583, 374, 500, 387, 569, 500, 775, 500, 500, 500, 334,
    262, 334, 584,
];

/// Advance of every other character: about right for accented letters, Greek and Cyrillic.
const OTHER_ADVANCE: u16 = 600;
/// Advance of wide characters (Chinese, Japanese, Korean, emoji).
const WIDE_ADVANCE: u16 = 1000;

/// The width in pixels of `text` set `size` pixels high; an estimate from above.
pub fn text_width(text: &str, size: f64) -> f64 {
    let thousandths: u64 = text.chars().map(|c| u64::from(advance(c))).sum();
    thousandths as f64 * size / 1000.0
}

fn advance(character: char) -> u16 {
    match character as u32 {
        code @ 0x20..=0x7e => ADVANCES[code as usize - 0x20],
        0x1100..=0x11ff | 0x2e80..=0xd7a3 | 0xf900..=0xfaff | 0xff00..=0xffef | 0x1f000..=0x3ffff => WIDE_ADVANCE,
        _ => OTHER_ADVANCE,
    }
}

/// `text`, shortened with an ellipsis where it would be wider than `width` pixels.
pub fn fit_text(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let room = width - text_width("…", size);
    let mut used = 0.0;
    let mut kept: String = text
        .chars()
        .take_while(|&c| {
            used += f64::from(advance(c)) * size / 1000.0;
            used <= room
        })
        .collect();
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_fits_is_left_alone() {
        assert_eq!(fit_text("Bass", 12.0, 100.0), "Bass");
    }

    #[test]
    fn long_text_ends_in_an_ellipsis_and_fits() {
        let shown = fit_text("A very long name for a very small part", 12.0, 80.0);
        assert!(shown.ends_with('…') && shown.len() > 5);
        assert!(text_width(&shown, 12.0) <= 80.0);
    }

    #[test]
    fn no_room_at_all_is_no_panic() {
        assert_eq!(fit_text("名前", 12.0, -5.0), "…");
    }
}
