//! Where data files are looked for.

use std::env;
use std::path::{Path, PathBuf};

use chainrule::data::Search;

/// The folder of `file` (the current one for a built-in example), each folder of `CHAINRULE_DATA`,
/// the user's data folder.
pub(crate) fn of(file: &Path) -> Search {
    let own = file.parent().filter(|_| file.exists()).map(Path::to_path_buf);
    let mut roots = vec![own.unwrap_or_default()];
    if let Some(folders) = env::var_os("CHAINRULE_DATA") {
        roots.extend(env::split_paths(&folders).filter(|path| !path.as_os_str().is_empty()));
    }
    roots.extend(user());
    Search { roots }
}

/// The user's data folder of this program.
fn user() -> Option<PathBuf> {
    let folder = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let home = || {
        let home = folder("HOME")?;
        let below =
            if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
        Some(home.join(below))
    };
    let above =
        if cfg!(windows) { folder("LOCALAPPDATA") } else { folder("XDG_DATA_HOME").or_else(home) };
    Some(above?.join("chainrule"))
}
