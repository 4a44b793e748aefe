//! Interrupted runs: what is lost, and that the end is the same.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::{Folder, Run};
use crate::train::SMALL;

/// The hashes of all trainings.
fn hashes(json: &Value) -> Vec<String> {
    let all = json["trainings"].as_array().expect("trainings").iter();
    all.map(|t| t["parameters_sha256"].as_str().expect("a hash").to_string()).collect()
}

/// The curves without the times.
fn curves(folder: &Folder, run: &str) -> Vec<Value> {
    let text = folder.read(&format!("{run}/metrics.jsonl"));
    let line = |line: &str| {
        let mut value: Value = serde_json::from_str(line).expect("JSON");
        value["seconds"] = Value::Null;
        value
    };
    text.lines().map(line).collect()
}

fn spawn(folder: &Folder, args: &str) -> Child {
    let args: Vec<&str> = args.split_whitespace().collect();
    let mut command = folder.command(&args);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program runs")
}

/// Killed at moments that differ from run to run, and resumed as often as it takes.
#[test]
fn a_killed_training_ends_in_the_same_bits() {
    let folder = Folder::new("resume-kill");
    folder.write("small.eqn", SMALL);
    let args = "train small.eqn --epochs 12 --checkpoint 0 --json -q --out";
    let began = Instant::now();
    let whole = folder.run(&format!("{args} whole")).json();
    let length = began.elapsed();
    let kills = if std::env::var_os("CHAINRULE_DEEP").is_some() { 50 } else { 4 };
    let (mut seed, mut hit) = (0x2545_f491_4f6c_dd1d_u64 ^ u64::from(std::process::id()), 0);
    for kill in 0..kills {
        let name = format!("killed-{kill}");
        let mut command = format!("{args} {name}");
        // Each run is killed up to three times.
        for _ in 0..3 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let share = (seed >> 40) as f64 / (1u64 << 24) as f64;
            let mut child = spawn(&folder, &command);
            std::thread::sleep(length.mul_f64(share * 0.7));
            let over = child.try_wait().expect("its state").is_some();
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
            hit += u32::from(!over);
            if folder.path().join(&name).exists() {
                command = format!("resume {name} --json -q");
            }
        }
        let run = folder.run(&command);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(hashes(&run.json()), hashes(&whole), "kill {kill}");
        assert_eq!(curves(&folder, &name), curves(&folder, "whole"), "kill {kill}");
        let left = std::fs::read_dir(folder.path().join(&name).join("checkpoint/one"));
        assert_eq!(left.expect("the checkpoint").count(), 2);
    }
    assert!(hit > 0, "every kill came too late");
}

/// Waits until a run has a checkpoint.
fn wait_for(folder: &Folder, path: &str) {
    let began = Instant::now();
    while !folder.path().join(path).exists() {
        assert!(began.elapsed() < Duration::from_secs(60), "{path} does not come");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Sends SIGINT, as Ctrl-C does.
#[cfg(unix)]
fn interrupt(child: &Child) {
    let id = child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.expect("kill runs").success());
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_everything_and_says_how_to_go_on() {
    let folder = Folder::new("resume-interrupt");
    folder.write("small.eqn", SMALL);
    let args = "train small.eqn --epochs 400 --checkpoint 0 --out";
    let words: Vec<String> =
        format!("{args} stopped --json").split(' ').map(String::from).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut command = folder.command(&words);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    wait_for(&folder, "stopped/checkpoint/one/manifest.json");
    interrupt(&child);
    let run: Run = child.wait_with_output().expect("it ends").into();
    assert_eq!(run.code, Some(130), "{run:?}");
    assert!(run.stderr.contains("`chainrule resume stopped` goes on"), "{}", run.stderr);
    let json = run.json();
    assert_eq!(json["resume"], "chainrule resume stopped");
    assert_eq!(json["interrupted"]["training"], "one");
    let manifest: Value =
        serde_json::from_str(&folder.read("stopped/checkpoint/one/manifest.json")).expect("JSON");
    assert_eq!(json["interrupted"]["step"], manifest["step"]);
    let resumed = folder.run("resume stopped --json");
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert!(resumed.stderr.contains("one goes on at step"), "{}", resumed.stderr);
    let whole = folder.run("train small.eqn --epochs 400 --json -q --no-run").json();
    assert_eq!(hashes(&resumed.json()), hashes(&whole));
    // A run that is done is told again, not trained again.
    let again = folder.run("resume stopped --json");
    assert_eq!(again.json()["trainings"], resumed.json()["trainings"]);
    assert!(again.stderr.contains("all trainings are done"), "{}", again.stderr);
}

/// Whether the program listens for SIGINT by now.
#[cfg(target_os = "linux")]
fn listens(child: &Child) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
    let status = status.expect("the process is there");
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = u64::from_str_radix(caught.expect("a mask").trim(), 16).expect("a mask");
    caught & 0b10 != 0
}

/// While data are read there is nothing to keep: the program ends at once, nothing is left behind.
#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_while_data_are_read() {
    let folder = Folder::new("resume-reading");
    let text = "\
batch N
data
  x : R per N = csv \"rows.csv\" column 1
  y : R per N = csv \"rows.csv\" column 2
param w : R = 0
net
  J = mean[N] (w x - y)^2
train J by gd(step = 0.1) epochs 2
";
    folder.write("rows.eqn", text);
    folder.write("rows.csv", "0.25,1.5\n".repeat(3_000_000));
    for more in [&["--json"][..], &[]] {
        let mut command = folder.command(&[&["train", "rows.eqn"], more].concat());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let began = Instant::now();
        while !listens(&child) {
            assert!(began.elapsed() < Duration::from_secs(60), "it does not listen");
            std::thread::sleep(Duration::from_millis(1));
        }
        interrupt(&child);
        let run: Run = child.wait_with_output().expect("it ends").into();
        assert_eq!(run.code, Some(130), "{run:?}");
        let said = "interrupted: nothing was trained, nothing was written";
        if more.is_empty() {
            assert_eq!((run.stdout.as_str(), run.stderr.trim_end()), ("", said));
        } else {
            assert_eq!(run.error(), "interrupted");
            assert_eq!(run.json()["error"]["message"], said);
        }
        assert_eq!(folder.names(), ["rows.csv", "rows.eqn"]);
    }
}

#[test]
fn a_run_may_be_moved() {
    let folder = Folder::new("resume-moved");
    folder.write("small.eqn", SMALL);
    let whole = folder.run("train small.eqn --json -q --out a/b").json();
    std::fs::create_dir(folder.path().join("c")).expect("a folder");
    std::fs::rename(folder.path().join("a/b"), folder.path().join("c/d")).expect("it moves");
    assert_eq!(hashes(&folder.run("resume c/d --json -q").json()), hashes(&whole));
    let again = folder.run("evaluate c/d --json -q").json();
    assert_eq!(again["trainings"][0]["as_recorded"], true);
}

#[test]
fn changed_data_are_refused() {
    let folder = Folder::new("resume-data");
    let rows: String = (0..40).map(|i| format!("{}.5,{}\n", i % 7, ["no", "yes"][i % 2])).collect();
    folder.write("rows.csv", &rows);
    let text = "\
model rows
size K = 2
batch N
data
  x : R        per N = csv \"rows.csv\" column 1
  y : label[K] per N = csv \"rows.csv\" column 2
param
  w : R[K] ~ normal(0, 1)
net
  s = w x
  J = mean[N] cross_entropy(s, y)
train J by gd(step = 0.1) epochs 2 seed 1
";
    folder.write("rows.eqn", text);
    assert_eq!(folder.run("train rows.eqn -q --out run").code, Some(0));
    folder.write("rows.csv", rows.replacen("0.5,no", "0.25,no", 1));
    let run = folder.run("evaluate run");
    assert_eq!(run.code, Some(1), "{run:?}");
    let text = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("the data changed: \"rows.csv\" has the SHA-256"), "{text}");
    std::fs::remove_file(folder.path().join("rows.csv")).expect("it goes");
    let run = folder.run("resume run");
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("rows.csv"), "{}", run.stderr);
    // Found again in another folder.
    std::fs::create_dir(folder.path().join("data")).expect("a folder");
    folder.write("data/rows.csv", &rows);
    assert_eq!(folder.run("evaluate run --data data").code, Some(0));
}
