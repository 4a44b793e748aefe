//! What the tests of this crate share.
#![allow(dead_code)] // each test uses its part

pub(crate) mod samples;

use std::path::{Path, PathBuf};

/// The folder of equation files and golden texts.
pub(crate) fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suite")
}

/// Every equation file of a folder of the suite, sorted: name without ending, and text.
pub(crate) fn files(folder: &str) -> Vec<(String, String)> {
    let folder = suite().join(folder);
    let mut out: Vec<(String, String)> = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|e| e == "eqn"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("text"))
        })
        .collect();
    out.sort();
    out
}

/// Compares with a golden file; with `UPDATE_GOLDEN=1` writes it instead.
pub(crate) fn golden(path: &Path, text: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, text).expect("the golden file is written");
        return;
    }
    let wanted = std::fs::read_to_string(path).unwrap_or_default();
    if wanted == text {
        return;
    }
    let first = wanted.lines().zip(text.lines()).position(|(a, b)| a != b);
    let at = first.unwrap_or(wanted.lines().count().min(text.lines().count()));
    panic!(
        "{} differs from line {}:\n  golden: {:?}\n  now:    {:?}\nUPDATE_GOLDEN=1 cargo test writes it anew",
        path.display(),
        at + 1,
        wanted.lines().nth(at).unwrap_or(""),
        text.lines().nth(at).unwrap_or("")
    );
}
