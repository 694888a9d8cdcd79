//! Writing allocates nothing, however long a piece becomes.

use crate::common;
use leitmotif_model::{Compression, Gating, Model, ModelConfig, ModelKind};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts the allocations of the current thread.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that ends has no counter any more.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: everything is passed to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SIZES: [usize; 4] = [23, 9, 40, 6];
const STREAMS: usize = 3;
/// Events before the count: several segments, with memory and compressed memory full.
const WARM: usize = 400;
const EVENTS: usize = 1000;

fn check(config: ModelConfig) {
    let said = format!("{config:?}");
    let model = common::network(config, &SIZES);
    let mut batch = model.decoding_batch(STREAMS);
    let streams: Vec<usize> = (0..STREAMS).collect();
    let events: Vec<Vec<u16>> = (0..WARM + EVENTS)
        .map(|time| streams.iter().flat_map(|&stream| common::event(&SIZES, stream, time)).collect())
        .collect();
    let mut logits = SIZES.map(|size| vec![0.0; STREAMS * size]);
    let mut earlier = [0; STREAMS * SIZES.len()];
    let mut before = 0;
    for (time, events) in events.iter().enumerate() {
        if time == WARM {
            before = COUNT.get();
        }
        // Streams are at different places of their segments.
        let late = usize::from(time == 3);
        batch.push(&streams[late..], &events[late * SIZES.len()..]);
        for (field, logits) in logits.iter_mut().enumerate() {
            for stream in 0..STREAMS {
                let event = &events[stream * SIZES.len()..];
                earlier[stream * field..][..field].copy_from_slice(&event[..field]);
            }
            batch.logits(&streams, &earlier[..STREAMS * field], field, logits);
        }
    }
    assert_eq!(COUNT.get() - before, 0, "allocations of {said}");
}

fn config() -> ModelConfig {
    ModelConfig {
        d_model: 32,
        layers: 2,
        heads: 4,
        d_ff: 48,
        d_field: 24,
        segment: 30,
        memory: 20,
        compressed: 12,
        ratio: 4,
        ..ModelConfig::default()
    }
}

#[test]
fn the_counter_counts() {
    let before = COUNT.get();
    std::hint::black_box(vec![0_u8; 100]);
    assert!(COUNT.get() > before);
}

#[test]
fn no_compression_function_allocates() {
    let functions =
        [Compression::Mean, Compression::Max, Compression::Conv, Compression::DilatedConv, Compression::MostUsed];
    for compression in functions {
        for copies in [false, true] {
            check(ModelConfig { compression, copy_features: copies, ..config() });
        }
        // More compressed states at once than one product takes, most of which are kept.
        check(ModelConfig { compression, segment: 140, memory: 0, compressed: 100, ratio: 1, ..config() });
    }
}

#[test]
fn no_architecture_allocates() {
    for copies in [false, true] {
        for config in [
            ModelConfig { glu: true, gating: Gating::Gru, ..config() },
            ModelConfig { memory: 0, compressed: 0, ..config() },
            ModelConfig { compressed: 0, ..config() },
            ModelConfig { kind: ModelKind::Lstm, ..config() },
        ] {
            check(ModelConfig { copy_features: copies, ..config });
        }
    }
}
