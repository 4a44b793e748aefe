//! The program as scripts see it: exit codes, stdout, stderr, JSON.

use std::fs::File;
use std::process::Stdio;

use crate::common::{Folder, Run};

const GOOD: &str = "model toy\n\nsize d = 2\n\ngiven\n  x : R[d]\n\nnet\n  f = ||x||^2\n";
const BAD: &str = "model toy\n\nnet\n  z = (1 + 2\n  y = 3 +\n";

#[test]
fn exit_codes() {
    let folder = Folder::new("codes");
    folder.write("good.eqn", GOOD);
    folder.write("bad.eqn", BAD);
    for (args, code) in [
        ("show good.eqn", 0),
        ("show iris", 0),
        ("fmt --check good.eqn", 0),
        ("--help", 0),
        ("help fmt", 0),
        ("show --help", 0),
        ("--version", 0),
        ("completions bash", 0),
        ("new --list", 0),
        ("show nosuch.eqn", 1),
        ("fmt nosuch.eqn", 1),
        ("fmt iris", 1),
        ("show .", 1),
        ("fmt .", 1),
        ("", 2),
        ("nosuch", 2),
        ("show", 2),
        ("fmt", 2),
        ("fmt --check --stdout good.eqn", 2),
        ("-q -v show iris", 2),
        ("show iris --threads 0", 2),
        ("show iris --seed x", 2),
        ("show iris --set H", 2),
        ("show iris --color purple", 2),
        ("completions nosuch", 2),
        ("new", 2),
        ("new 2x", 2),
        ("new x --template nosuch", 2),
        ("show bad.eqn", 4),
        ("fmt bad.eqn", 4),
    ] {
        let run = folder.run(args);
        assert_eq!(run.code, Some(code), "{args}: {run:?}");
        assert!(code == 0 || run.stdout.is_empty(), "{args}: {run:?}");
        assert_eq!(run.stderr.is_empty(), code == 0, "{args}: {run:?}");
    }
}

#[test]
fn json_is_one_value_on_success_and_on_failure() {
    let folder = Folder::new("json");
    folder.write("good.eqn", GOOD);
    folder.write("bad.eqn", BAD);
    for args in
        ["show good.eqn", "fmt good.eqn", "completions zsh", "new x", "new --list", "--version"]
    {
        let run = folder.run(&format!("--json {args}"));
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.json().get("error").is_none(), "{run:?}");
    }
    for (args, code, kind) in [
        ("show bad.eqn", 4, "equations"),
        ("fmt bad.eqn", 4, "equations"),
        ("show nosuch", 1, "not-found"),
        ("fmt nosuch", 1, "not-found"),
        ("show .", 1, "io"),
        ("new x", 1, "io"),
        ("new 2x", 2, "usage"),
        ("nosuch", 2, "usage"),
        ("fmt --nosuch", 2, "usage"),
        ("", 2, "usage"),
    ] {
        let run = folder.run(&format!("{args} --json"));
        assert_eq!((run.code, run.error().as_str()), (Some(code), kind), "{args}: {run:?}");
        assert_eq!(run.stderr, "", "{args}");
        assert!(!run.json()["error"]["message"].as_str().expect("a message").is_empty());
    }
}

#[test]
fn mistakes_have_places_and_repairs_in_json() {
    let folder = Folder::new("mistakes");
    folder.write("bad.eqn", BAD);
    let json = folder.run("show bad.eqn --json").json();
    let all = json["error"]["diagnostics"].as_array().expect("diagnostics");
    assert_eq!(all.len(), 2, "{json}");
    let repair = &all[0]["repairs"][0];
    assert_eq!(repair["result"], "  z = (1 + 2)", "{json}");
    assert_eq!(repair["edits"][0]["text"], ")");
    assert_eq!(all[1]["labels"][0]["line"], 5);
    assert_eq!(all[1]["severity"], "error");
}

#[test]
fn mistakes_are_drawn_on_stderr() {
    let folder = Folder::new("drawn");
    folder.write("bad.eqn", BAD);
    let run = folder.run("show bad.eqn");
    for part in [" --> bad.eqn:4:", "4 |   z = (1 + 2\n", "\n\n2 errors in bad.eqn\n"] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
}

#[test]
fn colours() {
    let folder = Folder::new("colours");
    folder.write("bad.eqn", BAD);
    let is_colored = |run: &Run| run.stderr.contains('\u{1b}');
    assert!(!is_colored(&folder.run("show bad.eqn")));
    assert!(is_colored(&folder.run("show bad.eqn --color always")));
    assert!(is_colored(&folder.run("nosuch --color=always")));
    assert!(!is_colored(&folder.run("nosuch --color=never")));
    let forced = |name: &str| -> Run {
        let mut command = folder.command(&["show", "bad.eqn"]);
        command.env("CLICOLOR_FORCE", "1");
        if !name.is_empty() {
            command.env(name, "1");
        }
        command.output().expect("the program runs").into()
    };
    assert!(is_colored(&forced("")));
    assert!(!is_colored(&forced("NO_COLOR")));
}

#[test]
fn files_that_are_none() {
    let folder = Folder::new("odd");
    folder.write("latin.eqn", b"model caf\xe9\n");
    folder.write("empty.eqn", "");
    folder.write("open.eqn", "(".repeat(10 << 20));
    folder.write("long.eqn", format!("net\n  z = {}\n", "W x + ".repeat(200_000)));
    folder.write("many.eqn", "net\n".to_owned() + &"  z = (\n".repeat(1000));
    assert_eq!(folder.run("show latin.eqn --json").error(), "io");
    assert_eq!(folder.run("show empty.eqn").code, Some(0));
    assert_eq!(folder.feed("show -", b"\xff").code, Some(1));
    for name in ["open.eqn", "long.eqn", "many.eqn"] {
        let run = folder.run(&format!("show {name}"));
        assert_eq!(run.code, Some(4), "{name}");
        assert!(run.stderr.lines().all(|line| line.len() <= 100), "{name}");
        assert_eq!(folder.run(&format!("show {name} --json")).error(), "equations");
    }
}

#[test]
fn standard_input() {
    let folder = Folder::new("stdin");
    assert_eq!(folder.feed("show -", GOOD.as_bytes()).code, Some(0));
    let run = folder.feed("show -", BAD.as_bytes());
    assert!(run.stderr.contains(" --> <stdin>:4:"), "{}", run.stderr);
    let run = folder.feed("fmt -", GOOD.as_bytes());
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), GOOD));
    assert_eq!(folder.feed("show -", &b"#\n".repeat(20 << 20)).code, Some(4));
}

#[test]
fn what_was_set_is_said_when_asked() {
    let folder = Folder::new("set");
    let run = folder.run("-v --set H=3 show iris --seed 7 --threads 2");
    assert_eq!(run.stderr, "settings: H = 3, threads 2, seed 7\n");
}

#[test]
fn a_reader_that_stops_reading_is_no_error() {
    let folder = Folder::new("pipe");
    for args in [["completions", "bash"], ["--json", "--help"], ["fmt", "--help"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let run: Run = folder.command(&args).stdout(writer).output().expect("it runs").into();
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_one_error() {
    let folder = Folder::new("full");
    folder.write("good.eqn", GOOD);
    for args in [["completions", "bash"], ["--json", "nosuch"], ["fmt", "--help"]] {
        let full = File::options().write(true).open("/dev/full").expect("/dev/full");
        let run: Run = folder.command(&args).stdout(full).output().expect("it runs").into();
        assert_eq!(run.code, Some(1), "{args:?}");
        assert!(run.stderr.starts_with("error: writing to stdout failed: "), "{}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
    // stderr is full, or there is none: no panic, and the code still says what happened.
    let full = File::options().write(true).open("/dev/full").expect("/dev/full");
    let run: Run = folder.command(&["nosuch"]).stderr(full).output().expect("it runs").into();
    assert_eq!(run.code, Some(2));
    let run: Run =
        folder.command(&["show", "nosuch"]).stderr(Stdio::null()).output().expect("it runs").into();
    assert_eq!(run.code, Some(1));
}
