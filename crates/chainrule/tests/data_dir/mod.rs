//! A folder that is gone after the test.

use std::path::{Path, PathBuf};

/// A temporary folder.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A new empty folder; `name` tells tests apart.
    pub(crate) fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("chainrule-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file, with the folders that it needs.
    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, contents).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
