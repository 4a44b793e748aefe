//! Formatting keeps the tree, and formatting twice is formatting once.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)] // the tests of `syntax` use the rest
#[path = "../../crates/syntax/tests/support/mod.rs"]
mod support;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let Ok(formatted) = chainrule_syntax::format(&text) else { return };
    assert_eq!(chainrule_syntax::format(&formatted).ok().as_ref(), Some(&formatted));
    // A tab in the indentation is an error that formatting repairs: the tree is that without it.
    if chainrule_syntax::parse(&text).is_ok() {
        assert_eq!(support::tree(&formatted), support::tree(&text));
    }
});
