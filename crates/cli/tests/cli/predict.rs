//! `predict` as people and scripts see it.

use crate::common::Folder;
use crate::train::SMALL;

fn trained(test: &str) -> Folder {
    let folder = Folder::new(test);
    folder.write("small.eqn", SMALL);
    let run = folder.run("train small.eqn -q --out run --epochs 300 --set step=0.05 --only two");
    assert_eq!(run.code, Some(0), "{run:?}");
    folder
}

const ROWS: &str = "5.1,3.5,1.4,0.2\n7.0,3.2,4.7,1.4\n6.3,3.3,6.0,2.5\n";

#[test]
fn classes_and_probabilities() {
    let folder = trained("predict");
    folder.write("rows.csv", ROWS);
    let run = folder.run("predict run rows.csv");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("setosa") && run.stdout.contains("virginica"), "{}", run.stdout);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
    let json = folder.run("predict run rows.csv --json -q").json();
    assert_eq!(json["training"], "two");
    assert_eq!(json["rows"][0]["label"], "setosa");
    assert_eq!(json["labels"], serde_json::json!(["setosa", "versicolor", "virginica"]));
    for row in json["rows"].as_array().expect("rows") {
        let p: Vec<f64> = serde_json::from_value(row["p"].clone()).expect("numbers");
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-5, "{p:?}");
        let class = row["class"].as_u64().expect("a class") as usize;
        assert!(p.iter().all(|q| *q <= p[class]), "{row}");
    }
    // The columns of the training, with more behind them; a header; several files; stdin.
    let more: String = ROWS.lines().map(|row| format!("{row},unknown\n")).collect();
    folder.write("more.csv", format!("a,b,c,d,e\n{more}"));
    let both = folder.run("predict run more.csv rows.csv --json -q").json();
    let rows = both["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 6);
    assert_eq!(rows[..3], rows[3..]);
    assert_eq!(json["rows"].as_array().expect("rows")[..], rows[..3]);
    let fed = folder.feed("predict run - --json -q", ROWS.as_bytes());
    assert_eq!(fed.json()["rows"], json["rows"]);
    let file = folder.run("predict run/models/two.safetensors rows.csv --json -q").json();
    assert_eq!(file["rows"], json["rows"]);
    let hidden = folder.run("predict run rows.csv --of h --json -q").json();
    assert_eq!(hidden["rows"][2]["h"].as_array().map(Vec::len), Some(3));
}

/// Classes that a network reads keep their numbers; those that it predicts have the names of the
/// label that the metric compares, not of another one with as many classes.
#[test]
fn labels_among_the_inputs() {
    let folder = Folder::new("predict-labels");
    let rows: String = (0..60)
        .map(|i| format!("{},{},{}\n", i % 7, ["red", "blue"][i % 2], ["no", "yes"][i % 2]))
        .collect();
    folder.write("rows.csv", &rows);
    let text = "\
size K = 2
batch N
data
  x : R        per N = csv \"rows.csv\" column 1
  c : label[K] per N = csv \"rows.csv\" column 2
  y : label[K] per N = csv \"rows.csv\" column 3
param
  w : R[K]    = 0
  C : R[K, K] = 0
net
  s = C onehot(c) + w x
  J = mean[N] cross_entropy(s, y)
train J by gd(step = 0.5) epochs 200
show accuracy = mean[N] 1[argmax(s) == y]
";
    folder.write("net.eqn", text);
    let run = folder.run("train net.eqn -q --out run");
    assert_eq!(run.code, Some(0), "{run:?}");
    // Alone, `red` would be the first class.
    folder.write("new.csv", "3,red\n");
    let of = |file: &str| {
        let json = folder.run(&format!("predict run {file} --json -q")).json();
        let rows = json["rows"].as_array().expect("rows").clone();
        rows.iter().map(|row| row["label"].as_str().expect("a name").to_string()).collect()
    };
    let found: Vec<String> = of("new.csv");
    assert_eq!(found, ["no"]);
    let found: Vec<String> = of("rows.csv");
    assert_eq!(found[..4], ["no", "yes", "no", "yes"]);
    folder.write("other.csv", "3,green\n");
    let other = folder.run("predict run other.csv");
    assert_eq!(other.code, Some(1), "{other:?}");
    assert!(other.stderr.contains("`green`"), "{}", other.stderr);
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    let folder = trained("predict-wrong");
    folder.write("narrow.csv", "1,2,3\n");
    folder.write("word.csv", "1,2,3,x\n1,2,3,4\n");
    folder.write("empty.csv", "");
    folder.write("rows.csv", ROWS);
    for (args, code, expected) in [
        ("predict run narrow.csv", 1, "3 columns"),
        ("predict run word.csv", 1, "word.csv"),
        ("predict run empty.csv", 1, "empty"),
        ("predict run none.csv", 1, "there is no file"),
        ("predict run iris.csv", 1, "there is no file"),
        ("predict run rows.csv --training one", 2, "no training `one`"),
        ("predict run rows.csv --of zzz", 1, "zzz"),
        ("predict run/run.json rows.csv", 1, "safetensors"),
        ("predict run/models/two.safetensors rows.csv --training one", 2, "one model"),
    ] {
        let run = folder.run(args);
        assert_eq!(run.code, Some(code), "{args}: {run:?}");
        let text = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(expected), "{args}: {text}");
        assert!(run.stdout.is_empty(), "{args}: {}", run.stdout);
    }
}

#[test]
fn a_net_without_names_predicts() {
    let folder = Folder::new("predict-unnamed");
    let head = "size d = 4, K = 3\nbatch N\ndata\n  x : R[d] per N = csv \"iris.csv\" columns 1..4\n  \
                y : label[K] per N = csv \"iris.csv\" column 5\nparam\n  W : R[K, d] ~ glorot\n";
    let end = "train J by gd(step = 0.01) epochs 5\n";
    let unnamed = "net\n  J = mean[N] cross_entropy(W x, y)\n";
    let named = "net\n  z = W x\n  p = softmax(z)\n  J = mean[N] cross_entropy(z, y)\n";
    folder.write("unnamed.eqn", format!("{head}{unnamed}{end}"));
    folder.write("named.eqn", format!("{head}{named}{end}"));
    folder.write("rows.csv", ROWS);
    let predicted = |name: &str, of: &str| {
        let run = folder.run(&format!("train {name}.eqn -q --out {name}"));
        assert_eq!(run.code, Some(0), "{run:?}");
        let run = folder.run(&format!("predict {name} rows.csv --json -q{of}"));
        assert_eq!(run.code, Some(0), "{run:?}");
        run.json()
    };
    let (unnamed, named) = (predicted("unnamed", ""), predicted("named", " --of p"));
    let numbers = |value: &serde_json::Value| -> Vec<f64> {
        serde_json::from_value(value.clone()).expect("numbers")
    };
    for row in 0..3 {
        let (a, b) = (&unnamed["rows"][row], &named["rows"][row]);
        assert_eq!(a["label"], b["label"]);
        let (p, q) = (numbers(&a["softmax(output)"]), numbers(&b["p"]));
        assert!(p.iter().zip(&q).all(|(p, q)| (p - q).abs() < 1e-5), "{p:?} {q:?}");
    }
}
