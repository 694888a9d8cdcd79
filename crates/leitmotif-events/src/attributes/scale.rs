//! Classes of an attribute's values.

use super::Attribute;

/// An attribute and where it is cut.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeScale {
    /// What is measured.
    pub attribute: Attribute,
    /// Ascending. Class 1 is up to and with the first cut, and so on; the last class is above the
    /// last cut.
    pub cuts: Vec<f32>,
}

impl AttributeScale {
    /// The class of a value, from 1; 0 for none.
    pub fn class(&self, value: Option<f32>) -> u16 {
        value.map_or(0, |value| self.cuts.iter().filter(|&&cut| value > cut).count() as u16 + 1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_value_on_a_cut_is_in_the_class_below() {
        let scale = AttributeScale {
            attribute: "rhythm".parse().unwrap(),
            cuts: vec![0.20, 0.25, 0.32, 0.38, 0.44, 0.50, 0.63],
        };
        let classes = [None, Some(0.0), Some(0.25), Some(0.26), Some(1.0)].map(|value| scale.class(value));
        assert_eq!(classes, [0, 1, 2, 3, 8]);
    }
}
