//! Where data are looked for.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chainrule::data::{Dataset, Search};
use chainrule::run::Chosen;

use crate::failure::Failure;
use crate::shell::Shell;

/// The folders, the first first: those that were given, the equation file's own, each of
/// CHAINRULE_DATA, the user's data folder.
pub(crate) fn search(given: &[PathBuf], homes: &[PathBuf]) -> Search {
    let mut roots = given.to_vec();
    roots.extend_from_slice(homes);
    if let Some(list) = env::var_os("CHAINRULE_DATA") {
        roots.extend(env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()));
    }
    roots.extend(user());
    Search { roots }
}

/// The folders for an equation file.
pub(crate) fn of(file: &Path) -> Search {
    search(&[], &[home(file)])
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

/// The folder of an equation file; that of a built-in example is the working directory.
pub(crate) fn home(file: &Path) -> PathBuf {
    file.parent().filter(|_| file.exists()).map(Path::to_path_buf).unwrap_or_default()
}

/// The data of every model that is trained.
///
/// # Errors
///
/// They cannot be read.
pub(crate) fn read(
    chosen: &Chosen,
    search: &Search,
    shell: &Shell,
) -> Result<Vec<Option<Arc<Dataset>>>, Failure> {
    let modules = chosen.model.modules();
    let mut all: Vec<Option<Arc<Dataset>>> = modules.iter().map(|_| None).collect();
    for which in &chosen.trainings {
        if all[which.model].is_none() {
            let data = Dataset::read(&modules[which.model], search, &chosen.data)?;
            for source in &data.sources {
                let path = source.path.display();
                shell.detail(&format!("data \"{}\": {path}", source.name));
                shell.detail(&format!("  {} bytes, sha256 {}", source.bytes, source.sha256));
            }
            for part in &data.parts {
                shell.detail(&format!("data {}: {} rows", part.name, part.rows.len()));
            }
            all[which.model] = Some(Arc::new(data));
        }
    }
    Ok(all)
}
