//! `chainrule data` as people and scripts see it.

use crate::common::Folder;

const NET: &str = "\
size K = 2
batch N
data
  x : R[2] per N = csv \"a.csv\" columns 1..2
  y : label[K] per N = csv \"a.csv\" column 3
";

fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("net.eqn", NET);
    folder.write("a.csv", "1,2,no\n3,4,yes\n");
    folder
}

#[test]
fn exit_codes() {
    let folder = folder("data-codes");
    folder.write("twice.csv", "1,2\n3,4\n1,2\n");
    folder.write("bad.csv", "1,2\n3\n");
    folder.write("bad.eqn", "net\n  y = 3 +\n");
    folder.write("none.eqn", "given\n  s : R\nnet\n  f = s\n");
    for (args, code) in [
        ("data list", 0),
        ("data show iris", 0),
        ("data show digits", 0),
        ("data show net.eqn", 0),
        ("data show a.csv", 0),
        ("data check net.eqn", 0),
        ("data check twice.csv", 3),
        ("data check bad.csv", 1),
        ("data show bad.csv", 1),
        ("data show nosuch.csv", 1),
        ("data show softreg", 1),
        ("data show none.eqn", 1),
        ("data show bad.eqn", 4),
        ("data show", 2),
        ("data", 2),
    ] {
        let run = folder.run(args);
        assert_eq!(run.code, Some(code), "{args}: {run:?}");
        assert!(code != 0 || run.stderr.is_empty(), "{args}: {run:?}");
    }
}

#[test]
fn pages_are_at_most_80_columns_wide_and_plain_when_piped() {
    let folder = folder("data-pages");
    for args in ["data list", "data show iris", "data show net.eqn", "data check net.eqn"] {
        let page = folder.run(args).stdout;
        assert!(!page.contains('\x1b'), "{page}");
        let long = page.lines().find(|line| line.chars().count() > 80);
        // Folders are shown whole.
        assert!(long.is_none_or(|line| line.contains('/')), "{args}: {long:?}");
    }
    let page = folder.run("data show net.eqn").stdout;
    let rows: Vec<Vec<&str>> = page.lines().map(|l| l.split_whitespace().collect()).collect();
    assert!(rows.contains(&vec!["no", "1"]), "{page}");
    assert!(rows.contains(&vec!["entry", "2", "2", "3", "4"]), "{page}");
    let page = folder.run("data check net.eqn").stdout;
    assert!(page.contains("nothing wrong was found"), "{page}");
}

#[test]
fn one_json_value() {
    let folder = folder("data-json");
    let shown = folder.run("data show net.eqn --json").json();
    let data = &shown["data"][0];
    assert_eq!(data["parts"][0]["rows"], 2);
    assert_eq!(data["columns"][0]["values"][1]["max"], 4.0);
    assert_eq!(data["labels"][0]["labels"][1]["label"], "yes");
    assert_eq!(data["sources"][0]["sha256"].as_str().map(str::len), Some(64));
    let list = folder.run("data list --json").json();
    assert_eq!(list["sets"][0]["name"], "iris");
    assert_eq!(list["sets"][2]["folder"], serde_json::Value::Null);
    folder.write("a.csv", "1,2,no\n3,4,yes\n1,2,no\n");
    let run = folder.run("data check net.eqn --json");
    assert_eq!((run.code, &run.json()["passed"]), (Some(3), &serde_json::json!(false)));
    assert_eq!(run.json()["data"][0]["findings"][0]["code"], "duplicate");
    assert_eq!(folder.run("data show nosuch.csv --json").error(), "not-found");
    folder.write("a.csv", "1,x,no\n");
    assert_eq!(folder.run("data show net.eqn --json").error(), "failed");
}

#[test]
fn folders_of_the_environment_are_looked_in() {
    let folder = folder("data-roots");
    std::fs::create_dir(folder.path().join("far")).unwrap();
    std::fs::rename(folder.path().join("a.csv"), folder.path().join("far/a.csv")).unwrap();
    let run = folder.run("data show net.eqn");
    assert!(run.stderr.contains("looked at `a.csv`"), "{run:?}");
    let mut command = folder.command(&["data", "show", "net.eqn"]);
    let far = std::env::join_paths(["nosuch", "far"]).unwrap();
    let output = command.env("CHAINRULE_DATA", far).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("far/a.csv"));
}
