//! The rows of a training: the embedded iris data, its columns, its parts.

use chainrule_graph::interpret::Tensor;
use chainrule_graph::module::Role;
use chainrule_graph::random::{Random, stream_of};
use chainrule_graph::{Kind, Module, SymbolId, Type};
use chainrule_syntax::ast::{DataSource, Initial, SourceOption, StatementKind, WordNumber};

use crate::Error;

/// 150 flowers; where it is from: `data/README.md`.
const IRIS: &str = include_str!("../../data/iris.csv");

/// Some columns of a file: one row after the other.
#[derive(Debug)]
pub(super) struct Columns {
    width: usize,
    values: Vec<f64>,
}

/// Everything read.
#[derive(Debug)]
pub(super) struct Parts {
    columns: Vec<(SymbolId, Columns)>,
    parts: Vec<(&'static str, Vec<usize>)>,
}

impl Parts {
    /// The columns of a name.
    pub(super) fn of(&self, id: SymbolId) -> Option<&Columns> {
        self.columns.iter().find(|(of, _)| *of == id).map(|(_, columns)| columns)
    }

    /// The rows of a part.
    pub(super) fn rows(&self, part: &str) -> &[usize] {
        self.parts.iter().find(|(name, _)| *name == part).map_or(&[], |(_, rows)| rows)
    }
}

impl Columns {
    /// These rows, in the layout of the type: the batch axis first.
    pub(super) fn taken(&self, rows: &[usize], ty: &Type) -> Tensor<f64> {
        let data = rows.iter().flat_map(|r| &self.values[r * self.width..][..self.width]).copied();
        let mut shape = vec![rows.len()];
        shape.extend(ty.dims.iter().map(|_| self.width));
        Tensor { axes: ty.axes.clone(), shape, data: data.collect() }
    }
}

/// Reads what the module's data asks for.
pub(super) fn read(module: &Module) -> Result<Parts, Error> {
    let mut columns = Vec::new();
    for (at, symbol) in module.symbols.iter().enumerate() {
        match symbol.role {
            Role::Data => {}
            Role::Noise(_) => return Err(not_yet(&format!("the noise `{}`", symbol.name))),
            _ => continue,
        }
        let source = source(module, &symbol.name)?;
        columns.push((SymbolId::new(at), read_columns(&symbol.name, &symbol.ty, source)?));
    }
    let Some((_, first)) = columns.first() else {
        return Err(not_yet("a net without data"));
    };
    let rows = first.values.len() / first.width;
    Ok(Parts { parts: split(module, rows)?, columns })
}

fn not_yet(what: &str) -> Error {
    Error::not_yet(format!(
        "{what} is not there yet: training is a first tracer that reads the built-in `iris` only"
    ))
}

/// Where the values of a name come from.
fn source<'m>(module: &'m Module, name: &str) -> Result<&'m DataSource, Error> {
    let mut words = None;
    for kept in &module.kept {
        match &kept.statement.kind {
            StatementKind::Declaration(decl) if decl.names.iter().any(|n| n.text == name) => {
                if let Initial::Source(source) = &decl.initial {
                    return Ok(source);
                }
            }
            StatementKind::Generated { names, generator, .. }
                if names.iter().any(|n| n.text == name) =>
            {
                words = Some(format!("`{}`", generator.text));
            }
            _ => {}
        }
    }
    let what =
        words.map_or(format!("data for `{name}`"), |w| format!("{w}, the data of `{name}`,"));
    Err(not_yet(&what))
}

fn read_columns(name: &str, ty: &Type, source: &DataSource) -> Result<Columns, Error> {
    let path = source.path.as_ref().map_or("", |p| p.text.as_str());
    let known = source.format.text == "csv" && path == "iris.csv" && source.scales.is_empty();
    let (first, last) = match source.options.as_slice() {
        [SourceOption::Column(n)] => (n.value as usize, n.value as usize),
        [SourceOption::Columns(a, b)] => (a.value as usize, b.value as usize),
        _ => (0, 0),
    };
    if !known || first == 0 || last < first || ty.axes.len() != 1 || ty.dims.len() > 1 {
        return Err(not_yet(&format!("{} \"{path}\", the data of `{name}`,", source.format.text)));
    }
    let cells = |line: &'static str| -> Vec<&'static str> {
        line.split(',').skip(first - 1).take(last + 1 - first).collect()
    };
    let rows: Vec<Vec<&str>> = IRIS.lines().map(cells).collect();
    let width = last + 1 - first;
    if rows.iter().any(|row| row.len() != width) {
        return Err(Error::failed(format!("`{name}`: \"{path}\" has no column {last}")));
    }
    let cells: Vec<&str> = rows.concat();
    let is_label = matches!(ty.kind, Kind::Label(_));
    // Labels are numbered in the order of their names.
    let mut names = cells.clone();
    names.sort_unstable();
    names.dedup();
    let value = |cell: &&str| match is_label {
        true => names.binary_search(cell).ok().map(|at| at as f64),
        false => cell.parse().ok(),
    };
    let values: Option<Vec<f64>> = cells.iter().map(value).collect();
    let values = values
        .ok_or_else(|| Error::failed(format!("`{name}`: a cell of \"{path}\" is no number")))?;
    Ok(Columns { width, values })
}

/// The parts that `split` names, in a random order of the rows.
fn split(module: &Module, rows: usize) -> Result<Vec<(&'static str, Vec<usize>)>, Error> {
    let list = module.kept.iter().find_map(|kept| match &kept.statement.kind {
        StatementKind::Split(list) => Some(list.as_slice()),
        _ => None,
    });
    let Some(list) = list else { return Ok(vec![("train", (0..rows).collect())]) };
    let number = |word: &str| {
        let of = |w: &&WordNumber| w.word.as_ref().is_some_and(|name| name.text == word);
        list.iter().find(of).map(|w| w.number.value as usize)
    };
    let mut order: Vec<usize> = (0..rows).collect();
    let random = Random::new(number("seed").unwrap_or(0) as u64, stream_of("split"));
    // Fisher and Yates; Durstenfeld 1964.
    for i in (1..rows).rev() {
        let j = (random.uniform(i as u64) * (i + 1) as f64) as usize;
        order.swap(i, j);
    }
    let mut parts = Vec::new();
    let mut at = 0;
    for part in ["train", "validation", "test"] {
        let count = number(part).unwrap_or(0);
        let Some(taken) = order.get(at..at + count) else {
            let message = format!("`split` asks for more rows than there are: {rows}");
            return Err(Error::failed(message));
        };
        parts.push((part, taken.to_vec()));
        at += count;
    }
    Ok(parts)
}
