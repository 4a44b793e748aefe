//! Any bytes elaborate to modules whose graphs keep their promises.

#![no_main]

use chainrule_fuzz::{check_diagnostics, check_span};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let reading = chainrule_graph::read(&text);
    check_diagnostics(&text, &reading.diagnostics);
    assert!(!reading.modules.is_empty());
    for module in &reading.modules {
        for claim in &module.claims {
            check_diagnostics(&text, &claim.ill_formed);
            check_span(&text, claim.span);
        }
        for note in &module.notes {
            check_span(&text, note.span);
        }
        for (span, _) in &module.uses {
            check_span(&text, *span);
        }
        for symbol in &module.symbols {
            check_span(&text, symbol.span);
        }
        for (_, span) in &module.requirements {
            check_span(&text, *span);
        }
        if reading.is_ok() {
            module.verify().expect("a module without errors is whole");
        }
    }
});
