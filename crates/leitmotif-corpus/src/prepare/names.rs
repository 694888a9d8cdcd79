//! Names of genres and artists, as they are compared.

/// A name as it is compared: lower case, single spaces.
pub(super) fn normal(name: &str) -> String {
    name.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}
