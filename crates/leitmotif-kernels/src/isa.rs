//! Choice of the instruction set at run time.
//!
//! Every operation calls [`Isa::current`] once, on the thread that runs it, and passes the result
//! to its inner loops. Results are the same bits for one instruction set, whatever the number of
//! threads; between instruction sets they agree to rounding only.

use std::cell::Cell;
use std::sync::OnceLock;

/// An instruction set that the inner loops are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// What the compiler's target has by itself: SSE2 on x86-64, NEON on AArch64.
    Portable,
    /// AVX2 with fused multiply-add and half-precision conversion.
    Avx2,
    /// AVX-512 (F, BW, DQ, VL).
    Avx512,
}

thread_local! {
    static FORCED: Cell<Option<Isa>> = const { Cell::new(None) };
}

impl Isa {
    /// All instruction sets, the widest last.
    const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// Whether this machine can run it.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// Those that this machine can run, the widest last.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|isa| isa.is_available())
    }

    /// The widest set of this machine, or the one that [`Isa::force`] set on this thread.
    #[must_use]
    pub fn current() -> Self {
        static BEST: OnceLock<Isa> = OnceLock::new();
        FORCED.get().unwrap_or_else(|| *BEST.get_or_init(|| Self::available().last().unwrap_or(Self::Portable)))
    }

    /// The set for rows of so many floats: half-filled wide vectors are no faster than full narrow
    /// ones.
    pub(crate) fn for_rows_of(self, floats: usize) -> Self {
        if self == Self::Avx512 && floats <= 8 { Self::Avx2 } else { self }
    }

    /// Runs `work` with this instruction set for every operation that the current thread starts;
    /// for tests and benchmarks.
    ///
    /// # Panics
    /// If this machine lacks the instruction set.
    pub fn force<R>(self, work: impl FnOnce() -> R) -> R {
        assert!(self.is_available(), "{self:?} is not available on this machine");
        struct Restore(Option<Isa>);
        impl Drop for Restore {
            fn drop(&mut self) {
                FORCED.set(self.0);
            }
        }
        let _restore = Restore(FORCED.replace(Some(self)));
        work()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forcing_lasts_as_long_as_the_work() {
        let before = Isa::current();
        assert_eq!(Isa::Portable.force(Isa::current), Isa::Portable);
        assert_eq!(Isa::current(), before);
    }

    #[test]
    fn the_current_set_is_available() {
        assert!(Isa::current().is_available());
    }
}
