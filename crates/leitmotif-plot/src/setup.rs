//! How every chart is set up: its words and its size.

/// The methods that charts share, inside the `impl` of a type with a field `words` (with `title`,
/// `subtitle`, `x` and `y`) and, for `size`, a field `size` of width and height.
#[macro_export]
macro_rules! chart_setup {
    (words) => {
        /// A smaller line below the title.
        #[must_use]
        pub fn subtitle(mut self, subtitle: impl Into<String>) -> Self {
            self.words.subtitle = subtitle.into();
            self
        }

        /// What the axes show, units included.
        #[must_use]
        pub fn labels(mut self, x: impl Into<String>, y: impl Into<String>) -> Self {
            (self.words.x, self.words.y) = (x.into(), y.into());
            self
        }
    };
    (words, size) => {
        $crate::chart_setup!(words);

        /// Width and height in pixels.
        #[must_use]
        pub fn size(mut self, width: f64, height: f64) -> Self {
            self.size = (width, height);
            self
        }
    };
}
