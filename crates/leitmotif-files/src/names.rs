//! Names and paths that Windows gives a meaning of its own.

use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

/// Devices, whose names stand for them in every folder and with any ending.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
/// Devices that are numbered from 1 to 9, also with raised digits.
const NUMBERED: [&str; 2] = ["COM", "LPT"];
/// Longest path, in UTF-16 units, that programs on Windows can be expected to take as it is.
const MAX_PLAIN: usize = 240;

/// Why Windows can have no file or folder of this name; `None` if it can.
#[must_use]
pub fn refused_by_windows(name: &str) -> Option<&'static str> {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let is_numbered = |device: &&str| {
        let number = stem.strip_prefix(*device).map(|rest| rest.chars().collect::<Vec<_>>());
        number.is_some_and(|number| matches!(number[..], ['1'..='9' | '¹' | '²' | '³']))
    };
    if DEVICES.contains(&stem.as_str()) || NUMBERED.iter().any(is_numbered) {
        Some("the name of a device on Windows")
    } else if name.contains(|it: char| it.is_control() || r#"<>:"/\|?*"#.contains(it)) {
        Some("a name with a character that Windows does not allow")
    } else if name.ends_with(['.', ' ']) {
        Some("a name that ends in a dot or space, which Windows does not allow")
    } else {
        None
    }
}

/// Refuses paths that cannot be written, before work is done for them: on Windows, those with a
/// name that [`refused_by_windows`] refuses.
///
/// # Errors
/// [`ErrorKind::InvalidFilename`].
pub fn check_names(path: &Path) -> io::Result<()> {
    if !cfg!(windows) {
        return Ok(());
    }
    let names =
        path.components().filter_map(|part| if let Component::Normal(name) = part { name.to_str() } else { None });
    match names.filter_map(|name| Some((name, refused_by_windows(name)?))).next() {
        Some((name, reason)) => Err(io::Error::new(ErrorKind::InvalidFilename, format!("{name} is {reason}"))),
        None => Ok(()),
    }
}

/// A path without links, absolute, in a form to show and to store: Windows' own begins with `\\?\`,
/// which few other programs take.
///
/// # Errors
/// As [`std::fs::canonicalize`].
pub fn real_path(path: &Path) -> io::Result<PathBuf> {
    let real = std::fs::canonicalize(path)?;
    Ok(real.to_str().and_then(plain).map_or(real.clone(), PathBuf::from))
}

/// A path of Windows without the prefix that switches interpretation off, if it is the same path
/// so.
fn plain(path: &str) -> Option<String> {
    let rest = path.strip_prefix(r"\\?\")?;
    let plain = match rest.strip_prefix(r"UNC\") {
        Some(share) => format!(r"\\{share}"),
        None if rest.as_bytes().get(1..3) == Some(br":\") => rest.to_owned(),
        None => return None,
    };
    let mut names = rest.split('\\').skip(1).filter(|name| !name.is_empty());
    let is_same = plain.encode_utf16().count() <= MAX_PLAIN && names.all(|name| refused_by_windows(name).is_none());
    is_same.then_some(plain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_that_windows_keeps_for_itself() {
        for name in ["CON", "con", "aux.mid", "Nul.tar.gz", "com1", "LPT9.wav", "com².mid", "prn .mid", "CONIN$"] {
            assert_eq!(refused_by_windows(name), Some("the name of a device on Windows"), "{name}");
        }
        for name in ["a:b.mid", "what?", "a\\b", "a/b", "tab\t", "<x>", "\"x\"", "a|b", "*.mid"] {
            assert!(refused_by_windows(name).unwrap().contains("character"), "{name}");
        }
        assert!(["a.", "a ", "..."].iter().all(|name| refused_by_windows(name).unwrap().contains("ends")));
        for name in ["console.mid", "com0", "com10.mid", "com", "auxiliary", "a con.mid", "名前.mid", ".hidden", "a b"]
        {
            assert_eq!(refused_by_windows(name), None, "{name}");
        }
        assert_eq!(check_names(Path::new("songs/aux.mid")).is_err(), cfg!(windows));
        assert!(check_names(Path::new("../a/./b.mid")).is_ok() && check_names(&std::env::temp_dir()).is_ok());
    }

    #[test]
    fn real_paths_are_ones_that_people_know() {
        assert_eq!(plain(r"\\?\C:\music\a b.mid").as_deref(), Some(r"C:\music\a b.mid"));
        assert_eq!(plain(r"\\?\C:\").as_deref(), Some(r"C:\"));
        assert_eq!(plain(r"\\?\UNC\server\share\x").as_deref(), Some(r"\\server\share\x"));
        let long = format!(r"\\?\C:\{}", "long\\".repeat(60));
        for kept in [r"\\?\C:\music\aux.mid", r"\\?\C:\a.\b", r"\\?\Volume{1}\x", r"C:\a", "/home/a", &long] {
            assert_eq!(plain(kept), None, "{kept}");
        }
        let dir = tempfile::tempdir().unwrap();
        let real = real_path(dir.path()).unwrap();
        assert_eq!(std::fs::canonicalize(&real).unwrap(), std::fs::canonicalize(dir.path()).unwrap());
        assert!(real.is_absolute() && !real.to_str().unwrap().starts_with(r"\\?\"));
    }
}
