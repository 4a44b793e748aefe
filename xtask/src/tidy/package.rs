//! The packages of the tree, found by their manifests.

use super::tree::Tree;
use crate::manifest::Manifest;

/// Folders that are workspaces of their own, with any dependencies they like.
const OWN_WORKSPACES: [&str; 2] = ["fuzz", "bench"];

/// One `Cargo.toml` with a name.
pub(crate) struct Package {
    /// The name of the package.
    pub(crate) name: String,
    /// Its folder, from the root.
    pub(crate) folder: String,
    /// What the manifest says.
    pub(crate) manifest: Manifest,
}

impl Package {
    /// The path of its `Cargo.toml`.
    pub(crate) fn manifest_path(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }

    /// The line of its name.
    pub(crate) fn name_line(&self) -> usize {
        let name = self.manifest.entries.iter().find(|entry| entry.is(&["package", "name"]));
        name.map_or(1, |entry| entry.line)
    }

    /// Whether it belongs to our workspace.
    pub(crate) fn is_member(&self) -> bool {
        !OWN_WORKSPACES.contains(&self.folder.split('/').next().unwrap_or_default())
    }
}

/// All packages, and the root manifest they inherit from.
pub(crate) struct Packages {
    /// The root's `Cargo.toml`.
    pub(crate) workspace: Manifest,
    /// In order of folder.
    pub(crate) all: Vec<Package>,
}

impl Packages {
    /// Reads the manifests of `tree`.
    pub(crate) fn of(tree: &Tree) -> Packages {
        let workspace = Manifest::parse(tree.text("Cargo.toml").unwrap_or_default());
        let manifests = tree.texts().filter_map(|(path, text)| {
            let folder = path.strip_suffix("/Cargo.toml")?.to_string();
            let manifest = Manifest::parse(text);
            let name = manifest.get(&["package", "name"])?;
            Some(Package { name, folder, manifest })
        });
        Packages { workspace, all: manifests.collect() }
    }
}
