//! The files of the workspace, read once.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// Files whose text the checks look at; of others only the name is kept.
const TEXT: [&str; 12] =
    ["rs", "eqn", "md", "toml", "sh", "py", "js", "css", "html", "yml", "yaml", "json"];

/// Every file by its path from the root (with `/`), with its text if it is of a known kind.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, Option<String>>,
}

impl Tree {
    /// Reads the folder, except `.git`, symbolic links and what the root's `.gitignore` names.
    ///
    /// # Errors
    /// When a file or folder cannot be read.
    pub(crate) fn read(root: &Path) -> Result<Tree, String> {
        let ignored = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
        let mut tree = Tree::default();
        tree.walk(root, "", &Ignored::parse(&ignored))?;
        Ok(tree)
    }

    fn walk(&mut self, folder: &Path, prefix: &str, ignored: &Ignored) -> Result<(), String> {
        let explain = |error: io::Error| format!("cannot read {}: {error}", folder.display());
        for entry in fs::read_dir(folder).map_err(explain)? {
            let entry = entry.map_err(explain)?;
            let kind = entry.file_type().map_err(explain)?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if kind.is_symlink() || ignored.contains(&path) {
                continue;
            }
            if kind.is_dir() {
                self.walk(&entry.path(), &format!("{path}/"), ignored)?;
            } else {
                let bytes = is_text(&path).then(|| fs::read(entry.path())).transpose();
                let bytes = bytes.map_err(|error| format!("cannot read {path}: {error}"))?;
                // Bad bytes are a matter for the compiler, and wanted in the suite's mistakes.
                let text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                self.files.insert(path, text);
            }
        }
        Ok(())
    }

    /// A tree in memory.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        let files = files.iter().map(|(path, text)| ((*path).into(), Some((*text).into())));
        Tree { files: files.collect() }
    }

    /// The text files in order of path.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// The text files that end in one of `extensions`.
    pub(crate) fn with_extension(&self, extensions: &[&str]) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(move |(path, _)| has_extension(path, extensions))
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// Whether there is such a file, or a folder with files in it.
    pub(crate) fn contains(&self, path: &str) -> bool {
        let folder = if path.is_empty() { String::new() } else { format!("{path}/") };
        self.files.contains_key(path)
            || self.files.range(folder.clone()..).next().is_some_and(|f| f.0.starts_with(&folder))
    }
}

/// Whether `path` ends in a dot and one of `extensions`.
pub(crate) fn has_extension(path: &str, extensions: &[&str]) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
}

fn is_text(path: &str) -> bool {
    path.starts_with(".ci/") || has_extension(path, &TEXT)
}

/// The plain lines of a `.gitignore`: `/path`, `name` and `*.extension`.
struct Ignored(Vec<String>);

impl Ignored {
    fn parse(text: &str) -> Ignored {
        let lines = text.lines().map(|line| line.trim().trim_end_matches('/'));
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        Ignored(lines.chain([".git"]).map(String::from).collect())
    }

    fn contains(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.0.iter().any(|rule| match rule.strip_prefix('*') {
            Some(ending) => name.ends_with(ending),
            None if rule.contains('/') => path == rule.trim_start_matches('/'),
            None => name == rule,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_paths() {
        let ignored = Ignored::parse("# built\n/target\nnode/\n*.log\nfuzz/corpus\n");
        for path in ["target", "a/node", "b/x.log", ".git", "fuzz/corpus"] {
            assert!(ignored.contains(path), "{path}");
        }
        for path in ["a/target", "targets", ".gitignore", "corpus", "x.logs"] {
            assert!(!ignored.contains(path), "{path}");
        }
    }

    #[test]
    fn files_and_folders_exist() {
        let tree = Tree::of(&[("docs/a.md", ""), ("docs.md", "")]);
        for path in ["", "docs", "docs/a.md", "docs.md"] {
            assert!(tree.contains(path), "{path}");
        }
        for path in ["doc", "docs/a", "docs/a.md/b", "z"] {
            assert!(!tree.contains(path), "{path}");
        }
    }
}
