//! WAV files: RIFF/WAVE with PCM samples, written beside their place and renamed when complete.

use super::SoundError;
use super::audio::Audio;
use leitmotif_files::NewFile;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Bits a sample.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BitDepth {
    /// 16 bits, as on a CD.
    #[default]
    Sixteen,
    /// 24 bits, for work in a studio.
    TwentyFour,
}

impl BitDepth {
    fn bytes(self) -> u16 {
        match self {
            Self::Sixteen => 2,
            Self::TwentyFour => 3,
        }
    }
}

/// Bytes before the first sample.
const HEADER: u64 = 44;
const CHANNELS: u16 = 2;

/// Writes sound to a WAV file: rounded to the nearest value, no dither. The file appears complete
/// or not at all.
///
/// # Errors
/// Where the file cannot be written, or would exceed the format's 4 GiB.
pub fn write_wav(path: impl AsRef<Path>, audio: &Audio, depth: BitDepth) -> Result<(), SoundError> {
    let path = path.as_ref();
    let write = || -> std::io::Result<()> {
        let length = audio.left.len().min(audio.right.len());
        let mut wav = WavFile::create(path, audio.sample_rate, length as u64, depth)?;
        for (&left, &right) in audio.left.iter().zip(&audio.right) {
            wav.frame(left, right)?;
        }
        wav.finish()
    };
    write().map_err(|source| SoundError::File { path: path.to_owned(), source })
}

/// The folder a file lies in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A WAV file being written.
pub(super) struct WavFile {
    out: BufWriter<NewFile>,
    depth: BitDepth,
}

impl WavFile {
    /// A file that will hold `frames` frames.
    pub fn create(path: &Path, sample_rate: u32, frames: u64, depth: BitDepth) -> std::io::Result<Self> {
        let frame = u64::from(CHANNELS * depth.bytes());
        let data = u32::try_from(frames.saturating_mul(frame).saturating_add(HEADER))
            .map_err(|_| std::io::Error::other("longer than a WAV file can be"))?
            - HEADER as u32;
        let mut out = BufWriter::with_capacity(1 << 16, NewFile::create(path)?);
        let bits = depth.bytes() * 8;
        out.write_all(b"RIFF")?;
        out.write_all(&(data + HEADER as u32 - 8).to_le_bytes())?;
        out.write_all(b"WAVEfmt ")?;
        out.write_all(&16u32.to_le_bytes())?;
        out.write_all(&1u16.to_le_bytes())?;
        out.write_all(&CHANNELS.to_le_bytes())?;
        out.write_all(&sample_rate.to_le_bytes())?;
        out.write_all(&(sample_rate * frame as u32).to_le_bytes())?;
        out.write_all(&(frame as u16).to_le_bytes())?;
        out.write_all(&bits.to_le_bytes())?;
        out.write_all(b"data")?;
        out.write_all(&data.to_le_bytes())?;
        Ok(Self { out, depth })
    }

    /// Writes one frame; values beyond -1 to 1 are clamped.
    pub fn frame(&mut self, left: f32, right: f32) -> std::io::Result<()> {
        for value in [left, right] {
            let value = f64::from(if value.is_nan() { 0.0 } else { value.clamp(-1.0, 1.0) });
            match self.depth {
                BitDepth::Sixteen => self.out.write_all(&((value * 32_767.0).round() as i16).to_le_bytes())?,
                BitDepth::TwentyFour => {
                    let bytes = ((value * 8_388_607.0).round() as i32).to_le_bytes();
                    self.out.write_all(&bytes[..3])?;
                }
            }
        }
        Ok(())
    }

    /// Brings the file to its place.
    pub fn finish(self) -> std::io::Result<()> {
        self.out.into_inner().map_err(std::io::IntoInnerError::into_error)?.commit()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn audio() -> Audio {
        Audio { sample_rate: 44_100, left: vec![0.0, 1.0, -1.0], right: vec![0.5, -0.5, f32::NAN] }
    }

    #[test]
    fn sixteen_bits_are_written_as_the_format_specifies() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        write_wav(&path, &audio(), BitDepth::Sixteen).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes.len(), 44 + 12);
        assert_eq!(&bytes[..4], b"RIFF");
        assert_eq!(u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize, bytes.len() - 8);
        assert_eq!(u32::from_le_bytes(bytes[40..44].try_into().unwrap()), 12);
        let samples: Vec<i16> = bytes[44..].chunks(2).map(|b| i16::from_le_bytes(b.try_into().unwrap())).collect();
        assert_eq!(samples, [0, 16_384, 32_767, -16_384, -32_767, 0]);
    }

    #[test]
    fn twenty_four_bits_are_three_bytes_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        std::fs::write(&path, b"old").unwrap();
        write_wav(&path, &audio(), BitDepth::TwentyFour).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes.len(), 44 + 18);
        assert_eq!(&bytes[50..53], &[0xff, 0xff, 0x7f]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_missing_is_an_error_with_the_files_name() {
        let error = write_wav("/nonexistent-folder/a.wav", &audio(), BitDepth::Sixteen).unwrap_err();
        assert!(error.to_string().contains("a.wav"));
    }
}
