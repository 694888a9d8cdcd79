//! Time of the fused kernels at the sizes of real models, and their share of the machine's peak.
//!
//! `cargo bench -p leitmotif-kernels [-- [FILTER] [--portable | --avx2] [--bf16]]` prints for each
//! piece of work the shortest and the median time and the rate of floating-point operations at the
//! shortest (two for each multiply-add of the matrix products; exponentials and the like count
//! nothing), and first the rate of multiply-adds on registers alone, the peak to compare with. On
//! Linux the time is that spent on cores by all threads over the number of threads, so that other
//! programs disturb less.

#![allow(clippy::print_stdout)]

use leitmotif_kernels::attention::{self, Input, Shape, Valid};
use leitmotif_kernels::{Dropout, Isa, LayerNorm, Products, feed_forward, gemm, group_attention, head_loss};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// A piece of work is repeated for so long.
const TIME: Duration = Duration::from_millis(400);

/// Whether the command line asks for it.
fn wanted(name: &str) -> bool {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    filter.is_none_or(|filter| name.contains(&filter))
}

/// Prints name, shortest and median milliseconds, and GFLOP/s.
fn measure(name: &str, flop: f64, mut work: impl FnMut()) {
    if !wanted(name) {
        return;
    }
    work();
    // The clock of time on cores is too coarse for short work.
    let repeats = (1e9 / flop).clamp(1.0, 1e4) as u32;
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed() < TIME || times.len() < 5 {
        let start = seconds();
        (0..repeats).for_each(|_| work());
        times.push((seconds() - start) / f64::from(repeats));
    }
    times.sort_by(f64::total_cmp);
    let median = times[times.len() / 2];
    let (best, median) = (times[0] * 1e3, median * 1e3);
    println!("{name:<56} best {best:>8.3} ms, median {median:>8.3} ms {:>7.1} GFLOP/s", flop / best / 1e6);
}

/// Seconds on cores so far, per thread of the pool; of the wall clock where the system does not
/// tell.
fn seconds() -> f64 {
    let on_cores = || -> Option<f64> {
        let mut total = 0.0;
        for task in std::fs::read_dir("/proc/self/task").ok()? {
            let stat = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            total += stat.split(' ').next()?.parse::<f64>().ok()?;
        }
        Some(total / 1e9 / rayon::current_num_threads() as f64)
    };
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    on_cores().unwrap_or_else(|| START.get_or_init(Instant::now).elapsed().as_secs_f64())
}

fn numbers(n: usize) -> Vec<f32> {
    (0..n as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32 - 0.5).collect()
}

fn products() {
    for [m, k, n] in [
        [4096, 64, 192],
        [4096, 64, 256],
        [4096, 256, 64],
        [4096, 128, 512],
        [4096, 256, 1024],
        [4096, 1024, 256],
        [1, 256, 1024],
    ] {
        let (a, b, g) = (numbers(m * k), numbers(k * n), numbers(m * n));
        let flop = 2.0 * (m * k * n) as f64;
        let packed = gemm::Packed::new(&b, k, n);
        let mut c = vec![0.0; m * n];
        measure(&format!("gemm nn {m}x{k}x{n}"), flop, || {
            gemm::with_packed_into(&a, &packed, None, m, &mut c);
            black_box(&c);
        });
        if m > 1 {
            measure(&format!("gemm tn {m}x{k}x{n}"), flop, || {
                black_box(gemm::tn(&a, &g, [m, k, n]));
            });
        }
    }
}

fn feed_forward(n: usize, d: usize, ff: usize) {
    let (x, dy) = (numbers(n * d), numbers(n * d));
    let [gamma, beta, w1, b1, w2, b2] = [d, d, d * ff, ff, ff * d, d].map(numbers);
    let norm = LayerNorm { gamma: &gamma, beta: &beta };
    let w = feed_forward::Weights { norm, w1: &w1, b1: &b1, w2: &w2, b2: &b2 };
    let dropout = Dropout { p: 0.1, seed: 1 };
    let plain = feed_forward::Config {
        gated: false,
        residual: true,
        hidden_dropout: Dropout::NONE,
        output_dropout: Dropout::NONE,
    };
    let dropped = feed_forward::Config { hidden_dropout: dropout, output_dropout: dropout, ..plain };
    let flop = 4.0 * (n * d * ff) as f64;
    for (name, config) in [("", plain), (" dropout", dropped)] {
        measure(&format!("ff forward {n}x{d}x{ff}{name}"), flop, || {
            black_box(feed_forward::forward(&x, &w, &config, true));
        });
        if !wanted(&format!("ff backward {n}x{d}x{ff}{name}")) {
            continue;
        }
        let saved = feed_forward::forward(&x, &w, &config, true).1.expect("saved");
        measure(&format!("ff backward {n}x{d}x{ff}{name}"), 2.0 * flop, || {
            black_box(feed_forward::backward(&x, &dy, &w, &config, &saved));
        });
    }
}

fn attention(d: usize, shape: Shape) {
    let Shape { batch, segment, compressed, memory, heads } = shape;
    let (context, keys) = (shape.context(), shape.keys());
    let (x, dy, past) = (numbers(batch * segment * d), numbers(batch * segment * d), numbers(batch * context * d));
    let [gamma, beta, u, v, b_o] = [(); 5].map(|()| numbers(d));
    let [w_qkv, w_r, w_o] = [3 * d * d, d * d, d * d].map(|n| numbers(n).iter().map(|x| x * 0.2).collect::<Vec<_>>());
    let norm = LayerNorm { gamma: &gamma, beta: &beta };
    let w = attention::Weights { norm, w_qkv: &w_qkv, w_r: &w_r, u: &u, v: &v, w_o: &w_o, b_o: &b_o };
    let valid = vec![Valid { compressed, memory }; batch];
    let input = Input { shape, x: &x, context: &past, valid: &valid };
    let plain = attention::Config {
        residual: true,
        probability_dropout: Dropout::NONE,
        output_dropout: Dropout::NONE,
        context_gradient: false,
    };
    let dropout = Dropout { p: 0.1, seed: 1 };
    let dropped = attention::Config { probability_dropout: dropout, output_dropout: dropout, ..plain };
    let rows = (batch * segment * d) as f64;
    let projections = rows * 4.0 * d as f64 + (batch * context * d * 2 * d + keys * d * d) as f64;
    let pairs = rows * (context as f64 + (segment as f64 + 1.0) / 2.0);
    let name = format!("{batch}x{segment} past {context} d {d} heads {heads}");
    for (kind, config) in [("", plain), (" dropout", dropped)] {
        measure(&format!("attention forward {name}{kind}"), 2.0 * (projections + 3.0 * pairs), || {
            black_box(attention::forward(&input, &w, &config, true));
        });
        if !wanted(&format!("attention backward {name}{kind}")) {
            continue;
        }
        let saved = attention::forward(&input, &w, &config, true).1.expect("saved");
        let back = 2.0 * rows * 4.0 * d as f64 + (batch * context * d * 2 * d) as f64;
        measure(&format!("attention backward {name}{kind}"), 2.0 * (back + 8.0 * pairs), || {
            black_box(attention::backward(&input, &dy, &w, &config, &saved));
        });
    }
}

fn group_attention(d: usize, groups: usize, rows: usize, heads: usize) {
    let n = groups * rows;
    let (x, dy) = (numbers(n * d), numbers(n * d));
    let [gamma, beta, b_o] = [(); 3].map(|()| numbers(d));
    let [w_qkv, w_o] = [3 * d * d, d * d].map(|n| numbers(n).iter().map(|x| x * 0.2).collect::<Vec<_>>());
    let norm = LayerNorm { gamma: &gamma, beta: &beta };
    let w = group_attention::Weights { norm, w_qkv: &w_qkv, w_o: &w_o, b_o: &b_o };
    let offsets: Vec<usize> = (0..=groups).map(|group| group * rows).collect();
    let input = group_attention::Input { x: &x, offsets: &offsets, heads };
    let config = group_attention::Config { residual: true, output_dropout: Dropout { p: 0.1, seed: 1 } };
    let (projections, pairs) = ((n * 4 * d * d) as f64, (n * rows * d) as f64);
    let name = format!("{groups}x{rows} d {d} heads {heads}");
    measure(&format!("groups forward {name}"), 2.0 * (projections + 2.0 * pairs), || {
        black_box(group_attention::forward(&input, &w, &config, true));
    });
    if !wanted(&format!("groups backward {name}")) {
        return;
    }
    let saved = group_attention::forward(&input, &w, &config, true).1.expect("saved");
    measure(&format!("groups backward {name}"), 2.0 * (2.0 * projections + 5.0 * pairs), || {
        black_box(group_attention::backward(&input, &dy, &w, &config, &saved));
    });
}

fn head(n: usize, d: usize, size: usize) {
    let z = numbers(n * d);
    let [gamma, beta, table, bias] = [d, d, size * d, size].map(numbers);
    let w = head_loss::Weights { norm: LayerNorm { gamma: &gamma, beta: &beta }, table: &table, bias: &bias };
    let targets: Vec<i32> = (0..n as i32).map(|i| i * 31 % size as i32).collect();
    let flop = 2.0 * (n * d * size) as f64;
    measure(&format!("head losses {n}x{d} of {size}"), flop, || {
        black_box(head_loss::losses(&z, &w, &targets, 0.0));
    });
    measure(&format!("head train {n}x{d} of {size}"), 3.0 * flop, || {
        black_box(head_loss::train(&z, &w, &targets, 0.0, n as f32));
    });
    let groups: Vec<_> = (0..size / 3).map(|group| 3 * group + 1..3 * group + 3).collect();
    let classes: Vec<i32> = (0..(n * groups.len()) as i32).map(|i| i * 31 % 17 / 16).collect();
    let targets = head_loss::grouped::Targets { groups: &groups, classes: &classes };
    measure(&format!("grouped head train {n}x{d} of {size}"), 3.0 * flop, || {
        black_box(head_loss::grouped::train(&z, &w, targets, n as f32));
    });
}

/// Multiply-adds on registers alone, on all threads.
fn peak() {
    const STEPS: usize = 1_000_000;
    const FLOP: f64 = 2.0 * 16.0 * 16.0;
    let threads = rayon::current_num_threads();
    #[cfg(target_arch = "x86_64")]
    if Isa::AVX512_BF16.is_available() {
        measure("peak, bfloat16", 2.0 * FLOP * (STEPS * threads) as f64, || {
            // SAFETY: just checked.
            rayon::broadcast(|_| unsafe { spin_bf16(STEPS) });
        });
    }
    measure("peak", FLOP * (STEPS * threads) as f64, || {
        rayon::broadcast(|_| {
            #[cfg(target_arch = "x86_64")]
            if Isa::AVX512.is_available() {
                // SAFETY: just checked.
                return unsafe { spin_avx512(STEPS) };
            }
            #[cfg(target_arch = "x86_64")]
            if Isa::AVX2.is_available() {
                // SAFETY: just checked.
                unsafe { spin_avx2(STEPS) }
            }
        });
    });
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn spin_avx512(steps: usize) {
    use std::arch::x86_64::*;
    let (a, b) = (black_box(_mm512_set1_ps(0.5)), black_box(_mm512_set1_ps(0.25)));
    let mut sums = [a; 16];
    for _ in 0..steps {
        for sum in &mut sums {
            *sum = _mm512_fmadd_ps(*sum, a, b);
        }
    }
    black_box(sums);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bf16")]
fn spin_bf16(steps: usize) {
    use std::arch::x86_64::*;
    let zero = black_box(_mm512_set1_ps(0.0));
    let pairs = _mm512_cvtne2ps_pbh(zero, zero);
    let mut sums = [zero; 16];
    for _ in 0..steps {
        for sum in &mut sums {
            *sum = _mm512_dpbf16_ps(*sum, pairs, pairs);
        }
    }
    black_box(sums);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn spin_avx2(steps: usize) {
    use std::arch::x86_64::*;
    let (a, b) = (black_box(_mm256_set1_ps(0.5)), black_box(_mm256_set1_ps(0.25)));
    let mut sums = [a; 12];
    for _ in 0..steps * 2 * 16 / 12 {
        for sum in &mut sums {
            *sum = _mm256_fmadd_ps(*sum, a, b);
        }
    }
    black_box(sums);
}

fn main() {
    let asked = |flag: &str| std::env::args().any(|arg| arg == flag);
    let isa = if asked("--portable") {
        Isa::PORTABLE
    } else if asked("--avx2") {
        Isa::AVX2
    } else {
        Isa::current()
    };
    let isa = isa.with_products(if asked("--bf16") { Products::Bf16 } else { Products::Single });
    println!("{isa:?}, {} threads", rayon::current_num_threads());
    isa.force(run);
}

fn run() {
    peak();
    products();
    feed_forward(4096, 64, 256);
    feed_forward(2048, 128, 512);
    feed_forward(4096, 256, 1024);
    let shape = |batch, segment, compressed, memory, heads| Shape { batch, segment, compressed, memory, heads };
    attention(64, shape(64, 64, 0, 0, 8));
    attention(64, shape(64, 64, 256, 64, 8));
    attention(64, shape(16, 128, 64, 128, 4));
    attention(128, shape(8, 256, 128, 256, 4));
    attention(256, shape(8, 512, 0, 0, 8));
    group_attention(128, 80, 25, 4);
    group_attention(128, 4, 500, 4);
    group_attention(256, 2, 1024, 8);
    head(4096, 64, 839);
    head(4096, 256, 839);
    head(4096, 256, 128);
}
