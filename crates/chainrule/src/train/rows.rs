//! Own rows: data from arrays instead of files.

use chainrule_graph::module::Role;
use chainrule_graph::size::Ratio;
use chainrule_graph::{Kind, Module, SizeId};

use crate::Error;
use crate::data::{Column, Dataset, LabelNames, Part, Table, Values};

impl From<Vec<u8>> for Values {
    fn from(values: Vec<u8>) -> Values {
        Values::U8(values)
    }
}

impl From<Vec<f32>> for Values {
    fn from(values: Vec<f32>) -> Values {
        Values::F32(values)
    }
}

impl From<Vec<f64>> for Values {
    fn from(values: Vec<f64>) -> Values {
        Values::F64(values)
    }
}

/// Makes a [`Dataset`] of arrays, for programs that have their data at hand. The sources that the
/// file's `data` block names are then not read.
///
/// ```
/// use chainrule::Model;
/// use chainrule::train::Rows;
///
/// let model = Model::parse("line.eqn", "\
/// size d = 2
/// batch N
/// data
///   x : R[d] per N
///   y : R    per N
/// param
///   w : R[d] = 0
/// net
///   J = mean[N] (w^T x - y)^2
/// train J by gd(step = 0.1) epochs 10
/// ")?;
/// let data = Rows::new(&model.modules()[0])
///     .column("x", vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0])
///     .column("y", vec![2.0, 3.0, 5.0])
///     .part("train", 0..2)
///     .part("test", 2..3)
///     .build()?;
/// assert_eq!(data.tables[0].rows, 3);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rows<'m> {
    module: &'m Module,
    columns: Vec<(String, Values)>,
    scales: Vec<(String, Vec<f64>, Vec<f64>)>,
    labels: Vec<LabelNames>,
    sizes: Vec<(String, u64)>,
    parts: Vec<(String, Vec<u32>)>,
}

impl<'m> Rows<'m> {
    /// No rows yet.
    pub fn new(module: &'m Module) -> Rows<'m> {
        Rows {
            module,
            columns: Vec::new(),
            scales: Vec::new(),
            labels: Vec::new(),
            sizes: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// The values of a name of the `data` block: one row after the other, each row-major. Classes
    /// of a label are the numbers from 0.
    #[must_use]
    pub fn column(mut self, name: &str, values: impl Into<Values>) -> Rows<'m> {
        self.columns.push((name.into(), values.into()));
        self
    }

    /// A label's values by name. The classes are the names in sorted order.
    #[must_use]
    pub fn labels(mut self, name: &str, values: &[&str]) -> Rows<'m> {
        let mut names = values.to_vec();
        names.sort_unstable();
        names.dedup();
        let class = |value: &&str| names.binary_search(value).unwrap_or(0) as f64;
        self.columns.push((name.into(), Values::F64(values.iter().map(class).collect())));
        let names = names.into_iter().map(String::from).collect();
        self.labels.push(LabelNames { symbol: name.into(), names });
        self
    }

    /// The network sees `scale value + shift` of a name: one number an entry, or one for all. This
    /// belongs to the trained network and is applied when it predicts.
    #[must_use]
    pub fn scaled(mut self, name: &str, scale: &[f64], shift: &[f64]) -> Rows<'m> {
        self.scales.push((name.into(), scale.to_vec(), shift.to_vec()));
        self
    }

    /// The number of a size that the file leaves free.
    #[must_use]
    pub fn size(mut self, name: &str, number: u64) -> Rows<'m> {
        self.sizes.push((name.into(), number));
        self
    }

    /// The rows of `train`, `validation` or `test`; a part without rows is left out. Without parts
    /// all rows are `train`.
    #[must_use]
    pub fn part(mut self, name: &str, rows: impl IntoIterator<Item = u32>) -> Rows<'m> {
        self.parts.push((name.into(), rows.into_iter().collect()));
        self
    }

    /// Checks everything and makes the data set.
    ///
    /// # Errors
    ///
    /// A name of the `data` block has no column or two, a column is no whole number of rows, columns
    /// differ in rows, a number is not finite or no class, or a part has a row that is not there.
    pub fn build(mut self) -> Result<Dataset, Error> {
        let (module, mut columns) = (self.module, Vec::new());
        for (at, symbol) in module.symbols.iter().enumerate() {
            if symbol.role == Role::Data {
                columns.push(self.one(chainrule_graph::SymbolId::new(at))?);
            }
        }
        self.no_others(&columns)?;
        let Some(first) = columns.first() else {
            return Err(Error::failed("the model has no `data` block: nothing to train on".into()));
        };
        let rows = first.values.len() / first.width;
        for column in &columns {
            let own = column.values.len() / column.width;
            if own != rows {
                return Err(Error::failed(format!(
                    "`{}` has {rows} rows, `{}` has {own}",
                    first.name, column.name
                )));
            }
        }
        let parts = self.divided(rows)?;
        Ok(Dataset {
            tables: vec![Table { rows, columns }],
            parts,
            sizes: self.sizes,
            sources: Vec::new(),
            labels: self.labels,
            split_seed: None,
        })
    }

    /// Every column that was given is one of the model's.
    fn no_others(&self, columns: &[Column]) -> Result<(), Error> {
        let known: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
        let given = self.columns.iter().map(|(name, _)| name);
        for name in given.chain(self.scales.iter().map(|(name, ..)| name)) {
            if !known.contains(&name.as_str()) {
                return Err(Error::failed(format!(
                    "the model has no data `{name}` (it has {})",
                    known.join(", ")
                )));
            }
        }
        Ok(())
    }

    /// The column of a name; its values move into it.
    fn one(&mut self, id: chainrule_graph::SymbolId) -> Result<Column, Error> {
        let symbol = self.module.symbol(id);
        let name = &symbol.name;
        let mut found = (0..self.columns.len()).filter(|at| self.columns[*at].0 == *name);
        let (Some(own), None) = (found.next(), found.next()) else {
            return Err(Error::failed(format!("`{name}` needs one column of values")));
        };
        let values = &self.columns[own].1;
        let width = self.width(id)?;
        if values.is_empty() || !values.len().is_multiple_of(width) {
            return Err(Error::failed(format!(
                "`{name}` has {width} entries a row; {} values are no whole number of rows",
                values.len()
            )));
        }
        self.check_values(name, width, values, &symbol.ty.kind)?;
        let scaled = self.scales.iter().find(|(of, ..)| of == name);
        let (scale, shift) = scaled
            .map_or((Vec::new(), Vec::new()), |(_, scale, shift)| (scale.clone(), shift.clone()));
        for (what, list) in [("factors", &scale), ("summands", &shift)] {
            if ![0, 1, width].contains(&list.len()) || list.iter().any(|v| !v.is_finite()) {
                return Err(Error::failed(format!(
                    "the {what} of `{name}` must be {width} finite numbers, or one for all, or none"
                )));
            }
        }
        let values = std::mem::replace(&mut self.columns[own].1, Values::U8(Vec::new()));
        Ok(Column { symbol: id, name: name.clone(), width, values, scale, shift })
    }

    /// Entries a row.
    fn width(&self, id: chainrule_graph::SymbolId) -> Result<usize, Error> {
        let (sizes, symbol) = (&self.module.sizes, self.module.symbol(id));
        let number = |id: SizeId| {
            let def = sizes.get(id);
            let given = self.sizes.iter().find(|(name, _)| *name == def.name);
            given.map(|(_, n)| *n).or(def.number)
        };
        let dims = symbol.ty.element_dims(sizes);
        let whole = |at: usize| symbol.ty.dims[at].value_at(number).and_then(Ratio::whole);
        let width = dims.into_iter().try_fold(1_usize, |n, at| {
            n.checked_mul(usize::try_from(whole(at)?).ok().filter(|n| *n > 0)?)
        });
        width.ok_or_else(|| {
            Error::failed(format!(
                "a size of `{}` has no number: `Rows::size` gives those that the file leaves free",
                symbol.name
            ))
        })
    }

    fn check_values(
        &self,
        name: &str,
        width: usize,
        values: &Values,
        kind: &Kind,
    ) -> Result<(), Error> {
        let classes = match kind {
            Kind::Label(size) => size.value(&self.module.sizes).and_then(Ratio::whole),
            _ => None,
        };
        for i in 0..values.len() {
            let value = values.get(i);
            let place = || format!("row {}, entry {} of `{name}`", i / width, i % width);
            if !value.is_finite() {
                return Err(Error::failed(format!("{} is {value}, no finite number", place())));
            }
            let class = |k: i128| value.fract() == 0.0 && value >= 0.0 && value < k as f64;
            if let Some(k) = classes
                && !class(k)
            {
                let text = format!("{} is {value}, no class: they are 0 to {}", place(), k - 1);
                return Err(Error::failed(text));
            }
        }
        Ok(())
    }

    fn divided(&self, rows: usize) -> Result<Vec<Part>, Error> {
        let Ok(all) = u32::try_from(rows) else {
            return Err(Error::failed(format!("{rows} rows are more than can be numbered")));
        };
        if self.parts.is_empty() {
            return Ok(vec![Part { name: "train".into(), table: 0, rows: (0..all).collect() }]);
        }
        let mut parts = Vec::new();
        for word in ["train", "validation", "test"] {
            for (name, rows) in self.parts.iter().filter(|(name, _)| name == word) {
                if let Some(row) = rows.iter().find(|row| **row >= all) {
                    let text = format!("the part `{name}` has row {row}; there are {all} rows");
                    return Err(Error::failed(text));
                }
                if parts.iter().any(|part: &Part| part.name == *name) {
                    return Err(Error::failed(format!("the part `{name}` is given twice")));
                }
                if !rows.is_empty() {
                    parts.push(Part { name: name.clone(), table: 0, rows: rows.clone() });
                }
            }
        }
        let given = self.parts.iter().filter(|(_, rows)| !rows.is_empty());
        if parts.len() != given.count() || parts.first().is_none_or(|p| p.name != "train") {
            let text = "parts are called train, validation and test; there must be a train part";
            return Err(Error::failed(text.into()));
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::Rows;

    fn message(change: impl FnOnce(Rows<'_>) -> Rows<'_>) -> String {
        let text = "size d = 2, K = 3\nbatch N\ndata\n  x : R[d] per N\n  y : label[K] per N\n\
                    param\n  W : R[K, d] = 0\nnet\n  J = mean[N] cross_entropy(W x, y)\n";
        let model = crate::Model::parse("t.eqn", text).expect("a model");
        match change(Rows::new(&model.modules()[0])).build() {
            Ok(data) => format!("{} rows", data.tables[0].rows),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let x = || vec![1.0, 2.0, 3.0, 4.0];
        assert_eq!(message(|r| r.column("x", x()).labels("y", &["b", "a"])), "2 rows");
        let found = message(|r| r.column("x", x()));
        assert_eq!(found, "`y` needs one column of values");
        let found = message(|r| r.column("x", vec![1.0, 2.0, 3.0]).column("y", vec![0_u8]));
        assert!(found.contains("2 entries a row; 3 values"), "{found}");
        let found = message(|r| r.column("x", x()).column("y", vec![0_u8, 3]));
        assert_eq!(found, "row 1, entry 0 of `y` is 3, no class: they are 0 to 2");
        let found = message(|r| r.column("x", x()).column("y", vec![0_u8; 3]));
        assert_eq!(found, "`x` has 2 rows, `y` has 3");
        let found = message(|r| r.column("x", vec![1.0, f64::NAN]).column("y", vec![0_u8]));
        assert!(found.contains("no finite number"), "{found}");
        let found = message(|r| r.column("x", x()).column("y", vec![0_u8; 2]).column("z", x()));
        assert_eq!(found, "the model has no data `z` (it has x, y)");
        assert!(message(|r| good_rows(r, x()).part("train", [2])).contains("there are 2 rows"));
        assert!(message(|r| good_rows(r, x()).part("test", [1])).contains("a train part"));
        assert!(message(|r| good_rows(r, x()).part("train", [])).contains("a train part"));
        let twice = message(|r| good_rows(r, x()).part("train", [0]).part("train", [1]));
        assert_eq!(twice, "the part `train` is given twice");
        let empty = message(|r| good_rows(r, x()).part("train", [0]).part("test", []));
        assert_eq!(empty, "2 rows");
    }

    fn good_rows(rows: Rows<'_>, x: Vec<f64>) -> Rows<'_> {
        rows.column("x", x).column("y", vec![0_u8; 2])
    }
}
