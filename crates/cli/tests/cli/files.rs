//! What the program does to files: `fmt` and `new`.

use serde_json::json;

use crate::common::{Folder, Run};

const GOOD: &str = "model toy\n\nsize d = 2\n\ngiven\n  x : R[d]\n\nnet\n  f = ||x||^2\n";
/// The same with blanks at the ends of lines and without the last end.
const UGLY: &str = "model toy  \n\nsize d = 2\n\ngiven\n  x : R[d]   \n\nnet\n  f = ||x||^2";
const BAD: &str = "net\n  z = (1 + 2  \n";

#[test]
fn fmt_changes_what_needs_it() {
    let folder = Folder::new("fmt");
    folder.write("a.eqn", UGLY);
    folder.write("b.eqn", GOOD);
    folder.write("c.eqn", BAD);
    let before = std::fs::metadata(folder.path().join("b.eqn")).expect("it exists");
    let run = folder.run("fmt --check a.eqn b.eqn");
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), "a.eqn\n"));
    assert_eq!(folder.read("a.eqn"), UGLY);
    let run = folder.run("fmt --stdout a.eqn");
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), GOOD));
    assert_eq!(folder.read("a.eqn"), UGLY);
    let run = folder.run("fmt c.eqn a.eqn b.eqn");
    assert_eq!(run.code, Some(4), "{run:?}");
    assert!(run.stderr.ends_with("formatted a.eqn\n"), "{}", run.stderr);
    assert_eq!((folder.read("a.eqn").as_str(), folder.read("c.eqn").as_str()), (GOOD, BAD));
    let after = std::fs::metadata(folder.path().join("b.eqn")).expect("it exists");
    assert_eq!(before.modified().expect("a time"), after.modified().expect("a time"));
    assert_eq!(folder.run("fmt --check a.eqn b.eqn").code, Some(0));
    assert_eq!(folder.names(), ["a.eqn", "b.eqn", "c.eqn"]);
}

#[test]
fn fmt_answers_in_json() {
    let folder = Folder::new("fmt-json");
    folder.write("a.eqn", UGLY);
    folder.write("b.eqn", GOOD);
    let expected = json!({"files": [
        {"path": "a.eqn", "changed": true}, {"path": "b.eqn", "changed": false}
    ]});
    let run = folder.run("fmt --check --json a.eqn b.eqn");
    assert_eq!((run.code, run.json()), (Some(3), expected.clone()));
    let run = folder.run("fmt --json a.eqn b.eqn");
    assert_eq!((run.code, run.json()), (Some(0), expected));
    assert_eq!(folder.read("a.eqn"), GOOD);
    let run = folder.run("fmt --json nosuch.eqn a.eqn");
    assert_eq!((run.code, run.error().as_str()), (Some(1), "not-found"));
    assert_eq!(run.json()["files"][1], json!({"path": "a.eqn", "changed": false}));
    let run = folder.feed("fmt --json -", UGLY.as_bytes());
    assert_eq!(run.json()["files"][0], json!({"path": "-", "changed": true, "text": GOOD}));
    let run = folder.feed("fmt --check -", UGLY.as_bytes());
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), "-\n"));
}

#[test]
#[cfg(unix)]
fn fmt_keeps_permissions_and_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new("links");
    folder.write("a.eqn", UGLY);
    let path = folder.path().join("a.eqn");
    let mode = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode));
    mode(0o640).expect("permissions");
    symlink("a.eqn", folder.path().join("link.eqn")).expect("a link");
    assert_eq!(folder.run("fmt -q link.eqn").code, Some(0));
    let link = std::fs::symlink_metadata(folder.path().join("link.eqn")).expect("it exists");
    assert!(link.is_symlink());
    assert_eq!(folder.read("a.eqn"), GOOD);
    let now = std::fs::metadata(&path).expect("it exists").permissions().mode();
    assert_eq!(now & 0o777, 0o640);
    folder.write("a.eqn", UGLY);
    mode(0o444).expect("permissions");
    let run = folder.run("fmt a.eqn --json");
    assert_eq!((run.code, run.error().as_str()), (Some(1), "io"));
    assert_eq!(folder.read("a.eqn"), UGLY);
}

#[test]
#[cfg(unix)]
fn fmt_in_a_folder_that_is_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("readonly");
    folder.write("a.eqn", UGLY);
    let mode = |mode| std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(mode));
    mode(0o555).expect("permissions");
    let is_root = std::fs::write(folder.path().join("probe"), "").is_ok();
    let run = folder.run("fmt a.eqn");
    mode(0o755).expect("permissions");
    if is_root {
        return; // Nothing is read-only for root; the next test covers the failure.
    }
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.starts_with("error: writing `a.eqn` failed: "), "{}", run.stderr);
    assert_eq!((folder.read("a.eqn").as_str(), folder.names().len()), (UGLY, 1));
}

#[test]
#[cfg(unix)]
fn a_write_that_fails_loses_nothing() {
    let folder = Folder::new("nospace");
    folder.write("a.eqn", UGLY);
    // No file may grow: the temporary one can be created, but not filled.
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$@\"";
    let run = |args: &[&str]| -> Run {
        let program = folder.command(args);
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", script, "sh"]).arg(program.get_program()).args(program.get_args());
        shell.current_dir(folder.path()).output().expect("a shell").into()
    };
    for args in [["fmt", "a.eqn"], ["new", "b"]] {
        let run = run(&args);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.stderr.starts_with("error: writing `"), "{}", run.stderr);
    }
    assert_eq!((folder.read("a.eqn").as_str(), folder.names().len()), (UGLY, 1));
}

#[test]
fn fmt_of_a_device_changes_nothing() {
    let folder = Folder::new("device");
    if cfg!(unix) {
        let run = folder.run("fmt /dev/null");
        assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""));
    }
}

#[test]
fn new_writes_every_template_and_overwrites_none() {
    let folder = Folder::new("new");
    let list = folder.run("new --list --json").json();
    for template in list["templates"].as_array().expect("templates") {
        let name = template["name"].as_str().expect("a name");
        let run = folder.run(&format!("new my-{name} --template {name}"));
        assert_eq!((run.code, run.stdout), (Some(0), format!("my-{name}.eqn\n")));
        assert!(run.stderr.contains(&format!("chainrule show my-{name}.eqn")), "{}", run.stderr);
        let run = folder.run(&format!("show my-{name}.eqn"));
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{name}");
    }
    folder.write("a.eqn", GOOD);
    let run = folder.run("new a");
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert_eq!(run.stderr, "error: `a.eqn` exists already; `--force` overwrites it\n");
    assert_eq!(folder.read("a.eqn"), GOOD);
    assert_eq!(folder.run("new a.eqn --force").code, Some(0));
    assert!(folder.read("a.eqn").contains("\nmodel a\n"));
    std::fs::create_dir(folder.path().join("d.eqn")).expect("a folder");
    assert_eq!(folder.run("new d --force").code, Some(1));
}

#[test]
fn completions_name_every_command() {
    let folder = Folder::new("completions");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = folder.run(&format!("completions {shell}"));
        assert_eq!(run.code, Some(0));
        for word in ["show", "fmt", "new", "completions", "check", "template"] {
            assert!(run.stdout.contains(word), "{shell}: {word}");
        }
    }
}
