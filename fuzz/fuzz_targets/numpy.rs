//! Any bytes as NumPy arrays.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chainrule::data::fuzz::numpy(bytes));
