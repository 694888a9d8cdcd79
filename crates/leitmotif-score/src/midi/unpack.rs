//! MIDI files in gzip (RFC 1952).

use super::error::ReadError;
use super::limits::MAX_FILE_BYTES;
use super::report::{ReadReport, What};
use flate2::read::MultiGzDecoder;
use std::borrow::Cow;
use std::io::Read;

/// How gzip files with the only method there is begin.
const SIGNATURE: &[u8] = b"\x1f\x8b\x08";

/// The bytes of a MIDI file that may be in gzip. The limit on a file holds for what is unpacked,
/// too, and is tested as it comes. Of a damaged or cut stream everything before the damage is kept.
pub(super) fn unpack<'a>(bytes: &'a [u8], report: &mut ReadReport) -> Result<Cow<'a, [u8]>, ReadError> {
    let limited = |bytes: u64| match bytes {
        bytes if bytes > MAX_FILE_BYTES => Err(ReadError::TooLarge { bytes, limit: MAX_FILE_BYTES }),
        _ => Ok(()),
    };
    limited(bytes.len() as u64)?;
    if !bytes.starts_with(SIGNATURE) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut unpacked = Vec::new();
    let damage = MultiGzDecoder::new(bytes).take(MAX_FILE_BYTES + 1).read_to_end(&mut unpacked).err();
    limited(unpacked.len() as u64)?;
    report.add(What::Gzip, 1, None);
    if let Some(damage) = damage {
        if unpacked.is_empty() {
            return Err(ReadError::GzipDamaged { reason: damage.to_string() });
        }
        report.add(What::GzipDamaged, 1, None);
    }
    Ok(Cow::Owned(unpacked))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn other_bytes_stay() {
        let mut report = ReadReport::default();
        assert!(matches!(unpack(b"MThd", &mut report).unwrap(), Cow::Borrowed(b"MThd")));
        assert!(report.findings.is_empty());
    }

    #[test]
    fn members_follow_one_another() {
        let mut report = ReadReport::default();
        let bytes = [packed(b"MTh"), packed(b"d")].concat();
        assert_eq!(*unpack(&bytes, &mut report).unwrap(), *b"MThd");
        assert_eq!((report.count(What::Gzip), report.count(What::GzipDamaged)), (1, 0));
    }

    #[test]
    fn what_comes_before_damage_is_kept() {
        let noise: Vec<u8> = (0..9000u32).map(|it| (it.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let bytes = packed(&noise);
        let mut report = ReadReport::default();
        let unpacked = unpack(&bytes[..bytes.len() - 100], &mut report).unwrap();
        assert!(unpacked.len() > 1000 && noise.starts_with(&unpacked));
        assert_eq!(report.count(What::GzipDamaged), 1);
        assert!(matches!(unpack(&bytes[..12], &mut report), Err(ReadError::GzipDamaged { .. })));
    }

    #[test]
    fn the_limit_holds_for_what_is_unpacked() {
        let bytes = packed(&vec![0; MAX_FILE_BYTES as usize + 100]);
        assert!(bytes.len() < 100_000);
        let error = unpack(&bytes, &mut ReadReport::default()).unwrap_err();
        assert!(matches!(error, ReadError::TooLarge { bytes, .. } if bytes == MAX_FILE_BYTES + 1));
    }
}
