#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (leitmotif_fuzz::target("collection").run)(bytes));
