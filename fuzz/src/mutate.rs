//! Runs targets on mutated inputs and says which took the most time and memory:
//! `mutate TARGET|all COUNT [SEED]`, or `mutate seeds FOLDER`, which writes the seeds for
//! cargo-fuzz.
//!
//! It needs no fuzzer and no special compiler. Mutations are determined by the seed.

use leitmotif_fuzz::{TARGETS, Target, target};
use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Inputs that are listed.
const LISTED: usize = 10;
/// An input that takes longer is kept in the folder of temporary files.
const SLOW: Duration = Duration::from_millis(250);

/// Counts what is allocated.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is handed to the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(NOW.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The time that this process has had on processors, which other programs do not lengthen.
#[cfg(unix)]
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to `time` and nothing else.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// The time since the first call.
#[cfg(not(unix))]
fn processor_time() -> Duration {
    static BEGAN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    BEGAN.elapsed()
}

/// Numbers that a seed determines (Marsaglia's xorshift64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit.max(1)
    }
}

/// One to eight changes: bits, bytes and numbers with a meaning, pieces taken out, doubled or
/// moved.
fn mutated(seed: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    const BYTES: &[u8] = b"\x00\x01\x7F\x80\x90\xB0\xC0\xFF\xF0\x2F\x51\x58019-\"[]{},.\n";
    const PIECES: [&[u8]; 7] =
        [b"99999999999999999999", b"-1", b"1e308", b"\xFF\xFF\xFF\x7F", b"null", b"\xFF\xFF\xFF\xFF", b"[[[[[[[["];
    let mut bytes = seed.to_vec();
    for _ in 0..1 + numbers.below(8) {
        if bytes.is_empty() {
            bytes.push(0);
        }
        let at = numbers.below(bytes.len());
        let end = (at + 1 + numbers.below(24)).min(bytes.len());
        match numbers.below(8) {
            0 => bytes[at] ^= 1 << numbers.below(8),
            1 | 2 => bytes[at] = BYTES[numbers.below(BYTES.len())],
            3 => drop(bytes.drain(at..end)),
            4 => {
                let piece = bytes[at..end].to_vec();
                let to = numbers.below(bytes.len());
                for _ in 0..1 + numbers.below(8) {
                    bytes.splice(to..to, piece.iter().copied());
                }
            }
            5 => drop(bytes.splice(at..at, PIECES[numbers.below(PIECES.len())].iter().copied())),
            6 => drop(bytes.splice(at..end, PIECES[numbers.below(PIECES.len())].iter().copied())),
            _ => bytes.insert(at, BYTES[numbers.below(BYTES.len())]),
        }
    }
    bytes
}

/// What an input took.
struct Cost {
    time: Duration,
    memory: usize,
    bytes: Vec<u8>,
}

fn listed(costs: &mut Vec<Cost>, key: impl Fn(&Cost) -> u128) {
    costs.sort_by_key(|it| std::cmp::Reverse(key(it)));
    costs.truncate(LISTED);
}

fn fuzz(target: &Target, count: usize, seed: u64) {
    let seeds = (target.seeds)();
    let mut numbers = Numbers(seed);
    let (mut slowest, mut largest) = (Vec::new(), Vec::new());
    let began = Instant::now();
    for index in 0..count {
        let bytes = if index < seeds.len() {
            seeds[index].clone()
        } else {
            mutated(&seeds[numbers.below(seeds.len())], &mut numbers)
        };
        // What runs may panic or be killed; then the input is there to look at.
        let path = std::env::temp_dir().join(format!("fuzz-{}-{}", target.name, std::process::id()));
        if index % 1000 == 0 || target.name != "midi" {
            let _ = std::fs::write(&path, &bytes);
        }
        let (before, start) = (NOW.load(Relaxed), processor_time());
        MOST.store(before, Relaxed);
        let panicked = std::panic::catch_unwind(|| (target.run)(&bytes)).is_err();
        let (time, memory) = (processor_time() - start, MOST.load(Relaxed) - before);
        if panicked || time > SLOW {
            let kind = if panicked { "panic" } else { "slow" };
            let _ = std::fs::write(path.with_extension(format!("{kind}-{index}")), &bytes);
            println!("{}: {kind} {time:?} {memory} B, input {index} kept beside {}", target.name, path.display());
        }
        slowest.push(Cost { time, memory, bytes: bytes.clone() });
        largest.push(Cost { time, memory, bytes });
        if slowest.len() > 1000 || index + 1 == count {
            listed(&mut slowest, |it| it.time.as_nanos());
            listed(&mut largest, |it| it.memory as u128);
        }
    }
    println!("{}: {count} inputs in {:.0?}", target.name, began.elapsed());
    for (title, costs) in [("slowest", &slowest), ("most memory", &largest)] {
        let of = |it: &Cost| format!("{} B: {:.1?}, {} kB", it.bytes.len(), it.time, it.memory >> 10);
        println!("  {title}: {}", costs.iter().map(of).collect::<Vec<_>>().join("; "));
    }
}

fn write_seeds(folder: &Path) -> std::io::Result<()> {
    for target in TARGETS {
        let folder = folder.join(target.name);
        std::fs::create_dir_all(&folder)?;
        for (number, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, value, rest @ ..] = &arguments[..] else {
        eprintln!("usage: mutate TARGET|all COUNT [SEED], or mutate seeds FOLDER");
        std::process::exit(2);
    };
    if what == "seeds" {
        return write_seeds(Path::new(value));
    }
    let count = value.parse().expect("a number of inputs");
    let seed = rest.first().map_or(0x9E37_79B9_7F4A_7C15, |it| it.parse().expect("a seed"));
    if what == "all" {
        TARGETS.iter().for_each(|it| fuzz(it, count, seed));
    } else {
        fuzz(target(what), count, seed);
    }
    Ok(())
}
