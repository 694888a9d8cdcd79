//! Files that are no MIDI files: what they are, and what to do with them.
//!
//! Signatures follow the formats' specifications (PKWARE's APPNOTE for ZIP, RFC 1952 for gzip, RIFF
//! and IFF, RFC 3533 for Ogg, the MIDI Association's M2-116 for clip files, and so on).

/// How much of the beginning of a text is looked at.
const MAX_TEXT_LOOKED_AT: usize = 4096;
/// Where a tar archive says that it is one.
const TAR_MAGIC_AT: usize = 257;
/// Where the name of the first file of a ZIP archive begins; its length is 4 bytes before.
const ZIP_NAME_AT: usize = 30;

/// A kind of file that is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Foreign {
    /// What it is, with its article.
    pub kind: &'static str,
    /// What makes music of it that can be read.
    pub remedy: &'static str,
}

const UNPACK: &str = "unpack it and read the files inside";
const TRANSCRIBE: &str = "it holds sound, not notes; a transcription program can make a MIDI file of it";
const DOWNLOAD: &str = "the download gave a page in place of the file; fetch the file itself";
const EXPORT: &str = "open it in the program that wrote it and export a Standard MIDI File (.mid)";
const SCORE_EDITOR: &str = "open it in a score editor (such as MuseScore) and export a Standard MIDI File (.mid)";
const CONVERT: &str = "convert it to a Standard MIDI File (.mid)";
const NOTES_ELSEWHERE: &str = "it holds no notes";

/// Where a signature stands, its bytes, and the kind of file and remedy that it means.
type Signature = (usize, &'static [u8], &'static str, &'static str);

/// Long enough not to be met by chance before the header of a MIDI file.
const SIGNATURES: &[Signature] = &[
    (0, b"\x1f\x8b\x08", "a gzip file", UNPACK),
    (0, b"PK\x05\x06", "an empty ZIP archive", UNPACK),
    (0, b"PK\x07\x08", "a ZIP archive", UNPACK),
    (0, b"BZh", "a bzip2 file", UNPACK),
    (0, b"\xFD7zXZ\0", "an xz file", UNPACK),
    (0, b"\x28\xB5\x2F\xFD", "a Zstandard file", UNPACK),
    (0, b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive", UNPACK),
    (0, b"Rar!\x1A\x07", "a RAR archive", UNPACK),
    (0, b"MSCF\0\0\0\0", "a cabinet archive", UNPACK),
    (2, b"-lh", "an LHA archive", UNPACK),
    (TAR_MAGIC_AT, b"ustar", "a tar archive", UNPACK),
    (0, b"SMF2CLIP", "a MIDI 2.0 clip file", "export a Standard MIDI File (.mid) from the program that wrote it"),
    (8, b"WAVE", "a WAVE sound file", TRANSCRIBE),
    (8, b"AIFF", "an AIFF sound file", TRANSCRIBE),
    (8, b"AIFC", "an AIFF sound file", TRANSCRIBE),
    (8, b"AVI ", "a video (AVI)", TRANSCRIBE),
    (8, b"sfbk", "a SoundFont", NOTES_ELSEWHERE),
    (8, b"XDIR", "an XMIDI file", CONVERT),
    (8, b"XMID", "an XMIDI file", CONVERT),
    (4, b"ftyp", "an MPEG-4 sound or video file", TRANSCRIBE),
    (0, b"OggS", "an Ogg sound file", TRANSCRIBE),
    (0, b"fLaC", "a FLAC sound file", TRANSCRIBE),
    (0, b"ID3", "an MP3 sound file", TRANSCRIBE),
    (0, b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", "a Windows Media file", TRANSCRIBE),
    (0, b".snd", "a sound file (AU)", TRANSCRIBE),
    (0, b"%PDF", "a PDF document", "a score in print must be set again, or recognised by a music scanner"),
    (0, b"\x89PNG", "a picture (PNG)", NOTES_ELSEWHERE),
    (0, b"\xFF\xD8\xFF", "a picture (JPEG)", NOTES_ELSEWHERE),
    (0, b"GIF8", "a picture (GIF)", NOTES_ELSEWHERE),
    (0, b"MUS\x1A", "a MUS file of the game Doom", CONVERT),
    (0, b"HMIMIDIP", "a game's HMI file", CONVERT),
    (0, b"HMI-MIDISONG", "a game's HMI file", CONVERT),
    (0, b"Extended Module:", "a tracker module (XM)", CONVERT),
    (0, b"IMPM", "a tracker module (IT)", CONVERT),
    (1, b"FICHIER GUITAR PRO", "a Guitar Pro file", EXPORT),
    (0, b"BCFZ", "a Guitar Pro file", EXPORT),
    (0, b"BCFS", "a Guitar Pro file", EXPORT),
    (0, b"ptab", "a Power Tab file", EXPORT),
    (1, b"SIBELIUS", "a Sibelius file", EXPORT),
];

/// Short signatures, which say nothing where a header follows.
const SHORT_SIGNATURES: &[Signature] = &[
    (0, b"\xFF\xFB", "an MP3 sound file", TRANSCRIBE),
    (0, b"\xFF\xFA", "an MP3 sound file", TRANSCRIBE),
    (0, b"\xFF\xF3", "an MP3 sound file", TRANSCRIBE),
    (0, b"\xFF\xF2", "an MP3 sound file", TRANSCRIBE),
    (0, b"\xF0", "a system exclusive dump (.syx)", NOTES_ELSEWHERE),
    (0, b"X:", "a tune in ABC notation", CONVERT),
    (0, b"%abc", "a tune in ABC notation", CONVERT),
    (0, b"\\version", "a LilyPond score", "compile it with a \\midi block in its score"),
];

/// Words in the first bytes of a text, compared in lower case.
const WORDS: &[(&[u8], &str, &str)] = &[
    (b"<score-partwise", "a MusicXML score", SCORE_EDITOR),
    (b"<score-timewise", "a MusicXML score", SCORE_EDITOR),
    (b"<musescore", "a MuseScore score", SCORE_EDITOR),
    (b"<html", "a web page (HTML)", DOWNLOAD),
    (b"<!doctype html", "a web page (HTML)", DOWNLOAD),
    (b"<head>", "a web page (HTML)", DOWNLOAD),
    (b"<?xml", "an XML document", EXPORT),
];

/// What `bytes` are, where their beginning says it beyond doubt.
pub(super) fn recognise(bytes: &[u8]) -> Option<Foreign> {
    zip(bytes).or_else(|| find(SIGNATURES, bytes)).or_else(|| text(bytes))
}

/// What `bytes` without a MIDI header may be.
pub(super) fn guess(bytes: &[u8]) -> Option<Foreign> {
    find(SHORT_SIGNATURES, bytes)
}

fn find(signatures: &[Signature], bytes: &[u8]) -> Option<Foreign> {
    let stands = |it: &&Signature| bytes.get(it.0..).is_some_and(|rest| rest.starts_with(it.1));
    signatures.iter().find(stands).map(|&(_, _, kind, remedy)| Foreign { kind, remedy })
}

fn zip(bytes: &[u8]) -> Option<Foreign> {
    if !bytes.starts_with(b"PK\x03\x04") {
        return None;
    }
    let length =
        bytes.get(ZIP_NAME_AT - 4..ZIP_NAME_AT - 2).map_or(0, |it| usize::from(it[0]) + 256 * usize::from(it[1]));
    let name = bytes.get(ZIP_NAME_AT..ZIP_NAME_AT + length).unwrap_or_default().to_ascii_lowercase();
    let head = &bytes[..bytes.len().min(MAX_TEXT_LOOKED_AT)];
    let says = |word: &[u8]| head.windows(word.len()).any(|it| it == word);
    Some(if says(b"vnd.recordare.musicxml") || name.starts_with(b"meta-inf/container.xml") {
        Foreign { kind: "a compressed MusicXML score", remedy: SCORE_EDITOR }
    } else if name.ends_with(b".mscx") {
        Foreign { kind: "a MuseScore score", remedy: SCORE_EDITOR }
    } else {
        Foreign { kind: "a ZIP archive", remedy: UNPACK }
    })
}

fn text(bytes: &[u8]) -> Option<Foreign> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    if !bytes.starts_with(b"<") {
        return None;
    }
    let head = bytes[..bytes.len().min(MAX_TEXT_LOOKED_AT)].to_ascii_lowercase();
    let says = |it: &&(&[u8], _, _)| head.windows(it.0.len()).any(|window| window == it.0);
    WORDS.iter().find(says).map(|&(_, kind, remedy)| Foreign { kind, remedy })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn kinds_are_told_by_their_beginnings() {
        let tar = [&b"song.mid"[..], &[0; TAR_MAGIC_AT - 8], b"ustar"].concat();
        for (bytes, kind) in [
            (&b"PK\x03\x04"[..], "a ZIP archive"),
            (b"PK\x05\x06\0\0", "an empty ZIP archive"),
            (&tar, "a tar archive"),
            (b"\x21\x00-lh5-", "an LHA archive"),
            (b"SMF2CLIP\0\0", "a MIDI 2.0 clip file"),
            (b"RIFF\x24\0\0\0WAVEfmt ", "a WAVE sound file"),
            (b"FORM\0\0\0\x0EXDIRINFO", "an XMIDI file"),
            (b"\0\0\0\x18ftypM4A ", "an MPEG-4 sound or video file"),
            (b"\xEF\xBB\xBF\r\n <!DOCTYPE HTML><title>", "a web page (HTML)"),
            (b"<?xml version=\"1.0\"?><!-- a --><score-partwise version=\"4.0\">", "a MusicXML score"),
            (b"<?xml version=\"1.0\"?><svg>", "an XML document"),
        ] {
            assert_eq!(recognise(bytes).unwrap().kind, kind);
        }
        assert_eq!(guess(b"\xFF\xFB\x90\x64").unwrap().kind, "an MP3 sound file");
    }

    #[test]
    fn scores_in_zip_archives_are_named() {
        let entry = |name: &[u8], contents: &[u8]| {
            let length = [name.len() as u8, 0, 0, 0];
            [&b"PK\x03\x04"[..], &[0; ZIP_NAME_AT - 8], &length, name, contents].concat()
        };
        let kind = |name: &[u8], contents: &[u8]| recognise(&entry(name, contents)).unwrap().kind;
        assert_eq!(kind(b"META-INF/container.xml", b""), "a compressed MusicXML score");
        assert_eq!(kind(b"mimetype", b"application/vnd.recordare.musicxml"), "a compressed MusicXML score");
        assert_eq!(kind(b"Song.mscx", b""), "a MuseScore score");
        assert_eq!(kind(b"song.mid", b"MThd"), "a ZIP archive");
    }

    #[test]
    fn other_bytes_are_nothing_known() {
        for bytes in [&b""[..], b"<", b"hello", b"RIFF\0\0\0\0RMIDdata", b"MThd\0\0\0\x06", b"\x1f\x8b"] {
            assert_eq!(recognise(bytes), None);
            assert_eq!(guess(bytes), None);
        }
    }
}
