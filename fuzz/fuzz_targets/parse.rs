//! Any bytes parse to a tree and diagnostics with places inside the text.

#![no_main]

use chainrule_fuzz::{check_diagnostics, check_span};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let parsed = chainrule_syntax::parse(&text);
    check_diagnostics(&text, &parsed.diagnostics);
    for block in &parsed.file.blocks {
        check_span(&text, block.word_span);
        for statement in &block.statements {
            check_span(&text, statement.span);
        }
    }
    for name in &parsed.file.broken {
        check_span(&text, name.span);
    }
    // What is proposed can be read again.
    for repair in parsed.diagnostics.iter().flat_map(|found| &found.repairs) {
        let changed = repair.apply(&text).expect("checked above");
        check_diagnostics(&changed, &chainrule_syntax::parse(&changed).diagnostics);
    }
});
