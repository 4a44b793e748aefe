//! Files and functions that grow too long to read.
//!
//! Functions count from `fn` to the closing brace. Tests are free: `#[cfg(test)]` items, and
//! files in `tests/` or `benches/` folders or called `tests.rs`. File lengths count everything.

use std::fmt;

use super::finding::Finding;
use super::rust;
use super::tree::{Tree, has_extension};

/// Lines above which a thing is remarked on, and above which it fails.
struct Limit {
    warn: usize,
    fail: usize,
}

const FILE: Limit = Limit { warn: 500, fail: 800 };
const FUNCTION: Limit = Limit { warn: 60, fail: 100 };
/// One op, one file: the fewer lines the better it reads.
const OP_FILE: Limit = Limit { warn: 150, ..FILE };
/// Where the op files are.
const OPS: &str = "crates/graph/src/ops/";
/// What counts as source.
const SOURCES: [&str; 3] = ["rs", "eqn", "js"];

/// A length and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Measured {
    path: String,
    /// Where it starts.
    line: usize,
    /// The function's name; none for a whole file.
    function: Option<String>,
    lines: usize,
}

/// The lengths of all source files and functions.
pub(crate) struct Sizes {
    files: Vec<Measured>,
    functions: Vec<Measured>,
}

/// Measures every source file of `tree`.
pub(crate) fn measure(tree: &Tree) -> Sizes {
    let mut sizes = Sizes { files: Vec::new(), functions: Vec::new() };
    for (path, text) in tree.with_extension(&SOURCES) {
        let (path, lines) = (path.to_string(), text.lines().count());
        if has_extension(&path, &["rs"]) && !is_test(&path) {
            let functions = rust::functions(&rust::code_only(text));
            sizes.functions.extend(functions.into_iter().map(|function| Measured {
                path: path.clone(),
                line: function.line,
                function: Some(function.name),
                lines: function.length,
            }));
        }
        sizes.files.push(Measured { path, line: 1, function: None, lines });
    }
    sizes
}

fn is_test(path: &str) -> bool {
    path.split('/').any(|part| ["tests", "benches", "tests.rs"].contains(&part))
}

impl Sizes {
    /// What is too long.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let all = self.files.iter().chain(&self.functions);
        all.filter_map(Measured::finding).collect()
    }
}

impl Measured {
    fn limit(&self) -> Limit {
        let is_op = self.path.starts_with(OPS) && !self.path.ends_with("/mod.rs");
        match self.function {
            Some(_) => FUNCTION,
            None if is_op => OP_FILE,
            None => FILE,
        }
    }

    fn finding(&self) -> Option<Finding> {
        let Limit { warn, fail } = self.limit();
        let name = self.function.as_ref().map_or("the file".into(), |name| format!("`{name}`"));
        let message = |limit| format!("{name} has {} lines, more than {limit}", self.lines);
        if self.lines > fail {
            Some(Finding::error(&self.path, self.line, message(fail)))
        } else if self.lines > warn {
            Some(Finding::warning(&self.path, self.line, message(warn)))
        } else {
            None
        }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Measured { path, line, function, lines } = self;
        match function {
            Some(name) => write!(f, "`{name}` {lines} lines ({path}:{line})"),
            None => write!(f, "{path} {lines} lines"),
        }
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: usize = self.files.iter().map(|file| file.lines).sum();
        write!(f, "{} source files, {lines} lines", self.files.len())?;
        if let Some(file) = self.files.iter().max_by_key(|file| file.lines) {
            write!(f, "; largest file {file}")?;
        }
        if let Some(function) = self.functions.iter().max_by_key(|function| function.lines) {
            write!(f, "; longest function {function}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let sizes = measure(&Tree::of(&[(path, text)]));
        sizes.findings().iter().map(Finding::to_string).collect()
    }

    fn function(lines: usize) -> String {
        format!("fn f() {{\n{}}}\n", "    g();\n".repeat(lines - 2))
    }

    #[test]
    fn long_files_are_found() {
        let path = "crates/x/src/a.rs";
        assert_eq!(found(path, &"\n".repeat(500)), [""; 0]);
        let warned = found(path, &"\n".repeat(501));
        assert_eq!(warned, ["crates/x/src/a.rs:1: warning: the file has 501 lines, more than 500"]);
        let failed = found(path, &"\n".repeat(801));
        assert_eq!(failed, ["crates/x/src/a.rs:1: the file has 801 lines, more than 800"]);
        assert_eq!(found("docs/a.md", &"\n".repeat(900)), [""; 0]);
    }

    #[test]
    fn long_op_files_are_remarked_on() {
        let warned = found("crates/graph/src/ops/trig.rs", &"\n".repeat(151));
        assert_eq!(warned.len(), 1);
        assert!(warned[0].contains("warning: the file has 151 lines"), "{warned:?}");
        assert_eq!(found("crates/graph/src/ops/mod.rs", &"\n".repeat(151)), [""; 0]);
    }

    #[test]
    fn long_functions_are_found() {
        let path = "crates/x/src/a.rs";
        assert_eq!(found(path, &function(60)), [""; 0]);
        let warned = found(path, &format!("\n{}", function(61)));
        assert_eq!(warned, ["crates/x/src/a.rs:2: warning: `f` has 61 lines, more than 60"]);
        let failed = found(path, &function(101));
        assert_eq!(failed, ["crates/x/src/a.rs:1: `f` has 101 lines, more than 100"]);
    }

    #[test]
    fn tests_may_have_long_functions() {
        for path in ["crates/x/tests/a.rs", "crates/x/src/tests.rs", "bench/benches/a.rs"] {
            assert_eq!(found(path, &function(101)), [""; 0], "{path}");
        }
    }

    #[test]
    fn the_summary_names_the_largest() {
        let sizes = measure(&Tree::of(&[("a.rs", "fn a() {}\n"), ("b.rs", "\nfn b() {\n}\n")]));
        let expected = "2 source files, 4 lines; largest file b.rs 3 lines; \
                        longest function `b` 2 lines (b.rs:2)";
        assert_eq!(sizes.to_string(), expected);
    }
}
