//! Choice of the instruction set, and of the numbers that products multiply, at run time.
//!
//! Every operation calls [`Isa::current`] once, on the thread that runs it, and passes the result
//! to its inner loops. Results are the same bits for one instruction set, whatever the number of
//! threads; between instruction sets they agree to rounding only.

use std::cell::Cell;
use std::sync::OnceLock;

/// An instruction set that the inner loops are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// What the compiler's target has by itself: SSE2 on x86-64, NEON on AArch64.
    Portable,
    /// AVX2 with fused multiply-add and half-precision conversion.
    Avx2,
    /// AVX-512 (F, BW, DQ, VL).
    Avx512,
    /// AVX-512 with products of bfloat16 numbers (AVX512-BF16).
    Avx512Bf16,
}

impl Set {
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
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Bf16 => Self::Avx512.is_available() && is_x86_feature_detected!("avx512bf16"),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }
}

/// The numbers that matrix products with many rows multiply; they are added in single precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Products {
    /// Single precision, 24 bits.
    #[default]
    Single,
    /// Both factors rounded to bfloat16, 8 bits, to the nearest (ties to even). Instruction sets
    /// without products of such numbers emulate them, slowly.
    Bf16,
}

/// The environment variable that holds a program to a narrower set than its machine has:
/// `portable`, `avx2`, `avx512` or `avx512bf16`; other values mean nothing.
pub const WIDEST: &str = "LEITMOTIF_ISA";

/// How an operation computes: its instruction set, and the numbers that its products multiply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa {
    set: Set,
    products: Products,
}

thread_local! {
    static FORCED: Cell<Option<Isa>> = const { Cell::new(None) };
}

impl Isa {
    /// [`Set::Portable`] with products in single precision.
    pub const PORTABLE: Self = Self::of(Set::Portable);
    /// [`Set::Avx2`], likewise.
    pub const AVX2: Self = Self::of(Set::Avx2);
    /// [`Set::Avx512`], likewise.
    pub const AVX512: Self = Self::of(Set::Avx512);
    /// [`Set::Avx512Bf16`], likewise: the same as [`Self::AVX512`].
    pub const AVX512_BF16: Self = Self::of(Set::Avx512Bf16);

    const fn of(set: Set) -> Self {
        Self { set, products: Products::Single }
    }

    /// The instruction set.
    #[must_use]
    pub fn set(self) -> Set {
        self.set
    }

    /// What products multiply.
    #[must_use]
    pub fn products(self) -> Products {
        self.products
    }

    /// The same instruction set with other products.
    #[must_use]
    pub fn with_products(self, products: Products) -> Self {
        Self { products, ..self }
    }

    /// Whether this machine can run it.
    #[must_use]
    pub fn is_available(self) -> bool {
        self.set.is_available()
    }

    /// Those with different results in single precision that this machine can run, the widest last.
    pub fn available() -> impl Iterator<Item = Self> {
        [Self::PORTABLE, Self::AVX2, Self::AVX512].into_iter().filter(|isa| isa.is_available())
    }

    /// The widest set of this machine, no wider than [`WIDEST`] names; or the one that
    /// [`Isa::force`] set on this thread.
    #[must_use]
    pub fn current() -> Self {
        static BEST: OnceLock<Isa> = OnceLock::new();
        FORCED.get().unwrap_or_else(|| *BEST.get_or_init(|| Self::widest(std::env::var(WIDEST).ok().as_deref())))
    }

    /// The widest set of this machine up to the one with this name, if there is one.
    fn widest(name: Option<&str>) -> Self {
        let sets = [Self::PORTABLE, Self::AVX2, Self::AVX512, Self::AVX512_BF16];
        let named = |isa: &Self| name.is_some_and(|name| format!("{:?}", isa.set).eq_ignore_ascii_case(name));
        let count = sets.iter().position(named).map_or(sets.len(), |place| place + 1);
        sets[..count].iter().copied().rfind(|isa| isa.is_available()).unwrap_or(Self::PORTABLE)
    }

    /// The set for rows of so many floats: half-filled wide vectors are no faster than full narrow
    /// ones.
    pub(crate) fn for_rows_of(self, floats: usize) -> Self {
        let set = match self.set {
            Set::Avx512 | Set::Avx512Bf16 if floats <= 8 => Set::Avx2,
            set => set,
        };
        Self { set, ..self }
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
        assert_eq!(Isa::PORTABLE.force(Isa::current), Isa::PORTABLE);
        assert_eq!(Isa::current(), before);
    }

    #[test]
    fn the_current_set_is_available() {
        assert!(Isa::current().is_available());
    }

    #[test]
    fn a_name_holds_to_a_set_or_a_narrower_one() {
        assert_eq!(Isa::widest(Some("portable")), Isa::PORTABLE);
        assert!(Isa::available().any(|isa| isa == Isa::widest(Some("AVX2"))));
        assert_ne!(Isa::widest(Some("avx2")).set(), Set::Avx512);
        assert_eq!(Isa::widest(Some("avx3")), Isa::widest(None));
    }
}
