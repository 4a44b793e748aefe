//! Rows to predict: the inputs of a net without their labels.

use std::path::Path;

use chainrule_graph::{Module, SymbolId};

use super::inspect::format_of;
use super::labels::Classes;
use super::plan::{Columns, Plan, Take};
use super::read::State;
use super::{Column, LabelNames, Search, SourceFile, Table, bind};
use crate::Error;

/// What a trained model knows of an input: [`Column::scale`] and [`Column::shift`] of its data.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Scaled {
    /// The name.
    pub name: String,
    /// Factors, as in a column.
    pub scale: Vec<f64>,
    /// Summands, as in a column.
    pub shift: Vec<f64>,
}

impl Column {
    /// What a trained model keeps of this.
    pub fn scaled(&self) -> Scaled {
        Scaled { name: self.name.clone(), scale: self.scale.clone(), shift: self.shift.clone() }
    }
}

impl Table {
    /// Reads the inputs `names` of `module` from one file, folder or pattern, to predict their
    /// labels. `sizes` are those that the training's data fixed, `labels` what its classes are
    /// called, `scaled` what it did to numbers.
    ///
    /// The format is that of the file's name (`.csv`, `.png`, ..), otherwise that of the training.
    /// A table of text has the inputs alone, from left to right, or the columns that the training
    /// took.
    ///
    /// ```no_run
    /// use std::path::Path;
    /// use chainrule::Model;
    /// use chainrule::data::{DataSettings, Dataset, Search, Table};
    ///
    /// let iris = Model::read("iris")?;
    /// let net = &iris.modules()[0];
    /// let data = Dataset::read(net, &Search::default(), &DataSettings::default())?;
    /// let x = data.tables[0].column("x").expect("an input");
    /// let (table, _) =
    ///     Table::inputs(net, &[x.symbol], &data.sizes, &[], &[x.scaled()], Path::new("new.csv"))?;
    /// assert_eq!(table.columns[0].width, 4);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Dataset::read`](super::Dataset::read).
    pub fn inputs(
        module: &Module,
        names: &[SymbolId],
        sizes: &[(String, u64)],
        labels: &[LabelNames],
        scaled: &[Scaled],
        path: &Path,
    ) -> Result<(Table, Vec<SourceFile>), Error> {
        let Some(name) = path.to_str() else {
            return Err(Error::data(path, "the path is no UTF-8"));
        };
        given(module, names, sizes, labels, scaled, (name, None))
    }

    /// As [`Table::inputs`], from a table of text in memory that messages call `name`.
    ///
    /// # Errors
    ///
    /// As [`Dataset::read`](super::Dataset::read).
    pub fn inputs_in(
        module: &Module,
        names: &[SymbolId],
        sizes: &[(String, u64)],
        labels: &[LabelNames],
        scaled: &[Scaled],
        (name, text): (&str, &[u8]),
    ) -> Result<Table, Error> {
        given(module, names, sizes, labels, scaled, (name, Some(text))).map(|(table, _)| table)
    }
}

/// Reads the inputs from the file `name`, or from the text that is given under that name.
fn given(
    module: &Module,
    names: &[SymbolId],
    sizes: &[(String, u64)],
    labels: &[LabelNames],
    scaled: &[Scaled],
    (name, text): (&str, Option<&[u8]>),
) -> Result<(Table, Vec<SourceFile>), Error> {
    let search = Search { roots: vec![Path::new("").into()] };
    let mut plan = Plan::of(module)?;
    plan.wanted.retain(|wanted| names.contains(&wanted.symbol));
    let mut state = State::new(module, plan, &search, false);
    for (name, number) in sizes {
        let known = state.sizes.base().find(|(_, def)| def.name == *name).map(|(id, _)| id);
        if let Some(id) = known {
            state.sizes.set_number(id, *number);
        }
    }
    for (at, wanted) in state.plan.wanted.iter().enumerate() {
        // A label that is read has the numbers that it had in the training.
        let own = labels.iter().find(|label| label.symbol == wanted.name);
        state.classes.extend(own.map(|label| (at, Classes { names: label.names.clone() })));
    }
    let mut all = Vec::new();
    for at in 0..state.plan.wanted.len() {
        let declared = state.plan.wanted[at].origin.file().cloned().unwrap_or_default();
        let format = match text {
            None => format(name, &declared, &search)?,
            Some(_) if declared.format == "text" => "text".into(),
            Some(_) => "csv".into(),
        };
        if let Some(text) = text {
            state.reader.given(&format, name, text)?;
        }
        let columns = columns(&mut state, at, &format, name, declared.columns)?;
        let take = Take { format, path: name.to_string(), columns, ..declared };
        all.push(state.one(at, &take, false)?);
    }
    let rows = state.same_rows(&all, |_| None)?;
    let mut table = state.table(all, rows)?;
    for column in &mut table.columns {
        if let Some(of) = scaled.iter().find(|s| s.name == column.name) {
            column.scale.clone_from(&of.scale);
            column.shift.clone_from(&of.shift);
        }
    }
    Ok((table, state.reader.sources()?))
}

/// The format of the file that is given.
fn format(name: &str, declared: &Take, search: &Search) -> Result<String, Error> {
    let end = Path::new(name).extension().and_then(|e| e.to_str()).unwrap_or_default();
    let end = end.to_ascii_lowercase();
    let pattern = name.contains(['*', '{']);
    if pattern || ["png", "jpg", "jpeg"].contains(&end.as_str()) || Path::new(name).is_dir() {
        let batches = declared.format == "cifar10" && !pattern && end.is_empty();
        return Ok(if batches { "cifar10" } else { "images" }.into());
    }
    let known = ["csv", "tsv", "txt", "dat", "npy", "npz", "gz"].contains(&end.as_str());
    Ok(match declared.format.as_str() {
        "idx" | "text" | "cifar10" if !known || end == "gz" => declared.format.clone(),
        _ => format_of(name, search)?,
    })
}

/// The columns of an input in a table of text.
fn columns(
    state: &mut State<'_, '_>,
    at: usize,
    format: &str,
    path: &str,
    declared: Columns,
) -> Result<Columns, Error> {
    let opened = state.reader.open(format, path)?;
    let Some(cells) = state.reader.opened[opened].cells() else { return Ok(declared) };
    let widths: Option<Vec<usize>> =
        state.plan.wanted.iter().map(|wanted| bind::width(wanted, &state.sizes)).collect();
    let Some(widths) = widths else { return Ok(declared) };
    let total: usize = widths.iter().sum();
    let first: usize = widths[..at].iter().sum();
    let fits = matches!(declared, Columns::Range(_, last) if last < cells.width());
    if cells.width() != total && fits {
        return Ok(declared);
    }
    if cells.width() < total {
        let (width, s) = (cells.width(), if cells.width() == 1 { "" } else { "s" });
        let message = format!("it has {width} column{s}, the inputs of the net take {total}");
        return Err(state.reader.opened[opened].error(&message));
    }
    Ok(Columns::Range(first, (first + widths[at]).saturating_sub(1)))
}
