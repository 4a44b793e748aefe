//! Names of the equations as names of a language.

use std::collections::{BTreeMap, BTreeSet};

use chainrule_graph::{Module, SymbolId};

/// Python's reserved words, and what the generated code itself calls things.
pub(super) const PYTHON: &[&str] = &[
    "False",
    "None",
    "True",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
    "np",
    "torch",
    "jax",
    "jnp",
    "math",
    "float",
    "slice",
    "dtype",
    "loss",
    "gradients",
];

/// Rust's reserved words, and what the generated code itself calls things.
pub(super) const RUST: &[&str] = &[
    "abstract",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "pub",
    "ref",
    "return",
    "self",
    "Self",
    "static",
    "struct",
    "super",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
    "f64",
    "usize",
    "std",
    "vec",
    "Array",
    "Vec",
    "params",
    "data",
    "loss",
    "gradients",
    "Params",
    "Data",
];

/// A name of the equations as a word: `W[2]` is `W_2`, `dJ/dW` is `dJ_dW`.
pub(super) fn identifier(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            out.push(c);
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    let out = out.trim_end_matches('_');
    if out.starts_with(|c: char| c.is_ascii_alphabetic()) { out.into() } else { format!("v_{out}") }
}

/// A word for every symbol in `wanted`. What is a word of the language, or of another name, gets an
/// underscore behind.
pub(super) fn assign(
    module: &Module,
    wanted: impl IntoIterator<Item = SymbolId>,
    keywords: &[&str],
) -> (BTreeMap<SymbolId, String>, BTreeSet<String>) {
    let mut taken: BTreeSet<String> = keywords.iter().map(|k| (*k).to_string()).collect();
    taken.extend(module.sizes.base().map(|(_, def)| def.name.clone()));
    taken.extend(module.sizes.derived().iter().map(|(name, _, _)| name.clone()));
    let mut names = BTreeMap::new();
    for id in wanted {
        let mut name = identifier(&module.symbol(id).name);
        while taken.contains(&name) {
            name.push('_');
        }
        taken.insert(name.clone());
        names.insert(id, name);
    }
    (names, taken)
}
