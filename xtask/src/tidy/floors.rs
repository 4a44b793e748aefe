//! Who may depend on whom. The table is the architecture; the manifests must agree with it.

use super::finding::Finding;
use super::package::{Package, Packages};
use crate::manifest::{Dependency, Kind};

/// Our crates and their floors: arrows point down only.
///
/// ```text
/// 4            chainrule-cli              shells: of ours they see only chainrule
/// 3              chainrule
/// 2          chainrule-compile            floors 0-2: std and lower floors only
/// 1   chainrule-kernels  chainrule-graph
/// 0                      chainrule-syntax
/// ```
const FLOORS: [(&str, u8); 6] = [
    ("chainrule-syntax", 0),
    ("chainrule-graph", 1),
    ("chainrule-kernels", 1),
    ("chainrule-compile", 2),
    ("chainrule", 3),
    ("chainrule-cli", 4),
];

/// Up to this floor there are no dependencies but ours.
const STD_ONLY: u8 = 2;
/// From this floor on, crates see only [`FACADE`] of ours.
const SHELLS: u8 = 4;
/// The crate that users and shells depend on.
const FACADE: &str = "chainrule";
/// Members that are tools and stand on no floor.
const OUTSIDE: [&str; 1] = ["xtask"];

/// Holds every manifest against the table.
pub(crate) fn check(packages: &Packages) -> Vec<Finding> {
    let inside =
        |package: &&Package| package.is_member() && !OUTSIDE.contains(&package.name.as_str());
    let members = packages.all.iter().filter(inside);
    members.flat_map(|package| check_package(package, packages)).collect()
}

fn check_package(package: &Package, packages: &Packages) -> Vec<Finding> {
    let path = package.manifest_path();
    let Some(floor) = floor(&package.name) else {
        let message =
            format!("`{}` has no floor: add it to the table in {}", package.name, file!());
        return vec![Finding::error(&path, package.name_line(), message)];
    };
    let dependencies = package.manifest.dependencies(&packages.workspace);
    let broken = dependencies.iter().filter_map(|dependency| {
        let rule = broken_rule(&package.name, floor, dependency)?;
        Some(Finding::error(&path, dependency.line, rule))
    });
    broken.collect()
}

/// The rule that a crate called `name` on `floor` breaks with this dependency, if any.
fn broken_rule(name: &str, floor: u8, dependency: &Dependency) -> Option<String> {
    let other = dependency.package.as_str();
    let ships = dependency.kind != Kind::Dev;
    match self::floor(other) {
        Some(above) if above > floor => {
            Some(format!("`{name}` (floor {floor}) looks up at `{other}` (floor {above})"))
        }
        Some(_) if !ships => None,
        Some(beside) if beside == floor => {
            Some(format!("`{name}` and `{other}` are both on floor {floor}: arrows point down"))
        }
        Some(_) if floor >= SHELLS && other != FACADE => {
            Some(format!("`{name}` is a shell and sees only `{FACADE}`, not `{other}`"))
        }
        Some(_) => None,
        None if OUTSIDE.contains(&other) || other.starts_with(FACADE) => {
            Some(format!("`{name}` depends on `{other}`, which has no floor"))
        }
        None if ships && floor <= STD_ONLY => Some(format!(
            "`{name}` (floor {floor}) depends on `{other}`: floors 0-{STD_ONLY} have std only"
        )),
        None => None,
    }
}

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(crate_name, _)| *crate_name == name).map(|(_, floor)| *floor)
}

#[cfg(test)]
mod tests {
    use super::super::tree::Tree;
    use super::*;

    const ROOT: &str = "[workspace.dependencies]\ngraph = { package = \"chainrule-graph\" }\n";

    /// The findings for a crate called `name` with these lines below `[package]`.
    fn found(name: &str, rest: &str) -> Vec<String> {
        let manifest = format!("[package]\nname = \"{name}\"\n{rest}\n");
        let tree = Tree::of(&[("Cargo.toml", ROOT), ("crates/x/Cargo.toml", &manifest)]);
        check(&Packages::of(&tree)).iter().map(Finding::to_string).collect()
    }

    #[track_caller]
    fn breaks(name: &str, rest: &str, message: &str) {
        let found = found(name, rest);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("crates/x/Cargo.toml:4: "), "{found:?}");
        assert!(found[0].contains(message), "{found:?}");
    }

    #[test]
    fn the_layout_we_have_is_allowed() {
        for (name, below) in [
            ("chainrule-graph", "[dependencies]\nchainrule-syntax.workspace = true"),
            ("chainrule-compile", "[dependencies]\ngraph.workspace = true"),
            ("chainrule", "[dependencies]\nchainrule-compile = { path = \"../compile\" }"),
            ("chainrule", "[dependencies]\nanything = \"1\""),
            ("chainrule-cli", "[dependencies]\nchainrule = { path = \"..\" }\nlexopt = \"1\""),
            ("chainrule-syntax", "[dev-dependencies]\nproptest = \"1\""),
            ("chainrule-graph", "[dev-dependencies]\nchainrule-kernels.workspace = true"),
            ("xtask", "[dependencies]\nchainrule-cli.workspace = true"),
        ] {
            assert_eq!(found(name, below), [""; 0], "{name}");
        }
    }

    #[test]
    fn looking_up_is_found_in_every_kind() {
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let rest = format!("[{table}]\ngraph.workspace = true");
            breaks("chainrule-syntax", &rest, "looks up at `chainrule-graph` (floor 1)");
            let rest = format!("[target.'cfg(unix)'.{table}]\nx = {{ package = \"chainrule\" }}");
            breaks("chainrule-compile", &rest, "looks up at `chainrule` (floor 3)");
        }
    }

    #[test]
    fn neighbours_are_found() {
        let rest = "[dependencies]\nchainrule-kernels = { path = \"../kernels\" }";
        breaks("chainrule-graph", rest, "both on floor 1");
    }

    #[test]
    fn third_parties_below_floor_three_are_found() {
        for name in ["chainrule-syntax", "chainrule-graph", "chainrule-kernels"] {
            breaks(name, "[dependencies]\nlibm = \"0.2\"", "std only");
        }
        breaks("chainrule-compile", "[build-dependencies]\ncc = \"1\"", "std only");
    }

    #[test]
    fn a_shell_that_looks_behind_the_facade_is_found() {
        breaks("chainrule-cli", "[dependencies]\ngraph.workspace = true", "sees only `chainrule`");
    }

    #[test]
    fn unknown_crates_are_found() {
        breaks("chainrule", "[dependencies]\nchainrule-extra = \"1\"", "has no floor");
        breaks("chainrule", "[dev-dependencies]\nxtask = { path = \"\" }", "has no floor");
        let found = found("chainrule-extra", "");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("crates/x/Cargo.toml:2: `chainrule-extra` has no floor"));
    }
}
