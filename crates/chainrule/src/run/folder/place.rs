//! Where a run goes: a free place, and the name that it gets in the end.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::{Folder, RECORD};
use crate::Error;
use crate::run::atomic;
use crate::run::record::plain;

/// The name of a folder while it is filled.
pub(super) const BEGUN: &str = ".run-";
pub(super) const TEMPORARY: &str = ".tmp";
/// A folder that was begun so long ago is not filled any more.
const FORGOTTEN: Duration = Duration::from_secs(3600);
/// Runs of one name in one folder.
const RUNS: u64 = 1_000_000;

/// Where a new run goes. What is there already is never written over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// `NAME-1`, `NAME-2`, .. in a folder, whatever number is free.
    Numbered(PathBuf, String),
    /// Exactly here.
    At(PathBuf),
}

/// Whether a new run can be here.
pub(super) fn vacant(path: &Path) -> Result<(), Error> {
    match fs::read_dir(path).map(Iterator::count) {
        // An empty folder gives its place.
        Ok(0) => fs::remove_dir(path).map_err(|cause| Error::io("replacing", path, cause)),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => {
            let shown = path.display();
            let run = path.join(RECORD).is_file();
            let more = if run {
                format!("; `chainrule resume {shown}` goes on with the run that it holds")
            } else {
                String::new()
            };
            Err(Error::setting(format!("`{shown}` exists already and is not written over{more}")))
        }
    }
}

/// Removes folders that a program began and could not complete.
pub(super) fn sweep(root: &Path) {
    let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    let Ok(entries) = fs::read_dir(root) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let age = entry.metadata().and_then(|meta| meta.modified()).map(|then| then.elapsed());
        let old = matches!(age, Ok(Ok(age)) if age > FORGOTTEN);
        if old && name.starts_with(BEGUN) && name.ends_with(TEMPORARY) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Gives a complete folder its name.
pub(super) fn settle(place: &Place, made: Folder) -> Result<Folder, Error> {
    let (root, name) = match place {
        Place::At(path) => {
            fs::rename(&made.path, path).map_err(|cause| Error::io("making", path, cause))?;
            let _ = atomic::sync(path.parent().unwrap_or(Path::new("")));
            return Ok(Folder { path: path.clone(), ..made });
        }
        Place::Numbered(root, name) => (root, plain(name)),
    };
    let first = last_number(root, &name).map_err(|cause| Error::io("reading", root, cause))? + 1;
    for number in first..first + RUNS {
        let path = root.join(format!("{name}-{number}"));
        if path.symlink_metadata().is_ok() {
            continue;
        }
        match fs::rename(&made.path, &path) {
            Ok(()) => {
                let _ = atomic::sync(root);
                return Ok(Folder { path, ..made });
            }
            // Another program was faster.
            Err(_) if path.symlink_metadata().is_ok() => {}
            Err(cause) => return Err(Error::io("making", &path, cause)),
        }
    }
    Err(Error::failed(format!("`{}` is full of runs called `{name}`", root.display())))
}

/// The greatest number of a run of this name.
fn last_number(root: &Path, name: &str) -> io::Result<u64> {
    let mut last = 0;
    for entry in fs::read_dir(root)? {
        let found = entry?.file_name();
        let number = found.to_str().and_then(|found| found.strip_prefix(name)?.strip_prefix('-'));
        let number: Option<u64> = number.and_then(|digits| digits.parse().ok());
        last = last.max(number.filter(|n| *n < u64::MAX - RUNS).unwrap_or(0));
    }
    Ok(last)
}

/// The way from one folder to another, if there is one that a move of both keeps.
pub(super) fn relative(from: &Path, to: &Path) -> Option<String> {
    let (from, to) = (fs::canonicalize(from).ok()?, fs::canonicalize(to).ok()?);
    let (from, to): (Vec<Component>, Vec<Component>) =
        (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut way = vec![".."; from.len() - shared];
    for part in &to[shared..] {
        way.push(part.as_os_str().to_str()?);
    }
    Some(if way.is_empty() { ".".into() } else { way.join("/") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::scratch::Scratch;

    #[test]
    fn ways_between_folders() {
        let scratch = Scratch::new("ways");
        let at = |name: &str| scratch.path().join(name);
        fs::create_dir_all(at("a/runs/x")).expect("folders");
        fs::create_dir_all(at("a/nets")).expect("folders");
        assert_eq!(relative(&at("a/runs/x"), &at("a/nets")).as_deref(), Some("../../nets"));
        assert_eq!(relative(&at("a"), &at("a")).as_deref(), Some("."));
        assert_eq!(relative(&at("a"), &at("none")), None);
    }
}
