//! Every mistake of the suite as the terminal shows it, 80 columns wide, in one golden file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::common::Folder;

fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suite")
}

/// What the program says of every file in `suite/mistakes`, under a line with the file's name.
fn catalogue() -> String {
    let folder = suite().join("mistakes");
    let entries = std::fs::read_dir(&folder).expect("the folder of mistakes");
    let mut files: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    files.sort();
    let here = Folder::new("mistakes");
    let mut out = String::new();
    for file in files {
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let mut command = here.command(&["show", &name, "--color", "never"]);
        let run = command.current_dir(&folder).output().expect("the program runs");
        let code = run.status.code().expect("an exit code");
        let said = String::from_utf8(run.stderr).expect("UTF-8");
        let _ = writeln!(out, "== {name}, exit code {code}\n{}", said.trim_end());
        out.push('\n');
        let wide = said.lines().find(|l| l.chars().count() > 80);
        assert!(wide.is_none(), "{name}: more than 80 columns: {wide:?}");
        assert!(matches!(code, 0 | 4), "{name}: exit code {code}");
        assert_eq!(code == 4, said.contains("error["), "{name}: {said}");
    }
    out
}

#[test]
fn every_mistake_reads_as_in_the_golden_file() {
    let path = suite().join("mistakes.txt");
    let now = catalogue();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, now).expect("the golden file is written");
        return;
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    if golden != now {
        let line = golden.lines().zip(now.lines()).position(|(a, b)| a != b).unwrap_or(0);
        panic!(
            "suite/mistakes.txt differs from line {}:\n  golden: {:?}\n  now:    {:?}\n\
             UPDATE_GOLDEN=1 cargo test writes it anew",
            line + 1,
            golden.lines().nth(line).unwrap_or(""),
            now.lines().nth(line).unwrap_or("")
        );
    }
}
