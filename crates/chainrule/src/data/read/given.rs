//! Rows for a trained network: the names that it reads, from files that its training never saw.

use std::path::{Path, PathBuf};

use chainrule_graph::Module;

use super::super::cells::Cells;
use super::super::labels::Classes;
use super::super::plan::{Columns, Origin, Plan, Take, Wanted};
use super::super::{Column, LabelNames, Search, Table, Values, bind};
use super::{Raw, State};
use crate::Error;

/// Rows that a caller gives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Given {
    /// A file, or a folder of images.
    File(PathBuf),
    /// A table of text, with the name that messages call it by.
    Text(String, Vec<u8>),
}

impl Given {
    fn name(&self) -> String {
        match self {
            Given::File(path) => path.display().to_string(),
            Given::Text(name, _) => name.clone(),
        }
    }
}

/// What is known from the training.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The equations.
    pub module: &'a Module,
    /// The sizes that the data decided.
    pub sizes: &'a [(String, u64)],
    /// What the labels are called.
    pub labels: &'a [LabelNames],
}

/// Reads the names `names` from files that hold them as the training's did: the same columns of a
/// table, or a table of these columns alone; images; idx. The rows of several files follow each
/// other. Scaling is left to the network.
///
/// ```
/// use chainrule::Model;
/// use chainrule::data::{Given, Known, inputs};
///
/// let iris = Model::read("iris")?;
/// let known = Known { module: &iris.modules()[0], sizes: &[], labels: &[] };
/// let text = Given::Text("my rows".into(), b"5.1,3.5,1.4,0.2\n6.3,3.3,6.0,2.5\n".to_vec());
/// let table = inputs(known, &["x"], &[text])?;
/// assert_eq!((table.rows, table.columns[0].width), (2, 4));
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
///
/// A file cannot be read, is not what its format says, holds a cell that is no finite number, or
/// does not fit the sizes of the network.
pub fn inputs(known: Known<'_>, names: &[&str], given: &[Given]) -> Result<Table, Error> {
    let mut all: Option<Vec<Raw>> = None;
    for given in given {
        let raw = one(known, names, given)?;
        match &mut all {
            None => all = Some(raw),
            Some(all) => {
                for (before, more) in all.iter_mut().zip(raw) {
                    let path = PathBuf::from(given.name());
                    before.append(more).map_err(|e| Error::data(&path, &e))?;
                }
            }
        }
    }
    let all = all.ok_or_else(|| Error::failed("no rows are given".into()))?;
    let rows = all.first().map_or(0, Raw::rows);
    let plan = Plan::of(known.module)?;
    let columns = names.iter().zip(all).map(|(name, raw)| {
        let at = place(&plan, name)?;
        let values = match raw {
            Raw::Numbers(block) => block.values,
            Raw::Labels(labels) => {
                let names = known.labels.iter().find(|l| l.symbol == *name);
                let classes = Classes { names: names.map_or_else(Vec::new, |l| l.names.clone()) };
                let numbers = labels.numbers(&classes).map_err(|(row, label)| {
                    Error::failed(format!("`{name}`, row {row}: the label `{label}` is not known"))
                })?;
                Values::F64(numbers.into_iter().map(f64::from).collect())
            }
        };
        Ok(Column {
            symbol: plan.wanted[at].symbol,
            name: (*name).to_string(),
            width: values.len() / rows.max(1),
            values,
            scale: Vec::new(),
            shift: Vec::new(),
        })
    });
    Ok(Table { rows, columns: columns.collect::<Result<_, Error>>()? })
}

/// The place of a name in the plan.
fn place(plan: &Plan, name: &str) -> Result<usize, Error> {
    let found = plan.wanted.iter().position(|wanted| wanted.name == name);
    found.ok_or_else(|| Error::failed(format!("the equations have no data called `{name}`")))
}

/// The names in one file.
fn one(known: Known<'_>, names: &[&str], given: &Given) -> Result<Vec<Raw>, Error> {
    let plan = Plan::of(known.module)?;
    let places = names.iter().map(|name| place(&plan, name)).collect::<Result<Vec<_>, _>>()?;
    let mut sizes = known.module.sizes.clone();
    for (name, number) in known.sizes {
        let found = sizes.base().find(|(_, size)| size.name == *name).map(|(id, _)| id);
        if let Some(id) = found {
            sizes.set_number(id, *number);
        }
    }
    // Paths are taken as they are.
    let search = Search { roots: vec![PathBuf::new()] };
    let mut state = State::new(known.module, plan, &search, false);
    state.sizes = sizes;
    let format = state.format(&places, given);
    let path = given.name();
    let opened = match given {
        Given::File(path) if !path.exists() => {
            return Err(Error::not_found(format!("there is no file `{}`", path.display())));
        }
        Given::File(_) => state.reader.open(&format, &path)?,
        Given::Text(_, bytes) => state.reader.given(&format, &path, bytes)?,
    };
    let width = state.reader.opened[opened].cells().map(Cells::width);
    let columns = match width {
        Some(width) => {
            let columns = state.given_columns(&places, width);
            columns.map_err(|e| state.reader.opened[opened].error(&e))?
        }
        None => vec![Columns::Any; places.len()],
    };
    let mut all = Vec::with_capacity(places.len());
    for (at, columns) in places.iter().zip(columns) {
        let take = Take { format: format.clone(), path: path.clone(), columns, ..Take::default() };
        all.push(state.one(*at, &take, false)?);
    }
    Ok(all)
}

impl State<'_, '_> {
    /// The format of a file: its name tells, or it is that of the training.
    fn format(&self, places: &[usize], given: &Given) -> String {
        let trained = places.iter().find_map(|at| self.plan.wanted[*at].origin.file());
        let trained = trained.map_or("csv", |take| take.format.as_str());
        let table = if trained == "text" { "text" } else { "csv" };
        let Given::File(path) = given else { return table.into() };
        let name = path.to_string_lossy().to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let ending = Path::new(name).extension().and_then(|e| e.to_str()).unwrap_or_default();
        let format = match ending {
            "png" | "jpg" | "jpeg" => "images",
            "csv" | "tsv" => "csv",
            "npy" | "npz" => ending,
            "bin" if trained == "cifar10" => "cifar10",
            "txt" | "dat" => table,
            _ if path.is_dir() => "images",
            _ if name.contains("idx") && name.contains("ubyte") => "idx",
            _ => match trained {
                "idx" | "text" | "npy" | "npz" | "cifar10" => trained,
                _ => "csv",
            },
        };
        format.into()
    }

    /// Which columns of a table of `width` the names take: all of them if they are as many as the
    /// names need, otherwise those of the training.
    fn given_columns(&self, places: &[usize], width: usize) -> Result<Vec<Columns>, String> {
        let needs = |wanted: &Wanted| match &wanted.origin {
            Origin::File(Take { columns: Columns::Range(a, b), .. }) => Some(b + 1 - a),
            _ if wanted.is_label() => Some(1),
            _ => bind::width(wanted, &self.sizes),
        };
        let needs: Vec<Option<usize>> =
            places.iter().map(|at| needs(&self.plan.wanted[*at])).collect();
        let total: Option<usize> = needs.iter().copied().sum();
        if total == Some(width) {
            // In the order in which they stand in the training's file.
            let first = |at: &usize| match &self.plan.wanted[places[*at]].origin {
                Origin::File(Take { columns: Columns::Range(a, _), .. }) => *a,
                _ => usize::MAX,
            };
            let mut order: Vec<usize> = (0..places.len()).collect();
            order.sort_by_key(first);
            let mut columns = vec![Columns::Any; places.len()];
            let mut from = 0;
            for at in order {
                let count = needs[at].unwrap_or(0);
                columns[at] = Columns::Range(from, (from + count).saturating_sub(1));
                from += count;
            }
            return Ok(columns);
        }
        let taken: Result<Vec<Columns>, String> = places
            .iter()
            .map(|at| match &self.plan.wanted[*at].origin {
                Origin::File(take) => self.columns(*at, take, width),
                Origin::Generated => Err("points were generated".into()),
            })
            .collect();
        let inside =
            |columns: &Columns| matches!(columns, Columns::Range(_, last) if *last < width);
        match taken {
            Ok(columns) if columns.iter().all(inside) => Ok(columns),
            _ => Err(self.misfit(places, width, total)),
        }
    }

    fn misfit(&self, places: &[usize], width: usize, total: Option<usize>) -> String {
        let name = |at: &usize| {
            let wanted = &self.plan.wanted[*at];
            let columns = match &wanted.origin {
                Origin::File(Take { columns: Columns::Range(a, b), .. }) if a < b => {
                    format!(", columns {} to {} in training", a + 1, b + 1)
                }
                Origin::File(Take { columns: Columns::Range(a, _), .. }) => {
                    format!(", column {} in training", a + 1)
                }
                _ => String::new(),
            };
            format!("`{} : {}`{columns}", wanted.name, wanted.text)
        };
        let names: Vec<String> = places.iter().map(name).collect();
        let s = if width == 1 { "" } else { "s" };
        let total =
            total.map_or(String::new(), |n| format!(" ({n} columns, or more as in training)"));
        format!("it has {width} column{s}; the network reads {}{total}", names.join(" and "))
    }
}
