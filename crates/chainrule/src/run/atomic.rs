//! Files that appear whole or not at all.
//!
//! A file is written beside its place under a temporary name, brought to the disk, renamed, and the
//! folder is brought to the disk too. Whoever reads the name finds the old file or the new one.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::Error;
use crate::bytes::hex;

/// What was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Written {
    /// The SHA-256 of the bytes.
    pub(crate) sha256: String,
    /// How many bytes.
    pub(crate) bytes: u64,
}

/// Writes the file at `path` in one step; `fill` writes the bytes.
///
/// # Errors
///
/// It cannot be written: then the old file is as it was, and nothing else is left behind.
pub(crate) fn write(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<Written, Error> {
    let temporary = temporary(path);
    let written = whole(&temporary, fill)
        .and_then(|written| fs::rename(&temporary, path).map(|()| written))
        .and_then(|written| sync(path.parent().unwrap_or(Path::new("."))).map(|()| written));
    written.map_err(|cause| {
        let _ = fs::remove_file(&temporary);
        Error::io("writing", path, cause)
    })
}

/// Writes text: see [`write`].
///
/// # Errors
///
/// It cannot be written.
pub(crate) fn text(path: &Path, text: &str) -> Result<Written, Error> {
    write(path, |out| out.write_all(text.as_bytes()))
}

/// Where the bytes of `path` stand until they are complete.
fn temporary(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(TEMPORARY);
    path.with_file_name(name)
}

/// How temporary names end.
const TEMPORARY: &str = ".tmp";

/// Whether a file of this name is what an interrupted write left behind.
pub(crate) fn is_leftover(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(TEMPORARY)
}

/// The file with all its bytes on the disk.
fn whole(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<Written> {
    let mut out = Hashed { out: BufWriter::new(File::create(path)?), sha: Sha256::new(), bytes: 0 };
    fill(&mut out)?;
    out.flush()?;
    out.out.get_ref().sync_all()?;
    Ok(Written { sha256: hex(&out.sha.finalize()), bytes: out.bytes })
}

/// Brings the names of a folder to the disk.
///
/// # Errors
///
/// The disk refuses. Systems that cannot open folders are no error.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match File::open(folder) {
        Ok(folder) if cfg!(unix) => folder.sync_all(),
        _ => Ok(()),
    }
}

/// Makes a folder and those above it, and brings their names to the disk.
///
/// # Errors
///
/// One cannot be made.
pub(crate) fn folder(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let above = path.parent().unwrap_or(Path::new(""));
    folder(above)?;
    match fs::create_dir(path) {
        // Another program was faster.
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made.and_then(|()| sync(above)),
    }
}

/// Counts and hashes what goes through.
struct Hashed<W> {
    out: W,
    sha: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.sha.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::sha256;
    use crate::run::scratch::Scratch;

    #[test]
    fn a_file_is_old_or_new() {
        let folder = Scratch::new("atomic");
        let path = folder.path().join("a.json");
        let written = text(&path, "old").expect("it can be written");
        assert_eq!(written.bytes, 3);
        assert_eq!(written.sha256, sha256(b"old"));
        let half = |out: &mut dyn Write| {
            out.write_all(b"half of the n")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        };
        let error = write(&path, half).expect_err("the disk is full");
        assert!(error.to_string().contains("a.json"), "{error}");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "old");
        assert_eq!(folder.names(), ["a.json"]);
        text(&path, "new").expect("it can be written");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "new");
    }

    #[test]
    fn folders_are_made_with_those_above() {
        let scratch = Scratch::new("folders");
        let path = scratch.path().join("a/b/c");
        for _ in 0..2 {
            folder(&path).expect("it can be made");
            assert!(path.is_dir());
        }
        fs::write(scratch.path().join("file"), "x").expect("it can be written");
        assert!(folder(&scratch.path().join("file")).is_err());
        assert!(folder(&scratch.path().join("file/a")).is_err());
        assert_eq!(scratch.names(), ["a", "file"]);
    }

    #[test]
    fn a_leftover_is_known_by_its_name() {
        let name = temporary(Path::new("x/step-1.safetensors"));
        let name = name.file_name().expect("a name").to_string_lossy();
        assert!(is_leftover(&name), "{name}");
        assert!(!is_leftover("step-1.safetensors"));
    }

    #[test]
    fn the_hash_is_the_standard_one() {
        // FIPS 180-2, appendix B.1.
        let of = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), of);
    }
}
