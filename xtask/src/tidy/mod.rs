//! `cargo xtask tidy`: the rules of the house that the compiler does not know.
//!
//! Reading ([`tree`]) is apart from judging: every check is a function from the files' text to
//! [`Finding`]s, so each is tested on small trees in memory.

mod dependencies;
mod finding;
mod floors;
mod links;
mod package;
mod roots;
mod rust;
mod sizes;
mod text;
mod tree;

use std::path::Path;

use finding::{Finding, Severity};
use package::Packages;
use tree::Tree;

/// Checks the workspace at `root` and prints what it found; true if nothing fails.
///
/// # Errors
/// When a file or folder cannot be read.
pub(crate) fn run(root: &Path) -> Result<bool, String> {
    let tree = Tree::read(root).map_err(|error| format!("tidy: {error}"))?;
    let sizes = sizes::measure(&tree);
    let dependencies = dependencies::measure(root);
    let mut findings = check(&tree);
    findings.extend(sizes.findings());
    findings.extend(dependencies.findings());
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
    let warnings = findings.len() - errors;
    println!("tidy: {sizes}; {dependencies}; errors: {errors}, warnings: {warnings}");
    Ok(errors == 0)
}

/// Every check that needs no measuring.
fn check(tree: &Tree) -> Vec<Finding> {
    let packages = Packages::of(tree);
    let checks = [
        floors::check(&packages),
        roots::check(tree, &packages),
        text::check(tree),
        links::check(tree),
    ];
    checks.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tidy_tree_has_no_findings() {
        let tree = Tree::of(&[
            ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n"),
            ("README.md", "# Name\n\nSee [the code](crates/syntax/src/lib.rs).\n"),
            ("crates/syntax/Cargo.toml", "[package]\nname = \"chainrule-syntax\"\n"),
            ("crates/syntax/src/lib.rs", "//! Text.\n#![forbid(unsafe_code)]\n\nfn f() {}\n"),
        ]);
        assert_eq!(check(&tree), []);
        assert_eq!(sizes::measure(&tree).findings(), []);
    }

    #[test]
    fn every_check_is_called() {
        let tree = Tree::of(&[
            ("README.md", "[gone](gone.md)\n"),
            ("crates/x/Cargo.toml", "[package]\nname = \"chainrule-x\"\n"),
            ("crates/x/src/lib.rs", "fn f() {}\t\n"),
        ]);
        let paths: Vec<String> = check(&tree).into_iter().map(|found| found.path).collect();
        let lib = "crates/x/src/lib.rs";
        assert_eq!(paths, ["crates/x/Cargo.toml", lib, lib, lib, lib, "README.md"]);
    }
}
