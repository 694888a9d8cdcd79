//! Texts of files, which name no encoding.
//!
//! What is no UTF-8 was written by a program of another time: a file's texts are in one encoding,
//! which all of them together tell better than each alone. A code set named as the MIDI
//! Association's RP-026 asks (`{@JP}`, `{@LATIN}`) is believed; otherwise the encoding is detected.
//! A few letters tell Japanese, Chinese and Korean from Western European languages, but not these
//! from others with an alphabet: for those more letters are needed, else it is Windows-1252.

use super::event::{Event, Kind};
use super::limits::MAX_TEXT_BYTES;
use super::report::{ReadReport, What};
use chardetng::EncodingDetector;
use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GBK, SHIFT_JIS, WINDOWS_1252};

/// The most bytes that are looked at to detect the encoding.
const MAX_BYTES_LOOKED_AT: usize = 64 << 10;
/// How many letters beyond ASCII tell an alphabet from that of Windows-1252.
const ENOUGH_LETTERS: usize = 8;
/// The code sets of RP-026.
const CODE_SETS: [(&[u8], &Encoding); 2] = [(b"{@JP", SHIFT_JIS), (b"{@LATIN", WINDOWS_1252)];

/// How the texts of a file are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Texts {
    /// Of texts that are not in UTF-8.
    encoding: &'static Encoding,
}

impl Texts {
    /// Of the file with these events.
    pub fn of(events: &[Event<'_>]) -> Self {
        Self::detect(events.iter().filter_map(|event| match event.kind {
            Kind::Text(_, text) => Some(text),
            _ => None,
        }))
    }

    fn detect<'a>(texts: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        let named = |text: &[u8]| CODE_SETS.iter().find(|set| text.starts_with(set.0)).map(|set| set.1);
        if let Some(encoding) = texts.clone().find_map(named) {
            return Self { encoding };
        }
        let mut detector = EncodingDetector::new();
        let (mut bytes, mut letters) = (0, 0);
        for text in texts.filter(|text| std::str::from_utf8(text).is_err()) {
            let text = &text[..text.len().min(MAX_BYTES_LOOKED_AT - bytes)];
            detector.feed(text, false);
            detector.feed(b"\n", false);
            bytes += text.len();
            letters += text.iter().filter(|byte| !byte.is_ascii()).count();
            if bytes == MAX_BYTES_LOOKED_AT {
                break;
            }
        }
        if letters == 0 {
            return Self { encoding: WINDOWS_1252 };
        }
        detector.feed(b"", true);
        let encoding = detector.guess(None, false);
        let ideographic = [SHIFT_JIS, EUC_JP, GBK, BIG5, EUC_KR].contains(&encoding);
        Self { encoding: if ideographic || letters >= ENOUGH_LETTERS { encoding } else { WINDOWS_1252 } }
    }

    /// The text in `bytes`, without the zeros some programs put at the end.
    pub fn decode(self, bytes: &[u8], at: usize, report: &mut ReadReport) -> String {
        let mut bytes = bytes;
        while let [rest @ .., 0] = bytes {
            bytes = rest;
        }
        if bytes.len() > MAX_TEXT_BYTES {
            report.add(What::TextCut, 1, Some(at));
            bytes = &bytes[..cut(bytes)];
        }
        if let Ok(text) = std::str::from_utf8(bytes) {
            return text.to_owned();
        }
        let read = self.encoding.decode_without_bom_handling_and_without_replacement(bytes);
        let what = match &read {
            Some(_) if self.encoding == SHIFT_JIS => What::TextShiftJis,
            Some(_) if self.encoding != WINDOWS_1252 => What::TextOtherEncoding,
            _ => What::TextNotUtf8,
        };
        report.add(what, 1, Some(at));
        read.unwrap_or_else(|| WINDOWS_1252.decode_without_bom_handling(bytes).0).into_owned()
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
    use encoding_rs::{KOI8_U, WINDOWS_1250, WINDOWS_1251};

    /// The texts as they are read, with what is reported of the last.
    fn read(texts: &[&[u8]]) -> (Vec<String>, Option<What>) {
        let file = Texts::detect(texts.iter().copied());
        let mut report = ReadReport::default();
        let read = texts.iter().map(|text| file.decode(text, 7, &mut report)).collect();
        (read, report.findings.last().map(|finding| finding.what))
    }

    #[test]
    fn utf8_else_windows() {
        assert_eq!(read(&["Füße\0\0".as_bytes()]), (vec!["Füße".to_owned()], None));
        for (text, expected) in [
            (&b"F\xFC\xDFe \x80\x99"[..], "Füße €™"),
            (b"F\xFCr", "Für"),
            (b"Sp\xE5r 1", "Spår 1"),
            (b"Cordes d\xE9but", "Cordes début"),
            (b"Synth\xE9' 2", "Synthé' 2"),
            (b"\xA9 1996", "© 1996"),
            (b"Viol\xF3n", "Violón"),
            (b"Fl\xF6te", "Flöte"),
        ] {
            assert_eq!(read(&[text]), (vec![expected.to_owned()], Some(What::TextNotUtf8)), "{expected}");
        }
    }

    #[test]
    fn short_japanese_names_are_japanese() {
        for name in ["ピアノ", "ギター", "魔王魂 村02c", "戦闘終了4", "ドラム", "メロディー 1"] {
            let bytes = SHIFT_JIS.encode(name).0;
            assert_eq!(
                read(&[b"Bass", &bytes]),
                (vec!["Bass".into(), name.into()], Some(What::TextShiftJis)),
                "{name}"
            );
        }
    }

    #[test]
    fn the_texts_of_a_file_tell_its_encoding_together() {
        for (encoding, texts) in [
            (WINDOWS_1251, ["Соло гитара", "Ударные", "Бас"]),
            (KOI8_U, ["Соло гитара", "Ударные", "Бас"]),
            (WINDOWS_1250, ["Skrzypce pierwsze: część główna", "Żałobny marsz", "Wiolonczela i głos"]),
            (EUC_KR, ["피아노 반주", "노래", "드럼"]),
            (GBK, ["钢琴伴奏", "吉他", "月亮代表我的心"]),
        ] {
            let bytes = texts.map(|text| encoding.encode(text).0);
            let (read, what) = read(&bytes.each_ref().map(|text| text.as_ref()));
            assert_eq!((read, what), (texts.map(str::to_owned).to_vec(), Some(What::TextOtherEncoding)));
        }
    }

    #[test]
    fn a_code_set_that_is_named_is_believed() {
        let japanese = SHIFT_JIS.encode("あ").0;
        assert_eq!(read(&[b"{@LATIN}", &japanese]).1, Some(What::TextNotUtf8));
        assert_eq!(read(&[b"{@JP}", b"Sp\xE5r 1"]).0[1], SHIFT_JIS.decode(b"Sp\xE5r 1").0);
        // A text that is not in it is read as Windows-1252.
        assert_eq!(read(&[b"{@JP}", b"\xFF\xFE"]), (vec!["{@JP}".into(), "ÿþ".into()], Some(What::TextNotUtf8)));
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        let mut report = ReadReport::default();
        let text = format!("a{}", "ü".repeat(MAX_TEXT_BYTES));
        let cut = Texts::of(&[]).decode(text.as_bytes(), 0, &mut report);
        assert_eq!(cut.len(), MAX_TEXT_BYTES - 1);
        assert_eq!((report.count(What::TextCut), report.count(What::TextNotUtf8)), (1, 0));
    }
}
