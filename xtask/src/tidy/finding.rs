//! What a check reports.

use std::fmt;

/// Whether a finding fails the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Printed only.
    Warning,
    /// Makes tidy exit with 1.
    Error,
}

/// One broken rule at one place. Sorts by place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The file, from the root of the workspace, with `/`.
    pub(crate) path: String,
    /// The line, from 1.
    pub(crate) line: usize,
    /// Whether it fails the run.
    pub(crate) severity: Severity,
    /// What is wrong, and where it helps what to do.
    pub(crate) message: String,
}

impl Finding {
    /// A finding that fails the run.
    pub(crate) fn error(path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: path.into(), line, severity: Severity::Error, message: message.into() }
    }

    /// A finding that is only printed.
    pub(crate) fn warning(path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding { severity: Severity::Warning, ..Finding::error(path, line, message) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { path, line, severity, message } = self;
        let mark = if *severity == Severity::Warning { "warning: " } else { "" };
        write!(f, "{path}:{line}: {mark}{message}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_compilers_do() {
        assert_eq!(Finding::error("a/b.rs", 3, "bad").to_string(), "a/b.rs:3: bad");
        assert_eq!(Finding::warning("a.rs", 1, "long").to_string(), "a.rs:1: warning: long");
    }
}
