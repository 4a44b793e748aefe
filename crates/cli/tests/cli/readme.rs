//! The commands of the README, as they stand there.

use std::path::Path;

use crate::common::Folder;

#[test]
fn the_commands_of_the_readme_work() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let here = Folder::new("readme");
    let mut count = 0;
    for line in readme.lines() {
        let line = line.split(" # ").next().unwrap_or("").trim();
        let program = line.strip_prefix("chainrule ");
        let cargo = line.strip_prefix("cargo run --release -- ");
        let Some(args) = program.or(cargo) else { continue };
        let run = here.run(args);
        assert_eq!(run.code, Some(0), "`{line}`: {}", run.stderr);
        count += 1;
    }
    assert!(count >= 6, "{count} commands");
    assert!(here.names().contains(&"moons.eqn".to_string()));
}
