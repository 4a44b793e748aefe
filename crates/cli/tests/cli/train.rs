//! `train` and `evaluate` as people and scripts see them.

use crate::common::Folder;

/// A small net on the built-in flowers: two trainings of a second at most.
pub(crate) const SMALL: &str = "\
model small
size d = 4, H = 3, K = 3
batch N
data
  x : R[d]     per N = csv \"iris.csv\" columns 1..4
  y : label[K] per N = csv \"iris.csv\" column 5
  split train 90, validation 20, test 40, seed 7
param
  W : R[H, d] ~ glorot
  b : R[H]    = 0
  V : R[K, H] ~ glorot
net
  h = tanh(W x + b)
  s = V h
  p = softmax(s)
  J = mean[N] -log(p[y])
train J by gd(step = 0.1)      epochs 4 batch 20 seed 1 as one
train J by adam(step = 0.01)   epochs 3 batch all seed 2 as two
show accuracy = mean[N] 1[argmax(p) == y]
";

/// Two models whose trainings share a name, another size of the second.
const MODELS: &str = "\
size d = 4, K = 3
batch N
data
  x : R[d]     per N = csv \"iris.csv\" columns 1..4 - mean / std
  y : label[K] per N = csv \"iris.csv\" column 5
  split train 90, validation 20, test 40, seed 1
model linear
param
  W : R[K, d] = 0
net
  J = mean[N] cross_entropy(W x, y)
train J by gd(step = 0.1) epochs 2
model deep
size H = 9
param
  V : R[H, d] ~ he
  W : R[K, H] ~ he
net
  J = mean[N] cross_entropy(W relu(V x), y)
train J by gd(step = 0.1) epochs 3
train J by adam() epochs 4
";

#[test]
fn the_instruction_set_can_be_chosen_and_is_kept() {
    let folder = Folder::new("train-isa");
    folder.write("small.eqn", SMALL);
    let run = |isa: &str, args: &[&str]| {
        let mut command = folder.command(args);
        command.env("CHAINRULE_ISA", isa);
        crate::common::Run::from(command.output().expect("the program runs"))
    };
    // Every machine has this one.
    let trained = run("portable", &["train", "small.eqn", "--out", "plain", "-q"]);
    assert_eq!(trained.code, Some(0), "{trained:?}");
    let record: serde_json::Value =
        serde_json::from_str(&folder.read("plain/run.json")).expect("JSON");
    assert_eq!(record["machine"]["instructions"], "portable");
    let refused = run("sse9", &["train", "small.eqn", "--out", "other"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let text = "CHAINRULE_ISA is `sse9`, which is no instruction set (there are avx512, avx2, \
                portable)";
    assert!(refused.stderr.contains(text), "{refused:?}");
    assert_eq!(folder.names(), ["plain", "small.eqn"]);
}

#[test]
fn models_of_one_file_keep_their_trainings_apart() {
    let folder = Folder::new("train-models");
    folder.write("multi.eqn", MODELS);
    let run = folder.run("train multi.eqn -q --json");
    assert_eq!(run.code, Some(0), "{run:?}");
    let value: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let names: Vec<_> = (0..3).map(|at| value["trainings"][at]["name"].clone()).collect();
    assert_eq!(names, ["linear/gd", "deep/gd", "adam"]);
    let best = |at: usize| value["trainings"][at]["best"]["epoch"].as_u64().expect("a number");
    assert!(best(0) <= 2 && best(1) <= 3, "{value}");
    for file in ["multi.eqn", "models/linear-gd.safetensors", "models/deep-gd.safetensors"] {
        assert!(folder.path().join("runs/multi-1").join(file).is_file(), "{file}");
    }
    let all = folder.run("evaluate multi-1 --json");
    assert_eq!(all.code, Some(0), "{all:?}");
    assert_eq!(all.stdout.matches("\"as_recorded\":true").count(), 3, "{all:?}");
    let one = folder.run("evaluate multi-1 --training deep/gd");
    assert!(one.stdout.contains("deep/gd") && !one.stdout.contains("linear"), "{one:?}");
    folder.write("rows.csv", "5.1,3.5,1.4,0.2\n");
    let said = folder.run("predict multi-1 rows.csv --training deep/gd");
    assert!(said.code == Some(0) && said.stderr.contains("model deep/gd"), "{said:?}");
    let resumed = folder.run("resume multi-1");
    assert!(resumed.stderr.contains("all trainings are done"), "{resumed:?}");
    for (only, expected) in [("deep/gd", 1), ("gd", 2), ("deep", 2), ("adam", 1)] {
        let run = folder.run(&format!("train multi.eqn -q --json --no-run --only {only}"));
        assert_eq!(run.stdout.matches("\"optimizer\"").count(), expected, "{only}: {run:?}");
    }
}

#[test]
fn a_number_is_given_once() {
    let folder = Folder::new("train-twice");
    folder.write("small.eqn", SMALL);
    for words in ["--epochs 2 --set epochs=10", "--seed 2 --set seed=3"] {
        let run = folder.run(&format!("train small.eqn --no-run {words}"));
        assert!(run.code == Some(2) && run.stderr.contains("given twice"), "{run:?}");
    }
}

#[test]
fn a_training_leaves_a_run() {
    let folder = Folder::new("train-run");
    folder.write("small.eqn", SMALL);
    let run = folder.run("train small.eqn");
    assert_eq!(run.code, Some(0), "{run:?}");
    let heads =
        ["2 trainings, 24 parameters", "validation", "accuracy", "one", "two", "runs/small-1"];
    for head in heads {
        assert!(run.stdout.contains(head), "{head}: {}", run.stdout);
    }
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
    assert!(run.stderr.contains("one  epoch 4/4  J "), "{}", run.stderr);
    assert!(run.stderr.lines().all(|line| line.chars().count() <= 80), "{}", run.stderr);
    let at = |path: &str| folder.path().join("runs/small-1").join(path).is_file();
    for path in [
        "run.json",
        "small.eqn",
        "metrics.jsonl",
        "results.json",
        "models/one.safetensors",
        "models/two.safetensors",
        "checkpoint/one/manifest.json",
    ] {
        assert!(at(path), "{path}");
    }
    let metrics = folder.read("runs/small-1/metrics.jsonl");
    let lines: Vec<serde_json::Value> =
        metrics.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 4 + 3);
    assert_eq!(lines[3]["step"], 20);
    assert!(lines[0]["train"]["J_step"].is_number(), "{}", lines[0]);
    assert!(lines[0]["validation"]["accuracy"].is_number(), "{}", lines[0]);
    let record: serde_json::Value =
        serde_json::from_str(&folder.read("runs/small-1/run.json")).expect("JSON");
    assert_eq!(record["data"][0]["sources"][0]["sha256"].as_str().map(str::len), Some(64));
    assert_eq!(record["data"][0]["parts"][0]["count"], 90);
    // The next run does not touch the first.
    folder.run("train small.eqn -q --only two");
    assert_eq!(folder.read("runs/small-1/metrics.jsonl"), metrics);
    assert!(folder.path().join("runs/small-2/models/two.safetensors").is_file());
    assert!(!folder.path().join("runs/small-2/models/one.safetensors").exists());
}

#[test]
fn the_same_file_and_seed_give_the_same_bits() {
    let folder = Folder::new("train-bits");
    folder.write("small.eqn", SMALL);
    let bits = |args: &str| {
        let json = folder.run(&format!("train small.eqn --no-run -q --json {args}")).json();
        json["trainings"][0]["parameters_sha256"].as_str().expect("a hash").to_string()
    };
    let one = bits("");
    assert_eq!(one, bits("--threads 3"));
    assert_eq!(one, bits("--set epochs=4"));
    assert_ne!(one, bits("--seed 5"));
    assert_ne!(one, bits("--set split.seed=5"));
    assert_ne!(one, bits("--set step=0.2"));
    assert_ne!(one, bits("--epochs 5"));
    assert_eq!(folder.names(), ["small.eqn"]);
}

#[test]
fn the_answer_for_a_program() {
    let folder = Folder::new("train-json");
    folder.write("small.eqn", SMALL);
    let run = folder.run("train small.eqn --json --set H=2 --out out");
    let json = run.json();
    assert_eq!(json["run"], "out");
    let one = &json["trainings"][0];
    assert_eq!((&one["name"], &one["optimizer"]), (&"one".into(), &"gd".into()));
    assert_eq!((&one["epochs"], &one["steps"]), (&4.into(), &20.into()));
    assert_eq!(one["parameters"], 16);
    for part in ["train", "validation", "test"] {
        assert!(one[part]["J"].is_number() && one[part]["accuracy"].is_number(), "{one}");
    }
    assert!(one["best"]["epoch"].is_number(), "{one}");
    assert!(one["seconds"].is_number());
    assert_eq!(json["skipped"], serde_json::json!([]));
    let results: serde_json::Value =
        serde_json::from_str(&folder.read("out/results.json")).expect("JSON");
    assert_eq!(results["trainings"], json["trainings"]);
    let again = folder.run("evaluate out --json");
    assert_eq!(again.code, Some(0), "{again:?}");
    for (measured, recorded) in [(0, 0), (1, 1)] {
        let (measured, recorded) =
            (&again.json()["trainings"][measured], &json["trainings"][recorded]);
        assert_eq!(measured["as_recorded"], true, "{measured}");
        assert_eq!(measured["test"], recorded["test"]);
        assert_eq!(measured["train"], recorded["train"]);
    }
}

/// What is set from outside comes before the grid of the file, and names say what was run.
#[test]
fn a_grid_over_what_is_set_is_one_training() {
    let folder = Folder::new("train-grid");
    let grid = "train J by gd(step = 0.1) epochs 4 batch 20 for H in {2, 3}, seed in {1, 2} \
                as one";
    let line = "train J by gd(step = 0.1)      epochs 4 batch 20 seed 1 as one";
    assert!(SMALL.contains(line));
    folder.write("small.eqn", SMALL.replace(line, grid));
    let of = |args: &str| -> Vec<(String, u64, u64, u64)> {
        let json = folder.run(&format!("train small.eqn --only one --json -q {args}")).json();
        let all = json["trainings"].as_array().expect("trainings").iter();
        let whole = |value: &serde_json::Value| value.as_u64().expect("a number");
        let one = |t: &serde_json::Value| {
            let name = t["name"].as_str().expect("a name").to_string();
            (name, whole(&t["parameters"]), whole(&t["epochs"]), whole(&t["seed"]))
        };
        all.map(one).collect()
    };
    assert_eq!(of("--no-run").len(), 4);
    let found = of("--set H=5 --epochs 2 --out run");
    let expected = [1, 2].map(|seed| (format!("one H=5 seed={seed}"), 40, 2, seed));
    assert_eq!(found, expected);
    assert_eq!(of("--set H=5 --seed 7 --no-run").len(), 1);
    let text = folder.read("run/small.eqn");
    assert!(text.contains("H = 5") && text.contains("epochs 2"), "{text}");
    let again = folder.run("evaluate run --json -q").json();
    assert_eq!(again["trainings"][1]["as_recorded"], true, "{again}");
    let resumed = folder.run("resume run --json -q").json();
    assert_eq!(resumed["trainings"][0]["name"], expected[0].0.as_str());
    // A setting of a training that is not asked for.
    let other = folder.run("train small.eqn --only one --set beta1=0.5 --no-run");
    assert_eq!(other.code, Some(2), "{other:?}");
}

#[test]
fn many_epochs_are_few_lines() {
    let folder = Folder::new("train-lines");
    folder.write("small.eqn", SMALL);
    let run = folder.run("train small.eqn --no-run --only two --epochs 130");
    let lines = run.stderr.lines().count();
    assert!((10..=25).contains(&lines), "{lines}: {}", run.stderr);
    assert!(run.stderr.contains("epoch 130/130"), "{}", run.stderr);
    assert!(!run.stderr.contains('\r') && !run.stderr.contains('\x1b'), "{}", run.stderr);
    assert!(folder.run("train small.eqn --no-run -q").stderr.is_empty());
    let detail = folder.run("train small.eqn --no-run -v --only one").stderr;
    assert!(detail.contains("sha256") && detail.contains("built-in/iris.csv"), "{detail}");
}

#[test]
fn lines_that_cannot_be_done_yet_are_named_once() {
    let folder = Folder::new("train-skipped");
    let more = "plot J against epoch to \"a.svg\"\nplot accuracy to \"b.svg\"\n\
                export weights \"w.npz\"\n";
    folder.write("small.eqn", format!("{SMALL}{more}"));
    let run = folder.run("train small.eqn --no-run --epochs 1");
    assert_eq!(run.code, Some(0), "{run:?}");
    let at = run.stderr.find("warning[not-yet]").expect("a warning");
    let warning = &run.stderr[at..];
    let first = "warning[not-yet]: not done yet: 2 `plot` lines, one `export` line";
    assert_eq!(warning.lines().next(), Some(first));
    assert!(warning.trim_end().lines().count() <= 7, "{warning}");
    let carets = warning.lines().filter(|line| line.contains('^')).count();
    assert_eq!(carets, 1, "{warning}");
    let json = folder.run("train small.eqn --no-run --epochs 1 --json -q").json();
    assert_eq!(json["skipped"].as_array().map(Vec::len), Some(1));
}

#[test]
fn wrong_usage_has_its_code_and_leaves_nothing() {
    let folder = Folder::new("train-usage");
    folder.write("small.eqn", SMALL);
    folder.write("bad.eqn", "net\n  z = (1 + 2\n");
    folder.write("file", "x");
    for (args, code) in [
        ("train --help", 0),
        ("train graph002", 0),
        ("train graph002 --json", 0),
        ("train nosuch.eqn", 1),
        ("train mlp", 1),
        ("train bad.eqn", 4),
        ("train", 2),
        ("train small.eqn --epochs 0", 2),
        ("train small.eqn --only three", 2),
        ("train small.eqn --set nothing=1", 2),
        ("train small.eqn --set H=x", 2),
        ("train small.eqn --set batch=0", 2),
        ("train small.eqn --set split.seed=-1", 2),
        ("train small.eqn --set minutes=0", 2),
        ("train small.eqn --precision f16", 2),
        ("train small.eqn --out file", 2),
        ("train small.eqn --out a --no-run", 2),
        ("resume", 2),
        ("resume nosuch", 1),
        ("resume file", 1),
        ("resume .", 1),
        ("evaluate nosuch", 1),
        ("predict nosuch x.csv", 1),
        ("predict", 2),
        ("predict nosuch", 2),
    ] {
        let run = folder.run(args);
        assert_eq!(run.code, Some(code), "{args}: {run:?}");
    }
    assert_eq!(folder.names(), ["bad.eqn", "file", "small.eqn"]);
    assert_eq!(folder.run("train mlp --json").error(), "not-found");
    assert!(folder.run("train small.eqn --only on").stderr.contains("did you mean `one`"));
}

#[test]
fn a_size_that_is_none_is_one_error() {
    let folder = Folder::new("train-size");
    for value in ["0", "-3", "1.5", "1e30"] {
        let run = folder.run(&format!("train iris --no-run -q --set H={value}"));
        assert_eq!(run.code, Some(2), "{run:?}");
        assert_eq!(run.stderr.matches("error").count(), 1, "{}", run.stderr);
        assert!(
            run.stderr.contains(&format!("`--set H={value}`: `H` is a size")),
            "{}",
            run.stderr
        );
    }
}
