//! Lanes as plain arrays, which the compiler turns into the target's own vectors (SSE2, NEON).

use super::Simd;
use half::f16;

/// Eight lanes without any assumption about the machine.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

const N: usize = 8;

#[inline(always)]
fn map2(a: [f32; N], b: [f32; N], f: impl Fn(f32, f32) -> f32) -> [f32; N] {
    let mut out = [0.0; N];
    for i in 0..N {
        out[i] = f(a[i], b[i]);
    }
    out
}

#[inline(always)]
fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
    // Without the instruction, `mul_add` is a slow library call.
    if cfg!(any(target_arch = "aarch64", target_feature = "fma")) { a.mul_add(b, c) } else { a * b + c }
}

impl Simd for Portable {
    type V = [f32; N];
    type U = [u32; N];
    const N: usize = N;
    const SCALES_TO_ZERO: bool = false;
    // Two registers a row, of 16 on x86-64 and 32 on AArch64.
    const TILE_ROWS: usize = if cfg!(target_arch = "aarch64") { 8 } else { 4 };
    const TILE_VECTORS: usize = 1;

    #[inline(always)]
    unsafe fn load_ptr(self, from: *const f32) -> [f32; N] {
        // SAFETY: the caller's promise; `read_unaligned` needs no alignment.
        unsafe { from.cast::<[f32; N]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn load_ptr_part(self, from: *const f32, count: usize) -> [f32; N] {
        let mut v = [0.0; N];
        for (i, v) in v.iter_mut().enumerate().take(count) {
            // SAFETY: `i < count`, the caller's promise.
            *v = unsafe { *from.add(i) };
        }
        v
    }

    #[inline(always)]
    unsafe fn load_half(self, from: *const f16) -> [f32; N] {
        // SAFETY: the caller's promise.
        unsafe { from.cast::<[f16; N]>().read_unaligned() }.map(f16::to_f32_const)
    }

    #[inline(always)]
    unsafe fn store_ptr(self, to: *mut f32, v: [f32; N]) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<[f32; N]>().write_unaligned(v) }
    }

    #[inline(always)]
    unsafe fn store_ptr_part(self, to: *mut f32, v: [f32; N], count: usize) {
        for (i, &v) in v.iter().enumerate().take(count) {
            // SAFETY: `i < count`, the caller's promise.
            unsafe { *to.add(i) = v };
        }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> [f32; N] {
        [x; N]
    }

    #[inline(always)]
    fn add(self, a: [f32; N], b: [f32; N]) -> [f32; N] {
        map2(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: [f32; N], b: [f32; N]) -> [f32; N] {
        map2(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: [f32; N], b: [f32; N]) -> [f32; N] {
        map2(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, a: [f32; N], b: [f32; N]) -> [f32; N] {
        map2(a, b, |a, b| a / b)
    }

    #[inline(always)]
    fn sqrt(self, a: [f32; N]) -> [f32; N] {
        a.map(f32::sqrt)
    }

    #[inline(always)]
    fn max(self, a: [f32; N], b: [f32; N]) -> [f32; N] {
        map2(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn min(self, a: [f32; N], b: [f32; N]) -> [f32; N] {
        map2(a, b, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn abs(self, a: [f32; N]) -> [f32; N] {
        a.map(f32::abs)
    }

    #[inline(always)]
    fn fma(self, a: [f32; N], b: [f32; N], c: [f32; N]) -> [f32; N] {
        let mut out = [0.0; N];
        for i in 0..N {
            out[i] = multiply_add(a[i], b[i], c[i]);
        }
        out
    }

    #[inline(always)]
    fn if_negative(self, x: [f32; N], a: [f32; N], b: [f32; N]) -> [f32; N] {
        let mut out = [0.0; N];
        for i in 0..N {
            out[i] = if x[i] < 0.0 { a[i] } else { b[i] };
        }
        out
    }

    #[inline(always)]
    fn round(self, a: [f32; N]) -> [f32; N] {
        // Adding 1.5 * 2^23 leaves no bits for the fraction.
        const MAGIC: f32 = 12_582_912.0;
        a.map(|a| (a + MAGIC) - MAGIC)
    }

    #[inline(always)]
    fn scale_by_power(self, a: [f32; N], n: [f32; N]) -> [f32; N] {
        map2(a, n, |a, n| a * f32::from_bits(((n as i32 + 127) << 23) as u32))
    }

    #[inline(always)]
    fn sum(self, a: [f32; N]) -> f32 {
        ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
    }

    #[inline(always)]
    fn largest(self, a: [f32; N]) -> f32 {
        a.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }

    #[inline(always)]
    fn u_ramp(self, start: u32, step: u32) -> [u32; N] {
        std::array::from_fn(|i| start.wrapping_add((i as u32).wrapping_mul(step)))
    }

    #[inline(always)]
    fn u_splat(self, x: u32) -> [u32; N] {
        [x; N]
    }

    #[inline(always)]
    fn u_mul(self, a: [u32; N], b: [u32; N]) -> [u32; N] {
        std::array::from_fn(|i| a[i].wrapping_mul(b[i]))
    }

    #[inline(always)]
    fn u_xor(self, a: [u32; N], b: [u32; N]) -> [u32; N] {
        std::array::from_fn(|i| a[i] ^ b[i])
    }

    #[inline(always)]
    fn u_shift<const BITS: u32>(self, a: [u32; N]) -> [u32; N] {
        a.map(|a| a >> BITS)
    }

    #[inline(always)]
    fn if_at_least(self, a: [u32; N], least: [u32; N], v: [f32; N]) -> [f32; N] {
        std::array::from_fn(|i| if a[i] >= least[i] { v[i] } else { 0.0 })
    }
}
