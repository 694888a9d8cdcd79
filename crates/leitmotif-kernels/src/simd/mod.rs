//! Vectors of floats: one trait, so that every inner loop is written once and compiled for each
//! instruction set.
//!
//! A value of a type that implements [`Simd`] is the proof that this machine has the instructions.
//! `dispatch!` makes that value inside a function with the right `#[target_feature]`s; everything
//! that takes it is `#[inline(always)]` and so compiled with those features.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod math;
mod pairs;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::{Avx2, transpose8};
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
use half::f16;
pub(crate) use portable::Portable;

/// Operations on [`Simd::N`] lanes.
pub(crate) trait Simd: Copy {
    /// `N` floats.
    type V: Copy;
    /// `N` unsigned 32-bit integers.
    type U: Copy;
    /// Lanes of a vector.
    const N: usize;
    /// Whether [`Simd::scale_by_power`] takes any `n`, giving zero where the result is too small.
    const SCALES_TO_ZERO: bool;
    /// Rows of the matrix product's register tile.
    const TILE_ROWS: usize;
    /// Vectors across the matrix product's register tile.
    const TILE_VECTORS: usize;

    /// Reads `N` floats.
    ///
    /// # Safety
    /// They are readable.
    unsafe fn load_ptr(self, from: *const f32) -> Self::V;
    /// Reads the first `count < N` lanes, the others are zero.
    ///
    /// # Safety
    /// Those floats are readable.
    unsafe fn load_ptr_part(self, from: *const f32, count: usize) -> Self::V;
    /// Reads `N` numbers of half precision.
    ///
    /// # Safety
    /// They are readable.
    unsafe fn load_half(self, from: *const f16) -> Self::V;
    /// Writes `N` floats.
    ///
    /// # Safety
    /// They are writable.
    unsafe fn store_ptr(self, to: *mut f32, v: Self::V);
    /// Writes the first `count < N` lanes.
    ///
    /// # Safety
    /// Those floats are writable.
    unsafe fn store_ptr_part(self, to: *mut f32, v: Self::V, count: usize);

    fn splat(self, x: f32) -> Self::V;
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    fn sqrt(self, a: Self::V) -> Self::V;
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    fn abs(self, a: Self::V) -> Self::V;
    /// `a * b + c`, rounded once where the machine can.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `a` where `x < 0`, else `b`.
    fn if_negative(self, x: Self::V, a: Self::V, b: Self::V) -> Self::V;
    /// To the nearest integer; `|a| < 2^22`.
    fn round(self, a: Self::V) -> Self::V;
    /// `a * 2^n` for integral `n` from -126 to 127, or any if [`Simd::SCALES_TO_ZERO`].
    fn scale_by_power(self, a: Self::V, n: Self::V) -> Self::V;
    /// `sum + a0 b0 + a1 b1` for lanes whose bits are pairs of bfloat16 numbers.
    #[inline(always)]
    fn add_pairs(self, a: Self::V, b: Self::V, sum: Self::V) -> Self::V {
        pairs::add(self, a, b, sum)
    }
    /// Lane by lane the bits of a pair: both numbers rounded to bfloat16.
    #[inline(always)]
    fn pair(self, first: Self::V, second: Self::V) -> Self::V {
        pairs::pair(self, first, second)
    }
    /// The pairs of neighbours of `2 N` floats: lanes 0 and 1, 2 and 3, ... of `low`, then of
    /// `high`.
    #[inline(always)]
    fn pair_neighbours(self, low: Self::V, high: Self::V) -> Self::V {
        pairs::pair_neighbours(self, low, high)
    }
    fn sum(self, a: Self::V) -> f32;
    fn largest(self, a: Self::V) -> f32;

    /// `start, start + step, start + 2 step, ...`, wrapping.
    fn u_ramp(self, start: u32, step: u32) -> Self::U;
    fn u_splat(self, x: u32) -> Self::U;
    fn u_mul(self, a: Self::U, b: Self::U) -> Self::U;
    fn u_xor(self, a: Self::U, b: Self::U) -> Self::U;
    fn u_shift<const BITS: u32>(self, a: Self::U) -> Self::U;
    /// `v` where `a >= least` (unsigned), else zero.
    fn if_at_least(self, a: Self::U, least: Self::U, v: Self::V) -> Self::V;

    #[inline(always)]
    fn zero(self) -> Self::V {
        self.splat(0.0)
    }

    /// The first `N` floats of a slice that has at least as many.
    #[inline(always)]
    fn load(self, from: &[f32]) -> Self::V {
        assert!(from.len() >= Self::N);
        // SAFETY: the slice has `N` floats.
        unsafe { self.load_ptr(from.as_ptr()) }
    }

    /// Writes to the first `N` floats of a slice that has at least as many.
    #[inline(always)]
    fn store(self, to: &mut [f32], v: Self::V) {
        assert!(to.len() >= Self::N);
        // SAFETY: the slice has `N` floats.
        unsafe { self.store_ptr(to.as_mut_ptr(), v) }
    }

    /// As many lanes as the slice has (up to `N`), the others zero.
    #[inline(always)]
    fn load_part(self, from: &[f32]) -> Self::V {
        if from.len() >= Self::N {
            return self.load(from);
        }
        // SAFETY: the slice has that many floats.
        unsafe { self.load_ptr_part(from.as_ptr(), from.len()) }
    }

    /// Writes as many lanes as the slice has (up to `N`).
    #[inline(always)]
    fn store_part(self, to: &mut [f32], v: Self::V) {
        if to.len() >= Self::N {
            return self.store(to, v);
        }
        // SAFETY: the slice has that many floats.
        unsafe { self.store_ptr_part(to.as_mut_ptr(), v, to.len()) }
    }

    /// `e^x` to two units in the last place; 0 for very negative `x`, saturating for `x > 88`.
    #[inline(always)]
    fn exp(self, x: Self::V) -> Self::V {
        math::exp(self, x)
    }

    /// `1 / (1 + e^-x)`.
    #[inline(always)]
    fn sigmoid(self, x: Self::V) -> Self::V {
        let one = self.splat(1.0);
        self.div(one, self.add(one, self.exp(self.sub(self.zero(), x))))
    }

    #[inline(always)]
    fn tanh(self, x: Self::V) -> Self::V {
        self.fma(self.splat(2.0), self.sigmoid(self.add(x, x)), self.splat(-1.0))
    }

    /// Replaces positive numbers by their natural logarithms.
    #[inline(always)]
    fn ln(self, x: &mut [f32]) {
        math::ln(self, x);
    }

    /// Gaussian error linear unit and its derivative.
    #[inline(always)]
    fn gelu(self, x: Self::V) -> (Self::V, Self::V) {
        math::gelu(self, x)
    }
}

/// Defines `fn name(isa: Isa, ...)`, which runs `body(simd, ...)` compiled for that instruction
/// set. `pairs fn` is also compiled for products of bfloat16 numbers, which others emulate.
macro_rules! dispatch {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? = $body:path;) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments)]
        $vis fn $name(isa: $crate::isa::Isa, $($arg: $ty),*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")]
            #[allow(clippy::too_many_arguments)]
            fn avx512($($arg: $ty),*) $(-> $ret)? {
                // SAFETY: this function has those features.
                $body(unsafe { $crate::simd::Avx512::<false>::new() }, $($arg),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c")]
            #[allow(clippy::too_many_arguments)]
            fn avx2($($arg: $ty),*) $(-> $ret)? {
                // SAFETY: this function has those features.
                $body(unsafe { $crate::simd::Avx2::new() }, $($arg),*)
            }
            match isa.set() {
                // SAFETY: `Isa::current`, the only source of the value, returns what this machine
                // has.
                #[cfg(target_arch = "x86_64")]
                $crate::isa::Set::Avx512 | $crate::isa::Set::Avx512Bf16 => unsafe { avx512($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::isa::Set::Avx2 => unsafe { avx2($($arg),*) },
                _ => $body($crate::simd::Portable, $($arg),*),
            }
        }
    };
    ($(#[$meta:meta])* pairs $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? = $body:path;) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments)]
        $vis fn $name(isa: $crate::isa::Isa, $($arg: $ty),*) $(-> $ret)? {
            $crate::simd::dispatch! { fn others($($arg: $ty),*) $(-> $ret)? = $body; }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,f16c")]
            #[allow(clippy::too_many_arguments)]
            fn bf16($($arg: $ty),*) $(-> $ret)? {
                // SAFETY: this function has those features.
                $body(unsafe { $crate::simd::Avx512::<true>::new() }, $($arg),*)
            }
            match isa.set() {
                // SAFETY: as in `others`.
                #[cfg(target_arch = "x86_64")]
                $crate::isa::Set::Avx512Bf16 => unsafe { bf16($($arg),*) },
                _ => others(isa, $($arg),*),
            }
        }
    };
}
pub(crate) use dispatch;
