//! A training whose numbers are no numbers any more ends alone.

use serde_json::Value;

use crate::common::Folder;
use crate::train::SMALL;

/// The second of three trainings runs away.
fn away() -> String {
    let line = "train J by adam(step = 0.01)   epochs 3 batch all seed 2 as two\n";
    assert!(SMALL.contains(line));
    let more = "train J by gd(step = 3e38)     epochs 9 batch 20 seed 1 as away\n";
    SMALL.replace(line, &format!("{more}{line}"))
}

fn entry<'v>(json: &'v Value, name: &str) -> &'v Value {
    let all = json["trainings"].as_array().expect("trainings");
    all.iter().find(|t| t["name"] == name).expect("its entry")
}

#[test]
fn the_others_go_on() {
    let folder = Folder::new("diverged-others");
    folder.write("small.eqn", SMALL);
    folder.write("away.eqn", away());
    let good = folder.run("train small.eqn --json -q --no-run").json();
    let run = folder.run("train away.eqn --json --out run");
    assert_eq!(run.code, Some(1), "{run:?}");
    let json = run.json();
    for name in ["one", "two"] {
        let (is, was) = (entry(&json, name), entry(&good, name));
        assert_eq!(is["parameters_sha256"], was["parameters_sha256"]);
        assert!(is["diverged"].is_null() && was["diverged"].is_null(), "{is}");
    }
    let gone = entry(&json, "away");
    let step = gone["diverged"]["step"].as_u64().expect("a step");
    assert_eq!(gone["steps"], step - 1, "{gone}");
    assert_eq!(gone["end"], "diverged");
    let message = gone["diverged"]["message"].as_str().expect("a message");
    for word in ["line ", &format!("in step {step}"), "it reads `"] {
        assert!(message.contains(word), "{message}");
    }
    assert!(gone["train"].as_object().is_some_and(|t| t["J"].is_null()), "{gone}");
    // The files say the same.
    let read = |name: &str| -> Value {
        serde_json::from_str(&folder.read(&format!("run/{name}"))).expect("JSON")
    };
    assert_eq!(read("results.json")["trainings"], json["trainings"]);
    assert_eq!(entry(&read("run.json"), "away")["result"], *gone);
    assert!(!folder.path().join("run/models/away.safetensors").exists());
    // For people: the place with a caret, the table, the end.
    let run = folder.run("train away.eqn --no-run");
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.contains("error[not-finite]"), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("diverged: away in step {step}")), "{}", run.stderr);
    assert!(run.stdout.contains("diverged"), "{}", run.stdout);
    let row = run.stdout.lines().rfind(|line| line.trim_start().starts_with("away"));
    assert!(row.is_some_and(|row| row.ends_with(&format!("step {step}"))), "{}", run.stdout);
}

#[test]
fn a_run_knows_it() {
    let folder = Folder::new("diverged-run");
    folder.write("away.eqn", away());
    let whole = folder.run("train away.eqn --json -q --out run").json();
    let lines = folder.read("run/metrics.jsonl");
    // What is done is told again, and nothing is trained again.
    let again = folder.run("resume run --json");
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.stderr.contains("all trainings are done"), "{}", again.stderr);
    assert_eq!(again.json()["trainings"], whole["trainings"]);
    assert_eq!(folder.read("run/metrics.jsonl"), lines);
    // The rest is still done after the one that diverged.
    for path in ["checkpoint/two", "models/two.safetensors"] {
        let path = folder.path().join("run").join(path);
        if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }
            .expect("it goes");
    }
    let rest = folder.run("resume run --json");
    assert_eq!(rest.code, Some(1), "{rest:?}");
    let rest = rest.json();
    assert_eq!(entry(&rest, "away"), entry(&whole, "away"));
    let hash = |json: &Value| entry(json, "two")["parameters_sha256"].clone();
    assert_eq!(hash(&rest), hash(&whole));
    // The models that are there work; the one that is not has one error.
    let all = folder.run("evaluate run --json");
    assert_eq!(all.code, Some(0), "{all:?}");
    assert_eq!(all.json()["trainings"].as_array().map(Vec::len), Some(2));
    assert_eq!(all.json()["diverged"], serde_json::json!(["away"]));
    assert!(all.stderr.contains("not measured, for it diverged: away"), "{}", all.stderr);
    folder.write("rows.csv", "5.1,3.5,1.4,0.2\n");
    assert_eq!(folder.run("predict run rows.csv").code, Some(0));
    for command in ["evaluate run --training away", "predict run rows.csv --training away"] {
        let run = folder.run(command);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert_eq!(run.stderr.matches("error").count(), 1, "{}", run.stderr);
        let text = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("`away` diverged and has no model"), "{text}");
    }
}

#[test]
fn one_alone_is_an_answer_too() {
    let folder = Folder::new("diverged-alone");
    folder.write("away.eqn", away());
    let run = folder.run("train away.eqn --only away --json --out run");
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.json()["trainings"][0]["diverged"]["step"].is_u64(), "{}", run.stdout);
    let run = folder.run("evaluate run");
    assert!(run.code == Some(1) && run.stderr.contains("diverged"), "{run:?}");
    let page = folder.run("train away.eqn --only away --no-run").stdout;
    assert!(page.starts_with("1 training"), "{page}");
}
