//! A pattern, a path and an image.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chainrule::data::fuzz::images(bytes));
