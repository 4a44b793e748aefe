//! Full disks and damaged files: one clear error, nothing half written.

use crate::common::Folder;
use crate::train::SMALL;

fn trained(test: &str) -> Folder {
    let folder = Folder::new(test);
    folder.write("small.eqn", SMALL);
    let run = folder.run("train small.eqn -q --out run");
    assert_eq!(run.code, Some(0), "{run:?}");
    folder
}

/// The text without line breaks.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn damaged_files_are_named() {
    let folder = trained("damage-files");
    let cases = [
        ("run.json", "{", "is no JSON"),
        ("run.json", "{\"format\": 99, \"program\": \"chainrule 9.0.0\"}", "chainrule 9.0.0"),
        ("checkpoint/one/manifest.json", "{\"format\": 1}", "begins again"),
        ("small.eqn", "net\n  z = (1 + 2\n", "has the SHA-256"),
        ("models/one.safetensors", "short", "models/one.safetensors"),
    ];
    for (path, text, expected) in cases {
        let path = format!("run/{path}");
        let good = std::fs::read(folder.path().join(&path)).expect("it is there");
        folder.write(&path, text);
        let run = folder.run("resume run");
        assert!(matches!(run.code, Some(1 | 4)), "{path}: {run:?}");
        assert!(flat(&run.stderr).contains(expected), "{path}: {}", run.stderr);
        let json = folder.run("resume run --json");
        assert!(json.json()["error"]["message"].is_string(), "{json:?}");
        folder.write(&path, good);
    }
    assert_eq!(folder.run("resume run").code, Some(0));
}

#[test]
fn a_damaged_state_is_not_used() {
    let folder = trained("damage-state");
    let manifest = folder.read("run/checkpoint/one/manifest.json");
    let value: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let state = format!("run/checkpoint/one/{}", value["state"].as_str().expect("a name"));
    folder.write("run/checkpoint/one/manifest.json", manifest.replace("true", "false"));
    let good = std::fs::read(folder.path().join(&state)).expect("the state");
    let mut bad = good.clone();
    *bad.last_mut().expect("bytes") ^= 1;
    for bytes in [&bad[..], &good[..good.len() - 1], &[]] {
        folder.write(&state, bytes);
        let run = folder.run("resume run");
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(flat(&run.stderr).contains("begins again"), "{}", run.stderr);
    }
    std::fs::remove_file(folder.path().join(&state)).expect("it goes");
    assert_eq!(folder.run("resume run").code, Some(1));
    folder.write(&state, good);
    assert_eq!(folder.run("resume run").code, Some(0));
}

#[test]
fn a_damaged_model_is_not_used() {
    let folder = trained("damage-model");
    let path = "run/models/one.safetensors";
    let good = std::fs::read(folder.path().join(path)).expect("the model");
    let mut bad = good.clone();
    *bad.last_mut().expect("bytes") ^= 1;
    folder.write(path, &bad);
    folder.write("rows.csv", "5.1,3.5,1.4,0.2\n");
    for args in ["evaluate run", "predict run rows.csv --training one"] {
        let run = folder.run(args);
        assert_eq!(run.code, Some(1), "{args}: {run:?}");
        let text = flat(&run.stderr);
        assert!(text.contains("its weights have the SHA-256"), "{args}: {text}");
        assert!(text.contains("recorded is"), "{args}: {text}");
    }
    folder.write(path, good);
    assert_eq!(folder.run("evaluate run").code, Some(0));
}

#[test]
fn values_that_are_not_those_recorded_do_not_pass() {
    let folder = trained("damage-scaling");
    let path = "run/models/one.safetensors";
    let file = std::fs::read(folder.path().join(path)).expect("the model");
    // Another digit of the recorded loss, with the same length.
    let text = String::from_utf8_lossy(&file).into_owned();
    let at = text.find("\\\"J\\\":").expect("a loss") + 8;
    let mut bad = file.clone();
    bad[at] = if bad[at] == b'0' { b'1' } else { b'0' };
    folder.write(path, bad);
    let run = folder.run("evaluate run");
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(flat(&run.stderr).contains("recorded was"), "{}", run.stderr);
    assert_eq!(folder.run("evaluate run --json").json()["trainings"][0]["as_recorded"], false);
}

#[test]
fn edited_equations_are_not_resumed() {
    let folder = trained("damage-equations");
    let good = folder.read("run/small.eqn");
    folder.write("run/small.eqn", good.replace("tanh", "relu"));
    let run = folder.run("resume run");
    assert_eq!(run.code, Some(1), "{run:?}");
    let text = flat(&run.stderr);
    assert!(text.contains("`run/small.eqn` has the SHA-256"), "{text}");
    folder.write("run/small.eqn", format!("{good}# a remark\n"));
    assert_eq!(folder.run("resume run").code, Some(1));
    let run = folder.run("evaluate run");
    assert_eq!(run.code, Some(0), "{run:?}");
    let text = flat(&run.stderr);
    assert!(text.contains("`run/small.eqn` has the SHA-256"), "{text}");
    folder.write("run/small.eqn", good);
    assert_eq!(folder.run("resume run").code, Some(0));
}

/// The shell sets a limit on the size of files: writing more fails as on a full disk.
#[cfg(target_os = "linux")]
fn limited(folder: &Folder, blocks: u32, args: &str) -> crate::common::Run {
    let program = env!("CARGO_BIN_EXE_chainrule");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec {program} {args}");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &script]).current_dir(folder.path()).env_remove("CHAINRULE_DATA");
    command.output().expect("sh runs").into()
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_one_error_and_the_last_checkpoint_stays() {
    let folder = Folder::new("damage-full");
    folder.write("small.eqn", SMALL);
    let none = limited(&folder, 0, "train small.eqn -q --out none");
    assert_eq!(none.code, Some(1), "{none:?}");
    assert_eq!(none.stderr.matches("error: ").count(), 1, "{}", none.stderr);
    assert_eq!(folder.names(), ["small.eqn"]);
    // The curves grow until they are too long: then there are checkpoints already.
    let args = "train small.eqn --epochs 300 --checkpoint 0 -q --out full";
    let full = limited(&folder, 16, args);
    assert_eq!(full.code, Some(1), "{full:?}");
    assert!(flat(&full.stderr).contains("writing `full/metrics.jsonl` failed"), "{}", full.stderr);
    assert_eq!(full.stderr.matches("error: ").count(), 1, "{}", full.stderr);
    let names = std::fs::read_dir(folder.path().join("full/checkpoint/one")).expect("checkpoints");
    assert_eq!(names.count(), 2);
    let resumed = folder.run("resume full --json -q").json();
    let whole = folder.run("train small.eqn --epochs 300 --no-run --json -q").json();
    for at in 0..2 {
        let hash = |json: &serde_json::Value| json["trainings"][at]["parameters_sha256"].clone();
        assert_eq!(hash(&resumed), hash(&whole));
    }
}
