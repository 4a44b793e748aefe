//! How many packages the default build compiles.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use super::finding::Finding;
use crate::cargo;

/// The most packages, ours counted, that the default members may need.
const LIMIT: usize = 110;
/// Where the default members stand.
const MANIFEST: &str = "Cargo.toml";

/// The number of packages, or why it could not be found.
pub(crate) struct Dependencies(Result<usize, String>);

/// Asks `cargo tree` for the default members' normal and build dependencies on this machine.
pub(crate) fn measure(root: &Path) -> Dependencies {
    let mut command = cargo::command(root, "tree");
    command.args(["--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
    Dependencies(match command.output() {
        Ok(output) if output.status.success() => {
            Ok(count(&String::from_utf8_lossy(&output.stdout)))
        }
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().replace('\n', " ")),
        Err(error) => Err(error.to_string()),
    })
}

/// Counts each name and version once in lines such as `name v1.2.3 (/path) (*)`.
fn count(tree: &str) -> usize {
    let packages = tree.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next()?))
    });
    packages.collect::<BTreeSet<_>>().len()
}

impl Dependencies {
    /// Too many, or not to be counted.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let message = match &self.0 {
            Ok(count) if *count <= LIMIT => return Vec::new(),
            Ok(count) => format!("the default build has {count} packages, more than {LIMIT}"),
            Err(error) => format!("cargo tree failed: {error}"),
        };
        vec![Finding::error(MANIFEST, 1, message)]
    }
}

impl fmt::Display for Dependencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Ok(count) => write!(f, "{count} of {LIMIT} packages"),
            Err(_) => write!(f, "packages not counted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_counts_once() {
        let tree = "chainrule-cli v0.1.0 (/w/cli)\na v1.0.0\na v2.0.0\na v1.0.0 (*)\n\n\
                    b v1.0.0 (proc-macro)\n";
        assert_eq!(count(tree), 4);
    }

    #[test]
    fn too_many_are_found() {
        assert_eq!(Dependencies(Ok(LIMIT)).findings(), []);
        let found = Dependencies(Ok(LIMIT + 1)).findings();
        let expected = "the default build has 111 packages, more than 110";
        assert_eq!(found, [Finding::error("Cargo.toml", 1, expected)]);
    }

    #[test]
    fn a_failing_cargo_is_found() {
        let found = Dependencies(Err("no network".into())).findings();
        assert_eq!(found, [Finding::error("Cargo.toml", 1, "cargo tree failed: no network")]);
    }
}
