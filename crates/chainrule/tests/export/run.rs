//! Running exported code: all cases in one Python process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use chainrule::export::Language;
use chainrule::graph::Kind;
use serde_json::{Value, json};

use crate::case::{Case, Outcome};

const DRIVER: &str = include_str!("driver.py");

/// The outcomes of all cases, `None` (said on stderr) if the language cannot be run here.
pub(crate) fn all(language: Language, name: &str, cases: &[Case]) -> Option<Vec<Outcome>> {
    let python = python(language)?;
    let folder = folder(name);
    let mut list = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let code = case.code(language);
        let module = format!("case{at}");
        std::fs::write(folder.join(format!("{module}.py")), &code.text).expect("a file");
        let mut arguments = serde_json::Map::new();
        for (name, own) in &code.arguments {
            if let Some(value) = case.point.get(name) {
                let symbol = case.model.modules()[0].find(name).expect("known");
                let kind = &case.model.modules()[0].symbol(symbol).ty.kind;
                let label = matches!(kind, Kind::Label(_));
                let value = json!({ "shape": value.shape, "data": value.data, "label": label });
                arguments.insert(own.clone(), value);
            }
        }
        let wrt: BTreeMap<&String, &String> =
            code.arguments.iter().map(|(name, own)| (name, own)).collect();
        let wrt: BTreeMap<&String, &String> =
            wrt.into_iter().filter(|(name, _)| code.gradients.contains(name)).collect();
        list.push(json!({ "module": module, "arguments": arguments, "wrt": wrt }));
    }
    std::fs::write(folder.join("cases.json"), json!(list).to_string()).expect("a file");
    std::fs::write(folder.join("driver.py"), DRIVER).expect("a file");
    let run = Command::new(python)
        .args(["-W", "error", "driver.py", language.text()])
        .current_dir(&folder)
        .output()
        .expect("Python starts");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{}\n{text}", String::from_utf8_lossy(&run.stderr));
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    Some(answer.as_array().expect("a list").iter().map(outcome).collect())
}

fn outcome(value: &Value) -> Outcome {
    let numbers = |v: &Value| -> Vec<f64> {
        let list = v.as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().map(|x| x.as_f64().unwrap_or(f64::NAN)).collect()
    };
    let table = |v: &Value| -> BTreeMap<String, Vec<f64>> {
        let pairs = v.as_object().into_iter().flatten();
        pairs.map(|(k, v)| (k.clone(), numbers(v))).collect()
    };
    Outcome {
        value: numbers(&value["value"]),
        loss: numbers(&value["loss"]),
        gradients: table(&value["gradients"]),
        automatic: table(&value["automatic"]),
    }
}

/// The interpreter that has the library: `CHAINRULE_PYTHON`, else `python3`.
fn python(language: Language) -> Option<String> {
    let python = std::env::var("CHAINRULE_PYTHON").unwrap_or_else(|_| "python3".into());
    let import = format!("import {}", language.text());
    let run = Command::new(&python).args(["-c", &import]).output();
    if run.is_ok_and(|r| r.status.success()) {
        return Some(python);
    }
    eprintln!("skipped: `{python}` has no {} (set CHAINRULE_PYTHON)", language.text());
    None
}

/// An empty folder for a test.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("export-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}
