//! Any bytes as an IDX file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chainrule::data::fuzz::idx(bytes));
