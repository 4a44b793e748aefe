//! What the tests of printing and formatting share.

use std::path::Path;

use chainrule_syntax::parse;

/// The equation files of the repository, each with its path.
pub(crate) fn files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = ["crates/chainrule/models", "suite/claims", "suite/identities", "suite/mistakes"];
    let mut files = Vec::new();
    for folder in folders {
        let entries = std::fs::read_dir(root.join(folder)).unwrap_or_else(|e| {
            panic!("{folder}: {e}");
        });
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|e| e == "eqn"));
        paths.sort();
        assert!(!paths.is_empty(), "no equation files in {folder}");
        for path in paths {
            files.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    files
}

/// The files that can be read.
pub(crate) fn good_files() -> Vec<(String, String)> {
    let good: Vec<_> = files().into_iter().filter(|(_, text)| parse(text).is_ok()).collect();
    assert!(good.len() > 200, "only {} files can be read", good.len());
    good
}

/// The tree of a text as text, without the places.
pub(crate) fn tree(text: &str) -> String {
    let shown = format!("{:?}", parse(text).file);
    let mut out = String::with_capacity(shown.len());
    let mut rest = &shown[..];
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let start = digits(rest);
        let end = rest[start..].strip_prefix("..").map_or(0, digits);
        if end > 0 {
            rest = &rest[start + 2 + end..];
        } else {
            out.push_str(&rest[..start]);
            rest = &rest[start..];
        }
    }
    out + rest
}

/// How many cases a property test draws: `ordinary`, or fifty times as many in a deep run.
pub(crate) fn cases(ordinary: usize) -> usize {
    let deep = std::env::var("CHAINRULE_DEEP").is_ok_and(|value| value == "1");
    if deep { ordinary * 50 } else { ordinary }
}

/// Marsaglia's xorshift64*.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit as u64) as usize
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }
}
