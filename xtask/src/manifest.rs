//! Reads as much TOML as a `Cargo.toml` uses: tables, dotted keys, inline tables, arrays, comments.
//!
//! Not read: multi-line strings and dates, which no manifest here needs.

/// One `key = value`, or one table header (then `value` is empty), with its whole path.
///
/// `[dependencies.a]`, `a = { .. }` under `[dependencies]` and `dependencies.a.path = ".."` all
/// give paths that start with `dependencies`, `a`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The keys from the root of the file.
    pub(crate) path: Vec<String>,
    /// The right side as written, quotes included.
    pub(crate) value: String,
    /// The line of the file, from 1.
    pub(crate) line: usize,
}

impl Entry {
    /// Whether the path is exactly `path`.
    pub(crate) fn is(&self, path: &[&str]) -> bool {
        self.path.iter().map(String::as_str).eq(path.iter().copied())
    }

    /// The value without its quotes.
    pub(crate) fn text(&self) -> String {
        unquoted(&self.value)
    }
}

/// When a dependency is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `[dependencies]`
    Normal,
    /// `[build-dependencies]`
    Build,
    /// `[dev-dependencies]`
    Dev,
}

/// A dependency of a manifest, for whatever target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// When it is needed.
    pub(crate) kind: Kind,
    /// The package's real name, renames undone.
    pub(crate) package: String,
    /// Where it is first mentioned.
    pub(crate) line: usize,
}

/// A manifest, flattened to entries in the order of the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manifest {
    /// Every key and table header.
    pub(crate) entries: Vec<Entry>,
}

impl Manifest {
    /// Reads `text`; what it does not understand it leaves out.
    pub(crate) fn parse(text: &str) -> Manifest {
        let mut manifest = Manifest::default();
        let mut table = Vec::new();
        for (line, statement) in statements(text) {
            if let Some(header) = statement.strip_prefix('[') {
                let name = header.trim_start_matches('[').trim_end_matches(']');
                table = key_path(name);
                let path = table.clone();
                manifest.entries.push(Entry { path, value: String::new(), line });
            } else {
                manifest.assign(&table, &statement, line);
            }
        }
        manifest
    }

    /// Adds `key = value` below `base`, and all that an inline table holds.
    fn assign(&mut self, base: &[String], statement: &str, line: usize) {
        let mut sides = split(statement, '=');
        let Some(key) = sides.next() else { return };
        let value = statement[key.len()..].trim_start_matches('=').trim();
        let path: Vec<String> = base.iter().cloned().chain(key_path(key)).collect();
        self.entries.push(Entry { path: path.clone(), value: value.to_string(), line });
        if let Some(inner) = value.strip_prefix('{').and_then(|v| v.strip_suffix('}')) {
            for part in split(inner, ',').filter(|part| !part.trim().is_empty()) {
                self.assign(&path, part.trim(), line);
            }
        }
    }

    /// The value at exactly `path`, without quotes.
    pub(crate) fn get(&self, path: &[&str]) -> Option<String> {
        self.entries.iter().find(|entry| entry.is(path)).map(Entry::text)
    }

    /// Every dependency once per kind; `workspace` is the root manifest, which may rename them.
    pub(crate) fn dependencies(&self, workspace: &Manifest) -> Vec<Dependency> {
        let mut seen: Vec<&[String]> = Vec::new();
        let mut found = Vec::new();
        for entry in &self.entries {
            let Some((kind, length)) = dependency_prefix(&entry.path) else { continue };
            let base = &entry.path[..length];
            if !seen.contains(&base) {
                seen.push(base);
                let package = self.package_name(base, workspace);
                found.push(Dependency { kind, package, line: entry.line });
            }
        }
        found
    }

    /// The package behind the dependency at `base`: its `package` key, here or in the workspace.
    fn package_name(&self, base: &[String], workspace: &Manifest) -> String {
        let below = |key| {
            let path: Vec<&str> = base.iter().map(String::as_str).chain([key]).collect();
            self.get(&path)
        };
        let name = base[base.len() - 1].clone();
        let inherited = || {
            below("workspace")?;
            workspace.get(&["workspace", "dependencies", &name, "package"])
        };
        below("package").or_else(inherited).unwrap_or(name)
    }
}

/// The kind of a path that goes through a dependency's name, and its length up to that name.
fn dependency_prefix(path: &[String]) -> Option<(Kind, usize)> {
    let skip = if path.first()? == "target" { 2 } else { 0 };
    let kind = match path.get(skip)?.as_str() {
        "dependencies" => Kind::Normal,
        "build-dependencies" => Kind::Build,
        "dev-dependencies" => Kind::Dev,
        _ => return None,
    };
    (path.len() >= skip + 2).then_some((kind, skip + 2))
}

/// Logical lines with their first line number: comments gone, open brackets joined.
fn statements(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        let line = split(line, '#').next().unwrap_or_default().trim();
        match found.last_mut() {
            Some((_, statement)) if open => {
                statement.push(' ');
                statement.push_str(line);
            }
            _ if line.is_empty() => continue,
            _ => found.push((index + 1, line.to_string())),
        }
        open = found.last().is_some_and(|(_, statement)| depth(statement) > 0);
    }
    found
}

/// Brackets and braces left open outside quotes.
fn depth(text: &str) -> i32 {
    outside_quotes(text).fold(0, |depth, (_, c)| match c {
        '[' | '{' => depth + 1,
        ']' | '}' => depth - 1,
        _ => depth,
    })
}

/// Splits at `separator` where it stands outside quotes and brackets.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut cuts = Vec::new();
    let mut depth = 0;
    for (at, c) in outside_quotes(text) {
        match c {
            _ if c == separator && (depth == 0 || c == '#') => cuts.push(at),
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    let starts: Vec<usize> = [0].into_iter().chain(cuts.iter().map(|cut| cut + 1)).collect();
    cuts.push(text.len());
    starts.into_iter().zip(cuts).map(move |(start, end)| &text[start..end])
}

/// The characters that are not inside a quoted string, with their byte offsets.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    let mut escaped = false;
    text.char_indices().filter(move |&(_, c)| match quote {
        None if c == '"' || c == '\'' => {
            quote = Some(c);
            false
        }
        None => true,
        Some(mark) => {
            if c == mark && !escaped {
                quote = None;
            }
            escaped = mark == '"' && c == '\\' && !escaped;
            false
        }
    })
}

fn key_path(key: &str) -> Vec<String> {
    split(key, '.').map(unquoted).collect()
}

fn unquoted(text: &str) -> String {
    let text = text.trim();
    let inner = |mark| text.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    inner('"').or_else(|| inner('\'')).unwrap_or(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(text: &str, workspace: &str) -> Vec<(Kind, String, usize)> {
        let found = Manifest::parse(text).dependencies(&Manifest::parse(workspace));
        found.into_iter().map(|d| (d.kind, d.package, d.line)).collect()
    }

    #[test]
    fn every_spelling_of_a_dependency() {
        let text = "\
[package]
name = \"x\" # a name, not a dependency
[dependencies]
a = \"1\"
b.workspace = true
c = { path = \"../c\", features = [\"d#e\", \"f\"] }
[dependencies.g]
version = \"1\"
features = [
  \"h\", # more
  \"i\",
]
[target.'cfg(target_os = \"linux\")'.dependencies]
j = \"1\"
[build-dependencies]
k = \"1\"
[dev-dependencies]
l = \"1\"
[features]
m = [\"dep:a\"]
";
        let expected = [
            (Kind::Normal, "a", 4),
            (Kind::Normal, "b", 5),
            (Kind::Normal, "c", 6),
            (Kind::Normal, "g", 7),
            (Kind::Normal, "j", 14),
            (Kind::Build, "k", 16),
            (Kind::Dev, "l", 18),
        ];
        let expected: Vec<_> = expected.map(|(k, n, l)| (k, n.to_string(), l)).into();
        assert_eq!(packages(text, ""), expected);
    }

    #[test]
    fn one_line_tables_and_dotted_keys() {
        let found = packages("dependencies = { a = \"1\", b = { path = \"b\" } }\n", "");
        assert_eq!(found.len(), 2);
        let found = packages("dev-dependencies.a.path = \"a\"\n", "");
        assert_eq!(found, [(Kind::Dev, "a".to_string(), 1)]);
    }

    #[test]
    fn renames_are_undone() {
        let workspace = "[workspace.dependencies]\nshort = { path = \"p\", package = \"long\" }\n";
        let text = "[dependencies]\nshort.workspace = true\nnew = { package = \"old\" }\n";
        let names: Vec<_> = packages(text, workspace).into_iter().map(|d| d.1).collect();
        assert_eq!(names, ["long", "old"]);
    }

    #[test]
    fn values_lose_their_quotes() {
        let manifest = Manifest::parse("[lib]\npath = 'src/x.rs'\n[[bin]]\nname = \"a\\\"#b\"\n");
        assert_eq!(manifest.get(&["lib", "path"]).as_deref(), Some("src/x.rs"));
        assert_eq!(manifest.get(&["bin", "name"]).as_deref(), Some("a\\\"#b"));
    }
}
