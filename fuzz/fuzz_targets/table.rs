//! Any bytes as a table of text.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chainrule::data::fuzz::table(bytes));
