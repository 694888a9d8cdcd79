//! Rotary positions: queries and keys turned by their places (Su et al. 2021).

/// Turns pairs of a head's columns, `p` and `p + width / 2`, by a place times
/// `10000^(-2 p / width)`. Places are counted from a piece's beginning: scores depend on their
/// differences alone.
#[derive(Debug)]
pub(super) struct Rotation {
    width: usize,
    /// Of each pair, the angle of one place.
    angles: Vec<f64>,
}

impl Rotation {
    /// For heads of this width.
    pub(super) fn new(width: usize) -> Self {
        let angle = |pair: usize| 10_000_f64.powf(-2.0 * pair as f64 / width as f64);
        Self { width, angles: (0..width / 2).map(angle).collect() }
    }

    /// Columns of a head.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Shows each pair with the sine and the cosine by which `places` turn it.
    pub(super) fn each(&self, places: f64, mut pair: impl FnMut(usize, f32, f32)) {
        for (index, angle) in self.angles.iter().enumerate() {
            let (sine, cosine) = (places * angle).sin_cos();
            pair(index, sine as f32, cosine as f32);
        }
    }

    /// Turns all heads of a row `[heads * width]` by a place.
    pub(super) fn turn(&self, row: &mut [f32], place: f64) {
        let half = self.width / 2;
        self.each(place, |pair, sine, cosine| {
            for head in row.chunks_exact_mut(self.width) {
                let (a, b) = (head[pair], head[pair + half]);
                (head[pair], head[pair + half]) = (a * cosine - b * sine, a * sine + b * cosine);
            }
        });
    }
}
