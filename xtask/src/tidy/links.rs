//! Links in the documents: each relative one must lead to a file or folder of the tree.
//!
//! Looked at: `[text](target)`, images, `[name]: target`, and `src`/`href` of HTML tags, outside
//! code. What follows `#` is not followed.

use super::finding::Finding;
use super::text::without_code_spans;
use super::tree::Tree;

/// Checks the documents at the root and in `docs/`.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let documents = tree.with_extension(&["md"]);
    let documents = documents.filter(|(path, _)| !path.contains('/') || path.starts_with("docs/"));
    let broken = documents.flat_map(|(path, text)| {
        let links = links(text).into_iter();
        links.filter(|(_, target)| !leads_somewhere(tree, path, target)).map(move |link| {
            Finding::error(path, link.0, format!("the link to `{}` leads nowhere", link.1))
        })
    });
    broken.collect()
}

fn leads_somewhere(tree: &Tree, document: &str, target: &str) -> bool {
    let target = target.split(['#', '?']).next().unwrap_or_default().replace("%20", " ");
    let elsewhere = target.starts_with("//") || has_scheme(&target);
    target.is_empty()
        || elsewhere
        || resolve(document, &target).is_some_and(|path| tree.contains(&path))
}

/// `https:`, `mailto:` and so on.
fn has_scheme(target: &str) -> bool {
    let is_scheme = |name: &str| {
        name.len() > 1 && name.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    target.split_once(':').is_some_and(|(name, _)| is_scheme(name))
}

/// The path from the root that `target` means in `document`; nothing if it climbs out.
fn resolve(document: &str, target: &str) -> Option<String> {
    let folder = document.rsplit_once('/').map_or("", |(folder, _)| folder);
    let start = if target.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = Vec::new();
    for part in start.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The targets in a document with their lines.
fn links(markdown: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    for (index, line) in markdown.lines().enumerate() {
        let start = line.trim_start();
        match fence {
            Some(mark) => {
                if start.starts_with(mark) {
                    fence = None;
                }
            }
            None => {
                fence = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
                if fence.is_none() {
                    let targets = targets(&without_code_spans(line));
                    found.extend(targets.into_iter().map(|target| (index + 1, target)));
                }
            }
        }
    }
    found
}

/// The targets in one line without code.
fn targets(line: &str) -> Vec<String> {
    let inline = line.match_indices("](").map(|(at, mark)| inline_target(&line[at + mark.len()..]));
    let quoted = ["src=\"", "href=\""].into_iter().flat_map(|mark| {
        let starts = line.match_indices(mark).map(|(at, mark)| at + mark.len());
        starts.filter_map(|start| Some(line[start..].split_once('"')?.0))
    });
    inline.chain(quoted).chain(reference(line)).map(String::from).collect()
}

/// The target at the start of `rest`, which follows `](`: up to a blank or the closing bracket.
fn inline_target(rest: &str) -> &str {
    if let Some((target, _)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        return target;
    }
    let mut depth = 0;
    let end = rest.find(|c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth < 0 || c.is_whitespace()
    });
    &rest[..end.unwrap_or(rest.len())]
}

/// The target of `[name]: target`, which is no footnote.
fn reference(line: &str) -> Option<&str> {
    let name = line.trim_start().strip_prefix('[')?;
    let (name, target) = name.split_once("]:")?;
    let is_footnote = name.starts_with('^');
    let target = target.split_whitespace().next()?.trim_start_matches('<').trim_end_matches('>');
    (!is_footnote && !name.contains(']')).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(path: &str, text: &str) -> Vec<String> {
        let tree = Tree::of(&[
            (path, text),
            ("DESIGN.md", ""),
            ("docs/language.md", ""),
            ("docs/a b.md", ""),
            ("suite/mlp.eqn", ""),
        ]);
        check(&tree).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn good_links_pass() {
        for link in [
            "[a](DESIGN.md), [b](./docs/language.md#floors) and ![c](suite/mlp.eqn \"title\")",
            "[folder](suite/) [up](docs/../suite) [root](/DESIGN.md) [b](<docs/a b.md>)",
            "[space](docs/a%20b.md) [self](#here) [away](https://x.org/y.md) <mailto:a@b.c>",
            "[name]: DESIGN.md",
            "[^1]: a footnote",
            "<img src=\"suite/mlp.eqn\"> <a href=\"http://x.org\">x</a>",
            "`[code](gone.md)` and ``[a](b)``",
            "```text\n[code](gone.md)\n```",
        ] {
            assert_eq!(broken("README.md", link), [""; 0], "{link}");
        }
        assert_eq!(broken("docs/index.md", "[a](language.md) [b](../DESIGN.md)"), [""; 0]);
    }

    #[test]
    fn broken_links_are_found() {
        for link in [
            "[a](gone.md)",
            "![a](docs/gone.png \"t\")",
            "[a](../outside.md)",
            "[name]: gone.md",
            "<img src=\"gone.svg\">",
            "[a](design.md)",
        ] {
            let broken = broken("README.md", &format!("# T\n\n~~~\n~~~\n{link}\n"));
            assert_eq!(broken.len(), 1, "{link}");
            assert!(broken[0].starts_with("README.md:5: the link to `"), "{broken:?}");
        }
        assert_eq!(broken("docs/index.md", "[a](DESIGN.md)").len(), 1);
    }

    #[test]
    fn other_documents_are_left_alone() {
        assert_eq!(broken("suite/notes.md", "[a](gone.md)"), [""; 0]);
    }

    #[test]
    fn targets_may_hold_brackets() {
        assert_eq!(inline_target("a(b).md) c"), "a(b).md");
        assert_eq!(links("x\n[a](b) [c](d)"), [(2, "b".into()), (2, "d".into())]);
    }
}
