//! Data: what the `data` block of an equation file asks for, read into tables.
//!
//! [`Dataset::read`] finds the files ([`Search`]), reads them by their formats, binds the sizes that
//! the file leaves free, numbers the labels, draws the split, and works out the scaling from the
//! training part. Values stay as they lie in the file (bytes stay bytes): what a network sees is
//! `scale * value + shift`, entry by entry, and those two belong to the trained model.
//!
//! Every reader takes its input as hostile: what a header promises is compared with the length of
//! the file before memory is taken, and everything wrong becomes one [`Error`] with the path.

mod audit;
mod bind;
mod cells;
mod cifar;
mod embedded;
mod find;
mod finish;
#[doc(hidden)]
pub mod fuzz;
mod gzip;
mod idx;
mod images;
mod inputs;
mod inspect;
mod known;
mod labels;
mod npy;
mod open;
mod pattern;
mod pixels;
mod plan;
mod read;
mod scaling;
mod split;
mod toys;

use std::path::PathBuf;

use chainrule_graph::{Module, SymbolId};

use crate::Error;

pub use inputs::Scaled;
pub use inspect::{ColumnSummary, Finding, FoundSet, LabelCount, Summary, list};
pub use known::{KNOWN, KnownSet};

/// Where files are looked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Search {
    /// Folders, the first first: the equation file's own, each of `CHAINRULE_DATA`, the user's data
    /// folder. A path of an equation file is joined to each in turn, and nothing is searched
    /// recursively: MNIST and Fashion-MNIST have the same file names.
    pub roots: Vec<PathBuf>,
}

/// What a caller sets instead of the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DataSettings {
    /// The seed of `split`, as `--set split.seed=3` does.
    pub split_seed: Option<u64>,
}

/// Everything that a model's `data` block asks for.
#[derive(Clone, PartialEq, Debug)]
pub struct Dataset {
    /// The first holds the rows that `split` divides, the others those of `test` and `validation`
    /// lines. All have the same columns in the same order: that of the declarations.
    pub tables: Vec<Table>,
    /// The parts, `train` first; parts without rows are left out.
    pub parts: Vec<Part>,
    /// Sizes that the file leaves free and the data fix.
    pub sizes: Vec<(String, u64)>,
    /// What was read, in the order of reading.
    pub sources: Vec<SourceFile>,
    /// What the labels are called.
    pub labels: Vec<LabelNames>,
    /// The seed of the split; `None` if no row was drawn.
    pub split_seed: Option<u64>,
}

/// Columns with the same number of rows.
#[derive(Clone, PartialEq, Debug)]
pub struct Table {
    /// How many rows.
    pub rows: usize,
    /// One for each name of the `data` block.
    pub columns: Vec<Column>,
}

/// The values of one name: `width` entries a row, row after row.
///
/// What the network sees of entry `j` is `scale[j] * value + shift[j]`.
#[derive(Clone, PartialEq, Debug)]
pub struct Column {
    /// The name's symbol in the module.
    pub symbol: SymbolId,
    /// The name.
    pub name: String,
    /// Entries of a row: the declared element sizes, row-major; images are channels, rows, columns.
    pub width: usize,
    /// `rows * width` values as they lie in the file.
    pub values: Values,
    /// `width` factors, one for all entries, or none (1).
    pub scale: Vec<f64>,
    /// `width` summands, one for all entries, or none (0).
    pub shift: Vec<f64>,
}

/// Numbers as they lie in the file.
#[derive(Clone, PartialEq, Debug)]
pub enum Values {
    /// Bytes: pixels, and labels of at most 256 classes.
    U8(Vec<u8>),
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
}

/// Some rows of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// `train`, `validation` or `test`.
    pub name: String,
    /// Its table in [`Dataset::tables`].
    pub table: usize,
    /// Its rows, in the order in which they were drawn.
    pub rows: Vec<u32>,
}

/// A file that was read, or all files of a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceFile {
    /// As written in the equation file.
    pub name: String,
    /// Where it was found; `built-in/..` for what the program carries.
    pub path: PathBuf,
    /// SHA-256 of the file in hexadecimal. Of a pattern: that of the listing which
    /// `sha256sum` prints for its files, sorted, with paths relative to `path`.
    pub sha256: String,
    /// Length in bytes, of all files together.
    pub bytes: u64,
}

/// What the classes of a label are called: class `k` is `names[k]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LabelNames {
    /// The name of the `data` block.
    pub symbol: String,
    /// The classes.
    pub names: Vec<String>,
}

impl Dataset {
    /// Reads what `module` asks for.
    ///
    /// ```
    /// use chainrule::Model;
    /// use chainrule::data::{DataSettings, Dataset, Search};
    ///
    /// let iris = Model::read("iris")?;
    /// let data = Dataset::read(&iris.modules()[0], &Search::default(), &DataSettings::default())?;
    /// assert_eq!(data.tables[0].rows, 150);
    /// assert_eq!(data.part("test").map(|part| part.rows.len()), Some(40));
    /// assert_eq!(data.labels[0].names, ["setosa", "versicolor", "virginica"]);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A file is missing, cannot be read, is not what its format says, holds a cell that is no
    /// finite number, does not fit the declared sizes, or has fewer rows than `split` asks for.
    pub fn read(module: &Module, search: &Search, set: &DataSettings) -> Result<Dataset, Error> {
        read::dataset(module, search, set, None)
    }

    /// The part called `name`.
    pub fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// The names of the classes of `symbol`.
    pub fn label_names(&self, symbol: &str) -> Option<&[String]> {
        self.labels.iter().find(|l| l.symbol == symbol).map(|l| l.names.as_slice())
    }
}

impl Table {
    /// The column of the name `name`.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl Column {
    /// What the network sees of entry `j` of row `i`: `scale[j] * value + shift[j]`.
    ///
    /// # Panics
    ///
    /// The table has no such row, or a row no such entry.
    pub fn value(&self, i: usize, j: usize) -> f64 {
        assert!(j < self.width, "entry {j} of {}", self.width);
        let raw = self.values.get(i * self.width + j);
        raw * at(&self.scale, j).unwrap_or(1.0) + at(&self.shift, j).unwrap_or(0.0)
    }
}

/// Entry `j` of factors or summands.
fn at(list: &[f64], j: usize) -> Option<f64> {
    if list.len() == 1 { list.first().copied() } else { list.get(j).copied() }
}

impl Values {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Values::U8(values) => values.len(),
            Values::F32(values) => values.len(),
            Values::F64(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Value `i`.
    ///
    /// # Panics
    ///
    /// There are not as many.
    pub fn get(&self, i: usize) -> f64 {
        match self {
            Values::U8(values) => f64::from(values[i]),
            Values::F32(values) => f64::from(values[i]),
            Values::F64(values) => values[i],
        }
    }
}
