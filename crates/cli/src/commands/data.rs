//! `chainrule data`: which data there are, what they are like, what is wrong with them.

mod text;

use std::path::Path;

use chainrule::data::{DataSettings, Dataset, Finding, FoundSet, Search, Summary, list};
use chainrule::{Error, Model, Module, builtin};
use clap::Subcommand;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;
use crate::{input, search};

const EXAMPLES: &str = "\
Examples:
  chainrule data list                    the known sets, and where they are
  chainrule data show iris               what the example `iris` reads
  chainrule data show flowers.csv        any file: csv, text, idx, npy, npz, CIFAR-10, images
  chainrule data show 'set/{label}/*.png'
  chainrule data check net.eqn           numbers that are none, labels, copies across parts

Paths of an equation file are looked for in its own folder, in each folder of CHAINRULE_DATA, and
in the user's data folder.";

/// Look at data: which there are, what they are like, what is wrong with them
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// What to do
    #[command(subcommand)]
    action: Action,
}

/// What to do with data.
#[derive(Debug, Subcommand)]
enum Action {
    /// List the known data sets: built in, found, or how to get them
    List,
    /// Show columns, types, rows of each part, least, mean and greatest values, labels, files
    Show(Which),
    /// Find numbers that are none, labels out of range, columns that never change, rows that are
    /// there twice, in one part or across; exit code 3 if there is anything
    Check(Which),
}

/// Whose data.
#[derive(Debug, clap::Args)]
struct Which {
    /// An equation file, a built-in example, a data file, a folder or a pattern of images
    #[arg(value_name = "FILE")]
    file: String,
}

/// Does what is asked for.
///
/// # Errors
///
/// There are no such data, they cannot be read, or stdout cannot be written.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Exit, Failure> {
    match &args.action {
        Action::List => run_list(shell),
        Action::Show(which) => run_show(which, shell),
        Action::Check(which) => run_check(which, shell),
    }
}

fn run_list(shell: &Shell) -> Result<Exit, Failure> {
    let search = search::of(Path::new(""));
    let found = list(&search);
    if shell.is_json() {
        let sets: Vec<Value> = found.iter().map(set_json).collect();
        let roots: Vec<String> = search.roots.iter().map(|r| text::folder(r)).collect();
        shell.value(&json!({ "sets": sets, "folders": roots }))?;
    } else {
        shell.page(&text::list(&found, &search))?;
    }
    Ok(Exit::Done)
}

/// The data of a model, or of a file without declarations, with the name that it goes by.
struct Subject {
    name: String,
    data: Dataset,
    found: Vec<Finding>,
    module: Option<Module>,
}

/// Reads the data of every model of an equation file, or a data file.
fn subjects(file: &str, shell: &Shell, lenient: bool) -> Result<Vec<Subject>, Failure> {
    let path = Path::new(file);
    let search = search::of(path);
    let equations = file == "-"
        || path.extension().is_some_and(|e| e == "eqn")
        || (builtin(file).is_some() && !path.exists());
    if !equations {
        return Ok(vec![of_file(file, &search)?]);
    }
    let (seed, others): (Vec<_>, Vec<_>) =
        shell.options.set.iter().cloned().partition(|(name, _)| name == "split.seed");
    let seed = seed.last().map(|(_, value)| value.parse());
    let Ok(split_seed) = seed.transpose() else {
        return Err(Failure::Usage("`split.seed` is a whole number from 0".into()));
    };
    let set = DataSettings { split_seed };
    let model = input::model(path, &others)?;
    let mut all = Vec::new();
    let modules = model.modules();
    for module in modules.iter().filter(|m| modules.len() == 1 || has_data(m)) {
        let (data, found) = if lenient {
            Dataset::read_leniently(module, &search, &set)?
        } else {
            (Dataset::read(module, &search, &set)?, Vec::new())
        };
        let name = if module.name.is_empty() { model.source().name() } else { &module.name };
        let (name, module) = (name.to_string(), Some(module.clone()));
        all.push(Subject { name, data, found, module });
    }
    if all.is_empty() {
        return Err(Failure::Usage(format!("no model of `{file}` has data")));
    }
    Ok(all)
}

fn has_data(module: &Module) -> bool {
    module.symbols.iter().any(|s| s.role == chainrule::graph::module::Role::Data)
}

/// A data file, or a known set by its name.
fn of_file(file: &str, search: &Search) -> Result<Subject, Error> {
    let set = list(search).into_iter().find(|found| found.set.name == file);
    let known = set.filter(|_| !Path::new(file).exists());
    let found = Vec::new();
    if let Some(equations) = known.as_ref().and_then(text::equations) {
        let model = Model::parse(file, equations)?;
        let module = model.modules()[0].clone();
        let data = Dataset::read(&module, search, &DataSettings::default())?;
        return Ok(Subject { name: file.into(), data, found, module: Some(module) });
    }
    // What stands on a command line is a path: the current folder goes first.
    let mut roots = vec![std::path::PathBuf::new()];
    roots.extend(search.roots.iter().skip(1).cloned());
    let data = Dataset::open(file, &Search { roots })?;
    Ok(Subject { name: file.into(), data, found, module: None })
}

fn run_show(which: &Which, shell: &Shell) -> Result<Exit, Failure> {
    let subjects = subjects(&which.file, shell, false)?;
    let all: Vec<(String, Summary)> =
        subjects.iter().map(|s| (s.name.clone(), s.data.summary(s.module.as_ref()))).collect();
    if shell.is_json() {
        let models: Vec<Value> = all.iter().map(|(name, s)| summary_json(name, s)).collect();
        shell.value(&json!({ "file": which.file, "data": models }))?;
    } else {
        let pages: Vec<String> = all.iter().map(|(name, s)| text::summary(name, s)).collect();
        shell.page(&pages.join("\n"))?;
    }
    Ok(Exit::Done)
}

fn run_check(which: &Which, shell: &Shell) -> Result<Exit, Failure> {
    let subjects = subjects(&which.file, shell, true)?;
    let mut all: Vec<(String, Vec<Finding>)> = Vec::new();
    for mut subject in subjects {
        subject.found.extend(subject.data.check());
        all.push((subject.name, subject.found));
    }
    let passed = all.iter().flat_map(|(_, found)| found).all(|finding| finding.note);
    if shell.is_json() {
        let models: Vec<Value> = all.iter().map(|(name, found)| check_json(name, found)).collect();
        shell.value(&json!({ "file": which.file, "passed": passed, "data": models }))?;
    } else {
        let pages: Vec<String> = all.iter().map(|(name, found)| text::check(name, found)).collect();
        shell.page(&pages.join("\n"))?;
    }
    Ok(if passed { Exit::Done } else { Exit::Check })
}

fn set_json(found: &FoundSet) -> Value {
    json!({
        "name": found.set.name,
        "what": found.set.what,
        "built_in": found.is_built_in(),
        "folder": found.place.as_deref().map(text::folder),
        "files": found.files,
        "from": if found.is_built_in() { Value::Null } else { json!(found.set.from) },
    })
}

fn summary_json(name: &str, summary: &Summary) -> Value {
    let part = |(name, rows): &(String, usize)| json!({ "name": name, "rows": rows });
    let labels = summary.labels.iter().map(|(symbol, counts)| {
        let one = |c: &chainrule::data::LabelCount| json!({ "label": c.name, "rows": c.rows });
        json!({ "name": symbol, "labels": counts.iter().map(one).collect::<Vec<_>>() })
    });
    let columns = summary.columns.iter().map(|column| {
        let range = |v: &[f64; 3]| json!({ "min": v[0], "mean": v[1], "max": v[2] });
        json!({
            "name": column.name,
            "type": column.ty,
            "stored": column.stored,
            "width": column.width,
            "values": column.values.iter().map(range).collect::<Vec<_>>(),
        })
    });
    let sources = summary.sources.iter().map(|source| {
        json!({
            "name": source.name,
            "path": source.path.display().to_string(),
            "sha256": source.sha256,
            "bytes": source.bytes,
        })
    });
    let sizes = summary.sizes.iter().map(|(name, size)| json!({ "name": name, "size": size }));
    json!({
        "model": name,
        "parts": summary.parts.iter().map(part).collect::<Vec<_>>(),
        "split_seed": summary.split_seed,
        "sizes": sizes.collect::<Vec<_>>(),
        "columns": columns.collect::<Vec<_>>(),
        "labels": labels.collect::<Vec<_>>(),
        "sources": sources.collect::<Vec<_>>(),
    })
}

fn check_json(name: &str, found: &[Finding]) -> Value {
    let one = |finding: &Finding| {
        json!({
            "code": finding.code,
            "message": finding.message,
            "count": finding.count,
            "note": finding.note,
        })
    };
    json!({ "model": name, "findings": found.iter().map(one).collect::<Vec<_>>() })
}
