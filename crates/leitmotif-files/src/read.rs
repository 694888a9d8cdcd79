//! Reading input files: regular ones alone, and not beyond a limit.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Opens a regular file (or a link to one) for reading.
///
/// # Errors
/// Whatever opening reports. A folder, a pipe, a socket or a device is refused at once: opening a
/// named pipe that nobody writes to does not block.
pub fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        options.custom_flags(flags.bits().cast_signed());
    }
    let folder = || io::Error::new(ErrorKind::IsADirectory, "not a regular file, but a folder");
    let file = match options.open(path) {
        // Windows opens no folders.
        Err(_) if path.is_dir() => return Err(folder()),
        other => other?,
    };
    let kind = file.metadata()?.file_type();
    if kind.is_file() {
        Ok(file)
    } else if kind.is_dir() {
        Err(folder())
    } else {
        Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"))
    }
}

/// Reads a whole regular file of at most `limit` bytes.
///
/// # Errors
/// As [`open`], and [`ErrorKind::FileTooLarge`] for a longer file. The stated size is looked at
/// before anything is read, and the bytes are counted all the same, since a file may grow or (as
/// in `/proc`) state no size.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let too_large =
        |length: String| io::Error::new(ErrorKind::FileTooLarge, format!("{length}; at most {limit} are read"));
    let stated = file.metadata()?.len();
    if stated > limit {
        return Err(too_large(format!("{stated} bytes")));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(stated).unwrap_or(0));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(too_large(format!("more than {limit} bytes"))) } else { Ok(bytes) }
}

/// Reads a whole regular file of at most `limit` bytes of UTF-8. A byte order mark is left out.
///
/// # Errors
/// As [`read`], and [`ErrorKind::InvalidData`] for other bytes.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let text = String::from_utf8(read(path, limit)?)
        .map_err(|_| io::Error::new(ErrorKind::InvalidData, "not a text file in UTF-8"))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn whole_files_up_to_the_limit_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "\u{feff}abc").unwrap();
        assert_eq!(read(&path, 6).unwrap().len(), 6);
        assert_eq!(read_text(&path, 6).unwrap(), "abc");
        let error = read(&path, 5).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::FileTooLarge, "6 bytes; at most 5 are read")
        );
        std::fs::write(&path, [0xff]).unwrap();
        assert_eq!(read_text(&path, 5).unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(open(folder.path()).unwrap_err().kind(), ErrorKind::IsADirectory);
        assert_eq!(read(&folder.path().join("none"), 5).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn pipes_and_devices_are_refused_at_once_and_unstated_sizes_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.mid");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        for path in [pipe.as_path(), Path::new("/dev/zero"), Path::new("/dev/null")] {
            assert_eq!(open(path).unwrap_err().to_string(), "not a regular file", "{}", path.display());
        }
        let unstated = Path::new("/proc/self/status");
        assert_eq!(unstated.metadata().unwrap().len(), 0);
        assert_eq!(read(unstated, 9).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert!(read(unstated, 1 << 20).unwrap().starts_with(b"Name:"));
    }
}
