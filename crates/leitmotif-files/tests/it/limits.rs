//! The limits that docs/limits.md states are those of the sources, and its tests exist.

use std::path::Path;

/// A number as the page writes it: `4,096`, `16 MiB`.
fn stated(cell: &str) -> Option<u128> {
    let (number, unit) = cell.split_once(' ').unwrap_or((cell, ""));
    let number: u128 = number.replace(',', "").parse().ok()?;
    let shift = ["", "KiB", "MiB", "GiB"].iter().position(|it| *it == unit)?;
    Some(number << (10 * shift))
}

/// A constant as sources write it: `4096`, `16 << 20`, `86_400.0`, `u32::MAX as usize`.
fn written(expression: &str) -> Option<u128> {
    let plain = expression.replace('_', "");
    let plain = plain.trim_end_matches(".0");
    match plain.split_once(" << ") {
        Some((number, shift)) => Some(number.parse::<u128>().ok()? << shift.parse::<u32>().ok()?),
        None if plain.starts_with("u32::MAX") => Some(u128::from(u32::MAX)),
        None => plain.parse().ok(),
    }
}

fn code(cell: &str) -> &str {
    cell.trim_matches('`')
}

#[test]
fn the_page_states_the_limits_of_the_sources() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let page = std::fs::read_to_string(crates.join("../docs/limits.md")).unwrap();
    let mut sources = Vec::new();
    crate::sources(crates, &mut sources);
    let sources: Vec<String> = sources.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let mut checked = 0;
    for line in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [_, limit, _, constant, file, test] = cells[..] else { continue };
        let text = std::fs::read_to_string(crates.join(format!("leitmotif-{}", code(file)))).expect(file);
        let definition = format!("const {}: ", code(constant));
        let value = text.split(&definition).nth(1).unwrap_or_else(|| panic!("no {constant} in {file}"));
        let value = value.split(['=', ';']).nth(1).unwrap().trim();
        assert_eq!(stated(limit), written(value), "{constant} of {file} is {value}");
        assert!(stated(limit).is_some(), "{line}");
        if !test.is_empty() {
            let function = format!("fn {}(", code(test));
            assert!(sources.iter().any(|source| source.contains(&function)), "there is no {test}");
        }
        checked += 1;
    }
    assert!(checked > 50, "{checked} limits");
}
