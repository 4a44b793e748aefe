//! Finding and loading files.

use std::fmt::Write as _;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{Search, SourceFile, known};
use crate::Error;
use crate::bytes::{hex, length, sha256};

/// Largest file that is read: places inside it fit into 32 bits.
const LARGEST: u64 = u32::MAX as u64;

/// A file in memory.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) source: SourceFile,
    pub(super) bytes: Vec<u8>,
}

/// Every place where `name` may lie, in order.
pub(super) fn candidates(search: &Search, name: &str) -> Vec<PathBuf> {
    let path = Path::new(name);
    if path.is_absolute() {
        return vec![path.to_path_buf()];
    }
    let mut all: Vec<PathBuf> = Vec::new();
    for root in &search.roots {
        let candidate = if root.as_os_str().is_empty() { path.into() } else { root.join(path) };
        if !all.contains(&candidate) {
            all.push(candidate);
        }
    }
    all
}

/// The first place where there is something called `name`.
pub(super) fn locate(search: &Search, name: &str) -> Result<Option<(PathBuf, Metadata)>, Error> {
    for path in candidates(search, name) {
        match fs::metadata(&path) {
            Ok(meta) => return Ok(Some((path, meta))),
            Err(cause) if is_absent(&cause) => {}
            Err(cause) => return Err(Error::io("looking for", &path, cause)),
        }
    }
    Ok(None)
}

/// Whether there is nothing of that name.
fn is_absent(cause: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound};
    matches!(cause.kind(), NotFound | NotADirectory | InvalidInput | InvalidFilename)
}

/// There is no `name`: where it was looked for, and how to get it.
pub(super) fn missing(search: &Search, name: &str, what: &str) -> Error {
    let mut message = format!("there is no {what} `{name}`");
    let places = candidates(search, name);
    let _ = match places.as_slice() {
        [] => write!(message, ": no folder was given to look in"),
        [one] => write!(message, ": looked at `{}`", one.display()),
        all => {
            let all: Vec<String> = all.iter().map(|p| format!("`{}`", p.display())).collect();
            write!(message, "; looked at {}", all.join(", "))
        }
    };
    let hint = known::how_to_get(name).unwrap_or_else(|| {
        "CHAINRULE_DATA may name folders to look in as well; a path is joined to each of them"
            .into()
    });
    let _ = write!(message, "\n{hint}");
    Error::not_found(message)
}

/// Loads the regular file at `path`; `name` is how the equation file calls it.
pub(super) fn load(path: &Path, name: &str) -> Result<Loaded, Error> {
    let bytes = bytes_of(path)?;
    let source = SourceFile {
        name: name.to_string(),
        path: path.to_path_buf(),
        sha256: sha256(&bytes),
        bytes: bytes.len() as u64,
    };
    Ok(Loaded { source, bytes })
}

/// What the regular file at `path` holds. Nothing else is opened: a pipe would wait for ever.
pub(super) fn bytes_of(path: &Path) -> Result<Vec<u8>, Error> {
    let fail = |cause| Error::io("reading", path, cause);
    let meta = fs::metadata(path).map_err(fail)?;
    if meta.is_dir() {
        let cause = io::Error::new(io::ErrorKind::IsADirectory, "it is a folder, not a file");
        return Err(fail(cause));
    }
    if !meta.is_file() {
        return Err(fail(io::Error::other("it is no regular file")));
    }
    if meta.len() > LARGEST {
        let text = format!("it has {}; at most {LARGEST} are read", length(meta.len()));
        return Err(fail(io::Error::other(text)));
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(meta.len() as usize + 1).map_err(|_| {
        let text = format!("there is no memory for its {}", length(meta.len()));
        fail(io::Error::new(io::ErrorKind::OutOfMemory, text))
    })?;
    // The file may grow meanwhile.
    let file = File::open(path).map_err(fail)?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > LARGEST {
        return Err(fail(io::Error::other(format!("at most {LARGEST} bytes are read"))));
    }
    Ok(bytes)
}

/// The digest of a listing, made line by line.
#[derive(Default)]
pub(super) struct Listing {
    lines: Sha256,
    bytes: u64,
}

impl Listing {
    /// Adds a file: a line as `sha256sum` prints it.
    pub(super) fn add(&mut self, name: &str, sha256: &str, bytes: u64) {
        self.lines.update(sha256.as_bytes());
        self.lines.update(b"  ");
        self.lines.update(name.as_bytes());
        self.lines.update(b"\n");
        self.bytes += bytes;
    }

    /// The digest of all lines, and the length of all files.
    pub(super) fn finish(self) -> (String, u64) {
        (hex(&self.lines.finalize()), self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_root_is_looked_at_once_and_absolute_paths_alone() {
        let roots = vec!["a".into(), "b".into(), "a".into(), "".into()];
        let search = Search { roots };
        let expected: Vec<PathBuf> = vec!["a/x/f".into(), "b/x/f".into(), "x/f".into()];
        assert_eq!(candidates(&search, "x/f"), expected);
        assert_eq!(candidates(&search, "/x/f"), [PathBuf::from("/x/f")]);
    }
}
