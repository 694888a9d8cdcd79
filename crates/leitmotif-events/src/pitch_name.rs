//! Names of pitches, with sharps. (music21, which the original study used, writes E flat and B flat
//! instead, `E-4`; its names of the two lowest octaves are ambiguous, `E-1` is an E and an E flat.)

/// The name of pitch `midi` with its octave; 60 is `C4`, 63 is `D#4`.
pub(crate) fn name(midi: u8) -> String {
    const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
    format!("{}{}", NAMES[usize::from(midi % 12)], i32::from(midi) / 12 - 1)
}

#[cfg(test)]
mod tests {
    #[test]
    fn middle_c_is_c4() {
        let names = [0, 58, 60, 61, 63, 68, 127].map(super::name);
        assert_eq!(names, ["C-1", "A#3", "C4", "C#4", "D#4", "G#4", "G9"]);
    }
}
