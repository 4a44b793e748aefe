//! Printing a node and reading it again gives the same node: over every equation of the suite and
//! of the built-in models.

use std::path::{Path, PathBuf};

use chainrule_graph::op::Op;
use chainrule_graph::{Module, raise, read};

fn files() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut out = Vec::new();
    for folder in ["suite/claims", "suite/identities", "crates/chainrule/models"] {
        for entry in std::fs::read_dir(root.join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if !path.is_file() {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("text");
            out.push((path, text));
        }
    }
    out.sort();
    out
}

/// Whether a binding stands alone on its line: no family member, no index equation.
fn plain(module: &Module, at: usize) -> bool {
    let binding = &module.bindings[at];
    let alone = module.bindings.iter().filter(|b| b.value_span == binding.value_span).count() == 1;
    alone && !matches!(module.graph.node(binding.value).op, Op::Collect { .. })
}

/// The text with the right side of every plain binding replaced by its printed node.
fn reprinted(module: &Module, text: &str) -> String {
    let mut places: Vec<usize> = (0..module.bindings.len()).filter(|&i| plain(module, i)).collect();
    places.sort_by_key(|&i| std::cmp::Reverse(module.bindings[i].value_span.start));
    let mut out = text.to_string();
    for at in places {
        let binding = &module.bindings[at];
        out.replace_range(binding.value_span.range(), &raise::text(module, binding.value));
    }
    out
}

#[test]
fn printed_nodes_read_back_as_themselves() {
    let mut count = 0;
    for (path, text) in files() {
        let first = read(&text);
        let again = reprinted(&first.modules[0], &text);
        let second = read(&again);
        let name = path.display();
        let errors: Vec<_> = second.diagnostics.iter().filter(|d| d.is_error()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}\n{again}");
        let (a, b) = (&first.modules[0], &second.modules[0]);
        assert_eq!(a.bindings.len(), b.bindings.len(), "{name}");
        for (x, y) in a.bindings.iter().zip(&b.bindings) {
            let (s, t) = (a.symbol(x.symbol), b.symbol(y.symbol));
            assert_eq!((&s.name, a.type_text(&s.ty)), (&t.name, b.type_text(&t.ty)), "{name}");
            assert_eq!(raise::text(a, x.value), raise::text(b, y.value), "{name}: {}", s.name);
            count += 1;
        }
    }
    assert!(count > 500, "{count} equations");
}

#[test]
fn every_function_name_means_something() {
    use chainrule_syntax::vocabulary::{FUNCTIONS, SOFT_FUNCTIONS, STANDARD_FUNCTIONS};
    let names = FUNCTIONS.iter().chain(&SOFT_FUNCTIONS).chain(&STANDARD_FUNCTIONS);
    for name in names {
        let text = format!(
            "size n\ngiven\n  x : R[n]\nnet\n  v = {name}(x, x, x, x, x, x, x, x, x, x, x)\n"
        );
        let reading = read(&text);
        // No function takes eleven arrays: each says how many it takes, or what it needs.
        assert_eq!(reading.diagnostics.len(), 1, "{name}: {:?}", reading.diagnostics);
        let code = reading.diagnostics[0].code;
        assert!(
            matches!(code, "argument-count" | "not-a-size"),
            "{name}: {}",
            reading.diagnostics[0].message
        );
    }
}
