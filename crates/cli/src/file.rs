//! Writing files so that a failure never costs the old content.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Creates `path` with `contents`.
///
/// # Errors
///
/// It exists already, or cannot be written: then it is not left behind half written.
pub(crate) fn create(path: &Path, contents: &str) -> io::Result<()> {
    let file = File::create_new(path)?;
    fill(file, contents).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

/// Replaces the contents of the file at `path` in one step, keeping its permissions.
///
/// The new text is written to a temporary file beside it, brought to the disk, and renamed. A link
/// stays a link: the file it points to is replaced.
///
/// # Errors
///
/// `path` is no regular file or may not be written, or the new text cannot be: then the old file is
/// as it was.
pub(crate) fn replace(path: &Path, contents: &str) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let meta = fs::metadata(&path)?;
    if !meta.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    // Renaming asks for the folder's permission only; the file's counts as well.
    if meta.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
    }
    OpenOptions::new().write(true).open(&path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let (temporary, file) = beside(folder)?;
    let written = keep(&file, &meta)
        .and_then(|()| fill(file, contents))
        .and_then(|()| fs::rename(&temporary, &path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    } else if let Ok(folder) = File::open(folder) {
        // So that the new name is on the disk too; not every system can do that.
        let _ = folder.sync_all();
    }
    written
}

/// A new file in `folder`.
fn beside(folder: &Path) -> io::Result<(PathBuf, File)> {
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for number in 0..100 {
        let path = folder.join(format!(".chainrule-{}-{number}.tmp", std::process::id()));
        match File::create_new(&path) {
            Ok(file) => return Ok((path, file)),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => last = cause,
            Err(cause) => return Err(cause),
        }
    }
    Err(last)
}

/// Gives `file` the permissions, and if possible the owner, of the file it will replace.
fn keep(file: &File, old: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let new = file.metadata()?;
        if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
            let _ = std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()));
        }
    }
    file.set_permissions(old.permissions())
}

/// Writes `contents` and waits until they are on the disk.
fn fill(mut file: File, contents: &str) -> io::Result<()> {
    file.write_all(contents.as_bytes())?;
    file.sync_all()
}
