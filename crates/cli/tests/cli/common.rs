//! Runs the program in a folder of its own.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A folder that is removed at the end of the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A new empty folder; `test` names it.
    pub(crate) fn new(test: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("chainrule-{}-{test}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes `bytes` to the file `name`.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), bytes).expect("the file can be written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).expect("the file can be read")
    }

    /// The names of the files.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("the folder can be read");
        let mut names: Vec<String> = entries
            .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The program in this folder, with an environment that changes nothing.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chainrule"));
        command.args(args).current_dir(&self.0).stdin(Stdio::null());
        let display = ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "TERM", "CI"];
        for name in
            display.into_iter().chain(["CHAINRULE_DATA", "CHAINRULE_ISA", "XDG_DATA_HOME", "HOME"])
        {
            command.env_remove(name);
        }
        command
    }

    /// Runs the program with `args`, words between blanks.
    pub(crate) fn run(&self, args: &str) -> Run {
        let args: Vec<&str> = args.split_whitespace().collect();
        self.run_args(&args)
    }

    /// Runs the program with these arguments, blanks and all.
    pub(crate) fn run_args(&self, args: &[&str]) -> Run {
        self.command(args).output().expect("the program runs").into()
    }

    /// Runs the program with `input` on stdin.
    pub(crate) fn feed(&self, args: &str, input: &[u8]) -> Run {
        let args: Vec<&str> = args.split_whitespace().collect();
        let mut command = self.command(&args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program runs");
        // The program may end before it has read everything.
        let _ = child.stdin.take().expect("its stdin").write_all(input);
        child.wait_with_output().expect("the program ends").into()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How the program ended and what it wrote.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Run {
        let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
        let run = Run {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        run
    }
}

impl Run {
    /// What stdout holds: one JSON value on one line.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stdout.matches('\n').count(), 1, "{}", self.stdout);
        serde_json::from_str(&self.stdout).expect("one JSON value")
    }

    /// The kind of the error in the JSON.
    pub(crate) fn error(&self) -> String {
        self.json()["error"]["kind"].as_str().expect("an error").to_owned()
    }
}
