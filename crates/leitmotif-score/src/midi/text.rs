//! Texts of files, which name no encoding.

use super::limits::MAX_TEXT_BYTES;
use super::report::{ReadReport, What};

/// Windows-1252 for the bytes 0x80 to 0x9F; the unassigned five stay control characters (WHATWG
/// Encoding Standard).
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

/// `bytes` as UTF-8, else as Windows-1252, without the zeros some programs put at the end.
pub(super) fn decode(bytes: &[u8], at: usize, report: &mut ReadReport) -> String {
    let mut bytes = bytes;
    while let [rest @ .., 0] = bytes {
        bytes = rest;
    }
    if bytes.len() > MAX_TEXT_BYTES {
        report.add(What::TextCut, 1, Some(at));
        bytes = &bytes[..cut(bytes)];
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            report.add(What::TextNotUtf8, 1, Some(at));
            let letter = |&byte: &u8| match byte {
                0x80..=0x9F => WINDOWS_1252[usize::from(byte - 0x80)],
                _ => char::from(byte),
            };
            bytes.iter().map(letter).collect()
        }
    }
}

/// How many of `bytes` to keep so that a UTF-8 letter is not cut in two.
pub(super) fn cut(bytes: &[u8]) -> usize {
    let mut end = MAX_TEXT_BYTES.min(bytes.len());
    while end > 0 && end < bytes.len() && end + 4 > MAX_TEXT_BYTES && bytes[end] & 0xC0 == 0x80 {
        end -= 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_else_windows() {
        let mut report = ReadReport::default();
        assert_eq!(decode("Füße\0\0".as_bytes(), 0, &mut report), "Füße");
        assert!(report.findings.is_empty());
        assert_eq!(decode(b"F\xFC\xDFe \x80\x99", 7, &mut report), "Füße €™");
        assert_eq!(report.findings[0].bytes, [7]);
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        let mut report = ReadReport::default();
        let text = format!("a{}", "ü".repeat(MAX_TEXT_BYTES));
        let cut = decode(text.as_bytes(), 0, &mut report);
        assert_eq!(cut.len(), MAX_TEXT_BYTES - 1);
        assert_eq!((report.count(What::TextCut), report.count(What::TextNotUtf8)), (1, 0));
    }
}
