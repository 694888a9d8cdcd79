//! Numbers and lists in the form that a report shows.

use leitmotif_train::Estimate;

/// What stands where there is no number.
pub const NONE: &str = "–";
/// The minus sign that is as wide as a plus.
const MINUS: char = '\u{2212}';

/// With so many decimals; a dash where it is not finite.
pub fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let shown = format!("{value:.decimals$}");
    let is_zero = shown.chars().all(|it| matches!(it, '-' | '0' | '.'));
    match shown.strip_prefix('-') {
        Some(rest) if is_zero => rest.to_owned(),
        Some(rest) => format!("{MINUS}{rest}"),
        None => shown,
    }
}

/// Nats: three decimals.
pub fn nats(value: f64) -> String {
    fixed(value, 3)
}

/// With its sign, three decimals.
pub fn signed(value: f64) -> String {
    let shown = nats(value);
    let is_zero = shown.chars().all(|it| matches!(it, '0' | '.'));
    if value > 0.0 && value.is_finite() && !is_zero { format!("+{shown}") } else { shown }
}

/// `2.301 to 2.389`.
pub fn interval(it: &Estimate) -> String {
    format!("{} to {}", nats(it.low), nats(it.high))
}

/// `+0.301 to +0.389`.
pub fn signed_interval(it: &Estimate) -> String {
    format!("{} to {}", signed(it.low), signed(it.high))
}

/// Three significant digits or so: for measures whose size is not known.
pub fn sensible(value: f64) -> String {
    match value.abs() {
        size if !size.is_finite() => NONE.to_owned(),
        0.0 => "0".to_owned(),
        size if !(1e-4..1e6).contains(&size) => format!("{value:.2e}").replace('-', &MINUS.to_string()),
        size if size >= 100.0 => fixed(value, 0),
        size if size >= 10.0 => fixed(value, 1),
        size if size >= 1.0 => fixed(value, 2),
        _ => fixed(value, 3),
    }
}

/// A share as a percentage.
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{} %", fixed(share * 100.0, 1)) } else { NONE.to_owned() }
}

/// `12,345`.
pub fn count(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
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
    format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" })
}

/// `3 h 20 min`, `12 min`, `40 s`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return NONE.to_owned();
    }
    let whole = seconds.max(0.0).round() as u64;
    let (hours, minutes) = (whole / 3600, whole / 60 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{whole} s"),
        (0, _) => format!("{minutes} min"),
        (_, 0) => format!("{} h", count(hours)),
        _ => format!("{} h {minutes} min", count(hours)),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub fn list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_sensible_digits() {
        assert_eq!((nats(2.34567), nats(-0.0001), nats(-1.5)), ("2.346".into(), "0.000".into(), "−1.500".into()));
        assert_eq!((signed(0.25), signed(-0.25), signed(0.0001)), ("+0.250".into(), "−0.250".into(), "0.000".into()));
        assert_eq!(
            (nats(f64::NAN), signed(f64::INFINITY), sensible(f64::NAN)),
            (NONE.into(), NONE.into(), NONE.into())
        );
        let shown: Vec<String> = [1234.0, 45.678, 1.2345, 0.12345, 1e-7, 0.0].map(sensible).into();
        assert_eq!(shown, ["1234", "45.7", "1.23", "0.123", "1.00e−7", "0"]);
        assert_eq!(
            (percent(0.1234), count(1234567_u64), counted(1, "song")),
            ("12.3 %".into(), "1,234,567".into(), "1 song".into())
        );
        assert_eq!([40.0, 720.0, 12_000.0, 7200.0].map(duration), ["40 s", "12 min", "3 h 20 min", "2 h"]);
        assert_eq!(
            (list::<&str>(&[]), list(&["a"]), list(&["a", "b", "c"])),
            (String::new(), "a".into(), "a, b and c".into())
        );
    }
}
