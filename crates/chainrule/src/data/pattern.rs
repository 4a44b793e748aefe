//! Patterns of file names: `cifar10/train/*_{label}.jpg`.
//!
//! `*` stands for any text inside one part of a path, `{label}` for the label: a text that is not
//! empty. `*` takes as much as it can, `{label}` as little as it can.

/// Most of `*` and `{label}` in one part.
const MOST: usize = 8;

/// One part of a path with what it stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Part {
    pieces: Vec<Piece>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    Any,
    Label,
}

/// A pattern: a folder, and the parts below it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pattern {
    /// The path before the first part that is no plain name; may be empty.
    pub(super) folder: String,
    /// The parts from there on; empty if the pattern is a plain path.
    pub(super) parts: Vec<Part>,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// Two labels, too many `*`, or a brace that is not that of `{label}`.
    pub(super) fn read(text: &str) -> Result<Pattern, String> {
        let plain = |part: &&str| !part.contains(['*', '{', '}']);
        let written: Vec<&str> = text.split('/').collect();
        let first = written.iter().take_while(|part| plain(part)).count();
        let parts: Vec<Part> =
            written[first..].iter().map(|part| Part::read(part)).collect::<Result<_, _>>()?;
        if parts.iter().filter(|part| part.has_label()).count() > 1 {
            return Err(format!("the pattern `{text}` has two `{{label}}`"));
        }
        if parts.iter().any(|part| part.pieces.is_empty()) {
            return Err(format!("the pattern `{text}` has an empty part"));
        }
        let mut folder = written[..first].join("/");
        if folder.is_empty() && first > 0 {
            folder.push('/');
        }
        Ok(Pattern { folder, parts })
    }

    /// Whether names tell labels.
    pub(super) fn has_label(&self) -> bool {
        self.parts.iter().any(Part::has_label)
    }
}

impl Part {
    fn read(text: &str) -> Result<Part, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['*', '{', '}']) {
            if at > 0 {
                pieces.push(Piece::Text(rest[..at].into()));
            }
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("{label}") {
                pieces.push(Piece::Label);
                rest = after;
            } else if let Some(after) = rest.strip_prefix('*') {
                // Two stars in a row are one.
                if pieces.last() != Some(&Piece::Any) {
                    pieces.push(Piece::Any);
                }
                rest = after;
            } else {
                return Err(format!("`{text}`: braces are only those of `{{label}}`"));
            }
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.into()));
        }
        let labels = pieces.iter().filter(|p| **p == Piece::Label).count();
        let open = pieces.iter().filter(|p| !matches!(p, Piece::Text(_))).count();
        if labels > 1 {
            return Err(format!("`{text}` has two `{{label}}`"));
        }
        if open > MOST {
            return Err(format!("`{text}` has more than {MOST} of `*` and `{{label}}`"));
        }
        Ok(Part { pieces })
    }

    fn has_label(&self) -> bool {
        self.pieces.contains(&Piece::Label)
    }

    /// The name, if this part stands for that one alone.
    pub(super) fn plain(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether `name` fits, and the label in it.
    pub(super) fn fits<'n>(&self, name: &'n str) -> Option<Option<&'n str>> {
        // As for shells, a hidden file is not meant by `*`.
        let hidden = name.starts_with('.');
        if hidden && !matches!(self.pieces.first(), Some(Piece::Text(_))) {
            return None;
        }
        let failed = vec![false; (self.pieces.len() + 1) * (name.len() + 1)];
        Match { pieces: &self.pieces, name, failed }.from(0, 0)
    }
}

/// The `{label}` of any name, or any name: the parts of a folder of images.
pub(super) fn folder_parts(labelled: bool) -> Vec<Part> {
    let any = Part { pieces: vec![Piece::Any] };
    let label = Part { pieces: vec![Piece::Label] };
    if labelled { vec![label, any] } else { vec![any] }
}

/// Matching of one name: what did not fit is not tried again, so that the cost is bounded.
struct Match<'p, 'n> {
    pieces: &'p [Piece],
    name: &'n str,
    /// Whether the pieces from `i` on are known not to fit the name from `at` on.
    failed: Vec<bool>,
}

impl<'n> Match<'_, 'n> {
    fn from(&mut self, i: usize, at: usize) -> Option<Option<&'n str>> {
        let state = i * (self.name.len() + 1) + at;
        if self.failed[state] {
            return None;
        }
        let found = self.attempt(i, at);
        self.failed[state] = found.is_none();
        found
    }

    fn attempt(&mut self, i: usize, at: usize) -> Option<Option<&'n str>> {
        let (name, pieces) = (self.name, self.pieces);
        let Some(piece) = pieces.get(i) else {
            return (at == name.len()).then_some(None);
        };
        let mut ends = (at..=name.len()).filter(|end| name.is_char_boundary(*end));
        match piece {
            Piece::Text(text) => {
                let rest = name[at..].strip_prefix(text.as_str())?;
                self.from(i + 1, name.len() - rest.len())
            }
            Piece::Any => ends.rev().find_map(|end| self.from(i + 1, end)),
            Piece::Label => {
                ends.next();
                ends.find_map(|end| self.from(i + 1, end).map(|_| Some(&name[at..end])))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label<'n>(part: &str, name: &'n str) -> Option<Option<&'n str>> {
        Part::read(part).unwrap().fits(name)
    }

    #[test]
    fn labels_in_names() {
        assert_eq!(label("*_{label}.jpg", "00000_6.jpg"), Some(Some("6")));
        assert_eq!(label("*_{label}.jpg", "a_b_6.jpg"), Some(Some("6")));
        assert_eq!(label("{label}_*.jpg", "cat_1_2.jpg"), Some(Some("cat")));
        assert_eq!(label("{label}.*", "x.y.png"), Some(Some("x")));
        assert_eq!(label("*_{label}.jpg", "00000_.jpg"), None);
        assert_eq!(label("*_{label}.jpg", "00000_6.png"), None);
        assert_eq!(label("*.jpg", "é.jpg"), Some(None));
        assert_eq!(label("*é{label}", "éé7"), Some(Some("7")));
        assert_eq!(label("{label}", ".git"), None);
        assert_eq!(label(".*", ".git"), Some(None));
    }

    #[test]
    fn a_pattern_is_a_folder_and_parts() {
        let pattern = Pattern::read("cifar10/test/{label}/*.jpg").unwrap();
        assert_eq!((pattern.folder.as_str(), pattern.parts.len()), ("cifar10/test", 2));
        assert!(pattern.has_label());
        assert_eq!(Pattern::read("/*.jpg").unwrap().folder, "/");
        assert_eq!(Pattern::read("*.jpg").unwrap().folder, "");
        assert_eq!(Pattern::read("a/b").unwrap().parts, []);
        assert_eq!(Pattern::read("*/a").unwrap().parts[1].plain(), Some("a"));
    }

    #[test]
    fn patterns_that_are_none() {
        for bad in ["{label}{label}", "{label}/{label}", "{x}", "a}", "*a*a*a*a*a*a*a*a*", "*//a"] {
            assert!(Pattern::read(bad).is_err(), "{bad}");
        }
        assert!(Pattern::read("**********").is_ok());
    }

    #[test]
    fn long_names_end() {
        let name = "a".repeat(255);
        assert_eq!(label("*a*a*a*a*a*a*b", &name), None);
    }
}
