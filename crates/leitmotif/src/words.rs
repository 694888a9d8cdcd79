//! Numbers and lists as people read them.

/// `12,345`.
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `12,345 songs`, `1 song`.
pub fn counted(number: usize, one: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {one}{ending}", count(number))
}

/// `1:02:03`, `2:03`; seconds rounded up, so that nothing is said to take no time.
pub fn clock(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "?".into();
    }
    let seconds = seconds.max(0.0).ceil() as u64;
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{rest:02}") } else { format!("{minutes}:{rest:02}") }
}

/// `3.2 MB`.
pub fn bytes(bytes: u64) -> String {
    let value = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", value / 1e6),
        _ => format!("{:.1} GB", value / 1e9),
    }
}

/// Lines of aligned columns: the first to the left, the others to the right, two spaces between.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|it| it.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let padding = " ".repeat(width - cell.chars().count());
            if column == 0 { format!("{cell}{padding}") } else { format!("{padding}{cell}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A row of a [`table`].
pub fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

/// A word of a command line as this system's shell needs it.
pub fn shell(word: &str) -> String {
    quoted(word, cfg!(windows))
}

/// A word as shells of Unix need it, or (in `cmd` and PowerShell alike) those of Windows.
fn quoted(word: &str, for_windows: bool) -> String {
    let plain: &[u8] = if for_windows { br"-_./\=:+" } else { b"-_./=:,@%+" };
    if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || plain.contains(&byte)) {
        word.to_owned()
    } else if for_windows {
        format!("\"{}\"", word.replace('"', r#"\""#))
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times() {
        assert_eq!([0, 999, 1000, 1234567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.0, 59.2, 61.0, 3723.0].map(clock), ["0:00", "1:00", "1:01", "1:02:03"]);
        assert_eq!(clock(f64::NAN), "?");
        assert_eq!([12, 1_500, 2_340_000].map(bytes), ["12 bytes", "1.5 kB", "2.3 MB"]);
        assert_eq!([counted(1, "song"), counted(2, "song")], ["1 song", "2 songs"]);
    }

    #[test]
    fn tables_are_aligned() {
        let rows = [row(["a", "notes"]), row(["longer", "5"])];
        assert_eq!(table(&rows), "a       notes\nlonger      5");
    }

    #[test]
    fn words_for_a_shell() {
        assert_eq!(quoted("a/b-c.mid", false), "a/b-c.mid");
        assert_eq!(quoted("it's", false), r"'it'\''s'");
        assert_eq!(quoted(r"a\b", false), r"'a\b'");
        assert_eq!(quoted("", false), "''");
        assert_eq!(quoted(r"C:\my\run-1", true), r"C:\my\run-1");
        assert_eq!(quoted("it's mine", true), "\"it's mine\"");
        assert_eq!(quoted("", true), "\"\"");
    }
}
