//! `bench` and `profile`.

use serde_json::Value;

use crate::common::Folder;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON on every line")).collect()
}

const FIELDS: [&str; 14] = [
    "peer",
    "workload",
    "threads",
    "batch",
    "steps",
    "repeats",
    "ms_step",
    "ms_step_min",
    "ms_step_max",
    "s_epoch",
    "first_step_s",
    "import_s",
    "rss_mb",
    "base_rss_mb",
];

#[test]
fn workloads_are_measured() {
    let folder = Folder::new("bench");
    let run = folder.run(
        "bench w1 W1N W2 W3 W3D W4 W5 W6 --steps 1 --repeats 2 --batch 4 --rows 12 --threads 2 --json",
    );
    assert_eq!(run.code, Some(0), "{run:?}");
    let all = lines(&run.stdout);
    let names: Vec<&str> = all.iter().filter_map(|line| line["workload"].as_str()).collect();
    assert_eq!(names, ["W1", "W1N", "W2", "W3", "W3D", "W4", "W5", "W6"]);
    for line in &all {
        for field in FIELDS {
            assert!(line.get(field).is_some(), "{field} in {line}");
        }
        assert_eq!((&line["peer"], &line["threads"]), (&"chainrule".into(), &2.into()));
        assert_eq!((&line["batch"], &line["repeats"]), (&4.into(), &2.into()), "{line}");
        let ms = |name: &str| line[name].as_f64().expect(name);
        assert!(ms("ms_step") > 0.0 && ms("ms_step_min") <= ms("ms_step"), "{line}");
        assert!(ms("ms_step") <= ms("ms_step_max"), "{line}");
    }
    assert_eq!(all[0]["data"], "f64");
    assert_eq!(all[3]["data"], "f32");
}

#[test]
fn inference_is_measured() {
    let folder = Folder::new("bench-infer");
    let run = folder.run("bench W7 --batch 3 --steps 1 --json");
    let all = lines(&run.stdout);
    let names: Vec<&str> = all.iter().filter_map(|line| line["workload"].as_str()).collect();
    assert_eq!(names, ["W7-W5", "W7-W6"]);
    for line in &all {
        assert_eq!(line["batch"], 3);
        assert!(line["us"].as_f64().is_some_and(|us| us > 0.0), "{line}");
        assert!(line["rows_per_s"].as_f64().is_some_and(|n| n > 0.0), "{line}");
    }
}

#[test]
fn tables_are_narrow() {
    let folder = Folder::new("bench-table");
    let run = folder.run("bench W2 W4 W7 --steps 2 --repeats 1 --batch 2 --rows 10");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
    let starts = |word: &str| run.stdout.lines().filter(|line| line.starts_with(word)).count();
    assert_eq!((starts("workload"), starts("W2"), starts("W4"), starts("W7-")), (2, 1, 1, 2));
}

#[test]
fn bytes_are_another_kind_of_data() {
    let folder = Folder::new("bench-bytes");
    let run = folder.run("bench W5 --bytes --steps 1 --repeats 1 --batch 8 --rows 32 --json");
    assert_eq!(lines(&run.stdout)[0]["data"], "bytes");
}

#[test]
fn unknown_workloads_are_told_with_the_list() {
    let folder = Folder::new("bench-unknown");
    let run = folder.run("bench W2 W99");
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stdout.is_empty(), "{}", run.stdout);
    assert!(run.stderr.contains("W1, W1N, W2, W3, W3D, W4, W5, W6, W7"), "{}", run.stderr);
    assert_eq!(folder.run("bench nosuch --json").error(), "usage");
    assert_eq!(folder.run("bench W2 --limit").code, Some(2));
}

#[test]
fn a_file_is_measured_too() {
    let folder = Folder::new("bench-file");
    let own = "size d = 3\nbatch N\ndata\n  x : R[d] per N\n  y : R per N\nparam\n  w : R[d] = 0\n\
               net\n  J = mean[N] (w^T x - y)^2\ntrain J by sgd(step = 0.01) batch 4\n";
    folder.write("line.eqn", own);
    let run = folder.run("bench line.eqn --steps 2 --repeats 1 --rows 40 --json");
    let line = &lines(&run.stdout)[0];
    assert_eq!((&line["workload"], &line["batch"]), (&"line.eqn".into(), &4.into()));
    folder.write("none.eqn", "size n\n");
    assert_eq!(folder.run("bench none.eqn").code, Some(2));
}

#[test]
fn profiles_name_the_groups() {
    let folder = Folder::new("profile");
    let run = folder.run("profile iris nag --steps 3 --threads 2");
    assert_eq!(run.code, Some(0), "{run:?}");
    for group in ["product (5)", "loop (", "fold (", "gather (2)", "rest: ", "a step, median of 3"]
    {
        assert!(run.stdout.contains(group), "{group}: {}", run.stdout);
    }
    assert!(run.stdout.starts_with("iris: a step of nag on 110 rows"), "{}", run.stdout);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
    let json = folder.run("profile iris --steps 2 --json").json();
    let all = json["instructions"].as_array().expect("instructions");
    let plan = folder.run("show iris --plan --rows 110 --json").json();
    let planned = plan["trainings"][0]["instructions"].as_array().expect("instructions");
    assert_eq!(all.len(), planned.len());
    for one in all {
        let own = &planned[one["at"].as_u64().expect("a place") as usize];
        assert_eq!((&one["name"], &one["flops"]), (&own["name"], &own["flops"]));
    }
    assert_eq!(json["made_up_because"], Value::Null);
    assert!(json["step_us"].as_f64().is_some_and(|us| us > 0.0));
}

/// Data that are not there are made up, and the page says so; windows make a convolution.
#[test]
fn profiles_without_data() {
    let folder = Folder::new("profile-data");
    let run = folder.run("profile softreg --steps 1 --rows 8");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("these are made up: there is no file `mnist/"), "{}", run.stdout);
    let json = folder.run("profile W6 --steps 1 --rows 2 --json").json();
    let groups = json["groups"].as_array().expect("groups");
    let count = |name: &str| {
        let group = groups.iter().find(|group| group["group"] == name);
        group.and_then(|group| group["instructions"].as_u64()).unwrap_or(0)
    };
    assert_eq!((count("convolution"), count("product")), (5, 6), "{json}");
    assert_eq!(folder.run("profile iris nosuch").code, Some(2));
    assert_eq!(folder.run("profile more").code, Some(2));
}
