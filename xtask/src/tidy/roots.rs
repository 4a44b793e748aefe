//! What stands at the top of a crate, and unsafe code anywhere.
//!
//! Only [`UNSAFE_ISLAND`] may use unsafe code. Every other crate root forbids it; test files and
//! examples are roots of their own, so besides the word itself is looked for in every file.

use super::finding::Finding;
use super::package::{Package, Packages};
use super::rust;
use super::tree::Tree;

/// The one crate that may be unsafe.
const UNSAFE_ISLAND: &str = "chainrule-kernels";
/// What all others say.
const FORBID: &str = "#![forbid(unsafe_code)]";

/// Checks each member's roots, then every Rust file.
pub(crate) fn check(tree: &Tree, packages: &Packages) -> Vec<Finding> {
    let members = packages.all.iter().filter(|package| package.is_member());
    let mut findings: Vec<Finding> = members
        .flat_map(|package| roots(tree, package).map(move |root| (package, root)))
        .flat_map(|(package, (path, text))| check_root(package, path, text))
        .collect();
    let island = packages.all.iter().find(|package| package.name == UNSAFE_ISLAND);
    let island = island.map(|package| format!("{}/", package.folder));
    for (path, text) in tree.with_extension(&["rs"]) {
        if !island.as_ref().is_some_and(|island| path.starts_with(island)) {
            findings.extend(unsafe_words(path, text));
        }
    }
    findings
}

/// The crate roots of a package: the usual places, and those its manifest names.
fn roots<'t>(tree: &'t Tree, package: &'t Package) -> impl Iterator<Item = (&'t str, &'t str)> {
    let named = |inside: &str| {
        let entries = &package.manifest.entries;
        let mut paths = entries.iter().filter(|e| e.is(&["lib", "path"]) || e.is(&["bin", "path"]));
        paths.any(|path| path.text() == inside)
    };
    tree.with_extension(&["rs"]).filter(move |(path, _)| {
        let inside = path.strip_prefix(&package.folder).and_then(|rest| rest.strip_prefix('/'));
        inside.is_some_and(|inside| {
            let binary = inside.strip_prefix("src/bin/");
            ["src/lib.rs", "src/main.rs"].contains(&inside)
                || binary.is_some_and(|name| !name.contains('/') || name.ends_with("/main.rs"))
                || named(inside)
        })
    })
}

fn check_root(package: &Package, path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !text.trim_start().starts_with("//!") {
        findings.push(Finding::error(path, 1, "does not start with `//!`: say what the crate is"));
    }
    if package.name != UNSAFE_ISLAND && !rust::code_only(text).contains(FORBID) {
        findings.push(Finding::error(path, 1, format!("`{FORBID}` is missing")));
    }
    findings
}

fn unsafe_words(path: &str, text: &str) -> Vec<Finding> {
    let code = rust::code_only(text);
    let uses = rust::words(&code).filter(|(_, word)| *word == "unsafe");
    let message = || format!("unsafe code outside `{UNSAFE_ISLAND}`");
    uses.map(|(at, _)| Finding::error(path, rust::line_of(&code, at), message())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "//! Docs.\n#![forbid(unsafe_code)]\n";

    /// The findings in one file of a package called `name` in `crates/x`.
    fn found(name: &str, file: &str, text: &str) -> Vec<String> {
        let manifest = format!("[package]\nname = \"{name}\"\n[[bin]]\npath = \"odd/start.rs\"\n");
        let path = format!("crates/x/{file}");
        let tree = Tree::of(&[("crates/x/Cargo.toml", &manifest), (&path, text)]);
        check(&tree, &Packages::of(&tree)).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn good_roots_pass() {
        assert_eq!(found("chainrule", "src/lib.rs", GOOD), [""; 0]);
        assert_eq!(found("chainrule-kernels", "src/lib.rs", "//! Docs.\n"), [""; 0]);
        assert_eq!(found("chainrule", "src/other.rs", "fn f() {}\n"), [""; 0]);
        assert_eq!(found("chainrule", "src/bin/tool/part.rs", "fn f() {}\n"), [""; 0]);
    }

    #[test]
    fn every_root_must_forbid_unsafe_code() {
        for file in
            ["src/lib.rs", "src/main.rs", "src/bin/a.rs", "src/bin/b/main.rs", "odd/start.rs"]
        {
            let found = found("chainrule", file, "//! Docs.\n// #![forbid(unsafe_code)]\n");
            let expected = format!("crates/x/{file}:1: `#![forbid(unsafe_code)]` is missing");
            assert_eq!(found, [expected]);
        }
    }

    #[test]
    fn every_root_must_say_what_it_is() {
        let text = "#![forbid(unsafe_code)]\n//! Docs.\n";
        let found = found("chainrule", "src/lib.rs", text);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("crates/x/src/lib.rs:1: does not start with `//!`"));
    }

    #[test]
    fn unsafe_words_are_found_outside_the_island() {
        let text = "//! \"unsafe\"\nfn f() {\n    unsafe { g(\"unsafe\") }\n}\n";
        let expected = ["crates/x/tests/a.rs:3: unsafe code outside `chainrule-kernels`"];
        assert_eq!(found("chainrule", "tests/a.rs", text), expected);
        assert_eq!(found("chainrule-kernels", "src/gemm.rs", text), [""; 0]);
    }
}
